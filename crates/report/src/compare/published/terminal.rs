//! Runs beside the published figures, as lines for the terminal.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use facts::Here;

use super::{Confronted, Held, NOTES};

impl Confronted {
    pub(super) fn terminal(&self) -> String {
        let mut table = Table::new();
        let titles = ["experiment", "what", "published (range)"];
        table
            .load_preset(presets::UTF8_BORDERS_ONLY)
            .set_header(titles.into_iter().chain(self.headings()));
        for row in &self.rows {
            let held = |held: &Option<Held>| match held {
                None => "-".to_owned(),
                Some(Held { found, here: None }) => row.line(*found),
                Some(Held { found, here: Some(here) }) => {
                    format!("{}\n{}", row.line(*found), Here::name(*here))
                }
            };
            let published = row.line(Some(row.published));
            let cells = [row.experiment.clone(), row.title(), published];
            table.add_row(cells.into_iter().chain(row.runs.iter().map(held)));
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut text = format!("{}\n\n{}\n{table}\n", self.answer, NOTES.join("\n"));
        text.push_str("\nWhat differs beside the numbers:\n");
        let places: Vec<&str> = ["published"].into_iter().chain(self.headings()).collect();
        let width = places.iter().map(|place| place.chars().count()).max().unwrap_or_default();
        for difference in &self.differences {
            let _ = writeln!(text, "  {}", difference.what);
            let published = difference.published.as_deref().unwrap_or("-");
            let runs = difference.runs.iter().map(String::as_str);
            for (place, value) in places.iter().zip([published].into_iter().chain(runs)) {
                let _ = writeln!(text, "    {place:width$}  {value}");
            }
        }
        text
    }
}
