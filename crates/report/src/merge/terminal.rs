//! What is merged, as lines for the terminal.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use facts::{Lang, sessions_needed};
use measure::stats::ALPHA;

use super::{Difference, Merged, Row, fixed};
use crate::page::phrases;

/// Lists of what is left out are no longer than this.
const NAMED: usize = 8;

impl Merged {
    pub(super) fn terminal(&self) -> String {
        let mut text = self.head();
        let mut table = Table::new();
        table.load_preset(presets::UTF8_BORDERS_ONLY).set_header([
            "experiment",
            "contrast",
            "machines",
            "estimate",
            "interval",
            "coverage",
            "smallest",
            "largest",
        ]);
        for row in &self.rows {
            table.add_row(self.cells(row));
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let _ = writeln!(text, "{table}\n{}", self.notes());
        text.push_str(&self.rest());
        text
    }

    /// How many machines, and why so many.
    fn head(&self) -> String {
        let runs: usize = self.machines.iter().map(|machine| machine.runs.len()).sum();
        let machines = self.machines.len();
        let mut text = format!("Machines: {machines}. Runs: {runs}.\n");
        for (number, machine) in (1..).zip(&self.machines) {
            let runs = match machine.runs.len() {
                1 => "1 run".to_owned(),
                runs => format!("{runs} runs, which count once"),
            };
            let _ = writeln!(text, "  {number}: {} ({runs})", machine.said);
        }
        let _ = if self.told_apart_by == "records" {
            writeln!(
                text,
                "Runs whose records say the same of {} are taken for runs of one machine. If they are \
                 of several, name each machine's run, or the folder of its runs, and \
                 `--machines-differ`.",
                fixed()
            )
        } else {
            writeln!(
                text,
                "Each RUN is taken for another machine, as `--machines-differ` says: no record can tell \
                 equal machines apart."
            )
        };
        text
    }

    fn cells(&self, row: &Row) -> [String; 8] {
        let name = format!("{}{}", row.contrast, if row.primary { " *" } else { "" });
        let Some(found) = row.found else {
            let why = row.why.as_deref().unwrap_or("no machine has a reading");
            let dash = "-".to_owned();
            return [
                row.experiment.clone(),
                name,
                dash.clone(),
                dash.clone(),
                format!("not merged: {why}"),
                dash.clone(),
                dash.clone(),
                dash,
            ];
        };
        let number = |value: f64| format!("{value:.3}");
        let by_itself = if row.by_itself { " (by itself)" } else { "" };
        let interval = found.interval.map_or_else(
            || "none exists".to_owned(),
            |range| format!("{}{by_itself}", phrases::range(range, 3, Lang::En)),
        );
        let coverage = found.interval.map(|range| phrases::coverage(range.coverage, Lang::En));
        [
            row.experiment.clone(),
            name,
            format!("{} of {}", found.machines, self.machines.len()),
            number(found.value),
            interval,
            coverage.unwrap_or_else(|| "-".to_owned()),
            number(found.smallest),
            number(found.largest),
        ]
    }

    fn notes(&self) -> String {
        let mut text = "Estimate: the median of the machines' own estimates, each machine once; \
                        smallest and largest: of these, with each one's own noise in them. An interval speaks of machines like these, if \
                        they are a random choice of them. * primary: these share 5 %."
            .to_owned();
        let needed = self.machines_needed;
        let machines = || self.rows.iter().filter_map(|row| Some(row.found?.machines));
        if machines().any(|machines| machines < needed as usize) {
            let most = 1.0 - 2.0 * 0.5_f64.powf(f64::from(needed));
            let _ = write!(
                text,
                "\nnone exists: an interval across machines needs {needed} of them; from the smallest \
                 to the largest of {needed} covers with {}. Until then, smallest and largest are all \
                 that is known of how machines differ.",
                phrases::coverage(most, Lang::En)
            );
        }
        if self.rows.iter().any(|row| row.by_itself) {
            let families = self.rows.iter().filter(|row| row.by_itself);
            let families = families.filter_map(|row| self.family.get(&row.experiment).copied());
            let family = families.max().unwrap_or(1);
            let _ = write!(
                text,
                "\n(by itself): so few machines have no interval at the share of 5 % of each primary \
                 contrast, which needs {} of them; the interval is at 5 % by itself.",
                sessions_needed(ALPHA / family as f64)
            );
        }
        text
    }

    fn rest(&self) -> String {
        let mut text = String::new();
        if !self.left_out.is_empty() {
            let named: Vec<&str> = self.left_out.iter().take(NAMED).map(String::as_str).collect();
            let more = if self.left_out.len() > NAMED { ", ..." } else { "" };
            let _ = writeln!(
                text,
                "Left out, as half of the machines or fewer have them: {} contrasts ({}{more}).",
                self.left_out.len(),
                named.join(", ")
            );
        }
        for folder in &self.no_runs {
            let _ = writeln!(text, "Left out, as it holds no run: {}", folder.display());
        }
        if self.differences.is_empty() {
            text.push_str("No difference in machine, engines, packages or source is recorded.\n");
        } else {
            text.push_str("\nWhat differs beside the numbers:\n");
        }
        for Difference { experiment, what, values } in &self.differences {
            let values = values.iter().map(|(value, runs)| match runs {
                1 => format!("{value} (1 run)"),
                runs => format!("{value} ({runs} runs)"),
            });
            let values: Vec<String> = values.collect();
            let _ = writeln!(text, "  {experiment}, {what}: {}", values.join("; "));
        }
        text
    }
}
