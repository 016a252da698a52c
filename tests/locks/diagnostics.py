#!/usr/bin/env python3
"""Compiles each of sources/ with clang's -Wthread-safety, and compares what it says with the source:
diagnostics.py [ROOT]

A line that is to be refused ends with `// error: …`, the beginning of what clang says of it. Every other line must
pass.
"""

import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77
SAID = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<text>.*)$", re.MULTILINE)
WANTED = re.compile(r"// error: (.*)$")


def check(compiler, root, source):
    command = [compiler, "-fsyntax-only", "-std=c++23", "-Wthread-safety", "-Werror", "-Wno-deprecated-declarations",
               "-fno-caret-diagnostics", f"-I{root / 'core'}", f"-I{root / 'core/include'}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    said = {(pathlib.Path(found["file"]).name, int(found["line"])): found["text"]
            for found in SAID.finditer(done.stderr)}
    wanted = {(source.name, number): found[1] for number, line in enumerate(source.read_text().splitlines(), 1)
              if (found := WANTED.search(line))}
    for place, text in wanted.items():
        if not said.pop(place, "").startswith(text):
            yield f"{place[0]}:{place[1]}: clang does not say '{text}', but:\n{done.stderr or 'nothing'}"
    for place, text in said.items():
        yield f"{place[0]}:{place[1]}: clang says '{text}', which nobody expects"


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
    print(f"{len(files)} sources: {'clang says of each what it is to say' if not faults else f'{len(faults)} faults'}")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
