//! Exit codes, and one error shape (what, why, remedy).

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::process::{ExitCode, Termination};
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme, MietteDiagnostic, Report, Severity};

use crate::limits;
use crate::visible::visible;

/// Exit code: done.
pub const EXIT_DONE: u8 = 0;
/// Exit code: a run or a property failed.
pub const EXIT_FAILED: u8 = 1;
/// Exit code: wrong usage.
pub const EXIT_USAGE: u8 = 2;
/// Exit code: this machine can't, and the error says why.
pub const EXIT_UNSUPPORTED: u8 = 77;

/// What an error's severity says about the exit code. (A diagnostic code would say it too, but is
/// printed as a line of its own.)
const EXITS: [(Severity, u8); 3] = [
    (Severity::Error, EXIT_FAILED),
    (Severity::Advice, EXIT_USAGE),
    (Severity::Warning, EXIT_UNSUPPORTED),
];

/// An error in the project's one shape; the program ends with [`EXIT_FAILED`].
#[must_use]
pub fn failure(
    what: impl Into<String>,
    why: impl Into<String>,
    remedy: impl Into<String>,
) -> Report {
    Report::new(MietteDiagnostic::new(why).with_help(remedy)).wrap_err(what.into())
}

/// The same for wrong usage; the program ends with [`EXIT_USAGE`].
#[must_use]
pub fn usage(what: impl Into<String>, why: impl Into<String>, remedy: impl Into<String>) -> Report {
    let cause = MietteDiagnostic::new(why).with_help(remedy).with_severity(Severity::Advice);
    Report::new(cause).wrap_err(what.into())
}

/// The same for what this machine lacks; the program ends with [`EXIT_UNSUPPORTED`].
#[must_use]
pub fn unsupported(
    what: impl Into<String>,
    why: impl Into<String>,
    remedy: impl Into<String>,
) -> Report {
    let cause = MietteDiagnostic::new(why).with_help(remedy).with_severity(Severity::Warning);
    Report::new(cause).wrap_err(what.into())
}

/// Runs a program's body; its error is printed on standard error and becomes the exit code that
/// belongs to it.
pub fn main<T: Termination>(body: impl FnOnce() -> miette::Result<T>) -> ExitCode {
    // A file that grows beyond `ulimit -f` is to be an error with its name. A handler, unlike an
    // ignored signal, is not inherited by what is started.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    match limits::stack().and_then(|()| body()) {
        Ok(done) => done.report(),
        Err(report) => {
            complain(&report);
            ExitCode::from(exit_code(&report))
        }
    }
}

/// Prints an error on standard error.
pub fn complain(report: &Report) {
    // Nobody is left to be told that it is closed.
    let _ = std::io::stderr().write_all(render(report).as_bytes());
}

/// What, then each why, in one line: the form that a record keeps.
#[must_use]
pub fn one_line(report: &Report) -> String {
    let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
    chain.join(": ").replace('\n', " | ")
}

fn exit_code(report: &Report) -> u8 {
    let severity = report.severity().unwrap_or(Severity::Error);
    let exit = EXITS.iter().find(|(other, _)| *other == severity);
    exit.map_or(EXIT_FAILED, |(_, exit)| *exit)
}

fn render(report: &Report) -> String {
    let plain = drawn(report, GraphicalTheme::unicode_nocolor());
    match visible(&plain) {
        Cow::Borrowed(_) if std::io::stderr().is_terminal() => {
            drawn(report, GraphicalTheme::default())
        }
        // A drawing in colours could not be told from words that have some.
        shown => shown.into_owned(),
    }
}

fn drawn(report: &Report, theme: GraphicalTheme) -> String {
    let mut text = String::new();
    // What, why and remedy are one line each, so that a log can be searched for them.
    let handler = GraphicalReportHandler::new_themed(theme).with_wrap_lines(false);
    match handler.render_report(&mut text, report.as_ref()) {
        Ok(()) => text,
        Err(_) => format!("{}\n", one_line(report)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_reach_the_exit_through_added_context() {
        let unsupported =
            miette::miette!(severity = Severity::Warning, "no overlayfs").wrap_err("outer");
        for (report, exit) in [
            (failure("what", "why", "remedy"), EXIT_FAILED),
            (usage("what", "why", "remedy").wrap_err("outer"), EXIT_USAGE),
            (unsupported, EXIT_UNSUPPORTED),
        ] {
            assert_eq!(exit_code(&report), exit);
        }
    }

    #[test]
    fn words_of_others_do_nothing_to_a_terminal() {
        let text = render(&failure("\u{1b}[2Jwhat", "\u{7}why", "remedy"));
        assert!(text.contains("\\u{1b}[2Jwhat") && text.contains("\\u{7}why"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn what_why_and_remedy_are_one_line_each() {
        let long = "a long reason ".repeat(30);
        let text = render(&failure("what failed", long.trim(), "do this"));
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].contains("what failed"));
        assert!(lines[1].contains(long.trim()));
        assert!(lines[2].contains("do this"));
    }
}
