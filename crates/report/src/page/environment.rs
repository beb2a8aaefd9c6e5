//! What a run was taken on: what a reader must know first, each session's machine and engines.

use measure::{Session, Status};
use serde_json::Value;

use super::document::{Cell, Piece, Table, words};
use crate::language::{Lang, fill};
use crate::published;
use crate::record::{Record, Runs, text};

/// What a reader of any number must know first: runs that did not end well, rows left out, a
/// source that is not identified.
pub(crate) fn warnings(runs: &Runs, lang: Lang) -> Vec<String> {
    let t = lang.texts();
    let mut warnings = Vec::new();
    for Record {
        manifest, samples, ..
    } in &runs.records
    {
        let experiment = &manifest.experiment;
        if manifest.status != Status::Complete {
            let reason = manifest.reason.as_deref().unwrap_or(t.was_killed);
            let status = manifest.status.name();
            warnings.push(fill(
                t.not_complete,
                &[
                    ("experiment", experiment),
                    ("status", &status),
                    ("reason", &reason),
                ],
            ));
        }
        warnings.extend(
            samples
                .notes
                .iter()
                .map(|note| format!("{experiment}: {note}")),
        );
        if manifest.tool.revision.is_none() {
            warnings.push(fill(
                t.no_revision,
                &[
                    ("experiment", experiment),
                    ("version", &manifest.tool.version),
                ],
            ));
        } else if manifest.tool.dirty == Some(true) {
            warnings.push(fill(t.dirty, &[("experiment", experiment)]));
        }
    }
    warnings
}

/// Date, machine and size in one line.
pub(super) fn lead(runs: &Runs, lang: Lang) -> String {
    let t = lang.texts();
    let manifest = &runs.records[0].manifest;
    let date = manifest.started.get(..10).unwrap_or(&manifest.started);
    let machine = manifest.sessions.first().map(|session| &session.machine);
    let kernel = machine
        .and_then(|machine| machine.kernel.as_deref())
        .unwrap_or("–");
    let cpu = machine
        .and_then(|machine| machine.cpu_model.as_deref())
        .unwrap_or("–");
    let cores = machine.and_then(|machine| machine.cores).unwrap_or(0);
    let sessions = manifest.sessions.len();
    fill(
        if sessions == 1 { t.lead_one } else { t.lead },
        &[
            ("date", &date),
            ("kernel", &kernel),
            ("cpu", &cpu),
            ("cores", &cores),
            ("sessions", &sessions),
            ("blocks", &manifest.blocks),
        ],
    )
}

/// One table of facts for each group of sessions that do not differ in them, then the engines.
pub(super) fn sessions(record: &Record, lang: Lang) -> Vec<Piece> {
    let t = lang.texts();
    let mut groups: Vec<(Vec<u32>, Vec<(&'static str, String)>, Vec<Vec<Cell>>)> = Vec::new();
    for session in &record.manifest.sessions {
        let facts = facts(session, lang);
        match groups.iter_mut().find(|(_, other, _)| *other == facts) {
            Some((numbers, _, _)) => numbers.push(session.number),
            None => groups.push((vec![session.number], facts, engines(session, lang))),
        }
    }
    let mut pieces = Vec::new();
    for (numbers, facts, engines) in groups {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let numbers = numbers.join(", ");
        let values = [
            ("experiment", &record.manifest.experiment),
            ("sessions", &numbers),
        ];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, *value as &dyn std::fmt::Display));
        let fact = |(name, value): (&'static str, String)| {
            vec![Cell::new(name), Cell::new(value).english()]
        };
        pieces.push(Piece::Table(Table {
            caption: fill(t.machine_caption, &values),
            columns: vec![words(t.column_fact), words(t.column_value)],
            rows: facts.into_iter().map(fact).collect(),
            cards: true,
        }));
        if !engines.is_empty() {
            pieces.push(Piece::Table(Table {
                caption: fill(t.engines_caption, &values),
                columns: [t.column_nest]
                    .into_iter()
                    .chain(engine_columns(lang).map(|(heading, _)| heading))
                    .map(words)
                    .collect(),
                rows: engines,
                cards: false,
            }));
        }
    }
    pieces
}

