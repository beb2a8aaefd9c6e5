//! The section on sharing a cache: what becomes of each way and what follows, who refuses, the
//! shortest lists that do damage, and what each way costs.

use facts::document::{Cell as Shown, Fit, Piece, Table, Tone, numbers, words};
use facts::phrases::{ratio_cell, short};
use facts::{Failures, Grid, Group, JOB, Lang, Page, Panel, Row, Tile, term, text};

use super::cell::{Cell, Search};
use super::cost::Cost;
use super::{Sharing, advice};
use crate::cost::MOVES;
use crate::finding::{CLASSES, Class};
use crate::search::{BETWEEN, End};
use crate::way::named;

/// Nothing for a run that shares nothing.
pub(super) fn of(sharing: &Sharing, lang: Lang) -> Page {
    let mut page = Page::default();
    let title = term!(lang; "Sharing a cache between engines"; "Compartir una caché entre motores");
    let section = &mut page.section;
    if !sharing.strangers.is_empty() {
        let subjects = sharing.strangers.join(", ");
        section.push(Piece::Note(
            text!(lang; "Rows that name no cell, and are in no table: {subjects}.";
            "Filas que no nombran ninguna celda y no están en ninguna tabla: {subjects}."),
        ));
    }
    if !sharing.cells.is_empty() {
        let grid = grid(sharing, title, lang);
        page.answer.push(answer(sharing, &grid, lang));
        section.extend(ways(sharing, &grid, lang));
        section.extend(refusals(sharing, lang));
        section.extend(searches(sharing, lang));
        section.extend(findings(sharing, lang));
        page.grids.push(grid);
    }
    section.extend(costs(sharing, lang));
    if !section.is_empty() {
        section.insert(0, Piece::heading(2, title));
    }
    page.lines = sharing.refusals().iter().map(Failures::line).collect();
    let lists = sharing.cells.iter();
    let lists = lists.filter_map(|cell| Some((&cell.name, cell.shortest()?.join(BETWEEN))));
    page.lines.extend(lists.map(|(name, list)| format!("{name}: {list}")));
    page
}

/// The word of a class, as a table has it.
fn class(class: Class, lang: Lang) -> Shown {
    let ending = class.ending();
    Shown::new(ending.word.of(lang)).tone(ending.tone)
}

/// A table. Its titles are parted by bars, and begin with `#` above numbers.
fn table(caption: &str, titles: &str, fit: Fit, rows: Vec<Vec<Shown>>) -> Piece {
    let column = |title: &str| match title.strip_prefix('#') {
        Some(title) => numbers(title.to_owned()),
        None => words(title.to_owned()),
    };
    Piece::Table(Table {
        caption: caption.to_owned(),
        columns: titles.split(" | ").map(column).collect(),
        rows,
        fit,
    })
}

