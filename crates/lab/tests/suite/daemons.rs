//! A daemon of level 0 that dies is the lab's death, whenever that is.

use lab::Engine;
use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;
use rustix::process::{Signal, kill_process};

use crate::leftovers::process_of;

/// Nothing that the engine refused to do says anything of it then.
#[rstest]
#[case::containerd("containerd")]
#[case::dockerd("dockerd")]
#[lab_test::test]
fn daemon_that_dies_before_it_answers(#[case] program: &str) -> Result<()> {
    let lab = crate::lab()?;
    let script = format!("until pkill -9 -x {program}; do :; done");
    let nest = std::thread::scope(|scope| {
        let killer = scope.spawn(|| lab.level0().output(&["sh", "-c", &script]));
        let nest = lab.nest(&[Engine::Docker]).map(drop);
        killer.join().map(|killed| killed.and(nest))
    });
    ensure!(matches!(nest, Ok(Err(_))), "{nest:?}");
    let words = lab.exit_reason().unwrap_or_default();
    let named = format!("{program} was ended by signal 9 (SIGKILL)");
    ensure!(words.contains(&named), "{named}: {words}");
    Ok(())
}

/// At once when it has failed somebody: that comes before it can be waited for.
#[lab_test::test]
fn daemon_that_dies_says_its_last_words() -> Result<()> {
    let lab = crate::lab()?;
    lab.nest(&[Engine::Docker])?;
    ensure!(lab.exit_reason().is_none(), "{:?}", lab.exit_reason());
    for (program, name, word) in [
        ("lab-registry", "registry", "serving on "),
        ("containerd", "containerd", "level="),
        ("dockerd", "dockerd", "level="),
    ] {
        lab.level0().output(&["pkill", "-9", "-x", program])?;
        lab.level0().run(&["docker", "pull", "--quiet", "redis"])?;
        let words = lab.exit_reason().unwrap_or_default();
        let named = format!("{name} was ended by signal 9 (SIGKILL): ");
        let lines = words.split_once(&named).map(|(_, lines)| lines);
        let is_said = lines.is_some_and(|lines| lines.contains(word));
        ensure!(is_said, "{named}: {words}");
    }
    let died = lab.alive().map_err(|report| format!("{report:?}"));
    let died = died.err().unwrap_or_default();
    ensure!(died.contains(&format!("lab {} has died", lab.id())), "{died}");
    Ok(())
}

/// Docker's client waits for as long as containerd does not end the container.
#[lab_test::test]
fn what_waits_for_a_dead_daemon_is_given_up() -> Result<()> {
    let lab = crate::lab()?;
    lab.nest(&[Engine::Docker])?;
    let level = lab.level0();
    let run = ["docker", "run", "--detach", "--name", "sleeper", "alpine"];
    level.output(&[&run[..], &["sleep", "infinity"]].concat())?;
    level.output(&["pkill", "-9", "-x", "containerd"])?;
    let removed = level.run(&["docker", "rm", "--force", "sleeper"]);
    let removed = lab.blamed(removed).map_err(|report| format!("{report:?}"));
    let died = removed.err().unwrap_or_default();
    let named = "containerd was ended by signal 9 (SIGKILL)";
    ensure!(died.contains(named), "{died}");
    Ok(())
}

#[lab_test::test]
fn what_fails_in_a_dead_lab_says_so() -> Result<()> {
    let lab = crate::lab()?;
    kill_process(process_of(lab.id(), true)?, Signal::KILL).into_diagnostic()?;
    let nest = lab.nest(&[Engine::Podman]).map(drop);
    let died = nest.map_err(|report| format!("{report:?}"));
    let died = died.err().unwrap_or_default();
    let named = format!("lab {} has died", lab.id());
    ensure!(died.contains(&named), "{died}");
    Ok(())
}

/// Docker's daemon shuts the folder for its layers to everybody else. Podman's runtime looks into `/tmp` as
/// root of a container's user namespace, who is nobody special there.
#[lab_test::test]
fn docker_shuts_no_folder_that_others_need() -> Result<()> {
    let lab = crate::lab()?;
    lab.nest(&[Engine::Docker])?;
    lab.nest(&[Engine::Podman])?;
    let run = ["podman", "run", "--rm", "--uidmap=0:1:1000", "--gidmap=0:1:1000"];
    let said = lab.level0().output(&[&run[..], &["alpine", "echo", "ok"]].concat())?;
    ensure!(said == "ok\n", "{said}");
    Ok(())
}
