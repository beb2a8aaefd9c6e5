//! `coverage.md`: the criteria, then every number behind them.

use crate::coverage::STEM;
use crate::coverage::read::{Cell, Criterion, Rule, Simulation};
use crate::coverage::scene::{distinct, promised};
use crate::page::{markdown, phrases};
use facts::Lang;
use facts::document::{self, Document, Fit, Piece, Table, Tone, numbers, words};

const NO_INTERVAL: &str = "no interval";

pub(super) fn write(simulation: &Simulation) -> String {
    let cells = &simulation.cells;
    let mut pieces = vec![Piece::Figure(0)];
    let mut section = |title: &str, about: &str, table: Piece| {
        pieces.push(Piece::Heading(2, title.to_owned()));
        if !about.is_empty() {
            pieces.push(Piece::Paragraph(about.to_owned()));
        }
        pieces.push(table);
    };
    section("Criteria", "", criteria(simulation));
    section(
        "Lowest and highest coverage",
        "For rule 3 the share of runs in which \"equivalent\" was rightly not said of a ratio at the \
         margin, for rule 4 that of runs in which no look missed. Exact: `1 - 2F(d-1)`; ties (4 ms \
         ticks) can only add to it.",
        ranges(cells),
    );
    section("The two cases that must fail, and what mends them", "", must_fail(cells));
    section(
        "Beside rule 2: the bootstrap of the ratio of medians",
        &about_bootstraps(cells),
        bootstraps(cells),
    );
    section("Cells of continuous iid data beyond 3 standard errors", "", beyond(cells));
    let document = Document {
        title: "Do the intervals cover what they claim?".to_owned(),
        lead: lead(simulation),
        pieces,
    };
    let file = format!("{STEM}.png");
    markdown::write(&document, &[("Coverage of every rule per number of blocks", &file)])
}

fn lead(simulation: &Simulation) -> String {
    let met = simulation.criteria.iter().filter(|criterion| criterion.met);
    format!(
        "{} of {} criteria are met. This is seed {}, {} simulated runs a cell, {} cells; `cargo xtask \
         coverage` makes it again. Method, laws and environments: `experiments/coverage/README.md`. \
         Every cell: `coverage.csv`.",
        met.count(),
        simulation.criteria.len(),
        simulation.seed,
        simulation.replicates,
        simulation.cells.len()
    )
}

fn criteria(simulation: &Simulation) -> Piece {
    let row = |criterion: &Criterion| {
        let (tone, met) = if criterion.met { (Tone::Yes, "yes") } else { (Tone::No, "no") };
        vec![
            criterion.what.as_str().into(),
            criterion.found.as_str().into(),
            document::Cell::new(met).tone(tone),
        ]
    };
    table(
        "What is required, and what was found",
        vec![words("criterion"), words("found"), words("met")],
        simulation.criteria.iter().map(row).collect(),
    )
}

/// Where several cells share a rule and a size.
fn ranges(cells: &[Cell]) -> Piece {
    let mut rows = Vec::new();
    for rule in [Rule::Median, Rule::Ratio, Rule::Equivalence, Rule::Adaptive] {
        let cells = promised(cells, rule);
        for n in distinct(&cells, |cell| cell.n) {
            let same = || cells.iter().filter(|cell| cell.n == n);
            let shares = || same().filter_map(|cell| cell.coverage());
            rows.push(vec![
                rule.name().into(),
                n.to_string().into(),
                same().count().to_string().into(),
                percent(shares().reduce(f64::min)).into(),
                percent(shares().reduce(f64::max)).into(),
                same()
                    .find_map(|cell| cell.exact)
                    .map_or(String::new(), |exact| percent(Some(exact)))
                    .into(),
            ]);
        }
    }
    table(
        "Coverage of the cells in which a rule's assumptions hold",
        vec![
            words("rule"),
            numbers("n"),
            numbers("cells"),
            numbers("lowest"),
            numbers("highest"),
            numbers("exact"),
        ],
        rows,
    )
}

