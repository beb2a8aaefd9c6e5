//! Building this workspace's programs and running them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use miette::{IntoDiagnostic, Result, miette};
use xshell::{Shell, cmd};

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
            eprintln!("building the programs (once, a minute or two)");
        }
        cmd!(
            shell,
            "cargo build --quiet --locked --manifest-path {manifest} {packages...} --bins"
        )
        .quiet()
        .run()
        .map_err(|_| {
            miette!(
                help = "the compiler's words above say why",
                "cargo build failed"
            )
            .wrap_err("the programs can't be built")
        })?;
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
        exit_status(&mut self.command(name, args))
    }

    /// The same, what it prints going to standard error: its outcome is not what was asked for.
    pub(crate) fn status_aside<S: AsRef<OsStr>>(&self, name: &str, args: &[S]) -> Result<i32> {
        exit_status(self.command(name, args).stdout(std::io::stderr()))
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
        self.command(name, args).output().into_diagnostic()
    }

    /// What a program prints that has to succeed.
    pub(crate) fn output(&self, name: &str, args: &[&str]) -> Result<String> {
        let program = self.path(name);
        let shell = &self.shell;
        cmd!(shell, "{program} {args...}")
            .quiet()
            .read()
            .into_diagnostic()
    }
}

/// Where cargo puts the programs.
fn built(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target
        .map_or_else(|| root.join("target"), PathBuf::from)
        .join("debug")
}

pub(crate) fn exit_status(command: &mut Command) -> Result<i32> {
    let status = command.status().into_diagnostic()?;
    // A program that was killed has failed.
    Ok(status.code().unwrap_or(1))
}

pub(crate) fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
