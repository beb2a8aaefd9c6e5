//! A comparison as lines for the terminal.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use facts::Lang;

use crate::compare::judge::Shown;
use crate::compare::{Comparison, Difference, Kind};

impl Comparison {
    /// That verdicts speak of these two machines, where they differ.
    fn of_two_machines(&self) -> String {
        self.machines_differ.as_ref().map_or_else(String::new, |[what, base, new]| {
            format!(
                "The runs are of machines that differ ({what}: {base} -> {new}). Every verdict speaks \
                 of these two machines: it can't tell a change from what differs between any two. \
                 With runs of more machines: `cargo xtask merge RUN...`.\n"
            )
        })
    }

    /// What a verdict on a lab and the machine's own engines can't tell.
    fn of_lab_and_host(&self) -> String {
        self.engines_differ.map_or_else(String::new, |[base, new]| {
            format!(
                "The base is of {base} engines, the new run of {new}: versions, images and settings \
                 differ, as listed, and a verdict can't tell which of them is the cause.\n"
            )
        })
    }

    pub(super) fn terminal(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_BORDERS_ONLY).set_header([
            "experiment",
            "what",
            "base",
            "interval",
            "new",
            "interval",
            "verdict",
        ]);
        for row in &self.rows {
            let cells = |shown: Option<Shown>| match shown {
                None => ["-".to_owned(), "-".to_owned()],
                Some(shown) => {
                    let number = |value: f64| match row.kind {
                        Kind::Ratio => format!("{value:.3}"),
                        Kind::Arm => {
                            let metric = &row.metric;
                            format!("{} {}", metric.amount(value, Lang::En), metric.unit.symbol())
                        }
                    };
                    let ends = shown.low.zip(shown.high);
                    [
                        number(shown.estimate),
                        ends.map_or_else(
                            || "none exists".to_owned(),
                            |(low, high)| format!("{} to {}", number(low), number(high)),
                        ),
                    ]
                }
            };
            let [base, base_interval] = cells(row.base);
            let [new, new_interval] = cells(row.new);
            let verdict = match (&row.why, &row.limit) {
                (Some(why), _) => format!("{}: {why}", row.verdict.name()),
                (None, Some(limit)) => format!("{} ({limit})", row.verdict.name()),
                (None, None) => row.verdict.name().to_owned(),
            };
            let name = format!("{}{}", row.name, if row.primary { " *" } else { "" });
            table.add_row([
                row.experiment.clone(),
                name,
                base,
                base_interval,
                new,
                new_interval,
                verdict,
            ]);
        }
        for column in table.column_iter_mut().skip(2).take(4) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let note = "changed: the intervals, each at half of the row's share of 5 %, have no value in \
             common. * primary: these share 5 %. (these sessions only): of one session each, which \
             can't tell a change from what differs between any two sessions. (each at 5 %): too few \
             sessions for an interval at that share. All sessions of a run are of one boot of one \
             machine: no verdict speaks of another.";
        let mut text =
            format!("{table}\n{note}\n{}{}", self.of_lab_and_host(), self.of_two_machines());
        if self.differences.is_empty() {
            text.push_str("No difference in machine, engines, packages or source is recorded.\n");
        } else {
            text.push_str("\nWhat differs beside the numbers:\n");
        }
        for Difference { experiment, what, base, new } in &self.differences {
            let _ = writeln!(text, "  {experiment}, {what}: {base} -> {new}");
        }
        text
    }
}
