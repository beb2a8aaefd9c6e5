//! Texts of what grows with the level, of the tutorial's questions, and of trials: the page of an
//! experiment that goes deeper than the second level.

pub(super) mod english;
pub(super) mod spanish;

use super::texts;

texts! {
    /// Every text of levels and trials.
    LevelTexts
    // What grows with the level.
    section_growth,
    growth_caption,
    column_series,
    column_medians,
    column_observed,
    column_additive,
    column_multiplicative,
    column_model,
    level_amount,
    observed_over,
    both_predictions,
    model_additive,
    model_multiplicative,
    model_both,
    model_neither,
    note_both,
    note_neither,
    model_none,
    growth_rule,
    growth_words,
    growth_pooled,
    growth_no_figure,
    step_adds,
    // The tutorial's questions.
    define_answered,
    // What was tried once.
    lead_trials,
    section_trials,
    trials_caption,
    trials_note,
    trial_title,
    trial_meaning,
    // Figures.
    levels_title,
    axis_level,
    mark_additive,
    mark_multiplicative,
    alt_levels,
    caption_levels,
}
