//! Machines that are booted: their command's words and exit code, and what is left of them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, ExitCode, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use program::patient;

fn main() -> ExitCode {
    lab_test::run(lab_test::overlapping(), |_, _| {})
}

fn machine(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_machine"));
    command.args(args).stdin(Stdio::null());
    command
}

fn ended(args: &[&str]) -> Result<Output> {
    machine(args).output().into_diagnostic()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The emulators that a machine with this command runs on.
fn emulators(mark: &str) -> Result<String> {
    let found = Command::new("pgrep").args(["--full", "--list-full", mark]).output();
    let found = text(&found.into_diagnostic()?.stdout);
    let emulators = found.lines().filter(|line| line.contains("qemu-system"));
    Ok(emulators.collect::<Vec<_>>().join("\n"))
}

#[lab_test::test]
#[needs(patience(90))]
fn a_command_has_its_own_words_and_exit_code() -> Result<()> {
    let script = "cat /etc/debian_version; id -u; cat /sys/fs/cgroup/cgroup.controllers; \
                  ls /sys/class/net; command -v lab; echo to the other stream >&2; exit 7";
    let Output { status, stdout, stderr } = ended(&["trixie", "--", "sh", "-c", script])?;
    let (said, noted) = (text(&stdout), text(&stderr));
    ensure!(status.code() == Some(7), "{status}: {said}{noted}");
    let lines: Vec<&str> = said.lines().collect();
    ensure!(lines.first().is_some_and(|version| version.starts_with("13.")), "{said}");
    ensure!(lines.get(1) == Some(&"0"), "{said}");
    let controllers = lines.get(2).copied().unwrap_or_default();
    ensure!(["cpu", "memory", "pids"].iter().all(|name| controllers.contains(name)), "{said}");
    // No device leads out of it.
    ensure!(lines.get(3..) == Some(&["lo", "/srv/programs/lab"]), "{said}");
    ensure!(noted.ends_with("to the other stream\n"), "{noted}");
    Ok(())
}

#[lab_test::test]
fn an_emulator_dies_with_whoever_started_it() -> Result<()> {
    // A name of its own in the table of processes: that of its programs' disk.
    let mut started = machine(&["bookworm", "--", "true"]);
    let mut started = started.stderr(Stdio::piped()).spawn().into_diagnostic()?;
    let mark = format!("/proc/{}/fd/", started.id());
    let within = |patience: Duration, is_so: fn(&str) -> bool| -> Result<bool> {
        let deadline = Instant::now() + patient(patience);
        while Instant::now() < deadline {
            if is_so(&emulators(&mark)?) {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(false)
    };
    // Packages may have to be fetched, and disks made.
    let is_up = within(Duration::from_secs(300), |found| !found.is_empty())?;
    started.kill().into_diagnostic()?;
    let noted = started.wait_with_output().into_diagnostic()?;
    ensure!(is_up, "{}", text(&noted.stderr));
    ensure!(within(Duration::from_secs(10), str::is_empty)?, "{}", emulators(&mark)?);
    Ok(())
}

#[lab_test::test]
fn what_can_t_be_booted_is_said_before_anything_is_fetched() -> Result<()> {
    for (args, word) in [
        (&["nosuch", "--", "true"][..], "there are trixie"),
        (&["trixie"], "`cargo xtask machine trixie -- lab doctor`"),
        (&["--look", "trixie", "--", "true"], "cannot be used"),
    ] {
        let Output { status, stderr, .. } = ended(args)?;
        ensure!(status.code() == Some(2), "{}", text(&stderr));
        ensure!(text(&stderr).contains(word), "{}", text(&stderr));
    }
    Ok(())
}

/// A new machine belongs in the workflow and in the committed table.
#[lab_test::test]
fn every_machine_is_looked_at() -> Result<()> {
    let said = text(&ended(&[])?.stdout);
    let machines: Vec<&str> =
        said.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let workflow = include_str!("../../../../.github/workflows/machines.yml");
    let row = format!("machine: [{}]\n", machines.join(", "));
    ensure!(workflow.contains(&row), "not in the workflow: {row}");
    let table = include_str!("../../../../results/reference/machines/machines.csv");
    for machine in machines {
        let row = format!("\n{machine},");
        ensure!(table.contains(&row), "not in the table: {machine}");
    }
    Ok(())
}

#[lab_test::test]
fn what_can_t_be_taken_along_is_said_before_anything_is_made() -> Result<()> {
    let place = tempfile::tempdir().into_diagnostic()?;
    let at = |name: &str| place.path().join(name).display().to_string();
    for folder in ["one", "other"] {
        fs::create_dir(at(folder)).into_diagnostic()?;
        fs::write(at(&format!("{folder}/tool")), "").into_diagnostic()?;
    }
    fs::write(at(".run"), "").into_diagnostic()?;
    let made = Command::new("mkfifo").arg(at("pipe")).status().into_diagnostic()?;
    ensure!(made.success(), "{made}");
    for (files, word) in [
        (&["pipe"][..], "it is no file"),
        (&["one"], "it is no file"),
        (&["/dev/null"], "it is no file"),
        (&["nothing"], "No such file"),
        (&["one/tool", "other/tool"], "another one is called tool"),
        (&[".run"], "begins with a point"),
    ] {
        let mut command = machine(&[]);
        for file in files {
            // A path from the root stays what it is.
            command.arg("--with").arg(place.path().join(file));
        }
        // An empty cache, into which everything would have to be fetched.
        command.args(["trixie", "--", "true"]).env("XDG_CACHE_HOME", place.path());
        let Output { status, stderr, .. } = command.output().into_diagnostic()?;
        let said = text(&stderr);
        ensure!(status.code() == Some(2), "{files:?}: {status}: {said}");
        ensure!(said.contains("can't be taken along") && said.contains(word), "{files:?}: {said}");
        ensure!(!place.path().join("matryoshka").exists(), "{files:?}: {said}");
    }
    Ok(())
}

/// An emulator that ends with some words and a terminal's commands, or without any; and what it is told
/// of a cache in whose path a comma is. A machine's disk is made before.
#[lab_test::test]
#[needs(patience(60))]
fn an_emulator_that_can_t_start_says_why() -> Result<()> {
    let place = tempfile::tempdir().into_diagnostic()?;
    let cache = place.path().join("a,b");
    fs::create_dir(&cache).into_diagnostic()?;
    symlink(lab::status()?.cache, cache.join("matryoshka")).into_diagnostic()?;
    let path = std::env::var("PATH").into_diagnostic()?;
    for (says, word) in [
        ("printf '\\033[2Jno such accelerator\\n' >&2", r"\u{1b}[2Jno such accelerator"),
        ("", "the emulator said nothing (exit status: 1)"),
    ] {
        // By which the emulator is started, and what fetches packages where there are none yet.
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *qemu-system*) echo \"$*\" > {}; {says}\nexit 1;; esac\n\
             exec /usr/bin/setpriv \"$@\"\n",
            place.path().join("line").display(),
        );
        let file = place.path().join("setpriv");
        fs::write(&file, script).into_diagnostic()?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).into_diagnostic()?;
        let mut command = machine(&["trixie", "--", "true"]);
        command.env("XDG_CACHE_HOME", &cache);
        command.env("PATH", format!("{}:{path}", place.path().display()));
        let Output { status, stderr, .. } = command.output().into_diagnostic()?;
        let said = text(&stderr);
        ensure!(status.code() == Some(1), "{status}: {said}");
        ensure!(said.contains("did not come up") && said.contains(word), "{said}");
        ensure!(!said.contains('\u{1b}') && !said.contains("PATIENCE"), "{said}");
        let line = fs::read_to_string(place.path().join("line")).into_diagnostic()?;
        let folder = cache.display().to_string().replace(',', ",,");
        ensure!(line.matches(&format!("file={folder}/matryoshka/")).count() == 2, "{line}");
    }
    Ok(())
}
