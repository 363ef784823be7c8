//! Text that is shown: without characters that act on what shows it.

use std::fmt::{self, Write};

/// Whether a character acts on a terminal, a log or a directive, or on the text around it, in place of being shown: control
/// characters, ends of lines and changes of direction.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes a text on one line, with control characters as `\n` and `\u{1b}`.
pub(crate) struct Plain<'a, W>(pub(crate) &'a mut W);

impl<W: Write> Write for Plain<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_control(*c)) {
            self.0.write_str(&rest[..at])?;
            write!(self.0, "{}", c.escape_default())?;
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// Returns a text as [`Plain`] writes it.
#[cfg(feature = "publish")]
pub(crate) fn plain(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let _ = Plain(&mut written).write_str(text);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        for (text, shown) in [
            ("", ""),
            ("ünïcode \u{1f600} \u{200d}", "ünïcode \u{1f600} \u{200d}"),
            ("a\nb\r\t", "a\\nb\\r\\t"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("\u{7f}\u{85}\u{9b}", "\\u{7f}\\u{85}\\u{9b}"),
            ("\u{2028}\u{2029}\u{202e}", "\\u{2028}\\u{2029}\\u{202e}"),
        ] {
            let mut written = String::new();
            write!(Plain(&mut written), "{text}").expect("a string takes all");
            assert_eq!(written, shown);
        }
    }
}
