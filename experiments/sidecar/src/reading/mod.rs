//! What a run says: patterns held against each other on the same work. What each hands over, what an
//! agent can reach, what is kept, counted and shared, what it costs; and what follows for who has to
//! choose.

mod advice;
mod aspect;
mod claims;
mod cost;
mod grants;
mod page;
mod requests;

use facts::trials::in_order;
use facts::{Evidence, Facts, Lang, Ratio};
use measure::Trial;
use miette::Result;
use serde::Serialize;

use crate::grants::LEFT;
use crate::look::TAKEN_OVER;
use crate::pattern::{DOOD, PATTERNS, Pattern};
use crate::plugin::crowd::COUNTS;
use crate::words::{
    DAEMONLESS, ESCAPE, GRANTS, GUARDED, HOSTILE, LEGITIMATE, MEMORY, Outcomes, PATTERN, PLUGIN,
    Property, TABLES, TRANSPORT, UNGUARDED, Word,
};
use cost::{Memory, Time};

/// What each is held against: it adds nothing to the node's engine.
const REFERENCE: Pattern = DOOD;

/// Everything that a run has on patterns.
#[derive(Serialize)]
struct Sidecar<'a> {
    /// Those that have a row or an arm.
    patterns: Vec<&'static Pattern>,
    looks: Vec<Check>,
    /// Rows that can't be read.
    strangers: Vec<String>,
    times: Vec<Time<'a>>,
    memory: Vec<Memory>,
    /// A call with the plugin over one without.
    plugin: Option<Ratio>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Check {
    table: String,
    subject: String,
    step: String,
    /// `None`: it could not be looked at, and the words say why.
    outcome: Option<String>,
    /// What is said in its place then.
    #[serde(skip)]
    unseen: Word,
    /// Of what refused; where it lies; why.
    words: String,
}

/// What the page opens with.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 2] = [
    ("sidecar-start/dood-start",
        [["a pod with an engine in a sidecar", "un pod con un motor en un sidecar"], ["one with the node's socket", "uno con el socket del nodo"], ["until its engine answers", "hasta que responde su motor"]]),
    ("daemonless-again/dood-again",
        [["a job without a daemon", "un trabajo sin demonio"], ["one through the node's socket", "uno por el socket del nodo"], ["after others of its pod", "después de otros de su pod"]]),
];

/// The facts of a run.
pub(crate) fn facts(evidence: &Evidence) -> Result<Facts> {
    let sidecar = Sidecar::of(evidence);
    let mut facts = Facts {
        claims: claims::of(&sidecar),
        found: facts::found(&sidecar)?,
        shown: TABLES.map(str::to_owned).into(),
        leads: facts::leads(&LEADS),
        pages: Lang::ALL.map(|lang| (lang, page::of(&sidecar, lang))).into(),
        ..Facts::default()
    };
    if !sidecar.patterns.is_empty() {
        let rows = sidecar.patterns.iter();
        let rows = rows.map(|pattern| cost::row(&sidecar, pattern));
        let name = "sidecar.csv".to_owned();
        facts.tables.insert(name, facts::csv(rows)?);
    }
    Ok(facts)
}

/// What a row's outcome may be; `None` of a row that is not known.
fn known(row: &Trial) -> Option<Outcomes> {
    use Outcomes::{Count, One};
    use Word::{Allowed, Inside, Lost, Reaches, Refused, Rejected, Served, Works, Wrong};
    let is_pattern = PATTERNS.iter().any(|known| known.name == row.subject);
    let step = &*row.step;
    Some(match &*row.table {
        PATTERN if is_pattern => {
            let property = Property::ALL.iter().find(|known| known.name() == step)?;
            property.outcomes()
        }
        ESCAPE if is_pattern => One(&[Reaches, Inside, Refused]),
        TRANSPORT => One(&[Served, Refused]),
        HOSTILE if [GUARDED, UNGUARDED].contains(&step) => One(&[Refused, Allowed, Rejected]),
        LEGITIMATE => One(&[Allowed, Refused]),
        PLUGIN if COUNTS.contains(&step) => Count,
        // A call may also be lost, or be answered as it should not be.
        PLUGIN => One(&[Served, Refused, Lost, Wrong]),
        // What is left has its row beside those of the trials.
        GRANTS if step == LEFT => Outcomes::Any,
        DAEMONLESS | GRANTS => One(&[Works, Refused]),
        _ => return None,
    })
}

