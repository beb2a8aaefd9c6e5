//! What a run says: of published claims, and of its arms in each language.

use claims::stated;
use facts::{Claim, Evidence, Facts, Is, leads, words};

/// The facts of a run: claims in the order of the ledger.
pub(crate) fn facts(evidence: &Evidence) -> Facts {
    let of = |claim, [above, below]: [&str; 2]| {
        Some(Claim::of_ratio(stated(claim), Is::Published, &evidence.between(above, below)?))
    };
    let claims = [
        of("A17 docker", ["docker", "bare"]),
        of("A17 dind", ["dind", "bare"]),
        of("A17 podman", ["podman", "bare"]),
        of("A17 podman-nested", ["podman-nested", "bare"]),
    ];
    Facts {
        claims: claims.into_iter().flatten().collect(),
        words: words(NAMES, SENTENCES),
        leads: leads(&LEADS),
        ..Facts::default()
    }
}

const OUTSIDE: [&str; 2] = ["outside of containers", "fuera de contenedores"];
const BY_ITS_CLOCK: [&str; 2] = ["by its own clock", "según su propio reloj"];

/// What the page opens with; that of experiment 4 has room for the first one.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 2] = [
    ("dind-self/bare-self",
        [["hashing in Docker in Docker", "calcular un hash en Docker en Docker"], OUTSIDE, BY_ITS_CLOCK]),
    ("podman-nested-self/bare-self",
        [["hashing in Podman in Podman", "calcular un hash en Podman en Podman"], OUTSIDE, BY_ITS_CLOCK]),
];

/// What parts are due to: as the record has it, English, Spanish.
#[rustfmt::skip]
const NAMES: &[[&str; 3]] = &[
    ["hop", "the hop (exec)", "el salto (exec)"],
    ["program", "another sha256sum", "otro sha256sum"],
    ["feeder", "another head, which feeds it", "otro head, que lo alimenta"],
    ["input", "making the input", "generar la entrada"],
    ["nesting", "nesting itself", "el anidamiento en sí"],
];

/// What arms and parts do (two of earlier records): English as in the record, Spanish.
#[rustfmt::skip]
const SENTENCES: &[[&str; 2]] = &[
    ["busybox's shell and head for GNU's, both feeding busybox's sha256sum at level 0", "el intérprete y el head de busybox en lugar de los de GNU, ambos alimentando al sha256sum de busybox en el nivel 0"],
    ["what head from /dev/urandom costs more than the probe from memory, there against at level 0", "lo que head desde /dev/urandom cuesta más que la sonda desde memoria, allí frente a en el nivel 0"],
    ["busybox's head against GNU's, both feeding busybox's sha256sum at level 0", "el head de busybox frente al de GNU, ambos alimentando al sha256sum de busybox en el nivel 0"],
    ["what /dev/urandom costs more than memory there, against the same at level 0", "lo que /dev/urandom cuesta allí de más que la memoria, frente a lo mismo en el nivel 0"],
    ["timed at level 0 through exec, against in the container", "cronometrado en el nivel 0 a través de exec, frente a dentro del contenedor"],
    ["busybox's sha256sum against GNU's, both fed by GNU's head at level 0", "el sha256sum de busybox frente al de GNU, ambos alimentados por el head de GNU en el nivel 0"],
    ["one program over memory, in the container against at level 0", "un mismo programa sobre memoria, en el contenedor frente a en el nivel 0"],
    ["the same under another name (A/A)", "lo mismo con otro nombre (A/A)"],
    ["GNU sha256sum of 50 MiB of /dev/urandom, no container", "sha256sum de GNU sobre 50 MiB de /dev/urandom, sin contenedor"],
    ["busybox sha256sum of the same, by docker exec", "sha256sum de busybox sobre lo mismo, con docker exec"],
    ["the same by docker exec twice", "lo mismo con docker exec dos veces"],
    ["the same by podman exec", "lo mismo con podman exec"],
    ["the same by podman exec twice", "lo mismo con podman exec dos veces"],
    ["the probe's SHA-256 of 50 MiB, by its own clock", "el SHA-256 de la sonda sobre 50 MiB, con su propio reloj"],
    ["the same in Docker", "lo mismo en Docker"],
    ["the same in Docker in Docker", "lo mismo en Docker en Docker"],
    ["the same in Podman", "lo mismo en Podman"],
    ["the same in Podman in Podman", "lo mismo en Podman en Podman"],
    ["as bare, with busybox's programs", "como bare, con los programas de busybox"],
    ["as bare, with busybox's sha256sum, fed by GNU's head", "como bare, con el sha256sum de busybox alimentado por el head de GNU"],
    ["as bare, with the probe for sha256sum", "como bare, con la sonda en lugar de sha256sum"],
    ["as bare, with input out of memory", "como bare, con la entrada en memoria"],
    ["as bare-busybox, with input out of memory", "como bare-busybox, con la entrada en memoria"],
    ["as docker, timed in the container: no hop", "como docker, cronometrado en el contenedor: sin salto"],
    ["as dind, timed in the container: no hop", "como dind, cronometrado en el contenedor: sin salto"],
    ["as podman, timed in the container: no hop", "como podman, cronometrado en el contenedor: sin salto"],
    ["as podman-nested, timed in the container: no hop", "como podman-nested, cronometrado en el contenedor: sin salto"],
    ["as docker-inside, with input out of memory", "como docker-inside, con la entrada en memoria"],
    ["as dind-inside, with input out of memory", "como dind-inside, con la entrada en memoria"],
    ["as podman-inside, with input out of memory", "como podman-inside, con la entrada en memoria"],
    ["as podman-nested-inside, with input out of memory", "como podman-nested-inside, con la entrada en memoria"],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arms::EXPERIMENT;

    /// But for commands alone, which are no words.
    #[test]
    fn every_arm_and_part_has_words() {
        let parts = EXPERIMENT.parts.iter();
        let mut all: Vec<&str> = parts.flat_map(|part| [part.due, part.about]).collect();
        all.extend(EXPERIMENT.arms.iter().map(|arm| arm.about));
        let known = words(NAMES, SENTENCES);
        all.retain(|word| !known.contains_key(*word));
        all.retain(|word| !word.ends_with(" exec … true"));
        assert_eq!(all, [""; 0]);
    }
}
