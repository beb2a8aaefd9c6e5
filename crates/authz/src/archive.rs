//! Copies into and out of a container: `/containers/NAME/archive`.
//!
//! The daemon does them with its own power in a view of the container's files. On engines that do not
//! have the fixes, a process of the container can change what the view is made of meanwhile
//! (CVE-2026-41568, CVE-2026-42306), and helpers are looked up in the view: what decompresses an archive
//! (CVE-2026-41567), and `getent` for `copyUIDGID`.

use crate::call::Call;
use crate::policy::{Copies, Policy};
use crate::rule::{Refusal, Rule, quoted};
use crate::uri::Target;

/// `GET` and `HEAD`: of neither can be seen whether the container has a mount that it can move.
pub(crate) fn out(policy: &Policy, _: &Call, _: &Target) -> Result<(), Refusal> {
    match policy.copies {
        Copies::None => Err(refusal("a copy, and `copies` is none")),
        Copies::Plain | Copies::Any => Ok(()),
    }
}

/// `PUT`.
///
/// The daemon goes by the archive's first bytes; headers say nothing that it heeds. What is handed over
/// is what it reads: it does so for a type of JSON, and then takes no form from the body either.
pub(crate) fn into(policy: &Policy, call: &Call, target: &Target) -> Result<(), Refusal> {
    out(policy, call, target)?;
    if policy.copies == Copies::Any {
        return Ok(());
    }
    if call.body.is_empty() {
        return Err(refusal("the archive was not handed over"));
    }
    if let Some(kind) = compression(&call.body) {
        return Err(refusal(format!("the archive is compressed ({kind})")));
    }
    if !begins_as_tar(&call.body) {
        return Err(refusal("the archive does not begin as a tar does"));
    }
    for (key, value) in target.parameters()? {
        let off = ["", "0", "false"].contains(&value.as_str());
        if key.eq_ignore_ascii_case("copyUIDGID") && !off {
            return Err(refusal(format!("{} is {}", quoted(&key), quoted(&value))));
        }
    }
    Ok(())
}

fn refusal(what: impl Into<String>) -> Refusal {
    Refusal::new(Rule::Archive, what)
}

/// How compressed archives begin (moby `pkg/archive`, `DetectCompression`).
const COMPRESSIONS: [(&str, &[u8]); 4] = [
    ("bzip2", b"BZh"),
    ("gzip", b"\x1f\x8b\x08"),
    ("xz", b"\xfd7zXZ\0"),
    ("zstd", b"\x28\xb5\x2f\xfd"),
];

fn compression(archive: &[u8]) -> Option<&'static str> {
    // A frame to be skipped: sixteen first bytes, then these.
    if archive.get(1..4) == Some(b"\x2a\x4d\x18") {
        return Some("zstd");
    }
    let known = COMPRESSIONS.iter();
    let known = known.filter(|(_, start)| archive.starts_with(start));
    known.map(|(kind, _)| *kind).next()
}

/// Whether the first block is a header of tar: its checksum is right.
fn begins_as_tar(archive: &[u8]) -> bool {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let Some(header) = archive.get(..512) else {
        return false;
    };
    // The checksum itself counts as blanks.
    let counted = header.iter().enumerate().map(|(at, byte)| match at {
        at if CHECKSUM.contains(&at) => u32::from(b' '),
        _ => u32::from(*byte),
    });
    let said = std::str::from_utf8(&header[CHECKSUM]).unwrap_or_default();
    let said = said.trim_matches(['\0', ' ']);
    u32::from_str_radix(said, 8) == Ok(counted.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name);
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    #[test]
    fn a_tar_is_known_by_its_checksum() {
        let tar = header(b"a file");
        assert!(begins_as_tar(&tar) && begins_as_tar(&[&tar[..], &[0; 1024]].concat()));
        assert!(!begins_as_tar(&tar[..511]), "not a whole block");
        for at in 0..512 {
            let mut other = tar.clone();
            other[at] = other[at].wrapping_add(1);
            assert!(!begins_as_tar(&other), "{at}");
        }
        assert!(!begins_as_tar(&[0; 1024]), "nothing in it");
    }

    #[test]
    fn what_begins_as_both_is_compressed() {
        for (kind, start) in COMPRESSIONS {
            let both = header(start);
            assert!(begins_as_tar(&both), "{kind}");
            assert_eq!(compression(&both), Some(kind));
        }
        assert_eq!(compression(&header(b"\x5f\x2a\x4d\x18")), Some("zstd"));
        assert_eq!(compression(&header(b"a file")), None);
    }
}
