//! Patterns of the caller, such as `ui/**/*.png`.

use glob::{MatchOptions, Pattern as Glob};

use super::names::{folded, normal};
use crate::error::{Error, Result};
use crate::plain::is_control;

/// An asterisk doesn't match a slash; two do. Letters are small before they are compared.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// The largest number of alternatives that the braces of a pattern may make.
const MOST_ALTERNATIVES: usize = 1000;

/// What a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Include,
    Exclude,
    AssetType,
    Prepare,
}

impl Purpose {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Include => "Publisher::include",
            Self::Exclude => "Publisher::exclude",
            Self::AssetType => "Publisher::asset_type",
            Self::Prepare => "Publisher::prepare",
        }
    }
}

/// The patterns of one purpose.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    pub(super) purpose: Purpose,
    all: Vec<(String, std::result::Result<Vec<Pattern>, String>)>,
}

/// A pattern without braces, whose letters are small.
#[derive(Clone, Debug)]
struct Pattern {
    glob: Glob,
    /// It ends with a slash.
    is_of_folder: bool,
    /// Its last part has no wildcard, so that it can be the name of a folder.
    is_literal: bool,
    /// Its last part isn't all wildcards, so that it means certain files and not what happens to be in a folder.
    names_files: bool,
}

impl Patterns {
    pub(super) fn new(purpose: Purpose) -> Self {
        Self { purpose, all: Vec::new() }
    }

    pub(super) fn add(&mut self, pattern: String) {
        let compiled = compile(&pattern);
        self.all.push((pattern, compiled));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|(text, _)| text.as_str())
    }

    /// Returns which patterns match the name of a file, and notes it.
    pub(super) fn matches(&self, name: &str, matched: &mut Vec<bool>) -> bool {
        matched.resize(self.all.len(), false);
        let name = folded(name);
        let mut is_match = false;
        for (index, pattern) in self.good() {
            if pattern.matches(&name, self.purpose) {
                matched[index] = true;
                is_match = true;
            }
        }
        is_match
    }

    /// Whether a pattern matches the name of a file itself, and not only all files of a folder.
    pub(super) fn name_file(&self, name: &str) -> bool {
        let name = folded(name);
        self.good().any(|(_, pattern)| pattern.names(&name))
    }

    /// Returns the index of the last pattern that matches. Of a file whose extension isn't that of an asset, only patterns that
    /// name it count.
    pub(super) fn last_match(&self, name: &str, is_asset: bool) -> Option<usize> {
        let name = folded(name);
        let matches = |pattern: &Pattern| match is_asset {
            true => pattern.matches(&name, self.purpose),
            false => pattern.names(&name),
        };
        self.good().filter(|(_, pattern)| matches(pattern)).last().map(|(index, _)| index)
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.all.iter().find_map(|(text, pattern)| Some((text, pattern.as_ref().err()?))) {
            Some((text, problem)) => {
                let method = self.purpose.method();
                let error = Error::invalid_input(format!("invalid pattern {text:?} of {method}: {problem}"));
                Err(error.concerning_run())
            }
            None => Ok(()),
        }
    }

    fn good(&self) -> impl Iterator<Item = (usize, &Pattern)> {
        let all = self.all.iter().enumerate();
        all.flat_map(|(index, (_, patterns))| patterns.iter().flatten().map(move |pattern| (index, pattern)))
    }
}

/// Reads a pattern, or says what is wrong with it and which form is right.
fn compile(text: &str) -> std::result::Result<Vec<Pattern>, String> {
    if text.starts_with('!') {
        return Err(format!(
            "a pattern has no negation; write {text:?} in a file .assetignore in the folder, where it takes back an earlier line"
        ));
    }
    if text.contains('\\') {
        let right = text.replace('\\', "/");
        return Err(format!("write {right:?} with / between folders, and a literal asterisk as [*]"));
    }
    if text.trim() != text {
        return Err(format!("it has white space around it; write {:?}", text.trim()));
    }
    check_common(text)?;
    if text.is_empty() {
        return Err("it is empty; \"**\" matches all files".to_owned());
    }
    let mut alternatives = Vec::new();
    expand(text, &mut alternatives)?;
    alternatives.iter().map(|alternative| Pattern::new(alternative)).collect()
}

/// Refuses what neither a pattern nor a line of an ignore file can mean.
pub(super) fn check_common(text: &str) -> std::result::Result<(), String> {
    if text.starts_with("~/") {
        return Err("only a shell knows ~; write the path in the folder".to_owned());
    }
    if text.contains('|') {
        return Err("there are no alternatives with |; write each of them as a pattern".to_owned());
    }
    if text.split('/').any(|part| part == "..") {
        return Err("it leads out of the folder with ..; write the path in the folder".to_owned());
    }
    let is_invisible = |c: char| is_control(c) || matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}');
    if text.contains(is_invisible) {
        let right: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        return Err(format!("it has characters that nobody sees; write {right:?}"));
    }
    Ok(())
}

/// Adds what a pattern means without braces.
fn expand(text: &str, alternatives: &mut Vec<String>) -> std::result::Result<(), String> {
    let Some(open) = outside_class(text).find(|(_, c)| *c == '{').map(|(at, _)| at) else {
        if alternatives.len() == MOST_ALTERNATIVES {
            return Err(format!("its braces make more than {MOST_ALTERNATIVES} alternatives"));
        }
        alternatives.push(text.to_owned());
        return Ok(());
    };
    let (mut depth, mut cuts) = (0_usize, vec![open]);
    for (at, c) in outside_class(&text[open..]).map(|(at, c)| (open + at, c)) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => cuts.push(at),
            _ => {}
        }
        if depth == 0 {
            cuts.push(at);
            for cut in cuts.windows(2) {
                expand(&format!("{}{}{}", &text[..open], &text[cut[0] + 1..cut[1]], &text[at + 1..]), alternatives)?;
            }
            return Ok(());
        }
    }
    Err("a { has no }; the character is [{]".to_owned())
}

