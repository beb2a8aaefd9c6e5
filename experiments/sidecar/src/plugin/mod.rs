//! An authorization plugin between an engine and its clients: what it refuses, what it lets through,
//! what it costs, and what becomes of a request while it is gone.
//!
//! Two Dockers at level 1, started alike: one asks the plugin, under the policy that the tables of
//! requests are about, the other asks nobody and shows what a refused request would have done.

pub(crate) mod crowd;
pub(crate) mod gone;
mod request;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use authz::cases::{self, Case, Places};
use lab::{Agent, Engine, Lab, Layer, Nest};
use measure::{Reading, SampleError, Trial};
use miette::{Report, Result, miette};

use crate::words::{self, HOSTILE, LEGITIMATE, UNGUARDED};
use request::{Daemon, Outcome};

/// The plugin, static, to be put where a daemon finds it.
pub(crate) const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/authz"));

/// What starts it, and the daemon after it: that of the sidecar's own image.
const ENGINE: &str = include_str!("../../images/engine/engine");

/// The folder at level 0 with what the engine's container gets.
const FOLDER: &str = "/var/lib/matryoshka-plugin";

const GUARDED: Layer = Layer::own(Engine::Docker)
    .with(&[
        "--volume=/var/lib/matryoshka-plugin/authz:/usr/local/bin/authz:ro",
        "--volume=/var/lib/matryoshka-plugin/engine:/usr/local/bin/engine:ro",
        "--volume=/var/lib/matryoshka-plugin/policy.toml:/etc/docker/authz.toml:ro",
        "--entrypoint=engine",
    ])
    .daemon_with(&["--authorization-plugin=matryoshka"]);

const OPEN: Layer = Layer::own(Engine::Docker);

/// Directories of an engine's container: one that may be mounted, one that may not.
const ROOT: &str = "/srv/open";
const SHUT: &str = "/srv/shut";

/// What the requests of the tables are about.
const SCENE: &str = r#"mkdir -p "$1" "$2" && docker tag alpine a &&
for name in web abc; do
    docker run --detach --name $name alpine sleep infinity || exit
done &&
docker network create proj && docker network create proj_default"#;

/// Takes away what requests have made, on an engine that let them. What is left is not there, or not
/// of this kind.
const CLEAR: &str = "docker swarm leave --force
docker rm --force --volumes $(docker ps --all --quiet)
docker network prune --force
docker volume rm --force $(docker volume ls --quiet)
true";

/// When a request is left to itself, and the next one sent.
const LONG: Duration = Duration::from_secs(1);

/// A table of requests.
type Table = fn(&Places) -> std::result::Result<Vec<Case>, String>;

/// Both engines.
pub(crate) struct Plugin<'lab> {
    lab: &'lab Lab,
    guarded: Side<'lab>,
    open: Side<'lab>,
}

struct Side<'lab> {
    nest: Nest<'lab>,
    agent: Agent,
    daemon: Daemon,
}

impl<'lab> Side<'lab> {
    fn start(lab: &'lab Lab, layer: Layer) -> Result<Self> {
        let nest = lab.nest(&[Engine::Docker.into(), layer])?;
        let agent = nest.innermost().agent_beside()?;
        let daemon = Daemon::find(nest.innermost())?;
        Ok(Self { nest, agent, daemon })
    }

    fn run(&self, script: &str) -> Result<()> {
        let argv = ["sh", "-c", script, "sh", ROOT, SHUT];
        self.nest.innermost().output(&argv).map(drop)
    }

