//! What a run says: of its arms in each language.

use facts::{Facts, leads, words};

/// The facts of a run.
pub(crate) fn facts() -> Facts {
    Facts { words: words(&[], SENTENCES), leads: leads(&LEADS), ..Facts::default() }
}

const START: [&str; 2] = ["to start a container", "en arrancar un contenedor"];

/// What the page opens with.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 3] = [
    ("docker-user/docker-root",
        [["Docker in a user namespace", "Docker en un espacio de nombres de usuario"], ["without one", "sin él"], START]),
    ("podman-user/podman-root",
        [["Podman in a user namespace", "Podman en un espacio de nombres de usuario"], ["without one", "sin él"], START]),
    ("dind-inside-user/dind-inside-root",
        [["Docker in Docker in a user namespace", "Docker en Docker en un espacio de nombres de usuario"], ["without one", "sin él"], START]),
];

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
