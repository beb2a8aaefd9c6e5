//! What a run says: starts a second, and how long each one of many takes.

use facts::document::{Cell, Fit, Piece, Table, numbers, words};
use facts::trials::rows;
use facts::{Evidence, Facts, Grid, Lang, Page, Panel, Plot, Samples, phrases, term, text};
use measure::stats::median;
use miette::Result;
use serde::Serialize;

use crate::arms::{Burst, COUNTS, ROUNDS, SET_UPS, SetUp, TABLE};

/// What one arm came to.
#[derive(Serialize)]
struct Row {
    set_up: &'static str,
    starts: usize,
    /// Median time to the last one.
    last_ns: Option<f64>,
    starts_per_s: Option<f64>,
    /// Median of each start's own time, and the longest of any; of several rounds.
    each_ns: Option<f64>,
    longest_ns: Option<u64>,
    failed: usize,
}

const UNTIL: [&str; 2] = ["until its last has ended", "hasta que acaba el último"];

/// What the page opens with.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 2] = [
    ("docker-8/docker-1",
        [["a burst of eight starts in Docker", "una tanda de ocho arranques en Docker"], ["a single one", "uno solo"], UNTIL]),
    ("dind-8/docker-8",
        [["a burst of eight starts in Docker in Docker", "una tanda de ocho arranques en Docker en Docker"], ["one in Docker", "una en Docker"], UNTIL]),
];

/// Of every arm that was taken.
fn found(evidence: &Evidence) -> Vec<Row> {
    let row = |burst: Burst| {
        let name = burst.to_string();
        let arm = evidence.arm(&name)?;
        let last_ns = arm.median.map(|median| median.value);
        let of_arm = rows(&evidence.record.trials, TABLE).filter(|row| row.subject == name);
        let (good, bad): (Vec<_>, Vec<_>) = of_arm.partition(|row| row.outcome == "ok");
        let each: Vec<u64> = good.iter().filter_map(|row| row.wall_ns).collect();
        Some(Row {
            set_up: burst.set_up.name,
            starts: burst.starts,
            last_ns,
            starts_per_s: last_ns.map(|ns| burst.starts as f64 / (ns / 1e9)),
            each_ns: median(&each.iter().map(|ns| *ns as f64).collect::<Vec<_>>()),
            longest_ns: each.iter().max().copied(),
            failed: bad.len() + arm.failures,
        })
    };
    Burst::all().filter_map(row).collect()
}

pub(crate) fn facts(evidence: &Evidence) -> Result<Facts> {
    let found = found(evidence);
    let table = |row: &Row| {
        let number =
            |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1}"));
        let row = [
            ("set_up", row.set_up.to_owned()),
            ("starts", row.starts.to_string()),
            ("last_ns", number(row.last_ns)),
            (
                "starts_per_s",
                row.starts_per_s.map_or_else(String::new, |rate| format!("{rate:.3}")),
            ),
            ("each_ns", number(row.each_ns)),
            ("longest_ns", row.longest_ns.map_or_else(String::new, |ns| ns.to_string())),
            ("failed", row.failed.to_string()),
        ];
        row.map(|(name, value)| (name.to_owned(), value)).into()
    };
    Ok(Facts {
        tables: [("concurrency.csv".to_owned(), facts::csv(found.iter().map(table))?)].into(),
        found: facts::found(&found)?,
        shown: vec![TABLE.to_owned()],
        leads: facts::leads(&LEADS),
        pages: Lang::ALL.map(|lang| (lang, page(evidence, &found, lang))).into(),
        ..Facts::default()
    })
}

