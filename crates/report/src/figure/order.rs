//! Readings in the order in which they were taken, each relative to its arm's median, and the
//! slowness of each block: drift, bursts and steps are seen here or nowhere.

use facts::{term, text};
use std::collections::BTreeMap;

use measure::stats::median;
use plotters::prelude::DrawingBackend;

use crate::analysis::{Analysis, RunAnalysis};
use crate::figure::canvas::{Axis, BAND, Canvas, Drawn, Font, GRID, Growth, INK, QUIET, Scale};
use crate::figure::legend::{self, Mark};
use crate::figure::{Frame, Picture, forest};
use facts::Lang;
use facts::{BlockId, Record, Runs};

pub(crate) struct Order {
    lang: Lang,
    panels: Vec<Panel>,
}

/// One run.
struct Panel {
    title: String,
    blocks: Vec<Column>,
}

/// One block.
struct Column {
    id: BlockId,
    warmup: bool,
    /// Reading over the arm's median, in the order of the block, with the place in it as a share.
    readings: Vec<(f64, f64)>,
    slowness: Option<f64>,
    flags: String,
}

const HEIGHT: i32 = 420;
const HEAD: i32 = 96;
const FOOT: i32 = 110;
const TOP: i32 = 110;
/// What "session 12" takes up.
const SESSION_WIDTH: i32 = 130;

impl Order {
    /// `None` when nothing was read at all.
    pub(crate) fn of(runs: &Runs, analysis: &Analysis, lang: Lang) -> Option<Self> {
        let panels: Vec<Panel> = runs
            .records
            .iter()
            .zip(&analysis.runs)
            .filter_map(|(record, run)| Panel::of(record, run, lang))
            .collect();
        (!panels.is_empty()).then_some(Self { lang, panels })
    }

    fn legend(&self) -> Vec<(Mark, &'static str)> {
        let lang = self.lang;
        vec![
            (Mark::Speck, term!(lang; "one sample"; "una muestra")),
            (
                Mark::Warmup,
                term!(lang; "one sample of a warm-up block"; "una muestra de calentamiento"),
            ),
            (Mark::Line, term!(lang; "the block's slowness"; "la lentitud del bloque")),
            (
                Mark::Band,
                term!(lang; "flagged: B burst, S steal, T throttling, C clock, L load";
                "marcado: B ráfaga, S robado, T freno, C reloj, L carga"),
            ),
        ]
    }

    fn foot(&self, frame: Frame) -> i32 {
        let entries = i32::try_from(self.legend().len()).unwrap_or(0);
        if frame.narrow { entries * legend::LINE + 10 } else { 2 * legend::LINE + 30 }
    }
}

impl Panel {
    fn of(record: &Record, run: &RunAnalysis, lang: Lang) -> Option<Self> {
        let metrics = run.arms.iter().map(|arm| &arm.metric);
        let mut medians: BTreeMap<(u32, &str), f64> = BTreeMap::new();
        for arm in &record.manifest.arms {
            let mut by_session: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            for ((session, _), ns) in record.readings(arm) {
                by_session.entry(session).or_default().push(ns * f64::from(arm.operations.max(1)));
            }
            for (session, values) in by_session {
                medians.insert((session, &arm.name), median(&values)?);
            }
        }
        let places = record.manifest.arms.len() as f64 + 1.0;
        let mut columns: BTreeMap<BlockId, Column> = BTreeMap::new();
        for row in &record.samples.rows {
            let id = (row.session, row.block);
            let column = columns.entry(id).or_insert_with(|| Column {
                id,
                warmup: row.warmup,
                readings: Vec::new(),
                slowness: None,
                flags: String::new(),
            });
            let median = medians.get(&(row.session, row.arm.as_str()));
            if let (Some(wall_ns), Some(median)) = (row.wall_ns, median) {
                column.readings.push((f64::from(row.position) / places, wall_ns as f64 / median));
            }
        }
        for block in &run.sensitivity.blocks {
            if let Some(column) = columns.get_mut(&(block.record.session, block.record.block)) {
                column.slowness = block.slowness;
                column.flags = block.flags.iter().map(|flag| flag.letter()).collect();
            }
        }
        let blocks: Vec<Column> = columns.into_values().collect();
        blocks
            .iter()
            .any(|column| !column.readings.is_empty())
            .then(|| Self { title: forest::title(metrics, &run.experiment, lang), blocks })
    }

    fn axis(&self, bottom: i32) -> Axis {
        let readings = || self.blocks.iter().flat_map(|column| &column.readings);
        let min = readings().map(|(_, relative)| *relative).fold(0.9, f64::min);
        let max = readings().map(|(_, relative)| *relative).fold(1.1, f64::max);
        let room = (max / min).powf(0.04);
        Axis {
            growth: Growth::Up,
            scale: Scale::Log,
            start: bottom,
            length: HEIGHT,
            min: min / room,
            max: max * room,
        }
    }
}

