#!/usr/bin/env bash
# From a clone to a prediction from online features: installs what is missing, builds, and runs
# examples/taxi on real data. Prints each step with its time.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
  local title=$1 started=$SECONDS
  shift
  echo "==> $title"
  "$@"
  echo "==> $title: done in $((SECONDS - started)) s"
  echo
}

step "Install what is missing" tools/setup.sh
step "Build featly and install it into .venv" make --no-print-directory build
PATH=$PWD/.venv/bin:$PATH
step "Run the main job on real data (examples/taxi)" examples/taxi/run.sh
echo "The quickstart took $SECONDS s."
