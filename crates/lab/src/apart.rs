//! A folder that a lab may write to and the cache lie apart: the next lab, and this machine's root,
//! run what is in the cache.
//!
//! Nothing is laid over the cache instead. In the folder, what runs inside could rename what is above
//! the cache, and so take away any cover with it, or put a link in its place; without a user
//! namespace it could also unmount the cover.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use miette::Result;
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use crate::cache;
use crate::error::{Explain, usage};

/// Links in one path, as the kernel has it (`MAXSYMLINKS`).
const MOST_LINKS: u32 = 40;

/// An error, unless nothing that is written below `folder` can change what is found in the cache.
pub(crate) fn require(folder: &Path) -> Result<()> {
    let what = format!("{} can't be shown in a lab", folder.display());
    let remedy = "start it from a folder that the cache is not below, such as a new one";
    let mounts = fs::read("/proc/self/mountinfo").explain(&what, "mount /proc")?;
    let mounts = String::from_utf8_lossy(&mounts);
    let near = caches_near(folder).explain(&what, "start it from a folder that you may read")?;
    for place in cache::places()?.into_iter().chain(near) {
        if let Some(why) = clash(folder, &place, &mounts).explain(&what, remedy)? {
            return Err(usage(what, why, remedy));
        }
    }
    Ok(())
}

/// How many levels below a folder caches are looked for, and in how many folders at most. Deeper ones
/// are found only if somebody says where they are.
const MOST_LEVELS: usize = 3;
const MOST_FOLDERS: usize = 4096;

/// Caches that lie around or not far below a folder, on the mount that a lab would see.
fn caches_near(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = fs::canonicalize(folder)?;
    let device = fs::metadata(&folder)?.dev();
    let around = folder.ancestors().map(Path::to_owned);
    let mut near: Vec<PathBuf> = around.filter(|dir| cache::is_cache(dir)).collect();
    let mut left = VecDeque::from([(folder, 0)]);
    let mut looked_at = 0;
    while let Some((dir, level)) = left.pop_front() {
        looked_at += 1;
        if looked_at > MOST_FOLDERS {
            break;
        }
        // What can't be read or goes meanwhile is none.
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let is_below = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let path = entry.path();
            if !is_below || !entry.metadata().is_ok_and(|meta| meta.dev() == device) {
                continue;
            }
            if cache::is_cache(&path) {
                near.push(path);
            } else if level + 1 < MOST_LEVELS {
                left.push_back((path, level + 1));
            }
        }
    }
    Ok(near)
}

/// Why a folder and a cache are not apart, if they are not.
fn clash(folder: &Path, cache: &Path, mounts: &str) -> io::Result<Option<String>> {
    let to_folder = passed(folder, mounts)?;
    let to_cache = passed(cache, mounts)?;
    let any_in = |spots: &[Spot], outer: Option<&Spot>| {
        outer.is_some_and(|outer| spots.iter().any(|spot| spot.lies_in(outer)))
    };
    let cache_name = cache.display();
    if any_in(&to_cache, to_folder.last()) {
        return Ok(Some(format!(
            "what runs inside could change what is found at {cache_name}, and the next lab runs that"
        )));
    }
    // One that is not there yet has nothing in it.
    if cache.exists() && any_in(&to_folder, to_cache.last()) {
        return Ok(Some(format!("it is a part of the cache {cache_name}")));
    }
    Ok(None)
}

/// A directory by its place in a file system, which is the same through every mount of that.
#[derive(Debug)]
struct Spot {
    device: String,
    path: PathBuf,
}

impl Spot {
    fn lies_in(&self, outer: &Self) -> bool {
        self.device == outer.device && self.path.starts_with(&outer.path)
    }
}

/// The directories in which the kernel looks something up on the way to a path, and what it comes to
/// last: whoever can write to one of them decides what the path means. It ends where nothing is yet.
fn passed(path: &Path, mounts: &str) -> io::Result<Vec<Spot>> {
    let mut here = PathBuf::from("/");
    let mut spots = vec![spot(&here, mounts)?];
    let mut left: Vec<PathBuf> = parts(path);
    let mut links = 0;
    while let Some(part) = left.pop() {
        let next = here.join(&part);
        if part == Path::new("..") {
            here.pop();
        } else if let Ok(target) = fs::read_link(&next) {
            links += 1;
            if links > MOST_LINKS {
                return Err(rustix::io::Errno::LOOP.into());
            }
            left.extend(parts(&target));
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            continue;
        } else if next.exists() {
            here = next;
        } else {
            break;
        }
        spots.push(spot(&here, mounts)?);
    }
    Ok(spots)
}

