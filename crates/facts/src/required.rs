//! What a record must say before its numbers are shown (the habit of MLPerf): a run whose machine,
//! engines or source nobody knows can't be judged.
//!
//! A field is refused when it is missing, `null` without a recorded reason, empty, or a
//! placeholder. Reasons that count: the machine's own list of what it could not read
//! (`machine.unreadable`); and for `tool.revision`, that git could tell nothing at all
//! (`tool.dirty` is `null` too): a source tree without its history is legitimate, and the page says
//! at its top that the source is not identified. The lab's fields are required of every session
//! that has a `lab`, the engines' of every one that has a `host`, and those of this project have one of
//! the two; and so are its nests, unless every arm is of level 0 and none is needed. Arms themselves are required of a run that has blocks: one
//! without any has only trials, and none is legitimate.

use std::path::Path;

use jiff::Timestamp;
use measure::{Manifest, Status, usage};
use serde_json::Value;

/// What people and programs write who have nothing to say.
const PLACEHOLDERS: [&str; 14] = [
    "unknown",
    "todo",
    "tbd",
    "fixme",
    "n/a",
    "na",
    "none",
    "null",
    "nil",
    "undefined",
    "placeholder",
    "?",
    "-",
    "...",
];

/// When a field is required, and how it may be absent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Always,
    /// A point in time, as RFC 3339 has it.
    Time,
    /// Per cent, more than none and less than all.
    Margin,
    /// `null` when `machine.unreadable` names it.
    Readable,
    /// `null` when git could tell nothing.
    FromGit,
    /// A list that may be empty: that says that there is none.
    MayBeEmpty,
    /// In a run that takes blocks.
    OfBlocks,
    /// In a session that has a `lab`.
    OfLab,
    /// In a session on the machine's own engines, which has a `host`.
    OfHost,
    /// In a session that has either.
    OfEngines,
    /// The same, and "none" is a word of the field's own.
    OfEnginesOrNone,
    /// The same, and an engine may say that there is none: an empty list.
    OfEnginesMayBeEmpty,
    /// The same, of Docker's levels.
    OfDocker,
    /// The same, where any arm is above level 0.
    OfLevels,
    /// In a session that has a second lab, `lab_root`.
    OfLabRoot,
}

/// JSON pointers with `*` for every element of a list.
const REQUIRED: &[(&str, Rule)] = &[
    ("/experiment", Rule::Always),
    ("/tool/version", Rule::Always),
    ("/tool/revision", Rule::FromGit),
    ("/args", Rule::Always),
    ("/seed", Rule::Always),
    ("/blocks", Rule::Always),
    ("/warmup_blocks", Rule::Always),
    ("/stopping/rule", Rule::Always),
    ("/margin_pct", Rule::Margin),
    ("/started", Rule::Time),
    ("/arms", Rule::OfBlocks),
    ("/arms/*/name", Rule::Always),
    ("/sessions", Rule::Always),
    ("/sessions/*/started", Rule::Time),
    ("/sessions/*/stand_ins", Rule::MayBeEmpty),
    ("/sessions/*/machine/kernel", Rule::Readable),
    ("/sessions/*/machine/cmdline", Rule::Readable),
    ("/sessions/*/machine/hypervisor", Rule::Readable),
    ("/sessions/*/machine/cpu_model", Rule::Readable),
    ("/sessions/*/machine/cores", Rule::Readable),
    ("/sessions/*/machine/memory_bytes", Rule::Readable),
    ("/sessions/*/machine/clocksource", Rule::Readable),
    ("/sessions/*/machine/mitigations", Rule::Readable),
    ("/sessions/*/machine/governor", Rule::Readable),
    ("/sessions/*/machine/turbo", Rule::Readable),
    ("/sessions/*/machine/thp", Rule::Readable),
    ("/sessions/*/machine/cgroup_mode", Rule::Readable),
    ("/sessions/*/lab/sandbox", Rule::OfLab),
    ("/sessions/*/lab/suite", Rule::OfLab),
    ("/sessions/*/lab/bundle", Rule::OfLab),
    ("/sessions/*/lab/packages", Rule::OfLab),
    ("/sessions/*/lab_root/sandbox", Rule::OfLabRoot),
    ("/sessions/*/lab_root/suite", Rule::OfLabRoot),
    ("/sessions/*/lab_root/bundle", Rule::OfLabRoot),
    ("/sessions/*/lab_root/packages", Rule::OfLabRoot),
    ("/sessions/*/host/engines", Rule::OfHost),
    ("/sessions/*/host/engines/*/engine", Rule::OfHost),
    ("/sessions/*/host/engines/*/version", Rule::OfHost),
    ("/sessions/*/host/images/*/id", Rule::OfHost),
    ("/sessions/*/nests", Rule::OfLevels),
    ("/sessions/*/nests/*/levels", Rule::OfEngines),
    ("/sessions/*/nests/*/levels/*/engine", Rule::OfEngines),
    ("/sessions/*/nests/*/levels/*/version", Rule::OfEngines),
    ("/sessions/*/nests/*/levels/*/privileged", Rule::OfEngines),
    ("/sessions/*/nests/*/levels/*/storage_driver", Rule::OfEngines),
    ("/sessions/*/nests/*/levels/*/oci_runtime", Rule::OfEngines),
    ("/sessions/*/nests/*/levels/*/cgroup_driver", Rule::OfEnginesOrNone),
    ("/sessions/*/nests/*/levels/*/cgroup_version", Rule::OfEngines),
    ("/sessions/*/nests/*/levels/*/storage_status", Rule::OfEnginesMayBeEmpty),
    ("/sessions/*/nests/*/levels/*/security", Rule::OfEnginesMayBeEmpty),
    ("/sessions/*/nests/*/levels/*/configuration", Rule::OfEnginesMayBeEmpty),
    ("/sessions/*/nests/*/levels/*/containerd", Rule::OfDocker),
];

