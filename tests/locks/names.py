#!/usr/bin/env python3
"""Reports where product code uses a lock that clang does not check, or a sleep that no stop ends: names.py [ROOT].

The replacements are in core/sync; its locks work with std::condition_variable_any and stop tokens. plugins/sdk/template
is exempt: authors of plugins have only the contract and the standard library.
"""

import pathlib
import re
import subprocess
import sys

PRODUCT = ("core/", "backends/", "plugins/", "providers/", "config/")
EXEMPT = ("core/sync/", "plugins/sdk/template/")
SOURCE = re.compile(r".*\.(h|hpp|cpp|cc|inc|ipp)(\.in)?$")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
SYNC_MAY_INCLUDE = re.compile(r"sync/|embedq/(?!support/)")
REPLACEMENTS = {
    r"(?:recursive_|timed_|recursive_timed_)?mutex": "sync::Mutex",
    r"shared_(?:timed_)?mutex": "sync::SharedMutex",
    r"lock_guard|unique_lock|scoped_lock": "sync::Lock",
    r"shared_lock": "sync::ReaderLock",
    r"condition_variable": "std::condition_variable_any",
    r"this_thread::sleep_(?:for|until)": "sync::sleep_for or sync::sleep_until",
}
FORBIDDEN = [(re.compile(rf"\bstd::({names})\b"), replacement) for names, replacement in REPLACEMENTS.items()]


def sources(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                            text=True)
    names = (listed.stdout.splitlines() if listed.returncode == 0
             else [str(path.relative_to(root)) for path in root.rglob("*")])
    return sorted(name for name in set(names)
                  if SOURCE.match(name) and name.startswith(PRODUCT) and (root / name).is_file())


def violations(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("//")[0]
        included = INCLUDE.match(code)
        if name.startswith("core/sync/") and included and not SYNC_MAY_INCLUDE.match(included[1]):
            yield f"{name}:{number} includes {included[1]}: core/sync may include only itself and the contract"
        if name.startswith(EXEMPT):
            continue
        for pattern, replacement in FORBIDDEN:
            for found in pattern.findall(code):
                yield (f"{name}:{number} uses std::{found}: use {replacement} (core/sync), so that clang checks the "
                       "lock and a stop ends the wait")


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    names = sources(root)
    faults = [fault for name in names
              for fault in violations(name, (root / name).read_text(encoding="utf-8", errors="replace"))]
    for fault in faults:
        print(fault)
    print(f"locks: {len(names)} sources: {'no violation' if not faults else f'{len(faults)} violations'}")
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main())
