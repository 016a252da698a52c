"""no_lost_update: a spec that is rewritten at any point of its job ends with vectors for the last document."""

import random

from case import Case, documents
from deployment import KEEPING, SOAK
from program import document
from test_kills import BEFORE_PLANNING, BEFORE_VECTORS, VECTORS

OPERATIONS = 24
PAGE = 1024  # texts that a worker reads at a time


class Rewritten(Case):
    def setUp(self):
        self.d = self.deployment()

    def write(self, version, operations=OPERATIONS):
        self.d.put({"s": document("s", operations, version)}, name=version)

    def finish(self, *workers, **arguments):
        self.d.oracle.look()
        self.assertEqual(self.d.finish(*workers, heir=False), self.d.operations())

    def test_before_claim(self):
        self.write("first")
        self.write("last", OPERATIONS + 3)
        self.assertEqual(self.d.number("SELECT count(*) FROM embedq.jobs_ready"), 1)
        self.finish(self.d.worker())
        self.assertEqual(self.d.number("SELECT count(*) FROM embedq.vectors"), OPERATIONS + 3)

    def test_after_claim(self):
        self.write("first")
        with self.d.lock(BEFORE_PLANNING):
            worker = self.d.worker()
            self.d.waits_in(worker, "missing_texts")
            self.write("last", OPERATIONS - 5)
        self.finish(worker)

    def test_between_batches(self):
        self.write("first")
        with self.d.lock(BEFORE_VECTORS):
            worker = self.d.worker(latency="300ms", concurrency=1, batch=8)
            self.d.waits_in(worker, "commit_jobs")
            after_it = self.d.lock_behind(BEFORE_VECTORS)
        with after_it:
            after_it.answer()
            self.assertIn(self.d.number(VECTORS), (8, 16))
            self.d.waits_in(worker, "commit_jobs")
            self.write("last")
        self.finish(worker)

    def test_between_pages(self):
        self.write("first", PAGE + 200)
        with self.d.lock(BEFORE_PLANNING):
            worker = self.d.worker(latency="40ms", concurrency=2, batch=32, scheduler=KEEPING)
            self.d.waits_in(worker, "missing_texts")
            after_it = self.d.lock_behind(BEFORE_PLANNING)
        with after_it:
            after_it.answer()
            self.d.waits_in(worker, "missing_texts")  # when all of the first page has been sent
            self.assertLess(self.d.number(VECTORS), PAGE)
            self.write("last", PAGE + 100)
        self.finish(worker)

    def test_before_commit(self):
        self.write("first")
        with self.d.lock(BEFORE_VECTORS):
            worker = self.d.worker(concurrency=1, batch=OPERATIONS)
            self.d.waits_in(worker, "commit_jobs")
            self.write("last")
        self.finish(worker)

    def test_after_commit(self):
        worker = self.d.worker()
        self.write("first")
        self.d.until("SELECT count(*) > 0 FROM embedq.jobs_done", "the job's end")
        self.write("last")
        self.finish(worker)

    def test_back_to_what_it_was(self):
        """The vectors of the first text exist; the job for the second has nothing left to do."""
        worker = self.d.worker()
        self.write("first")
        self.d.settled()
        with self.d.lock(BEFORE_PLANNING):
            self.write("second")
            self.d.waits_in(worker, "missing_texts")
            self.write("first")
        self.finish(worker)

    def test_at_random(self):
        """Several producers rewrite several specs while workers are killed."""
        rounds = 60 if SOAK else 6
        chance = random.Random(7)
        workers = [self.d.worker(f"worker{i}", latency="20ms", concurrency=1, batch=8) for i in range(2)]
        for turn in range(rounds):
            specs = {f"s{i}": document(f"s{i}", chance.randint(1, OPERATIONS), f"turn {turn}")
                     for i in chance.sample(range(6), 3)}
            self.d.put(specs, name=f"turn{turn}")
            self.d.oracle.look()
            if turn % 3 == 1:
                workers.pop(0).kill()
                workers.append(self.d.worker(f"after{turn}", latency="20ms", concurrency=1, batch=8))
        self.finish(*workers)
