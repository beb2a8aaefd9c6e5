//! Bodies of create requests that nobody thought of: made of hostile and harmless settings with
//! keys in all spellings, and torn.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

/// Settings of `HostConfig` as text, key and value, that reach the host.
const HOSTILE: &[(&str, &str)] = &[
    ("Privileged", "true"),
    ("CapAdd", r#"["SYS_ADMIN"]"#),
    ("CapAdd", r#"["cap_net_raw","all"]"#),
    ("PidMode", r#""host""#),
    ("IpcMode", r#""host""#),
    ("UTSMode", r#""host""#),
    ("UsernsMode", r#""host""#),
    ("NetworkMode", r#""host""#),
    ("NetworkMode", r#""container:c""#),
    ("CgroupnsMode", r#""host""#),
    ("Devices", r#"[{"PathOnHost":"/dev/sda"}]"#),
    ("DeviceRequests", r#"[{"Driver":"cdi"}]"#),
    ("DeviceCgroupRules", r#"["a *:* rwm"]"#),
    ("Binds", r#"["/:/host"]"#),
    ("Mounts", r#"[{"Type":"bind","Source":"/","Target":"/x"}]"#),
    ("Mounts", VOLUME_OF_THE_ROOT),
    ("SecurityOpt", r#"["seccomp=unconfined"]"#),
    ("MaskedPaths", "[]"),
    ("CgroupParent", r#""/x""#),
    ("VolumesFrom", r#"["c"]"#),
    ("Annotations", r#"{"a":"b"}"#),
];

const VOLUME_OF_THE_ROOT: &str = r#"[{"Type":"volume","Target":"/x","VolumeOptions":
    {"DriverConfig":{"Options":{"type":"none","o":"bind","device":"/"}}}}]"#;

/// Settings with which a container reaches nothing of the host's.
const HARMLESS: &[(&str, &str)] = &[
    ("Privileged", "false"),
    ("CapAdd", r#"["cap_chown","NET_RAW"]"#),
    ("PidMode", r#""""#),
    ("IpcMode", r#""private""#),
    ("NetworkMode", r#""bridge""#),
    ("CgroupnsMode", r#""private""#),
    ("Devices", "[]"),
    ("Binds", r#"["v:/v","/new"]"#),
    ("Mounts", r#"[{"Type":"volume","Source":"v","Target":"/x"}]"#),
    ("SecurityOpt", r#"["no-new-privileges"]"#),
    ("ReadonlyPaths", "null"),
    ("Memory", "1048576"),
    ("AutoRemove", "true"),
];

/// Some of them, each key at most once.
pub(crate) fn harmless() -> impl Strategy<Value = Vec<u8>> {
    subsequence(HARMLESS, 0..=HARMLESS.len()).prop_map(|settings| {
        let pairs = settings.iter().map(|(key, value)| format!(r#""{key}":{value}"#));
        let pairs: Vec<String> = pairs.collect();
        format!(r#"{{"Image":"a","HostConfig":{}}}"#, object(&pairs)).into_bytes()
    })
}

/// A key as it may be spelled: each letter in either case, escaped, or folded from elsewhere.
fn spelled(key: &'static str) -> impl Strategy<Value = String> {
    let letter = prop_oneof![12 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let all = prop::collection::vec(letter, key.len());
    prop_oneof![4 => Just(key.to_owned()), 3 => all.prop_map(move |ways| {
        key.chars().zip(ways).map(|(letter, way)| turned(letter, way)).collect()
    })]
}

fn turned(letter: char, way: u8) -> String {
    match (way, letter) {
        (1, c) if c.is_ascii_lowercase() => c.to_ascii_uppercase().to_string(),
        (1, c) => c.to_ascii_lowercase().to_string(),
        (2, c) => format!("\\u{:04x}", u32::from(c)),
        (3, 'k' | 'K') => "\u{212a}".to_owned(),
        (3, 's' | 'S') => "\u{17f}".to_owned(),
        (_, c) => c.to_string(),
    }
}

fn pair() -> impl Strategy<Value = String> {
    prop_oneof![select(HOSTILE), select(HARMLESS)].prop_flat_map(|(key, value)| {
        spelled(key).prop_map(move |key| format!(r#""{key}":{value}"#))
    })
}

fn object(pairs: &[String]) -> String {
    format!("{{{}}}", pairs.join(","))
}

/// A body of the API's shape: a host configuration or two, below and beside it.
pub(crate) fn body() -> impl Strategy<Value = Vec<u8>> {
    let host = (spelled("HostConfig"), prop::collection::vec(pair(), 0..5))
        .prop_map(|(key, pairs)| format!(r#""{key}":{}"#, object(&pairs)));
    let endpoint = prop_oneof![
        Just(r#""host":{}"#.to_owned()),
        spelled("NetworkID").prop_map(|key| format!(r#""proj":{{"{key}":"1f2e"}}"#)),
        spelled("Aliases").prop_map(|key| format!(r#""proj":{{"{key}":["x"]}}"#)),
    ];
    let network = (spelled("EndpointsConfig"), endpoint)
        .prop_map(|(key, endpoint)| format!(r#""NetworkingConfig":{{"{key}":{{{endpoint}}}}}"#));
    let top = prop_oneof![
        12 => host,
        2 => pair(),
        1 => network,
        4 => Just(r#""Image":"a""#.to_owned()),
    ];
    let whole = prop::collection::vec(top, 1..4).prop_map(|pairs| object(&pairs));
    (whole, torn()).prop_map(|(whole, torn)| torn.apply(whole.into_bytes()))
}

/// What may happen to a body's bytes.
#[derive(Clone, Debug)]
pub(crate) enum Torn {
    Not,
    Cut(Index),
    After(&'static str),
    Before(&'static str),
    Put(Index, Vec<u8>),
    Over(Index, u8),
}

pub(crate) fn torn() -> impl Strategy<Value = Torn> {
    let after = &["{}", " ", "\0", "]", "x", "{\"HostConfig\":{\"Privileged\":true}}"];
    prop_oneof![
        12 => Just(Torn::Not),
        1 => any::<Index>().prop_map(Torn::Cut),
        1 => select(&after[..]).prop_map(Torn::After),
        1 => select(&["\u{feff}", " ", "\n", "null", "{}", "[]"][..]).prop_map(Torn::Before),
        1 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(at, bytes)| Torn::Put(at, bytes)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Torn::Over(at, byte)),
    ]
}

impl Torn {
    pub(crate) fn apply(&self, mut body: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Cut(at) => body.truncate(at.index(body.len() + 1)),
            Self::After(text) => body.extend_from_slice(text.as_bytes()),
            Self::Before(text) => drop(body.splice(0..0, text.bytes())),
            Self::Put(at, bytes) => {
                let at = at.index(body.len() + 1);
                drop(body.splice(at..at, bytes.iter().copied()));
            }
            Self::Over(at, byte) if !body.is_empty() => {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            Self::Not | Self::Over(..) => {}
        }
        body
    }
}