/// Refuses (usage) a record that lacks a required field, naming the first one that is wrong.
pub(crate) fn check(manifest: &Manifest, path: &Path) -> miette::Result<()> {
    if manifest.sessions.is_empty() && manifest.status != Status::Complete {
        return Err(usage(
            format!("there is nothing to report of {}", path.display()),
            format!("the run is {} and had not begun to measure", manifest.status.name()),
            "start it again",
        ));
    }
    let machine = |session: &measure::Session| {
        let machine = &session.machine;
        (machine.kernel.clone(), machine.cpu_model.clone(), machine.cores)
    };
    if manifest.sessions.windows(2).any(|pair| machine(&pair[0]) != machine(&pair[1])) {
        return Err(usage(
            format!("{} is not the record of one run", path.display()),
            "its sessions are of several machines",
            "report each machine's run by itself, or `cargo xtask merge RUN...`",
        ));
    }
    let value = serde_json::to_value(manifest).map_err(|error| {
        measure::failure(
            "the manifest can't be looked into",
            error.to_string(),
            "report this as a bug",
        )
    })?;
    missing(&value).map_or(Ok(()), |(pointer, why)| {
        Err(usage(
            format!("{} does not say enough to be reported", path.display()),
            format!("its manifest's {pointer} {why}"),
            "measure again with a program that records it; a record is never completed by hand",
        ))
    })
}

/// The first required field that is wrong, and why.
fn missing(manifest: &Value) -> Option<(String, &'static str)> {
    REQUIRED.iter().find_map(|(pointer, rule)| {
        places(manifest, pointer).into_iter().find_map(|place| {
            let why = wrong(manifest, &place, *rule)?;
            Some((place, why))
        })
    })
}

/// Every place that a pointer with `*` means. A list that is not there is one place, which is then
/// found missing.
fn places(manifest: &Value, pointer: &str) -> Vec<String> {
    let Some((before, after)) = pointer.split_once("/*") else {
        return vec![pointer.to_owned()];
    };
    let elements = manifest.pointer(before).and_then(Value::as_array);
    let count = elements.map_or(0, Vec::len);
    (0..count).flat_map(|index| places(manifest, &format!("{before}/{index}{after}"))).collect()
}

