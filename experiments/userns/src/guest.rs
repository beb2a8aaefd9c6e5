//! A third lab beside the two: of an ordinary user of this machine, by whom this program is started again.
//! It is asked for each sample on its standard input and answers on its standard output, a line of JSON
//! each; its lab ends with its input.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lab::{Generation, Lab, Options, UserGroup};
use measure::{Reading, SampleError, failure};
use miette::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arms::{self, Row};
use crate::side::Side;

/// What it says.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    /// First of all.
    Ready {
        lab: Value,
        nests: Vec<Value>,
    },
    Reading {
        wall_ns: u64,
        cpu_ns: Option<u64>,
        whole_cpu_ns: Option<u64>,
    },
    /// Why a sample is none.
    Sample(String),
    /// Why no later one will be.
    Fatal(String),
}

/// In the user's program: takes what is asked for, as long as somebody asks. Of no arms, only says by its
/// exit code whether it could.
pub(crate) fn serve(options: &Options, names: &[String]) -> Result<()> {
    options.require()?;
    if names.is_empty() {
        return Ok(());
    }
    let rows: Vec<&Row> =
        arms::rows().filter(|row| names.iter().any(|name| name == row.0)).collect();
    let lab = Lab::start(options)?;
    let mut side = Side::new(&lab, &rows)?;
    say(&Answer::Ready { lab: lab.describe(), nests: side.describe()? });
    for name in std::io::stdin().lines().map_while(std::result::Result::ok) {
        let row = rows.iter().find(|row| row.0 == name);
        let taken = match row {
            Some((_, _, chain, step)) => side.take(chain, *step, arms::observer(&name)),
            None => Err(SampleError::Fatal(format!("no such arm: {name}"))),
        };
        say(&match taken {
            Ok(Reading { wall_ns, cpu_ns, whole_cpu_ns }) => {
                Answer::Reading { wall_ns, cpu_ns, whole_cpu_ns }
            }
            Err(SampleError::Sample(why)) => Answer::Sample(why),
            Err(SampleError::Fatal(why)) => Answer::Fatal(why),
        });
    }
    Ok(())
}

fn say(answer: &Answer) {
    let mut out = std::io::stdout().lock();
    if let Ok(text) = serde_json::to_string(answer) {
        // Who no longer listens asks for nothing more either.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}

/// What a user is started by, in the control group that is its first argument: as a login is, without a
/// terminal.
const AS_USER: &str = r#"group=$1 user=$2 && shift 2 && echo $$ > "$group/cgroup.procs" &&
own=$(id -g "$user") && exec setpriv --reuid "$user" --regid "$own" --init-groups --reset-env -- "$@""#;

/// The user's program.
pub(crate) struct Guest {
    child: Child,
    /// `None` once it is to end.
    asks: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    pub(crate) lab: Value,
    pub(crate) nests: Vec<Value>,
    /// Removed after the child has ended.
    _group: UserGroup,
}

const WHAT: &str = "no lab of that user";

/// What of the environment holds for the user's lab, too.
const HOLDS_FOR_ALL: [&str; 2] = ["MATRYOSHKA_MIRROR", "MATRYOSHKA_PATIENCE"];

/// This program as the user's, with what its lab is to take.
fn program(user: &str, generation: Generation, names: &[&str]) -> Result<(Command, UserGroup)> {
    let remedy =
        "name an ordinary user of this machine who can run this program and has ids in /etc/subuid";
    let refused = |why: String| failure(WHAT, why, remedy);
    let known = Command::new("id").args(["-u", user]).output();
    let known = known.map_err(|why| refused(format!("id: {why}")))?;
    let id = match String::from_utf8_lossy(&known.stdout).trim().parse() {
        Ok(0) => return Err(refused(format!("{user} is root"))),
        Ok(id) => id,
        Err(_) => return Err(refused(String::from_utf8_lossy(&known.stderr).trim().to_owned())),
    };
    let group = UserGroup::new(id).map_err(|why| refused(format!("no control group: {why}")))?;
    let own = std::env::current_exe().map_err(|why| refused(why.to_string()))?;
    let mut command = Command::new("sh");
    command.args(["-c", AS_USER, "sh"]).arg(group.path()).arg(user).arg("env");
    let told = HOLDS_FOR_ALL.iter().filter_map(|name| Some((name, std::env::var(name).ok()?)));
    command.args(told.map(|(name, value)| format!("{name}={value}")));
    command.arg(own).args(["--generation", &generation.to_string(), "--serve", &names.join(",")]);
    command.current_dir("/");
    Ok((command, group))
}

/// Whether this user can have a lab; where not, its own words say why.
pub(crate) fn require(user: &str, generation: Generation) -> Result<()> {
    let (mut command, _group) = program(user, generation, &[])?;
    let said = command.stdin(Stdio::null()).output();
    let said = said.map_err(|why| failure(WHAT, why.to_string(), "install util-linux"))?;
    if said.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    Err(measure::unsupported(WHAT, why, "what is missing is said above, with what mends it"))
}

impl Guest {
    /// Starts it, with its lab and the nests for these arms.
    pub(crate) fn start(user: &str, generation: Generation, names: &[&str]) -> Result<Self> {
        let (mut command, group) = program(user, generation, names)?;
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child =
            started.map_err(|why| failure(WHAT, why.to_string(), "install util-linux"))?;
        let asks = child.stdin.take();
        let answers = child.stdout.take().map(|out| BufReader::new(out).lines());
        let answers = answers.ok_or_else(|| failure(WHAT, "it has no output", "retry"))?;
        let (lab, nests) = (Value::Null, Vec::new());
        let mut guest = Self { child, asks, answers, lab, nests, _group: group };
        match guest.hear() {
            Some(Answer::Ready { lab, nests }) => (guest.lab, guest.nests) = (lab, nests),
            other => {
                let why = format!("it said {other:?}");
                return Err(failure(WHAT, why, "its own words above say why"));
            }
        }
        Ok(guest)
    }

    fn hear(&mut self) -> Option<Answer> {
        serde_json::from_str(&self.answers.next()?.ok()?).ok()
    }

    /// One sample.
    pub(crate) fn take(&mut self, name: &str) -> Result<Reading, SampleError> {
        let asked = self.asks.as_mut().map(|asks| writeln!(asks, "{name}"));
        let answer = asked.and_then(std::result::Result::ok).and_then(|()| self.hear());
        match answer {
            Some(Answer::Reading { wall_ns, cpu_ns, whole_cpu_ns }) => {
                Ok(Reading { wall_ns, cpu_ns, whole_cpu_ns })
            }
            Some(Answer::Sample(why)) => Err(SampleError::Sample(why)),
            Some(Answer::Fatal(why)) => Err(SampleError::Fatal(why)),
            _ => Err(SampleError::Fatal("the user's program has ended".to_owned())),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.asks.take());
        let _ = self.child.wait();
    }
}
