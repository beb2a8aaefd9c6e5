//! What a ratio is of, in words: of two arms within blocks, or of one arm alone and in company.

use facts::{Lang, Runs, term};

/// The words for one of the two.
pub(crate) struct Estimand {
    /// Of the figure.
    pub(crate) title: &'static str,
    /// Of a table.
    pub(super) caption: &'static str,
    /// Below it in a terminal.
    pub(crate) note: &'static str,
    /// What the numbers of a table are; without an end.
    pub(super) of_ratios: &'static str,
    /// Of a contrast, in a sentence's middle.
    pub(super) of_a_contrast: &'static str,
    /// What drift does to them.
    pub(super) drift: &'static str,
    /// What random order does for them.
    pub(super) order: &'static str,
}

impl Estimand {
    pub(crate) fn of(runs: &Runs, lang: Lang) -> Self {
        if runs.records.iter().any(|record| record.manifest.company) {
            Self::alone_and_in_company(lang)
        } else {
            Self::within_blocks(lang)
        }
    }

    fn within_blocks(lang: Lang) -> Self {
        Self {
            title: term!(lang; "Ratios within blocks"; "Cocientes dentro de cada bloque"),
            caption: term!(lang; "Differences and ratios of two arms, taken within blocks";
                "Diferencias y cocientes de dos brazos, tomados dentro de cada bloque"),
            note: "Medians of the differences and ratios within blocks; * declared primary, its interval \
                   holds together with the others unless it is by itself; published: ratio of the medians.",
            of_ratios: term!(lang; "Difference and ratio are the medians of those within blocks, of one time above the line and one below it";
                "La diferencia y el cociente son las medianas de los de cada bloque, del tiempo del numerador y el del denominador"),
            of_a_contrast: term!(lang; "the median of the ratios of its two arms within blocks; each block takes every arm once, in a random order of its own, so that drift falls on both arms alike.";
                "la mediana de los cocientes de sus dos brazos dentro de cada bloque; cada bloque toma todos los brazos una vez, en un orden aleatorio propio, de modo que la deriva recae por igual sobre ambos."),
            drift: term!(lang; "Published: the median and the range of four repetitions, which carry no 95 % interval. Drift moves medians of arms; the ratios above are safe from it.";
                "Publicado: la mediana y el rango de cuatro repeticiones, que no dan para un intervalo del 95 %. La deriva desplaza las medianas de los brazos; a los cocientes de arriba no les afecta."),
            order: term!(lang; "Random order protects ratios, not medians: load on the machine moves those.";
                "El orden aleatorio protege los cocientes, no las medianas: la carga de la máquina sí las mueve."),
        }
    }

    fn alone_and_in_company(lang: Lang) -> Self {
        Self {
            title: term!(lang; "An arm alone over the same in company"; "Un brazo solo entre el mismo en compañía"),
            caption: term!(lang; "Differences and ratios of an arm alone to the same in company";
                "Diferencias y cocientes de un brazo solo respecto al mismo en compañía"),
            note: "Of the arm's medians in two labs of a session, alone and in company; below 1: quicker alone.",
            of_ratios: term!(lang; "Difference and ratio are of the arm's medians in two labs of a session, alone and in company, and the median of those of all sessions; below 1 is quicker alone";
                "La diferencia y el cociente son los de las medianas del brazo en dos laboratorios de una sesión, solo y en compañía, y de todas las sesiones su mediana; por debajo de 1, solo es más rápido"),
            of_a_contrast: term!(lang; "in each session the arm's median in a lab of its own over its median in the lab of all arms, and the median of those. The labs follow each other in random order, so that drift between them is spread and not taken out.";
                "en cada sesión, la mediana del brazo en un laboratorio propio entre su mediana en el de todos, y la mediana de esos cocientes. Los laboratorios van uno tras otro en orden aleatorio, de modo que la deriva entre ellos se reparte y no se elimina."),
            drift: term!(lang; "Drift moves medians of arms, and so the ratios above: their two labs follow each other, in random order.";
                "La deriva desplaza las medianas de los brazos, y con ellas los cocientes de arriba: sus dos laboratorios van uno tras otro, en orden aleatorio."),
            order: term!(lang; "Random order of the labs spreads the machine's load over the sessions; within one it moves ratios, too.";
                "El orden aleatorio de los laboratorios reparte la carga de la máquina entre las sesiones; dentro de una mueve también los cocientes."),
        }
    }
}
