//! The page in both forms and both languages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use rstest::rstest;

use crate::support::*;

/// The texts of a run that is reported in both languages, by file. All of these tests only read.
fn texts() -> &'static BTreeMap<String, String> {
    static TEXTS: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let place = tempfile::tempdir().expect("a folder");
        let run = exp4(place.path(), 8);
        for lang in ["en", "es"] {
            stdout(&report(&[&run, "--lang".as_ref(), lang.as_ref()]));
        }
        let mut texts = BTreeMap::new();
        for folder in ["", "startup", "cpu"] {
            for entry in fs::read_dir(run.join(folder)).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(&run).expect("below").display();
                if let Ok(text) = fs::read_to_string(&path) {
                    texts.insert(name.to_string(), text);
                }
            }
        }
        texts
    })
}

fn text(file: &str) -> &'static str {
    texts().get(file).unwrap_or_else(|| panic!("no {file}"))
}

#[test]
fn the_page_has_its_sections_in_the_order_of_the_method() {
    let page = text("report.md");
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(
        headings,
        [
            "## What was claimed, and what was found here",
            "## The ratios",
            "## The medians",
            "## Where each percentage goes",
            "## Order, control and sensitivity",
            "## How it was measured",
        ]
    );
    let subheadings: Vec<&str> = page.lines().filter(|line| line.starts_with("### ")).collect();
    assert_eq!(
        subheadings[2..7],
        [
            "### What is estimated",
            "### What is left out",
            "### When it stopped",
            "### The family",
            "### The machine and its engines",
        ]
    );
    assert!(page.contains("cargo xtask report <this folder>"));
    let html = text("report.html");
    let mut from = 0;
    for heading in headings {
        let heading = format!(">{}</h2>", heading.trim_start_matches("## "));
        from += html[from..].find(&heading).expect("in the same order");
    }
}

#[test]
fn the_html_needs_nothing_else() {
    for (lang, file) in [("en", "report.html"), ("es", "report.es.html")] {
        let page = text(file);
        assert!(
            page.starts_with("<!DOCTYPE html><html lang=\"")
                && page.contains(&format!("lang=\"{lang}\""))
        );
        // The name of SVG's language is no address that anything is fetched from.
        let without_names = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for foreign in [
            "<script", "http://", "https://", "<link", "<img", "@import", "url(", "<iframe", "src=",
        ] {
            assert!(!without_names.contains(foreign), "{foreign}");
        }
        for needed in
            ["prefers-color-scheme:dark", "@media print", "name=\"viewport\"", "max-width:46rem"]
        {
            assert!(page.contains(needed), "{needed}");
        }
    }
}

#[test]
fn every_figure_has_a_name_and_every_table_its_caption_and_scopes() {
    let page = text("report.html");
    let drawings: Vec<&str> = page.split("<svg ").skip(1).collect();
    assert_eq!(drawings.len(), 4 * 2, "four figures, wide and narrow");
    for drawing in drawings {
        let (opening, rest) = drawing.split_once('>').expect("closed");
        assert!(opening.contains("role=\"img\""));
        let label = opening.split_once("aria-label=\"").expect("a label").1;
        assert!(label.split_once('"').expect("closed").0.len() > 40, "{label}");
        assert!(rest.starts_with("<title>"), "{}", &rest[..40]);
    }
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    for table in page.split("<table ").skip(1) {
        let table = table.split_once("</table>").expect("closed").0;
        assert!(table.contains("<caption>"));
        for cell in table.split("<th").skip(1).filter(|cell| !cell.starts_with("ead")) {
            assert!(cell.starts_with(" scope=\""), "{}", &cell[..30]);
        }
    }
    // Headings in order: no level is skipped.
    let levels: Vec<u32> = page
        .match_indices("<h")
        .filter_map(|(at, _)| page[at + 2..].chars().next()?.to_digit(10))
        .collect();
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let markdown = text("report.md");
    assert_eq!(markdown.matches("![").count(), 4);
    assert!(!markdown.contains("![]"), "each with an alternative text");
}

