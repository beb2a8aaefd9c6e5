//! Another command in a lab that runs, from another terminal: `lab exec --in NAME`, `lab shell --in NAME`.
//!
//! Of the lab it needs what the owner has written to its state directory: its first process, its control
//! group, its shared folder. The lab stays its owner's and ends with that one. Who may write there is
//! who may start labs: nobody else joins, and nobody is made to join anything else.

use std::io;
use std::path::{Path, PathBuf};

use miette::{Report, Result};

use crate::attach::{Host, attach};
use crate::entry::Entry;
use crate::error::failure;
use crate::{labs, rootless};

/// A lab that another process has.
pub struct Joined {
    label: String,
    entry: Entry,
    share: Option<PathBuf>,
}

/// The running lab of that name, or the only one of this user's.
///
/// # Errors
///
/// Where there is none, or not one, or it is another user's, or just starts or ends.
pub fn join(wanted: Option<&str>) -> Result<Joined> {
    let lab = labs::find(wanted)?;
    let label = lab.label().to_owned();
    let refused = |why: &str, remedy: &str| -> Report {
        failure(format!("lab {label} can't be joined"), why, remedy)
    };
    let Some(init) = lab.init() else {
        let why = "it is not ready yet, or it is of a program that lets nobody join";
        return Err(refused(why, "try again in a moment; labs of lab shell and lab exec can be"));
    };
    let ends = |_| refused("it is just ending", "start another: cargo xtask lab shell --name NAME");
    let spec = lab.spec().map_err(ends)?;
    if spec.cgroup.is_some() {
        rootless::reach_groups()?;
    }
    let entry = Entry::of_another(init, spec.cgroup.as_deref()).map_err(ends)?;
    let share = spec.shares.into_iter().find(|share| share.writable).map(|share| share.target);
    Ok(Joined { label, entry, share })
}

impl Joined {
    /// Runs a command at level 0 with this process's own streams and terminal, in this folder if the lab
    /// sees it, and returns its exit code: as [`Lab::attach`](crate::Lab::attach), but that the lab goes
    /// on. If that ends before the command, it says so, and returns 1.
    pub fn attach(self, dir: &Path, argv: &[String]) -> Result<i32> {
        let inside = match &self.share {
            Some(share) if dir.starts_with(share) => dir.to_owned(),
            Some(share) => share.clone(),
            None => PathBuf::from("/root"),
        };
        attach(self, &inside, argv)
    }
}

impl Host for Joined {
    fn entry(&self) -> io::Result<&Entry> {
        Ok(&self.entry)
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn is_held(&self) -> bool {
        // Its root goes before it kills what else is in the sandbox (`do_exit` in kernel/exit.c).
        self.entry.process().root().is_ok()
    }

    fn let_go(self, by_itself: bool) -> Option<Result<i32>> {
        if !by_itself || self.is_held() {
            return None;
        }
        program::note!("the lab {} has ended", self.label);
        Some(Ok(1))
    }
}
