//! What a run says: what grows with the level, how deep chains come, what the store costs.

mod depth;
mod growth;
mod questions;
mod store;

use facts::document::Piece;
use facts::{Evidence, Facts, Lang, Page, found, leads, words};
use miette::Result;
use serde::Serialize;

use crate::depth::{LIMITS, STARTS, TABLE};
use crate::store::{PULLED, TABLE as STORE};
use depth::Depth;
use questions::Answers;
use store::Advice;

/// For programs.
#[derive(Serialize)]
struct Found {
    answers: Answers,
    depth: Vec<Depth>,
    store: Vec<Advice>,
}

/// The facts of a run.
pub(crate) fn facts(evidence: &Evidence) -> Result<Facts> {
    let trials = &evidence.record.trials;
    let has = Found {
        answers: Answers::of(evidence),
        depth: depth::depths(trials),
        store: store::advice(trials),
    };
    let page = |lang| {
        let levels: Vec<_> = depth::figure(&has.depth, lang).into_iter().collect();
        let figure = (!levels.is_empty()).then_some(Piece::Figure(0));
        let page = Page {
            answer: depth::answer(&has.depth, lang).into_iter().collect(),
            levels,
            of_samples: has.answers.section(evidence, lang),
            of_trials: [
                depth::section(&has.depth, figure, lang),
                depth::limits(trials, lang),
                store::section(trials, &has.store, lang),
            ]
            .concat(),
            lines: [depth::lines(&has.depth, trials), store::lines(trials)].concat(),
            ..Page::default()
        };
        (lang, page)
    };
    let claims = [
        questions::three_deep(evidence),
        has.answers.claims(evidence),
        depth::claims(&has.depth, trials),
    ];
    Ok(Facts {
        claims: claims.concat(),
        found: found(&has)?,
        shown: [TABLE, STARTS, LIMITS, STORE, PULLED].map(str::to_owned).into(),
        words: words(NAMES, SENTENCES),
        leads: leads(&LEADS),
        pages: Lang::ALL.map(page).into(),
        ..Facts::default()
    })
}

const START: [&str; 2] = ["to start a container", "en arrancar un contenedor"];

/// What the page opens with.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 3] = [
    ("start-docker-docker-docker-inside/start-docker-docker-inside",
        [["a third level of Docker", "un tercer nivel de Docker"], ["the second", "el segundo"], START]),
    ("start-podman-podman-podman-inside/start-podman-podman-inside",
        [["a third level of Podman", "un tercer nivel de Podman"], ["the second", "el segundo"], START]),
    ("start-podman-matched-matched-inside/start-podman-matched-inside",
        [["a third level of Podman that is configured as the first", "un tercer nivel de Podman configurado como el primero"], ["the second", "el segundo"], START]),
];

/// What parts are due to: as the record has it, English, Spanish.
#[rustfmt::skip]
const NAMES: &[[&str; 3]] = &[
    ["outer pull", "pulling the image of the engine", "descargar la imagen del motor"],
    ["inner pull", "pulling the image of the container", "descargar la imagen del contenedor"],
    ["storage set-up", "setting up an empty store", "preparar un almacén vacío"],
    ["level 2's container", "the container of level 2", "el contenedor del nivel 2"],
    ["level 3's container", "the container of level 3", "el contenedor del nivel 3"],
];

/// What arms and parts do: English as in the record, Spanish.
#[rustfmt::skip]
const SENTENCES: &[[&str; 2]] = &[
    ["the same under another name (A/A)", "lo mismo con otro nombre (A/A)"],
];
