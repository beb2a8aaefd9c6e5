//! What the name of an arm in a nest says: what is done, and in which chain of engines.

/// The words that a chain is made of; `matched` is a Podman configured as the one around it.
const WORDS: [&str; 4] = ["bare", "docker", "podman", "matched"];

/// `start-docker-docker-inside`: `start` in the chain `docker-docker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) work: &'a str,
    pub(crate) chain: &'a str,
}

/// Which engine a chain is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Docker,
    Podman,
    /// Each Podman configured as the one around it.
    Matched,
    /// One engine in the other.
    Mixed,
}

impl<'a> Place<'a> {
    /// `None` for a name that has no chain.
    pub(crate) fn of(name: &'a str) -> Option<Self> {
        let mut chain: Option<(usize, usize)> = None;
        let mut at = 0;
        for word in name.split('-') {
            let end = at + word.len();
            match (&mut chain, WORDS.contains(&word)) {
                (Some((_, last)), true) => *last = end,
                (none @ None, true) => *none = Some((at, end)),
                (Some(_), false) => break,
                (None, false) => {}
            }
            at = end + 1;
        }
        let (from, to) = chain?;
        Some(Self {
            work: name[..from].trim_end_matches('-'),
            chain: &name[from..to],
        })
    }

    pub(crate) fn engine(self) -> Engine {
        let mut words = self.words();
        let first = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let all = |word: &str| !rest.is_empty() && rest.iter().all(|other| *other == word);
        match first {
            "docker" if rest.is_empty() || all("docker") => Engine::Docker,
            "podman" if rest.is_empty() || all("podman") => Engine::Podman,
            "podman" if all("matched") => Engine::Matched,
            _ => Engine::Mixed,
        }
    }

    fn words(self) -> impl Iterator<Item = &'a str> {
        self.chain.split('-')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (name, work, chain, engine) in [
            ("start-docker", "start", "docker", Engine::Docker),
            (
                "start-docker-docker-inside",
                "start",
                "docker-docker",
                Engine::Docker,
            ),
            (
                "fork-exec-podman-matched-matched",
                "fork-exec",
                "podman-matched-matched",
                Engine::Matched,
            ),
            (
                "sha256-podman-podman-outside",
                "sha256",
                "podman-podman",
                Engine::Podman,
            ),
            (
                "hop-docker-podman-docker",
                "hop",
                "docker-podman-docker",
                Engine::Mixed,
            ),
            ("bare", "", "bare", Engine::Mixed),
            ("start-docker-again", "start", "docker", Engine::Docker),
        ] {
            let place = Place::of(name).expect("a chain");
            assert_eq!((place.work, place.chain), (work, chain), "{name}");
            assert_eq!(place.engine(), engine, "{name}");
        }
        assert_eq!(Place::of("engine-only"), None);
    }
}
