"""What a worker says, who is listed, and the signals that it survives."""

import json
import signal
import time
import unittest

from program import DEADLINE, World, document

CONFIG = """version: 1
providers: { hosted: { plugin: simulated, options: { dimension: 8, faults: "poison text=number 3 of" },
                       limits: { concurrency: 2 } } }
embedding: { provider: hosted }
logging: { format: json, level: debug }
"""


class Workers(unittest.TestCase):
    def setUp(self):
        self.world = World(CONFIG)
        self.addCleanup(self.world.close)
        self.assertEqual(self.world.run("migrate", "up").returncode, 0)

    def workers(self):
        return self.world.json("workers", "list")["workers"]

    def start(self):
        worker = self.world.start("worker")
        end = time.monotonic() + DEADLINE
        while not self.workers():
            self.assertIsNone(worker.poll())
            self.assertLess(time.monotonic(), end)
        return worker

    def stop(self, worker, number=signal.SIGTERM):
        """The lines that the worker logged."""
        worker.send_signal(number)
        _, said = worker.communicate(timeout=DEADLINE)
        self.assertEqual(worker.returncode, 0, said)
        self.assertEqual(self.workers(), [], "who stopped well is listed no longer")
        return [json.loads(line) for line in said.splitlines()]

    def test_it_says_what_it_does_and_is_listed_while_it_runs(self):
        worker = self.start()
        listed = self.workers()[0]
        self.assertEqual((listed["pid"], listed["providers"], listed["silent"]), (worker.pid, ["hosted"], False))
        self.world.write("good.json", document("good", 2))
        self.world.write("poisoned.json", document("poisoned", 5))
        self.world.run("index", self.world.specs, "--no-work")
        lines = self.stop(worker)
        for line in lines:
            self.assertEqual(list(line)[:4], ["time", "level", "logger", "message"])
        start = lines[0]
        self.assertEqual((start["store"], start["notifier"], start["providers"], start["worker"]),
                         ("sqlite", "local", "hosted (2 calls at a time)", listed["worker_id"]))
        ended = {line["spec"]: line for line in lines if "job" in line}
        for spec, level, texts in (("good", "debug", 2), ("poisoned", "warn", 4)):
            line = ended[spec]
            self.assertEqual((line["level"], line["catalog"], line["worker"], line["provider"], line["attempt"],
                              line["texts"]), (level, "default", listed["worker_id"], "hosted", 1, texts))
            self.assertGreaterEqual(line["duration_ms"], 0)
        self.assertRegex(ended["poisoned"]["message"],
                         r"^job \d+ \(default/poisoned\) failed after attempt 1 by provider 'hosted': "
                         "operation 'poisoned_3' was refused: ")
        self.assertEqual((lines[-1]["jobs_succeeded"], lines[-1]["jobs_failed"], lines[-1]["texts"]), (1, 1, 6))

    def test_signals_that_mean_nothing_do_not_end_it(self):
        worker = self.start()
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM, signal.SIGXFSZ, signal.SIGIO):
            worker.send_signal(number)
        self.world.write("good.json", document("good", 2))
        self.assertEqual(self.world.run("index", self.world.specs, "--no-work").returncode, 0)
        self.stop(worker)

    def test_a_limit_of_processor_time_and_a_loss_of_power_stop_it_well(self):
        for number in (signal.SIGXCPU, signal.SIGPWR):
            self.stop(self.start(), number)

    def test_what_comes_before_the_scheduler_has_the_form_of_the_log(self):
        self.world.config.write_text(CONFIG + "store: { plugin: memory }\n")
        worker = self.world.start("worker")
        first = json.loads(worker.stderr.readline())
        self.assertEqual(first["level"], "warn")
        self.assertIn("exists in this process only", first["message"])
        worker.terminate()
        self.assertEqual(worker.wait(DEADLINE), 0)


if __name__ == "__main__":
    unittest.main()
