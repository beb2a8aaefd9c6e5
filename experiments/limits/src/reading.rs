//! What a run says: which limits bound what is inside, who is charged, which remedy holds.

use facts::document::{Cell as Shown, Fit, Piece, Table, Tone, words};
use facts::trials::{in_order, tries};
use facts::{Ending, Evidence, Facts, Fill, Grid, Group, Lang, Page, Panel, Row, Tile, term, text};
use measure::Trial;
use miette::Result;
use serde::Serialize;

use crate::setup::{Namespace, Pattern, Remedy, Setup};
use crate::trial::{
    CHARGED_CPU, CHARGED_MEMORY, COUNTED, CPU, FAILED, INSIDE, MEMORY, MISSED, OUTSIDE, PIDS,
    PLACE, STARTS, TABLE, is_end,
};

/// The columns of the grid, with what a reader is told of each.
#[rustfmt::skip]
const LIMITS: [(&str, [&str; 2]); 5] = [
    (MEMORY, ["memory", "memoria"]),
    (PIDS, ["processes", "procesos"]),
    (CPU, ["processors", "procesadores"]),
    (CHARGED_MEMORY, ["charged for memory", "memoria cargada"]),
    (CHARGED_CPU, ["charged for processors", "procesador cargado"]),
];

/// Outcomes in the order of the legend; [`OPEN`] is that of a row which is not there.
#[rustfmt::skip]
static ENDINGS: [Ending; 6] = [
    Ending::new(INSIDE, "●", Fill::Plain, Tone::Yes, ["inside", "dentro"],
        ["the limit of the outer container stopped what was started inside it",
            "el límite del contenedor exterior detuvo lo arrancado dentro"]),
    Ending::new(COUNTED, "◐", Fill::Edged, Tone::Yes, ["charged", "cargado"],
        ["the group that has the limit counts what is used inside",
            "el grupo que tiene el límite cuenta lo que se usa dentro"]),
    Ending::new(OUTSIDE, "■", Fill::Black, Tone::No, ["outside", "fuera"],
        ["what was started inside took more than the outer container may have",
            "lo arrancado dentro tomó más de lo que puede tener el contenedor exterior"]),
    Ending::new(MISSED, "▲", Fill::Red, Tone::No, ["missed", "no cargado"],
        ["the group that has the limit does not count it",
            "el grupo que tiene el límite no lo cuenta"]),
    Ending::new(FAILED, "◇", Fill::Hatched, Tone::Mixed, ["failed", "falla"],
        ["nothing was started inside, or what was seen is neither the one nor the other",
            "no se arrancó nada dentro, o lo visto no es ni lo uno ni lo otro"]),
    Ending::new("not finished", "…", Fill::Dashed, Tone::Open, ["not finished", "sin acabar"],
        ["interrupted: nothing is concluded of it", "interrumpido: no se concluye nada"]),
];
const OPEN: usize = ENDINGS.len() - 1;

/// What became of one set-up.
#[derive(Serialize)]
struct Cell {
    setup: Setup,
    /// One a limit, in the order of [`LIMITS`]: its name in files.
    outcomes: [&'static str; LIMITS.len()],
    /// What was seen, for each of them.
    seen: [String; LIMITS.len()],
    /// Where the inner container's group is, and which one it is.
    place: String,
    group: String,
    /// The words with which nothing started.
    words: String,
    /// Whether every limit bound and every use was charged; `None` where that is not known.
    holds: Option<bool>,
}

#[derive(Serialize)]
struct Found {
    /// In the order in which they were tried.
    setups: Vec<Cell>,
    /// Subjects of the table that are no set-up.
    strangers: Vec<String>,
}

impl Cell {
    fn of(setup: Setup, rows: &[&Trial]) -> Self {
        let row = |step: &str| rows.iter().find(|row| row.step == step);
        let starts = row(STARTS).filter(|row| row.outcome == FAILED);
        let index = |step: &str| {
            let outcome = match (row(step), starts) {
                (Some(row), _) => &*row.outcome,
                (None, Some(_)) => FAILED,
                (None, None) => "",
            };
            ENDINGS.iter().position(|ending| ending.name == outcome).unwrap_or(OPEN)
        };
        let outcomes = LIMITS.map(|(step, _)| ENDINGS[index(step)].name);
        let good = |outcome: &&str| [INSIDE, COUNTED].contains(outcome);
        let bad = |outcome: &&str| [OUTSIDE, MISSED].contains(outcome);
        let holds = if outcomes.iter().all(good) {
            Some(true)
        } else {
            // Where nothing starts, no limit is shown to hold, and no remedy to help.
            (outcomes.iter().any(bad) || starts.is_some()).then_some(false)
        };
        let text = |row: Option<&&Trial>, of: fn(&Trial) -> &String| {
            row.map_or_else(String::new, |row| of(row).clone())
        };
        Self {
            setup,
            outcomes,
            seen: LIMITS.map(|(step, _)| text(row(step), |row| &row.reason)),
            place: text(row(PLACE), |row| &row.outcome),
            group: text(row(PLACE), |row| &row.reason),
            words: starts.map_or_else(String::new, |row| row.reason.clone()),
            holds,
        }
    }

