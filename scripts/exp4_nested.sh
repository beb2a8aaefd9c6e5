#!/usr/bin/env bash
# The tutorial's entry point: cd scripts && bash exp4_nested.sh && cat results/exp4_nested.csv
# It runs `cargo xtask exp4` with the same flags and leaves its two files where the tutorial looks.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -f results/exp4_nested.csv results/exp4_nested.png
cargo xtask exp4 "$@"
# With --list, --verify or --arms there is no whole run, and so none of these files.
if [ -e results/exp4_nested.csv ]; then
    mkdir -p scripts/results
    cp results/exp4_nested.csv results/exp4_nested.png scripts/results/
fi
