//! The section on patterns: one table as a tutorial would compare them, which one for whom, escape paths, who
//! is served, what the plugin refuses, building without a daemon.

use facts::document::{Cell, Column, Fit, Piece, Table, Tone, words};
use facts::{Grid, Group, JOB, Lang, Page, Panel, Plot, Row, Samples, Tile, phrases, term, text};

use super::aspect::{Aspect, GRADES, seen};
use super::cost::{Memory, Time};
use super::{Check, REFERENCE, Sidecar, advice, count, grants, requests};
use crate::cost::TIMES;
use crate::look::ESCAPES;
use crate::pattern::Pattern;
use crate::words::{ESCAPE, GUARDED, Property, Word};

pub(super) fn of(sidecar: &Sidecar, lang: Lang) -> Page {
    let mut page = Page::default();
    let title =
        term!(lang; "Patterns that give a pod an engine"; "Patrones que dan un motor a un pod");
    page.section.push(Piece::heading(2, title));
    if !sidecar.strangers.is_empty() {
        let rows = sidecar.strangers.join("; ");
        page.section.push(Piece::Note(text!(lang; "Rows that this program cannot read, and of which nothing is concluded: {rows}.";
            "Filas que este programa no puede leer y de las que no se concluye nada: {rows}.")));
    }
    if !sidecar.patterns.is_empty() {
        page.answer.push(answer(sidecar, lang));
        page.grids.push(grid(sidecar, lang));
        page.section.extend(comparison(sidecar, lang));
        page.section.extend(advice::pieces(sidecar, lang));
    }
    page.section.extend(ways(sidecar, lang));
    page.section.extend(requests::transport(sidecar, lang));
    page.section.extend(requests::plugin(sidecar, lang));
    page.section.extend(requests::daemonless(sidecar, lang));
    page.section.extend(grants::pieces(sidecar, lang));
    page.lines = lines(sidecar);
    page
}

/// What only the terminal has in so few words.
fn lines(sidecar: &Sidecar) -> Vec<String> {
    let mut lines = Vec::new();
    for pattern in &sidecar.patterns {
        let ways = sidecar.ways_that(pattern, Word::Reaches);
        if !ways.is_empty() {
            lines.push(format!("{pattern} reaches the node by {}", ways.join(", ")));
        }
    }
    let hostile = sidecar.hostile(GUARDED);
    if !hostile.is_empty() {
        let [refused, allowed] = [Word::Refused, Word::Allowed].map(|word| count(&hostile, word));
        let all = hostile.len();
        lines.push(format!(
            "{all} hostile requests: {refused} refused by the plugin, {allowed} allowed"
        ));
    }
    let left = sidecar.left().into_iter();
    lines.extend(left.map(|look| format!("{}: {}", look.subject, look.name())));
    let strangers = sidecar.strangers.iter();
    lines.extend(strangers.map(|stranger| format!("not read: {stranger}")));
    lines
}

/// A table whose parts say for themselves what they are.
pub(super) fn table(
    caption: &str,
    columns: impl IntoIterator<Item = Column>,
    rows: impl IntoIterator<Item = Vec<Cell>>,
    fit: Fit,
) -> Piece {
    Piece::Table(Table {
        caption: caption.to_owned(),
        columns: columns.into_iter().collect(),
        rows: rows.into_iter().collect(),
        fit,
    })
}

/// A pattern's name, as it is typed.
pub(super) fn pattern_cell(pattern: &Pattern) -> Cell {
    Cell::new(format!("`{pattern}`"))
}

/// An outcome with the words of what refused below it.
pub(super) fn cell(look: &Check, tone: Tone, lang: Lang) -> Cell {
    let is_seen = look.outcome.is_some();
    let cell = Cell::new(seen(look, lang)).tone(if is_seen { tone } else { Tone::Missing });
    if look.words.is_empty() {
        return cell;
    }
    cell.below(phrases::short(&look.words))
}

const NONE: &str = "–";

