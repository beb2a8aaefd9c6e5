//! The section on storage drivers.

use facts::document::{Cell as Shown, Column, Fit, Piece, Table, numbers, words};
use facts::trials::{entry, in_order};
use facts::{Evidence, Failures, Grid, Lang, Page, STARTUP, Tile, phrases, term, text};

use super::cell::{CLASSES, Cell, Class};
use super::cost::{Costs, Slower, reference};
use super::{Matrix, advice};
use crate::cost::{FILES_TIME, WORKS};

pub(super) fn of(matrix: &Matrix, evidence: &Evidence, lang: Lang) -> Page {
    let mut page = Page::default();
    let title = term!(lang; "Storage drivers on what lies underneath";
        "Controladores de almacenamiento y lo que hay debajo");
    page.section.push(Piece::heading(2, title));
    if !matrix.cells.is_empty() {
        let grid = grid(matrix, title, lang);
        page.answer.push(answer(matrix, &grid, lang));
        page.section.extend(classes(matrix, &grid, lang));
        page.section.extend(failures(matrix, lang));
        page.section.extend(deviations(matrix, lang));
        page.grids.push(grid);
    }
    page.section.extend(costs(matrix, evidence, lang));
    page.section.extend(duels(matrix, lang));
    let advice = advice::lines(matrix, lang);
    if !advice.is_empty() {
        page.section.push(Piece::heading(3, term!(lang; "Advice"; "Consejos")));
        page.section.push(Piece::List(advice));
    }
    page.lines = matrix.failures().iter().map(Failures::line).collect();
    page
}

/// The figure, and the tables below it.
fn grid(matrix: &Matrix, title: &str, lang: Lang) -> Grid {
    // One number fits a tile: what differs most between drivers, where it was measured.
    let metrics = [&FILES_TIME, &STARTUP].into_iter();
    let of = |metric| WORKS.iter().position(|(_, _, of, _)| *of == metric);
    let mut measured = metrics.filter_map(of);
    let work = measured.find(|work| matrix.costs.iter().any(|costs| costs.value(*work).is_some()));
    let look = |cell: &Cell| {
        let mut drawn = Tile::new(cell.class as usize);
        // Where the daemon refuses, the step is always the same.
        let step = cell.step.as_ref().filter(|_| cell.class != Class::Refused);
        drawn.below.extend(step.map(|step| match cell.class {
            Class::Unfinished => text!(lang; "after {step}"; "después de {step}"),
            _ => text!(lang; "at {step}"; "en {step}"),
        }));
        let taken = cell.surprising();
        drawn.below.extend(taken.map(|driver| format!("→ {driver}")));
        drawn.below.extend(cell.otherwise.iter().map(|other| {
            let other = CLASSES[*other as usize].word.of(lang);
            text!(lang; "an earlier try: {other}"; "un intento anterior: {other}")
        }));
        let ratio = work.and_then(|work| matrix.costs_of(cell)?.value(work));
        drawn.beside =
            ratio.map_or_else(String::new, |ratio| format!("×{}", lang.number(ratio, 2)));
        Some(drawn)
    };
    let note = work.map(|work| {
        let metric = WORKS[work].2.heading(lang);
        text!(lang; "×1.00: {metric} against overlay2 (Podman: overlay) on a volume";
            "×1,00: {metric} frente a overlay2 (Podman: overlay) en un volumen")
    });
    let (cells, generations) = (matrix.cells.len(), matrix.generations().len());
    Grid {
        name: "matrix".to_owned(),
        title: title.to_owned(),
        alternative: text!(lang; "A grid of drivers by places for {generations} generations of engines, {cells} cells, each with the word of its class. The same cells are in the tables that follow.";
            "Una cuadrícula de controladores por lugares de {generations} generaciones de motores, {cells} celdas, cada una con la palabra de su clase. Las mismas celdas están en las tablas que siguen."),
        caption: term!(lang; "A word, a sign and a fill a class. Below the word: the driver that was taken, or the step that failed; at the right, where it was measured, the ratio.";
            "Una palabra, un signo y un relleno por clase. Debajo de la palabra: el controlador tomado o el paso que falló; a la derecha, donde se midió, el cociente.").to_owned(),
        row: driver(lang).to_owned(),
        columns: matrix.places().into_iter().map(str::to_owned).collect(),
        panels: matrix.panels(
            lang,
            |generation, engine| text!(lang; "{generation}, {engine}: what becomes of each driver (row) on each place (column)";
                "{generation}, {engine}: qué pasa con cada controlador (fila) en cada lugar (columna)"),
            look,
        ),
        outcomes: CLASSES.iter().map(|class| class.of(lang)).collect(),
        notes: note.into_iter().collect(),
        plots: Vec::new(),
    }
}

