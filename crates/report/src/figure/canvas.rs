//! Marks, texts and axes in pixels, on any backend.

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    Circle, Color, DrawingArea, DrawingBackend, FontDesc, FontFamily, FontStyle, IntoTextStyle,
    PathElement, Polygon, RGBAColor, RGBColor, Rectangle, ShapeStyle, Text, TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::visible::visible;
use facts::Published;

/// Found first under its own name; a viewer of the SVG that lacks it takes one of the others.
pub(crate) const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

// On white their lightness falls from band over samples and published to ink, so that grey is
// enough.
pub(crate) const INK: RGBColor = RGBColor(20, 20, 20);
pub(crate) const PUBLISHED: RGBColor = RGBColor(166, 66, 0);
pub(crate) const QUIET: RGBColor = RGBColor(90, 90, 90);
pub(crate) const SAMPLE: RGBColor = RGBColor(86, 160, 211);
const SAMPLE_EDGE: RGBColor = RGBColor(30, 100, 150);
pub(crate) const GRID: RGBColor = RGBColor(222, 222, 222);
pub(crate) const BAND: RGBColor = RGBColor(236, 238, 241);
pub(crate) const BAR: RGBColor = RGBColor(176, 205, 228);

/// Name, value in a figure's file, value on a dark page. (The colours above, as SVG has them.)
pub(crate) const PALETTE: [(&str, &str, &str); 9] = [
    ("ink", "#141414", "#ECECEC"),
    ("published", "#A64200", "#FFAE70"),
    ("quiet", "#5A5A5A", "#ABB0B8"),
    ("sample", "#56A0D3", "#4C93C4"),
    ("edge", "#1E6496", "#9CD0F2"),
    ("grid", "#DEDEDE", "#363A42"),
    ("band", "#ECEEF1", "#252A32"),
    ("bar", "#B0CDE4", "#2F5673"),
    ("paper", "#FFFFFF", "#14161A"),
];

/// Wider than a median's bar, so that a sample below it can still be seen.
const SAMPLE_RADIUS: i32 = 7;

pub(crate) type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;
pub(crate) type Point = (i32, i32);

/// Which way values grow: up the page, or along it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    Up,
    Right,
}

/// Equal steps are equal differences, or equal factors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Linear,
    Log,
}

/// Values to pixels.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) growth: Growth,
    pub(crate) scale: Scale,
    /// Pixel of `min`.
    pub(crate) start: i32,
    /// Pixels from `min` to `max`.
    pub(crate) length: i32,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

/// A text's size in pixels, weight, colour and which point of it is placed.
#[derive(Clone, Copy)]
pub(crate) struct Font {
    pub(crate) size: i32,
    pub(crate) bold: bool,
    pub(crate) color: RGBColor,
    pub(crate) anchor: HPos,
}

/// Marks that their shape alone tells apart.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Ring,
    Square,
    Cross,
    /// The only one that is filled.
    Triangle,
}

pub(crate) struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
}

impl Axis {
    /// A linear axis that begins at 0.
    pub(crate) fn from_zero(growth: Growth, start: i32, length: i32, max: f64) -> Self {
        Self { growth, scale: Scale::Linear, start, length, min: 0.0, max }
    }

    #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
    pub(crate) fn pixel(&self, value: f64) -> i32 {
        let share = match self.scale {
            Scale::Linear => (value - self.min) / (self.max - self.min),
            Scale::Log => (value / self.min).ln() / (self.max / self.min).ln(),
        };
        // What is far outside stays there, where pixels can still be added.
        let offset = (share * f64::from(self.length)).clamp(-1e6, 1e6).round() as i32;
        match self.growth {
            Growth::Up => self.start - offset,
            Growth::Right => self.start + offset,
        }
    }

    /// The point of a value at a place across the axis.
    pub(crate) fn point(&self, value: f64, across: i32) -> Point {
        match self.growth {
            Growth::Up => (across, self.pixel(value)),
            Growth::Right => (self.pixel(value), across),
        }
    }

