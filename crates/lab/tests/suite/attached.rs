//! What a command of `lab exec` and `lab shell` has of the caller: copies of its streams, and a
//! terminal like the caller's, but none of them itself.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::program;

/// A lab's start and end, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A shell of the machine on a terminal of the machine.
pub(crate) struct Session {
    shell: Child,
    keyboard: File,
    screen: Arc<Mutex<String>>,
    /// Its working folder, which the lab sees too.
    folder: tempfile::TempDir,
}

impl Session {
    /// In its script `$LAB` starts a command in a lab.
    pub(crate) fn start(script: &str) -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).into_diagnostic()?;
        grantpt(&ours).and_then(|()| unlockpt(&ours)).into_diagnostic()?;
        let theirs = ioctl_tiocgptpeer(&ours, flags).into_diagnostic()?;
        let size = Winsize { ws_row: 33, ws_col: 77, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).into_diagnostic()?;
        let folder = tempfile::tempdir().into_diagnostic()?;
        let lab = program("exec")?;
        let line = std::iter::once(lab.get_program()).chain(lab.get_args());
        let line: Vec<_> = line.map(|word| word.to_string_lossy()).collect();
        let stream = || -> Result<Stdio> { Ok(theirs.try_clone().into_diagnostic()?.into()) };
        let shell = Command::new("setsid")
            .args(["--ctty", "--wait", "bash", "-c", script])
            .env("LAB", format!("{} --", line.join(" ")))
            .env("TERM", "xterm-256color")
            .current_dir(folder.path())
            .stdin(stream()?)
            .stdout(stream()?)
            .stderr(stream()?)
            .spawn()
            .into_diagnostic()?;
        let keyboard = File::from(ours);
        let mut from = keyboard.try_clone().into_diagnostic()?;
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                if let Ok(mut shown) = shown.lock() {
                    shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
                }
            }
        });
        Ok(Self { shell, keyboard, screen, folder })
    }

    pub(crate) fn screen(&self) -> String {
        self.screen.lock().map(|shown| shown.clone()).unwrap_or_default()
    }

    /// Waits until this is on the screen.
    pub(crate) fn expect(&self, words: &str) -> Result<()> {
        let deadline = Instant::now() + program::patient(PATIENCE);
        while !self.screen().contains(words) {
            ensure!(Instant::now() < deadline, "{words:?} in\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub(crate) fn enter(&mut self, keys: &str) -> Result<()> {
        self.keyboard.write_all(keys.as_bytes()).into_diagnostic()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Puts a line into each terminal that it finds, as if it was typed there.
const TYPE: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
int main(void) {
    int fds[4] = {0, 1, 2, open("/dev/tty", O_RDWR)}, refused = 0;
    for (int n = 0; n < 4; n++) {
        for (const char *c = "echo typed-by-$((40+2))\n"; *c; c++)
            refused += ioctl(fds[n], TIOCSTI, c) != 0 && errno == EPERM;
        char console[] = {3};
        refused += ioctl(fds[n], TIOCLINUX, console) != 0 && errno == EPERM;
    }
    fprintf(stderr, "refused %d\n", refused);
    return 0;
}
"#;

/// What it says where all is refused: 24 characters and a call more, four times.
const REFUSED: &str = "refused 100";

/// From level 0 and from a container that has everything of it.
#[lab_test::test]
fn nothing_is_typed_into_the_callers_terminal() -> Result<()> {
    // What was typed meanwhile is read by the shell that goes on.
    let session = Session::start(
        "read -r go; $LAB sh -c './type; docker run --rm --privileged --pid=host -v $PWD:$PWD \
         --workdir $PWD alpine ./type; docker run --rm -t --privileged --pid=host -v $PWD:$PWD \
         --workdir $PWD alpine ./type'; \
         echo all-tried; while read -rt 1 line; do eval \"$line\"; done; echo e''nd",
    );
    let mut session = session?;
    compile(TYPE, &session.folder.path().join("type"))?;
    session.enter("\n")?;
    session.expect("all-tried")?;
    session.expect("end")?;
    let screen = session.screen();
    ensure!(!screen.contains("typed-by-42"), "{screen}");
    ensure!(screen.matches(REFUSED).count() == 3, "{screen}");
    Ok(())
}

/// Builds a program that needs nothing of where it runs.
pub(crate) fn compile(source: &str, program: &Path) -> Result<()> {
    let file = program.with_extension("c");
    fs::write(&file, source).into_diagnostic()?;
    // The linker that built this test is a C compiler.
    let built = Command::new("cc")
        .arg("-static")
        .arg("-o")
        .args([program, &file])
        .status()
        .into_diagnostic()?;
    ensure!(built.success(), "cc");
    Ok(())
}

#[lab_test::test]
fn terminal_is_like_the_callers() -> Result<()> {
    let mut session = Session::start(
        "before=$(stty -g); $LAB bash -c 'tty; stty size; echo $TERM; trap \"exit 42\" INT; \
         trap \"echo now; stty size\" WINCH; echo re''ady; while :; do sleep 0.1; done'; \
         echo code=$?; [ \"$before\" = \"$(stty -g)\" ] && echo same-m''odes",
    )?;
    session.expect("ready")?;
    let screen = session.screen();
    for words in ["/dev/pts/0", "33 77", "xterm-256color"] {
        ensure!(screen.contains(words), "{words} in {screen}");
    }
    let size = Winsize { ws_row: 44, ws_col: 88, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&session.keyboard, size).into_diagnostic()?;
    session.expect("44 88")?;
    session.enter("\x03")?;
    session.expect("code=42")?;
    session.expect("same-modes")
}

#[lab_test::test]
fn command_stops_and_goes_on_as_a_job() -> Result<()> {
    let mut session = Session::start(
        "set -m; $LAB sh -c 'echo re''ady; read -r word; echo \"it read $word\"'; \
         echo code=$?; stty -a | grep -o ' icanon'; fg; echo code=$?",
    )?;
    session.expect("ready")?;
    session.enter("\x1a")?;
    // 128 and SIGTSTP.
    session.expect("code=148")?;
    session.expect(" icanon")?;
    session.enter("something\n")?;
    session.expect("it read something")?;
    session.expect("code=0")
}

/// Runs a script in a lab, apart from any terminal.
fn exec(script: &str, input: &str) -> Result<Output> {
    let mut child = program("exec")?
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .into_diagnostic()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).into_diagnostic()?;
    }
    child.wait_with_output().into_diagnostic()
}

#[lab_test::test]
fn streams_are_copied() -> Result<()> {
    // What goes on in the background ends with the lab, and keeps nobody waiting.
    let done = exec("cat; echo error >&2; sleep 300 & exit 7", "to the end")?;
    ensure!(done.status.code() == Some(7), "{done:?}");
    ensure!(done.stdout == b"to the end", "{done:?}");
    // Before it, a lab may say what it waits for.
    ensure!(done.stderr.ends_with(b"error\n"), "{done:?}");
    // Both into one file, in the order in which they were written.
    let folder = tempfile::tempdir().into_diagnostic()?;
    let path = folder.path().join("log");
    fs::write(&path, "before\n").into_diagnostic()?;
    let log = File::options().append(true).open(&path).into_diagnostic()?;
    let script = "for n in $(seq 50); do echo out $n; echo err $n >&2; done";
    let status = program("exec")?
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(log.try_clone().into_diagnostic()?)
        .stderr(log)
        .status()
        .into_diagnostic()?;
    let lines: Vec<String> = (1..=50).map(|n| format!("out {n}\nerr {n}\n")).collect();
    let text = fs::read_to_string(&path).into_diagnostic()?;
    ensure!(status.success(), "{status:?}");
    let is_whole = text.starts_with("before\n") && text.ends_with(&lines.concat());
    ensure!(is_whole, "{text}");
    Ok(())
}

/// A command that ended of this itself has a code of its own, and it is told all the same.
#[rstest]
#[case::the_commands_success("echo lost", 1)]
#[case::the_commands_code("trap '' PIPE; echo lost; exit 3", 3)]
#[lab_test::test]
fn what_can_not_be_written_is_told(#[case] script: &str, #[case] code: i32) -> Result<()> {
    let full = File::options().write(true).open("/dev/full").into_diagnostic()?;
    let done = program("exec")?
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .into_diagnostic()?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.status.code() == Some(code), "{:?} {said}", done.status);
    ensure!(said.contains("No space left"), "{said}");
    Ok(())
}

