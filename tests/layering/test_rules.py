#!/usr/bin/env python3
"""Tests rules.py on the project's files: one wrong include in each folder, or of each library, is reported, and nothing
else is. -v lists the includes.

The wrong includes are derived from the rules, so that a new folder or library is tested without a change here.
"""

import os.path
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True  # a test must not leave files in the source tree

import check
import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL = check.Check(ROOT)
TEXTS = {name: REAL.read(name) for name in REAL.files
         if check.SOURCE.match(name) or name.endswith((".cmake", "CMakeLists.txt"))}


def owners(ending=""):
    """Each folder with a rule and with sources that have this ending, with the first of these sources. A rule with a *
    gives one folder for each plugin."""
    found = {}
    for name in REAL.files:
        owner = REAL.owner(check.folder_of(name)) if check.SOURCE.match(name) and name.endswith(ending) else None
        if owner is not None:
            found.setdefault(owner.folder, (owner, name))
    return [found[folder] for folder in sorted(found)]


def forbidden_header(source):
    """The nearest folder that the source may not include, and a header of it."""
    def distance(candidate):
        folder = candidate[0].folder
        return -len(os.path.commonprefix([folder.split("/"), source.folder.split("/")])), folder

    return min((candidate for candidate in owners(".h") if not REAL.allowed(source, candidate[0])), key=distance)


def faults_with(folder, include):
    """What the check reports if a new file in the folder has this include, and the name of that file."""
    planted = f"{folder}/planted.cpp"
    texts = {**TEXTS, planted: f"#include {include}\n"}
    return check.Check(ROOT, files=sorted({*REAL.files, planted}), read=texts.__getitem__).run(), planted


class Rules(unittest.TestCase):
    def expect_one_fault(self, folder, include, beginning):
        faults, planted = faults_with(folder, include)
        if "-v" in sys.argv:
            print(f"\n  {planted}: #include {include}", end="", file=sys.stderr, flush=True)
        with self.subTest(folder=folder, include=include):
            self.assertEqual(len(faults), 1, faults)
            self.assertTrue(faults[0].startswith(f"{planted}:1 includes {beginning}"), faults[0])

    def test_the_project_has_no_violation(self):
        self.assertEqual(check.Check(ROOT, files=REAL.files, read=TEXTS.__getitem__).run(), [])

    def test_every_rule_applies_to_a_folder_with_sources(self):
        unused = {rule.path for rule in rules.FOLDERS} - {owner.rule.path for owner, _ in owners()}
        # A folder that has only links, like tests/, has a rule for its CMakeLists.txt.
        self.assertEqual([path for path in sorted(unused) if f"{path}/CMakeLists.txt" not in TEXTS], [])

    def test_a_wrong_include_is_reported_in_every_folder(self):
        for source, _ in owners():
            target, header = forbidden_header(source)
            self.expect_one_fault(source.folder, f'"{header}"',
                                  f"{header} ({target.folder}): {source.folder} may include ")

    def test_every_library_is_reported_where_it_is_not_allowed(self):
        for library in rules.LIBRARIES:
            header = library.headers[0] + ("any.h" if library.headers[0].endswith("/") else "")
            folder = next(owner.folder for owner, _ in owners()
                          if not any(f"{owner.folder}/planted.cpp".startswith(place) for place in library.places))
            self.expect_one_fault(folder, f"<{header}>", f"{header}: only ")


if __name__ == "__main__":
    unittest.main()
