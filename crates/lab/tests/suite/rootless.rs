//! Labs of an ordinary user, who is none of the machine's: known only in a copy of its `/etc`, which
//! only the user's processes see, with a control group as systemd grants it or without one.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use lab_test::{Kept, ensure};
use miette::{IntoDiagnostic, Result};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};

use crate::attached::compile;
use crate::joined;
use crate::leftovers::first_line;

/// The user's id; no file or process of a machine has it, nor those of the range.
const USER: u32 = 0x7760_0001;
const RANGE: &str = "me:2003000000:65536\n";

/// Runs a command as the user, after a script of root's that sees what the user does. As udev leaves it,
/// everybody may open `/dev/fuse`.
const AS_USER: &str = r#"folder=$1 group=$2 before=$3 path=/mnt/bin:/usr/bin:/bin && shift 3
mount --bind "$folder/etc" /etc && mount --bind "$folder" /mnt
mount -t tmpfs none /media && mknod /media/fuse c 10 229 && chmod 666 /media/fuse
mount --bind /media/fuse /dev/fuse
if [ -d "$group/owners" ]; then group=$group/owners; fi
echo $$ > "$group/cgroup.procs" && cd /mnt/work
say_instead() { mount -t tmpfs none /srv && echo "$2" > /srv/it && mount --bind /srv/it "$1"; }
eval "$before"
exec setpriv --reuid "$(id -u me)" --regid "$(id -u me)" --clear-groups \
    env -i HOME=/mnt TOKEN=secret "PATH=$path" MATRYOSHKA_REQUIRE_LAB=1 "$@"
"#;

/// The user's account with the chosen generation's engines in the cache, made once.
fn account() -> Result<&'static Path> {
    static MADE: Kept<PathBuf> = Kept::new();
    MADE.get(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rootless");
        made(&folder).map(|()| folder)
    })
    .map(PathBuf::as_path)
}

fn sh(script: &str, arguments: &[&Path]) -> Result<()> {
    let said = Command::new("sh").args(["-ec", script, "sh"]).args(arguments).output();
    let said = said.into_diagnostic()?;
    ensure!(said.status.success(), "{said:?}");
    Ok(())
}

fn made(folder: &Path) -> Result<()> {
    let bundle = lab::Bundle::get(lab_test::generation()?)?;
    for dir in ["bin", "work", ".cache/matryoshka/bundles"] {
        fs::create_dir_all(folder.join(dir)).into_diagnostic()?;
    }
    let script = r#"rm -rf "$1/etc" && cp -a /etc "$1/etc" && cd "$1/bin"
echo "me:x:$4:$4:me:/mnt:/bin/sh" >> ../etc/passwd
cp "$2" lab && cp "$3" suite
if ! [ -u newuidmap ]; then
    if [ -u /usr/bin/newuidmap ]; then
        cp -p /usr/bin/newuidmap /usr/bin/newgidmap .
    else
        apt-get -qq download uidmap && dpkg-deb -x uidmap_*.deb x && mv x/usr/bin/new?idmap . && rm -r x uidmap_*
        chmod u+s new?idmap
    fi
fi"#;
    let user = USER.to_string();
    let suite = std::env::current_exe().into_diagnostic()?;
    sh(script, &[folder, Path::new(env!("CARGO_BIN_EXE_lab")), &suite, Path::new(&user)])?;
    for file in ["subuid", "subgid"] {
        fs::write(folder.join("etc").join(file), RANGE).into_diagnostic()?;
    }
    for dir in ["", "work", ".cache", ".cache/matryoshka", ".cache/matryoshka/bundles"] {
        chown(folder.join(dir), Some(USER), Some(USER)).into_diagnostic()?;
    }
    // As the user, whose files they are to be: they are held against what was made.
    let name = bundle.path.file_name().unwrap_or_default();
    if !folder.join(".cache/matryoshka/bundles").join(name).exists() {
        let script = r#"cd "$1" && tar -c "$2" | setpriv --reuid "$4" --regid "$4" --clear-groups \
            tar -xp -C "$3""#;
        let (from, to) = (bundle.path.parent(), folder.join(".cache/matryoshka/bundles"));
        let from = from.unwrap_or(Path::new("/"));
        sh(script, &[from, Path::new(name), &to, Path::new(&user)])?;
    }
    Ok(())
}

/// What this program is called with to own a user's group until it is killed.
pub(crate) const OWNER: &str = "own-a-group";

