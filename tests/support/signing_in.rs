//! Users of the sandbox who sign in.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rblxopencloud::oauth2::{AccessToken, Scope, TokenSet, TokenStore};
use rblxopencloud::{Client, OAuth2App, RetryPolicy};
use rblxopencloud_sandbox::Sandbox;

pub const USER: u64 = 156;
pub const REDIRECT: &str = "https://app.example/callback";
pub const TOKEN: &str = "/oauth/v1/token";

pub fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a port is free")
}

pub fn sign_in_with(sandbox: &Sandbox, app: &OAuth2App) -> AccessToken {
    let pending = app.authorize_url([Scope::OPENID, Scope::USER_INVENTORY_ITEM_READ]).expect("the app is fine");
    let redirect = sandbox.authorize(pending.url(), USER).expect("the address is fine");
    app.exchange_code(&redirect, &pending).expect("the code is fresh")
}

pub fn sign_in(sandbox: &Sandbox) -> AccessToken {
    let client = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("the settings are good");
    sign_in_with(sandbox, &sandbox.oauth2_app(REDIRECT).client(&client))
}

/// A port that is free for IPv4 and IPv6. It is below those that systems give to connections, which could take it before it is
/// listened on, and isn't returned twice.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(97);
    loop {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        let port = 20_000 + u16::try_from(offset).expect("it is small");
        let is_free = |address: IpAddr| TcpListener::bind((address, port)).is_ok();
        if is_free(Ipv4Addr::LOCALHOST.into()) && (!has_ipv6() || is_free(Ipv6Addr::LOCALHOST.into())) {
            return port;
        }
    }
}

pub fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

pub fn refreshes(sandbox: &Sandbox) -> usize {
    let is_refresh = |body: &[u8]| String::from_utf8_lossy(body).contains("grant_type=refresh_token");
    sandbox.requests().iter().filter(|request| request.path == TOKEN && is_refresh(&request.body)).count()
}

pub fn make_call(client: &Client) -> Result<(), rblxopencloud::Error> {
    client.user(USER).fetch_info().map(drop)
}

/// Returns the tokens as if they expired in this many seconds.
pub fn expiring_in(tokens: &TokenSet, seconds: u64) -> TokenSet {
    let mut json = serde_json::to_value(tokens).expect("tokens are JSON");
    let now = tokens.expires_at() - tokens.expires_in();
    json["expires_at"] = (now + Duration::from_secs(seconds)).to_string().into();
    serde_json::from_value(json).expect("it is a token set")
}

/// A store that can fail, and remembers what it was given.
#[derive(Clone, Default)]
pub struct Memory {
    pub saved: Arc<Mutex<Vec<TokenSet>>>,
    pub is_broken: Arc<AtomicBool>,
}

impl TokenStore for Memory {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        Ok(self.saved.lock().unwrap().last().cloned())
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the database is down"));
        }
        self.saved.lock().unwrap().push(tokens.clone());
        Ok(())
    }

    fn clear(&self) -> io::Result<()> {
        self.saved.lock().unwrap().clear();
        Ok(())
    }
}
