//! What is to be seen, before anybody thinks of pixels.

use crate::environment::{AR_09, DRIFT, ENVIRONMENTS, Environment, IID};
use crate::figure::canvas::Mark;
use crate::law::LOGNORMAL;
use crate::protocol::{BOOTSTRAP_SIZES, HORIZON, Rule, SIZES};
use crate::simulate::Outcome;
use crate::verdict::{is_a_then_b, is_raw_median, passes, required};

pub(crate) struct Scene {
    pub(crate) title: &'static str,
    pub(crate) subtitle: String,
    pub(crate) panels: Vec<Panel>,
}

/// One small plot: coverage over slots.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) about: String,
    pub(crate) slots: Vec<Slot>,
    pub(crate) x_label: &'static str,
    /// Lowest coverage on the axis, in per cent; the highest is 100.
    pub(crate) floor: f64,
    /// Distance of grid lines, in per cent.
    pub(crate) step: f64,
    /// In per cent.
    pub(crate) required: Option<f64>,
}

/// A place along a panel.
pub(crate) struct Slot {
    pub(crate) label: String,
    /// In per cent.
    pub(crate) exact: Option<f64>,
    /// In per cent.
    pub(crate) marks: Vec<(Mark, f64)>,
}

impl Scene {
    pub(crate) fn new(outcomes: &[Outcome], replicates: u32, seed: u64) -> Self {
        let of = |rule| {
            let holds = |o: &&Outcome| o.cell.rule == rule && o.cell.assumption_holds();
            outcomes.iter().filter(holds).collect::<Vec<_>>()
        };
        let required = |cells: &[&Outcome]| cells.iter().find_map(|o| required(o)).map(per_cent);
        let per_size = |title, about: &str, rule| {
            let cells = of(rule);
            let shown = cells.iter().filter(|o| o.given > 0).count();
            Panel {
                title,
                about: format!("{about} ({shown} cells)"),
                slots: sizes(&SIZES, |n, slot| {
                    for o in cells.iter().filter(|o| o.cell.n == n) {
                        slot.add(o);
                    }
                }),
                x_label: "blocks",
                floor: floor(required(&cells)),
                step: 1.0,
                required: required(&cells),
            }
        };
        let adaptive = of(Rule::Adaptive);
        Self {
            title: "Do the intervals cover what they claim?",
            subtitle: format!(
                "Each mark is one simulated condition (law of noise, environment, ratio): the share \
                 of {replicates} runs whose claim was true. Seed {seed}."
            ),
            panels: vec![
                per_size(
                    "Rule 1: median of an arm",
                    "interval holds it; independent readings",
                    Rule::Median,
                ),
                per_size(
                    "Rule 2: ratio within blocks",
                    "interval holds it; any environment",
                    Rule::Ratio,
                ),
                must_fail(outcomes),
                per_size(
                    "Rule 3: equivalence",
                    "not claimed of a ratio at the margin",
                    Rule::Equivalence,
                ),
                Panel {
                    title: "Rule 4: looking after every block",
                    about: format!("no look of {HORIZON} misses ({} cells)", adaptive.len()),
                    slots: ENVIRONMENTS
                        .iter()
                        .map(|environment| {
                            let mut slot = Slot::new(short(environment));
                            for o in &adaptive {
                                if o.cell.environment == environment {
                                    slot.add(o);
                                }
                            }
                            slot
                        })
                        .collect(),
                    x_label: "environment",
                    floor: floor(required(&adaptive)),
                    step: 1.0,
                    required: required(&adaptive),
                },
                bootstraps(outcomes),
            ],
        }
    }
}

impl Slot {
    fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            exact: None,
            marks: Vec::new(),
        }
    }

    /// Adds a cell by its usual mark, or by a cross where it does not reach what is required.
    fn add(&mut self, outcome: &Outcome) {
        let mark = match passes(outcome) {
            Some(false) => Mark::Below,
            _ if outcome.cell.law.ticks => Mark::Ties,
            _ => Mark::Cell,
        };
        self.add_as(mark, outcome);
    }

    fn add_as(&mut self, mark: Mark, outcome: &Outcome) {
        if let Some(coverage) = outcome.coverage() {
            self.marks.push((mark, per_cent(coverage)));
            self.exact = self.exact.or(outcome.exact.map(per_cent));
        }
    }
}

/// Both cases, and beside them rule 2 on the same two machines in random order.
fn must_fail(outcomes: &[Outcome]) -> Panel {
    let mended = |o: &Outcome| {
        let there = [&DRIFT, &AR_09].contains(&o.cell.environment);
        let same = *o.cell.law == LOGNORMAL && (o.cell.ratio - 1.0).abs() < f64::EPSILON;
        o.cell.rule == Rule::Ratio && there && same
    };
    Panel {
        title: "Two cases that must fail",
        about: "circles: rule 2, same machine, random blocks".to_owned(),
        slots: sizes(&SIZES, |n, slot| {
            for o in outcomes.iter().filter(|o| o.cell.n == n) {
                if is_a_then_b(o) {
                    slot.add_as(Mark::Below, o);
                } else if is_raw_median(o) {
                    slot.add_as(Mark::Triangle, o);
                } else if mended(o) {
                    slot.add_as(Mark::Cell, o);
                }
            }
            slot.exact = None;
        }),
        x_label: "blocks",
        floor: 0.0,
        step: 20.0,
        required: outcomes
            .iter()
            .find(|o| is_a_then_b(o) && o.given > 0)
            .and_then(required)
            .map(per_cent),
    }
}

fn bootstraps(outcomes: &[Outcome]) -> Panel {
    let all = |o: &&Outcome| o.cell.rule == Rule::Bootstrap;
    let replicates = outcomes.iter().find(all).map_or(0, |o| o.cell.replicates);
    let slots = [&IID, &AR_09].into_iter().flat_map(|environment| {
        sizes(&BOOTSTRAP_SIZES, |n, slot| {
            for o in outcomes.iter().filter(all) {
                if o.cell.n == n && o.cell.environment == environment {
                    slot.add(o);
                }
            }
            slot.label = format!("{}\n{n}", short(environment).replace('\n', " "));
        })
    });
    Panel {
        title: "Beside rule 2: bootstrap",
        about: format!("of the ratio of medians; {replicates} runs each"),
        slots: slots.collect(),
        x_label: "environment, blocks",
        floor: 84.0,
        step: 2.0,
        required: None,
    }
}

fn sizes(sizes: &[usize], mut fill: impl FnMut(usize, &mut Slot)) -> Vec<Slot> {
    let slot = |&n: &usize| {
        let mut slot = Slot::new(n.to_string());
        fill(n, &mut slot);
        slot
    };
    sizes.iter().map(slot).collect()
}

/// An environment's name in the width of a slot.
fn short(environment: &Environment) -> String {
    environment.name.replacen(' ', "\n", 1)
}

/// The axis begins at the whole number below what is required, so that the line can be seen.
fn floor(required: Option<f64>) -> f64 {
    required.map_or(93.0, |required| (required - 0.5).floor())
}

fn per_cent(share: f64) -> f64 {
    100.0 * share
}
