//! The program as it is run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rblxopencloud::UserInfo;
use rblxopencloud_sandbox::Sandbox;

#[test]
fn svg_files_are_published_as_png() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.add_user(UserInfo::new(156, "builderman"));
    let folder = std::env::temp_dir().join(format!("rblxopencloud-svg-{}", std::process::id()));
    fs::create_dir_all(folder.join("assets")).expect("a folder");
    let logo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/logo.svg");
    fs::copy(logo, folder.join("assets/logo.svg")).expect("it is there");
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prepare-svg-example"));
        command.env("ROBLOX_API_KEY", sandbox.api_key()).env("ROBLOX_OPEN_CLOUD_URL", sandbox.url());
        let output = command.env("ROBLOX_USER_ID", "156").current_dir(&folder).arg("assets").output();
        let output = output.expect("it was built");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("it is text"))
    };
    assert_eq!(run(), (Some(0), "1 uploaded, 0 unchanged, 0 problems\n".to_owned()));
    assert_eq!(run(), (Some(0), "0 uploaded, 1 unchanged, 0 problems\n".to_owned()));
    let ids: Vec<u64> = sandbox.assets().iter().map(|asset| asset.id).collect();
    let module = fs::read_to_string(folder.join("assets.luau")).expect("it was written");
    assert!(ids.len() == 1 && module.contains(&format!("logo = \"rbxassetid://{}\"", ids[0])), "{module}");
    fs::write(folder.join("assets/bad.svg"), "<svg").expect("it can be written");
    let (code, printed) = run();
    assert!(code == Some(1) && printed.contains("bad.svg: nothing was sent: it can't be prepared:"), "{printed}");
    fs::remove_dir_all(&folder).expect("it is there");
}
