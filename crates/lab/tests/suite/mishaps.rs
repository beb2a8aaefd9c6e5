//! Bad luck: each ends in one clear error with a remedy, and loses nothing.
//!
//! Caches here are each test's own; a filled one is a copy of links to the machine's.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lab_test::{ensure, generation};
use miette::{IntoDiagnostic, Result, miette};
use rstest::rstest;

use crate::program;

/// Nobody listens on the discard port of this machine.
const NO_MIRROR: &str = "http://127.0.0.1:9/debian";

fn lab(cache: &Path, task: &str) -> Result<Command> {
    let mut command = program(task)?;
    command.env("XDG_CACHE_HOME", cache);
    Ok(command)
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub(crate) fn own_cache() -> Result<tempfile::TempDir> {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()
}

/// One error: what, why, remedy, and nothing left but the empty cache.
pub(crate) fn is_one_error(output: &Output, code: i32, words: &[&str]) -> Result<()> {
    let said = text(output);
    ensure!(output.status.code() == Some(code), "{:?}\n{said}", output.status);
    for word in words.iter().chain(&["╰─▶", "help:"]) {
        ensure!(said.contains(word), "{word:?} in\n{said}");
    }
    ensure!(said.matches(['×', '⚠', '☞']).count() == 1, "{said}");
    ensure!(!said.contains("panicked"), "{said}");
    Ok(())
}

/// A cache with the lock's bundle, copied.
fn filled_cache() -> Result<tempfile::TempDir> {
    let cache = own_cache()?;
    let whole = lab::Bundle::get(generation()?)?.path;
    let bundles = cache.path().join("matryoshka/bundles");
    fs::create_dir_all(&bundles).into_diagnostic()?;
    let copied = Command::new("cp")
        .args(["--archive", "--reflink=auto"])
        .args([&whole, &bundles])
        .output()
        .into_diagnostic()?;
    ensure!(copied.status.success(), "{}", text(&copied));
    Ok(cache)
}

/// The one of the lock: a cache can hold those of other checkouts too.
fn bundle_of(cache: &Path) -> Result<PathBuf> {
    let whole = lab::Bundle::get(generation()?)?.path;
    let name = whole.file_name().unwrap_or_default();
    Ok(cache.join("matryoshka/bundles").join(name))
}

#[lab_test::test]
fn mirror_unreachable_and_cache_empty() -> Result<()> {
    let cache = own_cache()?;
    let output = lab(cache.path(), "exec")?
        .args(["--", "true"])
        .env("MATRYOSHKA_MIRROR", NO_MIRROR)
        .output()
        .into_diagnostic()?;
    is_one_error(&output, 1, &["can't be fetched", "127.0.0.1:9"])
}

#[lab_test::test]
fn mirror_unreachable_and_cache_filled() -> Result<()> {
    lab::Bundle::get(generation()?)?;
    let output = program("exec")?
        .args(["--", "echo", "no mirror needed"])
        .env("MATRYOSHKA_MIRROR", NO_MIRROR)
        .output()
        .into_diagnostic()?;
    ensure!(output.status.success(), "{}", text(&output));
    ensure!(text(&output).contains("no mirror needed"), "{}", text(&output));
    Ok(())
}

/// What is done when the mirror no longer has what the lock pins, up to the choice of packages.
#[lab_test::test]
fn packages_are_resolved_anew_where_the_lock_no_longer_fits() -> Result<()> {
    let cache = own_cache()?;
    let output = lab(cache.path(), "lock")?.output().into_diagnostic()?;
    ensure!(output.status.success(), "{}", text(&output));
    let lock = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(lock.starts_with("name,version,size,sha256,path\n"), "{lock}");
    for name in ["\ndocker.io,", "\npodman,", "\nbusybox-static,"] {
        ensure!(lock.contains(name), "{name} in {lock}");
    }
    let packages = fs::read_dir(cache.path().join("matryoshka/packages")).into_diagnostic()?;
    let left: Vec<PathBuf> = packages.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

/// A mirror on disk with one package that is not what the lock pins: apt itself refuses it.
#[lab_test::test]
fn package_whose_hash_differs() -> Result<()> {
    let cache = own_cache()?;
    let mirror = own_cache()?;
    let locks = Path::new(env!("CARGO_MANIFEST_DIR")).join("lock");
    let lock = locks.join(format!("{}-amd64.csv", generation()?));
    let lock = fs::read_to_string(lock).into_diagnostic()?;
    for row in lock.lines().skip(1) {
        let path = row.rsplit(',').next().unwrap_or_default();
        let size: u64 = row.split(',').nth(2).and_then(|n| n.parse().ok()).unwrap_or(0);
        let file = mirror.path().join(path.replace("%2b", "+").replace("%3a", ":"));
        let parent = file.parent().unwrap_or(mirror.path());
        fs::create_dir_all(parent).into_diagnostic()?;
        // The right size, so that only the digest can tell.
        fs::File::create(&file).and_then(|f| f.set_len(size)).into_diagnostic()?;
    }
    let output = lab(cache.path(), "exec")?
        .args(["--", "true"])
        .env("MATRYOSHKA_MIRROR", format!("file://{}", mirror.path().display()))
        .output()
        .into_diagnostic()?;
    is_one_error(&output, 1, &["not what was pinned", "Hash Sum mismatch"])
}

/// Of the same size and time, in a program that runs: it is found, named and made anew, and the lab
/// that uses the damaged one goes on.
#[lab_test::test]
#[needs(patience(70))]
fn damaged_cache_is_named_and_made_anew_beside_a_lab_on_it() -> Result<()> {
    let cache = filled_cache()?;
    let mut user = lab(cache.path(), "exec")?
        .args(["--", "sh", "-c"])
        .arg("echo up; read go; docker run --rm alpine echo alive")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .into_diagnostic()?;
    let mut said = BufReader::new(user.stdout.take().ok_or_else(|| miette!("no output"))?);
    let mut line = String::new();
    said.read_line(&mut line).into_diagnostic()?;
    ensure!(line == "up\n", "{line}");

    let dockerd = bundle_of(cache.path())?.join("usr/sbin/dockerd");
    let whole = fs::read(&dockerd).into_diagnostic()?;
    let before = fs::metadata(&dockerd).into_diagnostic()?;
    // A program that runs can't be written to.
    fs::remove_file(&dockerd).into_diagnostic()?;
    let file = fs::File::create(&dockerd).into_diagnostic()?;
    file.write_all_at(&whole, 0).into_diagnostic()?;
    file.write_all_at(&[0; 4096], 0).into_diagnostic()?;
    file.set_permissions(before.permissions())
        .and_then(|()| file.set_modified(before.modified()?))
        .into_diagnostic()?;
    drop(file);

    let named = "usr/sbin/dockerd is not what was made\n";
    let once = |said: &str| -> Result<()> {
        let times = said.matches("the cache is damaged: fetching again").count();
        ensure!(times == 1 && said.contains(named), "{said}");
        Ok(())
    };
    let output = lab(cache.path(), "exec")?
        .args(["--", "true"])
        .env("MATRYOSHKA_MIRROR", NO_MIRROR)
        .output()
        .into_diagnostic()?;
    once(&text(&output))?;
    is_one_error(&output, 1, &["can't be fetched"])?;

    let output = lab(cache.path(), "exec")?
        .args(["--", "docker", "run", "--rm", "alpine", "echo", "mended"])
        .output()
        .into_diagnostic()?;
    once(&text(&output))?;
    ensure!(text(&output).contains("mended"), "{}", text(&output));
    let again = fs::read(&dockerd).into_diagnostic()?;
    ensure!(again == whole, "{}", text(&output));

    drop(user.stdin.take());
    let mut line = String::new();
    said.read_line(&mut line).into_diagnostic()?;
    ensure!(line == "alive\n", "{line}");
    user.wait().into_diagnostic()?;
    let output = lab(cache.path(), "exec")?.args(["--", "true"]).output().into_diagnostic()?;
    ensure!(output.status.success(), "{}", text(&output));
    ensure!(!text(&output).contains("damaged"), "{}", text(&output));
    // Nobody uses the damaged one any more.
    is_one_bundle(cache.path())
}

fn is_one_bundle(cache: &Path) -> Result<()> {
    let entries = fs::read_dir(cache.join("matryoshka/bundles")).into_diagnostic()?;
    let paths = entries.flatten().map(|entry| entry.path());
    let dirs: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    ensure!(dirs.len() == 1, "{dirs:?}");
    Ok(())
}

const NOT_APART: &[&str] = &["can't be shown in a lab", "could change", "start it from"];

/// What runs inside would write what the next lab runs. With another cache for this lab only, too.
#[rstest]
#[case::with_a_user_namespace("user")]
#[case::without_a_user_namespace("root")]
#[lab_test::test]
fn working_folder_above_the_cache(#[case] sandbox: &str) -> Result<()> {
    let home = own_cache()?;
    for elsewhere in [None, Some(own_cache()?)] {
        let mut command = program("exec")?;
        command.env_remove("XDG_CACHE_HOME");
        if let Some(elsewhere) = &elsewhere {
            command.env("XDG_CACHE_HOME", elsewhere.path());
        }
        let output = command
            .args(["--sandbox", sandbox, "--", "true"])
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("MATRYOSHKA_MIRROR", NO_MIRROR)
            .output()
            .into_diagnostic()?;
        is_one_error(&output, 2, NOT_APART)?;
    }
    Ok(())
}

/// A folder by another path, in a mount namespace of its own.
#[lab_test::test]
fn bind_mount_above_the_cache() -> Result<()> {
    let (home, elsewhere) = (own_cache()?, own_cache()?);
    let script = format!(
        "mount --bind {home} {elsewhere} && cd {elsewhere} && XDG_CACHE_HOME={home}/cache \
         exec {lab} exec -- true",
        home = home.path().display(),
        elsewhere = elsewhere.path().display(),
        lab = env!("CARGO_BIN_EXE_lab"),
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .env("MATRYOSHKA_MIRROR", NO_MIRROR)
        .output()
        .into_diagnostic()?;
    is_one_error(&output, 2, NOT_APART)
}

/// The one that is found by whoever has the user's own home, and is not there yet.
#[lab_test::test]
fn working_folder_above_the_users_cache() -> Result<()> {
    let (home, elsewhere) = (own_cache()?, own_cache()?);
    let script = format!(
        "echo root:x:0:0::{home}:/bin/sh > {elsewhere}/passwd && cd {home} &&
         mount --bind {elsewhere}/passwd /etc/passwd &&
         HOME={elsewhere} exec {lab} exec -- true",
        home = home.path().display(),
        elsewhere = elsewhere.path().display(),
        lab = env!("CARGO_BIN_EXE_lab"),
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .env_remove("XDG_CACHE_HOME")
        .env("MATRYOSHKA_MIRROR", NO_MIRROR)
        .output()
        .into_diagnostic()?;
    is_one_error(&output, 2, NOT_APART)
}

/// One that nothing says anything of: it is found where it lies, from above and from within.
#[lab_test::test]
fn working_folder_above_some_cache() -> Result<()> {
    let cache = own_cache()?;
    fs::create_dir(cache.path().join("some")).into_diagnostic()?;
    // Made by a start that comes no further.
    let made = lab(&cache.path().join("some"), "exec")?
        .args(["--", "true"])
        .env("MATRYOSHKA_MIRROR", NO_MIRROR)
        .output()
        .into_diagnostic()?;
    is_one_error(&made, 1, &["can't be fetched"])?;
    for folder in ["", "some/matryoshka/labs"] {
        let output = program("exec")?
            .args(["--", "true"])
            .current_dir(cache.path().join(folder))
            .output()
            .into_diagnostic()?;
        is_one_error(&output, 2, &["can't be shown in a lab", "the cache"])?;
    }
    Ok(())
}

#[lab_test::test]
#[needs(patience(40))]
fn two_builders_make_one_bundle() -> Result<()> {
    let cache = own_cache()?;
    let start = || {
        lab(cache.path(), "exec")?
            .args(["--", "echo", "built"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .into_diagnostic()
    };
    let builders = [start()?, start()?];
    for builder in builders {
        let output = builder.wait_with_output().into_diagnostic()?;
        ensure!(output.status.success(), "{}", text(&output));
    }
    is_one_bundle(cache.path())
}

/// Killed while it unpacks, then started again; one of the packages that it left is damaged.
#[lab_test::test]
#[needs(patience(60))]
fn interrupted_build_leaves_nothing_half_valid() -> Result<()> {
    let cache = own_cache()?;
    let mut builder = lab(cache.path(), "exec")?
        .args(["--", "true"])
        .stderr(Stdio::null())
        .spawn()
        .into_diagnostic()?;
    let bundles = cache.path().join("matryoshka/bundles");
    let unpacking = || {
        let entries = fs::read_dir(&bundles).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.path().join("usr/bin/bash").exists())
    };
    let patience =
        std::time::Instant::now() + program::patient(std::time::Duration::from_secs(120));
    while !unpacking() {
        ensure!(std::time::Instant::now() < patience, "it never unpacked");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    builder.kill().into_diagnostic()?;
    builder.wait().into_diagnostic()?;
    // What unpacks dies with it.
    let unpackers = || -> Vec<String> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = entries.map(|entry| fs::read_to_string(entry.path().join("cmdline")));
        let lines = lines.flatten().map(|line| line.replace('\0', " "));
        let here = cache.path().display().to_string();
        lines.filter(|line| line.contains(&here)).collect()
    };
    while !unpackers().is_empty() {
        ensure!(std::time::Instant::now() < patience, "{:?}", unpackers());
        std::thread::yield_now();
    }
    let packages = fs::read_dir(cache.path().join("matryoshka/packages")).into_diagnostic()?;
    let packages = packages.flatten().map(|entry| entry.path());
    let package = packages.filter(|path| path.is_file()).max();
    let package = package.ok_or_else(|| miette!("nothing is left"))?;
    let size = fs::metadata(&package).into_diagnostic()?.len();
    fs::File::create(&package).and_then(|file| file.set_len(size)).into_diagnostic()?;
    let output = lab(cache.path(), "exec")?.args(["--", "echo", "built"]).output();
    let output = output.into_diagnostic()?;
    ensure!(
        output.status.success() && text(&output).contains("fetching 1 packages"),
        "{}",
        text(&output)
    );
    // The half-made one was taken away.
    is_one_bundle(cache.path())
}

/// A cache on a file system of 64 MB, in a mount namespace of its own.
#[lab_test::test]
fn full_disk() -> Result<()> {
    let cache = own_cache()?;
    let script = format!(
        "mount -t tmpfs -o size=64m none {0} && XDG_CACHE_HOME={0} exec {1} exec --generation {2} -- true",
        cache.path().display(),
        env!("CARGO_BIN_EXE_lab"),
        generation()?
    );
    let output = Command::new("unshare").args(["--mount", "sh", "-c", &script]).output();
    let output = output.into_diagnostic()?;
    let said = text(&output);
    ensure!(said.contains("No space left") || said.contains("disk space"), "{said}");
    is_one_error(&output, 1, &["disk space"])
}

/// One under labs, on which Docker can't unpack an image: it asks another registry then, which nobody
/// here has asked about.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn full_disk_under_a_lab() -> Result<()> {
    let lab = program("exec")?;
    let script = "mount -t tmpfs -o size=5m none \"$0\" && exec \"$@\" -- true";
    let mut full = Command::new("unshare");
    full.args(["--mount", "sh", "-c", script]).arg(lab::status()?.cache.join("labs"));
    full.arg(lab.get_program()).args(lab.get_args());
    let output = full.output().into_diagnostic()?;
    is_one_error(&output, 1, &["no space left on device", "help: free some disk space"])
}

/// It is there, and nothing can be made in it.
#[lab_test::test]
fn cache_that_can_not_be_written() -> Result<()> {
    let cache = own_cache()?;
    for folder in ["bundles", "images", "packages", "pulled", "labs"] {
        fs::create_dir_all(cache.path().join("matryoshka").join(folder)).into_diagnostic()?;
    }
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    let output = |task: &[&str]| -> Result<Output> {
        let lab = program(task[0])?;
        let mut read_only = Command::new("unshare");
        read_only.args(["--mount", "sh", "-c", script]).arg(cache.path()).arg(lab.get_program());
        read_only.args(lab.get_args()).args(&task[1..]).env("XDG_CACHE_HOME", cache.path());
        read_only.output().into_diagnostic()
    };
    let words = ["can't be written to", "Read-only file system", "set XDG_CACHE_HOME"];
    is_one_error(&output(&["exec", "--", "true"])?, 77, &words)?;
    let doctor = output(&["doctor"])?;
    let said = text(&doctor);
    ensure!(doctor.status.code() == Some(77), "{:?} {said}", doctor.status);
    ensure!(words.iter().all(|word| said.contains(word)), "{said}");
    Ok(())
}

/// Of whatever key: what another program or version would have made is not looked for again.
#[lab_test::test]
fn what_a_killed_maker_left_goes_with_the_next_start() -> Result<()> {
    let cache = own_cache()?;
    let bundles = cache.path().join("matryoshka/bundles");
    let left = bundles.join(".sealed-0123-AbCdEf");
    fs::create_dir_all(left.join("some")).into_diagnostic()?;
    fs::write(left.join("some/disk"), "half").into_diagnostic()?;
    let output = lab(cache.path(), "exec")?
        .args(["--", "true"])
        .env("MATRYOSHKA_MIRROR", NO_MIRROR)
        .output()
        .into_diagnostic()?;
    is_one_error(&output, 1, &["can't be fetched"])?;
    ensure!(!left.exists(), "{}", text(&output));
    Ok(())
}

#[rstest]
#[case::exec(&["exec", "--", "true"], "soon")]
#[case::doctor(&["doctor"], "0")]
#[lab_test::test]
fn patience_that_is_no_factor(#[case] task: &[&str], #[case] patience: &str) -> Result<()> {
    let cache = own_cache()?;
    let mut lab = lab(cache.path(), task[0])?;
    lab.args(&task[1..]).env("MATRYOSHKA_PATIENCE", patience);
    let output = lab.output().into_diagnostic()?;
    let said = format!("MATRYOSHKA_PATIENCE={patience}");
    is_one_error(&output, 2, &[said.as_str(), "from 1 to 100"])
}

#[lab_test::test]
fn no_root() -> Result<()> {
    // The checkout may lie where another user can't reach the program.
    let dir = tempfile::tempdir().into_diagnostic()?;
    let reachable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(dir.path(), reachable).into_diagnostic()?;
    let program = dir.path().join("lab");
    fs::copy(env!("CARGO_BIN_EXE_lab"), &program).into_diagnostic()?;
    let output = Command::new(&program)
        .args(["exec", "--", "true"])
        .uid(65534)
        .env("XDG_CACHE_HOME", "/nonexistent")
        .current_dir(dir.path())
        .output()
        .into_diagnostic()?;
    is_one_error(&output, 77, &["root"])
}

#[lab_test::test]
fn no_apt() -> Result<()> {
    let cache = own_cache()?;
    let empty = own_cache()?;
    let output = lab(cache.path(), "exec")?
        .args(["--", "true"])
        .env("PATH", empty.path())
        .output()
        .into_diagnostic()?;
    is_one_error(&output, 77, &["apt"])
}

/// Starts it by a shell that has first done something to the place or to itself.
#[rstest]
#[case::small_stack("ulimit -s 64", 77, "ulimit -s")]
#[case::small_files("ulimit -f 100", 77, "ulimit -f")]
#[case::home_that_is_not_asked("export HOME=x XDG_CACHE_HOME=/proc/no", 77, "/proc/no")]
#[case::home_that_is_no_absolute_path("unset XDG_CACHE_HOME; export HOME=x", 1, "HOME is x")]
#[case::deleted_working_folder(
    "mkdir gone && cd gone && rmdir ../gone",
    2,
    "the current folder can't be found"
)]
#[case::working_folder_whose_name_is_not_utf_8("mkdir $'\\xff' && cd $'\\xff'", 2, "is not UTF-8")]
#[lab_test::test]
fn started_where_it_can_not_be(
    #[case] first: &str,
    #[case] code: i32,
    #[case] words: &str,
) -> Result<()> {
    let program = program("exec")?;
    let folder = own_cache()?;
    let output = Command::new("bash")
        .args(["-c", &format!("{first} && exec \"$0\" \"$@\" -- true")])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(folder.path())
        .output()
        .into_diagnostic()?;
    is_one_error(&output, code, &[words])
}

/// What makes a missing device, with its numbers.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
#[needs(device("/dev/net/tun"))]
fn a_missing_device_is_told_of_with_what_makes_it() -> Result<()> {
    let script = "mount -t tmpfs none /dev/net && exec \"$@\"";
    let lab = program("doctor")?;
    let mut hidden = Command::new("unshare");
    hidden.args(["--mount", "sh", "-c", script, "sh"]).arg(lab.get_program()).args(lab.get_args());
    let said = text(&hidden.output().into_diagnostic()?);
    ensure!(said.contains("mknod -m 666 /dev/net/tun c 10 200"), "{said}");
    let said = text(&program("doctor")?.output().into_diagnostic()?);
    ensure!(!said.contains("/dev/net/tun"), "{said}");
    Ok(())
}

/// Podman in a container has its store by it; nothing else needs it.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn podman_in_a_container_is_not_available_without_fuse() -> Result<()> {
    let script = r#"mount -t tmpfs none /srv && cp -a /dev/. /srv && rm -f /srv/fuse &&
        mount --rbind /dev/pts /srv/pts && mount --bind /srv /dev && exec "$@""#;
    let lab = program("bring-up")?;
    let mut hidden = Command::new("unshare");
    hidden.args(["--mount", "sh", "-c", script, "sh"]).arg(lab.get_program()).args(lab.get_args());
    let remedy = "mknod -m 666 /dev/fuse c 10 229; or leave it out: --arms";
    is_one_error(&hidden.output().into_diagnostic()?, 77, &[remedy])
}
