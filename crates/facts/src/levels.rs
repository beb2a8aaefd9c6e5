//! Figures of what was tried level by level: small panels, a dot or a cross a level.

use serde::{Deserialize, Serialize};

/// Panels in rows over the level.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Levels {
    /// The name of its files, without their endings.
    pub name: String,
    /// Above it.
    pub title: String,
    /// What the figure shows, for who can't see it.
    pub alternative: String,
    /// Below the figure.
    pub caption: String,
    /// From top to bottom.
    pub rows: Vec<Curves>,
    /// What a dot is, for the legend.
    pub dot: String,
    /// What a cross is.
    pub cross: String,
}

/// Panels with one axis, so that they can be held against each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Curves {
    /// What the axis counts, and in which unit.
    pub title: String,
    /// From left to right.
    pub panels: Vec<Curve>,
}

/// One panel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Curve {
    /// Above it.
    pub title: String,
    /// Below the title, in smaller type.
    pub note: String,
    /// Levels with their values, in the unit of the row.
    pub dots: Vec<(u32, f64)>,
    /// Levels without one: they stand at the foot.
    pub crosses: Vec<u32>,
}
