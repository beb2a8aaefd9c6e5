//! The manifests as a cluster reads them: by the types of Kubernetes' API, every field known.
//!
//! `kubectl` asks a cluster for its types; these are the same ones, without a cluster.

use std::process::Command;

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use rstest::rstest;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a document as one of a type; the fields that the type does not have.
fn unknown<T: DeserializeOwned>(document: Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let read: Result<T, _> =
        serde_ignored::deserialize(document, |path| unknown.push(path.to_string()));
    read.unwrap_or_else(|why| panic!("{why}"));
    unknown
}

/// Kind and unknown fields of each document.
fn read(manifest: &str) -> Vec<(String, Vec<String>)> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(manifest).expect("YAML");
    documents
        .into_iter()
        .map(|document| {
            let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
            let (version, kind) = (text("apiVersion"), text("kind"));
            assert_eq!(version, "v1", "{kind}");
            let unknown = match &*kind {
                "Pod" => unknown::<Pod>(document),
                "ConfigMap" => unknown::<ConfigMap>(document),
                "Secret" => unknown::<Secret>(document),
                other => panic!("{other} is no kind that is used here"),
            };
            (kind, unknown)
        })
        .collect()
}

#[rstest]
#[case::dind(include_str!("../k8s/dind.yaml"), &["Pod"])]
#[case::dind_userns(include_str!("../k8s/dind-userns.yaml"), &["Pod"])]
#[case::dood(include_str!("../k8s/dood.yaml"), &["Pod"])]
#[case::sidecar(include_str!("../k8s/sidecar.yaml"), &["Pod"])]
#[case::daemonless(include_str!("../k8s/daemonless.yaml"), &["ConfigMap", "Pod"])]
#[case::risk(include_str!("../risk/sidecar-open.yaml"), &["Pod"])]
fn a_manifest_is_of_the_api(#[case] manifest: &str, #[case] kinds: &[&str]) {
    let read = read(manifest);
    let found: Vec<&str> = read.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(found, kinds);
    for (kind, unknown) in read {
        assert_eq!(unknown, Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn secrets_are_printed_as_manifests_with_a_key_for_each_end() {
    let printed =
        Command::new(env!("CARGO_BIN_EXE_sidecar")).arg("--secrets").output().expect("it runs");
    let manifest = String::from_utf8(printed.stdout).expect("text");
    let read = read(&manifest);
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|(kind, unknown)| kind == "Secret" && unknown.is_empty()), "{read:?}");
    let documents: Vec<Secret> = serde_saphyr::from_multiple(&manifest).expect("secrets");
    let names = documents.iter().map(|secret| secret.metadata.name.as_deref());
    let names: Vec<_> = names.collect();
    assert_eq!(names, [Some("docker-server-tls"), Some("docker-client-tls")]);
    let keys: Vec<&str> = documents
        .iter()
        .map(|secret| secret.string_data.as_ref().expect("data")["key.pem"].as_str())
        .collect();
    assert!(keys.iter().all(|key| key.contains("PRIVATE KEY")));
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_field_that_the_api_does_not_have_is_seen() {
    let wrong = include_str!("../k8s/dind.yaml").replace("privileged: true", "priviledged: true");
    let read = read(&wrong);
    let unknown = read[0].1.join(" ");
    assert!(unknown.ends_with(".priviledged"), "{unknown}");
}
