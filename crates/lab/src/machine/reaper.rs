//! Who takes away what a run has made with the machine's own engines.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use duct::{Expression, cmd};
use miette::Result;
use program::patient;
use sandbox::RUN;

use super::found::{Found, ask};
use super::label;
use crate::engine::Engine;
use crate::error::Explain;
use crate::programs;

/// In a run's folder: the labels of its owner.
pub(super) const OWNER: &str = "owner";

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(240);

/// The process that waits for the end of this one.
pub(super) struct Reaper {
    handle: duct::Handle,
    /// What it could not take away.
    left: Option<std::io::PipeReader>,
    /// Our end of its standard input; never written to. No child of this process has it: pipes are closed
    /// on `exec`.
    lifeline: Option<std::io::PipeWriter>,
}

fn line(run: &str, folder: &Path, found: &Found) -> Result<Expression> {
    let folder = folder.to_string_lossy().into_owned();
    let mut line = vec!["reap".to_owned(), run.to_owned(), folder];
    line.extend(found.all().map(|own| own.engine.program().to_owned()));
    Ok(cmd(programs::sandbox()?, line).stderr_null().unchecked())
}

impl Reaper {
    pub(super) fn start(run: &str, folder: &Path, found: &Found) -> Result<Self> {
        let (what, remedy) = ("a run has nobody to clear up after it", "see `cargo xtask doctor`");
        let (life_read, life_write) = std::io::pipe().explain(what, remedy)?;
        let (left_read, left_write) = std::io::pipe().explain(what, remedy)?;
        let reaper = line(run, folder, found)?.stdin_file(life_read).stdout_file(left_write);
        Ok(Self {
            handle: reaper.start().explain(what, remedy)?,
            left: Some(left_read),
            lifeline: Some(life_write),
        })
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        if let Ok(None) = self.handle.wait_timeout(patient(DEADLINE)) {
            program::note!("warning: what the run has made is not removed yet; it goes on");
            return;
        }
        let left = self.left.take().into_iter();
        for line in
            left.flat_map(|left| BufReader::new(left).lines().map_while(std::result::Result::ok))
        {
            program::note!("warning: {line}");
        }
    }
}

/// Takes away what runs have left whose owner is dead.
pub(super) fn sweep(found: &Found, folders: &Path) {
    let mut dead: BTreeSet<String> = BTreeSet::new();
    for own in found.all() {
        for labels in labelled(own.engine) {
            dead.extend(label::of_dead(&labels, own.is_elsewhere()).map(str::to_owned));
        }
    }
    for folder in fs::read_dir(folders).into_iter().flatten().flatten() {
        let owner = fs::read_to_string(folder.path().join(OWNER)).unwrap_or_default();
        let labels =
            owner.lines().filter_map(|flag| flag.strip_prefix("--label=")?.split_once('='));
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        dead.extend(label::of_dead(&labels, false).map(str::to_owned));
    }
    for run in dead {
        program::note!("run {run} has died: what it has left is removed");
        let swept = line(&run, &folders.join(&run), found).map(|reaper| {
            // Nobody's lifeline: it begins at once.
            reaper.stdin_null().stdout_capture().run()
        });
        let said = match swept {
            Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Ok(Err(why)) => why.to_string(),
            Err(report) => program::one_line(&report),
        };
        for line in said.lines() {
            program::note!("warning: {line}");
        }
    }
}

/// The labels of all that some run has made with an engine.
fn labelled(engine: Engine) -> Vec<std::collections::BTreeMap<String, String>> {
    const KINDS: [(&[&str], &[&str], &str); 3] = [
        (&["ps", "--all", "--quiet"], &["container", "inspect"], "{{json .Config.Labels}}"),
        (&["network", "ls", "--quiet"], &["network", "inspect"], "{{json .Labels}}"),
        (&["volume", "ls", "--quiet"], &["volume", "inspect"], "{{json .Labels}}"),
    ];
    let said = |argv: &[&str]| ask(argv).ok().flatten().map(|(said, _)| said).unwrap_or_default();
    let filter = format!("label={RUN}");
    let mut found = Vec::new();
    for (list, inspect, format) in KINDS {
        let listed = said(&[&[engine.program()], list, &["--filter", &filter]].concat());
        let names: Vec<&str> = listed.split_whitespace().collect();
        if !names.is_empty() {
            let inspect = [&[engine.program()], inspect, &["--format", format], &names].concat();
            found.extend(label::read(&said(&inspect)));
        }
    }
    found
}
