//! The path of a request, only in its plain form.
//!
//! The daemon routes by the path after one round of percent-decoding and redirects, without running
//! anything, what its router would clean (`//`, `.`, `..`; gorilla/mux `cleanPath`). So a path that
//! is not clean is refused here, and the rest means the same on both sides.

use percent_encoding::percent_decode_str;

use crate::policy::{Policy, Version};
use crate::rule::{Refusal, Rule, quoted};

/// A request's target: the path without its version, and the query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    query: String,
}

impl Target {
    pub(crate) fn read(policy: &Policy, uri: &str) -> Result<Self, Refusal> {
        let odd = |why: &str| Refusal::new(Rule::OddPath, format!("{why}: {}", quoted(uri)));
        // Also `http://host/path`, which Go's server takes, and `*` of OPTIONS.
        if !uri.starts_with('/') {
            return Err(odd("does not begin with a slash"));
        }
        if !uri.bytes().all(|b| b.is_ascii_graphic()) || uri.contains('#') {
            return Err(odd("holds a character that belongs in no request line"));
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let path = decoded(path).ok_or_else(|| odd("is not decodable"))?;
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let inner = &segments[..segments.len() - 1];
        if inner.iter().any(|s| s.is_empty()) || segments.iter().any(|s| matches!(*s, "." | "..")) {
            return Err(odd("is not clean"));
        }
        Ok(Self { path: unversioned(policy, &path)?.to_owned(), query: query.to_owned() })
    }

    /// Parameters of the query. Old versions of Go split at `;` too.
    pub(crate) fn parameters(&self) -> Result<Vec<(String, String)>, Refusal> {
        let pieces = self.query.split(['&', ';']).filter(|p| !p.is_empty());
        pieces
            .map(|piece| {
                let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
                let plain = |text: &str| decoded(&text.replace('+', "%20"));
                plain(key).zip(plain(value)).ok_or_else(|| {
                    Refusal::new(Rule::OddPath, format!("a query with {}", quoted(piece)))
                })
            })
            .collect()
    }
}

/// One round of decoding; printable ASCII only, the alphabet of all names in the API.
fn decoded(text: &str) -> Option<String> {
    let mut escapes = text.split('%').skip(1);
    // The crate leaves a broken escape as it is, Go refuses it.
    let hex = |e: &str| e.len() >= 2 && e.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    if !escapes.all(hex) {
        return None;
    }
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let printable = |b: u8| b == b' ' || b.is_ascii_graphic();
    text.bytes().all(printable).then(|| text.into_owned())
}

/// The path without `/v1.50` (`versionMatcher` in moby `api/server/server.go`: `/v[0-9.]+`).
fn unversioned<'a>(policy: &Policy, path: &'a str) -> Result<&'a str, Refusal> {
    let Some(rest) = path.strip_prefix("/v") else {
        return Ok(path);
    };
    if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Ok(path);
    }
    let (version, _) = rest.split_once('/').unwrap_or((rest, ""));
    let known = policy.api_min..=policy.api_max;
    if Version::read(version).is_some_and(|v| known.contains(&v)) {
        Ok(&rest[version.len()..])
    } else {
        Err(Refusal::new(Rule::ApiVersion, quoted(version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEFAULT_POLICY;

    fn read(uri: &str) -> Result<Target, Rule> {
        let policy = Policy::read(DEFAULT_POLICY).expect("the default policy");
        Target::read(&policy, uri).map_err(|refusal| refusal.rule)
    }

    #[test]
    fn a_path_is_decoded_once_and_loses_its_version() {
        for uri in ["/info", "/v1.50/info", "/%69nfo", "/v1.50/%69nfo?x=%zz"] {
            assert_eq!(read(uri).expect(uri).path, "/info", "{uri}");
        }
        assert_eq!(read("/a/%2569").expect("once").path, "/a/%69");
    }

    #[test]
    fn what_the_router_would_clean_is_odd() {
        let uris =
            ["", "*", "info", "//info", "/a//b", "/a/./b", "/a/%2e%2e/b", "/%", "/a%0ab", "/é"];
        for uri in uris {
            assert_eq!(read(uri), Err(Rule::OddPath), "{uri}");
        }
    }

    #[test]
    fn a_version_is_one_that_is_known() {
        for version in ["1.40", "1.53", "1.050", "1.50.0", "1.", "2.0", ".", "1.99999999"] {
            let uri = format!("/v{version}/info");
            assert_eq!(read(&uri), Err(Rule::ApiVersion), "{uri}");
        }
    }
}
