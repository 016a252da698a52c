#!/usr/bin/env python3
"""One poisoned text among 20,000 in 100 specs.

A server that refuses the whole request with that text, as real ones do. All other texts must get their vectors, one
spec's job must end `failed` and name the operation and the reason, and isolating the text may cost 20 more calls. Then
the spec is written again with one operation more: the refused text must not be sent again.

    poison.py build/release/bin/embedq
    poison.py build/release/bin/embedq --specs 20 --operations 50
"""

import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import serving
from case import documents
from program import document

EXTRA_CALLS = 20
WORD = "venomous"


def measure(server, specs=100, operations=200, batch=64):
    script = {"faults": [{"do": "poison", "text": WORD}], "keep_texts": True}
    with serving.Serving(server, script, {"concurrency": 4, "batch_inputs": batch}) as served:
        written = documents(specs, operations)
        spec = f"s{specs // 2}"
        poisoned = written[spec]["paths"][f"/{spec}/things{operations // 8}"]["get"]
        poisoned["summary"] = f"A {WORD} operation"
        served.put(written)
        worker = served.worker()
        served.settled()
        calls = len(served.document_requests())
        with_it = sum(any(WORD in text for text in call["texts"]) for call in served.document_requests())
        failed = served.ask("SELECT spec_name, last_error FROM embedq.api_catalog_embedding_jobs "
                            "WHERE status = 'failed'")
        assert len(failed) == 1, f"{len(failed)} jobs failed\n{served.logs()}"
        named = failed[0][0] == spec and poisoned["operationId"] in failed[0][1]
        vectors = served.vectors()

        longer = {spec: document(spec, operations + 1)}
        longer[spec]["paths"][f"/{spec}/things{operations // 8}"]["get"]["summary"] = poisoned["summary"]
        served.put(longer)
        served.settled()
        again = sum(any(WORD in text for text in call["texts"]) for call in served.document_requests()) - with_it
        worker.stop()
        texts = specs * operations
        return {"texts": texts, "vectors": vectors, "missing besides the poisoned one": texts - 1 - vectors,
                "calls": calls, "calls without poison": math.ceil(texts / batch),
                "more calls": calls - math.ceil(texts / batch), "spec and operation named": int(named),
                "reason": failed[0][1], "sent again for the next job": again}


def bounds(*_):
    return [("missing besides the poisoned one", 0), ("more calls", EXTRA_CALLS), ("spec and operation named", 1, True),
            ("sent again for the next job", 0)]


if __name__ == "__main__":
    def add(parser):
        parser.add_argument("--specs", type=int, default=100)
        parser.add_argument("--operations", type=int, default=200)
    serving.main(__doc__, add, lambda server, arguments: measure(server, arguments.specs, arguments.operations), bounds)
