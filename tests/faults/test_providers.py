"""Endpoints under load: the measurements of benchmarks/providers in a short form, or with EMBEDQ_SOAK=1 in the form for
which the documentation has figures."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "providers"))

import outage
import poison
import saturation
import shared_rate_limit
import throttling
import serving
from case import Case
from deployment import SOAK


class Endpoints(Case):
    FIRST = True

    def keeps(self, measure, bounds, of_time=()):
        """Measures, and checks the bounds of each result. The figures named in `of_time` depend on the load of the
        machine: in the short form they are measured up to three times, and must be good once."""
        for chance in range(1 if SOAK else 3):
            result = measure()
            print(", ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
                            for name, value in result.items()))
            beyond = [bound for bound in bounds(result) if not serving.bounded(result, *bound)]
            if not beyond:
                return
            self.assertTrue(all(name in of_time for name, *_ in beyond), result)
        self.fail(f"{beyond}: {result}")

    def test_a_worker_saturates_its_provider(self):
        # In the short form, the start, with few calls at a time, and the end weigh more.
        self.keeps(lambda: saturation.measure(self.server, **({} if SOAK else {"specs": 60, "operations": 150})),
                   lambda result: [("times the ideal", saturation.BOUND if SOAK else 1.25)],
                   of_time=["times the ideal"])

    def test_processes_share_a_rate_limit(self):
        short = {"seconds": 12, "per_minute": 1200}
        self.keeps(lambda: shared_rate_limit.measure(self.server, **({} if SOAK else short)),
                   shared_rate_limit.bounds, of_time=["of the rate limit", "used"])

    def test_throttling_costs_neither_attempts_nor_throughput(self):
        # The limit is found within the first 20 s, at the cost of two pauses; in the short form that weighs more.
        share = "of what the server allows"
        self.keeps(lambda: throttling.measure(self.server, **({} if SOAK else {"seconds": 30})),
                   lambda result: [bound if SOAK or bound[0] != share else (share, 0.8, True)
                                   for bound in throttling.bounds(result)],
                   of_time=[share])

    def test_a_poisoned_text_is_found_in_a_few_calls(self):
        self.keeps(lambda: poison.measure(self.server, **({} if SOAK else {"specs": 20, "operations": 50})),
                   poison.bounds)

    def test_a_provider_that_fails_meets_a_breaker(self):
        self.keeps(lambda: outage.measure(self.server, seconds=40 if SOAK else 8), outage.bounds)
