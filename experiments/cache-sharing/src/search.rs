//! The search for damage, and the shortest way to it.

use std::path::Path;
use std::str::FromStr;
use std::{fmt, fs};

use lab::Generation;
use measure::Trial;
use miette::Result;
use serde::{Deserialize, Serialize};

use crate::field::TestBed;
use crate::finding::{Class, texts};
use crate::operation::{self, Operation};
use crate::trial::{self, Order, Plan, Subject, Verdict};
use crate::way;

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
            findings: texts(&verdict.findings).lines().map(str::to_owned).collect(),
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
        let way = way::named(&case.way)
            .ok_or_else(|| refused(format!("there is no way `{}`", case.way)))?;
        Ok((Subject { generation, way }, case))
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan { seed: self.seed, order: Order::ByTurns, operations: self.operations.clone() }
    }

    fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let failed = |why: std::io::Error| {
            measure::failure("a case can't be written", why.to_string(), "free some disk space")
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        measure::write_atomically(&folder.join(format!("{name}.json")), text.as_bytes())
    }
}

/// What is looked for in a way: damage where there was none, or less to do for it where there was.
pub(crate) struct SearchTask {
    pub(crate) subject: Subject,
    /// What the trial with both jobs at once came to.
    pub(crate) is_damaged: bool,
    pub(crate) seed: u64,
}

impl fmt::Display for SearchTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.subject.fmt(f)
    }
}

/// Looks, and keeps what does damage with as few operations as it takes. Each list that was tried is
/// a row; the last one says how it ended.
pub(crate) fn look(
    field: &TestBed,
    task: &SearchTask,
    cases: &Path,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let subject = &task.subject;
    let mut look = Look { field, subject, tried: 0, operations: 0, row };
    let is_live = subject.way.is_live();
    let mut damaging = None;
    for seed in task.seed..task.seed + LISTS {
        let plan = Plan {
            seed,
            // By turns first, so that it can be done again.
            order: if seed == task.seed || !is_live { Order::ByTurns } else { Order::AtOnce },
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
        return look.end(End::WithSeed(plan.seed), operations);
    }
    let Some((mut plan, mut verdict)) = damaging else {
        let found = if task.is_damaged && is_live { End::OnlyAtOnce } else { End::None };
        let operations = format!("{} operations", look.operations);
        return look.end(found, operations);
    };
    if plan.order == Order::AtOnce {
        plan.order = Order::ByTurns;
        verdict = look.attempt(&plan)?;
        if !verdict.class.is_damage() {
            let operations = listed(&plan.operations);
            return look.end(End::OnlyAtOnce, operations);
        }
    }
    let whole = plan.operations.clone();
    let (_, is_shortest) = operation::shortest(whole, SHORTER, |fewer| {
        let shorter = Plan { operations: fewer.to_vec(), ..plan.clone() };
        let found = look.attempt(&shorter)?;
        let does = found.class.is_damage();
        if does {
            (plan, verdict) = (shorter, found);
        }
        Ok(does)
    })?;
    let case = Case::of(subject, &plan, &verdict);
    case.write(cases, &subject.to_string().replace(' ', "-"))?;
    let count = case.operations.len() as u64;
    let found = if is_shortest { End::Shortest(count) } else { End::AtMost(count) };
    look.end(found, listed(&case.operations))
}

fn listed(operations: &[Operation]) -> String {
    let operations = operations.iter().map(ToString::to_string);
    operations.collect::<Vec<_>>().join(BETWEEN)
}

/// A search under way.
struct Look<'a> {
    field: &'a TestBed<'a>,
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
            if step.name == trial::OPERATIONS {
                let done = step.outcome.split(' ').next();
                let done = done.and_then(|done| done.parse::<u64>().ok());
                self.operations += done.unwrap_or(0);
            }
            Ok(())
        })?;
        let verdict =
            verdict.unwrap_or_else(|| Verdict { class: Class::Safe, findings: Vec::new() });
        let how = match plan.order {
            Order::AtOnce => ", at once",
            Order::ByTurns => "",
        };
        let tried = format!("{} of seed {}{how}", plan.operations.len(), plan.seed);
        self.told(tried, verdict.class.to_string(), texts(&verdict.findings))?;
        Ok(verdict)
    }

    fn end(&mut self, end: End, reason: String) -> Result<()> {
        self.told(END.to_owned(), end.to_string(), reason)
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

/// The step of a search's last row.
const END: &str = "shortest";

/// Between the operations of a list.
pub(crate) const BETWEEN: &str = "; ";

/// How a search ends, as its last row says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// No list does damage.
    None,
    /// None that can be done again by turns does, though it was done when both worked at once.
    OnlyAtOnce,
    /// So many operations do it, and not without any of them.
    Shortest(u64),
    /// So many operations do it; shorter lists were not all tried.
    AtMost(u64),
    /// What a seed has done at a moment of its own is not the same with less to do: its list was left
    /// as it is.
    WithSeed(u64),
    /// There is no last row, or one that is not known, of which nothing is concluded.
    Unfinished,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::OnlyAtOnce => f.write_str("only at once"),
            Self::Shortest(count) => write!(f, "{count} operations"),
            Self::AtMost(count) => write!(f, "at most {count} operations"),
            Self::WithSeed(seed) => write!(f, "with seed {seed}"),
            Self::Unfinished => f.write_str("not finished"),
        }
    }
}

impl From<&str> for End {
    fn from(outcome: &str) -> Self {
        let number = outcome.split(' ').find_map(|word| word.parse().ok());
        let number = number.unwrap_or(0);
        let known = [
            Self::None,
            Self::OnlyAtOnce,
            Self::Shortest(number),
            Self::AtMost(number),
            Self::WithSeed(number),
        ];
        let end = known.into_iter().find(|end| end.to_string() == outcome);
        end.unwrap_or(Self::Unfinished)
    }
}

/// Whether a search has no row after this one.
pub(crate) fn is_end(row: &Trial) -> bool {
    row.table == TABLE && row.step == END
}