/// Returns the characters that aren't in `[` and `]`.
fn outside_class(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut end = 0;
    text.char_indices().filter(move |(at, c)| {
        if *at < end {
            return false;
        }
        if *c == '[' {
            // The first character can be a bracket.
            let first = text[at + 1..].strip_prefix('!').map_or(at + 1, |_| at + 2);
            let after = first + text[first..].chars().next().map_or(0, char::len_utf8);
            end = text[after..].find(']').map_or(end, |close| after + close + 1);
        }
        true
    })
}

impl Pattern {
    fn new(text: &str) -> std::result::Result<Self, String> {
        let is_anchored = text.starts_with('/') || text.starts_with("./");
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if let Some(part) = parts.iter().find(|part| part.contains("**") && **part != "**") {
            let right = part.trim_start_matches('*');
            let right = if right.is_empty() { "**".to_owned() } else { format!("**/*{right}") };
            return Err(format!("** matches folders only between slashes; write {right:?} in place of {part:?}"));
        }
        let last = parts.last().copied().unwrap_or("**");
        Ok(Self {
            // Without a part, it is the whole folder.
            glob: glob_of(if parts.is_empty() { "**".to_owned() } else { parts.join("/") }, is_anchored)?,
            // What is in a folder at any depth isn't only folders.
            is_of_folder: text.ends_with('/') && last != "**",
            is_literal: !last.contains(['*', '?', '[']),
            names_files: last.contains(|c| !matches!(c, '*' | '?')) && !text.ends_with('/'),
        })
    }

    /// Whether it matches a file, or a folder that the file is in. `*` at the end of what is included means files, not all that
    /// is in folders.
    fn matches(&self, name: &str, purpose: Purpose) -> bool {
        let takes_content = purpose == Purpose::Exclude || self.is_of_folder || self.is_literal;
        (!self.is_of_folder && is_match(&self.glob, name))
            || (takes_content && name.match_indices('/').any(|(end, _)| is_match(&self.glob, &name[..end])))
    }

    fn names(&self, name: &str) -> bool {
        self.names_files && is_match(&self.glob, name)
    }
}

/// Compiles a pattern, which without a slash matches in any folder.
pub(super) fn glob_of(text: String, is_anchored: bool) -> std::result::Result<Glob, String> {
    let text = folded(&normal(&text)).replace("[^", "[!");
    let text = if is_anchored || text.contains('/') { text } else { format!("**/{text}") };
    Glob::new(&text).map_err(|error| match error.msg {
        "invalid range pattern" => "a [ has no ], or a range has no end; the character is [[]".to_owned(),
        other => other.to_owned(),
    })
}

/// Whether a name with small letters matches.
pub(super) fn is_match(glob: &Glob, name: &str) -> bool {
    glob.matches_with(name, OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(all: &[&str]) -> Patterns {
        let mut patterns = Patterns::new(Purpose::Include);
        all.iter().for_each(|pattern| patterns.add((*pattern).to_owned()));
        patterns
    }

    #[test]
    fn patterns_match_names_in_folders() {
        for (pattern, name, is_match) in [
            ("*.png", "a.png", true),
            ("*.png", "ui/a.png", true),
            ("/*.png", "ui/a.png", false),
            ("**/*.png", "a.png", true),
            ("**/*.png", "ui/icons/a.png", true),
            ("ui/**", "ui/icons/a.png", true),
            ("ui/**", "uix/a.png", false),
            ("ui/**/a.png", "ui/a.png", true),
            ("ui/*", "ui/a.png", true),
            ("ui/*", "ui/icons/a.png", false),
            ("icons/a.png", "ui/icons/a.png", false),
            ("a?.png", "ab.png", true),
            ("?.png", "\u{e9}.png", true),
            ("[ab].png", "c.png", false),
            ("[A-C].png", "b.png", true),
            ("{ui,x}/{a,b}.{png,tga}", "x/B.TGA", true),
            ("{ui/icons,x}/*", "ui/icons/a.png", true),
            ("[*].png", "*.png", true),
            ("[*].png", "a.png", false),
            ("[^a].png", "a.png", false),
            ("[\u{e9}-\u{ea}].png", "\u{c9}.png", true),
            ("{a,b{c,d},}.png", "bd.png", true),
            ("{a,b{c,d},}.png", ".png", true),
            ("{a,b{c,d},}.png", "b.png", false),
            ("[{]a,b}.png", "{a,b}.png", true),
            ("[]]{a,b}.png", "]b.png", true),
            ("x}.png", "x}.png", true),
            ("{**/,}x/*.png", "a/x/b.png", true),
        ] {
            assert_eq!(patterns(&[pattern]).last_match(name, true).is_some(), is_match, "{pattern} {name}");
        }
        assert_eq!(patterns(&["**", "ui/**", "x/**"]).last_match("ui/a.png", true), Some(1));
        for invalid in ["a/***", "**.png", "a**/b", "!a", "{a", "{a{b}", "[a", "a\\b", " a", ""] {
            assert!(patterns(&[invalid]).check().is_err(), "{invalid}");
        }
        assert!(patterns(&[&"{a,b}".repeat(10)]).check().is_err(), "1024 alternatives");
    }
}
