//! Every route of the daemon and what decides it.
//!
//! From moby `daemon/server/router/*/*.go` (2026-03); `*` stands for the routers' `{name:.*}`, which
//! takes slashes too. A request is judged by every route that it fits, so that the order in which
//! the daemon's router tries them does not matter. What fits none is refused.

use crate::archive;
use crate::call::Call;
use crate::keys;
use crate::networks;
use crate::policy::Policy;
use crate::query;
use crate::rule::{Refusal, Rule, quoted};
use crate::uri::Target;

/// What decides a call.
enum Deciding {
    /// Nothing: it reaches nothing but what the API itself holds.
    Nothing,
    /// This rule, always.
    Rule(Rule),
    /// Its body.
    Body(keys::Check),
    /// Its path or query, or more than one of them and the body.
    Target(fn(&Policy, &Call, &Target) -> Result<(), Refusal>),
}

use Deciding::{Body, Nothing, Target as Query};

const CHECKPOINT: Deciding = Deciding::Rule(Rule::Checkpoint);
const PLUGINS: Deciding = Deciding::Rule(Rule::Plugins);
const SWARM: Deciding = Deciding::Rule(Rule::Swarm);

/// Method (`*`: any), path, what decides.
const ROUTES: &[(&str, &str, Deciding)] = &[
    // system
    ("GET", "/_ping", Nothing),
    ("HEAD", "/_ping", Nothing),
    ("GET", "/events", Nothing),
    ("GET", "/info", Nothing),
    ("GET", "/version", Nothing),
    ("GET", "/system/df", Nothing),
    ("POST", "/auth", Nothing),
    ("GET", "/distribution/*/json", Nothing),
    // containers
    ("GET", "/containers/json", Nothing),
    ("GET", "/containers/*/export", Nothing),
    ("GET", "/containers/*/changes", Nothing),
    ("GET", "/containers/*/json", Nothing),
    ("GET", "/containers/*/top", Nothing),
    ("GET", "/containers/*/logs", Nothing),
    ("GET", "/containers/*/stats", Nothing),
    ("GET", "/containers/*/attach/ws", Nothing),
    ("GET", "/containers/*/archive", Query(archive::out)),
    ("HEAD", "/containers/*/archive", Query(archive::out)),
    ("PUT", "/containers/*/archive", Query(archive::into)),
    ("POST", "/containers/create", Body(keys::create)),
    ("POST", "/containers/*/kill", Nothing),
    ("POST", "/containers/*/pause", Nothing),
    ("POST", "/containers/*/unpause", Nothing),
    ("POST", "/containers/*/restart", Nothing),
    ("POST", "/containers/*/start", Query(query::start)),
    ("POST", "/containers/*/stop", Nothing),
    ("POST", "/containers/*/wait", Nothing),
    ("POST", "/containers/*/resize", Nothing),
    ("POST", "/containers/*/attach", Nothing),
    ("POST", "/containers/*/rename", Nothing),
    ("POST", "/containers/*/update", Body(keys::update)),
    ("POST", "/containers/prune", Nothing),
    ("DELETE", "/containers/*", Nothing),
    // checkpoints name directories of the host, in the query of GET and DELETE too
    ("*", "/containers/*/checkpoints", CHECKPOINT),
    ("*", "/containers/*/checkpoints/*", CHECKPOINT),
    // exec
    ("POST", "/containers/*/exec", Body(keys::exec)),
    ("GET", "/exec/*/json", Nothing),
    ("POST", "/exec/*/start", Nothing),
    ("POST", "/exec/*/resize", Nothing),
    // images
    ("GET", "/images/json", Nothing),
    ("GET", "/images/search", Nothing),
    ("GET", "/images/get", Nothing),
    ("GET", "/images/*/get", Nothing),
    ("GET", "/images/*/history", Nothing),
    ("GET", "/images/*/json", Nothing),
    ("POST", "/images/load", Nothing),
    ("POST", "/images/create", Nothing),
    ("POST", "/images/*/push", Nothing),
    ("POST", "/images/*/tag", Nothing),
    ("POST", "/images/prune", Nothing),
    ("DELETE", "/images/*", Nothing),
    ("POST", "/commit", Nothing),
    // builds
    ("POST", "/build", Query(query::build)),
    ("POST", "/build/prune", Nothing),
    ("POST", "/build/cancel", Nothing),
    ("*", "/session", Query(query::buildkit)),
    ("*", "/grpc", Query(query::buildkit)),
    // volumes
    ("GET", "/volumes", Nothing),
    ("GET", "/volumes/*", Nothing),
    ("POST", "/volumes/create", Body(keys::volume)),
    ("POST", "/volumes/prune", Nothing),
    ("PUT", "/volumes/*", SWARM),
    ("DELETE", "/volumes/*", Nothing),
    // networks
    ("GET", "/networks", Nothing),
    ("GET", "/networks/*", Nothing),
    ("POST", "/networks/create", Body(networks::create)),
    ("POST", "/networks/*/connect", Query(query::connect)),
    ("POST", "/networks/*/disconnect", Nothing),
    ("POST", "/networks/prune", Nothing),
    ("DELETE", "/networks/*", Nothing),
    // plugins: the list is harmless
    ("GET", "/plugins", Nothing),
    ("GET", "/plugins/*/json", Nothing),
    ("GET", "/plugins/privileges", PLUGINS),
    ("POST", "/plugins/*", PLUGINS),
    ("PUT", "/plugins/*", PLUGINS),
    ("DELETE", "/plugins/*", PLUGINS),
    // swarm
    ("*", "/swarm", SWARM),
    ("*", "/swarm/*", SWARM),
    ("*", "/services", SWARM),
    ("*", "/services/*", SWARM),
    ("*", "/nodes", SWARM),
    ("*", "/nodes/*", SWARM),
    ("*", "/secrets", SWARM),
    ("*", "/secrets/*", SWARM),
    ("*", "/configs", SWARM),
    ("*", "/configs/*", SWARM),
    ("*", "/tasks", SWARM),
    ("*", "/tasks/*", SWARM),
];

/// Judges a call by every route that it fits.
pub(crate) fn judge(policy: &Policy, call: &Call, target: &Target) -> Result<(), Refusal> {
    let mut known = false;
    for (method, pattern, deciding) in ROUTES {
        if (*method != "*" && *method != call.method) || !fits(pattern, &target.path) {
            continue;
        }
        known = true;
        match deciding {
            Nothing => {}
            Deciding::Rule(rule) => return Err(Refusal::new(*rule, named(call, target))),
            Body(check) => keys::body(policy, &call.body, *check)?,
            Query(check) => check(policy, call, target)?,
        }
    }
    if known { Ok(()) } else { Err(Refusal::new(Rule::UnknownRoute, named(call, target))) }
}

fn named(call: &Call, target: &Target) -> String {
    format!("{} {}", quoted(&call.method), quoted(&target.path))
}

/// Whether `path` is of the form `pattern`, whose stars stand for any text.
fn fits(pattern: &str, path: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == path;
    };
    let Some(rest) = path.strip_prefix(before) else {
        return false;
    };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| fits(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_takes_slashes_and_nothing() {
        for path in ["/a//c", "/a/b/c", "/a/b/b/c", "/a/c/c"] {
            assert!(fits("/a/*/c", path), "{path}");
        }
        for path in ["/a/b", "/a/c", "/a/b/c/", "/x/b/c", ""] {
            assert!(!fits("/a/*/c", path), "{path}");
        }
        assert!(fits("/a/*/c/*", "/a/b/c/d") && !fits("/a/*/c/*", "/a/b/c"));
    }
}
