//! Splits messages into words.

/// Splits a text into words in lower case: `AssetName`, `ASSET_NAME` and "asset name" are the same two. File names are left
/// out.
pub(super) fn words(text: &str) -> Vec<String> {
    let chunks = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '[' | ']'));
    chunks.filter(|chunk| !is_file_name(chunk)).flat_map(|chunk| chunk.split(|c: char| !c.is_alphanumeric())).fold(
        Vec::new(),
        |mut words, part| {
            let mut word = String::new();
            let mut was_lower = false;
            for c in part.chars() {
                if c.is_uppercase() && was_lower {
                    words.push(std::mem::take(&mut word));
                }
                was_lower = c.is_lowercase() || c.is_numeric();
                word.extend(c.to_lowercase());
            }
            if !word.is_empty() {
                words.push(word);
            }
            words
        },
    )
}

/// Whether it looks like `quota_bar.png`, with or without a full stop.
fn is_file_name(chunk: &str) -> bool {
    let chunk = chunk.trim_matches(|c: char| !c.is_alphanumeric());
    chunk.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty() && (1..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// Removes quoted text, unless it is kept.
pub(super) fn without_quotes(text: &str, is_kept: impl Fn(&str) -> bool) -> String {
    const PAIRS: &[(char, char)] = &[('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
    let mut kept = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        // An apostrophe follows a letter.
        let opens = PAIRS.iter().find(|(open, _)| *open == first && !before.is_alphanumeric());
        let quoted = opens.and_then(|(_, close)| closing(after, *close).map(|end| (end, *close)));
        match quoted {
            Some((end, close)) => {
                let inside = &after[..end];
                kept.push(' ');
                if is_kept(inside) {
                    kept.push_str(inside);
                }
                kept.push(' ');
                rest = &after[end + close.len_utf8()..];
                before = close;
            }
            None => {
                kept.push(first);
                rest = after;
                before = first;
            }
        }
    }
    kept
}

/// Returns where quoted text ends: at the next closing quote that isn't an apostrophe within a word.
fn closing(text: &str, close: char) -> Option<usize> {
    text.char_indices().filter(|(_, c)| *c == close).map(|(at, _)| at).find(|at| {
        let next = text[at + close.len_utf8()..].chars().next();
        close == '"' || next.is_none_or(|next| !next.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_texts_do_not_panic() {
        for text in ["'", "\"", "''", "a'b'c", "“", "«»", "’‘", "é'é'", "'\u{1f600}'x", "...", "a.b.c."] {
            let _ = (words(text), without_quotes(text, |_| false), without_quotes(text, |_| true));
        }
    }

    #[test]
    fn quotes_are_removed_and_apostrophes_kept() {
        let plain = |text: &str| words(&without_quotes(text, |inside| inside == "Kept")).join(" ");
        for (text, expected) in [
            ("a 'b c' d", "a d"),
            ("“Kept”: \"b\"", "kept"),
            ("the user's 'it's here' name", "the user s name"),
            ("don't", "don t"),
            ("AssetName ASSET_NAME a.png", "asset name asset name"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
