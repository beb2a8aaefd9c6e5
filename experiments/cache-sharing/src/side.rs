//! One job: its engine in a container, what it asked that engine for, and what it was told.

use std::collections::BTreeMap;
use std::fmt::Write;

use bench::once::{complaints, error_chain, succeeded};
use lab::{Engine, Lab, Layer, Level, Nest};
use miette::Result;
use sha2::{Digest, Sha256};

use crate::finding::{Class, Finding};
use crate::operation::{Job, Operation, Request};
use crate::way::{Mount, ReadOnly, SharingMode, Whose};

/// What an image has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// The image of the registry that it is made of.
    base: String,
    /// The files that were added below `/made`, and what is in each.
    made: BTreeMap<String, String>,
}

/// What the engine has said is done, and was not undone by the same job.
pub(crate) type Acknowledged = BTreeMap<String, Image>;

/// The digest over the files of each image of the registry, by its name.
pub(crate) type Bases = BTreeMap<&'static str, String>;

/// Prints the digest of each file that a job has added, then one over all programs of the base.
const READ: &str = "cd / && if [ -d made ]; then find made -type f | sort | xargs sha256sum; fi
find usr -xdev -type f | sort | xargs sha256sum | sha256sum | cut -d' ' -f1";

/// An engine at work for a job.
pub(crate) struct Side<'lab> {
    pub(crate) job: Job,
    pub(crate) nest: Nest<'lab>,
    way: &'static SharingMode,
    pub(crate) acknowledged: Acknowledged,
    /// How many operations it did, and what it said of those that it did not.
    pub(crate) done: u32,
    pub(crate) failed: Vec<String>,
}

/// What the lab says of a command of the outermost engine.
const OUTER_FAILED: &str = "failed at level 0";

impl<'lab> Side<'lab> {
    /// Starts the job's engine on its folders of a file system. Its inner error is what the engine
    /// said.
    pub(crate) fn start(
        lab: &'lab Lab,
        way: &'static SharingMode,
        job: Job,
        folder: &str,
    ) -> Result<std::result::Result<Self, String>> {
        let mut mounts = Vec::new();
        for mount in way.mounts {
            let may_write = match mount.read_only {
                ReadOnly::Nobody => true,
                ReadOnly::Second => job == Job::A,
                ReadOnly::Both => false,
            };
            let access = if may_write { "" } else { ":ro" };
            let (source, target) = (source(folder, job, mount), target(way, mount));
            lab.level0().output(&["mkdir", "-p", &source])?;
            mounts.push(format!("--volume={source}:{target}{access}"));
        }
        Self::of(lab, way, job, way.layer(), mounts)
    }

    /// An engine whose store is what others will only read, or have copies of.
    pub(crate) fn filler(
        lab: &'lab Lab,
        way: &'static SharingMode,
        folder: &str,
    ) -> Result<std::result::Result<Self, String>> {
        let source = common(way, folder);
        lab.level0().output(&["mkdir", "-p", &source])?;
        let mount = format!("--volume={source}:{}", way.store());
        Self::of(lab, way, Job::A, way.filler(), vec![mount])
    }

    fn of(
        lab: &'lab Lab,
        way: &'static SharingMode,
        job: Job,
        layer: Layer,
        mounts: Vec<String>,
    ) -> Result<std::result::Result<Self, String>> {
        let mounts = mounts.into_iter().map(|mount| &*mount.leak());
        let flags: Vec<&'static str> = layer.flags.iter().copied().chain(mounts).collect();
        let mut nest = lab.nest(&[way.engine])?;
        if let Err(report) = nest.deepen_empty(layer.with(flags.leak())) {
            let why = error_chain(&report);
            // The engine around did not even start its container: that says nothing of what is shared.
            if why.contains(OUTER_FAILED) {
                return Err(report);
            }
            return Ok(Err(complaints(&why)));
        }
        let side =
            Self { job, nest, way, acknowledged: Acknowledged::new(), done: 0, failed: Vec::new() };
        // Podman has no daemon that could refuse: its first command opens the store.
        if way.engine == Engine::Podman
            && let Err(why) = side.asks(&["info", "--format", "{{.Store.GraphDriverName}}"])
        {
            side.end()?;
            return Ok(Err(why));
        }
        Ok(Ok(side))
    }

    /// The first process of its container, as level 0 numbers it.
    pub(crate) fn first_process(&self) -> String {
        let process = self.engine().first_process();
        process.map_or_else(String::new, |process| process.to_string())
    }

    /// The name of its container at level 0.
    pub(crate) fn container(&self) -> &str {
        self.engine().container()
    }

