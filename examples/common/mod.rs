//! What the examples share: whom to ask, and where.
#![allow(dead_code)]

use std::env;

use rblxopencloud::sandbox::Sandbox;
use rblxopencloud::{Client, User};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A user to ask about, and the sandbox that answers if no key is set.
pub struct Setup {
    pub user: User,
    pub sandbox: Option<Sandbox>,
}

impl Setup {
    /// Whose assets are made, and where: what is known of them holds nowhere else.
    pub fn who(&self) -> String {
        match &self.sandbox {
            Some(_) => "a sandbox".to_owned(),
            None => format!("user {} at {}", self.user.id(), self.user.client().base_url()),
        }
    }
}

/// Reads `ROBLOX_API_KEY`, `ROBLOX_USER_ID` and `ROBLOX_OPEN_CLOUD_URL`.
pub fn setup() -> Result<Setup> {
    let Ok(key) = env::var("ROBLOX_API_KEY") else {
        println!("ROBLOX_API_KEY is not set, so a sandbox on this machine answers.\n");
        let sandbox = Sandbox::builder().demo().start()?;
        let user = sandbox.client().user(156);
        return Ok(Setup { user, sandbox: Some(sandbox) });
    };
    let mut client = Client::builder(key);
    if let Ok(url) = env::var("ROBLOX_OPEN_CLOUD_URL") {
        client = client.base_url(url);
    }
    let id = env::var("ROBLOX_USER_ID").map_err(|_| "set ROBLOX_USER_ID to the id of the user to ask about")?;
    let user = client.build()?.user(id.trim().parse().map_err(|_| "ROBLOX_USER_ID is not a number")?);
    Ok(Setup { user, sandbox: None })
}

/// The image that the examples upload if nothing else is named.
pub const IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");
