//! The published claims about separation, siblings and privilege.

use lab::{Engine, Layer, Nest, Output};
use miette::Result;

use crate::{Test, ensure, lab, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("a1_a4_images_are_separate::dind", || {
            images_are_separate(Engine::Docker)
        }),
        test("a4_a12_images_are_separate::podman_nested", || {
            images_are_separate(Engine::Podman)
        }),
        test("a5_inner_containers_are_invisible_outside::dind", || {
            inner_containers_are_invisible(Engine::Docker)
        }),
        test(
            "a5_a12_inner_containers_are_invisible_outside::podman_nested",
            || inner_containers_are_invisible(Engine::Podman),
        ),
        test("a6_a20_container_through_the_socket_is_a_sibling", siblings),
        test("a7_socket_needs_no_privilege", socket_needs_no_privilege),
        test("a8_socket_controls_all_containers", socket_controls_all),
        test(
            "a2_dind_without_privilege_fails_in_the_daemons_own_words",
            dind_needs_privilege,
        ),
    ]
}

fn lines(output: &str) -> Vec<String> {
    output.lines().map(str::to_owned).collect()
}

/// Names of images and tags, at every level of a nest, outermost first.
fn images(nest: &Nest) -> Result<Vec<Vec<String>>> {
    let list = ["images", "--format", "{{.Repository}}:{{.Tag}}"];
    nest.levels()
        .iter()
        .zip(nest.layers())
        .map(|(level, layer)| {
            let argv = [&[layer.engine.program()], &list[..]].concat();
            Ok(lines(&level.output(&argv)?))
        })
        .collect()
}

fn images_are_separate(engine: Engine) -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[engine, engine])?;
    let program = engine.program();
    let (outer, inner) = (&nest.levels()[0], nest.innermost());
    // One mark on each side; the stand-in that carries the inner engine is only outside.
    outer.output(&[program, "pull", "--quiet", "alpine"])?;
    outer.output(&[program, "tag", "alpine", "only-outside:1"])?;
    inner.output(&[program, "tag", "alpine", "only-inside:1"])?;
    let images = images(&nest)?;
    let has = |level: usize, mark: &str| images[level].iter().any(|image| image.contains(mark));
    ensure!(has(0, "only-outside"), "{images:?}");
    ensure!(has(1, "only-inside"), "{images:?}");
    ensure!(!has(0, "only-inside"), "{images:?}");
    ensure!(!has(1, "only-outside"), "{images:?}");
    // And removing it on one side leaves the other's.
    outer.output(&[program, "rmi", "--force", "only-outside:1", "alpine"])?;
    let kept = inner.output(&[program, "run", "--rm", "alpine", "echo", "still here"])?;
    ensure!(kept == "still here\n", "{kept}");
    Ok(())
}

fn inner_containers_are_invisible(engine: Engine) -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[engine, engine])?;
    let leaf = nest.leaf()?;
    let list = [engine.program(), "ps", "--all", "--format", "{{.Names}}"];
    let inside = lines(&nest.innermost().output(&list)?);
    let outside = lines(&nest.levels()[0].output(&list)?);
    ensure!(inside == [leaf.container()], "{inside:?}");
    ensure!(outside == [nest.innermost().container()], "{outside:?}");
    Ok(())
}

/// Which namespaces and control group a container's first process has, as level 0 sees them.
fn pid_namespace(nest: &Nest, container: &str) -> Result<String> {
    let outer = &nest.levels()[0];
    let pid = outer.output(&["docker", "inspect", "--format", "{{.State.Pid}}", container])?;
    outer.output(&["readlink", &format!("/proc/{}/ns/pid", pid.trim())])
}

