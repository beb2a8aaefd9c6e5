//! Ctrl-C as a flag: a run ends after the sample that is being taken, and keeps everything.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use program::{EXIT_FAILED, failure};

const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Whether SIGINT, SIGTERM or SIGHUP has arrived since the run began.
///
/// The measuring loop looks at it between samples; an experiment's set-up should look at it between
/// its own steps and return an error. A second Ctrl-C ends the program at once; the other two often
/// come twice, from a terminal that closes or to a whole group, and the lab is waited for.
#[must_use]
pub fn interrupted() -> bool {
    FLAG.get().is_some_and(|flag| flag.load(Ordering::SeqCst))
}

/// Turns the three signals into the flag. Idempotent.
pub(crate) fn watch() -> miette::Result<()> {
    if FLAG.get().is_some() {
        return Ok(());
    }
    // Whoever started this program (`cargo xtask`) is gone without a signal to pass on: end as if
    // there had been one, and keep everything.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
    let flag = Arc::clone(FLAG.get_or_init(Arc::default));
    let watch = || -> std::io::Result<()> {
        // Registered before the flag's own handler, so that only the second one finds it set.
        let exit = i32::from(EXIT_FAILED);
        signal_hook::flag::register_conditional_shutdown(SIGINT, exit, Arc::clone(&flag))?;
        for signal in SIGNALS {
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(())
    };
    watch().map_err(|error| {
        failure(
            "signals can't be watched",
            error.to_string(),
            "start the program without a seccomp filter that forbids sigaction",
        )
    })
}
