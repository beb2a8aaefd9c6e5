//! How deep chains came, what refused the next level, and what kernel and engines allow.

use std::collections::BTreeMap;

use claims::stated;
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::trials::{entry, megabytes, rows, seconds, subject, with_reason};
use facts::{Claim, Curve, Curves, Here, Lang, Levels, term, text};
use measure::Trial;
use measure::stats::median;
use serde::Serialize;

use crate::WORKS;
use crate::depth::{LIMITS, STARTS, TABLE, TRIED};

/// One subject of a depth run.
#[derive(Default, Serialize)]
pub(super) struct Depth {
    subject: String,
    /// By level, from the outermost.
    levels: BTreeMap<u32, Level>,
    /// The deepest level that works.
    deepest: Option<u32>,
    /// The level that was refused, and the refuser's words.
    refusal: Option<(u32, String)>,
    /// Median time to bring a level up, in ns.
    median_ns: Option<f64>,
    /// Median of the last third of the levels over that of the first.
    last_to_first_third: Option<f64>,
}

#[derive(Default, Serialize)]
struct Level {
    works: bool,
    /// To bring it up, with the image in it.
    up_ns: Option<u64>,
    /// One start next to its engine, where it works.
    start_ns: Option<u64>,
    start_works: Option<bool>,
    /// Resident memory of its engine.
    bytes: Option<u64>,
}

fn level(row: &Trial) -> Option<u32> {
    row.step.trim().parse().ok()
}

/// In the order in which they were tried. A row whose step is no level is no row of this table.
pub(super) fn depths(trials: &[Trial]) -> Vec<Depth> {
    let mut found: Vec<(String, Depth)> = Vec::new();
    for row in rows(trials, TABLE) {
        let Some(level) = level(row) else { continue };
        let depth = entry(&mut found, subject(trials, row));
        let works = row.outcome == WORKS;
        if !works {
            depth.refusal.get_or_insert_with(|| (level, row.reason.clone()));
        }
        let level = depth.levels.entry(level).or_default();
        (level.works, level.up_ns, level.bytes) = (works, row.wall_ns, row.bytes);
    }
    for row in rows(trials, STARTS) {
        let depth = entry(&mut found, subject(trials, row));
        if let Some(level) = level(row).and_then(|level| depth.levels.get_mut(&level)) {
            level.start_works = Some(row.outcome == WORKS);
            level.start_ns = row.wall_ns.filter(|_| row.outcome == WORKS);
        }
    }
    found.retain(|(_, depth)| !depth.levels.is_empty());
    let depth = |(subject, depth): (String, Depth)| {
        let up: Vec<f64> = depth.up().iter().map(|(_, ns)| *ns).collect();
        let mut levels = depth.levels.iter().rev();
        Depth {
            deepest: levels.find_map(|(level, of)| of.works.then_some(*level)),
            median_ns: median(&up),
            last_to_first_third: thirds(&up),
            subject,
            ..depth
        }
    };
    found.into_iter().map(depth).collect()
}

/// Fewer than six have no thirds that a median means something of.
fn thirds(values: &[f64]) -> Option<f64> {
    let third = values.len() / 3;
    let (first, last) = (&values[..third], &values[values.len() - third..]);
    let (first, last) = median(first).zip(median(last)).filter(|_| third > 1)?;
    (first > 0.0).then(|| last / first)
}

impl Depth {
    /// Levels that came up, and how long it took, in ns.
    fn up(&self) -> Vec<(u32, f64)> {
        self.times(|level| level.up_ns.filter(|_| level.works))
    }

    /// Levels where a start works, and how long it took, in ns.
    fn starts(&self) -> Vec<(u32, f64)> {
        self.times(|level| level.start_ns)
    }

    fn times(&self, of: impl Fn(&Level) -> Option<u64>) -> Vec<(u32, f64)> {
        let levels = self.levels.iter();
        levels.filter_map(|(level, found)| Some((*level, of(found)? as f64))).collect()
    }

    fn seen(&self) -> String {
        let works = self
            .deepest
            .map_or("no level works".to_owned(), |level| format!("works down to level {level}"));
        match &self.refusal {
            Some((level, reason)) => format!("{works}; level {level} refused: {reason}"),
            None => format!("{works}; none deeper was tried"),
        }
    }

