//! What a lab's registry answers to: the names and tags that a folder has, and of a stand-in any tag
//! that asks for no other major version than its own. The rule stands here, for the registry and for
//! whoever says what a lab serves.

use serde::{Deserialize, Serialize};

/// The file in a folder of stand-ins that says what they are: [`StandIns`] as JSON.
pub const STAND_INS: &str = "stand-ins.json";

/// The stand-ins of a folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StandIns {
    /// The release of the distribution that they are made of.
    pub suite: String,
    /// Other releases that a lab can be of, and the engines of each, for a reader.
    pub others: Vec<(String, String)>,
    /// The images.
    pub images: Vec<StandIn>,
}

/// An image that stands for a published one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StandIn {
    /// Its repository in the folder.
    pub repository: String,
    /// Its one tag there.
    pub tag: String,
    /// What it stands for, as a user writes it, without a tag.
    pub name: String,
    /// What tags have before a version: `v` or nothing.
    pub prefix: String,
    /// The major version that it is, or, where it has none of the published image's, that of the tags
    /// that it answers to.
    pub major: String,
    /// What tags have behind a version, or instead of one; the first is what it is called by.
    pub variants: Vec<String>,
}

impl StandIns {
    /// The one that a tag of a repository means, if it means one.
    #[must_use]
    pub fn find(&self, repository: &str, tag: &str) -> Option<&StandIn> {
        let mut images = self.images.iter().filter(|image| image.repository == repository);
        images.find(|image| image.answers(tag, &self.suite))
    }
}

impl StandIn {
    /// How it is shown: with the major version that it answers to.
    #[must_use]
    pub fn shown(&self) -> String {
        let variant = self.variants.first().filter(|variant| !variant.is_empty());
        let variant = variant.map(|variant| format!("-{variant}")).unwrap_or_default();
        format!("{}:{}{}{variant}", self.name, self.prefix, self.major)
    }

    /// Whether a tag means it: `VERSION`, `VARIANT` or both, perhaps with the base of the published
    /// image behind them, as in `27.1-dind-alpine3.20`. Only the major version counts, and none is any.
    fn answers(&self, tag: &str, suite: &str) -> bool {
        let mut parts: Vec<&str> = match tag {
            "" => return false,
            "latest" => vec![],
            tag => tag.split('-').collect(),
        };
        let version = parts.first().and_then(|first| first.strip_prefix(self.prefix.as_str()));
        if let Some(version) = version.filter(|version| is_version(version)) {
            if version.split('.').next() != Some(&self.major) {
                return false;
            }
            parts.remove(0);
        }
        if parts.last().is_some_and(|last| is_base(last, suite)) {
            parts.pop();
        }
        self.variants.contains(&parts.join("-"))
    }
}

/// Numbers with dots between them.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.').all(is_number)
}

/// What a published image is built on, which is a matter of its tag only.
fn is_base(text: &str, suite: &str) -> bool {
    let alpine = text.strip_prefix("alpine");
    text == suite || alpine.is_some_and(|version| version.is_empty() || is_version(version))
}

