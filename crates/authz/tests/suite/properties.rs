//! What holds for all bodies, and a search for one for which it does not.

use std::env;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use authz::{DEFAULT_POLICY, Policy, decide_message};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::bodies::{body, harmless, torn};
use crate::common::{create_message, created, hostile, legitimate};
use crate::daemon::forbidden;

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::read(DEFAULT_POLICY).expect("the default policy"));

/// What must hold: let through only what no daemon would run with a forbidden setting.
fn holds(policy: &Policy, body: &[u8]) -> Result<(), String> {
    let Some(setting) = forbidden(body) else {
        return Ok(());
    };
    match decide_message(policy, &create_message(body)) {
        Err(_) => Ok(()),
        Ok(()) => Err(format!("let through with {setting}: {}", String::from_utf8_lossy(body))),
    }
}

/// Without a file of failures: what is found becomes a row of `a table`.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_forbidden_is_let_through(body in body()) {
        prop_assert_eq!(holds(&POLICY, &body), Ok(()));
    }

    #[test]
    fn what_is_harmless_is_let_through(body in harmless()) {
        prop_assert_eq!(forbidden(&body), None);
        prop_assert_eq!(decide_message(&POLICY, &create_message(&body)), Ok(()));
    }

    #[test]
    fn no_message_breaks_it(message in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decide_message(&POLICY, &message).is_err());
    }
}

#[test]
fn the_daemons_side_knows_the_hostile_cases() {
    let place = tempfile::tempdir().expect("a directory");
    let known = hostile(place.path());
    let count = known.iter().filter_map(created).filter(|b| forbidden(b).is_some());
    // Otherwise the property above would hold of nothing.
    assert!(count.count() >= 40);
}

/// Tears bodies for as long as `AUTHZ_FUZZ_SECONDS` says, beginning with those of the tables. Each
/// run goes another way; what it finds it prints, to be added to `a table`.
#[test]
#[ignore = "runs as long as AUTHZ_FUZZ_SECONDS says"]
#[expect(clippy::disallowed_macros, reason = "captured by the test's harness")]
fn fuzz() {
    let seconds = env::var("AUTHZ_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(600));
    let place = tempfile::tempdir().expect("a directory");
    let known = [hostile(place.path()), legitimate(place.path())].concat();
    let bodies: Vec<Vec<u8>> = known.iter().filter_map(created).collect();
    let mut runner = TestRunner::default();
    let (mut tried, mut hostile, mut open) = (0_u64, 0_u64, 0_u64);
    while Instant::now() < end {
        let new = body().new_tree(&mut runner).expect("a body").current();
        let from = usize::try_from(tried).expect("64 bits") % bodies.len();
        let mut body = if tried % 8 == 0 { bodies[from].clone() } else { new };
        for _ in 0..4 {
            let torn = torn().new_tree(&mut runner).expect("a way").current();
            body = torn.apply(body);
            if let Err(found) = holds(&POLICY, &body) {
                panic!("{found}\nas bytes: {body:?}");
            }
            tried += 1;
            hostile += u64::from(forbidden(&body).is_some());
            open += u64::from(decide_message(&POLICY, &create_message(&body)).is_ok());
        }
    }
    println!("{tried} bodies, {hostile} of them hostile, {open} let through");
    assert!(hostile > 0 && open > 0, "a search of one kind of body finds nothing");
}
