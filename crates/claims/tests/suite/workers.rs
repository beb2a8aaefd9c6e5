//! Threads that look, on behalf of tests.
//!
//! A test is a closure that owns what it uses; what a look uses is borrowed from a lab that all
//! share and that has to be gone before the program ends. So tests ask, and threads of one scope
//! look.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use miette::{Result, miette};

use crate::look::Sight;
use crate::pattern::Pattern;
use crate::scene::{Jobs, Scene, Shared};

/// A look that a test asks for.
pub(crate) struct Ask {
    pub(crate) pattern: &'static Pattern,
    pub(crate) look: fn(&Scene) -> Result<Sight>,
}

type Asked = (Ask, Sender<Result<Sight>>);

/// Where to ask. Every test has one.
#[derive(Clone)]
pub(crate) struct Asker(Sender<Asked>);

impl Asker {
    pub(crate) fn run(&self, ask: Ask) -> Result<Sight> {
        let (reply, answer) = channel();
        let gone = || miette!("nobody looks any more");
        self.0.send((ask, reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

/// Runs what asks, with as many looking as may ask at once; the labs end before it returns.
pub(crate) fn serve<T>(shared: &Shared, threads: usize, asking: impl FnOnce(&Asker) -> T) -> T {
    let jobs = Jobs::new(shared);
    let (sender, receiver) = channel();
    let asked = Mutex::new(receiver);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| look(&jobs, &asked));
        }
        // Dropped at its end, and the threads with it.
        asking(&Asker(sender))
    })
}

fn look(jobs: &Jobs, asked: &Mutex<Receiver<Asked>>) {
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((ask, reply)) = next else { return };
        let scene = jobs.scene(ask.pattern);
        let looked = catch_unwind(AssertUnwindSafe(|| (ask.look)(&scene)));
        let looked = looked.unwrap_or_else(|_| Err(miette!("the look panicked; see above")));
        // A test that no longer waits has been given up.
        let _ = reply.send(looked);
    }
}
