"""The measurements of benchmarks/providers in short, or with EMBEDQ_SOAK=1 as long as their figures are given for: lanes under load."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "providers"))

import outage
import poison
import saturation
import shared_budget
import throttling
import serving
from case import Case
from deployment import SOAK


class Lanes(Case):
    def keeps(self, result, bounds):
        print(", ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in result.items()), end=" ",
              flush=True)
        self.assertTrue(all([serving.bounded(result, *bound) for bound in bounds]), result)

    def test_a_worker_saturates_its_provider(self):
        result = saturation.measure(self.server, **({} if SOAK else {"specs": 30, "operations": 100}))
        # In short, a machine that does something else besides may take a little more.
        self.keeps(result, [("times the ideal", saturation.BOUND if SOAK else 1.25)])

    def test_processes_share_a_budget(self):
        result = shared_budget.measure(self.server, **({} if SOAK else {"seconds": 12, "per_minute": 1200}))
        self.keeps(result, shared_budget.bounds(result))

    def test_throttling_costs_neither_attempts_nor_throughput(self):
        result = throttling.measure(self.server, **({} if SOAK else {"seconds": 15}))
        # The limit is found within the first quarter of a minute, at the cost of two pauses; in short that weighs more.
        self.keeps(result, [bound if SOAK or bound[0] != "of what the server allows" else (bound[0], 0.85, True)
                            for bound in throttling.bounds(result)])

    def test_a_poisoned_text_is_found_in_a_few_calls(self):
        result = poison.measure(self.server, **({} if SOAK else {"specs": 20, "operations": 50}))
        self.keeps(result, poison.bounds())

    def test_a_provider_that_fails_meets_a_breaker(self):
        result = outage.measure(self.server, **({"seconds": 40} if SOAK else {"seconds": 8}))
        self.keeps(result, outage.bounds(result))
