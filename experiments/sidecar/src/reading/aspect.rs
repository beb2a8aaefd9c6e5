//! What patterns are compared by, and how each stands. A grade is derived from the rows; one that could
//! not be looked at is no good one.

use facts::document::Tone;
use facts::{Ending, Fill, Lang, phrases::short, term, text};

use super::{Look, Sidecar};
use crate::pattern::Pattern;
use crate::words::{Property, Word};

/// A row of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    Job,
    Privilege,
    Escape,
    Isolation,
    Cache,
    Storage,
    Accounting,
    Collisions,
}

/// How a pattern stands in an aspect, in the order of [`GRADES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    Good,
    /// Good in one way and bad in another, or at a price.
    Mixed,
    Bad,
    /// Something could not be looked at, and what was seen does not decide.
    Unseen,
}

#[rustfmt::skip]
pub(super) static GRADES: [Ending; 4] = [
    Ending::new("good", "●", Fill::Plain, Tone::Yes, ["good", "bien"], ["it holds", "se sostiene"]),
    Ending::new("mixed", "◐", Fill::Hatched, Tone::Mixed, ["mixed", "a medias"],
        ["at a price, or in part", "a un precio, o en parte"]),
    Ending::new("bad", "■", Fill::Red, Tone::No, ["bad", "mal"], ["it does not hold", "no se sostiene"]),
    Ending::new("not seen", "–", Fill::Dashed, Tone::Missing, ["not seen", "no visto"],
        ["it could not be looked at", "no se pudo mirar"]),
];

impl Grade {
    /// The name in files.
    pub(super) fn name(self) -> &'static str {
        GRADES[self as usize].name
    }
}

#[rustfmt::skip]
impl Aspect {
    pub(super) const ALL: &[Self] = &[
        Self::Job, Self::Privilege, Self::Escape, Self::Isolation,
        Self::Cache, Self::Storage, Self::Accounting, Self::Collisions,
    ];

    /// The name in files, and what it is called for readers.
    fn names(self) -> (&'static str, [&'static str; 2]) {
        match self {
            Self::Job => ("job", ["job", "trabajo"]),
            Self::Privilege => ("privilege", ["privilege handed over", "privilegio entregado"]),
            Self::Escape => ("escape", ["escape", "vías de escape"]),
            Self::Isolation => ("isolation", ["isolation", "aislamiento"]),
            Self::Cache => ("cache", ["cache", "caché"]),
            Self::Storage => ("storage", ["storage risk", "almacenamiento"]),
            Self::Accounting => ("accounting", ["accounting", "contabilidad"]),
            Self::Collisions => ("collisions", ["collisions", "choques"]),
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.names().0
    }

    pub(super) fn title(self, lang: Lang) -> &'static str {
        lang.of(self.names().1)
    }

    /// What it is made of; ways out have a table of their own.
    pub(super) fn properties(self) -> &'static [Property] {
        match self {
            Self::Job => &[Property::Job],
            Self::Privilege => &[
                Property::AgentPrivilege, Property::EnginePrivilege, Property::WithoutPrivilege,
                Property::Group, Property::SocketMissing,
            ],
            Self::Escape => &[],
            Self::Isolation => &[Property::Isolation, Property::NodePaths, Property::NextPod],
            Self::Cache => &[Property::Cache],
            Self::Storage => &[Property::StorageVolume, Property::StorageLayer],
            Self::Accounting => &[Property::Accounting, Property::AccountingHost],
            Self::Collisions => &[Property::CollisionContainer, Property::CollisionVolume],
        }
    }
}

