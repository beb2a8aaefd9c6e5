//! One boot: a machine is started, runs one command and is gone.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lab::{Bundle, Generation};
use measure::{REVISION, Tool};
use miette::Result;
use program::{failure, note, patience, patient};
use rustix::fs::{Access, access};

use crate::disk::{self, path_of};
use crate::machines::{Machine, USER};
use crate::sets::{self, first_modules, kernel, kernel_version, program_of, succeeds};

const ROOM: &str = "free some disk space in the cache directory";

/// How long a machine may take until it runs the command: one whose processors are emulated, and one
/// of a kernel that may not start on this machine's virtual processors.
const EMULATED: Duration = Duration::from_secs(180);
const VIRTUAL: Duration = Duration::from_secs(30);

/// How long it may take to turn itself off.
const OFF: Duration = Duration::from_secs(30);

/// How many times as long as here what is emulated may take.
const SLOWER: f64 = 10.0;

/// The least that labs of both engines run in.
const MEMORY: &str = "6G";

/// The script of a look at what labs can do, among the programs.
pub(crate) const LOOK: &str = ".look";

const POLL: Duration = Duration::from_millis(50);

/// What a machine is made of, out of the cache or made now.
pub(crate) struct Parts {
    tools: PathBuf,
    kernel: PathBuf,
    /// The first files that it has, and its root file system.
    initial: PathBuf,
    root: PathBuf,
    /// The cache with the engines that its labs run.
    cache: PathBuf,
}

impl Parts {
    pub(crate) fn get(machine: &Machine, generation: Generation) -> Result<Self> {
        let tools = Bundle::of(&sets::tools())?.path;
        let guest = Bundle::of(&sets::guest(machine.release))?;
        let version = kernel_version(&guest.path)?;
        let made = guest.derived(concat!("root 1 ", include_str!("guest/init")), |folder| {
            note!("making the root file system of {}", machine.release);
            initial(&tools, &guest.path, &version, &folder.join("initial"))?;
            in_file(&folder.join("disk"), |file| {
                disk::make(&tools, file, |to| {
                    to.tree("", &guest.path, 0, &["bundle.json", ".list.json", ".seal"])
                })
            })
        })?;
        let engines = Bundle::get(generation)?;
        let images = engines.images(true)?;
        let owner = machine.owner();
        let cache =
            engines.derived(&format!("cache 2 {owner} {}", images.display()), |folder| {
                note!("making a disk with the engines of {generation}");
                in_file(&folder.join("disk"), |file| {
                    cache_disk(&tools, file, &engines, &images, owner)
                })
            })?;
        let kernel = kernel(&guest.path, &version)?;
        let (initial, root) = (made.join("initial"), made.join("disk"));
        Ok(Self { tools, kernel, initial, root, cache: cache.join("disk") })
    }

    /// Where there is room for what a boot writes: beside what it is made of.
    fn scratch(&self) -> &Path {
        self.tools.parent().unwrap_or(&self.tools)
    }
}

fn in_file(path: &Path, make: impl FnOnce(&File) -> Result<()>) -> Result<()> {
    let file = File::options().read(true).write(true).create_new(true).open(path);
    make(&file.map_err(|why| failure("a disk can't be made", why.to_string(), ROOM))?)
}

/// The cache of labs, as its owner would have made it.
fn cache_disk(
    tools: &Path,
    file: &File,
    engines: &Bundle,
    images: &Path,
    owner: u32,
) -> Result<()> {
    disk::make(tools, file, |to| {
        to.folder("matryoshka", owner)?;
        for folder in ["labs", "packages", "bundles", "images"] {
            to.folder(&format!("matryoshka/{folder}"), owner)?;
        }
        for (kind, from) in [("bundles", engines.path.as_path()), ("images", images)] {
            let name = from.file_name().unwrap_or_default().to_string_lossy();
            let target = format!("matryoshka/{kind}/{name}");
            to.folder(&target, owner)?;
            // What it is held against says that all is root's, as an ordinary user's labs see it, too.
            to.tree(&target, from, owner, &[".seal"])?;
        }
        Ok(())
    })
}

