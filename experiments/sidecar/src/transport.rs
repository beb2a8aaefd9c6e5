//! Who is served at an engine's port, and who is not.

use std::thread;
use std::time::{Duration, Instant};

use bench::once::error_chain as said_by;
use lab::Output;
use measure::Trial;
use miette::Result;

use crate::node::{Node, POD_NETWORK, Pod, as_it_is};
use crate::pattern::{SIDECAR, SIDECAR_OPEN};
use crate::tls::FOLDER;
use crate::words::{self, TRANSPORT, Word};

/// How the names of those begin that are to be served.
pub(crate) const RIGHT: &str = "right certificate";

/// What a client asks for.
pub(crate) const VERSION: &str = "version";

/// A client in the pod, or in another one.
struct Client {
    name: &'static str,
    /// Whose files it has: a folder below [`FOLDER`]; none for plain TCP.
    files: Option<&'static str>,
    /// Whether it keeps its certificate to itself.
    hidden: bool,
    is_in_pod: bool,
    /// What it says when it is not let in; none of one that is.
    refusal: Option<&'static str>,
}

const WITHIN: Client =
    Client { name: RIGHT, files: Some("right"), hidden: false, is_in_pod: true, refusal: None };

const CLIENTS: [Client; 6] = [
    Client {
        name: "plain",
        files: None,
        refusal: Some("Client sent an HTTP request to an HTTPS server"),
        ..WITHIN
    },
    Client {
        name: "no certificate",
        hidden: true,
        refusal: Some("tls: certificate required"),
        ..WITHIN
    },
    Client {
        name: "certificate of another authority",
        files: Some("foreign"),
        refusal: Some("tls: unknown certificate authority"),
        ..WITHIN
    },
    Client {
        name: "expired certificate",
        files: Some("expired"),
        refusal: Some("tls: expired certificate"),
        ..WITHIN
    },
    WITHIN,
    Client {
        name: "right certificate, from another pod",
        is_in_pod: false,
        // Nobody listens at the pod's own address.
        refusal: Some("Cannot connect to the Docker daemon"),
        ..WITHIN
    },
];

/// Against the unencrypted port.
const OPEN: [Client; 2] = [
    Client { name: "sidecar-open plain", files: None, ..WITHIN },
    Client {
        name: "sidecar-open plain, from another pod",
        files: None,
        is_in_pod: false,
        ..WITHIN
    },
];

/// How long a client asks until it reads an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets every client ask, a row each.
pub(crate) fn try_all(node: &Node, row: &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> {
    for (pattern, port, clients) in
        [(&SIDECAR, 2376, &CLIENTS[..]), (&SIDECAR_OPEN, 2375, &OPEN[..])]
    {
        // Other pods of the pattern are looked at meanwhile.
        let pod = node.play(pattern, "-transport", as_it_is)?;
        pod.ready()?;
        for client in clients {
            let (outcome, reason) = answer(client.refusal, PATIENCE, || ask(&pod, client, port));
            row(words::row(TRANSPORT, client.name, VERSION, outcome, reason.trim()))?;
            measure::note!("{}: {}", client.name, outcome.name());
        }
    }
    Ok(())
}

/// What a client reads in the end. In TLS 1.3 it is done with its part before the engine has looked at
/// its certificate: its request may then meet a connection that is closed already, and be reset before
/// it has read why. Such a client knows nothing, and asks again.
fn answer(
    refusal: Option<&str>,
    patience: Duration,
    mut ask: impl FnMut() -> Result<Output>,
) -> (Word, String) {
    let end = Instant::now() + patience;
    loop {
        let said = match ask() {
            Ok(said) if said.success() => return (Word::Served, said.stdout),
            Ok(said) if refusal.is_some_and(|words| said.stderr.contains(words)) => {
                return (Word::Refused, said.stderr);
            }
            Ok(said) => said.stderr,
            Err(report) => return (Word::NotSeen, said_by(&report)),
        };
        if Instant::now() > end || measure::interrupted() {
            return (Word::NotSeen, said);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn ask(pod: &Pod, client: &Client, port: u16) -> Result<Output> {
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
        argv.push(format!("--network={POD_NETWORK}"));
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

#[cfg(test)]
mod tests {
    use miette::miette;
    use rstest::rstest;

    use super::*;

    const ALERT: &str = "error: remote error: tls: expired certificate";
    const RESET: &str = "read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer";

    #[rstest]
    #[case::served(&[""], Word::Served)]
    #[case::refused(&[ALERT], Word::Refused)]
    #[case::lost_once(&[RESET, ALERT], Word::Refused)]
    #[case::lost_often(&[RESET, "write: broken pipe", "EOF", RESET, ALERT], Word::Refused)]
    #[case::served_after_all(&[RESET, ""], Word::Served)]
    #[case::never(&[RESET], Word::NotSeen)]
    #[case::another_ones(&["remote error: tls: unknown certificate authority"], Word::NotSeen)]
    fn a_client_asks_until_it_reads_an_answer(#[case] said: &[&str], #[case] expected: Word) {
        // One that repeats its last word for ever is not waited for.
        let patience = if expected == Word::NotSeen { 0 } else { 60 };
        let mut asked = 0;
        let (outcome, _) =
            answer(Some("tls: expired certificate"), Duration::from_secs(patience), || {
                let stderr = said[asked.min(said.len() - 1)].to_owned();
                asked += 1;
                Ok(Output { code: i32::from(!stderr.is_empty()), stdout: String::new(), stderr })
            });
        assert_eq!(outcome, expected);
        assert!(asked >= said.len(), "{asked}");
        assert!(asked == said.len() || expected == Word::NotSeen, "{asked}");
    }

    #[test]
    fn a_client_that_cannot_be_started_is_not_refused() {
        let (outcome, _) = answer(Some("down"), PATIENCE, || Err(miette!("the lab is down")));
        assert_eq!(outcome, Word::NotSeen);
    }
}
