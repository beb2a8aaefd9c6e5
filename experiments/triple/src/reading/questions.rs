//! What the tutorial asks of nesting, answered: is overhead additive or multiplicative, does computing
//! accumulate more than starting, which engine nests cheaper, and does a third level work.

use claims::stated;
use facts::document::Piece;
use facts::phrases::{added, estimate, in_unit, observer, predicted};
use facts::{
    ArmSummary, Claim, Evidence, Here, Lang, Predicted, STARTUP, SeriesSummary, Text, term, text,
};
use measure::stats::Model;
use serde::Serialize;

use super::growth::{self, Comparison, Nesting};
use crate::literal::PREPARED;

/// Every comparison that this run has the arms for.
#[derive(Serialize)]
pub(super) struct Answers {
    accumulation: Vec<Comparison>,
    engines: Vec<Comparison>,
}

/// A question's row of claims without comparison, what is compared for it, and each answer: in a word
/// and in words.
type Asked<'a> =
    (Claim, &'a [Comparison], fn(&Comparison) -> String, fn(&Comparison, Lang) -> String);

impl Answers {
    pub(super) fn of(evidence: &Evidence) -> Self {
        Self { accumulation: growth::accumulation(evidence), engines: growth::engines(evidence) }
    }

    /// The three questions of the tutorial's Part D; nothing for a run that has arms for none of
    /// them.
    pub(super) fn section(&self, evidence: &Evidence, lang: Lang) -> Vec<Piece> {
        let starts = growth::of(evidence, &STARTUP);
        let growth: Vec<String> = starts.map(|series| of_series(series, lang)).collect();
        if growth.is_empty() {
            return Vec::new();
        }
        let of_cpu = self.accumulation.iter();
        let mut cpu: Vec<String> = of_cpu.clone().map(|held| held.of_cpu(lang)).collect();
        cpu.extend(of_cpu.filter_map(|held| held.why(lang)));
        if !cpu.is_empty() {
            cpu.extend(ways_in(evidence, lang));
        }
        let engines = self.engines.iter();
        let mut engines: Vec<String> = engines.map(|held| held.of_engines(lang)).collect();
        if !engines.is_empty() {
            engines.push(term!(lang; "The image of nested Podman does less work inside than Podman at level 1 does (no namespaces, no control group of its own). In a chain called `matched` every Podman is configured as the one around it: that is the fair one.";
                "La imagen de Podman anidado trabaja dentro menos que Podman en el nivel 1 (sin espacios de nombres ni grupo de control propios). En una cadena llamada `matched` cada Podman se configura como el que lo rodea: esa es la comparación justa.").to_owned());
        }
        let title = term!(lang; "Answers to the tutorial's questions"; "Respuestas a las preguntas del tutorial");
        let lead = term!(lang; "What this run says to the three questions of the tutorial's Part D. A factor is the last level over the first; every interval has 95 % or more by itself.";
            "Lo que esta ejecución dice a las tres preguntas de la parte D del tutorial. Un factor es el último nivel entre el primero; cada intervalo tiene por sí solo un 95 % o más.");
        let none = term!(lang; "This run has no arms for it."; "Esta ejecución no tiene brazos para ello.");
        let questions = lang.pick(
            [
                "Is the overhead of startup multiplicative or additive?",
                "Does the overhead of CPU accumulate more than that of startup, and why?",
                "Which engine has the smaller overhead when it is nested, Docker or Podman?",
            ],
            [
                "¿El sobrecoste de arranque es multiplicativo o aditivo?",
                "¿El sobrecoste de CPU se acumula más que el de arranque, y por qué?",
                "¿Qué motor tiene menor sobrecoste al anidar, Docker o Podman?",
            ],
        );
        let mut pieces = vec![Piece::heading(2, title), Piece::paragraph(lead)];
        for (question, answers) in questions.into_iter().zip([growth, cpu, engines]) {
            pieces.push(Piece::heading(3, question));
            pieces.push(if answers.is_empty() {
                Piece::paragraph(none)
            } else {
                Piece::List(answers)
            });
        }
        pieces
    }

    /// A21. A question that the run has no arms for is a row that says so, where it has those of
    /// another.
    pub(super) fn claims(&self, evidence: &Evidence) -> Vec<Claim> {
        let mut claims: Vec<Claim> = growth::of(evidence, &STARTUP).map(claim_of_series).collect();
        if claims.is_empty() {
            return claims;
        }
        let asked: [Asked; 2] = [
            (
                asked("A21 cpu", "does CPU accumulate more than startup?"),
                &self.accumulation,
                |held| {
                    match held.less() {
                        Nesting::First => "no",
                        Nesting::Second => "yes",
                        Nesting::Alike => SAME,
                        Nesting::Open => "",
                    }
                    .to_owned()
                },
                Comparison::accumulates,
            ),
            (
                asked("A21 engine", "which engine nests cheaper?"),
                &self.engines,
                // A small factor of a long start may be more time than a large one of a short start.
                |held| match (held.less().engine(), held.less_time().engine(), held.less()) {
                    (Some(one), Some(other), _) if one != other => {
                        format!("{one} by factor, {other} in time")
                    }
                    (Some(one), ..) => one.to_owned(),
                    (.., Nesting::Alike) => SAME.to_owned(),
                    _ => String::new(),
                },
                |held, lang| match (held.less().engine(), held.less_time().engine()) {
                    (Some(one), Some(other)) if one != other => {
                        format!("{}; {}", held.by_factor(lang), held.by_time(lang))
                    }
                    _ => held.by_factor(lang),
                },
            ),
        ];
        for (asked, comparisons, answer, told) in asked {
            let claim = |held: &Comparison| {
                let answer = answer(held);
                Claim {
                    metric: Some(held.first.metric.name().to_owned()),
                    of: format!("{} / {}", held.first.series, held.second.series),
                    ours: held.ratio,
                    pairs: held.pairs,
                    verdict: held.verdict,
                    here: match held.ratio.and_then(|ratio| ratio.interval) {
                        _ if !answer.is_empty() => Here::Answered,
                        Some(_) => Here::Inconclusive,
                        None => Here::NotMeasured,
                    },
                    told: (!answer.is_empty()).then(|| Text::each(|lang| told(held, lang))),
                    answer: answer.into(),
                    ..asked.clone()
                }
            };
            claims.extend(comparisons.iter().map(claim));
            claims.extend(comparisons.is_empty().then_some(asked));
        }
        claims
    }
}

/// An answer: neither of the two.
const SAME: &str = "the same";

fn asked(question: &str, says: &'static str) -> Claim {
    Claim::blank(stated(question), None, "the run has no arms for it".to_owned(), says)
}

fn of_series(series: &SeriesSummary, lang: Lang) -> String {
    let (name, metric, who) = (&series.series, &series.metric, observer(series.observer, lang));
    let found = series.additive.zip(series.multiplicative).zip(series.held_out());
    let is_judged = series.model.is_some() || series.holds_alone().is_some();
    let Some(((additive, multiplicative), last)) = found.filter(|_| is_judged) else {
        let blocks = series.blocks;
        return text!(lang; "`{name}`, {who}: this run can't tell; its {blocks} blocks are too few for an interval.";
            "`{name}`, {who}: esta ejecución no puede decirlo; sus {blocks} bloques no dan para un intervalo.");
    };
    let verdict = match series.model {
        Some(Model::Additive) => term!(lang; "additive"; "aditivo"),
        Some(Model::Multiplicative) => term!(lang; "multiplicative"; "multiplicativo"),
        Some(Model::Both) => {
            term!(lang; "this run can't tell, for both predictions hold"; "esta ejecución no puede decirlo, porque se cumplen ambas predicciones")
        }
        None if series.holds_alone() == Some(true) => {
            term!(lang; "this run can't tell: the same factor holds, and adding is impossible in some blocks"; "esta ejecución no puede decirlo: el mismo factor se cumple, y sumar es imposible en algunos bloques")
        }
        None => {
            term!(lang; "not multiplicative: the same factor fails, and adding is impossible in some blocks"; "no es multiplicativo: el mismo factor falla, y sumar es imposible en algunos bloques")
        }
        Some(Model::Neither) => {
            term!(lang; "neither, for both predictions fail"; "ninguno de los dos, porque fallan ambas predicciones")
        }
    };
    let [step, observed] = [series.step, last.median].map(|of| in_unit(of, metric.unit, lang));
    let (symbol, level) = (metric.unit.symbol(), last.level);
    let of = |model: Predicted| (metric.amount(model.last_level_ns, lang), predicted(model, lang));
    let (factors, multiplied) = of(multiplicative);
    let adding = if let Some((adding, added)) = additive.predicted().map(of) {
        text!(lang; "adding once more predicts {adding} (observed / predicted {added})";
            "sumar una vez más predice {adding} (observado / predicho {added})")
    } else {
        let impossible = added(additive, series.blocks, lang);
        text!(lang; "adding once more is {impossible}"; "sumar una vez más es {impossible}")
    };
    text!(lang; "`{name}`, {who}: {verdict}. A level adds {step} {symbol}. Level {level} takes {observed} {symbol}; {adding}, the same factor once more predicts {factors} ({multiplied}).";
        "`{name}`, {who}: {verdict}. Un nivel suma {step} {symbol}. El nivel {level} tarda {observed} {symbol}; {adding}, el mismo factor una vez más predice {factors} ({multiplied}).")
}

fn claim_of_series(series: &SeriesSummary) -> Claim {
    let (answer, told) = match series.model {
        Some(Model::Additive) => ("additive", ["additive", "aditivo"]),
        Some(Model::Multiplicative) => ("multiplicative", ["multiplicative", "multiplicativo"]),
        Some(Model::Neither) => {
            ("neither", ["neither: both predictions fail", "ninguno: fallan ambas predicciones"])
        }
        Some(Model::Both) | None => ("", [""; 2]),
    };
    Claim {
        metric: Some(series.metric.name().to_owned()),
        of: series.series.clone(),
        here: match series.model {
            None if series.holds_alone().is_none() => Here::NotMeasured,
            // Both may be no growth, or too little of it to tell: either way it answers nothing.
            Some(Model::Both) | None => Here::Inconclusive,
            Some(_) => Here::Answered,
        },
        pairs: series.blocks,
        growth: series.additive.zip(series.multiplicative),
        told: (!answer.is_empty()).then_some(Text::new(told[0], told[1])),
        answer: answer.into(),
        ..asked("A21 growth", "additive or multiplicative?")
    }
}

impl Nesting {
    /// Of two engines, the one that it is.
    fn engine(self) -> Option<&'static str> {
        match self {
            Nesting::First => Some("Docker"),
            Nesting::Second => Some("Podman"),
            Nesting::Alike | Nesting::Open => None,
        }
    }
}