fn driver(lang: Lang) -> &'static str {
    term!(lang; "driver"; "controlador")
}

/// What became of all cells.
fn answer(matrix: &Matrix, grid: &Grid, lang: Lang) -> String {
    let (cells, generations, counts) =
        (matrix.cells.len(), matrix.generations().len(), grid.counts());
    text!(lang; "{cells} cells of {generations} generations of engines: {counts}.";
        "{cells} celdas de {generations} generaciones de motores: {counts}.")
}

fn classes(matrix: &Matrix, grid: &Grid, lang: Lang) -> Vec<Piece> {
    let mut pieces = vec![Piece::Figure(0)];
    pieces.extend(grid.tables());
    pieces.push(Piece::paragraph(term!(lang; "Each cell was tried once, step by step, up to the first failure: the daemon starts, it names the driver that it has chosen, an image is unpacked, a container runs, a build of 30 layers, a restart, a look at what POSIX asks, the size on disk. The class is derived from these rows.";
        "Cada celda se probó una vez, paso a paso, hasta el primer fallo: el demonio arranca, dice qué controlador ha elegido, se desempaqueta una imagen, corre un contenedor, se construyen 30 capas, se reinicia, se mira lo que pide POSIX, se mide el tamaño en disco. La clase se deriva de esas filas.")));
    if !matrix.strangers.is_empty() {
        let subjects = matrix.strangers.join(", ");
        pieces.push(Piece::Note(text!(lang; "Rows of the matrix that name no cell, and are in no table: {subjects}.";
            "Filas de la matriz que no nombran ninguna celda y no están en ninguna tabla: {subjects}.")));
    }
    let title = term!(lang; "What the classes mean"; "Qué significan las clases");
    pieces.push(Piece::Details(title.to_owned(), vec![grid.meanings()]));
    pieces
}

fn failures(matrix: &Matrix, lang: Lang) -> Vec<Piece> {
    let mut pieces =
        vec![Piece::heading(3, term!(lang; "What fails, and why"; "Qué falla y por qué"))];
    let groups = matrix.failures();
    if groups.is_empty() {
        pieces.push(Piece::paragraph(term!(lang; "No cell fails."; "Ninguna celda falla.")));
        return pieces;
    }
    let row = |group: &Failures<Cell>| {
        let cells = cells(group.of.iter().copied(), lang);
        group.row(lang, [cells])
    };
    let columns = lang.pick(
        ["failure", "cells", "cause", "what helps", "in its own words"],
        ["fallo", "celdas", "causa", "qué ayuda", "con sus palabras"],
    );
    pieces.push(Piece::Table(Table {
        caption: term!(lang; "Cells that fail or fall back, by what is known of their words";
            "Celdas que fallan o recurren a otro controlador, según lo que se sabe de sus mensajes")
        .to_owned(),
        columns: columns.map(words).into(),
        rows: groups.iter().map(row).collect(),
        fit: Fit::Cards,
    }));
    pieces.push(Piece::paragraph(term!(lang; "A failure is known by exact words, which are in the table of `crates/fingerprints`; of words that are not in it nothing is concluded.";
        "Un fallo se reconoce por palabras exactas, las de la tabla de `crates/fingerprints`; de las que no están en ella no se concluye nada.")));
    pieces
}

/// Places, and the generations of each.
type Places<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// How many, and below it which: a driver a line, its places, and of each the generations; places
/// with the same generations together.
fn cells<'a>(cells: impl Iterator<Item = &'a Cell>, lang: Lang) -> Shown {
    let mut drivers: Vec<(String, Places)> = Vec::new();
    let mut count = 0;
    for cell in cells {
        count += 1;
        let [generation, engine, driver, place] = cell.name.words();
        let places = entry(&mut drivers, format!("{engine} {driver}"));
        entry(places, place).push(generation);
    }
    let told = match count {
        1 => term!(lang; "1 cell"; "1 celda").to_owned(),
        count => text!(lang; "{count} cells"; "{count} celdas"),
    };
    let line = |(driver, places): (String, Places)| {
        let mut alike: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for (place, generations) in places {
            entry(&mut alike, generations).push(place);
        }
        let alike = alike.iter().map(|(generations, places)| {
            format!("{} ({})", places.join(", "), generations.join(", "))
        });
        format!("`{driver}`: {}", alike.collect::<Vec<_>>().join("; "))
    };
    drivers.into_iter().map(line).fold(Shown::new(told), Shown::below)
}