    /// Round values within the axis and how many decimals they need: about `count` of them where
    /// the scale is linear, as fine as fits where it is logarithmic.
    pub(crate) fn ticks(&self, count: u32) -> Vec<(f64, usize)> {
        match self.scale {
            Scale::Linear => self.linear_ticks(count),
            Scale::Log => self.log_ticks(count),
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few ticks")]
    fn linear_ticks(&self, count: u32) -> Vec<(f64, usize)> {
        let rough = (self.max - self.min) / f64::from(count);
        let power = rough.log10().floor();
        let digit = [5.0, 2.0, 1.0].into_iter().find(|d| d * 10_f64.powf(power) <= rough * 1.0001);
        let step = digit.unwrap_or(1.0) * 10_f64.powf(power);
        let decimals = (-power).max(0.0) as usize;
        // What the division leaves is far below a step, however far from zero they are.
        let first = (self.min / step - 1e-4).ceil() as i64;
        let last = (self.max / step + 1e-4).floor() as i64;
        (first..=last).map(|index| (index as f64 * step, decimals)).collect()
    }

    /// The finest of a few ladders that has no more than `count` steps on the axis; 1 is on all.
    fn log_ticks(&self, count: u32) -> Vec<(f64, usize)> {
        for (step, decimals) in
            [(0.01, 2), (0.02, 2), (0.05, 2), (0.1, 1), (0.2, 1), (0.25, 2), (0.5, 1)]
        {
            let ticks = (-200_i32..=400).map(|index| (1.0 + f64::from(index) * step, decimals));
            let ticks: Vec<_> = ticks.filter(|(tick, _)| self.holds(*tick)).collect();
            let most = self.max / self.min < 4.0;
            if most && ticks.len() <= count as usize && ticks.len() >= 2 {
                return ticks;
            }
        }
        let ladder = |digits: &[f64]| -> Vec<(f64, usize)> {
            let values = (-9_i32..=9).flat_map(|power| {
                digits.iter().map(move |digit| {
                    let whole = i32::from(digit.fract() == 0.0);
                    let decimals = (1 - power - whole).max(0).unsigned_abs() as usize;
                    (digit * 10_f64.powi(power), decimals)
                })
            });
            values.filter(|(tick, _)| self.holds(*tick)).collect()
        };
        let ladders: [&[f64]; 5] = [
            &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0],
            &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            &[1.0, 2.0, 5.0],
            &[1.0, 3.0],
            &[1.0],
        ];
        let fits = |ticks: &Vec<(f64, usize)>| ticks.len() <= count as usize;
        let found = ladders.into_iter().map(ladder).find(fits);
        found.unwrap_or_else(|| ladder(&[1.0]))
    }

    fn holds(&self, value: f64) -> bool {
        value >= self.min * 0.9999 && value <= self.max * 1.0001
    }
}

impl Font {
    pub(crate) const fn new(size: i32, color: RGBColor) -> Self {
        Self { size, bold: false, color, anchor: HPos::Left }
    }

    pub(crate) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) const fn centered(self) -> Self {
        Self { anchor: HPos::Center, ..self }
    }

    pub(crate) const fn right(self) -> Self {
        Self { anchor: HPos::Right, ..self }
    }

    fn style(self) -> TextStyle<'static> {
        let weight = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        // Not `FontDesc::style`, which keeps the glyphs of the weight it had.
        let font = FontDesc::new(FontFamily::Name(FONT), f64::from(self.size), weight);
        font.color(&self.color).pos(Pos::new(self.anchor, VPos::Center))
    }
}

impl<'a, B: DrawingBackend> Canvas<'a, B> {
    /// An empty white page.
    pub(crate) fn new(
        area: &'a DrawingArea<B, Shift>,
    ) -> Result<Self, DrawingAreaErrorKind<B::ErrorType>> {
        area.fill(&WHITE)?;
        Ok(Self { area })
    }

