//! What two jobs do, drawn from a seed: a list that can be carried out, cut down and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// One of two jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Job {
    A,
    B,
}

impl Job {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// What a job's images are made of. In the lab's registry.
pub(crate) const BASES: [&str; 2] = ["alpine", "redis"];

/// So many different files are built by both jobs: small enough for them to meet.
const CONTENTS: u8 = 3;

/// What a job asks its engine for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "lowercase")]
pub(crate) enum Request {
    /// An image of the registry, under a name of the job's own.
    Pull { name: String, base: String },
    /// An image with one file more than its base. The same content makes the same layer.
    Build { name: String, base: String, content: u8 },
    /// A second name.
    Tag { name: String, of: String },
    /// A container that reads all files of an image.
    Run { of: String },
    /// An image of a container that has written a file of its own.
    Commit { name: String, of: String },
    /// Everything that is without a name and unused.
    Prune,
    /// A name that the job made.
    Remove { name: String },
}

/// A request of one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) job: Job,
    #[serde(flatten)]
    pub(crate) request: Request,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.job)?;
        match &self.request {
            Request::Pull { name, base } => write!(f, "pull {base} as {name}"),
            Request::Build { name, base, content } => {
                write!(f, "build {name} of {base} with content {content}")
            }
            Request::Tag { name, of } => write!(f, "tag {of} as {name}"),
            Request::Run { of } => write!(f, "run {of}"),
            Request::Commit { name, of } => write!(f, "commit {name} of {of}"),
            Request::Prune => write!(f, "prune"),
            Request::Remove { name } => write!(f, "remove {name}"),
        }
    }
}

impl Operation {
    /// The same with names that begin with this word instead of the job's.
    pub(crate) fn named(&self, word: &str) -> Self {
        let other = |name: &String| match name.split_once('-') {
            Some((_, number)) => format!("{word}-{number}"),
            None => name.clone(),
        };
        let mut operation = self.clone();
        match &mut operation.request {
            Request::Pull { name, .. } | Request::Build { name, .. } | Request::Remove { name } => {
                *name = other(name);
            }
            Request::Tag { name, of } | Request::Commit { name, of } => {
                (*name, *of) = (other(name), other(of));
            }
            Request::Run { of } => *of = other(of),
            Request::Prune => {}
        }
        operation
    }

    /// The image that there has to be for it.
    pub(crate) fn needs(&self) -> Option<&str> {
        match &self.request {
            Request::Tag { of, .. } | Request::Run { of } | Request::Commit { of, .. } => Some(of),
            Request::Remove { name } => Some(name),
            Request::Pull { .. } | Request::Build { .. } | Request::Prune => None,
        }
    }
}

/// What two jobs do, so many operations each, in one order of many.
pub(crate) fn drawn(seed: u64, of_each: usize) -> Vec<Operation> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut names: BTreeMap<Job, Vec<String>> = BTreeMap::new();
    let mut left = BTreeMap::from(Job::BOTH.map(|job| (job, of_each)));
    let mut drawn = Vec::new();
    while left.values().any(|left| *left > 0) {
        let job = if random.random_bool(0.5) { Job::A } else { Job::B };
        let Some(left) = left.get_mut(&job).filter(|left| **left > 0) else {
            continue;
        };
        *left -= 1;
        let name = format!("{job}-{}", drawn.len());
        let request = request(&mut random, names.entry(job).or_default(), name);
        drawn.push(Operation { job, request });
    }
    drawn
}

fn request(random: &mut ChaCha8Rng, names: &mut Vec<String>, name: String) -> Request {
    let any = (!names.is_empty()).then(|| random.random_range(0..names.len().max(1)));
    // A job begins with an image. The weights are those of pipelines that build more than they pull.
    let draw = random.random_range(0..100);
    let Some(any) = any.filter(|_| draw >= 40) else {
        names.push(name.clone());
        let base = BASES[random.random_range(0..BASES.len())].to_owned();
        if draw < 10 {
            return Request::Pull { name, base };
        }
        let content = random.random_range(0..CONTENTS);
        return Request::Build { name, base, content };
    };
    let of = names[any].clone();
    match draw {
        40..50 => {
            names.push(name.clone());
            Request::Tag { name, of }
        }
        50..60 => Request::Run { of },
        60..70 => {
            names.push(name.clone());
            Request::Commit { name, of }
        }
        70..80 => Request::Prune,
        _ => {
            names.remove(any);
            Request::Remove { name: of }
        }
    }
}

/// Those of one job.
pub(crate) fn of_job(operations: &[Operation], job: Job) -> Vec<Operation> {
    let of_job = operations.iter().filter(|operation| operation.job == job);
    of_job.cloned().collect()
}

