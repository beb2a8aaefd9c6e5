//! The matrix: which cells there are.

use lab::{Generation, Lab, Options};
use measure::Trial;
use miette::Result;

use crate::cell::Cell;
use crate::driver::{self, DRIVERS};
use crate::place::PLACES;

/// What a quick run looks at: generation, engine, driver, place.
const QUICK: &[&str] = &[
    "trixie docker automatic volume",
    "trixie docker automatic layer",
    "trixie docker overlay2 volume",
    "trixie docker overlay2 layer",
    "trixie docker fuse-overlayfs volume",
    "trixie docker vfs volume",
    "trixie docker btrfs volume",
    "trixie docker overlay2 xfs-no-dtype",
    "trixie podman overlay layer",
];

/// The cells of these generations.
pub(crate) fn cells(generations: &[Generation], quick: bool) -> Vec<Cell> {
    let mut cells = Vec::new();
    for &generation in generations {
        let drivers = DRIVERS.iter();
        for driver in drivers.filter(|driver| driver.generations.contains(&generation)) {
            for place in PLACES {
                let cell = Cell { generation, driver, place };
                if !quick || QUICK.contains(&&*cell.to_string()) {
                    cells.push(cell);
                }
            }
        }
    }
    cells
}

/// A lab with everything that the cells of its generation need.
pub(crate) fn field(options: &Options) -> Result<Lab> {
    let lab = Lab::start(options)?;
    lab.blamed(driver::prepare(&lab))?;
    Ok(lab)
}

/// How many cells are under way at once. Most of a cell's time is waiting: where layers are made by
/// comparing trees, Docker lets each second end before it makes the next one (`NaiveDiffDriver` in
/// moby's daemon/graphdriver/fsdiff.go).
pub(crate) const WORKERS: usize = 4;

/// Whether a cell has no row after this one.
pub(crate) fn is_end(row: &Trial) -> bool {
    let failed = row.outcome == "failed" || row.step == "place" && row.outcome != "ok";
    failed || row.step == "disk"
}
