//! The sandbox as a program.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use rblxopencloud::Client;

fn sandbox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rblxopencloud-sandbox"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox(arguments).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    (status.code(), text(stdout), text(stderr))
}

/// Ends the program when the test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn settings_that_it_prints_lead_a_client_to_it() {
    let mut child = Running(sandbox(&[]).stdout(Stdio::piped()).spawn().expect("the program starts"));
    let lines = BufReader::new(child.0.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let settings: Vec<(String, String)> = lines
        .filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .take(3)
        .collect();
    let setting = |name: &str| &settings.iter().find(|(known, _)| known == name).expect("it is printed").1;
    let client = Client::builder(setting("ROBLOX_API_KEY").as_str()).base_url(setting("ROBLOX_OPEN_CLOUD_URL"));
    let user = client.build().expect("both are valid").user(setting("ROBLOX_USER_ID").parse().expect("an id"));
    assert_eq!(user.fetch_info().expect("the sandbox responds").username, "builderman");
}

#[test]
fn wrong_arguments_are_refused() {
    for (arguments, problem) in [
        (&["--port", "x"][..], "invalid port \"x\""),
        (&["--port"], "invalid port \"\""),
        (&["--allow-host"], "--allow-host needs a name"),
        (&["--demo"], "unknown argument \"--demo\""),
    ] {
        let (code, _, stderr) = output(arguments);
        assert_eq!(code, Some(1), "{arguments:?}");
        assert!(stderr.starts_with("error: ") && stderr.contains(problem), "{arguments:?}: {stderr}");
    }
    let (code, stdout, _) = output(&["--port", "x", "--help"]);
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("Usage: rblxopencloud-sandbox "), "{stdout}");
}