fn wrong(manifest: &Value, place: &str, rule: Rule) -> Option<&'static str> {
    // `/sessions/0`, of `/sessions/0/machine/kernel`.
    let session = place.match_indices('/').nth(2).map_or("", |(end, _)| &place[..end]);
    if !is_asked(manifest, session, place, rule) {
        return None;
    }
    let may_be_empty = matches!(rule, Rule::MayBeEmpty | Rule::OfEnginesMayBeEmpty);
    match manifest.pointer(place) {
        None => Some("is missing"),
        Some(Value::Null) => match rule {
            Rule::Readable => {
                let field = place.rsplit('/').next().unwrap_or_default();
                let told = manifest.pointer(&format!("{session}/machine/unreadable/{field}"));
                let told = told.and_then(Value::as_str).is_some_and(|tried| !is_placeholder(tried));
                (!told).then_some("is null, and nothing says where it was looked for")
            }
            Rule::FromGit => {
                let told = manifest.pointer("/tool/dirty").is_none_or(Value::is_null);
                (!told).then_some("is null, though git could tell whether the tree was dirty")
            }
            _ => Some("is null"),
        },
        Some(Value::String(text)) if rule == Rule::Time => {
            text.parse::<Timestamp>().err().map(|_| "is no time, as 2026-01-01T00:00:00Z")
        }
        Some(Value::Number(margin)) if rule == Rule::Margin => {
            let is_one = margin.as_f64().is_some_and(|margin| margin > 0.0 && margin < 100.0);
            (!is_one).then_some("is not between 0 and 100")
        }
        Some(Value::String(text)) => {
            let own_word = rule == Rule::OfEnginesOrNone && text == "none";
            (is_placeholder(text) && !own_word).then_some("is empty or a placeholder")
        }
        Some(Value::Array(list)) if list.is_empty() => (!may_be_empty).then_some("is empty"),
        Some(Value::Array(list)) => list
            .iter()
            .any(|item| item.as_str().is_some_and(is_placeholder))
            .then_some("holds an empty text or a placeholder"),
        Some(Value::Object(map)) if map.is_empty() => (!may_be_empty).then_some("is empty"),
        Some(_) => None,
    }
}

/// Whether this record has what the rule is about.
fn is_asked(manifest: &Value, session: &str, place: &str, rule: Rule) -> bool {
    let has = |lab: &str| manifest.pointer(&format!("{session}/{lab}")).is_some();
    match rule {
        Rule::Always
        | Rule::Time
        | Rule::Margin
        | Rule::Readable
        | Rule::FromGit
        | Rule::MayBeEmpty => true,
        Rule::OfLab => has("lab"),
        Rule::OfHost => has("host"),
        Rule::OfEngines | Rule::OfEnginesOrNone | Rule::OfEnginesMayBeEmpty => {
            has("lab") || has("host")
        }
        Rule::OfLabRoot => has("lab_root"),
        Rule::OfBlocks => ["blocks", "warmup_blocks"].iter().any(|count| manifest[*count] != 0),
        Rule::OfDocker => {
            let level = place.rsplit_once('/').map_or("", |(level, _)| level);
            let engine = manifest.pointer(&format!("{level}/engine"));
            (has("lab") || has("host")) && engine.is_some_and(|engine| engine == "docker")
        }
        Rule::OfLevels => {
            let arms = manifest.pointer("/arms").and_then(Value::as_array);
            let mut arms = arms.into_iter().flatten();
            (has("lab") || has("host")) && arms.any(|arm| arm["level"] != 0)
        }
    }
}