fn caption(lang: Lang) -> &'static str {
    term!(lang; "What each pattern hands over, lets out, shows, keeps, counts and costs";
        "Qué entrega, deja salir, muestra, guarda, cuenta y cuesta cada patrón")
}

fn memory_title(lang: Lang) -> &'static str {
    term!(lang; "memory, idle"; "memoria ociosa")
}

fn aspect_title(lang: Lang) -> &'static str {
    term!(lang; "aspect"; "aspecto")
}

/// The figure.
fn grid(sidecar: &Sidecar, lang: Lang) -> Grid {
    let patterns = || sidecar.patterns.iter();
    let row = |aspect: &Aspect| {
        let tile = |pattern: &&Pattern| {
            let grade = sidecar.grade(pattern, *aspect)?;
            Some(Tile {
                word: sidecar.word(pattern, (*aspect, grade), lang),
                ..Tile::new(grade as usize)
            })
        };
        let tiles: Vec<Option<Tile>> = patterns().map(tile).collect();
        let name = aspect.title(lang).to_owned();
        let is_there = tiles.iter().any(Option::is_some);
        is_there.then_some(Row { name, tiles })
    };
    let columns = sidecar.patterns.len();
    Grid {
        name: "sidecar".to_owned(),
        title: term!(lang; "Patterns that give a pod an engine, at a glance";
            "Patrones que dan un motor a un pod, de un vistazo").to_owned(),
        alternative: text!(lang; "A grid of aspects by {columns} patterns, each tile with a sign and a word; below it, by pattern, every sample of start-up and jobs and the memory of each pod, with medians and intervals. The same numbers are in the table that follows.";
            "Una cuadrícula de aspectos por {columns} patrones, cada casilla con un signo y una palabra; debajo, por patrón, todas las muestras de arranque y trabajos y la memoria de cada pod, con medianas e intervalos. Los mismos números están en la tabla que sigue."),
        caption: term!(lang; "A sign, a word and a fill a grade. Below: every sample, medians and their intervals, on one axis a row.";
            "Un signo, una palabra y un relleno por nota. Debajo: todas las muestras, medianas e intervalos, con un eje por fila.").to_owned(),
        row: aspect_title(lang).to_owned(),
        columns: patterns().map(ToString::to_string).collect(),
        panels: vec![Panel {
            title: String::new(),
            groups: vec![Group {
                title: String::new(),
                caption: caption(lang).to_owned(),
                rows: Aspect::ALL.iter().filter_map(row).collect(),
            }],
        }],
        outcomes: GRADES.iter().map(|grade| grade.of(lang)).collect(),
        notes: Vec::new(),
        plots: plots(sidecar, lang),
    }
}

fn plots(sidecar: &Sidecar, lang: Lang) -> Vec<Plot> {
    let plot = |title: &str, unit: &str, of: &dyn Fn(&Pattern) -> Option<Samples>| Plot {
        title: title.to_owned(),
        unit: unit.to_owned(),
        columns: sidecar.patterns.iter().map(|pattern| of(pattern)).collect(),
    };
    let seconds = term!(lang; "seconds"; "segundos");
    let time = |pattern: &Pattern, word: &str| {
        let arm = sidecar.time(pattern, word)?.arm;
        Some(Samples {
            values: arm.values_ns.values().map(|ns| ns / 1e9).collect(),
            median: arm.median?.map(|ns| ns / 1e9),
        })
    };
    let weighed = |pattern: &Pattern| {
        let memory = sidecar.memory(pattern)?;
        Some(Samples {
            values: memory.values.iter().map(|bytes| bytes / 1e6).collect(),
            median: memory.estimate?.map(|bytes| bytes / 1e6),
        })
    };
    let times = TIMES
        .iter()
        .map(|timed| plot(lang.of(timed.title), seconds, &|pattern| time(pattern, timed.name)));
    let megabytes = term!(lang; "megabytes"; "MB");
    let memory = plot(memory_title(lang), megabytes, &weighed);
    let mut plots: Vec<Plot> = times.chain([memory]).collect();
    plots.retain(|plot| plot.columns.iter().any(Option::is_some));
    plots
}