    /// A line of text, centred vertically on `at`.
    pub(crate) fn text(&self, text: &str, at: Point, font: Font) -> Drawn<B> {
        self.area.draw(&Text::new(visible(text).into_owned(), at, font.style()))
    }

    /// Width of a text in pixels.
    pub(crate) fn width(&self, text: &str, font: Font) -> i32 {
        let style = font.style().into_text_style(self.area);
        self.area
            .estimate_text_size(text, &style)
            .map_or(0, |(width, _)| i32::try_from(width).unwrap_or(0))
    }

    pub(crate) fn grid_line(&self, from: Point, to: Point) -> Drawn<B> {
        self.line(from, to, GRID.to_rgba(), 2)
    }

    pub(crate) fn axis_line(&self, from: Point, to: Point) -> Drawn<B> {
        self.line(from, to, QUIET.to_rgba(), 3)
    }

    /// Every sample of a strip, spread over `spread` pixels to both sides of `across`.
    pub(crate) fn strip(&self, axis: &Axis, values: &[f64], across: i32, spread: i32) -> Drawn<B> {
        for (index, value) in values.iter().enumerate() {
            let at = axis.point(*value, across + jitter(index, spread));
            self.area.draw(&Circle::new(at, SAMPLE_RADIUS, SAMPLE.mix(0.45).filled()))?;
            self.area.draw(&Circle::new(at, SAMPLE_RADIUS, stroke(SAMPLE_EDGE.mix(0.6), 1)))?;
        }
        Ok(())
    }

    /// A median as a thick bar across the strip, its interval as a thin beam with caps.
    pub(crate) fn median(
        &self,
        axis: &Axis,
        median: f64,
        interval: Option<(f64, f64)>,
        across: i32,
        reach: i32,
    ) -> Drawn<B> {
        // White below black keeps the marks apart from the samples they lie on.
        for (color, extra) in [(WHITE.mix(0.8), 2), (INK.to_rgba(), 0)] {
            if let Some((low, high)) = interval {
                self.line(axis.point(low, across), axis.point(high, across), color, 4 + extra)?;
                for end in [low, high] {
                    let cap = reach * 2 / 5;
                    let (from, to) = (axis.point(end, across - cap), axis.point(end, across + cap));
                    self.line(from, to, color, 3 + extra)?;
                }
            }
            let (from, to) =
                (axis.point(median, across - reach), axis.point(median, across + reach));
            self.line(from, to, color, 5 + extra)?;
        }
        Ok(())
    }

    /// A published median as a hollow diamond on the line of its range.
    pub(crate) fn published(&self, axis: &Axis, published: Published, across: i32) -> Drawn<B> {
        let Published { median, low, high, .. } = published;
        let color = PUBLISHED.to_rgba();
        self.line(axis.point(low, across), axis.point(high, across), color, 3)?;
        for end in [low, high] {
            self.line(axis.point(end, across - 6), axis.point(end, across + 6), color, 3)?;
        }
        let (x, y) = axis.point(median, across);
        // Two filled shapes: a closed line of this width has a blunt corner where it ends.
        for (color, radius) in [(color, 14), (WHITE.to_rgba(), 8)] {
            let corners = vec![(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)];
            self.area.draw(&Polygon::new(corners, color.filled()))?;
        }
        Ok(())
    }

    /// A dot, with a halo that keeps it apart from what lies below.
    pub(crate) fn dot(&self, at: Point, radius: i32, color: RGBColor) -> Drawn<B> {
        self.area.draw(&Circle::new(at, radius + 2, WHITE.filled()))?;
        self.area.draw(&Circle::new(at, radius, color.filled()))
    }

    /// A small dot of many.
    pub(crate) fn speck(&self, at: Point, hollow: bool) -> Drawn<B> {
        if hollow {
            return self.area.draw(&Circle::new(at, 4, stroke(QUIET.mix(0.9), 1)));
        }
        self.area.draw(&Circle::new(at, 4, SAMPLE.mix(0.5).filled()))
    }

