//! What the tests of this program share, and how a look is held against the tables.

use std::sync::LazyLock;

use claims::{Expected, Mutation, accepts};
use lab::Options;
use miette::{Result, miette};
use rstest::{Context, fixture};

use crate::look::Observation;
use crate::pattern::{PATTERNS, named};
use crate::recording::Recording;
use crate::scene::{Scene, Stage};
use lab_test::words;

/// One lab, and one record of what is seen in it.
pub(crate) struct Suite {
    stage: Stage,
    recording: Recording,
}

/// The one of this process.
#[fixture]
pub(crate) fn suite() -> &'static Suite {
    static SUITE: LazyLock<Suite> = LazyLock::new(|| {
        // An unknown generation is told by the harness, which then runs nothing.
        let options = lab_test::options().unwrap_or_else(|_| Options::default());
        Suite { recording: Recording::new(options.generation), stage: Stage::new(options) }
    });
    &SUITE
}

/// What a case is about, by its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    pub(crate) property: String,
    pub(crate) pattern: String,
    /// What stands in the pattern's place.
    pub(crate) set_up: Option<String>,
}

impl Subject {
    /// Of a test's function and its case's description.
    pub(crate) fn of(function: &str, case: &str) -> Self {
        let table_name = |name: &str| name.replace('_', "-");
        let (pattern, set_up) = match case.split_once("_set_up_as_") {
            Some((pattern, set_up)) => (pattern, Some(table_name(set_up))),
            None => (case, None),
        };
        Self {
            property: table_name(without_claims(function).0),
            pattern: table_name(pattern),
            set_up,
        }
    }

    /// Of a test's whole name: `…::FUNCTION::case_NUMBER_CASE`; `None` for one that is no such case.
    pub(crate) fn of_test(name: &str) -> Option<(&str, Self)> {
        let (rest, case) = name.rsplit_once("::case_")?;
        let (_, case) = case.split_once('_')?;
        let function = rest.rsplit("::").next()?;
        Some((function, Self::of(function, case)))
    }

    /// What is expected of it.
    fn cell(&self, generation: &str) -> Result<Expected> {
        let cells = claims::expected(generation).into_iter();
        let mut cells =
            cells.filter(|cell| cell.property == self.property && cell.pattern == self.pattern);
        cells.next().ok_or_else(|| miette!("{self:?} is in no table"))
    }

    fn mutation(&self) -> Result<Option<Mutation>> {
        let Some(set_up) = &self.set_up else {
            return Ok(None);
        };
        let is_this = |row: &Mutation| {
            (&row.property, &row.pattern, &row.set_up) == (&self.property, &self.pattern, set_up)
        };
        let row = claims::mutations().into_iter().find(is_this);
        row.map(Some).ok_or_else(|| miette!("{self:?} is in no table"))
    }
}

/// A function's name without the claims that it begins with, and these.
pub(crate) fn without_claims(function: &str) -> (&str, Vec<&str>) {
    let (mut rest, mut ids) = (function, Vec::new());
    let is_claim = |word: &str| {
        let number = word.trim_start_matches(['a', 'b', 'c']);
        number.len() + 1 == word.len() && number.parse::<u8>().is_ok()
    };
    while let Some((id, after)) = rest.split_once('_').filter(|(id, _)| is_claim(id)) {
        ids.push(id);
        rest = after;
    }
    (rest, ids)
}

impl Suite {
    /// Looks, records what is seen, and holds it against what the tables have for this case.
    pub(crate) fn look(
        &'static self,
        case: &Context,
        look: fn(&Scene) -> Result<Observation>,
    ) -> Result<()> {
        let subject = Subject::of(case.name, case.description.unwrap_or_default());
        let cell = subject.cell(self.recording.generation())?;
        match subject.mutation()? {
            None => self.expect(&cell, look),
            Some(row) => self.reject(&cell, &row, look),
        }
    }

    fn expect(
        &'static self,
        cell: &Expected,
        look: fn(&Scene) -> Result<Observation>,
    ) -> Result<()> {
        let scene = self.stage.scene(named(cell.pattern));
        let seen = look(&scene);
        self.ask_engines();
        self.recording.append(cell, &seen)?;
        let Observation { outcome, detail } = seen?;
        if accepts(&cell.outcome, &outcome) {
            return Ok(());
        }
        Err(miette!(
            "{} of {}: expected {:?}, seen {outcome:?}: {detail}\n{}",
            cell.property,
            cell.pattern,
            cell.outcome,
            last_lines(&scene).unwrap_or_else(|report| words(&report)),
        ))
    }

    fn reject(
        &'static self,
        cell: &Expected,
        row: &Mutation,
        look: fn(&Scene) -> Result<Observation>,
    ) -> Result<()> {
        let seen = look(&self.stage.scene(named(&row.set_up)));
        self.ask_engines();
        self.recording.append_mutation(cell, row, &seen)?;
        match seen {
            Ok(Observation { outcome, detail }) if accepts(&cell.outcome, &outcome) => {
                Err(miette!(
                    "{} set up as {} passes for {}: {outcome}: {detail}",
                    row.property,
                    row.set_up,
                    row.pattern
                ))
            }
            Ok(Observation { outcome, .. }) if accepts(&row.seen, &outcome) => Ok(()),
            Err(report) if words(&report).contains(&row.seen) => Ok(()),
            other => Err(miette!(
                "{} set up as {} is rejected, but not for {:?}: {other:?}",
                row.property,
                row.set_up,
                row.seen
            )),
        }
    }

    fn ask_engines(&'static self) {
        self.recording.ask_engines(&self.stage.scene(&PATTERNS[0]));
    }

    /// Records that this machine can't look at a case's cell. That this is told decides no test.
    pub(crate) fn unseen(&self, test: &str, why: &str) {
        let subject = Subject::of_test(test).map(|(_, subject)| subject);
        let cell = subject.filter(|subject| subject.set_up.is_none());
        let cell = cell.and_then(|subject| subject.cell(self.recording.generation()).ok());
        if let Some(cell) = cell {
            let _ = self.recording.append(&cell, &Ok(Observation::new("", why)));
        }
    }
}

/// The engines' own words, for a look that went well and saw something else than expected.
fn last_lines(scene: &Scene) -> Result<String> {
    let job = scene.job()?.nest.last_lines();
    Ok(format!("{}\n{job}", scene.lab()?.last_lines()))
}
