//! Samples: chains are built level by level, and every arm of every level is in every block.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bench::once::outcome;
use lab::{Agent, Lab, Level, Nest, Options};
use measure::{Arm, Observer, Reading, Run, SampleError, Trial};
use miette::Result;
use serde_json::{Map, Value, json};

use crate::arms::{Row, Work};
use crate::chain::Chain;
use crate::literal::{self, Line};
use crate::{REFUSED, WORKS};

/// As much as the published script hashed.
const MEBIBYTES: u32 = 50;

/// The same program over the same input, everywhere.
const PIPE: &str = "PROBE feed 50 | busybox sha256sum";

const START: &[&str] = &["run", "--rm", "alpine", "echo", "ok"];

/// One session: a fresh lab, the chains in it, the samples.
pub(crate) fn experiment(
    run: &mut Run,
    options: &Options,
    chains: &[(Chain, bool)],
    rows: &'static [Row],
) -> Result<()> {
    let began = Instant::now();
    let lab = Lab::start(options)?;
    lab.blamed(session(run, &lab, began, chains, rows))
}

fn session(
    run: &mut Run,
    lab: &Lab,
    began: Instant,
    chains: &[(Chain, bool)],
    rows: &'static [Row],
) -> Result<()> {
    let lab_ms = began.elapsed().as_millis();
    let arms: BTreeSet<&str> = run.arms().iter().map(|arm| arm.name).collect();
    let wanted: Vec<&Row> = rows.iter().filter(|row| arms.contains(row.name)).collect();
    let mut bench = Bench {
        lab,
        expected: lab::expected_digest(MEBIBYTES),
        outside: lab.level0().agent()?,
        places: BTreeMap::from([("bare".to_owned(), Place::bare(lab)?)]),
        unbuilt: BTreeMap::new(),
        literal: None,
        rows,
    };
    let (mut nests, mut tried) = (Vec::new(), Vec::new());
    for (chain, _) in chains {
        let is_wanted = |level: &usize| wanted.iter().any(|row| row.place == chain.place(*level));
        if let Some(deepest) = (1..=chain.levels()).rev().find(is_wanted) {
            nests.extend(bench.build(chain, deepest, &mut tried)?);
        }
    }
    if wanted.iter().any(|row| matches!(row.work, Work::Literal(_))) {
        bench.literal = Some(outcome(lab, literal::Bench::new(lab))?);
    }
    let unbuilt: Map<String, Value> =
        bench.unbuilt.iter().map(|(place, why)| (place.clone(), why.as_str().into())).collect();
    run.session(json!({
        "lab": lab.describe(),
        "stand_ins": lab.stand_ins(),
        "nests": nests,
        "unbuilt": unbuilt,
        "digest": bench.expected,
        "setup": { "lab_ms": lab_ms, "all_ms": began.elapsed().as_millis() },
    }))?;
    for row in tried {
        run.record_trial(row, || lab.alive())?;
    }
    run.measure(|arm| bench.take(arm))
}

/// What takes samples.
struct Bench<'lab> {
    lab: &'lab Lab,
    expected: String,
    /// At level 0.
    outside: Agent,
    places: BTreeMap<String, Place<'lab>>,
    /// Places that a chain could not build, and why.
    unbuilt: BTreeMap<String, String>,
    literal: Option<Result<literal::Bench<'lab>, String>>,
    rows: &'static [Row],
}

/// In so many containers.
struct Place<'lab> {
    /// The engines around it; at level 0 there are none.
    nest: Option<Nest<'lab>>,
    /// Next to the innermost engine.
    beside: Option<Agent>,
    /// In a container of its own that stays.
    within: Agent,
    leaf: Level<'lab>,
}

impl<'lab> Place<'lab> {
    fn bare(lab: &'lab Lab) -> Result<Self> {
        Ok(Self { nest: None, beside: None, within: lab.level0().agent()?, leaf: lab.level0() })
    }

    fn of(nest: Nest<'lab>) -> Result<Self> {
        let leaf = nest.leaf()?;
        Ok(Self {
            beside: Some(nest.innermost().agent()?),
            within: leaf.agent()?,
            leaf,
            nest: Some(nest),
        })
    }
}

