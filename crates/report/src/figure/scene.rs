//! What the figure of samples shows, in the units that a reader sees; no pixels yet.

use facts::{term, text};
use std::collections::{BTreeMap, BTreeSet};

use plotters::prelude::DrawingBackend;

use crate::analysis::{Analysis, ArmSummary};
use crate::figure::canvas::{Canvas, Drawn};
use crate::figure::legend::Mark;
use crate::figure::levels::work;
use crate::figure::{Frame, Picture, columns, rows};
use crate::page::phrases;
use facts::Lang;
use facts::Runs;
use facts::trials::in_order;
use facts::{CPU, METHODS, Metric, Published, STARTUP};

/// More arms than this in one panel, or several works at levels, are put into groups
/// by the first word of their names.
const CROWD: usize = 20;

/// An axis is cut where its values lie within this share of the largest.
const ZOOM: f64 = 0.3;

/// A figure's content.
pub(crate) struct Scene {
    lang: Lang,
    pub(crate) title: String,
    pub(crate) panels: Vec<Panel>,
    pub(crate) caption: String,
    /// One column a published method, as the tutorial has it.
    tutorial: bool,
}

/// Arms of one metric on one axis that begins at 0.
pub(crate) struct Panel {
    pub(crate) lang: Lang,
    pub(crate) title: String,
    axis: String,
    pub(crate) slots: Vec<Slot>,
}

/// The place of one arm.
#[derive(Default)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) median: Option<f64>,
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) median_label: String,
    pub(crate) interval_label: String,
    pub(crate) published: Option<Published>,
    pub(crate) published_label: String,
    /// Said in place of marks when no sample succeeded.
    pub(crate) absent: Option<String>,
}

impl Picture for Scene {
    fn width(&self, frame: Frame) -> i32 {
        if self.tutorial && !frame.narrow { columns::WIDTH } else { frame.width }
    }

    fn height(&self, frame: Frame) -> i32 {
        if self.tutorial && !frame.narrow { columns::HEIGHT } else { rows::height(self, frame) }
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        if self.tutorial && !frame.narrow {
            columns::paint(canvas, self)
        } else {
            rows::paint(canvas, self, frame)
        }
    }
}

impl Scene {
    pub(crate) fn of(runs: &Runs, analysis: &Analysis, lang: Lang) -> Self {
        let (title, panels) = if runs.exp4 {
            (phrases::exp4(lang).to_owned(), published_panels(analysis, lang))
        } else {
            let experiment = &runs.records[0].manifest.experiment;
            (
                text!(lang; "Experiment {experiment}: every sample";
                    "Experimento {experiment}: todas las muestras"),
                all_panels(analysis, lang),
            )
        };
        let caption = caption(runs, &panels, lang);
        Self { lang, title, panels, caption, tutorial: runs.exp4 }
    }

    pub(crate) fn legend(&self) -> Vec<(Mark, &'static str)> {
        let lang = self.lang;
        let mut entries = vec![
            (Mark::Sample, term!(lang; "one sample"; "una muestra")),
            (
                Mark::Median,
                term!(lang; "median with its interval (95 % or more)";
            "mediana con su intervalo (95 % o más)"),
            ),
        ];
        let slots = self.panels.iter().flat_map(|panel| &panel.slots);
        if slots.clone().any(|slot| slot.published.is_some()) {
            entries.push((
                Mark::Published,
                term!(lang; "published median with the range of its 4 repetitions";
                "mediana publicada con el rango de sus 4 repeticiones"),
            ));
        }
        entries
    }
}

impl Panel {
    /// Where the axis begins and ends, with room beyond what is drawn. It begins at 0 unless all
    /// values lie close together far from it: they are dots and no bars, so that nothing is
    /// exaggerated, and could not be told apart otherwise.
    pub(crate) fn span(&self, room: f64) -> (f64, f64) {
        let slots = self.slots.iter();
        let values = slots.flat_map(|slot| {
            let published = slot.published.map(|published| [published.low, published.high]);
            slot.values.iter().copied().chain(published.into_iter().flatten())
        });
        let (min, max) = values.fold((f64::INFINITY, 0.0), |(min, max): (f64, f64), value| {
            (min.min(value), max.max(value))
        });
        if max <= 0.0 {
            return (0.0, 1.0);
        }
        let spread = max - min;
        if spread < ZOOM * max && spread > 0.0 {
            return (min - spread * 0.08, max + spread * 0.08);
        }
        (0.0, max * room)
    }

    /// The axis' label, which says where it does not begin at 0.
    pub(crate) fn label(&self) -> String {
        if self.span(1.0).0 > 0.0 {
            text!(self.lang; "{axis} (the axis does not begin at 0)";
                "{axis} (el eje no empieza en 0)", axis = self.axis)
        } else {
            self.axis.clone()
        }
    }
}