/// The initial RAM disk: a shell, what it runs, the modules that it loads.
fn initial(tools: &Path, root: &Path, version: &str, archive: &Path) -> Result<()> {
    let busybox = tools.join("usr/bin/busybox");
    let made = || -> io::Result<(PathBuf, String)> {
        let folder = archive.with_extension("files");
        fs::create_dir_all(folder.join("modules"))?;
        fs::copy(&busybox, folder.join("busybox"))?;
        fs::write(folder.join("init"), include_str!("guest/init"))?;
        fs::set_permissions(folder.join("init"), Permissions::from_mode(0o755))?;
        let mut names = String::from("busybox\ninit\nmodules\n");
        for (at, module) in first_modules(root, version)?.iter().enumerate() {
            let name = format!("modules/{at:02}.ko");
            let bytes = match module.extension().and_then(|end| end.to_str()) {
                Some("xz") => {
                    let unpacked = Command::new(&busybox).arg("xzcat").arg(module).output()?;
                    if !unpacked.status.success() {
                        return Err(io::Error::other(format!("{}: damaged", module.display())));
                    }
                    unpacked.stdout
                }
                _ => fs::read(module)?,
            };
            fs::write(folder.join(&name), bytes)?;
            names.push_str(&name);
            names.push('\n');
        }
        Ok((folder, names))
    };
    let what = "an initial RAM disk can't be made";
    let explain = |why: io::Error| failure(what, why.to_string(), ROOM);
    let (folder, names) = made().map_err(explain)?;
    let list = folder.with_extension("names");
    fs::write(&list, names).map_err(explain)?;
    let open = || -> io::Result<(File, File)> { Ok((File::open(&list)?, File::create(archive)?)) };
    let (input, output) = open().map_err(explain)?;
    let mut cpio = Command::new(&busybox);
    cpio.args(["cpio", "-o", "-H", "newc"]).current_dir(&folder);
    succeeds(cpio.stdin(input).stdout(output))?;
    fs::remove_dir_all(folder).and_then(|()| fs::remove_file(list)).map_err(explain)
}

/// How a machine gets its processors.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Processors {
    Virtual,
    Emulated,
}

/// Boots a machine that runs the command, of these programs if it is none of its own; its exit code.
pub(crate) fn run(
    machine: &Machine,
    parts: &Parts,
    programs: &[PathBuf],
    argv: &[String],
) -> Result<i32> {
    note!("booting {}: up to three minutes where its processors are emulated", machine.name);
    // A kernel may not start on the virtual processors that this machine offers, and says nothing then.
    let marker = parts.scratch().join(".no-virtual");
    let boot_id = fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let is_known = fs::read(&marker).is_ok_and(|known| known == boot_id);
    let start = |processors| Boot::start(machine, parts, programs, argv, processors);
    if !is_known && access("/dev/kvm", Access::READ_OK | Access::WRITE_OK).is_ok() {
        match start(Processors::Virtual)?.end()? {
            End::Code(code) => return Ok(code),
            End::NeverBegan { why, is_late } => {
                note!("it does not start on virtual processors here: emulating them ({why})");
                // An emulator that ends by itself is soon tried again.
                if is_late {
                    let _ = fs::write(marker, boot_id);
                }
            }
        }
    }
    match start(Processors::Emulated)?.end()? {
        End::Code(code) => Ok(code),
        End::NeverBegan { why, is_late } => {
            let remedy = remedy(patience()?, is_late);
            Err(failure(format!("the machine `{}` did not come up", machine.name), why, remedy))
        }
    }
}

/// Against a machine that did not come up, of one that has this patience.
fn remedy(patience: f64, is_late: bool) -> String {
    let more = (patience * 3.0).ceil();
    if is_late && more <= 100.0 {
        format!(
            "wait longer where this machine is busy (MATRYOSHKA_PATIENCE={more}), or report this"
        )
    } else {
        "run it again, and report this if it says the same".to_owned()
    }
}

/// What became of a boot.
enum End {
    /// Of the command.
    Code(i32),
    /// The command never did.
    NeverBegan { why: String, is_late: bool },
}

/// A machine that runs.
struct Boot {
    emulator: Child,
    /// What its kernel and its services say.
    console: File,
    /// A word once the command begins, then its exit code.
    status: Arc<File>,
    /// They end with what the emulator itself said, before the command began.
    copies: Vec<JoinHandle<Vec<u8>>>,
    deadline: Duration,
    // Without names; they go with the last process that has them open.
    _programs: File,
}

