#!/usr/bin/env bash
# The taxi example from recorded trips to a prediction. Run it as often as you like: everything it
# makes lies in work/. Uses the featly of this clone (build/ and .venv), or else the one in PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../steps.sh

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

serve
step "Predict the tips of trips that begin now, with features from 'featly serve'" \
  "$python" predict.py --server "$server"
