//! What fails, by what is known of its words.

use std::cmp::Reverse;

use fingerprints::Fingerprint;

use crate::document::{Cell, Tone};
use crate::language::Lang;
use crate::{phrases, term};

/// Things that fail with words of which the same is known.
pub struct Failures<'a, T> {
    /// `None`: nothing is known of them.
    pub fingerprint: Option<&'static Fingerprint>,
    /// Those that fail so.
    pub of: Vec<&'a T>,
    /// The line that is known, or that tells most; of the first.
    pub words: &'a str,
}

impl<'a, T> Failures<'a, T> {
    /// Of things, what is known of each and the line that says it: known ones first, the most frequent
    /// of them first.
    pub fn grouped(
        all: impl Iterator<Item = (&'a T, Option<&'static Fingerprint>, &'a str)>,
    ) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for (thing, fingerprint, words) in all {
            let same = |group: &&mut Self| match (group.fingerprint, fingerprint) {
                (Some(one), Some(other)) => one.id == other.id,
                (None, None) => without_digits(group.words).eq(without_digits(words)),
                _ => false,
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.of.push(thing),
                None => groups.push(Self { fingerprint, of: vec![thing], words }),
            }
        }
        groups.sort_by_key(|group| (group.fingerprint.is_none(), Reverse(group.of.len())));
        groups
    }

    /// `3 x store-read-only: chmod /var/lib/docker: read-only file system`
    pub fn line(&self) -> String {
        let known = self.fingerprint.map_or("nothing known", |known| &known.id);
        format!("{} x {known}: {}", self.of.len(), self.words)
    }

    /// A row of a table: its name, what the experiment has of it, cause, remedy and the words.
    pub fn row(&self, lang: Lang, own: impl IntoIterator<Item = Cell>) -> Vec<Cell> {
        let name = self.fingerprint.map_or_else(
            || Cell::new(term!(lang; "nothing known"; "no se conoce")).tone(Tone::Missing),
            |known| Cell::new(format!("`{}`", known.id)),
        );
        // Causes and remedies are English.
        let sentence = |of: fn(&Fingerprint) -> &String| {
            self.fingerprint.map_or_else(
                || Cell::new("–"),
                |known| Cell { english: lang != Lang::En, ..Cell::new(of(known)) },
            )
        };
        let words = Cell::new(phrases::short(self.words)).english();
        let causes = [sentence(|known| &known.cause), sentence(|known| &known.remedy)];
        std::iter::once(name).chain(own).chain(causes).chain([words]).collect()
    }
}

/// What differs between two tries of the same: names of containers, times.
fn without_digits(words: &str) -> impl Iterator<Item = char> {
    words.chars().filter(|character| !character.is_ascii_digit())
}