fn siblings() -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[Layer::own(Engine::Docker), Layer::mounted_socket()])?;
    let (outer, inner) = (&nest.levels()[0], nest.innermost());
    inner.output(&[
        "docker",
        "run",
        "--detach",
        "--name",
        "made-from-inside",
        "alpine",
        "sleep",
        "infinity",
    ])?;
    // A20: it is on the outer daemon's list while it runs.
    let list = ["docker", "ps", "--format", "{{.Names}}"];
    let outside = lines(&outer.output(&list)?);
    ensure!(
        outside.contains(&"made-from-inside".to_owned()),
        "{outside:?}"
    );

    // A6: by process tree, control group and namespaces, not by names: its parent is a shim of the
    // outer daemon, it has the control group of a container at level 1, and the container that
    // asked for it does not see its process.
    let pid = outer.output(&[
        "docker",
        "inspect",
        "--format",
        "{{.State.Pid}}",
        "made-from-inside",
    ])?;
    let status = outer.output(&["cat", &format!("/proc/{}/status", pid.trim())])?;
    let nested_pids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let depth = nested_pids.map_or(0, |pids| pids.split_whitespace().count());
    ensure!(
        depth == 2,
        "{depth} PID namespaces below the lab's, {status}"
    );
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    let parent = parent.map(str::trim).unwrap_or_default();
    let parent = outer.output(&["cat", &format!("/proc/{parent}/comm")])?;
    ensure!(parent.starts_with("containerd-shim"), "{parent}");
    let group = outer.output(&["cat", &format!("/proc/{}/cgroup", pid.trim())])?;
    let group = group
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .unwrap_or_default()
        .to_owned();
    ensure!(
        group.starts_with("/docker/") && group.matches('/').count() == 2,
        "{group}"
    );
    let own = pid_namespace(&nest, inner.container())?;
    let other = pid_namespace(&nest, "made-from-inside")?;
    ensure!(own != other, "{own}");
    let seen = inner.output(&["ps"])?;
    ensure!(seen.matches("sleep infinity").count() == 1, "{seen}");
    Ok(())
}

fn socket_needs_no_privilege() -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[Layer::own(Engine::Docker), Layer::mounted_socket()])?;
    let (outer, inner) = (&nest.levels()[0], nest.innermost());
    let format = "{{.HostConfig.Privileged}}";
    let privileged = outer.output(&["docker", "inspect", "--format", format, inner.container()])?;
    ensure!(privileged.trim() == "false", "{privileged}");
    let said = inner.output(&["docker", "run", "--rm", "alpine", "echo", "from a sibling"])?;
    ensure!(said == "from a sibling\n", "{said}");
    Ok(())
}

fn socket_controls_all() -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[Layer::own(Engine::Docker), Layer::mounted_socket()])?;
    let (outer, inner) = (&nest.levels()[0], nest.innermost());
    let start = "echo a secret; sleep infinity";
    outer.output(&[
        "docker", "run", "--detach", "--name", "foreign", "alpine", "sh", "-c", start,
    ])?;
    let list = ["docker", "ps", "--format", "{{.Names}}"];
    ensure!(
        inner.output(&list)?.contains("foreign"),
        "{}",
        inner.output(&list)?
    );
    let logs = inner.output(&["docker", "logs", "foreign"])?;
    ensure!(logs == "a secret\n", "{logs}");
    let id = inner.output(&["docker", "exec", "foreign", "id", "-u"])?;
    ensure!(id == "0\n", "{id}");
    inner.output(&["docker", "rm", "--force", "foreign"])?;
    let left = outer.output(&["docker", "ps", "--all", "--format", "{{.Names}}"])?;
    ensure!(!left.contains("foreign"), "{left}");
    Ok(())
}

fn dind_needs_privilege() -> Result<()> {
    let lab = lab()?;
    let layers = [
        Layer::own(Engine::Docker),
        Layer::own(Engine::Docker).unprivileged(),
    ];
    let error = lab.nest(&layers).map(drop).expect_err("it must not work");
    let text = format!("{error:?}");
    // The daemon's own reason, which the error has to carry.
    ensure!(
        text.contains("Permission denied") || text.contains("permitted"),
        "{text}"
    );
    ensure!(text.contains("failed to"), "{text}");
    // The same container with privilege does.
    let Output { code, .. } = lab
        .nest(&[Engine::Docker, Engine::Docker])?
        .innermost()
        .run(&["docker", "run", "--rm", "alpine", "true"])?;
    ensure!(code == 0, "{code}");
    Ok(())
}
