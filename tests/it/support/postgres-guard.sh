#!/bin/sh
# Runs one throw-away Postgres cluster while a process holds a lock on DIRECTORY/lease, and for PATIENCE seconds after
# that. Then it stops the cluster and removes DIRECTORY. postgres.rs starts this script, and describes the protocol.
#
#   PGPASSWORD=… postgres-guard.sh DIRECTORY BIN PORT PATIENCE FSYNC
#
# Prints "ready" once the cluster accepts connections. If this script is killed, the cluster ends, too.
set -u
directory=$1 bin=$2 port=$3 patience=$4 fsync=$5
data=$directory/data

exec 8<>"$directory/lease" 9<>"$directory/guard"
flock --exclusive --nonblock 9 || exit 1
exec 2>"$directory/log"

# The Postgres server refuses to run as root.
as_owner() { exec "$@"; }
owner=
umask 077
if [ "$(id -u)" -eq 0 ]; then
    owner=postgres
    as_owner() {
        exec setpriv --reuid="$owner" --regid="$(id -g "$owner")" --init-groups "$@"
    }
fi

postmaster=
stop() {
    if [ -n "$postmaster" ]; then
        kill -INT "$postmaster" 2>/dev/null
        wait "$postmaster"
    fi
    # The folder is renamed before it is removed, so that no process finds it half removed.
    mv "$directory" "$directory.$$" && rm -rf "$directory.$$"
    exit "$1"
}
trap 'stop 0' HUP INT TERM

rm -rf "$data"
install -d -m 700 ${owner:+-o "$owner"} "$data" || exit 1
install -m 600 ${owner:+-o "$owner"} /dev/null "$directory/password" || exit 1
printf '%s\n' "$PGPASSWORD" >"$directory/password"

# Most production clusters use this collation, not C. With it, no list gets its order by accident.
(
    cd / && as_owner "$bin/initdb" --pgdata="$data" --username=postgres --pwfile="$directory/password" \
        --auth=password --encoding=UTF8 --locale-provider=icu --icu-locale=und --locale=C.UTF-8 --no-sync
) >&2 || exit 1
rm "$directory/password"

(
    cd / && as_owner setpriv --pdeathsig=QUIT "$bin/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c max_connections=400 -c fsync="$fsync" -c timezone=UTC
) </dev/null >&2 8>&- 9>&- &
postmaster=$!

export PGHOST=127.0.0.1 PGPORT="$port" PGUSER=postgres PGDATABASE=postgres
until "$bin/pg_isready" --quiet; do
    kill -0 "$postmaster" 2>/dev/null || exit 1
    sleep 0.05
done
# The server under test is not a superuser, so a missing right shows in the tests.
printf '%s\n' "CREATE ROLE muniment LOGIN PASSWORD '$PGPASSWORD'" |
    "$bin/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 >&2 || exit 1

echo ready
exec >/dev/null

unused_for=0
while kill -0 "$postmaster" 2>/dev/null; do
    if ! flock --exclusive --nonblock 8; then
        unused_for=0
    elif [ "$unused_for" -ge "$patience" ]; then
        stop 0
    else
        flock --unlock 8
        unused_for=$((unused_for + 1))
    fi
    sleep 1 8>&- 9>&-
done
postmaster=
