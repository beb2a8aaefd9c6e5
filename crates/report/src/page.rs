//! `report.md`: the run on one page.

use std::fmt::Write;

use comfy_table::{Table, presets};
use measure::Session;
use serde_json::Value;

use crate::analysis::Analysis;
use crate::record::{Images, Part, Runs};
use crate::tables;

/// The page. It names no path, so that a record that was moved gives the same page.
pub(crate) fn markdown(runs: &Runs, analysis: &Analysis) -> String {
    let title = if runs.exp4 {
        "Experiment 4: what nesting costs".to_owned()
    } else {
        format!("Experiment `{}`", runs.parts[0].manifest.experiment)
    };
    let mut page = format!("# {title}\n\n");
    for warning in runs.warnings() {
        let _ = writeln!(page, "> **Note:** {warning}\n");
    }
    let _ = writeln!(
        page,
        "![every sample, medians and their intervals](figure.png)\n"
    );

    let summary = tables::summary(analysis, presets::ASCII_MARKDOWN);
    let _ = writeln!(
        page,
        "## Published and measured\n\n{summary}\n\n{}\n",
        tables::SUMMARY_NOTE
    );
    if let Some(ratios) = tables::ratios(analysis, presets::ASCII_MARKDOWN) {
        let _ = writeln!(page, "## Ratios\n\n{ratios}\n\n{}\n", tables::RATIOS_NOTE);
    }
    let _ = writeln!(page, "## Failed samples\n\n{}\n", failures(analysis));
    let _ = writeln!(page, "## Images\n\n{}\n", images(&runs.images()));
    for part in &runs.parts {
        let _ = writeln!(
            page,
            "## Record of `{}`\n\n{}",
            part.manifest.experiment,
            record(part)
        );
        let _ = writeln!(page, "{}", engines(&part.manifest.sessions));
    }
    page.push_str(
        "## This page\n\nRebuilt from the raw samples in this folder, which are never edited, by\n\n\
         ```\ncargo xtask report <this folder>\n```\n",
    );
    page
}

/// Columns of the table of engines: heading, key of a level in a session's description.
const ENGINE_COLUMNS: [(&str, &str); 8] = [
    ("level", "level"),
    ("engine", "engine"),
    ("version", "version"),
    ("socket of the outer", "socket_of_outer"),
    ("privileged", "privileged"),
    ("storage", "storage_driver"),
    ("runtime", "oci_runtime"),
    ("cgroup driver", "cgroup_driver"),
];

/// What each session's engines said of themselves, one line a level of each nest. The manifest
/// holds all of it, and the packages.
fn engines(sessions: &[Session]) -> String {
    let mut text = String::new();
    for (number, session) in (1..).zip(sessions) {
        let plain = |value: &Value| match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let session = Value::Object(session.description.clone());
        let lab = &session["lab"];
        let _ = writeln!(
            text,
            "Session {number}: sandbox `{}`, packages of {} in bundle `{}`{}.\n",
            plain(&lab["sandbox"]),
            plain(&lab["suite"]),
            plain(&lab["bundle"]),
            match lab["bundle_pinned"].as_bool() {
                Some(false) => ", not those of the lock",
                _ => "",
            },
        );
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN).set_header(
            ["nest"]
                .into_iter()
                .chain(ENGINE_COLUMNS.map(|(heading, _)| heading)),
        );
        for nest in session["nests"].as_array().into_iter().flatten() {
            let levels = nest["levels"].as_array().map_or(&[][..], Vec::as_slice);
            let chain: Vec<String> = levels.iter().map(|level| plain(&level["engine"])).collect();
            for level in levels {
                let cells = ENGINE_COLUMNS.map(|(_, key)| plain(&level[key]));
                table.add_row([chain.join("/")].into_iter().chain(cells));
            }
        }
        let _ = writeln!(text, "{table}\n");
    }
    text
}

fn failures(analysis: &Analysis) -> String {
    if analysis.failures.is_empty() {
        return "None.".to_owned();
    }
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_header(["arm", "metric", "measured", "warm-up", "reason"]);
    for failure in &analysis.failures {
        table.add_row([
            failure.arm.clone(),
            failure.metric.name().to_owned(),
            failure.measured.to_string(),
            failure.warmup.to_string(),
            failure.reason.replace('|', "\\|"),
        ]);
    }
    table.to_string()
}

fn images(images: &Images) -> String {
    match images {
        Images::StandIns(names) => format!(
            "Containers were made of stand-ins: images of distribution packages under the names \
             that the tutorial uses. Times of the upstream images may differ.\n\n- {}",
            names.join("\n- ")
        ),
        Images::Real => "No stand-in images.".to_owned(),
        Images::NotRecorded => "The record does not say which images served.".to_owned(),
    }
}

fn record(part: &Part) -> String {
    let manifest = &part.manifest;
    let Some(Session { machine, .. }) = manifest.sessions.first() else {
        return "No session was described.\n".to_owned();
    };
    let tool = &manifest.tool;
    let told = |fact: &Option<String>| fact.clone().unwrap_or_else(|| "not known".to_owned());
    let counted = |fact: Option<u64>| fact.map_or_else(|| "unknown".to_owned(), |n| n.to_string());
    let yes = |fact: Option<bool>, yes: &str, no: &str| match fact {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        None => "not known".to_owned(),
    };
    let lines = [
        (
            "Taken",
            format!("{} to {}", manifest.started, told(&manifest.ended)),
        ),
        ("Command", format!("`{}`", manifest.args.join(" "))),
        (
            "Order",
            format!(
                "seed {}, {} blocks after {} of warm-up, method version {}",
                manifest.seed, manifest.blocks, manifest.warmup_blocks, manifest.method_version
            ),
        ),
        (
            "Source",
            format!(
                "version {}, revision {}, {}",
                tool.version,
                told(&tool.revision),
                yes(tool.dirty, "changed since", "as committed")
            ),
        ),
        ("Kernel", told(&machine.kernel)),
        (
            "Processor",
            format!(
                "{}, {} cores, governor {}, turbo {}",
                told(&machine.cpu_model),
                counted(machine.cores.map(|cores| cores as u64)),
                told(&machine.governor),
                yes(machine.turbo, "on", "off")
            ),
        ),
        (
            "Memory",
            format!(
                "{} bytes, huge pages {}",
                counted(machine.memory_bytes),
                told(&machine.thp)
            ),
        ),
        (
            "Virtual",
            format!(
                "{}, vendor {}",
                yes(machine.hypervisor, "yes", "no"),
                told(&machine.vendor)
            ),
        ),
        ("Clock", told(&machine.clocksource)),
        ("Control groups", told(&machine.cgroup_mode)),
        (
            "Time inside samples",
            manifest.inside_share.map_or_else(
                || "not known".to_owned(),
                |share| format!("{:.1} % of the measuring loop", share * 100.0),
            ),
        ),
    ];
    let mut text = String::new();
    for (name, fact) in lines {
        let _ = writeln!(text, "- {name}: {fact}");
    }
    text
}
