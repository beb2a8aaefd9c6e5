//! What the ways that are meant for sharing cost: the same job, from its engine's start to its end.

use std::fs;
use std::time::Instant;

use bench::once::{error_chain, succeeded};
use facts::JOB;
use lab::{Disk, Engine, FileSystem, Generation, Lab, Layer, Level};
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer, Reading, SampleError, Trial};
use miette::{IntoDiagnostic, Result, miette};

use crate::finding::Class;
use crate::trial::FAILED;
use crate::way::{ADDITIONAL, BUILDAH_PROGRAM, CONTAINERD_STORE, PLUGINS, PULL_THROUGH};

/// How a job comes to what an earlier one has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cache {
    /// Not at all.
    None,
    /// Its store is the earlier one's, used by nobody else.
    Store,
    /// Its store is a copy of the earlier one's, which shares its blocks.
    Copy,
    /// A folder beside its store, filled by the earlier one.
    Folder,
    /// A store beside its own, which it only reads.
    Additional,
    /// The registry's neighbour has what the earlier one has fetched.
    Registry,
}

/// One arm.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The way that it is the cost of, if it is that of any.
    pub(crate) way: Option<&'static str>,
    engine: Engine,
    generations: &'static [Generation],
    cache: Cache,
    /// Builds the image; the engine's program is its first argument.
    build: &'static str,
    flags: &'static [&'static str],
    about: &'static str,
}

const BUILD: &str = r#"DOCKER_BUILDKIT=0 "$1" build --quiet --tag job /context"#;

/// With the layers of an archive for a cache, and an archive left where there is none.
const ARCHIVE: &str = r#"if [ -e /cache/job.tar ]
then "$1" load --quiet --input /cache/job.tar && DOCKER_BUILDKIT=0 "$1" build --quiet --cache-from job --tag job /context
else DOCKER_BUILDKIT=0 "$1" build --quiet --tag job /context && "$1" save --output /cache/job.tar redis job
fi"#;

const BUILDX: &str = r#"from=; [ -e /cache/index.json ] && from=--cache-from=type=local,src=/cache
"$1" buildx build --quiet $from --cache-to type=local,dest=/cache,mode=max --load --tag job /context"#;

const BUILDX_ALONE: &str = r#""$1" buildx build --quiet --load --tag job /context"#;

const PODMAN: &str = r#""$1" build --quiet --layers --tag job /context"#;

const BUILDAH: &str = "buildah build --quiet --layers --tag job /context";

const ALL: &[Generation] = &Generation::ALL;
const WITH_BUILDX: &[Generation] = &[Generation::Trixie, Generation::Forky];

pub(crate) const DOCKER_COLD: Row = Row {
    name: "docker-cold",
    way: None,
    engine: Engine::Docker,
    generations: ALL,
    cache: Cache::None,
    build: BUILD,
    flags: &[],
    about: "a Docker with an empty store",
};
pub(crate) const DOCKER_WARM: Row = Row {
    name: "docker-warm",
    cache: Cache::Store,
    about: "the store of an earlier job, used by nobody else",
    ..DOCKER_COLD
};
const BUILDX_COLD: Row = Row {
    name: "docker-buildx-cold",
    generations: WITH_BUILDX,
    build: BUILDX_ALONE,
    flags: &[PLUGINS, CONTAINERD_STORE],
    about: "the same with containerd's store and buildx",
    ..DOCKER_COLD
};
const PODMAN_COLD: Row = Row {
    name: "podman-cold",
    engine: Engine::Podman,
    build: PODMAN,
    about: "a Podman with an empty store",
    ..DOCKER_COLD
};

