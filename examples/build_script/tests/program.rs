//! The program as it is run.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> (Output, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_build-script-example")).args(arguments).output().expect("it was built");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, stdout)
}

#[test]
fn the_program_prints_the_id_and_its_help_and_refuses_other_arguments() {
    assert!(run(&[]).1.starts_with("rbxassetid://"));
    let (output, help) = run(&["--help"]);
    assert!(
        output.status.success() && help.contains("\n  PUBLISH_ASSETS ") && help.contains("\n  ROBLOX_USER_ID "),
        "{help}"
    );
    let (output, _) = run(&["--publish"]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("\"--publish\""));
}
