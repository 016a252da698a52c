#!/usr/bin/env python3
"""Checks README.md and docs/ against the tree and the program: run.py PROGRAM. What may be named all the same is in
allowed.py."""

import pathlib
import re
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True  # a test leaves nothing in the sources

import allowed
import documents

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))
import generate  # noqa: E402
import scheduler_numbers  # noqa: E402

COMMANDS = None  # of the program; the output of each --help is kept
# What a page may have at most, in words: a reader has to get through it in one go.
MOST_WORDS = {"architecture.md": 1500, "scheduler.md": 3200}
MOST_TERMS = 15  # in the glossary


def rows(page, heading=""):
    """The first cells of the first table below a heading that begins with the text."""
    text = (DOCS / page).read_text()
    if heading:
        text = text[text.index("\n" + heading):]
    table = re.search(r"^\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)
    return [line.split("|")[1].strip().strip("`*") for line in table[1].splitlines()]


def source(path):
    return (ROOT / path).read_text()


class Documentation(unittest.TestCase):
    def test_what_is_named_is_there(self):
        findings = list(documents.all_findings(documents.Tree(ROOT), COMMANDS))
        needed = {finding.name for finding in findings}
        faults = [f"{f.file.relative_to(ROOT)}:{f.line}: {f.message}" for f in findings
                  if f.name not in allowed.ALLOWED and f.name not in allowed.PENDING]
        faults += [f"tests/docs/allowed.py: nothing needs the entry '{name}' any more; delete it"
                   for name in allowed.ALLOWED if name not in needed]
        for name in sorted(set(allowed.PENDING) - needed):
            print(f"tests/docs/allowed.py: '{name}' is not pending any more, or not named; delete it")
        self.assertEqual(faults, [], "\n" + "\n".join(faults) +
                         "\nCorrect the page, or add what is right anyway, with its reason, to tests/docs/allowed.py.")

    def test_nothing_that_went_wrong_elsewhere_is_left_out(self):
        """Each row of docs/regressions.md names tests that are there, or begins with 'none:' and says why."""
        tree = documents.Tree(ROOT)
        rows = documents.regressions((ROOT / "docs" / "regressions.md").read_text())
        wanted = [*["I", "II", "III"], *map(str, range(1, 24)), *map(chr, range(ord("A"), ord("T") + 1))]
        self.assertEqual([item for item, _ in rows], wanted)
        faults = [f"{item}: {fault}" for item, cell in rows for fault in documents.regression_faults(tree, cell)]
        self.assertEqual(faults, [], "\n".join(faults))

    def test_pages_that_come_from_the_sources_are_current(self):
        for path, text in generate.pages_of_sources().items():
            self.assertEqual(path.read_text(), text, f"{path.name} is out of date; run: python3 docs/generate.py")

    def test_the_pages_that_everybody_reads_are_short(self):
        for page, most in MOST_WORDS.items():
            self.assertLessEqual(len((DOCS / page).read_text().split()), most, page)
        terms = rows("glossary.md")
        self.assertLessEqual(len(terms), MOST_TERMS, "a reader cannot learn more terms; use the field's word instead")
        self.assertEqual(len(terms), len(set(terms)))

    def test_the_tables_of_the_store_are_those_of_the_schema(self):
        made = set(re.findall(r"CREATE TABLE (\w+)", source("backends/sqlite/schema.h")))
        internal = {"migrations", "fingerprints", "profile_options"}
        self.assertEqual(set(rows("stores.md", "## What is kept")), made - internal)

    def test_the_table_of_errors_has_every_kind(self):
        kinds = set(re.findall(r'case ErrorKind::\w+: return "(\w+)"', source("core/include/embedq/error.h")))
        shown = set(rows("scheduler.md", "## What each error costs")) - {"any other"}
        self.assertLessEqual(shown, kinds)
        # The other kinds are errors of callers, which no provider has a reason to return.
        self.assertEqual(kinds - shown, {"lost", "not_found", "invalid_argument", "unsupported"})

    def test_the_reasons_of_search_are_those_of_the_code(self):
        reasons = set(re.findall(r'string_view not_\w+ = "(\w+)"', source("core/engine/searcher.cpp")))
        self.assertEqual(set(rows("search.md", "Where ranking cannot")), reasons)

    def test_the_invariants_are_the_same_on_both_pages(self):
        listed = re.search(r"What holds whatever is loaded: (.*?)\.", source("docs/architecture.md"), re.S)
        self.assertEqual(listed[1].replace("\n", " ").split(", "), rows("invariants.md"))

    def test_the_states_of_specs_are_those_of_the_program(self):
        states = re.findall(r'return "(\w+)";', source("core/cli/spec_state.h"))
        self.assertEqual(set(rows("job-states.md", "A spec is in one state")), set(states))

    def test_the_pages_are_found(self):
        tree = documents.Tree(ROOT)
        self.assertGreater(len(tree.documents()), 20)
        self.assertGreater(len(tree.cases), 20, "the kit's cases are no longer found")
        self.assertGreater(len(tree.tests), 50, "the tests are no longer found")
        self.assertIn("index", COMMANDS.help(())[0], "the commands are no longer found")


class Numbers(unittest.TestCase):
    """The numbers of docs/scheduler.md are read from headers."""

    def read(self, header, tables=""):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "config").mkdir()
            (root / "config" / "host.cpp").write_text(tables)
            (root / "a.h").write_text(header)
            with mock.patch.object(scheduler_numbers, "SOURCES", [("ASettings", "a.h")]):
                return [each[1:] for each in scheduler_numbers.numbers(root)]

    def test_values_are_shown_with_their_units(self):
        self.assertEqual(self.read("inline constexpr std::chrono::milliseconds longest{600'000};\n"
                                   "struct ASettings {\n"
                                   "    std::chrono::milliseconds pause{1'500};  // between two\n"
                                   "    std::chrono::milliseconds bound{longest};\n"
                                   "    std::chrono::milliseconds kept{std::chrono::hours(24 * 14)};\n"
                                   "    std::size_t texts = 8'192;\n"
                                   "    std::size_t bytes = 32U << 20U;\n"
                                   "    double share = 1.0 / 8;  // of it\n"
                                   "    std::string name;\n"
                                   "};\n"),
                         [("pause", "1500 ms", "between two"), ("bound", "10 min", ""), ("kept", "14 d", ""),
                          ("texts", "8,192", ""), ("bytes", "32 MiB", ""), ("share", "0.125", "of it")])

    def test_what_the_yaml_has_is_left_out(self):
        self.assertEqual(self.read("struct ASettings {\n    double a = 1;\n    double b = 2;\n};\n",
                                   ".member = &ASettings::a,"), [("b", "2", "")])

    def test_what_cannot_be_read_is_an_error(self):
        for header in ("struct ASettings {\n    double a = twice(2);\n};\n", "struct Others {\n};\n"):
            with self.assertRaises(ValueError):
                self.read(header)


