//! Child or sibling: what the kernel says of a container that the job has started.

use lab::Nest;
use miette::{Result, miette};

use super::{Observation, must};
use crate::processes::{self, Process, at, group_of};
use crate::scene::{Scene, number, unique};

/// A container that a job has started: its process, as the node sees it.
pub(crate) struct Started {
    pub(crate) name: String,
    pub(crate) process: Process,
}

/// Has the job start a container that sleeps, and finds its process.
pub(crate) fn start(scene: &Scene, nest: &Nest, flags: &[&str]) -> Result<Started> {
    let (name, mark) = (unique("started"), format!("{}", 1_000_000 + number()));
    let mut argv = vec!["run", "--detach", "--name", &name];
    argv.extend(flags);
    argv.extend(["alpine", "sleep", &mark]);
    must(nest.innermost(), nest.engine(), &argv)?;
    let process = processes::wait_for(&scene.node()?, "sleep", &mark)?;
    Ok(Started { name, process })
}

/// A look at the container that the shared job has started.
fn look(
    scene: &Scene,
    see: impl FnOnce(&Nest, &Process, &Process) -> Result<Observation>,
) -> Result<Observation> {
    let job = scene.job()?;
    let started = job.started(scene)?;
    see(&job.nest, &first_process(scene, &job.nest)?, &started.process)
}

/// The first process of the job's own container.
pub(crate) fn first_process(scene: &Scene, nest: &Nest) -> Result<Process> {
    let pid = nest.levels()[1].first_process();
    let process = pid.and_then(|pid| processes::one(&scene.node().ok()?, pid));
    process.ok_or_else(|| miette!("the job's container has no process"))
}

/// Is the job's container among its ancestors?
pub(crate) fn by_processes(scene: &Scene) -> Result<Observation> {
    look(scene, |_, outer, started| {
        let all = at(&scene.node()?);
        let mut chain = vec![started.clone()];
        while let Some(parent) = chain.last().map(|process| process.parent)
            && let Some(parent) = all.iter().find(|process| process.pid == parent)
        {
            chain.push(parent.clone());
        }
        let below = chain.iter().any(|process| process.pid == outer.pid);
        let names: Vec<&str> = chain.iter().map(|process| process.name.as_str()).collect();
        Ok(Observation::new(relation(below), names.join(" < ")))
    })
}

/// The control group of the job's container, of which `first` is the first process.
pub(crate) fn group_of_job(scene: &Scene, nest: &Nest, first: &Process) -> Result<String> {
    let container = nest.levels()[1].container();
    let id = scene.on_node(&["inspect", "--format", "{{.Id}}", container])?;
    group_of(first, id.trim())
}

/// Is its control group below that of the job's container?
pub(crate) fn by_control_group(scene: &Scene) -> Result<Observation> {
    look(scene, |nest, outer, started| {
        let group = group_of_job(scene, nest, outer)?;
        let below = started.group == group || started.group.starts_with(&format!("{group}/"));
        // Without the lab's own name, which is another one each time, and the ends of long ids.
        let short = |path: &str| -> String {
            let parts = path.split('/').filter(|part| !part.starts_with("matryoshka-"));
            let parts: Vec<&str> = parts.map(|part| part.get(..20).unwrap_or(part)).collect();
            parts.join("/")
        };
        let detail = format!("{} and {}", short(&group), short(&started.group));
        Ok(Observation::new(relation(below), detail))
    })
}

/// Is it in a PID namespace below that of the job's container, or beside it?
pub(crate) fn by_namespaces(scene: &Scene) -> Result<Observation> {
    look(scene, |nest, outer, started| {
        let mark = &started.argv;
        let visible = at(&nest.levels()[1]).iter().any(|process| process.argv == *mark);
        let detail = format!(
            "PID namespaces from the node on: job {}, started {}; {} to the job",
            outer.depth,
            started.depth,
            if visible { "visible" } else { "invisible" }
        );
        match (visible, started.depth.cmp(&outer.depth)) {
            (true, std::cmp::Ordering::Greater) => Ok(Observation::new("child", detail)),
            (false, std::cmp::Ordering::Equal) => Ok(Observation::new("sibling", detail)),
            _ => Ok(Observation::new("neither", detail)),
        }
    })
}

fn relation(below: bool) -> &'static str {
    if below { "child" } else { "sibling" }
}

/// Which namespaces it has that are not those of the job's container.
pub(crate) fn own_namespaces(scene: &Scene) -> Result<Observation> {
    look(scene, |_, outer, started| {
        let own = started.namespaces.iter();
        let own = own.filter(|(kind, id)| outer.namespaces.get(*kind) != Some(*id));
        let own: Vec<&str> = own.map(|(kind, _)| kind.as_str()).collect();
        let outcome = if own.is_empty() { "none".to_owned() } else { own.join(" ") };
        Ok(Observation::new(outcome, ""))
    })
}