pub(crate) const ROWS: &[Row] = &[
    DOCKER_COLD,
    DOCKER_WARM,
    Row {
        name: "docker-pull-through",
        way: Some("pull-through"),
        cache: Cache::Registry,
        flags: &[PULL_THROUGH],
        about: "an empty store, and a registry near by that keeps what it has fetched",
        ..DOCKER_COLD
    },
    Row {
        name: "docker-archive",
        way: Some("archive"),
        cache: Cache::Folder,
        build: ARCHIVE,
        about: "an empty store, and an archive of an earlier job's images to load",
        ..DOCKER_COLD
    },
    Row {
        name: "docker-copy",
        way: Some("copy-of-filled"),
        cache: Cache::Copy,
        about: "a copy of a filled store that shares its blocks (reflink)",
        ..DOCKER_COLD
    },
    BUILDX_COLD,
    Row {
        name: "docker-buildx-cache",
        way: Some("buildx-cache"),
        cache: Cache::Folder,
        build: BUILDX,
        about: "an empty store, and buildx with a folder for a cache",
        ..BUILDX_COLD
    },
    PODMAN_COLD,
    Row {
        name: "podman-warm",
        cache: Cache::Store,
        about: "the store of an earlier job, which others use, too",
        ..PODMAN_COLD
    },
    Row {
        name: "podman-additional-store",
        way: Some("additional-store"),
        cache: Cache::Additional,
        flags: &[ADDITIONAL],
        about: "an empty store, and a filled one that it only reads",
        ..PODMAN_COLD
    },
    Row {
        name: "buildah-layers",
        way: Some("buildah-layers"),
        cache: Cache::Store,
        build: BUILDAH,
        flags: &[BUILDAH_PROGRAM],
        about: "Buildah with the store of an earlier job, which others use, too",
        ..PODMAN_COLD
    },
];

/// What a way is held against: the same engine and builder with nothing.
const PRIMARY: &[(&str, &str)] = &[
    ("docker-pull-through", "docker-cold"),
    ("docker-archive", "docker-cold"),
    ("docker-copy", "docker-cold"),
    ("docker-buildx-cache", "docker-buildx-cold"),
    ("podman-additional-store", "podman-cold"),
    ("buildah-layers", "podman-cold"),
];

/// And against the same job with the store of its own of an earlier one.
const BESIDES: &[(&str, &str)] = &[
    ("docker-warm", "docker-cold"),
    ("docker-pull-through", "docker-warm"),
    ("docker-archive", "docker-warm"),
    ("docker-copy", "docker-warm"),
    ("docker-buildx-cold", "docker-cold"),
    ("docker-buildx-cache", "docker-warm"),
    ("podman-warm", "podman-cold"),
    ("podman-additional-store", "podman-warm"),
    ("buildah-layers", "podman-warm"),
    ("podman-cold", "docker-cold"),
    ("podman-warm", "docker-warm"),
];

/// What a quick run measures.
const QUICK: &[&str] = &["docker-cold", "docker-warm", "docker-copy"];

/// The experiment's name, and that of its run's folder.
pub(crate) const NAME: &str = "cache-sharing";

pub(crate) fn experiment(generation: Generation) -> Experiment {
    let rows = ROWS.iter().filter(|row| row.generations.contains(&generation));
    let arms: Vec<Arm> = rows
        .map(|row| Arm {
            name: row.name,
            metric: JOB.name(),
            method: "",
            observer: Observer::Outside,
            level: 1,
            operations: 1,
            detail: !QUICK.contains(&row.name),
            about: row.about,
        })
        .collect();
    let is_there = |name: &str| arms.iter().any(|arm| arm.name == name);
    let mut contrasts = Vec::new();
    for (pairs, primary) in [(PRIMARY, true), (BESIDES, false)] {
        let pairs = pairs.iter().filter(|(above, below)| is_there(above) && is_there(below));
        let about = "how long a job takes this way, in units of the other";
        contrasts
            .extend(pairs.map(|(above, below)| Contrast::between(above, below, primary, about)));
    }
    Experiment {
        name: NAME,
        arms: arms.leak(),
        contrasts: contrasts.leak(),
        parts: &[],
        series: &[],
        blocks: DefaultBlocks::USUAL,
        settled_ms: bench::SETTLED_MS,
    }
}

/// All stores and caches; files take only what is written. Of a kind that can share blocks.
const DISK: Disk = Disk {
    name: "costs",
    filesystem: "xfs",
    make: &["mkfs.xfs", "-q", "-m", "reflink=1"],
    options: "",
    bytes: 3 << 30,
};

