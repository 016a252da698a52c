#!/usr/bin/env python3
"""Prints the medians of Google Benchmark's JSON files. Exit status 1 if a workload failed.

usage: medians.py FILE...
"""
import json
import statistics
import sys
from pathlib import Path

# Google Benchmark's own fields of a run; any other number is a counter of the workload.
OWN = {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations",
       "real_time", "cpu_time", "items_per_second", "bytes_per_second"}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def short(value, units, base=1000.0):
    for unit in units[:-1]:
        if value < base:
            return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
        value /= base
    return f"{value:.3g} {units[-1]}"


def median(runs, key):
    values = [run[key] for run in runs if key in run]
    return statistics.median(values) if values else None


def row(name, runs):
    times = [run["real_time"] * SECONDS[run["time_unit"]] for run in runs]
    middle = statistics.median(times)
    spread = (max(times) - min(times)) / middle * 100
    items, data = median(runs, "items_per_second"), median(runs, "bytes_per_second")
    counters = {key: median(runs, key) for key, value in runs[0].items()
                if key not in OWN and isinstance(value, (int, float)) and not isinstance(value, bool)}
    return [name.removesuffix("/real_time").removesuffix("/manual_time"), short(middle * 1e9, ["ns", "us", "ms", "s"]),
            f"{spread:.0f} %",
            short(items, ["/s", "k/s", "M/s", "G/s"]) if items else "",
            short(data, ["B/s", "kB/s", "MB/s", "GB/s"]) if data else "",
            "  ".join(f"{key} {value:.4g}" for key, value in counters.items())]


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for line in rows:
        cells = [cell.ljust(width) if i in (0, len(line) - 1) else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def show(path):
    runs = [run for run in json.loads(path.read_text())["benchmarks"]
            if run.get("run_type", "iteration") == "iteration"]
    failures = {run["name"]: run.get("error_message", "") for run in runs if run.get("error_occurred")}
    workloads = {}
    for run in runs:
        if not run.get("error_occurred"):
            workloads.setdefault(run["name"], []).append(run)
    if workloads:
        print()
        print_table([[path.stem, "median", "spread", "items", "bytes", ""]]
                    + [row(name, of) for name, of in workloads.items()])
    for name, message in failures.items():
        print(f"medians.py: {path.stem}: {name} failed: {message}", file=sys.stderr)
    return not failures


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    return 0 if all([show(Path(name)) for name in sys.argv[1:]]) else 1


if __name__ == "__main__":
    sys.exit(main())
