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

/// The build script, run by hand in a folder of its own.
#[cfg(unix)]
#[test]
fn names_of_files_are_no_directives_to_cargo() {
    use std::fs;
    use std::path::Path;

    let target = Path::new(env!("CARGO_BIN_EXE_build-script-example")).parent().expect("it lies in a folder");
    let scripts = fs::read_dir(target.join("build")).expect("the package has a build script").flatten();
    let scripts = scripts.filter(|entry| entry.file_name().to_string_lossy().starts_with("build-script-example-"));
    let scripts = scripts.map(|entry| entry.path().join("build-script-build"));
    let newest = |script: &std::path::PathBuf| fs::metadata(script).and_then(|metadata| metadata.modified()).ok();
    let script = scripts.filter(|script| script.exists()).max_by_key(newest).expect("it was built");

    let folder = std::env::temp_dir().join(format!("rblxopencloud-directives-{}", std::process::id()));
    fs::create_dir_all(folder.join("assets/a\ncargo::warning=x")).expect("a folder");
    for name in [
        "y\ncargo::rustc-env=INJECTED=yes\n.png",
        "y\rcargo::rustc-link-arg=-x.png",
        "y\u{2028}cargo::error=x.png",
        "\u{1b}[2J.png",
        "a\ncargo::warning=x/b.png",
        "notes\ncargo::error=x.txt",
        "good.png",
    ] {
        fs::write(folder.join("assets").join(name), "x").expect("it can be written");
    }
    let script =
        Command::new(script).current_dir(&folder).env("OUT_DIR", &folder).env_remove("PUBLISH_ASSETS").output();
    let output = script.expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    fs::remove_dir_all(&folder).expect("it is there");
    assert!(output.status.success() && printed.contains("1 not published, 5 problems"), "{output:?}");
    assert_eq!(printed.lines().filter(|line| line.starts_with("cargo::warning=")).count(), 1, "{printed}");
    for name in [r"y\ncargo::rustc-env", r"y\rcargo::rustc-link-arg", r"y\u{2028}cargo::error", r"\u{1b}[2J.png"] {
        assert!(printed.contains(name), "{name} in {printed}");
    }
    let is_known = |line: &str| line.starts_with("cargo::rerun-if-") || line.starts_with("cargo::warning=");
    assert!(printed.lines().all(|line| is_known(line) && !line.contains(|c: char| c.is_control())), "{printed:?}");
    assert!(!printed.contains(['\r', '\u{2028}']), "{printed:?}");
}
