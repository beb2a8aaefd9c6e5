#!/bin/sh
# As the published image does on its first start: a database cluster of the wanted user, the
# scripts of /docker-entrypoint-initdb.d under a server that nobody reaches from outside, then the
# real server, on all addresses.
set -eu

for dir in /usr/lib/postgresql/*/bin; do
    export PATH="$dir:$PATH"
done

if [ "${1#-}" != "$1" ]; then
    set -- postgres "$@"
fi
if [ "$1" != postgres ]; then
    exec "$@"
fi

# The server refuses to be root.
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /run/postgresql
    chown -R postgres:postgres "$PGDATA" /run/postgresql
    chmod 700 "$PGDATA"
    chmod 3777 /run/postgresql
    # By path: of the name alone busybox would take its own applet, which can do less.
    exec /usr/bin/setpriv --reuid=postgres --regid=postgres --clear-groups -- "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:=}" "${POSTGRES_USER:=postgres}" "${POSTGRES_HOST_AUTH_METHOD:=}"
    : "${POSTGRES_DB:=$POSTGRES_USER}"
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
        cat >&2 <<'TEXT'
Error: Database is uninitialized and superuser password is not specified.
       You must specify POSTGRES_PASSWORD to a non-empty value for the
       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".

       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all
       connections without a password. This is *not* recommended.
TEXT
        exit 1
    fi
    # Not as the published image: the C locale, because there is no other here; and without writing
    # to disk at once, because what is lost with the machine is lost with the container anyway.
    password=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password"
    eval 'initdb --username="$POSTGRES_USER" --pwfile="$password" --locale=C --encoding=UTF8 \
        --no-sync '"${POSTGRES_INITDB_ARGS:-}"
    rm -f "$password"
    method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
    printf "\nlisten_addresses = '*'\n" >> "$PGDATA/postgresql.conf"
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"

    # pg_ctl sends this server's log to standard output; the real one's goes to standard error.
    # Clients count on both.
    shift
    pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses='' -c fsync=off $*" \
        start
    set -- postgres "$@"
    sql() {
        PGHOST='' PGPASSWORD="$POSTGRES_PASSWORD" psql --set=ON_ERROR_STOP=1 --no-password \
            --no-psqlrc --username="$POSTGRES_USER" "$@"
    }
    if [ "$POSTGRES_DB" != postgres ]; then
        sql --dbname=postgres --set=db="$POSTGRES_DB" <<'SQL'
CREATE DATABASE :"db";
SQL
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) . "$script" ;;
            *.sql) sql --dbname="$POSTGRES_DB" --file="$script" ;;
        esac
    done
    pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
    printf '\nPostgreSQL init process complete; ready for start up.\n\n'
fi

exec "$@"
