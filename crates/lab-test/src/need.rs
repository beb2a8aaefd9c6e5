//! What a test can need, as its attribute `#[needs(…)]` says it, and whether this machine has it. One
//! that says nothing needs a lab of the default kind; several are all needed.

use std::collections::BTreeMap;
use std::fs::File;

use lab::{Found, Generation, Kind};

/// One need.
#[derive(Clone, Debug)]
pub enum Need {
    /// A lab of this kind, of the chosen generation.
    Lab(Kind),
    /// The engines of this generation, whichever was chosen.
    Engines(Generation),
    /// Something that only some machines have; what is missing, if it is.
    Further(Option<String>),
    /// Not even a lab.
    Nothing,
}

/// A lab of this kind instead of the default one.
#[must_use]
pub fn lab(kind: Kind) -> Need {
    Need::Lab(kind)
}

/// The engines of this generation besides.
#[must_use]
pub fn engines(of: Generation) -> Need {
    Need::Engines(of)
}

/// No lab at all.
#[must_use]
pub fn nothing() -> Need {
    Need::Nothing
}

/// A file system that not every kernel has.
#[must_use]
pub fn filesystem(name: &str) -> Need {
    let has = lab::has_filesystem(name);
    Need::Further((!has).then(|| format!("this kernel has no {name}")))
}

/// A device of the machine that whoever runs the tests may use.
#[must_use]
pub fn device(path: &str) -> Need {
    let opened = File::options().read(true).write(true).open(path);
    Need::Further(opened.err().map(|why| format!("needs {path}: {why}")))
}

/// A controller of control groups.
#[must_use]
pub fn controller(name: &str) -> Need {
    let has = lab::controllers().iter().any(|one| one == name);
    Need::Further((!has).then(|| {
        format!("needs the {name} controller in cgroup v2, which this machine has not handed down")
    }))
}

/// Engines of the chosen generation that do without control groups.
#[must_use]
pub fn no_cgroups() -> Need {
    let does = crate::generation().is_ok_and(lab::goes_without_cgroups);
    Need::Further((!does).then(|| "this generation's Docker needs control groups".to_owned()))
}

/// Runs the tests that take long, whatever it is set to.
const SLOW: &str = "MATRYOSHKA_SLOW_TESTS";

/// Time that only some have: about so many seconds of two processors. CI has it.
#[must_use]
pub fn patience(seconds: u32) -> Need {
    Need::Further((!is_patient()).then(|| format!("takes {seconds} s, runs with {SLOW}=1")))
}

/// Whether the tests that take long run.
#[must_use]
pub fn is_patient() -> bool {
    std::env::var_os(SLOW).is_some()
}

/// Why a test can't run here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// It needs what every lab of its kind needs.
    Lab(String),
    /// It needs what only some machines have.
    Further(String),
}

/// What was asked of this machine.
pub(crate) struct Needs {
    chosen: Generation,
    answers: BTreeMap<(Kind, Generation), Option<String>>,
}

impl Needs {
    pub(crate) fn of(chosen: Generation) -> Self {
        let answers = BTreeMap::new();
        Self { chosen, answers }
    }

    /// The first that is missing of these needs: of a lab before anything further.
    pub(crate) fn lacking(&mut self, needs: &[fn() -> Need]) -> Option<Lack> {
        let needs: Vec<Need> = needs.iter().map(|need| need()).collect();
        let says = |need: &Need| matches!(need, Need::Lab(_) | Need::Nothing);
        let default = (!needs.iter().any(says)).then_some(Need::Lab(Kind::here()));
        let needs = default.into_iter().chain(needs);
        let lacks = needs.filter_map(|need| match need {
            Need::Lab(kind) if kind != Kind::Rootless && Kind::here() == Kind::Rootless => {
                Some(Lack::Further(format!("needs root, for a lab of kind {kind}")))
            }
            Need::Lab(kind) => self.ask(kind, self.chosen).map(Lack::Lab),
            Need::Engines(generation) => self.ask(Kind::here(), generation).map(Lack::Further),
            Need::Further(missing) => missing.map(Lack::Further),
            Need::Nothing => None,
        });
        let lacks: Vec<Lack> = lacks.collect();
        let of_lab = lacks.iter().position(|lack| matches!(lack, Lack::Lab(_)));
        lacks.into_iter().nth(of_lab.unwrap_or(0))
    }

    fn ask(&mut self, kind: Kind, generation: Generation) -> Option<String> {
        let answer = self.answers.entry((kind, generation));
        answer.or_insert_with(|| lacking(kind, generation)).clone()
    }
}

/// What this machine lacks for a lab of this kind and generation.
fn lacking(kind: Kind, generation: Generation) -> Option<String> {
    let checks = lab::preflight(kind, generation);
    let missing = checks.into_iter().find_map(|check| match check.found {
        Found::Ready(_) => None,
        Found::Missing { why, .. } => Some(format!("needs {}: {why}", check.what)),
    });
    // Neither in the cache nor to be fetched.
    missing.or_else(|| {
        lab::Bundle::get(generation).err().map(|report| {
            let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
            format!("needs engines: {}", chain.join(": "))
        })
    })
}
