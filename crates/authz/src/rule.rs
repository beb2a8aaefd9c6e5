//! The rules by name: each refusal names one, says why it is there and what to do instead.

use std::fmt;

macro_rules! rules {
    ($($variant:ident $name:literal $why:literal $remedy:literal)*) => {
        /// What a request can break.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $why] $variant,)*
        }

        impl Rule {
            /// All rules, in the order of their table.
            pub const ALL: &[Rule] = &[$(Rule::$variant),*];

            /// The name under which a refusal is looked up.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name),* }
            }

            /// Why the rule is there.
            #[must_use]
            pub fn why(self) -> &'static str {
                match self { $(Rule::$variant => $why),* }
            }

            /// What to do instead.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Rule::$variant => $remedy),* }
            }
        }
    };
}

rules! {
    // What cannot be decided.
    Call "call" "the daemon's own message is not as the protocol says, so nothing in it can be trusted" "check the daemon's version"
    ApiVersion "api-version" "a version this plugin does not know may read the same request differently" "use a client of a version between api_min and api_max"
    OddPath "odd-path" "a path that is not in its plain form may be read differently by the daemon" "send the path as the API documents it"
    UnknownRoute "unknown-route" "what this plugin does not know it cannot judge" "use the documented API of Docker Engine"
    BodyMissing "body-missing" "the body decides this call and was not handed over (CVE-2024-41110, CVE-2026-34040)" "send a JSON body below 1 MiB with Content-Type application/json and its Content-Length"
    BodyTooLarge "body-too-large" "daemons differ in how they hand over a body of 1 MiB and more: not at all, in part, or whole" "send a body below 1 MiB"
    BodyEncoding "body-encoding" "the body is not plain UTF-8 JSON, and the daemon is more lenient than this plugin" "send JSON as UTF-8 without a byte order mark"
    BodyJson "body-json" "the body is not exactly one JSON value, and the daemon may read a part of it" "send one JSON object and nothing after it"
    DuplicateKey "duplicate-key" "of equal keys the daemon takes the last, others the first" "send each key once"
    KeySpelling "key-spelling" "the daemon folds the case of keys, so this one counts as the one it resembles" "spell the key as the API documents it"
    UnknownKey "unknown-key" "a key this plugin does not know may mean something to the daemon" "leave the key out"
    WrongType "wrong-type" "a value of another type than the API's cannot be judged" "send the type that the API documents"
    FormBody "form-body" "parameters may be in a body that was not handed over: a form overrides the query" "send no Content-Type with this call"
    // What reaches the host.
    Privileged "privileged" "a privileged container is root on the host" "name the capability that is missed, if policy lists it"
    PrivilegedExec "privileged-exec" "a privileged exec is root on the host" "exec without --privileged"
    Capabilities "capabilities" "this capability reaches beyond the container" "drop it, or have it listed in `capabilities`"
    HostNamespace "host-namespace" "the host's namespace shows or changes what belongs to the host" "leave the namespace out"
    ContainerNamespace "container-namespace" "the other container may have what this one is refused" "leave it out, or have `join_containers` set"
    NetworkId "network-id" "a name of hexadecimal digits may be the ID of the host's network" "use a network's name, and name networks with a letter beyond f"
    Devices "devices" "devices are the host's" "leave them out, or have the device listed in `devices`"
    DaemonSocket "daemon-socket" "who has the daemon's socket or files has the host" "mount nothing of the daemon's"
    BindRoots "bind-roots" "the host's files are mounted from the listed roots only, links resolved" "mount an existing path below one of `bind_roots`, or use a volume"
    BindPropagation "bind-propagation" "a shared mount can appear on the host" "use rprivate, private, rslave or slave"
    VolumeOptions "volume-options" "options of the local driver can mount any part of the host" "use a volume without options, or tmpfs"
    VolumeDriver "volume-driver" "what another driver mounts is unknown" "use the local driver, or have the driver listed in `volume_drivers`"
    VolumesFrom "volumes-from" "the other container may have mounts that this one is refused" "name the volumes, or have `volumes_from` set"
    MountType "mount-type" "mounts of this type are not known" "use bind, volume, tmpfs or image"
    SecurityOptions "security-options" "system call filters, profiles and labels are part of the isolation" "leave the option out, or have it listed in `security_options`"
    MaskedPaths "masked-paths" "masked and read-only paths keep the kernel's switches from the container" "leave MaskedPaths and ReadonlyPaths out"
    CgroupParent "cgroup-parent" "another control group escapes its limits" "leave it out, or have it listed in `cgroup_parents`"
    Runtime "runtime" "another runtime may isolate less" "use one of `runtimes`"
    Sysctls "sysctls" "this sysctl is not known to belong to the container alone" "leave it out, or have it listed in `sysctls`"
    Annotations "annotations" "a runtime may take orders from annotations (org.systemd.property.*, io.katacontainers.*)" "use labels, or have the annotation listed in `annotations`"
    LogDriver "log-driver" "a log driver runs in the daemon and opens sockets and files of the host" "use one of `log_drivers`"
    NetworkDriver "network-driver" "a network of another driver can be the host's own" "use one of `network_drivers`"
    NetworkOptions "network-options" "an option of a network's driver can name what is the host's" "leave the option out, or have it listed in `network_options`"
    HostBridge "host-bridge" "a bridge of the host leads to what the host has put on it" "have the daemon name the bridge, or have the name listed in `bridges`"
    Checkpoint "checkpoint" "a checkpoint names files of the host and brings its own process state" "start the container anew"
    Build "build" "a build's parameters may be in a form that is not handed over, and RUN can join the host's network" "build elsewhere and load or pull the image, or have `build` set"
    Buildkit "buildkit" "what goes over an upgraded connection is never seen by a plugin" "build elsewhere and load or pull the image, or have `buildkit` set"
    Archive "archive" "a copy can have the daemon run a program of the container's or mount on the host (CVE-2026-41567, CVE-2026-41568, CVE-2026-42306)" "copy through `exec` and tar or a volume, or have `copies` set as far as this daemon has the fixes"
    Plugins "plugins" "a plugin of the daemon is code on the host" "have the administrator install it"
    Swarm "swarm" "services and nodes start what this plugin does not see" "use containers"
}

/// Why a request is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule that it breaks.
    pub rule: Rule,
    /// What in it breaks the rule.
    pub what: String,
}

impl Refusal {
    pub(crate) fn new(rule: Rule, what: impl Into<String>) -> Self {
        Self { rule, what: what.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, what } = self;
        writeln!(f, "refused by rule {}: {what}", rule.name())?;
        writeln!(f, "why: {}", rule.why())?;
        write!(f, "remedy: {}", rule.remedy())
    }
}

/// A text of the client's for a message: quoted, with escapes, not endless.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 120;
    let start: String = text.chars().take(MOST).collect();
    let rest = if start.len() < text.len() { " ..." } else { "" };
    format!("{start:?}{rest}")
}