impl Comparison {
    /// Names, observers and factors of both.
    fn values(&self, lang: Lang) -> [[String; 3]; 2] {
        [&self.first, &self.second].map(|of| {
            let observer = observer(of.observer, lang).to_owned();
            [of.series.clone(), observer, estimate(of.estimate, 3, lang)]
        })
    }

    fn margin(&self, lang: Lang) -> String {
        lang.trimmed(self.margin_pct)
    }

    fn accumulates(&self, lang: Lang) -> String {
        let margin = self.margin(lang);
        match self.less() {
            Nesting::First => text!(lang; "CPU accumulates less"; "la CPU acumula menos"),
            Nesting::Second => text!(lang; "CPU accumulates more"; "la CPU acumula más"),
            Nesting::Alike => {
                text!(lang; "both accumulate alike, within {margin} %"; "ambos acumulan lo mismo, dentro del {margin} %")
            }
            Nesting::Open => {
                text!(lang; "this run can't tell which accumulates more"; "esta ejecución no puede decir cuál acumula más")
            }
        }
    }

    fn of_cpu(&self, lang: Lang) -> String {
        let [[cpu, who, factor], [startup, beside, other]] = self.values(lang);
        let (ratio, verdict) = (estimate(self.ratio, 3, lang), self.accumulates(lang));
        text!(lang; "`{cpu}`, {who}, grows by a factor of {factor}; `{startup}`, {beside}, by {other}. The first over the second is {ratio}: {verdict}.";
            "`{cpu}`, {who}, crece en un factor de {factor}; `{startup}`, {beside}, en {other}. El primero entre el segundo es {ratio}: {verdict}.")
    }

