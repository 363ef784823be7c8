//! Modules of ids, read by Luau itself.

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
        let value: String = table.get(name).unwrap_or_else(|error| panic!("{name:?}: {error}"));
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
        let folder: Table = table.get(name.as_str()).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert_eq!(folder.get::<String>(name.as_str()).expect("it is there"), format!("rbxassetid://{id}"));
    }
    assert_eq!(table.pairs::<Value, Value>().count(), names.len());
    assert!(evaluate(&luau, &AssetModule::new::<String>([]).luau().expect("it is empty")).is_empty());
}
