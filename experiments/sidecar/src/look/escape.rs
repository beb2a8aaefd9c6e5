//! Ways from an agent to its node, really gone: whoever comes back with the secret has got out.
//!
//! The node is the lab's level 0. The secret is a file of its root on the node's own disk, whose
//! device every privileged container has.

use std::collections::BTreeMap;

use bench::once::error_chain;
use lab::Output;
use measure::Trial;
use miette::Result;

use super::{Observation, tell};
use crate::node::{Pod, SECRET, SERVICE};
use crate::pattern::{Client, Pattern};
use crate::words::{ESCAPE, PATTERN, Property, Word};

/// Where a way begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// The agent asks its engine.
    Engine,
    /// The agent's own container.
    Agent,
    /// The engine's container, which the agent has taken over, however.
    Takeover,
}

/// One way. `$file` is the secret's file on the node, `$device` the disk's, `$begin` how the secret
/// begins.
pub(crate) struct EscapeVector {
    pub(crate) name: &'static str,
    /// For readers, English and Spanish.
    pub(crate) is: [&'static str; 2],
    from: From,
    /// What of the node it leads to.
    to: Word,
    script: &'static str,
}

/// Of who has the engine's container.
pub(crate) const TAKEN_OVER: &str = "engine-taken-over";

pub(crate) const ESCAPES: [EscapeVector; 9] = [
    EscapeVector {
        name: "privileged-root-mount",
        is: [
            "a privileged container with the host's / mounted",
            "un contenedor privilegiado con la / del host montada",
        ],
        from: From::Engine,
        to: Word::Files,
        script: r#"docker run --rm --privileged --volume /:/host alpine cat "/host$file""#,
    },
    EscapeVector {
        name: "bind-root",
        is: ["`-v /:/host`", "montar con `-v /:/host`"],
        from: From::Engine,
        to: Word::Files,
        script: r#"docker run --rm --volume /:/host alpine cat "/host$file""#,
    },
    EscapeVector {
        name: "host-pid",
        is: ["the host's processes, and their roots", "los procesos del host y sus raíces"],
        from: From::Engine,
        to: Word::Processes,
        script: r#"docker run --rm --privileged --pid host alpine \
            sh -c "for root in /proc/[0-9]*/root; do cat \$root$file && exit; done; exit 1""#,
    },
    EscapeVector {
        name: "device",
        is: ["a device of the node's disk", "un dispositivo del disco del nodo"],
        from: From::Engine,
        to: Word::Devices,
        script: r#"docker run --rm --device "$device" alpine grep -a -o -m 1 "$begin[a-z0-9]*" "$device""#,
    },
    EscapeVector {
        name: "privileged-device",
        is: [
            "the same, made by a privileged container",
            "lo mismo, hecho por un contenedor privilegiado",
        ],
        from: From::Engine,
        to: Word::Devices,
        script: r#"docker run --rm --privileged alpine grep -a -o -m 1 "$begin[a-z0-9]*" "$device""#,
    },
    EscapeVector {
        name: "socket-in-container",
        is: [
            "the engine's own socket in a container",
            "el socket del propio motor en un contenedor",
        ],
        from: From::Engine,
        to: Word::Devices,
        script: r#"docker run --rm --volume /var/run/docker.sock:/var/run/docker.sock docker:cli \
            docker run --rm --privileged alpine grep -a -o -m 1 "$begin[a-z0-9]*" "$device""#,
    },
    EscapeVector {
        name: "exec-privileged",
        is: ["a privileged exec", "un exec privilegiado"],
        from: From::Engine,
        to: Word::Devices,
        script: r#"id=$(docker run --detach --rm alpine sleep 60) || exit
            docker exec --privileged "$id" sh -c "mknod /disk b $numbers && grep -a -o -m 1 '$begin[a-z0-9]*' /disk"
            ended=$?; docker rm --force "$id" > /dev/null; exit $ended"#,
    },
    EscapeVector {
        name: "own-container",
        is: [
            "from the agent's own container, without an engine",
            "desde el propio contenedor del agente, sin motor",
        ],
        from: From::Agent,
        to: Word::Devices,
        script: r#"grep -a -o -m 1 "$begin[a-z0-9]*" "$device""#,
    },
    EscapeVector {
        name: TAKEN_OVER,
        is: ["who has the engine's container", "quien tiene el contenedor del motor"],
        from: From::Takeover,
        to: Word::Devices,
        script: r#"grep -a -o -m 1 "$begin[a-z0-9]*" "$device""#,
    },
];

/// What an authorization plugin's refusal begins with.
const DENIED: &str = "authorization denied by plugin";

/// What the kernel says at the end of a way that leads nowhere.
const SHUT: [&str; 3] = ["o such file or directory", "peration not permitted", "ermission denied"];

/// A client whose engine did not hear of it.
const NOT_ASKED: &str = "connect to the Docker daemon";

impl EscapeVector {
    fn is_there(&self, pattern: &Pattern) -> bool {
        match self.from {
            From::Engine => pattern.client == Client::Docker,
            From::Agent => true,
            // In the agent's own container there is nothing to take over.
            From::Takeover => pattern.engine.is_some_and(|engine| engine != pattern.agent),
        }
    }