impl Picture for Order {
    fn height(&self, frame: Frame) -> i32 {
        let panels = i32::try_from(self.panels.len()).unwrap_or(0);
        let top = if frame.titled { TOP } else { 0 };
        top + panels * (HEAD + HEIGHT + FOOT) + self.foot(frame)
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let margin = if frame.narrow { 14 } else { 60 };
        let mut top = 0;
        if frame.titled {
            canvas.text(
                term!(self.lang; "In the order in which they were taken";
                    "En el orden en que se tomaron"),
                (margin, 60),
                Font::new(46, INK).bold(),
            )?;
            top = TOP;
        }
        for panel in &self.panels {
            paint_panel(canvas, panel, (margin, top), frame, self.lang)?;
            top += HEAD + HEIGHT + FOOT;
        }
        let entries = self.legend();
        if frame.narrow {
            return legend::paint(canvas, &entries, (margin, top + 24), true);
        }
        let (first, rest) = entries.split_at(2);
        legend::paint(canvas, first, (margin, top + 24), false)?;
        legend::paint(canvas, rest, (margin, top + 24 + legend::LINE), false)
    }
}

fn paint_panel<B: DrawingBackend>(
    canvas: &Canvas<B>,
    panel: &Panel,
    (margin, top): (i32, i32),
    frame: Frame,
    lang: Lang,
) -> Drawn<B> {
    let (left, right) = (margin + 84, frame.width - margin);
    let (first, last) = (top + HEAD, top + HEAD + HEIGHT);
    let axis = panel.axis(last);
    canvas.text(&panel.title, (margin, top + 26), Font::new(32, INK).bold())?;
    canvas.text(
        term!(lang; "reading / median of its arm"; "lectura / mediana de su brazo"),
        (margin, top + 66),
        Font::new(25, QUIET),
    )?;

    let count = panel.blocks.len() as f64;
    let x = |place: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
        let offset = (place / count * f64::from(right - left)).round() as i32;
        left + offset
    };
    for (index, column) in panel.blocks.iter().enumerate() {
        if !column.flags.is_empty() {
            let index = index as f64;
            canvas.rectangle((x(index), first), (x(index + 1.0), last), BAND)?;
        }
    }
    for (value, decimals) in axis.ticks(7) {
        let (y, label) = (axis.pixel(value), lang.number(value, decimals));
        canvas.grid_line((left, y), (right, y))?;
        canvas.text(&label, (left - 12, y), Font::new(26, QUIET).right())?;
    }
    canvas.axis_line((left, axis.pixel(1.0)), (right, axis.pixel(1.0)))?;

    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500]
        .into_iter()
        .find(|step| panel.blocks.len() / step <= if frame.narrow { 8 } else { 20 });
    let last_session = panel.blocks.last().map_or(1, |column| column.id.0);
    let sessions = i32::try_from(last_session).unwrap_or(i32::MAX).max(1);
    let mut session = 0;
    for (index, column) in panel.blocks.iter().enumerate() {
        let (begin, middle) = (x(index as f64), x(index as f64 + 0.5));
        if column.id.0 != session {
            session = column.id.0;
            canvas.rule((begin, first - 6), (begin, last), QUIET, 2)?;
            // Where sessions are too many for the word, their numbers must do.
            let label = if (right - left) / sessions < SESSION_WIDTH {
                session.to_string()
            } else {
                text!(lang; "session {number}"; "sesión {number}", number = session)
            };
            if panel.blocks.iter().any(|other| other.id.0 != 1) {
                canvas.text(&label, (begin + 8, first - 4), Font::new(20, QUIET))?;
            }
        }
        if !column.flags.is_empty() {
            canvas.text(
                &column.flags,
                (middle, first + 16),
                Font::new(24, INK).bold().centered(),
            )?;
        }
        if (column.id.1 as usize).is_multiple_of(step.unwrap_or(1_000)) {
            let label = column.id.1.to_string();
            canvas.text(&label, (middle, last + 28), Font::new(26, QUIET).centered())?;
        }
        for (place, relative) in &column.readings {
            let at = (x(index as f64 + place), axis.pixel(*relative));
            canvas.speck(at, column.warmup)?;
        }
    }
    for (index, column) in panel.blocks.iter().enumerate() {
        if let Some(slowness) = column.slowness {
            let y = axis.pixel(slowness);
            let index = index as f64;
            canvas.rule((x(index + 0.06), y), (x(index + 0.94), y), INK, 4)?;
        }
    }
    canvas.rule((left, last), (right, last), GRID, 2)?;
    let middle = i32::midpoint(left, right);
    canvas.text(
        term!(lang; "block"; "bloque"),
        (middle, last + 66),
        Font::new(27, QUIET).centered(),
    )
}