    fn engine(&self) -> &Level<'lab> {
        self.nest.innermost()
    }

    fn program(&self) -> &'static str {
        self.way.engine.program()
    }

    fn asks(&self, argv: &[&str]) -> std::result::Result<String, String> {
        succeeded(self.engine().run(&[&[self.program()], argv].concat()))
    }

    fn script(&self, script: &str, arguments: &[&str]) -> std::result::Result<String, String> {
        let argv = [&["sh", "-c", script, "sh", self.program()], arguments].concat();
        succeeded(self.engine().run(&argv))
    }

    /// Carries an operation out. What it needs may be missing because it failed: then it is left.
    pub(crate) fn does(&mut self, operation: &Operation) {
        if operation.needs().is_some_and(|name| !self.acknowledged.contains_key(name)) {
            return;
        }
        match self.carried_out(&operation.request) {
            Ok(()) => self.done += 1,
            Err(why) => self.failed.push(format!("{operation}: {}", complaint(&why))),
        }
    }

    fn carried_out(&mut self, request: &Request) -> std::result::Result<(), String> {
        let of = |name: &String| self.acknowledged[name].clone();
        let (name, image) = match request {
            Request::Pull { name, base } => {
                self.script(self.way.tools.pull, &[name, base])?;
                (name, Image::of(base))
            }
            Request::Build { name, base, content } => {
                let file = format!("common-{content}");
                let text = format!("content {content}");
                self.script(self.way.tools.build, &[name, base, &file, &text])?;
                (name, Image::of(base).with(&file, &text))
            }
            Request::Tag { name, of: image } => {
                self.asks(&["tag", image, name])?;
                (name, of(image))
            }
            Request::Commit { name, of: image } => {
                const COMMIT: &str = r#"
"$1" run --name "at-$2" --network none "$3" sh -c "mkdir -p /made && printf %s $2 > /made/$2" &&
"$1" commit "at-$2" "$2" > /dev/null && "$1" rm "at-$2""#;
                self.script(COMMIT, &[name, image])?;
                (name, of(image).with(name, name))
            }
            Request::Run { of } => return self.reads(of).map(drop),
            Request::Prune => {
                return match self.way.engine {
                    Engine::Docker => self.asks(&["system", "prune", "--force"]),
                    // The other would remove what another Podman's builds stop with.
                    Engine::Podman => self.asks(&["image", "prune", "--force"]),
                }
                .map(drop);
            }
            Request::Remove { name } => {
                self.asks(&["rmi", name])?;
                self.acknowledged.remove(name);
                return Ok(());
            }
        };
        self.acknowledged.insert(name.clone(), image);
        Ok(())
    }

    /// What a container of an image reads of its files.
    fn reads(&self, image: &str) -> std::result::Result<String, String> {
        let run = ["run", "--rm", "--network", "none", "--entrypoint", "sh"];
        self.asks(&[&run[..], &[image, "-c", READ]].concat())
    }

    /// Holds the engine against what was acknowledged, by itself or by another: whether it is
    /// listed, can be inspected, runs, and has the files that it was built with. Of what only another
    /// was told, a place on the list is all that can be asked for. There are several
    /// digests of a base where engines of several generations have built.
    pub(crate) fn examined(
        &self,
        acknowledged: &Acknowledged,
        by: Job,
        missing: Class,
        bases: &[Bases],
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut found = |class: Class, text: String| {
            let text = if by == self.job {
                format!("{by}: {text}")
            } else {
                format!("{} of {by}'s: {text}", self.job)
            };
            findings.push(Finding { class, text });
        };
        let listed = match self.asks(&["images", "--format", "{{.Repository}}:{{.Tag}}"]) {
            Ok(listed) => listed,
            Err(why) => {
                found(Class::Corrupt, format!("no list of images: {why}"));
                return findings;
            }
        };
        for (name, image) in acknowledged {
            let full = format!("{name}:latest");
            // Podman puts the host of its own names before them.
            let is_it = |line: &str| line == full || line.ends_with(&format!("/{full}"));
            if !listed.lines().any(is_it) {
                found(missing, format!("{name} is not listed"));
                continue;
            }
            if missing == Class::StaleView {
                continue;
            }
            if let Err(why) = self.asks(&["image", "inspect", name]) {
                found(missing, format!("{name} can't be inspected: {why}"));
                continue;
            }
            let read = match self.reads(name) {
                Ok(read) => read,
                Err(why) => {
                    found(missing, format!("{name} does not run: {why}"));
                    continue;
                }
            };
            let expected: Vec<String> = bases.iter().map(|bases| image.reads(bases)).collect();
            if !expected.contains(&read) {
                let seen = expected.first().map(|expected| differs(&read, expected));
                let seen = seen.unwrap_or_default();
                found(Class::Corrupt, format!("{name} has other files: {seen}"));
            }
        }
        findings
    }

    /// Stops the engine in order and starts it again.
    pub(crate) fn restarts(&mut self) -> std::result::Result<(), String> {
        self.nest.restart().map_err(|report| complaints(&error_chain(&report)))
    }

    /// Ends the engine in order; its container stays.
    pub(crate) fn stop(&self, lab: &Lab) -> Result<()> {
        let (program, container) = (self.program(), self.container());
        let argv = [program, "stop", "--time", "20", container];
        lab.level0().output(&argv).map(drop)
    }

    /// Takes the engine's container away.
    pub(crate) fn end(mut self) -> Result<()> {
        self.nest.pop_level()
    }
}

