//! Modules of ids, read by their languages themselves.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, process};

use mlua::{Lua, Table, Value};
use rblxopencloud::publish::AssetModule;

fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "crate",
        "with \"quotes\" and 'apostrophes'",
        "back\\slash\\n",
        "emoji 🎉 и ё",
        "line\nbreak\r\ttab\0nul\u{7f}\u{85}",
        "..",
        "...",
        "a..b",
        "--[[ comment ]]",
        "]]",
        "]=]",
        "`{x}`",
        "${x}",
        "7",
        "7up",
        "_",
        "nil",
        "__index",
        "__proto__",
        "a--b",
        "constructor",
        "self",
        "\u{202e}reversed",
        "e\u{301}",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(300));
    names.push("é".repeat(300));
    let keywords = "and break continue do else elseif end export false for function if in local nil not or repeat return then true type until while";
    names.extend(keywords.split(' ').filter(|word| *word != "nil").map(str::to_owned));
    names
}

/// Returns a name as modules have it, in the composed form.
fn composed(name: &str) -> String {
    name.replace("e\u{301}", "\u{e9}")
}

fn evaluate(luau: &Lua, text: &str) -> Table {
    luau.load(text).eval().unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn flat_modules_give_back_the_same_names() {
    let (luau, names) = (Lua::new(), names());
    let files = names.iter().map(|name| format!("{name}.png")).chain(["a/b/../c.png".to_owned()]);
    let module = AssetModule::new(files.zip(1..)).flat(true);
    let table = evaluate(&luau, &module.luau().expect("the names are different"));
    for (name, id) in names.iter().map(String::as_str).chain(["a/b/../c"]).zip(1..) {
        let value: String = table.get(composed(name)).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert_eq!(value, format!("rbxassetid://{id}"), "{name:?}");
    }
    assert_eq!(table.pairs::<Value, Value>().count(), names.len() + 1);
}

#[test]
fn folders_are_tables() {
    let (luau, names) = (Lua::new(), names());
    let files = names.iter().map(|name| format!("{name}/{name}.png"));
    let module = AssetModule::new(files.zip(1..));
    let table = evaluate(&luau, &module.luau().expect("the names are different"));
    for (name, id) in names.iter().zip(1..) {
        let name = composed(name);
        let folder: Table = table.get(name.as_str()).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert_eq!(folder.get::<String>(name.as_str()).expect("it is there"), format!("rbxassetid://{id}"));
    }
    assert_eq!(table.pairs::<Value, Value>().count(), names.len());
    assert!(evaluate(&luau, &AssetModule::new::<String>([]).luau().expect("it is empty")).is_empty());
}

/// A file for another program.
struct Text(PathBuf);

impl Text {
    fn new(name: &str, text: &str) -> Self {
        let path = env::temp_dir().join(format!("rblxopencloud-{}-{name}", process::id()));
        fs::write(&path, text).expect("temporary files can be written");
        Self(path)
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn rust_modules_compile_without_warnings() {
    let mut text = String::from("#![deny(warnings)]\n");
    for (number, name) in names().iter().enumerate() {
        let files = [(format!("{name}.png"), 1), (format!("{name}/{name}.png"), 2)];
        let module = AssetModule::new(files).keep_extensions(true).rust().expect("the names are different");
        text.push_str(&format!("pub mod m{number} {{\n{module}}}\n"));
    }
    let (file, compiled) = (Text::new("modules.rs", &text), Text::new("modules.rmeta", ""));
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "-o"]).arg(&compiled.0).arg(&file.0);
    let output = rustc.output().expect("Rust is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Without its types, TypeScript is JavaScript.
#[test]
fn typescript_gives_back_the_same_names() {
    let names = names();
    let files = names.iter().map(|name| format!("{name}/{name}.png"));
    let module = AssetModule::new(files.zip(1..)).typescript().expect("the names are different");
    let object = module.split_once("export const assets = ").and_then(|(_, rest)| rest.strip_suffix(" as const;\n"));
    let script = format!(
        "const assets = {};\nconsole.log(JSON.stringify(Object.entries(assets).map(([name, folder]) => \
         [name, Object.entries(folder)])));",
        object.expect("it is one object")
    );
    let file = Text::new("modules.cjs", &script);
    let Ok(output) = Command::new("node").arg(&file.0).output() else {
        return eprintln!("not tested: there is no node");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Vec<(String, Vec<(String, String)>)> = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let mut expected: Vec<(String, Vec<(String, String)>)> = (1..)
        .zip(&names)
        .map(|(id, name)| (composed(name), vec![(composed(name), format!("rbxassetid://{id}"))]))
        .collect();
    let mut read = read;
    expected.sort();
    read.sort();
    assert_eq!(read, expected);
}
