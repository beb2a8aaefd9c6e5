//! The controlled workload: SHA-256 over input that is generated in memory.

use std::io::{self, Read, Write};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MEBIBYTE: usize = 1 << 20;

/// How long the hashing took, by the workload's own clock, and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// Monotonic time of hashing alone, in ns.
    pub wall_ns: u64,
    /// CPU time of this process while hashing, user and system, in ns.
    pub cpu_ns: u64,
    /// The digest in hexadecimal; the same at every level, or the sample is void.
    pub digest: String,
}

/// Hashes `mebibytes` MiB.
///
/// The input is one generated mebibyte, made before the clock starts, hashed again and again with
/// the running number in its first four bytes: as much work as that many bytes of a file, without
/// reading or holding them.
#[must_use]
pub fn hash(mebibytes: u32) -> Hashed {
    let mut chunk = generate();
    let mut hasher = Sha256::new();
    let (wall, cpu) = (now_ns(ClockId::Monotonic), now_ns(ClockId::ProcessCPUTime));
    for number in 0..mebibytes {
        chunk[..4].copy_from_slice(&number.to_le_bytes());
        hasher.update(&chunk);
    }
    let digest = hasher.finalize();
    let wall_ns = now_ns(ClockId::Monotonic) - wall;
    let cpu_ns = now_ns(ClockId::ProcessCPUTime) - cpu;
    Hashed { wall_ns, cpu_ns, digest: base16ct::lower::encode_string(&digest) }
}

/// Writes the bytes that [`hash`] hashes: input that costs next to nothing to make.
pub fn feed(mebibytes: u32, to: &mut impl Write) -> io::Result<()> {
    let mut chunk = generate();
    for number in 0..mebibytes {
        chunk[..4].copy_from_slice(&number.to_le_bytes());
        to.write_all(&chunk)?;
    }
    to.flush()
}

/// The digest of everything that can be read, in hexadecimal.
pub fn digest(from: &mut impl Read) -> io::Result<String> {
    // As large as a pipe's buffer: one read takes all that is there.
    let mut chunk = vec![0; 1 << 16];
    let mut hasher = Sha256::new();
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(base16ct::lower::encode_string(&hasher.finalize())),
            Ok(read) => hasher.update(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A mebibyte that does not compress, from the 64-bit xorshift generator (Marsaglia, Journal of
/// Statistical Software 8(14), 2003) with a fixed seed.
fn generate() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = Vec::with_capacity(MEBIBYTE);
    while chunk.len() < MEBIBYTE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.extend_from_slice(&state.to_le_bytes());
    }
    chunk
}

pub(crate) fn now_ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    // Neither clock is ever negative.
    let ns = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    u64::try_from(ns).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_that_of_the_bytes_described() {
        let mut bytes = Vec::new();
        for number in 0..3_u32 {
            let mut chunk = generate();
            chunk[..4].copy_from_slice(&number.to_le_bytes());
            bytes.extend_from_slice(&chunk);
        }
        let expected = base16ct::lower::encode_string(&Sha256::digest(&bytes));
        assert_eq!(hash(3).digest, expected);
        let mut fed = Vec::new();
        feed(3, &mut fed).expect("written");
        assert!(fed == bytes, "what is fed is what is hashed");
        assert_eq!(digest(&mut fed.as_slice()).expect("read"), expected);
        assert_ne!(hash(2).digest, expected);
    }

    #[test]
    fn more_work_takes_more_cpu_time() {
        assert!(hash(8).cpu_ns > hash(1).cpu_ns);
    }
}
