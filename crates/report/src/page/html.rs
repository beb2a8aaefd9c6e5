//! A page as one HTML file that needs nothing else: no script, no font, no network.

use facts::term;
use std::fmt::Write;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::PageFigure;
use crate::figure::PALETTE;
use crate::visible::visible;
use facts::Lang;
use facts::document::{Cell, Document, Fit, Piece, Table, Tone};

const STYLE: &str = include_str!("style.css");

/// The page. It names no path, so that a record that was moved gives the same page.
pub(crate) fn write(document: &Document, figures: &[PageFigure], lang: Lang) -> String {
    let is_heading = |piece: &Piece| matches!(piece, Piece::Heading(2, _));
    let first = document.pieces.iter().position(is_heading).unwrap_or_default();
    // The answer comes before the contents.
    let (opening, rest) = document.pieces.split_at(first);
    let sections = Sections::of(rest);
    let page = html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) }
                style { (PreEscaped(STYLE)) (PreEscaped(figure_colours())) }
            }
            body {
                header {
                    h1 { (inline(&document.title)) }
                    p.lead { (inline(&document.lead)) }
                }
                @if !opening.is_empty() {
                    section.opening { (pieces(opening, figures, &mut 0)) }
                }
                nav aria-label=(term!(lang; "Contents"; "Índice")) {
                    ol {
                        @for (index, title) in sections.titles.iter().enumerate() {
                            li { a href=(format!("#s{}", index + 1)) { (inline(title)) } }
                        }
                    }
                }
                main { (pieces(rest, figures, &mut 0)) }
            }
        }
    };
    visible(&page.into_string()).into_owned()
}

/// The page's headings of level 2, which its contents list.
struct Sections<'a> {
    titles: Vec<&'a str>,
}

impl<'a> Sections<'a> {
    fn of(pieces: &'a [Piece]) -> Self {
        let title = |piece: &'a Piece| match piece {
            Piece::Heading(2, title) => Some(title.as_str()),
            _ => None,
        };
        Self { titles: pieces.iter().filter_map(title).collect() }
    }
}

fn pieces(list: &[Piece], figures: &[PageFigure], section: &mut usize) -> Markup {
    html! {
        @for piece in list {
            @match piece {
                Piece::Heading(2, text) => {
                    ({ *section += 1; PreEscaped("") })
                    h2 id=(format!("s{section}")) { (inline(text)) }
                }
                Piece::Heading(_, text) => h3 { (inline(text)) },
                Piece::Paragraph(text) => p { (inline(text)) },
                Piece::Note(text) => p.note role="note" { (inline(text)) },
                Piece::List(items) => ul { @for item in items { li { (inline(item)) } } },
                Piece::Table(content) => (table(content)),
                Piece::Figure(index) => (figure(&figures[*index])),
                Piece::Code(code) => pre tabindex="0" { code { (code) } },
                Piece::Details(summary, inner) => details {
                    summary { (inline(summary)) }
                    (pieces(inner, figures, section))
                },
            }
        }
    }
}

/// The roles are said again because a table that is laid out as cards loses its own in some
/// browsers.
fn table(table: &Table) -> Markup {
    let class = match table.fit {
        Fit::Cards => "cards",
        Fit::Scroll => "wide",
        Fit::Narrow => "narrow",
    };
    html! {
        div.scroll role="region" tabindex="0" aria-label=(plain(&table.caption)) {
            table class=(class) role="table" {
                caption { (inline(&table.caption)) }
                thead role="rowgroup" {
                    tr role="row" {
                        @for column in &table.columns {
                            th scope="col" role="columnheader" class=[column.number.then_some("n")] {
                                (inline(&column.title))
                            }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for row in &table.rows {
                        tr role="row" {
                            @for (index, (column, content)) in table.columns.iter().zip(row).enumerate() {
                                @let lang = content.english.then_some("en");
                                @if index == 0 {
                                    th scope="row" role="rowheader" lang=[lang] { (cell(content)) }
                                } @else {
                                    td role="cell" lang=[lang] data-label=(plain(&column.title))
                                        class=[column.number.then_some("n")] { (cell(content)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    let class = match cell.tone {
        Tone::Plain => None,
        Tone::Yes => Some("yes"),
        Tone::No => Some("no"),
        Tone::Mixed | Tone::Open => Some("open"),
        Tone::Missing => Some("missing"),
    };
    html! {
        span.value {
            @if let Some(class) = class {
                span class=(format!("mark {class}")) aria-hidden="true" { (cell.tone.sign()) }
            }
            @match &cell.link {
                Some(to) => a href=(to) { (inline(&cell.text)) },
                None => (inline(&cell.text)),
            }
            @for below in &cell.below { small { (inline(below)) } }
        }
    }
}

/// Both drawings of a figure; the style shows the one that fits.
fn figure(figure: &PageFigure) -> Markup {
    html! {
        figure {
            @for (class, svg) in [("wide-figure", &figure.wide), ("narrow-figure", &figure.narrow)] {
                div class=(class) { (PreEscaped(named(svg, &figure.alternative))) }
            }
            figcaption { (inline(&figure.caption)) }
        }
    }
}

/// The drawing as an image with a name, both escaped by maud.
fn named(svg: &str, name: &str) -> String {
    let Some((opening, drawing)) = svg.find("<svg ").and_then(|at| svg[at + 5..].split_once('>'))
    else {
        return svg.to_owned();
    };
    let name = plain(name);
    let whole = html! {
        svg role="img" aria-label=(name) {
            title { (name) }
        }
    };
    // maud has no way to add attributes that are text already: those of the drawing go in after
    // the tag's own.
    whole
        .into_string()
        .replacen("<svg ", &format!("<svg {opening} "), 1)
        .replacen("</svg>", drawing, 1)
}

/// The figures' colours as the page's: in the dark each has another value, by the same drawing.
fn figure_colours() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    let mut rules = String::new();
    for (name, hex, in_the_dark) in PALETTE {
        let _ = write!(light, "--f-{name}:{hex};");
        let _ = write!(dark, "--f-{name}:{in_the_dark};");
        for property in ["fill", "stroke"] {
            let _ = writeln!(rules, "figure [{property}=\"{hex}\"]{{{property}:var(--f-{name})}}");
        }
    }
    format!(
        ":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{rules}"
    )
}

/// Code between backticks, and no line break between a number and its unit.
fn inline(text: &str) -> Markup {
    html! {
        @for (index, span) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (breakable(span)) } } @else { (bound(span)) }
        }
    }
}

/// A line may break after a slash.
fn breakable(code: &str) -> Markup {
    html! {
        @for (index, part) in code.split('/').enumerate() {
            @if index > 0 { "/" wbr; }
            (part)
        }
    }
}

fn plain(text: &str) -> String {
    bound(&text.replace('`', ""))
}

fn bound(text: &str) -> String {
    [" %", " ms", " µs"]
        .iter()
        .fold(text.to_owned(), |text, unit| text.replace(unit, &unit.replace(' ', "\u{a0}")))
}
