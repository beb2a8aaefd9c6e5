//! What a run says: of its arms in each language.

use facts::{Facts, Record, leads, words};

/// The facts of a run, which has no third lab unless it was asked for.
pub(crate) fn facts(run: &Record) -> Facts {
    let has = |contrast: &str| run.manifest.contrasts.iter().any(|of| of.name == contrast);
    let mut leads = leads(&LEADS);
    leads.retain(|lead| has(&lead.contrast));
    Facts { words: words(&[], SENTENCES), leads, ..Facts::default() }
}

const OF_ROOT: [&str; 2] =
    ["in a user namespace that root has made", "en un espacio de nombres de usuario que hizo root"];

const START: [&str; 2] = ["to start a container", "en arrancar un contenedor"];

/// What the page opens with: whoever asked for a third lab wants to know of it first.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 6] = [
    ("docker-rootless/docker-user",
        [["Docker of an ordinary user", "Docker de un usuario corriente"], OF_ROOT, START]),
    ("podman-rootless/podman-user",
        [["Podman of an ordinary user", "Podman de un usuario corriente"], OF_ROOT, START]),
    ("dind-inside-rootless/dind-inside-user",
        [["Docker in Docker of an ordinary user", "Docker en Docker de un usuario corriente"], OF_ROOT, START]),
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
    ["docker run at level 0 of an ordinary user's lab", "docker run en el nivel 0 del laboratorio de un usuario corriente"],
    ["podman run at level 0 of an ordinary user's lab", "podman run en el nivel 0 del laboratorio de un usuario corriente"],
    ["docker run in Docker in Docker of an ordinary user's lab", "docker run en Docker en Docker del laboratorio de un usuario corriente"],
    ["the same hashing in an ordinary user's lab", "el mismo cálculo en el laboratorio de un usuario corriente"],
    ["the probe's SHA-256 of 50 MiB, by its own clock", "el SHA-256 de la sonda sobre 50 MiB, con su propio reloj"],
];
