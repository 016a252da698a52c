"""What the measurements in this folder share: `embedq worker` processes, and the protocol server that they call.

Each measurement has its own PostgreSQL server. The workers call the protocol server (tests/support/protocol_server)
through the plugin `openai`.

    with serving.begin(arguments) as server:
        with serving.Serving(server, {"latency": "20ms", "max_inputs": 64}, limits={"concurrency": 4}) as served:
            served.put(documents(100, 200))
            ...

The times of requests are the protocol server's: when a request arrived, by the machine's monotonic clock.
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
tell = measuring.show

DIMENSION = 64
MODEL = "measured"


class Serving(Deployment):
    """A deployment whose provider is a protocol server. Closes both."""

    def __init__(self, server, script=None, limits=None, **settings):
        super().__init__(server, new_database(server), **settings)
        self.limits = limits or {}
        self.protocol_server = ProtocolServer(
            {"dialect": "generic", "max_inputs": 0, "models": {MODEL: {"dimension": DIMENSION}}, **(script or {})},
            beside=program.PROGRAM)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        super().close()
        self.protocol_server.close()

    def configure(self, name, notifier=None, scheduler=None, limits=None, **_):
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({
            "version": 1,
            "store": {"plugin": "postgres", "options": {"url": "${EMBEDQ_DATABASE_URL}"}},
            "notifier": notifier or {"plugin": "poll", "options": {"interval": "100ms"}},
            "providers": {"served": {"plugin": "openai",
                                     "options": {"dialect": "generic", "base_url": self.protocol_server.url + "/v1",
                                                 "model": MODEL},
                                     "limits": {**self.limits, **(limits or {})}}},
            "embedding": {"provider": "served"},
            "scheduler": {**SCHEDULER, "lease": "20s", "heartbeat": "5s", **(scheduler or {})}}))
        return path

    def ready(self, workers):
        """Waits until that many workers have sent a heartbeat."""
        self.until(f"SELECT count(*) >= {workers} FROM embedq.workers", f"{workers} workers run")

    def document_requests(self):
        """The requests so far, in order, without the probes that learn the dimension."""
        return [call for call in self.protocol_server.calls()["log"] if not is_probe(call)]

    def attempts(self):
        """Attempts that failed, of all jobs."""
        return self.number("SELECT coalesce(sum(attempts - (status = 'succeeded')::integer), 0) "
                           "FROM embedq.api_catalog_embedding_jobs")

    def failed(self):
        return self.number("SELECT count(*) FROM embedq.api_catalog_embedding_jobs WHERE status = 'failed'")

    def vectors(self):
        return self.number("SELECT count(*) FROM embedq.vectors")


def is_probe(call):
    return call["inputs"] == 1 and call["tokens"] <= 4


def most_within(times, window):
    """The largest number of times (microseconds, ascending) in any window of that many seconds, without its end."""
    most, first = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - window * 1e6:
            first += 1
        most = max(most, last - first + 1)
    return most


def bounded(result, name, bound, at_least=False):
    """Whether a figure is within its bound; prints a message if it is not."""
    good = result[name] >= bound if at_least else result[name] <= bound
    if not good:
        print(f"OUT OF BOUNDS: {name} is {result[name]:.4g}, expected {'at least' if at_least else 'at most'} "
              f"{bound:.4g}", file=sys.stderr)
    return good


def main(doc, add, measure, bounds):
    """A script's command line.

    `add` declares its arguments, `measure(server, arguments)` returns figures, and `bounds(result, arguments)` their
    bounds.
    """
    parser = measuring.argument_parser(doc)
    add(parser)
    arguments = parser.parse_args()
    with begin(arguments) as server:
        result = measure(server, arguments)
    tell(result, arguments)
    sys.exit(0 if all([bounded(result, *bound) for bound in bounds(result, arguments)]) else 1)
