//! What goes to which stream, and that a program ends quietly when its reader has gone.

mod found;
mod together;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cargo_metadata::Package;

use found::{is_experiment, workspace};
use together::together;

/// A command line, its exit code, and what a whole word of its answer is on standard output and on
/// standard error; nothing means that the stream stays empty.
type Row = (&'static str, i32, &'static str, &'static str);

/// What prints, beside `--help`, which all have. `RUN` is a record of the workspace, `LOG` a file.
const TABLE: &[Row] = &[
    ("xtask", 0, "Commands:", ""),
    ("xtask ci --help", 0, "Usage:", ""),
    ("xtask claims --help", 0, "--run", ""),
    ("xtask exp4 --help", 0, "--quick", ""),
    ("xtask selfbench --help", 0, "Usage:", ""),
    ("xtask exp4 --list", 0, "podman-nested-self", ""),
    ("xtask exp4 --arms=dokcer", 2, "", "no arm"),
    ("xtask doctor", 0, "ready", ""),
    ("xtask lab status", 0, "running labs", ""),
    ("xtask claims --root=no-such-folder", 2, "", "no-such-folder"),
    ("xtask machine", 0, "no-fuse", ""),
    ("machine", 0, "no-fuse", ""),
    ("machine --version", 0, "machine", ""),
    ("machine trixie", 2, "", "lab doctor"),
    ("machine --with=no-such-file trixie -- true", 2, "", "no-such-file"),
    ("machine --look trixie -- true", 2, "", "cannot be used"),
    ("machine nosuch -- true", 2, "", "there are trixie"),
    ("lab", 2, "", "Usage:"),
    ("lab --version", 0, "lab", ""),
    ("lab status", 0, "running labs", ""),
    ("lab clean", 0, "freed", ""),
    ("lab clean --yes", 0, "freed", ""),
    ("lab images", 0, "no image was pulled", ""),
    ("lab images rm none", 2, "", "no image none was pulled"),
    ("lab pull Alpine", 2, "", "is no image"),
    ("lab pull alpine redis --as=none", 2, "", "--as names one image"),
    ("lab exec --images=none -- true", 2, "", "stand-ins, pulled"),
    ("lab doctor", 0, "ready", ""),
    ("lab mirror", 0, "http", ""),
    ("lab probe spawn 3 /bin/true", 0, "wall_ns", ""),
    ("lab exec --generation=jessie -- true", 2, "", "trixie, forky"),
    ("lab shell --generation=jessie", 2, "", "trixie, forky"),
    ("lab exec --in=none -- true", 1, "", "there is no lab none"),
    ("lab shell --in --name=none", 2, "", "cannot be used"),
    ("lab bring-up --generation=jessie", 2, "", "trixie, forky"),
    ("lab lock --generation=jessie", 2, "", "trixie, forky"),
    ("report", 2, "", "Usage:"),
    ("report compare published RUN", 0, "dind/docker", ""),
    ("report compare published RUN --json", 0, "\"", ""),
    ("report compare published RUN --html", 0, "<figure>", ""),
    ("report compare published RUN RUN", 2, "", "they are one run"),
    ("report compare RUN RUN RUN", 2, "", "2 runs are named after"),
    ("report merge RUN", 0, "needs 6 of them", ""),
    ("report merge RUN --json", 0, "\"", ""),
    ("report merge RUN --machines-differ", 0, "another machine", ""),
    ("report claims --readme --root=no-such-folder", 2, "", "no-such-folder"),
    ("authz --print-policy", 0, "[", ""),
    ("authz --version", 0, "authz", ""),
    ("authz --policy=no-such-file", 1, "", "no-such-file"),
    ("registry", 2, "", "usage:"),
    ("sandbox", 2, "", "usage:"),
    ("probe", 2, "", "usage:"),
    ("probe feed 1", 0, "", ""),
];

/// Tasks that are not run here: they are programs of the table under another name.
const FORWARDED: &[&str] = &["xtask report", "xtask compare", "xtask merge"];

/// What an experiment says in its own folder of its streams: arguments, exit code, a word on each.
const OF_EXPERIMENT: &str = "tests/streams.csv";

/// Flags that say how something is done. What is neither here nor in the table is a new one.
const HOW: &[&str] = &["--lang", "--quiet", "--reference", "--sandbox", "--socket", "--tutorial"];

/// Programs that people do not call, without a help.
const INNER: &[&str] = &["probe", "registry", "sandbox"];

#[derive(Clone, Copy, Debug)]
enum Gone {
    Nobody,
    Stdout,
    Stderr,
}

fn log() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("log")
}

/// Runs a line of the table. Whoever is gone has closed the pipe before the program starts.
fn run(line: &str, gone: Gone) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let log = log();
    let log = log.to_str().expect("UTF-8");
    let run = root.join("results/reference/exp4");
    let run = run.to_str().expect("UTF-8");
    let mut words = line.split(' ').map(|word| match word {
        "LOG" => log,
        "RUN" => run,
        other => other,
    });
    let programs = Path::new(env!("CARGO_BIN_EXE_xtask")).parent().expect("a folder");
    let mut command = Command::new(programs.join(words.next().expect("a program")));
    command.args(words).current_dir(scratch).stdin(Stdio::null());
    // A cache of its own can be emptied, whoever else is at work.
    let cache = tempfile::tempdir_in(scratch).expect("a folder");
    command.env("XDG_CACHE_HOME", cache.path());
    let closed = || std::io::pipe().expect("a pipe").1;
    match gone {
        Gone::Nobody => {}
        Gone::Stdout => drop(command.stdout(closed())),
        Gone::Stderr => drop(command.stderr(closed())),
    }
    if !matches!(gone, Gone::Stdout) {
        command.stdout(Stdio::piped());
    }
    if !matches!(gone, Gone::Stderr) {
        command.stderr(Stdio::piped());
    }
    let child = command.spawn().unwrap_or_else(|e| panic!("{line}: {e}"));
    child.wait_with_output().expect("it ends")
}

