//! What an image is called: `alpine:3.20`, `quay.io/podman/stable`, `alpine@sha256:…`.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The registry that a name without one means, and where its official images are.
const HUB: &str = "docker.io";
const ALSO_HUB: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];
const OFFICIAL: &str = "library/";

/// A name in full, as engines have it after they have read what a user wrote (distribution,
/// `reference/normalize.go`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Name {
    registry: String,
    /// Without the registry: `library/alpine`.
    path: String,
    tag: Option<String>,
    /// With its algorithm: `sha256:…`.
    digest: Option<String>,
}

impl Name {
    /// What a user means by this; or why it is no name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon before a slash is a port's.
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((rest, tag)) if !tag.contains('/') => (rest, Some(tag)),
            _ => (rest, None),
        };
        let is_registry = |first: &str| first.contains(['.', ':']) || first == "localhost";
        let (registry, path) = match rest.split_once('/') {
            Some((first, path)) if is_registry(first) => (first, path.to_owned()),
            _ => (HUB, rest.to_owned()),
        };
        let registry = if ALSO_HUB.contains(&registry) { HUB } else { registry };
        let path =
            if registry == HUB && !path.contains('/') { format!("{OFFICIAL}{path}") } else { path };
        if !is_host(registry) {
            return Err(
                "a registry is the name of a host in small letters, perhaps with a port".to_owned()
            );
        }
        if !path.split('/').all(is_part) {
            return Err("names have a-z, 0-9 and single . _ - between these".to_owned());
        }
        if !tag.is_none_or(is_tag) {
            return Err("a tag has up to 128 of a-z, A-Z, 0-9, _ . and -".to_owned());
        }
        if !digest.is_none_or(is_digest) {
            return Err("a digest is sha256: and 64 hexadecimal digits".to_owned());
        }
        let tag = tag.or_else(|| digest.is_none().then_some("latest"));
        Ok(Self {
            registry: registry.to_owned(),
            path,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// What skopeo copies from a registry: where a name has both, the digest is what counts.
    pub(super) fn in_registry(&self) -> String {
        let Self { registry, path, .. } = self;
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("docker://{registry}/{path}@{digest}"),
            (None, tag) => {
                format!("docker://{registry}/{path}:{}", tag.as_deref().unwrap_or("latest"))
            }
        }
    }

    /// The same image by its digest, whatever its tag comes to mean meanwhile.
    pub(super) fn pinned(&self, digest: &str) -> String {
        format!("docker://{}/{}@{digest}", self.registry, self.path)
    }

    /// What it is in an engine of this machine, which knows no name without a tag.
    pub(super) fn in_engine(&self) -> String {
        let Self { registry, path, .. } = self;
        match (&self.tag, &self.digest) {
            (Some(tag), _) => format!("{registry}/{path}:{tag}"),
            (None, digest) => {
                format!("{registry}/{path}@{}", digest.as_deref().unwrap_or_default())
            }
        }
    }

    /// The repository that a lab's registry has it in: with the registry, if that is not Docker Hub.
    pub(crate) fn repository(&self) -> String {
        if self.registry == HUB {
            self.path.clone()
        } else {
            format!("{}/{}", self.registry, self.path)
        }
    }

    pub(crate) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    pub(super) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The registry that engines ask for it, if that is not Docker Hub.
    pub(crate) fn registry(&self) -> Option<&str> {
        (self.registry != HUB).then_some(&self.registry)
    }

    /// Whether an engine in a lab can ask for it: a registry that it could not tell from itself, or that has
    /// a port, is not the lab's.
    pub(super) fn is_servable(&self) -> bool {
        let registry = &self.registry;
        registry.contains('.') && !registry.contains(':') && registry.parse::<IpAddr>().is_err()
    }

    /// Whether its registry is this machine itself, of which Docker, too, expects no certificate.
    pub(super) fn is_local(&self) -> bool {
        let registry = &self.registry;
        let host = registry.rsplit_once(':').map_or(registry.as_str(), |(host, _)| host);
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Name {
    /// As short as users write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.registry != HUB {
            write!(f, "{}/", self.registry)?;
        }
        let official = self.registry == HUB;
        let short =
            self.path.strip_prefix(OFFICIAL).filter(|short| official && !short.contains('/'));
        f.write_str(short.unwrap_or(&self.path))?;
        if let Some(tag) = self.tag.as_deref().filter(|tag| *tag != "latest") {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// A name or an address, of version 6 in brackets; behind it there may be a port.
fn is_host(registry: &str) -> bool {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => registry,
    };
    let is_label = |label: &str| {
        let is_inner =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty()
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    in_brackets.map_or_else(
        || host.split('.').all(is_label),
        |address| address.parse::<std::net::Ipv6Addr>().is_ok(),
    )
}

/// Letters and digits, between which there may be one dot, one or two underscores, or hyphens.
fn is_part(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [part.bytes().next(), part.bytes().last()];
    let between: Vec<&str> =
        part.split(|sign: char| u8::try_from(sign).is_ok_and(is_plain)).collect();
    let is_between = |signs: &&str| {
        matches!(*signs, "" | "." | "_" | "__") || signs.bytes().all(|byte| byte == b'-')
    };
    ends.iter().all(|end| end.is_some_and(is_plain)) && between.iter().all(is_between)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&tag.len())
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || b".-".contains(&byte))
}

/// Of the one algorithm that engines and registries agree on.
pub(super) fn is_digest(digest: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let hex = digest.strip_prefix("sha256:");
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_hex))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[rstest]
    #[case::official("alpine", "docker.io/library/alpine:latest", "library/alpine", "alpine")]
    #[case::tag("alpine:3.20", "docker.io/library/alpine:3.20", "library/alpine", "alpine:3.20")]
    #[case::whole(
        "docker.io/library/alpine",
        "docker.io/library/alpine:latest",
        "library/alpine",
        "alpine"
    )]
    #[case::other_name("index.docker.io/me/x", "docker.io/me/x:latest", "me/x", "me/x")]
    #[case::where_it_is(
        "registry-1.docker.io/library/a",
        "docker.io/library/a:latest",
        "library/a",
        "a"
    )]
    #[case::user("me/tool:1", "docker.io/me/tool:1", "me/tool", "me/tool:1")]
    #[case::of_three(
        "docker.io/library/a/b",
        "docker.io/library/a/b:latest",
        "library/a/b",
        "library/a/b"
    )]
    #[case::registry(
        "quay.io/podman/stable",
        "quay.io/podman/stable:latest",
        "quay.io/podman/stable",
        "quay.io/podman/stable"
    )]
    #[case::port(
        "127.0.0.1:5000/x:1",
        "127.0.0.1:5000/x:1",
        "127.0.0.1:5000/x",
        "127.0.0.1:5000/x:1"
    )]
    #[case::local("localhost/x", "localhost/x:latest", "localhost/x", "localhost/x")]
    #[case::address("[::1]:5000/x:1", "[::1]:5000/x:1", "[::1]:5000/x", "[::1]:5000/x:1")]
    fn a_name_means(
        #[case] text: &str,
        #[case] whole: &str,
        #[case] repository: &str,
        #[case] short: &str,
    ) {
        let name = Name::parse(text).expect("a name");
        assert_eq!(name.in_engine(), whole);
        assert_eq!(name.in_registry(), format!("docker://{whole}"));
        assert_eq!((name.repository().as_str(), name.to_string().as_str()), (repository, short));
        assert_eq!(Name::parse(&name.to_string()), Ok(name));
    }

    #[test]
    fn a_digest_counts_more_than_a_tag() {
        let name = Name::parse(&format!("alpine:3.20@{DIGEST}")).expect("a name");
        assert_eq!(name.in_registry(), format!("docker://docker.io/library/alpine@{DIGEST}"));
        assert_eq!(name.tag(), Some("3.20"));
        assert_eq!(name.to_string(), format!("alpine:3.20@{DIGEST}"));
        let name = Name::parse(&format!("alpine@{DIGEST}")).expect("a name");
        assert_eq!((name.tag(), name.digest()), (None, Some(DIGEST)));
    }

    #[rstest]
    #[case("quay.io/x", true, false)]
    #[case("alpine", true, false)]
    #[case("localhost/x", false, true)]
    #[case("localhost:5000/x", false, true)]
    #[case("127.0.0.1:5000/x", false, true)]
    #[case("10.0.0.1/x", false, false)]
    #[case("example.net:5000/x", false, false)]
    fn a_lab_can_serve_it_and_it_is_local(
        #[case] text: &str,
        #[case] servable: bool,
        #[case] local: bool,
    ) {
        let name = Name::parse(text).expect("a name");
        assert_eq!((name.is_servable(), name.is_local()), (servable, local));
    }

    #[rstest]
    #[case("")]
    #[case("Alpine")]
    #[case("alpine:")]
    #[case("alpine:-x")]
    #[case("a..b")]
    #[case("-a")]
    #[case("a/")]
    #[case("../x")]
    #[case("./x")]
    #[case("x.net:/y")]
    #[case("-x.net/y")]
    #[case("X.net/y")]
    #[case("[1]:5000/y")]
    #[case("alpine@sha256:12")]
    #[case("alpine@sha512:0123")]
    #[case("a b")]
    #[case("ä")]
    fn what_is_no_name(#[case] text: &str) {
        assert!(Name::parse(text).is_err(), "{text}");
    }
}
