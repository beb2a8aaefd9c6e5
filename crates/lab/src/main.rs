//! `lab`: a lab by hand, and what this machine has and can.

mod images_cli;

use std::fmt::Display;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};
use lab::{Check, Engine, Found, Generation, Kind, Lab, Layer, Options};
use miette::{IntoDiagnostic, Result};
use program::{beside, columns, say, usage};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::{register, register_conditional_default};

/// Private container engines in a sandbox.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// A shell at level 0 of a fresh lab, with the current folder at its own path; or of one that runs
    Shell {
        #[command(flatten)]
        of: Which,
        /// Without the lines that say what there is; so it is where there is no terminal
        #[arg(long)]
        quiet: bool,
    },
    /// Run a command at level 0 of a fresh lab, in the current folder, or of one that runs; its exit code
    /// is returned
    ///
    /// Its streams are copied from and to your own: of a standard input that is no terminal, more may
    /// be read than the command reads (`</dev/null` keeps it for others).
    Exec {
        #[command(flatten)]
        of: Which,
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
    },
    /// List running labs and what the cache holds
    Status,
    /// Copy published images into the cache, which labs then serve under their names
    Pull(images_cli::Pull),
    /// List the images that were pulled
    Images(images_cli::Images),
    /// Empty the cache and remove what dead labs left
    Clean(images_cli::Clean),
    /// Print a new lock: what the mirror has now
    Lock {
        /// The generation of engines that it is of
        #[arg(long, value_name = "NAME", default_value_t)]
        generation: Generation,
    },
    /// Bring everything up once and print how long each step took, as JSON
    #[command(hide = true)]
    BringUp {
        #[command(flatten)]
        options: Options,
    },
    /// Run the probe on this machine, outside of any lab
    #[command(hide = true)]
    Probe {
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Print the mirror that packages are fetched from
    #[command(hide = true)]
    Mirror,
    /// What this machine can run, and the remedy for what it can't
    Doctor {
        #[command(flatten)]
        options: Options,
    },
}

/// In which lab a command is to run.
#[derive(clap::Args)]
struct Which {
    #[command(flatten)]
    options: Options,

    /// A name for the lab, by which it can be joined from another terminal
    #[arg(long, value_parser = lab::named)]
    name: Option<String>,

    /// Join a running lab of yours instead of starting one: that of this name, or the only one. It has
    /// the folder that it was started in, and ends with the command that it was started with
    #[arg(long = "in", value_name = "NAME", num_args = 0..=1)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    #[arg(conflicts_with_all = ["name", "generation", "sandbox", "images"])]
    #[expect(clippy::option_option, reason = "how clap has a flag whose value may be left out")]
    joined: Option<Option<String>>,
}

fn main() -> ExitCode {
    // Whoever started this program is gone, then so is the reason for a lab.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
    program::main(|| match Cli::parse().task {
        Task::Shell { of, quiet } => run(of, &["/bin/bash".to_owned()], !quiet && is_watched()),
        Task::Exec { of, command } => run(of, &command, false),
        Task::Status => status(),
        Task::Pull(of) => images_cli::pull(&of),
        Task::Images(of) => images_cli::images(of),
        Task::Clean(of) => images_cli::clean(&of),
        Task::Lock { generation } => told(lab::lock(generation)?),
        Task::Doctor { options } => doctor(&options),
        Task::BringUp { options } => bring_up(&options),
        Task::Probe { args } => lab::probe(&args).map(exit_code),
        Task::Mirror => told(lab::mirror()?),
    })
}

/// Prints what was asked for, which is all that was to be done.
fn told(text: impl Display) -> Result<ExitCode> {
    say(text).map(|()| ExitCode::SUCCESS)
}

/// Set by a signal that asks for the end.
static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Whether such a signal ends this program as if it knew none: so it is until something is waited
/// for in a lab, which is the first time that there is more to end.
static IS_ALONE: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Whether somebody types at a terminal and reads there.
fn is_watched() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn run(of: Which, command: &[String], greets: bool) -> Result<ExitCode> {
    let dir = std::env::current_dir().map_err(|why| {
        let remedy = "start it from a folder that is there";
        usage("the current folder can't be found", why.to_string(), remedy)
    })?;
    match of.joined {
        Some(name) => lab::join(name.as_deref())?.attach(&dir, command).map(exit_code),
        None => attach(Options { name: of.name, ..of.options }, dir, command, greets),
    }
}