/// A row as it is said where it can't be read.
fn told(row: &Trial) -> String {
    let Trial { table, subject, step, outcome, .. } = row;
    format!("{table} {subject}, {step}: {outcome}")
}

/// Every look, and the rows that are none: of these nothing is concluded. Of what was tried again, as a
/// resumed run does, the last row counts.
fn looks(trials: &[Trial]) -> (Vec<Check>, Vec<String>) {
    let mut looks: Vec<Check> = Vec::new();
    let mut strangers = Vec::new();
    for row in trials {
        if !TABLES.contains(&&*row.table) || row.table == MEMORY {
            continue;
        }
        let mut unseen = [Word::NotSeen, Word::NotWithoutRoot].into_iter();
        let unseen = unseen.find(|word| word.name() == row.outcome);
        let is_unseen = unseen.is_some();
        if !known(row).is_some_and(|outcomes| is_unseen || outcomes.have(&row.outcome)) {
            strangers.push(told(row));
            continue;
        }
        let look = Check {
            table: row.table.clone(),
            subject: row.subject.clone(),
            step: row.step.clone(),
            outcome: (!is_unseen).then(|| row.outcome.clone()),
            unseen: unseen.unwrap_or(Word::NotSeen),
            words: row.reason.clone(),
        };
        let same = |other: &&mut Check| {
            [&other.table, &other.subject, &other.step] == [&look.table, &look.subject, &look.step]
        };
        match looks.iter_mut().find(same) {
            Some(earlier) => *earlier = look,
            None => looks.push(look),
        }
    }
    (looks, strangers)
}

impl Check {
    fn is(&self, word: Word) -> bool {
        self.outcome.as_deref() == Some(word.name())
    }

    /// In files.
    fn name(&self) -> &str {
        self.outcome.as_deref().unwrap_or(self.unseen.name())
    }

    /// The rule that a plugin's refusal names: `refused by rule NAME: ...`, or the words themselves.
    fn rule(&self) -> &str {
        let Some((_, rule)) = self.words.split_once("by rule ") else {
            return &self.words;
        };
        let end = rule.find(|letter: char| letter != '-' && !letter.is_ascii_alphanumeric());
        &rule[..end.unwrap_or(rule.len())]
    }
}

/// How many of them are so.
fn count(looks: &[&Check], word: Word) -> usize {
    looks.iter().filter(|look| look.is(word)).count()
}

/// The subjects of those that are so.
fn subjects<'a>(looks: &[&'a Check], is: impl Fn(&Check) -> bool) -> Vec<&'a str> {
    let looks = looks.iter().filter(|look| is(look));
    looks.map(|look| &*look.subject).collect()
}

