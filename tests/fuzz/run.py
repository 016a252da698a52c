#!/usr/bin/env python3
"""Runs libFuzzer's targets: run.py BUILD [SECONDS] [TARGET...]

BUILD is the preset's folder (build/fuzz). SECONDS is the time for each target, 15 by default. Inputs that a target
finds are kept below BUILD/corpus for the next run; those in the tree (corpus/NAME, NAME.dict) are the starting point.
An input that breaks a target is left in BUILD/findings: make a unit test of it, fix the bug, and run
`BUILD/bin/fuzz_NAME FILE` again.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGETS = ["answers", "config", "json", "yaml"]
# Folders of files in the tree that are seeds, too.
SEEDS = {"config": [HERE.parents[1] / "config" / "examples", HERE.parent / "broken"]}


def run(build, name, seconds):
    learnt, findings = build / "corpus" / name, build / "findings"
    learnt.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    command = [build / "bin" / f"fuzz_{name}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
               "-max_len=4096", "-print_final_stats=1", f"-dict={HERE / (name + '.dict')}",
               f"-artifact_prefix={findings}/{name}-", learnt, HERE / "corpus" / name, *SEEDS.get(name, [])]
    # -timeout reports a target that hangs; this is for one that cannot even report that.
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds + 120)
    executed = re.search(r"number_of_executed_units: *(\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    return done.returncode, int(executed[1]) if executed else 0, int(covered[-1]) if covered else 0, done.stderr


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    names = sys.argv[3:] or TARGETS
    failed = False
    with concurrent.futures.ThreadPoolExecutor(max(1, min(len(names), os.cpu_count() or 1))) as pool:
        results = pool.map(lambda name: run(build, name, seconds), names)
        for name, (status, executed, covered, output) in zip(names, results):
            print(f"fuzz_{name}: {executed:,} inputs in {seconds} s, {covered:,} edges: "
                  f"{'passed' if status == 0 else 'FAILED'}")
            # A target that ran no input has not passed.
            if status != 0 or executed == 0:
                failed = True
                print("\n".join(output.splitlines()[-60:]))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
