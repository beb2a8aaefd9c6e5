//! The table of failures from outside: real texts, texts that nobody knows, and the table itself.

use std::collections::BTreeMap;

use fingerprints::{explain, explanation, table};
use proptest::prelude::*;
use rstest::rstest;

/// The names of what is known of a text, most exact first.
fn ids(text: &str) -> Vec<&str> {
    let matches = explain(text).into_iter();
    matches.map(|found| found.fingerprint.id.as_str()).collect()
}

#[rstest]
#[case::docker_26(
    "time=\"2025-11-21T20:42:15Z\" level=error msg=\"failed to mount overlay: invalid argument\" \
     storage-driver=overlay2\n\
     failed to start daemon: error initializing graphdriver: driver not supported: overlay2",
    &["overlay-refused", "driver-not-supported"]
)]
#[case::falls_back_to_vfs(
    "exec: \"fuse-overlayfs\": executable file not found in $PATH storage-driver=fuse-overlayfs",
    &["fuse-overlayfs-missing"]
)]
#[case::docker_29(
    "Error response from daemon: failed to mount /tmp/containerd-mount123: mount source: \
     \"overlay\", target: \"/tmp/containerd-mount123\", fstype: overlay, flags: 0, data: \
     \"workdir=...\", err: invalid argument",
    &["snapshotter-mount-late"]
)]
#[case::the_wrong_name(
    "failed to start daemon: snapshotter not loaded: overlay2: invalid argument",
    &["snapshotter-not-loaded", "snapshotter-unknown"]
)]
#[case::podman(
    "Error: configure storage: 'overlay' is not supported over overlayfs, a mount_program is \
     required: backing file system is unsupported for this graph driver",
    &["podman-overlay-on-overlay", "overlay-on-overlay"]
)]
#[case::the_kernel_of_a_reason(
    "driver not supported | kernel: overlayfs: upper fs needs to support d_type, falling back",
    &["no-d-type", "driver-not-supported"]
)]
#[case::xfs(
    "overlay2: the backing xfs filesystem is formatted without d_type support, which leads to \
     incorrect behavior.",
    &["xfs-without-d-type", "no-d-type"]
)]
#[case::zfs(
    "kernel: overlayfs: filesystem on '/var/lib/docker/check-overlayfs-support1/upper' not \
     supported as upperdir",
    &["not-as-upperdir"]
)]
#[case::no_btrfs(
    "prerequisites for driver not satisfied (wrong filesystem?): btrfs",
    &["not-btrfs"]
)]
#[case::two_daemons(
    "failed to start daemon: error while opening volume store metadata database: timeout",
    &["volume-database-locked"]
)]
#[case::two_daemons_of_docker_26(
    "failed to start daemon: error while opening volume store metadata database \
     (/var/lib/docker/volumes/metadata.db): timeout",
    &["volume-database-locked"]
)]
#[case::read_only("chmod /var/lib/docker: read-only file system", &["store-read-only"])]
#[case::two_networks(
    "boltdb file /var/lib/docker/network/files/local-kv.db is already open",
    &["network-database-locked"]
)]
#[case::keys_of_docker(
    "OCI runtime create failed: runc create failed: unable to start container process: error \
     during container init: unable to join session keyring: unable to create session key: disk \
     quota exceeded: unknown.",
    &["keys-used-up"]
)]
#[case::keys_of_podman(
    "Error: OCI runtime error: crun: create keyring `1a2b`: Disk quota exceeded",
    &["keys-used-up"]
)]
#[case::pieces_in_the_wrong_order("is already open: boltdb file", &[])]
#[case::pieces_on_two_lines("boltdb file x\nis already open", &[])]
#[case::nothing("", &[])]
fn real_texts_are_known(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(ids(text), expected);
}

#[test]
fn a_fingerprint_is_told_once_with_its_first_line() {
    let log = "one: layer does not exist\n  two: layer does not exist | three";
    let matches = explain(log);
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0].line, "one: layer does not exist");
}

#[test]
fn an_explanation_says_what_to_do() {
    let told = explanation("x | prerequisites for driver not satisfied (wrong filesystem?): btrfs");
    for words in ["not-btrfs: prerequisites", "cause:", "remedy: Put the store on a btrfs"] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    let told = explanation("the daemon is tired");
    assert!(told.starts_with("nothing known"), "{told}");
    assert!(told.contains("exact words") && !told.contains("cause"), "{told}");
}

#[test]
fn the_table_is_sound() {
    let mut of: BTreeMap<&str, &str> = BTreeMap::new();
    for fingerprint in table() {
        let id = fingerprint.id.as_str();
        for sentence in [&fingerprint.cause, &fingerprint.remedy] {
            assert!(sentence.ends_with('.') && sentence.len() > 20, "{id}: {sentence}");
        }
        assert!(["docker", "podman", "any"].contains(&fingerprint.engine.as_str()), "{id}");
        for text in &fingerprint.texts {
            assert!(text.words.len() >= 12, "{id}: too short to tell anything: {}", text.words);
            let other = of.insert(&text.words, id);
            assert_eq!(other, None, "{id}: the same text");
            // By its own words, whatever stands in the gaps.
            let line = text.words.replace(" ... ", " x ");
            assert!(ids(&line).contains(&id), "{id} is not found by {line}");
            assert!(!text.standing.is_empty(), "{id}: neither produced nor why not");
            let is_produced = text.standing == "produced";
            assert_eq!(is_produced, !text.reproduced_by.is_empty(), "{id}: {}", text.standing);
            // A cell has a place besides.
            let words = match text.experiment.as_str() {
                "" => 0,
                "storage-driver" => 4,
                "cache-sharing" => 3,
                other => panic!("{id}: {other} makes nothing fail"),
            };
            assert_eq!(
                text.reproduced_by.split_whitespace().count(),
                words,
                "{id}: {} is none of {}",
                text.reproduced_by,
                text.experiment
            );
        }
    }
}

proptest! {
    /// Of letters that no text of the table is made of nothing is ever known.
    #[test]
    fn nothing_is_made_of_what_is_unknown(log in "[0-9A-F |\n.]{0,400}") {
        prop_assert!(explain(&log).is_empty());
        prop_assert!(explanation(&log).starts_with("nothing known"));
    }

    /// Half of a known text is none.
    #[test]
    fn half_a_text_is_not_known(index in 0_usize..100, share in 0.1_f64..0.6) {
        let texts: Vec<&str> = table()
            .iter()
            .flat_map(|fingerprint| &fingerprint.texts)
            .map(|text| text.words.as_str())
            .collect();
        let text = texts[index % texts.len()];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of it")]
        let half = &text[..(text.len() as f64 * share) as usize];
        prop_assert!(explain(half).iter().all(|found| found.text.words != text));
    }
}
