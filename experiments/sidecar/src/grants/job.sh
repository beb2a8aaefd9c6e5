# A job of who has an engine to himself. Each part says `PART works` or `PART failed` on a line of its
# own, after its words. One that fails does not end the job: the others tell more.

part() {
    if "$1" 2>&1; then echo "$1 works"; else echo "$1 failed"; fi
}

within() {
    tries=0
    until said=$("$@" 2>&1); do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { echo "$said"; return 1; }
        sleep 0.1
    done
}

expect() {
    [ "$said" = "$1" ] || { echo "\`$said\` instead of \`$1\`"; return 1; }
}

# As root and as an ordinary user: files of another owner, modes that not everybody may give, and files
# and a folder that go again.
build() {
    mkdir -p /tmp/job && cd /tmp/job && echo hello > source && cat > Dockerfile <<'END' || return 1
FROM postgres
COPY --chown=1000:1000 source /home/job/source
RUN echo gone > /gone && mkdir /folder && echo gone > /folder/file && chmod 4755 /home/job/source
RUN rm -r /gone /folder && mkdir /folder && chown 1000:1000 /folder
USER 1000:1000
RUN cat /home/job/source > /folder/copy
VOLUME /folder
CMD ["cat", "/folder/copy"]
END
    DOCKER_BUILDKIT=0 docker build --quiet --tag job . 2>&1
}

# What was built, with the volume that it asks for, as its ordinary user and as root.
run() {
    for user in 1000:1000 0:0; do
        said=$(docker run --rm --pull never --user "$user" job) && expect hello || return 1
    done
}

# A container's limit holds, where the engine has the controller to set one.
limit() {
    said=$(docker run --rm --memory 64m alpine cat /sys/fs/cgroup/memory.max) && expect 67108864
}

# A server that becomes another user by itself, entered, and found by its name.
network() {
    docker network create net > /dev/null &&
        docker run --detach --name database --network net --publish 5433:5432 \
            --env POSTGRES_PASSWORD=job postgres > /dev/null || return 1
    within docker exec database pg_isready --quiet --host 127.0.0.1 || return 1
    said=$(docker run --rm --network net --env PGPASSWORD=job postgres psql --host database \
        --username postgres --tuples-only --no-align --command 'select 6 * 7') && expect 42
}

# From outside of its network. Whoever asks this server for TLS is told that there is none.
port() {
    said=$(printf '\0\0\0\10\4\322\26/' | nc -w 5 127.0.0.1 5433 | head -c 1) && expect N
}

# A process of another user ends when it is told to, and one that does not listen is killed.
stop() {
    docker run --detach --name deaf --user 1000 alpine \
        sh -c 'trap "" TERM; while :; do sleep 1; done' > /dev/null &&
        docker stop --time 1 deaf > /dev/null && docker stop --time 20 database > /dev/null &&
        docker rm --volumes deaf database > /dev/null && docker network rm net > /dev/null
}

part build
part run
if grep -q memory /sys/fs/cgroup/cgroup.controllers; then part limit; fi
part network
part port
part stop
