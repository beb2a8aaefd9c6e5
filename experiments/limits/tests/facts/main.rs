//! What a run says, from outside: the facts that the program derives of synthetic runs.

use facts::{Facts, Lang};
use measure::{Experiment, Trial};
use rstest::rstest;
use synthetic::{Row, derived, session, table, take, texts, trial};

const TABLE: &str = "bounds";
const STEPS: [&str; 7] =
    ["starts", "place", "charged-memory", "charged-cpu", "cpu", "memory", "pids"];

/// The facts of a run with these rows.
fn of(rows: &[Trial]) -> Facts {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let experiment = Experiment::of_trials("limits");
    take(&run, &[], &experiment, &session(), rows, |arm, _| panic!("{} is no arm", arm.name));
    derived(env!("CARGO_BIN_EXE_limits"), &run)
}

/// A set-up's rows where everything is bound, or nothing.
fn setup(subject: &str, is_bound: bool) -> Vec<Trial> {
    let outcome = |step: &str| match (step, is_bound) {
        ("starts", _) => "ok",
        ("place", true) => "below",
        ("place", false) => "beside",
        (step, true) if step.starts_with("charged") => "counted",
        (step, false) if step.starts_with("charged") => "missed",
        (_, true) => "inside",
        (_, false) => "outside",
    };
    STEPS.iter().map(|step| trial(TABLE, subject, step, outcome(step))).collect()
}

/// One that starts nothing inside.
fn refused(subject: &str) -> Vec<Trial> {
    let row = trial(TABLE, subject, "starts", "failed");
    vec![Trial { reason: "cannot enter cgroupv2".to_owned(), ..row }]
}

fn with(mut rows: Vec<Trial>, step: &str, outcome: &str) -> Vec<Trial> {
    let row = rows.iter_mut().find(|row| row.step == step).expect("a step");
    outcome.clone_into(&mut row.outcome);
    rows
}

fn row_of(rows: &[Trial]) -> Row {
    let mut rows = table(&of(rows), "limits.csv");
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

const NAME: &str = "dind host leaf";

#[rstest]
#[case::bound(setup(NAME, true), "yes", "inside", "inside")]
#[case::unbound(setup(NAME, false), "no", "outside", "outside")]
#[case::one_is_enough(with(setup(NAME, true), "cpu", "outside"), "no", "inside", "outside")]
#[case::a_charge_is_enough(
    with(setup(NAME, true), "charged-cpu", "missed"),
    "no",
    "inside",
    "inside"
)]
#[case::not_seen(with(setup(NAME, true), "cpu", "failed"), "", "inside", "failed")]
#[case::not_seen_but_unbound(with(setup(NAME, false), "cpu", "failed"), "no", "outside", "failed")]
#[case::nothing_starts(refused(NAME), "no", "failed", "failed")]
#[case::cut_off(setup(NAME, true)[..5].to_vec(), "", "not finished", "inside")]
#[case::a_strange_word(with(setup(NAME, true), "cpu", "nonsense"), "", "inside", "not finished")]
fn a_set_up_holds_if_every_limit_does(
    #[case] rows: Vec<Trial>,
    #[case] holds: &str,
    #[case] memory: &str,
    #[case] cpu: &str,
) {
    let row = row_of(&rows);
    assert_eq!(row["remedy"], "leaf");
    assert_eq!([&*row["holds"], &*row["memory"], &*row["cpu"]], [holds, memory, cpu], "{row:?}");
}

#[test]
fn why_nothing_started_is_told() {
    let facts = of(&refused(NAME));
    assert_eq!(table(&facts, "limits.csv")[0]["words"], "cannot enter cgroupv2");
    for page in facts.pages.values() {
        assert!(texts(page).contains("cannot enter cgroupv2"));
    }
}

#[test]
fn the_last_try_that_came_to_its_end_counts() {
    let cut_off = setup(NAME, true)[..3].to_vec();
    let rows = [setup(NAME, true), setup(NAME, false), cut_off].concat();
    assert_eq!(row_of(&rows)["holds"], "no");
}

/// The answer's sentences in English.
fn answer(rows: &[Trial]) -> String {
    of(rows).pages[&Lang::En].answer.join(" ")
}

#[test]
fn the_answer_names_what_holds_and_what_does_not() {
    let rows = [
        setup("docker private none", true),
        setup("docker host none", true),
        setup("dind private none", true),
        setup("dind host none", false),
        setup("dind host leaf", false),
        setup("dind host parent-leaf", true),
        refused("dind host parent"),
        setup("dood private none", false),
        setup("dood host none", false),
        setup("dood private pod", false),
    ];
    assert_eq!(
        answer(&rows.concat()),
        "Without a remedy, the outer container's limits do not hold for `dind host`, `dood private`, \
         `dood host`. What holds there: `dind`: `private`, `parent-leaf` (not: `leaf`, `parent`); \
         `dood`: none (not: `private`, `pod`)."
    );
}

#[test]
fn where_all_is_bound_no_remedy_is_named() {
    let answer = answer(&setup("docker private none", true));
    assert_eq!(answer, "No set-up was seen whose limits do not hold without a remedy.");
}

#[test]
fn the_grid_has_every_set_up_and_limit() {
    let rows = [setup("docker private none", true), refused(NAME)].concat();
    let facts = of(&rows);
    let grid = &facts.pages[&Lang::Es].grids[0];
    let groups = &grid.panels[0].groups;
    assert_eq!(groups.iter().map(|group| &*group.title).collect::<Vec<_>>(), ["docker", "dind"]);
    let words = |group: usize| -> Vec<&str> {
        groups[group].rows[0].tiles.iter().flatten().map(|tile| grid.word(tile)).collect()
    };
    assert_eq!(words(0), ["dentro", "dentro", "dentro", "cargado", "cargado"]);
    assert_eq!(words(1), ["falla"; 5]);
}

#[test]
fn rows_of_no_set_up_are_named() {
    let rows = [setup(NAME, true), setup("dind host prayer", true)].concat();
    let facts = of(&rows);
    assert_eq!(table(&facts, "limits.csv").len(), 1);
    for page in facts.pages.values() {
        assert!(texts(page).contains("dind host prayer"));
    }
}
