//! One level of a nest, as an environment in which commands run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Result;

use crate::agent::Agent;
use crate::engine::Engine;
use crate::error::{Explain, failure};
use crate::inside::{Folder, Process};
use crate::machine::Machine;
use crate::service::last_lines;
use crate::zero::{COMMAND_DEADLINE, Zero};

/// Where the probe's folder is at every level.
pub(crate) const TOOLS: &str = "/opt/matryoshka";

/// The probe's path at every level of a lab, for command lines of which it is a part
/// ([`Level::probe`] has it of the machine, too).
pub const PROBE: &str = "/opt/matryoshka/probe";

/// What Docker says now and then of a command or a container of which nothing has begun. The likely cause:
/// runc seals a copy of itself in memory, which Linux refuses (`EBUSY`) while a page of it is held
/// elsewhere, as it does now and then to any program that seals what it has just written.
pub(crate) const NOT_BEGUN: &str = "read init-p: connection reset by peer";

/// Whether this is all that a hop has said of a command that it could not begin.
pub(crate) fn says_not_begun(said: &str) -> bool {
    let said = said.trim();
    said.starts_with("OCI runtime exec failed") && said.contains(NOT_BEGUN) && !said.contains('\n')
}

/// How often a command is asked for that has not begun.
pub(crate) const STARTS: u32 = 3;

/// The way one level further in: `exec` of an engine into a container.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    pub(crate) engine: Engine,
    pub(crate) container: String,
}

/// Puts the shell into the control group of a process, whose directory in level 0's `/proc` is its
/// argument. Of a lab without groups, all are in one.
const JOIN_GROUP: &str = r#"group=$(sed -n 's/^0:://p' "$1/cgroup") &&
echo 0 > "/sys/fs/cgroup$group/cgroup.procs" || exit 125
"#;

/// Runs a command with the namespaces of such a process.
const JOIN: &str = r#"at=$1 && shift
exec nsenter --mount="$at/ns/mnt" --uts="$at/ns/uts" --ipc="$at/ns/ipc" --net="$at/ns/net"     --pid="$at/ns/pid" --cgroup="$at/ns/cgroup" -- "$@"
"#;

/// An environment: level 0 is the lab itself, or the machine; level n is inside n containers.
#[derive(Clone)]
pub struct Level<'lab> {
    zero: Zero<'lab>,
    hops: Vec<Hop>,
    /// This level's first process; `None` where the level around has no process of that number: its
    /// engine is that of another one.
    process: Option<Arc<Process>>,
    /// That process as the level around numbers it.
    number: Option<u32>,
    /// This level's root directory as a path for commands at level 0.
    seen: PathBuf,
    /// Whether the container around has all that level 0 has: only then does a command that joins
    /// it from there do what one of its own would.
    privileged: bool,
}

/// What a command said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit code; above 128 for a signal.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it succeeded.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code == 0
    }

    /// Whether a hop of Docker's could not begin it: then it says that and nothing else.
    fn has_not_begun(&self) -> bool {
        self.code == 126 && says_not_begun(&format!("{}{}", self.stdout, self.stderr))
    }

    /// Whether Docker could not begin a container that it had made.
    fn has_not_started(&self) -> bool {
        let from_daemon = self.stderr.contains("Error response from daemon");
        !self.success() && from_daemon && self.stderr.contains(NOT_BEGUN)
    }
}

impl<'lab> Level<'lab> {
    pub(crate) fn at_zero(zero: Zero<'lab>) -> Self {
        Self {
            zero,
            hops: Vec::new(),
            process: zero.first_process(),
            number: None,
            seen: "/".into(),
            privileged: true,
        }
    }

    /// One level further in: a container that this engine has started at this level, by whose order
    /// ever. Of a privileged one, what sets it up joins it from level 0.
    pub fn inside(&self, engine: Engine, container: &str, privileged: bool) -> Result<Self> {
        // The container's first process, as this level numbers it.
        let format = "{{.State.Pid}}";
        let pid = self.set_up(&[engine.program(), "inspect", "--format", format, container])?;
        let number = pid.trim().parse();
        let number: u32 = number.explain(
            format!("{container} has no first process"),
            "see whether it runs: `ps` of its engine",
        )?;
        let process = self.zero.find(self.process.as_ref(), number);
        let mut hops = self.hops.clone();
        hops.push(Hop { engine, container: container.to_owned() });
        Ok(Self {
            zero: self.zero,
            hops,
            process,
            number: Some(number),
            // Each level has its own /proc mounted.
            seen: self.seen.join(format!("proc/{number}/root")),
            // Nothing joins what is on the machine.
            privileged: privileged && self.zero.is_joined(),
        })
    }

