//! What a figure shows, in the units that a reader sees; no pixels yet.

use measure::Metric;

use crate::analysis::{Analysis, ArmSummary};
use crate::published::{METHODS, Published, Unit, unit};
use crate::record::Runs;

/// A figure's content.
pub(crate) struct Scene {
    pub(crate) title: String,
    pub(crate) panels: Vec<Panel>,
    pub(crate) caption: String,
}

/// All arms of one metric, on one axis that begins at 0.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) unit: &'static Unit,
    pub(crate) slots: Vec<Slot>,
}

/// The place of one arm.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) median: Option<f64>,
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) median_label: String,
    pub(crate) interval_label: String,
    pub(crate) published: Option<Published>,
    /// Said in place of marks when no sample succeeded.
    pub(crate) absent: Option<String>,
}

impl Scene {
    pub(crate) fn of(runs: &Runs, analysis: &Analysis) -> Self {
        let (title, panels) = if runs.exp4 {
            (
                "Experiment 4: what nesting a container costs".to_owned(),
                published_panels(analysis),
            )
        } else {
            let experiment = &runs.parts[0].manifest.experiment;
            (
                format!("Experiment {experiment}: every sample"),
                all_panels(analysis),
            )
        };
        let caption = caption(runs, &panels);
        Self {
            title,
            panels,
            caption,
        }
    }

    /// Whether a published value is drawn anywhere.
    pub(crate) fn shows_published(&self) -> bool {
        self.panels
            .iter()
            .flat_map(|panel| &panel.slots)
            .any(|slot| slot.published.is_some())
    }
}

impl Panel {
    /// The largest value that is drawn.
    pub(crate) fn max(&self) -> f64 {
        let slots = self.slots.iter();
        let values = slots.flat_map(|slot| {
            let published = slot.published.map(|published| published.high);
            slot.values.iter().copied().chain(published)
        });
        values.fold(0.0, f64::max)
    }
}

impl Slot {
    fn of(arm: &ArmSummary) -> Self {
        let unit = unit(arm.metric);
        let interval = arm.low_ns.zip(arm.high_ns);
        Self {
            name: arm.arm.clone(),
            values: arm.values_ns.iter().map(|ns| ns / unit.ns).collect(),
            median: arm.median_ns.map(|ns| ns / unit.ns),
            interval: interval.map(|(low, high)| (low / unit.ns, high / unit.ns)),
            median_label: arm.median_ns.map(|ns| unit.amount(ns)).unwrap_or_default(),
            interval_label: interval.map_or_else(
                || "no 95 % interval".to_owned(),
                |(low, high)| format!("{} to {}", unit.amount(low), unit.amount(high)),
            ),
            published: arm.published,
            absent: arm
                .values_ns
                .is_empty()
                .then(|| format!("no sample ({} failed)", arm.failures)),
        }
    }

    fn not_measured(method: &str) -> Self {
        Self {
            name: method.to_owned(),
            values: Vec::new(),
            median: None,
            interval: None,
            median_label: String::new(),
            interval_label: String::new(),
            published: None,
            absent: Some("not measured".to_owned()),
        }
    }
}

/// One panel a metric, with the published methods in their published order.
fn published_panels(analysis: &Analysis) -> Vec<Panel> {
    let panel = |metric: Metric| {
        let slot = |method: &&str| {
            let arm = analysis
                .arms
                .iter()
                .find(|a| a.metric == metric && a.method == **method);
            let slot = arm.map_or_else(|| Slot::not_measured(method), Slot::of);
            Slot {
                name: (*method).to_owned(),
                ..slot
            }
        };
        let unit = unit(metric);
        Panel {
            title: format!("{}: {}", unit.heading, unit.published_task),
            unit,
            slots: METHODS.iter().map(slot).collect(),
        }
    };
    vec![panel(Metric::Startup), panel(Metric::Cpu)]
}

/// One panel a metric, with every arm that was measured.
fn all_panels(analysis: &Analysis) -> Vec<Panel> {
    [Metric::Startup, Metric::Cpu]
        .into_iter()
        .filter_map(|metric| {
            let arms = analysis.arms.iter().filter(|arm| arm.metric == metric);
            let slots: Vec<Slot> = arms.map(Slot::of).collect();
            (!slots.is_empty()).then(|| Panel {
                title: unit(metric).heading.to_owned(),
                unit: unit(metric),
                slots,
            })
        })
        .collect()
}

fn caption(runs: &Runs, panels: &[Panel]) -> String {
    let counts = || {
        panels
            .iter()
            .flat_map(|panel| &panel.slots)
            .map(|slot| slot.values.len())
    };
    let n = match (counts().min().unwrap_or(0), counts().max().unwrap_or(0)) {
        (least, most) if least == most => format!("n = {most} each"),
        (least, most) => format!("n = {least} to {most} each"),
    };
    let manifest = &runs.parts[0].manifest;
    let machine = manifest.sessions.first().map(|session| &session.machine);
    let kernel = machine
        .and_then(|machine| machine.kernel.as_deref())
        .unwrap_or("unknown kernel");
    let date = manifest.started.get(..10).unwrap_or(&manifest.started);
    format!(
        "{n} · Linux {kernel} · {date} · {}",
        runs.images().caption()
    )
}