#[expect(clippy::disallowed_macros, reason = "to the test, which reads one line")]
pub(crate) fn own_a_group() -> ExitCode {
    let group = lab::UserGroup::new(USER);
    match &group {
        Ok(group) => println!("{}", group.path().display()),
        Err(why) => println!("{why}"),
    }
    // Until whoever started it is gone, if it is not killed before.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    ExitCode::FAILURE
}

/// Nothing of root's could remove it any more but the next lab.
#[rstest]
#[case::killed(Signal::KILL)]
#[case::told_to_end(Signal::TERM)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_users_group_goes_with_its_owner(#[case] signal: Signal) -> Result<()> {
    let own = std::env::current_exe().into_diagnostic()?;
    let mut owner = Command::new(own);
    owner.arg(OWNER).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut owner = owner.spawn().into_diagnostic()?;
    let group = first_line(&mut owner)?;
    let group = Path::new(group.trim());
    ensure!(group.is_dir(), "{group:?}");
    kill_process(Pid::from_child(&owner), signal).into_diagnostic()?;
    owner.wait().into_diagnostic()?;
    let deadline = Instant::now() + program::patient(Duration::from_secs(10));
    while group.exists() {
        ensure!(Instant::now() < deadline, "{group:?} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The control group that the user's processes are in.
struct Session(lab::UserGroup);

impl Session {
    /// The user's own.
    fn new() -> Result<Self> {
        Self::of_kind(true)
    }

    /// The user's own, or one that the user may not divide.
    fn of_kind(has_own: bool) -> Result<Self> {
        lab::UserGroup::new(if has_own { USER } else { 0 }).map(Self).into_diagnostic()
    }

    /// A command of the user's.
    fn command(&self, argv: &[&str]) -> Result<Command> {
        self.command_after("", argv)
    }

    /// The same, after a script of root's.
    fn command_after(&self, before: &str, argv: &[&str]) -> Result<Command> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-ec", AS_USER, "sh"]);
        command.arg(account()?).arg(self.0.path()).arg(before).args(argv).stdin(Stdio::null());
        Ok(command)
    }

    /// The program `lab` as the user has it, for the chosen generation.
    fn lab(&self, argv: &[&str]) -> Result<Output> {
        let generation = lab_test::generation()?.to_string();
        let task = ["lab", "exec", "--generation", &generation, "--"];
        self.command(&[&task[..], argv].concat())?.output().into_diagnostic()
    }

    /// Control groups of labs in it, and that lab's files in the cache.
    fn left(&self, lab: &str) -> Result<Vec<PathBuf>> {
        let groups =
            fs::read_dir(self.0.path()).into_diagnostic()?.flatten().map(|entry| entry.path());
        let files = account()?.join(".cache/matryoshka/labs").join(lab);
        Ok(groups.chain([files]).filter(|path| path.is_dir()).collect())
    }

    /// Waits until nothing is left of that lab, nor any process in this.
    fn is_left_empty(&self, lab: &str) -> Result<()> {
        let deadline = Instant::now() + program::patient(Duration::from_secs(30));
        // As long as one of the user's processes lives, its group does not go.
        while let Err(why) = fs::remove_dir(self.0.path()) {
            ensure!(Instant::now() < deadline, "{why}: {:?}", self.left(lab)?);
            std::thread::sleep(Duration::from_millis(20));
        }
        let files = account()?.join(".cache/matryoshka/labs").join(lab);
        let mounts = fs::read_to_string("/proc/self/mountinfo").into_diagnostic()?;
        ensure!(!files.exists() && !mounts.contains(lab), "{lab}: {mounts}");
        Ok(())
    }
}

/// Each of the tutorial's ways, by one `lab exec`.
const WAYS: &str = r"set -e
hostname
docker info --format 'groups by {{.CgroupDriver}}'
docker run --rm alpine echo docker
podman run --rm alpine echo podman
docker run -d --name outer --privileged docker:dind > /dev/null
for n in $(seq 60); do docker exec outer docker version > /dev/null 2>&1 && break; sleep 1; done
docker exec outer docker run --rm alpine echo dind
docker run --rm -v /var/run/docker.sock:/var/run/docker.sock docker:cli docker run --rm alpine echo dood
podman run --rm --privileged quay.io/podman/stable podman run --rm alpine echo nested
sed 's/  */ /g' /proc/self/uid_map; touch made; ls -A
tr '\0' '\n' < /proc/1/environ
tr '\0' '\n' < /proc/1/cmdline
cat /mnt/secret /root/.cache/matryoshka/.users /etc/shadow || true
ls /proc/*/cmdline | wc -l
";

#[rstest]
#[case::with_a_group(true, "groups by cgroupfs")]
#[needs(lab(lab::Kind::User))]
#[needs(no_cgroups())]
#[case::without(false, "groups by none")]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn every_way_works_and_no_file_of_the_user_is_seen(
    #[case] has_own_group: bool,
    #[case] groups: &str,
) -> Result<()> {
    let session = Session::of_kind(has_own_group)?;
    let secret = account()?.join("secret");
    fs::write(&secret, "the user's secret\n").into_diagnostic()?;
    chown(&secret, Some(USER), Some(USER)).into_diagnostic()?;
    let said = session.lab(&["sh", "-c", WAYS])?;
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    ensure!(said.status.success(), "{out}{err}");
    // That labs have no groups is said once, with what gives some.
    let notes = err.lines().filter(|line| line.contains("loginctl enable-linger"));
    ensure!(notes.count() == usize::from(!has_own_group), "{err}");
    for word in [groups, "docker", "podman", "dind", "dood", "nested", "made", "hold"] {
        ensure!(out.lines().any(|line| line == word), "no {word}: {out}{err}");
    }
    ensure!(!out.contains("secret"), "{out}");
    // The user's home, in which the lab's files are.
    ensure!(!out.contains("/mnt"), "{out}");
    // Root's inside, the user's outside.
    let owner = fs::metadata(account()?.join("work/made")).into_diagnostic()?;
    ensure!(owner.uid() == USER, "{owner:?}");
    let left = session.left(out.lines().next().unwrap_or_default())?;
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

/// The attempts of a privileged container, in the user's labs.
#[rstest]
#[needs(lab(lab::Kind::User))]
#[needs(patience(40))]
#[case::with_a_group(true)]
#[needs(lab(lab::Kind::User))]
#[needs(patience(40))]
#[needs(no_cgroups())]
#[case::without(false)]
#[lab_test::test]
fn a_privileged_container_is_confined(#[case] has_own_group: bool) -> Result<()> {
    let session = Session::of_kind(has_own_group)?;
    let generation = lab_test::generation()?.to_string();
    let generation = format!("MATRYOSHKA_GENERATION={generation}");
    let said = session.command(&["env", &generation, "suite", "confinement"])?.output();
    let said = said.into_diagnostic()?;
    let out = String::from_utf8_lossy(&said.stdout);
    ensure!(said.status.success() && out.contains("4 passed"), "{said:?}");
    Ok(())
}

/// What labs do with their control groups, without one.
#[rstest]
#[needs(no_cgroups())]
#[case::nests("generations::generation_is", 1)]
#[needs(no_cgroups())]
#[case::usage("networks::a_lab_", 2)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_lab_does_without_groups(#[case] tests: &str, #[case] count: u32) -> Result<()> {
    let session = Session::of_kind(false)?;
    let generation = lab_test::generation()?.to_string();
    let generation = format!("MATRYOSHKA_GENERATION={generation}");
    let said = session.command(&["env", &generation, "suite", tests])?.output();
    let said = said.into_diagnostic()?;
    let out = String::from_utf8_lossy(&said.stdout);
    ensure!(said.status.success() && out.contains(&format!("{count} passed")), "{said:?}");
    Ok(())
}

/// The processes with which this user's labs were entered from outside.
fn ways_in(session: &Session) -> Result<Vec<Pid>> {
    let processes = fs::read_to_string(session.0.path().join("cgroup.procs")).into_diagnostic()?;
    let enters = |process: &&str| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(b"enter")
    };
    let found = processes.lines().filter(enters).filter_map(|process| process.parse().ok());
    Ok(found.filter_map(Pid::from_raw).collect())
}

#[rstest]
#[case::killed(true, Signal::KILL, false)]
#[needs(lab(lab::Kind::User))]
#[case::asked_to_end(true, Signal::TERM, false)]
#[needs(lab(lab::Kind::User))]
#[needs(no_cgroups())]
#[case::killed_without_a_group(false, Signal::KILL, false)]
#[needs(lab(lab::Kind::User))]
#[needs(no_cgroups())]
#[case::stopped_and_killed_without_a_group(false, Signal::KILL, true)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn nothing_is_left(
    #[case] has_own_group: bool,
    #[case] signal: Signal,
    #[case] stops: bool,
) -> Result<()> {
    let session = Session::of_kind(has_own_group)?;
    let generation = lab_test::generation()?.to_string();
    let script = "docker run -d alpine sleep 1000 > /dev/null; hostname; sleep 1000";
    let task = ["lab", "exec", "--generation", &generation, "--", "sh", "-c", script];
    let mut owner = session.command(&task)?.stdout(Stdio::piped()).spawn().into_diagnostic()?;
    let lab = first_line(&mut owner)?;
    let left = session.left(&lab)?;
    ensure!(left.len() == 1 + usize::from(has_own_group), "{left:?}");
    if stops {
        let ways_in = ways_in(&session)?;
        ensure!(!ways_in.is_empty(), "nobody has entered");
        for process in ways_in {
            kill_process(process, Signal::STOP).into_diagnostic()?;
        }
    }
    kill_process(Pid::from_child(&owner), signal).into_diagnostic()?;
    owner.wait().into_diagnostic()?;
    session.is_left_empty(&lab)
}

/// By that user; root has no part in it, and the user none in root's.
#[rstest]
#[case::with_a_group(true)]
#[needs(lab(lab::Kind::User))]
#[needs(no_cgroups())]
#[case::without(false)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_lab_is_joined(#[case] has_own_group: bool) -> Result<()> {
    let session = Session::of_kind(has_own_group)?;
    let generation = lab_test::generation()?.to_string();
    let script = "docker run -d --name first alpine sleep 1000 > /dev/null; hostname; sleep 1000";
    let name = if has_own_group { "in-a-group" } else { "in-none" };
    let task = ["lab", "exec", "--name", name, "--generation", &generation, "--"];
    let task = [&task[..], &["sh", "-c", script]].concat();
    let mut owner = session.command(&task)?.stdout(Stdio::piped()).spawn().into_diagnostic()?;
    let lab = first_line(&mut owner)?;
    let join = ["lab", "exec", "--in", name, "--", "sh", "-c"];
    let join = |script| session.command(&[&join[..], &[script]].concat());
    let script = "docker ps --format '{{.Names}}'; id -u; touch joined";
    let said = join(script)?.output().into_diagnostic()?;
    let out = String::from_utf8_lossy(&said.stdout);
    for line in ["first", "0"] {
        ensure!(out.lines().any(|word| word == line), "no {line}: {said:?}");
    }
    let made = fs::metadata(account()?.join("work/joined")).into_diagnostic()?;
    ensure!(said.status.success() && made.uid() == USER, "{said:?}");

    let roots = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["exec", "--in", name, "--", "true"])
        .env("XDG_CACHE_HOME", account()?.join(".cache"))
        .output();
    let roots = roots.into_diagnostic()?;
    let refused = String::from_utf8_lossy(&roots.stderr).contains("belongs to another user");
    ensure!(roots.status.code() == Some(1) && refused, "{roots:?}");

    let mut joined = join("echo begun; sleep 1000")?;
    let joined = joined.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut joined = joined.into_diagnostic()?;
    first_line(&mut joined)?;
    owner.kill().into_diagnostic()?;
    owner.wait().into_diagnostic()?;
    let told = joined.wait_with_output().into_diagnostic()?;
    let is_told = told.stderr.ends_with(format!("the lab {name} has ended\n").as_bytes());
    ensure!(told.status.code() == Some(1) && is_told, "{told:?}");
    session.is_left_empty(&lab)
}

#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn no_lab_of_roots_is_joined() -> Result<()> {
    let (session, owner) = (Session::of_kind(false)?, joined::of_root()?);
    let cache = format!("mount --bind {} /srv", owner.cache.0.path().display());
    let join = ["env", "XDG_CACHE_HOME=/srv", "/mnt/bin/lab", "exec", "--in", "dev", "--", "true"];
    let said = session.command_after(&cache, &join)?.output().into_diagnostic()?;
    let refused = String::from_utf8_lossy(&said.stderr).contains("belongs to another user");
    ensure!(said.status.code() == Some(1) && refused, "{said:?}");
    Ok(())
}

/// The user's processes may look into file systems of the lab's, which need never answer.
#[rstest]
#[case::over_the_sockets("/run")]
#[needs(lab(lab::Kind::User))]
#[case::over_the_processes("/proc")]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_file_system_that_never_answers_keeps_nobody(#[case] place: &str) -> Result<()> {
    let session = Session::new()?;
    let program = place.replace('/', "stuck-");
    compile(include_str!("stuck.c"), &account()?.join("work").join(&program))?;
    let generation = lab_test::generation()?.to_string();
    let argv = ["lab", "exec", "--generation", &generation, "--"];
    let mut owner =
        session.command(&[&argv[..], &[&format!("./{program}"), "over", place]].concat())?;
    let mut owner = owner.spawn().into_diagnostic()?;
    let deadline = Instant::now() + program::patient(Duration::from_secs(60));
    let ended = loop {
        if let Some(ended) = owner.try_wait().into_diagnostic()? {
            break ended;
        }
        ensure!(Instant::now() < deadline, "it waits for ever");
        std::thread::sleep(Duration::from_millis(20));
    };
    ensure!(ended.success(), "{ended}");
    Ok(())
}

/// What is wrong with a user's account, and what of the error mends it.
#[rstest]
#[case::no_range("say_instead /etc/subuid ''", "usermod --add-subuids")]
#[case::range_of_another("say_instead /etc/subgid you:100000:65536", "usermod --add-subuids")]
#[case::range_too_small("say_instead /etc/subuid me:100000:1000", "usermod --add-subuids")]
#[case::no_newuidmap("path=/nowhere", "install uidmap")]
#[case::no_mapping(
    "mount --bind ../bin ../bin && mount -o remount,bind,nosuid ../bin",
    "container"
)]
#[case::noexec(
    "mount --bind ../.cache ../.cache && mount -o remount,bind,noexec ../.cache",
    "XDG_CACHE"
)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn what_is_missing_is_said(#[case] wrong: &str, #[case] remedy: &str) -> Result<()> {
    let session = Session::new()?;
    let said = session.command_after(wrong, &["/mnt/bin/lab", "exec", "--", "true"])?.output();
    let said = said.into_diagnostic()?;
    let words = String::from_utf8_lossy(&said.stderr);
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(said.status.code() == Some(77) && words.contains(remedy), "{said:?}");
    Ok(())
}

/// Where a generation's engines don't, that is said.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_generation_that_needs_groups_says_so() -> Result<()> {
    let session = Session::of_kind(false)?;
    let argv = ["lab", "exec", "--generation", "forky", "--", "true"];
    let said = session.command(&argv)?.output().into_diagnostic()?;
    let words = String::from_utf8_lossy(&said.stderr);
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(said.status.code() == Some(77) && words.contains("another --generation"), "{said:?}");
    Ok(())
}

/// Whatever systemd's program says of a control group, labs go on without.
#[rstest]
#[case::no_systemd("exit 127")]
#[case::no_session("echo 'Failed to connect to bus: No medium found' >&2; exit 1")]
#[case::not_the_users("shift 5 && exec \"$@\"")]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_lab_goes_on_without_a_group(#[case] systemd: &str) -> Result<()> {
    let session = Session::of_kind(false)?;
    let said = format!("{systemd}\n").replace('\'', "'\\''");
    let before = format!(
        "mount -t tmpfs -o mode=755 none /srv && printf '#!/bin/sh\n%s' '{said}' > /srv/systemd-run
         chmod 755 /srv/systemd-run && path=/srv:$path"
    );
    let argv = ["/mnt/bin/lab", "exec", "--", "echo", "it runs"];
    let said = session.command_after(&before, &argv)?.output().into_diagnostic()?;
    let words = String::from_utf8_lossy(&said.stderr);
    let notes = words.lines().filter(|line| line.contains("loginctl enable-linger"));
    ensure!(said.status.success() && said.stdout == b"it runs\n", "{said:?}");
    ensure!(notes.count() == 1, "{words}");
    Ok(())
}

/// Nor is the machine's root taken for an ordinary user, whatever its environment says: root of its lab
/// would be root of the machine.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn root_is_no_ordinary_user() -> Result<()> {
    for namespace in [&[][..], &["unshare", "--user", "--map-root-user"]] {
        let lab = [env!("CARGO_BIN_EXE_lab"), "exec", "--sandbox", "rootless", "--", "true"];
        let said =
            Command::new("env").env(sandbox::ROOTLESS, "1").args(namespace).args(lab).output();
        let said = said.into_diagnostic()?;
        ensure!(said.status.code() == Some(77), "{said:?}");
    }
    Ok(())
}
