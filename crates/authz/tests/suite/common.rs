//! What the tests share: cases from tables, the daemon's message about one, a policy with a root.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use authz::Policy;
use authz::cases::{self, Case, Places};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What must be refused, in directories below `place`.
pub(crate) fn hostile(place: &Path) -> Vec<Case> {
    in_places(place, cases::hostile)
}

/// What must be let through, likewise.
pub(crate) fn legitimate(place: &Path) -> Vec<Case> {
    in_places(place, cases::legitimate)
}

fn in_places(place: &Path, table: fn(&Places) -> Result<Vec<Case>, String>) -> Vec<Case> {
    let (open, shut) = directories(place);
    let places = Places { open: &open, shut: &shut, host_network: "1f2e3d4c5b6a" };
    table(&places).expect("cases")
}

/// The default policy, and one root for bind mounts.
pub(crate) fn policy_with_root(place: &Path) -> Policy {
    Policy::read(&cases::policy(&directories(place).0)).expect("a policy")
}

fn directories(place: &Path) -> (PathBuf, PathBuf) {
    let made = ["open", "shut"].map(|name| {
        fs::create_dir_all(place.join(name)).expect("a directory");
        place.join(name)
    });
    made.into()
}

/// The body, if it is one of a create request.
pub(crate) fn created(case: &Case) -> Option<Vec<u8>> {
    let body = case.handed_over();
    let body = body.filter(|_| case.path.contains("/containers/create"))?;
    BASE64_STANDARD.decode(body).ok()
}

/// What the daemon writes to the plugin about a case.
pub(crate) fn message_about(case: &Case) -> Vec<u8> {
    message(&case.method, &case.path, case.handed_over(), &case.headers)
}

/// The daemon's message (moby `pkg/authorization/api.go`): what is empty is left out.
pub(crate) fn message(
    method: &str,
    uri: &str,
    body: Option<String>,
    headers: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut message = serde_json::json!({ "RequestMethod": method, "RequestUri": uri });
    if let Some(body) = body {
        message["RequestBody"] = body.into();
    }
    if !headers.is_empty() {
        message["RequestHeaders"] = serde_json::json!(headers);
    }
    message.to_string().into_bytes()
}

/// The message about `POST /containers/create` with this body.
pub(crate) fn create_message(body: &[u8]) -> Vec<u8> {
    let body = (!body.is_empty()).then(|| BASE64_STANDARD.encode(body));
    message("POST", "/v1.50/containers/create", body, &BTreeMap::new())
}
