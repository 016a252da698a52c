#!/usr/bin/env python3
"""How long a dead worker's job waits: from SIGKILL to the next claim of that job.

Two workers are idle and a document is put. The worker that claims it is killed during its provider call, at a random
moment. The other claims the job when the lease has expired, at most a second later (recovered_in_time). All times are
from the clock of the machine, which the server shares.

    crash_recovery.py build/release/bin/embedq --kills 20 --lease 20s
"""

import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measuring
from owned import wait_until
from program import document

CLAIM = """SELECT l.worker_id, extract(epoch FROM l.claimed_at) FROM embedq.job_leases l CROSS JOIN unnest(l.jobs) j
           JOIN embedq.spec_names n ON n.ref = j.ref WHERE n.spec_name = '{spec}' AND j.id <> ALL (l.ended)"""


def measure(deployment, kills=20, lease="20s", seed=1, say=lambda text: None):
    lease_ms = measuring.milliseconds(lease)
    # The calls take long enough to be killed in, and to see who holds the job afterwards. The other worker wakes when
    # the lease expires: its regular polls are far apart.
    settings = {"latency": "1500ms",
                "scheduler": {"lease": lease, "heartbeat": f"{max(100, lease_ms // 4)}ms", "poll": "10m",
                                                   "reap": "10m"}}
    chance = random.Random(seed)
    names = iter(range(10**9))
    workers = [deployment.worker(f"worker{next(names)}", **settings) for _ in range(2)]
    waits = []
    for turn in range(kills):
        spec = f"s{turn}"
        deployment.put({spec: document(spec, 4)}, name=spec)
        claim = CLAIM.format(spec=spec)
        holder = wait_until(lambda: deployment.ask(claim), lambda: f"a claim\n{deployment.logs()}", seconds=60)[0][0]
        victim = next(worker for worker in workers if f"-{worker.pid}-" in holder)
        end = time.monotonic() + chance.random()
        wait_until(lambda: time.monotonic() >= end, "the moment of the kill")
        victim.kill()
        died = time.time()
        workers.remove(victim)
        again = wait_until(lambda: [row for row in deployment.ask(claim) if row[0] != holder],
                           lambda: f"the next claim\n{deployment.logs()}",
                           seconds=lease_ms / 1000 + 60)
        waits.append(float(again[0][1]) - died)
        say(f"{turn + 1}: {waits[-1]:.3f} s")
        deployment.settled()
        workers.append(deployment.worker(f"worker{next(names)}", **settings))
        deployment.until(f"SELECT count(*) > 0 FROM embedq.workers WHERE pid = {workers[-1].pid}",
                         "the next worker is registered")
    deployment.finish(*workers, heir=False)
    return {"kills": kills, "lease": lease_ms / 1000, "shortest": min(waits),
            "median": measuring.percentile(waits, 0.5), "longest": max(waits),
            "allowed": lease_ms / 1000 + 1}


def main():
    parser = measuring.argument_parser(__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--lease", default="20s")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with measuring.begin(arguments) as server:
        deployment = measuring.deploy(server)
        try:
            result = measure(deployment, arguments.kills, arguments.lease, arguments.seed,
                             lambda text: print(text, file=sys.stderr))
        finally:
            deployment.close()
    measuring.show(result, arguments)
    sys.exit(0 if result["longest"] <= result["allowed"] else 1)


if __name__ == "__main__":
    main()