    /// A mark without a hue, its lines as thin as its size asks for.
    pub(crate) fn shape(&self, shape: Shape, (x, y): Point, radius: i32) -> Drawn<B> {
        let r = radius;
        match shape {
            Shape::Ring => {
                let style = stroke(QUIET.mix(0.9), if r < 5 { 1 } else { 2 });
                self.area.draw(&Circle::new((x, y), r, style))
            }
            Shape::Square => {
                let corners = [(x - r, y - r), (x + r, y + r)];
                self.area.draw(&Rectangle::new(corners, stroke(INK.to_rgba(), 1)))
            }
            Shape::Cross => {
                self.rule((x - r, y - r), (x + r, y + r), INK, 4)?;
                self.rule((x - r, y + r), (x + r, y - r), INK, 4)
            }
            Shape::Triangle => {
                let corners = vec![(x, y - r), (x + r, y + r), (x - r, y + r)];
                self.area.draw(&Polygon::new(corners, INK.filled()))
            }
        }
    }

    pub(crate) fn rectangle(&self, from: Point, to: Point, color: RGBColor) -> Drawn<B> {
        self.area.draw(&Rectangle::new([from, to], color.filled()))
    }

    /// A bar between two corners: filled, and hatched where it counts against.
    pub(crate) fn bar(&self, from: Point, to: Point, fill: RGBColor, hatched: bool) -> Drawn<B> {
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        if hatched {
            self.rectangle((left, top), (right, bottom), WHITE)?;
            let height = bottom - top;
            // Diagonals from the lower edge up to the right, cut off at both sides.
            for foot in ((left - height)..right).step_by(12) {
                let (x0, y0) =
                    if foot < left { (left, bottom - (left - foot)) } else { (foot, bottom) };
                let over = (foot + height - right).max(0);
                let (x1, y1) = (foot + height - over, top + over);
                if x0 < x1 {
                    self.line((x0, y0), (x1, y1), QUIET.to_rgba(), 2)?;
                }
            }
        } else {
            self.rectangle((left, top), (right, bottom), fill)?;
        }
        self.area.draw(&Rectangle::new([(left, top), (right, bottom)], stroke(INK.to_rgba(), 2)))
    }

    /// A line that is nothing but a line.
    pub(crate) fn rule(&self, from: Point, to: Point, color: RGBColor, width: u32) -> Drawn<B> {
        self.line(from, to, color.to_rgba(), width)
    }

    /// A horizontal line of dashes.
    pub(crate) fn dashes(&self, (left, y): Point, right: i32) -> Drawn<B> {
        let (dash, gap) = (14, 9);
        for start in (left..right).step_by(dash + gap) {
            self.rule((start, y), ((start + 14).min(right), y), INK, 2)?;
        }
        Ok(())
    }

    /// A thin beam with caps over one interval, a thick one over another that lies within.
    pub(crate) fn interval(
        &self,
        axis: &Axis,
        (low, high): (f64, f64),
        narrow: Option<(f64, f64)>,
        across: i32,
    ) -> Drawn<B> {
        for (color, extra) in [(WHITE, 3), (INK, 0)] {
            self.rule(axis.point(low, across), axis.point(high, across), color, 3 + extra)?;
            for end in [low, high] {
                let (x, y) = axis.point(end, across);
                self.rule((x, y - 13), (x, y + 13), color, 3 + extra)?;
            }
        }
        if let Some((low, high)) = narrow {
            self.rule(axis.point(low, across), axis.point(high, across), INK, 9)?;
        }
        Ok(())
    }

    /// A box of plain white, for a text that lies on a grid.
    pub(crate) fn blank(&self, from: Point, to: Point) -> Drawn<B> {
        self.area.draw(&Rectangle::new([from, to], WHITE.mix(0.8).filled()))
    }

