//! The authorization plugin before a real daemon, and the policy of the sidecar's engine.

#[path = "../../src/plugin/mod.rs"]
mod plugin;

use std::collections::BTreeSet;
use std::path::Path;

use authz::cases::{self, Case, Places};
use lab::{Engine, Generation, Lab};
use lab_test::{Kept, ensure, generation};
use measure::Trial;
use miette::{Report, Result, miette};
use plugin::Plugin;

/// Whether the run of all patterns has sent the requests to these engines already.
fn are_of_the_run() -> Result<bool> {
    Ok(generation()? == Generation::Trixie)
}

/// What became of requests to two engines of the chosen generation.
fn rows() -> Result<&'static [Trial]> {
    if are_of_the_run()? {
        crate::done().map(|done| &*done.rows)
    } else {
        own().map(|own| &*own.rows)
    }
}

/// A lab of these tests' own: what became of requests, if no other run has them, and whether either
/// engine could be timed, without the plugin and with it.
struct Own {
    rows: Vec<Trial>,
    timed: [std::result::Result<(), String>; 2],
}

fn own() -> Result<&'static Own> {
    static OWN: Kept<Own> = Kept::new();
    OWN.get(tried)
}

fn tried() -> Result<Own> {
    let lab = Lab::start(&lab_test::options()?)?;
    lab.engine(Engine::Docker)?;
    let mut rows = Vec::new();
    let mut plugin = Plugin::set_up(&lab)?;
    if !are_of_the_run()? {
        plugin.try_all(&mut |row| {
            rows.push(row);
            Ok(())
        })?;
    }
    let timed = [false, true].map(|with_plugin| {
        let reading = plugin.ps(with_plugin);
        reading.map(drop).map_err(|sample_error| format!("{sample_error:?}"))
    });
    Ok(Own { rows, timed })
}

/// The outcome and the reason of a row.
fn outcome(table: &str, subject: &str, step: &str) -> Result<(&'static str, &'static str)> {
    let mut rows = rows()?.iter();
    let row = rows.find(|r| (&*r.table, &*r.subject, &*r.step) == (table, subject, step));
    let row = row.ok_or_else(|| miette!("no row {table}, {subject}, {step}"))?;
    Ok((&row.outcome, &row.reason))
}

/// Only the names of cases are looked at.
fn nowhere() -> Places<'static> {
    Places { open: Path::new(""), shut: Path::new(""), host_network: "" }
}

fn hostile_cases() -> Result<Vec<Case>> {
    let all = cases::hostile(&nowhere()).map_err(Report::msg)?;
    Ok(all.into_iter().filter(|case| case.sent().is_some()).collect())
}

#[lab_test::test]
fn every_hostile_request_is_refused_by_its_rule() -> Result<()> {
    let mut wrong = Vec::new();
    for case in hostile_cases()? {
        let mut rules = case.rule.iter().chain(&case.also);
        let (found, reason) = outcome("hostile", &case.name, "plugin")?;
        let (open, _) = outcome("hostile", &case.name, "without plugin")?;
        let right = match found {
            "refused" => rules.any(|rule| rule == reason),
            // Then it was not for the plugin to say.
            "rejected by the daemon" => open == found,
            _ => false,
        };
        if !right {
            wrong.push(format!("{}: {found}: {reason} (without: {open})", case.name));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A table of requests that no daemon takes would prove nothing.
#[lab_test::test]
fn what_is_refused_would_have_been_done() -> Result<()> {
    let mut done = 0;
    for case in hostile_cases()? {
        done += usize::from(outcome("hostile", &case.name, "without plugin")?.0 == "allowed");
    }
    ensure!(done > 50, "{done} requests");
    Ok(())
}

#[lab_test::test]
fn every_legitimate_request_is_let_through() -> Result<()> {
    for case in cases::legitimate(&nowhere()).map_err(Report::msg)? {
        let (found, reason) = outcome("legitimate", &case.name, "plugin")?;
        ensure!(found == "allowed", "{}: {found}: {reason}", case.name);
    }
    Ok(())
}

#[lab_test::test]
fn of_a_thousand_at_32_none_is_lost_and_none_wrong() -> Result<()> {
    for (step, expected) in
        [("allowed right", "500"), ("refused right", "500"), ("lost", "0"), ("wrong", "0")]
    {
        let (found, _) = outcome("plugin", "1000 at 32", step)?;
        ensure!(found == expected, "{step}: {found}");
    }
    Ok(())
}

#[lab_test::test]
fn killed_in_the_middle_nothing_is_done_until_it_is_back() -> Result<()> {
    for (step, expected) in [
        ("in the middle", "refused"),
        ("while it is gone", "refused"),
        ("when it is back", "served"),
    ] {
        let (found, reason) = outcome("plugin", "killed in the middle", step)?;
        ensure!(found == expected, "{step}: {found}: {reason}");
    }
    Ok(())
}

#[lab_test::test]
fn both_engines_list_containers() -> Result<()> {
    for (which, timed) in ["open", "plugin"].iter().zip(&own()?.timed) {
        ensure!(timed.is_ok(), "{which}: {timed:?}");
    }
    Ok(())
}

/// The lines of a policy that say something.
fn said(policy: &str) -> BTreeSet<&str> {
    let lines = policy.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[lab_test::test]
#[needs(nothing())]
fn the_sidecars_policy_is_the_default_but_for_two_keys() -> Result<()> {
    let ours = include_str!("../../images/engine/policy.toml");
    authz::Policy::read(ours).map_err(Report::msg)?;
    let (ours, default) = (said(ours), said(authz::DEFAULT_POLICY));
    let differs: Vec<&&str> = ours.difference(&default).collect();
    let expected = [
        r#""/certs", "/run/docker.sock", "/run/docker", "/run/containerd", "/run/podman", "/var/lib/docker","#,
        "build = true",
    ];
    ensure!(differs == expected.each_ref(), "{differs:?}");
    Ok(())
}
