//! `coverage.csv`, one row a cell, and `coverage.md`, what came of it.

use std::fmt::Write as _;

use measure::failure;
use miette::Result;

use crate::environment::{AR_09, DRIFT};
use crate::law::LOGNORMAL;
use crate::protocol::{BOOTSTRAP_RESAMPLES, BOOTSTRAP_SIZES, Rule, SIZES};
use crate::simulate::Outcome;
use crate::verdict::{
    Criterion, deviations, is_a_then_b, is_raw_median, passes, percent, required,
};

const HEADER: [&str; 14] = [
    "rule",
    "n",
    "law",
    "environment",
    "ratio",
    "replicates",
    "given",
    "covered",
    "coverage",
    "exact",
    "standard_error",
    "required",
    "pass",
    "assumption_holds",
];

/// One row a cell; a number that does not exist is an empty field.
pub(crate) fn csv(outcomes: &[Outcome]) -> Result<Vec<u8>> {
    let not_written = |error: &dyn std::fmt::Display| {
        failure(
            "coverage.csv can't be made",
            error.to_string(),
            "report this as a bug",
        )
    };
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record(HEADER)
        .map_err(|error| not_written(&error))?;
    for outcome in outcomes {
        let cell = &outcome.cell;
        let row = [
            cell.rule.name().to_owned(),
            cell.n.to_string(),
            cell.law.name.to_owned(),
            cell.environment.name.to_owned(),
            number(Some(cell.ratio)),
            cell.replicates.to_string(),
            outcome.given.to_string(),
            outcome.covered.to_string(),
            number(outcome.coverage()),
            number(outcome.exact),
            number(outcome.standard_error()),
            number(required(outcome)),
            passes(outcome).map_or(String::new(), |pass| pass.to_string()),
            cell.assumption_holds().to_string(),
        ];
        table
            .write_record(row)
            .map_err(|error| not_written(&error))?;
    }
    table.into_inner().map_err(|error| not_written(&error))
}

