//! Images of the machine's own engines: those that are there are used as they are; others are pulled by
//! the engine and removed afterwards.

use std::sync::PoisonError;
use std::time::Duration;

use miette::Result;
use sandbox::PULLED;
use serde::Serialize;
use serde_json::Value;

use super::{Lack, Machine, title};
use crate::engine::Engine;
use crate::engines::Engines;
use crate::error::{Explain, failure};
use crate::level::{Level, PROBE, TOOLS};
use crate::nest::Layer;
use crate::zero::COMMAND_DEADLINE;

/// How long one image may take to be pulled.
const PULL_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// An image that a run uses at level 0.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Image {
    engine: Engine,
    name: String,
    id: String,
    /// Under which digests registries have it.
    digests: Vec<String>,
    /// Whether the run has pulled it; else it was there.
    pulled: bool,
}

/// What these chains take of the engines at level 0: theirs, and those that their containers are given.
pub(super) fn needed(chains: &[&[Layer]]) -> Vec<(Engine, &'static str)> {
    let mut needed = Vec::new();
    for chain in chains {
        let images = chain.iter().skip(1).map(|layer| layer.carrier());
        for image in ["alpine"].into_iter().chain(images) {
            if !needed.contains(&(chain[0].engine, image)) {
                needed.push((chain[0].engine, image));
            }
        }
    }
    needed
}

/// The name with its registry, so that Podman need not ask which one is meant.
fn whole(image: &str) -> String {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
        None => format!("docker.io/library/{image}"),
    }
}

/// An image's number, as all engines write it.
fn bare(id: &str) -> &str {
    let id = id.trim();
    id.strip_prefix("sha256:").unwrap_or(id)
}

impl Machine {
    pub(super) fn has_image(&self, engine: Engine, image: &str) -> bool {
        let inspect = [engine.program(), "image", "inspect", "--format", "{{.Id}}", image];
        self.level0().run(&inspect).is_ok_and(|output| output.success())
    }

    /// Pulls images that are not there. A volume with the run's label stands for each from before it is
    /// there: an image can be given no label.
    pub(super) fn pull(&self, absent: &[(Engine, &str)]) -> Result<()> {
        let level = self.level0();
        for (number, (engine, image)) in absent.iter().enumerate() {
            let (program, name) = (engine.program(), self.name(&format!("pulled-{number}")));
            let pulled = match engine {
                Engine::Docker => (*image).to_owned(),
                Engine::Podman => whole(image),
            };
            let mark = format!("--label={PULLED}={pulled}");
            let mut volume = vec![program, "volume", "create", &mark];
            volume.extend(self.labels.iter().map(String::as_str));
            volume.push(&name);
            let ids = [program, "images", "--all", "--quiet", "--no-trunc"];
            let there = level.output(&ids)?;
            level.output(&volume)?;
            let line = [program, "pull", "--quiet", &pulled];
            let command = self.command(&line)?.stdin_null();
            let what = || format!("{} can't pull {image}", title(*engine));
            let output = self.zero().finish(&command, what, PULL_DEADLINE)?;
            if !output.success() {
                let lack = Lack {
                    what: format!("the machine's {} has no image {image}", title(*engine)),
                    why: format!("it is not there, and can't be pulled: {}", output.stderr.trim()),
                    remedy: format!(
                        "pull or load it ({program} pull {image}), or leave out what needs it: --arms"
                    ),
                };
                return Err(lack.report());
            }
            let id =
                level.output(&[program, "image", "inspect", "--format", "{{.Id}}", &pulled])?;
            let is_same = |other: &str| bare(other) == bare(&id);
            if there.split_whitespace().any(is_same) {
                // Engines remove an image with its last name: nothing stands for it any more.
                level.output(&[program, "volume", "rm", &name])?;
                program::note!(
                    "{}: {image} was there without that name; it keeps image and name",
                    title(*engine)
                );
            }
        }
        Ok(())
    }

    /// Which images these are, for the record.
    pub(super) fn note_images(
        &self,
        needed: &[(Engine, &str)],
        absent: &[(Engine, &str)],
    ) -> Result<()> {
        let mut noted = Vec::new();
        for (engine, image) in needed {
            let argv = [engine.program(), "image", "inspect", "--format", "{{json .}}", image];
            let said = self.level0().output(&argv)?;
            let said: Value = serde_json::from_str(&said)
                .explain(format!("the image {image} can't be described"), "report this as a bug")?;
            let digests = said["RepoDigests"].as_array().into_iter().flatten();
            noted.push(Image {
                engine: *engine,
                name: (*image).to_owned(),
                id: said["Id"].as_str().unwrap_or_default().to_owned(),
                digests: digests.filter_map(Value::as_str).map(str::to_owned).collect(),
                pulled: absent.contains(&(*engine, *image)),
            });
        }
        *self.images.lock().unwrap_or_else(PoisonError::into_inner) = noted;
        Ok(())
    }

