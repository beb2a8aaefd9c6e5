//! Targets of requests in all spellings, and which of them a daemon's router takes for a call that
//! its body decides: an opinion of its own (net/http decodes once, gorilla/mux matches what it would
//! not clean; moby `server.go`, `/v{version:[0-9.]+}`).

use std::sync::LazyLock;

use authz::{DEFAULT_POLICY, Policy, decide_message};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use proptest::sample::select;

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::read(DEFAULT_POLICY).expect("the default policy"));

/// Whether a daemon would run a create or an exec for `POST` to this target.
fn decides(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    if path.contains("//") || path.split('/').any(|s| s == "." || s == "..") {
        return false;
    }
    let versions = path
        .strip_prefix("/v")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.'));
    [Some(&*path), versions].into_iter().flatten().any(|path| {
        let exec = path.starts_with("/containers/") && path.ends_with("/exec");
        let volume = path == "/volumes/create" || path == "/networks/create";
        exec && path.len() > "/containers/exec".len() || volume || path == "/containers/create"
    })
}

fn target() -> impl Strategy<Value = String> {
    let pieces: &[&str] = &[
        "/",
        "/v1.50",
        "/v1.41",
        "/v1.99",
        "/v1",
        "/v.",
        "/containers",
        "/create",
        "/exec",
        "/start",
        "/json",
        "/volumes",
        "/networks",
        "/c",
        "/a/b",
        ".",
        "..",
        "?",
        "#",
        "%2f",
        "%2F",
        "%00",
        "%25",
        "%",
        "x",
        "/containers/create",
        "/containers/c/exec",
        "http://h",
    ];
    let encoded = |text: &str, at: &[bool]| -> String {
        let mut at = at.iter().cycle();
        let turned = |c: char| match at.next() {
            Some(true) => format!("%{:02x}", u32::from(c)),
            _ => c.to_string(),
        };
        text.chars().map(turned).collect()
    };
    let piece = (select(pieces), prop::collection::vec(prop::bool::weighted(0.1), 1..9)).prop_map(
        move |(text, at)| {
            if text.starts_with('%') { text.to_owned() } else { encoded(text, &at) }
        },
    );
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_spelling_of_a_path_gets_around_the_body(target in target()) {
        let message = serde_json::json!({ "RequestMethod": "POST", "RequestUri": target });
        let verdict = decide_message(&POLICY, message.to_string().as_bytes());
        prop_assert!(verdict.is_err() || !decides(&target), "{}", target);
    }
}

#[test]
fn the_routers_side_knows_its_paths() {
    let decided =
        ["/containers/create", "/v1.50/%63ontainers/create?x", "/v.../containers/a/b/exec"];
    for target in decided {
        assert!(decides(target), "{target}");
    }
    for target in ["/containers/create/", "//containers/create", "/containers/exec", "/info"] {
        assert!(!decides(target), "{target}");
    }
}
