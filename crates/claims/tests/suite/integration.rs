//! The classic integration test, as an application runs it inside a CI job's container: start a
//! database and a cache through testcontainers, use both, remove both.
//!
//! It runs in a process of its own, in the network and file system of a level. So it finds there
//! what an application would find: the mounted socket, `/.dockerenv`, `/etc/hosts`, the routes, and
//! from these testcontainers concludes at which address a published port is.
//!
//! What is *not* joined, and why that hides nothing: the process keeps the machine's user, PID and
//! control group namespaces. It has more power over files than the application would have, but all
//! it does is to connect to sockets, and the application as root of its container may do that, too;
//! the engine learns nothing of a client but what it says on the socket. It starts no process.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lab::Level;
use miette::{IntoDiagnostic, Result, WrapErr, miette};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde::{Deserialize, Serialize};
use testcontainers::core::logs::LogFrame;
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};
use tokio_postgres::NoTls;

/// Names the namespaces to join; its presence makes this program the child.
const VARIABLE: &str = "MATRYOSHKA_JOIN";

/// How long a service may take until it says that it is ready.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How long an answer of a service may take that said so.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// How long the engine may take to forget what was removed.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(10);

/// How much of a container's log goes into a failure.
const LAST_LINES: usize = 12;

/// What a service says when it is ready.
const POSTGRES_READY: &str = "database system is ready to accept connections";
const REDIS_READY: &str = "Ready to accept connections";

/// How the test ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// With all done and nothing left behind.
    Passed {
        /// Where testcontainers found the published port of the database.
        postgres: String,
        /// The same for Redis.
        redis: String,
        /// How long it took, images included.
        millis: u64,
    },
    /// Before that.
    Stopped(Stop),
}

/// Where the test stopped.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stop {
    /// What was tried.
    pub(crate) step: Step,
    /// The words of whoever refused: the engine, testcontainers, the kernel.
    pub(crate) why: String,
    /// The end of the container's log.
    pub(crate) log: Vec<String>,
}

/// What is done with each service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Asking the engine what it has.
    Ask,
    /// Starting a container and waiting for its word.
    Start,
    /// Asking testcontainers for its host and port.
    Resolve,
    /// Connecting there.
    Connect,
    /// Writing and reading back.
    Use,
    /// Removing it, with nothing left behind.
    Remove,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.step, self.why)?;
        self.log.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

/// Runs the test as a process in this level's network and file system, against the daemon behind
/// `docker_host`, a path as seen there (`unix:///var/run/docker.sock`).
///
/// An error means that the test could not be run; what it found, good or bad, is an outcome.
pub(crate) fn integration_test(level: &Level, docker_host: &str) -> Result<Outcome> {
    let process = level.process_directory().into_diagnostic()?;
    // The application has its container's variables, not those of this machine.
    let output = Command::new(std::env::current_exe().into_diagnostic()?)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", "/root")
        .env("DOCKER_HOST", docker_host)
        .env(VARIABLE, process.join("ns"))
        .output()
        .into_diagnostic()?;
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.trim()).into_diagnostic().wrap_err_with(|| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        format!("the integration test: {}, {said}{complaint}", output.status)
    })
}

/// Where Docker's daemon listens.
pub(crate) const DOCKER_HOST: &str = "unix:///var/run/docker.sock";

