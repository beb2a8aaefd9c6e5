//! What an agent wrote of its job.

/// Step, outcome and nanoseconds, if this line says how a step ended.
pub(super) fn ended(line: &str) -> Option<(&str, &str, u64)> {
    let mut words = line.split(' ');
    let (step, outcome) = (words.next()?, words.next()?);
    let milliseconds: u64 = words.next()?.parse().ok()?;
    let is_end = matches!(outcome, "works" | "failed") && words.next().is_none();
    is_end.then_some((step, outcome, milliseconds * 1_000_000))
}

/// The last two lines that say why: no warnings, none that only says that something within failed, and
/// of a long one its end, where Go's programs have the cause.
pub(super) fn cause(said: &[&str]) -> String {
    const MOST: usize = 240;
    let is_shell = |line: &str| {
        let ends = ["exit status 1", "exited with status 1", "(Unable to determine exit status)"];
        line.is_empty() || ends.iter().any(|end| line.ends_with(end))
    };
    let telling = said.iter().filter(|line| !line.contains("level=warning"));
    let telling = telling.map(|line| match line.split_once("level=error msg=\"") {
        Some((_, message)) => {
            let message = message.trim_end_matches('"').trim_end_matches("\\n");
            message.replace(r#"\""#, "\"").replace(r"\\", r"\")
        }
        None => line.trim().to_owned(),
    });
    let mut telling: Vec<String> = telling.filter(|line| !is_shell(line)).collect();
    if telling.is_empty() {
        telling.extend(said.last().map(ToString::to_string));
    }
    telling.dedup();
    let ends = telling[telling.len().saturating_sub(2)..].iter().map(|line| {
        let skipped = line.chars().count().saturating_sub(MOST);
        let end: String = line.chars().skip(skipped).collect();
        if skipped == 0 { end } else { format!("... {end}") }
    });
    ends.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::warnings_left_out(
        &["time=\"t\" level=warning msg=\"Falling back\"", "Error: a: b"],
        "Error: a: b"
    )]
    #[case::logged(&["time=\"t\" level=error msg=\"a: not permitted\\n\""], "a: not permitted")]
    #[case::within(
        &["error setting groups: no", "subprocess exited with status 1", "Error: RUN: exit status 1"],
        "error setting groups: no"
    )]
    #[case::nothing_else(&["Error: exit status 1"], "Error: exit status 1")]
    #[case::nothing(&[], "")]
    #[case::two(&["a", "b", "c", "c"], "b; c")]
    fn a_cause_is_what_says_why(#[case] said: &[&str], #[case] expected: &str) {
        assert_eq!(cause(said), expected);
    }

    #[test]
    fn of_a_long_line_the_end_is_left() {
        let line = format!("{}: no device", "x".repeat(1000));
        let cause = cause(&[&line]);
        assert!(cause.len() < 260 && cause.ends_with(": no device"), "{cause}");
    }
}