/// On a machine whose mounts are shared, as systemd has them.
#[lab_test::test]
fn what_is_mounted_below_the_folder_later_is_not_seen() -> Result<()> {
    let folder = tempfile::tempdir().into_diagnostic()?;
    let script = "mount --bind . . && mount --make-shared . && cd \"$PWD\" && mkdir later && \
        mkfifo go && (\"$0\" \"$@\" -- sh -c 'echo ready; cat go; ls later' > said & \
        until grep -q ready said; do sleep 0.1; done; mount --bind /proc later; echo > go; wait; \
        umount later; cat said)";
    let lab = program("exec")?;
    let done = Command::new("unshare")
        .args(["--mount", "--propagation=private", "sh", "-c", script])
        .arg(lab.get_program())
        .args(lab.get_args())
        .current_dir(folder.path())
        .output()
        .into_diagnostic()?;
    ensure!(done.stdout == b"ready\n\n", "{done:?}");
    Ok(())
}

/// Every descriptor of every process in a lab lies on a mount of the sandbox's, or has no name: whether its
/// owner has brought it or who has joined.
#[lab_test::test]
fn no_descriptor_of_the_caller_comes_inside() -> Result<()> {
    let folder = tempfile::tempdir().into_diagnostic()?;
    // As a shell hands down what it has open itself.
    let opened = |task: &str| -> Result<Child> {
        let root: OwnedFd = File::open("/").into_diagnostic()?.into();
        let (folder, lab) = (folder.path().display(), env!("CARGO_BIN_EXE_lab"));
        let script = format!("exec 5</ 6<>/dev/ptmx 7>>{folder}/log; exec {lab:?} exec {task}");
        let mut command = Command::new("bash");
        command.args(["-c", &script]).stdin(root).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().into_diagnostic()
    };
    let begun = |child: &mut Child| {
        let mut word = [0; 6];
        let said = child.stdout.as_mut().map(|out| out.read_exact(&mut word));
        matches!(said, Some(Ok(())))
    };
    let mut owner = opened(&format!(
        "--generation {} -- sh -c 'docker run -d alpine sleep 300 >&2 || exit; echo ready; sleep 300'",
        lab_test::generation()?,
    ))?;
    let has_begun = begun(&mut owner);
    let joins = || {
        let join = format!("--in {} -- sh -c 'echo ready; sleep 300'", lab_of(owner.id())?);
        let mut joined = opened(&join)?;
        let has_joined = begun(&mut joined);
        let seen = inside_of(owner.id());
        let _ = joined.kill();
        Ok((has_joined, joined.wait_with_output().into_diagnostic()?, seen?))
    };
    let seen: Result<_> = joins();
    let _ = owner.kill();
    let output = owner.wait_with_output().into_diagnostic()?;
    ensure!(has_begun, "{output:?}");
    let (has_joined, joined, (processes, foreign)) = seen?;
    ensure!(has_joined, "{joined:?}");
    ensure!(processes >= 8, "{processes} processes, {output:?}");
    ensure!(foreign.is_empty(), "\n{}", foreign.join("\n"));
    Ok(())
}

