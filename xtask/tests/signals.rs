//! What becomes of what `cargo xtask` has started when it is asked to end, or killed: with a cargo and
//! a program of the lab that are scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

const PATIENCE: Duration = Duration::from_secs(20);

/// A cargo that has started a rustc, and neither ends by itself in time.
const BUILDS: &str = "#!/bin/sh\nsleep 40 &\necho $! > rustc\necho $$ > cargo\n\
                      echo '   Compiling a v0.1.0' >&2\nwait\n";

/// A cargo that has nothing to build.
const IS_DONE: &str = "#!/bin/sh\n";

/// One that takes its time to see it.
const IS_SLOW: &str = "#!/bin/sh\nsleep 2\necho '    Finished `dev` profile' >&2\n";

/// A program that takes a moment to end its lab.
const HOLDS_A_LAB: &str = "#!/bin/sh\ntrap 'sleep 0.3; echo gone > gone; exit 1' TERM HUP\n\
                           echo $$ > lab\nfor _ in $(seq 600); do sleep 0.05; done\n";

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Starts it in `home`, with this cargo, and waits until `sign` is there.
fn start(home: &Path, cargo: &str, sign: &str) -> Child {
    script(&home.join("bin/cargo"), cargo);
    script(&home.join("debug/lab"), HOLDS_A_LAB);
    let path = std::env::var("PATH").expect("a path");
    let child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["lab", "exec", "--", "true"])
        .current_dir(home)
        .env("PATH", format!("{}:{path}", home.join("bin").display()))
        .env("CARGO_TARGET_DIR", home)
        .stdin(Stdio::null())
        .stderr(fs::File::create(home.join("said")).expect("a file"))
        .spawn()
        .expect("xtask runs");
    until(|| fs::read_to_string(home.join(sign)).is_ok_and(|text| text.ends_with('\n')));
    child
}

fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it takes too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn process(home: &Path, name: &str) -> Pid {
    let pid = fs::read_to_string(home.join(name)).expect("a process");
    Pid::from_raw(pid.trim().parse().expect("a number")).expect("one")
}

#[rstest]
fn a_build_ends_with_the_one_that_started_it(
    #[values(Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL)] signal: Signal,
) {
    let home = tempfile::tempdir().expect("a folder");
    let mut xtask = start(home.path(), BUILDS, "cargo");
    let [cargo, rustc] = ["cargo", "rustc"].map(|name| process(home.path(), name));
    kill_process(Pid::from_child(&xtask), signal).expect("sent");
    let status = xtask.wait().expect("it ends");
    assert_eq!(status.code(), (signal != Signal::KILL).then_some(1));
    until(|| [cargo, rustc].iter().all(|pid| test_kill_process(*pid).is_err()));
}

#[rstest]
fn it_ends_after_the_lab(#[values(Signal::TERM, Signal::HUP)] signal: Signal) {
    let home = tempfile::tempdir().expect("a folder");
    let mut xtask = start(home.path(), IS_DONE, "lab");
    kill_process(Pid::from_child(&xtask), signal).expect("sent");
    let status = xtask.wait().expect("it ends");
    assert!(home.path().join("gone").exists(), "the lab was not waited for");
    assert_eq!(status.code(), Some(1));
    assert!(test_kill_process(process(home.path(), "lab")).is_err());
}

#[rstest]
#[case::something_to_build(BUILDS, true)]
#[case::nothing_to_build(IS_DONE, false)]
#[case::nothing_to_build_on_a_slow_machine(IS_SLOW, false)]
fn a_build_is_announced(#[case] cargo: &str, #[case] is_announced: bool) {
    let home = tempfile::tempdir().expect("a folder");
    let said = home.path().join("said");
    let sign = if is_announced { "cargo" } else { "lab" };
    let mut xtask = start(home.path(), cargo, sign);
    let has_said = || fs::read_to_string(&said).expect("a file").contains("building");
    if is_announced {
        until(has_said);
    }
    assert_eq!(has_said(), is_announced);
    kill_process(Pid::from_child(&xtask), Signal::TERM).expect("sent");
    xtask.wait().expect("it ends");
}
