//! The comparison of patterns: one row a pattern in the file, an aspect a row on the terminal.

use std::fmt::Write;

use comfy_table::{Table, presets};

use super::{Column, none, number, text, to_csv};
use crate::analysis::sidecar::{Aspect, Look, Sidecar, TIMES};
use crate::analysis::{Analysis, Estimate, Range};
use crate::language::Lang;
use crate::page::phrases;

struct Row<'a> {
    sidecar: &'a Sidecar,
    pattern: &'static str,
}

/// A constant would have to hold rows that live for ever.
fn columns<'a>() -> [Column<Row<'a>>; 54] {
    [
        ("pattern", |row| row.pattern.to_owned()),
        ("stand", |row| {
            row.sidecar.advice(row.pattern).stand.name().to_owned()
        }),
        ("job", |row| row.property("job")),
        ("privilege_grade", |row| row.grade(Aspect::Privilege)),
        ("agent_privilege", |row| row.property("agent-privilege")),
        ("engine_privilege", |row| row.property("engine-privilege")),
        ("without_privilege", |row| row.property("without-privilege")),
        ("group_of_the_socket", |row| {
            row.property("group-of-the-socket")
        }),
        ("escape_grade", |row| row.grade(Aspect::Escape)),
        ("escape_reaches", |row| row.escapes("reaches the node")),
        ("escape_inside", |row| row.escapes("stays inside")),
        ("escape_refused", |row| row.escapes("refused")),
        ("escape_not_seen", |row| row.escapes(NOT_SEEN)),
        ("engine_taken_over", |row| {
            seen(row.sidecar.taken_over(row.pattern))
        }),
        ("isolation_grade", |row| row.grade(Aspect::Isolation)),
        ("isolation", |row| row.property("isolation")),
        ("node_paths", |row| row.property("node-paths")),
        ("next_pod", |row| row.property("next-pod")),
        ("cache_grade", |row| row.grade(Aspect::Cache)),
        ("cache", |row| row.property("cache")),
        ("storage_grade", |row| row.grade(Aspect::Storage)),
        ("storage_volume", |row| row.property("storage-volume")),
        ("storage_layer", |row| row.property("storage-layer")),
        ("accounting_grade", |row| row.grade(Aspect::Accounting)),
        ("accounting", |row| row.property("accounting")),
        ("accounting_host_cgroupns", |row| {
            row.property("accounting-host-cgroupns")
        }),
        ("collisions_grade", |row| row.grade(Aspect::Collisions)),
        ("collision_container", |row| {
            row.property("collision-container")
        }),
        ("collision_volume", |row| row.property("collision-volume")),
        ("socket_missing", |row| row.property("socket-missing")),
        ("daemons", |row| row.property("daemons")),
        ("start_ns", |row| row.value(0)),
        ("start_low", |row| row.low(0)),
        ("start_high", |row| row.high(0)),
        ("start_ratio", |row| value(row.ratio(0))),
        ("start_ratio_low", |row| low(row.ratio(0))),
        ("start_ratio_high", |row| high(row.ratio(0))),
        ("first_ns", |row| row.value(1)),
        ("first_low", |row| row.low(1)),
        ("first_high", |row| row.high(1)),
        ("first_ratio", |row| value(row.ratio(1))),
        ("first_ratio_low", |row| low(row.ratio(1))),
        ("first_ratio_high", |row| high(row.ratio(1))),
        ("again_ns", |row| row.value(2)),
        ("again_low", |row| row.low(2)),
        ("again_high", |row| row.high(2)),
        ("again_ratio", |row| value(row.ratio(2))),
        ("again_ratio_low", |row| low(row.ratio(2))),
        ("again_ratio_high", |row| high(row.ratio(2))),
        ("memory_bytes", |row| {
            number(row.memory().map(|found| found.value), 0)
        }),
        ("memory_low", |row| {
            number(range(row.memory()).map(|range| range.low), 0)
        }),
        ("memory_high", |row| {
            number(range(row.memory()).map(|range| range.high), 0)
        }),
        ("memory_range", |row| {
            let memory = row.sidecar.memory(row.pattern);
            memory.map_or_else(String::new, |memory| {
                format!("{:.0} to {:.0}", memory.least, memory.most)
            })
        }),
        ("memory_n", |row| {
            let memory = row.sidecar.memory(row.pattern);
            memory.map_or_else(String::new, |memory| memory.n.to_string())
        }),
    ]
}

const NOT_SEEN: &str = "not seen";

