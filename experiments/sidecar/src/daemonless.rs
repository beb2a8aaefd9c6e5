//! What building without a daemon needs: one set-up a pod, each step of its job tried.
//!
//! Each pod has the agent of `k8s/daemonless.yaml` (its `ConfigMap`) and is made of a row of the table,
//! with other privileges, another builder or other settings; what is refused tells what the rest is
//! for. A step after one that failed has no more to go by than its words.

mod manifest;
mod report;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use bench::once::error_chain as said_by;
use lab::{Lab, Level};
use measure::Trial;
use miette::{Result, miette};

use crate::words::{self, DAEMONLESS, Word};
use report::{cause, ended};

/// The manifest whose pod works: its agent is that of every set-up.
const MANIFEST: &str = include_str!("../k8s/daemonless.yaml");

/// Pods at once: as many as small machines have processors.
const AT_ONCE: usize = 2;

/// What builds, out of its published image and with the ordinary user of that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Builder {
    Buildah,
    Podman,
}

/// What a container's processes may be or become.
#[derive(Clone, Copy)]
enum Power {
    /// None of root's but these capabilities.
    Only(&'static [&'static str]),
    /// What a runtime gives where nothing is said.
    Default,
    Privileged,
}

/// What else a pod's manifest says of its security.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// No program may give its process more than that has.
    NoEscalation,
    /// Without the runtime's default filter of system calls.
    NoFilter,
    /// All of `/proc` can be seen and written, which a new mount of it requires.
    WholeProc,
}

use Setting::{NoEscalation, NoFilter, WholeProc};

/// One pod.
#[derive(Clone, Copy)]
struct SetUp {
    subject: &'static str,
    builder: Builder,
    is_root: bool,
    power: Power,
    settings: &'static [Setting],
    devices: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// What differs from the image's containers.conf(5).
    containers_conf: &'static str,
    is_quick: bool,
}

const NATIVE: (&str, &str) = ("CONTAINERS_STORAGE_CONF", "/agent/storage.conf");
const MAPS: &[&str] = &["SETUID", "SETGID"];
const MAPS_AND_CHROOT: &[&str] = &["SETUID", "SETGID", "SYS_CHROOT"];
const ROOT_MAPS: &[&str] = &["SETUID", "SETGID", "SETFCAP", "SYS_CHROOT"];

/// The pod of the manifest.
const BUILDAH: SetUp = SetUp {
    subject: "buildah, ordinary user, SETUID SETGID SYS_CHROOT",
    builder: Builder::Buildah,
    is_root: false,
    power: Power::Only(MAPS_AND_CHROOT),
    settings: &[],
    devices: &[],
    environment: &[NATIVE],
    containers_conf: "",
    is_quick: false,
};

const PODMAN: SetUp = SetUp {
    subject: "podman, ordinary user, SETUID SETGID SYS_CHROOT",
    builder: Builder::Podman,
    ..BUILDAH
};

