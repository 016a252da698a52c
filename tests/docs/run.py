#!/usr/bin/env python3
"""Checks README.md and docs/ against the tree and the program: run.py PROGRAM. What may be named all the same is in
allowed.py."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # a test leaves nothing in the sources

import allowed
import documents

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = None  # of the program; what --help said is kept


class Documentation(unittest.TestCase):
    def test_what_is_named_is_there(self):
        findings = list(documents.all_findings(documents.Tree(ROOT), COMMANDS))
        needed = {finding.name for finding in findings}
        faults = [f"{f.file.relative_to(ROOT)}:{f.line}: {f.message}" for f in findings
                  if f.name not in allowed.ALLOWED and f.name not in allowed.PENDING]
        faults += [f"tests/docs/allowed.py: nothing needs the entry '{name}' any more; take it out"
                   for name in allowed.ALLOWED if name not in needed]
        for name in sorted(set(allowed.PENDING) - needed):
            print(f"tests/docs/allowed.py: '{name}' is not pending any more, or not named; take it out")
        self.assertEqual(faults, [], "\n" + "\n".join(faults) +
                         "\nMend the page, or name what is right all the same, with its reason, in "
                         "tests/docs/allowed.py.")

    def test_nothing_that_went_wrong_elsewhere_is_left_out(self):
        """Each row of docs/regressions.md names tests that are there, or begins with 'none:' and says why."""
        tree = documents.Tree(ROOT)
        rows = documents.regressions((ROOT / "docs" / "regressions.md").read_text())
        wanted = ["I", "II",
                  "III"] + [str(i) for i in range(1, 24)] + [chr(letter) for letter in range(ord("A"), ord("T") + 1)]
        self.assertEqual([item for item, _ in rows], wanted)
        faults = [f"{item}: {fault}" for item, cell in rows for fault in documents.regression_faults(tree, cell)]
        self.assertEqual(faults, [], "\n".join(faults))

    def test_the_pages_are_found(self):
        tree = documents.Tree(ROOT)
        self.assertGreater(len(tree.documents()), 20)
        self.assertGreater(len(tree.cases), 20, "the kit's cases are not found any more")
        self.assertGreater(len(tree.tests), 50, "the tests are not found any more")
        self.assertIn("index", COMMANDS.help(())[0], "the commands are not found any more")


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
        self.check("`core/endpoint.h` `core/*.h` `core/{endpoint,endpoint}.h` `core` `a/b`", "`core/line.h`", "no file or folder")
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
            "| 1 | it broke | `Endpoint.Admits`, `fenced.a_zombie` |\n| 2 | x | `Endpoint.Refuses` |\n| 3 | x | later |\n| 4 | "
            "x | none: why |\n")
        self.assertEqual((item, documents.regression_faults(tree, sound)), ("1", []))
        self.assertEqual(documents.regression_faults(tree, gone), ["there is no test 'Endpoint.Refuses'"])
        self.assertEqual(documents.regression_faults(tree, empty), ["no test, and no reason why there is none"])
        self.assertEqual(documents.regression_faults(tree, excused), [])

    def test_names_of_the_code(self):
        self.check("`Endpoint::admit` `std::endpoint`", "`Endpoint::admits`", "no source has the name 'admits'")

    def test_pages_that_nobody_links(self):
        self.write("docs/lost.md", "# Lost\n")
        self.check("[l](docs/lost.md)", "nothing", "no other page links")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_file():
        sys.exit(f"usage: {sys.argv[0]} PROGRAM: '{' '.join(sys.argv[1:])}' is no program; build it first")
    COMMANDS = documents.Commands(str(pathlib.Path(sys.argv[1]).resolve()))
    unittest.main(argv=sys.argv[:1], verbosity=2)