/// A shortest list that still does what the whole one does: nothing that is left can be left out.
/// `still` is asked of lists that can be carried out, at most so often; the list, and whether
/// it was asked often enough.
pub(crate) fn shortest(
    operations: Vec<Operation>,
    most: u32,
    mut still: impl FnMut(&[Operation]) -> miette::Result<bool>,
) -> miette::Result<(Vec<Operation>, bool)> {
    let mut shortest = operations;
    let mut asked = 0;
    let mut size = shortest.len() / 2;
    // Zeller & Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002), without its
    // complements: pieces are left out, larger ones first.
    while size > 0 {
        let mut from = 0;
        let mut is_shorter = false;
        while from < shortest.len() {
            let mut fewer = shortest.clone();
            fewer.drain(from..(from + size).min(shortest.len()));
            let fewer = sound(fewer);
            // Nothing does no damage.
            if fewer.is_empty() || fewer.len() == shortest.len() {
                from += size;
                continue;
            }
            if asked == most {
                return Ok((shortest, false));
            }
            asked += 1;
            if still(&fewer)? {
                shortest = fewer;
                is_shorter = true;
            } else {
                from += size;
            }
        }
        if size == 1 && is_shorter {
            continue;
        }
        size /= 2;
    }
    Ok((shortest, true))
}

/// Without what needs an image that nobody has made before.
fn sound(operations: Vec<Operation>) -> Vec<Operation> {
    let mut there = BTreeSet::new();
    let mut sound = Vec::new();
    for operation in operations {
        if operation.needs().is_some_and(|name| !there.contains(name)) {
            continue;
        }
        match &operation.request {
            Request::Pull { name, .. }
            | Request::Build { name, .. }
            | Request::Tag { name, .. }
            | Request::Commit { name, .. } => {
                there.insert(name.clone());
            }
            Request::Remove { name } => {
                there.remove(name);
            }
            Request::Run { .. } | Request::Prune => {}
        }
        sound.push(operation);
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_seed_draws_the_same_and_can_be_carried_out() {
        for seed in 0..200 {
            let operations = drawn(seed, 8);
            assert_eq!(operations, drawn(seed, 8));
            assert_eq!(sound(operations.clone()), operations, "seed {seed}");
            for job in Job::BOTH {
                assert_eq!(of_job(&operations, job).len(), 8);
            }
        }
        assert_ne!(drawn(1, 8), drawn(2, 8));
    }

    #[test]
    fn every_request_is_drawn_sooner_or_later() {
        let all: Vec<String> = (0..50)
            .flat_map(|seed| drawn(seed, 8))
            .map(|operation| operation.to_string())
            .collect();
        for word in ["pull", "build", "tag", "run", "commit", "prune", "remove"] {
            let is_there = all.iter().any(|text| text[2..].starts_with(word));
            assert!(is_there, "{word}");
        }
    }

    fn build(job: Job, name: &str) -> Operation {
        let request =
            Request::Build { name: name.to_owned(), base: "alpine".to_owned(), content: 0 };
        Operation { job, request }
    }

    fn remove(job: Job, name: &str) -> Operation {
        let name = name.to_owned();
        Operation { job, request: Request::Remove { name } }
    }

    #[rstest]
    #[case(0)]
    #[case(3)]
    #[case(11)]
    fn what_is_left_is_what_it_takes(#[case] seed: u64) {
        // Damage: both have built, and one removes.
        let does = |operations: &[Operation]| {
            let has = |operation: Operation| operations.contains(&operation);
            has(build(Job::A, "x")) && has(build(Job::B, "y")) && has(remove(Job::B, "y"))
        };
        let mut operations = drawn(seed, 6);
        operations.insert(1, build(Job::A, "x"));
        operations.insert(4, build(Job::B, "y"));
        operations.push(remove(Job::B, "y"));
        let (found, whole) = shortest(operations, 1000, |fewer| Ok(does(fewer))).expect("found");
        assert!(whole);
        let expected = [build(Job::A, "x"), build(Job::B, "y"), remove(Job::B, "y")];
        assert_eq!(found, expected);
    }

    #[test]
    fn it_is_not_asked_more_often_than_it_may() {
        let mut asked = 0;
        let (left, whole) = shortest(drawn(1, 8), 5, |_| {
            asked += 1;
            Ok(false)
        })
        .expect("found");
        assert_eq!((asked, whole, left.len()), (5, false, 16));
    }

    #[test]
    fn an_operation_is_a_line_of_json() {
        let text = serde_json::to_string(&build(Job::B, "b-1")).expect("serialises");
        let back: Operation = serde_json::from_str(&text).expect("reads");
        assert_eq!(back, build(Job::B, "b-1"));
    }
}
