#!/usr/bin/env python3
"""Compares the contract's headers with the plugin API number: api.py [--root DIR] [--record | --release].

A plugin and its host must agree on every type of core/include/embedq, which they check with EMBEDQ_API_VERSION.
core/api.sums has the SHA-256 of each header under each number. A number is `open` until it is released: until then a
change is recorded with --record. Once it is `released` (--release), a changed or deleted header needs the next number;
only a new header may still be recorded.

The sum is that of the header's tokens: comments, white space, line breaks and the order of #include lines do not change
it.
"""

import argparse
import hashlib
import pathlib
import re
import sys
from typing import NamedTuple

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

    A preprocessor line ends with a line break, as in C++; the #include lines come first, sorted.
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


class Fault(NamedTuple):
    text: str  # a sentence with what to do
    recordable: bool  # whether --record accepts the change


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
    """The differences from what was recorded."""
    if number not in sums.states:
        return [Fault(f"EMBEDQ_API_VERSION is {number}, but {SUMS} has no sums for it; run: {RECORD}", True)]
    before = sums.sums.get(number, {})
    found = []
    for header in sorted(before.keys() | now.keys()):
        what = ("is new" if header not in before else "is gone" if header not in now else
                "changed" if before[header] != now[header] else None)
        if what is None:
            continue
        if sums.states[number] != "released" or what == "is new":
            found.append(Fault(f"{HEADERS}/{header} {what} while EMBEDQ_API_VERSION stayed {number}; no release has "
                               f"the old one, so if this is intended, run: {RECORD}", True))
        else:
            found.append(Fault(f"{HEADERS}/{header} {what} while EMBEDQ_API_VERSION stayed {number}, which is "
                               f"released: plugins built for it would be loaded and misread; set EMBEDQ_API_VERSION to "
                               f"{number + 1} in {HEADERS}/plugin.h, then run: {RECORD}", False))
    return found


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--record", action="store_true", help="write the sums of the current headers")
    action.add_argument("--release", action="store_true",
                        help="mark the number as released: from then on its headers must not change")
    options = parser.parse_args(arguments)

    headers = read_headers(options.root)
    version = NUMBER.search(headers.get("plugin.h", ""))
    if version is None:
        print(f"{HEADERS}/plugin.h has no line '#define EMBEDQ_API_VERSION <number>'")
        return 1
    number = int(version[1])
    now = {header: sum_of(text) for header, text in headers.items()}
    sums = Sums(options.root / SUMS)
    found = faults(number, now, sums)
    if options.record:
        found = [fault for fault in found if not fault.recordable]
        if not found:
            sums.states.setdefault(number, "open")
            sums.sums[number] = now
            sums.write()
    elif options.release and not found:
        sums.states[number] = "released"
        sums.write()
    for fault in found:
        print(fault.text)
    if not found:
        print(f"plugin API {number} ({sums.states[number]}): {len(now)} headers as recorded")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
