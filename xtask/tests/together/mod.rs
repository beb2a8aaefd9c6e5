//! Several at once of what mostly starts programs and waits for them.

use std::sync::Mutex;

/// More than there are processors: whoever waits needs none.
const AT_ONCE: usize = 4;

/// What becomes of each, in any order. A panic of one ends all.
pub(crate) fn together<T: Sync, R: Send>(all: &[T], done: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let left = Mutex::new(all.iter());
    let some = || {
        let next = || left.lock().expect("nothing panics with it").next();
        std::iter::from_fn(next).map(&done).collect::<Vec<R>>()
    };
    std::thread::scope(|scope| {
        let workers = [(); AT_ONCE].map(|()| scope.spawn(some));
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    })
}
