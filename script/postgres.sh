# Sourced after setup.sh: a PostgreSQL of our own, on a free loopback port, with its data in a folder that is thrown away.
# shellcheck shell=bash

postgres_folder=
postgres_pid=
pooler_pid=

# PostgreSQL refuses to run as root.
as_postgres() {
  if [[ $(id -u) == 0 ]]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# The programs of the server that the machine has.
postgres_programs() {
  local bin
  bin=$(pg_config --bindir 2>/dev/null) && [[ -x $bin/initdb ]] || bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  [[ -x $bin/initdb ]] || die "PostgreSQL is missing: no initdb in $bin"
  printf '%s\n' "$bin"
}

# Major versions that PyPI has a server of: script/postgres/VERSION.txt names the package.
postgres_versions() { basename -s .txt script/postgres/*.txt | sort -n; }

# The programs of the server of a major version, installed from PyPI.
postgres_wheel() {
  local python bin
  python=$(python_environment "postgres-$1" "script/postgres/$1.txt")
  bin=$(find "${python%/bin/python}/lib" -path '*/pginstall/bin/initdb' -printf '%h\n' | head -n 1)
  [[ -n $bin ]] || die "PostgreSQL $1: the package has no initdb"
  printf '%s\n' "$bin"
}

# postgres_start [-c name=value]...: sets postgres_url. Commits are not forced to the disk unless fsync=on is passed.
# Where `postgres_bin` is set these programs are run, else those of the machine.
postgres_start() {
  local bin port
  bin=${postgres_bin:-$(postgres_programs)}
  postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/martlet-postgres.XXXXXX")
  if [[ -n ${postgres_bin:-} ]]; then
    # The user of the server may not be let into this folder; the libraries of a wheel stand beside its package.
    cp -r "${bin%/pginstall/bin}"* "$postgres_folder"
    bin=$postgres_folder/$(basename "${bin%/pginstall/bin}")/pginstall/bin
    chmod a+rx "$bin"/*
  fi
  if [[ $(id -u) == 0 ]]; then chown -R postgres "$postgres_folder"; fi
  port=$(free_port)
  (
    cd "$postgres_folder"
    as_postgres "$bin/initdb" -D "$postgres_folder/data" -U martlet -A trust -E UTF8 --locale=C --no-sync >"$postgres_folder/log" 2>&1
  ) || { cat "$postgres_folder/log" >&2; die "PostgreSQL: initdb failed"; }
  (
    cd "$postgres_folder"
    as_postgres "$bin/pg_ctl" -D "$postgres_folder/data" -l "$postgres_folder/server.log" -w -t 30 -s start \
      -o "-h 127.0.0.1 -p $port -k $postgres_folder -c fsync=off -c max_connections=300 -c log_min_messages=warning $*"
  ) >/dev/null || { cat "$postgres_folder/server.log" >&2; die "PostgreSQL did not start"; }
  postgres_pid=$(head -n 1 "$postgres_folder/data/postmaster.pid")
  "$bin/createdb" -h 127.0.0.1 -p "$port" -U martlet martlet
  postgres_url="postgres://martlet@127.0.0.1:$port/martlet"
  postgres_port=$port
}

# PgBouncer in transaction mode before that server; sets pooler_url. So few connections that every client gets everybody's.
pooler_start() {
  local port
  port=$(free_port)
  cat >"$postgres_folder/pgbouncer.ini" <<INI
[databases]
* = host=127.0.0.1 port=$postgres_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = trust
auth_file = $postgres_folder/pgbouncer.users
pidfile = $postgres_folder/pgbouncer.pid
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
INI
  printf '"martlet" ""\n' >"$postgres_folder/pgbouncer.users"
  # Not $!: that is the shell which waits for the pooler, and a signal to it leaves the pooler running.
  as_postgres pgbouncer --daemon --quiet "$postgres_folder/pgbouncer.ini" >"$postgres_folder/pgbouncer.log" 2>&1 ||
    { cat "$postgres_folder/pgbouncer.log" >&2; die "PgBouncer did not start"; }
  pooler_url="postgres://martlet@127.0.0.1:$port/martlet"
  for _ in $(seq 100); do
    if psql -X -q -c 'SELECT 1' "$pooler_url" >/dev/null 2>&1; then
      pooler_pid=$(<"$postgres_folder/pgbouncer.pid")
      return
    fi
    sleep 0.1
  done
  cat "$postgres_folder/pgbouncer.log" >&2
  die "PgBouncer did not start"
}

# ended PID SIGNAL: sends it, waits for the end, and insists after ten seconds.
ended() {
  kill "-$2" "$1" 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -QUIT "$1" 2>/dev/null || true
}

postgres_stop() {
  [[ -n $postgres_folder ]] || return 0
  if [[ -n $pooler_pid ]]; then ended "$pooler_pid" INT; fi
  pooler_pid=
  if [[ -n $postgres_pid ]]; then ended "$postgres_pid" INT; fi
  postgres_pid=
  rm -rf "$postgres_folder"
  postgres_folder=
}
