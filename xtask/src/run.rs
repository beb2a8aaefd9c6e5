//! One experiment and its report, or several experiments that make a whole.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command, FromArgMatches};
use miette::{Result, miette};
use program::{say, usage};

use crate::experiments::Whole;
use crate::programs::{Programs, exit_code};

/// Runs an experiment with these flags, which are its own, and makes the report that it asks for;
/// also of what an interrupted or failed run has kept.
pub(crate) fn one(programs: &Programs, name: &str, args: &[String]) -> Result<ExitCode> {
    let (code, report) = programs.experiment(name, name, args)?;
    let Some(report) = report else {
        return Ok(exit_code(code));
    };
    let reported = show(programs, report, &[])?;
    Ok(exit_code(if code == 0 { reported } else { code }))
}

/// Makes a report with the arguments that an experiment has left, and says where it lies.
fn show(programs: &Programs, mut report: Vec<OsString>, more: &[OsString]) -> Result<i32> {
    let folder = report.pop().unwrap_or_default();
    report.extend_from_slice(more);
    let is_for_programs = report.iter().any(|flag| flag == "--json");
    report.push(folder.clone());
    let code = programs.report(&report)?;
    if !is_for_programs {
        say(format!("run: {}", folder.display()))?;
    }
    Ok(code)
}

/// Flags of a whole. All others are its parts', which know what is valid; so do they describe these,
/// but for the last.
#[derive(Args)]
struct Flags {
    #[arg(long, hide = true)]
    arms: Option<String>,
    #[arg(long, hide = true)]
    out: Option<PathBuf>,
    #[arg(long, hide = true)]
    list: bool,
    #[arg(long, hide = true)]
    json: bool,
    /// Language of the page
    #[arg(long, value_name = "LANG", value_parser = ["en", "es"])]
    lang: Option<String>,
}

impl Flags {
    fn command() -> Command {
        let command = Command::new("flags").help_template("{options}");
        Self::augment_args(command.no_binary_name(true).disable_help_flag(true))
    }