/// Every text of the English table that is a whole sentence or title, as the English page has it,
/// is gone from the Spanish one.
#[test]
fn the_spanish_page_has_no_english_left_over() {
    let (english, spanish) = (text("report.html"), text("report.es.html"));
    // Texts between tags, but for what programs and experiments say (marked as English), code,
    // names, and numbers.
    let between = |page: &str| -> Vec<String> {
        let body = page.split_once("<body>").expect("a body").1;
        let chunks = body.split('<').filter_map(|chunk| {
            let (tag, text) = chunk.split_once('>')?;
            (!tag.starts_with("code") && !tag.starts_with("wbr")).then(|| text.trim().to_owned())
        });
        let is_text =
            |text: &String| text.matches(char::is_alphabetic).count() > 3 && text.contains(' ');
        chunks.filter(is_text).collect()
    };
    let english = between(english);
    let recorded = [text("startup/manifest.json"), text("cpu/manifest.json")].concat();
    let left: Vec<String> = between(spanish)
        .into_iter()
        .filter(|text| english.contains(text) && !recorded.contains(text.as_str()))
        .filter(|text| !ALIKE.iter().any(|alike| text.contains(alike)))
        .collect();
    assert!(left.is_empty(), "{left:#?}");
    assert!(english.len() > 150, "the test looks at something: {}", english.len());

    for file in ["figure.es.svg", "forest.es.svg", "parts.es.svg", "order.es.svg", "report.es.md"] {
        let text = text(file);
        for word in ["median ", "sample", "ratio", "blocks", "interval "] {
            assert!(!text.contains(word), "`{word}` in {file}");
        }
    }
    assert!(spanish.contains("99,2\u{a0}%"), "decimal comma");
}

/// What is the same in both languages: names, the kernel's own words, versions.
const ALIKE: [&str; 5] = ["Holm", "Mitigation", "Linux 6.12", "Intel i7", "GiB"];

/// With many arms a figure grows and stays in groups; nothing is left out.
#[test]
fn fifty_four_arms_are_all_drawn() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, &SYSCALLS, 6, |arm, times| Ok(u64::from(arm.operations) * (200 + times * 7 % 11)));
    say(&run);
    stdout(&report(&[&run]));
    let svg = fs::read_to_string(run.join("figure.svg")).expect("read");
    for arm in &SYSCALLS {
        assert!(svg.contains(&format!("\n{}\n", arm.name)), "{}", arm.name);
    }
    for group in ["System calls: getppid", "System calls: open"] {
        assert!(svg.contains(group), "{group}");
    }
    // 200 ns an operation, whatever the number of operations.
    let median: f64 = table(&run.join("summary.csv"))[0]["median_ns"].parse().expect("a number");
    assert!((200.0..212.0).contains(&median), "{median}");
    let claims = table(&run.join("claims.csv"));
    assert_eq!(claims.len(), 1);
    assert_eq!(
        (claims[0]["id"].as_str(), claims[0]["of"].as_str()),
        ("A18", "getppid-2/getppid-1")
    );
}

/// The least that a page without a run is made of.
const SHEET: &str = r#"{"experiment":"some","title":"","lead":"","pieces":[],
    "figure":{"subtitle":"","alternative":"","panels":[],"legend":[]}}"#;

#[rstest]
#[case::no_json("{", &[], 1, "can't be read")]
#[case::no_sheet("{\"title\":\"x\"}", &[], 1, "missing field")]
#[case::in_spanish(SHEET, &["--lang=es"], 2, "in English")]
fn what_is_no_run_is_shown_as_it_is_or_refused(
    #[case] facts: &str,
    #[case] flags: &[&str],
    #[case] exit: i32,
    #[case] words: &str,
) {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("facts.json"), facts).expect("written");
    let flags = flags.iter().map(Path::new);
    let args: Vec<&Path> = std::iter::once(place.path()).chain(flags).collect();
    let text = refused(&report(&args), exit);
    assert!(text.contains(words), "{text}");
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 1);
}
