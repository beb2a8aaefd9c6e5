//! The shortest lists that do damage, and what the oracle found in each cell.

use super::super::phrases::short;
use super::{class, tone};
use crate::analysis::sharing::{self, End, Search, Sharing};
use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, words};

/// How a search ended.
pub(super) fn ended(end: &End, lang: Lang) -> String {
    let t = lang.sharing();
    match end {
        End::None { at_once: true, .. } => t.only_at_once.to_owned(),
        End::None {
            operations: Some(count),
            ..
        } => fill(t.no_damage, &[("count", count)]),
        End::None { .. } => t.no_damage_uncounted.to_owned(),
        End::Shortest(list) => {
            let template = if list.at_most {
                t.by_operations_at_most
            } else {
                t.by_operations
            };
            fill(template, &[("count", &list.operations.len())])
        }
        End::OfSeed(seed, _) => fill(t.by_seed, &[("seed", seed)]),
        End::Unfinished => t.search_unfinished.to_owned(),
    }
}

/// Cells of one way whose searches came to the same.
struct Alike<'a> {
    cells: Vec<&'a sharing::Cell>,
    search: &'a Search,
    told: String,
}

/// Least to do for damage first, then those without.
fn alike(sharing: &Sharing, lang: Lang) -> Vec<Alike<'_>> {
    let mut found: Vec<Alike> = Vec::new();
    for cell in &sharing.cells {
        let Some(search) = &cell.search else {
            continue;
        };
        let told = ended(&search.end, lang);
        let same = |known: &&mut Alike| {
            let first = known.cells[0];
            let lists = [first, cell].map(|cell| cell.shortest().map(|list| &list.operations));
            (&first.name.engine, &first.name.way) == (&cell.name.engine, &cell.name.way)
                && (&known.told, known.search.worst) == (&told, search.worst)
                && lists[0] == lists[1]
        };
        match found.iter_mut().find(same) {
            Some(known) => known.cells.push(cell),
            None => found.push(Alike {
                cells: vec![cell],
                search,
                told,
            }),
        }
    }
    found.sort_by_key(|alike| match &alike.search.end {
        End::Shortest(list) => list.operations.len(),
        End::OfSeed(..) => usize::MAX - 1,
        _ => usize::MAX,
    });
    found
}

fn row(alike: Alike, lang: Lang) -> Vec<Cell> {
    let t = lang.sharing();
    let name = &alike.cells[0].name;
    let generations = alike.cells.iter().map(|cell| &*cell.name.generation);
    let generations = generations.collect::<Vec<_>>().join(", ");
    let name = Cell::new(format!("`{} {}`", name.engine, name.way))
        .below(fill(t.in_generations, &[("generations", &generations)]));
    let told = Cell::new(alike.told);
    let list = match &alike.search.end {
        End::Shortest(list) | End::OfSeed(_, list) => list,
        other => {
            let is_damaged = matches!(other, End::None { at_once: true, .. });
            let tone = if is_damaged {
                Tone::No
            } else {
                tone(alike.search.worst)
            };
            return vec![name, told.tone(tone), Cell::new("–")];
        }
    };
    let told = told.tone(tone(list.class)).below(class(list.class, t));
    let mut operations = list.operations.iter().map(|one| one.replace('`', "'"));
    let first = Cell::new(operations.next().unwrap_or_default());
    let operations = operations.fold(first, Cell::below);
    let found = format!("→ {}", short(&list.found));
    vec![name, told, operations.below(found).english()]
}

pub(super) fn searches(sharing: &Sharing, lang: Lang) -> Vec<Piece> {
    let t = lang.sharing();
    let mut pieces = vec![Piece::Heading(3, t.search_title.to_owned())];
    let found = alike(sharing, lang);
    if found.is_empty() {
        pieces.push(Piece::Paragraph(t.no_search.to_owned()));
    } else {
        pieces.push(Piece::Table(Table {
            caption: t.search_caption.to_owned(),
            columns: vec![
                words(t.column_way),
                words(t.column_does),
                words(t.column_operations),
            ],
            rows: found.into_iter().map(|alike| row(alike, lang)).collect(),
            fit: Fit::Cards,
        }));
        pieces.push(Piece::Paragraph(t.search_note.to_owned()));
    }
    pieces.extend(findings(sharing, lang));
    pieces
}

/// What the oracle found of each trial, the worst of it. What an engine says that does not start has a
/// table of its own.
fn findings(sharing: &Sharing, lang: Lang) -> Option<Piece> {
    let t = lang.sharing();
    let row = |cell: &sharing::Cell| {
        let (first, more) = cell.findings.split_first()?;
        let mut told = Cell::new(short(&format!("{}: {}", first.class, first.text))).english();
        if !more.is_empty() {
            told = told.below(fill(t.found_more, &[("count", &more.len())]));
        }
        Some(vec![Cell::new(format!("`{}`", cell.name)), told])
    };
    let is_news = |cell: &&sharing::Cell| cell.trial != sharing::Class::Refused;
    let cells = sharing.cells.iter().filter(is_news);
    let rows: Vec<Vec<Cell>> = cells.filter_map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let table = Piece::Table(Table {
        caption: t.found_caption.to_owned(),
        columns: vec![words(t.column_cell), words(t.column_found)],
        rows,
        fit: Fit::Cards,
    });
    Some(Piece::Details(t.found_title.to_owned(), vec![table]))
}