    /// Gives a level's engine an image that the one at level 0 has.
    pub(crate) fn provide(&self, level: &Level, engine: Engine, image: &str) -> Result<()> {
        let inspect = [engine.program(), "image", "inspect", "--format", "{{.Id}}", image];
        if level.run(&inspect)?.success() {
            return Ok(());
        }
        let outermost = level.outermost().unwrap_or(engine);
        let save = self.command(&[outermost.program(), "save", image])?;
        let load = level.piped(&[engine.program(), "load"]);
        let both = save.stdin_null().pipe(self.command(&load)?).unchecked();
        let what = || format!("{image} can't be given to the engine at level {}", level.depth());
        let output = self.zero().finish(&both, what, COMMAND_DEADLINE)?;
        // A name is not always what an archive is loaded under: it is seen whether it is there.
        if output.success() && level.run(&inspect)?.success() {
            return Ok(());
        }
        let why = format!("{}{}", output.stdout.trim(), output.stderr.trim());
        Err(failure(what(), why, "see that the machine's own image can be saved and loaded"))
    }

    /// Runs one container that sees the probe in a folder of this machine, and where that can't be, one
    /// that has got a copy.
    pub(super) fn try_out(&self, engine: Engine) -> Result<()> {
        let is_elsewhere = self.found.of(engine).is_ok_and(super::found::Own::is_elsewhere);
        let level = self.level0();
        if !is_elsewhere {
            let name = self.name(&format!("mounted-{engine}"));
            let mount = format!("type=bind,source={},target={TOOLS},readonly", self.tools());
            let mut argv =
                vec![engine.program(), "run", "--rm", "--name", &name, "--mount", &mount];
            argv.extend(self.labels.iter().map(String::as_str));
            argv.extend(["alpine", PROBE, "nothing"]);
            if level.run(&argv)?.success() {
                return Ok(());
            }
        }
        self.copied.lock().unwrap_or_else(PoisonError::into_inner).insert(engine);
        let name = self.name(&format!("copied-{engine}"));
        let mut argv = vec![engine.program(), "run", "--detach", "--name", &name];
        argv.extend(self.labels.iter().map(String::as_str));
        argv.extend(["alpine", PROBE, "nothing"]);
        let tried = self.start_with_probe(&level, engine, &name, &argv, true);
        let _ = level.remove(engine, &name);
        tried.map_err(|report| {
            let why: Vec<String> = report.chain().map(ToString::to_string).collect();
            let lack = Lack {
                what: format!("the machine's {} starts no container", title(engine)),
                why: why.join(": "),
                remedy: format!("see what `{engine} run --rm alpine true` says"),
            };
            lack.report()
        })
    }

    /// What `run --detach` does, with the probe copied into the container before it starts; where it is to
    /// end by itself, until it has.
    pub(crate) fn start_with_probe(
        &self,
        level: &Level,
        engine: Engine,
        container: &str,
        argv: &[&str],
        ends: bool,
    ) -> Result<()> {
        let flags = argv.get(3..).unwrap_or_default();
        level.output(&[&[engine.program(), "create"], flags].concat())?;
        let what = || format!("the probe can't be copied into {container}");
        let archive = archive().explain(what(), "report this as a bug")?;
        let to = format!("{container}:/");
        let copy = self.command(&[engine.program(), "cp", "-", &to])?.stdin_bytes(archive);
        let output = self.zero().finish(&copy, what, COMMAND_DEADLINE)?;
        level.succeeded(&[engine.program(), "cp", "-", &to], output)?;
        let attach = ends.then_some("--attach");
        let start: Vec<&str> = [engine.program(), "start"].into_iter().chain(attach).collect();
        level.output(&[&start[..], &[container]].concat()).map(drop)
    }
}

/// The probe, where it is at every level.
fn archive() -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let program = crate::programs::PROBE;
    for (path, kind, content) in [
        ("opt/", tar::EntryType::Directory, &[][..]),
        ("opt/matryoshka/", tar::EntryType::Directory, &[]),
        ("opt/matryoshka/probe", tar::EntryType::Regular, program),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content)?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("alpine", "docker.io/library/alpine")]
    #[case("docker:dind", "docker.io/library/docker:dind")]
    #[case("some/one", "docker.io/some/one")]
    #[case("quay.io/podman/stable", "quay.io/podman/stable")]
    #[case("localhost/mine", "localhost/mine")]
    fn a_name_gets_its_registry(#[case] image: &str, #[case] name: &str) {
        assert_eq!(whole(image), name);
    }
}
