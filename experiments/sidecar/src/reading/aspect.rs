//! What patterns are compared by, and how each stands. A grade is derived from the rows; one that could
//! not be looked at is no good one.

use facts::document::Tone;
use facts::{Ending, Fill, Lang, phrases::short, term, text};

use super::{Check, Sidecar};
use crate::pattern::Pattern;
use crate::words::{Property as P, Word as W};

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

/// A property with the outcomes that are good, and the grade of the others.
type Graded = (P, &'static [W], Grade);

#[rustfmt::skip]
impl Aspect {
    pub(super) const ALL: &[Self] = &[
        Self::Job, Self::Privilege, Self::Escape, Self::Isolation,
        Self::Cache, Self::Storage, Self::Accounting, Self::Collisions,
    ];

    /// The name in files and for readers, and what it is made of; escape paths have a table of their own.
    fn is(self) -> (&'static str, [&'static str; 2], &'static [Graded]) {
        use Grade::{Bad, Good, Mixed};
        match self {
            Self::Job => ("job", ["job", "trabajo"], &[(P::Job, &[W::Works], Bad)]),
            Self::Privilege => ("privilege", ["privilege handed over", "privilegio entregado"], &[
                (P::AgentPrivilege, &[W::None, W::Default], Bad),
                (P::EnginePrivilege, &[W::None, W::Default, W::NoEngine], Mixed),
                (P::WithoutPrivilege, &[], Good), (P::Group, &[], Good), (P::SocketMissing, &[], Good),
            ]),
            Self::Escape => ("escape", ["escape", "vías de escape"], &[]),
            // Something of the node may be mounted, though nothing of it was seen through that.
            Self::Isolation => ("isolation", ["isolation", "aislamiento"], &[
                (P::Isolation, &[W::NoneOfTheNode], Bad),
                (P::NodePaths, &[W::None], Mixed), (P::NextPod, &[], Good),
            ]),
            Self::Cache => ("cache", ["cache", "caché"], &[(P::Cache, &[W::Kept], Mixed)]),
            Self::Storage => ("storage", ["storage risk", "almacenamiento"],
                &[(P::StorageVolume, &[], Good), (P::StorageLayer, &[], Good)]),
            Self::Accounting => ("accounting", ["accounting", "contabilidad"],
                &[(P::Accounting, &[W::Counted], Bad), (P::AccountingHost, &[W::Counted], Mixed)]),
            Self::Collisions => ("collisions", ["collisions", "choques"],
                &[(P::CollisionContainer, &[W::None], Bad), (P::CollisionVolume, &[W::None], Bad)]),
        }
    }

    /// The name in files.
    pub(super) fn name(self) -> &'static str {
        self.is().0
    }

    pub(super) fn title(self, lang: Lang) -> &'static str {
        lang.of(self.is().1)
    }

    pub(super) fn properties(self) -> impl Iterator<Item = P> {
        self.is().2.iter().map(|(property, ..)| *property)
    }
}

/// An outcome of the record in the page's language; one that is a name stays as it is.
pub(super) fn word(outcome: &str, lang: Lang) -> String {
    let of = |outcome: &str| {
        let mut words = W::ALL.iter();
        let word = words.find(|word| word.name() == outcome);
        word.map(|word| word.text(lang))
    };
    if let Some(text) = of(outcome) {
        return text.to_owned();
    }
    // A list, of which each has its word.
    let words = outcome.split_whitespace();
    words.map(|word| of(word).unwrap_or(word)).collect::<Vec<_>>().join(", ")
}

/// The word of an outcome, or that it was not seen.
pub(super) fn seen(look: &Check, lang: Lang) -> String {
    word(look.name(), lang)
}

