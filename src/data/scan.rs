//! The members of JSON objects and lists, as texts. The text must be valid JSON.

use std::borrow::Cow;

/// A member of an object. A key that has broken characters is its own text.
#[derive(Debug)]
pub(super) struct Member<'t> {
    /// The key as it is written, with its quotation marks.
    pub(super) written: &'t str,
    pub(super) key: Cow<'t, str>,
    pub(super) value: &'t str,
}

/// A JSON text, by its kind.
#[derive(Debug)]
pub(super) enum Scanned<'t> {
    Object(Vec<Member<'t>>),
    List(Vec<&'t str>),
    /// A string, a number, or a word.
    Leaf(&'t str),
}

/// Reads the outermost structure of a text.
pub(super) fn scan(text: &str) -> Scanned<'_> {
    let text = text.trim_matches(SPACES);
    let mut rest = Rest(text.get(1..).unwrap_or_default());
    match text.as_bytes().first() {
        Some(b'{') => {
            let mut members = Vec::new();
            while rest.has_more(b'}') {
                let written = rest.value();
                rest.pass(b':');
                members.push(Member { written, key: unescaped(written), value: rest.value() });
                rest.pass(b',');
            }
            Scanned::Object(members)
        }
        Some(b'[') => {
            let mut values = Vec::new();
            while rest.has_more(b']') {
                values.push(rest.value());
                rest.pass(b',');
            }
            Scanned::List(values)
        }
        _ => Scanned::Leaf(text),
    }
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Returns what a string says. One that can't be read is its own text.
fn unescaped(written: &str) -> Cow<'_, str> {
    let plain = written.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match plain {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => serde_json::from_str(written).map_or(Cow::Borrowed(written), Cow::Owned),
    }
}

/// What is left of a text.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_start_matches(SPACES);
    }

    /// Whether another member comes before the end of the structure.
    fn has_more(&mut self, close: u8) -> bool {
        self.skip_spaces();
        self.0.as_bytes().first().is_some_and(|byte| *byte != close)
    }

    fn pass(&mut self, byte: u8) {
        self.skip_spaces();
        if self.0.as_bytes().first() == Some(&byte) {
            self.0 = &self.0[1..];
        }
    }

    /// Takes the next value.
    fn value(&mut self) -> &'t str {
        self.skip_spaces();
        let (value, rest) = self.0.split_at(length_of_value(self.0.as_bytes()));
        self.0 = rest;
        value
    }
}

fn length_of_value(bytes: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at += length_of_string(&bytes[at..]),
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => (at, depth) = (at + 1, depth - 1),
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn length_of_string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_texts_in_their_order() {
        let Scanned::Object(members) = scan(r#" { "b" : 1.0 , "a\"}" :[1,{"x":"]"}], "":null ,"\ud83d":{}} "#) else {
            panic!("it is an object")
        };
        let members: Vec<_> = members.iter().map(|member| (&*member.key, member.value)).collect();
        let expected = [("b", "1.0"), ("a\"}", r#"[1,{"x":"]"}]"#), ("", "null"), (r#""\ud83d""#, "{}")];
        assert_eq!(members, expected);
        let Scanned::List(values) = scan("[ 1 ,\"a,]\\\\\", [[]] , -1e5]") else { panic!("it is a list") };
        assert_eq!(values, ["1", "\"a,]\\\\\"", "[[]]", "-1e5"]);
        for (text, leaf) in [("12 ", "12"), ("\"{\"", "\"{\""), (" true", "true")] {
            assert!(matches!(scan(text), Scanned::Leaf(found) if found == leaf), "{text}");
        }
        assert!(matches!(scan("[ ]"), Scanned::List(values) if values.is_empty()));
        assert!(matches!(scan("{}"), Scanned::Object(members) if members.is_empty()));
    }
}
