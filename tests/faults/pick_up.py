#!/usr/bin/env python3
"""Pick-up latency on an idle queue: from a put in one process to the provider call in another.

Both times are from the server's clock. A job's created_at is the begin of the put's transaction. A vector's written_at
is the time at which its text was read for the call, which begins right after. There is one job at a time: the next is
put when the queue is idle again.

    pick_up.py build/release/bin/embedq --jobs 500                        # each put by a process of its own
    pick_up.py build/release/bin/embedq --jobs 500 --by sql               # by SELECT enqueue(…) in one session
    pick_up.py build/release/bin/embedq --notifier poll --interval 100ms
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measuring
from deployment import plugins
from program import document

WAITS = """SELECT extract(epoch FROM min(v.written_at) - d.created_at) FROM embedq.jobs_done d JOIN embedq.specs s
           ON s.ref = d.ref
           JOIN embedq.operations o ON o.spec = s.spec JOIN embedq.vectors v ON v.text = o.text
           WHERE d.id = (SELECT max(id) FROM embedq.jobs_done) GROUP BY d.id, d.created_at"""


def notifier_named(name, interval):
    if name == "auto":
        name = "postgres_listen" if ("notifier", "postgres_listen") in plugins() else "poll"
    return name, {"plugin": name, "options": {"interval": interval} if name == "poll" else {}}


def measure(deployment, jobs=500, by="index", notifier="auto", interval="100ms"):
    name, how = notifier_named(notifier, interval)
    settings = {"notifier": how, "scheduler": {"lease": "20s", "heartbeat": "5s", "poll": "30s"}}
    deployment.settings = settings
    worker = deployment.worker()
    deployment.put({"s": document("s", 1, "first")}, stay=True)
    deployment.settled()
    waits = []
    for turn in range(jobs):
        ended = deployment.number("SELECT count(*) FROM embedq.jobs_done")
        if by == "index":
            deployment.put({"s": document("s", 1, f"turn {turn}")}, stay=True)
        else:
            deployment.ask("SELECT embedq.enqueue('default', 's', 'manual_retry')")
        deployment.until(f"SELECT count(*) > {ended} FROM embedq.jobs_done", "the job ends")
        deployment.settled()
        waits.append(float(deployment.value(WAITS)))
    deployment.finish(worker, heir=False)
    return {"jobs": jobs, "by": by, "notifier": name if name != "poll" else f"poll every {interval}",
            "p50 ms": 1000 * measuring.percentile(waits, 0.5),
            "p99 ms": 1000 * measuring.percentile(waits, 0.99), "longest ms": 1000 * max(waits)}


def main():
    parser = measuring.argument_parser(__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--by", choices=["index", "sql"], default="index")
    parser.add_argument("--notifier", choices=["auto", "postgres_listen", "poll"], default="auto")
    parser.add_argument("--interval", default="100ms", help="of the notifier poll")
    arguments = parser.parse_args()
    with measuring.begin(arguments) as server:
        deployment = measuring.deploy(server)
        try:
            result = measure(deployment, arguments.jobs, arguments.by, arguments.notifier, arguments.interval)
            measuring.show(result, arguments)
        finally:
            deployment.close()


if __name__ == "__main__":
    main()
