//! What a run says: of its arms in each language.

use facts::{Facts, words};

/// The facts of a run.
pub(crate) fn facts() -> Facts {
    Facts { words: words(&[], SENTENCES), ..Facts::default() }
}

/// What arms and parts do: English as in the record, Spanish.
#[rustfmt::skip]
const SENTENCES: &[[&str; 2]] = &[
    ["echo at level 0, no container", "echo en el nivel 0, sin contenedor"],
    ["docker run at level 0", "docker run en el nivel 0"],
    ["the same under another name (A/A)", "lo mismo con otro nombre (A/A)"],
    ["docker exec … true: the hop alone", "docker exec … true: solo el salto"],
    ["podman run at level 0", "podman run en el nivel 0"],
    ["the probe's SHA-256 of 50 MiB, by its own clock", "el SHA-256 de la sonda sobre 50 MiB, con su propio reloj"],
];
