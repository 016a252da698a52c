#!/usr/bin/env python3
"""Measures the phases of `make test` and summarizes the results at the end.

    report.py begin FOLDER                      empties the folder
    report.py run FOLDER PHASE -- COMMAND...    runs a command, and records how long it took
    report.py shown FILE                        prints the output of those tests in a JUnit file with the label `shown`
    report.py show FOLDER                       the table of phases, the ten slowest tests, the last lines of each test
                                                that failed, and the number of test cases

Test runners write JUnit files to FOLDER/PHASE: `*.xml` has an entry for each test. If a test is a program with cases of
its own, gtest writes them to Testing/cases/TEST.xml in the build folder with the phase's name beside FOLDER, and these
cases are counted.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

SLOWEST = 10
LAST_LINES = 15


def run(folder, phase, command):
    (folder / phase).mkdir(parents=True, exist_ok=True)
    print(f"=== {phase}", flush=True)
    began = time.monotonic()
    status = subprocess.run(command).returncode
    took = time.monotonic() - began
    with open(folder / "phases.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps({"phase": phase, "seconds": took, "status": status}) + "\n")
    print(f"=== {phase}: {'passed' if status == 0 else f'FAILED with status {status}'} after {took:.0f} s", flush=True)
    if status != 0:
        show(folder)
    return 1 if status else 0


def cases(path):
    """(name, seconds, result) of each entry of a JUnit file."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        suite = case.get("classname") or ""
        name = case.get("name") if suite in ("", case.get("name")) else f"{suite}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            result = "failed"
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            result = "skipped"
        else:
            result = "passed"
        yield name, float(case.get("time") or 0), result


def read_phase(folder):
    """The tests of a phase with their times, and how many cases passed, failed and were skipped."""
    tests, counts = [], {"passed": 0, "failed": 0, "skipped": 0}
    inside = {path.stem: path for path in (folder.parent.parent / folder.name / "Testing" / "cases").glob("*.xml")}
    for path in sorted(folder.glob("*.xml")):
        for name, seconds, result in cases(path):
            tests.append((seconds, name))
            own = [each for _, _, each in cases(inside[name])] if name in inside else []
            for each in own or [result]:
                counts[each] += 1
            if result == "failed" and "failed" not in own:
                counts["failed"] += bool(own)  # all its cases passed, but the test failed
    return tests, counts


def failed_outputs(folder):
    """(name, last lines) of each test of a phase that failed."""
    for path in sorted(folder.glob("*.xml")):
        failed = {name for name, _, result in cases(path) if result == "failed"}
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            if {case.get("name"), f"{case.get('classname')}.{case.get('name')}"} & failed:
                texts = [case.findtext(part) or "" for part in ("system-out", "failure", "error")]
                yield case.get("name"), "\n".join(texts).strip().splitlines()[-LAST_LINES:]


def show(folder):
    phases = [json.loads(line) for line in (folder / "phases.jsonl").read_text().splitlines()]
    total = {"passed": 0, "failed": 0, "skipped": 0}
    slowest = []
    print(f"\n{'phase':<12} {'seconds':>8} {'passed':>8} {'failed':>8} {'skipped':>8}")
    for phase in phases:
        tests, counts = read_phase(folder / phase["phase"])
        slowest += [(seconds, phase["phase"], name) for seconds, name in tests]
        for key in total:
            total[key] += counts[key]
        # A phase without tests of its own passes or fails as a whole.
        if not tests:
            total["passed" if phase["status"] == 0 else "failed"] += 1
        numbers = " ".join(f"{counts[key]:>8,}" if tests else f"{'':>8}" for key in total)
        print(f"{phase['phase']:<12} {phase['seconds']:>8.0f} {numbers}{'' if phase['status'] == 0 else '  FAILED'}")
    # Phases may run beside each other.
    print(f"{'all':<12} {time.time() - (folder / 'began').stat().st_mtime:>8.0f}")
    print(f"\nthe {SLOWEST} slowest tests")
    for seconds, phase, name in sorted(slowest, reverse=True)[:SLOWEST]:
        print(f"  {seconds:>7.1f} s  {phase}: {name}")
    for phase in phases:
        for name, lines in failed_outputs(folder / phase["phase"]):
            print(f"\nthe end of what {phase['phase']}: {name} printed")
            print("\n".join(f"  {line}" for line in lines))
    print(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped", flush=True)


def shown(path):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        labels = [row.get("value") for row in case.iter("property") if row.get("name") == "cmake_labels"]
        if any("shown" in (label or "").split(";") for label in labels):
            print(f"\n--- {case.get('name')}\n{(case.findtext('system-out') or '').strip()}")


def main():
    words = sys.argv[1:]
    if len(words) == 2 and words[0] == "begin":
        shutil.rmtree(words[1], ignore_errors=True)
        pathlib.Path(words[1]).mkdir(parents=True)
        (pathlib.Path(words[1]) / "began").touch()
    elif len(words) > 4 and words[0] == "run" and words[3] == "--":
        sys.exit(run(pathlib.Path(words[1]), words[2], words[4:]))
    elif len(words) == 2 and words[0] == "shown":
        shown(pathlib.Path(words[1]))
    elif len(words) == 2 and words[0] == "show":
        show(pathlib.Path(words[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
