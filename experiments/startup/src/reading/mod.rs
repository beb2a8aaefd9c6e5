//! What a run says: of published claims, and of its arms in each language.

mod besides;

use claims::stated;
use facts::{Claim, Evidence, Facts, Is, Lang, Page, leads, words};

use crate::besides::{FIRST, MEMORY};

/// The facts of a run: claims in the order of the ledger.
pub(crate) fn facts(evidence: &Evidence) -> Facts {
    let of = |claim, is, [above, below]: [&str; 2]| {
        Some(Claim::of_ratio(stated(claim), is, &evidence.between(above, below)?))
    };
    let larger = |claim, [[above, below], [other, one]]: [[&str; 2]; 2]| {
        let (first, second) = (evidence.between(above, below)?, evidence.between(other, one)?);
        Some(Claim::of_larger(stated(claim), &evidence.record, &first, &second))
    };
    let claims = [
        of("A9", Is::Same, ["dood-inside", "docker"]),
        larger("A14 dind", [["dind", "docker"], ["podman-nested", "podman"]]),
        larger("A14 podman", [["podman-nested", "podman"], ["dood", "docker"]]),
        of("A15 dind", Is::Published, ["dind", "docker"]),
        of("A15 podman", Is::Published, ["podman-nested", "podman"]),
        of("A16", Is::Below, ["podman-nested", "docker"]),
    ];
    Facts {
        claims: claims.into_iter().flatten().collect(),
        words: words(NAMES, SENTENCES),
        shown: [FIRST, MEMORY].map(str::to_owned).into(),
        pages: Lang::ALL.map(|lang| (lang, page(evidence, lang))).into(),
        leads: leads(&LEADS),
        ..Facts::default()
    }
}

fn page(evidence: &Evidence, lang: Lang) -> Page {
    Page { of_trials: besides::section(evidence, lang), ..Page::default() }
}
const START: [&str; 2] = ["to start a container", "en arrancar un contenedor"];

/// What the page opens with.
const LEADS: [(&str, [[&str; 2]; 3]); 2] = [
    ("dind/docker", [["Docker in Docker", "Docker en Docker"], ["Docker"; 2], START]),
    ("podman-nested/podman", [["Podman in Podman", "Podman en Podman"], ["Podman"; 2], START]),
];

/// What parts are due to: as the record has it, English, Spanish.
#[rustfmt::skip]
const NAMES: &[[&str; 3]] = &[
    ["hop", "the hop (exec)", "el salto (exec)"],
    ["namespaces", "the image's namespaces", "los espacios de nombres de la imagen"],
    ["storage", "the image's storage", "el almacenamiento de la imagen"],
    ["network", "the network's first container", "el primer contenedor de la red"],
    ["nesting", "nesting itself", "el anidamiento en sí"],
];

/// What arms and parts do: English as in the record, Spanish.
#[rustfmt::skip]
const SENTENCES: &[[&str; 2]] = &[
    ["timed through docker exec, against next to the inner client", "cronometrado a través de docker exec, frente a junto al cliente interior"],
    ["next to the inner client, against next to the outer one", "junto al cliente interior, frente a junto al exterior"],
    ["timed through podman exec, against next to the inner Podman", "cronometrado a través de podman exec, frente a junto al Podman interior"],
    ["the image's setting, no namespaces and no control group, against level 1's", "la configuración de la imagen, sin espacios de nombres ni grupo de control, frente a la del nivel 1"],
    ["the image's setting, overlay through FUSE, against level 1's", "la configuración de la imagen, overlay a través de FUSE, frente a la del nivel 1"],
    ["the same configuration one level further in", "la misma configuración, un nivel más adentro"],
    ["echo at level 0, no container", "echo en el nivel 0, sin contenedor"],
    ["docker run at level 0", "docker run en el nivel 0"],
    ["the same under another name (A/A)", "lo mismo con otro nombre (A/A)"],
    ["docker run in Docker in Docker, through docker exec", "docker run en Docker en Docker, a través de docker exec"],
    ["the same, timed next to the inner client", "lo mismo, cronometrado junto al cliente interior"],
    ["docker run through a mounted socket, through docker exec", "docker run por un socket montado, a través de docker exec"],
    ["the same, timed next to the client in the container", "lo mismo, cronometrado junto al cliente dentro del contenedor"],
    ["docker exec … true: the hop alone", "docker exec … true: solo el salto"],
    ["podman run at level 0", "podman run en el nivel 0"],
    ["podman run in Podman, through podman exec", "podman run en Podman, a través de podman exec"],
    ["the same, timed next to the inner Podman", "lo mismo, cronometrado junto al Podman interior"],
    ["podman exec … true: the hop alone", "podman exec … true: solo el salto"],
    ["as podman-nested-inside, with namespaces and control group as level 1 has them", "como podman-nested-inside, con los espacios de nombres y el grupo de control del nivel 1"],
    ["the same with level 1's storage, too: configured as Podman at level 0", "lo mismo, también con el almacenamiento del nivel 1: configurado como Podman en el nivel 0"],
    ["nobody on the inner network, against a container that stays there", "sin nadie en la red interior, frente a un contenedor que permanece en ella"],
    ["docker run at level 0, on a network with nobody on it", "docker run en el nivel 0, en una red sin nadie"],
    ["dind-inside, on a network with nobody on it", "dind-inside, en una red sin nadie"],
    ["podman run at level 0, on a network with nobody on it", "podman run en el nivel 0, en una red sin nadie"],
    ["podman-matched-inside, on a network with nobody on it", "podman-matched-inside, en una red sin nadie"],
    ["docker run at level 0, without a network", "docker run en el nivel 0, sin red"],
    ["dind-inside, without a network", "dind-inside, sin red"],
    ["podman run at level 0, without a network", "podman run en el nivel 0, sin red"],
    ["podman-matched-inside, without a network", "podman-matched-inside, sin red"],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arms::EXPERIMENT;

    #[test]
    fn every_arm_and_part_has_words() {
        let parts = EXPERIMENT.parts.iter();
        let mut all: Vec<&str> = parts.flat_map(|part| [part.due, part.about]).collect();
        all.extend(EXPERIMENT.arms.iter().map(|arm| arm.about));
        let known = words(NAMES, SENTENCES);
        all.retain(|word| !known.contains_key(*word));
        assert_eq!(all, [""; 0]);
    }
}
