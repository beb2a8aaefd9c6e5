//! The workspace's packages, and which of them are experiments.

use cargo_metadata::{Metadata, MetadataCommand, Package};

/// What cargo says of this workspace.
pub(crate) fn workspace() -> Metadata {
    let metadata = MetadataCommand::new().no_deps().exec();
    metadata.expect("cargo metadata")
}

/// Whether a package lies below `experiments/`.
pub(crate) fn is_experiment(package: &Package) -> bool {
    let folder = package.manifest_path.parent().and_then(|folder| folder.parent());
    folder.is_some_and(|folder| folder.ends_with("experiments"))
}