    /// What level 0 is.
    pub(crate) fn zero(&self) -> Zero<'lab> {
        self.zero
    }

    /// The machine, if this is level 0 and that is the machine.
    pub(crate) fn machine(&self) -> Option<&'lab Machine> {
        self.zero.machine().filter(|_| self.hops.is_empty())
    }

    /// The probe's path here, for command lines of which it is a part.
    #[must_use]
    pub fn probe(&self) -> String {
        match self.machine() {
            Some(machine) => format!("{}/probe", machine.tools()),
            None => PROBE.to_owned(),
        }
    }

    /// How many containers are around this environment.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.hops.len()
    }

    /// This level's root directory, for this process: no hop is needed to see what is in there.
    pub fn root(&self) -> io::Result<Folder> {
        self.process()?.root()
    }

    /// The directory of this level's first process in the machine's own `/proc`, for this process
    /// and its children, as long as this level is there. Its `ns` has what setns(2) takes. For
    /// paths of the inside there is [`Level::root`].
    pub fn process_directory(&self) -> io::Result<PathBuf> {
        self.process().map(Process::path)
    }

    fn process(&self) -> io::Result<&Process> {
        let process = self.process.as_deref();
        process.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has no process"))
    }

    /// This level's root directory as a path for commands at level 0.
    #[must_use]
    pub fn root_in_level0(&self) -> &Path {
        &self.seen
    }

    /// The name of the container around this environment; "" at level 0.
    #[must_use]
    pub fn container(&self) -> &str {
        self.hops.last().map_or("", |hop| &hop.container)
    }

    /// The engine at level 0 by which this environment is reached; `None` at level 0.
    pub(crate) fn outermost(&self) -> Option<Engine> {
        self.hops.first().map(|hop| hop.engine)
    }

    /// The first process of the container around this environment, as the level around numbers it;
    /// `None` at level 0.
    #[must_use]
    pub const fn first_process(&self) -> Option<u32> {
        self.number
    }

    /// The command as it is typed at level 0: through one `exec` a level.
    #[must_use]
    pub fn from_outside(&self, argv: &[&str]) -> Vec<String> {
        self.hopping(argv, &[])
    }

    /// The same, its standard input handed on through all of them.
    pub(crate) fn piped(&self, argv: &[&str]) -> Vec<String> {
        self.hopping(argv, &["-i"])
    }

    fn hopping(&self, argv: &[&str], flags: &[&str]) -> Vec<String> {
        let mut line: Vec<String> = Vec::new();
        for hop in &self.hops {
            line.extend([hop.engine.program().to_owned(), "exec".to_owned()]);
            line.extend(flags.iter().map(ToString::to_string));
            line.push(hop.container.clone());
        }
        line.extend(argv.iter().map(ToString::to_string));
        line
    }

    /// Runs a command here, through all hops, and returns what it said and how it ended.
    pub fn run(&self, argv: &[&str]) -> Result<Output> {
        self.carry_out(argv, &self.from_outside(argv))
    }

    /// The command as [`Level::run`] runs it, but without any hop: joined to this level's
    /// namespaces from level 0. It takes the same time at every depth, for what is only set up. In
    /// a container without privilege it would have more power than that: there, through the hops.
    fn joined(&self, argv: &[&str]) -> Vec<String> {
        // The directory of this level's first process; level 0's root is in none.
        let Some(process) = self.seen.parent().filter(|_| self.privileged) else {
            return self.from_outside(argv);
        };
        let process = process.display().to_string();
        let join_group = if self.zero.has_cgroup() { JOIN_GROUP } else { "" };
        let script = format!("{join_group}{JOIN}");
        let join = ["/bin/sh", "-c", &script, "sh", &process];
        let line = join.iter().chain(argv);
        line.map(ToString::to_string).collect()
    }

    fn carry_out(&self, argv: &[&str], line: &[String]) -> Result<Output> {
        let what = || format!("`{}` at level {}", argv.join(" "), self.depth());
        let command = self.zero.command(line)?.stdin_null();
        self.zero.finish(&command, what, COMMAND_DEADLINE)
    }

    /// Like [`Level::run`], for a command that has to succeed: its standard output. One that an engine
    /// could not begin is asked for again; what is observed, by [`Level::run`], is not.
    pub fn output(&self, argv: &[&str]) -> Result<String> {
        let mut output = self.run(argv)?;
        for _ in 1..STARTS {
            if self.hops.is_empty() || !output.has_not_begun() {
                break;
            }
            output = self.run(argv)?;
        }
        self.succeeded(argv, output)
    }

    /// Like [`Level::output`], without a hop.
    pub(crate) fn set_up(&self, argv: &[&str]) -> Result<String> {
        self.succeeded(argv, self.run_joined(argv)?)
    }

    /// Like [`Level::run`], without a hop.
    pub(crate) fn run_joined(&self, argv: &[&str]) -> Result<Output> {
        self.carry_out(argv, &self.joined(argv))
    }

    /// Ends a container of this level's engine at once and takes it away with its volumes.
    ///
    /// # Errors
    ///
    /// The engine refused; the error has its words.
    pub fn remove(&self, engine: Engine, container: &str) -> Result<()> {
        let mut argv = vec![engine.program(), "rm", "--force", "--volumes"];
        if engine == Engine::Podman {
            // It would ask first, and wait ten seconds for an answer that `sleep` never gives.
            argv.push("--time=0");
        }
        argv.push(container);
        self.set_up(&argv).map(drop)
    }

    /// Starts a container that stays, by a line that gives it this name, without a hop. One that an
    /// engine could not begin is there, and is started again.
    pub(crate) fn start(&self, engine: Engine, container: &str, argv: &[&str]) -> Result<()> {
        let mut output = self.run_joined(argv)?;
        for _ in 1..STARTS {
            if !output.has_not_started() {
                break;
            }
            output = self.run_joined(&[engine.program(), "start", container])?;
        }
        self.succeeded(argv, output).map(drop)
    }

    pub(crate) fn succeeded(&self, argv: &[&str], output: Output) -> Result<String> {
        if output.success() {
            return Ok(output.stdout);
        }
        // Docker's `exec` complains on the standard output.
        let said =
            [&output.stderr, &output.stdout].into_iter().find(|said| !said.trim().is_empty());
        let why =
            said.map_or_else(|| format!("exit code {}", output.code), |said| last_lines(said));
        Err(failure(
            format!("`{}` failed at level {}", argv.join(" "), self.depth()),
            why,
            "the engine's own words above say why",
        ))
    }

    /// Starts the probe beside this level's engine without any hop, so that it is there at once at
    /// every depth. It has the namespaces and the control group of the level's first process, but
    /// not the limits that the engine gives a container: for the privileged ones that carry engines.
    pub fn agent_beside(&self) -> Result<Agent> {
        if !self.privileged {
            return self.agent();
        }
        let line = self.joined(&[&self.probe(), "agent"]);
        Agent::start(self.zero.agent(&line)?, self.depth())
    }

    /// What the processes of this level and of all levels within it have in memory, in bytes: the
    /// sum of their resident sets (`proc_pid_statm(5)`), so that shared pages count more than once.
    pub fn resident_bytes(&self) -> Result<u64> {
        // A process may end between two looks.
        let statm = self.set_up(&["sh", "-c", "cat /proc/[0-9]*/statm 2>/dev/null; true"])?;
        let pages = statm.lines().filter_map(|line| {
            let resident = line.split(' ').nth(1)?;
            resident.parse::<u64>().ok()
        });
        Ok(pages.sum::<u64>() * rustix::param::page_size() as u64)
    }

    /// Starts the probe here: what it times holds no hop.
    pub fn agent(&self) -> Result<Agent> {
        let line = self.piped(&[&self.probe(), "agent"]);
        Agent::start(self.zero.agent(&line)?, self.depth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_words_itself_has_begun() {
        let refused = format!("OCI runtime exec failed: exec failed: {NOT_BEGUN}: unknown\n");
        let output =
            |code, stdout: &str| Output { code, stdout: stdout.to_owned(), stderr: String::new() };
        assert!(output(126, &refused).has_not_begun());
        assert!(!output(3, &refused).has_not_begun());
        assert!(!output(126, &format!("begun\n{refused}")).has_not_begun());
        assert!(!output(126, NOT_BEGUN).has_not_begun());
    }
}