/// Starts Podman's service at a level, which answers to Docker's clients: nothing else that Podman
/// does needs a daemon. The address it answers at.
pub(crate) fn podman_service(level: &Level) -> Result<String> {
    const FOLDER: &str = "run/podman";
    // Detached, so that what has started it can end.
    let serve = format!(
        "mkdir -p /{FOLDER} && cd /{FOLDER} && \
         setsid podman system service --time=0 unix:///{FOLDER}/podman.sock \
         </dev/null >service.log 2>&1 &"
    );
    level.output(&["sh", "-c", &serve])?;
    let end = Instant::now() + START_DEADLINE;
    let ask = || get(level.root()?.connect(format!("{FOLDER}/podman.sock"))?, "/_ping");
    while !ask().is_ok_and(|answer| answer.trim() == "OK") {
        if Instant::now() > end {
            let log = || level.root()?.read_to_string(format!("{FOLDER}/service.log"));
            let log = log().unwrap_or_default();
            return Err(miette!("Podman's service does not answer: {log}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(format!("unix:///{FOLDER}/podman.sock"))
}

/// In the process that [`integration_test`] starts: does the work. Has to be called at the very
/// start of `main`, while there is one thread.
pub(crate) fn child() -> Option<ExitCode> {
    let namespaces = PathBuf::from(std::env::var_os(VARIABLE)?);
    let done = join(&namespaces).and_then(|()| {
        let host = std::env::var("DOCKER_HOST").into_diagnostic()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .into_diagnostic()?;
        let outcome = runtime.block_on(drive(&host));
        let text = serde_json::to_string(&outcome).into_diagnostic()?;
        writeln!(std::io::stdout(), "{text}").into_diagnostic()
    });
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report:?}");
            ExitCode::FAILURE
        }
    })
}

/// Enters the network and the file system of a container. From here on the machine's libraries are
/// out of reach: whatever is needed is loaded already. Names are resolved by glibc's `files` and
/// `dns`, which are a part of it since 2.34.
fn join(namespaces: &Path) -> Result<()> {
    // Whoever started this is gone, then so is the reason for it.
    set_parent_process_death_signal(Some(Signal::KILL)).into_diagnostic()?;
    let kinds = [("net", LinkNameSpaceType::Network), ("mnt", LinkNameSpaceType::Mount)];
    let open = |(name, kind)| {
        let path = namespaces.join(name);
        let file = File::open(&path).into_diagnostic();
        file.wrap_err_with(|| path.display().to_string()).map(|file| (file, kind))
    };
    // Both before the first is joined: the path leads through the file system that is left.
    let files: Vec<(File, LinkNameSpaceType)> =
        kinds.into_iter().map(open).collect::<Result<_>>()?;
    for (file, kind) in files {
        move_into_link_name_space(file.as_fd(), Some(kind))
            .into_diagnostic()
            .wrap_err_with(|| format!("joining a namespace of {}", namespaces.display()))?;
    }
    Ok(())
}

async fn drive(host: &str) -> Outcome {
    let began = Instant::now();
    let traces = Traces::new(host);
    let done = async {
        traces.left().map_err(|why| why.at(Step::Ask))?;
        let postgres = postgres(&traces).await;
        let redis = if postgres.is_ok() { Some(redis(&traces).await) } else { None };
        let used = postgres.and_then(|postgres| Ok((postgres, redis.transpose()?)));
        // Also after a failure: what testcontainers drops, it removes.
        match (traces.gone().await, used) {
            (Ok(()), used) => used,
            (Err(left), Ok(_)) => Err(left),
            (Err(left), Err(stop)) => {
                Err(Stop { why: format!("{}, after {stop}", left.why), ..left })
            }
        }
    };
    match done.await {
        Ok((postgres, redis)) => Outcome::Passed {
            postgres,
            redis: redis.unwrap_or_default(),
            millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        },
        Err(stop) => Outcome::Stopped(stop),
    }
}

