#!/usr/bin/env bash
# The tutorial's entry point: cd scripts && bash exp4_nested.sh && cat results/exp4_nested.csv
# It runs `cargo xtask exp4` with the same flags and leaves its two files where the tutorial looks.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo xtask exp4 "$@"
mkdir -p scripts/results
cp results/exp4_nested.csv results/exp4_nested.png scripts/results/