/// A job's input: what it installs, and what it is about.
const CONTEXT: &str = r"set -e
mkdir -p /var/tmp/context/deps && cd /var/tmp/context
for n in 1 2 3 4; do head -c 2097152 /dev/urandom > deps/$n; done
echo source > source
printf 'FROM redis\nCOPY deps /deps\nRUN cat /deps/* | sha256sum > /sum\nCOPY source /source\n' > Dockerfile
cat deps/* | sha256sum && cat source";

/// What a job does besides building: a container of its image that says the digest of its input.
const RUN: &str = r#""$1" run --rm --network none --entrypoint sh job -c "cat /sum /source""#;

/// What Podman has of level 0's configuration instead of its image's.
const LIKE_OUTER: &[&str] = &["containers/containers.conf", "containers/storage.conf"];

/// Everything that samples are taken with.
pub(crate) struct Costs<'lab> {
    lab: &'lab Lab,
    disk: FileSystem,
    /// What a job has to print.
    expected: String,
}

/// What one job took.
struct Took {
    wall_ns: u64,
    /// Bytes, in the order of [`MOVES`].
    moved: [u64; 4],
}

impl<'lab> Costs<'lab> {
    pub(crate) fn set_up(lab: &'lab Lab) -> Result<Self> {
        let disk = lab.disk_or_folder(&DISK).map_err(|why| miette!("{why}"))?;
        let expected = lab.level0().output(&["sh", "-c", CONTEXT])?;
        // The engines' own images are not what a job moves.
        for engine in [Engine::Docker, Engine::Podman] {
            let mut nest = lab.nest(&[engine])?;
            nest.deepen_empty(engine)?;
            nest.pop_level()?;
        }
        Ok(Self { lab, disk, expected })
    }

    /// Has an earlier job fill what an arm's jobs share, then takes one as a trial: what it moves
    /// and what lies on disk afterwards, as rows. What fails has no samples.
    pub(crate) fn prepare(
        &self,
        arm: &Arm,
        row: &mut dyn FnMut(Trial) -> Result<()>,
    ) -> Result<bool> {
        let Some(way) = ROWS.iter().find(|row| row.name == arm.name) else {
            return Ok(false);
        };
        let mut told = |step: &str, outcome: &str, reason: String, bytes| {
            row(Trial {
                table: MOVED.to_owned(),
                subject: way.name.to_owned(),
                step: step.to_owned(),
                outcome: outcome.to_owned(),
                reason,
                bytes,
                ..Trial::default()
            })
        };
        if let (Cache::Copy, Err(why)) = (way.cache, self.shares_blocks()) {
            told("job", Class::NotWithoutRoot.into(), why, None)?;
            return Ok(false);
        }
        let filled = match way.cache {
            Cache::None => Ok(()),
            _ => self.job(way, true).map(drop),
        };
        let took = match filled.and_then(|()| self.job(way, false)) {
            Ok(took) => took,
            Err(report) => {
                told("job", FAILED, error_chain(&report), None)?;
                return Ok(false);
            }
        };
        let Took { moved, .. } = took;
        for (step, bytes) in MOVES.iter().zip(moved) {
            told(step, "ok", String::new(), Some(bytes))?;
        }
        Ok(true)
    }

    /// Whether two files can share blocks, which a user's own storage need not be able to; if not, the
    /// words of what refused.
    fn shares_blocks(&self) -> Result<(), String> {
        let script = "cd $1 && echo shared > one && cp --reflink=always one two && rm one two";
        let argv = ["sh", "-c", script, "sh", self.disk.folder()];
        succeeded(self.lab.level0().run(&argv)).map(drop)
    }

    /// One sample.
    pub(crate) fn take(&self, arm: &Arm) -> Result<Reading, SampleError> {
        let row = ROWS.iter().find(|row| row.name == arm.name);
        let row = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        let mishap = |report| bench::sample_error(self.lab.agent_error(error_chain(&report)));
        let took = self.job(row, false).map_err(mishap)?;
        Ok(Reading { wall_ns: took.wall_ns, ..Reading::default() })
    }

    /// A job, from the start of its engine to the end of its container. The first one fills what
    /// later ones find.
    fn job(&self, row: &Row, is_first: bool) -> Result<Took> {
        let level = self.lab.level0();
        let (own, shared) =
            (format!("{}/own", self.disk.folder()), format!("{}/{}", self.disk.folder(), row.name));
        let fills = is_first && matches!(row.cache, Cache::Copy | Cache::Additional);
        let store = if fills || row.cache == Cache::Store { &shared } else { &own };
        level.output(&["mkdir", "-p", store, &shared])?;
        let mut nest = self.lab.nest(&[row.engine])?;
        let layer = row.layer(store, &shared, fills);
        let sent = self.lab.registry_sent_bytes()?;

        let began = Instant::now();
        if row.cache == Cache::Copy && !is_first {
            level.output(&["cp", "-a", "--reflink=always", &format!("{shared}/."), store])?;
        }
        nest.deepen_empty(layer)?;
        let script = format!("{{ {}; }} > /dev/null && {RUN}", row.build);
        let argv = ["sh", "-c", &script, "sh", row.engine.program()];
        let said = succeeded(nest.innermost().run(&argv));
        let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);

        let network = received(nest.innermost());
        let upstream = self.lab.registry_sent_bytes()?.saturating_sub(sent);
        let bytes = |folder: &str| {
            let folder = level.root().and_then(|root| root.folder(folder));
            let bytes = folder.and_then(|folder| bench::disk::bytes(&folder, &[]));
            bytes.into_diagnostic()
        };
        let disk = bytes(store);
        let beside = if *store == shared { Ok(0) } else { bytes(&shared) };
        nest.pop_level()?;
        level.output(&["rm", "-rf", &own])?;
        let said = said.map_err(|why| miette!("{why}"))?;
        if said != self.expected {
            let expected = &self.expected;
            return Err(miette!("it printed `{said}` instead of `{expected}`"));
        }
        Ok(Took { wall_ns, moved: [network?, upstream, disk?, beside?] })
    }
}

impl Row {
    /// The same job with an empty store; `None` of one that has no other.
    pub(crate) fn cold(&self) -> Option<&'static str> {
        self.held_against(Cache::None)
    }

    /// The same job with the store of an earlier one that nobody else uses.
    pub(crate) fn warm(&self) -> Option<&'static str> {
        self.held_against(Cache::Store)
    }

    /// The arm with this cache and engine that it is held against, of several the primary one.
    fn held_against(&self, cache: Cache) -> Option<&'static str> {
        let is_it = |row: &&Row| row.cache == cache && row.engine == self.engine;
        let same: Vec<&str> = ROWS.iter().filter(is_it).map(|row| row.name).collect();
        let mut pairs = PRIMARY.iter().chain(BESIDES);
        let (_, below) =
            pairs.find(|(above, below)| *above == self.name && same.contains(below))?;
        Some(below)
    }

    /// The container of a job's engine.
    fn layer(&self, store: &str, shared: &str, fills: bool) -> Layer {
        let at = match self.engine {
            Engine::Docker => "/var/lib/docker",
            Engine::Podman => "/var/lib/containers",
        };
        let mut mounts = vec![
            "--volume=/var/tmp/context:/context:ro".to_owned(),
            format!("--volume={store}:{at}"),
        ];
        let mut flags = self.flags.to_vec();
        let mut like_outer = LIKE_OUTER;
        match self.cache {
            Cache::Folder => mounts.push(format!("--volume={shared}:/cache")),
            Cache::Additional if fills => flags.clear(),
            Cache::Additional => {
                mounts.push(format!("--volume={shared}:/srv/store:ro"));
                like_outer = &LIKE_OUTER[..1];
            }
            Cache::None | Cache::Store | Cache::Copy | Cache::Registry => {}
        }
        flags.extend(mounts.into_iter().map(|mount| &*mount.leak()));
        let layer = Layer::own(self.engine).with(flags.leak());
        match self.engine {
            Engine::Docker => layer,
            Engine::Podman => layer.like_outer(like_outer),
        }
    }
}

/// What has come into a container from its network (`proc_pid_net(5)`).
fn received(level: &Level) -> Result<u64> {
    let process = level.process_directory().into_diagnostic()?;
    let table = fs::read_to_string(process.join("net/dev")).into_diagnostic()?;
    let devices = table.lines().filter_map(|line| line.split_once(':'));
    let others = devices.filter(|(device, _)| device.trim().starts_with("eth"));
    let bytes =
        others.filter_map(|(_, counts)| counts.split_whitespace().next()?.parse::<u64>().ok());
    Ok(bytes.sum())
}

/// Its rows in `trials.csv`: what a job moves and leaves.
pub(crate) const MOVED: &str = "moved";

/// Their steps: into the job's container; out of the lab's registry; afterwards in its store; in what
/// it shares.
pub(crate) const MOVES: [&str; 4] = ["network", UPSTREAM, "disk", "shared"];
pub(crate) const UPSTREAM: &str = "upstream";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_there() {
        for generation in Generation::ALL {
            let experiment = experiment(generation);
            let is_there = |name: &str| experiment.arms.iter().any(|arm| arm.name == name);
            for contrast in experiment.contrasts {
                assert!(is_there(contrast.numerator) && is_there(contrast.denominator));
            }
            for (above, below) in PRIMARY.iter().chain(BESIDES) {
                let known = |name: &str| ROWS.iter().any(|row| row.name == name);
                assert!(known(above) && known(below), "{above}/{below}");
            }
        }
    }
}
