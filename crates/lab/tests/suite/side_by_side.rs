//! Several labs at the same time, in one process.

use lab::{Engine, Kind};
use lab_test::ensure;
use miette::Result;

use crate::attached::compile;
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
    ensure!(user.exit_reason().is_none(), "{:?}", user.exit_reason());
    Ok(())
}

/// Makes as many keys as the kernel lets one owner have (`keyrings(7)`); says how many it got, and
/// keeps them.
const KEYS: &str = r#"
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    char name[20];
    int made = 0;
    syscall(SYS_keyctl, 1, "ring"); /* KEYCTL_JOIN_SESSION_KEYRING */
    do sprintf(name, "secret-%d", made);
    while (syscall(SYS_add_key, "user", name, "s", 1, -3) >= 0 && ++made < 100000);
    printf("%d\n", made);
    fflush(stdout);
    sleep(60);
}
"#;

/// Two that make as many as they can each get most of 200, at the same time, and see none of the other.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn keys_of_one_lab_are_nothing_to_another() -> Result<()> {
    let labs = [lab_of(Kind::User)?, lab_of(Kind::User)?];
    let folder = lab::status()?.cache.join("labs");
    let mut made = Vec::new();
    for lab in &labs {
        compile(KEYS, &folder.join(lab.id()).join("tools/keys"))?;
        let script = "/opt/matryoshka/keys > /tmp/made 2>&1 & until grep . /tmp/made; do :; done";
        let other = lab.level0().output(&["grep", "-c", "secret", "/proc/keys"]);
        made.push((lab.level0().output(&["sh", "-c", script])?, other.is_ok()));
    }
    let [(first, false), (second, false)] = &made[..] else {
        return Err(miette::miette!("keys of others are seen: {made:?}"));
    };
    let is_most = |made: &str| made.trim().parse::<u32>().is_ok_and(|made| made > 100);
    ensure!(is_most(first) && is_most(second), "{made:?}");
    Ok(())
}
