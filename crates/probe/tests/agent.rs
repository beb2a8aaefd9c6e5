//! The probe as an agent, asked on its standard streams.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use probe::{Answer, Operated, Operation, Request};
use rstest::rstest;

struct Agent {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Agent {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_probe"))
            .arg("agent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the probe starts");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, to, from }
    }

    fn ask(&mut self, request: &Request) -> Answer {
        let line = serde_json::to_string(request).expect("serialises");
        writeln!(self.to, "{line}").expect("the agent lives");
        let mut answer = String::new();
        self.from.read_line(&mut answer).expect("the agent lives");
        serde_json::from_str(&answer).expect("an answer")
    }

    fn operate(&mut self, operation: Operation, times: u32) -> Operated {
        match self.ask(&Request::Operate { operation, times }) {
            Answer::Operated(operated) => operated,
            other => panic!("{operation:?}: {other:?}"),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The least that the kernel can need for one, in ns: entering it alone takes tens of
/// nanoseconds, a new process a hundred microseconds and more.
#[rstest]
#[case::getppid(Operation::Getppid, 10)]
#[case::urandom(Operation::Urandom, 30)]
#[case::open_stat(Operation::OpenStat, 200)]
#[case::fork_exec(Operation::ForkExec, 20_000)]
#[case::ping_pong(Operation::PingPong, 200)]
#[case::page_fault(Operation::PageFault, 30)]
fn an_operation_takes_its_time_and_more_take_more(
    #[case] operation: Operation,
    #[case] least_ns: u64,
) {
    let mut agent = Agent::start();
    let few = agent.operate(operation, 20);
    let many = agent.operate(operation, 1_000);
    assert!(many.wall_ns >= 1_000 * least_ns, "{many:?}");
    assert!(many.cpu_ns >= 1_000 * least_ns, "{many:?}");
    // CPU time is that of the loop, and of both processes where there are two: nearly all of the
    // wall time is theirs, because they run on one core.
    assert!(many.cpu_ns <= many.wall_ns * 11 / 10, "{many:?}");
    assert!(many.cpu_ns > few.cpu_ns, "{few:?} {many:?}");
}

#[test]
fn an_operation_that_is_asked_for_no_times_is_refused() {
    let request = Request::Operate { operation: Operation::Getppid, times: 0 };
    let answer = Agent::start().ask(&request);
    assert!(matches!(answer, Answer::Failed { .. }), "{answer:?}");
}

#[test]
fn an_unknown_operation_is_refused() {
    let mut agent = Agent::start();
    writeln!(agent.to, r#"{{"operate":{{"operation":"dance","times":1}}}}"#).expect("it lives");
    let mut answer = String::new();
    agent.from.read_line(&mut answer).expect("it lives");
    assert!(answer.contains("dance"), "{answer}");
    assert!(answer.contains("failed"), "{answer}");
}

#[test]
fn processes_that_an_operation_started_have_ended() {
    let mut agent = Agent::start();
    agent.operate(Operation::PingPong, 10);
    agent.operate(Operation::ForkExec, 10);
    let id = agent.child.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    assert_eq!(children.expect("it lives"), "");
}

#[test]
fn page_faults_leave_the_agent_small() {
    let mut agent = Agent::start();
    let Answer::Vitals { peak_bytes: before } = agent.ask(&Request::Vitals) else {
        panic!("no vitals");
    };
    agent.operate(Operation::PageFault, 50_000);
    let Answer::Vitals { peak_bytes: after } = agent.ask(&Request::Vitals) else {
        panic!("no vitals");
    };
    // 50 000 pages are 195 MiB; at most 512 KiB of them are there at once.
    assert!(after - before < 1 << 20, "{before} {after}");
}
