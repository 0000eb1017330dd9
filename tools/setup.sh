#!/usr/bin/env bash
# Installs what building and testing featly needs: Debian packages (only those that are missing, as
# root or with sudo) and .venv with the pinned wheels of requirements-dev.txt. Running it again
# changes nothing and takes a moment. Arguments are Debian packages wanted besides.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  binutils ca-certificates ccache cmake g++ git make mold ninja-build
  python3 python3-dev python3-venv
  libboost1.81-dev libcli11-dev libfmt-dev libgmock-dev libgtest-dev liblmdb-dev libprotobuf-dev lmdb-utils
  libspdlog-dev libsqlite3-dev libssl-dev libyaml-cpp-dev prometheus-cpp-dev protobuf-compiler
  "$@"
)

fail() {
  echo "setup: $*" >&2
  exit 1
}

# Names the packages that are not installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
    awk '$2 == "installed" {print $1}' || true)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(printf '%s\n' "$installed" | sort -u)
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=http_proxy,https_proxy,no_proxy,DEBIAN_FRONTEND "$@"
  else
    fail "installing packages needs root: run this as root, or install sudo"
  fi
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  # Debian's default Boost (1.74) and the 1.81 that featly needs exclude each other. Replacing the
  # one with the other is fine; removing anything else for it is the user's decision.
  local plan removed others
  plan=$(apt-get install --simulate --no-install-recommends "$@") || {
    echo "$plan" >&2
    fail "apt cannot install: $*"
  }
  removed=$(awk '$1 == "Remv" {print $2}' <<<"$plan")
  others=$(grep -v -E '^libboost.*-dev$' <<<"$removed" || true)
  if [ -n "$others" ]; then
    fail "installing $* would remove:" $others "- remove them yourself first if that is fine" \
      "(libboost1.81-dev and libboost1.74-dev exclude each other)"
  fi
  [ -z "$removed" ] || echo "setup: replacing" $removed "with libboost1.81-dev"
  as_root apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

command -v dpkg-query >/dev/null || fail "this needs Debian 12 (no dpkg found); see CONTRIBUTING.md"
mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  install_packages "${missing[@]}"
fi

# Debian's own Python: `python3` on PATH may be another one's shim, without headers.
base_python=/usr/bin/python3
# A .venv of another Python, or one that was moved (its scripts name the old path), is made anew.
venv_is_ours() {
  local version
  version=$("$base_python" -c 'import platform; print(platform.python_version())')
  grep -qsxF "version = $version" .venv/pyvenv.cfg &&
    [[ $(grep '^command = ' .venv/pyvenv.cfg) == *" $PWD/.venv" ]]
}
venv_is_ours || "$base_python" -m venv --clear "$PWD/.venv"
stamp=.venv/.requirements
wanted=$(sha256sum <requirements-dev.txt)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  echo "setup: installing requirements-dev.txt into .venv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    -r requirements-dev.txt
  echo "$wanted" >"$stamp"
fi
