//! What a folder takes on disk.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A block of `stat(2)`, whatever the file system's own.
const BLOCK: u64 = 512;

/// Bytes that a folder's files have on its own file system, each file once. Folders of these names
/// are left out, and so is what is mounted below it.
///
/// # Errors
///
/// Where a folder can't be read.
pub fn bytes(folder: &Path, left_out: &[&str]) -> io::Result<u64> {
    let device = fs::metadata(folder)?.dev();
    let mut seen = BTreeSet::new();
    let mut sum = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // An engine may be at work: what is gone takes nothing.
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Ok(found) = fs::symlink_metadata(entry.path()) else {
                continue;
            };
            let name = entry.file_name();
            if found.dev() != device || left_out.iter().any(|left_out| name == *left_out) {
                continue;
            }
            if found.nlink() > 1 && !found.is_dir() && !seen.insert(found.ino()) {
                continue;
            }
            sum += found.blocks() * BLOCK;
            if found.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_two_names_counts_once_and_a_named_folder_not_at_all() {
        let place = std::env::temp_dir().join(format!("bench-disk-{}", std::process::id()));
        fs::create_dir_all(place.join("volumes")).expect("made");
        fs::write(place.join("one"), vec![1; 100_000]).expect("written");
        let once = bytes(&place, &["volumes"]).expect("read");
        fs::hard_link(place.join("one"), place.join("two")).expect("linked");
        fs::write(place.join("volumes/three"), vec![1; 100_000]).expect("written");
        let twice = bytes(&place, &["volumes"]).expect("read");
        let all = bytes(&place, &[]).expect("read");
        fs::remove_dir_all(&place).expect("removed");
        assert!(once >= 100_000);
        assert_eq!(once, twice);
        assert!(all >= twice + 100_000);
    }
}
