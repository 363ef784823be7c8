//! Text that is shown: without characters that act on what shows it.

use std::fmt::{self, Write};
use std::path::Path;

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

/// The most characters of a path that are shown, beside those at its end.
const PATH_START: usize = 120;
const PATH_END: usize = 80;

/// Returns a path in quotes. A long one, which may be a file's content in place of its path, is cut in the middle.
pub(crate) fn quoted_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    let length = text.chars().count();
    if length <= PATH_START + PATH_END {
        return format!("{path:?}");
    }
    let start: String = text.chars().take(PATH_START).collect();
    let end: String = text.chars().skip(length - PATH_END).collect();
    format!("{:?}", format!("{start}…{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut() {
        assert_eq!(quoted_path(Path::new("a/é.png")), "\"a/é.png\"");
        let whole = "é".repeat(PATH_START + PATH_END);
        assert_eq!(quoted_path(Path::new(&whole)), format!("{whole:?}"));
        let long = format!("<roblox>\n{}/crate.rbxm", "x".repeat(1_000_000));
        let shown = quoted_path(Path::new(&long));
        assert!(shown.starts_with("\"<roblox>\\nxxx") && shown.ends_with("xxx/crate.rbxm\""), "{shown}");
        assert!(shown.chars().count() < PATH_START + PATH_END + 10, "{shown}");
    }

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
