#!/bin/bash
# Probe and hyperfine in turns over the same commands, at level 0 of a lab:
#   bash results/checks/hyperfine/interleave.sh
# Fetches Debian's hyperfine into a temporary folder, starts a lab there, writes samples.csv and
# table.csv beside this script. In each of ROUNDS (default 20) rounds each tool times each command
# five times. Needs python3 for the table, and target/debug/lab (cargo build -p lab).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

inside() {
    docker run --rm alpine echo ok >/dev/null 2>&1
    podman run --rm alpine echo ok >/dev/null 2>&1
    docker run --detach --name stays alpine sleep infinity >/dev/null
    commands=(
        "echo ok"
        "docker run --rm alpine echo ok"
        "podman run --rm alpine echo ok"
        "docker exec stays true"
        "sh -c 'head -c 52428800 /dev/urandom | sha256sum'"
    )
    for round in $(seq "$ROUNDS"); do
        for command in "${commands[@]}"; do
            eval "argv=($command)"
            # Which tool goes first is a coin flip.
            tools=(probe hyperfine)
            ((RANDOM % 2)) && tools=(hyperfine probe)
            for tool in "${tools[@]}"; do
                # Either tool warms up once, then takes five.
                case $tool in
                probe)
                    /opt/matryoshka/probe spawn 6 "${argv[@]}" |
                        grep -o '"wall_ns":[0-9]*' | cut -d: -f2 | tail -n +2
                    ;;
                hyperfine)
                    ./hyperfine -N --style none --warmup 1 --runs 5 --export-json out.json \
                        "$command" >/dev/null 2>&1
                    # Seconds, one a line between the brackets.
                    sed -n '/"times"/,/]/p' out.json | tr -d ' ,' | grep '^[0-9]' |
                        awk '{ printf "%d\n", $1 * 1e9 }'
                    ;;
                esac | while read -r ns; do
                    echo "$round,$tool,\"$command\",$ns"
                done
            done
        done
    done
}

if [ "${1:-}" = inside ]; then
    inside
    exit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/interleave.sh" "$work"
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download hyperfine && dpkg-deb -x hyperfine_*.deb unpacked && mv unpacked/usr/bin/hyperfine .)
{
    echo round,tool,command,wall_ns
    (cd "$work" && "${LAB:-$here/../../../target/debug/lab}" exec -- env ROUNDS="${ROUNDS:-20}" bash interleave.sh inside)
} >"$work/samples.csv"
cp "$work/samples.csv" "$here"
python3 - "$here" <<'END'
import csv, statistics, sys
from collections import defaultdict

here = sys.argv[1]
times = defaultdict(lambda: defaultdict(list))
for row in csv.DictReader(open(f"{here}/samples.csv")):
    times[row["command"], row["tool"]][row["round"]].append(int(row["wall_ns"]))
with open(f"{here}/table.csv", "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["command", "n", "probe_median_ns", "hyperfine_median_ns",
                    "ratio_of_medians", "median_of_ratios_within_rounds"])
    for command in dict.fromkeys(command for command, _ in times):
        ours, theirs = times[command, "probe"], times[command, "hyperfine"]
        pooled = [[ns for round in tool.values() for ns in round] for tool in (ours, theirs)]
        medians = [statistics.median(values) for values in pooled]
        ratios = [statistics.median(ours[r]) / statistics.median(theirs[r]) for r in ours]
        table.writerow([command, len(pooled[0]), *(f"{ns:.0f}" for ns in medians),
                        f"{medians[0] / medians[1]:.4f}", f"{statistics.median(ratios):.4f}"])
END
column -s, -t <"$here/table.csv"