/// The name of the lab that this process has.
pub(crate) fn lab_of(owner: u32) -> Result<String> {
    let labs = lab::status()?.running;
    let owner = owner.to_string();
    let is_its = |lab: &&lab::Running| lab.owner.split(' ').next() == Some(&owner);
    let lab = labs.iter().find(is_its).map(|lab| lab.id.clone());
    lab.ok_or_else(|| miette::miette!("no lab of {owner}"))
}

/// How many processes the lab of this owner has, and which of their descriptors are the machine's.
fn inside_of(owner: u32) -> Result<(usize, Vec<String>)> {
    let lab = lab_of(owner)?;
    let group = format!("matryoshka-{lab}");
    let namespaces = fs::read_dir("/proc/self/ns").into_diagnostic()?.flatten();
    let ours = namespaces.flat_map(|entry| fs::read_link(entry.path()));
    let ours: Vec<String> = ours.map(|name| name.display().to_string()).collect();
    let (mut processes, mut foreign) = (0, Vec::new());
    for entry in fs::read_dir("/proc").into_diagnostic()?.flatten() {
        let process = entry.path();
        let groups = fs::read_to_string(process.join("cgroup")).unwrap_or_default();
        // Who is outside of the sandbox's PID namespace enters somebody into it.
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let is_inside = numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1);
        if !groups.contains(&group) || !is_inside {
            continue;
        }
        processes += 1;
        let mounts = fs::read_to_string(process.join("mountinfo")).unwrap_or_default();
        let mounts: Vec<&str> = mounts.lines().filter_map(|line| line.split(' ').next()).collect();
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        for fd in fs::read_dir(process.join("fd")).into_iter().flatten().flatten() {
            let target = fs::read_link(fd.path()).unwrap_or_default();
            let info = process.join("fdinfo").join(fd.file_name());
            let info = fs::read_to_string(info).unwrap_or_default();
            // Engines open and close files all the time: of one that has been closed meanwhile, or whose
            // number is another one's now, the two do not belong together.
            if !fs::read_link(fd.path()).is_ok_and(|now| now == target) {
                continue;
            }
            let target = target.to_string_lossy().into_owned();
            let line = |key| info.lines().find_map(|line| line.strip_prefix(key));
            let mount = line("mnt_id:").unwrap_or_default().trim();
            let flags = line("flags:").unwrap_or_default().trim();
            let nameless = ["pipe:", "socket:", "anon_inode:", "/memfd:"];
            let is_harmless = nameless.iter().any(|kind| target.starts_with(kind))
                // A namespace, of a container's network.
                || (target.contains(":[") && !ours.contains(&target))
                || target == "/dev/null"
                // The log of a daemon, which can only be written.
                || (target.contains(&format!("/labs/{lab}/")) && flags.ends_with('1'))
                || mounts.contains(&mount);
            if !is_harmless {
                let fd = fd.file_name();
                foreign.push(format!("{} {} -> {target} {flags}", name.trim(), fd.display()));
            }
        }
    }
    Ok((processes, foreign))
}

#[rstest]
#[case::sigterm(Signal::TERM)]
#[case::sighup(Signal::HUP)]
#[lab_test::test]
fn a_signal_waits_until_the_lab_is_gone(#[case] signal: Signal) -> Result<()> {
    let mut owner = program("exec")?
        .args(["--", "sh", "-c", "echo ready; sleep 300"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .into_diagnostic()?;
    let mut word = [0; 6];
    let said = owner.stdout.as_mut().map(|out| out.read_exact(&mut word));
    let lab = lab_of(owner.id());
    let pid = Pid::from_child(&owner);
    kill_process(pid, signal).into_diagnostic()?;
    let output = owner.wait_with_output().into_diagnostic()?;
    ensure!(matches!(said, Some(Ok(()))), "{output:?}");
    let lab = lab?;
    // Not in a moment: when the program has ended, so has all of the lab.
    let state = lab::status()?.cache.join("labs").join(lab);
    ensure!(!state.exists(), "{} is still there", state.display());
    let code = 128 + signal.as_raw();
    ensure!(output.status.code() == Some(code), "{output:?}");
    Ok(())
}
