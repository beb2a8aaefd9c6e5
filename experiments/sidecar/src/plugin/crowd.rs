//! Many requests at once: none is lost, none is let through that should not be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use measure::Trial;
use miette::Result;

use super::request::{Daemon, Outcome};
use crate::words::{self, PLUGIN};

const REQUESTS: usize = 1000;
const AT_ONCE: usize = 32;

/// What is counted: what came to the right end, and what did not.
pub(crate) const COUNTS: [&str; 4] = ["allowed right", "refused right", LOST, WRONG];
pub(crate) const LOST: &str = "lost";
pub(crate) const WRONG: &str = "wrong";

/// What changes nothing when it is done again.
const LEGITIMATE: [&[u8]; 2] = [
    b"GET /containers/json HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n",
    b"POST /volumes/create HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\
      Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{\"Name\":\"thousand\"}",
];

/// How many came to which end.
#[derive(Default)]
struct Counts {
    allowed: AtomicUsize,
    refused: AtomicUsize,
    lost: AtomicUsize,
    wrong: AtomicUsize,
}

/// Sends requests of which each second one is hostile and has a rule that must refuse it.
pub(super) fn send(
    daemon: &Daemon,
    hostile: &[(Vec<u8>, String)],
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let counts = Counts::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= REQUESTS {
                        break;
                    }
                    counts.one(daemon, number, hostile);
                }
            });
        }
    });
    let wall_ns = u64::try_from(began.elapsed().as_nanos()).ok();
    let counts = [counts.allowed, counts.refused, counts.lost, counts.wrong];
    for (step, count) in COUNTS.into_iter().zip(counts) {
        let subject = format!("{REQUESTS} at {AT_ONCE}");
        let outcome = count.into_inner().to_string();
        row(Trial { wall_ns, ..words::row(PLUGIN, &subject, step, outcome, "") })?;
    }
    Ok(())
}

impl Counts {
    fn one(&self, daemon: &Daemon, number: usize, hostile: &[(Vec<u8>, String)]) {
        let at = number / 2;
        let (request, rule) = match hostile.get(at % hostile.len().max(1)) {
            Some((request, rule)) if number.is_multiple_of(2) => (request.as_slice(), Some(rule)),
            _ => (LEGITIMATE[at % LEGITIMATE.len()], None),
        };
        let count = match (daemon.ask(request), rule) {
            (Ok(Outcome::Allowed(_)), None) => &self.allowed,
            (Ok(Outcome::Refused(by)), Some(rule)) if by == *rule => &self.refused,
            (Ok(_), _) => &self.wrong,
            (Err(_), _) => &self.lost,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