    /// What an engine does that asks a plugin.
    fn guarded(&self, row: &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> {
        self.run(SCENE)?;
        let mut refused = Vec::new();
        for (name, request) in self.requests(cases::hostile)? {
            let outcome = self.daemon.ask(&request)?;
            row(trial(HOSTILE, &name, words::GUARDED, &outcome))?;
            if let Outcome::Refused(rule) = outcome {
                refused.push((request, rule));
            }
        }
        for (name, request) in self.requests(cases::legitimate)? {
            // What the daemon then makes of it is not the plugin's.
            let outcome = match self.daemon.ask(&request)? {
                Outcome::Rejected(words) => Outcome::Allowed(words),
                outcome => outcome,
            };
            row(trial(LEGITIMATE, &name, words::GUARDED, &outcome))?;
        }
        crowd::send(&self.daemon, &refused, row)?;
        gone::kill(self.nest.innermost(), &self.daemon, row)?;
        self.run(CLEAR)
    }

    /// What one does with hostile requests that asks nobody, in their order: one may open the way for
    /// the next. It looks for a plugin that it lacks for long, and meanwhile gets others.
    fn unguarded(&self) -> Result<Vec<(String, Outcome)>> {
        self.run(SCENE)?;
        let requests = self.requests(cases::hostile)?;
        let outcomes = thread::scope(|scope| {
            let mut asked = Vec::new();
            for (name, request) in &requests {
                let answer = scope.spawn(|| self.daemon.ask(request));
                let end = Instant::now() + LONG;
                while !answer.is_finished() && Instant::now() < end {
                    thread::sleep(Duration::from_millis(2));
                }
                asked.push((name, answer));
            }
            let outcomes = asked.into_iter().map(|(name, answer)| {
                let outcome = answer.join().map_err(|_| miette!("a client panicked"))?;
                Ok((name.clone(), outcome?))
            });
            outcomes.collect::<Result<_>>()
        });
        self.run(CLEAR)?;
        outcomes
    }

    /// The requests of a table by name; what is none is left to the plugin's own tests.
    fn requests(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>> {
        let inspect = ["docker", "network", "inspect", "--format", "{{.Id}}", "host"];
        let host_network = self.nest.innermost().output(&inspect)?;
        let places = Places {
            open: Path::new(ROOT),
            shut: Path::new(SHUT),
            host_network: host_network.trim(),
        };
        let cases = table(&places).map_err(Report::msg)?.into_iter();
        let requests = cases.filter_map(|case| {
            let request = self.daemon.request(&case)?;
            Some((case.name, request))
        });
        Ok(requests.collect())
    }
}

impl<'lab> Plugin<'lab> {
    /// Starts both engines in a lab whose Docker is up.
    pub(crate) fn set_up(lab: &'lab Lab) -> Result<Self> {
        prepare(lab, &cases::policy(Path::new(ROOT)))?;
        thread::scope(|scope| {
            let open = scope.spawn(|| Side::start(lab, OPEN));
            let guarded = Side::start(lab, GUARDED)?;
            let open = open.join().map_err(|_| miette!("a client panicked"))??;
            Ok(Self { lab, guarded, open })
        })
    }

    /// Sends everything that the tables have to both engines; much at once to the one that asks the
    /// plugin; and then takes the plugin away in the middle of a request.
    pub(crate) fn try_all(&self, row: &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> {
        let unguarded = thread::scope(|scope| {
            let unguarded = scope.spawn(|| self.open.unguarded());
            self.guarded.guarded(row)?;
            unguarded.join().map_err(|_| miette!("a client panicked"))?
        })?;
        for (name, outcome) in unguarded {
            row(trial(HOSTILE, &name, UNGUARDED, &outcome))?;
        }
        Ok(())
    }

    /// One `docker ps`, by a client beside the engine.
    pub(crate) fn ps(&mut self, with_plugin: bool) -> Result<Reading, SampleError> {
        let side = if with_plugin { &mut self.guarded } else { &mut self.open };
        let argv = ["/usr/bin/docker", "ps"];
        bench::spawn(self.lab, &mut side.agent, &argv, |spawned| {
            spawned.succeeded() && spawned.stdout.starts_with("CONTAINER ID")
        })
    }
}

/// Writes program, start and policy where the engine's container gets them from.
fn prepare(lab: &Lab, policy: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let root = lab.level0().root()?;
        for (name, content, mode) in [
            ("authz", PROGRAM, 0o755),
            ("engine", ENGINE.as_bytes(), 0o755),
            ("policy.toml", policy.as_bytes(), 0o644),
        ] {
            root.write(Path::new(FOLDER).join(name), content, mode)?;
        }
        Ok(())
    };
    write().map_err(|e| miette!("the plugin can't be put into the lab: {e}"))
}

fn trial(table: &str, subject: &str, step: &str, outcome: &Outcome) -> Trial {
    let (word, reason) = outcome.words();
    words::row(table, subject, step, word, reason)
}