    /// The chain is the title, where its store lies the note.
    fn curve(&self, of: &[(u32, f64)], crosses: Vec<u32>) -> Option<Curve> {
        let (chain, store) = match self.subject.split_once(" on ") {
            Some((chain, store)) => (chain, format!("on {store}")),
            None => (&*self.subject, String::new()),
        };
        let curve = Curve {
            title: chain.to_owned(),
            note: store,
            dots: of.iter().map(|(level, ns)| (*level, ns / 1e9)).collect(),
            crosses,
        };
        (!curve.dots.is_empty() || !curve.crosses.is_empty()).then_some(curve)
    }
}

/// `None` where no level came up.
pub(super) fn figure(depths: &[Depth], lang: Lang) -> Option<Levels> {
    depths.iter().find_map(|depth| depth.deepest)?;
    let up = depths.iter().filter_map(|depth| {
        let refused = depth.refusal.iter().map(|(level, _)| *level);
        depth.curve(&depth.up(), refused.collect())
    });
    let starts = depths.iter().filter_map(|depth| {
        let failed = depth.levels.iter().filter(|(_, level)| level.start_works == Some(false));
        depth.curve(&depth.starts(), failed.map(|(level, _)| *level).collect())
    });
    let rows = [
        (
            term!(lang; "seconds to bring the level up"; "segundos para levantar el nivel"),
            up.collect(),
        ),
        (
            term!(lang; "seconds of one start at the level"; "segundos de un arranque en el nivel"),
            starts.collect::<Vec<_>>(),
        ),
    ];
    let subjects = depths.len();
    Some(Levels {
        name: "depth".to_owned(),
        title: term!(lang; "Level below level"; "Nivel bajo nivel").to_owned(),
        alternative: text!(lang; "Time to bring each level up, and of one start at it, over the level, for {subjects} chains. The numbers of the first and last level are in the table that follows.";
            "Tiempo para levantar cada nivel, y de un arranque en él, según el nivel, de {subjects} cadenas. Las cifras del primer y del último nivel están en la tabla que sigue."),
        caption: term!(lang; "A dot is one level, tried once. A cross is what was refused or failed, at the foot of the panel.";
            "Un punto es un nivel, probado una vez. Una cruz es lo que se rechazó o falló, al pie del recuadro.").to_owned(),
        rows: rows.into_iter().filter(|(_, panels)| !panels.is_empty())
            .map(|(title, panels)| Curves { title: title.to_owned(), panels })
            .collect(),
        dot: term!(lang; "one level, tried once"; "un nivel, probado una vez").to_owned(),
        cross: term!(lang; "refused, or failed"; "rechazado, o fallido").to_owned(),
    })
}

/// How deep they came; `None` where no chain has a level that works.
pub(super) fn answer(depths: &[Depth], lang: Lang) -> Option<String> {
    let reached = || depths.iter().filter_map(|depth| Some((depth.deepest?, &depth.subject)));
    let (most, (least, shallow)) = (reached().max()?.0, reached().min()?);
    let (all, so_deep) = (depths.len(), reached().filter(|(level, _)| *level == most).count());
    Some(
        text!(lang; "Of {all} chains, {so_deep} work down to level {most}, the deepest of all; `{shallow}` works down to level {least} only.";
        "De {all} cadenas, {so_deep} funcionan hasta el nivel {most}, el más profundo de todos; `{shallow}` solo funciona hasta el nivel {least}."),
    )
}

/// The section; nothing for a run that tried no depth.
pub(super) fn section(depths: &[Depth], figure: Option<Piece>, lang: Lang) -> Vec<Piece> {
    if depths.is_empty() {
        return Vec::new();
    }
    let title = term!(lang; "How deep"; "Hasta qué profundidad");
    let titles = lang.pick(
        [
            "deepest that works",
            "what refused the next",
            "a level, s",
            "first and last level, s",
            "last third / first third",
            "one start, first and last level, s",
            "engine's memory, last level, MB",
        ],
        [
            "el más profundo que funciona",
            "qué rechazó el siguiente",
            "un nivel, s",
            "primer y último nivel, s",
            "último tercio / primer tercio",
            "un arranque, primer y último nivel, s",
            "memoria del motor, último nivel, MB",
        ],
    );
    let mut columns = vec![words(term!(lang; "chain and store"; "cadena y almacén"))];
    columns.extend(titles.map(numbers));
    columns[2].number = false;
    let table = Table {
        caption: term!(lang; "How deep each chain came, and what refused the next level";
            "Hasta dónde llegó cada cadena, y qué rechazó el nivel siguiente")
        .to_owned(),
        columns,
        rows: depths.iter().map(|depth| row(depth, lang)).collect(),
        fit: Fit::Cards,
    };
    let note = term!(lang; "Each level was brought up once, with the image in it, so that these times have no interval. Thirds: the median time of the last third of the levels over that of the first. Near 1, a level costs the same however deep it is, and the whole way down grows in a straight line. Fewer than six levels have no thirds.";
        "Cada nivel se levantó una vez, con la imagen dentro, así que estos tiempos no tienen intervalo. Tercios: la mediana del último tercio de los niveles entre la del primero. Cerca de 1, un nivel cuesta lo mismo por profundo que esté, y el camino entero crece en línea recta. Con menos de seis niveles no hay tercios.");
    let mut pieces = vec![Piece::heading(2, title)];
    pieces.extend(figure);
    pieces.extend([Piece::Table(table), Piece::paragraph(note)]);
    pieces
}

