//! Building this workspace's programs and running them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use miette::{IntoDiagnostic, Result, miette};
use xshell::{Shell, cmd};

/// The workspace's programs, built.
pub(crate) struct Programs {
    shell: Shell,
    root: PathBuf,
}

/// The packages whose programs are run from here.
const PACKAGES: [&str; 4] = ["lab", "startup", "cpu", "report"];

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
        if !root.join("target/debug").join(PACKAGES[1]).exists() {
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
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.root.join("target"), PathBuf::from);
        target.join("debug").join(program)
    }

    /// Runs a program on this terminal, in the folder that the user is in.
    pub(crate) fn status<S: AsRef<std::ffi::OsStr>>(&self, name: &str, args: &[S]) -> Result<i32> {
        let program = self.path(name);
        let shell = &self.shell;
        let mut command = Command::from(cmd!(shell, "{program} {args...}"));
        let status = command.status().into_diagnostic()?;
        // A program that was killed has failed.
        Ok(status.code().unwrap_or(1))
    }

    /// The same; its exit code becomes ours.
    pub(crate) fn forward(&self, program: &str, args: &[String]) -> Result<ExitCode> {
        Ok(exit_code(self.status(program, args)?))
    }

    /// What a program prints.
    pub(crate) fn output(&self, name: &str, args: &[&str]) -> Result<String> {
        let program = self.path(name);
        let shell = &self.shell;
        cmd!(shell, "{program} {args...}")
            .quiet()
            .read()
            .into_diagnostic()
    }
}

pub(crate) fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
