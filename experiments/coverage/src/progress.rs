//! Progress: a bar on a terminal, now and then a line elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Not more than one line in this time, so that a log stays short.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub(crate) enum Progress {
    Bar(ProgressBar),
    Lines { done: usize, cells: usize, next: Instant },
}

impl Progress {
    pub(crate) fn new(cells: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            let next = Instant::now() + LINE_EVERY;
            return Self::Lines { done: 0, cells, next };
        }
        let bar = ProgressBar::new(cells as u64);
        let style =
            ProgressStyle::with_template("coverage {wide_bar} {pos}/{len} cells, eta {eta}");
        Self::Bar(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// After a cell.
    pub(crate) fn cell(&mut self) {
        match self {
            Self::Bar(bar) => bar.inc(1),
            Self::Lines { done, cells, next } => {
                *done += 1;
                if Instant::now() >= *next {
                    measure::note!("coverage: {done} of {cells} cells done");
                    *next = Instant::now() + LINE_EVERY;
                }
            }
        }
    }

    /// Before anything else is printed.
    pub(crate) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
