"""The reconciler reads the truth: gaps that other programs made through SQL. One sweep finds each, and a second one
finds nothing new."""

import stage


class Gaps(stage.Stage):
    def setUp(self):
        super().setUp()
        self.owner(f"{stage.catalog()}; {stage.put('pets', ['a', 'b'])}; {stage.put('cars', ['c'])}; "
                   f"{stage.put('empty', [])}; "
                   "DELETE FROM embedq.jobs_ready; "
                   "INSERT INTO embedq.vectors (text, profile, written_at, value) "
                   "SELECT text, 1, now(), '\\x0000803f0000803f0000803f0000803f' FROM embedq.texts")
        self.assertEqual(self.sweep(), (0, 0))

    def sweep(self):
        """How many jobs a sweep created, and how many gaps it found."""
        enqueued, gaps, *_ = self.owner(stage.call("reconcile", ""))[0]
        return int(enqueued), int(gaps)

    def expect_found(self, *specs):
        self.assertEqual(self.sweep(), (len(specs), len(specs)))
        self.assertEqual(self.owner("SELECT spec_name, kind FROM embedq.api_catalog_embedding_jobs "
                                    "WHERE status = 'pending' ORDER BY 1"),
                         [[spec, "reconciler"] for spec in specs])
        self.assertEqual(self.sweep(), (0, len(specs)))

    def test_a_wrong_operation_count_was_a_gap_forever(self):
        """The release note's third bug: operation_count 0 on rows of an older version, though they had all their
        vectors."""
        self.owner("UPDATE embedq.specs SET operation_count = 0")
        for _ in range(3):
            self.assertEqual(self.sweep(), (0, 0))
        self.assertEqual(self.owner("SELECT spec_name, operation_count FROM embedq.api_catalog_specs ORDER BY 1"),
                         [["cars", "1"], ["empty", "0"], ["pets", "2"]])

    def test_a_lost_job(self):
        self.owner(f"{stage.put('cars', ['d'])}; DELETE FROM embedq.jobs_ready")
        self.expect_found("cars")

    def test_deleted_vectors(self):
        self.owner("DELETE FROM embedq.vectors WHERE text = (SELECT text FROM embedq.texts WHERE content = 'b')")
        self.expect_found("pets")

    def test_an_edited_text_with_an_equal_count(self):
        self.owner("INSERT INTO embedq.texts (hash, content) VALUES (sha256('edited'), 'edited'); "
                   "UPDATE embedq.operations SET text = (SELECT text FROM embedq.texts WHERE content = 'edited') "
                   "WHERE text = (SELECT text FROM embedq.texts WHERE content = 'a')")
        self.expect_found("pets")

    def test_a_changed_model(self):
        self.owner(f"{stage.profile('another')}; UPDATE embedq.catalogs SET target_profile = 2")
        self.expect_found("cars", "pets")

    def test_a_changed_dimension(self):
        self.owner(f"{stage.profile('wider', 8)}; UPDATE embedq.catalogs SET target_profile = 2")
        self.expect_found("cars", "pets")

    def test_a_pending_job_of_another_profile_moves(self):
        self.owner(f"{stage.put('cars', ['d'])}; {stage.profile('another')}; UPDATE embedq.catalogs "
                   "SET target_profile = 2; "
                   f"{stage.call('reconcile', '')}")
        self.assertEqual(self.owner("SELECT DISTINCT profile FROM embedq.jobs_ready"), [["2"]])