/// A way a row, a generation a tile.
fn grid(sharing: &Sharing, title: &str, lang: Lang) -> Grid {
    let generations = sharing.generations();
    let ratio = |cell: &Cell| Some(sharing.cost_of_cell(cell)?.over_cold()?.value);
    let drawn = |cell: &Cell| {
        let search = cell.search.as_ref();
        let damage = search.filter(|search| !matches!(search.end, End::None | End::Unfinished));
        let damage = damage.map(|search| ended(search, lang));
        let ratio = ratio(cell).map(|ratio| format!("×{}", lang.number(ratio, 2)));
        Tile {
            below: after(cell, lang).into_iter().chain(damage).collect(),
            beside: ratio.unwrap_or_default(),
            ..Tile::new(cell.class as usize)
        }
    };
    let ways = sharing.ways();
    let group = |engine: &str| {
        let row = |way: &(&str, &str)| Row {
            name: way.1.to_owned(),
            tiles: generations
                .iter()
                .map(|generation| sharing.cell(generation, *way).map(drawn))
                .collect(),
        };
        Group {
            title: engine.to_owned(),
            caption: text!(lang; "{engine}: what becomes of each way of sharing (row) with engines of each generation (column)";
                "{engine}: qué pasa con cada manera de compartir (fila) con motores de cada generación (columna)"),
            rows: ways.iter().filter(|way| way.0 == engine).map(row).collect(),
        }
    };
    let mut engines: Vec<&str> = ways.iter().map(|way| way.0).collect();
    engines.dedup();
    let (count, cells) = (ways.len(), sharing.cells.len());
    let is_priced = sharing.cells.iter().any(|cell| ratio(cell).is_some());
    let note = term!(lang; "×1.00: time of a job over the same with an empty store";
        "×1,00: tiempo de un trabajo entre el del mismo con un almacén vacío");
    Grid {
        name: "sharing".to_owned(),
        title: title.to_owned(),
        alternative: text!(lang; "A grid of {count} ways of sharing by generations of engines, {cells} cells, each with the sign and the word of its class. The same cells are in the table that follows.";
            "Una cuadrícula de {count} maneras de compartir por generaciones de motores, {cells} celdas, cada una con el signo y la palabra de su clase. Las mismas celdas están en la tabla que sigue."),
        caption: term!(lang; "A sign, a word and a fill a class. Below the word: after how long an engine refused, or what does damage; at the right, where it was measured, the time of a job over that with an empty store.";
            "Un signo, una palabra y un relleno por clase. Debajo de la palabra: tras cuánto rechazó un motor, o qué hace daño; a la derecha, donde se midió, el tiempo de un trabajo entre el de un almacén vacío.").to_owned(),
        row: term!(lang; "way"; "manera").to_owned(),
        columns: generations.iter().map(ToString::to_string).collect(),
        panels: vec![Panel {
            title: String::new(),
            groups: engines.into_iter().map(group).collect(),
        }],
        outcomes: CLASSES.iter().map(|(_, ending)| ending.of(lang)).collect(),
        notes: is_priced.then(|| note.to_owned()).into_iter().collect(),
        plots: Vec::new(),
    }
}

/// What became of all cells.
fn answer(sharing: &Sharing, grid: &Grid, lang: Lang) -> String {
    let (ways, cells) = (sharing.ways().len(), sharing.cells.len());
    let (count, classes) = (sharing.generations().len(), grid.counts());
    text!(lang; "{ways} ways, {cells} cells of {count} generations of engines: {classes}.";
        "{ways} maneras, {cells} celdas de {count} generaciones de motores: {classes}.")
}

/// The same with everything that is known of each cell; then what it costs, and one line of advice.
fn ways(sharing: &Sharing, grid: &Grid, lang: Lang) -> Vec<Piece> {
    let generations = sharing.generations();
    let found = sharing.ways();
    let row = |way: &(&str, &str)| {
        let about = named(way.1).map(|way| way.about);
        let about = about.map_or("", |[english, spanish]| lang.pick(english, spanish));
        let name = Shown::new(format!("`{} {}`", way.0, way.1)).below(about);
        let classes = generations.iter().map(|generation| {
            let cell = sharing.cell(generation, *way);
            cell.map_or_else(|| Shown::new("–"), |cell| of_cell(cell, lang))
        });
        let cost = sharing.cost_of(way.1);
        let cost = ratio_cell(cost.and_then(|cost| cost.to_cold.as_ref()), lang);
        std::iter::once(name)
            .chain(classes)
            .chain([cost, advice::of(sharing, *way, lang)])
            .collect()
    };
    let names = generations.join(" | ");
    let mut pieces = vec![
        Piece::Figure(0),
        table(
            term!(lang; "What becomes of each way of sharing in each generation of engines, what a job costs with it, and what to do";
                "Qué pasa con cada manera de compartir en cada generación de motores, qué cuesta un trabajo con ella y qué hacer"),
            &text!(lang; "way | {names} | #time, over an empty store | advice";
                "manera | {names} | #tiempo, entre el de un almacén vacío | consejo"),
            Fit::Cards,
            found.iter().map(row).collect(),
        ),
        Piece::paragraph(
            term!(lang; "In each cell two jobs pulled, built, tagged, committed, pruned and removed images, and an oracle held what is there against what they were told is done: before and after a restart of both engines, and in the files of the stores. The class is the worst that it found, the search for damage included. Costs are times of a whole job over the same job with an empty store; * is declared primary.";
            "En cada celda dos trabajos descargaron, construyeron, etiquetaron, confirmaron, limpiaron y borraron imágenes, y un oráculo comparó lo que hay con lo que se les dijo que estaba hecho: antes y después de reiniciar ambos motores, y en los ficheros de los almacenes. La clase es lo peor que encontró, incluida la búsqueda de daños. Los costes son tiempos de un trabajo entero entre los del mismo con un almacén vacío; * está declarado primario."),
        ),
    ];
    pieces.extend(advice::cheapest(sharing, lang));
    let title = term!(lang; "What the classes mean"; "Qué significan las clases");
    pieces.push(Piece::Details(title.to_owned(), vec![grid.meanings()]));
    pieces
}

