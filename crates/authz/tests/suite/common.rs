//! What the tests share: cases from tables, the daemon's message about one, a policy with a root.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use authz::{DEFAULT_POLICY, Policy};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

/// A row of a table; its head says what the columns are.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rule: Option<String>,
    #[serde(default = "post")]
    pub(crate) method: String,
    #[serde(default = "create")]
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    body: Option<String>,
    host: Option<String>,
    base64: Option<String>,
    file: Option<String>,
    /// A body of so many bytes, nested so deep.
    pad: Option<usize>,
    nest: Option<usize>,
}

fn post() -> String {
    "POST".to_owned()
}

fn create() -> String {
    "/v1.50/containers/create".to_owned()
}

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

/// The cases of a table, with ROOT and OPEN as directories of `place`.
pub(crate) fn cases(table: &str, place: &Path) -> Vec<Case> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let text = fs::read_to_string(tests.join(table)).expect("a table");
    let shut = place.join("shut").display().to_string();
    let open = place.join("open").display().to_string();
    fs::create_dir_all(&shut).expect("a directory");
    let text = text.replace("OPEN:", &format!("{open}:"));
    let text = text.replace("\"OPEN\"", &format!("\"{open}\""));
    let text = text.replace("\"ROOT", &format!("\"{shut}"));
    let mut table: Table = toml::from_str(&text).expect("cases");
    for case in &mut table.case {
        if let Some(file) = &case.file {
            let file = tests.join("client").join(file);
            case.body = Some(fs::read_to_string(file).expect("a client's body"));
        }
    }
    table.case
}

/// The default policy, and one root for bind mounts.
pub(crate) fn policy_with_root(place: &Path) -> Policy {
    let open = place.join("open");
    fs::create_dir_all(&open).expect("a directory");
    let root = format!("\nbind_roots = [\"{}\"]", open.display());
    Policy::read(&DEFAULT_POLICY.replace("\nbind_roots = []", &root)).expect("a policy")
}

impl Case {
    /// The request's body in base64, if the daemon has one to hand over.
    fn handed_over(&self) -> Option<String> {
        if let Some(text) = &self.base64 {
            return Some(text.clone());
        }
        let body = match (&self.host, self.pad, self.nest) {
            (Some(host), _, _) => Some(format!(r#"{{"Image":"a","HostConfig":{{{host}}}}}"#)),
            (_, Some(size), _) => Some(format!("{{}}{}", " ".repeat(size - 2))),
            (_, _, Some(depth)) => Some("[".repeat(depth) + &"]".repeat(depth)),
            _ => self.body.clone(),
        };
        body.map(|body| BASE64_STANDARD.encode(body))
    }

    /// The body, if it is one of a create request.
    pub(crate) fn created(&self) -> Option<Vec<u8>> {
        let body = self
            .handed_over()
            .filter(|_| self.path.contains("/containers/create"))?;
        BASE64_STANDARD.decode(body).ok()
    }

    /// What the daemon writes to the plugin about it.
    pub(crate) fn message(&self) -> Vec<u8> {
        message(&self.method, &self.path, self.handed_over(), &self.headers)
    }
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
    message("POST", &create(), body, &BTreeMap::new())
}