fn row(depth: &Depth, lang: Lang) -> Vec<Cell> {
    let deepest = match depth.deepest {
        Some(level) => Cell::new(level.to_string()),
        None => Cell::new(term!(lang; "none"; "ninguno")).tone(Tone::No),
    };
    let refused = match &depth.refusal {
        Some((level, reason)) => {
            let cell = match reason.trim() {
                "" => Cell::new(term!(lang; "it gave no words"; "no dio explicación")),
                // An engine's own words are no markup of ours.
                _ => Cell::new(reason.replace('`', "'")).english(),
            };
            cell.below(text!(lang; "at level {level}"; "en el nivel {level}"))
        }
        None => Cell::new(term!(lang; "nothing: no deeper level was tried"; "nada: no se probó un nivel más profundo")).tone(Tone::Open),
    };
    let memory = depth.levels.values().rev().find_map(|level| level.bytes);
    vec![
        Cell::new(&depth.subject).english(),
        deepest,
        refused,
        or_dash(depth.median_ns.map(|ns| seconds(ns, lang))),
        or_dash(ends(&depth.up(), lang)),
        or_dash(depth.last_to_first_third.map(|ratio| lang.number(ratio, 2))),
        or_dash(ends(&depth.starts(), lang)),
        or_dash(memory.map(|bytes| megabytes(bytes, lang))),
    ]
}

fn or_dash(text: Option<String>) -> Cell {
    Cell::new(text.unwrap_or_else(|| "–".to_owned()))
}

/// The first and the last of some times; the only one.
fn ends(of: &[(u32, f64)], lang: Lang) -> Option<String> {
    let ((_, first), (_, last)) = (of.first()?, of.last()?);
    let [first, last] = [first, last].map(|ns| seconds(*ns, lang));
    Some(match of.len() {
        1 => first,
        _ => text!(lang; "{first} and {last}"; "{first} y {last}"),
    })
}

/// What was found to be allowed; nothing where it was not asked.
pub(super) fn limits(trials: &[Trial], lang: Lang) -> Vec<Piece> {
    let row = |row: &Trial| {
        let name = Cell::new(format!("`{}`", subject(trials, row)));
        let value = with_reason(Cell::new(&row.outcome).english(), row);
        vec![name, Cell::new(&row.step).english(), value]
    };
    let rows: Vec<_> = rows(trials, LIMITS).map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let titles =
        lang.pick(["limit", "where it is from", "value"], ["límite", "de dónde sale", "valor"]);
    let title = term!(lang; "Limits of kernel and engines"; "Límites del núcleo y de los motores");
    vec![
        Piece::heading(2, title),
        Piece::Table(Table {
            caption: term!(lang; "What was found to be allowed"; "Lo que resultó estar permitido")
                .to_owned(),
            columns: titles.map(words).into(),
            rows,
            fit: Fit::Cards,
        }),
    ]
}

