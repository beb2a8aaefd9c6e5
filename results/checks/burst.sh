#!/bin/bash
# A machine whose load doubles half-way: the same run quiet, then with a burner on one core during
# the middle half of its measured blocks. Writes burst/quiet and burst/burnt beside this script:
#   bash results/checks/burst.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
arms=bare,docker,docker-again,dind,dind-inside,podman,podman-nested-inside
blocks=24
# Taken where git does not look, so that the second run's tree is as clean as the first's.
raw=../burst
rm -rf burst $raw
run() { cargo xtask startup --blocks $blocks --arms $arms --seed 1 --out "$raw/$1"; }

run quiet

# Two warm-up blocks, then a quarter of the measured ones; stops after three quarters.
rows() { wc -l <$raw/burnt/blocks.csv 2>/dev/null || echo 0; }
burn() {
    until [ "$(rows)" -gt $((2 + blocks / 4)) ]; do sleep 0.2; done
    timeout 600 sh -c 'while :; do :; done' &
    until [ "$(rows)" -gt $((2 + blocks * 3 / 4)) ]; do sleep 0.2; done
    kill $!
}
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
burn &
run burnt
wait
mv $raw burst
