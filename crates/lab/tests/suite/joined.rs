//! Another command in a lab that runs: `lab exec --in NAME`, `lab shell --in NAME`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rustix::process::{Signal, kill_process};

use crate::attached::Session;
use crate::leftovers::{Cache, first_line, is_gone, process_of};
use crate::{lab, program};

/// The only lab of a cache, with a name, and its first command. It ends with this.
pub(crate) struct Owner {
    pub(crate) cache: Cache,
    folder: tempfile::TempDir,
    process: Child,
    id: String,
}

const NAME: &str = "dev";

impl Owner {
    /// Of a first command that has done this, and waits.
    pub(crate) fn start(script: &str) -> Result<Self> {
        let (cache, folder) = (Cache::new()?, tempfile::tempdir().into_diagnostic()?);
        let script = format!("{script} && hostname && sleep 1000");
        let mut process = program("exec")?
            .args(["--name", NAME, "--", "sh", "-c", &script])
            .env("XDG_CACHE_HOME", cache.0.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .into_diagnostic()?;
        let id = first_line(&mut process)?;
        Ok(Self { cache, folder, process, id })
    }

    /// The program with this task, from a folder that the lab does not see.
    fn lab(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command.args(line).env("XDG_CACHE_HOME", self.cache.0.path());
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    fn join(&self, which: &[&str], command: &[&str]) -> Command {
        self.lab(&[&["exec", "--in"], which, &["--"], command].concat())
    }

    fn kill(&mut self) -> Result<()> {
        self.process.kill().into_diagnostic()?;
        self.process.wait().map(drop).into_diagnostic()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.kill();
        let _ = is_gone(&self.cache, &self.id);
    }
}

fn outcome(command: &mut Command) -> Result<(Option<i32>, String, String)> {
    let Output { status, stdout, stderr } = command.output().into_diagnostic()?;
    let [out, err] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok((status.code(), out, err))
}

/// The tutorial's step: what the first terminal has started by a mounted socket is seen in the second.
const FROM_INSIDE: &str = "docker run --rm -v /var/run/docker.sock:/var/run/docker.sock docker:cli \
    docker run -d --name creado-desde-dentro alpine sleep 1000 >&2";

#[lab_test::test]
fn a_second_terminal_is_in_the_same_lab() -> Result<()> {
    let owner = Owner::start(FROM_INSIDE)?;
    let (code, out, err) =
        outcome(&mut owner.join(&[NAME], &["docker", "ps", "--format", "{{.Names}}"]))?;
    ensure!(code == Some(0) && out.contains("creado-desde-dentro"), "{out}{err}");
    // The only one, in its folder, with the caller's streams and the command's code.
    let folder = owner.folder.path();
    let (code, out, err) =
        outcome(&mut owner.join(&[], &["sh", "-c", "pwd; echo it >&2; exit 7"]))?;
    let is_there = Path::new(out.trim()) == folder;
    ensure!(code == Some(7) && is_there && err == "it\n", "{code:?} {out}{err}");
    // By the name that it has in any case, from a folder below.
    fs::create_dir(folder.join("below")).into_diagnostic()?;
    let mut below = owner.join(&[&owner.id], &["touch", "made"]);
    let (code, _, err) = outcome(below.current_dir(folder.join("below")))?;
    ensure!(code == Some(0) && folder.join("below/made").exists(), "{err}");

    let (_, status, _) = outcome(&mut owner.lab(&["status"]))?;
    ensure!(status.contains(&format!("s  {NAME}  process")), "{status}");
    let (code, _, err) = outcome(&mut owner.join(&["nosuch"], &["true"]))?;
    let says = err.contains("no lab nosuch") && err.contains(&format!("running: {NAME}\n"));
    ensure!(code == Some(1) && says, "{code:?} {err}");
    let again = ["exec", "--name", NAME, "--", "true"];
    let (code, _, err) = outcome(&mut owner.lab(&again))?;
    let says = err.contains("the name dev is taken") && err.contains(&owner.id);
    ensure!(code == Some(1) && says, "{code:?} {err}");

    // Who joined ends alone, with the command.
    let marked = ["sh", "-c", "echo begun; exec sleep 1003"];
    let joined = owner.join(&[NAME], &marked).stdout(Stdio::piped()).spawn();
    let mut joined = joined.into_diagnostic()?;
    first_line(&mut joined)?;
    joined.kill().into_diagnostic()?;
    joined.wait().into_diagnostic()?;
    let looks = ["pgrep", "-fx", "sleep 1003"];
    let deadline = Instant::now() + program::patient(Duration::from_secs(10));
    while outcome(&mut owner.join(&[NAME], &looks))?.0 != Some(1) {
        ensure!(Instant::now() < deadline, "the command of a joiner that was killed goes on");
    }
    Ok(())
}

#[lab_test::test]
fn who_joined_is_told_of_the_end() -> Result<()> {
    let mut owner = Owner::start("true")?;
    let said = format!("the lab {NAME} has ended");
    let piped = owner
        .join(&[NAME], &["sh", "-c", "echo begun; sleep 1000; echo more"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut piped = piped.into_diagnostic()?;
    first_line(&mut piped)?;
    let (lab, cache) = (env!("CARGO_BIN_EXE_lab"), owner.cache.0.path().display());
    let mut session = Session::start(&format!(
        "before=$(stty -g); XDG_CACHE_HOME={cache} {lab} shell --in {NAME}; echo code=$?; \
         [ \"$before\" = \"$(stty -g)\" ] && echo same-m''odes"
    ))?;
    session.enter("tty; stty size; echo $TERM; echo re''ady\n")?;
    session.expect("ready")?;
    let screen = session.screen();
    for words in ["/dev/pts/", "33 77", "xterm-256color"] {
        ensure!(screen.contains(words), "{words} in {screen}");
    }
    owner.kill()?;
    session.expect(&said)?;
    session.expect("code=1")?;
    session.expect("same-modes")?;
    let ended = piped.wait_with_output().into_diagnostic()?;
    ensure!(ended.status.code() == Some(1), "{ended:?}");
    let err = String::from_utf8_lossy(&ended.stderr);
    ensure!(err.trim() == said, "{err}");
    is_gone(&owner.cache, &owner.id)
}

#[lab_test::test]
fn a_lab_that_ends_is_not_joined() -> Result<()> {
    let owner = Owner::start("true")?;
    // As long as that is stopped, nobody waits for init.
    let (monitor, init) = (process_of(&owner.id, false)?, process_of(&owner.id, true)?);
    kill_process(monitor, Signal::STOP).into_diagnostic()?;
    kill_process(init, Signal::KILL).into_diagnostic()?;
    let root = format!("/proc/{}/root", init.as_raw_nonzero());
    let deadline = Instant::now() + program::patient(Duration::from_secs(10));
    while fs::read_link(&root).is_ok() {
        ensure!(Instant::now() < deadline, "init does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    let joined = outcome(&mut owner.join(&[NAME], &["true"]));
    kill_process(monitor, Signal::CONT).into_diagnostic()?;
    let (code, _, err) = joined?;
    ensure!(code == Some(1) && err.contains("it is just ending"), "{code:?} {err}");
    Ok(())
}

/// One that measures, or whose engines are not there yet.
#[lab_test::test]
fn a_lab_without_a_command_is_not_joined() -> Result<()> {
    let lab = lab()?;
    let join = ["exec", "--in", lab.id(), "--", "true"];
    let (code, _, err) = outcome(Command::new(env!("CARGO_BIN_EXE_lab")).args(join))?;
    ensure!(code == Some(1) && err.contains("it is not ready yet"), "{code:?} {err}");
    Ok(())
}

/// Root's lab, in a cache that everybody sees.
pub(crate) fn of_root() -> Result<Owner> {
    let owner = Owner::start("true")?;
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(owner.cache.0.path(), everybody).into_diagnostic()?;
    Ok(owner)
}