class Planted(unittest.TestCase):
    """Each check finds the fault that is planted for it, and lets the sound line beside it pass."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("core/endpoint.h", "class Endpoint { void admit(); };\n")
        self.write("tests/unit/endpoint_test.cpp", "TEST(Endpoint, Admits) {}\n")
        self.write("tests/conformance/kit/a_cases.cpp", '{"fenced", "a_zombie", a_zombie},\n')
        self.write("Makefile", "test: build ## Test\nbuild:\n")
        self.write("CMakePresets.json", '{"name": "dev"}\n')

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def messages(self, text):
        self.write("README.md", text)
        self.write("docs/README.md", "# Index\n")
        return [f.message for f in documents.all_findings(documents.Tree(self.root), COMMANDS)]

    def check(self, sound, faulty, message):
        self.assertEqual(self.messages(sound), [])
        found = self.messages(faulty)
        self.assertEqual(len(found), 1, found)
        self.assertIn(message, found[0])

    def test_links(self):
        self.check("[a](core/endpoint.h) [b](https://example.org/x)", "[a](core/line.h)", "leads nowhere")
        self.check("# One thing\n[a](#one-thing)", "# One thing\n[a](#two-things)", "no heading")

    def test_paths(self):
        self.check("`core/endpoint.h` `core/*.h` `core/{endpoint,endpoint}.h` `core` `a/b`", "`core/line.h`",
                   "no file or folder")
        self.check("`endpoint.h`", "`line.h`", "no file or folder")
        self.check("`mine.cpp`\n```cpp mine.cpp\n```", "`mine.cpp`\n```cpp other.cpp\n```", "no file or folder")

    def test_commands(self):
        self.check("`embedq jobs list --status failed`", "`embedq jobs lists`", "there is no 'lists'")
        self.check("`embedq index PATH… [--catalog ID]`", "`embedq index PATH --catalogue x`", "no switch --catalogue")
        self.check("```\n$ embedq status --json\n```", "```\n$ embedq statuses\n```", "there is no 'statuses'")

    def test_make(self):
        self.check("`make test`", "`make tests`", "no target 'tests'")
        self.check("`cmake --preset dev`", "`cmake --preset develop`", "no preset 'develop'")

    def test_names_of_tests(self):
        self.check("`Endpoint.Admits`", "`Endpoint.Refuses`", "have no 'Refuses'")
        self.check("`fenced.a_zombie`, group `fenced`", "`fenced.a_ghost`", "has no case 'a_ghost'")
        self.check("group `fenced`", "group `fences`", "no group 'fences'")

    def test_rows_of_regressions(self):
        tree = documents.Tree(self.root)
        (item, sound), (_, gone), (_, empty), (_, excused) = documents.regressions(
            "| 1 | it broke | `Endpoint.Admits`, `fenced.a_zombie` |\n| 2 | x | `Endpoint.Refuses` |\n"
            "| 3 | x | later |\n| 4 | x | none: why |\n")
        self.assertEqual((item, documents.regression_faults(tree, sound)), ("1", []))
        self.assertEqual(documents.regression_faults(tree, gone), ["there is no test 'Endpoint.Refuses'"])
        self.assertEqual(documents.regression_faults(tree, empty), ["no test, and no reason why there is none"])
        self.assertEqual(documents.regression_faults(tree, excused), [])

    def test_names_of_the_code(self):
        self.check("`Endpoint::admit` `std::endpoint`", "`Endpoint::admits`", "no source has the name 'admits'")

    def test_a_decision_record_names_what_was_there_then(self):
        self.write("docs/adr/0001-a.md", "`core/line.h` `Endpoint::admits`\n")
        self.assertEqual(self.messages("[r](docs/adr/0001-a.md)"), [])
        self.write("docs/adr/0001-a.md", "[a](../../core/line.h)\n")
        self.assertEqual(len(self.messages("[r](docs/adr/0001-a.md)")), 1)

    def test_pages_that_nobody_links(self):
        self.write("docs/lost.md", "# Lost\n")
        self.check("[l](docs/lost.md)", "nothing", "no other page links")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_file():
        sys.exit(f"usage: {sys.argv[0]} PROGRAM: '{' '.join(sys.argv[1:])}' is not a program; build it first")
    COMMANDS = documents.Commands(str(pathlib.Path(sys.argv[1]).resolve()))
    unittest.main(argv=sys.argv[:1], verbosity=2)
