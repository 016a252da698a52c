"""The rate limits that processes share, as the server stores them: their locks, their clock, and what a crash loses.
What they mean for callers is in the kit (tests/conformance/kit/store/rate_limit_cases.cpp)."""

from concurrent.futures import ThreadPoolExecutor

import postgres
import stage
from owned import wait_until

MINUTE = 60_000_000
ONE, OTHER = stage.fingerprint("one"), stage.fingerprint("other")


def reserve(*requests):
    """The SQL that reserves; a request is (fingerprint, unit, microseconds)."""
    fingerprints, units, stretches = map(list, zip(*requests))
    return stage.call("reserve_rates", ("bytea[]", fingerprints), ("text[]", units), ("bigint[]", stretches))


class RateLimits(stage.Stage):
    # Commits that are not flushed immediately stay unflushed for long enough.
    server_words = {"settings": {"wal_writer_delay": "10s"}}

    def value(self, text):
        return self.owner(text)[0][0]

    def session(self):
        return self.server.session(database=self.name, user=postgres.ROLE)

    def blocked(self, session):
        """Waits until the session waits for a lock."""
        wait_until(lambda: self.value(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {session.pid} "
                                      "AND wait_event_type = 'Lock'") == "1",
                   "a caller waits for a row")

    def test_a_rate_limit_can_be_read(self):
        self.owner(reserve((ONE, "tokens", MINUTE), (ONE, "requests", 2 * MINUTE)))
        self.assertEqual(self.owner("SELECT unit, round(extract(epoch FROM free_at - now()) / 60) "
                                    "FROM embedq.rate_limits ORDER BY unit"),
                         [["requests", "2"], ["tokens", "1"]])
        self.assertIn("until when each is reserved",
                      self.value("SELECT obj_description('embedq.rate_limits'::regclass)"))

    def test_a_caller_who_waited_for_a_row_reserves_nothing_in_the_past(self):
        with self.session() as holder, self.session() as waiter, ThreadPoolExecutor() as threads:
            holder.sql("BEGIN; " + reserve((ONE, "requests", 1)))
            asking = threads.submit(waiter.sql, reserve((ONE, "requests", MINUTE)))
            self.blocked(waiter)
            waited_until = self.value("SELECT clock_timestamp()")
            holder.sql("COMMIT")
            answer = asking.result()
        self.assertEqual(answer, [["1", "0"]], "from now")
        self.assertEqual(self.value(f"SELECT free_at - interval '1 minute' >= '{waited_until}' "
                                    "FROM embedq.rate_limits"), "t")

    def test_two_callers_insert_the_first_row(self):
        with self.session() as holder, self.session() as waiter, ThreadPoolExecutor() as threads:
            holder.sql("BEGIN; " + reserve((ONE, "requests", MINUTE)))
            asking = threads.submit(waiter.sql, reserve((ONE, "requests", MINUTE)))
            self.blocked(waiter)
            holder.sql("COMMIT")
            answer = asking.result()
        self.assertGreater(int(answer[0][1]), 0, "the second one's stretch begins where the first one's ends")

    def test_rows_are_locked_in_order_of_their_key(self):
        """Two callers with the same rate limits in opposite orders: the second one waits at the first row and holds no
        other."""
        with self.session() as holder, self.session() as waiter, ThreadPoolExecutor() as threads:
            holder.sql("BEGIN; " + reserve((ONE, "requests", 1)))
            asking = threads.submit(waiter.sql,
                                    reserve((OTHER, "tokens", 1), (OTHER, "requests", 1), (ONE, "requests", 1)))
            self.blocked(waiter)
            # If the waiter held these, this would wait forever.
            holder.sql(reserve((OTHER, "requests", 1), (OTHER, "tokens", 1)))
            holder.sql("COMMIT")
            asking.result()

    def test_the_commit_does_not_wait_for_the_disk(self):
        self.assertEqual(self.owner("BEGIN; " + reserve((ONE, "requests", 1)) +
                                    "; SHOW synchronous_commit; COMMIT; SHOW synchronous_commit"),
                         [["1", "0"], ["off"], ["on"]])

    def test_a_crash_loses_only_the_last_reservations(self):
        self.owner(reserve((ONE, "requests", MINUTE)))
        self.owner("CREATE TABLE embedq.flushed (i int)")  # a commit that waits for the disk flushes all before it
        read = "SELECT embedq.to_us(free_at) FROM embedq.rate_limits"
        flushed = int(self.value(read))
        for _ in range(5):
            self.owner(reserve((ONE, "requests", MINUTE)))
        given = int(self.value(read))
        self.server.restart("immediate")
        kept = int(self.value(read))
        self.assertEqual(given, flushed + 5 * MINUTE)
        self.assertIn(kept, [flushed + i * MINUTE for i in range(6)])
        self.assertEqual(int(self.owner(reserve((ONE, "requests", MINUTE)) + "; " + read)[1][0]), kept + MINUTE,
                         "and continues from there")

    def test_a_rate_limit_that_ended_an_hour_ago_is_deleted(self):
        self.owner(f"INSERT INTO embedq.rate_limits VALUES ({stage.literal(ONE)}, 'requests', now() - interval '61 "
                   "minutes'), "
                 f"({stage.literal(ONE)}, 'tokens', now() - interval '59 minutes'), ({stage.literal(OTHER)}, 'tokens', "
                 "now() + interval '1 day')")
        self.owner(stage.call("prune", 0, 1000))
        self.assertEqual(self.owner("SELECT free_at > now(), unit FROM embedq.rate_limits ORDER BY 1"),
                         [["f", "tokens"], ["t", "tokens"]])

    def test_a_rate_limit_in_use_does_not_block_pruning(self):
        self.owner(f"INSERT INTO embedq.rate_limits VALUES ({stage.literal(ONE)}, 'requests', "
                   "now() - interval '2 hours')")
        with self.session() as holder:
            holder.sql("BEGIN; " + reserve((ONE, "requests", MINUTE)))
            self.owner(f"SET statement_timeout = '10s'; {stage.call('prune', 0, 1000)}")
            holder.sql("COMMIT")
        self.assertEqual(self.value("SELECT free_at > now() FROM embedq.rate_limits"), "t")
