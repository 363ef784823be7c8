//! Signs a user in with OAuth 2.0 and lists their inventory, even if it is private: `cargo run --example sign_in`
//!
//! The next run needs no browser, because the tokens are kept in a file, unless they are no longer good.

mod common;

use std::io::{BufReader, stdin};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use rblxopencloud::OAuth2App;
use rblxopencloud::endpoints::LIST_INVENTORY_ITEMS;
use rblxopencloud::oauth2::{FileTokenStore, Scope, SignedIn, TokenSet, TokenStore};
use rblxopencloud_sandbox::Sandbox;

const USAGE: &str = "\
Usage: sign_in [--no-browser] [--sign-out] [FILE]

Signs a user in, lists their inventory, and keeps the tokens in FILE (roblox-tokens.json). With --no-browser, the URL is only
printed, and the address that a browser ends at can be pasted. With --sign-out, the authorization is revoked and FILE is deleted.
Without ROBLOX_CLIENT_ID, there are no arguments: the sandbox signs its sample user in, and nothing is kept.";

/// How long a call can take.
const DEADLINE: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    common::run_app(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    if let (Some(argument), false) = (arguments.first(), common::is_set("ROBLOX_CLIENT_ID")) {
        return Err(format!("{argument:?} has no effect without ROBLOX_CLIENT_ID; see --help").into());
    }
    let (flags, files): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|argument| argument.starts_with('-'));
    if let Some(unknown) = flags.iter().find(|flag| !matches!(flag.as_str(), "--no-browser" | "--sign-out")) {
        return Err(format!("unknown argument {unknown}; see --help").into());
    }
    common::at_most(1, &files)?;
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    if has("--sign-out") && has("--no-browser") {
        return Err("\"--no-browser\" has no effect with --sign-out; see --help".into());
    }
    let (app, sandbox) = common::app(&format!("http://localhost:{}/callback", port()), DEADLINE)?;
    let file = files.first().map_or("roblox-tokens.json", String::as_str);
    let signed_in = match &sandbox {
        // It forgets its users when this program ends, so nothing is worth keeping.
        Some(sandbox) => sign_in(&app, Some(sandbox), false, |_: &TokenSet| Ok(()))?,
        None => {
            let store = FileTokenStore::new(file);
            if has("--sign-out") {
                let signed_in = app.resume(store)?;
                signed_in.ok_or_else(|| format!("nobody is signed in: {file:?} doesn't exist"))?.sign_out()?;
                println!("signed out");
                return Ok(());
            }
            sign_in(&app, None, !has("--no-browser"), store)?
        }
    };
    println!("signed in as {}", signed_in.access_token()?.fetch_user_info()?);
    let mut items = 0;
    for item in signed_in.user()?.list_inventory() {
        let item = item?;
        if items < 5 {
            println!("  {item}");
        }
        items += 1;
    }
    println!("  {items} items in all");
    Ok(())
}

fn sign_in(
    app: &OAuth2App,
    sandbox: Option<&Sandbox>,
    open_browser: bool,
    store: impl TokenStore + 'static,
) -> common::Result<SignedIn> {
    let scopes = Scope::for_endpoints([LIST_INVENTORY_ITEMS]).into_iter().chain([Scope::PROFILE]);
    let sign_in = app.sign_in(scopes).open_browser(open_browser);
    let sign_in = if open_browser { sign_in } else { sign_in.paste_from(BufReader::new(stdin())) };
    let Some(sandbox) = sandbox else { return Ok(sign_in.resume_or_wait(store)?) };
    // The sandbox clicks on its own consent page.
    let sign_in = sign_in.on_url(|url| match sandbox.authorize(url, 156) {
        Ok(redirect) => sandbox.browse(redirect),
        Err(error) => eprintln!("{error}"),
    });
    Ok(sign_in.resume_or_wait(store)?)
}

/// Returns the port of the redirect URI. A real app has registered one; with the sandbox, any free one will do.
fn port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let any = !common::is_set("ROBLOX_CLIENT_ID");
    (4000..4100).find(|port| any && is_free(port)).unwrap_or(4000)
}
