#!/usr/bin/env bash
# The taxi example from recorded trips to a prediction. Run it as often as you like: everything it
# makes lies in work/. Uses the featly of this clone (build/ and .venv), or else the one in PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)

featly=${FEATLY:-$root/build/featly}
[ -x "$featly" ] || featly=$(command -v featly)
python=${PYTHON:-$root/.venv/bin/python}
[ -x "$python" ] || python=$(command -v python3)
export FEATLY_PYTHON=${FEATLY_PYTHON:-$python}
# scikit-learn asks lscpu for the cores, and warns at length on a minimal system that lacks it.
export LOKY_MAX_CPU_COUNT=${LOKY_MAX_CPU_COUNT:-$(nproc)}

rm -rf work
mkdir work

number=0
step() { # step TITLE COMMAND...: shows the command and its time
  local title=$1
  shift
  number=$((number + 1))
  printf '\n[%d] %s\n' "$number" "$title"
  local shown
  printf -v shown '%q ' "$@"
  shown=${shown//"$featly"/featly}
  printf '    $ %s\n' "${shown//"$python"/python}"
  local began=$EPOCHREALTIME
  "$@" 2>&1 | sed 's/^/    /'
  printf '    (%s s)\n' "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')"
}

step "Make hourly statistics of zones and boroughs from the recorded trips" \
  "$python" prepare.py
step "Register the features" \
  "$featly" -c feature_repo apply
step "Build the training set: each trip with what was known before its pickup" \
  "$featly" -c feature_repo training-set --entities ../work/trips.parquet \
  --feature-service tip_model --out ../work/training.parquet
step "Train a model of the tip" \
  "$python" train.py
step "Load the newest values into the online store" \
  "$featly" -c feature_repo materialize 2019-03-01 2019-04-02
step "Look up one zone" \
  "$featly" -c feature_repo get-online-features -e "pickup_zone=JFK Airport" \
  --features zone_stats:trips_day zone_stats:mean_tip_week zone_stats:mean_fare_week

exec 3< <(exec "$featly" -c feature_repo serve --port 0 2>work/serve.log)
server_pid=$!
trap 'kill "$server_pid" 2>/dev/null || true' EXIT
read -r line <&3 || { cat work/serve.log; exit 1; }
step "Predict the tips of trips that begin now, with features from 'featly serve'" \
  "$python" predict.py --server "${line##* }"
