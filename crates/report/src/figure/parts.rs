//! Where an excess goes: each part begins where the one before it ended, so that they stack up to
//! the whole; what counts against is hatched.

use plotters::prelude::DrawingBackend;

use crate::analysis::{Analysis, Breakdown, Estimate, Range};
use crate::figure::canvas::{Axis, BAR, Canvas, Drawn, Font, GRID, Growth, INK, QUIET, Scale};
use crate::figure::legend::{self, Mark};
use crate::figure::{Frame, Picture};
use crate::language::Lang;
use crate::page::phrases;
use crate::published::{Published, unit};

pub(crate) struct Waterfall {
    lang: Lang,
    groups: Vec<Group>,
    published: bool,
}

/// One contrast. All values are per cent of the reading below the line.
struct Group {
    title: String,
    bars: Vec<Bar>,
}

struct Bar {
    name: String,
    from: f64,
    to: f64,
    interval: Option<(f64, f64)>,
    published: Option<Published>,
    label: String,
    whole: bool,
}

const NAME: Font = Font::new(28, INK);
const NUMBERS: Font = Font::new(26, INK).bold();

struct Layout {
    margin: i32,
    row: i32,
    marks: i32,
    head: i32,
    top: i32,
    foot: i32,
}

impl Waterfall {
    /// `None` when no contrast could be taken apart.
    pub(crate) fn of(analysis: &Analysis, lang: Lang) -> Option<Self> {
        let mut groups = Vec::new();
        for run in &analysis.runs {
            for breakdown in &run.parts {
                let ratio = run
                    .ratios
                    .iter()
                    .find(|ratio| ratio.contrast == breakdown.contrast);
                let published = ratio.and_then(|ratio| ratio.published).map(|published| {
                    let pct = |ratio: f64| (ratio - 1.0) * 100.0;
                    Published {
                        median: pct(published.value),
                        low: pct(published.low),
                        high: pct(published.high),
                        n: published.n,
                    }
                });
                groups.extend(Group::of(breakdown, published, lang));
            }
        }
        let published = groups
            .iter()
            .flat_map(|group| &group.bars)
            .any(|bar| bar.published.is_some());
        (!groups.is_empty()).then_some(Self {
            lang,
            groups,
            published,
        })
    }

    fn layout(&self, frame: Frame) -> Layout {
        let entries = i32::try_from(self.legend().len()).unwrap_or(0);
        if frame.narrow {
            return Layout {
                margin: 14,
                row: 104,
                marks: 68,
                head: 56,
                top: 0,
                foot: 110 + entries * legend::LINE,
            };
        }
        Layout {
            margin: 60,
            row: 58,
            marks: 29,
            head: 66,
            top: if frame.titled { 110 } else { 0 },
            foot: 190 + legend::LINE,
        }
    }

    fn legend(&self) -> Vec<(Mark, &'static str)> {
        let t = self.lang.texts();
        let mut entries = vec![
            (Mark::Whole, t.mark_whole),
            (Mark::More, t.mark_more),
            (Mark::Less, t.mark_less),
        ];
        if self.published {
            entries.push((Mark::Published, t.mark_published_ratio));
        }
        entries
    }

    /// One axis for all contrasts, with 0 in it.
    fn axis(&self, left: i32, right: i32) -> Axis {
        let (mut min, mut max) = (0.0_f64, 0.0_f64);
        for bar in self.groups.iter().flat_map(|group| &group.bars) {
            let published = bar
                .published
                .map(|published| (published.low, published.high));
            for (low, high) in [Some((bar.from, bar.to)), bar.interval, published]
                .into_iter()
                .flatten()
            {
                min = min.min(low).min(high);
                max = max.max(high).max(low);
            }
        }
        let room = ((max - min) * 0.04).max(0.5);
        Axis {
            growth: Growth::Right,
            scale: Scale::Linear,
            start: left,
            length: right - left,
            min: min - room,
            max: max + room,
        }
    }
}

impl Group {
    /// `None` when the contrast has no block with all that is needed.
    fn of(breakdown: &Breakdown, published: Option<Published>, lang: Lang) -> Option<Self> {
        let t = lang.texts();
        let whole = breakdown.whole?;
        let pct = |share: f64| share * 100.0;
        let span = |at: f64, estimate: Estimate| {
            let shift = |range: Range| {
                let moved = |share: f64| pct(share - estimate.value) + at;
                (moved(range.low), moved(range.high))
            };
            estimate.interval.map(shift)
        };
        let mut bars = vec![Bar {
            name: t.whole.to_owned(),
            from: 0.0,
            to: pct(whole.value),
            interval: span(pct(whole.value), whole),
            published: None,
            label: phrases::share(Some(whole), lang),
            whole: true,
        }];
        bars.extend(published.map(|published| Bar {
            name: t.published_row.to_owned(),
            from: 0.0,
            to: 0.0,
            interval: None,
            label: phrases::signed_pct(published.median / 100.0, lang),
            published: Some(published),
            whole: false,
        }));
        let mut at = 0.0;
        for part in &breakdown.parts {
            let share = part.share?;
            let to = at + pct(share.value);
            bars.push(Bar {
                name: phrases::due(&part.due, lang).to_owned(),
                from: at,
                to,
                interval: span(to, share),
                published: None,
                label: phrases::share(Some(share), lang),
                whole: false,
            });
            at = to;
        }
        if let Some(remainder) = breakdown.remainder {
            bars.push(Bar {
                name: t.remainder.to_owned(),
                from: at,
                to: at + pct(remainder),
                interval: None,
                published: None,
                label: phrases::signed_pct(remainder, lang),
                whole: false,
            });
        }
        Some(Self {
            title: format!(
                "{} ({})",
                breakdown.contrast,
                unit(breakdown.metric).heading(lang)
            ),
            bars,
        })
    }

