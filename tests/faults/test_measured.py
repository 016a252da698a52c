"""The measuring scripts in a short form, or with EMBEDQ_SOAK=1 in the form for which the documentation has figures."""

import crash_recovery
import drain_under_kills
import pick_up
from case import Case
from deployment import SOAK


class Measured(Case):
    FIRST = True

    def show(self, result):
        print(", ".join(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
                        for name, value in result.items()))

    def test_a_drain_under_kills(self):
        settings = {"documents": 1500, "operations": 80} if SOAK else {"documents": 60, "operations": 40, "lease": "2s",
                                                                   "kill_every": 1.0,
                                                                   "concurrency": 1, "batch": 16}
        result = drain_under_kills.measure(self.deployment(), **settings)
        self.show(result)
        self.assertEqual(result["operations settled"], settings["documents"] * settings["operations"])
        self.assertGreater(result["kills"], 2)

    def test_a_dead_workers_job_is_recovered_in_time(self):
        result = crash_recovery.measure(self.deployment(), **({} if SOAK else {"kills": 3, "lease": "2s"}))
        self.show(result)
        # In the short form, beside other tests: soon, while the next regular poll would be minutes later.
        self.assertLessEqual(result["longest"], result["allowed"] if SOAK else 30)

    def test_a_job_is_picked_up_on_an_idle_queue(self):
        for by in ("index", "sql"):
            result = pick_up.measure(self.deployment(), jobs=500 if SOAK else 10, by=by)
            self.show(result)
            # A worker that was not woken would poll after 30 s. In the short form, other tests run beside it.
            self.assertLess(result["p50 ms"], 1000 if SOAK else 5000)