/// Starts the database, writes a row and reads it back; the address it was found at.
async fn postgres(traces: &Traces) -> Result<String, Stop> {
    const SECRET: &str = "a secret";
    let log = Log::default();
    let request = GenericImage::new("postgres", "latest")
        .with_exposed_port(5432.tcp())
        // The first start has two servers: the one that sets up says so on standard output, the
        // one that is for clients on standard error (as in testcontainers-modules).
        .with_wait_for(WaitFor::message_on_stderr(POSTGRES_READY))
        .with_wait_for(WaitFor::message_on_stdout(POSTGRES_READY))
        .with_env_var("POSTGRES_PASSWORD", SECRET);
    let (server, host, port) = start(request, 5432, &log, traces).await?;
    let mut config = tokio_postgres::Config::new();
    config
        .host(&host)
        .port(port)
        .user("postgres")
        .password(SECRET)
        .dbname("postgres")
        .connect_timeout(ANSWER_DEADLINE);
    let (client, connection) = within(config.connect(NoTls))
        .await
        .map_err(|why| log.stop(Step::Connect, &format!("{host}:{port}: {why}")))?;
    let connection = tokio::spawn(connection);
    let read_back = within(async {
        client
            .batch_execute("CREATE TABLE dolls (size int4 PRIMARY KEY, name text NOT NULL)")
            .await?;
        let insert = "INSERT INTO dolls VALUES ($1, $2), ($3, $4)";
        client.execute(insert, &[&1, &"Masha", &2, &"Matryona"]).await?;
        let row = client.query_one("SELECT name FROM dolls WHERE size = $1", &[&2]).await?;
        row.try_get::<_, String>(0)
    });
    let name = read_back.await.map_err(|why| log.stop(Step::Use, &why))?;
    if name != "Matryona" {
        return Err(log.stop(Step::Use, &format!("read back: {name}")));
    }
    drop(client);
    // Its end is the server's farewell, nothing to be judged.
    let _ = connection.await;
    remove(server, &log).await?;
    Ok(format!("{host}:{port}"))
}

/// The same with Redis, a value and its key.
async fn redis(traces: &Traces) -> Result<String, Stop> {
    let log = Log::default();
    let request = GenericImage::new("redis", "latest")
        .with_exposed_port(6379.tcp())
        .with_wait_for(WaitFor::message_on_stdout(REDIS_READY));
    let (server, host, port) = start(request.into(), 6379, &log, traces).await?;
    let address = format!("{host}:{port}");
    let url = format!("redis://{address}/");
    // The client without features is one that blocks.
    let used = tokio::task::spawn_blocking(move || {
        let connect =
            |url: String| redis::Client::open(url)?.get_connection_with_timeout(ANSWER_DEADLINE);
        let mut connection = connect(url).map_err(|why| (Step::Connect, whole(&why)))?;
        let mut ask = |argv: &[&str]| -> redis::RedisResult<String> {
            connection.set_read_timeout(Some(ANSWER_DEADLINE))?;
            redis::cmd(argv[0]).arg(&argv[1..]).query(&mut connection)
        };
        ask(&["SET", "doll", "Masha"])
            .and_then(|_| ask(&["GET", "doll"]))
            .map_err(|why| (Step::Use, whole(&why)))
    });
    let name = match used.await {
        Ok(Ok(name)) => name,
        Ok(Err((step, why))) => return Err(log.stop(step, &format!("{address}: {why}"))),
        Err(why) => return Err(log.stop(Step::Use, &whole(&why))),
    };
    if name != "Masha" {
        return Err(log.stop(Step::Use, &format!("read back: {name}")));
    }
    remove(server, &log).await?;
    Ok(address)
}

type Server = ContainerAsync<GenericImage>;

/// Starts a container, waits for its word, and asks where its port is.
async fn start(
    request: ContainerRequest<GenericImage>,
    port: u16,
    log: &Log,
    traces: &Traces,
) -> Result<(Server, String, u16), Stop> {
    let consumer = log.clone();
    let server = request
        .with_label(LABEL, traces.own.clone())
        .with_startup_timeout(START_DEADLINE)
        // A container that did not get ready is gone before anybody could ask for its log.
        .with_log_consumer(move |frame: &LogFrame| consumer.take(frame))
        .start()
        .await
        .map_err(|why| log.stop(Step::Start, &whole(&why)))?;
    traces.note_volumes(server.id()).map_err(|why| why.at(Step::Ask))?;
    let found = async { Ok((server.get_host().await?, server.get_host_port_ipv4(port).await?)) };
    let found: Result<_, testcontainers::TestcontainersError> = found.await;
    let (host, port) = found.map_err(|why| log.stop(Step::Resolve, &whole(&why)))?;
    Ok((server, host.to_string(), port))
}

