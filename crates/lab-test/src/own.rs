//! A machine with Docker and Podman of its own, for tests of what is measured on those: a lab of kind
//! `root`, whose inside knows nothing of labs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lab::{Engine, Kind, Lab, Options, Output};
use miette::{IntoDiagnostic, Result};
use tempfile::TempDir;

use crate::{ensure, options};

/// Whoever does something there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The machine's root.
    Root,
    /// An ordinary user, who has a Podman without root, and may not use Docker's socket.
    User,
    /// The same as a member of the socket's group.
    Member,
}

/// Makes the user, and a way out, which leads nowhere: a machine has one, and Podman's networks of users
/// copy it.
const USER: &str = r"
set -e
ip link add up0 type veth peer name up1
ip link set up0 up
ip link set up1 up
ip address add 192.0.2.2/24 dev up0
ip route add default via 192.0.2.1 dev up0
echo 'me:x:1000:1000::/home/me:/bin/sh' >> /etc/passwd
echo 'me:x:1000:' >> /etc/group
echo me:100000:65536 > /etc/subuid
echo me:100000:65536 > /etc/subgid
mkdir -p /home/me /run/user/1000
chown 1000:1000 /home/me /run/user/1000
";

/// Everything that the engines have: with what is running, but for how long.
const LISTS: &str = r"
export LC_ALL=C
docker=$1
for engine in $docker podman; do
    echo $engine
    $engine ps --all --no-trunc --format '{{.ID}} {{.Image}} {{.Names}} {{.State}}' | sort
    $engine images --all --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}} {{.Digest}}' | sort
    $engine network ls --no-trunc --format '{{.ID}} {{.Name}} {{.Driver}}' | sort
    $engine volume ls --format '{{.Name}} {{.Driver}}' | sort
    $engine system df
done
";

/// The machine. It ends with this value.
pub struct OwnEngines {
    lab: Lab,
    place: TempDir,
}

impl OwnEngines {
    /// One whose root and user can run these programs, which are in its [folder](Self::place) there; made
    /// in this one.
    pub fn start(folder: &str, programs: &[&str]) -> Result<Self> {
        let place = tempfile::tempdir_in(folder).into_diagnostic()?;
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(place.path(), open).into_diagnostic()?;
        for program in programs {
            let name = Path::new(program).file_name().unwrap_or_default();
            fs::copy(program, place.path().join(name)).into_diagnostic()?;
        }
        let share = Some(place.path().canonicalize().into_diagnostic()?);
        let lab = Lab::start(&Options { sandbox: Kind::Root, share, ..options()? })?;
        lab.engine(Engine::Docker)?;
        let machine = Self { lab, place };
        machine.good(Who::Root, USER)?;
        Ok(machine)
    }

    /// The one folder of it that the test sees, too.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        self.place.path().to_owned()
    }

    /// A script there, in a folder of whoever runs it.
    pub fn run(&self, who: Who, script: &str) -> Result<Output> {
        let place = self.place.path().display();
        let common = format!("export PLACE={place}; {script}");
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let mut line: Vec<&str> = Vec::new();
        if who != Who::Root {
            line.extend(["setpriv", "--reuid=1000", "--regid=1000", "--inh-caps=-all"]);
        }
        let group = format!("--groups={}", self.group()?);
        line.extend(match who {
            Who::Root => None,
            Who::User => Some("--clear-groups"),
            Who::Member => Some(&*group),
        });
        let patience = format!("MATRYOSHKA_PATIENCE={}", lab::patience()?);
        line.extend(["env", "-i", path, "LANG=C.UTF-8", &patience]);
        line.extend(match who {
            Who::Root => &["HOME=/root", "USER=root", "DOCKER_TMPDIR=/tmp/docker"][..],
            _ => &["HOME=/home/me", "USER=me", "XDG_RUNTIME_DIR=/run/user/1000"],
        });
        line.extend(["sh", "-c", &common]);
        self.lab.level0().run(&line)
    }

    /// The same, which has to succeed: what it printed.
    pub fn good(&self, who: Who, script: &str) -> Result<String> {
        let output = self.run(who, script)?;
        ensure!(output.success(), "{script}: {} {} {}", output.code, output.stdout, output.stderr);
        Ok(output.stdout)
    }

    /// Runs a program there on the machine's engines, in a block of these arms, and proves that it leaves
    /// them as they were; its manifest.
    pub fn verify(&self, who: Who, program: &str, flags: &str) -> Result<serde_json::Value> {
        let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
        let before = self.lists(who)?;
        let line = format!("$PLACE/{name} --engines host --verify --out ~/{name} {flags}");
        let output = self.run(who, &line)?;
        ensure!(output.success(), "{} {} {}", output.code, output.stdout, output.stderr);
        let after = self.lists(who)?;
        ensure!(after == before, "before:\n{before}\nafter:\n{after}\n{}", output.stderr);
        let manifest = self.good(who, &format!("cat ~/{name}/manifest.json"))?;
        let manifest: serde_json::Value = serde_json::from_str(&manifest).into_diagnostic()?;
        ensure!(manifest["sessions"][0]["engines"] == "host", "{manifest}");
        Ok(manifest)
    }

    /// Everything that the engines have which this one may use, as lines that can be compared.
    pub fn lists(&self, who: Who) -> Result<String> {
        let docker = if who == Who::User { "" } else { "docker" };
        self.good(who, &format!("set -e; set -- {docker:?}; {LISTS}"))
    }

    /// The group of Docker's socket.
    fn group(&self) -> Result<String> {
        let stat = ["stat", "--format=%g", "/var/run/docker.sock"];
        Ok(self.lab.level0().output(&stat)?.trim().to_owned())
    }
}