/// What is tried, in an order in which each is held against the one before.
const SET_UPS: &[SetUp] = &[
    SetUp {
        subject: "buildah, ordinary user, no capability",
        power: Power::Only(&[]),
        settings: &[NoEscalation, NoFilter],
        is_quick: true,
        ..BUILDAH
    },
    SetUp { subject: "buildah, ordinary user, SETUID SETGID", power: Power::Only(MAPS), ..BUILDAH },
    SetUp {
        subject: "buildah, ordinary user, SETUID SETGID, no filter of system calls",
        power: Power::Only(MAPS),
        settings: &[NoFilter],
        ..BUILDAH
    },
    SetUp { is_quick: true, ..BUILDAH },
    SetUp {
        subject: "buildah, ordinary user, SETUID SETGID SYS_CHROOT, no escalation",
        settings: &[NoEscalation],
        ..BUILDAH
    },
    SetUp {
        subject: "buildah, ordinary user, SETUID SETGID SYS_CHROOT, vfs",
        environment: &[("STORAGE_DRIVER", "vfs")],
        ..BUILDAH
    },
    SetUp {
        subject: "buildah, ordinary user, SETUID SETGID SYS_CHROOT, fuse-overlayfs",
        environment: &[],
        ..BUILDAH
    },
    SetUp {
        subject: "buildah, ordinary user, SETUID SETGID SYS_CHROOT, fuse-overlayfs, /dev/fuse",
        environment: &[],
        devices: &["/dev/fuse"],
        ..BUILDAH
    },
    SetUp {
        subject: "buildah, root, no capability",
        is_root: true,
        power: Power::Only(&[]),
        settings: &[NoEscalation, NoFilter],
        ..BUILDAH
    },
    SetUp { subject: "buildah, root, SETUID SETGID SYS_CHROOT", is_root: true, ..BUILDAH },
    SetUp {
        subject: "buildah, root, SETUID SETGID SETFCAP SYS_CHROOT",
        is_root: true,
        power: Power::Only(ROOT_MAPS),
        ..BUILDAH
    },
    SetUp {
        subject: "buildah, root, the runtime's capabilities",
        is_root: true,
        power: Power::Default,
        ..BUILDAH
    },
    SetUp {
        subject: "buildah, ordinary user, SETUID SETGID, no filter of system calls, isolation rootless",
        power: Power::Only(MAPS),
        settings: &[NoFilter],
        environment: &[NATIVE, ("BUILDAH_ISOLATION", "rootless")],
        ..BUILDAH
    },
    SetUp {
        subject: "buildah, ordinary user, SETUID SETGID, no filter of system calls, isolation rootless, whole /proc",
        power: Power::Only(MAPS),
        settings: &[NoFilter, WholeProc],
        environment: &[NATIVE, ("BUILDAH_ISOLATION", "rootless")],
        ..BUILDAH
    },
    SetUp {
        subject: "podman, ordinary user, no capability",
        power: Power::Only(&[]),
        settings: &[NoEscalation, NoFilter],
        ..PODMAN
    },
    PODMAN,
    SetUp {
        subject: "podman, ordinary user, SETUID SETGID SYS_CHROOT, own network",
        containers_conf: "[containers]\nnetns = \"private\"\n",
        ..PODMAN
    },
    SetUp {
        subject: "podman, ordinary user, SETUID SETGID SYS_CHROOT, own network, /dev/net/tun",
        containers_conf: "[containers]\nnetns = \"private\"\n",
        devices: &["/dev/net/tun"],
        ..PODMAN
    },
    SetUp {
        subject: "podman, ordinary user, SETUID SETGID SYS_CHROOT, own /proc",
        containers_conf: "[containers]\nvolumes = []\n",
        ..PODMAN
    },
    SetUp {
        subject: "podman, ordinary user, SETUID SETGID SYS_CHROOT, own /proc, whole /proc",
        containers_conf: "[containers]\nvolumes = []\n",
        settings: &[WholeProc],
        ..PODMAN
    },
    SetUp {
        subject: "podman, ordinary user, SETUID SETGID SYS_CHROOT, own host name",
        containers_conf: "[containers]\nutsns = \"private\"\n",
        ..PODMAN
    },
    SetUp {
        subject: "podman, root, SETUID SETGID SETFCAP SYS_CHROOT",
        is_root: true,
        power: Power::Only(ROOT_MAPS),
        ..PODMAN
    },
    SetUp {
        subject: "podman, root, privileged",
        is_root: true,
        power: Power::Privileged,
        ..PODMAN
    },
];

/// The steps of a job that a row is made of, and their names for readers; what follows only tidies up.
pub(crate) const STEPS: [(&str, [&str; 2]); 3] = [
    ("build", ["build", "construir"]),
    ("run", ["run", "ejecutar"]),
    ("database", ["database", "base de datos"]),
];

