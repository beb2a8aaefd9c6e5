//! The records that a report is made of: one run, or the two of experiment 4.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use measure::stats::Looks;
use measure::{
    Arm, BlockRecord, Folder, MANIFEST_FILE, Manifest, Sample, Samples, Status, Stopping, Trial,
    failure, usage,
};

use crate::derive::Facts;
use crate::metric::Metric;
use crate::required;

/// The sub-folders of a run of experiment 4.
const PARTS: [&str; 2] = ["startup", "cpu"];

/// Where a session says which generation of engines it measured.
const GENERATION: [&str; 2] = ["/lab/generation", "/lab/suite"];

/// What RUN holds.
pub struct Runs {
    /// One run, or experiment 4's two in the order of [`PARTS`].
    pub records: Vec<Record>,
    /// Whether this is experiment 4.
    pub exp4: bool,
}

/// One run.
pub struct Record {
    /// Where it lies.
    pub folder: PathBuf,
    /// What was declared and what it was taken on.
    pub manifest: Manifest,
    /// Every sample.
    pub samples: Samples,
    /// One row a block.
    pub blocks: Vec<BlockRecord>,
    /// What was tried once, beside the samples or in their place.
    pub trials: Vec<Trial>,
    /// What only its experiment measures.
    pub metrics: Vec<Metric>,
}

/// Session and number of a block.
pub type BlockId = (u32, u32);

impl Runs {
    /// Whether somebody has left a run there, or a half of one, whole or broken.
    pub fn is_at(path: &Path) -> bool {
        path.join(MANIFEST_FILE).exists() || PARTS.iter().any(|part| path.join(part).is_dir())
    }

    /// Reads the record below `path`; fails (usage) when it is not one of the two shapes, and when
    /// it does not say what it must.
    pub fn open(path: &Path) -> miette::Result<Self> {
        let exp4 = PARTS.iter().any(|part| path.join(part).is_dir());
        if exp4 && let Some(missing) = PARTS.iter().find(|part| !path.join(part).is_dir()) {
            return Err(usage(
                format!("{} is half a run of experiment 4", path.display()),
                format!("its folder `{missing}` is missing"),
                "name the folder of the half that is there, or run the experiment again",
            ));
        }
        let records = if exp4 {
            PARTS.iter().map(|part| Record::part(path, part)).collect::<Result<_, _>>()?
        } else {
            vec![Record::with_facts(path)?]
        };
        Ok(Self { records, exp4 })
    }
}

impl Record {
    fn with_facts(path: &Path) -> miette::Result<Self> {
        let record = Self::open(path)?;
        let metrics = Facts::read(path)?.map(|facts| facts.metrics);
        Ok(Self { metrics: metrics.unwrap_or_default(), ..record })
    }

    /// A half of experiment 4; fails (usage) when another one's rows lie in its folder.
    fn part(whole: &Path, name: &str) -> miette::Result<Self> {
        let record = Self::with_facts(&whole.join(name))?;
        match &*record.manifest.experiment {
            experiment if experiment == name => Ok(record),
            other => Err(usage(
                format!("{} is no run of experiment 4", whole.display()),
                format!("its folder `{name}` holds a run of {other}"),
                "put the run of its name back there, or name the folder of one run",
            )),
        }
    }

    /// The metric of this name.
    pub fn metric(&self, name: &str) -> Metric {
        Metric::find(name, &self.metrics).cloned().unwrap_or_else(|| Metric::named(name))
    }

    /// Reads one run; fails (usage) when it does not say what it must.
    pub fn open(path: &Path) -> miette::Result<Self> {
        let folder = Folder::open(path)?;
        let manifest = folder.manifest()?;
        required::check(&manifest, path)?;
        let samples = folder.samples(&manifest)?;
        let mut blocks = folder.blocks(&manifest)?;
        leave_out_unbegun(&mut blocks, &samples, &manifest);
        check_blocks(&blocks, &samples, &manifest).map_err(|why| {
            failure(
                format!("{} does not belong to this run", path.join("blocks.csv").display()),
                why,
                "restore the file: it is written once and never edited",
            )
        })?;
        let trials = folder.trials(&manifest)?;
        if manifest.arms.is_empty() && trials.is_empty() {
            return Err(usage(
                format!("{} has nothing to report", path.display()),
                "the run measured no arm, and trials.csv has no whole row",
                "name another run, or take this one again",
            ));
        }
        Ok(Self { folder: path.to_owned(), manifest, samples, blocks, trials, metrics: Vec::new() })
    }

