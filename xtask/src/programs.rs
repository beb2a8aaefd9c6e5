//! Building this workspace's programs and running them.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use miette::{IntoDiagnostic, Result, miette};
use program::{REPORT_VARIABLE, failure, left_report, note};
use xshell::{Shell, cmd};

use crate::experiments::Experiments;
use crate::process;

/// How this program is called.
const SELF: &str = "cargo xtask";

/// The packages whose programs are run from here, beside the experiments.
const PACKAGES: [&str; 3] = ["lab", "machine", "report"];

/// What says in a folder whose it is: of a run, and of what leaves no run.
const NAMING: [&str; 2] = ["manifest.json", "facts.json"];

/// What is derived of it.
const FACTS: &str = "facts.json";

/// The workspace's programs, built.
pub(crate) struct Programs {
    shell: Shell,
    root: PathBuf,
    /// Their names.
    experiments: Vec<String>,
}

impl Programs {
    pub(crate) fn new(root: &Path, experiments: &Experiments) -> Result<Self> {
        let shell = Shell::new().into_diagnostic()?;
        let names = experiments.all.iter().map(|experiment| &*experiment.name);
        let packages = PACKAGES.into_iter().chain(names);
        let packages = packages.flat_map(|name| ["--package", name]);
        let manifest = root.join("Cargo.toml");
        let build =
            cmd!(shell, "cargo build --locked --manifest-path {manifest} {packages...} --bins");
        if announced(&mut build.into())? != 0 {
            return Err(failure(
                "the programs can't be built",
                "cargo build failed",
                "the compiler's words above say why",
            ));
        }
        let root = root.to_owned();
        let names = experiments.all.iter().map(|experiment| experiment.name.clone());
        Ok(Self { shell, root, experiments: names.collect() })
    }

