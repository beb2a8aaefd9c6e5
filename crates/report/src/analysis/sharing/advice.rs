//! What follows for who has to choose: of each way whether to take it, and of those to take the
//! cheapest. Counted from the cells; what was unsafe in one generation is taken in none.

use super::way::is_promised;
use super::{Cell, Class, Sharing};
use crate::analysis::Range;
use facts::trials::in_order;

/// Whether to take a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It holds wherever it was tried, and is not slower than nothing, as far as that was measured.
    Take,
    /// It holds, and a job takes longer with it than with an empty store.
    Slow,
    /// It holds, and nobody says that it has to.
    Unpromised,
    /// Something does not work in a generation; nothing was damaged.
    Avoid,
    /// Data was damaged in a generation.
    Never,
    /// Nothing was tried to its end.
    Open,
}

/// Of one way of one engine.
pub(crate) struct Advice<'a> {
    pub(crate) engine: &'a str,
    pub(crate) way: &'a str,
    pub(crate) stand: Stand,
    /// The generations that it stands on: where it holds, where it does not, where data is damaged;
    /// where it was not tried to an end.
    pub(crate) generations: Vec<&'a str>,
    /// Those where files are left behind.
    pub(crate) leaks: Vec<&'a str>,
    /// Over the same job with an empty store.
    pub(crate) cost: Option<f64>,
}

impl Sharing {
    pub(crate) fn advice(&self, (engine, way): (&str, &str)) -> Advice<'_> {
        let cells: Vec<&Cell> = self.cells_of((engine, way)).collect();
        let of = |is_one: fn(&Cell) -> bool| -> Vec<&str> {
            let cells = cells.iter().filter(|cell| is_one(cell));
            cells.map(|cell| &*cell.name.generation).collect()
        };
        let damaged = of(|cell| cell.class.is_damage());
        let mut fails = of(|cell| cell.class.is_told() && !cell.class.holds());
        let holds = of(|cell| cell.class.holds());
        let cost = self.cost_of(way);
        // A job that fails has not become cheaper.
        let is_broken = cost.is_some_and(|cost| cost.failed.is_some());
        let broken = self.cost_generation.as_deref().filter(|_| is_broken);
        fails.extend(broken.filter(|name| !fails.contains(name)));
        let estimate = cost.and_then(|cost| cost.to_cold.as_ref()?.estimate);
        let range: Option<Range> = estimate.and_then(|estimate| estimate.interval);
        let (stand, generations) = match (damaged.is_empty(), fails.is_empty(), holds.is_empty()) {
            (false, ..) => (Stand::Never, damaged),
            (_, false, _) => (Stand::Avoid, fails),
            (.., true) => (Stand::Open, of(|_| true)),
            _ if !is_promised(way) => (Stand::Unpromised, holds),
            _ if range.is_some_and(|range| range.low > 1.0) => (Stand::Slow, holds),
            _ => (Stand::Take, holds),
        };
        let name = cells.first().map(|cell| &cell.name);
        Advice {
            engine: name.map_or("", |name| &name.engine),
            way: name.map_or("", |name| &name.way),
            stand,
            leaks: of(|cell| cell.class == Class::Leaks),
            generations,
            cost: estimate.map(|estimate| estimate.value),
        }
    }

    /// Of each engine the way to take that costs least, where that was measured.
    pub(crate) fn cheapest(&self) -> Vec<Advice<'_>> {
        let engines = in_order(self.cells.iter().map(|cell| &*cell.name.engine));
        let of_engine = |engine: &str| {
            let ways = self.ways().into_iter().filter(move |way| way.0 == engine);
            let to_take = ways
                .map(|way| self.advice(way))
                .filter(|advice| advice.stand == Stand::Take && advice.cost.is_some());
            to_take.min_by(|one, other| {
                let [one, other] = [one, other].map(|advice| advice.cost.unwrap_or(f64::INFINITY));
                one.total_cmp(&other)
            })
        };
        engines.into_iter().filter_map(of_engine).collect()
    }
}
