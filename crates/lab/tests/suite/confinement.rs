//! What a privileged container of the lab can do to the machine: nothing. Each test tries it, at
//! level 1 and 2 of both engines.
//!
//! `MATRYOSHKA_TEST_SANDBOX=root` runs the same attempts without the user namespace, where several
//! of them succeed: that is how these tests are seen to fail.

use std::io::Write;
use std::net::TcpListener;

use lab::{Engine, Kind, Lab, Level};
use lab_test::{Kept, ensure};
use miette::{IntoDiagnostic, Result};
use rstest::rstest;

use crate::attached::compile;
use crate::shared_lab;

/// An attempt: it gets a command runner in the privileged container.
type Attempt = fn(&Level) -> Result<()>;

const ATTEMPTS: [(&str, Attempt); 10] = [
    ("sees_no_process_of_the_machine", no_foreign_process),
    ("has_no_way_to_the_machines_network", no_way_out),
    ("has_no_socket_to_the_hypervisor", no_vsock),
    ("finds_and_makes_no_block_device", no_block_device),
    ("cannot_change_the_machines_sysctls", no_sysctl),
    ("cannot_change_the_time", no_time),
    ("cannot_load_a_module", no_module),
    ("cannot_change_control_groups_outside_its_own", no_foreign_cgroup),
    ("cannot_see_the_machines_files", no_foreign_file),
    ("cannot_reboot_or_trigger_the_kernel", no_trigger),
];

/// The kind of lab that the attempts are made in.
fn kind() -> Kind {
    let root = std::env::var_os("MATRYOSHKA_TEST_SANDBOX").is_some_and(|kind| kind == "root");
    if root { Kind::Root } else { Kind::here() }
}

/// All attempts in one container, every failure listed: bringing a level up costs more than trying.
#[rstest]
#[case::docker(&[Engine::Docker])]
#[case::dind(&[Engine::Docker, Engine::Docker])]
#[case::podman(&[Engine::Podman])]
#[needs(device("/dev/fuse"))]
#[case::podman_nested(&[Engine::Podman, Engine::Podman])]
#[lab_test::test]
#[needs(lab(crate::confinement::kind()))]
fn privileged_container_is_confined(#[case] chain: &[Engine]) -> Result<()> {
    static TOOL: Kept<()> = Kept::new();
    let lab = shared_lab(kind())?;
    TOOL.get(|| add_vsock_tool(lab))?;
    let nest = lab.nest(chain)?;
    let container = nest.privileged_leaf()?;
    let mut broken = Vec::new();
    for (name, attempt) in ATTEMPTS {
        if let Err(report) = attempt(&container) {
            broken.push(format!("{name}: {report}"));
        }
    }
    ensure!(broken.is_empty(), "\n{}", broken.join("\n"));
    Ok(())
}

fn sh(container: &Level, script: &str) -> Result<lab::Output> {
    container.run(&["sh", "-c", script])
}

