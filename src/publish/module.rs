//! The ids as a module of a programming language.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::disk::{read, save_bytes};
use crate::error::{Error, Result};

/// The ids of published files, as the game or the program needs them, such as from
/// [`Report::module`](super::Report::module).
///
/// A file is named by its path without its extension: `ui/button.png` is `ui.button`, or `["ui/button"]` if the module is
/// [flat](Self::flat).
#[derive(Clone, Debug)]
#[must_use]
pub struct AssetModule {
    ids: Vec<(String, u64)>,
    is_flat: bool,
    keeps_extensions: bool,
}

/// A name, and what it stands for.
#[derive(Debug)]
enum Node {
    Id { file: String, id: u64 },
    Folder(BTreeMap<String, Node>),
}

const LUAU_KEYWORDS: &[&str] = &[
    "and", "break", "continue", "do", "else", "elseif", "end", "export", "false", "for", "function", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "type", "until", "while",
];

const RUST_KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

impl AssetModule {
    /// Creates a module from paths of files, with slashes, and the ids of their assets.
    ///
    /// ```
    /// use rblxopencloud::publish::AssetModule;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let module = AssetModule::new([("ui/button.png", 1234)]);
    /// assert!(module.luau()?.contains("button = \"rbxassetid://1234\""));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<P: Into<String>>(ids: impl IntoIterator<Item = (P, u64)>) -> Self {
        let ids = ids.into_iter().map(|(path, id)| (path.into(), id)).collect();
        Self { ids, is_flat: false, keeps_extensions: false }
    }

    /// Sets whether the module has one table, whose keys are paths with slashes. Defaults to `false`: a table for each folder.
    pub fn flat(mut self, is_flat: bool) -> Self {
        self.is_flat = is_flat;
        self
    }

    /// Sets whether names keep their extensions, for folders with files such as `crate.fbx` and `crate.png`. Defaults to `false`.
    ///
    /// ```
    /// use rblxopencloud::publish::AssetModule;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let module = AssetModule::new([("crate.fbx", 1), ("crate.png", 2)]).keep_extensions(true);
    /// assert!(module.luau()?.contains("[\"crate.png\"] = \"rbxassetid://2\""));
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_extensions(mut self, keep_extensions: bool) -> Self {
        self.keeps_extensions = keep_extensions;
        self
    }

    /// Returns a Luau module that returns a table of `rbxassetid://` strings.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if two files would have the same name.
    pub fn luau(&self) -> Result<String> {
        let mut text = String::from("-- Written by rblxopencloud; do not edit.\nreturn ");
        luau(&mut text, &self.tree()?, 0);
        text.push('\n');
        Ok(text)
    }

    /// Returns a TypeScript module that exports an object of `rbxassetid://` strings.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if two files would have the same name.
    pub fn typescript(&self) -> Result<String> {
        let mut text = String::from("// Written by rblxopencloud; do not edit.\nexport const assets = ");
        object(&mut text, &self.tree()?, 0, true);
        text.push_str(" as const;\n");
        Ok(text)
    }

    /// Returns a JSON object of `rbxassetid://` strings.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if two files would have the same name.
    pub fn json(&self) -> Result<String> {
        let mut text = String::new();
        object(&mut text, &self.tree()?, 0, false);
        text.push('\n');
        Ok(text)
    }

    /// Returns a Rust module with a constant `u64` for each id.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if two files would have the same name.
    pub fn rust(&self) -> Result<String> {
        let mut text = String::from("// Written by rblxopencloud; do not edit.\n");
        rust(&mut text, &self.tree()?, 0)?;
        Ok(text)
    }

    /// Writes [`luau`](Self::luau) to a file. An unchanged file isn't touched.
    ///
    /// The file is replaced as a whole, and keeps its mode. If `path` is a link, the file that it leads to is replaced or
    /// created. A pipe or a device, such as `/dev/stdout`, is written through; a pipe that nobody reads is an error. See
    /// [`Request::download_to`](crate::Request::download_to).
    ///
    /// # Errors
    /// See [`luau`](Self::luau); [`Io`](crate::ErrorKind::Io) if the file can't be written.
    pub fn write_luau(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.luau()?)
    }

    /// Writes [`typescript`](Self::typescript) to a file. An unchanged file isn't touched.
    ///
    /// # Errors
    /// See [`write_luau`](Self::write_luau).
    pub fn write_typescript(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.typescript()?)
    }

    /// Writes [`json`](Self::json) to a file. An unchanged file isn't touched.
    ///
    /// # Errors
    /// See [`write_luau`](Self::write_luau).
    pub fn write_json(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.json()?)
    }

    /// Writes [`rust`](Self::rust) to a file. An unchanged file isn't touched.
    ///
    /// # Errors
    /// See [`write_luau`](Self::write_luau).
    pub fn write_rust(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.rust()?)
    }

    fn tree(&self) -> Result<BTreeMap<String, Node>> {
        let mut root = BTreeMap::new();
        for (file, id) in &self.ids {
            let name = if self.keeps_extensions { file } else { stem(file) };
            let mut parts: Vec<&str> = if self.is_flat { vec![name] } else { name.split('/').collect() };
            let last = parts.pop().unwrap_or_default();
            let mut folder = &mut root;
            for part in parts {
                let node = folder.entry(part.to_owned()).or_insert_with(|| Node::Folder(BTreeMap::new()));
                match node {
                    Node::Folder(inner) => folder = inner,
                    Node::Id { file: other, .. } => return Err(same_name(other, file)),
                }
            }
            match folder.get(last) {
                Some(Node::Id { file: other, .. }) => return Err(same_name(other, file)),
                Some(Node::Folder(inner)) => return Err(same_name(file, &first_file(inner))),
                None => drop(folder.insert(last.to_owned(), Node::Id { file: file.clone(), id: *id })),
            }
        }
        Ok(root)
    }
}

