//! Progress, drawn between samples only: a bar on a terminal, now and then a line elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Not more than one line in this time, so that a log of CI stays short.
const LINE_EVERY_NS: u64 = 5_000_000_000;

pub(crate) enum Progress {
    Bar(ProgressBar),
    Lines { experiment: String, next_ns: u64 },
}

impl Progress {
    pub(crate) fn new(experiment: &str, samples: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { experiment: experiment.to_owned(), next_ns: 0 };
        }
        let bar = ProgressBar::new(samples).with_prefix(experiment.to_owned());
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg} eta {eta}");
        // No steady tick: a thread that draws would draw into timed regions.
        Self::Bar(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// After a sample.
    pub(crate) fn sample(&self, failed: u64) {
        if let Self::Bar(bar) = self {
            if failed > 0 {
                bar.set_message(format!("({failed} failed)"));
            }
            bar.inc(1);
        }
    }

    /// After a block.
    pub(crate) fn block(&mut self, now_ns: u64, block: u32, blocks: usize, failed: u64) {
        if let Self::Lines { experiment, next_ns } = self
            && (now_ns >= *next_ns || block as usize == blocks)
        {
            program::note!("{experiment}: block {block} of {blocks} done, {failed} samples failed");
            *next_ns = now_ns + LINE_EVERY_NS;
        }
    }

    /// Before anything else is printed.
    pub(crate) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
