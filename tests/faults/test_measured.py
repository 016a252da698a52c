"""The measuring scripts in short, or with EMBEDQ_SOAK=1 as long as their figures are given for."""

import crash_recovery
import drain_under_kills
import pick_up
from case import Case
from deployment import SOAK


class Measured(Case):
    FIRST = True

    def tell(self, result):
        print(", ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
                        for name, value in result.items()))

    def test_a_drain_under_kills(self):
        told = {"documents": 1500, "operations": 80} if SOAK else {"documents": 60, "operations": 40, "lease": "2s",
                                                                   "kill_every": 1.0,
                                                                   "concurrency": 1, "batch": 16}
        result = drain_under_kills.measure(self.deployment(), **told)
        self.tell(result)
        self.assertEqual(result["operations settled"], told["documents"] * told["operations"])
        self.assertGreater(result["kills"], 2)

    def test_a_dead_workers_job_is_recovered_in_time(self):
        result = crash_recovery.measure(self.deployment(), **({} if SOAK else {"kills": 3, "lease": "2s"}))
        self.tell(result)
        # In short beside other tests: soon, where the next regular look would come in minutes.
        self.assertLessEqual(result["longest"], result["allowed"] if SOAK else 30)

    def test_a_job_is_picked_up_on_an_idle_queue(self):
        for by in ("index", "sql"):
            result = pick_up.measure(self.deployment(), jobs=500 if SOAK else 10, by=by)
            self.tell(result)
            # A worker that was not woken would look in 30 s. In short, other tests run beside it.
            self.assertLess(result["p50 ms"], 1000 if SOAK else 5000)
