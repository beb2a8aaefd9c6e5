#!/usr/bin/env bash
# The tutorial's entry point: cd scripts && bash exp4_nested.sh && cat results/exp4_nested.csv
# It runs `cargo xtask exp4` with the same flags and leaves its two files where the tutorial looks.
set -euo pipefail
# In a lab there is no cargo, but a script of this name that does it by hand.
if ! command -v cargo > /dev/null && [ -e /usr/bin/exp4_nested.sh ]; then
    exec bash /usr/bin/exp4_nested.sh "$@"
fi
cd "$(dirname "$0")/.."
rm -f results/exp4_nested.csv results/exp4_nested.png
cargo xtask exp4 "$@"
# With --list, --verify or --arms there is no whole run, and so none of these files.
if [ -e results/exp4_nested.csv ]; then
    mkdir -p scripts/results
    cp results/exp4_nested.csv results/exp4_nested.png scripts/results/
fi