/// For the terminal.
pub(super) fn lines(depths: &[Depth], trials: &[Trial]) -> Vec<String> {
    let times = depths.iter().map(|depth| {
        let median = depth.median_ns.map(|ns| format!(", a level {} s", seconds(ns, Lang::En)));
        let ends = ends(&depth.up(), Lang::En).map(|ends| format!(", first and last {ends} s"));
        let ratio = depth.last_to_first_third;
        let ratio = ratio.map(|ratio| Lang::En.number(ratio, 2));
        let ratio = ratio.map(|ratio| format!(", last third / first third {ratio}"));
        let times: String = [median, ends, ratio].into_iter().flatten().collect();
        let deepest = depth.deepest.unwrap_or(0);
        format!("{:<48}  {deepest:>2} levels{times}", depth.subject)
    });
    let refused = depths.iter().filter_map(|depth| {
        let (level, reason) = depth.refusal.as_ref()?;
        Some(format!("{}, level {level}: {reason}", depth.subject))
    });
    let limits = rows(trials, LIMITS).map(|row| {
        let (name, value, from) = (subject(trials, row), &row.outcome, &row.step);
        format!("{name}: {value} ({from})")
    });
    times.chain(refused).chain(limits).collect()
}

/// How subjects end whose stores lie there.
const VOLUME: &str = " on a volume";
const LAYER: &str = " on the container's layer";

/// C6: what ends the depth on a volume and on a layer, and the limits that were read.
pub(super) fn claims(depths: &[Depth], trials: &[Trial]) -> Vec<Claim> {
    let find =
        |engine: &str, place| depths.iter().find(|other| other.engine(place) == Some(engine));
    let claim = |depth: &Depth| {
        let (here, part, says) = if let Some(engine) = depth.engine(VOLUME) {
            (on_a_volume(depth, find(engine, LAYER)), "C6 volume", "not refused by storage")
        } else {
            let engine = depth.engine(LAYER)?;
            (
                on_the_layer(depth, find(engine, VOLUME)),
                "C6 layer",
                "refused by storage, and earlier",
            )
        };
        Some(Claim {
            here,
            seen: depth.seen(),
            ..Claim::blank(stated(part), None, depth.subject.clone(), says)
        })
    };
    let mut claims: Vec<Claim> = depths.iter().filter_map(claim).collect();
    if claims.is_empty() {
        return claims;
    }
    claims.extend(rows(trials, LIMITS).filter_map(|limit| {
        let (_, value, ..) = TRIED.iter().find(|(name, ..)| *name == limit.subject)?;
        Some(Claim {
            here: if limit.outcome.trim() == *value {
                Here::Consistent
            } else {
                Here::NotReproduced
            },
            seen: limit.outcome.clone(),
            ..Claim::blank(stated("C6 limits"), None, limit.subject.clone(), value)
        })
    }));
    claims
}

impl Depth {
    /// The subject's engine, where its store lies there.
    fn engine(&self, place: &str) -> Option<&str> {
        let (engine, rest) = self.subject.split_once(place)?;
        // A session's number may follow.
        (rest.is_empty() || rest.starts_with(" (")).then_some(engine)
    }
}

fn on_a_volume(depth: &Depth, layer: Option<&Depth>) -> Here {
    match &depth.refusal {
        Some((_, reason)) if reason.trim().is_empty() => Here::Inconclusive,
        Some((_, reason)) if is_of_storage(reason) => Here::NotReproduced,
        Some(_) => Here::Consistent,
        // It ended where the run did. That storage does not bound it is known as far as that,
        // which says something only beyond where the layer was refused.
        None if layer.is_some_and(|layer| depth.deepest > layer.deepest) => Here::Consistent,
        None => Here::Inconclusive,
    }
}

fn on_the_layer(depth: &Depth, volume: Option<&Depth>) -> Here {
    let Some(volume) = volume else {
        return Here::Inconclusive;
    };
    let is_earlier = depth.deepest < volume.deepest;
    match &depth.refusal {
        Some((_, reason)) if reason.trim().is_empty() => Here::Inconclusive,
        Some((_, reason)) if is_of_storage(reason) && is_earlier => Here::Consistent,
        None if is_earlier => Here::Inconclusive,
        _ => Here::NotReproduced,
    }
}

/// Whether the words are those of a storage limit. The kernel says "no space left on device" of
/// namespaces that are too deep as well, and then what could not be made is named.
fn is_of_storage(reason: &str) -> bool {
    const STORAGE: [&str; 4] = ["overlay", "stacking depth", "graphdriver", "storage driver"];
    const FULL: [&str; 2] = ["no space left", "disk quota"];
    const OTHER: [&str; 7] =
        ["clone", "unshare", "namespace", "nsexec", "fork", "max_pid", "max_user"];
    let reason = reason.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    has(&STORAGE) || has(&FULL) && !has(&OTHER)
}
