//! Numbers in prose, each from the record that its mark names.

use std::fs;
use std::path::Path;

use rstest::rstest;

use crate::ledger::{PAGES, committed, ledger, workspace};
use crate::support::*;

const TABLE: &str = "arm,kind,ratio,low,high,wall_ns,share\n\
     a,x,1.234,1.1,1.5,2500000000,0.175\n\
     b,x,0.98,0.9,1.04,70000000,0.365\n\
     b,y,-0.5,,,,0.96875\n";

/// Ends with the mark, so that a test can put it into a sentence.
fn page(place: &Path, sentence: &str) -> String {
    fs::write(place.join("results/table.csv"), TABLE).expect("written");
    fs::write(place.join("results/run.json"), r#"{"blocks": 15, "of": "us"}"#).expect("written");
    let path = place.join("README.md");
    let text = fs::read_to_string(&path).expect("a README") + sentence;
    fs::write(&path, &text).expect("written");
    text
}

#[rstest]
#[case::decimals("table.csv; arm=a; ratio .2", "1.23")]
#[case::words("table.csv; arm=a; kind", "x")]
#[case::as_it_stands("table.csv; arm=a; ratio", "1.234")]
#[case::two_columns_choose("table.csv; arm=b; kind=y; ratio .1", "-0.5")]
#[case::what_is_not("table.csv; arm!=a; kind!=y; ratio .2", "0.98")]
#[case::interval("table.csv; arm=a; ratio [low to high] .1", "1.2 [1.1 to 1.5]")]
#[case::points("table.csv; arm=a; ratio points .0", "23")]
#[case::percent("table.csv; arm=b; kind=y; ratio percent .0", "-50")]
#[case::seconds("table.csv; arm=a; wall_ns s .1", "2.5")]
#[case::milliseconds("table.csv; kind=x; least wall_ns ms .0", "70")]
#[case::megabytes("table.csv; arm=a; wall_ns MB .0", "2500")]
#[case::most("table.csv; most ratio .2", "1.23")]
#[case::least("table.csv; least ratio .2", "-0.50")]
#[case::a_half("table.csv; arm=a; share .2", "0.18")]
#[case::another("table.csv; most share percent .1", "96.9")]
#[case::the_least_of("table.csv; arm=b; least share .2", "0.37")]
#[case::all("table.csv; count", "3")]
#[case::some("table.csv; arm=b; count", "2")]
#[case::a_field("run.json; blocks", "15")]
#[case::a_fields_words("run.json; of", "us")]
fn a_mark_is_filled(#[case] mark: &str, #[case] number: &str) {
    let place = workspace();
    page(
        place.path(),
        &format!("So <!--= {mark} -->old<!--/--> it is, twice <!--= {mark} --><!--/-->"),
    );
    stdout(&ledger(place.path(), &["--readme"]));
    let text = fs::read_to_string(place.path().join("README.md")).expect("a README");
    let one = format!("<!--= {mark} -->{number}<!--/-->");
    assert!(text.ends_with(&format!("So {one} it is, twice {one}")), "{text}");
}

#[rstest]
#[case::no_row("It is <!--= table.csv; arm=c; ratio .2 -->1<!--/-->.", "no row")]
#[case::nothing_to_count("It is <!--= table.csv; arm=c; count -->1<!--/-->.", "no row")]
#[case::two_rows("It is <!--= table.csv; arm=b; ratio .2 -->1<!--/-->.", "2 rows")]
#[case::no_such_column(
    "It is <!--= table.csv; arm=a; ration .2 -->1<!--/-->.",
    "no column `ration`"
)]
#[case::no_such_condition(
    "It is <!--= table.csv; arms!=a; ratio .2 -->1<!--/-->.",
    "no column `arms`"
)]
#[case::no_condition("It is <!--= table.csv; arm; ratio .2 -->1<!--/-->.", "COLUMN=VALUE")]
#[case::no_number("It is <!--= table.csv; arm=a; kind .2 -->1<!--/-->.", "no number")]
#[case::empty("It is <!--= table.csv; kind=y; low .2 -->1<!--/-->.", "no number")]
#[case::no_decimals("It is <!--= table.csv; least ratio -->1<!--/-->.", "decimals")]
#[case::no_file("It is <!--= tables.csv; arm=a; ratio .2 -->1<!--/-->.", "tables.csv")]
#[case::only_a_file("It is <!--= table.csv -->1<!--/-->.", "table.csv")]
#[case::no_end("It is <!--= table.csv; count -->1.", "it has no")]
#[case::the_end_of_another(
    "It is <!--= table.csv; count -->1 <!--= table.csv; count -->1<!--/-->.",
    "it has no"
)]
#[case::first_in_a_line("It is\n  <!--= table.csv; count -->1<!--/-->.", "begins with a comment")]
#[case::first_in_a_point("- <!--= table.csv; count -->1<!--/-->.", "begins with a comment")]
fn a_mark_that_chooses_no_number_is_an_error(#[case] sentence: &str, #[case] why: &str) {
    let place = workspace();
    let before = page(place.path(), sentence);
    let error = refused(&ledger(place.path(), &["--readme"]), 1);
    let error = error.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["README.md", "chooses no number", why, "help: a mark is"] {
        assert!(error.contains(words), "no {words}: {error}");
    }
    let after = fs::read_to_string(place.path().join("README.md")).expect("a README");
    assert_eq!(before, after);
}

/// What is left of a page without what is written by the program, code, and where links lead.
fn prose(text: &str) -> String {
    let without = |text: &str, begin: &str, end: &str| {
        let mut kept = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(begin) {
            kept.push_str(before);
            (_, rest) = after.split_once(end).expect("an end");
        }
        kept + rest
    };
    let text = without(text, "<!-- claims: begin", "<!-- claims: end -->");
    let text = without(&text, "<!--= ", "<!--/-->");
    let text = without(&text, "<!--", "-->");
    let text = without(&text, "```", "```");
    let text = without(&text, "`", "`");
    without(&text, "](", ")")
}

/// Numbers that no command would change are wrong one day. On the page of findings every digit is one,
/// but in the name of a level or an experiment; in the README what looks like a result.
#[test]
fn no_number_stands_outside_of_marks() {
    let [readme, findings] =
        PAGES.map(|page| prose(&fs::read_to_string(committed().join(page)).expect("a page")));
    let words = findings.split_whitespace().collect::<Vec<_>>();
    let typed: Vec<&[&str]> = words
        .windows(2)
        .filter(|pair| pair[1].contains(|c: char| c.is_ascii_digit()))
        .filter(|pair| pair[0] != "level")
        .collect();
    assert!(typed.is_empty(), "results/findings.md: {typed:?}");
    let is_result = |word: &&str| {
        let word = word.trim_end_matches([',', ';', ':', '.', ')']);
        let has_digit = |of: &str| of.contains(|c: char| c.is_ascii_digit());
        has_digit(word) && (word.contains(['.', '%']))
    };
    let typed: Vec<&str> = readme.split_whitespace().filter(is_result).collect();
    assert!(typed.is_empty() && !readme.contains(" %"), "README.md: {typed:?}");
    assert!(readme.lines().count() <= 150);
}
