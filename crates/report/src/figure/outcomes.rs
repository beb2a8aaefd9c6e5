//! A grid of outcomes: panels, groups of rows, a tile a column. Each outcome has a word, a sign and a
//! fill of its own, so that no tile has to be told from another by its colour. Samples may lie below.

mod plots;

use facts::{Fill, Grid, Group, Outcome, Panel, Tile};
use plotters::prelude::{DrawingBackend, WHITE};

use crate::figure::canvas::{BAND, BAR, Canvas, Drawn, Font, GRID, INK, PUBLISHED, Point, QUIET};
use crate::figure::{Frame, Picture};
use crate::visible::shortened;
use facts::Lang;

const WORD: Font = Font::new(21, INK).bold();
const DETAIL: Font = Font::new(19, QUIET);
const BESIDE: Font = Font::new(21, INK);
const NAME: Font = Font::new(22, INK);
const COLUMN: Font = Font::new(22, INK).bold();
const GROUP: Font = Font::new(23, QUIET).bold();
const TEXT: Font = Font::new(24, INK);
/// Between two tiles.
const GAP: i32 = 4;
/// Width of the strip at the left of some fills.
const STRIP: i32 = 16;
/// From the beginning of a tile to the middle of its sign, and to its word.
const SIGN: i32 = 18;
const INDENT: i32 = 36;
const SMALLEST: i32 = 13;
/// Characters of a word: more than a tile has room for. The page has all of it.
const LONGEST: usize = 300;
const LEGEND_LINE: i32 = 48;
const KEY_LINE: i32 = 40;
/// Room for the numbers of an axis.
const AXIS: i32 = 54;
/// A tile that is narrower has only its sign.
const NARROWEST: i32 = 110;

pub(crate) struct Outcomes<'a>(pub(crate) &'a Grid, pub(crate) Lang);

struct Layout {
    margin: i32,
    /// Where the first column begins.
    left: i32,
    tile: (i32, i32),
    /// Of a name above its tiles; none stands above where it stands beside.
    name: i32,
    /// Only signs fit, and the columns are numbered.
    signs: bool,
    top: i32,
    /// Entries of the legend in a line.
    across: i32,
}

const PANEL: i32 = 56;
const COLUMNS: i32 = 64;
const ENGINE: i32 = 46;

impl Outcomes<'_> {
    fn layout(&self, frame: Frame) -> Layout {
        let columns = count(&self.0.columns).max(1);
        let (margin, wide) = if frame.narrow { (14, 316) } else { (50, 330) };
        let beside = (frame.width - 2 * margin - wide) / columns;
        // Where names stand above, numbers of an axis may be at the left.
        let axis = if self.0.plots.is_empty() { 0 } else { AXIS };
        let above = (frame.width - 2 * margin - axis) / columns;
        let signs = above < NARROWEST;
        // On a phone a name stands above its tiles, unless these have only signs.
        let (names, name, width) =
            if frame.narrow && !signs { (axis, 38, above) } else { (wide, 0, beside) };
        let height = match frame.narrow {
            true if signs => 44,
            // Words of a tile's own may be many.
            true if self.has_own_words() => 100,
            _ => 64,
        };
        Layout {
            margin,
            left: margin + names,
            tile: (width, height),
            name,
            signs: frame.narrow && signs,
            top: if frame.titled { 110 } else { 10 },
            across: if frame.narrow { 1 } else { 2 },
        }
    }

    fn has_own_words(&self) -> bool {
        let groups = self.0.panels.iter().flat_map(|panel| &panel.groups);
        let rows = groups.flat_map(|group| &group.rows);
        let mut tiles = rows.flat_map(|row| row.tiles.iter().flatten());
        tiles.any(|tile| !tile.word.is_empty())
    }

    fn legend(&self) -> Vec<&Outcome> {
        // Several may look alike, and mean the same to a figure.
        let mut entries: Vec<&Outcome> = Vec::new();
        for outcome in self.0.present() {
            if entries.iter().all(|other| other.sign != outcome.sign) {
                entries.push(outcome);
            }
        }
        entries
    }

    fn lines(&self, layout: &Layout) -> i32 {
        (count(&self.legend()) + layout.across - 1) / layout.across
    }

    fn keys(&self, layout: &Layout) -> i32 {
        if layout.signs { (count(&self.0.columns) + 1) / 2 } else { 0 }
    }
}

fn count<T>(list: &[T]) -> i32 {
    i32::try_from(list.len()).unwrap_or(0)
}

impl Layout {
    fn column(&self, column: i32) -> i32 {
        self.left + column * self.tile.0
    }

    fn panel(&self, panel: &Panel) -> i32 {
        let title = if panel.title.is_empty() { 0 } else { PANEL };
        let groups = panel.groups.iter().map(|group| self.group(group));
        title + COLUMNS + groups.sum::<i32>() + 24
    }

    fn group(&self, group: &Group) -> i32 {
        let title = if group.title.is_empty() { 0 } else { ENGINE };
        title + count(&group.rows) * (self.name + self.tile.1)
    }
}

