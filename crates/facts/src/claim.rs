//! A claim held against a run: one row of the table of claims.

use std::borrow::Cow;

use measure::stats::Prediction;
use serde::{Deserialize, Serialize};

use crate::estimate::{Estimate, Range};
use crate::language::Text;
use crate::metric::Metric;
use crate::published::PublishedRatio;
use crate::ratios::{RatioSummary, ratio_of_ratios};
use crate::record::Record;
use crate::verdict::{Here, Source, Verdict};

/// A claim, or a part of one, and what it states.
#[derive(Debug, Clone)]
pub struct Stated {
    /// As the ledger calls the claim.
    pub id: Cow<'static, str>,
    /// What is claimed.
    pub statement: Text,
}

/// What a run says of one published claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// As the ledger calls it.
    pub id: Cow<'static, str>,
    /// What is claimed.
    pub statement: Text,
    /// By its name; `None` of what is no measurement of time.
    pub metric: Option<String>,
    /// What is looked at: a ratio, the ratio of two ratios, a series, a trial.
    pub of: String,
    /// What is claimed of it, in short; where a number was published, that number.
    pub says: Cow<'static, str>,
    /// What was published for it.
    pub published: Option<PublishedRatio>,
    /// What was measured here.
    pub ours: Option<Estimate>,
    /// Blocks in which all arms gave a reading.
    pub pairs: usize,
    /// Whether it was asked before the run.
    pub primary: bool,
    /// As [`RatioSummary`](crate::RatioSummary) has it.
    pub by_itself: bool,
    /// What is concluded of our ratio.
    pub verdict: Verdict,
    /// What becomes of the claim here.
    pub here: Here,
    /// What the source's numbers can carry.
    pub source: Source,
    /// Of a series: what both models predict of its last level.
    pub growth: Option<(Additive, Predicted)>,
    /// What was seen, where a number does not say it; an engine's own words among it.
    pub seen: String,
    /// Of a question: what the row answers, in a word.
    pub answer: Cow<'static, str>,
    /// The same for readers, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Text>,
}

/// What is claimed of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// It is the published one.
    Published,
    /// It is above 1.
    Above,
    /// It is below 1.
    Below,
    /// There is no difference.
    Same,
}

impl Is {
    fn says(self) -> &'static str {
        match self {
            Is::Published => "as published",
            Is::Above => "above 1",
            Is::Below => "below 1",
            Is::Same => "no difference",
        }
    }
}

/// What a model predicts of a series' last level, against what was seen there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Predicted {
    /// Median over the blocks, in ns an operation.
    pub last_level_ns: f64,
    /// Observed over predicted.
    pub ratio: f64,
    /// Where enough values are there for one.
    pub interval: Option<Range>,
}

/// What adding the same time once more predicts of a series' last level.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Additive {
    /// A time.
    Predicted(Predicted),
    /// No positive time in some of the blocks, so that nothing can be held against it.
    Impossible {
        /// How many.
        impossible_blocks: usize,
    },
}

impl Additive {
    /// The prediction, where there is one in every block.
    pub fn predicted(self) -> Option<Predicted> {
        match self {
            Additive::Predicted(predicted) => Some(predicted),
            Additive::Impossible { .. } => None,
        }
    }

    /// In how many blocks there is none; `None` where it is in every block.
    pub fn impossible_blocks(self) -> Option<usize> {
        match self {
            Additive::Predicted(_) => None,
            Additive::Impossible { impossible_blocks } => Some(impossible_blocks),
        }
    }
}

impl From<Result<Prediction, usize>> for Additive {
    fn from(prediction: Result<Prediction, usize>) -> Self {
        match prediction {
            Ok(prediction) => Additive::Predicted(prediction.into()),
            Err(impossible_blocks) => Additive::Impossible { impossible_blocks },
        }
    }
}

impl Claim {
    /// A row of which nothing was measured yet.
    pub fn blank(
        Stated { id, statement }: Stated,
        metric: Option<&Metric>,
        of: String,
        says: &'static str,
    ) -> Self {
        Self {
            id,
            statement,
            metric: metric.map(|metric| metric.name().to_owned()),
            of,
            says: Cow::Borrowed(says),
            published: None,
            ours: None,
            pairs: 0,
            primary: false,
            by_itself: false,
            verdict: Verdict::NoReading,
            here: Here::NotMeasured,
            source: Source::NoNumber,
            growth: None,
            seen: String::new(),
            answer: Cow::Borrowed(""),
            told: None,
        }
    }

    /// Of one ratio.
    pub fn of_ratio(stated: Stated, is: Is, ratio: &RatioSummary) -> Self {
        let ours = ratio.interval();
        Self {
            published: ratio.published,
            ours: ratio.decisive,
            pairs: ratio.pairs,
            primary: ratio.primary,
            by_itself: ratio.by_itself,
            verdict: ratio.verdict,
            here: match is {
                Is::Published => ratio.here.unwrap_or(Here::NotMeasured),
                Is::Above => Here::of_above(ours, ratio.verdict),
                Is::Below => Here::of_below(ours, ratio.verdict),
                Is::Same => Here::of_same(ours, ratio.verdict),
            },
            source: ratio.published.map_or(Source::NoNumber, |published| published.source),
            ..Self::blank(stated, Some(&ratio.metric), ratio.contrast.clone(), is.says())
        }
    }

    /// Of the ratio of two ratios, in the blocks that have all four readings: the first is larger.
    pub fn of_larger(
        stated: Stated,
        record: &Record,
        first: &RatioSummary,
        second: &RatioSummary,
    ) -> Self {
        let held = ratio_of_ratios(record, first, second);
        let of = format!("({}) / ({})", first.contrast, second.contrast);
        Self {
            ours: held.estimate,
            pairs: held.pairs,
            verdict: held.verdict,
            here: Here::of_above(held.estimate.and_then(|found| found.interval), held.verdict),
            ..Self::blank(stated, Some(&first.metric), of, Is::Above.says())
        }
    }

    /// Whether it rests on a ratio of ours, of which a verdict says something.
    pub fn is_of_ratio(&self) -> bool {
        self.metric.is_some() && self.growth.is_none()
    }
}

impl From<Prediction> for Predicted {
    fn from(prediction: Prediction) -> Self {
        Self {
            last_level_ns: prediction.predicted,
            ratio: prediction.ratio.estimate,
            interval: prediction.ratio.interval.map(Range::from),
        }
    }
}
