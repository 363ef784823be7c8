//! Settings of a [`Sandbox`] for OAuth 2.0, and a user who clicks.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rblxopencloud::{Error, OAuth2App, Result};

use super::Sandbox;
use super::http::split_target;
use super::routes::oauth2::{Judged, judge, redirect_of};
use super::world::sign_ins::App;
use super::world::signer::IdTokenFault;

/// The client id of [`Sandbox::oauth2_app`].
const CLIENT_ID: &str = "840974200211308101";
const BROWSE_TIMEOUT: Duration = Duration::from_secs(60);

impl Sandbox {
    /// Registers an app without a secret, and returns it, ready to use with this sandbox.
    ///
    /// ```
    /// use rblxopencloud::oauth2::Scope;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// sandbox.set_inventory_private(156, true);
    /// let app = sandbox.oauth2_app("https://app.example/callback");
    ///
    /// let pending = app.authorize_url([Scope::OPENID, Scope::USER_INVENTORY_ITEM_READ])?;
    /// let redirect = sandbox.authorize(pending.url(), 156)?;
    /// let token = app.exchange_code(&redirect, &pending)?;
    /// assert_eq!(token.user()?.list_inventory().count(), 250);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn oauth2_app(&self, redirect_uri: impl Into<String>) -> OAuth2App {
        let redirect_uri = redirect_uri.into();
        self.register_oauth2_app(CLIENT_ID, None, [redirect_uri.as_str()]);
        OAuth2App::new(CLIENT_ID, redirect_uri).client(&self.client())
    }

    /// Registers an app, or replaces the one with this client id. An app with a secret must send it; one without must use PKCE.
    pub fn register_oauth2_app<'a>(
        &self,
        client_id: impl Into<String>,
        secret: Option<&str>,
        redirect_uris: impl IntoIterator<Item = &'a str>,
    ) {
        let redirect_uris = redirect_uris.into_iter().map(str::to_owned).collect();
        let app = App { secret: secret.map(str::to_owned), redirect_uris };
        self.world().sign_ins.apps.insert(client_id.into(), app);
    }

    /// Sets the user who is signed in in the browser, for the consent page. Defaults to the one with the smallest id.
    pub fn set_browser_user(&self, user_id: u64) {
        self.world().sign_ins.browser_user = Some(user_id);
    }

    /// Plays a user who opens `url` and clicks on "Authorize". Returns the URL to which they are redirected.
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if the page would refuse the URL.
    pub fn authorize(&self, url: &str, user_id: u64) -> Result<String> {
        self.choose(url, Some(user_id))
    }

    /// Plays a user who opens `url` and clicks on "Cancel". Returns the URL to which they are redirected.
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if the page would refuse the URL.
    pub fn decline(&self, url: &str) -> Result<String> {
        self.choose(url, None)
    }

    fn choose(&self, url: &str, user: Option<u64>) -> Result<String> {
        let (_, query) = split_target(url);
        let mut world = self.world();
        match judge(&world, &query) {
            Judged::Fine(request) => Ok(redirect_of(&mut world, request, user)),
            Judged::Redirect(address) => Ok(address),
            Judged::Refused(problem) => Err(Error::other(format!("the consent page refuses: {problem}"))),
        }
    }

    /// Opens a URL on this machine as a browser would, on a thread of its own, and ignores what it shows. For the redirect
    /// to a program that waits for it.
    pub fn browse(&self, url: impl Into<String>) {
        let url = url.into();
        // Without a thread, no request is made, as with a browser that can't be started.
        let _ = thread::Builder::new().name("sandbox-browser".to_owned()).spawn(move || browse(&url));
    }

    /// Sets how long authorization codes can be used. Defaults to a minute.
    pub fn set_code_lifetime(&self, lifetime: Duration) {
        self.world().sign_ins.lifetimes.code = lifetime;
    }

    /// Sets how long access tokens last. Defaults to 899 seconds. Responses tell whole seconds.
    pub fn set_access_token_lifetime(&self, lifetime: Duration) {
        self.world().sign_ins.lifetimes.access_token = lifetime;
    }

    /// Sets how long refresh tokens last. Defaults to 90 days.
    pub fn set_refresh_token_lifetime(&self, lifetime: Duration) {
        self.world().sign_ins.lifetimes.refresh_token = lifetime;
    }

    /// Makes all access tokens expire that were issued so far. The apps aren't notified.
    pub fn expire_access_tokens(&self) {
        self.world().sign_ins.expire_access_tokens();
    }

    /// Revokes all authorizations of a user, as they can in their settings.
    pub fn revoke_authorizations(&self, user_id: u64) {
        self.world().sign_ins.revoke_user(user_id);
    }

    /// Signs id tokens with a new key from now on. It and the one before are published.
    pub fn rotate_signing_key(&self) {
        self.world().sign_ins.signer.rotate();
    }

    /// Makes the next id token invalid. Each further call makes one more invalid.
    pub fn spoil_next_id_token(&self, fault: IdTokenFault) {
        self.world().sign_ins.signer.faults.push_back(fault);
    }

    /// Sets how far the clock of the service is ahead of this machine's, in seconds. Defaults to 0.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.world().sign_ins.clock_offset = seconds;
    }

    /// Sets the experiences that a user grants to apps. Defaults to none.
    pub fn set_granted_experiences(&self, user_id: u64, experience_ids: impl IntoIterator<Item = u64>) {
        self.world().sign_ins.experiences.insert(user_id, experience_ids.into_iter().collect());
    }
}

/// Sends a request and reads the response to its end.
fn browse(url: &str) -> Option<()> {
    let (authority, path) = url.strip_prefix("http://")?.split_once('/')?;
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    if !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        return None;
    }
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(BROWSE_TIMEOUT)).ok()?;
    let head = format!("GET /{path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.read_to_end(&mut Vec::new()).ok().map(drop)
}
