//! Who is served at an engine's port, and who is not.

use bench::once::words;
use measure::Trial;
use miette::Result;

use crate::node::{Node, Pod, as_it_is};
use crate::pattern::{SIDECAR, SIDECAR_OPEN};
use crate::tls::FOLDER;

/// The table of `trials.csv`.
const TABLE: &str = "transport";

/// A client in the pod, or in another one.
struct Client {
    name: &'static str,
    /// Whose files it has: a folder below [`FOLDER`]; none for plain TCP.
    files: Option<&'static str>,
    /// Whether it keeps its certificate to itself.
    hidden: bool,
    is_in_pod: bool,
}

const WITHIN: Client = Client {
    name: "right certificate",
    files: Some("right"),
    hidden: false,
    is_in_pod: true,
};

const CLIENTS: [Client; 6] = [
    Client {
        name: "plain",
        files: None,
        ..WITHIN
    },
    Client {
        name: "no certificate",
        hidden: true,
        ..WITHIN
    },
    Client {
        name: "certificate of another authority",
        files: Some("foreign"),
        ..WITHIN
    },
    Client {
        name: "expired certificate",
        files: Some("expired"),
        ..WITHIN
    },
    WITHIN,
    Client {
        name: "right certificate, from another pod",
        is_in_pod: false,
        ..WITHIN
    },
];

/// Against the unencrypted port.
const OPEN: [Client; 2] = [
    Client {
        name: "sidecar-open plain",
        files: None,
        ..WITHIN
    },
    Client {
        name: "sidecar-open plain, from another pod",
        files: None,
        is_in_pod: false,
        ..WITHIN
    },
];

/// What a client says that was not let in.
const REFUSALS: [&str; 5] = [
    "Client sent an HTTP request to an HTTPS server",
    "tls: certificate required",
    "tls: unknown certificate authority",
    "tls: expired certificate",
    // Nobody listens at the pod's own address.
    "Cannot connect to the Docker daemon",
];

/// Lets every client ask, a row each.
pub(crate) fn try_all(node: &Node, row: &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> {
    for (pattern, port, clients) in [
        (&SIDECAR, 2376, &CLIENTS[..]),
        (&SIDECAR_OPEN, 2375, &OPEN[..]),
    ] {
        let pod = node.play(pattern, "", as_it_is)?;
        pod.ready()?;
        for client in clients {
            let (outcome, reason) = match ask(&pod, client, port) {
                Ok(said) if said.success() => ("served", said.stdout),
                Ok(said) if REFUSALS.iter().any(|words| said.stderr.contains(words)) => {
                    ("refused", said.stderr)
                }
                Ok(said) => ("not seen", said.stderr),
                Err(report) => ("not seen", words(&report)),
            };
            measure::note!("{}: {outcome}", client.name);
            row(Trial {
                table: TABLE.to_owned(),
                subject: client.name.to_owned(),
                step: "version".to_owned(),
                outcome: outcome.to_owned(),
                reason: reason.trim().to_owned(),
                ..Trial::default()
            })?;
        }
    }
    Ok(())
}

fn ask(pod: &Pod, client: &Client, port: u16) -> Result<lab::Output> {
    let address = if client.is_in_pod {
        "127.0.0.1".to_owned()
    } else {
        let infra = pod.inspect("{{.InfraContainerID}}")?;
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let argv = ["podman", "inspect", "--format", format, &infra];
        pod.node.level().output(&argv)?.trim().to_owned()
    };
    let mut argv = vec!["podman".to_owned(), "run".to_owned(), "--rm".to_owned()];
    if client.is_in_pod {
        argv.push(format!("--pod={}", pod.name));
    } else {
        argv.push("--network=podman-default-kube-network".to_owned());
    }
    if let Some(files) = client.files {
        argv.push(format!("--volume={FOLDER}/{files}:/tls:ro"));
    }
    argv.extend(["docker:cli", "docker"].map(str::to_owned));
    argv.push(format!("--host=tcp://{address}:{port}"));
    if client.files.is_some() {
        argv.extend(["--tlsverify", "--tlscacert=/tls/ca.pem"].map(str::to_owned));
        if !client.hidden {
            argv.extend(["--tlscert=/tls/cert.pem", "--tlskey=/tls/key.pem"].map(str::to_owned));
        }
    }
    argv.extend(["version", "--format", "{{.Server.Version}}"].map(str::to_owned));
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    pod.node.level().run(&argv)
}
