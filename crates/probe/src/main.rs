//! `probe agent` serves requests on its standard streams; `probe spawn N COMMAND…` times a command
//! N times by hand, `probe operate N OPERATION` an operation of the kernel. `probe nothing` and
//! `probe echo` are what operations start. `probe feed MEBIBYTES` and `probe sha256sum` are the two
//! ends of a pipe that hashes, to stand for other programs' ends.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use probe::{Answer, ECHO, NOTHING, Request, answer};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        [NOTHING] => return ExitCode::SUCCESS,
        [ECHO] => probe::echo(),
        ["agent"] => serve(),
        ["spawn", times, command @ ..] if !command.is_empty() => match times.parse() {
            Ok(times) => by_hand(times, command),
            Err(_) => return usage(),
        },
        ["feed", mebibytes] => match mebibytes.parse() {
            Ok(mebibytes) => probe::feed(mebibytes, &mut io::stdout().lock()),
            Err(_) => return usage(),
        },
        // In the form in which the program of that name prints it.
        ["sha256sum"] => probe::digest(&mut io::stdin().lock())
            .and_then(|digest| writeln!(io::stdout(), "{digest}  -")),
        ["operate", times, name] => {
            let operation = serde_json::from_value(serde_json::Value::from(*name));
            match (times.parse(), operation) {
                (Ok(times), Ok(operation)) => say(&answer(&Request::Operate { operation, times })),
                _ => return usage(),
            }
        }
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen what it wanted.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(io::stderr(), "probe: {e}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    let _ = writeln!(
        io::stderr(),
        "usage: probe agent | probe spawn TIMES COMMAND [ARG…] | probe operate TIMES OPERATION | \
         probe feed MEBIBYTES | probe sha256sum"
    );
    ExitCode::from(2)
}

/// Answers until the other side closes the pipe.
fn serve() -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(request) => answer(&request),
            Err(e) => Answer::Failed { why: format!("request not understood: {e}") },
        };
        say(&answer)?;
    }
    Ok(())
}

fn by_hand(times: u32, command: &[&str]) -> io::Result<()> {
    let request = Request::Spawn {
        argv: command.iter().map(ToString::to_string).collect(),
        deadline_ms: 60_000,
    };
    for _ in 0..times {
        say(&answer(&request))?;
    }
    Ok(())
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, answer)?;
    out.write_all(b"\n")?;
    out.flush()
}
