//! What was tried once: how deep engines nest, and tables of any other question.

use std::collections::BTreeMap;

use facts::trials::{in_order, rows};
use measure::Trial;
use measure::stats::median;
use serde::Serialize;

/// How far one chain of engines came.
pub(crate) const DEPTH: &str = "depth";
/// One start next to each level's engine.
pub(crate) const DEPTH_START: &str = "depth-start";
/// What kernel and engines allow.
pub(crate) const LIMITS: &str = "limits";
/// What a level's store grew by.
pub(crate) const STORE: &str = "store";
/// What crossed from the registry meanwhile.
pub(crate) const PULLED: &str = "pulled";

/// The outcome of a level that came up.
const WORKS: &str = "works";

/// One subject of a depth run.
#[derive(Serialize)]
pub(crate) struct Depth {
    pub(crate) subject: String,
    /// By level, from the outermost.
    pub(crate) levels: Vec<DepthLevel>,
    /// The deepest level that works.
    pub(crate) deepest: Option<u32>,
    /// The level that was refused, and the refuser's words.
    pub(crate) refusal: Option<Refusal>,
    /// Median time to bring a level up, in ns.
    pub(crate) median_ns: Option<f64>,
    /// Median of the last third of the levels over that of the first.
    pub(crate) last_to_first_third: Option<f64>,
}

/// One level of it.
#[derive(Serialize)]
pub(crate) struct DepthLevel {
    pub(crate) level: u32,
    pub(crate) works: bool,
    /// To bring it up, with the image in it.
    pub(crate) up_ns: Option<u64>,
    /// One start next to its engine.
    pub(crate) start_ns: Option<u64>,
    pub(crate) start_works: Option<bool>,
    /// Resident memory of its engine.
    pub(crate) bytes: Option<u64>,
}

/// Where it ended.
#[derive(Serialize)]
pub(crate) struct Refusal {
    pub(crate) level: u32,
    pub(crate) reason: String,
}

impl Depth {
    pub(crate) fn up(&self) -> impl DoubleEndedIterator<Item = (u32, u64)> {
        let levels = self.levels.iter().filter(|level| level.works);
        levels.filter_map(|level| Some((level.level, level.up_ns?)))
    }

    pub(crate) fn starts(&self) -> impl DoubleEndedIterator<Item = (u32, u64)> {
        let levels = self
            .levels
            .iter()
            .filter(|level| level.start_works == Some(true));
        levels.filter_map(|level| Some((level.level, level.start_ns?)))
    }
}

/// A row's subject; with its session, where there are several.
pub(crate) fn subject(trials: &[Trial], row: &Trial) -> String {
    if trials.iter().all(|other| other.session == row.session) {
        row.subject.clone()
    } else {
        format!("{} ({})", row.subject, row.session)
    }
}

/// The subjects of table `depth`, in the order in which they were tried. A row whose step is no
/// level is no row of this table.
pub(crate) fn depths(trials: &[Trial]) -> Vec<Depth> {
    let mut order: Vec<String> = Vec::new();
    let mut subjects: BTreeMap<String, BTreeMap<u32, DepthLevel>> = BTreeMap::new();
    let mut refusals: BTreeMap<String, Refusal> = BTreeMap::new();
    for row in rows(trials, DEPTH) {
        let Ok(level) = row.step.trim().parse() else {
            continue;
        };
        let name = subject(trials, row);
        if !order.contains(&name) {
            order.push(name.clone());
        }
        let works = row.outcome == WORKS;
        if !works && !refusals.contains_key(&name) {
            let reason = row.reason.clone();
            refusals.insert(name.clone(), Refusal { level, reason });
        }
        subjects.entry(name).or_default().insert(
            level,
            DepthLevel {
                level,
                works,
                up_ns: row.wall_ns,
                start_ns: None,
                start_works: None,
                bytes: row.bytes,
            },
        );
    }
    for row in rows(trials, DEPTH_START) {
        let levels = subjects.get_mut(&subject(trials, row));
        let level = row.step.trim().parse().ok();
        if let Some(found) = levels
            .zip(level)
            .and_then(|(levels, level)| levels.get_mut(&level))
        {
            found.start_ns = row.wall_ns;
            found.start_works = Some(row.outcome == WORKS);
        }
    }
    let depth = |name: String| {
        let levels = subjects.remove(&name)?;
        Some(summarise(
            name.clone(),
            levels.into_values().collect(),
            refusals.remove(&name),
        ))
    };
    order.into_iter().filter_map(depth).collect()
}