fn must_fail(cells: &[Cell]) -> Piece {
    let failing: Vec<&Cell> =
        cells.iter().filter(|cell| cell.is_a_then_b() || cell.is_raw_median()).collect();
    let row = |n: u32| {
        let of = |case: fn(&Cell) -> bool| {
            let found = cells.iter().find(|cell| cell.n == n && case(cell));
            percent(found.and_then(Cell::coverage))
        };
        let order = format!("{} ({})", of(Cell::is_a_then_b), of(Cell::mends_a_then_b));
        let raw = format!("{} ({})", of(Cell::is_raw_median), of(Cell::mends_raw_median));
        vec![n.to_string().into(), order.into(), raw.into()]
    };
    table(
        "Coverage, lognormal 0.1; in brackets what rule 2 covers on the same machine in random order",
        vec![
            numbers("n"),
            numbers("all A then all B, drift of 20 %"),
            numbers("raw medians, AR(1) 0.9"),
        ],
        distinct(&failing, |cell| cell.n).into_iter().map(row).collect(),
    )
}

fn of_bootstrap(cells: &[Cell]) -> Vec<&Cell> {
    let of_rule = |cell: &&Cell| cell.rule == Rule::Bootstrap;
    cells.iter().filter(of_rule).collect()
}

fn about_bootstraps(cells: &[Cell]) -> String {
    let cells = of_bootstrap(cells);
    let error = cells.iter().find_map(|cell| cell.standard_error);
    format!(
        "Printed in reports, never decided by; nothing is required of it. {} runs a cell, so that one \
         standard error is about {}.",
        cells.first().map_or(0, |cell| cell.replicates),
        error.map_or("unknown".to_owned(), |error| percent(Some(error)))
    )
}

fn bootstraps(cells: &[Cell]) -> Piece {
    let cells = of_bootstrap(cells);
    let sizes = distinct(&cells, |cell| cell.n);
    let row = |(environment, law): (&str, &str)| {
        let of = |n: &u32| {
            let found =
                cells.iter().find(|cell| cell.n == *n && noise_of(cell) == (environment, law));
            percent(found.and_then(|cell| cell.coverage())).into()
        };
        let names = [environment.into(), law.into()];
        names.into_iter().chain(sizes.iter().map(of)).collect()
    };
    let mut columns = vec![words("environment"), words("law")];
    columns.extend(sizes.iter().map(|n| numbers(format!("n = {n}"))));
    table(
        "Coverage of the ratio of medians",
        columns,
        distinct(&cells, noise_of).into_iter().map(row).collect(),
    )
}

fn noise_of(cell: &Cell) -> (&str, &str) {
    (&cell.environment, &cell.law)
}

/// Names the cells beyond three standard errors: there is nothing to hide.
fn beyond(cells: &[Cell]) -> Piece {
    let far = cells.iter().filter_map(|cell| {
        let z = cell.deviations().filter(|z| z.abs() > 3.0)?;
        Some(vec![
            cell.rule.name().into(),
            cell.n.to_string().into(),
            cell.law.as_str().into(),
            cell.environment.as_str().into(),
            cell.ratio.to_string().into(),
            format!("{z:+.1}").into(),
        ])
    });
    let rows: Vec<Vec<document::Cell>> = far.collect();
    if rows.is_empty() {
        return Piece::Paragraph("None.".to_owned());
    }
    table(
        "How far from exact each of them is, in standard errors",
        vec![
            words("rule"),
            numbers("n"),
            words("law"),
            words("environment"),
            numbers("ratio"),
            numbers("away"),
        ],
        rows,
    )
}

fn table(caption: &str, columns: Vec<document::Column>, rows: Vec<Vec<document::Cell>>) -> Piece {
    Piece::Table(Table { caption: caption.to_owned(), columns, rows, fit: Fit::Scroll })
}

fn percent(share: Option<f64>) -> String {
    share.map_or(NO_INTERVAL.to_owned(), |share| phrases::percent(share, 1, Lang::En))
}
