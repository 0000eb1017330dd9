#!/usr/bin/env bash
# Tries a fresh Debian 12: makes a minimal system in a folder, puts a clone of HEAD into it, enters it
# by chroot and runs `make quickstart` twice and `make test`.
#
#   tools/fresh_machine.sh [--user] [--keep] [FOLDER] [-- COMMAND...]
#
# --user   works as an ordinary user with sudo instead of root
# --keep   leaves FOLDER behind (it may be entered again by running the script on it)
# COMMAND  is run instead of the three
#
# Needs root and debootstrap. The way this machine reaches its packages - apt sources, pip's
# configuration, proxies, extra CA certificates - is carried over.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)

user=root
keep=false
root=
while [ $# -gt 0 ]; do
  case $1 in
    --user) user=dev ;;
    --keep) keep=true ;;
    --) shift; break ;;
    -*) echo "fresh_machine: unknown option $1" >&2; exit 2 ;;
    *) root=$1 ;;
  esac
  shift
done
commands=("make quickstart" "make quickstart" "make test")
[ $# -eq 0 ] || commands=("$*")
[ "$(id -u)" = 0 ] || { echo "fresh_machine: debootstrap and chroot need root" >&2; exit 1; }
command -v debootstrap >/dev/null ||
  { echo "fresh_machine: install debootstrap first (apt-get install debootstrap)" >&2; exit 1; }
[ -n "$root" ] || root=$(mktemp -d)
mkdir -p "$root"
root=$(cd "$root" && pwd)
$keep || trap 'rm -rf --one-file-system "$root"' EXIT

# The mirror this machine's apt uses, or debootstrap's own default.
mirror() {
  apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "bookworm" {print $2; exit}'
}

# Copies files and folders of this machine to the same place in the new one, where they exist here.
carry() {
  local path
  for path in "$@"; do
    [ -e "$path" ] || continue
    mkdir -p "$root$(dirname "$path")"
    cp -rL "$path" "$root$(dirname "$path")/"
  done
}

carry_configuration() {
  rm -f "$root/etc/apt/sources.list"
  carry /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/preferences.d \
    /etc/apt/keyrings /etc/apt/trusted.gpg.d /usr/share/keyrings /etc/resolv.conf /etc/hosts \
    /etc/pip.conf /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt
  local file place
  for file in "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    [ -e "$file" ] && cp "$file" "$root/etc/pip.conf"
  done
  for place in ${PIP_FIND_LINKS:-}; do
    case $place in /*) carry "$place" ;; esac
  done
}

# The environment of the new machine: a clean one, and what tells programs how to reach the network.
environment() {
  echo "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  echo "LC_ALL=C.UTF-8"
  env | grep -E -i '^(https?_proxy|ftp_proxy|all_proxy|no_proxy|pip_[a-z_]+|ssl_cert_(file|dir)|requests_ca_bundle|curl_ca_bundle)=' || true
}

# Runs a command in the new machine, in the clone, with /proc, /dev and /tmp of its own: they go
# when the command ends.
inside() {
  local home=/root
  [ "$user" = root ] || home=/home/$user
  local -a variables
  mapfile -t variables < <(environment)
  unshare --mount --pid --fork --kill-child bash -euc '
    root=$1 user=$2 home=$3 command=$4
    shift 4
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/dev/shm"
    exec chroot --userspec="$user" "$root" /usr/bin/env -i HOME="$home" USER="$user" "$@" \
      bash -c "cd ~/featly && $command"
  ' inside "$root" "$user" "$home" "$1" "${variables[@]}" </dev/null
}

if [ ! -e "$root/etc/debian_version" ]; then
  echo "== a minimal Debian 12 in $root"
  log=$(mktemp)
  # shellcheck disable=SC2046
  debootstrap --variant=minbase --include=ca-certificates,git,make bookworm "$root" $(mirror) \
    >"$log" 2>&1 || { tail -20 "$log" >&2; exit 1; }
  rm -f "$log"
fi
carry_configuration
home=/root
if [ "$user" != root ]; then
  home=/home/$user
  chroot "$root" bash -euc 'apt-get update -qq; apt-get install -y -qq sudo >/dev/null'
  chroot "$root" id "$user" >/dev/null 2>&1 || chroot "$root" useradd -m -s /bin/bash "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
fi
if [ ! -e "$root$home/featly" ]; then
  git clone --quiet --no-hardlinks "$repository" "$root$home/featly"
  chroot "$root" chown -R "$user:" "$home/featly"
fi

for command in "${commands[@]}"; do
  echo "== $command"
  started=$SECONDS
  inside "$command"
  echo "== $command: done in $((SECONDS - started)) s"
done