/// What became of all escape paths.
fn answer(sidecar: &Sidecar, lang: Lang) -> String {
    let tried = sidecar.patterns.iter();
    let tried: Vec<&Check> = tried.flat_map(|pattern| sidecar.escapes(pattern)).collect();
    let (patterns, all) = (sidecar.patterns.len(), tried.len());
    let reach = count(&tried, Word::Reaches);
    text!(lang; "With {patterns} patterns that give a pod an engine, {all} escape paths out of the agent's container were tried; {reach} of them reach the node.";
        "Con {patterns} patrones que dan un motor a un pod se probaron {all} salidas del contenedor del agente; {reach} de ellas llegan al nodo.")
}

/// An aspect a row, a pattern a column.
fn comparison(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let patterns = sidecar.patterns.len();
    let row = |title: &str, of: &dyn Fn(&Pattern) -> Cell| -> Vec<Cell> {
        let cells = sidecar.patterns.iter().map(|pattern| of(pattern));
        std::iter::once(Cell::new(title)).chain(cells).collect()
    };
    let aspects = Aspect::ALL.iter().map(|aspect| {
        row(aspect.title(lang), &|pattern| {
            let Some(grade) = sidecar.grade(pattern, *aspect) else {
                return Cell::new(NONE);
            };
            Cell {
                below: sidecar.below(pattern, (*aspect, grade), lang),
                tone: GRADES[grade as usize].tone,
                ..Cell::new(sidecar.word(pattern, (*aspect, grade), lang))
            }
        })
    });
    let times = TIMES.iter().map(|timed| {
        row(lang.of(timed.title), &|pattern| time(sidecar.time(pattern, timed.name), lang))
    });
    let memory = row(memory_title(lang), &|pattern| {
        let memory = sidecar.memory(pattern);
        let cell = memory.map_or_else(|| Cell::new(NONE), |memory| weighed(memory, lang));
        let daemons = sidecar.labelled(pattern, Property::Daemons, lang);
        daemons.into_iter().fold(cell, Cell::below)
    });
    let is = |pattern: &&Pattern| format!("`{pattern}`: {}.", lang.of(pattern.is));
    vec![
        Piece::Paragraph(
            text!(lang; "{patterns} patterns on the same work: an agent builds an image, runs it, starts a database, connects to it and cleans up.";
            "{patterns} patrones con el mismo trabajo: un agente construye una imagen, la ejecuta, arranca una base de datos, se conecta a ella y limpia."),
        ),
        Piece::Figure(0),
        by_pattern(
            caption(lang),
            aspect_title(lang),
            &sidecar.patterns,
            aspects.chain(times).chain([memory]),
        ),
        Piece::paragraph(
            term!(lang; "Every grade is derived from the rows of what was tried. Times are medians with the interval at 5 % of one arm by itself, and the ratio within blocks with the interval that decides; * is declared primary. Memory is that of the pod's own processes, idle after a first job, of one fresh pod each: what the node's engine takes for `dood` is the node's and not in it.";
            "Cada nota se deriva de las filas de lo que se probó. Los tiempos son medianas con el intervalo al 5 % de un brazo por sí solo, y la razón dentro de los bloques con el intervalo que decide; * es primaria declarada. La memoria es la de los procesos propios del pod, en reposo tras un primer trabajo, de un pod nuevo cada vez: lo que el motor del nodo gasta por `dood` es del nodo y no está en ella."),
        ),
        Piece::Details(
            term!(lang; "What the patterns are"; "Qué son los patrones").to_owned(),
            vec![Piece::List(sidecar.patterns.iter().map(is).collect())],
        ),
    ]
}