    /// Takes those that are the whole's out of a command line.
    fn take(args: &mut Vec<String>) -> Self {
        let command = Self::command();
        let mut own = Vec::new();
        let mut others = Vec::new();
        let mut given = args.drain(..);
        while let Some(arg) = given.next() {
            let name = arg.strip_prefix("--").and_then(|flag| flag.split('=').next());
            let of_name = |flag: &&clap::Arg| flag.get_long() == name;
            let flag = command.get_arguments().find(|flag| name.is_some() && of_name(flag));
            let to = if flag.is_some() { &mut own } else { &mut others };
            let takes_next = flag.is_some_and(|flag| flag.get_action().takes_values());
            let is_apart = takes_next && !arg.contains('=');
            to.push(arg);
            to.extend(is_apart.then(|| given.next()).flatten());
        }
        drop(given);
        *args = others;
        let matches = command.get_matches_from(own);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// Runs all parts of a whole and one report; the tutorial's own two files go into `tutorial`.
pub(crate) fn whole(
    programs: &Programs,
    whole: &Whole,
    mut args: Vec<String>,
    tutorial: &Path,
) -> Result<ExitCode> {
    let first = whole.parts.first().map_or("", String::as_str);
    if let Some(help) = args.iter().find(|arg| ["--help", "-h"].contains(&&***arg)) {
        let text = match programs.answer(first, &whole.name, std::slice::from_ref(help))? {
            Ok(text) => text,
            Err(code) => return Ok(exit_code(code)),
        };
        let of_first = text.find("Usage:").map_or(&*text, |at| &text[at..]);
        let own = Flags::command().render_help();
        let (about, of_first) = (&whole.about, of_first.trim_end());
        say(format!("{about}\n\n{of_first}\n\nOptions of the report:\n{own}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let flags = Flags::take(&mut args);
    if flags.list {
        args.push("--list".to_owned());
        for part in &whole.parts {
            say(format!("{part}:"))?;
            let (code, _) = programs.experiment(part, &whole.name, &args)?;
            if code != 0 {
                return Ok(exit_code(code));
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    // Their lists first: a flag that one of them does not have is found before anything is measured.
    let mut lists = Vec::new();
    for part in &whole.parts {
        let list = [&args[..], &["--list".to_owned()]].concat();
        match programs.answer(part, &whole.name, &list)? {
            Ok(list) => lists.push((part, list)),
            Err(code) => return Ok(exit_code(code)),
        }
    }
    let parts = chosen(whole, flags.arms.as_deref(), &lists)?;
    let out = flags.out.unwrap_or_else(|| fresh_folder(&whole.name));
    args.extend(flags.json.then(|| "--json".to_owned()));
    let lang = flags.lang.map(|lang| format!("--lang={lang}").into());
    let mut more: Vec<OsString> = lang.into_iter().collect();
    let mut report = None;
    for (part, arms) in &parts {
        let mut args = args.clone();
        args.extend(arms.as_ref().map(|arms| format!("--arms={arms}")));
        args.push(format!("--out={}", out.join(part).display()));
        let (code, of_part) = programs.experiment(part, &whole.name, &args)?;
        if code != 0 {
            // What was taken can still be looked at.
            of_part.map(|report| show(programs, report, &more)).transpose()?;
            return Ok(exit_code(code));
        }
        report = of_part;
    }
    let Some(mut report) = report else {
        return Ok(ExitCode::SUCCESS);
    };
    // A page of its own for a single part; the tutorial's files are of a whole run.
    if parts.len() > 1 {
        report.pop();
        report.push(out.into());
    }
    if flags.arms.is_none() {
        more.extend(["--tutorial".into(), tutorial.into()]);
    }
    show(programs, report, &more).map(exit_code)
}

/// The parts to run, and which of their arms if not all.
fn chosen<'a>(
    whole: &'a Whole,
    arms: Option<&str>,
    lists: &[(&'a String, String)],
) -> Result<Vec<(&'a str, Option<String>)>> {
    let Some(wanted) = arms else {
        return Ok(whole.parts.iter().map(|part| (&**part, None)).collect());
    };
    let mut unknown: Vec<&str> = wanted.split(',').collect();
    let mut parts = Vec::new();
    for (part, list) in lists {
        let has = |arm: &&str| list.lines().any(|line| line.split(' ').next() == Some(arm));
        let mine: Vec<&str> = wanted.split(',').filter(has).collect();
        unknown.retain(|arm| !has(arm));
        if !mine.is_empty() {
            parts.push((&***part, Some(mine.join(","))));
        }
    }
    match unknown.first() {
        None => Ok(parts),
        Some(arm) => Err(usage(
            format!("there is no arm `{arm}`"),
            "no part of it has such an arm",
            format!("`cargo xtask {} --list` names them all", whole.name),
        )),
    }
}

/// The quick run of `ci` and `selfbench`, everything into a folder that is given.
pub(crate) fn quick(programs: &Programs, of: &Whole, out: &Path) -> Result<()> {
    let args = vec!["--quick".to_owned(), format!("--out={}", out.display())];
    if whole(programs, of, args, out)? == ExitCode::SUCCESS {
        return Ok(());
    }
    Err(miette!("{} --quick failed", of.name))
}

/// `results/NAME/<UTC time>-<six hexadecimal digits>`.
fn fresh_folder(name: &str) -> PathBuf {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let id = RandomState::new().build_hasher().finish() & 0xff_ffff;
    PathBuf::from(format!("results/{name}/{stamp}-{id:06x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_a_whole_are_told_from_those_of_its_parts() {
        for (line, out, left) in [
            ("--quick --out x --seed 3", Some("x"), "--quick --seed 3"),
            ("--out=y --json", Some("y"), ""),
            ("--blocks=3 --lang es", None, "--blocks=3"),
            ("--outs z", None, "--outs z"),
        ] {
            let mut args: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let flags = Flags::take(&mut args);
            assert_eq!(flags.out, out.map(PathBuf::from), "{line}");
            assert_eq!(args.join(" "), left, "{line}");
        }
    }
}
