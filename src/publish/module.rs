//! The ids as a module of a programming language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::format::{AssetValue, Clash, Format, Node};
use super::names::{normal, of_caller};
use crate::disk::{read, save_bytes};
use crate::error::{Error, Result};

/// The ids of published files, as the game or the program needs them, such as from
/// [`Report::module`](super::Report::module). [`Publisher::luau`](super::Publisher::luau) and its siblings write them by
/// themselves.
///
/// A file is named by its path without its extension: `ui/button.png` is `ui.button`, or `["ui/button"]` if the module is
/// [flat](Self::flat).
#[derive(Clone, Debug)]
#[must_use]
pub struct AssetModule {
    ids: Vec<(String, u64)>,
    known: Vec<(String, u64)>,
    is_flat: bool,
    keeps_extensions: bool,
    values: AssetValue,
}

/// A module that a publisher keeps.
#[derive(Clone, Debug)]
pub(super) struct ModuleFile {
    pub(super) path: PathBuf,
    pub(super) format: Format,
}

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
        let ids = ids.into_iter().map(|(path, id)| (normal(&path.into()), id)).collect();
        Self { ids, known: Vec::new(), is_flat: false, keeps_extensions: false, values: AssetValue::default() }
    }

    /// Adds an id without a file under this key, such as `ui/logo`. An extension in it is kept.
    pub fn known(mut self, key: impl Into<String>, id: u64) -> Self {
        self.known.push((of_caller(&key.into()), id));
        self
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

    /// Sets what stands for an asset. Defaults to [`AssetValue::Uri`].
    pub fn values(mut self, values: AssetValue) -> Self {
        self.values = values;
        self
    }

    /// Returns a strict Luau module that returns a table.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if two files or known ids would have the same name, if a part of the
    /// key of a known id is empty, or if a known id is 0.
    pub fn luau(&self) -> Result<String> {
        self.text(Format::Luau)
    }

    /// Returns a TypeScript module that exports an object.
    ///
    /// # Errors
    /// See [`luau`](Self::luau).
    pub fn typescript(&self) -> Result<String> {
        self.text(Format::TypeScript)
    }

    /// Returns the TypeScript declarations of [`luau`](Self::luau). As a `.d.ts` file beside it, roblox-ts imports the Luau
    /// module.
    ///
    /// # Errors
    /// See [`luau`](Self::luau).
    pub fn declarations(&self) -> Result<String> {
        self.text(Format::Declarations)
    }

    /// Returns a JSON object.
    ///
    /// # Errors
    /// See [`luau`](Self::luau).
    pub fn json(&self) -> Result<String> {
        self.text(Format::Json)
    }

    /// Returns a Rust module with a constant `u64` for each id.
    ///
    /// # Errors
    /// See [`luau`](Self::luau). Names that differ in other characters than ASCII letters and digits only, or in case only, are
    /// the same in Rust.
    pub fn rust(&self) -> Result<String> {
        self.text(Format::Rust)
    }

    /// Writes [`luau`](Self::luau) to a file. A file that differs in its line ends only isn't touched.
    ///
    /// The file is replaced as a whole, and keeps its mode. If `path` is a link, the file that it leads to is replaced or
    /// created. A pipe or a device, such as `/dev/stdout`, is written through; a pipe that nobody reads is an error. See
    /// [`Request::download_to`](crate::Request::download_to).
    ///
    /// # Errors
    /// See [`luau`](Self::luau); [`Io`](crate::ErrorKind::Io) if the file can't be written.
    pub fn write_luau(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.text(Format::Luau)?)
    }

    /// Writes [`typescript`](Self::typescript) to a file, or [`declarations`](Self::declarations) if its name ends with `.d.ts`.
    ///
    /// # Errors
    /// See [`write_luau`](Self::write_luau).
    pub fn write_typescript(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.text(Format::of_typescript(path.as_ref()))?)
    }

    /// Writes [`json`](Self::json) to a file.
    ///
    /// # Errors
    /// See [`write_luau`](Self::write_luau).
    pub fn write_json(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.text(Format::Json)?)
    }

    /// Writes [`rust`](Self::rust) to a file.
    ///
    /// # Errors
    /// See [`write_luau`](Self::write_luau).
    pub fn write_rust(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), &self.text(Format::Rust)?)
    }

    /// Returns the same module with these ids of files.
    pub(super) fn with_ids<'a>(&self, ids: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let ids = ids.into_iter().map(|(path, id)| (path.to_owned(), id)).collect();
        Self { ids, ..self.clone() }
    }

    pub(super) fn text(&self, format: Format) -> Result<String> {
        if let Some((key, _)) = self.known.iter().find(|(key, _)| key.split('/').any(str::is_empty)) {
            return Err(Error::invalid_input(format!("the key {key:?} of a known id has an empty part")));
        }
        if let Some((key, _)) = self.known.iter().find(|(_, id)| *id == 0) {
            return Err(Error::invalid_input(format!("the known id of {key:?} is 0, which no asset has")));
        }
        let text = |module: &Self| module.tree().and_then(|tree| format.text(&tree, self.values));
        text(self).map_err(|Clash(one, other)| {
            let error = Error::invalid_input(format!("{one:?} and {other:?} would have the same name in the module"));
            error.advise(if text(&self.clone().keep_extensions(true)).is_ok() {
                "rename one of them, or keep the extensions with keep_extensions"
            } else if text(&self.clone().flat(true)).is_ok() {
                "rename one of them, or make the module flat"
            } else {
                "rename one of them"
            })
        })
    }

    fn tree(&self) -> Result<BTreeMap<String, Node>, Clash> {
        let files = self.ids.iter().map(|(file, id)| (if self.keeps_extensions { file } else { stem(file) }, file, id));
        let known = self.known.iter().map(|(key, id)| (key.as_str(), key, id));
        let mut root = BTreeMap::new();
        for (key, name, id) in files.chain(known) {
            let mut parts: Vec<&str> = if self.is_flat { vec![key] } else { key.split('/').collect() };
            let last = parts.pop().unwrap_or_default();
            let mut folder = &mut root;
            for part in parts {
                let node = folder.entry(part.to_owned()).or_insert_with(|| Node::Folder(BTreeMap::new()));
                match node {
                    Node::Folder(inner) => folder = inner,
                    Node::Id { name: other, .. } => return Err(Clash(other.clone(), name.clone())),
                }
            }
            match folder.get(last) {
                Some(id @ Node::Id { .. }) => return Err(Clash(id.first_name(), name.clone())),
                Some(folder) => return Err(Clash(name.clone(), folder.first_name())),
                None => drop(folder.insert(last.to_owned(), Node::Id { name: name.clone(), id: *id })),
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

/// Whether a file has this text. Git may have changed the line ends.
pub(super) fn has_text(path: &Path, text: &str) -> bool {
    let is_same = |old: Vec<u8>| {
        let old = String::from_utf8(old).unwrap_or_default();
        old == text || old.replace("\r\n", "\n") == text
    };
    read(path).is_ok_and(is_same)
}

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    if has_text(path, text) {
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
            "--!strict\n-- @generated by rblxopencloud; do not edit.\nreturn {\n\t[\"7\"] = \"rbxassetid://5\",\n\
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