impl Boot {
    fn start(
        machine: &Machine,
        parts: &Parts,
        programs: &[PathBuf],
        argv: &[String],
        processors: Processors,
    ) -> Result<Self> {
        let what = "the machine can't be started";
        let explain = |why: io::Error| failure(what, why.to_string(), ROOM);
        let folder = parts.scratch();
        let file = || tempfile::tempfile_in(folder).map_err(explain);
        let (disk, console, status) = (file()?, file()?, Arc::new(file()?));
        disk::make(&parts.tools, &disk, |to| {
            for program in programs {
                to.copy(&program.file_name().unwrap_or_default().to_string_lossy(), program)?;
            }
            let environment = environment(machine, processors)?;
            to.file(".environment", 0o644, environment.as_bytes())?;
            to.file(".command", 0o644, format!("exec {}\n", quoted(argv)).as_bytes())?;
            to.file(".run", 0o755, include_bytes!("guest/run"))?;
            to.file(LOOK, 0o755, include_bytes!("guest/look"))?;
            to.folder(".files", 0)?;
            let mut known = BTreeSet::new();
            for (path, content) in &machine.files {
                let path = Path::new(".files").join(path);
                let mut folders: Vec<PathBuf> =
                    path.ancestors().skip(1).map(Path::to_owned).collect();
                // Without the first two, which are there.
                folders.truncate(folders.len().saturating_sub(2));
                for folder in folders.into_iter().rev() {
                    if known.insert(folder.clone()) {
                        to.folder(&folder.to_string_lossy(), 0)?;
                    }
                }
                to.file(&path.to_string_lossy(), 0o644, content.as_bytes())?;
            }
            Ok(())
        })?;
        let mut emulator = emulator(machine, parts, processors);
        for (at, disk) in [(&parts.root, "on"), (&parts.cache, "on"), (&path_of(&disk), "off")] {
            // Where this machine's disk is full the machine is told; QEMU would stop it for ever.
            let options = "format=raw,if=virtio,werror=report,rerror=report";
            // Another comma is how QEMU is told that one is part of a name.
            let at = at.display().to_string().replace(',', ",,");
            let disk = format!("file={at},{options},snapshot={disk}");
            emulator.args(["-drive", &disk]);
        }
        let (to_console, to_status) = (path_of(&console), path_of(&status));
        emulator.args(["-serial", &format!("file:{}", to_console.display())]);
        emulator.args(["-device", "virtio-serial-pci"]);
        let channels =
            ["/proc/self/fd/1".as_ref(), "/proc/self/fd/2".as_ref(), to_status.as_path()];
        for (at, path) in channels.into_iter().enumerate() {
            let at = at + 1;
            emulator
                .args(["-chardev", &format!("file,id=c{at},path={},append=on", path.display())]);
            emulator.args(["-device", &format!("virtserialport,chardev=c{at},nr={at}")]);
        }
        emulator.env("TMPDIR", folder).stdin(Stdio::null());
        let mut emulator =
            emulator.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(explain)?;
        let mut copies = Vec::new();
        if let Some(from) = emulator.stdout.take() {
            let status = Arc::clone(&status);
            copies.push(thread::spawn(move || copy(from, io::stdout(), &status)));
        }
        if let Some(from) = emulator.stderr.take() {
            let status = Arc::clone(&status);
            copies.push(thread::spawn(move || copy(from, io::stderr(), &status)));
        }
        let deadline = patient(match processors {
            Processors::Virtual => VIRTUAL,
            Processors::Emulated => EMULATED,
        });
        Ok(Self { emulator, console, status, copies, deadline, _programs: disk })
    }

    /// Waits for its end.
    fn end(mut self) -> Result<End> {
        let gone =
            |why: io::Error| failure("the emulator is gone", why.to_string(), "run it again");
        let began = Instant::now();
        let mut is_over: Option<Instant> = None;
        let mut is_late = false;
        let ended = loop {
            let (word, code) = said(&self.status);
            is_late |= match (word, is_over) {
                (false, _) => began.elapsed() > self.deadline,
                (true, Some(over)) => over.elapsed() > patient(OFF),
                (true, None) => false,
            };
            if code.is_some() && is_over.is_none() {
                is_over = Some(Instant::now());
            }
            if is_late {
                self.emulator.kill().map_err(gone)?;
            }
            if let Some(ended) = self.emulator.try_wait().map_err(gone)? {
                break ended;
            }
            thread::sleep(POLL);
        };
        let mut words = Vec::new();
        for copy in self.copies.drain(..) {
            words.extend(copy.join().unwrap_or_default());
        }
        match said(&self.status) {
            (false, _) => {
                let said = [last_lines(&String::from_utf8_lossy(&words)), self.console()];
                let said = said.into_iter().filter(|lines| !lines.is_empty());
                let why = said.collect::<Vec<_>>().join("\n");
                let why = match why.as_str() {
                    "" if is_late => format!("it said nothing in {} s", self.deadline.as_secs()),
                    "" => format!("the emulator said nothing ({ended})"),
                    _ => why,
                };
                Ok(End::NeverBegan { why, is_late })
            }
            (true, Some(code)) => Ok(End::Code(code)),
            (true, None) => Err(failure(
                "the machine ended before its command",
                self.console(),
                "see what its kernel says above",
            )),
        }
    }

