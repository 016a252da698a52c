#!/usr/bin/env python3
"""A rate limit per minute that several processes share.

Four workers on one queue, each configured with 600 requests per minute for all of them; a server that answers
immediately; more texts than fit in the time, one per request. By the arrivals at the server: the most requests in any
60 s, and how much of the limit was used from the first request on.

    shared_rate_limit.py build/release/bin/embedq                               # three minutes
    shared_rate_limit.py build/release/bin/embedq --per-minute 1200 --seconds 20
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import serving
from case import documents

OVER = 1.02  # of the rate limit, in any 60 s
USED = 0.95


def measure(server, per_minute=600, workers=4, seconds=180, operations=20):
    limits = {"concurrency": 4, "batch_inputs": 1, "requests_per_minute": per_minute}
    with serving.Serving(server, {"latency": "30ms"}, limits) as served:
        texts = int(1.3 * per_minute * seconds / 60) + workers * operations
        # Claims of a few jobs at a time, so that all have some.
        served.put(documents(texts // operations + 1, operations))
        for number in range(workers):
            served.worker(f"worker{number}", scheduler={"lease": "20s"})
        served.ready(workers)
        time.sleep(seconds + 2)  # the measurement is of what happens in that time
        calls = [call["at"] for call in served.document_requests()]
        begin = calls[0]
        within = [at for at in calls if at < begin + seconds * 1e6]
        left = (served.number("SELECT count(*) FROM embedq.jobs_ready")
                + served.number("SELECT count(*) FROM embedq.job_leases"))
        assert left > 0, f"the texts were not enough for the time\n{served.logs()}"
        shares = served.ask("SELECT count(*) FROM embedq.workers")
        window = min(60, seconds)
        most = serving.most_within(within, window)
        return {"requests": len(within), "seconds": seconds, "workers": int(shares[0][0]), "window seconds": window,
                "most in a window": most, "of the rate limit": most / (per_minute * window / 60),
                "used": len(within) / (per_minute * seconds / 60)}


def bounds(result, *_):
    # A window shorter than a minute has the same half a second and the same request of each process on top.
    window = result["window seconds"]
    return [("of the rate limit",
             OVER if window >= 60 else 1 + 0.5 / window + result["workers"] / (result["most in a window"] or 1)),
            ("used", USED, True)]


if __name__ == "__main__":
    def add(parser):
        parser.add_argument("--per-minute", type=int, default=600)
        parser.add_argument("--workers", type=int, default=4)
        parser.add_argument("--seconds", type=int, default=180)
    serving.main(__doc__, add,
                 lambda server, options: measure(server, options.per_minute, options.workers, options.seconds),
                 bounds)