    /// What the workload's own clock says of the depth; nothing where it is another's.
    fn why(&self, lang: Lang) -> Option<String> {
        let ([[name, _, factor], _], margin) = (self.values(lang), self.margin(lang));
        let verdict = Some(self.first.verdict).filter(|_| self.first.observer == "self")?;
        let takes = text!(lang; "by its own clock the work of `{name}` takes {factor} times as long at the last level as at the first";
            "con su propio reloj, el trabajo de `{name}` tarda en el último nivel {factor} veces lo que en el primero");
        Some(if verdict.is_equivalent() {
            text!(lang; "Why: {takes}, equivalent within {margin} %. No engine has a part in a computation that runs; what grows from outside is the way in, one exec a level.";
                "Por qué: {takes}, equivalente dentro del {margin} %. Ningún motor interviene en un cálculo que ya está en marcha; lo que crece desde fuera es el camino de entrada, un exec por nivel.")
        } else if verdict.is_different() {
            text!(lang; "Why: {takes}. That is not 1: something of the depth reaches a computation that runs.";
                "Por qué: {takes}. Eso no es 1: algo de la profundidad alcanza a un cálculo que ya está en marcha.")
        } else {
            text!(lang; "Why: this run can't tell: {takes}; that excludes neither a difference nor that there is none.";
                "Por qué: esta ejecución no puede decirlo: {takes}; eso no excluye ni que haya diferencia ni que no la haya.")
        })
    }

