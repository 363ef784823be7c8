//! The example `sign_in`: one browser for many runs, and what the opener of the browser sees.

#[cfg(target_os = "linux")]
use std::fs;
use std::path::Path;
use std::process::Child;
#[cfg(target_os = "linux")]
use std::thread;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use rblxopencloud_sandbox::Sandbox;

use crate::support::TempDir;
#[cfg(target_os = "linux")]
use crate::support::example::{CLIENT_ID, with_app};
use crate::support::example::{line_with, outcome_without_set_up, start, succeeds};
use crate::support::signing_in::free_port;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().unknown_kinds().start().expect("a free port")
}

#[test]
fn sign_in_refuses_arguments_that_have_no_effect_without_an_app() {
    for arguments in [&["--sign-out"][..], &["--no-browser"], &["tokens.json"], &["--no-browser", "tokens.json"]] {
        let (text, is_success) = outcome_without_set_up("sign_in", arguments);
        assert!(!is_success && text.contains("has no effect without ROBLOX_CLIENT_ID"), "{arguments:?}: {text}");
    }
}

#[test]
fn sign_in_needs_the_browser_once() {
    let sandbox = sandbox();
    sandbox.set_inventory_private(156, true);
    let redirect_uri = format!("http://localhost:{}/callback", free_port());
    let _ = sandbox.oauth2_app(&redirect_uri);
    let directory = TempDir::new();
    let file = directory.path().join("tokens.json");
    let file = file.to_str().expect("it is text");
    let ended = |child: Child| {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };

    let mut first = start(&sandbox, "sign_in", &redirect_uri, &["--no-browser", file]);
    let url = line_with(first.stderr.take().expect("it is piped"), "http://");
    sandbox.browse(sandbox.authorize(&url, 156).expect("the address is good"));
    let shown = ended(first);
    assert!(shown.contains("signed in as Builderman") && shown.contains("250 items in all"), "{shown}");

    sandbox.expire_access_tokens();
    let shown = ended(start(&sandbox, "sign_in", &redirect_uri, &[file]));
    assert!(shown.contains("250 items in all"), "{shown}");
    assert!(ended(start(&sandbox, "sign_in", &redirect_uri, &["--sign-out", file])).contains("signed out"));
    assert!(!Path::new(file).exists());
}

/// What an opener that keeps its arguments, its environment and the file saw.
#[cfg(target_os = "linux")]
struct Seen {
    arguments: String,
    environment: String,
    page: String,
    mode: String,
}

