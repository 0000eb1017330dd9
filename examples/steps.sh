# What the run.sh of every example begins with: which featly and which Python, an empty work/, and
# `step` and `serve`. Sourced in the example's folder.
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

serve() { # serve: starts `featly serve` on a free port until the script ends; sets $server
  exec 3< <(exec "$featly" -c feature_repo serve --port 0 2>work/serve.log)
  server_pid=$!
  trap 'kill "$server_pid" 2>/dev/null || true' EXIT
  local line
  read -r line <&3 || { cat work/serve.log; exit 1; }
  server=${line##* }
}
