#!/usr/bin/env python3
"""`make check`: builds what a change touches and runs its tests: check.py BUILD_FOLDER [-j JOBS]

Those are the unit tests, the checks of the source tree (layering, contract) and the conformance kit on the memory and
SQLite stores. A test runs again if its program was built since the test last passed; BUILD_FOLDER/check.json remembers
that.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

LABELS = {"unit", "house"}
KIT = {"conformance_memory", "conformance_sqlite"}
OPENS_PLUGINS = re.compile(r"conformance|loader|registry|plugin")


def tests_of(build):
    """Name, labels and command of each test."""
    listed = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], capture_output=True, text=True,
                          check=True).stdout
    for test in json.loads(listed)["tests"]:
        labels = next((row["value"] for row in test.get("properties", []) if row["name"] == "LABELS"), [])
        yield test["name"], set(labels), test.get("command", [])


def state_of(build, name, command, house):
    """When the files that the test runs were last written."""
    files = [pathlib.Path(word) for word in command if word.startswith(str(build))]
    if OPENS_PLUGINS.search(name):
        files += sorted((build / "lib/embedq/plugins").glob("*.so")) + sorted((build / "tests").rglob("*.so"))
    return {str(file): file.stat().st_mtime_ns for file in files if file.exists()} or house


def house_state(root):
    """When any source or build file was last written."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                            text=True, check=True)
    return {"sources": max((root / name).stat().st_mtime_ns for name in listed.stdout.splitlines()
                           if (root / name).exists())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("-j", type=int, dest="jobs", default=os.cpu_count())
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    root = pathlib.Path(__file__).resolve().parents[1]
    began = time.monotonic()
    # New tests are known only after CMake has run again.
    chosen = {name: (labels, command) for name, labels, command in tests_of(build) if labels & LABELS or name in KIT}
    # Each test that runs something that is built has a target of its own name.
    targets = [name for name, (_, command) in chosen.items() if any(word.startswith(str(build)) for word in command)]
    done = subprocess.run(["cmake", "--build", str(build), f"-j{arguments.jobs}", "--target", *targets])
    built = time.monotonic()
    if done.returncode:
        sys.exit(done.returncode)

    memory = build / "check.json"
    known = json.loads(memory.read_text()) if memory.exists() else {}
    house = house_state(root)
    states = {name: state_of(build, name, command, house) for name, (_, command) in chosen.items()}
    todo = [name for name in chosen if known.get(name) != states[name]]
    status = 0
    if todo:
        pattern = "^(" + "|".join(map(re.escape, todo)) + ")$"
        results = build / "check.xml"
        status = subprocess.run(["ctest", "--test-dir", str(build), f"-j{2 * arguments.jobs}", "--output-on-failure",
                                 "--no-tests=error", "-R", pattern, "--output-junit", str(results)]).returncode
        passed = set(re.findall(r'<testcase name="([^"]+)"[^>]* status="run"', results.read_text()))
        memory.write_text(json.dumps({**known, **{name: states[name] for name in todo if name in passed}}))
    print(f"check: built in {built - began:.0f} s; {len(todo)} of {len(chosen)} tests run in "
          f"{time.monotonic() - built:.0f} s")
    sys.exit(status)


if __name__ == "__main__":
    main()