/// Tries every set-up in a pod of its own, or those of a quick run: a row each step.
pub(crate) fn tried(
    lab: &Lab,
    is_quick: bool,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    lab.engine(lab::Engine::Podman)?;
    let wanted: Vec<&SetUp> =
        SET_UPS.iter().filter(|set_up| set_up.is_quick || !is_quick).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (says, told) = mpsc::channel();
        for _ in 0..AT_ONCE {
            let says = says.clone();
            let (wanted, next) = (&wanted, &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(set_up) = wanted.get(number) else {
                        break;
                    };
                    let pod = format!("daemonless-{number}");
                    let rows = if measure::interrupted() {
                        Err(miette!("interrupted"))
                    } else {
                        set_up.attempt(&lab.level0(), &pod)
                    };
                    // Nobody listens any more after an error.
                    if says.send((number, rows)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(says);
        // Whichever is done first, they are recorded in the order of the table.
        let mut done = BTreeMap::new();
        let mut due = 0;
        for (number, rows) in told {
            done.insert(number, rows?);
            while let Some(rows) = done.remove(&due) {
                rows.into_iter().try_for_each(&mut *row)?;
                due += 1;
            }
        }
        Ok(())
    })
}

impl SetUp {
    fn attempt(&self, level: &Level, pod: &str) -> Result<Vec<Trial>> {
        let file = format!("/var/tmp/{pod}.yaml");
        let said = self.job(level, pod, &file);
        level.run(&["podman", "kube", "down", "--force", &file])?;
        Ok(self.rows(&said.unwrap_or_else(|report| said_by(&report))))
    }

    /// All that is said of a job, or of why there is none.
    fn job(&self, level: &Level, pod: &str, file: &str) -> Result<String> {
        let play = r#"printf %s "$2" > "$1" && podman kube play --quiet "$1""#;
        level.output(&["sh", "-c", play, "sh", file, &self.manifest(pod)])?;
        // Into one stream where it is written: an engine hands two on in any order.
        let job = "exec sh /agent/agent job text 2>&1";
        let agent = format!("{pod}-agent");
        let said = level.run(&["podman", "exec", &agent, "sh", "-c", job])?;
        Ok(said.stdout + &said.stderr)
    }

    /// What an agent wrote as rows: a step's words come before the line that says how it ended.
    fn rows(&self, said: &str) -> Vec<Trial> {
        let mut rows = Vec::new();
        let mut since = Vec::new();
        for line in said.lines() {
            let Some((step, outcome, wall_ns)) = ended(line) else {
                since.push(line);
                continue;
            };
            let (outcome, reason) = match outcome {
                "works" => (Word::Works, String::new()),
                _ => (Word::Refused, cause(&since)),
            };
            since.clear();
            rows.push(self.row(step, outcome, reason, Some(wall_ns)));
        }
        let told = rows.len();
        for (step, _) in STEPS.iter().skip(told) {
            rows.push(self.row(step, Word::NotSeen, cause(&since), None));
        }
        rows.truncate(STEPS.len());
        rows
    }

    fn row(&self, step: &str, outcome: Word, reason: String, wall_ns: Option<u64>) -> Trial {
        Trial { wall_ns, ..words::row(DAEMONLESS, self.subject, step, outcome, reason) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_set_up_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = SET_UPS.iter().map(|set_up| set_up.subject).collect();
        assert_eq!(names.len(), SET_UPS.len());
    }

    #[test]
    fn every_pattern_builds_the_same() {
        let dockerfile = include_str!("../images/agent/job/Dockerfile");
        let lines = dockerfile.lines().map(|line| format!("    {line}\n"));
        let block = format!("  Dockerfile: |\n{}", lines.collect::<String>());
        assert!(MANIFEST.contains(&block), "{block}");
    }

    #[test]
    fn the_pod_of_the_manifest_is_among_them() {
        let lines = ["runAsUser: 1000", "allowPrivilegeEscalation: true", "drop: [ALL]"];
        let added = format!("add: [{}]", MAPS_AND_CHROOT.join(", "));
        for line in lines.iter().copied().chain([added.as_str()]) {
            assert!(MANIFEST.contains(line), "{line}");
        }
        assert!(!MANIFEST.contains("privileged: true"));
        assert!(SET_UPS.iter().any(|set_up| set_up.subject == BUILDAH.subject));
    }

    #[test]
    fn a_report_is_a_row_a_step() {
        let said = "Error: no\nbuild failed 20\nrun works 40\nbuild works 7 times\ndatabase works 1\nclean works 0\n";
        let rows = BUILDAH.rows(said);
        let seen: Vec<_> =
            rows.iter().map(|row| (&*row.step, &*row.outcome, &*row.reason)).collect();
        let expected =
            [("build", "refused", "Error: no"), ("run", "works", ""), ("database", "works", "")];
        assert_eq!(seen, expected);
        assert_eq!(rows[1].wall_ns, Some(40_000_000));
        let rows = BUILDAH.rows("build works 1\ncontainer has ended\n");
        let last = rows.last().expect("a row");
        assert_eq!(
            (rows.len(), &*last.outcome, &*last.reason),
            (3, "not seen", "container has ended")
        );
    }
}
