//! Bind mounts in all their spellings, and volumes that are bind mounts.

use std::path::Path;

use crate::host;
use crate::json::Json;
use crate::keys::{Keys, listed, object};
use crate::names;
use crate::policy::Policy;
use crate::rule::{Refusal, Rule, quoted};

/// `HostConfig.Binds`: `[SOURCE:]TARGET[:MODE]`, where a source with a slash in front is a path of
/// the host (moby `daemon/volume/mounts/linux_parser.go`, `ParseMountRaw`).
pub(crate) fn binds(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for bind in value.list(key)? {
        let bind = bind.text(key)?;
        let mut parts = bind.split(':');
        let (Some(first), Some(_)) = (parts.next(), parts.next()) else {
            continue; // A target alone is a new volume.
        };
        source(policy, first)?;
        for mode in parts.flat_map(|modes| modes.split(',')) {
            propagation(mode)?;
        }
    }
    Ok(())
}

/// A mount (moby `api/types/mount/mount.go`); type and source are judged together.
const MOUNT: Keys = Keys {
    free: "Type Source Target ReadOnly Consistency ImageOptions TmpfsOptions",
    judged: &[("BindOptions", bind_options), ("VolumeOptions", volume_options)],
};

const BIND_OPTIONS: Keys = Keys {
    free: "NonRecursive CreateMountpoint ReadOnlyNonRecursive ReadOnlyForceRecursive",
    judged: &[("Propagation", bind_propagation)],
};

const VOLUME_OPTIONS: Keys =
    Keys { free: "NoCopy Labels Subpath", judged: &[("DriverConfig", driver_config)] };

const DRIVER_CONFIG: Keys = Keys { free: "", judged: &[("Name", driver), ("Options", options)] };

/// A path of the host, or a volume's name.
fn source(policy: &Policy, source: &str) -> Result<(), Refusal> {
    if source.starts_with('/') {
        host::may_mount(policy, Path::new(source))
    } else if names::plain(source) {
        Ok(())
    } else {
        let what = format!("{} is no path of the host and no name", quoted(source));
        Err(Refusal::new(Rule::BindRoots, what))
    }
}

fn propagation(mode: &str) -> Result<(), Refusal> {
    if matches!(mode, "shared" | "rshared") {
        Err(Refusal::new(Rule::BindPropagation, mode))
    } else {
        Ok(())
    }
}

/// `HostConfig.Mounts`.
pub(crate) fn mounts(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for mount in value.list(key)? {
        object(policy, &[&MOUNT], key, mount)?;
        let field = |name: &str| {
            let found = mount.map(key)?.iter().find(|(key, _)| key == name);
            found
                .map_or(Ok(""), |(key, value)| match value {
                    Json::Null => Ok(""),
                    value => value.text(key),
                })
                .map(ToOwned::to_owned)
        };
        let from = field("Source")?;
        match field("Type")?.as_str() {
            "bind" => host::may_mount(policy, Path::new(&from))?,
            "volume" if !from.is_empty() => source(policy, &from)?,
            "volume" | "tmpfs" | "image" => {}
            other => return Err(Refusal::new(Rule::MountType, quoted(other))),
        }
    }
    Ok(())
}

fn bind_options(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&BIND_OPTIONS], what, value)
}

fn bind_propagation(_: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    propagation(value.text(key)?)
}

fn volume_options(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&VOLUME_OPTIONS], what, value)
}

fn driver_config(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&DRIVER_CONFIG], what, value)
}

/// A volume's driver.
pub(crate) fn driver(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    listed(Rule::VolumeDriver, &policy.volume_drivers, value, key)
}

/// Options of a volume, which for the local driver are those of mount(8): a bind of a path, a disk
/// (`type=ext4,device=/dev/sda1`), a layer over the host (`type=overlay,o=lowerdir=/`) and the
/// like. Only plain binds and the listed types are known.
pub(crate) fn options(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    let (mut kind, mut device, mut flags) = ("", "", "");
    for (name, value) in value.map(key)? {
        let value = match value {
            Json::Null => "",
            value => value.text(name)?,
        };
        match name.as_str() {
            "type" => kind = value,
            "device" => device = value,
            "o" => flags = value,
            "size" => {}
            _ => return Err(Refusal::new(Rule::VolumeOptions, quoted(name))),
        }
    }
    if (kind, device, flags) == ("", "", "") {
        return Ok(());
    }
    let mut flags = flags.split(',').filter(|flag| !flag.is_empty());
    if policy.volume_types.iter().any(|known| known == kind) {
        let moving = |f: &&str| matches!(*f, "bind" | "rbind" | "move" | "remount");
        return match flags.find(|flag| moving(flag) || propagation(flag).is_err()) {
            Some(flag) => Err(Refusal::new(Rule::VolumeOptions, quoted(flag))),
            None => Ok(()),
        };
    }
    let known = ["bind", "rbind", "ro", "rw", "nosuid", "nodev", "noexec"];
    let mut binds = false;
    for flag in flags {
        if !known.contains(&flag) {
            return Err(Refusal::new(Rule::VolumeOptions, quoted(flag)));
        }
        binds |= matches!(flag, "bind" | "rbind");
    }
    if binds && matches!(kind, "" | "none" | "bind") {
        host::may_mount(policy, Path::new(device))
    } else {
        let what = format!("type {} with device {}", quoted(kind), quoted(device));
        Err(Refusal::new(Rule::VolumeOptions, what))
    }
}
