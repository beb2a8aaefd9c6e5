//! Whether what an experiment declares can be read back from its record.

use std::collections::BTreeMap;

use crate::arm::Experiment;
use program::failure;

/// Refuses a declaration that the record could not be read back from.
pub(crate) fn check_declaration(experiment: &Experiment) -> miette::Result<()> {
    let wrong = |why: String| {
        failure(
            "the experiment's declaration is wrong",
            why,
            "fix its arms, contrasts, parts or series in its source",
        )
    };
    let arms = experiment.arms;
    for (index, arm) in arms.iter().enumerate() {
        if arm.operations == 0 {
            return Err(wrong(format!("`{}` does nothing", arm.name)));
        }
        for earlier in &arms[..index] {
            if arm.name == earlier.name {
                return Err(wrong(format!("two arms are called `{}`", arm.name)));
            }
            let same_method = arm.method == earlier.method && arm.metric == earlier.metric;
            if same_method && !arm.method.is_empty() {
                return Err(wrong(format!(
                    "`{}` and `{}` stand for the same published method `{}`",
                    earlier.name, arm.name, arm.method
                )));
            }
        }
    }
    for (index, contrast) in experiment.contrasts.iter().enumerate() {
        let earlier = &experiment.contrasts[..index];
        if earlier.iter().any(|other| other.name == contrast.name) {
            return Err(wrong(format!("two contrasts are called `{}`", contrast.name)));
        }
        for side in [contrast.numerator, contrast.denominator] {
            if arms.iter().all(|arm| arm.name != side) {
                return Err(wrong(format!("`{}` names no arm: `{side}`", contrast.name)));
            }
        }
    }
    check_parts(experiment).and_then(|()| check_series(experiment)).map_err(wrong)
}

/// The parts of a contrast have to add up to what they take apart.
fn check_parts(experiment: &Experiment) -> Result<(), String> {
    let mut sums: BTreeMap<&str, BTreeMap<&str, i32>> = BTreeMap::new();
    for part in experiment.parts {
        let sum = sums.entry(part.of).or_default();
        for (names, sign) in [(part.plus, 1), (part.minus, -1)] {
            for name in names {
                if experiment.arms.iter().all(|arm| arm.name != *name) {
                    let (due, of) = (part.due, part.of);
                    return Err(format!("part `{due}` of `{of}` names no arm: `{name}`"));
                }
                *sum.entry(name).or_default() += sign;
            }
        }
    }
    for (of, mut sum) in sums {
        let contrast = experiment.contrasts.iter().find(|c| c.name == of);
        let contrast = contrast.ok_or_else(|| format!("there is no contrast `{of}`"))?;
        *sum.entry(contrast.numerator).or_default() -= 1;
        *sum.entry(contrast.denominator).or_default() += 1;
        if sum.values().any(|count| *count != 0) {
            return Err(format!("the parts of `{of}` do not add up to it"));
        }
    }
    Ok(())
}

/// A series holds out its last level, and two more make a step.
fn check_series(experiment: &Experiment) -> Result<(), String> {
    for (index, series) in experiment.series.iter().enumerate() {
        let name = series.name;
        let earlier = &experiment.series[..index];
        if earlier.iter().any(|other| other.name == name) {
            return Err(format!("two series are called `{name}`"));
        }
        if series.arms.len() < 3 {
            return Err(format!("series `{name}` has less than three levels"));
        }
        let unknown = |of: &&&str| experiment.arms.iter().all(|arm| arm.name != **of);
        if let Some(unknown) = series.arms.iter().find(unknown) {
            return Err(format!("series `{name}` names no arm: `{unknown}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::{Arm, Contrast, DefaultBlocks, Observer, Part, Series};

    const fn arm(name: &'static str, method: &'static str) -> Arm {
        let about = "an arm of the tests";
        Arm::new("time", name, Observer::Inside, 0, about).of_method(method)
    }

    const ARMS: &[Arm] = &[arm("one", "x"), arm("second", ""), arm("third", "")];

    #[test]
    fn declarations_are_checked() {
        const fn contrast(denominator: &'static str) -> Contrast {
            Contrast { name: "c", numerator: "one", denominator, primary: true, about: "" }
        }
        const fn part(
            of: &'static str,
            plus: &'static [&'static str],
            minus: &'static [&'static str],
        ) -> Part {
            Part { of, due: "x", plus, minus, about: "" }
        }
        const GOOD: Experiment = Experiment {
            name: "test",
            arms: ARMS,
            contrasts: const { &[contrast("second")] },
            parts: &[part("c", &["one"], &["third"]), part("c", &["third"], &["second"])],
            series: &[],
            blocks: DefaultBlocks::USUAL,
            settled_ms: 0,
        };
        const NOTHING: Arm = Arm { operations: 0, ..arm("one", "") };
        assert!(check_declaration(&GOOD).is_ok());
        for (experiment, why) in [
            (
                Experiment { arms: const { &[arm("one", ""), arm("one", "")] }, ..GOOD },
                "two arms are called `one`",
            ),
            (
                Experiment { arms: const { &[arm("one", "x"), arm("two", "x")] }, ..GOOD },
                "published method",
            ),
            (Experiment { arms: &[NOTHING], ..GOOD }, "does nothing"),
            (Experiment { contrasts: const { &[contrast("fourth")] }, ..GOOD }, "names no arm"),
            (
                Experiment {
                    contrasts: const { &[contrast("second"), contrast("third")] },
                    ..GOOD
                },
                "two contrasts are called",
            ),
            (
                Experiment { parts: const { &[part("c", &["one"], &["third"])] }, ..GOOD },
                "do not add up",
            ),
            (Experiment { parts: const { &[part("d", &[], &[])] }, ..GOOD }, "no contrast `d`"),
            (
                Experiment { parts: const { &[part("c", &["fourth"], &[])] }, ..GOOD },
                "names no arm",
            ),
        ] {
            let error = check_declaration(&experiment).expect_err(why);
            let said: Vec<String> = error.chain().map(ToString::to_string).collect();
            assert!(said.iter().any(|line| line.contains(why)), "{said:?}");
        }
    }

    #[test]
    fn series_are_checked() {
        const fn of(series: &'static [Series]) -> Experiment {
            Experiment { series, ..Experiment { arms: ARMS, ..Experiment::of_trials("test") } }
        }
        const fn series(arms: &'static [&'static str]) -> Series {
            Series { name: "s", arms, about: "" }
        }
        const GOOD: Series = series(&["one", "second", "third"]);
        assert!(check_declaration(&of(&[GOOD])).is_ok());
        for (experiment, why) in [
            (of(const { &[series(&["one", "second"])] }), "three levels"),
            (of(const { &[series(&["one", "second", "fourth"])] }), "names no arm"),
            (of(&[GOOD, GOOD]), "two series are called"),
        ] {
            let error = check_declaration(&experiment).expect_err(why);
            let said: Vec<String> = error.chain().map(ToString::to_string).collect();
            assert!(said.iter().any(|line| line.contains(why)), "{said:?}");
        }
    }
}
