#!/usr/bin/env bash
# Runs the micro benchmarks. Prints facts about the machine, then a table of medians for each program.
#
# usage: benchmarks/run.sh [BUILD_FOLDER]        (build/release)
#   Google Benchmark's JSON is written to BUILD_FOLDER/bench/PROGRAM.json.
#   BENCH_ONLY=REGEX          programs to run, of those in BUILD_FOLDER/bin/*_bench
#   BENCH_FILTER=REGEX        workloads to run
#   BENCH_REPETITIONS=5 BENCH_MIN_TIME=0.2
#   BENCH_STORES="FILE…"      YAML files whose stores are measured, instead of micro/stores/*.yaml
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${1:-build/release}
if [ ! -d "$build/bin" ]; then
    echo "run.sh: the folder $build/bin does not exist; build with: make bench" >&2
    exit 2
fi
out=$build/bench
mkdir -p "$out"

cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
commit=$(git -C "$here" rev-parse --short=12 HEAD 2> /dev/null || echo unknown)
[ -z "$(git -C "$here" status --porcelain 2> /dev/null)" ] || commit="$commit, with changes"
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
compiler=$("$(cached CMAKE_CXX_COMPILER)" --version | head -n 1)
memory=$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)
temporary=$(df --output=fstype "${TMPDIR:-/tmp}" | tail -n 1)

cat << FACTS
cpu         $cpu, $(nproc) cores
memory      $memory
system      $(uname -sr), $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)
compiler    $compiler, $(cached CMAKE_BUILD_TYPE)
commit      $commit
load        $(cut -d ' ' -f 1-3 /proc/loadavg) before the start
databases   below ${TMPDIR:-/tmp}, $temporary
FACTS

read -r -a stores <<< "${BENCH_STORES:-}"
found=0
failed=0
for program in "$build"/bin/*_bench; do
    name=$(basename "$program")
    [ -x "$program" ] || continue
    [[ $name =~ ${BENCH_ONLY:-.} ]] || continue
    arguments=()
    if [ "$name" = store_bench ]; then
        for yaml in "${stores[@]}"; do arguments+=(--config "$yaml"); done
    fi
    rm -f "$out/$name.json"
    if ! "$program" "${arguments[@]}" --benchmark_filter="${BENCH_FILTER:-.}" \
        --benchmark_min_time="${BENCH_MIN_TIME:-0.2}" --benchmark_repetitions="${BENCH_REPETITIONS:-5}" \
        --benchmark_context="commit=${commit//,/}" --benchmark_out="$out/$name.json" --benchmark_out_format=json \
        > "$out/$name.log" 2>&1; then
        echo "run.sh: $name failed:" >&2
        tail -n 20 "$out/$name.log" >&2
        failed=1
        continue
    fi
    [ -s "$out/$name.json" ] || continue  # the filter leaves no workload of this program
    found=1
    python3 "$here/micro/medians.py" "$out/$name.json" || failed=1
done
if [ "$found$failed" = 00 ]; then
    echo "run.sh: no program $build/bin/*_bench that matches '${BENCH_ONLY:-.}' has a workload that matches" \
        "'${BENCH_FILTER:-.}'; build with: make bench" >&2
    exit 2
fi
exit "$failed"
