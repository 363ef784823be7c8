//! `.assetignore`: which files of a folder are never published, as in a `.gitignore`.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use glob::Pattern as Glob;

use super::names::folded;
use super::patterns::{check_common, glob_of, is_match};
use super::right_form::right_form;
use crate::disk::open_regular;
use crate::error::{Error, Result};

pub(super) const NAME: &str = ".assetignore";

/// Names, in small letters, of files that are meant to be ignore files.
const MISTAKEN: &[&str] =
    &[NAME, ".assetignore.txt", ".assetsignore", ".asset-ignore", ".asset_ignore", "assetignore", "assetignore.txt"];

/// The largest ignore file, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The ignore files of a folder and of those in it.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    /// The lines, by the folder with its slash, or nothing for the outermost one.
    files: BTreeMap<String, Vec<Line>>,
}

#[derive(Debug)]
struct Line {
    glob: Glob,
    takes_back: bool,
    is_of_folder: bool,
}

/// Refuses a file that is meant to be an ignore file, but has another name. On some systems, it would be one.
pub(super) fn check_name(name: &str) -> Result<()> {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last == NAME || !MISTAKEN.contains(&last.to_lowercase().as_str()) {
        return Ok(());
    }
    let error = Error::invalid_input(format!("{name:?} is not read as an ignore file"));
    Err(error.advise(format!("rename it to {NAME:?}")).concerning_run())
}

impl Ignores {
    /// Reads the ignore file of a folder, if there is one.
    pub(super) fn read(&mut self, directory: &Path, name: &str) -> Result<()> {
        let path = directory.join(NAME);
        let mut text = String::new();
        let failed =
            |problem: String| Error::invalid_input(format!("the ignore file {path:?}: {problem}")).concerning_run();
        match open_regular(&path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text)) {
            Ok(length) if length as u64 > LARGEST => {
                return Err(failed(format!("it has more than {LARGEST} bytes")));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io(format!("the ignore file {path:?}"), error).concerning_run()),
        }
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            // Files that were joined have a byte order mark between them.
            let line = line.trim_start_matches('\u{feff}');
            let invalid = |problem| failed(format!("line {}: invalid pattern {line:?}: {problem}", number + 1));
            lines.extend(Line::new(line).map_err(invalid)?);
            let path_in_folder = without_spaces(line.trim_start_matches('!'));
            let is_path = path_in_folder.trim_end_matches('/').contains('/') && !line.starts_with('#');
            if let Some(form) = is_path.then(|| right_form(path_in_folder, directory)).flatten() {
                let problem = format!("{line:?} matches nothing, because paths begin in the folder of this file");
                return Err(failed(format!("line {}: {problem}; write {form:?}", number + 1)));
            }
        }
        let folder = if name.is_empty() { String::new() } else { format!("{}/", folded(name)) };
        self.files.insert(folder, lines);
        Ok(())
    }

    /// Whether a file or a folder, or a folder that it is in, is ignored. What is in an ignored folder can't be taken back.
    pub(super) fn ignore(&self, name: &str, is_folder: bool) -> bool {
        if self.files.is_empty() {
            return false;
        }
        let name = folded(name);
        name.match_indices('/').any(|(end, _)| self.match_one(&name[..end], true)) || self.match_one(&name, is_folder)
    }

    fn match_one(&self, name: &str, is_folder: bool) -> bool {
        // Of the innermost file that has a line for it, the last line counts.
        let starts = name.rmatch_indices('/').map(|(end, _)| end + 1).chain([0]);
        let last = starts.filter_map(|start| {
            let lines = self.files.get(&name[..start])?;
            lines.iter().rfind(|line| line.matches(&name[start..], is_folder))
        });
        last.take(1).any(|line| !line.takes_back)
    }
}