impl<'lab> Bench<'lab> {
    /// Builds a chain level by level. A level works if a container of its engine runs; one that
    /// does not ends the chain, with its reason, and what is above stays. Of what is there, the
    /// engines describe themselves.
    fn build(
        &mut self,
        chain: &Chain,
        deepest: usize,
        tried: &mut Vec<Trial>,
    ) -> Result<Option<Value>> {
        let began = Instant::now();
        let mut nest: Option<Nest> = None;
        for level in 1..=deepest {
            let layer = chain.layers[level - 1];
            let added = match &mut nest {
                None => self.lab.nest(&[layer]).map(|built| nest = Some(built)),
                Some(nest) => nest.push_level(layer),
            };
            let ready_ns = u64::try_from(began.elapsed().as_nanos()).ok();
            let settled = match (added, &nest) {
                (Ok(()), Some(nest)) => self.settle(chain.place(level), nest),
                (added, _) => added,
            };
            let reason = outcome(self.lab, settled)?.err();
            tried.push(Trial {
                table: "ready".to_owned(),
                subject: chain.place(deepest),
                step: level.to_string(),
                outcome: if reason.is_none() { WORKS } else { REFUSED }.to_owned(),
                wall_ns: ready_ns.filter(|_| reason.is_none()),
                reason: reason.clone().unwrap_or_default(),
                ..Trial::default()
            });
            if let Some(reason) = reason {
                let why = format!("level {level} is not there: {reason}");
                let deeper = (level..=deepest).map(|level| chain.place(level));
                self.unbuilt.extend(deeper.map(|place| (place, why.clone())));
                break;
            }
        }
        nest.map(|nest| nest.describe()).transpose()
    }

    /// Makes a place of a chain's innermost level, unless another chain has it.
    fn settle(&mut self, place: String, nest: &Nest<'lab>) -> Result<()> {
        if let Entry::Vacant(vacant) = self.places.entry(place) {
            vacant.insert(Place::of(nest.clone())?);
        }
        Ok(())
    }

    fn take(&mut self, arm: &Arm) -> Result<Reading, SampleError> {
        let row = self.rows.iter().find(|row| row.name == arm.name);
        let row = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        if let Work::Literal(line) = row.work {
            return self.literal(line);
        }
        let Some(place) = self.places.get_mut(row.place) else {
            let why = self.unbuilt.get(row.place);
            let missing = || SampleError::Fatal("no such place".to_owned());
            return Err(why.map_or_else(missing, |why| SampleError::Sample(why.clone())));
        };
        let lab = self.lab;
        match row.work {
            Work::Hash => bench::hash(lab, &mut place.within, MEBIBYTES, &self.expected),
            Work::Operate(operation) => {
                bench::operate(lab, &mut place.within, operation, arm.operations)
            }
            Work::Start => {
                let start = place.nest.as_ref().map_or_else(
                    || vec!["echo", "ok"],
                    |nest| [&[nest.engine().program()], START].concat(),
                );
                let around = place.nest.as_ref().map(Nest::innermost);
                match (arm.observer, &mut place.beside, around) {
                    (Observer::Inside, Some(beside), _) => spawn(lab, beside, &start, "ok\n"),
                    (_, _, Some(level)) => {
                        let argv = level.from_outside(&start);
                        spawn(lab, &mut self.outside, &argv, "ok\n")
                    }
                    _ => spawn(lab, &mut self.outside, &start, "ok\n"),
                }
            }
            Work::Hop => {
                let argv = place.leaf.from_outside(&["true"]);
                spawn(lab, &mut self.outside, &argv, "")
            }
            Work::Pipe => {
                let pipe = PIPE.replace("PROBE", lab::PROBE);
                let argv = ["busybox", "sh", "-c", &pipe];
                let prints = format!("{}  -\n", self.expected);
                if arm.observer == Observer::Inside {
                    return spawn(lab, &mut place.within, &argv, &prints);
                }
                let argv = place.leaf.from_outside(&argv);
                spawn(lab, &mut self.outside, &argv, &prints)
            }
            Work::Literal(_) => Err(SampleError::Fatal("no place has this".to_owned())),
        }
    }

    fn literal(&mut self, line: Line) -> Result<Reading, SampleError> {
        let typed = match &mut self.literal {
            Some(Ok(typed)) => typed,
            Some(Err(why)) => return Err(SampleError::Sample(why.clone())),
            None => return Err(SampleError::Fatal("nothing is set up for it".to_owned())),
        };
        let prepared = self.lab.check(typed.prepare(line), |prepared| {
            let why = || format!("not prepared: {}", prepared.complaint());
            prepared.succeeded().then_some(()).ok_or_else(why)
        });
        prepared.map_err(bench::sample_error)?;
        let argv = typed.nest.innermost().from_outside(&line.argv());
        spawn(self.lab, &mut self.outside, &argv, line.prints())
    }
}

/// Starts a command and times it, if it prints what it should.
fn spawn<S: AsRef<str>>(
    lab: &Lab,
    agent: &mut Agent,
    argv: &[S],
    prints: &str,
) -> Result<Reading, SampleError> {
    bench::spawn(lab, agent, argv, |spawned| spawned.printed(prints))
}
