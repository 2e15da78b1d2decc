# Sourced by the other scripts: where we are, how to say things, what the machine must have.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# What the engine is linked with.
packages_build=(libuv1-dev libssl-dev libpq-dev libsqlite3-dev libyaml-dev libre2-dev zlib1g-dev libbrotli-dev pkg-config procps)
# What the tests talk to and are written with.
packages_test=(postgresql pgbouncer sqlite3 python3-venv jq curl strace)
# What reads the documentation page.
packages_browser=(chromium)
# What the measurements compare with.
packages_bench=(libjansson-dev nginx-light wrk)

# Tests are built apart, with coverage, so that neither build undoes the other.
test_flags=(--scratch-path .build/tests --enable-code-coverage)

# Installs the Debian packages that are missing, and nothing where all are there.
need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian machine: have these ready yourself: $*"
    return 0
  fi
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return 0
  local as_root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || die "run this as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! {
    "${as_root[@]}" apt-get update -qq &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "could not install: ${missing[*]}"
  fi
  rm -f "$log"
}

need_swift() {
  command -v swift >/dev/null || die "the Swift toolchain (6.3 or later) is not on the PATH: https://www.swift.org/install"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
  [[ $(printf '%s\n6.3\n' "$version" | sort -V | head -n 1) == 6.3 ]] || die "Swift $version is too old: 6.3 or later is needed"
}

# Runs `swift build ...`. The compiler's driver now and then misses the end of a compiler that it started and waits for it
# for ever (seen with 6.3.1 on busy machines): a driver whose compiler has been dead for 20 s is ended, and the build, which
# keeps what it has done, is run again.
patient_swift_build() {
  local attempt build status stuck driver
  for attempt in 1 2 3 4 5; do
    swift build "$@" &
    build=$!
    stuck=0
    declare -A dead=()
    while kill -0 "$build" 2>/dev/null; do
      sleep 1
      while read -r driver zombie; do
        dead[$zombie]=$((${dead[$zombie]:-0} + 1))
        if ((dead[$zombie] == 20)); then
          kill -9 "$driver" 2>/dev/null || true
          stuck=1
        fi
      done < <(dead_compilers "$build")
    done
    status=0
    wait "$build" || status=$?
    # A build whose driver was ended may call itself complete, and is not.
    if ((stuck == 0)); then return "$status"; fi
    say "the compiler's driver hung; building again (attempt $((attempt + 1)))"
  done
  return 1
}

# Drivers below a process that have not noticed the end of a compiler: `driver zombie`, a line each.
dead_compilers() {
  ps -eo pid=,ppid=,stat=,comm= | awk -v top="$1" '
    { parent[$1] = $2; state[$1] = $3; name[$1] = $4 }
    END {
      for (pid in state) {
        if (state[pid] !~ /^Z/ || name[pid] !~ /^swift/ || name[parent[pid]] !~ /^swift(c|-driver)$/) continue
        for (up = parent[pid]; up > 1 && up != top; up = parent[up]);
        if (up == top) print parent[pid], pid
      }
    }'
}

# A TCP port of the loopback address that nobody listens on.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A Python environment in .build/NAME with the packages of a requirements file; made again only when the file changes.
# Prints the path of its python.
python_environment() {
  local folder="$root/.build/$1" requirements=$2
  if ! cmp -s "$requirements" "$folder/requirements.txt"; then
    rm -rf "$folder"
    {
      python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    } >&2 || die "could not make a Python environment with $requirements"
    cp "$requirements" "$folder/requirements.txt"
  fi
  printf '%s\n' "$folder/bin/python"
}
