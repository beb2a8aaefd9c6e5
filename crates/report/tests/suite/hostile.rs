//! Words of a record come from engines and containers: none of them reaches a page as a mark, or a
//! terminal as a command.

use std::fs;
use std::time::{Duration, Instant};

use facts::{Facts, Lang};
use measure::Experiment;
use synthetic::{session, trial};

use crate::facts::page;
use crate::support::*;

/// A terminal's commands, a mark of direction, and what a page could take for code and HTML.
const WORDS: &str = "\u{1b}]0;title\u{7}\u{9b}31m\u{202e}```<script>alert(1)</script> | x";

#[test]
fn words_of_a_record_are_only_words() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let tried = trial("odd", WORDS, WORDS, WORDS);
    let none = |_: &_, _| unreachable!("no arm");
    synthetic::take(&run, &[], &Experiment::of_trials("test"), &session(), &[tried], none);
    let said = [WORDS.to_owned()].into();
    let of = |lang| facts::Page { lines: said, ..page(lang) };
    let pages = [(Lang::En, of(Lang::En)), (Lang::Es, page(Lang::Es))].into();
    let found = serde_json::json!({ "words": WORDS });
    Facts { pages, found, ..Facts::default() }.write(&run).expect("written");
    let mut shown = vec![("the terminal", stdout(&report(&[&run])))];
    let json = stdout(&report(&[&run, "--json".as_ref()]));
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(parsed["runs"][0]["found"]["words"], WORDS, "programs get them as they are");
    shown.push(("JSON", json));
    for file in ["report.md", "report.html"] {
        let text = fs::read_to_string(run.join(file)).expect("read");
        // Between two marks of code, or behind one that takes its meaning away.
        let page = text.replace("`<script>", "").replace("\\<script>", "");
        assert!(!page.contains("<script>"), "{file}");
        assert!(!page.contains("```<"), "{file}");
        shown.push((file, text));
    }
    for (place, text) in shown {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{place}");
        assert!(text.contains("alert(1)"), "{place}: nothing is lost");
    }
}

/// A drawing with a character that XML does not have can't be opened.
#[test]
fn figures_have_no_characters_that_break_them() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    crate::facts::take(&run, "test", "matrix");
    let odd = |lang| {
        let mut page = page(lang);
        page.grids[0].title = WORDS.to_owned();
        (lang, page)
    };
    Facts { pages: Lang::ALL.map(odd).into(), ..Facts::default() }.write(&run).expect("written");
    stdout(&report(&[&run]));
    let svg = fs::read_to_string(run.join("tried.svg")).expect("read");
    assert!(svg.contains("\\u{1b}") && !svg.contains('\u{1b}'));
}

#[test]
fn a_word_of_many_pages_is_drawn_at_once() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let long = "words ".repeat(20_000);
    let tried = trial("odd", "a subject", "a step", &long);
    let none = |_: &_, _| unreachable!("no arm");
    synthetic::take(&run, &[], &Experiment::of_trials("test"), &session(), &[tried], none);
    let odd = |lang| {
        let mut page = page(lang);
        let tile = page.grids[0].panels[0].groups[0].rows[1].tiles[1].as_mut();
        tile.expect("a tile").word.clone_from(&long);
        (lang, page)
    };
    Facts { pages: Lang::ALL.map(odd).into(), ..Facts::default() }.write(&run).expect("written");
    let begun = Instant::now();
    stdout(&report(&[&run]));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    assert!(page.contains(long.trim()), "the table has all of it");
}
