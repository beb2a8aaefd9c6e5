#!/usr/bin/env bash
# Experiment 4 by hand, in a lab: what the tutorial describes, as a script does it. One clock outside of
# everything, few repetitions, the arms one after the other: `cargo xtask exp4`, outside of the lab, is
# the measurement.
#
#   bash exp4_nested.sh [REPETITIONS]       results/exp4_nested.csv: method,metric,rep,value
set -euo pipefail
repetitions=${1:-4}
dind=exp4-dind podman=exp4-podman
out=results/exp4_nested.csv

clean_up() {
    docker rm --force --volumes "$dind" exp4-docker > /dev/null 2>&1 || true
    podman rm --force --time 0 --volumes "$podman" exp4-podman-cpu > /dev/null 2>&1 || true
}
trap clean_up EXIT
trap 'exit 130' INT TERM

until_answers() { # COMMAND...: at most a minute
    for _ in $(seq 300); do
        "$@" > /dev/null 2>&1 && return
        sleep 0.2
    done
    echo "no answer in a minute: $*" >&2
    return 1
}

value() { # METRIC NANOSECONDS: in the metric's unit
    case $1 in
        startup_ms) printf '%d.%03d' $(($2 / 1000000)) $(($2 / 1000 % 1000)) ;;
        cpu_s) printf '%d.%06d' $(($2 / 1000000000)) $(($2 / 1000 % 1000000)) ;;
    esac
}

take() { # METRIC METHOD EXPECTED COMMAND...: a row for each repetition
    local metric=$1 method=$2 expected=$3 begun ended said
    shift 3
    for rep in $(seq "$repetitions"); do
        begun=$(date +%s%N)
        said=$("$@")
        ended=$(date +%s%N)
        if [[ $said != "$expected"* ]]; then
            echo "$method, $metric: it said \"$said\" instead of \"$expected\"" >&2
            return 1
        fi
        echo "$method,$metric,$rep,$(value "$metric" $((ended - begun)))" | tee -a "$out"
    done
}

mkdir -p results
clean_up
echo 'method,metric,rep,value' | tee "$out"
# What is started once, before anything is timed; and every image where it is needed.
docker run -d --privileged --name "$dind" docker:dind > /dev/null
podman run -d --privileged --name "$podman" quay.io/podman/stable sleep 3600 > /dev/null
docker run -d --name exp4-docker alpine sleep 3600 > /dev/null
podman run -d --name exp4-podman-cpu docker.io/library/alpine sleep 3600 > /dev/null
until_answers docker exec "$dind" docker info
docker exec "$dind" docker run -d --name cpu alpine sleep 3600 > /dev/null
podman exec "$podman" podman run -d --name cpu docker.io/library/alpine sleep 3600 > /dev/null

start=(run --rm alpine echo ok)
# Podman asks nobody which registry is meant.
podman_start=(run --rm docker.io/library/alpine echo ok)
take startup_ms bare ok echo ok
take startup_ms docker ok docker "${start[@]}"
take startup_ms dind ok docker exec "$dind" docker "${start[@]}"
take startup_ms podman ok podman "${podman_start[@]}"
take startup_ms podman-nested ok podman exec "$podman" podman "${podman_start[@]}"

# The digest of 50 MiB of zeros.
hash=(sh -c 'dd if=/dev/zero bs=1M count=50 2> /dev/null | sha256sum')
digest=$("${hash[@]}")
take cpu_s bare "$digest" "${hash[@]}"
take cpu_s docker "$digest" docker exec exp4-docker "${hash[@]}"
take cpu_s dind "$digest" docker exec "$dind" docker exec cpu "${hash[@]}"
take cpu_s podman "$digest" podman exec exp4-podman-cpu "${hash[@]}"
take cpu_s podman-nested "$digest" podman exec "$podman" podman exec cpu "${hash[@]}"