/// What is wrong with how a line of the table is answered.
fn complaints(&(line, code, stdout, stderr): &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    for gone in [Gone::Nobody, Gone::Stdout, Gone::Stderr] {
        let output = run(line, gone);
        let out = String::from_utf8_lossy(&output.stdout);
        let err = String::from_utf8_lossy(&output.stderr);
        // Cargo's word where several look at once whether all is built, as here.
        let is_said = |line: &&str| !line.trim_start().starts_with("Blocking waiting for");
        let err: String = err.lines().filter(is_said).collect();
        let fits = |text: &str, wanted: &str| {
            if wanted.is_empty() { text.is_empty() } else { text.contains(wanted) }
        };
        // A list may be empty; what `probe feed` writes is bytes.
        let any = stdout.is_empty() && stderr.is_empty();
        let out_fits = matches!(gone, Gone::Stdout) || any || fits(&out, stdout);
        let err_fits = matches!(gone, Gone::Stderr) || fits(&err, stderr);
        if output.status.code() != Some(code) || !out_fits || !err_fits {
            let start: String = out.chars().take(300).collect();
            wrong.push(format!(
                "{line}, without {gone:?}: {}\n  stdout: {start}\n  stderr: {err}",
                output.status
            ));
        }
    }
    wrong
}

/// The names in a section of a help: of the lines that are not indented further.
fn section(help: &str, title: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != title).skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let names = lines.filter_map(|line| {
        let long =
            line.find("--").map(|at| &line[at..]).filter(|_| line.trim_start().starts_with('-'));
        let command = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
        let name = if title == "Options:" { long } else { command }?;
        Some(name.split([' ', '=', '[', '<']).next()?.to_owned())
    });
    names.collect()
}

/// Those that are no experiments.
fn programs() -> BTreeSet<String> {
    let metadata = workspace();
    let others = metadata.packages.iter().filter(|package| !is_experiment(package));
    let targets = others.flat_map(|package| &package.targets);
    let programs = targets.filter(|target| target.is_bin());
    programs.map(|target| target.name.clone()).collect()
}

fn experiments() -> impl Iterator<Item = Package> {
    workspace().packages.into_iter().filter(is_experiment)
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// The experiments' lines, each as the program is called and as `cargo xtask` calls it: what prints
/// there and leaves no run prints the same here, whatever flag it was.
fn of_experiments() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for package in experiments() {
        let folder = package.manifest_path.parent().expect("a folder");
        let table = std::fs::read_to_string(folder.join(OF_EXPERIMENT)).unwrap_or_default();
        let mut table = csv::Reader::from_reader(table.as_bytes());
        let own = table.deserialize().map(|row| row.expect("four columns"));
        let help = format!("{} --help", package.name);
        rows.push((leaked(&help), 0, "Usage:", ""));
        let own: Vec<(String, i32, String, String)> = own.collect();
        for (args, code, stdout, stderr) in own {
            let [stdout, stderr] = [stdout, stderr].map(|word| leaked(&word));
            for called in ["", "xtask "] {
                let line = format!("{called}{} {args}", package.name);
                rows.push((leaked(&line), code, stdout, stderr));
            }
        }
    }
    rows
}

#[test]
fn a_reader_that_goes_is_no_failure_and_each_stream_has_its_own() {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--workspace", "--bins"])
        .status();
    assert!(built.expect("cargo runs").success());
    std::fs::write(log(), "some words\n").expect("a file");
    let mut lines: Vec<Row> = TABLE.to_vec();
    lines.extend(of_experiments());
    let experiments: Vec<String> = experiments().map(|package| package.name.to_string()).collect();
    let mut flags = BTreeSet::new();
    let mut tasks: Vec<String> = programs().into_iter().collect();
    while let Some(task) = tasks.pop() {
        let is_named = |(line, ..): &Row| format!("{line} ").starts_with(&format!("{task} "));
        let is_experiment = |name: &str| experiments.iter().any(|of| of == name);
        if FORWARDED.contains(&&*task) || task.strip_prefix("xtask ").is_some_and(is_experiment) {
            continue;
        }
        assert!(TABLE.iter().any(is_named), "{task} is not in the table");
        // A task has the help of the program that it runs, or one in the table.
        if INNER.contains(&&*task) || task.starts_with("xtask ") {
            continue;
        }
        let line = leaked(&format!("{task} --help"));
        lines.push((line, 0, "Usage:", ""));
        let help = run(line, Gone::Nobody).stdout;
        let help = String::from_utf8_lossy(&help);
        flags.extend(section(&help, "Options:"));
        let known = section(&help, "Commands:");
        let commands = known.iter().filter(|command| *command != "help");
        tasks.extend(commands.map(|command| format!("{task} {command}")));
    }
    let in_table = |flag: &str| {
        let mut words = TABLE.iter().flat_map(|(line, ..)| line.split([' ', '=']));
        words.any(|word| word == flag)
    };
    let new = |flag: &&String| *flag != "--help" && !HOW.contains(&&***flag) && !in_table(flag);
    let new: Vec<&String> = flags.iter().filter(new).collect();
    assert!(new.is_empty(), "not known here: {new:?}");
    let wrong = together(&lines, complaints).concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
