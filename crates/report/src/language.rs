//! Templates that are chosen before they are filled in. A text that is used where it stands is a
//! [`text!`](facts::text), which is checked when compiling.

use std::fmt::Display;

/// A template with its values filled in.
pub(crate) fn fill(template: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        let value = values.iter().find(|(other, _)| *other == name);
        debug_assert!(value.is_some(), "no value for {{{name}}} in {template}");
        out.push_str(&value.map_or_else(|| name.to_owned(), |(_, value)| value.to_string()));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_filled_in_once() {
        assert_eq!(fill("{a} to {b}; {a}", &[("a", &"{b}"), ("b", &2)]), "{b} to 2; {b}");
    }
}