/// The names in a path, the last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let names = path.components().rev();
    let names = names.filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    names.map(|part| PathBuf::from(part.as_os_str())).collect()
}

/// Where a directory lies, whose path has no links (`proc_pid_mountinfo(5)`).
fn spot(dir: &Path, mounts: &str) -> io::Result<Spot> {
    let id = statx(CWD, dir, AtFlags::empty(), StatxFlags::MNT_ID)?.stx_mnt_id;
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut mount = fields.filter(|fields| fields[0] == id.to_string());
    let found = mount.next().and_then(|fields| {
        let point = unescaped(fields.get(4)?);
        Some(Spot {
            device: (*fields.get(2)?).to_owned(),
            path: unescaped(fields.get(3)?).join(dir.strip_prefix(point).ok()?),
        })
    });
    let none = || io::Error::other(format!("{}: its mount is not known", dir.display()));
    found.ok_or_else(none)
}

/// As mountinfo has a path: a space, a tab, a line's end and a backslash as three octal digits.
fn unescaped(text: &str) -> PathBuf {
    let mut parts = text.split('\\');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(3).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(code, 8));
        bytes.extend(rest.as_bytes());
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rstest::rstest;

    use super::*;

    /// `far` holds a cache; `home/linked` leads to it, and `home/.cache` is a real one.
    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        for sub in ["home/.cache/matryoshka/bundles", "home/work", "far/matryoshka"] {
            fs::create_dir_all(dir.path().join(sub)).expect("a directory");
        }
        symlink("../far", dir.path().join("home/linked")).expect("a link");
        dir
    }

    #[rstest]
    #[case::above("home", "home/.cache/matryoshka", Some("could change"))]
    #[case::right_above("home/.cache", "home/.cache/matryoshka", Some("could change"))]
    #[case::itself("home/.cache/matryoshka", "home/.cache/matryoshka", Some("could change"))]
    #[case::below("home/.cache/matryoshka/bundles", "home/.cache/matryoshka", Some("a part of"))]
    #[case::beside("home/work", "home/.cache/matryoshka", None)]
    #[case::a_link_on_the_way("home", "home/linked/matryoshka", Some("could change"))]
    #[case::behind_a_link("far", "home/linked/matryoshka", Some("could change"))]
    #[case::not_behind_it("home/.cache", "home/linked/matryoshka", None)]
    #[case::by_another_way("home/linked/matryoshka", "far/matryoshka", Some("could change"))]
    #[case::not_there_yet("home/work", "home/work/.cache/matryoshka", Some("could change"))]
    #[case::not_there_yet_beside("home/work/x", "home/work/.cache/matryoshka", None)]
    #[case::up_and_down("home", "far/../home/.cache/matryoshka", Some("could change"))]
    fn a_folder_and_a_cache_clash(
        #[case] folder: &str,
        #[case] cache: &str,
        #[case] expected: Option<&str>,
    ) {
        let dir = tree();
        fs::create_dir(dir.path().join("home/work/x")).expect("a directory");
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("there is a /proc");
        let found = clash(&dir.path().join(folder), &dir.path().join(cache), &mounts);
        let found = found.expect("all mounts are known");
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
            _ => panic!("{found:?}"),
        }
    }

    #[test]
    fn links_that_lead_to_each_other_are_an_error() {
        let dir = tempfile::tempdir().expect("a directory");
        symlink("b", dir.path().join("a")).expect("a link");
        symlink("a", dir.path().join("b")).expect("a link");
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("there is a /proc");
        passed(&dir.path().join("a"), &mounts).expect_err("no end");
    }

    #[rstest]
    #[case("/mnt/plain", "/mnt/plain")]
    #[case(r"/mnt/a\040b\134c", r"/mnt/a b\c")]
    fn a_path_of_mountinfo_is_unescaped(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(unescaped(text), Path::new(expected));
    }
}