impl<'a> Sidecar<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let (looks, mut strangers) = looks(&evidence.record.trials);
        let (memory, odd) = cost::memory(&evidence.record);
        strangers.extend(odd);
        let times = cost::times(evidence);
        let has = |pattern: &&Pattern| {
            looks.iter().any(|look| look.subject == pattern.name)
                || times.iter().any(|time| time.pattern.name == pattern.name)
                || memory.iter().any(|memory| memory.pattern == pattern.name)
        };
        Self {
            patterns: PATTERNS.into_iter().filter(has).collect(),
            looks,
            strangers,
            times,
            memory,
            plugin: cost::plugin(evidence),
        }
    }

    fn table(&self, table: &str) -> Vec<&Check> {
        let looks = self.looks.iter();
        looks.filter(|look| look.table == table).collect()
    }

    /// `None` where there is no such row.
    fn look(&self, table: &str, subject: &str, step: &str) -> Option<&Check> {
        let mut looks = self.looks.iter();
        looks.find(|look| [&*look.table, &*look.subject, &*look.step] == [table, subject, step])
    }

    fn property(&self, pattern: &Pattern, property: Property) -> Option<&Check> {
        self.look(PATTERN, pattern.name, property.name())
    }

    /// The same, where it could be looked at.
    fn seen(&self, pattern: &Pattern, property: Property) -> Option<&str> {
        self.property(pattern, property)?.outcome.as_deref()
    }

    fn is(&self, pattern: &Pattern, property: Property, word: Word) -> bool {
        self.seen(pattern, property) == Some(word.name())
    }

    /// Every escape path that was tried, in the order of the first pattern that tried it.
    fn ways(&self) -> Vec<&str> {
        in_order(self.table(ESCAPE).into_iter().map(|look| &*look.step))
    }

    /// The escape paths that a pattern's agent has tried itself. Where the agent is in the engine's
    /// container, nothing has to be taken over.
    fn escapes(&self, pattern: &Pattern) -> Vec<&Check> {
        let is_engine = self.is(pattern, Property::AgentPrivilege, Word::Full);
        let mut looks = self.table(ESCAPE);
        looks.retain(|look| look.subject == pattern.name && (is_engine || look.step != TAKEN_OVER));
        looks
    }

    /// Those of them that end so.
    fn ways_that(&self, pattern: &Pattern, word: Word) -> Vec<&str> {
        let looks = self.escapes(pattern).into_iter();
        let looks = looks.filter(|look| look.name() == word.name());
        looks.map(|look| &*look.step).collect()
    }

    /// Those of them that could not be gone, for whatever reason.
    fn ways_unseen(&self, pattern: &Pattern) -> Vec<&str> {
        let looks = self.escapes(pattern).into_iter();
        looks.filter(|look| look.outcome.is_none()).map(|look| &*look.step).collect()
    }

    /// What is left to who takes the engine's container over, where the agent is not in it.
    fn taken_over(&self, pattern: &Pattern) -> Option<&Check> {
        let is_engine = self.is(pattern, Property::AgentPrivilege, Word::Full);
        let look = self.look(ESCAPE, pattern.name, TAKEN_OVER);
        look.filter(|_| !is_engine)
    }

    /// Requests that the plugin is there for, sent to an engine that has it, or to one that has not.
    fn hostile(&self, engine: &str) -> Vec<&Check> {
        let mut looks = self.table(HOSTILE);
        looks.retain(|look| look.step == engine);
        looks
    }

    /// How many requests an engine without the plugin has done; `None` where none was tried.
    fn done_unguarded(&self) -> Option<usize> {
        let looks = self.hostile(UNGUARDED);
        (!looks.is_empty()).then(|| count(&looks, Word::Allowed))
    }

    fn time(&self, pattern: &Pattern, word: &str) -> Option<&Time<'a>> {
        let mut times = self.times.iter();
        times.find(|time| time.pattern.name == pattern.name && time.word == word)
    }

    fn memory(&self, pattern: &Pattern) -> Option<&Memory> {
        let mut memory = self.memory.iter();
        memory.find(|memory| memory.pattern == pattern.name)
    }
}

#[cfg(test)]
mod tests {
    use super::known;
    use crate::words::row;

    #[test]
    fn every_expected_row_is_one_that_is_read() {
        let expected = include_str!("../../tests/expected.csv");
        for record in csv::Reader::from_reader(expected.as_bytes()).records() {
            let record = record.expect("a row");
            let trial = row(&record[0], &record[1], &record[2], &record[3], "");
            let is_known = known(&trial).is_some_and(|outcomes| outcomes.have(&trial.outcome));
            assert!(is_known, "{record:?}");
        }
    }
}
