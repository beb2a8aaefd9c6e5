//! What the machine says about itself, as far as it can be read without privilege.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The machine of a run. What could not be read is `null`, and `unreadable` says where it was
/// looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Machine {
    /// Kernel release.
    pub kernel: Option<String>,
    /// What of the kernel command line the kernel heeds: neither what follows `--`, which is for
    /// init, nor where init and the root file system lie.
    pub cmdline: Option<String>,
    /// Whether the CPU says that a hypervisor is below.
    pub hypervisor: Option<bool>,
    /// Vendor of the (virtual) machine.
    pub vendor: Option<String>,
    /// Model of the first CPU.
    pub cpu_model: Option<String>,
    /// Logical CPUs online.
    pub cores: Option<usize>,
    /// Memory, in bytes.
    pub memory_bytes: Option<u64>,
    /// The clock behind `CLOCK_MONOTONIC`.
    pub clocksource: Option<String>,
    /// Mitigation per CPU vulnerability.
    pub mitigations: Option<BTreeMap<String, String>>,
    /// Frequency governor of the first CPU.
    pub governor: Option<String>,
    /// Whether turbo (boost) frequencies are allowed.
    pub turbo: Option<bool>,
    /// Transparent huge pages: the mode in force.
    pub thp: Option<String>,
    /// `unified` (v2), `hybrid` or `legacy` (v1).
    pub cgroup_mode: Option<String>,
    /// Fields that are `null`, with the paths that were tried.
    pub unreadable: BTreeMap<String, String>,
}

type Parse<T> = fn(&str) -> Option<T>;

impl Machine {
    /// Reads this machine.
    #[must_use]
    pub fn read() -> Self {
        Self::read_below(Path::new("/"))
    }

