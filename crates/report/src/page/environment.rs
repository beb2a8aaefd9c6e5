//! What a run was taken on: what a reader must know first, each session's machine and engines.

use measure::{Session, Status};
use serde_json::Value;

use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, words};
use facts::{Record, Runs, text};

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
    if runs.records.iter().all(|run| run.manifest.arms.is_empty()) {
        let trials: usize = runs.records.iter().map(|run| run.trials.len()).sum();
        return fill(
            lang.levels().lead_trials,
            &[
                ("date", &date),
                ("kernel", &kernel),
                ("cpu", &cpu),
                ("cores", &cores),
                ("trials", &trials),
            ],
        );
    }
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

/// Sessions that do not differ in what their machine and engines are.
struct Group {
    /// Experiment and number of each.
    names: Vec<(String, u32)>,
    facts: Vec<(&'static str, String)>,
    engines: Vec<Vec<String>>,
}

/// A table of facts for each group of sessions that do not differ in them, and one of engines.
pub(super) fn sessions(runs: &Runs, lang: Lang) -> Vec<Piece> {
    let mut groups: Vec<Group> = Vec::new();
    for record in &runs.records {
        for session in &record.manifest.sessions {
            let (facts, mut engines) = (facts(session, lang), engines(session, lang));
            let name = (record.manifest.experiment.clone(), session.number);
            let Some(group) = groups.iter_mut().find(|group| group.facts == facts) else {
                groups.push(Group {
                    names: vec![name],
                    facts,
                    engines,
                });
                continue;
            };
            group.names.push(name);
            // Experiments of one folder nest what each of them needs.
            engines.retain(|row| !group.engines.contains(row));
            group.engines.append(&mut engines);
        }
    }
    groups
        .into_iter()
        .flat_map(|group| group_tables(group, lang))
        .collect()
}

/// `startup, sessions 1 to 7; cpu, session 1`.
fn names(sessions: &[(String, u32)], lang: Lang) -> String {
    let t = lang.texts();
    let name = |sessions: &[(String, u32)]| {
        let numbers: Vec<u32> = sessions.iter().map(|(_, number)| *number).collect();
        let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
        let experiment = &sessions[0].0;
        if numbers.len() == 1 {
            return fill(
                t.run_session,
                &[("experiment", experiment), ("session", &first)],
            );
        }
        let run = if (first..=last).eq(numbers.iter().copied()) {
            fill(t.range, &[("low", &first), ("high", &last)])
        } else {
            numbers
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        fill(
            t.run_sessions,
            &[("experiment", experiment), ("sessions", &run)],
        )
    };
    let chunks = sessions.chunk_by(|one, other| one.0 == other.0);
    chunks.map(name).collect::<Vec<_>>().join("; ")
}

fn group_tables(group: Group, lang: Lang) -> Vec<Piece> {
    let t = lang.texts();
    let names = names(&group.names, lang);
    let fact = |(name, value): (&'static str, String)| vec![Cell::new(name), Cell::new(value)];
    let mut pieces = vec![Piece::Table(Table {
        caption: fill(t.machine_caption, &[("sessions", &names)]),
        columns: vec![words(t.column_fact), words(t.column_value)],
        rows: group.facts.into_iter().map(fact).collect(),
        fit: Fit::Narrow,
    })];
    if !group.engines.is_empty() {
        let headings = engine_columns(lang).map(|(heading, _)| heading);
        let row = |row: Vec<String>| row.into_iter().map(Cell::new).collect();
        pieces.push(Piece::Table(Table {
            caption: fill(t.engines_caption, &[("sessions", &names)]),
            columns: [t.column_nest]
                .into_iter()
                .chain(headings)
                .map(words)
                .collect(),
            rows: group.engines.into_iter().map(row).collect(),
            fit: Fit::Scroll,
        }));
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
fn engines(session: &Session, lang: Lang) -> Vec<Vec<String>> {
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
            let mut row = vec![chain.join("/")];
            row.extend(engine_columns(lang).map(|(_, key)| plain(&level[key])));
            if rows.contains(&row) {
                continue;
            }
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
        vec![Cell::new(name), Cell::new(value)]
    };
    Ok(Piece::Table(Table {
        caption: t.setup_caption.to_owned(),
        columns: vec![words(t.column_fact), words(t.column_value)],
        rows: facts::setup()?.into_iter().map(row).collect(),
        fit: Fit::Narrow,
    }))
}