    fn height(&self, layout: &Layout) -> i32 {
        layout.head + i32::try_from(self.bars.len()).unwrap_or(0) * layout.row
    }
}

impl Picture for Waterfall {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let groups: i32 = self.groups.iter().map(|group| group.height(&layout)).sum();
        layout.top + groups + layout.foot
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let (t, layout) = (self.lang.texts(), self.layout(frame));
        if frame.titled {
            canvas.text(
                t.parts_title,
                (layout.margin, 60),
                Font::new(46, INK).bold(),
            )?;
        }
        let bars = || self.groups.iter().flat_map(|group| &group.bars);
        let widest = |of: &dyn Fn(&Bar) -> i32| bars().map(of).max().unwrap_or(0);
        let (left, right) = if frame.narrow {
            (layout.margin + 10, frame.width - layout.margin - 10)
        } else {
            let names = widest(&|bar| canvas.width(&bar.name, NAME));
            let numbers = widest(&|bar| canvas.width(&bar.label, NUMBERS));
            (
                layout.margin + names + 40,
                frame.width - layout.margin - numbers - 40,
            )
        };
        let axis = self.axis(left, right);
        let groups: i32 = self.groups.iter().map(|group| group.height(&layout)).sum();
        let (first, last) = (layout.top, layout.top + groups);
        for (value, decimals) in axis.ticks(if frame.narrow { 2 } else { 4 }) {
            let (x, label) = (axis.pixel(value), lang_pct(value, decimals, self.lang));
            canvas.rule((x, first + layout.head), (x, last), GRID, 2)?;
            canvas.text(&label, (x, last + 28), Font::new(26, QUIET).centered())?;
        }
        let zero = axis.pixel(0.0);
        canvas.axis_line((zero, first + layout.head), (zero, last))?;
        let middle = i32::midpoint(left, right);
        canvas.text(
            t.parts_axis,
            (middle, last + 66),
            Font::new(27, QUIET).centered(),
        )?;

        let mut y = first;
        for group in &self.groups {
            canvas.blank((layout.margin, y), (frame.width, y + layout.head))?;
            let at = (layout.margin, y + layout.head - 26);
            canvas.text(&group.title, at, Font::new(30, INK).bold())?;
            y += layout.head;
            for bar in &group.bars {
                if frame.narrow {
                    canvas.blank((left, y + 4), (right, y + 40))?;
                    canvas.text(&bar.name, (left + 6, y + 22), NAME)?;
                    canvas.text(&bar.label, (right, y + 22), NUMBERS.right())?;
                } else {
                    let middle = y + layout.marks;
                    canvas.text(&bar.name, (left - 30, middle), NAME.right())?;
                    canvas.text(&bar.label, (right + 40, middle), NUMBERS)?;
                }
                paint_bar(canvas, &axis, bar, y + layout.marks)?;
                y += layout.row;
            }
        }
        let legend = self.legend();
        if frame.narrow {
            return legend::paint(canvas, &legend, (layout.margin, last + 120), true);
        }
        let (first, rest) = legend.split_at(3.min(legend.len()));
        legend::paint(canvas, first, (layout.margin, last + 125), false)?;
        legend::paint(
            canvas,
            rest,
            (layout.margin, last + 125 + legend::LINE),
            false,
        )
    }
}

fn lang_pct(value: f64, decimals: usize, lang: Lang) -> String {
    let sign = if value > 1e-9 { "+" } else { "" };
    format!("{sign}{} %", lang.number(value, decimals))
}

fn paint_bar<B: DrawingBackend>(canvas: &Canvas<B>, axis: &Axis, bar: &Bar, y: i32) -> Drawn<B> {
    if let Some(published) = bar.published {
        return canvas.published(axis, published, y);
    }
    let half = 17;
    let (from, to) = (axis.pixel(bar.from), axis.pixel(bar.to));
    let fill = if bar.whole { GRID } else { BAR };
    canvas.bar(
        (from, y - half),
        (to, y + half),
        fill,
        bar.to < bar.from && !bar.whole,
    )?;
    if let Some(interval) = bar.interval {
        canvas.interval(axis, interval, None, y)?;
    }
    Ok(())
}
