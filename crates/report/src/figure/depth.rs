//! The figure of a depth run: what each level took to come up, what one start takes there, and
//! where it ended.

use crate::analysis::Analysis;
use crate::analysis::Depth;
use crate::figure::grid::{Grid, Item, Panel, Row};
use crate::figure::legend::Mark;
use crate::language::{Lang, Texted as _};

/// `None` where no level came up.
pub(super) fn grid(analysis: &Analysis, lang: Lang) -> Option<Grid> {
    let t = lang.levels();
    let depths: Vec<&Depth> = analysis.runs.iter().flat_map(|run| &run.depth).collect();
    let up = |depth: &&Depth| {
        let mut items: Vec<Item> = depth.up().map(dot).collect();
        let refused = depth.refusal.as_ref();
        items.extend(refused.map(|refusal| Item::Refused(refusal.level)));
        panel(depth, items)
    };
    let starts = |depth: &&Depth| {
        let mut items: Vec<Item> = depth.starts().map(dot).collect();
        let failed = depth
            .levels
            .iter()
            .filter(|level| level.start_works == Some(false));
        items.extend(failed.map(|level| Item::Refused(level.level)));
        (!items.is_empty()).then(|| panel(depth, items))
    };
    let rows = [
        (t.axis_up, depths.iter().map(up).collect::<Vec<_>>()),
        (t.axis_start, depths.iter().filter_map(starts).collect()),
    ];
    if depths.iter().all(|depth| depth.deepest.is_none()) {
        return None;
    }
    let rows = rows.into_iter().filter(|(_, panels)| !panels.is_empty());
    Some(Grid {
        lang,
        title: t.depth_title,
        rows: rows
            .map(|(axis, panels)| Row {
                title: axis.to_owned(),
                axis: "",
                panels,
            })
            .collect(),
        legend: vec![(Mark::Speck, t.mark_level), (Mark::Cross, t.mark_refused)],
    })
}

fn dot((level, ns): (u32, u64)) -> Item {
    Item::Dot(level, ns as f64 / 1e9)
}

/// The chain is the title, where its store lies the note.
fn panel(depth: &Depth, items: Vec<Item>) -> Panel {
    let (chain, store) = match depth.subject.split_once(" on ") {
        Some((chain, store)) => (chain, format!("on {store}")),
        None => (depth.subject.as_str(), String::new()),
    };
    Panel {
        title: chain.to_owned(),
        note: store,
        items,
    }
}