    /// A row of `limits.csv`.
    fn row(&self) -> Vec<(String, String)> {
        let Setup { pattern, namespace, remedy } = self.setup;
        let holds = self.holds.map_or("", |holds| if holds { "yes" } else { "no" });
        let names = [
            ("pattern", pattern.name()),
            ("namespace", namespace.name()),
            ("remedy", remedy.name()),
        ];
        let outcomes =
            LIMITS.iter().zip(self.outcomes).map(|((step, _), outcome)| (*step, outcome));
        let rest = [
            ("place", &*self.place),
            ("group", &self.group),
            ("holds", holds),
            ("words", &self.words),
        ];
        let all = names.into_iter().chain(outcomes).chain(rest);
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

impl Found {
    /// Of several tries of a set-up the last one that came to its end counts, if one did.
    fn of(trials: &[Trial]) -> Self {
        let begins = |_: &[&Trial], row: &Trial| row.step == STARTS;
        let (tries, strangers) = tries(trials, TABLE, Setup::of, begins);
        let cell = |(setup, tries): (Setup, Vec<Vec<&Trial>>)| {
            let ended = |rows: &&Vec<&Trial>| rows.last().is_some_and(|row| is_end(row));
            let rows = tries.iter().rev().find(ended).or(tries.last());
            Cell::of(setup, rows.map_or(&[], Vec::as_slice))
        };
        Self { setups: tries.into_iter().map(cell).collect(), strangers }
    }

    fn of_pattern(&self, pattern: Pattern) -> impl Iterator<Item = &Cell> {
        self.setups.iter().filter(move |cell| cell.setup.pattern == pattern)
    }

    /// Set-ups without a remedy whose limits do not hold.
    fn unbound(&self) -> Vec<&Cell> {
        let plain = self.setups.iter().filter(|cell| cell.setup.remedy == Remedy::None);
        plain.filter(|cell| cell.holds == Some(false)).collect()
    }

    /// The remedies of a pattern that was seen unbound, by whether they hold: where its own view of
    /// control groups makes the difference, that is one, too.
    fn remedies(&self, pattern: Pattern, holds: bool) -> Vec<&'static str> {
        let cells = self.of_pattern(pattern).filter(|cell| cell.holds == Some(holds));
        let name = |cell: &Cell| match (cell.setup.remedy, cell.setup.namespace) {
            (Remedy::None, Namespace::Private) => "private",
            (Remedy::None, Namespace::Host) => "",
            (remedy, _) => remedy.name(),
        };
        cells.map(name).filter(|name| !name.is_empty()).collect()
    }
}

/// The facts of a run.
pub(crate) fn facts(evidence: &Evidence) -> Result<Facts> {
    let found = Found::of(&evidence.record.trials);
    let pages = Lang::ALL.map(|lang| (lang, page(&found, lang)));
    let mut facts =
        Facts { shown: vec![TABLE.to_owned()], pages: pages.into(), ..Facts::default() };
    if !found.setups.is_empty() {
        let rows = found.setups.iter().map(Cell::row);
        facts.tables.insert("limits.csv".to_owned(), facts::csv(rows)?);
    }
    facts.found = facts::found(&found)?;
    Ok(facts)
}

fn page(found: &Found, lang: Lang) -> Page {
    let mut page = Page::default();
    let title = term!(lang; "Limits of an outer container"; "Límites de un contenedor exterior");
    page.section.push(Piece::heading(2, title));
    if found.setups.is_empty() {
        return page;
    }
    page.answer = answer(found, lang);
    let grid = grid(found, title, lang);
    page.section.push(Piece::Figure(0));
    page.section.extend(grid.tables());
    page.section.push(Piece::paragraph(term!(lang; "The outer container, or the group around it, may have 400 MB, 150 processes and a fifth of a processor. Inside, 600 MB were filled, 200 processes started, and a busy loop kept running: each outcome is what became of that. Charged is what the limited group's own files say of 150 MiB that were held and of three seconds of a processor.";
        "El contenedor exterior, o el grupo que lo rodea, puede tener 400 MB, 150 procesos y un quinto de procesador. Dentro se llenaron 600 MB, se arrancaron 200 procesos y se dejó correr un bucle: cada resultado es lo que pasó con eso. Lo cargado es lo que dicen los ficheros del propio grupo limitado de 150 MiB retenidos y de tres segundos de procesador.")));
    if !found.strangers.is_empty() {
        let subjects = found.strangers.join(", ");
        page.section.push(Piece::Note(
            text!(lang; "Rows that name no set-up, and are in no table: {subjects}.";
            "Filas que no nombran ninguna configuración y no están en ninguna tabla: {subjects}."),
        ));
    }
    let summary = term!(lang; "What the words mean"; "Qué significan las palabras");
    page.section.push(Piece::Details(summary.to_owned(), vec![grid.meanings(), meanings(lang)]));
    page.section.push(places(found, lang));
    page.grids.push(grid);
    page
}

/// What does not bound by itself, and what makes it.
fn answer(found: &Found, lang: Lang) -> Vec<String> {
    let unbound = found.unbound();
    if unbound.is_empty() {
        return vec![
            term!(lang; "No set-up was seen whose limits do not hold without a remedy.";
            "No se vio ninguna configuración cuyos límites no se cumplan sin remedio.")
            .to_owned(),
        ];
    }
    let name = |cell: &&Cell| {
        let Setup { pattern, namespace, .. } = cell.setup;
        format!("`{} {}`", pattern.name(), namespace.name())
    };
    let names = unbound.iter().map(name).collect::<Vec<_>>().join(", ");
    let mut patterns: Vec<Pattern> = Vec::new();
    for cell in &unbound {
        if !patterns.contains(&cell.setup.pattern) {
            patterns.push(cell.setup.pattern);
        }
    }
    let list = |names: Vec<&str>| match &names[..] {
        [] => term!(lang; "none"; "ninguno").to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    let line = |pattern: &Pattern| {
        let name = pattern.name();
        let (good, bad) =
            (list(found.remedies(*pattern, true)), list(found.remedies(*pattern, false)));
        text!(lang; "`{name}`: {good} (not: {bad})"; "`{name}`: {good} (no: {bad})")
    };
    let remedies = patterns.iter().map(line).collect::<Vec<_>>().join("; ");
    vec![
        text!(lang; "Without a remedy, the outer container's limits do not hold for {names}.";
            "Sin remedio, los límites del contenedor exterior no se cumplen en {names}."),
        text!(lang; "What holds there: {remedies}."; "Lo que los hace cumplirse: {remedies}."),
    ]
}

fn grid(found: &Found, title: &str, lang: Lang) -> Grid {
    let of_outcome = |outcome: &&str| {
        let at = ENDINGS.iter().position(|ending| ending.name == *outcome);
        Some(Tile::new(at.unwrap_or(OPEN)))
    };
    let row = |cell: &Cell| {
        let Setup { namespace, remedy, .. } = cell.setup;
        Row {
            name: format!("{} {}", namespace.name(), remedy.name()),
            tiles: cell.outcomes.iter().map(of_outcome).collect(),
        }
    };
    let group = |pattern: &str| {
        let cells = found.setups.iter().filter(|cell| cell.setup.pattern.name() == pattern);
        Group {
            title: pattern.to_owned(),
            caption: text!(lang; "{pattern}: what each limit does to what is inside";
                "{pattern}: qué hace cada límite con lo que hay dentro"),
            rows: cells.map(row).collect(),
        }
    };
    let patterns = in_order(found.setups.iter().map(|cell| cell.setup.pattern.name()));
    let count = found.setups.len();
    Grid {
        name: "limits".to_owned(),
        title: title.to_owned(),
        alternative: text!(lang; "A grid of {count} set-ups by five limits and charges, each with the word of its outcome. The same cells are in the tables that follow.";
            "Una cuadrícula de {count} configuraciones por cinco límites y cargos, cada uno con la palabra de su resultado. Las mismas celdas están en las tablas que siguen."),
        caption: term!(lang; "A row is a view of control groups and a remedy.";
            "Una fila es una vista de los grupos de control y un remedio.")
        .to_owned(),
        row: term!(lang; "set-up"; "configuración").to_owned(),
        columns: LIMITS.iter().map(|(_, words)| lang.of(*words).to_owned()).collect(),
        panels: vec![Panel {
            title: String::new(),
            groups: patterns.into_iter().map(group).collect(),
        }],
        outcomes: ENDINGS.iter().map(|ending| ending.of(lang)).collect(),
        notes: Vec::new(),
        plots: Vec::new(),
    }
}

/// The words of rows.
fn meanings(lang: Lang) -> Piece {
    let all: &[&str] = lang.pick(
        &[
            "`private`, `host`: the outer container's own view of control groups, or that of level 0 (`--cgroupns`).",
            "`leaf`: its processes moved to a group below its own, which hands its controllers down.",
            "`delegated`: the same, and its own group mounted in the place of the whole tree.",
            "`parent`: what is inside started with `--cgroup-parent=` the outer container's group; `parent-leaf`: with the leaf, too.",
            "`pod`: the limits are those of a group around the outer container; `pod-parent`: what is inside is started in it as well.",
        ],
        &[
            "`private`, `host`: la vista propia de los grupos de control del contenedor exterior, o la del nivel 0 (`--cgroupns`).",
            "`leaf`: sus procesos pasan a un grupo por debajo del suyo, que entrega sus controladores.",
            "`delegated`: lo mismo, y su grupo montado en lugar del árbol entero.",
            "`parent`: lo de dentro se arranca con `--cgroup-parent=` el grupo del contenedor exterior; `parent-leaf`: además con la hoja.",
            "`pod`: los límites son los de un grupo que rodea al contenedor exterior; `pod-parent`: lo de dentro también se arranca en él.",
        ],
    );
    Piece::List(all.iter().map(ToString::to_string).collect())
}

/// In which group each set-up's inner container was, or why there was none.
fn places(found: &Found, lang: Lang) -> Piece {
    let row = |cell: &Cell| {
        let said = if cell.words.is_empty() {
            Shown::new(format!("`{}`", cell.group))
        } else {
            Shown::new(cell.words.replace('\n', " | "))
        };
        let place = (!cell.place.is_empty()).then_some(&*cell.place);
        vec![
            Shown::new(format!("`{}`", cell.setup)),
            Shown::or_dash(place).english(),
            said.english(),
        ]
    };
    let columns = lang.pick(
        ["set-up", "beside the limited group's", "which group, or why nothing started"],
        ["configuración", "respecto al limitado", "qué grupo, o por qué no arrancó nada"],
    );
    let table = Table {
        caption: term!(lang; "The control group of the container inside, as level 0 names it: `LIMITED` has the limits, `OUTER` is the outer container's";
            "El grupo de control del contenedor de dentro, como lo llama el nivel 0: `LIMITED` tiene los límites, `OUTER` es el del contenedor exterior").to_owned(),
        columns: columns.map(words).into(),
        rows: found.setups.iter().map(row).collect(),
        fit: Fit::Cards,
    };
    let summary = term!(lang; "Where the inner container is"; "Dónde está el contenedor interior");
    Piece::Details(summary.to_owned(), vec![Piece::Table(table)])
}