impl Line {
    fn new(line: &str) -> std::result::Result<Option<Self>, String> {
        let line = without_spaces(line);
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if line.starts_with([' ', '\t']) {
            return Err(format!("it begins with white space; write {:?}, or \\ before a space", line.trim_start()));
        }
        if line.contains(" # ") {
            return Err("a comment has a line of its own; \\# is the character".to_owned());
        }
        if line.contains(',') && line.split(',').all(|part| part.contains('*') || part.ends_with('/')) {
            return Err("each pattern has a line of its own".to_owned());
        }
        check_common(line)?;
        let (takes_back, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        // What is in a folder at any depth isn't only folders.
        let is_of_folder = line.ends_with('/') && !line.ends_with("**/");
        let is_anchored = line.starts_with('/') || line.starts_with("./");
        let parts: Vec<&str> = line.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.is_empty() {
            return Ok(None);
        }
        let (text, has_braces) = without_escapes(&parts.join("/"))?;
        if has_braces {
            return Err(
                "an ignore file has no braces; write a line for each alternative, or \\{ for the character".into()
            );
        }
        // Other consecutive asterisks are one.
        let parts: Vec<String> = text.split('/').map(single_stars).collect();
        let glob = glob_of(parts.join("/"), is_anchored)?;
        Ok(Some(Self { glob, takes_back, is_of_folder }))
    }

    fn matches(&self, name: &str, is_folder: bool) -> bool {
        (is_folder || !self.is_of_folder) && is_match(&self.glob, name)
    }
}

/// Cuts spaces at the end, unless they are escaped.
fn without_spaces(line: &str) -> &str {
    let cut = line.trim_end_matches([' ', '\t', '\r']);
    let is_escaped = cut.len() < line.len() && cut.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    if is_escaped { &line[..=cut.len()] } else { cut }
}

/// Returns a line with `[*]` for `\*`, and whether it has a brace that isn't escaped. What may be meant to separate folders is
/// refused.
fn without_escapes(body: &str) -> std::result::Result<(String, bool), String> {
    let (mut text, mut has_braces) = (String::with_capacity(body.len()), false);
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next().ok_or("a \\ at its end escapes nothing")? {
                c if c.is_alphanumeric() || (c == '*' && text.ends_with(char::is_alphanumeric)) => {
                    return Err(format!("write / between folders, and [{c}] for the character"));
                }
                c @ ('*' | '?' | '[') => text.extend(['[', c, ']']),
                c => text.push(c),
            },
            c => {
                has_braces |= c == '{';
                text.push(c);
            }
        }
    }
    Ok((text, has_braces))
}

fn single_stars(part: &str) -> String {
    if part == "**" {
        return part.to_owned();
    }
    let mut single = part.to_owned();
    while single.contains("**") {
        single = single.replace("**", "*");
    }
    single
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignores(text: &str) -> Ignores {
        let lines = text.lines().filter_map(|line| Line::new(line).expect("a good line")).collect();
        Ignores { files: BTreeMap::from([(String::new(), lines)]) }
    }

    #[test]
    fn lines_mean_what_git_makes_of_them() {
        for (lines, name, is_ignored) in [
            ("drafts", "drafts/a.png", true),
            ("drafts/", "ui/drafts/a.png", true),
            ("drafts/", "drafts", false),
            ("/drafts", "ui/drafts/a.png", false),
            ("ui/drafts", "ui/drafts/a.png", true),
            ("ui/drafts", "x/ui/drafts/a.png", false),
            ("*.psd", "ui/a.PSD", true),
            ("ui/*", "ui/deep/a.png", true),
            ("ui/**", "ui/deep/a.png", true),
            ("**/x/a.png", "x/a.png", true),
            ("a/**/b.png", "a/b.png", true),
            ("foo**.png", "foobar.png", true),
            ("*.png\n!keep.png", "keep.png", false),
            ("*.png\n!keep.png", "b.png", true),
            ("!keep.png\n*.png", "keep.png", true),
            ("drafts/\n!drafts/keep.png", "drafts/keep.png", true),
            ("drafts/*\n!drafts/keep.png", "drafts/keep.png", false),
            ("# *.png", "a.png", false),
            ("\\#a.png", "#a.png", true),
            ("\\!a.png", "!a.png", true),
            ("a.png   ", "a.png", true),
            ("a.png\r", "a.png", true),
            ("a.png\\ ", "a.png ", true),
            ("\n\n", "a.png", false),
            ("[ab].png", "b.png", true),
            ("[!ab].png", "b.png", false),
            ("\\{a\\}.png", "{a}.png", true),
            ("\\*.png", "a.png", false),
            ("\\*.png", "*.png", true),
            ("[^a].png", "b.png", true),
            ("?.png", "\u{dc}.png", true),
            ("u\u{308}.png", "\u{dc}.png", true),
        ] {
            assert_eq!(ignores(lines).ignore(name, false), is_ignored, "{lines:?} {name}");
        }
        for (line, name) in [("./drafts", "drafts/a.png"), ("drafts//", "drafts/a.png"), ("drafts/**/", "drafts/a.png")]
        {
            assert!(ignores(line).ignore(name, false), "{line}: Git would not ignore it, but it is meant");
        }
        assert!(!ignores("./drafts").ignore("ui/drafts/a.png", false), "it is /drafts");
        for invalid in [
            "*.{png,jpg}",
            "[a",
            "a\\",
            "drafts\\old",
            "drafts\\*.png",
            "  drafts",
            "\tdrafts/",
            "drafts/ # not yet",
            "*.wav, *.mp3",
            "drafts/,old/",
            "~/game/drafts",
            "drafts|old",
            "../drafts",
            "d\0r\0",
            "dra\u{200b}fts",
        ] {
            assert!(Line::new(invalid).is_err(), "{invalid}");
        }
    }
}