/// Returns a path without its extension.
fn stem(file: &str) -> &str {
    let start = file.rfind('/').map_or(0, |slash| slash + 1);
    match file[start..].rfind('.') {
        Some(dot) if dot > 0 => &file[..start + dot],
        _ => file,
    }
}

fn first_file(folder: &BTreeMap<String, Node>) -> String {
    match folder.values().next() {
        Some(Node::Id { file, .. }) => file.clone(),
        Some(Node::Folder(inner)) => first_file(inner),
        None => String::new(),
    }
}

fn same_name(one: &str, other: &str) -> Error {
    Error::invalid_input(format!("{one:?} and {other:?} would have the same name in the module"))
        .advise("rename one of them, or keep the extensions with AssetModule::keep_extensions")
}

fn indent(text: &mut String, depth: usize) {
    (0..depth).for_each(|_| text.push('\t'));
}

fn luau(text: &mut String, folder: &BTreeMap<String, Node>, depth: usize) {
    text.push_str("{\n");
    for (name, node) in folder {
        indent(text, depth + 1);
        if is_luau_name(name) {
            text.push_str(name);
        } else {
            let _ = write!(text, "[{}]", luau_string(name));
        }
        text.push_str(" = ");
        match node {
            Node::Id { id, .. } => {
                let _ = write!(text, "\"rbxassetid://{id}\"");
            }
            Node::Folder(inner) => luau(text, inner, depth + 1),
        }
        text.push_str(",\n");
    }
    indent(text, depth);
    text.push('}');
}

fn is_luau_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !LUAU_KEYWORDS.contains(&name)
}

fn luau_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn object(text: &mut String, folder: &BTreeMap<String, Node>, depth: usize, is_typescript: bool) {
    if folder.is_empty() {
        text.push_str("{}");
        return;
    }
    text.push_str("{\n");
    for (index, (name, node)) in folder.iter().enumerate() {
        indent(text, depth + 1);
        // A JSON string is a JavaScript string, too.
        let quoted = serde_json::Value::from(name.as_str());
        // Without brackets, it would set the prototype.
        let _ = match is_typescript && name == "__proto__" {
            true => write!(text, "[{quoted}]: "),
            false => write!(text, "{quoted}: "),
        };
        match node {
            Node::Id { id, .. } => {
                let _ = write!(text, "\"rbxassetid://{id}\"");
            }
            Node::Folder(inner) => object(text, inner, depth + 1, is_typescript),
        }
        text.push_str(if is_typescript || index + 1 < folder.len() { ",\n" } else { "\n" });
    }
    indent(text, depth);
    text.push('}');
}