    /// The end of what its kernel and its services have said.
    fn console(&self) -> String {
        let mut bytes = vec![0; 1 << 20];
        let length = self.console.read_at(&mut bytes, 0).unwrap_or_default();
        last_lines(&String::from_utf8_lossy(&bytes[..length]))
    }
}

/// Whether the command has begun, and its exit code once it has ended.
fn said(status: &File) -> (bool, Option<i32>) {
    let mut bytes = [0; 32];
    let length = status.read_at(&mut bytes, 0).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[..length]);
    let mut lines = text.lines();
    (lines.next().is_some(), lines.next().and_then(|code| code.parse().ok()))
}

impl Drop for Boot {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

/// All that can be emulated but guards of the kernel, without which emulation takes a tenth less.
const EMULATED_MODEL: &str = "max,smap=off,smep=off,la57=off,pku=off,umip=off";

/// The emulator with all that does not differ from boot to boot; it dies with this process.
fn emulator(machine: &Machine, parts: &Parts, processors: Processors) -> Command {
    let own = program_of(&parts.tools, "usr/bin/qemu-system-x86_64", None);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(own.get_program()).args(own.get_args());
    for folder in ["usr/share/qemu", "usr/share/seabios"] {
        command.arg("-L").arg(parts.tools.join(folder));
    }
    command.args(match processors {
        Processors::Virtual => ["-accel", "kvm", "-cpu", "host"],
        Processors::Emulated => ["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", EMULATED_MODEL],
    });
    command.args(["-M", "q35", "-smp", "2", "-m", MEMORY, "-display", "none", "-vga", "none"]);
    // No network at all.
    command.args(["-nic", "none", "-no-reboot", "-monitor", "none", "-device", "virtio-rng-pci"]);
    command.arg("-kernel").arg(&parts.kernel).arg("-initrd").arg(&parts.initial);
    let mut words = vec!["console=ttyS0", "panic=-1", "systemd.unit=multi-user.target"];
    let host_name = format!("systemd.hostname={}", machine.name);
    words.extend(["systemd.show_status=no", "systemd.getty_auto=no", "quiet", &host_name]);
    words.extend(machine.kernel.iter().map(String::as_str));
    command.arg("-append").arg(words.join(" "));
    command
}

/// What a command finds around it.
fn environment(machine: &Machine, processors: Processors) -> io::Result<String> {
    let slower = if processors == Processors::Emulated { SLOWER } else { 1.0 };
    let patience = patience().map_err(io::Error::other)? * slower;
    let user = if machine.user { USER } else { "root" };
    Ok(format!(
        "export USER={user} MATRYOSHKA_PATIENCE={} XDG_CACHE_HOME=/srv/cache {REVISION}={}\n\
         export PATH=/srv/programs:/usr/bin{}\n",
        patience.min(100.0),
        Tool::read().word(),
        // An ordinary user's path does not lead there.
        if machine.user { "" } else { ":/usr/sbin" },
    ))
}

/// Words as a shell reads them.
fn quoted(argv: &[String]) -> String {
    let words: Vec<String> =
        argv.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
    words.join(" ")
}

/// Everything that the command says, as it is said, for as long as somebody hears it. What is said
/// before it begins is the emulator's own: it is given back where no command ever does.
fn copy(mut from: impl Read, mut to: impl Write, status: &File) -> Vec<u8> {
    let mut buffer = [0; 1 << 14];
    let mut held = Vec::new();
    let (mut is_heard, mut has_begun) = (true, false);
    loop {
        let length = from.read(&mut buffer).unwrap_or_default();
        held.extend_from_slice(&buffer[..length]);
        has_begun = has_begun || said(status).0;
        if has_begun {
            is_heard = is_heard && to.write_all(&held).and_then(|()| to.flush()).is_ok();
            held.clear();
        }
        if length == 0 {
            return held;
        }
    }
}

/// The last lines of a text, without what moves a terminal's cursor.
fn last_lines(text: &str) -> String {
    const LINES: usize = 40;
    let text = program::visible(text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_waited_is_told_to_wait_longer_as_far_as_that_goes() {
        assert!(remedy(1.0, true).contains("MATRYOSHKA_PATIENCE=3)"));
        assert!(remedy(4.0, true).contains("MATRYOSHKA_PATIENCE=12)"));
        for (patience, is_late) in [(1.0, false), (50.0, true)] {
            assert!(!remedy(patience, is_late).contains("PATIENCE"));
        }
    }

    #[test]
    fn words_come_to_a_shell_as_they_were_given() {
        let argv = ["a b", "it's", "", "$x"].map(str::to_owned);
        assert_eq!(quoted(&argv), r"'a b' 'it'\''s' '' '$x'");
    }
}
