//! The JSON Schema of manifests: that the committed file is the one of the types that write them,
//! and that it tells a manifest from what is none.

use std::fs;
use std::path::Path;

use measure::Manifest;
use serde_json::{Value, json};

use crate::support::{CPU, STARTUP, make, plausible};

type Break = fn(&mut Value);

/// Set it to write the file instead of comparing it.
const UPDATE: &str = "MATRYOSHKA_UPDATE_SCHEMA";

/// Of the types, with what every session's description must hold beside.
fn schema() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(Manifest)).expect("a schema");
    schema["title"] = "manifest.json of a run".into();
    let session = &mut schema["$defs"]["Session"];
    session["properties"]["stand_ins"] = json!({
        "description": "Published images that stand-ins served for; empty: none.",
        "type": ["array", "object"],
    });
    session["required"].as_array_mut().expect("a list").push("stand_ins".into());
    plain(&mut schema);
    schema
}

/// Links of Rust's documentation are names to everybody else.
fn plain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(text) if key == "description" => {
                        let unlinked = text.replace("[`", "`").replace("`]", "`");
                        *text = unlinked.split_whitespace().collect::<Vec<_>>().join(" ");
                    }
                    value => plain(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(plain),
        _ => {}
    }
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/manifest.schema.json");
    let text = serde_json::to_string_pretty(&schema()).expect("JSON") + "\n";
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &text).expect("written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "results/manifest.schema.json is not that of measure's types: run this test once with \
         {UPDATE}=1, and raise SCHEMA_VERSION if readers of the earlier one would fail"
    );
}

#[test]
fn a_manifest_passes_and_a_broken_one_does_not() {
    let place = tempfile::tempdir().expect("a folder");
    let schema = jsonschema::validator_for(&schema()).expect("a schema");
    for (name, arms) in [("startup", STARTUP), ("cpu", CPU)] {
        let run = place.path().join(name);
        make(&run, arms, 2, plausible);
        let text = fs::read_to_string(run.join("manifest.json")).expect("read");
        let manifest: Value = serde_json::from_str(&text).expect("JSON");
        if let Err(error) = schema.validate(&manifest) {
            panic!("{error} at {}", error.instance_path);
        }
        let broken: [(&str, Break); 6] = [
            ("no seed", |manifest| {
                drop(manifest.as_object_mut().and_then(|map| map.remove("seed")));
            }),
            ("a seed of text", |manifest| manifest["seed"] = "1".into()),
            ("no such status", |manifest| {
                manifest["status"] = "perfect".into();
            }),
            ("a metric of numbers", |manifest| manifest["arms"][0]["metric"] = 1.into()),
            ("no stand-ins", |manifest| {
                drop(
                    manifest["sessions"][0].as_object_mut().and_then(|map| map.remove("stand_ins")),
                );
            }),
            ("a level below none", |manifest| {
                manifest["arms"][0]["level"] = (-1).into();
            }),
        ];
        for (name, damage) in broken {
            let mut damaged = manifest.clone();
            damage(&mut damaged);
            assert!(!schema.is_valid(&damaged), "{name}");
        }
    }
}
