//! The page: the criteria, then every number behind them.

use facts::document::{Cell, Column, Fit, Piece, Table, Tone, numbers, words};
use facts::trials::entry;

use super::Simulation;
use crate::environment::{Environment, FLEETS, RATIO_MOVES};
use crate::protocol::{Rule, SESSION_BLOCKS, SESSIONS};
use crate::simulate::Outcome;
use crate::verdict::{deviations, is_a_then_b, is_in, is_raw_median};

pub(super) fn lead(simulation: &Simulation) -> String {
    let criteria = &simulation.criteria;
    format!(
        "{} of {} criteria are met. This is seed {}, {} simulated runs a cell, {} cells; `cargo xtask \
         coverage` makes it again. Method, laws and environments: `experiments/coverage/README.md`. \
         Every cell: `coverage.csv`.",
        criteria.iter().filter(|criterion| criterion.met).count(),
        criteria.len(),
        simulation.seed,
        simulation.replicates,
        simulation.outcomes.len()
    )
}

pub(super) fn pieces(simulation: &Simulation) -> Vec<Piece> {
    let heading = |text| Piece::heading(2, text);
    vec![
        Piece::Figure(0),
        heading("Criteria"),
        criteria(simulation),
        heading("Lowest and highest coverage"),
        Piece::paragraph(
            "For rule 6, n is machines. For rule 3 the share of runs in which \"equivalent\" was rightly not said of a ratio at \
             the margin, for rule 4 that of runs in which no look missed. Exact: `1 - 2F(d-1)`; ties \
             (4 ms ticks) can only add to it.",
        ),
        ranges(simulation),
        heading("Two designs that must fail, and what mends them"),
        must_fail(simulation),
        heading("Where the ratio itself moves"),
        about_moving(simulation),
        moving(simulation),
        heading("One machine, and several"),
        about_fleets(),
        fleets(simulation),
        heading("Beside rule 2: the bootstrap of the ratio of medians"),
        about_bootstraps(simulation),
        bootstraps(simulation),
        heading("Cells of continuous iid data beyond 3 standard errors"),
        beyond(simulation),
    ]
}

fn criteria(simulation: &Simulation) -> Piece {
    let rows = simulation.criteria.iter().map(|criterion| {
        let (tone, met) = if criterion.met { (Tone::Yes, "yes") } else { (Tone::No, "no") };
        vec![(&*criterion.what).into(), (&*criterion.found).into(), Cell::new(met).tone(tone)]
    });
    let columns = ["criterion", "found", "met"].map(words);
    table("What is required, and what was found", columns.into(), rows.collect())
}

/// Where several cells share a rule and a size.
fn ranges(simulation: &Simulation) -> Piece {
    let mut rows = Vec::new();
    for rule in [
        Rule::Median,
        Rule::Ratio,
        Rule::PrimaryOnly,
        Rule::Equivalence,
        Rule::Adaptive,
        Rule::Machines,
    ] {
        for (n, cells) in by(simulation.promised(rule), |o| o.cell.n) {
            let shares = || cells.iter().filter_map(|o| o.coverage());
            let exact = cells.iter().find_map(|o| o.exact);
            rows.push(vec![
                rule.name().into(),
                n.to_string().into(),
                cells.len().to_string().into(),
                percent(shares().reduce(f64::min)).into(),
                percent(shares().reduce(f64::max)).into(),
                exact.map_or(String::new(), |exact| percent(Some(exact))).into(),
            ]);
        }
    }
    let columns = ["n", "cells", "lowest", "highest", "exact"].map(numbers);
    table(
        "Coverage of the cells in which a rule's assumptions hold",
        [vec![words("rule")], columns.into()].concat(),
        rows,
    )
}

