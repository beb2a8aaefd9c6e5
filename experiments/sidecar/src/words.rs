//! The words of the record: what a run writes, what a reader is told of it, and what may stand where.

use facts::{Lang, term};
use measure::Trial;

/// The tables of `trials.csv`.
pub(crate) const PATTERN: &str = "pattern";
pub(crate) const ESCAPE: &str = "escape";
pub(crate) const TRANSPORT: &str = "transport";
pub(crate) const HOSTILE: &str = "hostile";
pub(crate) const LEGITIMATE: &str = "legitimate";
pub(crate) const PLUGIN: &str = "plugin";
pub(crate) const DAEMONLESS: &str = "daemonless";
pub(crate) const GRANTS: &str = "grants";
pub(crate) const MEMORY: &str = "memory";
#[rustfmt::skip]
pub(crate) const TABLES: [&str; 9] =
    [PATTERN, ESCAPE, TRANSPORT, HOSTILE, LEGITIMATE, PLUGIN, DAEMONLESS, GRANTS, MEMORY];

/// Which engine a request was sent to.
pub(crate) const GUARDED: &str = "plugin";
pub(crate) const UNGUARDED: &str = "without plugin";

/// Names with what a reader is told in their place, English and Spanish.
macro_rules! words {
    ($(#[$about:meta])* $of:ident: $($variant:ident $name:literal $english:literal $spanish:literal)+) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $of { $($variant),+ }

        impl $of {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            /// In files.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub(crate) fn text(self, lang: Lang) -> &'static str {
                match self { $(Self::$variant => term!(lang; $english; $spanish)),+ }
            }
        }

        impl From<$of> for String {
            fn from(of: $of) -> Self {
                of.name().to_owned()
            }
        }
    };
}

words! {
    /// An outcome, or one of several that make one.
    Word:
    Works "works" "works" "funciona"
    Fails "fails" "fails" "falla"
    None "none" "none" "ninguno"
    Default "default" "the default" "el habitual"
    More "more" "more than the default" "más de lo habitual"
    Full "full" "all" "todo"
    TheNodes "the node's" "the node's" "el del nodo"
    NoEngine "no engine" "no engine" "sin motor"
    Refused "refused" "refused" "rechazado"
    Enough "enough" "enough" "basta"
    NotEnough "not enough" "not enough" "no basta"
    NotNeeded "not needed" "not needed" "no hace falta"
    Wrong "wrong" "wrong" "mal"
    NoneOfTheNode "none of the node" "none of the node" "nada del nodo"
    Files "files" "files" "ficheros"
    Processes "processes" "processes" "procesos"
    Devices "devices" "devices" "dispositivos"
    Containers "containers" "containers" "contenedores"
    Nothing "nothing" "nothing" "nada"
    Container "container" "container" "contenedor"
    Image "image" "image" "imagen"
    Network "network" "network" "red"
    Volume "volume" "volume" "volumen"
    Kept "kept" "kept" "se conserva"
    Lost "lost" "lost" "se pierde"
    Counted "counted" "counted" "contado"
    Missed "missed" "missed" "no contado"
    Conflict "conflict" "conflict" "conflicto"
    Shared "shared" "shared" "compartido"
    Reaches "reaches the node" "reaches the node" "llega al nodo"
    Inside "stays inside" "stays inside" "se queda dentro"
    Served "served" "served" "atendido"
    Allowed "allowed" "allowed" "permitido"
    Rejected "rejected by the daemon" "rejected by the daemon" "rechazado por el demonio"
    Ok "ok" "ok" "bien"
    NotSeen "not seen" "not seen" "no visto"
    NotWithoutRoot "not without root" "not without root" "no sin root"
}

words! {
    /// What of a pattern is looked at once, and how it is called beside another.
    Property:
    Job "job" "" ""
    AgentPrivilege "agent-privilege" "agent" "agente"
    EnginePrivilege "engine-privilege" "engine" "motor"
    WithoutPrivilege "without-privilege" "without privilege" "sin privilegio"
    Group "group-of-the-socket" "the socket's group" "el grupo del socket"
    Isolation "isolation" "" ""
    NodePaths "node-paths" "paths of the node" "rutas del nodo"
    NextPod "next-pod" "a later pod finds" "un pod posterior encuentra"
    Cache "cache" "" ""
    StorageVolume "storage-volume" "" ""
    StorageLayer "storage-layer" "without a volume" "sin volumen"
    Accounting "accounting" "" ""
    AccountingHost "accounting-host-cgroupns" "with the node's control groups" "con los grupos de control del nodo"
    CollisionContainer "collision-container" "one name of a container" "un nombre de contenedor"
    CollisionVolume "collision-volume" "one name of a volume" "un nombre de volumen"
    SocketMissing "socket-missing" "node without the socket" "nodo sin el socket"
    Daemons "daemons" "daemons" "demonios"
}

/// Outcomes that a step may have.
pub(crate) enum Outcomes {
    /// One of them.
    One(&'static [Word]),
    /// The first, or any of the others, with spaces between them.
    List(Word, &'static [Word]),
    /// Whatever it is: paths, names of drivers and daemons.
    Any,
    Count,
}

impl Property {
    pub(crate) fn outcomes(self) -> Outcomes {
        use Outcomes::{Any, List, One};
        use Word::{
            Conflict, Container, Containers, Counted, Default, Devices, Enough, Fails, Files, Full,
            Image, Kept, Lost, Missed, More, Network, NoEngine, NoneOfTheNode, NotEnough,
            NotNeeded, Nothing, Processes, Refused, Shared, TheNodes, Volume, Works,
        };
        match self {
            Self::Job => One(&[Works, Fails]),
            Self::AgentPrivilege => One(&[Word::None, Default, More, Full]),
            Self::EnginePrivilege => One(&[Word::None, Default, More, Full, TheNodes, NoEngine]),
            Self::WithoutPrivilege | Self::SocketMissing => One(&[Works, Refused]),
            Self::Group => One(&[Enough, NotEnough, NotNeeded]),
            Self::Isolation => List(NoneOfTheNode, &[Files, Processes, Devices, Containers]),
            Self::NextPod => List(Nothing, &[Container, Image, Network, Volume]),
            Self::Cache => One(&[Kept, Lost]),
            Self::Accounting | Self::AccountingHost => One(&[Counted, Missed]),
            Self::CollisionContainer => One(&[Word::None, Conflict]),
            Self::CollisionVolume => One(&[Word::None, Shared]),
            Self::NodePaths | Self::StorageVolume | Self::StorageLayer | Self::Daemons => Any,
        }
    }
}

impl Outcomes {
    pub(crate) fn have(&self, outcome: &str) -> bool {
        let among = |known: &[Word], outcome: &str| known.iter().any(|word| word.name() == outcome);
        match self {
            Self::One(known) => among(known, outcome),
            Self::List(nothing, known) => {
                let mut words = outcome.split_whitespace().peekable();
                let is_list = words.peek().is_some() && words.all(|word| among(known, word));
                outcome == nothing.name() || is_list
            }
            Self::Any => !outcome.trim().is_empty(),
            Self::Count => outcome.parse::<u64>().is_ok(),
        }
    }
}

/// A row of the record.
pub(crate) fn row(
    table: &str,
    subject: &str,
    step: &str,
    outcome: impl Into<String>,
    reason: impl Into<String>,
) -> Trial {
    Trial {
        table: table.to_owned(),
        subject: subject.to_owned(),
        step: step.to_owned(),
        outcome: outcome.into(),
        reason: reason.into(),
        ..Trial::default()
    }
}
