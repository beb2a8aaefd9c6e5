//! How long is waited: one factor from the environment, by which deadlines are multiplied.

use std::sync::OnceLock;
use std::time::Duration;

use miette::Result;

use crate::usage;

/// Names the factor.
const VARIABLE: &str = "MATRYOSHKA_PATIENCE";

/// With more, an engine that hangs would be waited for all day.
const MOST: f64 = 100.0;

/// How many times as long as usual is waited for what should come, from 1 (where nothing is said) to 100:
/// `MATRYOSHKA_PATIENCE`, for machines that are slow, such as emulated ones.
///
/// Fails (usage) on anything else.
pub fn patience() -> Result<f64> {
    let Some(said) = std::env::var_os(VARIABLE) else {
        return Ok(1.0);
    };
    factor(&said.to_string_lossy())
}

fn factor(said: &str) -> Result<f64> {
    let factor = said.parse().ok().filter(|factor| (1.0..=MOST).contains(factor));
    factor.ok_or_else(|| {
        usage(
            format!("`{VARIABLE}={said}` is no patience"),
            format!("it is a number from 1 to {MOST}, by which deadlines are multiplied"),
            format!("say `{VARIABLE}=10` on a machine that is ten times as slow, or leave it out"),
        )
    })
}

/// A deadline of this machine. Where [`patience`] fails, the usual one.
#[must_use]
pub fn patient(deadline: Duration) -> Duration {
    static FACTOR: OnceLock<f64> = OnceLock::new();
    deadline.mul_f64(*FACTOR.get_or_init(|| patience().unwrap_or(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_a_number_from_1_to_100() {
        for good in ["1", "2.5", "100"] {
            assert!(factor(good).is_ok(), "{good}");
        }
        for bad in ["", "0", "0.9", "-1", "101", "NaN", "inf", "ten"] {
            let error = factor(bad).expect_err(bad);
            assert!(error.to_string().contains(VARIABLE), "{error}");
        }
    }
}
