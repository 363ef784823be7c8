//! What a pattern that matches nothing seems to mean.

use std::path::{Path, PathBuf};

use super::names::folded;
use super::patterns::{Patterns, Purpose};

/// Returns the right form of a pattern that names something in a folder by a path that doesn't begin there, such as
/// `assets/drafts` in the folder `assets`.
pub(super) fn right_form(pattern: &str, folder: &Path) -> Option<String> {
    let root = folder.canonicalize().ok()?;
    let is_literal = |part: &&str| !part.contains(['*', '?', '[', '{']);
    let parts: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let count = parts.iter().take_while(|part| is_literal(part)).count();
    let literal = parts[..count].join("/");
    let relative = literal.trim_start_matches("./").trim_start_matches('/');
    let in_folder = root.join(relative);
    // On Windows, an absolute path replaces the root.
    if relative.is_empty() || (in_folder.starts_with(&root) && in_folder.exists()) {
        return None;
    }
    let paths = std::iter::once(PathBuf::from(&literal)).chain(root.ancestors().map(|above| above.join(relative)));
    let inside = paths.into_iter().find_map(|path| {
        let inside = path.canonicalize().ok()?.strip_prefix(&root).ok()?.to_owned();
        Some(inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>())
    });
    // The folder can lie elsewhere on another machine.
    let elsewhere = || {
        let name = folded(&root.file_name()?.to_string_lossy());
        let at = parts[..count].iter().rposition(|part| folded(part) == name)?;
        let inside: Vec<String> = parts[at + 1..count].iter().map(|part| (*part).to_owned()).collect();
        (!inside.is_empty() && root.join(inside.join("/")).exists()).then_some(inside)
    };
    let inside = inside.or_else(elsewhere)?;
    let form = inside.iter().map(String::as_str).chain(parts[count..].iter().copied()).collect::<Vec<_>>().join("/");
    let end = if pattern.ends_with('/') && !form.is_empty() { "/" } else { "" };
    Some(match form.contains('/') {
        _ if form.is_empty() => "**".to_owned(),
        true => format!("{form}{end}"),
        false => format!("/{form}{end}"),
    })
}

/// Returns what to do about a pattern that matches none of these names, but would in another form: without the extension or as
/// nothing else, or as a list.
pub(super) fn advice_on_names(purpose: Purpose, text: &str, names: &[&str]) -> Option<String> {
    let matches_any = |pattern: &str, names: &[&str]| {
        let mut patterns = Patterns::new(purpose);
        patterns.add(pattern.to_owned());
        patterns.check().is_ok() && names.iter().any(|name| patterns.matches(name, &mut Vec::new()))
    };
    let extension = text.trim_start_matches('.');
    if !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let end = format!(".{}", folded(extension));
        if names.iter().any(|name| folded(name).ends_with(&end)) {
            return Some(format!("files of an extension are \"*.{extension}\""));
        }
    }
    let stems: Vec<&str> = names.iter().filter_map(|name| Some(name.rsplit_once('.')?.0)).collect();
    if matches_any(text, &stems) {
        return Some(format!("names have their extensions; write \"{text}.*\", or \"{text}/\" for a folder"));
    }
    let mut parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty() && *part != text);
    parts.any(|part| matches_any(part, names)).then(|| format!("call {} once for each pattern", purpose.method()))
}