fn must_fail(simulation: &Simulation) -> Piece {
    let cells = simulation.outcomes.iter().filter(|o| is_a_then_b(o) || o.mends_a_then_b());
    let cells = cells
        .chain(simulation.outcomes.iter().filter(|o| is_raw_median(o) || o.mends_raw_median()));
    let rows = by(cells.collect(), |o| o.cell.n).into_iter().map(|(n, cells)| {
        let of = |case: fn(&Outcome) -> bool| {
            percent(cells.iter().find(|o| case(o)).and_then(|o| o.coverage()))
        };
        let order = format!("{} ({})", of(is_a_then_b), of(Outcome::mends_a_then_b));
        let raw = format!("{} ({})", of(is_raw_median), of(Outcome::mends_raw_median));
        vec![n.to_string().into(), order.into(), raw.into()]
    });
    table(
        "Coverage, lognormal 0.1; in brackets what rule 2 covers on the same machine in random order",
        ["n", "all A then all B, drift of 20 %", "raw medians, AR(1) 0.9"].map(numbers).into(),
        rows.collect(),
    )
}

fn about_moving(simulation: &Simulation) -> Piece {
    let mut moved = simulation.outcomes.iter().filter(|o| is_in(o, Rule::Ratio, &RATIO_MOVES[0]));
    Piece::Paragraph(format!(
        "In all cells above, what the machine does falls on both arms alike, so the ratio stays what it \
         is. Here the ratio itself moves with time: load that one arm feels more than the other. No \
         order of the arms helps against that, and intervals cover less than they say. Lognormal 0.05, \
         which is chosen, not measured: with more noise, intervals are wider and cover more. {} runs a \
         cell.",
        moved.next().map_or(0, |o| o.cell.replicates)
    ))
}

fn moving(simulation: &Simulation) -> Piece {
    let cells: Vec<&Outcome> = simulation
        .outcomes
        .iter()
        .filter(|o| RATIO_MOVES.iter().any(|of| is_in(o, Rule::Ratio, of)))
        .collect();
    let mut columns = vec![words("environment")];
    let sizes = by(cells.clone(), |o| o.cell.n);
    columns.extend(sizes.iter().map(|(n, _)| numbers(format!("n = {n}"))));
    let row = |name: &str, cells: &[&Outcome], of: fn(&Outcome) -> Option<f64>| {
        let shares = cells.iter().map(|o| percent(of(o)).into());
        std::iter::once(name.into()).chain(shares).collect::<Vec<Cell>>()
    };
    let environments = by(cells, |o| o.cell.environment.name);
    let said = environments.first().map(|(_, cells)| row("what they say", cells, |o| o.exact));
    let rows = environments.iter().map(|(name, cells)| row(name, cells, Outcome::coverage));
    table("Coverage of rule 2", columns, rows.chain(said).collect())
}

fn about_fleets() -> Piece {
    Piece::Paragraph(format!(
        "Machines differ in the logarithm of the ratio by this standard deviation; the truth is the \
         median over all machines. {SESSIONS} sessions of one machine, {SESSION_BLOCKS} blocks each, \
         cover what is true of that machine and not what is true of machines. As many machines of one \
         session each do, by the function that `cargo xtask merge` uses. Lognormal 0.1, so that the \
         estimate of one session has a standard deviation of about 4 %. That is chosen, not measured: \
         quieter or longer sessions have narrower intervals, and cover less of what is true of machines."
    ))
}

fn fleets(simulation: &Simulation) -> Piece {
    let of = |fleet: &Environment, rule| {
        let mut cells = simulation.outcomes.iter();
        let cells = cells.by_ref().filter(|o| is_in(o, rule, fleet) && o.given > 0);
        cells.collect::<Vec<_>>()
    };
    let machines = of(&FLEETS[0], Rule::Machines);
    let mut columns = vec![words("fleet"), numbers(format!("{SESSIONS} sessions of one machine"))];
    columns.extend(machines.iter().map(|o| numbers(format!("{} machines", o.cell.n))));
    let shares = |cells: &[&Outcome], of: fn(&Outcome) -> Option<f64>| {
        cells.iter().map(|o| percent(of(o)).into()).collect::<Vec<Cell>>()
    };
    let row = |fleet: &Environment| {
        let cells = [of(fleet, Rule::OneMachine), of(fleet, Rule::Machines)].concat();
        [vec![fleet.name.into()], shares(&cells, Outcome::coverage)].concat()
    };
    let cells = [of(&FLEETS[0], Rule::OneMachine), machines].concat();
    let said = [vec!["what they say".into()], shares(&cells, |o| o.exact)].concat();
    let rows = FLEETS.iter().map(row).chain([said]);
    table("Coverage of what is true of machines", columns, rows.collect())
}

