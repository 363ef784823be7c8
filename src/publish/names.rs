//! Names of files, in one form on all systems.

use std::collections::BTreeMap;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use crate::error::Error;
use crate::plain::{is_control, plain};

/// Returns a name in its composed form. Systems and archives write `é` as one character or as two.
pub(super) fn normal(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { name.nfc().collect() }
}

/// Returns the name of a file that the caller wrote.
pub(super) fn of_caller(path: &str) -> String {
    let path = path.replace('\\', "/");
    normal(path.strip_prefix("./").unwrap_or(&path))
}

/// Checks a name that a file has on record. One that no published file can have is a mistake or an attack; the text says what is
/// wrong, and which name to write in its place, as JSON.
pub(super) fn check_recorded(name: &str) -> Result<(), (String, String)> {
    let is_shown = |c: &char| !is_control(*c) && *c != char::REPLACEMENT_CHARACTER;
    let shown: String = name.chars().filter(is_shown).collect();
    let parts = shown.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    let right = normal(&parts.collect::<Vec<_>>().join("/"));
    if right == name && !name.is_empty() {
        return Ok(());
    }
    let right = if right.is_empty() { "unnamed" } else { &right };
    Err((format!("no file can have the name {name:?}"), format!("write {} in its place", ascii_json(right))))
}

/// Returns a string of JSON in ASCII, so that no editor changes its form.
fn ascii_json(text: &str) -> String {
    let mut written = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        match c.is_ascii() {
            true => written.push(c),
            false => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| written.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    written
}

/// Returns what names have in common that a system which ignores case takes for one.
pub(super) fn folded(name: &str) -> String {
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.nfc().map(folded_char).collect() }
}

/// Returns the small letter. Those that share a capital letter, such as `σ` and `ς`, are one.
fn folded_char(c: char) -> char {
    let capital = Some(c.to_uppercase()).filter(|letters| letters.len() == 1).and_then(|mut letters| letters.next());
    let capital = capital.unwrap_or(c);
    let small =
        Some(capital.to_lowercase()).filter(|letters| letters.len() == 1).and_then(|mut letters| letters.next());
    small.unwrap_or(capital)
}

/// Returns what is wrong with a name in itself.
pub(super) fn problem(name: &str) -> Option<Error> {
    let what = if name.contains(is_control) {
        "a control character, which would act on what shows the name"
    } else if name.contains('\\') {
        "a backslash, which separates folders on Windows"
    } else if name.contains(char::REPLACEMENT_CHARACTER) {
        "characters that are not UTF-8"
    } else {
        return None;
    };
    Some(Error::invalid_input(format!("the name {name:?} has {what}")).advise("rename the file"))
}

/// Returns what is wrong with files whose names, or those of whose folders, are one name on other systems, by their indexes.
pub(super) fn clashes(files: &[(&Path, &str)]) -> BTreeMap<usize, Error> {
    // What the system calls each folder and file, and where it was found first.
    let mut spelled: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let ends = |name: &str| name.match_indices('/').map(|(end, _)| end).chain([name.len()]).collect::<Vec<_>>();
    let spell = |path: &Path, name: &str, end: usize| match end == name.len() {
        true => path.to_string_lossy().into_owned(),
        false => spelled_folder(path, name, end),
    };
    for (index, (path, name)) in files.iter().enumerate() {
        for end in ends(name) {
            spelled.entry(folded(&name[..end])).or_default().entry(spell(path, name, end)).or_insert(index);
        }
    }
    let mut bad = BTreeMap::new();
    for (index, (_, name)) in files.iter().enumerate() {
        let clash = ends(name).into_iter().find_map(|end| {
            let mut all = spelled.get(&folded(&name[..end]))?.iter();
            let ((one, first), (other, second)) = (all.next()?, all.next()?);
            let name_at = |index: usize| files[index].1.get(..end).unwrap_or_default();
            Some(same_names(one, other, name_at(*first), name_at(*second)))
        });
        bad.extend(clash.map(|error| (index, error)));
    }
    bad
}

/// Returns the name of a folder of a file as the system writes it, up to the slash at `end`.
fn spelled_folder(path: &Path, name: &str, end: usize) -> String {
    let below = name[end..].matches('/').count();
    let folder = path.ancestors().nth(below).unwrap_or(path);
    let depth = name[..end].matches('/').count() + 1;
    let parts: Vec<_> = folder.components().rev().take(depth).map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn same_names(one: &str, other: &str, name: &str, other_name: &str) -> Error {
    let difference = match name == other_name {
        true if normal(one) == normal(other) => "differ only in the Unicode form of their names",
        true => "have the same name",
        false => "have names that differ only in case",
    };
    Error::invalid_input(format!("{one:?} and {other:?} {difference}")).advise("rename one of them")
}

/// Returns a name that a problem can have.
pub(super) fn shown(name: &str) -> String {
    plain(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_names_are_those_of_published_files() {
        for name in ["a.png", "ui/a b.png", "\u{e9}.png", "\u{1f600}/x.png", "a", "...", "ui/.x", "\u{200d}", " "] {
            assert_eq!(check_recorded(name), Ok(()), "{name:?}");
        }
        for (name, right) in [
            ("e\u{301}.png", r#""\u00e9.png""#),
            ("u\u{308}i/\u{1f600}.png", r#""\u00fci/\ud83d\ude00.png""#),
            ("\u{212b}.png", r#""\u00c5.png""#),
            ("a\n.png", r#""a.png""#),
            ("a\u{1b}[31m.png", r#""a[31m.png""#),
            ("\u{202e}gnp.a", r#""gnp.a""#),
            ("e\u{7}\u{301}", r#""\u00e9""#),
            ("ui\\a.png", r#""ui/a.png""#),
            ("./a.png", r#""a.png""#),
            ("/etc/x.png", r#""etc/x.png""#),
            ("../../x.png", r#""x.png""#),
            ("ui//a.png", r#""ui/a.png""#),
            ("ui/", r#""ui""#),
            ("a\u{fffd}\"", r#""a\"""#),
            ("", r#""unnamed""#),
            ("\u{85}", r#""unnamed""#),
            ("..", r#""unnamed""#),
        ] {
            let (problem, advice) = check_recorded(name).unwrap_err();
            assert!(!problem.contains(is_control), "{problem}");
            assert_eq!(advice, format!("write {right} in its place"), "{name:?}");
            let written: String = serde_json::from_str(right).unwrap();
            assert_eq!(check_recorded(&written), Ok(()), "{name:?}");
        }
    }
}
