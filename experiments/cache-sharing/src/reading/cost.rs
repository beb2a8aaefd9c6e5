//! What a way costs: the same job with it, over the same job with nothing and with a store of its
//! own from before; and what it moves and leaves.

use std::collections::BTreeMap;

use facts::trials::rows;
use facts::{Estimate, Evidence, JOB, Ratio};
use measure::Trial;
use serde::Serialize;

use super::Sharing;
use super::cell::Cell;
use crate::cost::{MOVED, MOVES, ROWS, Row};
use crate::finding::{Class, Finding, JOINT};
use crate::search::BETWEEN;
use crate::trial::FAILED;

/// Of one arm.
#[derive(Serialize)]
pub(super) struct Cost {
    pub(super) arm: &'static str,
    pub(super) way: Option<&'static str>,
    /// How long a job takes, in ns.
    pub(super) median: Option<Estimate>,
    pub(super) to_cold: Option<Ratio>,
    pub(super) to_warm: Option<Ratio>,
    /// Bytes of one job, by [`MOVES`]; of several sessions, in the last one.
    pub(super) moved: BTreeMap<&'static str, u64>,
    /// Why it was not measured: what the job said.
    pub(super) failed: Option<String>,
    /// And why it could not be: what refused a place for it.
    #[serde(skip)]
    pub(super) placeless: Option<String>,
}

impl Cost {
    /// Over the same job with an empty store.
    pub(super) fn over_cold(&self) -> Option<Estimate> {
        self.to_cold.as_ref()?.estimate
    }
}

/// Arms that the run has, or has tried, in the order of their declaration.
pub(super) fn costs(evidence: &Evidence) -> Vec<Cost> {
    let tried: Vec<&Trial> = rows(&evidence.record.trials, MOVED).collect();
    let of = |row: &Row| {
        let arm = evidence.arm(row.name);
        let arm = arm.filter(|arm| arm.metric == JOB);
        let of_it = || tried.iter().filter(|tried| tried.subject == row.name);
        if arm.is_none() && of_it().next().is_none() {
            return None;
        }
        let bytes = |step: &&'static str| {
            let mut of_step = of_it().rev().filter(|row| row.step == *step);
            Some((*step, of_step.find_map(|row| row.bytes)?))
        };
        let over = |below: Option<&str>| evidence.between(row.name, below?).map(Ratio::from);
        let said = |outcome: &str| {
            let last = of_it().next_back().filter(|row| row.outcome == outcome);
            last.map(|row| row.reason.clone())
        };
        Some(Cost {
            arm: row.name,
            way: row.way,
            median: arm.and_then(|arm| arm.median),
            to_cold: over(row.cold()),
            to_warm: over(row.warm()),
            moved: MOVES.iter().filter_map(bytes).collect(),
            failed: said(FAILED),
            placeless: said(Class::NotWithoutRoot.into()),
        })
    };
    ROWS.iter().filter_map(of).collect()
}

/// One row of `sharing.csv`.
pub(super) fn row(sharing: &Sharing, cell: &Cell) -> Vec<(String, String)> {
    fn text(value: Option<impl ToString>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    let (refusal, search) = (cell.refusal.as_ref(), cell.search.as_ref());
    let cost = sharing.cost_of_cell(cell);
    let known = refusal.and_then(|refusal| refusal.known().0);
    let words = refusal.map_or(&cell.no_place, |refusal| &refusal.words);
    let findings: Vec<String> = cell.findings.iter().map(Finding::to_string).collect();
    let names = [
        ("generation", cell.name.generation.clone()),
        ("engine", cell.name.engine.clone()),
        ("way", cell.name.way.clone()),
        ("class", cell.class.to_string()),
        ("trial", cell.trial.to_string()),
        ("step", text(refusal.map(|refusal| &refusal.step))),
        ("refused_ns", text(refusal.and_then(|refusal| refusal.after_ns))),
        ("fingerprint", text(known.map(|known| &known.id))),
        ("words", words.clone()),
        ("operations", text(cell.operations.map(|(done, _)| done))),
        ("operations_asked", text(cell.operations.map(|(_, asked)| asked))),
        ("findings", findings.join(JOINT)),
        ("search", text(search.map(|search| search.end))),
        ("search_class", text(search.map(|search| search.worst))),
        ("search_lists", text(search.map(|search| search.lists))),
        ("search_operations", text(search.and_then(|search| search.operations))),
        ("shortest", text(cell.shortest().map(|list| list.join(BETWEEN)))),
        ("arm", text(cost.map(|cost| cost.arm))),
    ];
    let names = names.map(|(name, value)| (name.to_owned(), value));
    let cold = cost.and_then(|cost| cost.to_cold.as_ref());
    let warm = cost.and_then(|cost| cost.to_warm.as_ref());
    let bytes = MOVES.iter().map(|step| {
        let bytes = cost.and_then(|cost| cost.moved.get(step));
        (format!("{step}_bytes"), text(bytes))
    });
    names
        .into_iter()
        .chain(Ratio::columns(cold, "cold"))
        .chain(Ratio::columns(warm, "warm"))
        .chain(bytes)
        .collect()
}