/// The page that a reader opens.
pub(crate) fn page(
    outcomes: &[Outcome],
    criteria: &[Criterion],
    replicates: u32,
    seed: u64,
) -> String {
    let met = criteria.iter().filter(|criterion| criterion.met).count();
    let mut page = format!(
        "# Do the intervals cover what they claim?\n\n\
         {met} of {} criteria are met. Regenerate with `cargo xtask coverage`; this is seed {seed}, \
         {replicates} simulated runs a cell, {} cells. Method, laws and environments:\n\
         [experiments/coverage](../../experiments/coverage/README.md). Every cell: `coverage.csv`.\n\n\
         ![Coverage of every rule per number of blocks](coverage.png)\n\n\
         ## Criteria\n\n| criterion | found | met |\n|---|---|---|\n",
        criteria.len(),
        outcomes.len(),
    );
    for criterion in criteria {
        let met = if criterion.met { "yes" } else { "**no**" };
        line(&mut page, &[&criterion.what, &criterion.found, met]);
    }
    page.push_str(
        "\n## Lowest and highest coverage, where assumptions hold\n\n\
         For rule 3 the share of runs in which \"equivalent\" was rightly not said of a ratio at the \
         margin, for\nrule 4 that of runs in which no look missed. Exact: `1 - 2F(d-1)`; ties (4 ms \
         ticks) can only add to it.\n\n\
         | rule | n | cells | lowest | highest | exact |\n|---|---|---|---|---|---|\n",
    );
    for rule in [Rule::Median, Rule::Ratio, Rule::Equivalence, Rule::Adaptive] {
        for n in SIZES {
            let held = |o: &Outcome| o.cell.assumption_holds() && o.cell.rule == rule;
            range(&mut page, rule, n, outcomes, held);
        }
    }
    page.push_str(
        "\n## The two cases that must fail, and what mends them\n\n\
         lognormal 0.1. In brackets what rule 2 covers on the same machine in random order.\n\n\
         | n | all A then all B, drift of 20 % | raw medians, AR(1) 0.9 |\n|---|---|---|\n",
    );
    for n in SIZES {
        let of = |case: &dyn Fn(&Outcome) -> bool| {
            let found = outcomes.iter().find(|o| o.cell.n == n && case(o));
            let coverage = found.and_then(Outcome::coverage);
            coverage.map_or("no interval".to_owned(), percent)
        };
        let mended = |environment: &crate::environment::Environment| {
            of(&|o| {
                o.cell.rule == Rule::Ratio
                    && *o.cell.environment == *environment
                    && *o.cell.law == LOGNORMAL
            })
        };
        let order = format!("{} ({})", of(&is_a_then_b), mended(&DRIFT));
        let raw = format!("{} ({})", of(&is_raw_median), mended(&AR_09));
        line(&mut page, &[&n.to_string(), &order, &raw]);
    }
    let _ = write!(
        page,
        "\n## Beside rule 2: the bootstrap of the ratio of medians\n\n\
         Printed in reports, never decided by; nothing is required of it. {} runs a cell, {} \
         resamples each, so that\none standard error is about {}.\n\n\
         | environment | law | {} |\n|---|---|{}\n",
        outcomes
            .iter()
            .find(|o| o.cell.rule == Rule::Bootstrap)
            .map_or(0, |o| o.cell.replicates),
        BOOTSTRAP_RESAMPLES,
        outcomes
            .iter()
            .find(|o| o.cell.rule == Rule::Bootstrap)
            .and_then(Outcome::standard_error)
            .map_or("none".to_owned(), percent),
        BOOTSTRAP_SIZES.map(|n| format!("n = {n}")).join(" | "),
        "---|".repeat(BOOTSTRAP_SIZES.len()),
    );
    let bootstraps: Vec<&Outcome> = outcomes
        .iter()
        .filter(|o| o.cell.rule == Rule::Bootstrap)
        .collect();
    for cells in bootstraps.chunks(BOOTSTRAP_SIZES.len()) {
        let cell = &cells[0].cell;
        let shares = cells
            .iter()
            .map(|o| o.coverage().map_or(String::new(), percent));
        let mut row = vec![cell.environment.name.to_owned(), cell.law.name.to_owned()];
        row.extend(shares);
        line(
            &mut page,
            &row.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }
    beyond(&mut page, outcomes);
    page
}

/// Where several cells share a rule and a size.
fn range(
    page: &mut String,
    rule: Rule,
    n: usize,
    outcomes: &[Outcome],
    held: impl Fn(&Outcome) -> bool,
) {
    let cells: Vec<&Outcome> = outcomes
        .iter()
        .filter(|o| o.cell.n == n && held(o))
        .collect();
    if cells.is_empty() {
        return;
    }
    let shares = || cells.iter().filter_map(|o| o.coverage());
    let text = |share: Option<f64>| share.map_or("no interval".to_owned(), percent);
    let exact = cells.iter().find_map(|o| o.exact);
    let row = [
        rule.name().to_owned(),
        n.to_string(),
        cells.len().to_string(),
        text(shares().reduce(f64::min)),
        text(shares().reduce(f64::max)),
        exact.map_or(String::new(), percent),
    ];
    line(page, &row.each_ref().map(String::as_str));
}

/// Names the cells beyond three standard errors: there is nothing to hide.
fn beyond(page: &mut String, outcomes: &[Outcome]) {
    page.push_str("\n## Cells of continuous iid data beyond 3 standard errors\n\n");
    let far: Vec<(&Outcome, f64)> = outcomes
        .iter()
        .filter(|o| o.cell.is_exact())
        .filter_map(|o| Some((o, deviations(o)?)))
        .filter(|(_, z)| z.abs() > 3.0)
        .collect();
    if far.is_empty() {
        page.push_str("None.\n");
        return;
    }
    page.push_str(
        "| rule | n | law | environment | ratio | standard errors |\n|---|---|---|---|---|---|\n",
    );
    for (outcome, z) in far {
        let cell = &outcome.cell;
        let row = [
            cell.rule.name().to_owned(),
            cell.n.to_string(),
            cell.law.name.to_owned(),
            cell.environment.name.to_owned(),
            cell.ratio.to_string(),
            format!("{z:+.1}"),
        ];
        line(page, &row.each_ref().map(String::as_str));
    }
}

fn line(page: &mut String, fields: &[&str]) {
    let _ = writeln!(page, "| {} |", fields.join(" | "));
}
