#!/usr/bin/env bash
# Runs a Tryton on PostgreSQL in a folder of its own, as plain processes of an unprivileged user; for development and
# tests. Usage: tools/erp/tryton.sh install|init|seed|start|stop|kill|psql FOLDER [ARGUMENTS]
#   install  the virtual environment, and PostgreSQL where it is missing and we may install it
#   init     a database with all modules and a company, running; what is there is thrown away
#   seed     ARGUMENTS orders; prints a JSON line for each
#   start    PostgreSQL and trytond; returns once both answer
#   stop     both
#   kill     trytond alone, with SIGKILL
#   psql     a query of the ERP's database, unaligned
set -euo pipefail
step=$1 folder=$2; shift 2
here=$(cd "$(dirname "$0")" && pwd)
pg_port=${ERP_PG_PORT:-54329} port=${ERP_PORT:-8069}
data=$folder/data log=$folder/log venv=$folder/venv config=$folder/trytond.conf
database=shipsync

pg_bin() { find /usr/lib/postgresql -maxdepth 2 -name bin -type d 2>/dev/null | sort -V | tail -1; }
# PostgreSQL does not run as root: there it runs as the user its package made.
unprivileged() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; else "$@"; fi
}
query() { "$(pg_bin)/psql" -h 127.0.0.1 -p "$pg_port" -U tryton -d "${2:-$database}" -AtX -v ON_ERROR_STOP=1 -c "$1"; }
answers() { python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null; }
wait_for() {
    local tries=600
    until answers "$1"; do
        [ $((tries -= 1)) -gt 0 ] || { echo "nothing answers at port $1; see $log" >&2; exit 1; }
        sleep 0.1
    done
}

install() {
    [ -n "$(pg_bin)" ] || { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy postgresql; }
    mkdir -p "$folder"
    [ -x "$venv/bin/python" ] || python3.11 -m venv "$venv"
    if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
        "$venv/bin/pip" install -q -r "$here/requirements.txt"
        cp "$here/requirements.txt" "$venv/installed.txt"
    fi
}
start_pg() {
    answers "$pg_port" && return
    unprivileged "$(pg_bin)/pg_ctl" -D "$data" -l "$log/postgresql.log" -w -s \
        -o "-p $pg_port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off" start
}
# A database with all modules and a company takes minutes to make, so one is kept to copy from.
init() {
    stop; configure
    if ! made_of | cmp -s - "$folder/template.txt"; then
        rm -rf "$data" "$log" "$folder/files"
        mkdir -p "$data" "$log" "$folder/files"
        [ "$(id -u)" != 0 ] || chown -R postgres "$data" "$log" "$folder/files"
        unprivileged "$(pg_bin)/initdb" -D "$data" -U tryton -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
        start_pg
        query "CREATE DATABASE template" postgres >/dev/null
        TRYTONPASSFILE=$folder/password "$venv/bin/trytond-admin" -c "$config" -d template --email admin@example.com \
            --activate-dependencies -u ir sale stock_package_shipping account_invoice_stock >"$log/init.log" 2>&1 ||
            { tail -20 "$log/init.log" >&2; exit 1; }
        fill template
        made_of > "$folder/template.txt"
    fi
    start_pg
    query "DROP DATABASE IF EXISTS $database" postgres >/dev/null
    query "CREATE DATABASE $database TEMPLATE template" postgres >/dev/null
}
configure() {
    printf %s "${TRYTON_PASSWORD:-shipsync-admin}" > "$folder/password"
    cat > "$config" <<CONF
[database]
uri = postgresql://tryton@127.0.0.1:$pg_port/
path = $folder/files
[web]
listen = 127.0.0.1:$port
CONF
}
made_of() { cat "$here/requirements.txt" "$here/seed.py" "$folder/password" | sha256sum; }
# fill DATABASE [ORDERS]
fill() {
    TRYTOND_CONFIG=$config TRYTOND_DATABASE_URI=postgresql://tryton@127.0.0.1:$pg_port/ \
        "$venv/bin/python" "$here/seed.py" "$folder" "$@"
}
start() {
    start_pg
    answers "$port" && return
    TRYTOND_CONFIG=$config TRYTOND_DATABASE_NAMES=$database setsid "$venv/bin/gunicorn" trytond.application:app \
        --workers "$((2 * $(nproc)))" --timeout 300 --bind "127.0.0.1:$port" >>"$log/trytond.log" 2>&1 </dev/null &
    echo $! > "$folder/trytond.pid"
    wait_for "$port"
}
# The process of trytond, where it runs; after a power cut its number may be another's.
running() {
    local pid; pid=$(cat "$folder/trytond.pid" 2>/dev/null || true)
    [ -z "$pid" ] || ! grep -qs trytond.application "/proc/$pid/cmdline" || echo "$pid"
}
# signal NAME [-]: to trytond, or (-) to all of its processes.
signal() { local pid; pid=$(running); [ -z "$pid" ] || kill "-$1" -- "${2:-}$pid" 2>/dev/null || true; }
gone() {
    local pid; pid=$(running)
    while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -f "$folder/trytond.pid"
}
stop() {
    signal TERM; gone
    [ ! -e "$data/postmaster.pid" ] || unprivileged "$(pg_bin)/pg_ctl" -D "$data" -m fast -w -s stop || true
}

case $step in
    install) install ;;
    init) init ;;
    start) configure; start ;;
    seed) fill "$database" "$1" ;;
    stop) stop ;;
    kill) signal KILL -; gone ;;
    psql) query "$1" ;;
    *) sed -n '2,10p' "$0"; exit 2 ;;
esac
