//! Whatever root inside has made, a lab's end takes it away: its own, or that of the next lab.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lab_test::ensure;
use miette::{IntoDiagnostic, Result, miette};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};

use crate::attached::compile;
use crate::program;

/// Of a lab in which a command is that holds its own end up, nothing stays when its owner ends so.
#[rstest]
#[case::stopped("echo armed; kill -STOP $$", Signal::KILL)]
#[case::stopped_and_asked_to_end("echo armed; kill -STOP $$", Signal::TERM)]
#[needs(device("/dev/fuse"))]
#[case::stuck_plain("./stuck plain", Signal::KILL)]
#[needs(device("/dev/fuse"))]
#[case::stuck_detached("./stuck detached", Signal::KILL)]
#[needs(device("/dev/fuse"))]
#[case::stuck_unattached("./stuck unattached", Signal::KILL)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn what_does_not_die(#[case] script: &str, #[case] signal: Signal) -> Result<()> {
    let (cache, mut owner, lab) = armed(script)?;
    kill_process(Pid::from_child(&owner), signal).into_diagnostic()?;
    owner.wait().into_diagnostic()?;
    is_gone(&cache, &lab)
}

/// The owner finds its monitor killed: it says so, and takes everything away.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
#[needs(device("/dev/fuse"))]
fn what_is_stuck_without_a_monitor_ends() -> Result<()> {
    let (cache, owner, lab) = armed("./stuck without_a_monitor")?;
    kill_process(monitor_of(&lab)?, Signal::KILL).into_diagnostic()?;
    let pid = Pid::from_child(&owner);
    let waits = std::thread::spawn(|| owner.wait_with_output());
    let gone = is_gone(&cache, &lab);
    if gone.is_err() {
        kill_process(pid, Signal::KILL).into_diagnostic()?;
    }
    let ended = waits.join().map(IntoDiagnostic::into_diagnostic);
    let ended = ended.map_err(|_| miette!("it can't be waited for"))??;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(said.contains("the lab has died"), "{ended:?}");
    gone
}

/// Of a lab whose owner and monitor are killed, the next one takes everything away.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
#[needs(device("/dev/fuse"))]
fn what_is_stuck_without_anybody_is_swept() -> Result<()> {
    let (cache, owner, lab) = armed("./stuck without_anybody")?;
    kill_both(owner, &lab)?;
    let next = cache.lab("user", "true")?.output().into_diagnostic()?;
    ensure!(next.status.success(), "{next:?}");
    is_gone(&cache, &lab)
}

/// A lab in which this runs, after it has said so; its owner and its name.
fn armed(script: &str) -> Result<(Cache, Child, String)> {
    let cache = Cache::new()?;
    let folder = tempfile::tempdir().into_diagnostic()?;
    compile(include_str!("stuck.c"), &folder.path().join("stuck"))?;
    let mut owner = cache
        .lab("user", &format!("hostname; {script}"))?
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .into_diagnostic()?;
    let said = owner.stdout.take().map(BufReader::new);
    let mut lines = said.into_iter().flat_map(BufRead::lines).map_while(std::result::Result::ok);
    let lab = lines.next().unwrap_or_default();
    ensure!(lines.next().as_deref() == Some("armed"), "{lab}");
    Ok((cache, owner, lab))
}

