"""What the measurements of this folder share: `embedq worker` processes and the protocol server that they ask.

The processes work on a PostgreSQL server of the measurement's own, and ask the protocol server
(tests/support/protocol_server) through the plugin `openai`.

    with serving.begin(told) as server:
        with serving.Serving(server, {"latency": "20ms", "max_inputs": 64}, limits={"concurrency": 4}) as served:
            served.put(documents(100, 200))
            ...

Times of requests are those of the protocol server: when a request arrived, by the machine's monotonic clock.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
sys.path[:0] = [str(TESTS / "faults"), str(TESTS / "support"), str(TESTS / "integration")]

import measuring
import program
from deployment import SCHEDULER, Deployment, new_database
from protocol_server import ProtocolServer

begin = measuring.begin
tell = measuring.tell

DIMENSION = 64
MODEL = "measured"


class Serving(Deployment):
    """A deployment whose provider is a protocol server. Closes both."""

    def __init__(self, server, script=None, limits=None, **settings):
        super().__init__(server, new_database(server), **settings)
        self.limits = limits or {}
        self.asked = ProtocolServer({"dialect": "generic", "max_inputs": 0, "models": {MODEL: {"dimension": DIMENSION}},
                                     **(script or {})},
                                    beside=program.PROGRAM)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        super().close()
        self.asked.close()

    def configure(self, name, notifier=None, scheduler=None, limits=None, **_):
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({
            "version": 1,
            "store": {"plugin": "postgres", "options": {"url": "${EMBEDQ_DATABASE_URL}"}},
            "notifier": notifier or {"plugin": "poll", "options": {"interval": "100ms"}},
            "providers": {"served": {"plugin": "openai",
                                     "options": {"dialect": "generic", "base_url": self.asked.url + "/v1",
                                                 "model": MODEL},
                                     "limits": {**self.limits, **(limits or {})}}},
            "embedding": {"provider": "served"},
            "scheduler": {**SCHEDULER, "lease": "20s", "heartbeat": "5s", **(scheduler or {})}}))
        return path

    def ready(self, workers):
        """Until that many workers have shown themselves."""
        self.until(f"SELECT count(*) >= {workers} FROM embedq.workers", f"{workers} workers are there")

    def asked_for_documents(self):
        """The requests so far, in order, without those by which workers learn the dimension."""
        return [call for call in self.asked.calls()["log"] if not is_probe(call)]

    def attempts(self):
        """Attempts that any job has used."""
        return self.number("SELECT coalesce(sum(attempts), 0) FROM embedq.api_catalog_embedding_jobs")

    def failed(self):
        return self.number("SELECT count(*) FROM embedq.api_catalog_embedding_jobs WHERE status = 'failed'")

    def vectors(self):
        return self.number("SELECT count(*) FROM embedq.vectors")


def is_probe(call):
    return call["inputs"] == 1 and call["tokens"] <= 4


def most_within(times, window):
    """The most of the times (microseconds, ascending) in any window of that many seconds, its end not counted."""
    most, first = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - window * 1e6:
            first += 1
        most = max(most, last - first + 1)
    return most


def bounded(result, name, bound, at_least=False):
    """Whether a figure keeps to its bound; says so where it does not."""
    good = result[name] >= bound if at_least else result[name] <= bound
    if not good:
        print(f"BEYOND ITS BOUND: {name} is {result[name]:.4g}, and {'at least' if at_least else 'at most'} "
              f"{bound:.4g} is asked for",
              file=sys.stderr)
    return good


def main(doc, add, measure, bounds):
    """A script's command line.

    `add` declares its arguments, `measure(server, told)` gives figures, `bounds(result, told)` what they keep to.
    """
    parser = measuring.arguments(doc)
    add(parser)
    told = parser.parse_args()
    with begin(told) as server:
        result = measure(server, told)
    tell(result, told)
    sys.exit(0 if all([bounded(result, *bound) for bound in bounds(result, told)]) else 1)
