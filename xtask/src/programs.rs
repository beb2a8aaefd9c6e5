//! Building this workspace's programs and running them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use miette::{IntoDiagnostic, Result, miette};
use program::{failure, note};
use xshell::{Shell, cmd};

use crate::process;

/// The workspace's programs, built.
pub(crate) struct Programs {
    shell: Shell,
    root: PathBuf,
}

/// The packages whose programs are run from here.
const PACKAGES: [&str; 11] = [
    "lab",
    "startup",
    "cpu",
    "syscalls",
    "userns",
    "triple",
    "storage-driver",
    "cache-sharing",
    "sidecar",
    "coverage",
    "report",
];

impl Programs {
    pub(crate) fn new() -> Result<Self> {
        let shell = Shell::new().into_diagnostic()?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let root = root
            .ok_or_else(|| miette!("the workspace has no root"))?
            .to_owned();
        let packages = PACKAGES.iter().flat_map(|name| ["--package", name]);
        let manifest = root.join("Cargo.toml");
        // Quiet, so that what a program prints can be piped; a first build takes a minute, so say
        // that it goes on.
        if !built(&root).join(PACKAGES[1]).exists() {
            note!("building the programs (once, a minute or two)");
        }
        let build = cmd!(
            shell,
            "cargo build --quiet --locked --manifest-path {manifest} {packages...} --bins"
        );
        if process::tied(&mut build.into())? != 0 {
            return Err(failure(
                "the programs can't be built",
                "cargo build failed",
                "the compiler's words above say why",
            ));
        }
        Ok(Self { shell, root })
    }

    /// The workspace's root directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn shell(&self) -> &Shell {
        &self.shell
    }

    fn path(&self, program: &str) -> PathBuf {
        built(&self.root).join(program)
    }

    /// Runs a program on this terminal, in the folder that the user is in.
    pub(crate) fn status<S: AsRef<OsStr>>(&self, name: &str, args: &[S]) -> Result<i32> {
        process::exit_status(&mut self.command(name, args))
    }

    /// The same, what it prints going to standard error: its outcome is not what was asked for.
    pub(crate) fn status_aside<S: AsRef<OsStr>>(&self, name: &str, args: &[S]) -> Result<i32> {
        process::exit_status(self.command(name, args).stdout(std::io::stderr()))
    }

    fn command<S: AsRef<OsStr>>(&self, name: &str, args: &[S]) -> Command {
        let program = self.path(name);
        let shell = &self.shell;
        Command::from(cmd!(shell, "{program} {args...}"))
    }

    /// The same; its exit code becomes ours.
    pub(crate) fn forward(&self, program: &str, args: &[String]) -> Result<ExitCode> {
        Ok(exit_code(self.status(program, args)?))
    }

    /// Runs a program apart from this terminal, whatever its exit code.
    pub(crate) fn captured<S: AsRef<OsStr>>(&self, name: &str, args: &[S]) -> Result<Output> {
        process::output(&mut self.command(name, args))
    }

    /// What a program prints that has to succeed.
    pub(crate) fn output(&self, name: &str, args: &[&str]) -> Result<String> {
        let output = process::output(self.command(name, args).stderr(Stdio::inherit()))?;
        if !output.status.success() {
            return Err(miette!("{name} {}: {}", args.join(" "), output.status));
        }
        String::from_utf8(output.stdout).into_diagnostic()
    }
}

/// Where cargo puts the programs.
fn built(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target
        .map_or_else(|| root.join("target"), PathBuf::from)
        .join("debug")
}

pub(crate) fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