/// The line of an engine's words that says what is wrong: the last one that speaks of an error, because
/// a build says all that it does.
fn complaint(words: &str) -> &str {
    let is_error = |line: &&str| line.contains("rror");
    let lines = || words.lines().rev();
    let found = lines().find(is_error).or_else(|| lines().next());
    found.unwrap_or(words)
}

/// What both have in common, at level 0; where there is nothing, the store that both have copies of.
pub(crate) fn common(way: &SharingMode, folder: &str) -> String {
    let mut mounts = way.mounts.iter();
    let mount = mounts.find(|mount| mount.whose == Whose::Common);
    mount.map_or_else(|| format!("{folder}/common/store"), |mount| source(folder, Job::A, mount))
}

/// Where a mount's files are on the file system that both have.
pub(crate) fn source(folder: &str, job: Job, mount: &Mount) -> String {
    let whose = match mount.whose {
        Whose::Own => job.to_string(),
        Whose::Common => "common".to_owned(),
    };
    // The whole store, and each part that has a mount of its own, beside each other.
    let at = match mount.at {
        "" => "store".to_owned(),
        at => at.trim_start_matches('/').replace('/', "-"),
    };
    format!("{folder}/{whose}/{at}")
}

fn target(way: &SharingMode, mount: &Mount) -> String {
    match mount.at {
        "" => way.store().to_owned(),
        at if at.starts_with('/') => at.to_owned(),
        at => format!("{}/{at}", way.store()),
    }
}

impl Image {
    fn of(base: &str) -> Self {
        Self { base: base.to_owned(), made: BTreeMap::new() }
    }

    fn with(mut self, file: &str, content: &str) -> Self {
        self.made.insert(file.to_owned(), content.to_owned());
        self
    }

    /// What [`READ`] prints of it.
    fn reads(&self, bases: &Bases) -> String {
        let mut lines = String::new();
        for (file, content) in &self.made {
            let digest = base16ct::lower::encode_string(&Sha256::digest(content));
            let _ = writeln!(lines, "{digest}  made/{file}");
        }
        lines + bases.get(&*self.base).map_or("", |digest| digest) + "\n"
    }
}

/// The first line that is not the same.
fn differs(read: &str, expected: &str) -> String {
    let mut lines = read.lines().zip(expected.lines());
    let first = lines.find(|(read, expected)| read != expected);
    match first {
        Some((read, expected)) => format!("`{read}` instead of `{expected}`"),
        None => format!("{} lines instead of {}", read.lines().count(), expected.lines().count()),
    }
}

/// The digest over the programs of each base, as an engine at level 0 reads them.
pub(crate) fn bases(lab: &Lab) -> Result<Bases> {
    let mut bases = Bases::new();
    for base in crate::operation::BASES {
        let run = ["run", "--rm", "--network", "none", "--entrypoint", "sh"];
        let argv = [&["docker"], &run[..], &[base, "-c", READ]].concat();
        let read = lab.level0().output(&argv)?;
        bases.insert(base, read.trim().to_owned());
    }
    Ok(bases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_reads_as_its_files_in_their_order_and_its_base() {
        let bases = Bases::from([("alpine", "base".to_owned())]);
        let image = Image::of("alpine").with("b", "two").with("a", "one");
        let read = image.reads(&bases);
        let lines: Vec<&str> = read.lines().collect();
        assert_eq!(lines.len(), 3);
        // printf %s one | sha256sum
        assert!(lines[0].starts_with(
            "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  made/a"
        ));
        assert_eq!(lines[2], "base");
        assert_eq!(differs(&read, &read.replace("base", "other")), "`base` instead of `other`");
    }

    #[test]
    fn what_is_common_is_one_folder_and_what_is_own_is_two() {
        let whole = Mount { whose: Whose::Common, at: "", read_only: ReadOnly::Nobody };
        let own = Mount { whose: Whose::Own, at: "containerd", ..whole };
        assert_eq!(source("/d", Job::A, &whole), source("/d", Job::B, &whole));
        assert_ne!(source("/d", Job::A, &own), source("/d", Job::B, &own));
    }
}