/// Signs in with an opener of this exit code. Returns what the opener saw, unless it wasn't started, and what the program printed.
#[cfg(target_os = "linux")]
fn sign_in_with_opener(exit_code: u8, home: &str) -> (Option<Seen>, String) {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = sandbox();
    sandbox.set_inventory_private(156, true);
    let port = free_port();
    let redirect_uri = format!("http://localhost:{port}/callback");
    sandbox.register_oauth2_app(CLIENT_ID, Some("RBX-secret-of-the-app"), [redirect_uri.as_str()]);
    let directory = TempDir::new();
    let path = |name: &str| directory.path().join(name);
    let script = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\ncd '{}' || exit 9\nprintf '%s\\n' \"$@\" > arguments\nenv > environment\n\
         cat \"$1\" > page\nstat -c %a \"$1\" > mode\nmv mode seen\nexit {exit_code}\n",
        directory.path().display()
    );
    fs::create_dir(path("bin")).expect("it can be made");
    fs::write(path("bin/xdg-open"), script).expect("it can be written");
    fs::set_permissions(path("bin/xdg-open"), fs::Permissions::from_mode(0o755)).expect("it can be set");
    fs::create_dir(path("home")).expect("it can be made");
    // What programs that were killed have left. Another port may be in use.
    let left = |name: &str| path("home").join(format!("rblxopencloud-sign-in-{name}"));
    let other_port = left(&format!("1{port}.html.0123456789abcdef.part"));
    for file in [left(&format!("{port}.html")), left(&format!("{port}.html.0123456789abcdef.part")), other_port.clone()]
    {
        fs::write(file, "old").expect("it can be written");
    }

    let tokens = path("tokens.json");
    let mut child = with_app(&sandbox, "sign_in", &redirect_uri, &[tokens.to_str().expect("it is text")])
        .env("PATH", path("bin"))
        .env("HOME", path(home))
        .env("ROBLOX_CLIENT_SECRET", "RBX-secret-of-the-app")
        .env("ROBLOX_API_KEY", "key-of-the-user")
        .env("MY_UPLOAD_KEY", "key-of-another-name")
        .env("XDG_ACTIVATION_TOKEN", "harmless")
        .spawn()
        .expect("the example was built");
    let url = line_with(child.stderr.take().expect("it is piped"), "http://");
    let seen = (home == "home").then(|| {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !path("seen").exists() {
            assert!(Instant::now() < deadline, "no opener was started");
            thread::sleep(Duration::from_millis(20));
        }
        let read = |name: &str| fs::read_to_string(path(name)).expect("it is there");
        Seen { arguments: read("arguments"), environment: read("environment"), page: read("page"), mode: read("seen") }
    });
    sandbox.browse(sandbox.authorize(&url, 156).expect("the address is good"));
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(path("seen").exists(), home == "home", "whether the opener was started");
    if let Some(seen) = &seen {
        let file = seen.arguments.trim_end();
        assert!(file.starts_with(path("home").to_str().expect("it is text")) && !Path::new(file).exists(), "{file}");
        let left: Vec<_> = fs::read_dir(path("home")).expect("it is there").map(|file| file.unwrap().path()).collect();
        assert_eq!(left, [other_port]);
        let escaped = url.replace('&', "&amp;");
        assert!(seen.page.contains(&format!("content=\"0; url={escaped}\"")), "{}", seen.page);
        assert!(seen.page.contains(&format!("href=\"{escaped}\"")), "{}", seen.page);
        assert!(!seen.arguments.contains("state") && !seen.arguments.contains("challenge"), "{}", seen.arguments);
    }
    (seen, String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whoever sees the arguments of the opener, as any user can with `ps`, could sign the program in as themselves with the URL.
#[test]
#[cfg(target_os = "linux")]
fn sign_in_shows_the_opener_neither_the_url_nor_a_key() {
    let (seen, shown) = sign_in_with_opener(0, "home");
    let seen = seen.expect("it was started");
    assert_eq!((seen.arguments.lines().count(), seen.mode.trim()), (1, "600"), "{}", seen.arguments);
    for secret in ["RBX-secret-of-the-app", "key-of-the-user", "key-of-another-name", "code_challenge"] {
        assert!(!seen.environment.contains(secret), "{secret}: {}", seen.environment);
    }
    for other in ["XDG_ACTIVATION_TOKEN=harmless", "HOME="] {
        assert!(seen.environment.contains(other), "{other}: {}", seen.environment);
    }
    assert!(shown.contains("signed in as Builderman"), "{shown}");
}

#[test]
#[cfg(target_os = "linux")]
fn sign_in_waits_also_if_the_browser_can_not_be_opened() {
    for (exit_code, home) in [(3, "home"), (0, "missing")] {
        let (_, shown) = sign_in_with_opener(exit_code, home);
        assert!(shown.contains("signed in as Builderman"), "{shown}");
    }
}

#[test]
fn the_examples_of_oauth2_run_without_set_up() {
    let shown = succeeds(&sandbox(), "sign_in", &[]);
    assert!(shown.contains("signed in as Builderman (@builderman)") && shown.contains("250 items in all"), "{shown}");
    let shown = succeeds(&sandbox(), "oauth2_server", &[]);
    assert!(shown.contains("Welcome, Builderman") && shown.contains("forged: 400"), "{shown}");
}
