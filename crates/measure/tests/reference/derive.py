"""Makes the tables of this folder with SciPy, NumPy and statsmodels; see README.md.

Nothing here is shared with the Rust code: where a library has the whole procedure it is called, and
where it has none the procedure is written in another form (ties by trying every way to break them,
small bootstraps by listing every resample).
"""

import csv
import itertools
import math

import numpy as np
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

ALPHAS = [0.2, 0.1, 0.05, 0.01]


def write(name, header, rows):
    with open(f"{name}.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


# Readings in seconds, rounded so that the file holds them exactly.
rng = np.random.default_rng(20_240_229)


def lognormal(n, ratio, decimals=5):
    block = 0.2 * rng.standard_normal(n)
    y = ratio * np.exp(block + 0.1 * rng.standard_normal(n))
    return np.round(y, decimals), np.round(np.exp(block + 0.1 * rng.standard_normal(n)), decimals)


def ticked(n, ratio):
    """Readings of a clock that moves every 4 ms, around 40 ms: ties among values and within blocks."""
    y, x = lognormal(n, ratio)
    return (np.maximum(np.round(0.04 * a / 0.004), 1) * 0.004 for a in (y, x))


DATA = {
    "four": lognormal(4, 1.08),
    "six": lognormal(6, 1.5),
    "ten": lognormal(10, 1.08),
    "eleven": lognormal(11, 1.0),
    "thirty": lognormal(30, 1.03),
    "hundred": lognormal(100, 1.0),
    "ticks": tuple(np.round(a, 3) for a in ticked(30, 1.0)),
    "ticks-apart": tuple(np.round(a, 3) for a in ticked(47, 1.2)),
    "equal": (np.full(12, 0.5), np.full(12, 0.5)),
}
write("data", ["set", "y", "x"],
      [(s, float(a), float(b)) for s, (y, x) in DATA.items() for a, b in zip(y, x)])


# Rule 1 on y, rule 2 on the pairs: SciPy's interval of a quantile (also an inversion of the sign
# test), its coverage from the binomial law. An empty cell: no such interval.
def interval(values, alpha):
    ends = stats.quantile_test(values, q=0, p=0.5).confidence_interval(1 - alpha)
    if not np.isfinite([ends.low, ends.high]).all():
        return None
    d = int(stats.binom.ppf(alpha / 2, len(values), 0.5))
    return float(ends.low), float(ends.high), float(1 - 2 * stats.binom.cdf(d - 1, len(values), 0.5))


rows = []
for name, (y, x) in DATA.items():
    for alpha in ALPHAS:
        of_y, of_logs = interval(y, alpha), interval(np.log(y / x), alpha)
        rows.append((name, "median", alpha, *(of_y or ("", "", ""))))
        if of_logs:
            of_logs = (math.exp(of_logs[0]), math.exp(of_logs[1]), of_logs[2])
        rows.append((name, "ratio", alpha, *(of_logs or ("", "", ""))))
write("intervals", ["set", "of", "alpha", "low", "high", "coverage"], rows)


# The sign test of log(y / x): the least significant way to break ties at 0.
rows = []
for name, (y, x) in DATA.items():
    below, ties = int((y < x).sum()), int((y == x).sum())
    p = max(stats.binomtest(below + k, len(y), 0.5).pvalue for k in range(ties + 1))
    rows.append((name, float(p)))
write("signs", ["set", "p"], rows)


# Rule 4: rank, and the e-value of k signs of one kind among n.
def log_e(n, k):
    return n * math.log(2) + special.betaln(2 + k, 2 + n - k) - special.betaln(2, 2)


rows = []
for n in [1, 5, 7, 8, 9, 10, 15, 20, 30, 50, 75, 100, 200, 500, 1000]:
    for alpha in ALPHAS:
        rank = sum(log_e(n, k) >= -math.log(alpha) for k in range(n // 2 + 1))
        rows.append((n, alpha, rank))
write("anytime-ranks", ["n", "alpha", "rank"], rows)
rows = [(n, k, float(min(1, math.exp(-log_e(n, k)))))
        for n in [6, 10, 31, 100] for k in range(0, n // 2 + 1, max(1, n // 10))]
write("anytime-p", ["n", "k", "p"], rows)


# Holm's adjusted p-values: statsmodels.
FAMILIES = {
    "one": [0.03],
    "spread": [0.001, 0.2, 0.013, 0.04, 0.9],
    "ties": [0.02, 0.02, 0.02, 0.5],
    "large": [float(p) for p in np.round(rng.uniform(size=20) ** 3, 6)],
}
write("holm", ["family", "p", "adjusted"],
      [(f, p, float(a)) for f, ps in FAMILIES.items()
       for p, a in zip(ps, multipletests(ps, method="holm")[1])])


# The bootstrap: mean and standard deviation of each end over repeated SciPy bootstraps, each of as
# many resamples as ours, so that one of ours may differ from the mean by a few deviations.
REPEATS, RESAMPLES = 100, 10_000


def ratio_of_medians(y, x, axis=-1):
    return np.median(y, axis=axis) / np.median(x, axis=axis)


rows = []
for name in ["six", "ten", "eleven", "thirty", "hundred", "ticks-apart"]:
    for alpha in [0.1, 0.05]:
        ends = []
        for seed in range(REPEATS):
            done = stats.bootstrap(DATA[name], ratio_of_medians, paired=True, vectorized=True,
                                   method="percentile", confidence_level=1 - alpha,
                                   n_resamples=RESAMPLES, batch=1000,
                                   rng=np.random.default_rng(seed))
            ends.append(done.confidence_interval)
        low, high = np.array(ends).T
        rows.append((name, alpha, float(low.mean()), float(low.std(ddof=1)),
                     float(high.mean()), float(high.std(ddof=1))))
write("bootstrap", ["set", "alpha", "low", "low_sd", "high", "high_sd"], rows)


# Small bootstraps: all n^n resamples. `low` has the share `low_from..low_to` of them at or below it,
# so that it is the alpha/2 quantile for every alpha/2 in between; likewise `high`.
SMALL = {"two": [(4, 1), (2, 2)],
         "three": [(3, 2), (5, 4), (9, 5)],
         "four": [(10, 8), (12, 11), (13, 9), (20, 12)]}
rows = []
for name, pairs in SMALL.items():
    ratios = []
    for drawn in itertools.product(pairs, repeat=len(pairs)):
        y, x = zip(*drawn)
        ratios.append(ratio_of_medians(np.array(y, float), np.array(x, float)))
    ratios = np.array(ratios)
    for atom in np.unique(ratios):
        rows.append((name, " ".join(f"{y}/{x}" for y, x in pairs), float(atom),
                     float((ratios < atom).mean()), float((ratios <= atom).mean())))
write("bootstrap-enumerated", ["set", "pairs", "ratio", "share_below", "share_up_to"], rows)