/// What says, from its first call on, whether a signal asks for the end; before, such a signal is the end.
fn interruptible() -> Result<fn() -> bool> {
    let is_alone = IS_ALONE.get_or_init(|| Arc::new(AtomicBool::new(true)));
    let interrupted = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        register_conditional_default(signal, Arc::clone(is_alone)).into_diagnostic()?;
        register(signal, Arc::clone(interrupted)).into_diagnostic()?;
    }
    Ok(|| {
        let load = |flag: &Arc<AtomicBool>| flag.load(Ordering::SeqCst);
        if let Some(is_alone) = IS_ALONE.get() {
            is_alone.store(false, Ordering::SeqCst);
        }
        INTERRUPTED.get().is_some_and(load)
    })
}

fn attach(
    mut options: Options,
    dir: PathBuf,
    command: &[String],
    greets: bool,
) -> Result<ExitCode> {
    // Until the command runs, Ctrl-C is for us; then it is the command's, and ours is to tear down
    // when that has ended.
    options.cancelled = Some(interruptible()?);
    options.share = shareable(&dir)?;
    let lab = Lab::start(&options)?;
    // As on the tutorial's machine: both engines are there, and have been used.
    let engines = [[Layer::own(Engine::Docker)], [Layer::own(Engine::Podman)]];
    lab.nests(engines.iter().map(<[Layer; 1]>::as_slice))?;
    if greets {
        for (head, text) in lab.greeting() {
            program::note!("{}", beside(head, &text, columns()));
        }
    }
    let inside = if options.share.is_some() { dir } else { PathBuf::from("/root") };
    lab.attach(&inside, command).map(exit_code)
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn bring_up(options: &Options) -> Result<ExitCode> {
    let began = Instant::now();
    let lab = Lab::start(options)?;
    lab.engine(Engine::Docker)?;
    let lab_docker_ms = began.elapsed().as_millis();
    let mut peak_bytes = lab.level0().agent()?.peak_bytes()?;
    let mut nested = |engine: Engine| -> Result<u128> {
        // Level 1 with its own images, as a run has it.
        lab.nest(&[engine])?;
        let began = Instant::now();
        let nest = lab.nest(&[engine, engine])?;
        let took = began.elapsed().as_millis();
        for level in [nest.innermost(), &nest.leaf()?] {
            peak_bytes = peak_bytes.max(level.agent()?.peak_bytes()?);
        }
        Ok(took)
    };
    let (dind_ms, podman_nested_ms) = (nested(Engine::Docker)?, nested(Engine::Podman)?);
    let began = Instant::now();
    drop(lab);
    let end_ms = began.elapsed().as_millis();
    // In a lab that has had nothing else to do.
    let level_3 = |engine: Engine| -> Result<u128> {
        let began = Instant::now();
        let lab = Lab::start(options)?;
        lab.nest(&[engine; 3])?;
        Ok(began.elapsed().as_millis())
    };
    let (docker_3_ms, podman_3_ms) = (level_3(Engine::Docker)?, level_3(Engine::Podman)?);
    let times = serde_json::json!({
        "lab_docker_ms": lab_docker_ms,
        "dind_ms": dind_ms,
        "podman_nested_ms": podman_nested_ms,
        "docker_3_ms": docker_3_ms,
        "podman_3_ms": podman_3_ms,
        "end_ms": end_ms,
        "probe_bytes": lab::probe_bytes(),
        "probe_peak_bytes": peak_bytes,
    });
    told(times)
}

/// What a lab has of its own: a folder in there can't be the machine's, nor one around it.
const OWN: &[&str] = &[
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/opt/matryoshka",
    "/proc",
    "/run",
    "/sbin",
    "/srv/registry",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
];

/// The folder that is shown inside under its own path; none for the root directory.
fn shareable(dir: &Path) -> Result<Option<PathBuf>> {
    if dir == Path::new("/") {
        return Ok(None);
    }
    let refused = |why| {
        let what = format!("{} can't be shown in a lab", dir.display());
        usage(what, why, "start it from another folder")
    };
    let own = OWN.iter().map(Path::new);
    let clashes = |own: &Path| dir.starts_with(own) || own.starts_with(dir);
    if own.into_iter().any(clashes) || dir == Path::new("/tmp") {
        return Err(refused("the lab has its own there"));
    }
    if dir.to_str().is_none() {
        return Err(refused("its name is not UTF-8"));
    }
    Ok(Some(dir.to_owned()))
}

fn status() -> Result<ExitCode> {
    let status = lab::status()?;
    let mut lines = vec![format!("running labs: {}", status.running.len())];
    lines.extend(status.running.iter().map(|lab| {
        let (id, seconds, owner) = (&lab.id, lab.age.as_secs(), &lab.owner);
        let name = lab.name.as_ref().map(|name| format!("{name}  ")).unwrap_or_default();
        format!("  {id}  {seconds:>6} s  {name}process {owner}")
    }));
    let cached = status.cached();
    let total: u64 = cached.iter().map(|(_, size)| size).sum();
    let (cache, columns) = (status.cache.display(), columns());
    let total = format!("{cache}: {} MB", total / 1_000_000);
    lines.push(beside("cache ", &total, columns));
    lines.extend(cached.iter().map(|(path, size)| {
        let path = path.strip_prefix(&status.cache).unwrap_or(path);
        let size = format!("  {:>6} MB  ", size / 1_000_000);
        beside(&size, &path.display().to_string(), columns)
    }));
    told(lines.join("\n"))
}

fn doctor(options: &Options) -> Result<ExitCode> {
    program::patience()?;
    let mut able = true;
    if options.sandbox == Kind::Rootless {
        // What is missing for it is among what follows.
        let _ = lab::become_root();
    }
    for check in lab::preflight(options.sandbox, options.generation) {
        say(line(&check))?;
        able &= check.is_ready();
    }
    if !rustix::process::geteuid().is_root() {
        // Everything else is root's, of the machine or of a user's namespace.
        return Ok(ExitCode::from(program::EXIT_UNSUPPORTED));
    }
    if let Some(check) = lab::cached_engines(options.generation) {
        say(line(&check))?;
    }
    // What is there can still be refused: by the kernel, or by a container around this.
    if able {
        match lab::trial(options.sandbox) {
            Ok(()) => say("ready    a sandbox: started and ended")?,
            Err(report) => {
                able = false;
                program::complain(&report);
            }
        }
    }
    // What was not asked for does not count.
    for check in lab::alternatives(options.sandbox, options.generation) {
        say(line(&check))?;
    }
    Ok(if able { ExitCode::SUCCESS } else { ExitCode::from(program::EXIT_UNSUPPORTED) })
}

fn line(check: &Check) -> String {
    let (what, columns) = (&check.what, columns());
    match &check.found {
        Found::Ready(found) => beside("ready    ", &format!("{what}: {found}"), columns),
        Found::Missing { why, remedy } => {
            let why = beside("missing  ", &format!("{what}: {why}"), columns);
            let remedy = beside("         ", &format!("remedy: {remedy}"), columns);
            format!("{why}\n{remedy}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lab_has_of_its_own_is_not_shared() {
        for dir in
            ["/etc", "/var", "/var/lib", "/var/lib/docker/x", "/opt", "/srv", "/usr/src", "/tmp"]
        {
            assert!(shareable(Path::new(dir)).is_err(), "{dir}");
        }
        for dir in ["/root/x", "/home/me", "/tmp/x", "/opt/x", "/var/www", "/srv/www", "/work"] {
            assert_eq!(shareable(Path::new(dir)).ok().flatten(), Some(dir.into()), "{dir}");
        }
        assert_eq!(shareable(Path::new("/")).ok(), Some(None));
    }
}