async fn remove(server: Server, log: &Log) -> Result<(), Stop> {
    let removed = server.rm().await;
    removed.map_err(|why| log.stop(Step::Remove, &whole(&why)))
}

/// What a service is asked, ended after a while; or why there is no answer.
async fn within<T, E: Error>(answer: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match tokio::time::timeout(ANSWER_DEADLINE, answer).await {
        Ok(answer) => answer.map_err(|why| whole(&why)),
        Err(_) => Err(format!("no answer after {} s", ANSWER_DEADLINE.as_secs())),
    }
}

/// An error with all its causes, in one line.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some say their cause themselves.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// What a container wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self, frame: &LogFrame) {
        let text = String::from_utf8_lossy(frame.bytes()).into_owned();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend(text.lines().map(str::to_owned));
    }

    fn stop(&self, step: Step, why: &str) -> Stop {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Stop {
            step,
            why: why.to_owned(),
            log: lines[lines.len().saturating_sub(LAST_LINES)..].to_vec(),
        }
    }
}

/// Why the engine could not be asked.
struct Refusal(String);

impl Refusal {
    fn at(self, step: Step) -> Stop {
        Log::default().stop(step, &self.0)
    }
}

/// What this process starts carries it, with the process's number: others may have the same engine
/// start the same images meanwhile.
const LABEL: &str = "matryoshka.integration";

/// What this test has made an engine make.
struct Traces {
    host: String,
    own: String,
    volumes: Mutex<Vec<String>>,
}

impl Traces {
    fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            own: std::process::id().to_string(),
            volumes: Mutex::default(),
        }
    }

    fn ask(&self, path: &str) -> Result<serde_json::Value, Refusal> {
        let socket = self.host.trim_start_matches("unix://");
        let stream = UnixStream::connect(socket);
        let body = stream.and_then(|stream| get(stream, path)).map_err(|why| why.to_string());
        let parse = |body: String| serde_json::from_str(&body).map_err(|_| body);
        body.and_then(parse).map_err(|why| Refusal(format!("{}{path}: {why}", self.host)))
    }

    /// The volumes that a container has got, which are to go with it.
    fn note_volumes(&self, container: &str) -> Result<(), Refusal> {
        let found = self.ask(&format!("/containers/{container}/json"))?;
        let mounts = found["Mounts"].as_array().into_iter().flatten();
        let names = mounts.filter_map(|mount| mount["Name"].as_str().map(str::to_owned));
        let mut volumes = self.volumes.lock().unwrap_or_else(PoisonError::into_inner);
        volumes.extend(names);
        Ok(())
    }

    /// What of it the engine still has: containers, running or not, and volumes.
    fn left(&self) -> Result<Vec<String>, Refusal> {
        // {"label":["LABEL=OWN"]}
        let filter = format!("%7B%22label%22%3A%5B%22{LABEL}%3D{}%22%5D%7D", self.own);
        let containers = self.ask(&format!("/containers/json?all=true&filters={filter}"))?;
        let volumes = self.ask("/volumes")?;
        let names = |list: &serde_json::Value, key: &str| -> Vec<String> {
            let names = list.as_array().into_iter().flatten();
            names.filter_map(|thing| thing[key].as_str().map(str::to_owned)).collect()
        };
        let own = self.volumes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = names(&volumes["Volumes"], "Name");
        left.retain(|name| own.contains(name));
        left.extend(names(&containers, "Id"));
        Ok(left)
    }

    /// Waits until the engine has forgotten all of it.
    async fn gone(&self) -> Result<(), Stop> {
        let end = Instant::now() + REMOVAL_DEADLINE;
        loop {
            let left = self.left().map_err(|why| why.at(Step::Remove))?;
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(Refusal(format!("left behind: {left:?}")).at(Step::Remove));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// One question to an engine's API. In this old version of HTTP, the end of the connection is the
/// end of the answer.
fn get(mut stream: UnixStream, path: &str) -> std::io::Result<String> {
    stream.set_read_timeout(Some(ANSWER_DEADLINE))?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    Ok(body.unwrap_or_default().to_owned())
}