/// An outcome of the record in the page's language; one that is a name stays as it is.
pub(super) fn word(outcome: &str, lang: Lang) -> String {
    let of = |outcome: &str| {
        let mut words = Word::ALL.iter();
        words
            .find(|word| word.name() == outcome)
            .map(|word| word.text(lang))
    };
    if let Some(text) = of(outcome) {
        return text.to_owned();
    }
    // A list, of which each has its word.
    let words = outcome.split_whitespace();
    words
        .map(|word| of(word).unwrap_or(word))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The word of an outcome, or that it was not seen.
pub(super) fn seen(look: &Look, lang: Lang) -> String {
    word(look.name(), lang)
}

/// How a property stands, of which one outcome is the good one.
fn graded(look: Option<&Look>, good: Word, otherwise: Grade) -> Option<Grade> {
    look.map(|look| match &look.outcome {
        None => Grade::Unseen,
        Some(_) if look.is(good) => Grade::Good,
        Some(_) => otherwise,
    })
}

impl Sidecar<'_> {
    /// `None` of an aspect that a pattern has no row of.
    pub(super) fn grade(&self, pattern: &Pattern, aspect: Aspect) -> Option<Grade> {
        let one =
            |property, good, otherwise| graded(self.property(pattern, property), good, otherwise);
        // The second counts where the first is good.
        let unless = |first: Grade, second: Option<Grade>| match (first, second) {
            (Grade::Good, Some(second)) => second,
            _ => first,
        };
        match aspect {
            Aspect::Job => one(Property::Job, Word::Works, Grade::Bad),
            Aspect::Privilege => self.privilege(pattern),
            Aspect::Escape => self.escape_grade(pattern),
            Aspect::Isolation => Some(unless(
                one(Property::Isolation, Word::NoneOfTheNode, Grade::Bad)?,
                // Something of the node is mounted, though nothing of it was seen through that.
                one(Property::NodePaths, Word::None, Grade::Mixed),
            )),
            Aspect::Cache => one(Property::Cache, Word::Kept, Grade::Mixed),
            Aspect::Storage => self.storage(pattern),
            Aspect::Accounting => Some(unless(
                one(Property::Accounting, Word::Counted, Grade::Bad)?,
                one(Property::AccountingHost, Word::Counted, Grade::Mixed),
            )),
            Aspect::Collisions => {
                let both = aspect.properties().iter();
                let both = both.filter_map(|of_it| one(*of_it, Word::None, Grade::Bad));
                // The worst.
                let order = [Grade::Good, Grade::Mixed, Grade::Unseen, Grade::Bad];
                both.max_by_key(|grade| order.iter().position(|other| other == grade))
            }
        }
    }

    fn privilege(&self, pattern: &Pattern) -> Option<Grade> {
        let [agent, engine] = [Property::AgentPrivilege, Property::EnginePrivilege]
            .map(|property| self.property(pattern, property));
        agent.or(engine)?;
        let is_unseen = |look: Option<&Look>| look.is_none_or(|look| look.outcome.is_none());
        let is = |look: Option<&Look>, words: &[Word]| {
            look.is_some_and(|look| words.iter().any(|word| look.is(*word)))
        };
        Some(if is(agent, &[Word::Full]) {
            Grade::Bad
        } else if is_unseen(agent) || is_unseen(engine) {
            Grade::Unseen
        } else if is(agent, &[Word::More]) || is(engine, &[Word::More, Word::Full, Word::TheNodes])
        {
            Grade::Mixed
        } else {
            Grade::Good
        })
    }

    fn escape_grade(&self, pattern: &Pattern) -> Option<Grade> {
        let own = self.escapes(pattern);
        let taken_over = self.taken_over(pattern);
        if own.is_empty() && taken_over.is_none() {
            return None;
        }
        Some(if own.iter().any(|look| look.is(Word::Reaches)) {
            Grade::Bad
        } else if own.is_empty() || own.iter().any(|look| look.outcome.is_none()) {
            Grade::Unseen
        } else if taken_over.is_some_and(|look| look.is(Word::Reaches)) {
            Grade::Mixed
        } else {
            Grade::Good
        })
    }

    /// Where its own layer will not do, the store needs a volume.
    fn storage(&self, pattern: &Pattern) -> Option<Grade> {
        let [volume, layer] = [Property::StorageVolume, Property::StorageLayer]
            .map(|property| self.property(pattern, property));
        let outcome = |look: Option<&Look>| look.and_then(|look| look.outcome.clone());
        volume.or(layer)?;
        Some(match (outcome(volume), outcome(layer)) {
            (Some(refused), _) if refused == Word::Refused.name() => Grade::Bad,
            (Some(on_volume), Some(on_layer)) if on_volume != on_layer => Grade::Mixed,
            (Some(_), Some(_)) => Grade::Good,
            // A store that is nobody's own has one place only.
            (Some(_), None) if layer.is_none() => Grade::Good,
            _ => Grade::Unseen,
        })
    }

    /// In a word or two how a pattern stands in an aspect.
    pub(super) fn word(
        &self,
        pattern: &Pattern,
        aspect: Aspect,
        grade: Grade,
        lang: Lang,
    ) -> String {
        let said = |property| {
            let outcome = self.seen(pattern, property);
            outcome.map_or_else(String::new, |outcome| word(outcome, lang))
        };
        let is = |property, word| self.is(pattern, property, word);
        let text = match (aspect, grade) {
            (_, Grade::Unseen) => Word::NotSeen.text(lang),
            (Aspect::Privilege, Grade::Bad) => {
                term!(lang; "the agent has all"; "el agente lo tiene todo")
            }
            (Aspect::Privilege, _) if is(Property::EnginePrivilege, Word::Full) => {
                term!(lang; "the engine has all"; "el motor lo tiene todo")
            }
            (Aspect::Privilege, _) if is(Property::EnginePrivilege, Word::TheNodes) => {
                term!(lang; "the node's engine"; "el motor del nodo")
            }
            (Aspect::Privilege, Grade::Mixed) => Word::More.text(lang),
            (Aspect::Privilege, Grade::Good) => Word::None.text(lang),
            (Aspect::Escape, Grade::Bad) => Word::Reaches.text(lang),
            (Aspect::Escape, Grade::Mixed) => {
                term!(lang; "only through the engine"; "solo a través del motor")
            }
            (Aspect::Escape, Grade::Good) => {
                term!(lang; "none reaches the node"; "ninguna llega al nodo")
            }
            (Aspect::Isolation, Grade::Mixed) => {
                term!(lang; "part of it is mounted"; "una parte está montada")
            }
            (Aspect::Isolation, _) if is(Property::Isolation, Word::NoneOfTheNode) => {
                term!(lang; "sees nothing of the node"; "no ve nada del nodo")
            }
            (Aspect::Accounting, Grade::Mixed) => {
                term!(lang; "not with the node's groups"; "no con los grupos del nodo")
            }
            (Aspect::Isolation, _) => {
                let outcome = said(Property::Isolation);
                return text!(lang; "sees {outcome}"; "ve {outcome}");
            }
            (Aspect::Storage, Grade::Mixed) => {
                let outcome = said(Property::StorageVolume);
                return text!(lang; "{outcome}, on a volume only"; "{outcome}, solo en un volumen");
            }
            (Aspect::Collisions, Grade::Good) => Word::None.text(lang),
            (Aspect::Collisions, _) => {
                let kinds = lang.pick(["names", "volumes"], ["nombres", "volúmenes"]);
                let both = aspect.properties().iter().zip(kinds);
                let both = both.filter(|(of_it, _)| {
                    self.seen(pattern, **of_it)
                        .is_some_and(|outcome| outcome != Word::None.name())
                });
                return both.map(|(_, kind)| kind).collect::<Vec<_>>().join(", ");
            }
            (Aspect::Job | Aspect::Cache | Aspect::Storage | Aspect::Accounting, _) => {
                return said(aspect.properties()[0]);
            }
        };
        text.to_owned()
    }

    /// What stands below that word: the rest of what was seen, and the words of what refused.
    pub(super) fn below(
        &self,
        pattern: &Pattern,
        aspect: Aspect,
        grade: Grade,
        lang: Lang,
    ) -> Vec<String> {
        if aspect == Aspect::Escape {
            return self.escapes_told(pattern, lang);
        }
        if (aspect, grade) == (Aspect::Collisions, Grade::Good) {
            return Vec::new();
        }
        let mut properties = aspect.properties().iter();
        let told = properties
            .clone()
            .filter_map(|property| self.labelled(pattern, *property, lang));
        // Why something could not be seen, or where it was.
        let why = properties
            .next()
            .filter(|_| !matches!(aspect, Aspect::Isolation | Aspect::Collisions));
        let why = why.and_then(|property| self.property(pattern, *property));
        let why = why
            .map(|look| &*look.words)
            .filter(|words| !words.is_empty());
        told.chain(why.map(short)).collect()
    }

    /// `agent: none`; nothing of a property that is told without its name.
    pub(super) fn labelled(
        &self,
        pattern: &Pattern,
        property: Property,
        lang: Lang,
    ) -> Option<String> {
        let look = self.property(pattern, property)?;
        let label = property.text(lang);
        (!label.is_empty()).then(|| format!("{label}: {}", seen(look, lang)))
    }

    /// How the ways that were tried ended.
    fn escapes_told(&self, pattern: &Pattern, lang: Lang) -> Vec<String> {
        let all = self.escapes(pattern).len();
        let named = self.ways_that(pattern, Word::Reaches);
        let named: Vec<String> = named.iter().map(|way| format!("`{way}`")).collect();
        let mut told = Vec::new();
        if !named.is_empty() {
            told.push(named.join(", "));
        }
        for word in [Word::Refused, Word::Inside, Word::NotSeen] {
            let count = self.ways_that(pattern, word).len();
            let word = word.text(lang);
            if count > 0 {
                told.push(text!(lang; "{count} of {all}: {word}"; "{count} de {all}: {word}"));
            }
        }
        if let Some(look) = self.taken_over(pattern) {
            let outcome = seen(look, lang);
            told.push(text!(lang; "who took the engine over: {outcome}"; "quien tomara el motor: {outcome}"));
        }
        told
    }
}
