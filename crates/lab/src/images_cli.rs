//! Commands on the images in the cache, and on the cache itself.

use std::io::{self, BufRead};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use lab::{Generation, PulledImage};
use miette::Result;
use program::{beside, columns, say, visible};

use crate::{interruptible, is_watched, told};

#[derive(Args)]
pub(crate) struct Pull {
    /// What to copy: NAME out of a registry, as for `docker pull`; docker-archive:FILE, oci-archive:FILE,
    /// oci:FOLDER or dir:FOLDER; docker-daemon:NAME or containers-storage:NAME out of an engine of
    /// this machine's
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,

    /// The name under which labs serve it, instead of its own
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,

    /// The engines whose skopeo copies, by the release of Debian that they are of
    #[arg(long, value_name = "NAME", default_value_t)]
    generation: Generation,
}

#[derive(Args)]
pub(crate) struct Images {
    #[command(subcommand)]
    task: Option<ImagesTask>,
}

#[derive(Subcommand)]
enum ImagesTask {
    /// Remove some that were pulled; refused while a lab serves one of them
    Rm {
        /// What they are called
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(Args)]
pub(crate) struct Clean {
    /// Do not ask; so it is where there is no terminal
    #[arg(long)]
    yes: bool,
}

pub(crate) fn pull(of: &Pull) -> Result<ExitCode> {
    program::patience()?;
    // The cache of an ordinary user's labs belongs to the root of a namespace.
    lab::become_root()?;
    let cancelled = interruptible()?;
    lab::pull(&of.images, of.name.as_deref(), of.generation, cancelled, |image| {
        let PulledImage { name, digest, .. } = image;
        say(format!("{name}  {digest}  {}", size(image.bytes)))
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn images(of: Images) -> Result<ExitCode> {
    if let Some(ImagesTask::Rm { names }) = of.task {
        let freed = lab::remove(&names)?;
        return told(format!("freed {}", size(freed)));
    }
    let images = lab::pulled()?;
    if images.is_empty() {
        return told(
            "no image was pulled: labs serve stand-ins made of Debian packages\n\
             pull some: cargo xtask lab pull alpine docker:dind quay.io/podman/stable",
        );
    }
    let mut rows = vec![["NAME", "DIGEST", "SIZE", "IN USE", "SOURCE"].map(str::to_owned)];
    rows.extend(images.into_iter().map(|image| {
        let PulledImage { name, digest, source, bytes, used_by } = image;
        // As long as engines show it.
        let digest = digest.get(..19).unwrap_or(&digest).to_owned();
        let used_by = if used_by.is_empty() { "no".to_owned() } else { used_by.join(", ") };
        // Of a file it may have any name.
        let source = visible(&source).replace('\n', "\\n");
        [name, digest, size(bytes), used_by, source]
    }));
    told(table(&rows))
}

/// Rows whose columns are as wide as they have to be. By hand: what is linked here is linked by programs
/// that take times.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn clean(of: &Clean) -> Result<ExitCode> {
    // What a lab of an ordinary user's has left belongs to ids that only the root of its namespace has.
    lab::become_root()?;
    let cost = lab::cost_of_clean()?;
    let asks = is_watched() && !of.yes;
    if asks {
        let mut again = vec![format!("{} of packages", size(cost.packages))];
        if !cost.images.is_empty() {
            again.push(format!("{} of images ({})", size(cost.pulled), cost.images.join(", ")));
        }
        let text = format!(
            "this removes {}; fetching again takes about {}",
            size(cost.bytes),
            again.join(" and ")
        );
        program::note!("{}\nremove it? [y/N]", beside("", &text, columns()));
        let mut answer = String::new();
        // Nothing said is no.
        let _ = io::stdin().lock().read_line(&mut answer);
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            program::note!("nothing is removed");
            return Ok(ExitCode::from(program::EXIT_FAILED));
        }
    }
    let freed = format!("freed {} MB", lab::clean()? / 1_000_000);
    if cost.images.is_empty() {
        return told(freed);
    }
    told(format!("{freed}, pulled images among it: {}", cost.images.join(", ")))
}

/// A size for a reader.
fn size(bytes: u64) -> String {
    const MB: f64 = 1e6;
    let megabytes = bytes as f64 / MB;
    match megabytes {
        _ if megabytes >= 1000.0 => format!("{:.1} GB", megabytes / 1000.0),
        _ if megabytes >= 10.0 => format!("{megabytes:.0} MB"),
        _ => format!("{megabytes:.1} MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_tables_are_for_readers() {
        assert_eq!(
            [1_234, 3_623_807, 45_600_000, 1_230_000_000].map(size),
            ["0.0 MB", "3.6 MB", "46 MB", "1.2 GB"]
        );
        let rows = [["a", "bb", "c"], ["aaa", "b", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a    bb  c\naaa  b");
    }
}