fn about_bootstraps(simulation: &Simulation) -> Piece {
    let cells = simulation.of_bootstrap();
    let error = cells.iter().find_map(|o| o.standard_error());
    Piece::Paragraph(format!(
        "Printed in reports, never decided by; nothing is required of it. {} runs a cell, so that one \
         standard error is about {}.",
        cells.first().map_or(0, |o| o.cell.replicates),
        percent(error)
    ))
}

fn bootstraps(simulation: &Simulation) -> Piece {
    let mut columns = vec![words("environment"), words("law")];
    let sizes = by(simulation.of_bootstrap(), |o| o.cell.n);
    columns.extend(sizes.iter().map(|(n, _)| numbers(format!("n = {n}"))));
    let noises = by(simulation.of_bootstrap(), |o| (o.cell.environment.name, o.cell.law.name));
    let rows = noises.into_iter().map(|((environment, law), cells)| {
        let shares = cells.iter().map(|o| percent(o.coverage()).into());
        [environment.into(), law.into()].into_iter().chain(shares).collect()
    });
    table("Coverage of the ratio of medians", columns, rows.collect())
}

/// Names the cells beyond three standard errors: there is nothing to hide.
fn beyond(simulation: &Simulation) -> Piece {
    let exact = simulation.outcomes.iter().filter(|o| o.cell.is_exact());
    let far = exact.filter_map(|o| {
        let z = deviations(o).filter(|z| z.abs() > 3.0)?;
        Some(vec![
            o.cell.rule.name().into(),
            o.cell.n.to_string().into(),
            o.cell.law.name.into(),
            o.cell.environment.name.into(),
            o.cell.ratio.to_string().into(),
            format!("{z:+.1}").into(),
        ])
    });
    let rows: Vec<Vec<Cell>> = far.collect();
    if rows.is_empty() {
        return Piece::paragraph("None.");
    }
    let columns = vec![
        words("rule"),
        numbers("n"),
        words("law"),
        words("environment"),
        numbers("ratio"),
        numbers("away"),
    ];
    table("How far from exact each of them is, in standard errors", columns, rows)
}

/// Cells by a property, in the order in which its values first appear.
fn by<K: PartialEq>(
    cells: Vec<&Outcome>,
    property: impl Fn(&Outcome) -> K,
) -> Vec<(K, Vec<&Outcome>)> {
    let mut groups: Vec<(K, Vec<&Outcome>)> = Vec::new();
    for outcome in cells {
        entry(&mut groups, property(outcome)).push(outcome);
    }
    groups
}

fn table(caption: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Piece {
    Piece::Table(Table { caption: caption.to_owned(), columns, rows, fit: Fit::Scroll })
}

fn percent(share: Option<f64>) -> String {
    share.map_or("no interval".to_owned(), crate::verdict::percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::protocol;

    #[test]
    fn what_was_not_met_is_said() {
        let cells = protocol(10_000).into_iter();
        let outcomes = cells.map(|cell| {
            let given = if cell.n == 4 { 0 } else { cell.replicates };
            Outcome { cell, given, covered: given / 100 * 96, exact: None }.with_exact()
        });
        let mut outcomes: Vec<Outcome> = outcomes.collect();
        // Of continuous iid data: far below what is required and exact.
        outcomes[1].covered = 9_000;
        let sheet = Simulation::new(1, 10_000, outcomes).sheet();
        assert!(sheet.lead.contains("of 17 criteria are met"), "{}", sheet.lead);
        let rows: Vec<String> = sheet
            .pieces
            .iter()
            .filter_map(|piece| if let Piece::Table(table) = piece { Some(table) } else { None })
            .flat_map(|table| &table.rows)
            .map(|row| row.iter().map(|cell| &*cell.text).collect::<Vec<_>>().join("|"))
            .collect();
        for expected in ["1 median|6|14|90.0 %|", "1 median|6|lognormal 0.1|iid|1|-39.5", "|no"] {
            assert!(rows.iter().any(|row| row.contains(expected)), "no {expected} in {rows:#?}");
        }
        let marks = &sheet.figure.panels[0].slots[1].marks;
        assert!(marks.contains(&(facts::Mark::Cross, 90.0)), "{marks:?}");
    }
}
