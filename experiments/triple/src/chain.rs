//! Chains of engines as the command line writes them.

use std::str::FromStr;

use lab::{Engine, Layer};

/// As the published Podman image is not, but Podman at level 0 is.
const AS_OUTER: &[&str] = &["containers/containers.conf", "containers/storage.conf"];

/// What one level of a chain can be. `matched` is Podman, configured as the one around it: its
/// published image does less than a Podman at level 0 (`experiments/README.md`).
pub(crate) const WORDS: &[(&str, Layer)] = &[
    ("docker", Layer::own(Engine::Docker)),
    ("podman", Layer::own(Engine::Podman)),
    ("matched", Layer::own(Engine::Podman).like_outer(AS_OUTER).on_own_network()),
];

/// Beyond this, every sample would wait longer for its hops than for its container. The ladder
/// (`--depth`) goes on.
const MOST: usize = 12;

/// A chain of engines, the outermost at level 0: containers of the last are as many levels deep as
/// it has words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    words: Vec<&'static str>,
    pub(crate) layers: Vec<Layer>,
}

impl Chain {
    /// How deep containers of the innermost engine are.
    pub(crate) fn levels(&self) -> usize {
        self.words.len()
    }

    /// The name of the place in so many containers: `bare`, `docker`, `docker-docker`.
    pub(crate) fn place(&self, level: usize) -> String {
        match level {
            0 => "bare".to_owned(),
            level => self.words[..level].join("-"),
        }
    }

    /// Whether every level is of the same engine: only then is one level's cost another's.
    pub(crate) fn is_of_one_engine(&self) -> bool {
        let first = self.layers[0].engine;
        self.layers.iter().all(|layer| layer.engine == first)
    }

    /// What the place is, in words.
    pub(crate) fn about(&self, level: usize) -> String {
        if level == 0 {
            return "no container".to_owned();
        }
        let mut words: Vec<&str> = self.words[..level].to_vec();
        words.reverse();
        words.join(" in ")
    }
}

impl FromStr for Chain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || {
            let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
            words.join(", ")
        };
        let level = |word: &str| {
            let known_word = WORDS.iter().find(|(known, _)| *known == word);
            known_word.ok_or_else(|| format!("`{word}` is no engine; known are {}", known()))
        };
        let levels: Vec<&(&str, Layer)> = text.split('/').map(level).collect::<Result<_, _>>()?;
        for (index, (word, layer)) in levels.iter().enumerate() {
            let around = index.checked_sub(1).map(|outer| levels[outer].1.engine);
            if !layer.like_outer.is_empty() && around != Some(Engine::Podman) {
                return Err(format!("`{word}` needs a Podman around it"));
            }
        }
        if levels.len() > MOST {
            return Err(format!("at most {MOST} levels are measured"));
        }
        Ok(Self {
            words: levels.iter().map(|(word, _)| *word).collect(),
            layers: levels.iter().map(|(_, layer)| *layer).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_chain_names_its_places() {
        let chain: Chain = "podman/matched/docker".parse().expect("a chain");
        let places: Vec<String> = (0..=3).map(|level| chain.place(level)).collect();
        let expected = ["bare", "podman", "podman-matched", "podman-matched-docker"];
        assert_eq!(places, expected);
        assert_eq!(chain.about(3), "docker in matched in podman");
        assert_eq!(chain.layers[2].engine, Engine::Docker);
    }

    #[rstest]
    #[case::no_engine("docker/lxc", "`lxc` is no engine; known are docker, podman, matched")]
    #[case::nothing("", "`` is no engine")]
    #[case::a_gap("docker//docker", "`` is no engine")]
    #[case::outermost("matched/podman", "needs a Podman around it")]
    #[case::in_docker("docker/matched", "needs a Podman around it")]
    #[case::too_deep(&["docker"; 13].join("/"), "at most 12")]
    fn what_is_no_chain_is_refused(#[case] text: &str, #[case] why: &str) {
        let error = text.parse::<Chain>().expect_err(text);
        assert!(error.contains(why), "{error}");
    }
}
