//! What readers of English see.

use super::Texts;

pub(super) const TEXTS: Texts = Texts {
    // Titles and sections.
    title: "Experiment `{experiment}`",
    title_exp4: "Experiment 4: what nesting a container costs",
    lead: "{date} · Linux {kernel} · {cpu}, {cores} cores · {sessions} sessions of {blocks} \
        blocks",
    lead_one: "{date} · Linux {kernel} · {cpu}, {cores} cores · one session of {blocks} blocks",
    contents: "Contents",
    section_claims: "What was claimed, and what was found here",
    section_ratios: "The ratios",
    section_samples: "Every sample",
    section_parts: "Where each percentage goes",
    section_order: "Order, control and sensitivity",
    section_method: "How it was measured",
    // What a reader must know first.
    not_complete: "Note: the run of {experiment} is {status}: {reason}",
    was_killed: "it did not end, or was killed",
    no_revision: "The source of {experiment} is not identified: it was built without git, and only its \
        version {version} is known.",
    dirty: "The source tree of {experiment} had changes that were not committed: its revision \
        does not give the same program again.",
    // The table of claims.
    claims_caption: "Published claims against this run",
    no_claims: "None of the ledger's published claims is about what this run measured.",
    scope_sentence: "Everything below holds {scope}.",
    scope_boot: "on this boot only: the run has one session",
    scope_sessions: "for these {count} sessions only: below six there is no interval across sessions",
    scope_machine: "for this machine, as far as {count} sessions can tell",
    column_claim: "claim",
    column_statement: "what it says",
    column_published: "published",
    column_ours: "ours",
    column_verdict: "verdict",
    published_range_n: "range {range}, n = {n}",
    sessions_coverage: "{n} sessions ({pairs} blocks), coverage {coverage}",
    n_coverage: "n = {n}, coverage {coverage}",
    interval_n: "{interval}; n = {n}",
    no_interval_n: "no interval exists; n = {n}",
    no_reading: "no reading",
    primary_short: "primary",
    exploratory_short: "exploratory",
    // Verdicts.
    here_consistent: "consistent here",
    here_not_reproduced: "not reproduced here",
    here_inconclusive: "inconclusive here",
    here_not_measured: "not measured here",
    here_answered: "answered here",
    source_sign: "the source can carry the sign, no percentage",
    source_cannot: "the source cannot resolve it",
    source_no_number: "no number published",
    verdict_different: "different",
    verdict_both: "different, yet equivalent within {margin} %",
    verdict_equivalent: "equivalent within {margin} %",
    verdict_inconclusive: "inconclusive",
    verdict_no_interval: "inconclusive: too few blocks for an interval",
    verdict_no_reading: "no block with both readings",
    verdict_by_itself: "{verdict} (by itself)",
    verdicts_title: "What the verdicts mean",
    define_consistent: "Consistent here: our interval overlaps the published range. An overlap is weak \
        evidence, so our interval must exclude 1 as well.",
    define_not_reproduced: "Not reproduced here: our interval and the published range have no value in common. \
        It speaks of this machine and these versions, not of the published ones.",
    define_inconclusive_here: "Inconclusive here: our interval excludes neither the claim nor that there is no \
        effect.",
    define_direction: "Claims without a number: of “more” and “less” the interval must lie on that side of \
        1; “nothing” needs equivalence within the margin, for which a missing difference is \
        not enough. A ranking compares two ratios within each block.",
    define_source: "The source itself: no 95 % interval exists for n = 4 (from the smallest to the \
        largest of four values covers a median with 87.5 %). Where the ranges of its two \
        arms are apart it can carry a sign; where they overlap, the source cannot resolve \
        it.",
    define_range: "The published range of a ratio goes from the smallest repetition above the line over \
        the largest below it, to the largest over the smallest. It is a range and no \
        interval: it has no coverage.",
    // Ratios.
    ratios_caption: "Ratios of two arms, taken within blocks",
    no_ratios: "This run has no two arms that are held against each other.",
    column_ratio: "ratio",
    column_estimate: "estimate",
    column_interval: "interval",
    column_coverage: "coverage",
    column_blocks: "blocks",
    column_of_medians: "ratio of medians (bootstrap 95 %)",
    column_holm: "p (Holm)",
    primary: "Primary: declared before the run, intervals hold together",
    primary_each: "Primary: declared before the run, each interval by itself",
    exploratory: "Exploratory: each interval by itself",
    none_exists: "none exists",
    no_interval_short: "no interval",
    in_sessions: "in {count} sessions",
    equivalence_interval: "by its {coverage} interval, {interval}",
    range: "{low} to {high}",
    ratios_folded: "The other {count} ratios, which are exploratory",
    ratios_note: "The estimate is the median of the ratios within blocks. The interval decides: \
        different when it does not hold 1; equivalent when the narrower one (the thick beam \
        of the figure) lies within {margin} % of 1. That a difference is not seen does not \
        say that there is none. The ratio of the medians, with its bootstrap over whole \
        blocks, is there for comparison.",
    sessions_caption: "Primary ratios, session by session",
    column_by_session: "each session",
    column_across: "across sessions",
    column_pooled: "all blocks together (these sessions only)",
    // Samples.
    arms_caption: "Medians of the measured samples",
    arms_note: "Published: the median and the range of four repetitions, which carry no 95 % \
        interval. Drift moves medians of arms; the ratios above are safe from it.",
    arms_folded: "The other {count} arms, which only exploratory ratios are made of",
    arms_about: "What each arm is",
    arms_about_caption: "Arms, in the experiment's own words",
    column_arm: "arm",
    column_median: "median",
    column_failed: "failed",
    column_about: "what it is",
    level_observer: "level {level}, {observer}",
    // Parts.
    parts_caption: "Shares of the reading below the line, in the same block",
    no_parts: "No ratio of this run is taken apart.",
    parts_note: "In every block the parts add up to the whole; their medians need not, and the \
        remainder says by how much. A part may be negative: then what it stands for made \
        level 2 cheaper. Each interval has 95 % or more by itself.",
    column_due: "due to",
    column_share: "share",
    whole: "the whole",
    whole_about: "what the ratio exceeds 1 by",
    remainder: "remainder",
    remainder_about: "medians do not add up",
    // Order, control, sensitivity.
    control_title: "The same thing under two names (A/A)",
    no_control: "This run has no A/A control: nothing shows that its differences are not the \
        harness's.",
    control_holds: "`{contrast}` ({metric}): {estimate}, interval {interval}. It contains 1, as it \
        should.",
    control_fails: "`{contrast}` ({metric}): {estimate}, interval {interval}. It does not contain 1, \
        which happens to one control in twenty: do not believe a difference of this run that \
        is no larger.",
    control_no_interval: "`{contrast}` ({metric}): {estimate}; too few blocks for an interval ({interval}).",
    control_sessions: "`{contrast}`: the interval of {holding} of {sessions} sessions contains 1",
    column_holds_one: "contains 1",
    sensitivity_title: "Disturbed blocks",
    flag_rules: "A block's slowness is the median, over the arms, of reading divided by the arm's \
        median in that session. Flagged are: bursts (B), slower than the median block by \
        {deviations} robust standard deviations (both judged by the faster half of the \
        blocks) and than that half's median by {share} at least; steal (S), the \
        hypervisor took more than {steal} of the processor time that was wanted; throttling \
        (T), the control group or a hot processor was held back; clock (C), the wall clock \
        moved by more than {step} ms against the monotonic one; load (L), the busy share of \
        the processor time was {load} percentage points or more above the lower quartile of \
        the measured blocks (blocks of fewer than {ticks} ticks of 10 ms are too short to \
        tell). Nothing is dropped from any \
        number outside of this section.",
    none_flagged: "No block is flagged.",
    flagged_caption: "Flagged blocks",
    column_block: "block",
    column_slowness: "slowness",
    column_flags: "why",
    block_measured: "{experiment}, session {session}, block {block}",
    block_warmup: "{experiment}, session {session}, block {block} (warm-up)",
    flag_burst: "burst",
    flag_steal: "steal",
    flag_throttled: "throttling",
    flag_clock: "clock",
    flag_load: "load",
    without_caption: "With all blocks, and without the flagged ones",
    column_all_blocks: "all blocks",
    column_without: "without them",
    without_note: "Which blocks are left out was decided after they were seen: the right-hand column \
        shows how much hangs on them, and its intervals have their coverage in name only.",
    // How it was measured.
    estimand_title: "What is estimated",
    estimand: "Of an arm: the median of its readings. Of a contrast: the median of the ratios of \
        its two arms within blocks; each block takes every arm once, in a random order of \
        its own, so that drift falls on both arms alike. Readings of many operations are \
        shown for one. Intervals come from inverting the sign test and assume no shape of \
        distribution; their coverage is exact and printed. Across sessions each session \
        counts once.",
    exclusions_title: "What is left out",
    exclusions: "{warmups} samples of warm-up blocks are kept in the file and are in no number. \
        {failed} measured samples failed; they are rows with a reason, and none was \
        repeated. No outlier is dropped.",
    failures_caption: "Failed samples",
    column_measured: "measured",
    column_warmup: "warm-up",
    column_reason: "reason",
    stopping_title: "When it stopped",
    stopping: "{experiment}: {sessions} × {blocks} measured blocks planned, after {warmups} of \
        warm-up in each session; {rule}. Taken: {taken}.",
    rule_fixed: "a number fixed before the run",
    rule_adaptive: "at most so many: an adaptive stop (precision {precision}, budget {budget}), for \
        which all intervals hold at all times at once",
    taken_each: "{blocks} in each session ({why})",
    taken_one: "{blocks} ({why})",
    stopped_planned: "as planned",
    stopped_precise: "precise enough",
    stopped_budget: "budget spent",
    stopped_no_reading: "given up: a ratio without a reading",
    stopped_not: "did not end of itself",
    family_title: "The family",
    family: "{experiment}: primary ratios, {primary}, which share 5 %; exploratory ones, \
        {exploratory}, with 5 % each. All primary intervals hold together with {joint} or \
        more.",
    family_each: "{experiment}: primary ratios, {primary}; exploratory ones, {exploratory}. So few sessions \
        have no interval at each primary ratio's share of 5 %, which needs {needed} of them. \
        Every interval is at 5 % by itself, and so is every verdict; all primary intervals \
        hold together with {joint} or more.",
    family_note: "{experiments}: printed intervals of primary ratios are the simultaneous ones, and \
        they decide. Holm's p-values (sign test) decide nothing: where Holm would reject while the \
        interval holds 1, the verdict follows the interval, so that none is contradicted by \
        what stands beside it. Whatever is called different has a Holm p of 5 % at most.",
    family_note_each: "A primary verdict that is “(by itself)” is wrong with a probability of 5 % at most; that \
        one of several is wrong can be more probable. Holm's p-value \
        counts all primary ratios, and may be above 5 % where one is called different by \
        itself.",
    family_verdicts: "“Different” and “equivalent within {margin} %” are two tests at the same share of 5 \
        %. Of any true ratio at most one of them is false, so they need no further share. \
        Both may be said of one ratio: not 1, and nearer to 1 than {margin} %.",
    environment_title: "The machine and its engines",
    machine_caption: "The machine ({sessions})",
    engines_caption: "Its engines, level by level ({sessions})",
    column_fact: "what",
    column_value: "value",
    column_nest: "nest",
    column_level: "level",
    column_engine: "engine",
    column_version: "version",
    column_socket: "socket of the outer",
    column_privileged: "privileged",
    column_storage: "storage",
    column_runtime: "runtime",
    column_cgroup_driver: "cgroup driver",
    fact_kernel: "kernel",
    fact_cpu: "processor",
    fact_cores: "cores",
    fact_memory: "memory",
    fact_hypervisor: "virtual machine",
    fact_vendor: "its vendor",
    fact_clock: "clock source",
    fact_governor: "frequency governor",
    fact_turbo: "turbo frequencies",
    fact_thp: "transparent huge pages",
    fact_cgroups: "control groups",
    fact_cmdline: "kernel command line",
    fact_mitigations: "mitigations",
    fact_sandbox: "sandbox",
    fact_packages: "packages",
    packages: "{count} of {suite}, bundle `{bundle}`, {pinned}",
    pinned: "as locked",
    not_pinned: "not those of the lock",
    not_readable: "not readable here",
    yes: "yes",
    no: "no",
    setup_caption: "What the published numbers were taken on",
    setup_docker: "Docker",
    setup_podman: "Podman",
    setup_podman_mode: "Podman's mode",
    setup_podman_runtime: "Podman's runtime",
    setup_repetitions: "repetitions an arm",
    blocks_title: "What the machine was doing meanwhile",
    blocks_caption: "Measured blocks: median with smallest and largest, or sum",
    column_session: "session",
    column_load: "load (1 min)",
    column_psi: "CPU pressure, %",
    column_steal: "steal, %",
    column_cgroup_throttles: "group throttled",
    column_thermal_throttles: "thermal throttling",
    column_clock_step: "largest clock step, ms",
    run_session: "{experiment}, session {session}",
    run_sessions: "{experiment}, sessions {sessions}",
    limits_title: "Limits",
    limit_one_boot: "One session: another boot of the same machine may give other numbers, and this run \
        cannot say how far off.",
    limit_stand_ins: "The images are stand-ins made of distribution packages under the published names: \
        {names}. Times of the upstream images may differ.",
    limit_no_stand_ins: "No stand-in images were used.",
    limit_not_whole: "The run is not whole. Where it ended may have to do with what it measured.",
    limit_medians: "Random order protects ratios, not medians: load on the machine moves those.",
    limit_absence: "An interval that holds 1 says that no difference was seen at this n, never that \
        there is none.",
    limit_machine: "One machine, one kernel, one set of versions. Nothing here speaks of others.",
    limit_published: "The published runs had another machine and other versions, one order, and four \
        repetitions. That a ratio is not reproduced here does not make it wrong there.",
    rebuild_title: "How this page is made",
    taken: "{experiment}: `{command}`, {started} to {ended}; seed {seed}; source version \
        {version}, revision {revision}; schema {schema}, method {method}; {inside} of the \
        measuring loop was inside samples.",
    rebuild: "Every table and figure is made of the raw files in this folder, which are never \
        edited, and comes out byte for byte the same with:",
    rebuild_command: "cargo xtask report <this folder>",
    // Figures.
    figure_title: "Experiment {experiment}: every sample",
    panel_startup: "Startup: create a container that prints ok",
    panel_cpu: "CPU: SHA-256 of 50 MB in a running container",
    n_each: "n = {n} each",
    n_from_to: "n = {least} to {most} each",
    images_stand_ins: "stand-in images of distribution packages",
    images_real: "no stand-in images",
    not_from_zero: "{axis} (the axis does not begin at 0)",
    no_sample: "no sample ({count} failed)",
    not_measured: "not measured",
    mark_sample: "one sample",
    mark_median: "median with its interval (95 % or more)",
    published_row: "published",
    mark_published: "published median with the range of its 4 repetitions",
    mark_published_ratio: "published, with the range that its repetitions span",
    mark_ratio: "ours: thin decides “different”, thick “equivalent”",
    mark_band: "within {margin} % of 1",
    mark_whole: "the whole",
    mark_more: "adds",
    mark_less: "takes away",
    mark_speck: "one sample",
    mark_warmup: "one sample of a warm-up block",
    mark_slowness: "the block's slowness",
    mark_flagged: "flagged: B burst, S steal, T throttling, C clock, L load",
    forest_title: "Ratios within blocks",
    forest_axis: "ratio (1 is no difference; equal steps are equal factors)",
    parts_title: "Where each percentage goes",
    parts_axis: "share of the reading below the line",
    order_title: "In the order in which they were taken",
    order_axis: "reading / median of its arm",
    order_blocks: "block",
    session_number: "session {number}",
    alt_samples: "Every sample of {arms} arms as a dot, with each median and its interval. The numbers \
        are in the table that follows.",
    alt_forest: "{ratios} ratios with their intervals on one axis around 1; {different} of them are \
        different from 1. The numbers are in the table that follows.",
    alt_parts: "{breakdowns} ratios taken apart into bars that stack up to the whole. The numbers \
        are in the table that follows.",
    alt_order: "Every reading relative to its arm's median over {blocks} blocks in the order in \
        which they were taken; {flagged} blocks are flagged.",
    caption_samples: "Dots are samples, none left out; the bar is the median, the beam its interval. A \
        hollow diamond is a published median with the range of its four repetitions.",
    caption_forest: "The line is 1, the band the margin of equivalence. Hollow diamonds are published \
        ratios with the range that four repetitions span, which is no interval.",
    caption_parts: "Each bar begins where the one before it ended. Hatched bars go backwards. Beams are \
        intervals of the part at whose end they stand.",
    caption_order: "1 is the median of the arm in its session. Short bars are the blocks' slowness; \
        shaded blocks are flagged.",
};
