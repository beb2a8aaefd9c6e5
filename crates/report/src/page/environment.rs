//! What a run was taken on: what a reader must know first, each session's machine and engines.

use facts::{term, text};
use measure::{METHOD_VERSION, Session, Status};
use serde_json::Value;

use facts::Lang;
use facts::document::{Cell, Fit, Piece, Table, words};
use facts::{Record, Runs};

/// The load from which a machine is busy before anything is measured on it.
const BUSY_LOAD: f64 = 1.0;

/// What a reader of any number must know first: runs that did not end well, rows left out, a
/// source that is not identified.
pub(crate) fn warnings(runs: &Runs, lang: Lang) -> Vec<String> {
    let mut warnings = Vec::new();
    for (index, Record { manifest, samples, .. }) in runs.records.iter().enumerate() {
        let experiment = &manifest.experiment;
        if manifest.status != Status::Complete {
            let reason = manifest.reason.as_deref().unwrap_or(
                term!(lang; "it did not end, or was killed"; "no terminó, o algo la mató"),
            );
            let status = manifest.status.name();
            warnings.push(text!(lang; "Note: the run of {experiment} is {status}: {reason}";
                "Aviso: la ejecución de {experiment} quedó en estado «{status}»: {reason}"));
        }
        if manifest.method_version != METHOD_VERSION {
            warnings.push(text!(lang; "The run of {experiment} was taken by an earlier method ({version}; now {METHOD_VERSION}): every block has all arms, a sample may begin while the one before is cleared up, and of a container's network no arm says whether another container was on it.";
                "La ejecución de {experiment} se tomó con un método anterior ({version}; ahora {METHOD_VERSION}): todos los bloques tienen todos los brazos, una muestra puede empezar mientras se recoge lo de la anterior, y ningún brazo dice si había otro contenedor en la red del contenedor.", version = manifest.method_version));
        }
        // What a later part of a whole meets is the load of the part before it.
        let before = manifest.load1.filter(|_| index == 0 && !manifest.arms.is_empty());
        if let Some(load) = before.filter(|load| *load >= BUSY_LOAD) {
            let load = lang.number(load, 1);
            warnings.push(text!(lang; "The machine was busy when the run of {experiment} began: its load was {load}.";
                "La máquina estaba ocupada cuando empezó la ejecución de {experiment}: su carga era {load}."));
        }
        warnings.extend(samples.notes.iter().map(|note| format!("{experiment}: {note}")));
        if manifest.tool.revision.is_none() {
            warnings.push(text!(lang; "The source of {experiment} is not identified: it was built without git, and only its version {version} is known.";
                "No se sabe de qué código fuente salió {experiment}: se compiló sin git y solo consta su versión, {version}.", version = manifest.tool.version));
        } else if manifest.tool.dirty == Some(true) {
            warnings.push(text!(lang; "The source tree of {experiment} had changes that were not committed: its revision does not give the same program again.";
                "El árbol de fuentes de {experiment} tenía cambios sin confirmar: su revisión no basta para volver a obtener el mismo programa."));
        }
    }
    warnings
}

/// Date, machine and size in one line.
pub(super) fn lead(runs: &Runs, lang: Lang) -> String {
    let manifest = &runs.records[0].manifest;
    let date = manifest.started.get(..10).unwrap_or(&manifest.started);
    let machine = manifest.sessions.first().map(|session| &session.machine);
    let kernel = machine.and_then(|machine| machine.kernel.as_deref()).unwrap_or("–");
    let cpu = machine.and_then(|machine| machine.cpu_model.as_deref()).unwrap_or("–");
    let cores = machine.and_then(|machine| machine.cores).unwrap_or(0);
    let sessions = manifest.sessions.len();
    if runs.records.iter().all(|run| run.manifest.arms.is_empty()) {
        let trials: usize = runs.records.iter().map(|run| run.trials.len()).sum();
        return text!(lang; "{date} · Linux {kernel} · {cpu}, {cores} cores · {trials} trials, no repetitions";
            "{date} · Linux {kernel} · {cpu}, {cores} núcleos · {trials} pruebas, sin repeticiones");
    }
    let blocks = manifest.blocks + manifest.primary_blocks;
    if manifest.company {
        let of = match sessions {
            1 => lang.pick("one session", "una sesión").to_owned(),
            _ => format!("{sessions} {}", lang.pick("sessions", "sesiones")),
        };
        return text!(lang; "{date} · Linux {kernel} · {cpu}, {cores} cores · {of}, each arm alone and in company, {blocks} blocks each";
            "{date} · Linux {kernel} · {cpu}, {cores} núcleos · {of}, cada brazo solo y en compañía, {blocks} bloques cada vez");
    }
    if sessions == 1 {
        text!(lang; "{date} · Linux {kernel} · {cpu}, {cores} cores · one session of {blocks} blocks";
            "{date} · Linux {kernel} · {cpu}, {cores} núcleos · una sesión de {blocks} bloques")
    } else {
        text!(lang; "{date} · Linux {kernel} · {cpu}, {cores} cores · {sessions} sessions of {blocks} blocks";
            "{date} · Linux {kernel} · {cpu}, {cores} núcleos · {sessions} sesiones de {blocks} bloques")
    }
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
                groups.push(Group { names: vec![name], facts, engines });
                continue;
            };
            group.names.push(name);
            // Experiments of one folder nest what each of them needs.
            engines.retain(|row| !group.engines.contains(row));
            group.engines.append(&mut engines);
        }
    }
    groups.into_iter().flat_map(|group| group_tables(group, lang)).collect()
}

