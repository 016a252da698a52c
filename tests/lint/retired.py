#!/usr/bin/env python3
"""No file uses a word that the project gave up: retired.py [--count] [PATH...]

retired.txt lists the words, what replaces each, and where one is allowed. Checked is every text file that git tracks,
or those below PATH, but for: the decision records (docs/adr), which tell how it was; tables of words and questions, and
texts of others; and pages that are generated, since their words come from the sources. --count prints how many findings
each folder has in place of the findings.
"""

import argparse
import bisect
import collections
import fnmatch
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = "tests/lint/retired.txt"
# Path patterns that are not checked.
EXEMPT = ["docs/adr/*", "*.inc", "*.tsv", "*.dict", "*.wordnet", "*package-lock.json", "LICENSE", "tests/fuzz/corpus/*",
          "tests/broken/*", "docs/configuration.md", "docs/errors.md", "tests/lint/retired.txt",
          "tests/lint/test_retired.py"]

SLASHES, HASH, DASHES = r"//[^\n]*|/\*.*?\*/", r"#[^\n]*", r"--[^\n]*"
QUOTED = r'"(?:\\.|[^"\\\n])*"'
QUOTED_ONCE = r"'(?:\\.|[^'\\\n])*'"
C = re.compile(rf'R"(\w*)\(.*?\)\1"|{SLASHES}|{QUOTED}', re.S)
# What is no code, by the end of a file's name.
PROSE_IN_CODE = {
    ".h": C, ".cpp": C, ".in": C,
    ".mjs": re.compile(rf"{SLASHES}|{QUOTED}|{QUOTED_ONCE}|`[^`]*`", re.S),
    ".py": re.compile(rf'""".*?"""|{HASH}|{QUOTED}|{QUOTED_ONCE}', re.S),
    ".sh": re.compile(rf"(?<!\$){HASH}"),
    ".sql": re.compile(rf"{DASHES}|{QUOTED_ONCE}"),
    ".cmake": re.compile(rf"{HASH}|{QUOTED}"),
}
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[0-9]+")
# Decision records keep their names.
RECORD = re.compile(r"\b\d{4}-[a-z-]+\.md")
# What may stand between two words of a phrase: spaces, an underscore, the end of a line with a comment's mark.
BETWEEN = re.compile(r"(?:[\s_]|//|#|--|^\s*\*)*", re.M)


class Word(NamedTuple):
    text: str
    parts: tuple
    instead: str
    kind: str  # "code" or "name" for those of identifiers alone, else empty


class Allowed(NamedTuple):
    word: str
    pattern: str
    line: int


class Finding(NamedTuple):
    file: str
    line: int
    word: Word


def parts_of(text):
    return [part.lower() for part in PART.findall(text)]


def read_list(text):
    """(words, what is allowed) of retired.txt; a line of another form ends the program."""
    words, allowed = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if found := re.fullmatch(r"allow (.+) in (\S+): (.+)", line):
            allowed.append(Allowed(found[1], found[2], number))
        elif found := re.fullmatch(r"(?:(code|name) )?(.+?) => (.+)", line):
            words.append(Word(found[2], tuple(parts_of(found[2])), found[3], found[1] or ""))
        else:
            sys.exit(f"retired: {LIST}:{number}: expected 'WORD => INSTEAD' or 'allow WORD in PATH: WHY', "
                     f"found '{line}'")
    known = {word.text for word in words}
    for each in allowed:
        if each.word not in known:
            sys.exit(f"retired: {LIST}:{each.line}: '{each.word}' is not in the list, so nothing has to allow it")
    return words, allowed


def blank(found):
    """As long as what was found, so that places stay the same."""
    return re.sub(r"[^\n]", " ", found[0])