impl Sidecar<'_> {
    /// The worst of what it is made of; `None` of an aspect that a pattern has no row of.
    pub(super) fn grade(&self, pattern: &Pattern, aspect: Aspect) -> Option<Grade> {
        match aspect {
            Aspect::Escape => return self.escape_grade(pattern),
            Aspect::Storage => return self.storage(pattern),
            _ => {}
        }
        self.property(pattern, aspect.properties().next()?)?;
        let grade = |(property, good, otherwise): &Graded| {
            match self.property(pattern, *property) {
                // What engine it is decides what its agent may.
                None if *property == P::EnginePrivilege => Some(Grade::Unseen),
                Some(look) if look.outcome.is_none() => Some(Grade::Unseen),
                Some(look) if good.iter().any(|word| look.is(*word)) => Some(Grade::Good),
                look => look.map(|_| *otherwise),
            }
        };
        // What is only told is not graded.
        let graded = aspect.is().2.iter().filter(|(.., otherwise)| *otherwise != Grade::Good);
        let order = [Grade::Good, Grade::Mixed, Grade::Unseen, Grade::Bad];
        graded.filter_map(grade).max_by_key(|grade| order.iter().position(|other| other == grade))
    }

    fn escape_grade(&self, pattern: &Pattern) -> Option<Grade> {
        let own = self.escapes(pattern);
        let taken_over = self.taken_over(pattern);
        if own.is_empty() && taken_over.is_none() {
            return None;
        }
        Some(if own.iter().any(|look| look.is(W::Reaches)) {
            Grade::Bad
        } else if own.is_empty() || own.iter().any(|look| look.outcome.is_none()) {
            Grade::Unseen
        } else if taken_over.is_some_and(|look| look.is(W::Reaches)) {
            Grade::Mixed
        } else {
            Grade::Good
        })
    }

    /// Where its own layer will not do, the store needs a volume.
    fn storage(&self, pattern: &Pattern) -> Option<Grade> {
        let volume = self.property(pattern, P::StorageVolume)?;
        let layer = self.property(pattern, P::StorageLayer);
        let is_unseen = |look: &Check| look.outcome.is_none();
        Some(if volume.is(W::Refused) {
            Grade::Bad
        } else if is_unseen(volume) || layer.is_some_and(is_unseen) {
            Grade::Unseen
        // A store that is nobody's own has one place only.
        } else if layer.is_none_or(|layer| layer.outcome == volume.outcome) {
            Grade::Good
        } else {
            Grade::Mixed
        })
    }

    /// In a word or two how a pattern stands in an aspect.
    pub(super) fn word(&self, pattern: &Pattern, of: (Aspect, Grade), lang: Lang) -> String {
        let is = |property, word| self.is(pattern, property, word);
        let first = of.0.properties().next();
        let first = first.and_then(|property| self.seen(pattern, property));
        let first = first.map_or_else(String::new, |outcome| word(outcome, lang));
        let text = match of {
            (_, Grade::Unseen) => W::NotSeen.text(lang),
            (Aspect::Privilege, Grade::Bad) if is(P::AgentPrivilege, W::Full) => {
                term!(lang; "the agent has all"; "el agente lo tiene todo")
            }
            (Aspect::Privilege, _) if is(P::EnginePrivilege, W::Full) => {
                term!(lang; "the engine has all"; "el motor lo tiene todo")
            }
            (Aspect::Privilege, _) if is(P::EnginePrivilege, W::TheNodes) => {
                term!(lang; "the node's engine"; "el motor del nodo")
            }
            (Aspect::Privilege | Aspect::Collisions, Grade::Good) => W::None.text(lang),
            (Aspect::Privilege, _) => W::More.text(lang),
            (Aspect::Escape, Grade::Bad) => W::Reaches.text(lang),
            (Aspect::Escape, Grade::Mixed) => {
                term!(lang; "only through the engine"; "solo a través del motor")
            }
            (Aspect::Escape, _) => term!(lang; "none reaches the node"; "ninguna llega al nodo"),
            (Aspect::Isolation, Grade::Mixed) => {
                term!(lang; "part of it is mounted"; "una parte está montada")
            }
            (Aspect::Isolation, Grade::Good) => {
                term!(lang; "sees nothing of the node"; "no ve nada del nodo")
            }
            (Aspect::Isolation, _) => return text!(lang; "sees {first}"; "ve {first}"),
            (Aspect::Accounting, Grade::Mixed) => {
                term!(lang; "not with the node's groups"; "no con los grupos del nodo")
            }
            (Aspect::Storage, Grade::Mixed) => {
                return text!(lang; "{first}, on a volume only"; "{first}, solo en un volumen");
            }
            (Aspect::Collisions, _) => {
                let kinds = lang.pick(["names", "volumes"], ["nombres", "volúmenes"]);
                let both = of.0.properties().zip(kinds);
                let both = both.filter(|(property, _)| {
                    self.seen(pattern, *property).is_some() && !is(*property, W::None)
                });
                return both.map(|(_, kind)| kind).collect::<Vec<_>>().join(", ");
            }
            (Aspect::Job | Aspect::Cache | Aspect::Storage | Aspect::Accounting, _) => &first,
        };
        text.to_owned()
    }

    /// What stands below that word: the rest of what was seen, and the words of what refused.
    pub(super) fn below(&self, pattern: &Pattern, of: (Aspect, Grade), lang: Lang) -> Vec<String> {
        match of {
            (Aspect::Escape, _) => return self.escapes_told(pattern, lang),
            (Aspect::Collisions, Grade::Good) => return Vec::new(),
            _ => {}
        }
        let told = of.0.properties();
        let told = told.filter_map(|property| self.labelled(pattern, property, lang));
        // Why something could not be seen, or where it was.
        let is_why = !matches!(of.0, Aspect::Isolation | Aspect::Collisions);
        let why = of.0.properties().next().filter(|_| is_why);
        let why = why.and_then(|property| self.property(pattern, property));
        let why = why.filter(|look| !look.words.is_empty());
        told.chain(why.map(|look| short(&look.words))).collect()
    }

    /// `agent: none`; nothing of a property that is told without its name.
    pub(super) fn labelled(&self, pattern: &Pattern, property: P, lang: Lang) -> Option<String> {
        let look = self.property(pattern, property)?;
        let label = property.text(lang);
        (!label.is_empty()).then(|| format!("{label}: {}", seen(look, lang)))
    }

    /// How the ways that were tried ended.
    fn escapes_told(&self, pattern: &Pattern, lang: Lang) -> Vec<String> {
        let all = self.escapes(pattern).len();
        let named = self.ways_that(pattern, W::Reaches);
        let named: Vec<String> = named.iter().map(|way| format!("`{way}`")).collect();
        let mut told = Vec::new();
        if !named.is_empty() {
            told.push(named.join(", "));
        }
        for word in [W::Refused, W::Inside, W::NotSeen, W::NotWithoutRoot] {
            let count = self.ways_that(pattern, word).len();
            let word = word.text(lang);
            if count > 0 {
                told.push(text!(lang; "{count} of {all}: {word}"; "{count} de {all}: {word}"));
            }
        }
        if let Some(look) = self.taken_over(pattern) {
            let outcome = seen(look, lang);
            told.push(text!(lang; "whoever compromised the engine: {outcome}"; "quien tomara el motor: {outcome}"));
        }
        told
    }
}
