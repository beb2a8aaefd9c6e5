//! What a pod that is not privileged must be granted, and what each grant is for.

use facts::document::{Cell, Fit, Piece, Tone, words};
use facts::{Lang, term, text};

use super::page::{cell, table};
use super::{Check, Sidecar};
use crate::grants::LEFT;
use crate::words::{GRANTS, Word};

impl Sidecar<'_> {
    /// What is left at the end of each search.
    pub(super) fn left(&self) -> Vec<&Check> {
        let mut looks = self.table(GRANTS);
        looks.retain(|look| look.step == LEFT);
        looks
    }
}

pub(super) fn pieces(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let looks = sidecar.table(GRANTS);
    let trials = looks.iter().filter(|look| look.step != LEFT);
    let row = |look: &&Check| {
        let tone = if look.is(Word::Works) { Tone::Yes } else { Tone::No };
        vec![Cell::new(&look.subject).english(), cell(look, tone, lang)]
    };
    let rows: Vec<Vec<Cell>> = trials.map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let left = sidecar.left().into_iter().map(|look| {
        let (subject, grants) = (&look.subject, look.name());
        format!("{subject}: `{grants}`")
    });
    let count = rows.len();
    vec![
        Piece::heading(
            3,
            term!(lang; "Docker in a pod without privilege"; "Docker en un pod sin privilegio"),
        ),
        Piece::Paragraph(
            text!(lang; "In a pod with a user namespace of its own, grants were taken away one after the other, {count} trials of a whole job in a fresh pod each. What could go is gone in the trials that follow; a search ends when none of the rest can go.";
            "En un pod con su propio espacio de nombres de usuario se quitaron permisos uno tras otro, {count} pruebas de un trabajo entero en un pod nuevo cada vez. Lo que pudo quitarse falta en las pruebas siguientes; una búsqueda acaba cuando nada de lo que queda puede quitarse."),
        ),
        Piece::List(left.collect()),
        table(
            term!(lang; "What was taken away, and what became of the job"; "Qué se quitó y qué fue del trabajo"),
            [term!(lang; "trial"; "prueba"), term!(lang; "outcome"; "resultado")].map(words),
            rows,
            Fit::Cards,
        ),
    ]
}
