#!/usr/bin/env python3
"""Holds the contract's headers to the plugin API number: api.py [--root DIR] [--record | --release].

A plugin and its host must agree on every type of core/include/embedq, and EMBEDQ_API_VERSION is how they know.
core/api.sums has the SHA-256 of each header under each number. A number is `open` until a release carries it: until
then a change is recorded with --record. Once it is `released` (--release), a changed or deleted header needs the next
number; only a new header may still be recorded.

What is summed is the header's tokens: comments, white space, line breaks and the order of #include lines change
nothing.
"""

import argparse
import hashlib
import pathlib
import re
import sys

HEADERS = "core/include/embedq"
SUMS = "core/api.sums"
NUMBER = re.compile(r"^\s*#\s*define\s+EMBEDQ_API_VERSION\s+(\d+)\s*$", re.MULTILINE)
RECORD = "python3 tests/contract/api.py --record"
TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|(?P<literal>(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"|(?:u8|[uUL])?\'(?:\\.|[^\'\\\n])+\')'
    r"|(?P<number>\.?\d(?:'?[\w.]|(?<=[eEpP])[+-])*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<line>\n)"
    r"|(?P<other>\S)",
    re.DOTALL,
)
TITLE = """# The contract's headers by plugin API number: a sum of each header's tokens. \
Written by tests/contract/api.py, which says what it means.
"""


def tokens(text):
    """The tokens of a header.

    A preprocessor line ends with a line break, as it must; the #include lines come first, sorted.
    """
    includes, out, line = [], [], None
    for found in TOKEN.finditer(text.replace("\\\n", " ") + "\n"):
        if found["comment"] is not None:
            continue
        if found["line"] is not None:
            if line is not None and line[1:2] == ["include"]:
                includes.append("".join(line))
            elif line is not None:
                out += [" ".join(line), "\n"]
            line = None
        elif line is not None:
            line.append(found[0])
        elif found[0] == "#":
            line = ["#"]
        else:
            out.append(found[0])
    return sorted(includes) + out


def sum_of(text):
    return hashlib.sha256("\0".join(tokens(text)).encode()).hexdigest()


class Sums:
    """core/api.sums: for each number whether it is released, and the sums by header."""

    def __init__(self, path):
        self.path = path
        self.states, self.sums = {}, {}
        if not path.exists():
            return
        for row in path.read_text().splitlines():
            if not row or row.startswith("#"):
                continue
            number, *rest = row.split()
            if len(rest) == 1:
                self.states[int(number)] = rest[0]
            else:
                self.sums.setdefault(int(number), {})[rest[0]] = rest[1]

    def write(self):
        rows = [TITLE]
        for number in sorted(self.states):
            rows.append(f"{number} {self.states[number]}\n")
            rows += [f"{number} {header} {digest}\n" for header, digest in sorted(self.sums.get(number, {}).items())]
        self.path.write_text("".join(rows))


def read_headers(root):
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((root / HEADERS).glob("*.h"))}


def faults(number, now, sums):
    """Sentences, each with what to do; none when the headers are what was recorded."""
    if number not in sums.states:
        return [f"EMBEDQ_API_VERSION is {number}, of which {SUMS} has no sums; run: {RECORD}"]
    before = sums.sums.get(number, {})
    told = []
    for header in sorted(before.keys() | now.keys()):
        what = ("is new" if header not in before else "is gone" if header not in now else
                "changed" if before[header] != now[header] else None)
        if what is None:
            continue
        if sums.states[number] != "released" or what == "is new":
            told.append(f"{HEADERS}/{header} {what} while EMBEDQ_API_VERSION stayed {number}; no release has the old "
                        f"one, so if this is meant, run: {RECORD}")
        else:
            told.append(f"{HEADERS}/{header} {what} while EMBEDQ_API_VERSION stayed {number}, which is released: "
                        f"plugins built for it would be loaded and misread; set EMBEDQ_API_VERSION to {number + 1} in "
                        f"{HEADERS}/plugin.h, then run: {RECORD}")
    return told


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--record", action="store_true", help="write the sums of the headers as they are")
    action.add_argument("--release", action="store_true",
                        help="mark the number as released: from now on its headers stay")
    options = parser.parse_args(arguments)

    headers = read_headers(options.root)
    found = NUMBER.search(headers.get("plugin.h", ""))
    if found is None:
        print(f"{HEADERS}/plugin.h has no line '#define EMBEDQ_API_VERSION <number>'")
        return 1
    number = int(found[1])
    now = {header: sum_of(text) for header, text in headers.items()}
    sums = Sums(options.root / SUMS)
    told = faults(number, now, sums)
    if options.record:
        told = [sentence for sentence in told if "which is released" in sentence]
        if not told:
            sums.states.setdefault(number, "open")
            sums.sums[number] = now
            sums.write()
    elif options.release and not told:
        sums.states[number] = "released"
        sums.write()
    for sentence in told:
        print(sentence)
    if not told:
        print(f"plugin API {number} ({sums.states[number]}): {len(now)} headers as recorded")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
