//! The static programs that this crate carries inside itself.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::OnceLock;

use miette::Result;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use crate::error::Explain;

/// The probe, to be written where a level can reach it.
pub(crate) const PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/probe"));

/// The registry, for level 0.
pub(crate) const REGISTRY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/registry"));

const SANDBOX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sandbox"));

const REMEDY: &str = "free some memory, and check the sysctl vm.memfd_noexec";

/// A path under which this process can run the sandbox's program.
///
/// A sealed memory file: there is nothing on disk to leave behind, and a container that gets hold
/// of the file behind `/proc/1/exe` can't change it (the flaw of CVE-2019-5736).
pub(crate) fn sandbox() -> Result<PathBuf> {
    static FILE: OnceLock<File> = OnceLock::new();
    let file = if let Some(file) = FILE.get() {
        file
    } else {
        let file = memory_file(SANDBOX);
        let file = file.explain("the sandbox's program can't be prepared", REMEDY)?;
        FILE.get_or_init(|| file)
    };
    Ok(path(file))
}

/// Runs the probe on the machine itself.
pub(crate) fn run_probe(args: &[String]) -> Result<i32> {
    let what = "the probe can't be run";
    let file = memory_file(PROBE).explain(what, REMEDY)?;
    let output = duct::cmd(path(&file), args).unchecked().run();
    Ok(output.explain(what, REMEDY)?.status.code().unwrap_or(1))
}

fn path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn memory_file(content: &[u8]) -> std::io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("matryoshka", flags)?);
    file.write_all(content)?;
    fcntl_add_seals(
        &file,
        SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
    )?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use goblin::elf::Elf;
    use goblin::elf::program_header::PT_INTERP;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::probe(PROBE)]
    #[case::registry(REGISTRY)]
    #[case::sandbox(SANDBOX)]
    fn carried_programs_are_static_and_small(#[case] program: &[u8]) {
        let elf = Elf::parse(program).expect("it is an ELF file");
        assert!(elf.program_headers.iter().all(|header| header.p_type != PT_INTERP));
        assert!(elf.libraries.is_empty(), "{:?}", elf.libraries);
        assert!(program.len() <= 2_000_000, "{} bytes", program.len());
    }
}