fn is_placeholder(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    text.is_empty() || PLACEHOLDERS.contains(&text.as_str())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn whole() -> Value {
        json!({
            "experiment": "some",
            "tool": { "version": "0.1.0", "revision": "abc", "dirty": false },
            "args": ["some"],
            "seed": 1,
            "blocks": 10,
            "warmup_blocks": 2,
            "stopping": { "rule": "fixed" },
            "margin_pct": 5.0,
            "started": "2026-01-01T00:00:00Z",
            "arms": [{ "name": "bare", "level": 0 }, { "name": "docker", "level": 1 }],
            "sessions": [{
                "started": "2026-01-01T00:00:00Z",
                "stand_ins": [],
                "machine": {
                    "kernel": "6.12", "cmdline": "quiet", "hypervisor": true, "cpu_model": "CPU",
                    "cores": 2, "memory_bytes": 1, "clocksource": "tsc",
                    "mitigations": { "meltdown": "Not affected" }, "governor": null,
                    "turbo": null, "thp": "madvise", "cgroup_mode": "hybrid",
                    "unreadable": { "governor": "/sys/x", "turbo": "/sys/y" },
                },
                "lab": { "sandbox": "user", "suite": "trixie", "bundle": "d6", "packages": ["a 1"] },
                "host": {
                    "engines": [{ "engine": "docker", "version": "26" }],
                    "images": [{ "name": "alpine", "id": "sha256:a" }],
                },
                "lab_root": { "sandbox": "root", "suite": "trixie", "bundle": "d6", "packages": ["a 1"] },
                "nests": [{ "levels": [{
                    "engine": "docker", "version": "26", "privileged": false,
                    "storage_driver": "overlay2", "oci_runtime": "runc", "cgroup_driver": "none",
                    "cgroup_version": "2", "storage_status": [["Backing Filesystem", "extfs"]],
                    "security": ["name=seccomp,profile=builtin"], "configuration": [],
                    "containerd": "1.7",
                }] }],
            }],
        })
    }

    #[test]
    fn a_whole_record_passes() {
        assert_eq!(missing(&whole()), None);
        let mut without_lab = whole();
        without_lab["sessions"][0].as_object_mut().expect("a session").remove("lab");
        assert_eq!(missing(&without_lab), None);
        without_lab["sessions"][0].as_object_mut().expect("a session").remove("host");
        without_lab["sessions"][0].as_object_mut().expect("a session").remove("nests");
        assert_eq!(missing(&without_lab), None);
        let mut at_level_0 = whole();
        at_level_0["arms"][1]["level"] = 0.into();
        at_level_0["sessions"][0]["nests"] = json!([]);
        assert_eq!(missing(&at_level_0), None);
        let mut one_lab = whole();
        let session = one_lab["sessions"][0].as_object_mut();
        session.expect("a session").remove("lab_root");
        assert_eq!(missing(&one_lab), None);
        let mut of_podman = whole();
        let level = &mut of_podman["sessions"][0]["nests"][0]["levels"][0];
        level["engine"] = "podman".into();
        level["security"] = json!({ "rootless": false });
        let level = level.as_object_mut();
        level.expect("a level").remove("containerd");
        assert_eq!(missing(&of_podman), None);
        let mut without_git = whole();
        without_git["tool"]["revision"] = Value::Null;
        without_git["tool"]["dirty"] = Value::Null;
        assert_eq!(missing(&without_git), None);
    }

    #[test]
    fn only_a_run_without_blocks_has_no_arms() {
        let mut of_trials = whole();
        of_trials["arms"] = json!([]);
        let (place, why) = missing(&of_trials).expect("it has blocks");
        assert_eq!((place.as_str(), why), ("/arms", "is empty"));
        of_trials["blocks"] = 0.into();
        of_trials["warmup_blocks"] = 0.into();
        of_trials["sessions"][0]["nests"] = json!([]);
        assert_eq!(missing(&of_trials), None);
    }

    #[rstest]
    #[case("/started", json!("never"), "is no time")]
    #[case("/sessions/0/started", json!(""), "is no time")]
    #[case("/margin_pct", json!(-5.0), "between 0 and 100")]
    #[case("/margin_pct", json!(1e308), "between 0 and 100")]
    #[case("/tool/version", json!("Unknown"), "placeholder")]
    #[case("/tool/version", json!("  "), "placeholder")]
    #[case("/tool/revision", json!(null), "dirty")]
    #[case("/args", json!([]), "is empty")]
    #[case("/args", json!(["TODO"]), "placeholder")]
    #[case("/sessions", json!([]), "is empty")]
    #[case("/sessions/0/stand_ins", json!(null), "is null")]
    #[case("/sessions/0/machine/kernel", json!("?"), "placeholder")]
    #[case("/sessions/0/machine/kernel", json!(null), "nothing says")]
    #[case("/sessions/0/machine/unreadable", json!({ "governor": "" , "turbo": "/x" }), "nothing says")]
    #[case("/sessions/0/lab/packages", json!([]), "is empty")]
    #[case("/sessions/0/lab_root/sandbox", json!("unknown"), "placeholder")]
    #[case("/sessions/0/nests", json!([]), "is empty")]
    #[case("/sessions/0/nests", json!(null), "is null")]
    #[case("/sessions/0/nests/0/levels", json!([]), "is empty")]
    #[case("/sessions/0/nests/0/levels/0/storage_status", json!(null), "is null")]
    #[case("/sessions/0/nests/0/levels/0/containerd", json!(""), "placeholder")]
    #[case("/sessions/0/nests/0/levels/0/version", json!("n/a"), "placeholder")]
    #[case("/sessions/0/nests/0/levels/0/storage_driver", json!("none"), "placeholder")]
    fn what_says_nothing_is_refused(
        #[case] pointer: &str,
        #[case] value: Value,
        #[case] why: &str,
    ) {
        let mut manifest = whole();
        *manifest.pointer_mut(pointer).expect("a place") = value;
        let (place, found) = missing(&manifest).expect("refused");
        assert!(found.contains(why), "{place} {found}");
    }

    /// Nothing in the table is there for show: each field's absence is found.
    #[test]
    fn every_required_field_is_missed() {
        for (pointer, _) in REQUIRED {
            let place = places(&whole(), pointer).pop().expect("in the whole record");
            let (parent, field) = place.rsplit_once('/').expect("a pointer");
            let mut manifest = whole();
            let parent = manifest.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.expect("an object").remove(field);
            let (found, why) = missing(&manifest).expect(pointer);
            assert_eq!((found.as_str(), why), (place.as_str(), "is missing"));
        }
    }
}