fn of_cell(cell: &Cell, lang: Lang) -> Shown {
    let mut shown = class(cell.class, lang);
    let alone = cell.trial.ending().word.of(lang);
    let alone = (cell.trial != cell.class)
        .then(|| text!(lang; "the trial alone: {alone}"; "la prueba sola: {alone}"));
    let operations = cell.operations.map(|(done, asked)| {
        text!(lang; "{done} of {asked} operations acknowledged";
            "{done} de {asked} operaciones confirmadas")
    });
    let search = cell.search.as_ref().map(|search| ended(search, lang));
    let lines = [alone, after(cell, lang), operations, search];
    shown.below.extend(lines.into_iter().flatten());
    shown
}

/// How long an engine took to refuse.
fn after(cell: &Cell, lang: Lang) -> Option<String> {
    let seconds = seconds(cell.refusal.as_ref()?.after_ns?, lang);
    Some(text!(lang; "after {seconds} s"; "tras {seconds} s"))
}

fn seconds(ns: u64, lang: Lang) -> String {
    lang.number(ns as f64 / 1e9, 1)
}

/// How a search ended.
fn ended(search: &Search, lang: Lang) -> String {
    let count = search.operations;
    match (search.end, count) {
        (End::OnlyAtOnce, _) => term!(lang; "damage only when both work at once";
            "daño solo cuando ambos trabajan a la vez")
        .to_owned(),
        (End::None, Some(count)) => {
            text!(lang; "no damage in {count} operations"; "sin daño en {count} operaciones")
        }
        (End::None, None) => term!(lang; "no damage"; "sin daño").to_owned(),
        (End::Shortest(count), _) => {
            text!(lang; "damage by {count} operations"; "daño con {count} operaciones")
        }
        (End::AtMost(count), _) => text!(lang; "damage by at most {count} operations";
            "daño con {count} operaciones como mucho"),
        (End::WithSeed(seed), _) => {
            text!(lang; "damage with the list of seed {seed}, which was not cut down";
            "daño con la lista de la semilla {seed}, que no se acortó")
        }
        (End::Unfinished, _) => {
            term!(lang; "the search was not finished"; "la búsqueda no acabó").to_owned()
        }
    }
}

fn refusals(sharing: &Sharing, lang: Lang) -> Vec<Piece> {
    let title = term!(lang; "Who refuses, and in which words"; "Quién rechaza y con qué palabras");
    let groups = sharing.refusals();
    let row = |group: &Failures<Cell>| {
        let times = group.of.iter();
        let times = times.filter_map(|cell| cell.refusal.as_ref()?.after_ns);
        let ends = times.clone().min().zip(times.max());
        let range = ends.map(|(least, most)| {
            let [least, most] = [least, most].map(|ns| seconds(ns, lang));
            if least == most { format!("{least} s") } else { format!("{least}–{most} s") }
        });
        let names = group.of.iter().map(|cell| format!("`{}`", cell.name));
        let names = names.collect::<Vec<_>>().join(", ");
        group.row(lang, [Shown::new(names), Shown::or_dash(range)])
    };
    let all = if groups.is_empty() {
        Piece::paragraph(term!(lang; "Every engine started."; "Todos los motores arrancaron."))
    } else {
        table(
            term!(lang; "Cells in which an engine did not start, by what is known of its words";
                "Celdas en las que un motor no arrancó, según lo que se sabe de sus palabras"),
            term!(lang; "refusal | cells | after | cause | what helps | in its own words";
                "rechazo | celdas | tras | causa | qué ayuda | con sus palabras"),
            Fit::Cards,
            groups.iter().map(row).collect(),
        )
    };
    vec![Piece::heading(3, title), all]
}

