//! Both languages hold against each other.

use std::collections::BTreeSet;

use super::*;

/// What is the same word in both languages.
const ALIKE: [&str; 7] = [
    "letter_deviates",
    "taken_one",
    "column_holm",
    "heading_cpu",
    "no",
    "setup_docker",
    "setup_podman",
];

fn entries(lang: Lang) -> Vec<(&'static str, &'static str)> {
    [lang.texts().entries(), lang.levels().entries()].concat()
}

#[test]
fn every_text_is_translated() {
    let [english, spanish] = [Lang::En, Lang::Es].map(entries);
    for ((name, english), (_, spanish)) in english.iter().zip(&spanish) {
        assert!(!english.is_empty() && !spanish.is_empty(), "{name}");
        assert!(
            english != spanish || ALIKE.contains(name),
            "{name} is the same in both"
        );
    }
}

#[test]
fn templates_take_the_same_values_in_both_languages() {
    let names = |template: &str| -> BTreeSet<String> {
        let inner = template.split('{').skip(1);
        inner
            .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
            .collect()
    };
    let [english, spanish] = [Lang::En, Lang::Es].map(entries);
    for ((name, english), (_, spanish)) in english.iter().zip(&spanish) {
        assert_eq!(names(english), names(spanish), "{name}");
    }
}

#[test]
fn values_are_filled_in_once() {
    assert_eq!(
        fill("{a} to {b}; {a}", &[("a", &"{b}"), ("b", &2)]),
        "{b} to 2; {b}"
    );
    assert_eq!(Lang::Es.number(1.5, 2), "1,50");
    assert_eq!(Lang::En.number(-0.04, 1), "0.0");
    assert_eq!(Lang::En.number(-0.06, 1), "-0.1");
    assert_eq!(Lang::Es.file("report", "md"), "report.es.md");
}