impl Row<'_> {
    fn property(&self, name: &str) -> String {
        seen(self.sidecar.property(self.pattern, name))
    }

    fn grade(&self, aspect: Aspect) -> String {
        let grade = self.sidecar.grade(self.pattern, aspect);
        text(grade.map(crate::analysis::sidecar::Grade::name))
    }

    /// The ways of this outcome.
    fn escapes(&self, outcome: &str) -> String {
        let looks = self.sidecar.escapes(self.pattern).into_iter();
        let of_it = looks.filter(|look| look.outcome.as_deref().unwrap_or(NOT_SEEN) == outcome);
        of_it.map(|look| &*look.step).collect::<Vec<_>>().join(" ")
    }

    fn time(&self, index: usize) -> Option<Estimate> {
        self.sidecar.time(self.pattern, TIMES[index].0)?.arm.median
    }

    fn value(&self, index: usize) -> String {
        number(self.time(index).map(|found| found.value), 1)
    }

    fn low(&self, index: usize) -> String {
        number(range(self.time(index)).map(|range| range.low), 1)
    }

    fn high(&self, index: usize) -> String {
        number(range(self.time(index)).map(|range| range.high), 1)
    }

    fn ratio(&self, index: usize) -> Option<Estimate> {
        let time = self.sidecar.time(self.pattern, TIMES[index].0)?;
        time.ratio.as_ref()?.estimate
    }

    fn memory(&self) -> Option<Estimate> {
        self.sidecar.memory(self.pattern)?.estimate
    }
}

fn seen(look: Option<&Look>) -> String {
    let outcome = look.map(|look| look.outcome.as_deref().unwrap_or(NOT_SEEN));
    text(outcome)
}

fn range(estimate: Option<Estimate>) -> Option<Range> {
    estimate?.interval
}

fn value(ratio: Option<Estimate>) -> String {
    number(ratio.map(|found| found.value), 6)
}

fn low(ratio: Option<Estimate>) -> String {
    number(range(ratio).map(|range| range.low), 6)
}

fn high(ratio: Option<Estimate>) -> String {
    number(range(ratio).map(|range| range.high), 6)
}

/// `sidecar.csv`; `None` where no run compares patterns.
pub(crate) fn sidecar_csv(analysis: &Analysis) -> miette::Result<Option<Vec<u8>>> {
    let rows: Vec<Row> = rows(analysis).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    to_csv(&columns(), &rows).map(Some)
}

fn rows(analysis: &Analysis) -> impl Iterator<Item = Row<'_>> {
    analysis.sidecars().flat_map(|sidecar| {
        let patterns = sidecar.patterns.iter();
        patterns.map(move |pattern| Row { sidecar, pattern })
    })
}

/// A pattern a column.
pub(super) fn terminal(analysis: &Analysis) -> String {
    let rows: Vec<Row> = rows(analysis).collect();
    let mut told = String::new();
    if rows.is_empty() {
        return told;
    }
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(std::iter::once("").chain(rows.iter().map(|row| row.pattern)));
    let mut line = |name: &str, of: &dyn Fn(&Row) -> String| {
        let cells = rows.iter().map(of);
        let cells = cells.map(|cell| if cell.is_empty() { none() } else { cell });
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    };
    for aspect in Aspect::ALL {
        line(aspect.name(), &|row| row.grade(aspect));
    }
    for (index, (word, _)) in TIMES.into_iter().enumerate() {
        line(&format!("{word}, s"), &|row| {
            let seconds = row.time(index).map(|found| found.map(|ns| ns / 1e9));
            seconds.map_or_else(String::new, |found| {
                phrases::estimate(Some(found), 2, Lang::En)
            })
        });
    }
    line("memory, MB", &|row| {
        number(row.memory().map(|found| found.value / 1e6), 1)
    });
    line("reaches the node by", &|row| {
        row.escapes("reaches the node")
    });
    let _ = writeln!(told, "\nPatterns:\n{table}");
    for sidecar in analysis.sidecars() {
        let hostile = sidecar.hostile().count();
        if hostile > 0 {
            let refused = sidecar.hostile().filter(|look| look.is("refused")).count();
            let allowed = sidecar.hostile().filter(|look| look.is("allowed")).count();
            let _ = writeln!(
                told,
                "  {hostile} hostile requests: {refused} refused by the plugin, {allowed} allowed"
            );
        }
        for stranger in &sidecar.strangers {
            let _ = writeln!(told, "  not read: {stranger}");
        }
    }
    told
}