/// Cells of one way whose searches came to the same: least to do for damage first, then those without.
fn alike(sharing: &Sharing, lang: Lang) -> Vec<(&Search, Vec<&Cell>)> {
    let mut found: Vec<(&Search, Vec<&Cell>)> = Vec::new();
    for cell in &sharing.cells {
        let Some(search) = &cell.search else {
            continue;
        };
        let same = |(known, cells): &&mut (&Search, Vec<&Cell>)| {
            let list =
                |search: &Search| search.damage.as_ref().map(|found| found.operations.clone());
            cells[0].name.way() == cell.name.way()
                && (known.worst, ended(known, lang)) == (search.worst, ended(search, lang))
                && list(known) == list(search)
        };
        match found.iter_mut().find(same) {
            Some((_, cells)) => cells.push(cell),
            None => found.push((search, vec![cell])),
        }
    }
    found.sort_by_key(|(search, _)| match search.end {
        End::Shortest(count) | End::AtMost(count) => count,
        End::WithSeed(_) => u64::MAX - 1,
        _ => u64::MAX,
    });
    found
}

fn searches(sharing: &Sharing, lang: Lang) -> Vec<Piece> {
    let title = term!(lang; "The shortest way to damage"; "El camino más corto al daño");
    let row = |(search, cells): (&Search, Vec<&Cell>)| {
        let (engine, way) = cells[0].name.way();
        let generations = cells.iter().map(|cell| &*cell.name.generation);
        let generations = generations.collect::<Vec<_>>().join(", ");
        let name = Shown::new(format!("`{engine} {way}`"))
            .below(text!(lang; "in {generations}"; "con {generations}"));
        let told = Shown::new(ended(search, lang));
        let Some(damage) = &search.damage else {
            let class = match search.end {
                End::OnlyAtOnce => Class::Corrupt,
                _ => search.worst,
            };
            return vec![name, told.tone(class.ending().tone), Shown::new("–")];
        };
        let ending = damage.class.ending();
        let told = told.tone(ending.tone).below(ending.word.of(lang));
        let mut operations = damage.operations.iter().map(|one| one.replace('`', "'"));
        let first = Shown::new(operations.next().unwrap_or_default());
        let operations = operations.fold(first, Shown::below);
        let found = format!("→ {}", short(&damage.found));
        vec![name, told, operations.below(found).english()]
    };
    let mut pieces = vec![Piece::heading(3, title)];
    let found = alike(sharing, lang);
    if found.is_empty() {
        pieces.push(Piece::paragraph(term!(lang; "Nothing was searched: every way was refused, or the run was told not to.";
            "No se buscó nada: todas las maneras fueron rechazadas, o se le dijo a la ejecución que no.")));
        return pieces;
    }
    pieces.push(table(
        term!(lang; "Lists of operations by turns: the shortest one that does damage, of which no operation can be left out, or how much was tried without any";
            "Listas de operaciones por turnos: la más corta que hace daño, de la que no se puede quitar ninguna, o cuánto se probó sin que lo hubiera"),
        term!(lang; "way | found | operations"; "manera | hallado | operaciones"),
        Fit::Cards,
        found.into_iter().map(row).collect(),
    ));
    pieces.push(Piece::paragraph(term!(lang; "`a` and `b` are the two jobs. A list does the same again with `cache-sharing --replay FILE`; a run keeps each in its folder `cases`.";
        "`a` y `b` son los dos trabajos. Una lista se repite con `cache-sharing --replay FILE`; una ejecución guarda cada una en su carpeta `cases`.")));
    pieces
}

/// What the oracle found of each trial, the worst of it. What an engine says that does not start has a
/// table of its own.
fn findings(sharing: &Sharing, lang: Lang) -> Option<Piece> {
    let row = |cell: &Cell| {
        let (first, more) = cell.findings.split_first()?;
        let mut told = Shown::new(short(&first.to_string())).english();
        if !more.is_empty() {
            let count = more.len();
            told = told.below(text!(lang; "and {count} more"; "y {count} más"));
        }
        Some(vec![Shown::new(format!("`{}`", cell.name)), told])
    };
    let cells = sharing.cells.iter();
    let cells = cells.filter(|cell| cell.trial != Class::Refused);
    let rows: Vec<Vec<Shown>> = cells.filter_map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let table = table(
        term!(lang; "The worst finding of each trial that has one";
            "Lo peor que se encontró en cada prueba en la que hay algo"),
        term!(lang; "cell | finding"; "celda | hallazgo"),
        Fit::Cards,
        rows,
    );
    let title = term!(lang; "What the oracle found in each cell";
        "Qué encontró el oráculo en cada celda");
    Some(Piece::Details(title.to_owned(), vec![table]))
}