fn no_foreign_process(container: &Level) -> Result<()> {
    let mut marker = std::process::Command::new("sleep").arg("86399").spawn().into_diagnostic()?;
    let seen = sh(container, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
    let _ = marker.kill();
    let _ = marker.wait();
    let seen = seen?;
    ensure!(seen.success() && seen.stdout.contains("cat"), "{seen:?}");
    ensure!(!seen.stdout.contains("sleep 86399"), "{seen:?}");
    Ok(())
}

fn no_way_out(container: &Level) -> Result<()> {
    let listener = TcpListener::bind("0.0.0.0:0").into_diagnostic()?;
    listener.set_nonblocking(true).into_diagnostic()?;
    let port = listener.local_addr().into_diagnostic()?.port();
    // The machine's own addresses: lines of /32 host LOCAL in the routing table's dump.
    let table = std::fs::read_to_string("/proc/net/fib_trie").into_diagnostic()?;
    let mut addresses: Vec<&str> = vec!["127.0.0.1"];
    let rows: Vec<&str> = table.lines().collect();
    for pair in rows.windows(2) {
        if pair[1].contains("host LOCAL") {
            addresses.extend(pair[0].rsplit(' ').next());
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    // The same command does reach what is meant to be reached.
    let registry = sh(container, "echo | nc -w 2 10.99.0.1 5000 && echo CONNECTED")?;
    ensure!(registry.stdout.contains("CONNECTED"), "{registry:?}");
    for address in addresses {
        let said = sh(container, &format!("echo | nc -w 2 {address} {port} && echo CONNECTED"))?;
        ensure!(!said.stdout.contains("CONNECTED"), "{address}: {said:?}");
    }
    ensure!(listener.accept().is_err(), "a connection came through");
    Ok(())
}

/// Tries what no shell can: a socket of the family `AF_VSOCK`, `io_uring`, which makes sockets of its
/// own, and the user's keyring.
const VSOCK: &str = r#"
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    char parameters[120] = {0};
    printf("%d ", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    printf("%d ", socket(AF_VSOCK, SOCK_STREAM, 0) < 0 && errno == EAFNOSUPPORT);
    printf("%d ", syscall(SYS_io_uring_setup, 1, parameters) < 0 && errno == ENOSYS);
    errno = 0;
    syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0);
    printf("%d\n", errno == ENOSYS);
    return 0;
}
"#;

/// Builds it into the folder of tools that every level of the lab sees.
fn add_vsock_tool(lab: &Lab) -> Result<()> {
    let labs = lab::status()?.cache.join("labs");
    let tools = labs.join(lab.id()).join("tools");
    compile(VSOCK, &tools.join("vsock"))
}

fn no_vsock(container: &Level) -> Result<()> {
    let said = sh(container, "/opt/matryoshka/vsock")?;
    // Only an ordinary user's lab has a user of the machine's whose keys they could be.
    let keys = i32::from(kind() == Kind::Rootless);
    ensure!(said.stdout == format!("1 1 1 {keys}\n"), "{said:?}");
    Ok(())
}

fn no_block_device(container: &Level) -> Result<()> {
    let found = sh(container, "find /dev -type b")?;
    ensure!(found.stdout.is_empty(), "{found:?}");
    // Every device that the kernel lists: its node can't be made, here or in any directory.
    let made = sh(
        container,
        "for d in /sys/class/block/*; do n=$(cat $d/dev | tr ':' ' '); \
         mknod /tmp/node b $n && head -c 1 /tmp/node >/dev/null && echo READ $d; rm -f /tmp/node; done",
    )?;
    ensure!(!made.stdout.contains("READ"), "{made:?}");
    let made = sh(container, "mknod /tmp/node b 7 0")?;
    ensure!(!made.success(), "{made:?}");
    Ok(())
}

fn no_sysctl(container: &Level) -> Result<()> {
    // Written back as it is, so that an attempt that succeeds does no harm.
    for name in ["kernel/core_pattern", "vm/swappiness", "fs/file-max"] {
        let file = format!("/proc/sys/{name}");
        let said = sh(container, &format!("v=$(cat {file}); echo \"$v\" > {file}"))?;
        ensure!(!said.success(), "{file}: {said:?}");
    }
    Ok(())
}

fn no_time(container: &Level) -> Result<()> {
    // busybox says so and exits with 0 all the same.
    let said = sh(container, "date -s @$(date +%s)")?;
    ensure!(said.stderr.contains("not permitted"), "{said:?}");
    Ok(())
}

fn no_module(container: &Level) -> Result<()> {
    let said = sh(container, "echo junk > /tmp/junk.ko; insmod /tmp/junk.ko")?;
    // Anything about the module's format would mean that the kernel had looked at it.
    let refused = ["not permitted", "not implemented", "does not support requested operation"];
    ensure!(refused.iter().any(|word| said.stderr.contains(word)), "{said:?}");
    Ok(())
}

fn no_foreign_cgroup(container: &Level) -> Result<()> {
    // The v2 tree shows the sandbox's own part only.
    let said = sh(container, "mkdir -p /tmp/g; mount -t cgroup2 none /tmp/g; ls /tmp/g")?;
    ensure!(!said.stdout.contains("matryoshka"), "{said:?}");
    // On a hybrid machine the v1 trees can be mounted, and are the machine's: but not changed.
    let said = sh(
        container,
        "for c in memory cpu pids devices freezer name=systemd; do \
         mkdir -p /tmp/v; mount -t cgroup -o $c none /tmp/v || continue; \
         mkdir /tmp/v/made-inside && echo MADE $c && rmdir /tmp/v/made-inside; \
         echo 0 > /tmp/v/cgroup.procs && echo JOINED $c; \
         a=$(cat /tmp/v/release_agent) && echo \"$a\" > /tmp/v/release_agent && echo AGENT $c; \
         umount /tmp/v; done",
    )?;
    ensure!(said.stdout.is_empty(), "{said:?}");
    Ok(())
}

fn no_foreign_file(container: &Level) -> Result<()> {
    let mut secret = tempfile::NamedTempFile::new().into_diagnostic()?;
    secret.write_all(b"of the machine").into_diagnostic()?;
    let path = secret.path().display();
    let script = format!(
        "for p in /proc/[0-9]*; do cat $p/root{path} $p/cwd{path}; done; \
         for p in 1 $(cd /proc; ls -d [0-9]*); do nsenter -t $p -m -- cat {path}; done; \
         mkdir -p /tmp/m; mount --bind /proc/1/root /tmp/m && cat /tmp/m{path}"
    );
    let said = sh(container, &script)?;
    ensure!(!said.stdout.contains("of the machine"), "{said:?}");
    Ok(())
}

fn no_trigger(container: &Level) -> Result<()> {
    // "h" prints help to the kernel's log and does nothing else.
    let said = sh(container, "echo h > /proc/sysrq-trigger")?;
    ensure!(!said.success(), "{said:?}");
    Ok(())
}
