//! The languages of the page: one table of texts each, so that a missing text does not compile.
//!
//! Texts are templates: `{name}` is filled in by [`fill`].

mod english;
mod levels;
mod spanish;
#[cfg(test)]
mod tests;

use std::fmt::Display;

pub(crate) use facts::Lang;

macro_rules! texts {
    ($(#[$doc:meta])* $table:ident $($name:ident,)*) => {
        $(#[$doc])*
        pub(crate) struct $table {
            $(pub(crate) $name: &'static str,)*
        }

        #[cfg(test)]
        impl $table {
            /// Every text with its name.
            pub(super) fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}
use texts;

pub(crate) use levels::LevelTexts;

texts! {
    /// Every text of the page and its figures, but for what is of levels and trials.
    Texts
    // Titles and sections.
    title,
    title_exp4,
    lead,
    lead_one,
    contents,
    section_claims,
    section_ratios,
    section_samples,
    section_parts,
    section_order,
    section_method,
    // What a reader must know first.
    not_complete,
    was_killed,
    no_revision,
    dirty,
    // The table of claims.
    claims_caption,
    no_claims,
    scope_sentence,
    scope_boot,
    scope_sessions,
    scope_machine,
    column_claim,
    column_statement,
    column_published,
    column_ours,
    column_verdict,
    published_range_n,
    sessions_coverage,
    n_coverage,
    interval_n,
    no_interval_n,
    no_reading,
    primary_short,
    exploratory_short,
    // Verdicts.
    here_consistent,
    here_not_reproduced,
    here_inconclusive,
    here_not_measured,
    here_answered,
    source_sign,
    source_cannot,
    source_no_number,
    verdict_different,
    verdict_both,
    verdict_equivalent,
    verdict_inconclusive,
    verdict_no_interval,
    verdict_no_reading,
    verdict_by_itself,
    verdicts_title,
    define_consistent,
    define_not_reproduced,
    define_inconclusive_here,
    define_direction,
    define_source,
    define_range,
    // Ratios.
    ratios_caption,
    no_ratios,
    column_ratio,
    column_estimate,
    column_interval,
    column_coverage,
    column_blocks,
    column_of_medians,
    column_holm,
    primary,
    primary_each,
    exploratory,
    none_exists,
    no_interval_short,
    in_sessions,
    equivalence_interval,
    range,
    ratios_folded,
    ratios_note,
    sessions_caption,
    column_by_session,
    column_across,
    column_pooled,
    // Samples.
    arms_caption,
    arms_note,
    arms_folded,
    arms_about,
    arms_about_caption,
    column_arm,
    column_median,
    column_failed,
    column_about,
    level_observer,
    // Parts.
    parts_caption,
    no_parts,
    parts_note,
    column_due,
    column_share,
    whole,
    whole_about,
    remainder,
    remainder_about,
    // Order, control, sensitivity.
    control_title,
    no_control,
    control_holds,
    control_fails,
    control_no_interval,
    control_sessions,
    column_holds_one,
    sensitivity_title,
    flag_rules,
    none_flagged,
    flagged_caption,
    column_block,
    column_slowness,
    column_flags,
    block_measured,
    block_warmup,
    flag_burst,
    flag_steal,
    flag_throttled,
    flag_clock,
    flag_load,
    without_caption,
    column_all_blocks,
    column_without,
    without_note,
    // How it was measured.
    estimand_title,
    estimand,
    exclusions_title,
    exclusions,
    failures_caption,
    column_measured,
    column_warmup,
    column_reason,
    stopping_title,
    stopping,
    rule_fixed,
    rule_adaptive,
    taken_each,
    taken_one,
    stopped_planned,
    stopped_precise,
    stopped_budget,
    stopped_no_reading,
    stopped_not,
    family_title,
    family,
    family_each,
    family_note,
    family_note_each,
    family_verdicts,
    environment_title,
    machine_caption,
    engines_caption,
    column_fact,
    column_value,
    column_nest,
    column_level,
    column_engine,
    column_version,
    column_socket,
    column_privileged,
    column_storage,
    column_runtime,
    column_cgroup_driver,
    fact_kernel,
    fact_cpu,
    fact_cores,
    fact_memory,
    fact_hypervisor,
    fact_vendor,
    fact_clock,
    fact_governor,
    fact_turbo,
    fact_thp,
    fact_cgroups,
    fact_cmdline,
    fact_mitigations,
    fact_sandbox,
    fact_packages,
    packages,
    pinned,
    not_pinned,
    not_readable,
    yes,
    no,
    setup_caption,
    setup_docker,
    setup_podman,
    setup_podman_mode,
    setup_podman_runtime,
    setup_repetitions,
    blocks_title,
    blocks_caption,
    column_session,
    column_load,
    column_psi,
    column_steal,
    column_cgroup_throttles,
    column_thermal_throttles,
    column_clock_step,
    run_session,
    run_sessions,
    limits_title,
    limit_one_boot,
    limit_stand_ins,
    limit_no_stand_ins,
    limit_not_whole,
    limit_medians,
    limit_absence,
    limit_machine,
    limit_published,
    rebuild_title,
    taken,
    rebuild,
    rebuild_command,
    // Figures.
    figure_title,
    panel_startup,
    panel_cpu,
    n_each,
    n_from_to,
    images_stand_ins,
    images_real,
    not_from_zero,
    no_sample,
    not_measured,
    mark_sample,
    mark_median,
    published_row,
    mark_published,
    mark_published_ratio,
    mark_ratio,
    mark_band,
    mark_whole,
    mark_more,
    mark_less,
    mark_speck,
    mark_warmup,
    mark_slowness,
    mark_flagged,
    forest_title,
    forest_axis,
    parts_title,
    parts_axis,
    order_title,
    order_axis,
    order_blocks,
    session_number,
    alt_samples,
    alt_forest,
    alt_parts,
    alt_order,
    caption_samples,
    caption_forest,
    caption_parts,
    caption_order,
}

/// The tables of texts, by language.
pub(crate) trait Texted {
    fn texts(self) -> &'static Texts;
    fn levels(self) -> &'static LevelTexts;
}

impl Texted for Lang {
    fn texts(self) -> &'static Texts {
        self.pick(&english::TEXTS, &spanish::TEXTS)
    }

    fn levels(self) -> &'static LevelTexts {
        self.pick(&levels::english::TEXTS, &levels::spanish::TEXTS)
    }
}

/// A template with its values filled in.
pub(crate) fn fill(template: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        let value = values.iter().find(|(other, _)| *other == name);
        debug_assert!(value.is_some(), "no value for {{{name}}} in {template}");
        out.push_str(&value.map_or_else(|| name.to_owned(), |(_, value)| value.to_string()));
        rest = after;
    }
    out.push_str(rest);
    out
}