fn rust(text: &mut String, folder: &BTreeMap<String, Node>, depth: usize) -> Result<()> {
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    let line = |text: &mut String, line: &str| {
        (0..depth).for_each(|_| text.push_str("    "));
        text.push_str(line);
        text.push('\n');
    };
    for (name, node) in folder {
        let written = match node {
            Node::Id { .. } => rust_name(name).to_uppercase(),
            Node::Folder(_) => rust_name(name).to_lowercase(),
        };
        let written = if RUST_KEYWORDS.contains(&written.as_str()) { written + "_" } else { written };
        if let Some(other) = names.insert(written.clone(), name) {
            return Err(same_name(other, name));
        }
        match node {
            Node::Id { file, id } => {
                let file: String = file.chars().filter(|c| !c.is_control() && !turns_text(*c)).collect();
                line(text, &format!("/// `{}`", file.replace('`', "'")));
                line(text, &format!("pub const {written}: u64 = {id};"));
            }
            Node::Folder(inner) => {
                if written.contains("__") || written.ends_with('_') {
                    line(text, "#[allow(non_snake_case)]");
                }
                line(text, &format!("pub mod {written} {{"));
                rust(text, inner, depth + 1)?;
                line(text, "}");
            }
        }
    }
    Ok(())
}

/// Whether a character changes the direction of the text after it, which the compiler refuses in a comment.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns a name with words of ASCII letters and digits.
fn rust_name(name: &str) -> String {
    let mut written = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => written.push(c),
            c if c.is_ascii() => written.push('_'),
            c => {
                let _ = write!(written, "u{:x}", u32::from(c));
            }
        }
    }
    if written.starts_with(|first: char| first.is_ascii_digit()) || written.chars().all(|c| c == '_') {
        written.insert_str(0, "n_");
    }
    written
}

fn write(path: &Path, text: &str) -> Result<()> {
    if read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::io(format!("the file {path:?}"), error))?;
    }
    save_bytes(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(files: &[&str]) -> AssetModule {
        AssetModule::new(files.iter().copied().zip(1..))
    }

    #[test]
    fn luau_has_a_table_for_each_folder() {
        let module = module(&["crate.png", "end.png", "ui/a b.png", "ui/icons/x.tar.gz.png", "7.png"]);
        assert_eq!(
            module.luau().unwrap(),
            "-- Written by rblxopencloud; do not edit.\nreturn {\n\t[\"7\"] = \"rbxassetid://5\",\n\
             \tcrate = \"rbxassetid://1\",\n\t[\"end\"] = \"rbxassetid://2\",\n\tui = {\n\
             \t\t[\"a b\"] = \"rbxassetid://3\",\n\t\ticons = {\n\t\t\t[\"x.tar.gz\"] = \"rbxassetid://4\",\n\t\t},\n\t},\n}\n"
        );
        let flat = module.flat(true).luau().unwrap();
        assert!(flat.contains("\t[\"ui/icons/x.tar.gz\"] = \"rbxassetid://4\",\n"), "{flat}");
    }

    #[test]
    fn json_and_typescript_hold_any_name() {
        let names = ["a\"b.png", "back\\slash.png", "émoji 🎉.png", "${x}.png", "line\nbreak.png", "ui/__proto__.png"];
        let module = module(&names).flat(true);
        let json: BTreeMap<String, String> = serde_json::from_str(&module.json().unwrap()).unwrap();
        let expected: BTreeMap<String, String> =
            names.iter().zip(1..).map(|(name, id)| (stem(name).to_owned(), format!("rbxassetid://{id}"))).collect();
        assert_eq!(json, expected);
        let typescript = module.typescript().unwrap();
        assert!(typescript.contains("export const assets = {\n") && typescript.ends_with("} as const;\n"));
        assert_eq!(AssetModule::new::<String>([]).json().unwrap(), "{}\n");
    }

    #[test]
    fn rust_has_constants_and_modules() {
        let text = module(&["crate.png", "self/type.png", "7 up.png", "é.png"]).rust().unwrap();
        for line in [
            "pub const CRATE: u64 = 1;",
            "pub mod self_ {",
            "    pub const TYPE: u64 = 2;",
            "pub const N_7_UP: u64 = 3;",
            "pub const UE9: u64 = 4;",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(module(&["a b.png", "a-b.png"]).rust().is_err());
    }

    #[test]
    fn files_of_one_name_are_refused() {
        for files in [&["a.png", "a.ogg"][..], &["ui.png", "ui/a.png"], &["ui/a.png", "ui.png"]] {
            let error = module(files).luau().unwrap_err().to_string();
            assert!(error.contains(files[0]) && error.contains(files[1]), "{error}");
        }
        assert!(module(&["ui.png", "ui/a.png"]).flat(true).luau().is_ok());
    }

    #[test]
    fn only_the_last_extension_is_left_out() {
        for (file, name) in [("a.png", "a"), ("a.b.png", "a.b"), ("x.y/a", "x.y/a"), ("x/.png", "x/.png"), ("a.", "a")]
        {
            assert_eq!(stem(file), name);
        }
    }
}
