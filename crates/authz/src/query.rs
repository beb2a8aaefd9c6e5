//! Calls that their path or query decides.

use crate::call::Call;
use crate::json::Json;
use crate::keys;
use crate::names;
use crate::networks;
use crate::policy::Policy;
use crate::rule::{Refusal, Rule, quoted};
use crate::uri::Target;

/// `POST /containers/NAME/start`: from a checkpoint never.
///
/// A form in the body overrides the query, and is not handed over. That there is none is certain
/// only without a Content-Type, or with a body that was handed over: then the daemon took it for
/// JSON. Only an experimental daemon has checkpoints (moby `daemon/start.go`); of another one those
/// types are believed that clients send with no body: bollard JSON, Docker 20.10's client text.
pub(crate) fn start(policy: &Policy, call: &Call, target: &Target) -> Result<(), Refusal> {
    for (key, value) in target.parameters()? {
        if key.to_ascii_lowercase().starts_with("checkpoint") && !value.is_empty() {
            return Err(Refusal::new(Rule::Checkpoint, quoted(&key)));
        }
    }
    if !call.body.is_empty() {
        return keys::body(policy, &call.body, keys::nothing);
    }
    let believed = match call.content_type.as_deref() {
        None => true,
        Some("application/json" | "text/plain") => !policy.experimental,
        Some(_) => false,
    };
    if !believed {
        return Err(Refusal::new(Rule::FormBody, "a Content-Type, and no body handed over"));
    }
    Ok(())
}

/// `POST /networks/NAME/connect`: to the host's neither by name nor by the ID of an endpoint.
pub(crate) fn connect(policy: &Policy, call: &Call, target: &Target) -> Result<(), Refusal> {
    let name = target.path.strip_prefix("/networks/");
    let name = name.and_then(|rest| rest.strip_suffix("/connect"));
    names::network(name.unwrap_or_default())?;
    keys::body(policy, &call.body, networks::connect)
}

/// Parameters of a build that reach nothing of the host's, whatever their values.
const BUILD: &str = "t dockerfile target platform q nocache cachefrom pull rm forcerm squash labels \
                     buildargs extrahosts memory memswap cpushares cpuperiod cpuquota cpusetcpus \
                     cpusetmems shmsize ulimits isolation";

/// Types of a build's context, as clients send them; another one may be a form's.
const CONTEXTS: &[&str] =
    &["application/x-tar", "application/tar", "application/octet-stream", "text/plain"];

/// `POST /build`, where policy lets build at all (moby `api/server/router/build/build_routes.go`).
pub(crate) fn build(policy: &Policy, call: &Call, target: &Target) -> Result<(), Refusal> {
    if !policy.build {
        return Err(Refusal::new(Rule::Build, "POST /build"));
    }
    if let Some(kind) = &call.content_type
        && !CONTEXTS.contains(&kind.as_str())
    {
        return Err(Refusal::new(Rule::FormBody, quoted(kind)));
    }
    for (key, value) in target.parameters()? {
        match key.as_str() {
            _ if value.is_empty() => {}
            "networkmode" => names::network_mode(policy, &value)?,
            "cgroupparent" => {
                keys::listed(Rule::CgroupParent, &policy.cgroup_parents, &Json::Text(value), &key)?;
            }
            "remote" if value == "client-session" => buildkit(policy, call, target)?,
            "remote" => return Err(Refusal::new(Rule::Build, "a remote context")),
            "version" if value != "1" => buildkit(policy, call, target)?,
            "session" | "buildid" | "outputs" => buildkit(policy, call, target)?,
            "version" => {}
            known if BUILD.split_whitespace().any(|name| name == known) => {}
            unknown => return Err(Refusal::new(Rule::UnknownKey, quoted(unknown))),
        }
    }
    Ok(())
}

/// The upgraded connections of the newer builder.
pub(crate) fn buildkit(policy: &Policy, _: &Call, target: &Target) -> Result<(), Refusal> {
    if policy.buildkit { Ok(()) } else { Err(Refusal::new(Rule::Buildkit, quoted(&target.path))) }
}
