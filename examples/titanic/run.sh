#!/usr/bin/env bash
# The Titanic example from the list of passengers to a prediction. Run it as often as you like:
# everything it makes lies in work/. Uses the featly of this clone (build/ and .venv), or else the
# one in PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../steps.sh

step "Take the labels out of the list: who survived" \
  "$python" prepare.py
step "Register the features" \
  "$featly" -c feature_repo apply
step "Build the training set: each passenger with what the list says of them" \
  "$featly" -c feature_repo training-set --entities ../work/labels.csv \
  --feature-service survival_model --out ../work/training.parquet
step "Train a model of survival" \
  "$python" train.py
step "Load the passengers into the online store" \
  "$featly" -c feature_repo materialize-incremental "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
step "Look up one passenger" \
  "$featly" -c feature_repo get-online-features -e PassengerId=2 \
  --features person:Sex person:Age ticket:Pclass ticket:Fare

serve
step "Predict who survives, with features from 'featly serve'" \
  "$python" predict.py --server "$server"