impl Picture for Outcomes<'_> {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let panels = self.0.panels.iter().map(|panel| layout.panel(panel));
        let legend = self.lines(&layout) + count(&self.0.notes);
        let keys = self.keys(&layout) * KEY_LINE;
        let plots = count(&self.0.plots) * plots::height(&layout);
        let marks = plots::legend_height(self.0, self.1, frame);
        layout.top + panels.sum::<i32>() + plots + 50 + legend * LEGEND_LINE + keys + marks
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let layout = self.layout(frame);
        if frame.titled {
            let title = Font::new(46, INK).bold();
            canvas.text(&self.0.title, (layout.margin, 60), title)?;
        }
        let mut y = layout.top;
        for panel in &self.0.panels {
            self.paint_panel(canvas, panel, y, &layout, frame)?;
            y += layout.panel(panel);
        }
        for plot in &self.0.plots {
            plots::paint(canvas, plot, self.1, y, &layout, frame)?;
            y += plots::height(&layout);
        }
        self.paint_legend(canvas, y + 24, &layout, frame)
    }
}

impl Outcomes<'_> {
    fn paint_panel<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        panel: &Panel,
        top: i32,
        layout: &Layout,
        frame: Frame,
    ) -> Drawn<B> {
        let mut y = top;
        if !panel.title.is_empty() {
            let title = Font::new(32, INK).bold();
            canvas.text(&panel.title, (layout.margin, y + 24), title)?;
            y += PANEL;
        }
        self.paint_columns(canvas, y + COLUMNS / 2, layout)?;
        y += COLUMNS;
        for group in &panel.groups {
            let below = y + ENGINE - 3;
            if !group.title.is_empty() {
                canvas.text(&group.title, (layout.margin, below - 18), GROUP)?;
                let (left, right) = (layout.margin, frame.width - layout.margin);
                canvas.rule((left, below), (right, below), GRID, 2)?;
                y += ENGINE;
            }
            for row in &group.rows {
                let name =
                    if layout.name > 0 { y + layout.name - 16 } else { y + layout.tile.1 / 2 };
                canvas.text(&row.name, (layout.margin, name), NAME)?;
                for (column, tile) in (0..).zip(&row.tiles) {
                    if let Some(tile) = tile {
                        let at = (layout.column(column), y + layout.name);
                        self.paint_tile(canvas, tile, at, layout)?;
                    }
                }
                y += layout.name + layout.tile.1;
            }
        }
        Ok(())
    }

    /// In two lines where a name has two parts and no room; as numbers where there is none at all.
    fn paint_columns<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        middle: i32,
        layout: &Layout,
    ) -> Drawn<B> {
        for (column, name) in (0..).zip(&self.0.columns) {
            let x = layout.column(column) + layout.tile.0 / 2;
            let font = COLUMN.centered();
            if layout.signs {
                canvas.text(&(column + 1).to_string(), (x, middle), font)?;
                continue;
            }
            match name.split_once('-') {
                Some((first, rest)) if canvas.width(name, COLUMN) > layout.tile.0 - GAP => {
                    canvas.text(&format!("{first}-"), (x, middle - 14), font)?;
                    canvas.text(rest, (x, middle + 13), font)?;
                }
                _ => canvas.text(name, (x, middle), font)?,
            }
        }
        Ok(())
    }

    fn paint_tile<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        tile: &Tile,
        (left, top): Point,
        layout: &Layout,
    ) -> Drawn<B> {
        let outcome = &self.0.outcomes[tile.outcome];
        let from = (left + GAP / 2, top + GAP / 2);
        let to = (left + layout.tile.0 - GAP / 2, top + layout.tile.1 - GAP / 2);
        fill(canvas, outcome.fill, from, to)?;
        let ink = |font: Font| inked(outcome.fill, font);
        let left = from.0 + strip(outcome.fill);
        let middle = i32::midpoint(from.1, to.1);
        if layout.signs {
            let at = (i32::midpoint(left, to.0), middle);
            return canvas.text(&outcome.sign, at, ink(WORD).centered());
        }
        let word = self.0.word(tile);
        let below = tile.below.first().map_or("", String::as_str);
        let (x, end) = (left + INDENT, to.0 - 8);
        // A number stands beside the word where there is room, else beside what is below.
        let beside = canvas.width(&tile.beside, BESIDE);
        let is_above = beside == 0 || canvas.width(word, WORD) + 6 + beside <= end - x;
        let is_alone = below.is_empty() && is_above;
        let first = if is_alone { middle } else { middle - 13 };
        canvas.text(&outcome.sign, (left + SIGN, first), ink(WORD).centered())?;
        if is_alone {
            let room = end - x - if beside == 0 { 0 } else { beside + 6 };
            let (lines, font) = fitted(canvas, word, WORD, (room, to.1 - from.1));
            let line = font.size + 4;
            let top = middle - (count(&lines) - 1) * line / 2;
            for (index, text) in (0..).zip(&lines) {
                canvas.text(text, (x, top + index * line), ink(font))?;
            }
            return canvas.text(&tile.beside, (end, middle), ink(BESIDE).right());
        }
        let second = middle + 14;
        canvas.text(word, (x, first), ink(narrowed(canvas, word, WORD, end - x)))?;
        let detail = narrowed(canvas, below, DETAIL, end - left - 8);
        canvas.text(below, (left + 8, second), ink(detail))?;
        let at = (end, if is_above { first } else { second });
        canvas.text(&tile.beside, at, ink(BESIDE).right())
    }

    fn paint_legend<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        top: i32,
        layout: &Layout,
        frame: Frame,
    ) -> Drawn<B> {
        let mut y = top;
        if layout.signs {
            for (line, pair) in (0..).zip(self.0.columns.chunks(2)) {
                for (column, name) in (0..).zip(pair) {
                    let number = line * 2 + column + 1;
                    let x = layout.margin + column * (frame.width / 2);
                    canvas.text(&format!("{number}: {name}"), (x, y), TEXT)?;
                }
                y += KEY_LINE;
            }
        }
        let step = (frame.width - 2 * layout.margin) / layout.across;
        for (index, outcome) in (0..).zip(self.legend()) {
            let left = layout.margin + index % layout.across * step;
            let middle = y + index / layout.across * LEGEND_LINE;
            fill(canvas, outcome.fill, (left, middle - 19), (left + 62, middle + 19))?;
            let sign = (left + strip(outcome.fill) + SIGN, middle);
            canvas.text(&outcome.sign, sign, inked(outcome.fill, WORD).centered())?;
            let text = format!("{}: {}", outcome.word, outcome.meaning);
            let font = narrowed(canvas, &text, TEXT, step - 84);
            canvas.text(&text, (left + 76, middle), font)?;
        }
        y += self.lines(layout) * LEGEND_LINE;
        for note in &self.0.notes {
            let font = narrowed(canvas, note, TEXT, frame.width - 2 * layout.margin);
            canvas.text(note, (layout.margin, y), font)?;
            y += LEGEND_LINE;
        }
        plots::paint_legend(canvas, self.0, self.1, (layout.margin, y), frame)
    }
}

