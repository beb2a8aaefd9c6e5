//! Labs of both kinds at the same time, in one process.

use lab::{Engine, Kind};
use lab_test::ensure;
use miette::Result;

use crate::lab_of;

#[lab_test::test]
#[needs(lab(lab::Kind::User))]
#[needs(lab(lab::Kind::Root))]
fn labs_of_both_kinds_live_side_by_side() -> Result<()> {
    let (user, root) = (lab_of(Kind::User)?, lab_of(Kind::Root)?);
    {
        let mut seen = Vec::new();
        for lab in [&user, &root] {
            for engine in [Engine::Docker, Engine::Podman] {
                let nest = lab.nest(&[engine])?;
                let leaf = nest.leaf()?;
                let ps = [engine.program(), "ps", "--format", "{{.Names}}"];
                let names = lab.level0().output(&ps)?;
                // Its own container, and none of the other lab's.
                ensure!(names.trim() == leaf.container(), "{engine}: {names}");
                seen.push(leaf.container().to_owned());
            }
        }
        seen.dedup();
        ensure!(seen.len() == 4, "{seen:?}");
        // Root of the one is nobody outside, root of the other is the machine's.
        for (lab, is_machines) in [(&user, false), (&root, true)] {
            let map = lab.level0().output(&["cat", "/proc/self/uid_map"])?;
            let outside = map.split_whitespace().nth(1);
            ensure!((outside == Some("0")) == is_machines, "{map}");
        }
    }
    // The end of one is not felt by the other.
    drop(root);
    let run = ["docker", "run", "--rm", "alpine", "echo", "ok"];
    let said = user.level0().output(&run)?;
    ensure!(said == "ok\n", "{said}");
    ensure!(user.obituary().is_none(), "{:?}", user.obituary());
    Ok(())
}
