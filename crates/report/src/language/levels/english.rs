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
    // What was tried once.
    lead_trials: "{date} · Linux {kernel} · {cpu}, {cores} cores · {trials} trials, no repetitions",
    section_trials: "Tried once: {table}",
    trials_caption: "{table}: what became of each",
    trials_note: "Tried once each; outcomes and reasons are in the words of the record.",
    trial_title: "What a row is",
    trial_meaning: "Trials are not repeated: they ask whether something works, and where it ends. A refusal is a result, \
        with the refuser's own words. Times of one try show an order of magnitude and carry no interval.",
    // Figures.
    levels_title: "Level by level",
    axis_level: "level",
    mark_additive: "the same time a level",
    mark_multiplicative: "the same factor a level",
    alt_levels: "{series} series over levels, a panel each: every sample, medians with intervals, and \
        the lines of both models up to the level that was held out. The numbers are in the \
        table that follows.",
    caption_levels: "A row has one axis, so that its panels can be held against each other. Both lines \
        are fitted to the lower levels and end where they predict the last one: solid adds \
        the same time, dashed the same factor.",
};
