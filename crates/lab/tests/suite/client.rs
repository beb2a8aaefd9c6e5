//! An outside client: testcontainers against the lab's Docker, as an application would use it.

use std::process::Command;

use miette::{IntoDiagnostic, Result};
use testcontainers::core::WaitFor;
use testcontainers::runners::AsyncRunner;
use testcontainers::{GenericImage, ImageExt};

use crate::{Test, ensure, lab, test};

const NAME: &str = "testcontainers_drives_the_labs_docker";

pub(crate) fn tests() -> Vec<Test> {
    vec![test(NAME, || match std::env::var_os("DOCKER_HOST") {
        Some(_) => drive(),
        None => in_own_process(),
    })]
}

/// testcontainers takes the daemon's address from the environment, which a process can only change
/// for all of its tests: so this one test runs in a process of its own.
fn in_own_process() -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[lab::Engine::Docker])?;
    let socket = nest.innermost().root().join("run/docker.sock");
    let output = Command::new(std::env::current_exe().into_diagnostic()?)
        .args(["--exact", NAME])
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .output()
        .into_diagnostic()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    // It cleaned up behind itself, through the same daemon.
    let left = nest
        .innermost()
        .output(&["docker", "ps", "--all", "--quiet"])?;
    ensure!(left.is_empty(), "{left}");
    Ok(())
}

fn drive() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .into_diagnostic()?;
    let said = runtime.block_on(async {
        let container = GenericImage::new("alpine", "latest")
            .with_wait_for(WaitFor::message_on_stdout("ready"))
            .with_cmd(["sh", "-c", "echo from testcontainers; echo ready; sleep 60"])
            .start()
            .await?;
        let said = container.stdout_to_vec().await?;
        container.rm().await?;
        Ok::<_, testcontainers::TestcontainersError>(said)
    });
    let said = said.into_diagnostic()?;
    ensure!(
        said.starts_with(b"from testcontainers\n"),
        "{}",
        String::from_utf8_lossy(&said)
    );
    Ok(())
}
