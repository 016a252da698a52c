#!/usr/bin/env python3
"""Reports lines of code that are longer than 120 columns: lines.py

Checks sources, build files, scripts and SQL; prose and YAML may be wider. A line that contains a single word of more
than 120 columns is exempt, since it cannot be broken.
"""

import pathlib
import subprocess
import sys

COLUMNS = 120
PATTERNS = ["*.h", "*.cpp", "*.py", "*.sh", "*.sql", "*.cmake", "CMakeLists.txt", "*.mjs", "Makefile", ".clang-tidy",
            "packages.txt"]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--", *PATTERNS], capture_output=True, text=True,
                            check=True)
    found = 0
    for name in listed.stdout.splitlines():
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > COLUMNS and max(map(len, line.split())) <= COLUMNS:
                print(f"{name}:{number}: {len(line)} columns, at most {COLUMNS} are allowed")
                found += 1
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
