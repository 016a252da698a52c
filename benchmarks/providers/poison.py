#!/usr/bin/env python3
"""One poisoned text among 20,000 in 100 specs.

A server that refuses a request with that text as a whole, as real ones do. All other texts must get their vectors, one
spec's job must end `failed` and name the operation and the reason, and finding the text may cost 20 more calls. Then
the spec is written again with one operation more: the refused text must not be asked for again.

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

EXTRA = 20
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
        calls = len(served.asked_for_documents())
        with_it = sum(any(WORD in text for text in call["texts"]) for call in served.asked_for_documents())
        failed = served.ask("SELECT spec_name, last_error FROM embedq.api_catalog_embedding_jobs "
                            "WHERE status = 'failed'")
        assert len(failed) == 1, f"{len(failed)} jobs failed\n{served.told()}"
        named = failed[0][0] == spec and poisoned["operationId"] in failed[0][1]
        vectors = served.vectors()

        longer = {spec: document(spec, operations + 1)}
        longer[spec]["paths"][f"/{spec}/things{operations // 8}"]["get"]["summary"] = poisoned["summary"]
        served.put(longer)
        served.settled()
        again = sum(any(WORD in text for text in call["texts"]) for call in served.asked_for_documents()) - with_it
        worker.stop()
        texts = specs * operations
        return {"texts": texts, "vectors": vectors, "missing beside the poisoned": texts - 1 - vectors, "calls": calls,
                "calls without poison": math.ceil(texts / batch), "more calls": calls - math.ceil(texts / batch),
                "spec and operation named": int(named), "reason": failed[0][1], "asked again by the next job": again}


def bounds(*_):
    return [("missing beside the poisoned", 0), ("more calls", EXTRA), ("spec and operation named", 1, True),
            ("asked again by the next job", 0)]


if __name__ == "__main__":
    def add(parser):
        parser.add_argument("--specs", type=int, default=100)
        parser.add_argument("--operations", type=int, default=200)
    serving.main(__doc__, add, lambda server, told: measure(server, told.specs, told.operations), bounds)