    fn go(&self, pod: &Pod) -> Result<Observation> {
        let node = pod.node;
        let disk = match &node.device {
            Ok(device) => {
                let numbers = node.level().output(&["stat", "-c", "%Hr %Lr", device])?;
                format!("device={device} begin={SECRET} numbers='{}'", numbers.trim())
            }
            Err(why) if self.to == Word::Devices => {
                let why = format!("the node has no disk of its own: {why}");
                return Ok(Observation::new(Word::NotWithoutRoot, why));
            }
            Err(_) => String::new(),
        };
        let script = format!("file={}\n{disk}\n{}", node.secret_file, self.script);
        let argv = ["sh", "-c", &script];
        let said = match (self.from, pod.pattern.engine) {
            (From::Takeover, Some(engine)) => pod.run_in(&pod.container(engine), &argv)?,
            _ => pod.run(&argv)?,
        };
        Ok(judged(&said, &node.secret))
    }
}

/// The secret itself decides, and nothing that a command says of itself.
fn judged(said: &Output, secret: &str) -> Observation {
    let last = |text: &str| {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let lines: Vec<&str> = lines.filter(|line| !line.contains(" --help")).collect();
        lines[lines.len().saturating_sub(3)..].join("\n")
    };
    if said.stdout.contains(secret) {
        return Observation::new(Word::Reaches, "it comes back with the secret");
    }
    if let Some(at) = said.stderr.find(DENIED) {
        let denied = said.stderr[at..].lines().take(2);
        return Observation::new(Word::Refused, denied.collect::<Vec<_>>().join(" "));
    }
    let words = last(&said.stderr);
    let is_asked = !said.stderr.contains(NOT_ASKED);
    let is_shut = is_asked && SHUT.iter().any(|shut| said.stderr.contains(shut));
    // A way that failed for another reason was not gone to its end.
    let outcome = if is_shut { Word::Inside } else { Word::NotSeen };
    let words =
        if words.is_empty() { format!("exit code {}, without a word", said.code) } else { words };
    Observation::new(outcome, words)
}

/// Goes every way of a pattern, a row each; then what of the node's an agent sees, by its own
/// container or through its engine.
pub(super) fn all(pod: &Pod, row: &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> {
    let pattern = pod.pattern;
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for way in ESCAPES.iter().filter(|way| way.is_there(pattern)) {
        let gone = way.go(pod);
        let observation =
            gone.unwrap_or_else(|report| Observation::new(Word::NotSeen, error_chain(&report)));
        // Not by a takeover: that is another crime than the one that is asked for.
        if observation.outcome == Word::Reaches.name() && way.from != From::Takeover {
            seen.entry(way.to.name())
                .or_insert_with(|| format!("{} by {}", way.to.name(), way.name));
        }
        tell(row, ESCAPE, pattern, way.name, Ok(Some(observation)))?;
    }
    if pattern.client == Client::Docker {
        let names = pod.output(&["docker", "ps", "--format", "{{.Names}}"])?;
        if names.lines().any(|name| name == SERVICE) {
            seen.insert(Word::Containers.name(), "containers on its engine's list".to_owned());
        }
    }
    let (names, how): (Vec<&str>, Vec<String>) = seen.into_iter().unzip();
    let isolation = match (&pod.node.device, names.is_empty()) {
        (Ok(_), true) => Observation::new(Word::NoneOfTheNode, "no way brought the secret back"),
        (Err(why), true) => Observation::new(Word::NotWithoutRoot, format!("no devices: {why}")),
        (_, false) => Observation::new(names.join(" "), how.join(", ")),
    };
    let step = Property::Isolation.name();
    tell(row, PATTERN, pattern, step, Ok(Some(isolation)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::secret("secret-of-the-node-x1\n", "", Word::Reaches)]
    #[case::another("secret-of-the-node-y2\n", "", Word::NotSeen)]
    #[case::shut("", "cat: can't open '/host/secret': No such file or directory", Word::Inside)]
    #[case::no_device(
        "",
        "docker: Error response from daemon: error gathering device information while adding \
         custom device \"/dev/node-disk\": no such file or directory.",
        Word::Inside
    )]
    #[case::no_engine(
        "",
        "permission denied while trying to connect to the Docker daemon",
        Word::NotSeen
    )]
    #[case::no_image("", "docker: Error response from daemon: manifest unknown", Word::NotSeen)]
    #[case::denied(
        "",
        "docker: Error: authorization denied by plugin m:\nrefused by rule privileged",
        Word::Refused
    )]
    #[case::said("", "no secret-of-the-node-x1 here", Word::NotSeen)]
    #[case::silent("", "", Word::NotSeen)]
    fn only_the_secret_is_an_escape(
        #[case] stdout: &str,
        #[case] stderr: &str,
        #[case] expected: Word,
    ) {
        let said = Output { code: 1, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert_eq!(judged(&said, "secret-of-the-node-x1").outcome, expected.name());
    }
}