    fn line(&self, from: Point, to: Point, color: RGBAColor, width: u32) -> Drawn<B> {
        self.area.draw(&PathElement::new(vec![from, to], stroke(color, width)))
    }
}

fn stroke(color: RGBAColor, width: u32) -> ShapeStyle {
    ShapeStyle { color, filled: false, stroke_width: width }
}

/// The same place for the same sample in every drawing: multiples of the golden ratio fill an
/// interval evenly, whatever their number.
#[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
pub(crate) fn jitter(index: usize, spread: i32) -> i32 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let unit = ((index as f64 + 1.0) * GOLDEN).fract();
    ((2.0 * unit - 1.0) * f64::from(spread)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, count: u32) -> Vec<String> {
        let label = |(value, decimals): (f64, usize)| format!("{value:.decimals$}");
        axis.ticks(count).into_iter().map(label).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        for (min, max, expected) in [
            (0.0, 390.0, &["0", "50", "100", "150", "200", "250", "300", "350"][..]),
            (0.0, 0.82, &["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]),
            (0.0, 5.0, &["0", "1", "2", "3", "4", "5"]),
            (0.0, 0.055, &["0.00", "0.01", "0.02", "0.03", "0.04", "0.05"]),
            (
                2e9,
                2e9 + 5.0,
                &[
                    "2000000000",
                    "2000000001",
                    "2000000002",
                    "2000000003",
                    "2000000004",
                    "2000000005",
                ],
            ),
            (-12.0, 30.0, &["-10", "-5", "0", "5", "10", "15", "20", "25", "30"]),
        ] {
            let axis = Axis { min, ..Axis::from_zero(Growth::Up, 900, 800, max) };
            assert_eq!(labels(axis, 5), expected);
        }
    }

    #[test]
    fn logarithmic_ticks_hold_one_and_fit() {
        for (min, max, expected) in [
            (0.93, 1.12, &["0.95", "1.00", "1.05", "1.10"][..]),
            (0.8, 1.7, &["0.8", "1.0", "1.2", "1.4", "1.6"]),
            (0.2, 12.0, &["0.2", "0.5", "1", "2", "5", "10"]),
            (0.9, 4.2, &["1", "1.2", "1.5", "2", "2.5", "3", "4"]),
            (0.001, 2000.0, &["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
        ] {
            let axis =
                Axis { scale: Scale::Log, min, ..Axis::from_zero(Growth::Right, 0, 1_000, max) };
            assert_eq!(labels(axis, 7), expected);
        }
    }

    #[test]
    fn an_axis_begins_at_its_min_and_ends_at_its_max() {
        let up = Axis::from_zero(Growth::Up, 900, 800, 2.0);
        assert_eq!((up.pixel(0.0), up.pixel(2.0), up.pixel(1.0)), (900, 100, 500));
        assert_eq!((up.pixel(1e300), up.pixel(-1e300)), (900 - 1_000_000, 900 + 1_000_000));
        let right = Axis { growth: Growth::Right, scale: Scale::Log, min: 0.5, ..up };
        assert_eq!((right.point(1.0, 7), right.point(2.0, 7)), ((1300, 7), (1700, 7)));
    }

    #[test]
    fn the_palette_names_the_colours_as_the_figures_have_them() {
        let hex = |color: RGBColor| format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2);
        let colours = [INK, PUBLISHED, QUIET, SAMPLE, SAMPLE_EDGE, GRID, BAND, BAR, WHITE];
        assert_eq!(colours.map(hex), PALETTE.map(|(_, light, _)| light.to_owned()));
    }

    #[test]
    fn jitter_stays_in_its_strip_and_fills_it() {
        let places: Vec<i32> = (0..30).map(|index| jitter(index, 40)).collect();
        assert!(places.iter().all(|place| place.abs() <= 40));
        assert!(places.iter().any(|place| *place < -30) && places.iter().any(|place| *place > 30));
    }
}
