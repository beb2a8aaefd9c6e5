//! A run's first files: what it is to be, in its manifest.

use std::path::{Path, PathBuf};
use std::time::Instant;

use program::{failure, usage};
use rand::TryRng;
use rand::rngs::SysRng;

use super::Run;
use crate::args::RunArgs;
use crate::arm::{Arm, Contrast, Experiment, Part, Series};
use crate::folder::Folder;
use crate::manifest::{METHOD_VERSION, Manifest, SCHEMA_VERSION, Status, Tool, utc_now};
use crate::plan::Blocks;
use crate::samples::Rows;
use crate::sampling::Tally;
use crate::stats::MARGIN;
use crate::telemetry::{BLOCKS_FILE, COLUMNS, load1};

impl RunArgs {
    /// Refuses what these arms can't answer.
    pub(super) fn check(
        &self,
        experiment: &Experiment,
        arms: &[&'static Arm],
    ) -> miette::Result<()> {
        let in_run = |name: &str| arms.iter().any(|arm| arm.name == name);
        let is_whole = |of: &Contrast| in_run(of.numerator) && in_run(of.denominator);
        if self.precision.is_some() && !experiment.contrasts.iter().any(is_whole) {
            return Err(usage(
                "`--precision` has nothing to look at",
                "no ratio of this experiment has both of its arms in this run",
                "omit `--arms`, or name both arms of a ratio",
            ));
        }
        if self.primary_blocks.is_some_and(|blocks| blocks > 0)
            && !experiment.contrasts.iter().any(|of| of.primary && is_whole(of))
        {
            return Err(usage(
                "`--primary-blocks` has nothing to take",
                "no primary ratio of this experiment has both of its arms in this run",
                "omit `--arms`, name both arms of a primary ratio, or say `--blocks` instead",
            ));
        }
        if self.company && arms.len() < 2 {
            return Err(usage(
                "`--company` has nothing to look at",
                "an arm has no company where the run has no other",
                "name two arms or more, or an experiment that samples",
            ));
        }
        Ok(())
    }
}

impl Run {
    pub(super) fn begin(
        args: &RunArgs,
        experiment: &Experiment,
        arms: Vec<&'static Arm>,
    ) -> miette::Result<Self> {
        let path = match &args.out {
            Some(path) => path.clone(),
            None => fresh_path(experiment.name)?,
        };
        let in_run = |name: &str| arms.iter().any(|arm| arm.name == name);
        let mut contrasts: Vec<_> = experiment
            .contrasts
            .iter()
            .filter(|contrast| in_run(contrast.numerator) && in_run(contrast.denominator))
            .map(Contrast::to_record)
            .collect();
        let whole = |of: &str| {
            let mut parts = experiment.parts.iter().filter(|part| part.of == of);
            parts.all(|part| part.plus.iter().chain(part.minus).all(|name| in_run(name)))
        };
        let parts = experiment.parts.iter().filter(|part| whole(part.of));
        let mut parts: Vec<_> = parts.map(Part::to_record).collect();
        let climbed = |series: &&Series| series.arms.iter().all(|name| in_run(name));
        let mut series: Vec<_> =
            experiment.series.iter().filter(climbed).map(Series::to_record).collect();
        let mut blocks = args.blocks(experiment.blocks);
        if contrasts.iter().all(|contrast| !contrast.primary) {
            (blocks.full, blocks.primary) = (blocks.full + blocks.primary, 0);
        }
        if arms.is_empty() {
            // There is nothing to repeat.
            blocks = Blocks { warmup: 0, full: 0, primary: 0 };
        }
        let mut records: Vec<Arm<String>> = arms.iter().map(|arm| arm.to_record()).collect();
        if args.company {
            // What an arm is held against is itself.
            contrasts = arms.iter().map(|arm| Contrast::alone(arm.name)).collect();
            (parts, series) = (Vec::new(), Vec::new());
            records.extend(arms.iter().map(|arm| arm.to_record().alone()));
        }
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            method_version: METHOD_VERSION,
            experiment: experiment.name.to_owned(),
            status: Status::Running,
            reason: None,
            tool: Tool::read(),
            args: command_line(
                experiment.name,
                std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()),
            ),
            // 32 random bits: short to type again, and exact in every JSON reader.
            seed: args.seed.map_or_else(|| random().map(u64::from), Ok)?,
            blocks: blocks.full,
            primary_blocks: blocks.primary,
            warmup_blocks: blocks.warmup,
            company: args.company,
            planned_sessions: args.sessions(),
            stopping: args.stopping(),
            margin_pct: MARGIN * 100.0,
            settled_ms: experiment.settled_ms,
            arms: records,
            contrasts,
            parts,
            series,
            sessions: Vec::new(),
            rows: None,
            inside_share: None,
            started: utc_now(),
            load1: load1(Path::new("/")),
            ended: None,
        };
        let folder = Folder::create(&path)?;
        folder.write_manifest(&manifest)?;
        let samples = Rows::samples(folder.path())?;
        let blocks = Rows::create(folder.path(), BLOCKS_FILE, &COLUMNS)?;
        Ok(Self {
            folder,
            manifest,
            all: arms.clone(),
            arms,
            labs: Vec::new(),
            session: 0,
            described: false,
            samples,
            blocks,
            trials: None,
            began: Instant::now(),
            tally: Tally::default(),
            end: None,
        })
    }
}

/// As it was typed, but for where the run's folder lies, which is the machine's business, and for
/// the program's own name: the task runner starts it by another one.
fn command_line(experiment: &str, args: impl Iterator<Item = String>) -> Vec<String> {
    let name = |path: &str| {
        let name = Path::new(path).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let mut line = vec![experiment.to_owned()];
    for arg in args.skip(1) {
        let after_out = line.last().is_some_and(|last| ["--out", "--resume"].contains(&&**last));
        line.push(match arg.strip_prefix("--out=") {
            Some(folder) => format!("--out={}", name(folder)),
            None if after_out => name(&arg),
            None => arg,
        });
    }
    line
}

fn fresh_path(experiment: &str) -> miette::Result<PathBuf> {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let id = random()? >> 8;
    Ok(Path::new("results").join(experiment).join(format!("{stamp}-{id:06x}")))
}

fn random() -> miette::Result<u32> {
    SysRng.try_next_u32().map_err(|error| {
        failure(
            "no seed could be drawn",
            error.to_string(),
            "name one with `--seed N`, and a folder with `--out DIR`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_kept_without_places_of_the_machine() {
        let kept =
            |args: &[&str]| command_line("some", args.iter().map(ToString::to_string)).join(" ");
        for (typed, recorded) in [
            (&["/x/some", "--out", "/y/run", "--quick"][..], "some --out run --quick"),
            (&["cargo xtask some", "--quick"], "some --quick"),
            (&["some", "--out=results/some/1"], "some --out=1"),
            (&["some", "--arms", "a,b"], "some --arms a,b"),
        ] {
            assert_eq!(kept(typed), recorded);
        }
    }
}
