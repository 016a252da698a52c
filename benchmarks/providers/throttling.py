#!/usr/bin/env python3
"""A server that answers 429 with `Retry-After: 1` above 50 requests a second.

A worker that could send ten times as many, and enough texts for the time. By the server: how many requests it accepted
of those that it would have accepted, and how many it refused. No job may use an attempt, and nothing may fail.

    throttling.py build/release/bin/embedq                          # a minute
    throttling.py build/release/bin/embedq --seconds 20 --workers 2
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import serving
from case import documents

USED = 0.90


def measure(server, seconds=60, per_second=50, workers=1, batch=4, operations=40):
    script = {"latency": "10ms", "rate": {"requests": per_second, "per": "1s", "retry_after": "1s"}}
    texts = seconds * per_second * batch
    with serving.Serving(server, script, {"concurrency": 8, "batch_inputs": batch}) as served:
        served.put(documents(texts // operations, operations))
        workers_started = [served.worker(f"worker{number}") for number in range(workers)]
        served.settled(seconds=3 * seconds + 60)
        for worker in workers_started:
            worker.stop()
        calls = served.document_requests()
        accepted = sorted(call["at"] for call in calls if call["status"] == 200)
        took = (accepted[-1] - accepted[0]) / 1e6
        return {"texts": texts, "vectors": served.vectors(), "requests accepted": len(accepted),
                "refused": len(calls) - len(accepted), "seconds": took,
                "of what the server allows": len(accepted) / (per_second * took), "attempts used": served.attempts(),
                "jobs failed": served.failed()}


def bounds(result, *_):
    return [("of what the server allows", USED, True), ("attempts used", 0), ("jobs failed", 0),
            ("vectors", result["texts"], True)]


if __name__ == "__main__":
    def add(parser):
        parser.add_argument("--seconds", type=int, default=60)
        parser.add_argument("--workers", type=int, default=1)
    serving.main(__doc__, add, lambda server, arguments: measure(server, arguments.seconds, workers=arguments.workers),
                 bounds)
