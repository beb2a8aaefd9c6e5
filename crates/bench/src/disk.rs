//! What a folder takes on disk.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use lab::Folder;
use rustix::fs::FileType;

/// A block of `stat(2)`, whatever the file system's own.
const BLOCK: u64 = 512;

/// Bytes that a folder's files have on its own file system, each file once. Folders of these names
/// are left out, and so is what is mounted below it.
///
/// # Errors
///
/// Where a folder can't be read.
pub fn bytes(folder: &Folder, left_out: &[&str]) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let device = folder.metadata(".")?.dev();
    let mut seen = BTreeSet::new();
    let mut sum = 0;
    let mut folders = vec![PathBuf::from(".")];
    while let Some(path) = folders.pop() {
        // An engine may be at work: what is gone takes nothing.
        let entries = match folder.entries(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for (name, found) in entries {
            if found.st_dev != device || left_out.iter().any(|left_out| name == *left_out) {
                continue;
            }
            let is_folder = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
            if found.st_nlink > 1 && !is_folder && !seen.insert(found.st_ino) {
                continue;
            }
            sum += found.st_blocks.unsigned_abs() * BLOCK;
            if is_folder {
                folders.push(path.join(name));
            }
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_with_two_names_counts_once_and_a_named_folder_not_at_all() {
        let place = std::env::temp_dir().join(format!("bench-disk-{}", std::process::id()));
        fs::create_dir_all(place.join("volumes")).expect("made");
        fs::write(place.join("one"), vec![1; 100_000]).expect("written");
        let folder = Folder::of_machine(&place).expect("opened");
        let once = bytes(&folder, &["volumes"]).expect("read");
        fs::hard_link(place.join("one"), place.join("two")).expect("linked");
        fs::write(place.join("volumes/three"), vec![1; 100_000]).expect("written");
        let twice = bytes(&folder, &["volumes"]).expect("read");
        let all = bytes(&folder, &[]).expect("read");
        fs::remove_dir_all(&place).expect("removed");
        assert!(once >= 100_000);
        assert_eq!(once, twice);
        assert!(all >= twice + 100_000);
    }
}
