//! What a run says: of its arms in each language.

use facts::{Facts, words};

/// The facts of a run.
pub(crate) fn facts() -> Facts {
    Facts {
        words: words(WORDS),
        ..Facts::default()
    }
}

/// What arms do: as the record has it, English, Spanish.
#[rustfmt::skip]
const WORDS: &[[&str; 3]] = &[
    ["echo at level 0, no container", "echo at level 0, no container", "echo en el nivel 0, sin contenedor"],
    ["docker run at level 0", "docker run at level 0", "docker run en el nivel 0"],
    ["the same under another name (A/A)", "the same under another name (A/A)", "lo mismo con otro nombre (A/A)"],
    ["docker exec … true: the hop alone", "docker exec … true: the hop alone", "docker exec … true: solo el salto"],
    ["podman run at level 0", "podman run at level 0", "podman run en el nivel 0"],
    ["the probe's SHA-256 of 50 MiB, by its own clock", "the probe's SHA-256 of 50 MiB, by its own clock", "el SHA-256 de la sonda sobre 50 MiB, con su propio reloj"],
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_committed_facts_are_those_of_their_runs() {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results");
        let name = env!("CARGO_PKG_NAME");
        let wrong = facts::committed(&results, name, |_| Ok(super::facts())).expect("read");
        assert_eq!(wrong, [""; 0], "derive them: `cargo xtask report RUN`");
    }
}