pub(crate) fn is_gone(cache: &Cache, lab: &str) -> Result<()> {
    // Before the monitor would go on without its death.
    let deadline = Instant::now() + program::patient(Duration::from_secs(30));
    while !cache.left(lab)?.is_empty() {
        ensure!(Instant::now() < deadline, "{:?}", cache.left(lab)?);
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Control groups whose path is longer than the kernel takes, and more folders in each other than a
/// process may have open files here. (Each costs a disk a moment.)
const DEEP: &str = r"
name=$(printf 'g%.0s' {1..250}) && cd /sys/fs/cgroup
for n in {1..20}; do mkdir $name && cd -P $name || exit; done 2> /dev/null
echo $BASHPID > cgroup.procs || exit
path=$(printf 'd/%.0s' {1..150}) && mkdir -m 0 /var/tmp/closed && cd /var/tmp/closed
for n in {1..2}; do mkdir -p $path && touch $name && cd -P $path || exit; done
";

/// How many files a process may have open.
const FILES: &str = "128";

/// Files that nobody may remove as they are (chattr(1)).
const LOCKED: &str = r"
mkdir -p /var/tmp/a/b && touch /var/tmp/a/b/file /var/tmp/a/grows &&
chattr +a /var/tmp/a/grows && chattr +i /var/tmp/a/b/file && chattr +i /var/tmp/a/b &&
chattr +a /var/tmp/a || exit
";

/// A cache whose labs are this test's own, with the machine's bundles and images.
pub(crate) struct Cache(pub(crate) tempfile::TempDir);

impl Cache {
    pub(crate) fn new() -> Result<Self> {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
        let own = dir.path().join("matryoshka");
        fs::create_dir(&own).into_diagnostic()?;
        let machines = lab::status()?.cache;
        for kind in ["bundles", "images", "packages"] {
            std::os::unix::fs::symlink(machines.join(kind), own.join(kind)).into_diagnostic()?;
        }
        Ok(Self(dir))
    }

    fn lab(&self, kind: &str, script: &str) -> Result<Command> {
        let program = program("exec")?;
        let limited = format!("ulimit -n {FILES} && exec \"$@\"");
        let mut command = Command::new("sh");
        command
            .args(["-c", &limited, "sh"])
            .arg(program.get_program())
            .args(program.get_args())
            .env("XDG_CACHE_HOME", self.0.path())
            .args(["--sandbox", kind, "--", "bash", "-c", script]);
        Ok(command)
    }

    /// What there is of a lab.
    pub(crate) fn left(&self, lab: &str) -> Result<Vec<PathBuf>> {
        let state = self.0.path().join("matryoshka/labs").join(lab);
        let mut left = vec![state, group(lab)?];
        left.retain(|path| path.exists());
        Ok(left)
    }
}

fn group(lab: &str) -> Result<PathBuf> {
    let tree = sandbox::cgroup_tree().ok_or_else(|| miette!("no cgroup v2 tree"))?;
    Ok(tree.join(format!("matryoshka-{lab}")))
}

/// Ends a lab in order; then kills one with its monitor, and starts the next.
#[rstest]
#[case::deep("user", DEEP)]
#[needs(lab(lab::Kind::Root))]
#[case::locked("root", LOCKED)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn what_is_hard_to_remove(#[case] kind: &str, #[case] script: &str) -> Result<()> {
    let cache = Cache::new()?;
    let ended = cache.lab(kind, &format!("{script}\nhostname"))?.output();
    let ended = ended.into_diagnostic()?;
    ensure!(ended.status.success(), "{ended:?}");
    let lab = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
    let left = cache.left(&lab)?;
    ensure!(left.is_empty(), "an end in order leaves {left:?}: {ended:?}");

    let script = format!("{script}\nhostname && sleep infinity");
    let mut owner = cache.lab(kind, &script)?;
    let mut owner = owner.stdout(Stdio::piped()).spawn().into_diagnostic()?;
    let lab = first_line(&mut owner)?;
    kill_both(owner, &lab)?;
    let left = cache.left(&lab)?;
    ensure!(left.len() == 2, "there is nothing to sweep: {left:?}");
    let next = cache.lab("user", "true")?.output().into_diagnostic()?;
    ensure!(next.status.success(), "{next:?}");
    let left = cache.left(&lab)?;
    ensure!(left.is_empty(), "the next lab leaves {left:?}: {next:?}");
    Ok(())
}

fn kill_both(mut owner: Child, lab: &str) -> Result<()> {
    let monitor = monitor_of(lab)?;
    // Stopped first, so that it can't act on the owner's death.
    kill_process(monitor, Signal::STOP).into_diagnostic()?;
    owner.kill().into_diagnostic()?;
    owner.wait().into_diagnostic()?;
    kill_process(monitor, Signal::KILL).into_diagnostic()
}

pub(crate) fn first_line(child: &mut Child) -> Result<String> {
    let out = child.stdout.take().ok_or_else(|| miette!("no output"))?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).into_diagnostic()?;
    ensure!(!line.is_empty(), "it ended: {:?}", child.wait());
    Ok(line.trim().to_owned())
}

fn monitor_of(lab: &str) -> Result<Pid> {
    process_of(lab, false)
}

/// Of the two processes that hold a lab, init or the monitor.
pub(crate) fn process_of(lab: &str, is_inside: bool) -> Result<Pid> {
    let spec = format!("{lab}/spec.json");
    let of = |pid: i32, file: &str| {
        let text = fs::read_to_string(format!("/proc/{pid}/{file}"));
        text.unwrap_or_default()
    };
    let entries = fs::read_dir("/proc").into_diagnostic()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let found = pids.find(|&pid| {
        of(pid, "cmdline").contains(&spec) && of(pid, "cgroup").contains(lab) == is_inside
    });
    let found = found.and_then(Pid::from_raw);
    found.ok_or_else(|| miette!("lab {lab} has no such process"))
}

/// One that nobody lives in and nobody holds goes, with what is below it; any other stays.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn groups_without_a_lab_go_with_the_next() -> Result<()> {
    let (dead, held, alive) = (group("m0000dead")?, group("m0000be1d")?, group("m000a11fe")?);
    let made = || -> std::io::Result<(fs::File, Child)> {
        for path in [&dead.join("lab"), &held.join("lab"), &alive.join("lab")] {
            fs::create_dir_all(path)?;
        }
        let lock = fs::File::open(&held)?;
        lock.lock()?;
        let sleeper = Command::new("sleep").arg("1000").spawn()?;
        fs::write(alive.join("lab/cgroup.procs"), sleeper.id().to_string())?;
        Ok((lock, sleeper))
    };
    let (lock, mut sleeper) = made().into_diagnostic()?;
    let cache = Cache::new()?;
    let ended = cache.lab("user", "true")?.output().into_diagnostic()?;
    let there = |path: &Path| path.exists();
    let found = (there(&dead), there(&held), there(&alive), sleeper.try_wait());
    sleeper.kill().into_diagnostic()?;
    sleeper.wait().into_diagnostic()?;
    drop(lock);
    let end = Instant::now() + program::patient(Duration::from_secs(20));
    while [&dead, &held, &alive].into_iter().any(|path| there(path)) {
        ensure!(Instant::now() < end, "{found:?}, and later the same: {ended:?}");
        cache.lab("user", "true")?.output().into_diagnostic()?;
    }
    ensure!(matches!(found, (false, true, true, Ok(None))), "{found:?}: {ended:?}");
    Ok(())
}
