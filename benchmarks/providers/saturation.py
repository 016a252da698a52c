#!/usr/bin/env python3
"""Saturation: how near a worker is to what its provider can do.

A server that takes 20 ms a request and 1 ms a text, four requests at a time, 64 texts each; a worker with 100 specs of
200 operations. The ideal is all four places busy all the time with full requests: (requests * 20 ms + texts * 1 ms) /
4. Timed by the server, from the first request of documents to the end of the last answer.

    saturation.py build/release/bin/embedq
    saturation.py build/release/bin/embedq --specs 20 --operations 100
"""

import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import serving
from case import documents

BOUND = 1.05


def measure(server, specs=100, operations=200, latency=20, per_input=1, places=4, batch=64):
    script = {"latency": f"{latency}ms", "latency_per_input": f"{per_input}ms", "concurrency": places}
    with serving.Serving(server, script, {"concurrency": places, "batch_inputs": batch}) as served:
        served.put(documents(specs, operations))
        worker = served.worker()
        served.settled()
        worker.stop()
        texts = specs * operations
        assert served.vectors() == texts, f"{served.vectors()} vectors of {texts}\n{served.logs()}"
        calls = served.document_requests()
        took = (max(call["until"] for call in calls) - min(call["at"] for call in calls)) / 1e6
        ideal = (math.ceil(texts / batch) * latency + texts * per_input) / places / 1000
        return {"texts": texts, "requests": len(calls), "least requests": math.ceil(texts / batch), "seconds": took,
                "ideal seconds": ideal,
                "times the ideal": took / ideal}


if __name__ == "__main__":
    def add(parser):
        parser.add_argument("--specs", type=int, default=100)
        parser.add_argument("--operations", type=int, default=200)
    serving.main(__doc__, add, lambda server, options: measure(server, options.specs, options.operations),
                 lambda *_: [("times the ideal", BOUND)])
