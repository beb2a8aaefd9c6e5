//! Layers, and the storage layout that a registry serves them from.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::recipes::Recipe;

/// A content-addressed piece of an image.
#[derive(Clone)]
pub(crate) struct Blob {
    pub(crate) digest: String,
    pub(crate) size: u64,
}

/// The storage layout of docker-registry's `filesystem` driver (distribution,
/// `registry/storage/paths.go`).
pub(crate) struct Storage {
    pub(crate) root: PathBuf,
}

impl Storage {
    fn base(&self) -> PathBuf {
        self.root.join("docker/registry/v2")
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.base().join("repositories").join(name)
    }

    pub(super) fn put_json(&self, value: &impl Serialize) -> io::Result<Blob> {
        self.put(&serde_json::to_vec(value)?)
    }

    /// A blob of these bytes.
    pub(crate) fn put(&self, bytes: &[u8]) -> io::Result<Blob> {
        let mut writer = BlobWriter::new(self)?;
        writer.write_all(bytes)?;
        writer.finish()
    }

    /// Takes a file for a blob, of which it is known that it is one.
    pub(crate) fn adopt(&self, file: &Path, blob: &Blob) -> io::Result<()> {
        let place = place(&self.base(), hex(blob))?;
        fs::rename(file, &place)?;
        fs::set_permissions(place, fs::Permissions::from_mode(0o644))
    }

    pub(super) fn tag(&self, recipe: &Recipe, manifest: &Blob, layers: &[Blob]) -> io::Result<()> {
        let manifests = std::slice::from_ref(manifest);
        self.link(recipe.repository, Some(recipe.tag), manifests, layers)
    }

    /// Says that a repository has these manifests, of which the tag means the last, and these blobs.
    pub(crate) fn link(
        &self,
        repository: &str,
        tag: Option<&str>,
        manifests: &[Blob],
        blobs: &[Blob],
    ) -> io::Result<()> {
        let repository = self.repository(repository);
        let mut links: Vec<(String, &Blob)> = manifests
            .iter()
            .map(|manifest| (format!("_manifests/revisions/sha256/{}", hex(manifest)), manifest))
            .collect();
        if let (Some(tag), Some(manifest)) = (tag, manifests.last()) {
            let tags = format!("_manifests/tags/{tag}");
            links.push((format!("{tags}/current"), manifest));
            links.push((format!("{tags}/index/sha256/{}", hex(manifest)), manifest));
        }
        links.extend(blobs.iter().map(|blob| (format!("_layers/sha256/{}", hex(blob)), blob)));
        for (dir, blob) in links {
            let dir = repository.join(dir);
            fs::create_dir_all(&dir)?;
            fs::write(dir.join("link"), &blob.digest)?;
        }
        Ok(())
    }

    /// The digest that a tag means, if the repository has it.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        let link = format!("_manifests/tags/{tag}/current/link");
        fs::read_to_string(self.repository(repository).join(link)).ok()
    }
}

/// A blob's digest without its algorithm.
fn hex(blob: &Blob) -> &str {
    blob.digest.trim_start_matches("sha256:")
}

/// Where a blob is, its folder made.
fn place(base: &Path, hex: &str) -> io::Result<PathBuf> {
    let dir = base.join("blobs/sha256").join(&hex[..2]).join(hex);
    fs::create_dir_all(&dir)?;
    Ok(dir.join("data"))
}

/// A blob while it is written; its name is known when it is complete.
struct BlobWriter {
    base: PathBuf,
    file: tempfile::NamedTempFile,
    hasher: Sha256,
    size: u64,
}

impl BlobWriter {
    fn new(storage: &Storage) -> io::Result<Self> {
        Ok(Self {
            base: storage.base(),
            file: tempfile::NamedTempFile::new_in(&storage.root)?,
            hasher: Sha256::new(),
            size: 0,
        })
    }