    /// The measured (not warm-up) samples of an arm, in the order in which they were taken.
    pub fn measured<'a>(&'a self, arm: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.rows.iter().filter(move |row| !row.warmup && row.arm == arm)
    }

    /// The readings of an arm's measured samples by block, in ns an operation.
    pub fn readings(&self, arm: &Arm<String>) -> BTreeMap<BlockId, f64> {
        let operations = f64::from(arm.operations.max(1));
        self.measured(&arm.name)
            .filter_map(|row| {
                let wall_ns = row.wall_ns? as f64;
                Some(((row.session, row.block), wall_ns / operations))
            })
            .collect()
    }

    /// A declared arm.
    pub fn arm(&self, name: &str) -> Option<&Arm<String>> {
        self.manifest.arms.iter().find(|arm| arm.name == name)
    }

    /// How often the data were looked at before the run's end was decided.
    pub fn looks(&self) -> Looks {
        match self.manifest.stopping {
            Stopping::Fixed => Looks::Once,
            Stopping::Adaptive { .. } => Looks::Always,
        }
    }

    /// Delta of rule 3, as a share.
    pub fn margin(&self) -> f64 {
        self.manifest.margin_pct / 100.0
    }

    /// How many contrasts share the error of the family (rule 5).
    pub fn family(&self) -> usize {
        let contrasts = self.manifest.contrasts.iter();
        contrasts.filter(|contrast| contrast.primary).count()
    }

    /// Whether its arms were chosen on the command line, so that contrasts of others are in no family.
    pub fn chose_arms(&self) -> bool {
        let mut args = self.manifest.args.iter();
        args.any(|arg| arg == "--arms" || arg.starts_with("--arms="))
    }

    /// The readings of all named arms in the blocks where each of them gave one; `None` when the run
    /// lacks one of the arms.
    pub fn complete<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
    ) -> Option<BTreeMap<BlockId, BTreeMap<&'a str, f64>>> {
        let mut readings = BTreeMap::new();
        for name in names {
            readings.insert(name.as_str(), self.readings(self.arm(name)?));
        }
        let (_, first) = readings.first_key_value()?;
        let whole = |id: &BlockId| -> Option<(BlockId, BTreeMap<&'a str, f64>)> {
            let of_block: Option<BTreeMap<&str, f64>> =
                readings.iter().map(|(name, readings)| Some((*name, *readings.get(id)?))).collect();
            Some((*id, of_block?))
        };
        Some(first.keys().filter_map(whole).collect())
    }

    /// The generation of engines that was measured, of the last session that says it.
    pub fn generation(&self) -> Option<String> {
        let sessions = self.manifest.sessions.iter().rev();
        let mut told = sessions.flat_map(|session| {
            let description = serde_json::to_value(&session.description).unwrap_or_default();
            GENERATION.map(|pointer| {
                let told = description.pointer(pointer)?.as_str()?;
                Some(told.to_owned())
            })
        });
        told.find_map(|told| told)
    }

    /// Whether it was taken on the machine's own engines, and not on those of a lab.
    #[must_use]
    pub fn is_of_host(&self) -> bool {
        let mut sessions = self.manifest.sessions.iter();
        sessions.any(|session| session.description.get("engines").is_some_and(|of| of == "host"))
    }

    /// Names of the images that are stand-ins, of all sessions. That the record says it is
    /// [required](crate::required).
    pub fn stand_ins(&self) -> Vec<String> {
        let mut names = Vec::new();
        for session in &self.manifest.sessions {
            match session.description.get("stand_ins") {
                Some(serde_json::Value::Array(list)) => names.extend(list.iter().map(text)),
                Some(serde_json::Value::Object(map)) => {
                    names.extend(map.iter().map(|(name, of)| format!("{name}: {}", text(of))));
                }
                _ => {}
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// The published images that labs served, of all sessions: name and digest. A record from before labs
    /// could serve them has none.
    pub fn published(&self) -> Vec<(String, String)> {
        let descriptions = self.manifest.sessions.iter().map(|session| &session.description);
        let labs = descriptions.flat_map(|description| {
            let several = description.get("labs").and_then(serde_json::Value::as_array);
            description.get("lab").into_iter().chain(several.into_iter().flatten())
        });
        let images = labs.filter_map(|lab| lab["images"].as_array()).flatten();
        let published = images.filter(|image| image["published"] == true);
        let mut found: Vec<(String, String)> =
            published.map(|image| (text(&image["name"]), text(&image["digest"]))).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// A value as a reader sees it.
pub fn text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A signal between two blocks leaves a last row for a block of which no sample was taken: only of
/// a run that is not complete, and only after every other block. It says nothing of any sample.
fn leave_out_unbegun(blocks: &mut Vec<BlockRecord>, samples: &Samples, manifest: &Manifest) {
    let taken = samples.rows.iter().map(|row| (row.session, row.block));
    let last_taken = taken.max();
    let is_unbegun = |row: &BlockRecord| Some((row.session, row.block)) > last_taken;
    if manifest.status != Status::Complete && blocks.last().is_some_and(is_unbegun) {
        blocks.pop();
    }
}

/// Blocks come once each, in order, and only where samples were taken.
fn check_blocks(
    blocks: &[BlockRecord],
    samples: &Samples,
    manifest: &Manifest,
) -> Result<(), String> {
    let ids: Vec<BlockId> = blocks.iter().map(|row| (row.session, row.block)).collect();
    if let Some(pair) = ids.windows(2).find(|pair| pair[0] >= pair[1]) {
        let (session, block) = pair[1];
        return Err(format!("block {block} of session {session} is out of order"));
    }
    let mut taken: BTreeMap<BlockId, bool> = BTreeMap::new();
    for row in &samples.rows {
        taken.insert((row.session, row.block), row.warmup);
    }
    for row in blocks {
        let (session, block) = (row.session, row.block);
        match taken.get(&(session, block)) {
            Some(warmup) if *warmup == row.warmup => {}
            Some(_) => {
                return Err(format!(
                    "block {block} of session {session} is a warm-up in one file and none in the other"
                ));
            }
            None => return Err(format!("block {block} of session {session} has no sample")),
        }
    }
    if manifest.status == Status::Complete && blocks.len() != taken.len() {
        return Err(format!(
            "the run is complete by its manifest, but {} of {} blocks have a row",
            blocks.len(),
            taken.len()
        ));
    }
    Ok(())
}
