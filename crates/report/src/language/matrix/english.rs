//! What readers of English see of storage drivers.

use super::MatrixTexts;

pub(super) const TEXTS: MatrixTexts = MatrixTexts {
    // The matrix.
    section_matrix: "Storage drivers on what lies underneath",
    matrix_lead: "{cells} cells of {generations} generations of engines: {classes}.",
    matrix_caption: "{generation}, {engine}: what becomes of each driver (row) on each place \
        (column)",
    matrix_note: "Each cell was tried once, step by step, up to the first failure: the daemon \
        starts, it names the driver that it has chosen, an image is unpacked, a container runs, \
        a build of 30 layers, a restart, a look at what POSIX asks, the size on disk. The class \
        is derived from these rows.",
    column_driver: "driver",
    place_volume: "a volume",
    place_layer: "the container's layer",
    no_generation: "engines",
    class_works: "works",
    class_deviates: "deviates",
    class_falls_back: "falls back",
    class_another: "another driver",
    class_late: "fails late",
    class_refused: "refused",
    class_unfinished: "not finished",
    class_not_on_kernel: "not on this kernel",
    class_not_without_root: "not without root",
    class_not_made: "not made",
    chosen: "takes `{driver}`",
    step_failed: "at `{step}`",
    step_last: "after `{step}`",
    tried_otherwise: "an earlier try: {class}",
    define_title: "What the classes mean",
    define_works: "works: every step went as it should with the driver that was asked for, or with \
        the engine's first choice.",
    define_deviates: "deviates: the same, but the file system made so does not do all that POSIX \
        asks; what it does is listed below.",
    define_falls_back: "falls back: left to itself, the engine took another driver than overlay. \
        It works, and costs what that driver costs.",
    define_another: "another driver: one was asked for by name, and the engine took another.",
    define_late: "fails late: the daemon starts, and a later step fails. Its answer proves \
        nothing.",
    define_refused: "refused: the daemon does not start.",
    define_unfinished: "not finished: its rows end without a failure; the run was interrupted. \
        Nothing is concluded of it.",
    define_no_place: "not on this kernel, not without root, not made: the place could not be had, \
        which says nothing of the driver.",
    strangers: "Rows of the matrix that name no cell, and are in no table: {subjects}.",
    // Failures.
    failures_title: "What fails, and why",
    failures_caption: "Cells that fail or fall back, by what is known of their words",
    column_failure: "failure",
    column_cells: "cells",
    column_cause: "cause",
    column_remedy: "what helps",
    column_words: "in its own words",
    failure_unknown: "nothing known",
    no_failures: "No cell fails.",
    cells_of: "{count} cells",
    cells_of_one: "1 cell",
    failures_note: "A failure is known by exact words, which are in the table of \
        `crates/fingerprints`; of words that are not in it nothing is concluded.",
    // Deviations.
    posix_title: "What deviates from POSIX",
    posix_caption: "Checks in a container of the cell, and what was seen in place of what POSIX \
        asks",
    column_check: "check",
    column_seen: "seen",
    no_deviations: "No cell deviates.",
    // Costs.
    costs_title: "What each cell costs",
    costs_caption: "{generation}: ratios to `overlay2` on a volume (Podman: `overlay` on a \
        volume), with their intervals",
    column_cell: "cell",
    column_start: "start",
    column_unpack: "unpack",
    column_write: "write",
    column_files: "small files",
    reference: "the reference: medians",
    column_disk: "disk, once",
    costs_note: "Times are medians of the ratios within blocks; * is declared primary, the others \
        are exploratory and of twenty of their intervals one may miss. Disk is what 30 layers \
        take in the store, seen once. A cell without numbers was not measured.",
    disk_title: "Disk of 30 layers in every generation",
    disk_caption: "{generation}, {engine}: size on disk over that of the reference",
    // vfs and fuse-overlayfs.
    duel_title: "Is vfs always the slowest?",
    duel_yes: "Here it is not faster than fuse-overlayfs in any metric: vfs is slower in {vfs} of \
        {metrics} ({vfs_list}).",
    duel_no: "No. Of the two, vfs is slower in {vfs} of {metrics} metrics ({vfs_list}); in \
        {fuse_list} it is fuse-overlayfs.",
    duel_open: "This run can't tell: no interval of {metrics} metrics is on either side of 1.",
    duel_none: "nothing",
    duel_ratio: "{metric}: vfs over fuse-overlayfs {ratio}",
    duel_slowest: "; by its estimate the slowest of {drivers} drivers on a volume is `{driver}`",
    // Advice.
    advice_title: "Advice",
    advice_layer: "Mount: nothing is gained by one. On the container's own layer {fits} of {tried} \
        cells fit, and on no mount a larger share.",
    advice_mount: "Mount: put the store on {place}. There {fits} of {tried} cells fit.",
    advice_against_layer: " On the container's own layer {fits} of {tried}.",
    advice_worst: " Of what may lie under a volume, `{place}` carries least: {fits} of {tried}.",
    advice_pin: "{engine}, on {place}: `{driver}` ({details})",
    advice_pin_fits: "{fits} of {tried} generations",
    advice_pin_cost: "{cost} times the time of the reference",
    advice_pin_no_cost: "cost not measured",
    advice_pin_disk: "{disk} times its disk",
    advice_pin_equals: "the cheapest of {count} that fit in as many",
    advice_pin_none: "{engine}, on {place}: none of the named drivers fits in any of {tried} \
        generations",
    advice_pins_cost: "Driver to pin; times are geometric means of what was measured: {pins}.",
    advice_pins: "Driver to pin: {pins}.",
    advice_first_unasked: "Check first: `{fingerprint}`, so that {unasked} cells fail or fall back whose \
        driver was left to the engine; {failing} cells fail",
    advice_first_known: "Check first: `{fingerprint}`, by which most drivers fail ({drivers}), in \
        {known} of {failing} failing cells",
    advice_first_unknown: "Check first: of the words of the {failing} failing cells nothing is \
        known",
    advice_first_place: "; {count} of all lie on {place}",
    advice_first_late: "; in {late} the daemon was up before something failed, so look at a \
        container that runs and not at the daemon's answer",
    advice_first_none: "Check first: nothing failed here.",
    // The figure.
    matrix_title: "Storage drivers on what lies underneath",
    matrix_panel: "Engines of {generation}",
    short_works: "works",
    short_deviates: "deviates",
    short_falls_back: "falls back",
    short_another: "another",
    short_late: "fails late",
    short_refused: "refused",
    short_unfinished: "unfinished",
    short_no_place: "no place",
    letter_works: "W",
    letter_deviates: "D",
    letter_falls_back: "B",
    letter_another: "A",
    letter_late: "L",
    letter_refused: "R",
    letter_unfinished: "U",
    mark_works: "every step",
    mark_deviates: "works, not all of POSIX",
    mark_falls_back: "works, by another driver than overlay",
    mark_another: "one was asked for, another taken",
    mark_late: "the daemon is up, the step fails",
    mark_refused: "the daemon does not start",
    mark_unfinished: "interrupted",
    mark_no_place: "could not be had here",
    mark_ratio: "×1.00: {metric} against {reference} on a volume",
    alt_matrix: "A grid of drivers by places for {generations} generations of engines, {cells} \
        cells, each with the word of its class. The same cells are in the tables that follow.",
    caption_matrix: "A word and a fill a class. Below the word: the driver that was taken, or the \
        step that failed; at the right, where it was measured, the ratio.",
};