    fn by_factor(&self, lang: Lang) -> String {
        match (self.less().engine(), self.less(), self.margin(lang)) {
            (Some(engine), ..) => {
                text!(lang; "by factor, {engine} nests cheaper"; "por factor, {engine} sale más barato")
            }
            (_, Nesting::Alike, margin) => {
                text!(lang; "by factor, both are alike within {margin} %"; "por factor, ambos son iguales dentro del {margin} %")
            }
            _ => {
                text!(lang; "by factor, this run can't tell"; "por factor, esta ejecución no puede decirlo")
            }
        }
    }

    fn by_time(&self, lang: Lang) -> String {
        match self.less_time().engine() {
            Some(engine) => {
                text!(lang; "in time, {engine} adds less"; "en tiempo, {engine} suma menos")
            }
            None => {
                text!(lang; "in time, this run can't tell"; "en tiempo, esta ejecución no puede decirlo")
            }
        }
    }

    fn of_engines(&self, lang: Lang) -> String {
        let [[docker, who, factor], [podman, _, other]] = self.values(lang);
        let ratio = estimate(self.ratio, 3, lang);
        let (factors, time) = (self.by_factor(lang), self.by_time(lang));
        let unit = self.first.metric.unit;
        let (added, symbol) = (in_unit(self.added, unit, lang), unit.symbol());
        text!(lang; "`{docker}` against `{podman}`, {who}: Docker grows by a factor of {factor}, Podman by {other}. The first over the second is {ratio}: {factors}. From the first level to the last Docker adds {added} {symbol} more than Podman: {time}.";
            "`{docker}` frente a `{podman}`, {who}: Docker crece en un factor de {factor}, Podman en {other}. El primero entre el segundo es {ratio}: {factors}. Del primer nivel al último Docker suma {added} {symbol} más que Podman: {time}.")
    }
}

/// The hops that the run has arms for.
fn ways_in(evidence: &Evidence, lang: Lang) -> Option<String> {
    let hops =
        evidence.arms.iter().filter(|arm| arm.arm.starts_with("hop-") && arm.median.is_some());
    let hop = |arm: &ArmSummary| {
        let median = in_unit(arm.median, arm.metric.unit, lang);
        format!("`{}` {median} {}", arm.arm, arm.metric.unit.symbol())
    };
    let hops = hops.map(hop).collect::<Vec<_>>().join("; ");
    (!hops.is_empty()).then(|| text!(lang; "The ways in by themselves: {hops}."; "Los caminos de entrada por sí solos: {hops}."))
}

/// The chain that A19 is about, and the one that it is held against: names of arms.
const THREE_DEEP: [(&str, &str); 2] = [
    (PREPARED, "start-podman-podman"),
    ("start-podman-podman-podman-inside", "start-podman-podman-inside"),
];

/// A19: it works where every sample of it has a reading.
pub(super) fn three_deep(evidence: &Evidence) -> Vec<Claim> {
    let claim = |(third, second): &(&str, &str)| {
        let ratio = evidence.between(third, second)?;
        let samples: Vec<_> = evidence.record.measured(third).collect();
        let (taken, worked) =
            (samples.len(), samples.iter().filter(|row| row.wall_ns.is_some()).count());
        Some(Claim {
            ours: ratio.decisive,
            pairs: ratio.pairs,
            primary: ratio.primary,
            by_itself: ratio.by_itself,
            verdict: ratio.verdict,
            here: match worked {
                _ if taken == 0 => Here::NotMeasured,
                0 => Here::NotReproduced,
                all if all == taken => Here::Consistent,
                _ => Here::Inconclusive,
            },
            seen: format!("{worked} of {taken} samples work"),
            ..Claim::blank(stated("A19"), Some(&ratio.metric), ratio.contrast, "every sample works")
        })
    };
    THREE_DEEP.iter().filter_map(claim).collect()
}
