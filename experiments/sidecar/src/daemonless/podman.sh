# The steps of daemonless.yaml's agent by Podman, which has no daemon either and can run what it builds
# as containers: the database, too.
ready() {
    podman info
}

build() {
    echo "$text" > "$work/source" &&
        podman build --quiet --layers --tag job "$work" > /dev/null
}

run() {
    expected=$(cat "$work"/deps/* | sha256sum && echo "$text")
    said=$(podman run --rm --pull=never localhost/job) || return 1
    [ "$said" = "$expected" ] || fail "the job's image printed \`$said\`"
}

database() {
    podman run --quiet --detach --name database --env POSTGRES_PASSWORD=job postgres > /dev/null ||
        return 1
    within 60 podman exec database pg_isready --quiet --host 127.0.0.1
    answer=$(podman run --rm --network container:database --env PGPASSWORD=job postgres \
        psql --host 127.0.0.1 --username postgres --tuples-only --no-align --command 'select 6 * 7')
    [ "$answer" = 42 ] || fail "the database answered \`$answer\`"
}

clean() {
    podman rm --force --ignore --volumes --time 0 database > /dev/null 2>&1
    rm -f "$work/source"
}