/// What is said instead of serving something: all in one sentence, since of Docker's two questions for an
/// image of Docker Hub's, the second one names none.
#[must_use]
pub fn refusal(stand_ins: Option<&StandIns>, others: &[String]) -> String {
    let stand_ins = stand_ins.into_iter();
    let shown = stand_ins.clone().flat_map(|stand_ins| stand_ins.images.iter().map(StandIn::shown));
    let mut served: Vec<String> = shown.chain(others.iter().cloned()).collect();
    served.sort();
    served.dedup();
    let served = if served.is_empty() { "nothing".to_owned() } else { served.join(", ") };
    let others = stand_ins.flat_map(|stand_ins| &stand_ins.others);
    let others = others.map(|(suite, engines)| format!("`--generation {suite}` has {engines}"));
    let clauses = [
        "this lab has no network".to_owned(),
        format!("it serves {served}"),
        "bring your own with `lab pull` or `docker load`".to_owned(),
    ];
    clauses.into_iter().chain(others).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn stand_in(name: &str, tag: &str, prefix: &str, major: &str, variants: &[&str]) -> StandIn {
        StandIn {
            repository: name.to_owned(),
            tag: tag.to_owned(),
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            major: major.to_owned(),
            variants: variants.iter().map(ToString::to_string).collect(),
        }
    }

    fn stand_ins() -> StandIns {
        StandIns {
            suite: "trixie".to_owned(),
            others: vec![("bookworm".to_owned(), "Docker 20.10".to_owned())],
            images: vec![
                stand_in("alpine", "latest", "", "3", &["", "edge"]),
                stand_in("docker", "cli", "", "26", &["cli"]),
                stand_in("docker", "dind", "", "26", &["dind", ""]),
                stand_in("podman", "latest", "v", "5", &[""]),
                stand_in("postgres", "latest", "", "17", &[""]),
            ],
        }
    }

    #[rstest]
    #[case::plain("alpine", "3.20", Some("latest"))]
    #[case::patch("alpine", "3.20.3", Some("latest"))]
    #[case::major("alpine", "3", Some("latest"))]
    #[case::latest("alpine", "latest", Some("latest"))]
    #[case::edge("alpine", "edge", Some("latest"))]
    #[case::old_alpine("alpine", "2.7", None)]
    #[case::by_date("alpine", "20240606", None)]
    #[case::dind("docker", "dind", Some("dind"))]
    #[case::docker("docker", "latest", Some("dind"))]
    #[case::version_of_docker("docker", "26.1", Some("dind"))]
    #[case::version_of_dind("docker", "26-dind", Some("dind"))]
    #[case::with_a_base("docker", "26.1.4-dind-alpine3.20", Some("dind"))]
    #[case::cli("docker", "26-cli", Some("cli"))]
    #[case::another_docker("docker", "24-dind", None)]
    #[case::another_cli("docker", "27-cli", None)]
    #[case::a_longer_number("docker", "260-dind", None)]
    #[case::candidate("docker", "26.0.0-rc1-dind", None)]
    #[case::rootless("docker", "dind-rootless", None)]
    #[case::rootless_by_version("docker", "26-dind-rootless", None)]
    #[case::git("docker", "git", None)]
    #[case::podman("podman", "v5.4", Some("latest"))]
    #[case::another_podman("podman", "v4", None)]
    #[case::podman_has_a_letter("podman", "5", None)]
    #[case::postgres("postgres", "17.2-alpine", Some("latest"))]
    #[case::on_its_own_release("postgres", "17-trixie", Some("latest"))]
    #[case::on_another_release("postgres", "17-bookworm", None)]
    #[case::base_alone("postgres", "alpine", Some("latest"))]
    #[case::another_postgres("postgres", "16-alpine", None)]
    #[case::nothing("postgres", "", None)]
    #[case::no_version("postgres", "17.", None)]
    #[case::unknown("ubuntu", "latest", None)]
    fn a_tag_means(#[case] name: &str, #[case] tag: &str, #[case] expected: Option<&str>) {
        let stand_ins = stand_ins();
        let found = stand_ins.find(name, tag).map(|image| image.tag.as_str());
        assert_eq!(found, expected);
    }

    #[test]
    fn a_refusal_says_what_there_is() {
        assert_eq!(
            refusal(Some(&stand_ins()), &["ghcr.io/me/tool:1".to_owned()]),
            "this lab has no network; it serves alpine:3, docker:26-cli, docker:26-dind, \
             ghcr.io/me/tool:1, podman:v5, postgres:17; bring your own with `lab pull` or \
             `docker load`; `--generation bookworm` has Docker 20.10"
        );
        assert!(refusal(None, &[]).contains("it serves nothing; bring"));
    }
}