    fn finish(self) -> io::Result<Blob> {
        let hex = base16ct::lower::encode_string(&self.hasher.finalize());
        let file = self.file.persist(place(&self.base, &hex)?)?;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        Ok(Blob { digest: format!("sha256:{hex}"), size: self.size })
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A layer while it is written. The same files give the same bytes: no times, owners or chance.
pub(super) struct Layer {
    archive: tar::Builder<io::BufWriter<BlobWriter>>,
    /// Directories that have their entry. One without would be made by whoever unpacks the layer,
    /// and Docker before 23 makes such a one for root only.
    directories: BTreeSet<PathBuf>,
    recipe: &'static Recipe,
}

impl Layer {
    /// One of this recipe's image, which says what does not belong to root.
    pub(super) fn new(storage: &Storage, recipe: &'static Recipe) -> io::Result<Self> {
        let writer = io::BufWriter::with_capacity(1 << 20, BlobWriter::new(storage)?);
        Ok(Self { archive: tar::Builder::new(writer), directories: BTreeSet::new(), recipe })
    }

    fn header(&self, path: &str, kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        let mut homes = self.recipe.homes.iter();
        if let Some((_, id)) = homes.find(|(home, _)| Path::new(path).starts_with(home)) {
            header.set_uid((*id).into());
            header.set_gid((*id).into());
        }
        header
    }

    pub(super) fn directory(&mut self, path: &str) -> io::Result<()> {
        if !self.directories.insert(path.into()) {
            return Ok(());
        }
        self.parents(path)?;
        let mode = if path.ends_with("tmp") { 0o1777 } else { 0o755 };
        let mut header = self.header(path, tar::EntryType::Directory, mode, 0);
        self.archive.append_data(&mut header, format!("{path}/"), io::empty())
    }

    /// The directories that a path is in, outermost first.
    fn parents(&mut self, path: &str) -> io::Result<()> {
        match path.rsplit_once('/') {
            Some((parent, _)) => self.directory(parent),
            None => Ok(()),
        }
    }

    pub(super) fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        self.parents(path)?;
        let mut header = self.header(path, tar::EntryType::Symlink, 0o777, 0);
        self.archive.append_link(&mut header, path, target)
    }

    pub(super) fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        self.parents(path)?;
        let mut header = self.header(path, tar::EntryType::Regular, mode, content.len() as u64);
        self.archive.append_data(&mut header, path, content)
    }

    pub(super) fn program(&mut self, path: &str, source: &Path) -> io::Result<()> {
        if let Ok(target) = fs::read_link(source) {
            return self.link(path, &target.to_string_lossy());
        }
        self.parents(path)?;
        let file = File::open(source)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", source.display())))?;
        let meta = file.metadata()?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions());
        let mut capabilities = self.recipe.capabilities.iter();
        let mode = match capabilities.find(|(program, _)| *program == path) {
            Some((_, capability)) => {
                let attribute = file_capability(*capability);
                let key = "SCHILY.xattr.security.capability";
                self.archive.append_pax_extensions([(key, attribute.as_slice())])?;
                mode & 0o777
            }
            None => mode & 0o7777,
        };
        let mut header = self.header(path, tar::EntryType::Regular, mode, meta.len());
        self.archive.append_data(&mut header, path, file)
    }

    pub(super) fn finish(self) -> io::Result<Blob> {
        let writer = self.archive.into_inner()?;
        writer.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
    }
}

/// The attribute of a program that has this one capability, permitted and in effect, whoever runs it
/// (`struct vfs_cap_data` of revision 2, `capabilities(7)`).
fn file_capability(number: u32) -> Vec<u8> {
    const REVISION_2: u32 = 0x0200_0000;
    const EFFECTIVE: u32 = 1;
    let permitted = 1_u64 << number;
    let halves = [permitted & 0xffff_ffff, permitted >> 32];
    let mut bytes = (REVISION_2 | EFFECTIVE).to_le_bytes().to_vec();
    for half in halves {
        bytes.extend(&half.to_le_bytes()[..4]);
        // Inheritable: none.
        bytes.extend([0; 4]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_written_as_the_kernel_reads_it() {
        // As `setcap cap_setuid=ep` writes it.
        let low = [1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(file_capability(7), low);
        // CAP_BPF: of the second half.
        let high = [1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(file_capability(39), high);
    }
}
