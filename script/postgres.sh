# Sourced after setup.sh: a PostgreSQL of our own, on a free loopback port, with its data in a folder that is thrown away.
# shellcheck shell=bash

postgres_folder=
postgres_pid=

# PostgreSQL refuses to run as root.
as_postgres() {
  if [[ $(id -u) == 0 ]]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# postgres_start [-c name=value]...: sets postgres_url. Commits are not forced to the disk unless fsync=on is passed.
postgres_start() {
  local bin port
  bin=$(pg_config --bindir 2>/dev/null) && [[ -x $bin/initdb ]] || bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  [[ -x $bin/initdb ]] || die "PostgreSQL is missing: no initdb in $bin"
  postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/martlet-postgres.XXXXXX")
  if [[ $(id -u) == 0 ]]; then chown postgres "$postgres_folder"; fi
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
}

postgres_stop() {
  [[ -n $postgres_folder ]] || return 0
  if [[ -n $postgres_pid ]]; then
    kill -INT "$postgres_pid" 2>/dev/null || true
    for _ in $(seq 100); do
      kill -0 "$postgres_pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -QUIT "$postgres_pid" 2>/dev/null || true
  fi
  rm -rf "$postgres_folder"
  postgres_folder=
}