    fn read_below(root: &Path) -> Self {
        const CPUINFO: &str = "proc/cpuinfo";
        let mut reader = Reader { root: root.to_owned(), unreadable: BTreeMap::new() };
        let mut machine = Self {
            kernel: reader.fact("kernel", &[("proc/sys/kernel/osrelease", line)]),
            cmdline: reader.fact("cmdline", &[("proc/cmdline", kernel_parameters)]),
            hypervisor: reader.fact("hypervisor", &[(CPUINFO, hypervisor)]),
            vendor: reader.fact(
                "vendor",
                &[("sys/class/dmi/id/sys_vendor", line), ("sys/hypervisor/type", line)],
            ),
            cpu_model: reader.fact("cpu_model", &[(CPUINFO, |text| labelled(text, "model name"))]),
            cores: reader.fact("cores", &[(CPUINFO, cores)]),
            memory_bytes: reader.fact("memory_bytes", &[("proc/meminfo", memory_bytes)]),
            clocksource: reader.fact(
                "clocksource",
                &[("sys/devices/system/clocksource/clocksource0/current_clocksource", line)],
            ),
            mitigations: reader.mitigations("sys/devices/system/cpu/vulnerabilities"),
            governor: reader.fact(
                "governor",
                &[("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line)],
            ),
            turbo: reader.fact(
                "turbo",
                &[
                    ("sys/devices/system/cpu/intel_pstate/no_turbo", |text| Some(!flag(text)?)),
                    ("sys/devices/system/cpu/cpufreq/boost", flag),
                ],
            ),
            thp: reader.fact("thp", &[("sys/kernel/mm/transparent_hugepage/enabled", bracketed)]),
            cgroup_mode: reader.fact("cgroup_mode", &[("proc/self/mounts", cgroup_mode)]),
            unreadable: BTreeMap::new(),
        };
        machine.unreadable = reader.unreadable;
        machine
    }
}

struct Reader {
    root: PathBuf,
    unreadable: BTreeMap<String, String>,
}

impl Reader {
    /// The first of the sources that exists and can be understood.
    fn fact<T>(&mut self, field: &str, sources: &[(&str, Parse<T>)]) -> Option<T> {
        let fact = sources.iter().find_map(|(path, parse)| {
            fs::read_to_string(self.root.join(path)).ok().and_then(|text| parse(&text))
        });
        if fact.is_none() {
            let paths: Vec<String> = sources.iter().map(|(path, _)| format!("/{path}")).collect();
            self.unreadable.insert(field.to_owned(), paths.join(" or "));
        }
        fact
    }

    fn mitigations(&mut self, path: &str) -> Option<BTreeMap<String, String>> {
        let entries = fs::read_dir(self.root.join(path)).ok().map(|entries| {
            entries
                .filter_map(Result::ok)
                .filter_map(|entry| {
                    let name = entry.file_name().into_string().ok()?;
                    Some((name, line(&fs::read_to_string(entry.path()).ok()?)?))
                })
                .collect()
        });
        if entries.is_none() {
            self.unreadable.insert("mitigations".to_owned(), format!("/{path}"));
        }
        entries
    }
}

fn line(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn flag(text: &str) -> Option<bool> {
    match text.trim() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn labelled(text: &str, label: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == label)
        .and_then(|(_, value)| line(value))
}

fn hypervisor(cpuinfo: &str) -> Option<bool> {
    let flags = labelled(cpuinfo, "flags")?;
    Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

fn cores(cpuinfo: &str) -> Option<usize> {
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    (cores > 0).then_some(cores)
}

fn memory_bytes(meminfo: &str) -> Option<u64> {
    let kib: u64 = labelled(meminfo, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn bracketed(text: &str) -> Option<String> {
    line(text.split_once('[')?.1.split_once(']')?.0)
}

fn cgroup_mode(mounts: &str) -> Option<String> {
    let types: Vec<(&str, &str)> = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(target, _)| target.starts_with("/sys/fs/cgroup"))
        .collect();
    // A later mount on the same place hides the earlier one.
    let on_top = types.iter().rev().find(|(target, _)| *target == "/sys/fs/cgroup")?.1;
    let mode = match (on_top, types.iter().any(|(_, kind)| *kind == "cgroup2")) {
        ("cgroup2", _) => "unified",
        (_, true) => "hybrid",
        (_, false) => "legacy",
    };
    Some(mode.to_owned())
}

fn kernel_parameters(text: &str) -> Option<String> {
    let about_places =
        |word: &&str| ["init=", "rdinit=", "root="].iter().any(|p| word.starts_with(p));
    let heeded: Vec<&str> = text
        .split_whitespace()
        .take_while(|word| *word != "--")
        .filter(|word| !about_places(word))
        .collect();
    (!heeded.is_empty()).then(|| heeded.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn a_machine_is_read_from_its_files() {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("proc/sys/kernel/osrelease", "6.12.1\n"),
            (
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\n",
            ),
            ("proc/meminfo", "MemTotal:        2048 kB\n"),
            (
                "proc/self/mounts",
                "t /sys/fs/cgroup tmpfs rw 0 0\nc /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
            ),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
            ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
            ("sys/devices/system/cpu/vulnerabilities/meltdown", "Not affected\n"),
        ] {
            write(root.path(), path, text);
        }
        let machine = Machine::read_below(root.path());
        assert_eq!(machine.kernel.as_deref(), Some("6.12.1"));
        assert_eq!(machine.hypervisor, Some(true));
        assert_eq!(machine.cpu_model.as_deref(), Some("A CPU"));
        assert_eq!(machine.cores, Some(2));
        assert_eq!(machine.memory_bytes, Some(2 * 1024 * 1024));
        assert_eq!(machine.cgroup_mode.as_deref(), Some("hybrid"));
        assert_eq!(machine.turbo, Some(false));
        assert_eq!(machine.thp.as_deref(), Some("madvise"));
        assert_eq!(machine.mitigations.expect("read")["meltdown"], "Not affected");
    }

    #[test]
    fn what_is_unreadable_is_null_and_names_its_path() {
        let root = tempfile::tempdir().expect("a folder");
        let machine = Machine::read_below(root.path());
        let json = serde_json::to_value(&machine).expect("serialises");
        let object = json.as_object().expect("an object");
        for (field, value) in object.iter().filter(|(field, _)| *field != "unreadable") {
            assert!(value.is_null(), "{field}");
            let path = machine.unreadable.get(field).expect("a path");
            assert!(path.starts_with('/'), "{path}");
        }
    }

    #[test]
    fn modes_of_cgroup_mounts() {
        for (mounts, mode) in [
            ("c /sys/fs/cgroup cgroup2 rw 0 0\n", Some("unified")),
            ("t /sys/fs/cgroup tmpfs rw 0 0\nc /sys/fs/cgroup/cpu cgroup rw 0 0\n", Some("legacy")),
            ("t /sys/fs/cgroup tmpfs rw 0 0\nc /sys/fs/cgroup cgroup2 rw 0 0\n", Some("unified")),
            ("p /proc proc rw 0 0\n", None),
        ] {
            assert_eq!(cgroup_mode(mounts).as_deref(), mode);
        }
    }
}