def code_of(name, text):
    """The text with comments and literals blanked out; of a page, its code spans alone. Empty for other files."""
    suffix = pathlib.PurePosixPath(name).suffix
    if suffix == ".md":
        kept = re.compile(r"`[^`\n]+`")
        code, at = "", 0
        for found in kept.finditer(text):
            code += re.sub(r"[^\n]", " ", text[at:found.start()]) + found[0]
            at = found.end()
        return code
    prose = PROSE_IN_CODE.get(suffix)
    return prose.sub(blank, text) if prose else ""


class Text:
    """A text as its words, each with its place."""

    def __init__(self, text):
        self.text = text
        self.lines = [0] + [match.end() for match in re.finditer("\n", text)]
        self.spans = [(match.start(), match.end()) for match in PART.finditer(text)]
        self.parts = [text[begin:end].lower() for begin, end in self.spans]
        self.places = collections.defaultdict(list)
        for place, part in enumerate(self.parts):
            self.places[part].append(place)

    def find(self, wanted):
        """The lines in which the parts follow each other; the last may have an s."""
        if len(wanted) == 1:
            starts = self.places[wanted[0]] + self.places[wanted[0] + "s"]
        else:
            starts = self.places[wanted[0]]
        for start in starts:
            if all(self.follows(start + i, part, i == len(wanted) - 1) for i, part in enumerate(wanted) if i):
                # "there is no file" is plain English.
                if wanted[:2] == ("is", "no") and start > 0 and self.parts[start - 1] == "there":
                    continue
                yield self.line_at(self.spans[start][0])

    def find_name(self, name):
        for found in re.finditer(rf"\b{re.escape(name)}\b", self.text):
            yield self.line_at(found.start())

    def line_at(self, offset):
        return bisect.bisect_right(self.lines, offset)

    def follows(self, place, part, last):
        if place >= len(self.parts) or self.parts[place] not in ((part, part + "s") if last else (part,)):
            return False
        return BETWEEN.fullmatch(self.text, self.spans[place - 1][1], self.spans[place][0]) is not None


def findings_in(name, text, words):
    text = RECORD.sub(blank, text)
    whole, code = Text(text), None
    for word in words:
        if word.kind and code is None:
            code = Text(code_of(name, text))
        if word.kind == "name":
            lines = code.find_name(word.text)
        else:
            lines = (code if word.kind else whole).find(word.parts)
        for line in sorted(set(lines)):
            yield Finding(name, line, word)


def exempt(name):
    return any(fnmatch.fnmatch(name, pattern) for pattern in EXEMPT)


def check(files, words, allowed):
    """(findings, allowances that nothing needed) for the files: pairs of a name and a text."""
    findings, used = [], set()
    for name, text in files:
        for finding in findings_in(name, text, words):
            fits = [each for each in allowed if each.word == finding.word.text and fnmatch.fnmatch(name, each.pattern)]
            used.update(fits)
            if not fits:
                findings.append(finding)
    return findings, [each for each in allowed if each not in used]


def tracked(paths):
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--", *paths], capture_output=True, text=True,
                            check=True)
    for name in listed.stdout.splitlines():
        if exempt(name) or not (ROOT / name).is_file():
            continue
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            yield name, content.decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", action="store_true")
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()
    words, allowed = read_list((ROOT / LIST).read_text())
    findings, unneeded = check(tracked(arguments.paths), words, allowed)
    if arguments.count:
        folders = collections.Counter("/".join(f.file.split("/")[:2]) for f in findings)
        for folder, count in sorted(folders.items()):
            print(f"{count:5} {folder}")
    else:
        for file, line, word in findings:
            print(f"{file}:{line}: '{word.text}' was given up; write: {word.instead}")
    if not arguments.paths:
        for each in unneeded:
            print(f"{LIST}:{each.line}: nothing needs '{each.word}' in {each.pattern} any more; delete the line")
    if findings:
        print(f"retired: {len(findings)} findings; {LIST} has the words and says how to allow one")
    sys.exit(1 if findings or (unneeded and not arguments.paths) else 0)


if __name__ == "__main__":
    main()