/// Pixels at the left that no word stands on.
fn strip(of: Fill) -> i32 {
    match of {
        Fill::Edged | Fill::Hatched => STRIP,
        _ => 0,
    }
}

/// The font of words on it.
fn inked(of: Fill, font: Font) -> Font {
    let color = match of {
        Fill::Red | Fill::Black => WHITE,
        Fill::Empty => QUIET,
        _ => font.color,
    };
    Font { color, ..font }
}

fn fill<B: DrawingBackend>(canvas: &Canvas<B>, of: Fill, from: Point, to: Point) -> Drawn<B> {
    let strip = (from.0 + STRIP, to.1);
    match of {
        Fill::Plain => canvas.rectangle(from, to, BAR),
        Fill::Red => canvas.rectangle(from, to, PUBLISHED),
        Fill::Black => canvas.rectangle(from, to, INK),
        Fill::Edged => {
            canvas.rectangle(from, to, BAND)?;
            canvas.rectangle(from, strip, BAR)
        }
        Fill::Hatched => {
            canvas.rectangle(from, to, BAND)?;
            canvas.bar(from, strip, BAND, true)
        }
        Fill::Dashed => {
            canvas.dashes(from, to.0)?;
            canvas.dashes((from.0, to.1), to.0)
        }
        Fill::Empty => Ok(()),
    }
}

/// A font so small that a line fits, if any does.
fn narrowed<B: DrawingBackend>(canvas: &Canvas<B>, text: &str, font: Font, width: i32) -> Font {
    let text = &shortened(text, LONGEST);
    let sizes = (SMALLEST..=font.size).rev().map(|size| Font { size, ..font });
    let fits = |font: &Font| canvas.width(text, *font) <= width;
    let smallest = Font { size: SMALLEST, ..font };
    sizes.into_iter().find(fits).unwrap_or(smallest)
}

/// A text in the largest type that fits, up to this one, in as many lines as there is room for.
fn fitted<B: DrawingBackend>(
    canvas: &Canvas<B>,
    text: &str,
    font: Font,
    (width, height): Point,
) -> (Vec<String>, Font) {
    let text = &shortened(text, LONGEST);
    let mut sizes = (SMALLEST..=font.size).rev().map(|size| Font { size, ..font });
    let fits = |font: &Font| {
        let lines = wrapped(canvas, text, *font, width);
        let widest = lines.iter().map(|line| canvas.width(line, *font)).max();
        count(&lines) * (font.size + 4) <= height && widest.unwrap_or(0) <= width
    };
    let font = sizes.find(fits).unwrap_or(Font { size: SMALLEST, ..font });
    (wrapped(canvas, text, font, width), font)
}

/// In lines that are no wider than this, but for a word that is wider by itself.
fn wrapped<B: DrawingBackend>(
    canvas: &Canvas<B>,
    text: &str,
    font: Font,
    width: i32,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if canvas.width(&format!("{line} {word}"), font) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
