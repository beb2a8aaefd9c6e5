//! What a program leaves for the one that has started it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use miette::{IntoDiagnostic, Result};

/// Names the file for [`leave_report`]. Who sets it makes the report when the program has ended.
pub const REPORT_VARIABLE: &str = "MATRYOSHKA_REPORT";

/// Leaves word that this program has left something in `folder` that `report FLAGS FOLDER` shows.
///
/// Says whether that will be done: then that report is the outcome, and not what this program has to
/// say of it. Fails where the caller's file can't be written.
pub fn leave_report(flags: &[&str], folder: &Path) -> Result<bool> {
    let Some(file) = std::env::var_os(REPORT_VARIABLE) else {
        return Ok(false);
    };
    let flags = flags.iter().map(|flag| flag.as_bytes());
    let args: Vec<&[u8]> = flags.chain([folder.as_os_str().as_bytes()]).collect();
    std::fs::write(file, args.join(&0)).into_diagnostic()?;
    Ok(true)
}

/// The arguments for `report` that a program has left in that file, the folder last; `None` where it
/// has left nothing to report.
#[must_use]
pub fn left_report(file: &Path) -> Option<Vec<OsString>> {
    let bytes = std::fs::read(file).ok()?;
    let args = bytes.split(|byte| *byte == 0);
    Some(args.map(|arg| OsStr::from_bytes(arg).to_owned()).collect())
}
