//! What was tried of the patterns, row by row. A row whose words are not known is no look: nothing
//! is concluded of it, and it is said.

use measure::Trial;
use serde::Serialize;

use super::PATTERNS;

/// The tables of trials.
pub(super) const PATTERN: &str = "pattern";
pub(super) const ESCAPE: &str = "escape";
pub(super) const TRANSPORT: &str = "transport";
pub(super) const HOSTILE: &str = "hostile";
pub(super) const LEGITIMATE: &str = "legitimate";
pub(super) const PLUGIN: &str = "plugin";
pub(super) const DAEMONLESS: &str = "daemonless";
pub(super) const MEMORY: &str = "memory";

/// Which engine a hostile request was sent to.
pub(super) const GUARDED: &str = "plugin";
pub(super) const OPEN: &str = "without plugin";

/// What could not be looked at.
pub(super) const NOT_SEEN: &str = "not seen";

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Look {
    #[serde(skip)]
    pub(super) table: &'static str,
    pub(crate) subject: String,
    pub(crate) step: String,
    /// `None`: it could not be looked at, and the words say why.
    pub(crate) outcome: Option<String>,
    /// Of what refused; where it lies; why.
    pub(crate) words: String,
}

/// Outcomes that a step may have.
enum Words {
    /// One of them.
    One(&'static [&'static str]),
    /// The first, or any of the others, with spaces between them.
    Some(&'static [&'static str]),
    /// Whatever it is: paths, names of drivers and daemons.
    Any,
    Count,
}

const PROPERTIES: [(&str, Words); 17] = [
    ("job", Words::One(&["works", "fails"])),
    ("agent-privilege", Words::One(&["none", "default", "full"])),
    (
        "engine-privilege",
        Words::One(&["none", "default", "full", "the node's", "no engine"]),
    ),
    ("without-privilege", Words::One(&["works", "refused"])),
    (
        "group-of-the-socket",
        Words::One(&["enough", "not enough", "not needed"]),
    ),
    ("node-paths", Words::Any),
    (
        "isolation",
        Words::Some(&[
            "none of the node",
            "files",
            "processes",
            "devices",
            "containers",
        ]),
    ),
    (
        "next-pod",
        Words::Some(&["nothing", "container", "image", "network", "volume"]),
    ),
    ("cache", Words::One(&["kept", "lost"])),
    ("storage-volume", Words::Any),
    ("storage-layer", Words::Any),
    ("accounting", Words::One(&["counted", "missed"])),
    (
        "accounting-host-cgroupns",
        Words::One(&["counted", "missed"]),
    ),
    ("collision-container", Words::One(&["none", "conflict"])),
    ("collision-volume", Words::One(&["none", "shared"])),
    ("socket-missing", Words::One(&["refused", "works"])),
    ("daemons", Words::Any),
];

const ESCAPES: Words = Words::One(&["reaches the node", "stays inside", "refused"]);
const SERVED: Words = Words::One(&["served", "refused"]);
/// Of a plugin that was killed: a call may also be lost, or be answered as it should not be.
const ANSWERED: Words = Words::One(&["served", "refused", "lost", "wrong"]);
const HOSTILE_WORDS: Words = Words::One(&["refused", "allowed", "rejected by the daemon"]);
const LEGITIMATE_WORDS: Words = Words::One(&["allowed", "refused"]);
const WORKS: Words = Words::One(&["works", "refused"]);
/// Steps of the plugin whose outcome is a count.
const COUNTS: [&str; 4] = ["allowed right", "refused right", "lost", "wrong"];

/// Whether what is seen of the plugin in this step is a number.
pub(crate) fn is_count(step: &str) -> bool {
    COUNTS.contains(&step)
}

impl Words {
    fn have(&self, outcome: &str) -> bool {
        match self {
            Self::One(known) => known.contains(&outcome),
            Self::Some([nothing, known @ ..]) => {
                let mut words = outcome.split_whitespace().peekable();
                let is_list = words.peek().is_some() && words.all(|word| known.contains(&word));
                outcome == *nothing || is_list
            }
            Self::Some([]) => false,
            Self::Any => !outcome.trim().is_empty(),
            Self::Count => outcome.parse::<u64>().is_ok(),
        }
    }
}

/// The table that a row is of, and what its outcome may be; `None` of one that is not known.
fn known(row: &Trial) -> Option<(&'static str, Words)> {
    let is_pattern = PATTERNS.contains(&&*row.subject);
    match &*row.table {
        PATTERN if is_pattern => {
            let found = PROPERTIES.into_iter().find(|(step, _)| *step == row.step);
            found.map(|(_, words)| (PATTERN, words))
        }
        ESCAPE if is_pattern => Some((ESCAPE, ESCAPES)),
        TRANSPORT => Some((TRANSPORT, SERVED)),
        HOSTILE if [GUARDED, OPEN].contains(&&*row.step) => Some((HOSTILE, HOSTILE_WORDS)),
        LEGITIMATE => Some((LEGITIMATE, LEGITIMATE_WORDS)),
        PLUGIN if is_count(&row.step) => Some((PLUGIN, Words::Count)),
        PLUGIN => Some((PLUGIN, ANSWERED)),
        DAEMONLESS => Some((DAEMONLESS, WORKS)),
        _ => None,
    }
}

/// Every look, and the rows that are none. Of what was tried again, as a resumed run does, the last
/// row counts.
pub(super) fn looks(trials: &[Trial]) -> (Vec<Look>, Vec<String>) {
    let mut looks: Vec<Look> = Vec::new();
    let mut strangers = Vec::new();
    let ours = trials.iter().filter(|row| {
        let table = &*row.table;
        super::TABLES.contains(&table) && table != MEMORY
    });
    for row in ours {
        let is_unseen = row.outcome == NOT_SEEN;
        let found = known(row).filter(|(_, words)| is_unseen || words.have(&row.outcome));
        let Some((table, _)) = found else {
            strangers.push(told(row));
            continue;
        };
        let look = Look {
            table,
            subject: row.subject.clone(),
            step: row.step.clone(),
            outcome: (!is_unseen).then(|| row.outcome.clone()),
            words: row.reason.clone(),
        };
        let same = |other: &&mut Look| {
            (other.table, &other.subject, &other.step) == (table, &look.subject, &look.step)
        };
        match looks.iter_mut().find(same) {
            Some(earlier) => *earlier = look,
            None => looks.push(look),
        }
    }
    (looks, strangers)
}

/// A row as it is said where it can't be read.
pub(super) fn told(row: &Trial) -> String {
    format!(
        "{} {}, {}: {}",
        row.table, row.subject, row.step, row.outcome
    )
}

impl Look {
    pub(crate) fn is(&self, outcome: &str) -> bool {
        self.outcome.as_deref() == Some(outcome)
    }

    /// The rule that a plugin's refusal names: `refused by rule NAME: ...`, or the words themselves.
    pub(crate) fn rule(&self) -> &str {
        let named = self.words.split_once("by rule ").map(|(_, rest)| rest);
        let rule = named.unwrap_or(&self.words);
        let end = rule.find(|letter: char| letter != '-' && !letter.is_ascii_alphanumeric());
        match (named, end) {
            (Some(_), Some(end)) => &rule[..end],
            _ => rule,
        }
    }
}