    /// The workspace's root directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn shell(&self) -> &Shell {
        &self.shell
    }

    /// Where a program lies.
    fn path(&self, program: &str) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR");
        let target = target.map_or_else(|| self.root.join("target"), PathBuf::from);
        target.join("debug").join(program)
    }

    /// A program as the user has called it, which its usage lines say.
    fn command<S: AsRef<OsStr>>(&self, program: &str, called: &str, args: &[S]) -> Command {
        let path = self.path(program);
        let shell = &self.shell;
        let mut command = Command::from(cmd!(shell, "{path} {args...}"));
        command.arg0(called);
        command
    }

    /// Runs a program on this terminal, in the folder that the user is in.
    pub(crate) fn status<S: AsRef<OsStr>>(&self, name: &str, args: &[S]) -> Result<i32> {
        process::exit_status(&mut self.command(name, &format!("{SELF} {name}"), args))
    }

    /// The same; its exit code becomes ours.
    pub(crate) fn forward(&self, program: &str, args: &[String]) -> Result<ExitCode> {
        Ok(exit_code(self.status(program, args)?))
    }

    /// The same for a program's subcommand that is a task of ours.
    pub(crate) fn task(&self, program: &str, task: &str, args: &[String]) -> Result<ExitCode> {
        let task = std::iter::once(task);
        let args: Vec<&str> = task.chain(args.iter().map(String::as_str)).collect();
        process::exit_status(&mut self.command(program, SELF, &args)).map(exit_code)
    }

    /// Has experiments say what their runs say, then makes the report; its exit code, or that of the
    /// first that refused. What is in no experiment's folder is left to the report.
    pub(crate) fn report(&self, args: &[OsString]) -> Result<i32> {
        for (experiment, run) in args.iter().flat_map(|folder| self.runs(Path::new(folder))) {
            let code = self.derive(&experiment, &run)?;
            if code != 0 {
                return Ok(code);
            }
        }
        self.status("report", args)
    }

    /// What was measured into a folder, each with its experiment: a run, or those of a whole's parts.
    pub(crate) fn runs(&self, folder: &Path) -> Vec<(String, PathBuf)> {
        let halves = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let halves = halves.map(|entry| entry.path());
        let whole = text_of(folder, "experiment").is_some();
        let runs = if whole { vec![folder.to_owned()] } else { halves.collect() };
        let named = runs.into_iter().filter_map(|run| Some((text_of(&run, "experiment")?, run)));
        named.filter(|(name, _)| self.experiments.contains(name)).collect()
    }

    /// Has an experiment say what one of its runs says; its exit code.
    pub(crate) fn derive(&self, experiment: &str, run: &Path) -> Result<i32> {
        self.status(experiment, &[OsStr::new("derive"), run.as_os_str()])
    }

    /// Whether a run is complete, and nothing was derived of it since its experiment was built.
    pub(crate) fn is_outdated(&self, experiment: &str, run: &Path) -> bool {
        let time = |path: &Path| std::fs::metadata(path).and_then(|of| of.modified()).ok();
        let is_complete = text_of(run, "status").is_some_and(|status| status == "complete");
        is_complete && time(&run.join(FACTS)) < time(&self.path(experiment))
    }

    /// Runs an experiment for the task `called`: its exit code, and with which arguments `report`
    /// shows what it has left, if it has left something.
    pub(crate) fn experiment(
        &self,
        name: &str,
        called: &str,
        args: &[String],
    ) -> Result<(i32, Option<Vec<OsString>>)> {
        let place = tempfile::tempdir().into_diagnostic()?;
        let file = place.path().join("report");
        let mut command = self.command(name, &format!("{SELF} {called}"), args);
        let code = process::exit_status(command.env(REPORT_VARIABLE, &file))?;
        Ok((code, left_report(&file)))
    }

    /// What an experiment prints that is asked something for the task `called`, or its exit code.
    pub(crate) fn answer(
        &self,
        name: &str,
        called: &str,
        args: &[String],
    ) -> Result<std::result::Result<String, i32>> {
        let mut command = self.command(name, &format!("{SELF} {called}"), args);
        let output = process::output(command.stderr(Stdio::inherit()))?;
        if !output.status.success() {
            return Ok(Err(output.status.code().unwrap_or(1)));
        }
        String::from_utf8(output.stdout).into_diagnostic().map(Ok)
    }

    /// Runs a program apart from this terminal, whatever its exit code.
    pub(crate) fn captured<S: AsRef<OsStr>>(&self, name: &str, args: &[S]) -> Result<Output> {
        let mut command = self.command(name, &format!("{SELF} {name}"), args);
        process::output(command.stderr(Stdio::piped()))
    }

    /// What a program prints that has to succeed.
    pub(crate) fn output(&self, name: &str, args: &[&str]) -> Result<String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let answer = self.answer(name, name, &args)?;
        answer.map_err(|code| miette!("{name} {}: exit code {code}", args.join(" ")))
    }
}

/// What a run's manifest, or what is derived where there is none, has under a key.
fn text_of(run: &Path, key: &str) -> Option<String> {
    let manifest = NAMING.iter().find_map(|file| std::fs::read(run.join(file)).ok())?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    manifest[key].as_str().map(str::to_owned)
}

/// What cargo says of its own work.
const STATUS: [&str; 6] =
    ["Compiling", "Downloaded", "Downloading", "Finished", "Locking", "Updating"];

/// Builds; says so as soon as there is something to build, and what the compiler says.
fn announced(build: &mut Command) -> Result<i32> {
    let mut is_said = false;
    process::tied_and_told(build, |line| {
        let status = STATUS.into_iter().find(|word| line.trim_start().starts_with(word));
        match status {
            None => note!("{line}"),
            Some("Finished") => {}
            Some(_) if is_said => {}
            Some(_) => {
                note!("building the programs: some seconds after a change, minutes the first time");
                is_said = true;
            }
        }
    })
}

pub(crate) fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
