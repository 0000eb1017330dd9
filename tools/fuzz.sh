#!/usr/bin/env bash
# Runs the libFuzzer programs of a build tree, all or those named, for SECONDS each, one a core at a
# time. Starts from the seeds in tests/fuzz/seeds and what earlier runs found in the tree; a finding
# is kept there and fails the run.
#
#   tools/fuzz.sh BUILD_TREE SECONDS [NAME...]
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$1 seconds=$2
shift 2
export ARROW_DEFAULT_MEMORY_POOL=system UBSAN_OPTIONS=print_stacktrace=1

fuzz() {
  local name=$1 work=$tree/fuzz/$1
  mkdir -p "$work/corpus"
  # A long line is as good as a long file; what is slow for its size is a finding too.
  "$tree/tests/fuzz/${name}_fuzz" "$work/corpus" "tests/fuzz/seeds/$name" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -artifact_prefix="$work/" -print_final_stats=1 >"$work/log" 2>&1 || {
    echo "fuzz: $name found something; see $work/log" >&2
    tail -n 40 "$work/log" >&2
    return 1
  }
  awk -v name="$name" '/stat::number_of_executed_units/ {runs = $2} /stat::average_exec/ {rate = $2}
    END {printf "%s: %d inputs, %d a second, nothing found\n", name, runs, rate}' "$work/log"
}
export -f fuzz
export tree seconds

if [ $# -eq 0 ]; then
  mapfile -t found < <(find tests/fuzz/seeds -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)
  set -- "${found[@]}"
fi
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -euo pipefail -c 'fuzz {}'
