//! What came of a run, for who started it.

use miette::Report;
use program::{failure, leave_report, note, say};
use serde_json::json;

use super::Run;
use crate::args::RunArgs;
use crate::manifest::Manifest;
use crate::sampling::{End, Tally};

impl Run {
    /// Why the samples are not all there, in the project's error shape.
    pub(super) fn early_end(&self) -> Option<Report> {
        let kept = || {
            let (samples, path) = (self.tally.samples, self.folder.path().display());
            format!("{samples} samples are kept in {path}; `cargo xtask report` reads them")
        };
        match &self.end {
            Some(End::Complete(_)) => None,
            Some(End::Interrupted) => {
                Some(failure("the run was interrupted", "a signal arrived", kept()))
            }
            Some(End::Fatal(reason)) => Some(failure("the run can't go on", reason, kept())),
            None => Some(failure(
                "nothing was measured",
                "the experiment ended before its first sample",
                "call `Run::measure` in the experiment's body",
            )),
        }
    }

    /// Says what came of the run. Where a report of it follows, that is the answer on stdout.
    pub(super) fn outcome(&self, args: &RunArgs) -> miette::Result<()> {
        let has_rows = self.tally.samples > 0 || self.tried() > 0;
        let flags: &[&str] = if args.json { &["--json"] } else { &[] };
        let is_reported = has_rows && !args.verify && leave_report(flags, self.folder.path())?;
        let outcome = self.outcome_text(args.json);
        if is_reported {
            note!("{outcome}");
            return Ok(());
        }
        say(outcome)
    }

    fn outcome_text(&self, as_json: bool) -> String {
        let Manifest { experiment, status, reason, blocks, seed, .. } = &self.manifest;
        let Tally { samples, failed, .. } = self.tally;
        let (tried, path) = (self.tried(), self.folder.path().display());
        if as_json {
            json!({
                "experiment": experiment,
                "folder": path.to_string(),
                "status": status,
                "reason": reason,
                "samples": samples,
                "failed": failed,
                "tried": tried,
                "blocks": blocks,
                "seed": seed,
            })
            .to_string()
        } else {
            let status = status.name();
            let mut told = vec![format!("{experiment}: {status}")];
            if !self.arms.is_empty() {
                told.push(format!("{samples} samples, {failed} of them failed"));
            }
            if tried > 0 {
                told.push(format!("{tried} rows of trials"));
            }
            format!("{}\n{path}", told.join(", "))
        }
    }
}