fn facts(session: &Session, lang: Lang) -> Vec<(&'static str, String)> {
    let t = lang.texts();
    let machine = &session.machine;
    let told = |fact: &Option<String>| fact.clone().unwrap_or_else(|| t.not_readable.to_owned());
    let yes = |fact: Option<bool>| match fact {
        Some(true) => t.yes.to_owned(),
        Some(false) => t.no.to_owned(),
        None => t.not_readable.to_owned(),
    };
    let number = |fact: Option<String>| fact.unwrap_or_else(|| t.not_readable.to_owned());
    let memory = machine.memory_bytes.map(|bytes| {
        let gib = bytes as f64 / 1024.0 / 1024.0 / 1024.0;
        format!("{} GiB", lang.number(gib, 1))
    });
    let mut facts = vec![
        (t.fact_kernel, told(&machine.kernel)),
        (t.fact_cpu, told(&machine.cpu_model)),
        (
            t.fact_cores,
            number(machine.cores.map(|cores| cores.to_string())),
        ),
        (t.fact_memory, number(memory)),
        (t.fact_hypervisor, yes(machine.hypervisor)),
        (t.fact_vendor, told(&machine.vendor)),
        (t.fact_clock, told(&machine.clocksource)),
        (t.fact_governor, told(&machine.governor)),
        (t.fact_turbo, yes(machine.turbo)),
        (t.fact_thp, told(&machine.thp)),
        (t.fact_cgroups, told(&machine.cgroup_mode)),
    ];
    if let Some(cmdline) = &machine.cmdline {
        facts.push((t.fact_cmdline, format!("`{cmdline}`")));
    }
    if let Some(mitigations) = &machine.mitigations {
        let affected = mitigations
            .iter()
            .filter(|(_, state)| *state != "Not affected");
        let list: Vec<String> = affected
            .map(|(name, state)| format!("{name}: {state}"))
            .collect();
        facts.push((
            t.fact_mitigations,
            if list.is_empty() {
                "–".to_owned()
            } else {
                list.join("; ")
            },
        ));
    }
    if let Some(lab) = session.description.get("lab") {
        let pinned = match lab["bundle_pinned"].as_bool() {
            Some(false) => t.not_pinned,
            _ => t.pinned,
        };
        let packages = lab["packages"].as_array().map_or(0, Vec::len);
        facts.push((t.fact_sandbox, format!("`{}`", text(&lab["sandbox"]))));
        facts.push((
            t.fact_packages,
            fill(
                t.packages,
                &[
                    ("count", &packages),
                    ("suite", &text(&lab["suite"])),
                    ("bundle", &text(&lab["bundle"])),
                    ("pinned", &pinned),
                ],
            ),
        ));
    }
    facts
}

/// Columns of the table of engines: heading, key of a level in a session's description.
fn engine_columns(lang: Lang) -> [(&'static str, &'static str); 8] {
    let t = lang.texts();
    [
        (t.column_level, "level"),
        (t.column_engine, "engine"),
        (t.column_version, "version"),
        (t.column_socket, "socket_of_outer"),
        (t.column_privileged, "privileged"),
        (t.column_storage, "storage_driver"),
        (t.column_runtime, "oci_runtime"),
        (t.column_cgroup_driver, "cgroup_driver"),
    ]
}

/// What a session's engines said of themselves, one line a level of each nest. The manifest holds
/// all of it, and the packages.
fn engines(session: &Session, lang: Lang) -> Vec<Vec<Cell>> {
    let t = lang.texts();
    let plain = |value: &Value| match value {
        Value::Bool(true) => t.yes.to_owned(),
        Value::Bool(false) => t.no.to_owned(),
        other => text(other),
    };
    let nests = session.description.get("nests").and_then(Value::as_array);
    let mut rows = Vec::new();
    for nest in nests.into_iter().flatten() {
        let levels = nest["levels"].as_array().map_or(&[][..], Vec::as_slice);
        let chain: Vec<String> = levels.iter().map(|level| plain(&level["engine"])).collect();
        for level in levels {
            let mut row = vec![Cell::new(chain.join("/"))];
            row.extend(engine_columns(lang).map(|(_, key)| Cell::new(plain(&level[key]))));
            rows.push(row);
        }
    }
    rows
}

/// What the published numbers were taken on.
pub(super) fn published_setup(lang: Lang) -> miette::Result<Piece> {
    let t = lang.texts();
    let names = [
        ("docker", t.setup_docker),
        ("podman", t.setup_podman),
        ("podman_mode", t.setup_podman_mode),
        ("podman_oci_runtime", t.setup_podman_runtime),
        ("kernel", t.fact_kernel),
        ("cpu_model", t.fact_cpu),
        ("repetitions", t.setup_repetitions),
    ];
    let row = |(fact, value): (String, String)| {
        let name = names
            .iter()
            .find(|(key, _)| *key == fact)
            .map_or(fact.as_str(), |(_, name)| name);
        vec![Cell::new(name), Cell::new(value).english()]
    };
    Ok(Piece::Table(Table {
        caption: t.setup_caption.to_owned(),
        columns: vec![words(t.column_fact), words(t.column_value)],
        rows: published::setup()?.into_iter().map(row).collect(),
        cards: true,
    }))
}
