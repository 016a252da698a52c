#!/usr/bin/env python3
"""A provider that fails for some time: the circuit breaker bounds the requests for any number of workers and calls.

Four workers with four concurrent calls; a server that answers 500 for some seconds and then works again. By the server:
how many requests it got while it failed. Each worker may detect the failure by itself; after that, one of them at a
time sends one text per pause. No job may use more than one attempt, for the first failure after an answer.

    outage.py build/release/bin/embedq
    outage.py build/release/bin/embedq --seconds 40
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import serving
from case import documents

FIRST_PAUSE = 5  # seconds; doubles to 60
BREAKER = 5      # failures in a row


def measure(server, seconds=12, workers=4, concurrency=4, specs=40, operations=50):
    with serving.Serving(server, {"latency": "50ms"}, {"concurrency": concurrency, "batch_inputs": 8}) as served:
        workers_started = [served.worker(f"worker{number}") for number in range(workers)]
        served.ready(workers)
        served.put(documents(specs, operations))
        served.until("SELECT count(*) > 100 FROM embedq.vectors", "the first vectors")
        served.protocol_server.change({"faults": [{"do": "error", "status": 500}]})
        time.sleep(seconds)  # the measurement is of what happens in that time
        served.protocol_server.change({"faults": []})
        log = served.document_requests()
        failing = [call for call in log if call["status"] == 500]
        served.settled(seconds=120)
        for worker in workers_started:
            worker.stop()
        pauses, ends = 1, FIRST_PAUSE
        while ends < seconds:
            pauses, ends = pauses + 1, ends + FIRST_PAUSE * 2 ** pauses
        most = served.number("SELECT coalesce(max(attempts - (status = 'succeeded')::integer), 0) "
                             "FROM embedq.api_catalog_embedding_jobs")
        return {"texts": specs * operations, "vectors": served.vectors(), "seconds": seconds,
                "requests while it failed": len(failing),
                "at most": workers * (concurrency + BREAKER) + workers * pauses, "most failed attempts of a job": most,
                "jobs failed": served.failed()}


def bounds(result, *_):
    return [("requests while it failed", result["at most"]), ("most failed attempts of a job", 1), ("jobs failed", 0),
            ("vectors", result["texts"], True)]


if __name__ == "__main__":
    def add(parser):
        parser.add_argument("--seconds", type=int, default=12)
        parser.add_argument("--workers", type=int, default=4)
    serving.main(__doc__, add, lambda server, arguments: measure(server, arguments.seconds, arguments.workers), bounds)