impl Slot {
    fn of(arm: &ArmSummary, lang: Lang) -> Self {
        let metric = &arm.metric;
        let median = arm.median.map(|median| median.value);
        let interval = arm.median.and_then(|median| median.interval);
        Self {
            name: arm.arm.clone(),
            values: arm.values_ns.values().map(|ns| ns / metric.unit.ns()).collect(),
            median: median.map(|ns| ns / metric.unit.ns()),
            interval: interval
                .map(|range| (range.low / metric.unit.ns(), range.high / metric.unit.ns())),
            median_label: median.map(|ns| metric.amount(ns, lang)).unwrap_or_default(),
            interval_label: interval.map_or_else(
                || term!(lang; "no interval"; "sin intervalo").to_owned(),
                |range| {
                    let (low, high) =
                        (metric.amount(range.low, lang), metric.amount(range.high, lang));
                    text!(lang; "{low} to {high}"; "{low} a {high}")
                },
            ),
            published: arm.published,
            published_label: arm
                .published
                .map(|published| lang.localise(&published.median.to_string()))
                .unwrap_or_default(),
            absent: arm.values_ns.is_empty().then(|| {
                text!(lang; "no sample ({count} failed)";
                    "sin muestras ({count} fallidas)", count = arm.failures)
            }),
        }
    }
}

/// The published methods of both metrics, measured or not.
fn published_panels(analysis: &Analysis, lang: Lang) -> Vec<Panel> {
    let panel = |metric: &Metric, title: &'static str| {
        let slot = |method: &&str| {
            let arm = analysis.arms().find(|arm| arm.metric == *metric && arm.method == *method);
            let slot = arm.map_or_else(
                || Slot {
                    absent: Some(term!(lang; "not measured"; "no medido").to_owned()),
                    ..Slot::default()
                },
                |arm| Slot::of(arm, lang),
            );
            Slot { name: (*method).to_owned(), ..slot }
        };
        Panel {
            lang,
            title: title.to_owned(),
            axis: metric.axis(lang),
            slots: METHODS.iter().map(slot).collect(),
        }
    };
    vec![
        panel(
            &STARTUP,
            term!(lang; "Startup: create a container that prints ok";
            "Arranque: crear un contenedor que escribe ok"),
        ),
        panel(
            &CPU,
            term!(lang; "CPU: SHA-256 of 50 MB in a running container";
            "CPU: SHA-256 de 50 MB en un contenedor en marcha"),
        ),
    ]
}

/// One panel a metric, with every shown arm of the run; a crowd in groups.
fn all_panels(analysis: &Analysis, lang: Lang) -> Vec<Panel> {
    let mut panels = Vec::new();
    for metric in in_order(analysis.arms().map(|arm| &arm.metric)) {
        let arms = analysis.shown_arms().filter(|arm| arm.metric == *metric);
        let arms: Vec<&ArmSummary> = arms.collect();
        let heading = metric.heading(lang);
        // Starts and ways in have little to do with each other, though both are of one metric.
        let works: BTreeSet<&str> = arms.iter().map(|arm| work(&arm.arm)).collect();
        let is_by_work = analysis.growth().next().is_some() && works.len() > 1;
        let crowded = arms.len() > CROWD || is_by_work;
        let mut groups: BTreeMap<usize, (String, Vec<Slot>)> = BTreeMap::new();
        let mut order: Vec<&str> = Vec::new();
        for arm in arms {
            let word = if crowded { work(&arm.arm) } else { "" };
            let place = order.iter().position(|other| *other == word).unwrap_or_else(|| {
                order.push(word);
                order.len() - 1
            });
            let title = if crowded { format!("{heading}: {word}") } else { heading.to_owned() };
            let (_, slots) = groups.entry(place).or_insert_with(|| (title, Vec::new()));
            slots.push(Slot::of(arm, lang));
        }
        panels.extend(groups.into_values().map(|(title, slots)| Panel {
            lang,
            title,
            axis: metric.axis(lang),
            slots,
        }));
    }
    panels
}

fn caption(runs: &Runs, panels: &[Panel], lang: Lang) -> String {
    let counts = || {
        let slots = panels.iter().flat_map(|panel| &panel.slots);
        slots.map(|slot| slot.values.len())
    };
    let n = match (counts().min().unwrap_or(0), counts().max().unwrap_or(0)) {
        (least, most) if least == most => {
            text!(lang; "n = {n} each"; "n = {n} en cada uno", n = most)
        }
        (least, most) => {
            text!(lang; "n = {least} to {most} each"; "n = {least} a {most} en cada uno")
        }
    };
    let manifest = &runs.records[0].manifest;
    let machine = manifest.sessions.first().map(|session| &session.machine);
    let kernel = machine.and_then(|machine| machine.kernel.as_deref()).unwrap_or_default();
    let date = manifest.started.get(..10).unwrap_or(&manifest.started);
    let stand_ins = runs.records.iter().any(|record| !record.stand_ins().is_empty());
    let published = runs.records.iter().any(|record| !record.published().is_empty());
    let images = match (stand_ins, published) {
        (true, false) => {
            term!(lang; "stand-in images of distribution packages";
                "imágenes sustitutas de paquetes de la distribución")
        }
        (true, true) => {
            term!(lang; "published images, and stand-ins of distribution packages";
                "imágenes publicadas, y sustitutas de paquetes de la distribución")
        }
        (false, true) => term!(lang; "published images"; "imágenes publicadas"),
        (false, false) => term!(lang; "no stand-in images"; "sin imágenes sustitutas"),
    };
    format!("{n} · Linux {kernel} · {date} · {images}")
}
