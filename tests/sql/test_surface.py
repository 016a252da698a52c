"""What other programs see and do through SQL: two views under the release note's names, and `enqueue`."""

import postgres
import stage
from owned import wait_until

JOBS = [("id", "bigint"), ("catalog_id", "text"), ("spec_name", "text"), ("kind", "text"), ("status", "text"),
        ("attempts", "integer"),
        ("last_error", "text"), ("next_run_at", "timestamp with time zone"), ("worker_id", "text"),
        ("lease_expires_at", "timestamp with time zone"), ("created_at", "timestamp with time zone"),
        ("started_at", "timestamp with time zone"), ("completed_at", "timestamp with time zone")]
SPECS = [("catalog_id", "text"), ("spec_name", "text"), ("operation_count", "integer")]
CHANNEL = "api_catalog_embedding_jobs"
TOKEN = "22222222-2222-2222-2222-222222222222"


class Surface(stage.Stage):
    role = "embedq_producer"

    def setUp(self):
        super().setUp()
        self.owner(stage.catalog())

    def enqueue(self, *arguments):
        return self.as_role(f"SELECT embedq.enqueue({', '.join(map(stage.literal, arguments))})")[0][0]

    def job(self, spec, *columns):
        """The newest job's columns, as the producer sees them."""
        return self.as_role(f"SELECT {', '.join(columns)} FROM embedq.api_catalog_embedding_jobs "
                            f"WHERE spec_name = '{spec}' "
                            "ORDER BY id DESC LIMIT 1")[0]

    def columns(self, view):
        return [(name, kind) for name, kind in self.owner(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'embedq' "
            f"AND table_name = '{view}' "
            "ORDER BY ordinal_position")]

    def test_the_columns_are_the_release_notes(self):
        self.assertEqual(self.columns("api_catalog_embedding_jobs"), JOBS)
        self.assertEqual([column for column in self.columns("api_catalog_specs") if column in SPECS], SPECS)

    def test_specs_show_how_many_operations_they_have(self):
        self.owner(f"{stage.put('pets', ['a', 'b'])}; {stage.put('empty', [])}")
        self.assertEqual(self.as_role("SELECT catalog_id, spec_name, operation_count FROM embedq.api_catalog_specs "
                                      "ORDER BY spec_name"),
                         [["shop", "empty", "0"], ["shop", "pets", "2"]])

    def test_a_pending_job(self):
        self.owner(stage.put("pets", ["a"]))
        self.assertEqual(self.job("pets", "catalog_id", "kind", "status", "attempts", "last_error", "worker_id",
                                  "lease_expires_at",
                                  "started_at", "completed_at", "next_run_at <= now()", "created_at <= now()"),
                         ["shop", "spec_write", "pending", "0", "", "", None, None, None, "t", "t"])

    def test_a_running_job(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.claim('me', TOKEN)}")
        self.assertEqual(self.job("pets", "status", "attempts", "worker_id", "lease_expires_at > now()",
                                  "lease_expires_at < now() + "
                                  "interval '21 s'", "started_at <= now()", "completed_at", "next_run_at <= now()"),
                         ["running", "0", "me", "t", "t", "t", None, "t"])

    def test_a_job_that_waits_for_its_next_attempt(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.claim('me', TOKEN)}; "
                   f"{stage.commit(TOKEN, 'retry', 'connection refused', 60_000_000)}")
        self.assertEqual(self.job("pets", "status", "attempts", "last_error", "worker_id", "lease_expires_at",
                                  "completed_at",
                                  "next_run_at > now() + interval '30 s'", "started_at IS NOT NULL"),
                         ["pending", "1", "connection refused", "", None, None, "t", "t"])

    def test_a_succeeded_job(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.claim('me', TOKEN)}; {stage.commit(TOKEN, 'succeeded')}")
        self.assertEqual(self.job("pets", "status", "attempts", "last_error", "worker_id", "lease_expires_at",
                                  "completed_at <= now()",
                                  "next_run_at <= completed_at", "started_at <= completed_at"),
                         ["succeeded", "1", "", "me", None, "t", "t", "t"])

    def test_a_failed_job(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.claim('me', TOKEN)}; "
                   f"{stage.commit(TOKEN, 'failed', 'refused for good')}")
        self.assertEqual(self.job("pets", "status", "attempts", "last_error", "worker_id", "lease_expires_at",
                                  "completed_at <= now()"),
                         ["failed", "1", "refused for good", "me", None, "t"])

    def test_a_cancelled_job(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.call('delete_spec', 'shop', 'pets')}")
        self.assertEqual(self.job("pets", "status", "last_error", "worker_id", "completed_at <= now()",
                                  "next_run_at IS NOT NULL"),
                         ["cancelled", "its spec was deleted", "", "t", "t"])

    def test_enqueue_returns_what_it_did(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.put('empty', [])}; {stage.claim('me', TOKEN)}")
        self.assertEqual(self.enqueue("shop", "pets"), "created")
        self.assertEqual(self.job("pets", "kind", "status"), ["spec_write", "pending"])
        self.assertEqual(self.enqueue("shop", "pets"), "collapsed")
        self.assertEqual(self.enqueue("shop", "pets", "reconciler"), "collapsed")
        self.assertEqual(self.enqueue("shop", "pets", "manual_retry"), "collapsed")
        self.assertEqual(self.job("pets", "kind"), ["manual_retry"])
        self.assertEqual(self.enqueue("shop", "empty"), "none")
        self.owner(f"{stage.catalog('plain', None)}; {stage.put('pets', ['a'], 'plain')}")
        self.assertEqual(self.enqueue("plain", "pets"), "none", "the catalog has no provider")

    def test_enqueue_refuses_unknown_names(self):
        self.owner(stage.put("pets", ["a"]))
        for arguments, message, hint in [
                (("shop", "cats"), "catalog 'shop' has no spec 'cats'", "HINT:  put it first, or check the name"),
                (("nope", "pets"), "there is no catalog 'nope'", "HINT:  create it first, or check the id"),
                (("shop", "pets", "retry"),
                 "'retry' is not a kind of job: expected spec_write, reconciler, manual_retry or reembed", "")]:
            with self.subTest(arguments), self.assertRaises(postgres.SqlError) as caught:
                self.enqueue(*arguments)
            self.assertIn(message, str(caught.exception))
            self.assertIn(hint, str(caught.exception))

    def test_enqueue_notifies_listeners_when_it_commits(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.put('empty', [])}")
        with self.server.session(database=self.name, user="embedq_producer") as listener:
            def notifications():
                return [row for row in listener.sql("SELECT 1") if CHANNEL in row[0]]
            listener.sql(f"LISTEN {CHANNEL}")
            self.as_role("BEGIN; SELECT embedq.enqueue('shop', 'pets'); ROLLBACK")
            self.enqueue("shop", "empty")
            # Notifications arrive in order: had one of these two sent any, it would arrive before the mark.
            self.as_role(f"NOTIFY {CHANNEL}, 'mark'")
            first = wait_until(notifications, "the mark arrives")
            self.assertEqual(len(first), 1, first)
            self.assertIn("mark", first[0][0])
            for _ in range(2):
                self.enqueue("shop", "pets")
                self.assertEqual(len(wait_until(notifications, "the notification arrives")), 1)

    def test_every_grant_is_needed(self):
        self.owner(f"{stage.put('pets', ['a'])}; {stage.put('cats', ['b'])}; {stage.claim('me', TOKEN)}; "
                   f"{stage.commit(TOKEN, 'succeeded')}")
        everything = ("BEGIN; SELECT embedq.enqueue('shop', 'pets', 'manual_retry'); "
                      "SELECT embedq.enqueue('shop', 'cats'); "
                      "SELECT * FROM embedq.api_catalog_embedding_jobs; SELECT * "
                      "FROM embedq.api_catalog_specs; ROLLBACK")
        self.as_role(everything)
        for grant in stage.grants("embedq_producer"):
            with self.subTest(grant):
                self.owner(grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM "))
                with self.assertRaisesRegex(postgres.SqlError, "permission denied"):
                    self.as_role(everything)
                self.owner("\n".join(stage.grants("embedq_producer")))

    def test_a_role_that_may_only_read_may_not_enqueue(self):
        self.owner(stage.put("pets", ["a"]))
        self.owner("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA embedq TO PUBLIC; REVOKE EXECUTE "
                   "ON FUNCTION embedq.enqueue FROM PUBLIC, "
                   "embedq_producer")
        with self.assertRaisesRegex(postgres.SqlError, "permission denied for function enqueue"):
            self.enqueue("shop", "pets")
        self.assertEqual(self.owner("SELECT has_function_privilege('public', 'embedq.enqueue(text, text, text)', "
                                    "'execute')"), [["f"]])

    def test_enqueue_does_not_use_the_callers_tables(self):
        """It runs with the owner's rights: tables of the caller with the same names must not be used."""
        self.owner(stage.put("pets", ["a"]))
        self.server.sql("CREATE SCHEMA theirs AUTHORIZATION embedq_producer", database=self.name)
        self.as_role("CREATE TABLE theirs.jobs_ready (LIKE embedq.api_catalog_specs); "
                     "SET search_path = theirs, embedq; "
                     "CREATE TEMP TABLE catalogs (catalog_id text); SELECT embedq.enqueue('shop', 'pets')")
        self.assertEqual(self.job("pets", "status"), ["pending"])

    def test_the_producer_may_do_nothing_else(self):
        self.owner(stage.put("pets", ["a"]))
        for statement in ["DELETE FROM embedq.jobs_ready", "SELECT * FROM embedq.jobs_done",
                          "SELECT * FROM embedq.documents", "UPDATE embedq.specs SET title = 'x'",
                          "UPDATE embedq.catalogs SET name = 'x'", "CREATE TABLE embedq.mine (i int)",
                          stage.claim("thief", TOKEN), stage.call("delete_spec", "shop", "pets")]:
            with self.subTest(statement), self.assertRaisesRegex(postgres.SqlError, "permission denied"):
                self.as_role(statement)