/// What each way costs, and whether two jobs at once were safe with it; nothing where no arm was
/// measured.
fn costs(sharing: &Sharing, lang: Lang) -> Vec<Piece> {
    if sharing.costs.is_empty() {
        return Vec::new();
    }
    let row = |cost: &Cost| {
        let bytes = MOVES.iter().map(|step| {
            let bytes = cost.moved.get(step);
            let bytes = bytes.map(|bytes| format!("{} MB", lang.number(*bytes as f64 / 1e6, 1)));
            Shown::or_dash(bytes)
        });
        let ratios = [&cost.to_cold, &cost.to_warm];
        [Shown::new(format!("`{}`", cost.arm)), job(cost, lang)]
            .into_iter()
            .chain(ratios.map(|ratio| ratio_cell(ratio.as_ref(), lang)))
            .chain(bytes)
            .chain([at_once(sharing, cost.way, lang)])
            .collect()
    };
    let generation = sharing.cost_generation.as_deref();
    let generation = generation.unwrap_or(term!(lang; "engines"; "motores"));
    vec![
        Piece::heading(3, term!(lang; "What each way costs"; "Qué cuesta cada manera")),
        table(
            &text!(lang; "{generation}: a job from the start of its engine to the end of its container, and what it moves and leaves";
                "{generation}: un trabajo desde el arranque de su motor hasta el final de su contenedor, y lo que mueve y deja"),
            term!(lang; "job | #median | #over an empty store | #over a filled store of its own | #into the container | #out of the registry | #in its store | #in what it shares | two jobs at once";
                "trabajo | #mediana | #entre un almacén vacío | #entre uno propio ya lleno | #hacia el contenedor | #desde el registro | #en su almacén | #en lo que comparte | dos trabajos a la vez"),
            Fit::Scroll,
            sharing.costs.iter().map(row).collect(),
        ),
        Piece::paragraph(
            term!(lang; "Ratios are medians of the ratios within blocks, with the interval that decides; * is declared primary, the others are exploratory and one in twenty of their intervals may miss. Bytes were seen in one job. The cold job of buildx is one with buildx and an empty store.";
            "Los cocientes son medianas de los cocientes dentro de cada bloque, con el intervalo que decide; * está declarado primario, los demás son exploratorios y de veinte de sus intervalos uno puede fallar. Los bytes se vieron en un trabajo. El trabajo en frío de buildx es uno con buildx y un almacén vacío."),
        ),
    ]
}

fn job(cost: &Cost, lang: Lang) -> Shown {
    if let Some(words) = &cost.failed {
        let fails = term!(lang; "the job fails"; "el trabajo falla");
        return Shown::new(fails).tone(Tone::No).below(short(words));
    }
    if let Some(words) = &cost.placeless {
        let ending = Class::NotWithoutRoot.ending();
        return Shown::new(ending.word.of(lang)).tone(ending.tone).below(short(words));
    }
    let amount = |ns| format!("{} {}", JOB.amount(ns, lang), JOB.unit.symbol());
    let median = cost.median.map(|median| amount(median.value));
    Shown::or_dash(median)
}

/// What the oracle said of the way that an arm is the cost of, in all generations.
fn at_once(sharing: &Sharing, way: Option<&str>, lang: Lang) -> Shown {
    let Some(way) = way else {
        return Shown::new(term!(lang; "shares nothing"; "no comparte nada"));
    };
    let cells = sharing.cells.iter().filter(|cell| cell.name.way == way);
    let told: Vec<&Cell> = cells.filter(|cell| cell.class.is_told()).collect();
    if told.is_empty() {
        return Shown::new("–");
    }
    let not_safe = told.iter().filter(|cell| !cell.class.holds());
    let cells = not_safe.map(|cell| {
        let class = cell.class.ending().word.of(lang);
        format!("{}: {class}", cell.name.generation)
    });
    let cells = cells.collect::<Vec<_>>().join(", ");
    if cells.is_empty() {
        let told = told.iter().map(|cell| &*cell.name.generation);
        let told = told.collect::<Vec<_>>().join(", ");
        let safe = text!(lang; "safe by the oracle: {told}"; "segura según el oráculo: {told}");
        return Shown::new(safe).tone(Tone::Yes);
    }
    Shown::new(text!(lang; "not safe: {cells}"; "no segura: {cells}")).tone(Tone::No)
}
