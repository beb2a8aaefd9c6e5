//! Section 6: how it was measured.

use facts::{term, text};
use std::collections::BTreeMap;

use measure::stats::{ALPHA, median};
use measure::{Manifest, Status, Stopped, Stopping};

use super::{Estimand, Source, environment, phrases};
use crate::analysis::{BlockSummary, sessions_needed};
use crate::language::fill;
use crate::simulated::Simulated;
use facts::document::{Cell, Fit, Piece, Table, numbers, words};
use facts::{Lang, Record};

pub(super) fn method(source: &Source) -> miette::Result<Vec<Piece>> {
    let lang = source.lang;
    let mut pieces =
        vec![Piece::Heading(2, term!(lang; "How it was measured"; "Cómo se ha medido").to_owned())];
    if source.runs.records.iter().any(|run| !run.trials.is_empty()) {
        pieces.push(Piece::Heading(3, term!(lang; "What a row is"; "Qué es una fila").to_owned()));
        pieces.push(Piece::Paragraph(term!(lang; "Trials are not repeated: they ask whether something works, and where it ends. A refusal is a result, with the refuser's own words. Times of one try show an order of magnitude and carry no interval.";
            "Las pruebas no se repiten: preguntan si algo funciona y dónde acaba. Un rechazo es un resultado, con las palabras de quien rechaza. Los tiempos de un solo intento dan un orden de magnitud y no llevan intervalo.").to_owned()));
    }
    if source.has_arms() {
        pieces.extend(of_samples(source));
    }
    pieces.push(Piece::Heading(
        3,
        term!(lang; "The machine and its engines"; "La máquina y sus motores").to_owned(),
    ));
    pieces.extend(environment::sessions(source.runs, lang));
    if source.has_arms() {
        pieces.push(environment::published_setup(lang)?);
        pieces.push(Piece::Heading(
            3,
            term!(lang; "What the machine was doing meanwhile";
            "Qué hacía la máquina mientras tanto")
            .to_owned(),
        ));
        pieces.push(blocks(source));
    }
    pieces.push(Piece::Heading(3, term!(lang; "Limits"; "Límites").to_owned()));
    pieces.push(Piece::List(limits(source)?));
    pieces.push(Piece::Heading(
        3,
        term!(lang; "How this page is made"; "Cómo se hace esta página").to_owned(),
    ));
    pieces.push(Piece::List(
        source.runs.records.iter().map(|record| command(record, source)).collect(),
    ));
    pieces.push(Piece::Paragraph(term!(lang; "Every table and figure is made of the raw files in this folder, which are never edited, and comes out byte for byte the same with:";
        "Todas las tablas y figuras salen de los ficheros en bruto de esta carpeta, que nunca se editan, y se rehacen idénticas, byte a byte, con:").to_owned()));
    pieces.push(Piece::Code(
        term!(lang; "cargo xtask report <this folder>";
        "cargo xtask report <esta carpeta> --lang es")
        .to_owned(),
    ));
    Ok(pieces)
}

/// What is said of samples alone: estimand, exclusions, stopping, family.
fn of_samples(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let contrast = Estimand::of(source.runs, lang).of_a_contrast;
    let mut pieces = vec![
        Piece::Heading(3, term!(lang; "What is estimated"; "Qué se estima").to_owned()),
        Piece::Paragraph(
            text!(lang; "Of an arm: the median of its readings. Of a contrast: {contrast} Readings of many operations are shown for one. Intervals come from inverting the sign test and assume no shape of distribution; their coverage is exact and printed. Across sessions each session counts once.";
            "De un brazo, la mediana de sus lecturas. De un contraste, {contrast} Las lecturas de muchas operaciones se dan por operación. Los intervalos salen de invertir la prueba de los signos y no suponen ninguna forma de distribución; su cobertura es exacta y se imprime. Entre sesiones, cada sesión cuenta una vez."),
        ),
        Piece::Heading(3, term!(lang; "What is left out"; "Qué se deja fuera").to_owned()),
    ];
    pieces.extend(exclusions(source));
    pieces.push(Piece::Heading(3, term!(lang; "When it stopped"; "Cuándo se paró").to_owned()));
    pieces.push(Piece::List(
        source.runs.records.iter().map(|record| stopping(record, source)).collect(),
    ));
    pieces.push(Piece::Heading(3, term!(lang; "The family"; "La familia").to_owned()));
    pieces.extend(family(source));
    pieces
}

