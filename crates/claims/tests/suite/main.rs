//! The claims about isolation, siblings and privilege, looked at on real engines.
//!
//! One test for each cell of `tables/expected.csv`, named after the claims that speak of it, and
//! one for each row of `tables/mutations.csv`: a set-up that is deliberately wrong, which the cell's
//! test has to reject. What each sees goes into `target/claims/GENERATION.csv`, from which
//! `cargo xtask claims` makes the ledger.

#[path = "../../../lab/tests/suite/harness.rs"]
mod harness;
mod integration;
mod look;
mod pattern;
mod processes;
mod recording;
mod scene;
mod workers;

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;

use claims::{Expected, accepts};
use harness::{Test, test};
use lab::{Kind, Options};
use libtest_mimic::Arguments;
use look::{Property, Sight};
use miette::{Result, miette};
use pattern::Pattern;
use recording::Recording;
use scene::Shared;
use workers::{Ask, Asker};

fn main() -> ExitCode {
    // Before anything else: only a process with a single thread can join namespaces.
    if let Some(code) = integration::child() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // Half of the time of a look is spent waiting for an engine.
    let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
    let threads = *arguments.test_threads.get_or_insert(2 * cores);
    // An unknown generation is told by the harness, which then runs nothing.
    let generation = harness::generation().unwrap_or_default();
    let shared = Shared::new(Options {
        generation,
        ..Options::default()
    });
    let recording = Arc::new(Recording::new(generation));
    workers::serve(&shared, threads, |ask| {
        // What this machine can't look at is told where it would otherwise have been looked at.
        let can = !arguments.list && harness::lacking(Kind::User, generation).is_none();
        let is_wanted = |name: &str| {
            let filter = arguments.filter.as_ref();
            can && filter.is_none_or(|filter| name.contains(filter))
        };
        let cells = claims::expected(recording.generation());
        let cells = cells
            .into_iter()
            .map(|cell| of_cell(cell, ask, &recording, is_wanted));
        let mutations = claims::mutations().into_iter();
        let mutations = mutations.map(|row| of_mutation(row, ask, &recording));
        let tests: Vec<Test> = cells.chain(mutations).collect();
        harness::run(&arguments, tests)
    })
}

/// Which claims speak of a cell, as the first part of a test's name.
fn claims_of(property: &str, pattern: &str) -> String {
    let says = claims::says();
    let ids = says
        .iter()
        .filter(|says| says.property == property && says.pattern == pattern);
    let ids: Vec<String> = ids.map(|says| says.claim.to_lowercase()).collect();
    if ids.is_empty() {
        "unclaimed".to_owned()
    } else {
        ids.join("_")
    }
}

fn path(parts: &[&str]) -> String {
    parts.join("::").replace('-', "_")
}

fn of_cell(
    cell: Expected,
    ask: &Asker,
    recording: &Arc<Recording>,
    is_wanted: impl Fn(&str) -> bool,
) -> Test {
    let name = path(&[
        &claims_of(&cell.property, cell.pattern),
        &cell.property,
        cell.pattern,
    ]);
    let property = look::named(&cell.property).expect("the tables name properties that exist");
    let lacks = lacks(property);
    if let Some(why) = lacks.as_ref().filter(|_| is_wanted(&name)) {
        recording.append_unseen(&name, &cell, why);
    }
    let (ask, recording, called) = (ask.clone(), Arc::clone(recording), name.clone());
    let body = move || {
        let seen = look_at(&ask, property, pattern::named(cell.pattern));
        recording.ask_engines(&ask);
        recording.append(&called, &cell, &seen)?;
        let Sight { outcome, detail } = seen?;
        if accepts(&cell.outcome, &outcome) {
            return Ok(());
        }
        Err(miette!(
            "{} of {}: expected {:?}, seen {outcome:?}: {detail}\n{}",
            cell.property,
            cell.pattern,
            cell.outcome,
            last_lines(&ask, pattern::named(cell.pattern)),
        ))
    };
    let mut test = test(name, body);
    test.lacks = lacks;
    test
}

/// The engines' own words, for a look that went well and saw something else than expected.
fn last_lines(ask: &Asker, pattern: &'static Pattern) -> String {
    let said = ask.run(Ask {
        pattern,
        look: |scene| {
            let job = scene.job()?.nest.last_lines();
            Ok(Sight::new(scene.lab()?.last_lines(), job))
        },
    });
    said.map_or_else(
        |report| report.to_string(),
        |said| format!("{}\n{}", said.outcome, said.detail),
    )
}

fn of_mutation(row: claims::Mutation, ask: &Asker, recording: &Arc<Recording>) -> Test {
    let name = path(&["mutation", &row.property, &row.pattern, &row.set_up]);
    let property = look::named(&row.property).expect("the tables name properties that exist");
    let (ask, recording, called) = (ask.clone(), Arc::clone(recording), name.clone());
    let body = move || {
        let cells = claims::expected(recording.generation());
        let is_of = |cell: &&Expected| cell.property == row.property && cell.pattern == row.pattern;
        let cell = cells
            .iter()
            .find(is_of)
            .ok_or_else(|| miette!("no such cell"))?;
        let seen = look_at(&ask, property, pattern::named(&row.set_up));
        recording.ask_engines(&ask);
        recording.append_mutation(&called, cell, &row, &seen)?;
        match seen {
            Ok(Sight { outcome, detail }) if accepts(&cell.outcome, &outcome) => Err(miette!(
                "{} set up as {} passes for {}: {outcome}: {detail}",
                row.property,
                row.set_up,
                row.pattern
            )),
            Ok(Sight { outcome, .. }) if accepts(&row.seen, &outcome) => Ok(()),
            Err(report) if scene::words(&report).contains(&row.seen) => Ok(()),
            other => Err(miette!(
                "{} set up as {} is rejected, but not for {:?}: {other:?}",
                row.property,
                row.set_up,
                row.seen
            )),
        }
    };
    let mut test = test(name, body);
    test.lacks = lacks(property);
    test
}

fn look_at(ask: &Asker, property: &'static Property, pattern: &'static Pattern) -> Result<Sight> {
    ask.run(Ask {
        pattern,
        look: property.look,
    })
}

/// What of the machine a property needs and this one has not.
fn lacks(property: &Property) -> Option<String> {
    let has = lab::controllers()
        .iter()
        .any(|name| name == property.controller);
    (!has && !property.controller.is_empty()).then(|| {
        format!(
            "needs the {} controller in cgroup v2, which this machine has not handed down",
            property.controller
        )
    })
}