fn deviations(matrix: &Matrix, lang: Lang) -> Vec<Piece> {
    let title = term!(lang; "What deviates from POSIX"; "Qué se desvía de POSIX");
    let mut pieces = vec![Piece::heading(3, title)];
    let all = matrix.cells.iter().flat_map(|cell| &cell.deviations);
    let seen = in_order(all.map(String::as_str));
    if seen.is_empty() {
        pieces.push(Piece::paragraph(term!(lang; "No cell deviates."; "Ninguna celda se desvía.")));
        return pieces;
    }
    let row = |deviation: &&str| {
        let (check, seen) = deviation.split_once(": ").unwrap_or((deviation, ""));
        let of = matrix.cells.iter();
        let of = of.filter(|cell| cell.deviations.iter().any(|other| other == deviation));
        let [check, seen] = [check, seen].map(|words| Shown::new(phrases::short(words)).english());
        vec![check, seen, cells(of, lang)]
    };
    let columns = lang.pick(["check", "seen", "cells"], ["comprobación", "visto", "celdas"]);
    pieces.push(Piece::Table(Table {
        caption: term!(lang; "Checks in a container of the cell, and what was seen in place of what POSIX asks";
            "Comprobaciones dentro de un contenedor de la celda, y lo visto en lugar de lo que pide POSIX").to_owned(),
        columns: columns.map(words).into(),
        rows: seen.iter().map(row).collect(),
        fit: Fit::Cards,
    }));
    pieces
}

fn costs(matrix: &Matrix, evidence: &Evidence, lang: Lang) -> Vec<Piece> {
    let generation = matrix.cost_generation.as_deref().unwrap_or(term!(lang; "engines"; "motores"));
    let ratio =
        |ratio: Option<f64>| ratio.map_or_else(|| "–".to_owned(), |ratio| lang.number(ratio, 2));
    let row = |costs: &Costs| {
        let Costs { engine, driver, place, ratios } = costs;
        let disk = matrix.cell([generation, engine, driver, place]);
        let disk = disk.and_then(|cell| matrix.disk_ratio(cell));
        let of = ratios.iter().map(|found| phrases::ratio_cell(found.as_ref(), lang));
        let name = Shown::new(format!("`{engine} {driver} {place}`"));
        std::iter::once(name).chain(of).chain([Shown::new(ratio(disk))]).collect()
    };
    let mut pieces = Vec::new();
    if !matrix.costs.is_empty() {
        let titles = lang.pick(
            ["start", "unpack", "write", "small files", "disk, once"],
            ["arranque", "desempaquetar", "escribir", "ficheros pequeños", "disco, una vez"],
        );
        let name: Column = words(term!(lang; "cell"; "celda"));
        pieces.push(Piece::Table(Table {
            caption: text!(lang; "{generation}: ratios to `overlay2` on a volume (Podman: `overlay` on a volume), with their intervals";
                "{generation}: cocientes respecto a `overlay2` en un volumen (Podman: `overlay` en un volumen), con sus intervalos"),
            columns: std::iter::once(name).chain(titles.map(numbers)).collect(),
            rows: references(matrix, generation, evidence, lang)
                .into_iter()
                .chain(matrix.costs.iter().map(row))
                .collect(),
            fit: Fit::Scroll,
        }));
        pieces.push(Piece::paragraph(term!(lang; "Times are medians of the ratios within blocks; * is declared primary, the others are exploratory and of twenty of their intervals one may miss. Disk is what 30 layers take in the store, seen once. A cell without numbers was not measured.";
            "Los tiempos son medianas de los cocientes dentro de cada bloque; * está declarado primario, los demás son exploratorios y de veinte de sus intervalos uno puede fallar. El disco es lo que ocupan 30 capas en el almacén, visto una vez. Una celda sin cifras no se midió.")));
    }
    if matrix.cells.iter().any(|cell| matrix.disk_ratio(cell).is_some()) {
        let tile =
            |cell: &Cell| Some(Tile { word: ratio(matrix.disk_ratio(cell)), ..Tile::new(0) });
        let caption = |generation: &str, engine: &str| {
            text!(lang; "{generation}, {engine}: size on disk over that of the reference";
                "{generation}, {engine}: tamaño en disco entre el de la referencia")
        };
        let sizes = Grid::plain(
            driver(lang),
            matrix.places().into_iter().map(str::to_owned).collect(),
            matrix.panels(lang, caption, tile),
        );
        let summary = term!(lang; "Disk of 30 layers in every generation";
            "Disco de 30 capas en todas las generaciones");
        pieces.push(Piece::Details(summary.to_owned(), sizes.tables()));
    }
    if !pieces.is_empty() {
        pieces.insert(
            0,
            Piece::heading(3, term!(lang; "What each cell costs"; "Qué cuesta cada celda")),
        );
    }
    pieces
}