fn exclusions(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let warmups: u32 = source
        .runs
        .records
        .iter()
        .map(|record| record.samples.rows.iter().filter(|row| row.warmup).count())
        .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
        .sum();
    let failed: usize = source.analysis.failures().map(|failure| failure.measured).sum();
    let mut pieces = vec![Piece::Paragraph(
        text!(lang; "{warmups} samples of warm-up blocks are kept in the file and are in no number. {failed} measured samples failed; they are rows with a reason, and none was repeated. No outlier is dropped.";
        "{warmups} muestras de bloques de calentamiento se conservan en el fichero y no entran en ninguna cifra. {failed} muestras medidas fallaron; son filas con su motivo, y ninguna se repitió. No se descarta ningún valor atípico."),
    )];
    let rows: Vec<Vec<Cell>> = source
        .analysis
        .failures()
        .map(|failure| {
            vec![
                Cell::new(format!("`{}`", failure.arm)).below(failure.metric.heading(lang)),
                Cell::new(failure.measured.to_string()),
                Cell::new(failure.warmup.to_string()),
                Cell::new(&failure.reason).english(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        pieces.push(Piece::Table(Table {
            caption: term!(lang; "Failed samples"; "Muestras fallidas").to_owned(),
            columns: vec![
                words(term!(lang; "arm"; "brazo")),
                numbers(term!(lang; "measured"; "medidas")),
                numbers(term!(lang; "warm-up"; "calentamiento")),
                words(term!(lang; "reason"; "motivo")),
            ],
            rows,
            fit: Fit::Cards,
        }));
    }
    pieces
}

/// Blocks of each session and why it took no more; said once where all are alike.
fn taken(manifest: &Manifest, source: &Source) -> String {
    let lang = source.lang;
    let why = |stopped: Option<Stopped>| match stopped {
        Some(Stopped::Planned) => term!(lang; "as planned"; "los previstos"),
        Some(Stopped::Precise) => term!(lang; "precise enough"; "precisión alcanzada"),
        Some(Stopped::Budget) => term!(lang; "budget spent"; "presupuesto agotado"),
        Some(Stopped::NoReading) => term!(lang; "given up: a ratio without a reading";
            "abandonada: un cociente sin lecturas"),
        None => term!(lang; "did not end of itself"; "no acabó por sí sola"),
    };
    let blocks = |blocks: Option<u32>| blocks.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let ends: Vec<(String, &str)> = manifest
        .sessions
        .iter()
        .map(|session| (blocks(session.blocks_taken), why(session.stopped)))
        .collect();
    let say = |template: &str, (blocks, why): &(String, &str)| {
        fill(template, &[("blocks", blocks), ("why", why)])
    };
    match ends.split_first() {
        Some((first, rest)) if !rest.is_empty() && rest.iter().all(|end| end == first) => say(
            term!(lang; "{blocks} in each session ({why})"; "{blocks} en cada sesión ({why})"),
            first,
        ),
        _ => ends
            .iter()
            .map(|end| say(term!(lang; "{blocks} ({why})"; "{blocks} ({why})"), end))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn stopping(record: &Record, source: &Source) -> String {
    let lang = source.lang;
    let manifest = &record.manifest;
    let taken = taken(manifest, source);
    let rule = match manifest.stopping {
        Stopping::Fixed => {
            term!(lang; "a number fixed before the run"; "un número fijado de antemano").to_owned()
        }
        Stopping::Adaptive { precision_pct, budget_s } => {
            text!(lang; "at most so many: an adaptive stop (precision {precision}, budget {budget}), for which all intervals hold at all times at once";
            "como mucho: parada adaptativa (precisión {precision}, presupuesto {budget}), con intervalos que valen en todo momento a la vez", precision = precision_pct .map_or_else(|| "–".to_owned(), |pct| format!("{} %", lang.trimmed(pct))), budget = budget_s.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds} s")))
        }
    };
    let of_which = if manifest.company {
        term!(lang; " (in the lab with all arms, and in the lab of each arm alone: its ratio is of the medians of two labs of a session, and the interval is across sessions)";
            " (en el laboratorio con todos los brazos y en el de cada brazo solo: su cociente es el de las medianas de dos laboratorios de una sesión, y el intervalo es entre sesiones)").to_owned()
    } else if manifest.primary_blocks > 0 {
        text!(lang; " with every arm, then {primary} with the arms of primary ratios only";
            " con todos los brazos y después {primary} solo con los brazos de los cocientes principales", primary = manifest.primary_blocks)
    } else {
        String::new()
    };
    text!(lang; "{experiment}: {sessions} × {blocks} measured blocks{of_which} planned, after {warmups} of warm-up in each session; {rule}. Taken: {taken}.";
        "{experiment}: {sessions} × {blocks} bloques medidos{of_which} previstos, tras {warmups} de calentamiento en cada sesión; {rule}. Tomados: {taken}.", experiment = manifest.experiment, blocks = manifest.blocks, warmups = manifest.warmup_blocks, sessions = manifest.planned_sessions)
}

/// The family, and what is known of all its intervals at once.
fn family(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let mut items = Vec::new();
    let mut simultaneous = Vec::new();
    for (record, run) in source.runs.records.iter().zip(&source.analysis.runs) {
        let family = record.family();
        let primary = || run.ratios.iter().filter(|ratio| ratio.primary);
        let exploratory = run.ratios.len() - primary().count();
        let joint = primary().find_map(|ratio| ratio.joint_coverage).unwrap_or(1.0);
        let share = ALPHA / family.max(1) as f64;
        let template = if run.is_each_by_itself() {
            term!(lang; "{experiment}: primary ratios, {primary}; exploratory ones, {exploratory}. So few sessions have no interval at each primary ratio's share of 5 %, which needs {needed} of them. Every interval is at 5 % by itself, and so is every verdict; all primary intervals hold together with {joint} or more.";
                "{experiment}: cocientes principales, {primary}; exploratorios, {exploratory}. Con tan pocas sesiones no existe intervalo para la parte del 5 % que toca a cada cociente principal: harían falta {needed}. Cada intervalo es del 5 % por sí solo, y cada veredicto también; todos los intervalos principales valen a la vez con un {joint} o más.")
        } else {
            simultaneous.push(run.experiment.as_str());
            term!(lang; "{experiment}: primary ratios, {primary}, which share 5 %; exploratory ones, {exploratory}, with 5 % each. All primary intervals hold together with {joint} or more.";
                "{experiment}: cocientes principales, {primary}, que se reparten el 5 %; exploratorios, {exploratory}, con un 5 % cada uno. Todos los intervalos principales valen a la vez con un {joint} o más.")
        };
        items.push(fill(
            template,
            &[
                ("experiment", &run.experiment),
                ("primary", &family),
                ("exploratory", &exploratory),
                ("needed", &sessions_needed(share)),
                ("joint", &phrases::coverage(joint, lang)),
            ],
        ));
    }
    let chosen = source.runs.records.iter().filter(|record| record.chose_arms());
    items.extend(chosen.map(|record| chosen_arms(record, lang)));
    let mut pieces = vec![Piece::List(items)];
    if !simultaneous.is_empty() {
        pieces.push(Piece::Paragraph(text!(lang; "{experiments}: printed intervals of primary ratios are the simultaneous ones, and they decide. Holm's p-values (sign test) decide nothing: where Holm would reject while the interval holds 1, the verdict follows the interval, so that none is contradicted by what stands beside it. Whatever is called different has a Holm p of 5 % at most.";
            "{experiments}: los intervalos que se imprimen de los cocientes principales son los simultáneos, y son los que deciden. Los valores p de Holm (prueba de los signos) no deciden nada: si Holm rechazara mientras el intervalo contiene el 1, el veredicto sigue al intervalo, para que ninguno contradiga lo que tiene al lado. Todo lo que aquí se llama diferente tiene un p de Holm del 5 % como mucho.", experiments = simultaneous.join(", "))));
    }
    if simultaneous.len() < source.analysis.runs.len() {
        pieces.push(Piece::Paragraph(term!(lang; "A primary verdict that is “(by itself)” is wrong with a probability of 5 % at most; that one of several is wrong can be more probable. Holm's p-value counts all primary ratios, and may be above 5 % where one is called different by itself.";
            "Un veredicto principal «(por sí solo)» se equivoca con una probabilidad del 5 % como mucho; que se equivoque alguno de varios puede ser más probable. El valor p de Holm cuenta todos los cocientes principales y puede pasar del 5 % donde uno se llama diferente por sí solo.").to_owned()));
    }
    pieces.push(Piece::Paragraph(text!(lang; "“Different” and “equivalent within {margin} %” are two tests at the same share of 5 %. Of any true ratio at most one of them is false, so they need no further share. Both may be said of one ratio: not 1, and nearer to 1 than {margin} %.";
        "«Diferente» y «equivalente dentro del {margin} %» son dos pruebas con la misma parte del 5 %. Sea cual sea el cociente verdadero, como mucho una de las dos es falsa, así que no hace falta repartir más. De un mismo cociente pueden decirse ambas: no es 1, y se aparta de 1 menos de un {margin} %.", margin = lang.trimmed(source.margin()))));
    pieces
}

/// That the family is of the chosen arms only.
pub(crate) fn chosen_arms(record: &Record, lang: Lang) -> String {
    text!(lang; "{experiment}: `--arms` chose what was measured. The family has only the primary ratios of these arms ({primary}), not all that the experiment may declare; the fewer they are, the larger the share of 5 % of each and the narrower its interval.";
        "{experiment}: `--arms` eligió lo que se midió. La familia solo tiene los cocientes principales de estos brazos ({primary}), no todos los que el experimento pueda declarar; cuantos menos son, mayor es la parte del 5 % de cada uno y más estrecho su intervalo.", experiment = record.manifest.experiment, primary = record.family())
}

/// One row a session of each run.
fn blocks(source: &Source) -> Piece {
    let lang = source.lang;
    let mut rows = Vec::new();
    for run in &source.analysis.runs {
        let mut sessions: BTreeMap<u32, Vec<&BlockSummary>> = BTreeMap::new();
        for block in run.sensitivity.blocks.iter().filter(|block| !block.record.warmup) {
            sessions.entry(block.record.session).or_default().push(block);
        }
        for (session, blocks) in sessions {
            let spread = |of: &dyn Fn(&BlockSummary) -> Option<f64>| {
                let values: Vec<f64> = blocks.iter().filter_map(|block| of(block)).collect();
                let low = values.iter().copied().fold(f64::INFINITY, f64::min);
                let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                median(&values).map_or_else(
                    || Cell::new("–"),
                    |middle| {
                        let ends = [low, high].map(|end| lang.number(end, 2));
                        Cell::new(lang.number(middle, 2)).below(text!(lang; "{low} to {high}";
                                "{low} a {high}", low = ends[0], high = ends[1]))
                    },
                )
            };
            let sum = |of: &dyn Fn(&BlockSummary) -> Option<u64>| {
                let values: Vec<u64> = blocks.iter().filter_map(|block| of(block)).collect();
                if values.is_empty() {
                    "–".to_owned()
                } else {
                    values.iter().sum::<u64>().to_string()
                }
            };
            let step = blocks.iter().filter_map(|block| block.record.clock_step_ns);
            let step = step.map(i64::unsigned_abs).max();
            rows.push(vec![
                Cell::new(text!(lang; "{experiment}, session {session}";
                    "{experiment}, sesión {session}", experiment = run.experiment)),
                Cell::new(blocks.len().to_string()),
                spread(&|block| block.record.load1),
                spread(&|block| block.record.psi_cpu_some_avg10_pct),
                spread(&|block| {
                    let (steal, busy) = (block.record.steal_ticks?, block.record.busy_ticks?);
                    let wanted = (steal + busy) as f64;
                    (wanted > 0.0).then(|| 100.0 * steal as f64 / wanted)
                }),
                Cell::new(sum(&|block| block.record.cgroup_throttles)),
                Cell::new(sum(&|block| block.record.thermal_throttles)),
                Cell::new(
                    step.map_or_else(|| "–".to_owned(), |ns| lang.number(ns as f64 / 1e6, 2)),
                ),
            ]);
        }
    }
    Piece::Table(Table {
        caption: term!(lang; "Measured blocks: median with smallest and largest, or sum";
            "Bloques medidos: mediana con el menor y el mayor, o suma")
        .to_owned(),
        columns: vec![
            words(term!(lang; "session"; "sesión")),
            numbers(term!(lang; "blocks"; "bloques")),
            numbers(term!(lang; "load (1 min)"; "carga (1 min)")),
            numbers(term!(lang; "CPU pressure, %"; "presión de CPU, %")),
            numbers(term!(lang; "steal, %"; "tiempo robado, %")),
            numbers(term!(lang; "group throttled"; "frenos del grupo")),
            numbers(term!(lang; "thermal throttling"; "frenos térmicos")),
            numbers(term!(lang; "largest clock step, ms"; "mayor salto de reloj, ms")),
        ],
        rows,
        fit: Fit::Scroll,
    })
}

fn limits(source: &Source) -> miette::Result<Vec<String>> {
    let lang = source.lang;
    let records = &source.runs.records;
    let mut limits = Vec::new();
    if records.iter().any(|record| record.manifest.sessions.len() == 1) {
        limits.push(term!(lang; "One session: another session on the same boot may give other numbers, and this run cannot say how far off.";
            "Una sola sesión: otra sesión en el mismo arranque puede dar otras cifras, y esta ejecución no puede decir cuán distintas.").to_owned());
    }
    if source.has_arms() {
        limits.extend(simulated(lang)?);
    }
    let mut names: Vec<String> = records.iter().flat_map(Record::stand_ins).collect();
    names.sort();
    names.dedup();
    let mut published: Vec<(String, String)> = records.iter().flat_map(Record::published).collect();
    published.sort();
    published.dedup();
    limits.push(if names.is_empty() {
        term!(lang; "No stand-in images were used."; "No se usaron imágenes sustitutas.").to_owned()
    } else {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        text!(lang; "The images are stand-ins made of distribution packages under the published names: {names}. Times of the upstream images may differ.";
            "Las imágenes son sustitutas hechas con paquetes de la distribución bajo los nombres publicados: {names}. Los tiempos de las imágenes originales pueden ser otros.", names = names.join(", "))
    });
    if !published.is_empty() {
        let names: Vec<String> =
            published.iter().map(|(name, digest)| format!("`{name}` (`{digest}`)")).collect();
        limits.push(text!(lang; "These images are the published ones, as they were pulled: {names}.";
            "Estas imágenes son las publicadas, tal como se descargaron: {names}.", names = names.join(", ")));
    }
    if records.iter().any(|record| record.manifest.status != Status::Complete) {
        limits.push(term!(lang; "The run is not whole. Where it ended may have to do with what it measured.";
            "La ejecución está incompleta. El punto en que acabó puede tener que ver con lo que medía.").to_owned());
    }
    let of_samples = [
        Estimand::of(source.runs, lang).order,
        term!(lang; "An interval that holds 1 says that no difference was seen at this n, never that there is none.";
        "Un intervalo que contiene el 1 dice que con este n no se vio diferencia, nunca que no la haya."),
    ];
    let all = [
        term!(lang; "One machine, one kernel, one set of versions. Nothing here speaks of others.";
        "Una máquina, un núcleo, un juego de versiones. Nada de esto habla de otras."),
    ];
    let of_ratios = [
        term!(lang; "The published runs had another machine and other versions, one order, and four repetitions. That a ratio is not reproduced here does not make it wrong there.";
        "Las mediciones publicadas se hicieron con otra máquina y otras versiones, en un solo orden y con cuatro repeticiones. Que un cociente no se reproduzca aquí no lo hace falso allí."),
    ];
    limits.extend(
        if source.has_arms() { [&of_samples[..], &all, &of_ratios].concat() } else { all.to_vec() }
            .into_iter()
            .map(str::to_owned),
    );
    Ok(limits)
}

/// What intervals do not cover, with what the committed simulation has counted.
fn simulated(lang: Lang) -> miette::Result<[String; 2]> {
    let simulated = Simulated::read()?;
    let (one, time) = (simulated.one_machine(lang)?, simulated.autoregression(lang)?);
    let (several, fifth) = (simulated.machines(one.n, lang)?, simulated.fifth(lang)?);
    Ok([
        text!(lang; "One boot of one machine: all sessions of a run share both, so no interval here speaks of machines. Simulated, where the ratios of machines differ by a standard deviation of {moved}: {n} sessions of one machine hold what is true of machines in {covered} of cases; {n} machines of one session each, in {several}. How noisy a session is was chosen for that (results/coverage); the quieter it is, the less sessions of one machine hold. Several machines: `cargo xtask merge RUN...`.";
            "Un arranque de una máquina: todas las sesiones de una ejecución comparten ambos, así que ningún intervalo de aquí habla de las máquinas en general. En la simulación, si los cocientes de las máquinas difieren con una desviación típica del {moved}, {n} sesiones de una sola máquina contienen lo que vale para las máquinas en el {covered} de los casos; {n} máquinas con una sesión cada una, en el {several}. El ruido de una sesión se eligió para ello (results/coverage); cuanto menos ruido, menos contienen las sesiones de una sola máquina. Varias máquinas: `cargo xtask merge RUN...`.", moved = one.moved, n = one.n, covered = one.covered, several = several.covered),
        text!(lang; "Random order protects a ratio from what slows both arms alike, not from load that moves the ratio itself. Simulated, {n} blocks, intervals that say {said}: where the ratio hangs together from block to block (autoregression of 0.9) with a standard deviation of {moved}, they cover {covered}; where it is {more} larger in a fifth of the blocks, {fifth}. That is for a quiet machine (results/coverage); more noise hides it.";
            "El orden aleatorio protege un cociente de lo que frena por igual ambos brazos, no de una carga que mueva el propio cociente. En la simulación, con {n} bloques e intervalos que dicen {said}: si el cociente depende del bloque anterior (autorregresión de 0,9) con una desviación típica del {moved}, cubren el {covered}; si es un {more} mayor en la quinta parte de los bloques, el {fifth}. Es para una máquina tranquila (results/coverage); con más ruido no se nota.", n = time.n, said = time.said, moved = time.moved, covered = time.covered, more = fifth.moved, fifth = fifth.covered),
    ])
}

/// How the samples themselves were taken.
fn command(record: &Record, source: &Source) -> String {
    let lang = source.lang;
    let manifest = &record.manifest;
    let inside = manifest
        .inside_share
        .map_or_else(|| "–".to_owned(), |share| phrases::percent(share, 1, lang));
    text!(lang; "{experiment}: `{command}`, {started} to {ended}; seed {seed}; source version {version}, revision {revision}; schema {schema}, method {method}; {inside} of the measuring loop was inside samples.";
        "{experiment}: `{command}`, de {started} a {ended}; semilla {seed}; versión {version} de las fuentes, revisión {revision}; esquema {schema}, método {method}; el {inside} del bucle de medida transcurrió dentro de las muestras.", experiment = manifest.experiment, started = manifest.started, ended = manifest.ended.as_deref().unwrap_or("–"), command = manifest.args.join(" "), seed = manifest.seed, version = manifest.tool.version, revision = manifest.tool.revision.as_deref().unwrap_or("–"), schema = manifest.schema_version, method = manifest.method_version)
}
