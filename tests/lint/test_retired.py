#!/usr/bin/env python3
"""retired.py finds a planted word in each form that it can have, and nothing beside it."""

import contextlib
import io
import sys
import unittest

sys.dont_write_bytecode = True  # a test leaves nothing in the sources

import retired

LIST = """# a comment
lane => endpoint
code told => reported
name Twice => DuplicatePolicy
code fault of => problem_with
is no file => is not a file
lets go of => releases
allow lane in roads/*.cpp: a road has lanes
"""
WORDS, ALLOWED = retired.read_list(LIST)


def found(name, text):
    """(line, word) of each finding."""
    findings, _ = retired.check([(name, text)], WORDS, ALLOWED)
    return [(each.line, each.word.text) for each in findings]


class Planted(unittest.TestCase):
    def test_a_word_is_found_in_each_form(self):
        for text in ("a lane is", "Lanes are", "LaneState state;", "lane_state_", "kLane", "the_lanes()", "`lane`"):
            self.assertEqual(found("a.cpp", "one\n" + text), [(2, "lane")], text)

    def test_a_longer_word_is_another_word(self):
        for text in ("planet", "laneway", "planes", "explained"):
            self.assertEqual(found("a.cpp", text), [], text)

    def test_a_word_of_identifiers_is_plain_english_elsewhere(self):
        self.assertEqual(found("a.cpp", '// told apart\nlog("told apart");\nconst auto told = ask();\n'), [(3, "told")])
        self.assertEqual(found("a.py", '"""told"""\n# told\ntold = 1\n'), [(3, "told")])
        self.assertEqual(found("a.md", "Two names are told apart.\nSee `told_twice`.\n"), [(2, "told")])
        self.assertEqual(found("a.yaml", "told: 1\n"), [])

    def test_a_raw_string_is_not_code(self):
        self.assertEqual(found("a.cpp", 'f(R"y(told "told")y", told);\n'), [(1, "told")])
        self.assertEqual(found("a.cpp", 'f(R"y(told "told")y");\n'), [])

    def test_a_name_is_found_exactly(self):
        self.assertEqual(found("a.cpp", "Twice policy;\nvoid IsStoppedTwice();\nint twice;\n"), [(1, "Twice")])

    def test_a_phrase_runs_over_the_end_of_a_line(self):
        self.assertEqual(found("a.cpp", "// It lets\n// go of it.\n"), [(1, "lets go of")])
        self.assertEqual(found("a.py", "# It lets go\n# of it.\n"), [(1, "lets go of")])
        self.assertEqual(found("a.cpp", "fault_of(x); // the fault of x\nFaultOf y;\n"),
                         [(1, "fault of"), (2, "fault of")])

    def test_other_words_between_end_a_phrase(self):
        self.assertEqual(found("a.cpp", "// It lets it go. Of course.\n// the fault, of which\n"), [])

    def test_the_name_of_a_decision_record_is_not_judged(self):
        self.assertEqual(found("a.md", "[ADR 20](adr/0020-lanes-and-more.md) of lanes\n"), [(1, "lane")])
        self.assertEqual(found("a.md", "[ADR 20](adr/0020-lanes-and-more.md)\n"), [])

    def test_there_is_no_file_is_plain_english(self):
        self.assertEqual(found("a.cpp", "// there is no file\n// that is no file\n"), [(2, "is no file")])

    def test_what_is_allowed_is_passed_over_and_what_allows_nothing_is_reported(self):
        self.assertEqual(retired.check([("roads/a.cpp", "lane")], WORDS, ALLOWED), ([], []))
        findings, unneeded = retired.check([("other/a.cpp", "lane")], WORDS, ALLOWED)
        self.assertEqual(len(findings), 1)
        self.assertEqual(unneeded, ALLOWED)


class OfTheList(unittest.TestCase):
    def refused(self, text):
        with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()):
            retired.read_list(text)
        return str(ended.exception)

    def test_a_line_of_another_form_is_refused_with_its_number(self):
        self.assertIn("retired.txt:2: expected", self.refused("a => b\nlane\n"))

    def test_only_a_word_of_the_list_can_be_allowed(self):
        self.assertIn("'road' is not in the list", self.refused("lane => b\nallow road in x: why\n"))

    def test_the_own_list_is_read_and_each_word_is_there_once(self):
        words, _ = retired.read_list((retired.ROOT / retired.LIST).read_text())
        self.assertGreater(len(words), 40)
        texts = [(word.kind, word.text) for word in words]
        self.assertEqual(len(texts), len(set(texts)))

    def test_what_tells_how_it_was_is_exempt(self):
        for name in ("docs/adr/0020-lanes-and-whom-errors-are-charged-to.md", "core/ranking/synonym_table.inc",
                     "tests/fuzz/corpus/json/twice", "docs/errors.md"):
            self.assertTrue(retired.exempt(name), name)
        for name in ("docs/architecture.md", "core/endpoints/endpoint.h", "tests/lint/retired.py", "README.md"):
            self.assertFalse(retired.exempt(name), name)


if __name__ == "__main__":
    unittest.main()
