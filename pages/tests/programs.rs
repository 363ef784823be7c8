//! Runs each program of the README and the guide in a folder with the files that it reads, with a sandbox in its environment.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use rblxopencloud::asset::AssetState;
use rblxopencloud::{Asset, AssetType, Creator};
use rblxopencloud_sandbox::{LuauAnswer, Sandbox};

const IMAGE: &[u8] = include_bytes!("../../examples/assets/crate.png");
const MODEL: &[u8] = b"<roblox!\x89\xff\x0d\x0a\x1a\x0a\0\0";
const SOUND: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis";

/// The files that the programs read.
const FILES: &[(&str, &[u8])] = &[
    ("path-to/image.png", IMAGE),
    ("assets/crate.png", IMAGE),
    ("crate.png", IMAGE),
    ("door.png", IMAGE),
    ("creak.ogg", SOUND),
    ("new.rbxm", MODEL),
    ("game.rbxl", MODEL),
    ("tests.luau", b"print('all tests passed')"),
];

/// What the service has beside the sample data.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().demo().start().expect("a port is free");
    let mut model = Asset::new(1234);
    model.asset_type = Some(AssetType::Model);
    model.display_name = Some("Old crate".to_owned());
    model.creator = Some(Creator::User(156));
    model.state = Some(AssetState::Active);
    sandbox.add_asset(model);
    sandbox.set_asset_content(1234, "crate.rbxm", "model/x-rbxm", MODEL);
    sandbox.add_join_request(7, 200);
    sandbox.on_luau(|_, _| LuauAnswer::results([true]).print("all tests passed"));
    sandbox
}

fn pages() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pages"))
}

#[test]
fn each_program_runs_as_it_is_shown() {
    let names = String::from_utf8(pages().output().expect("it was built").stdout).expect("the names are text");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let mut failures = Vec::new();
    for name in names.lines() {
        let folder = folder.join(name);
        let _ = fs::remove_dir_all(&folder);
        for (file, content) in FILES {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("the folder can be made");
            fs::write(file, content).expect("the file can be written");
        }
        fs::create_dir(folder.join("src")).expect("the folder can be made");
        let sandbox = sandbox();
        let output = pages()
            .arg(name)
            .current_dir(&folder)
            .env("ROBLOX_OPEN_CLOUD_URL", sandbox.url())
            .env("ROBLOX_API_KEY", sandbox.api_key())
            .output()
            .expect("it was built");
        if !output.status.success() {
            failures.push(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(names.contains("readme_") && names.contains("from_python_"), "programs are missing: {names}");
}
