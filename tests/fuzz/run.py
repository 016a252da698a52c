#!/usr/bin/env python3
"""Runs libFuzzer's targets: run.py BUILD [SECONDS] [TARGET...]

BUILD is the preset's folder (build/fuzz); SECONDS, for each target, 15 by default. What a target learns is kept below
BUILD/corpus and used by the next run; what is in the tree (corpus/NAME, NAME.dict) is where all begin. An input that
breaks a target is left in BUILD/findings: make a unit test of it, fix the fault, and run `BUILD/bin/fuzz_NAME FILE`
again.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGETS = ["answers", "json", "yaml"]


def run(build, name, seconds):
    learnt, findings = build / "corpus" / name, build / "findings"
    learnt.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    command = [build / "bin" / f"fuzz_{name}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
               "-max_len=4096", "-print_final_stats=1", f"-dict={HERE / (name + '.dict')}",
               f"-artifact_prefix={findings}/{name}-", learnt, HERE / "corpus" / name]
    # A target that hangs is told by -timeout; this is for one that cannot even tell.
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
        for name, (status, executed, covered, told) in zip(names, results):
            print(f"fuzz_{name}: {executed:,} inputs in {seconds} s, {covered:,} edges: "
                  f"{'sound' if status == 0 else 'BROKEN'}")
            # One that ran nothing has shown nothing.
            if status != 0 or executed == 0:
                failed = True
                print("\n".join(told.splitlines()[-60:]))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
