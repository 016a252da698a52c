#!/usr/bin/env python3
"""Compiles each file of sources/ with clang's -Wthread-safety and compares the diagnostics with the source:
diagnostics.py [ROOT]

A line that clang must refuse ends with `// error: …`, the beginning of the expected diagnostic. Every other line must
be accepted.
"""

import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77
DIAGNOSTIC = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<text>.*)$", re.MULTILINE)
EXPECTED = re.compile(r"// error: (.*)$")


def check(compiler, root, source):
    command = [compiler, "-fsyntax-only", "-std=c++23", "-Wthread-safety", "-Werror", "-Wno-deprecated-declarations",
               "-fno-caret-diagnostics", f"-I{root / 'core'}", f"-I{root / 'core/include'}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    reported = {(pathlib.Path(found["file"]).name, int(found["line"])): found["text"]
                for found in DIAGNOSTIC.finditer(done.stderr)}
    expected = {(source.name, number): found[1] for number, line in enumerate(source.read_text().splitlines(), 1)
                if (found := EXPECTED.search(line))}
    for place, text in expected.items():
        if not reported.pop(place, "").startswith(text):
            yield f"{place[0]}:{place[1]}: clang does not report '{text}', but:\n{done.stderr or 'nothing'}"
    for place, text in reported.items():
        yield f"{place[0]}:{place[1]}: clang reports '{text}', which is not expected"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    compiler = shutil.which("clang++-19") or shutil.which("clang++")
    if compiler is None:
        print("skipped: there is no clang++; make setup installs it")
        return SKIPPED
    files = sorted((root / "tests/locks/sources").glob("*.cpp"))
    faults = [fault for file in files for fault in check(compiler, root, file)]
    for fault in faults:
        print(fault)
    print(f"{len(files)} sources: {'all diagnostics as expected' if not faults else f'{len(faults)} differences'}")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
