//! What Go's `encoding/json` makes of a body, and whether a daemon would then run it with a
//! forbidden setting: an opinion of its own, that shares no line with what it judges.
//!
//! The reader is the decoder's: the first value counts and the rest is left; text that is not UTF-8
//! and lone surrogates are replaced; keys are folded (K and ſ too), the last of equal ones counts,
//! objects under equal keys are merged, unknown keys and nulls are passed over. Where it is not
//! certain what a daemon does, this is the more lenient one: it must not miss what could run.

use std::collections::BTreeMap;

/// A value; of an object all pairs in their order.
#[derive(Clone, Debug)]
pub(crate) enum Go {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Go>),
    Object(Vec<(String, Go)>),
}

/// The first value of the bytes, if the decoder gets one.
pub(crate) fn decode(bytes: &[u8]) -> Option<Go> {
    Reader { bytes, at: 0 }.value(0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str, value: Go) -> Option<Go> {
        self.bytes[self.at..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    fn value(&mut self, depth: usize) -> Option<Go> {
        // Go's limit is 10,000; deeper than this nothing here builds anything that decides.
        if depth > 300 {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.text().map(Go::Text),
            b't' => self.word("true", Go::Bool(true)),
            b'f' => self.word("false", Go::Bool(false)),
            b'n' => self.word("null", Go::Null),
            b'-' | b'0'..=b'9' => {
                let number = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                self.at += self.bytes[self.at..].iter().take_while(|b| number(b)).count();
                Some(Go::Number)
            }
            _ => None,
        }
    }

    fn object(&mut self, depth: usize) -> Option<Go> {
        self.take(b'{')?;
        let mut pairs = Vec::new();
        if self.take(b'}').is_some() {
            return Some(Go::Object(pairs));
        }
        loop {
            self.peek()?;
            let key = self.text()?;
            self.take(b':')?;
            pairs.push((key, self.value(depth + 1)?));
            if self.take(b'}').is_some() {
                return Some(Go::Object(pairs));
            }
            self.take(b',')?;
        }
    }

    fn list(&mut self, depth: usize) -> Option<Go> {
        self.take(b'[')?;
        let mut values = Vec::new();
        if self.take(b']').is_some() {
            return Some(Go::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            if self.take(b']').is_some() {
                return Some(Go::List(values));
            }
            self.take(b',')?;
        }
    }

    fn text(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut raw = Vec::new();
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return Some(String::from_utf8_lossy(&raw).into_owned()),
                b'\\' => self.escape(&mut raw)?,
                0..=0x1f => return None,
                _ => raw.push(byte),
            }
        }
    }

    fn escape(&mut self, raw: &mut Vec<u8>) -> Option<()> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        let plain = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        };
        raw.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
        Some(())
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex(self.at)?;
        self.at += 4;
        if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let second = self.hex(self.at + 2);
            if let Some(second) = second.filter(|s| (0xdc00..0xe000).contains(s)) {
                self.at += 6;
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
        }
        Some(char::from_u32(first).unwrap_or('\u{fffd}'))
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        let digits = std::str::from_utf8(digits).ok()?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    }
}

/// Fields of a Go struct by their folded names, equal ones merged or the last.
pub(crate) fn fields(values: &[&Go]) -> BTreeMap<String, Vec<Go>> {
    let mut fields: BTreeMap<String, Vec<Go>> = BTreeMap::new();
    for value in values {
        let Go::Object(pairs) = value else { continue };
        for (key, value) in pairs {
            if !matches!(value, Go::Null) {
                fields.entry(fold(key)).or_default().push(value.clone());
            }
        }
    }
    fields
}

/// Simple folding, of letters that have ASCII in their orbit.
fn fold(key: &str) -> String {
    let fold = |c: char| match c {
        '\u{212a}' => 'K',
        '\u{17f}' => 'S',
        c => c.to_ascii_uppercase(),
    };
    key.chars().map(fold).collect()
}

/// The fields of the struct under `name`: objects under equal names are merged.
pub(crate) fn inner(fields: &BTreeMap<String, Vec<Go>>, name: &str) -> BTreeMap<String, Vec<Go>> {
    let values = fields.get(&fold(name)).map_or(&[][..], Vec::as_slice);
    self::fields(&values.iter().collect::<Vec<_>>())
}

/// What counts under `name`: the last of its kind.
pub(crate) fn last<'a>(fields: &'a BTreeMap<String, Vec<Go>>, name: &str) -> Option<&'a Go> {
    fields.get(&fold(name))?.last()
}
