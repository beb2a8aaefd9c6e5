//! The search for damage, and the shortest way to it.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use lab::Generation;
use measure::Trial;
use miette::Result;
use serde::{Deserialize, Serialize};

use crate::field::Field;
use crate::finding::{Class, texts};
use crate::operation::{self, Operation};
use crate::trial::{self, Order, Plan, Subject, Verdict};
use crate::way::WAYS;

/// How many operations each job has in a trial.
pub(crate) const OF_EACH: usize = 8;

/// How many lists are tried of a way that has shown no damage at first.
const LISTS: u64 = 3;

/// How many shorter lists are tried of one that has.
const SHORTER: u32 = 25;

/// A list of operations that does damage, to be done again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The engines' generation.
    pub(crate) generation: String,
    /// The way in which they share.
    pub(crate) way: String,
    /// The seed that drew the list which this one is a part of.
    pub(crate) seed: u64,
    /// What it leads to.
    pub(crate) outcome: String,
    /// What was found then.
    pub(crate) findings: Vec<String>,
    /// What is done, by turns.
    pub(crate) operations: Vec<Operation>,
}

impl Case {
    fn of(subject: &Subject, plan: &Plan, verdict: &Verdict) -> Self {
        Self {
            generation: subject.generation.to_string(),
            way: subject.way.name.to_owned(),
            seed: plan.seed,
            outcome: verdict.class.to_string(),
            findings: texts(&verdict.findings)
                .lines()
                .map(str::to_owned)
                .collect(),
            operations: plan.operations.clone(),
        }
    }

    pub(crate) fn read(file: &Path) -> Result<(Subject, Self)> {
        let refused = |why: String| {
            measure::usage(
                format!("{} is no case", file.display()),
                why,
                "name a file of a run's folder `cases`, or of experiments/cache-sharing/cases",
            )
        };
        let text = fs::read(file).map_err(|why| refused(why.to_string()))?;
        let case: Self = serde_json::from_slice(&text).map_err(|why| refused(why.to_string()))?;
        let generation = Generation::from_str(&case.generation).map_err(refused)?;
        let way = WAYS.iter().find(|way| way.name == case.way);
        let way = way.ok_or_else(|| refused(format!("there is no way `{}`", case.way)))?;
        Ok((Subject { generation, way }, case))
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan {
            seed: self.seed,
            order: Order::ByTurns,
            operations: self.operations.clone(),
        }
    }

    fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let failed = |why: std::io::Error| {
            measure::failure(
                "a case can't be written",
                why.to_string(),
                "free some disk space",
            )
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        measure::write_atomically(&folder.join(format!("{name}.json")), text.as_bytes())
    }
}

/// What is looked for in a way: damage where there was none, or less to do for it where there was.
pub(crate) struct Quest {
    pub(crate) subject: Subject,
    /// What the trial with both jobs at once came to.
    pub(crate) is_damaged: bool,
    pub(crate) seed: u64,
}

impl std::fmt::Display for Quest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.subject.fmt(f)
    }
}

/// Looks, and keeps what does damage with as few operations as it takes. Each list that was tried is
/// a row; the last one says how it ended.
pub(crate) fn look(
    field: &Field,
    quest: &Quest,
    cases: &Path,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let subject = &quest.subject;
    let mut look = Look {
        field,
        subject,
        tried: 0,
        operations: 0,
        row,
    };
    let is_live = subject.way.is_live();
    let mut damaging = None;
    for seed in quest.seed..quest.seed + LISTS {
        let plan = Plan {
            seed,
            // By turns first, so that it can be done again.
            order: if seed == quest.seed || !is_live {
                Order::ByTurns
            } else {
                Order::AtOnce
            },
            operations: operation::drawn(seed, OF_EACH),
        };
        let verdict = look.attempt(&plan)?;
        if verdict.class.is_damage() {
            damaging = Some((plan, verdict));
            break;
        }
    }
    // What happens at a moment of the work is not the same with less of it.
    if !is_live && let Some((plan, _)) = &damaging {
        let operations = listed(&plan.operations);
        return look.end(format!("with seed {}", plan.seed), operations);
    }
    let Some((mut plan, mut verdict)) = damaging else {
        let found = if quest.is_damaged && is_live {
            ONLY_AT_ONCE
        } else {
            "none"
        };
        let operations = format!("{} operations", look.operations);
        return look.end(found.to_owned(), operations);
    };
    if plan.order == Order::AtOnce {
        plan.order = Order::ByTurns;
        verdict = look.attempt(&plan)?;
        if !verdict.class.is_damage() {
            let operations = listed(&plan.operations);
            return look.end(ONLY_AT_ONCE.to_owned(), operations);
        }
    }
    let whole = plan.operations.clone();
    let (_, is_shortest) = operation::shortest(whole, SHORTER, |fewer| {
        let shorter = Plan {
            operations: fewer.to_vec(),
            ..plan.clone()
        };
        let found = look.attempt(&shorter)?;
        let does = found.class.is_damage();
        if does {
            (plan, verdict) = (shorter, found);
        }
        Ok(does)
    })?;
    let case = Case::of(subject, &plan, &verdict);
    case.write(cases, &subject.to_string().replace(' ', "-"))?;
    let at_most = if is_shortest { "" } else { "at most " };
    let found = format!("{at_most}{} operations", case.operations.len());
    look.end(found, listed(&case.operations))
}

fn listed(operations: &[Operation]) -> String {
    let operations = operations.iter().map(ToString::to_string);
    operations.collect::<Vec<_>>().join("; ")
}

/// A search under way.
struct Look<'a> {
    field: &'a Field<'a>,
    subject: &'a Subject,
    tried: u32,
    /// How many operations engines have carried out.
    operations: u64,
    row: &'a mut dyn FnMut(Trial) -> Result<()>,
}

impl Look<'_> {
    fn attempt(&mut self, plan: &Plan) -> Result<Verdict> {
        self.tried += 1;
        let name = self.subject.to_string().replace(' ', "-");
        let place = format!("{name}-{}", self.tried);
        let verdict = trial::run(self.field, self.subject, plan, &place, &mut |step| {
            if step.name == "operations" {
                let done = step.outcome.split(' ').next();
                let done = done.and_then(|done| done.parse::<u64>().ok());
                self.operations += done.unwrap_or(0);
            }
            Ok(())
        })?;
        let verdict = verdict.unwrap_or_else(|| Verdict {
            class: Class::Safe,
            findings: Vec::new(),
        });
        let how = match plan.order {
            Order::AtOnce => ", at once",
            Order::ByTurns => "",
        };
        let tried = format!("{} of seed {}{how}", plan.operations.len(), plan.seed);
        self.told(tried, verdict.class.to_string(), texts(&verdict.findings))?;
        Ok(verdict)
    }

    fn end(&mut self, outcome: String, reason: String) -> Result<()> {
        self.told(END.to_owned(), outcome, reason)
    }

    fn told(&mut self, step: String, outcome: String, reason: String) -> Result<()> {
        (self.row)(Trial {
            table: TABLE.to_owned(),
            subject: self.subject.to_string(),
            step,
            outcome,
            reason,
            ..Trial::default()
        })
    }
}

/// Its rows in `trials.csv`.
pub(crate) const TABLE: &str = "search";

/// How a search ends that found no list to do again by turns.
const ONLY_AT_ONCE: &str = "only at once";

/// The step of a search's last row.
const END: &str = "shortest";

/// Whether a search has no row after this one.
pub(crate) fn is_end(row: &Trial) -> bool {
    row.table == TABLE && row.step == END
}