/// What the ratios are to: medians of the references' own arms.
fn references(
    matrix: &Matrix,
    generation: &str,
    evidence: &Evidence,
    lang: Lang,
) -> Vec<Vec<Shown>> {
    let engines = in_order(matrix.costs.iter().map(|costs| &*costs.engine));
    let row = |[engine, driver, place]: [&str; 3]| {
        let name = Shown::new(format!("`{engine} {driver} {place}`"))
            .below(term!(lang; "the reference: medians"; "la referencia: medianas"));
        let medians = WORKS.iter().map(|(_, word, ..)| {
            let arm = evidence.arm(&format!("{engine}-{driver}-{place}-{word}"))?;
            Some(format!(
                "{} {}",
                arm.metric.amount(arm.median?.value, lang),
                arm.metric.unit.symbol()
            ))
        });
        let disk = matrix.cell([generation, engine, driver, place]);
        let disk = disk.and_then(|cell| cell.disk_bytes);
        let disk = disk.map(|bytes| format!("{} MB", lang.number(bytes as f64 / 1e6, 1)));
        let cells = medians.chain([disk]).map(Shown::or_dash);
        std::iter::once(name).chain(cells).collect()
    };
    engines.into_iter().filter_map(reference).map(row).collect()
}

/// C7, with its numbers; nothing where neither driver was measured.
fn duels(matrix: &Matrix, lang: Lang) -> Vec<Piece> {
    if matrix.duels.is_empty() {
        return Vec::new();
    }
    let list = |slower: Slower| -> Vec<&str> {
        let duels = matrix.duels.iter().filter(|duel| duel.slower == slower);
        duels.map(|duel| duel.metric.heading(lang)).collect()
    };
    let all = matrix.duels.len();
    let (vfs, fuse) = (list(Slower::Vfs), list(Slower::Fuse));
    let count = vfs.len();
    let [vfs_list, fuse_list] = [&vfs, &fuse].map(|list| match &list[..] {
        [] => term!(lang; "nothing"; "nada").to_owned(),
        some => some.join(", "),
    });
    let answer = match (count, fuse.len()) {
        (0, 0) => {
            text!(lang; "This run can't tell: no interval of {all} metrics is on either side of 1.";
            "Esta ejecución no puede decirlo: ningún intervalo de {all} métricas queda a un lado del 1.")
        }
        (_, 0) => {
            text!(lang; "Here it is not faster than fuse-overlayfs in any metric: vfs is slower in {count} of {all} ({vfs_list}).";
            "Aquí no gana a fuse-overlayfs en ninguna métrica: vfs es más lento en {count} de {all} ({vfs_list}).")
        }
        _ => {
            text!(lang; "No. Of the two, vfs is slower in {count} of {all} metrics ({vfs_list}); in {fuse_list} it is fuse-overlayfs.";
            "No. De los dos, vfs es más lento en {count} de {all} métricas ({vfs_list}); en {fuse_list} lo es fuse-overlayfs.")
        }
    };
    let ratios = matrix.duels.iter().map(|duel| {
        let metric = duel.metric.heading(lang);
        let ratio = phrases::estimate(duel.ratio.estimate, 3, lang);
        let mut told = text!(lang; "{metric}: vfs over fuse-overlayfs {ratio}";
            "{metric}: vfs entre fuse-overlayfs {ratio}");
        if let Some(driver) = &duel.slowest {
            let drivers = duel.drivers;
            told += &text!(lang; "; by its estimate the slowest of {drivers} drivers on a volume is `{driver}`";
                "; por su estimación, el más lento de {drivers} controladores en un volumen es `{driver}`");
        }
        told
    });
    let title = term!(lang; "Is vfs always the slowest?"; "¿Es vfs siempre el más lento?");
    vec![Piece::heading(3, title), Piece::Paragraph(answer), Piece::List(ratios.collect())]
}