fn by_pattern(
    caption: &str,
    first: &'static str,
    patterns: &[&Pattern],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Piece {
    let names = patterns.iter().map(|pattern| words(format!("`{pattern}`")));
    let columns = std::iter::once(words(first)).chain(names);
    table(caption, columns, rows, Fit::Scroll)
}

/// Median, interval, and the ratio to the reference.
fn time(time: Option<&Time>, lang: Lang) -> Cell {
    let Some(Time { arm, ratio, .. }) = time else {
        return Cell::new(NONE);
    };
    // One unit for a table.
    let Some(median) = arm.median else {
        return Cell::new(term!(lang; "no reading"; "sin lecturas")).tone(Tone::Missing);
    };
    let value = JOB.amount(median.value, lang);
    let n = arm.n;
    let cell = Cell::new(format!("{value} {}", JOB.unit.symbol())).below(match median.interval {
        Some(range) => {
            let [low, high] = [range.low, range.high].map(|ns| JOB.amount(ns, lang));
            text!(lang; "{low} to {high}, n {n}"; "{low} a {high}, n {n}")
        }
        None => text!(lang; "no interval exists; n = {n}"; "no existe intervalo; n = {n}"),
    });
    let ratio = ratio.iter().filter(|ratio| ratio.estimate.is_some());
    ratio.fold(cell, |cell, ratio| {
        let star = if ratio.primary { " *" } else { "" };
        let found = phrases::estimate(ratio.estimate, 2, lang);
        let reference = REFERENCE.name;
        cell.below(
            text!(lang; "× {found} of `{reference}`{star}"; "× {found} de `{reference}`{star}"),
        )
    })
}

/// Of fresh pods; where they are too few for an interval, the range is said and called one.
fn weighed(memory: &Memory, lang: Lang) -> Cell {
    let megabytes = |bytes: f64| lang.number(bytes / 1e6, 1);
    let Some(estimate) = memory.estimate else {
        return Cell::new(NONE);
    };
    let n = memory.n;
    let below = if let Some(range) = estimate.interval {
        let [low, high] = [range.low, range.high].map(megabytes);
        text!(lang; "{low} to {high}, n {n}"; "{low} a {high}, n {n}")
    } else {
        let [low, high] = [memory.least, memory.most].map(megabytes);
        text!(lang; "range {low} to {high}, n {n}: too few for an interval";
            "rango {low} a {high}, n {n}: demasiado pocos para un intervalo")
    };
    Cell::new(format!("{} MB", megabytes(estimate.value))).below(below)
}

/// A way a row, a pattern a column.
fn ways(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let ways = sidecar.ways();
    if ways.is_empty() {
        return Vec::new();
    }
    let look = |pattern: &Pattern, way: &str| sidecar.look(ESCAPE, pattern.name, way);
    let mut patterns = sidecar.patterns.clone();
    patterns.retain(|pattern| ways.iter().any(|way| look(pattern, way).is_some()));
    let row = |way: &&str| {
        let tried = patterns.iter().map(|pattern| {
            let Some(look) = look(pattern, way) else {
                return Cell::new(NONE);
            };
            let is_shut = look.is(Word::Refused) || look.is(Word::Inside);
            cell(look, if is_shut { Tone::Yes } else { Tone::No }, lang)
        });
        let known = ESCAPES.iter().find(|known| known.name == *way);
        let name = Cell::new(format!("`{way}`"));
        let name = known.iter().fold(name, |name, way| name.below(lang.of(way.is)));
        std::iter::once(name).chain(tried).collect()
    };
    vec![
        Piece::heading(3, term!(lang; "Ways out"; "Salidas")),
        by_pattern(
            term!(lang; "What became of each way from the agent's container to a secret of the node";
                "Qué fue de cada camino desde el contenedor del agente hasta un secreto del nodo"),
            term!(lang; "way"; "camino"),
            &patterns,
            ways.iter().map(row),
        ),
        Piece::paragraph(
            term!(lang; "“Reaches the node” means that the agent has read a file that lies on the node alone. `engine-taken-over` is no way of an agent that the engine serves: it is what is left to who has the engine already.";
            "«Llega al nodo» significa que el agente leyó un fichero que solo está en el nodo. `engine-taken-over` no es camino de un agente al que el motor atiende: es lo que le queda a quien ya tiene el motor."),
        ),
    ]
}