fn page(evidence: &Evidence, found: &[Row], lang: Lang) -> Page {
    let title = term!(lang; "Many starts at once"; "Muchos arranques a la vez");
    let mut section = vec![Piece::heading(2, title)];
    section.push(Piece::Figure(0));
    let seconds =
        |ns: Option<f64>| ns.map_or_else(|| "–".to_owned(), |ns| lang.number(ns / 1e9, 2));
    let titles = lang.pick(
        [
            "at once",
            "to the last, s",
            "starts a second",
            "each one, s",
            "longest, s",
            "over one alone",
            "over the outer engine",
        ],
        [
            "a la vez",
            "hasta el último, s",
            "arranques por segundo",
            "cada uno, s",
            "el más largo, s",
            "entre uno solo",
            "entre el motor exterior",
        ],
    );
    for set_up in &SET_UPS {
        let of = || found.iter().filter(|row| row.set_up == set_up.name);
        let cells = |row: &Row| {
            let name = format!("{}-{}", row.set_up, row.starts);
            let mut ratios = evidence.ratios.iter().filter(|ratio| ratio.numerator == name);
            let alone = format!("{}-1", row.set_up);
            let (to_alone, to_outer): (Vec<_>, Vec<_>) =
                ratios.by_ref().partition(|ratio| ratio.denominator == alone);
            let ratio = |of: &[&facts::RatioSummary]| {
                let found = of.first().map(|ratio| facts::Ratio::from((*ratio).clone()));
                phrases::ratio_cell(found.as_ref(), lang)
            };
            let rate = row.starts_per_s.map_or_else(|| "–".to_owned(), |rate| lang.number(rate, 1));
            let numbers = [
                seconds(row.last_ns),
                rate,
                seconds(row.each_ns),
                seconds(row.longest_ns.map(|ns| ns as f64)),
            ];
            std::iter::once(Cell::new(row.starts.to_string()))
                .chain(numbers.map(Cell::new))
                .chain([ratio(&to_alone), ratio(&to_outer)])
                .collect()
        };
        let rows: Vec<Vec<Cell>> = of().map(cells).collect();
        if !rows.is_empty() {
            let mut columns: Vec<_> = titles.map(numbers).into();
            columns[0] = words(titles[0]);
            let (name, about) = (set_up.name, set_up.about.of(lang));
            section.push(Piece::Table(Table {
                caption: text!(lang; "`{name}`: containers started at once next to {about}"; "`{name}`: contenedores arrancados a la vez junto a {about}"),
                columns,
                rows,
                fit: Fit::Scroll,
            }));
        }
    }
    section.push(Piece::Paragraph(text!(lang;
        "To the last: median of the samples, by the clock of who asked for all of them. Each one and the longest: by the probe that started it, in {ROUNDS} rounds before the samples. A star marks a ratio that was asked before the run.";
        "Hasta el último: mediana de las muestras, con el reloj de quien los pidió todos. Cada uno y el más largo: con la sonda que lo arrancó, en {ROUNDS} rondas antes de las muestras. El asterisco marca un cociente que se preguntó antes de la ejecución.")));
    Page {
        answer: answer(found, lang).into_iter().collect(),
        section,
        grids: vec![grid(evidence, title, lang)],
        ..Page::default()
    }
}

/// Every sample: a set-up a column, a number of starts a row.
fn grid(evidence: &Evidence, title: &str, lang: Lang) -> Grid {
    let samples = |starts: usize, set_up: &'static SetUp| {
        let arm = evidence.arm(&Burst { set_up, starts }.to_string())?;
        let values = arm.values_ns.values().map(|ns| ns / 1e9).collect();
        let median = arm.median?.map(|ns| ns / 1e9);
        Some(Samples { values, median })
    };
    let plot = |starts: usize| Plot {
        title: text!(lang; "{starts} at once"; "{starts} a la vez"),
        unit: term!(lang; "seconds to the last"; "segundos hasta el último").to_owned(),
        columns: SET_UPS.iter().map(|set_up| samples(starts, set_up)).collect(),
    };
    let plots = COUNTS.into_iter().map(plot);
    let head = Panel { title: String::new(), groups: Vec::new() };
    let columns = SET_UPS.iter().map(|set_up| set_up.name.to_owned()).collect();
    Grid {
        name: "concurrency".to_owned(),
        title: title.to_owned(),
        alternative: term!(lang; "Rows of samples: how long so many starts at once take to the last, a column for each set-up. The medians are in the tables that follow.";
            "Filas de muestras: cuánto tardan tantos arranques a la vez hasta el último, una columna por cada montaje. Las medianas están en las tablas que siguen.").to_owned(),
        caption: term!(lang; "Every sample, and the median with its interval. Each row has an axis of its own.";
            "Todas las muestras, y la mediana con su intervalo. Cada fila tiene su propio eje.").to_owned(),
        plots: plots.filter(|plot| plot.columns.iter().any(Option::is_some)).collect(),
        ..Grid::plain("", columns, vec![head])
    }
}

/// Which gains most by starting several at once, in a sentence.
fn answer(found: &[Row], lang: Lang) -> Option<String> {
    let rate = |set_up: &str, best: bool| {
        let of = found.iter().filter(|row| row.set_up == set_up && (best || row.starts == 1));
        let rates = of.filter_map(|row| Some((row.starts_per_s?, row.starts)));
        rates.max_by(|one, other| one.0.total_cmp(&other.0))
    };
    let told = SET_UPS.iter().filter_map(|set_up| {
        let ((alone, _), (best, starts)) = (rate(set_up.name, false)?, rate(set_up.name, true)?);
        let about = set_up.about.of(lang);
        let [alone, best] = [alone, best].map(|rate| lang.number(rate, 1));
        Some(text!(lang; "{about} {alone} alone, {best} at {starts} at once"; "{about} {alone} de uno en uno, {best} con {starts} a la vez"))
    });
    let told: Vec<String> = told.collect();
    let list = told.join("; ");
    (!told.is_empty())
        .then(|| text!(lang; "Starts a second: {list}."; "Arranques por segundo: {list}."))
}
