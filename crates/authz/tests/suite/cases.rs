//! Tables of requests: the hostile ones are refused by the rule that is named beside them, the
//! legitimate ones are let through.

use std::collections::BTreeSet;

use crate::common::{hostile, legitimate, message_about, policy_with_root};
use authz::{Policy, Rule, decide_message};

#[test]
fn every_hostile_request_is_refused_by_its_rule() {
    let place = tempfile::tempdir().expect("a directory");
    let policy = policy_with_root(place.path());
    let cases = hostile(place.path());
    assert!(cases.len() > 120, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let verdict = decide_message(&policy, &message_about(case));
        let found = verdict.as_ref().err().map(|refusal| refusal.rule.name());
        if found != case.rule.as_deref() {
            wrong.push(format!("{}: {verdict:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_legitimate_request_is_let_through() {
    let place = tempfile::tempdir().expect("a directory");
    let policy = policy_with_root(place.path());
    let mut wrong = Vec::new();
    for case in legitimate(place.path()) {
        assert_eq!(case.rule, None, "{}", case.name);
        if let Err(refusal) = decide_message(&policy, &message_about(&case)) {
            wrong.push(format!("{}: {refusal}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_but_the_messages_own_has_a_hostile_request() {
    let place = tempfile::tempdir().expect("a directory");
    let cases = hostile(place.path());
    let tried: BTreeSet<&str> = cases.iter().filter_map(|case| case.rule.as_deref()).collect();
    let all: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    let untried: Vec<_> = all.difference(&tried).collect();
    assert_eq!(untried, [&Rule::Call.name()]);
    assert_eq!(all.len(), Rule::ALL.len(), "two rules of one name");
}

#[test]
fn a_message_that_is_not_the_daemons_is_refused() {
    let policy = Policy::read(authz::DEFAULT_POLICY).expect("the default policy");
    let messages: [&[u8]; 7] = [
        b"",
        b"null",
        b"[]",
        br#"{"RequestMethod":"GET","RequestUri":"/info""#,
        br#"{"RequestMethod":"GET","RequestUri":"/info","RequestUri":"/info"}"#,
        br#"{"RequestMethod":"GET","RequestUri":7}"#,
        b"{\"RequestMethod\":\"GET\",\"RequestUri\":\"/info\",\"User\":\"\xff\"}",
    ];
    for message in messages {
        let verdict = decide_message(&policy, message);
        let rule = verdict.map_err(|refusal| refusal.rule);
        assert_eq!(rule, Err(Rule::Call), "{}", String::from_utf8_lossy(message));
    }
    // Without method or path there is no route.
    assert!(decide_message(&policy, b"{}").is_err());
}

#[test]
fn a_refusal_says_rule_reason_and_remedy() {
    let place = tempfile::tempdir().expect("a directory");
    let policy = policy_with_root(place.path());
    for case in hostile(place.path()) {
        let refusal = decide_message(&policy, &message_about(&case)).expect_err(&case.name);
        let text = refusal.to_string();
        let lines: Vec<&str> = text.lines().collect();
        let [what, why, remedy] = lines.as_slice() else {
            panic!("{}: {text}", case.name);
        };
        let rule = case.rule.expect("a rule");
        assert!(what.starts_with(&format!("refused by rule {rule}: ")), "{text}");
        assert!(why.starts_with("why: ") && remedy.starts_with("remedy: "), "{text}");
        assert!(text.len() < 1000, "{text}");
    }
}

#[test]
fn a_policy_is_whole_or_an_error() {
    let text = authz::DEFAULT_POLICY;
    assert!(Policy::read(text).is_ok());
    for key in text.lines().filter_map(|line| line.split_once(" = ")) {
        if key.0.starts_with('#') {
            continue;
        }
        let misspelt = text.replacen(&format!("\n{} = ", key.0), &format!("\nx{} = ", key.0), 1);
        assert!(Policy::read(&misspelt).is_err(), "{} is not missed", key.0);
    }
    assert!(Policy::read(&format!("privileged = false\n{text}")).is_err());
    for (from, to) in [
        ("api_max = \"1.52\"", "api_max = \"2.0\""),
        ("build = false", "build = \"no\""),
        ("bind_roots = []", "bind_roots = [\"srv\"]"),
        ("copies = \"none\"", "copies = \"all\""),
    ] {
        assert!(Policy::read(&text.replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn the_policys_switches_open_what_they_name_and_no_more() {
    let policy = |from: &str, to: &str| {
        Policy::read(&authz::DEFAULT_POLICY.replace(from, to)).expect("a policy")
    };
    let rule = |policy: &Policy, path: &str| {
        let message = format!(r#"{{"RequestMethod":"POST","RequestUri":"/v1.50{path}"}}"#);
        let verdict = decide_message(policy, message.as_bytes());
        verdict.err().map(|refusal| refusal.rule)
    };
    let build = policy("build = false", "build = true");
    for (path, expected) in [
        ("/build?t=a&networkmode=default", None),
        ("/build?networkmode=host", Some(Rule::HostNamespace)),
        ("/build?%6eetworkmode=container:c", Some(Rule::ContainerNamespace)),
        ("/build?networkmode=none&networkmode=host", Some(Rule::HostNamespace)),
        ("/build?cgroupparent=/", Some(Rule::CgroupParent)),
        ("/build?remote=http://x/y.tar", Some(Rule::Build)),
        ("/build?entitlements=security.insecure", Some(Rule::UnknownKey)),
        ("/build?version=2", Some(Rule::Buildkit)),
        ("/grpc", Some(Rule::Buildkit)),
    ] {
        assert_eq!(rule(&build, path), expected, "{path}");
    }
    let typed = |kind: &str| {
        let message = serde_json::json!({
            "RequestMethod": "POST",
            "RequestUri": "/v1.50/build?t=a",
            "RequestHeaders": { "Content-Type": kind },
        });
        let verdict = decide_message(&build, message.to_string().as_bytes());
        verdict.err().map(|refusal| refusal.rule)
    };
    assert_eq!(typed("application/x-tar"), None);
    for kind in ["application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=x"] {
        assert_eq!(typed(kind), Some(Rule::FormBody), "{kind}");
    }
    let buildkit = policy("buildkit = false", "buildkit = true");
    assert_eq!(rule(&buildkit, "/grpc"), None);
    assert_eq!(rule(&buildkit, "/build"), Some(Rule::Build));

    // On an experimental daemon a form may hide behind a second Content-Type.
    let start = br#"{"RequestMethod":"POST","RequestUri":"/containers/c/start",
        "RequestHeaders":{"Content-Type":"application/json"}}"#;
    let experimental = policy("experimental = false", "experimental = true");
    let verdict = decide_message(&experimental, start);
    assert_eq!(verdict.map_err(|refusal| refusal.rule), Err(Rule::FormBody));
    assert_eq!(decide_message(&buildkit, start), Ok(()));
}

/// What passes of copies, out of a container and into it, as the policy has `copies`.
#[test]
fn copies_pass_as_far_as_the_policy_says() {
    let place = tempfile::tempdir().expect("a directory");
    let of_copies = |case: &authz::cases::Case| case.path.contains("/archive?");
    let rows = [hostile(place.path()), legitimate(place.path())].concat();
    let rows: Vec<_> = rows.into_iter().filter(of_copies).collect();
    assert!(rows.len() > 15, "{}", rows.len());
    for copies in ["none", "plain", "any"] {
        let text = authz::DEFAULT_POLICY
            .replace("\ncopies = \"none\"", &format!("\ncopies = \"{copies}\""));
        let policy = Policy::read(&text).expect("a policy");
        for case in &rows {
            let verdict = decide_message(&policy, &message_about(case));
            let expected = match copies {
                "none" => Err(Rule::Archive),
                "plain" if case.rule.is_some() => Err(Rule::Archive),
                _ => Ok(()),
            };
            let found = verdict.map_err(|refusal| refusal.rule);
            assert_eq!(found, expected, "{copies}: {}", case.name);
        }
    }
    let default = Policy::read(authz::DEFAULT_POLICY).expect("the default policy");
    let out = br#"{"RequestMethod":"HEAD","RequestUri":"/containers/c/archive?path=/"}"#;
    let rule = decide_message(&default, out).map_err(|refusal| refusal.rule);
    assert_eq!(rule, Err(Rule::Archive));
}

#[test]
fn what_is_sent_reads_as_what_is_handed_over() {
    let place = tempfile::tempdir().expect("a directory");
    let mut unsent = Vec::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for case in [hostile(place.path()), legitimate(place.path())].concat() {
        let Some(sent) = case.sent() else {
            unsent.push(case.name);
            continue;
        };
        let files = authz::cases::FILES.iter();
        used.extend(files.filter_map(|(name, text)| (text.as_bytes() == sent).then_some(*name)));
        // Where a daemon does not hand over what is sent, it is a request that would do harm.
        if case.handed_over().is_none_or(|text| text.is_empty()) && !sent.is_empty() {
            let policy = policy_with_root(place.path());
            let verdict = decide_message(&policy, &crate::common::create_message(&sent));
            assert!(verdict.is_err(), "{}", case.name);
            let rule = case.rule.as_deref().unwrap_or_default();
            assert!(["body-missing", "archive"].contains(&rule), "{}", case.name);
        }
    }
    assert_eq!(unsent, ["not base64"]);
    assert_eq!(used.len(), authz::cases::FILES.len(), "{used:?}");
}