/// `startup, sessions 1 to 7; cpu, session 1`.
fn names(sessions: &[(String, u32)], lang: Lang) -> String {
    let name = |sessions: &[(String, u32)]| {
        let numbers: Vec<u32> = sessions.iter().map(|(_, number)| *number).collect();
        let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
        let experiment = &sessions[0].0;
        if numbers.len() == 1 {
            return text!(lang; "{experiment}, session {session}";
                "{experiment}, sesión {session}", session = first);
        }
        let run = if (first..=last).eq(numbers.iter().copied()) {
            text!(lang; "{low} to {high}"; "{low} a {high}", low = first, high = last)
        } else {
            numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        text!(lang; "{experiment}, sessions {sessions}";
            "{experiment}, sesiones {sessions}", sessions = run)
    };
    let chunks = sessions.chunk_by(|one, other| one.0 == other.0);
    chunks.map(name).collect::<Vec<_>>().join("; ")
}

fn group_tables(group: Group, lang: Lang) -> Vec<Piece> {
    let names = names(&group.names, lang);
    let fact = |(name, value): (&'static str, String)| vec![Cell::new(name), Cell::new(value)];
    let mut pieces = vec![Piece::Table(Table {
        caption: text!(lang; "The machine ({sessions})"; "La máquina ({sessions})", sessions = names),
        columns: vec![words(term!(lang; "what"; "qué")), words(term!(lang; "value"; "valor"))],
        rows: group.facts.into_iter().map(fact).collect(),
        fit: Fit::Narrow,
    })];
    if !group.engines.is_empty() {
        let headings = engine_columns(lang).map(|(heading, _)| heading);
        let row = |row: Vec<String>| row.into_iter().map(Cell::new).collect();
        pieces.push(Piece::Table(Table {
            caption: text!(lang; "Its engines, level by level ({sessions})";
                "Sus motores, nivel a nivel ({sessions})", sessions = names),
            columns: [term!(lang; "nest"; "anidamiento")]
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
    let machine = &session.machine;
    let told = |fact: &Option<String>| {
        fact.clone()
            .unwrap_or_else(|| term!(lang; "not readable here"; "no se puede leer aquí").to_owned())
    };
    let yes = |fact: Option<bool>| match fact {
        Some(true) => term!(lang; "yes"; "sí").to_owned(),
        Some(false) => term!(lang; "no"; "no").to_owned(),
        None => term!(lang; "not readable here"; "no se puede leer aquí").to_owned(),
    };
    let number = |fact: Option<String>| {
        fact.unwrap_or_else(|| term!(lang; "not readable here"; "no se puede leer aquí").to_owned())
    };
    let memory = machine.memory_bytes.map(|bytes| {
        let gib = bytes as f64 / 1024.0 / 1024.0 / 1024.0;
        format!("{} GiB", lang.number(gib, 1))
    });
    let mut facts = vec![
        (term!(lang; "kernel"; "núcleo"), told(&machine.kernel)),
        (term!(lang; "processor"; "procesador"), told(&machine.cpu_model)),
        (
            term!(lang; "cores"; "núcleos de procesador"),
            number(machine.cores.map(|cores| cores.to_string())),
        ),
        (term!(lang; "memory"; "memoria"), number(memory)),
        (term!(lang; "virtual machine"; "máquina virtual"), yes(machine.hypervisor)),
        (term!(lang; "its vendor"; "su fabricante"), told(&machine.vendor)),
        (term!(lang; "clock source"; "fuente del reloj"), told(&machine.clocksource)),
        (term!(lang; "frequency governor"; "gobernador de frecuencia"), told(&machine.governor)),
        (term!(lang; "turbo frequencies"; "frecuencias turbo"), yes(machine.turbo)),
        (
            term!(lang; "transparent huge pages"; "páginas enormes transparentes"),
            told(&machine.thp),
        ),
        (term!(lang; "control groups"; "grupos de control"), told(&machine.cgroup_mode)),
    ];
    if let Some(cmdline) = &machine.cmdline {
        facts.push((
            term!(lang; "kernel command line"; "línea de órdenes del núcleo"),
            format!("`{cmdline}`"),
        ));
    }
    if let Some(mitigations) = &machine.mitigations {
        let affected = mitigations.iter().filter(|(_, state)| *state != "Not affected");
        let list: Vec<String> = affected.map(|(name, state)| format!("{name}: {state}")).collect();
        facts.push((
            term!(lang; "mitigations"; "mitigaciones"),
            if list.is_empty() { "–".to_owned() } else { list.join("; ") },
        ));
    }
    if let Some(lab) = session.description.get("lab") {
        let pinned = match lab["bundle_pinned"].as_bool() {
            Some(false) => term!(lang; "not those of the lock"; "no los fijados"),
            _ => term!(lang; "as locked"; "los fijados"),
        };
        let packages = lab["packages"].as_array().map_or(0, Vec::len);
        facts.push((
            term!(lang; "sandbox"; "aislamiento (sandbox)"),
            format!("`{}`", text(&lab["sandbox"])),
        ));
        facts.push((
            term!(lang; "packages"; "paquetes"),
            text!(lang; "{count} of {suite}, bundle `{bundle}`, {pinned}";
                "{count} de {suite}, lote `{bundle}`, {pinned}", count = packages, suite = text(&lab["suite"]), bundle = text(&lab["bundle"])),
        ));
    }
    if let Some(host) = session.description.get("host") {
        facts.extend(host_facts(host, lang));
    }
    facts
}

/// What the machine's own engines are, and their images.
fn host_facts(host: &Value, lang: Lang) -> [(&'static str, String); 2] {
    let all = |list: &Value, of: &dyn Fn(&Value) -> String| {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        list.iter().map(of).collect::<Vec<_>>().join("; ")
    };
    let engine = |engine: &Value| {
        let rootless = if engine["rootless"] == true { ", rootless" } else { "" };
        format!("{} {}{rootless}", text(&engine["engine"]), text(&engine["version"]))
    };
    let image = |image: &Value| {
        let digest = image["digests"].get(0).unwrap_or(&image["id"]);
        format!("{} (`{}`)", text(&image["name"]), text(digest))
    };
    let engines = all(&host["engines"], &engine);
    [
        (
            term!(lang; "engines"; "motores"),
            text!(lang; "the machine's own: {engines}"; "los de la propia máquina: {engines}"),
        ),
        (term!(lang; "images"; "imágenes"), all(&host["images"], &image)),
    ]
}

/// Columns of the table of engines: heading, key of a level in a session's description.
fn engine_columns(lang: Lang) -> [(&'static str, &'static str); 8] {
    [
        (term!(lang; "level"; "nivel"), "level"),
        (term!(lang; "engine"; "motor"), "engine"),
        (term!(lang; "version"; "versión"), "version"),
        (term!(lang; "socket of the outer"; "socket del exterior"), "socket_of_outer"),
        (term!(lang; "privileged"; "privilegiado"), "privileged"),
        (term!(lang; "storage"; "almacenamiento"), "storage_driver"),
        (term!(lang; "runtime"; "runtime OCI"), "oci_runtime"),
        (term!(lang; "cgroup driver"; "controlador de cgroups"), "cgroup_driver"),
    ]
}

/// What a session's engines said of themselves, one line a level of each nest. The manifest holds
/// all of it, and the packages.
fn engines(session: &Session, lang: Lang) -> Vec<Vec<String>> {
    let plain = |value: &Value| match value {
        Value::Bool(true) => term!(lang; "yes"; "sí").to_owned(),
        Value::Bool(false) => term!(lang; "no"; "no").to_owned(),
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
    let names = [
        ("docker", term!(lang; "Docker"; "Docker")),
        ("podman", term!(lang; "Podman"; "Podman")),
        ("podman_mode", term!(lang; "Podman's mode"; "modo de Podman")),
        ("podman_oci_runtime", term!(lang; "Podman's runtime"; "runtime de Podman")),
        ("kernel", term!(lang; "kernel"; "núcleo")),
        ("cpu_model", term!(lang; "processor"; "procesador")),
        ("repetitions", term!(lang; "repetitions an arm"; "repeticiones por brazo")),
    ];
    let row = |(fact, value): (String, String)| {
        let name =
            names.iter().find(|(key, _)| *key == fact).map_or(fact.as_str(), |(_, name)| name);
        vec![Cell::new(name), Cell::new(value)]
    };
    Ok(Piece::Table(Table {
        caption: term!(lang; "What the published numbers were taken on";
            "Con qué se tomaron las cifras publicadas")
        .to_owned(),
        columns: vec![words(term!(lang; "what"; "qué")), words(term!(lang; "value"; "valor"))],
        rows: facts::setup()?.into_iter().map(row).collect(),
        fit: Fit::Narrow,
    }))
}