fn summarise(subject: String, levels: Vec<DepthLevel>, refusal: Option<Refusal>) -> Depth {
    let works = levels.iter().filter(|level| level.works);
    let deepest = works.map(|level| level.level).max();
    let mut depth = Depth {
        subject,
        levels,
        deepest,
        refusal,
        median_ns: None,
        last_to_first_third: None,
    };
    let up: Vec<f64> = depth.up().map(|(_, ns)| ns as f64).collect();
    depth.median_ns = median(&up);
    depth.last_to_first_third = thirds(&up);
    depth
}

/// Fewer than six have no thirds that a median means something of.
fn thirds(values: &[f64]) -> Option<f64> {
    let third = values.len() / 3;
    if third < 2 {
        return None;
    }
    let (first, last) = (
        median(&values[..third])?,
        median(&values[values.len() - third..])?,
    );
    (first > 0.0).then(|| last / first)
}

/// By which way a further level takes least disk.
pub(crate) struct Advice {
    pub(crate) engine: String,
    pub(crate) way: String,
    /// The most that a further level's store grew by this way.
    pub(crate) disk_bytes: u64,
    /// The same where every level pulls.
    pub(crate) pull_disk_bytes: u64,
    /// What the registry sent to a further level, at most: by this way, and by pulls.
    pub(crate) sent_bytes: Option<(u64, u64)>,
}

/// The way that each level can go by itself.
const PULL: &str = "pull";

/// One for each engine that has been tried by pulls and by another way; subjects are `WAY, ENGINE`
/// and steps begin with `level N`.
pub(crate) fn advice(trials: &[Trial]) -> Vec<Advice> {
    // All but the outermost, which has to get it from somewhere.
    let most = |table: &str, subject: &str| -> Option<u64> {
        let of = rows(trials, table).filter(|row| row.subject == subject);
        let further = of.filter(|row| !row.step.starts_with("level 1 ") && row.outcome == WORKS);
        further.filter_map(|row| row.bytes).max()
    };
    let subjects = in_order(rows(trials, STORE).map(|row| row.subject.as_str()));
    let ways: Vec<(&str, &str)> = subjects
        .iter()
        .filter_map(|subject| subject.rsplit_once(", "))
        .collect();
    let engines = in_order(ways.iter().map(|(_, engine)| *engine));
    let of_engine = |engine: &str| {
        let pull = format!("{PULL}, {engine}");
        let pull_disk_bytes = most(STORE, &pull)?;
        let others = ways
            .iter()
            .filter(|(way, of)| *of == engine && *way != PULL);
        let least = others.filter_map(|(way, _)| {
            let bytes = most(STORE, &format!("{way}, {engine}"))?;
            Some((bytes, *way))
        });
        let (disk_bytes, way) = least.min()?;
        let sent = most(PULLED, &format!("{way}, {engine}"));
        Some(Advice {
            engine: engine.to_owned(),
            way: way.to_owned(),
            disk_bytes,
            pull_disk_bytes,
            sent_bytes: sent.zip(most(PULLED, &pull)),
        })
    };
    engines.into_iter().filter_map(of_engine).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: &str, step: u32, outcome: &str, wall_ns: u64) -> Trial {
        Trial {
            session: 1,
            table: table.to_owned(),
            subject: "docker on a volume".to_owned(),
            step: step.to_string(),
            outcome: outcome.to_owned(),
            reason: if outcome == WORKS { "" } else { "no more" }.to_owned(),
            wall_ns: Some(wall_ns),
            bytes: None,
        }
    }

    #[test]
    fn a_depth_ends_where_it_is_refused() {
        let mut trials: Vec<Trial> = (1..=9)
            .map(|level| row(DEPTH, level, WORKS, u64::from(level) * 100))
            .collect();
        trials.push(row(DEPTH, 10, "refused", 5));
        trials.push(row(DEPTH_START, 2, WORKS, 7));
        trials.push(row(DEPTH_START, 3, "failed", 7));
        trials.push(row("other", 1, WORKS, 7));
        let depths = depths(&trials);
        let [depth] = &depths[..] else {
            panic!("one subject")
        };
        assert_eq!(depth.deepest, Some(9));
        let refusal = depth.refusal.as_ref().expect("refused");
        assert_eq!((refusal.level, refusal.reason.as_str()), (10, "no more"));
        assert_eq!(depth.median_ns, Some(500.0));
        // 800 over 200.
        assert_eq!(depth.last_to_first_third, Some(4.0));
        assert_eq!(depth.starts().collect::<Vec<_>>(), [(2, 7)]);
    }

    #[test]
    fn sessions_are_kept_apart() {
        let mut trials = vec![row(DEPTH, 1, WORKS, 1), row(DEPTH, 1, "refused", 1)];
        trials[1].session = 2;
        let subjects: Vec<String> = depths(&trials)
            .into_iter()
            .map(|depth| depth.subject)
            .collect();
        assert_eq!(
            subjects,
            ["docker on a volume (1)", "docker on a volume (2)"]
        );
    }
}
