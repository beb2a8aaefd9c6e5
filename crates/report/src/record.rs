//! The records that a report is made of: one run, or the two of experiment 4.

use std::path::Path;

use measure::{Arm, Folder, Manifest, Sample, Samples, usage};

/// The sub-folders of a run of experiment 4.
const PARTS: [&str; 2] = ["startup", "cpu"];

/// What RUN holds.
pub(crate) struct Runs {
    /// One run, or experiment 4's two in the order of [`PARTS`].
    pub(crate) parts: Vec<Part>,
    /// Whether this is experiment 4.
    pub(crate) exp4: bool,
}

/// One run.
pub(crate) struct Part {
    pub(crate) manifest: Manifest,
    pub(crate) samples: Samples,
}

impl Runs {
    /// Reads the record below `path`; fails (usage) when it is not one of the two shapes.
    pub(crate) fn open(path: &Path) -> miette::Result<Self> {
        let exp4 = PARTS.iter().any(|part| path.join(part).is_dir());
        if exp4 && let Some(missing) = PARTS.iter().find(|part| !path.join(part).is_dir()) {
            return Err(usage(
                format!("{} is half a run of experiment 4", path.display()),
                format!("its folder `{missing}` is missing"),
                "name the folder of the half that is there, or run the experiment again",
            ));
        }
        let parts = if exp4 {
            PARTS
                .iter()
                .map(|part| Part::open(&path.join(part)))
                .collect::<Result<_, _>>()?
        } else {
            vec![Part::open(path)?]
        };
        Ok(Self { parts, exp4 })
    }

    /// What a reader of any number must know first: runs that did not end well, rows left out.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for Part { manifest, samples } in &self.parts {
            if manifest.status != measure::Status::Complete {
                let reason = manifest
                    .reason
                    .as_deref()
                    .unwrap_or("it did not end, or was killed");
                let (experiment, status) = (&manifest.experiment, manifest.status.name());
                warnings.push(format!("the run of {experiment} is {status}: {reason}"));
            }
            let experiment = &manifest.experiment;
            warnings.extend(
                samples
                    .notes
                    .iter()
                    .map(|note| format!("{experiment}: {note}")),
            );
        }
        warnings
    }

    /// Which images served, as the sessions' `stand_ins` say.
    pub(crate) fn images(&self) -> Images {
        let mut listed = Vec::new();
        for part in &self.parts {
            if part.manifest.sessions.is_empty() {
                return Images::NotRecorded;
            }
            for session in &part.manifest.sessions {
                match session.description.get("stand_ins") {
                    None => return Images::NotRecorded,
                    Some(serde_json::Value::Array(names)) => listed.extend(names.iter().map(text)),
                    Some(serde_json::Value::Object(names)) => {
                        listed.extend(
                            names
                                .iter()
                                .map(|(name, of)| format!("{name}: {}", text(of))),
                        );
                    }
                    Some(other) => listed.push(text(other)),
                }
            }
        }
        listed.sort();
        listed.dedup();
        if listed.is_empty() {
            Images::Real
        } else {
            Images::StandIns(listed)
        }
    }
}

/// Which images the containers were made of.
pub(crate) enum Images {
    /// Stand-ins made of distribution packages.
    StandIns(Vec<String>),
    /// The engines' own.
    Real,
    /// The record does not say.
    NotRecorded,
}

impl Images {
    /// For a figure's caption.
    pub(crate) fn caption(&self) -> &'static str {
        match self {
            Images::StandIns(_) => "stand-in images of distribution packages",
            Images::Real => "no stand-in images",
            Images::NotRecorded => "images: not recorded",
        }
    }
}

impl Part {
    fn open(path: &Path) -> miette::Result<Self> {
        let folder = Folder::open(path)?;
        let manifest = folder.manifest()?;
        let samples = folder.samples(&manifest)?;
        Ok(Self { manifest, samples })
    }

    /// The measured (not warm-up) samples of an arm, in the order in which they were taken.
    pub(crate) fn measured<'a>(&'a self, arm: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples
            .rows
            .iter()
            .filter(move |row| !row.warmup && row.arm == arm)
    }

    /// The arm that stands for a published method.
    pub(crate) fn published_arm(&self, method: &str) -> Option<&Arm<String>> {
        self.manifest.arms.iter().find(|arm| arm.method == method)
    }
}

fn text(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
