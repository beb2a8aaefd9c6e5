//! What readers of English see of levels and trials.

use super::LevelTexts;

pub(crate) const TEXTS: LevelTexts = LevelTexts {
    // What grows with the level.
    section_growth: "Additive or multiplicative?",
    growth_caption: "The last level of each series, predicted from the levels before it",
    column_series: "series",
    column_medians: "medians, level by level",
    column_observed: "last level, observed",
    column_additive: "predicted by adding the same time",
    column_multiplicative: "predicted by the same factor",
    column_model: "verdict",
    level_amount: "level {level}: {amount}",
    observed_over: "observed / predicted {ratio}",
    both_predictions: "observed / predicted: additive {additive}, multiplicative {multiplicative}",
    model_additive: "additive",
    model_multiplicative: "multiplicative",
    model_both: "can't tell: both predictions hold",
    model_neither: "neither: both predictions fail",
    note_both: "both hold",
    note_neither: "neither holds",
    model_none: "too few blocks for an interval",
    growth_rule: "Within each block both models are fitted to the lower levels and predict the last \
        one, which they were not shown. Additive: every level adds the same time. \
        Multiplicative: every level costs the same factor. A model holds where the interval \
        of observed over predicted contains 1. Each interval has 95 % or more by itself; of \
        twenty, one may miss.",
    growth_words: "“Both predictions hold” means that these data can't tell the two models apart: they \
        predict nearly the same when a level costs little, and noise hides the rest. It does \
        not mean that nothing grows; what a level adds stands in the table. “Both fail” \
        means that the last level costs another amount than either model says: the cost of a \
        level itself changes with the depth.",
    growth_pooled: "Blocks of all {sessions} sessions are taken together, since the rule works within \
        blocks: these numbers speak for these sessions only.",
    growth_no_figure: "The figure has the series of startup and CPU; those of system calls are in the table \
        only.",
    step_adds: "a level adds {step}",
    // The tutorial's questions.
    define_answered: "Answered here: a question to which nothing was published, and which our interval \
        decides. What the answer is stands below. Inconclusive here: it excludes neither \
        answer.",
    section_answers: "Answers to the tutorial's questions",
    answers_lead: "What this run says to the three questions of the tutorial's Part D. A factor is the \
        last level over the first; every interval has 95 % or more by itself.",
    question_growth: "Is the overhead of startup multiplicative or additive?",
    question_cpu: "Does the overhead of CPU accumulate more than that of startup, and why?",
    question_engine: "Which engine has the smaller overhead when it is nested, Docker or Podman?",
    answer_growth: "`{series}`, {observer}: {verdict}. A level adds {step} {symbol}. Level {last} takes \
        {observed} {symbol}; adding once more predicts {additive} (observed / predicted \
        {additive_ratio}), the same factor once more predicts {multiplicative} \
        ({multiplicative_ratio}).",
    answer_growth_none: "`{series}`, {observer}: this run can't tell; its {blocks} blocks are too few for an \
        interval.",
    is_additive: "additive",
    is_multiplicative: "multiplicative",
    is_both: "this run can't tell, for both predictions hold",
    is_neither: "neither, for both predictions fail",
    answer_cpu: "`{cpu}`, {cpu_observer}, grows by a factor of {cpu_factor}; `{startup}`, \
        {startup_observer}, by {startup_factor}. The first over the second is {ratio}: \
        {verdict}.",
    cpu_less: "CPU accumulates less",
    cpu_more: "CPU accumulates more",
    both_alike: "both accumulate alike, within {margin} %",
    cpu_open: "this run can't tell which accumulates more",
    why_alike: "Why: by its own clock the work of `{series}` takes {factor} times as long at the \
        last level as at the first, equivalent within {margin} %. No engine has a part in a \
        computation that runs; what grows from outside is the way in, one exec a level.",
    why_different: "Why: by its own clock the work of `{series}` takes {factor} times as long at the \
        last level as at the first. That is not 1: something of the depth reaches a \
        computation that runs.",
    why_open: "Why: this run can't tell. By its own clock the work of `{series}` takes {factor} \
        times as long at the last level as at the first; that excludes neither a difference \
        nor that there is none.",
    ways_in: "The ways in by themselves: {hops}.",
    answer_engine: "`{docker}` against `{podman}`, {observer}: Docker grows by a factor of \
        {docker_factor}, Podman by {podman_factor}. The first over the second is {ratio}: \
        {by_factor}. From the first level to the last Docker adds {added} {symbol} more than \
        Podman: {by_time}.",
    factor_docker: "by factor, Docker nests cheaper",
    factor_podman: "by factor, Podman nests cheaper",
    factor_alike: "by factor, both are alike within {margin} %",
    factor_open: "by factor, this run can't tell",
    time_docker: "in time, Docker adds less",
    time_podman: "in time, Podman adds less",
    time_open: "in time, this run can't tell",
    engine_note: "The image of nested Podman does less work inside than Podman at level 1 does (no \
        namespaces, no control group of its own). In a chain called `matched` every Podman \
        is configured as the one around it: that is the fair one.",
    no_arms_for_it: "This run has no arms for it.",
    // What was tried once.
    lead_trials: "{date} · Linux {kernel} · {cpu}, {cores} cores · {trials} trials, no repetitions",
    section_depth: "How deep",
    depth_caption: "How deep each chain came, and what refused the next level",
    column_subject: "chain and store",
    column_deepest: "deepest that works",
    column_refused: "what refused the next",
    column_up: "a level, s",
    column_up_ends: "first and last level, s",
    column_thirds: "last third / first third",
    column_start_ends: "one start, first and last level, s",
    column_memory: "engine's memory, last level, MB",
    refused_at: "at level {level}",
    not_refused: "nothing: no deeper level was tried",
    no_words: "it gave no words",
    none_works: "none",
    first_and_last: "{first} and {last}",
    depth_note: "Each level was brought up once, with the image in it, so that these times have no \
        interval. Thirds: the median time of the last third of the levels over that of the \
        first. Near 1, a level costs the same however deep it is, and the whole way down \
        grows in a straight line. Fewer than six levels have no thirds.",
    section_limits: "Limits of kernel and engines",
    limits_caption: "What was found to be allowed",
    column_limit: "limit",
    column_from: "where it is from",
    section_store: "What the store costs",
    store_caption: "What the store of each level grew by on disk, how long it took, and what crossed \
        from the registry",
    column_way: "way and engine",
    store_time: "{time} s",
    store_size: "{size} MB on disk",
    store_pulled: "{size} MB pulled",
    store_advice: "{engine}: a further level takes least disk by \u{201c}{way}\u{201d}, at most {size} \
        MB a level once the outermost has the image, against {pull} MB when each level pulls it.",
    store_advice_pulled: " What crosses from the registry for it is {sent} MB instead of {pulled} MB.",
    store_note: "Each was done once: these numbers have no interval. MB are millions of bytes.",
    section_trials: "Tried once: {table}",
    trials_caption: "{table}: what became of each",
    trials_note: "Tried once each; outcomes and reasons are in the words of the record.",
    trial_title: "What a row is",
    trial_meaning: "Trials are not repeated: they ask whether something works, and where it ends. A refusal is a result, \
        with the refuser's own words. Times of one try show an order of magnitude and carry no interval.",
    // Figures.
    levels_title: "Level by level",
    depth_title: "Level below level",
    axis_level: "level",
    axis_up: "seconds to bring the level up",
    axis_start: "seconds of one start at the level",
    mark_additive: "the same time a level",
    mark_multiplicative: "the same factor a level",
    mark_level: "one level, tried once",
    mark_refused: "refused, or failed",
    alt_levels: "{series} series over levels, a panel each: every sample, medians with intervals, and \
        the lines of both models up to the level that was held out. The numbers are in the \
        table that follows.",
    caption_levels: "A row has one axis, so that its panels can be held against each other. Both lines \
        are fitted to the lower levels and end where they predict the last one: solid adds \
        the same time, dashed the same factor.",
    alt_depth: "Time to bring each level up, and of one start at it, over the level, for {subjects} \
        chains. The numbers of the first and last level are in the table that follows.",
    caption_depth: "A dot is one level, tried once. A cross is what was refused or failed, at the foot of \
        the panel.",
};
