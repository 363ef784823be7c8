use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::access_token::user_of;
use super::{AccessToken, OAuth2App, TokenSet, TokenStore, store};
use crate::client::Client;
use crate::credentials::{Credentials, Fresh, Reason, TokenSource};
use crate::error::{Error, ErrorKind, Result};
use crate::user::User;

/// How long before it expires a token is renewed, at most.
const EARLY: Duration = Duration::from_secs(60);

/// A user who stays signed in: access tokens are renewed as needed. A handle, from [`AccessToken::keep_in`] or
/// [`OAuth2App::resume`].
///
/// Clones share the client, its rate limits, and the renewal. Keep one for each user, as a server does in its session table.
///
/// ```
/// use rblxopencloud::oauth2::Scope;
/// use rblxopencloud::sandbox::Sandbox;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = Sandbox::builder().demo().start()?;
/// # let app = sandbox.oauth2_app("https://app.example/callback");
/// # let pending = app.authorize_url([Scope::OPENID])?;
/// # let redirect = sandbox.authorize(pending.url(), 156)?;
/// let signed_in = app.exchange_code(&redirect, &pending)?.keep_in(|tokens: &_| {
///     println!("store {tokens:?}");
///     Ok(())
/// })?;
/// println!("{}", signed_in.user()?.fetch_info()?.username);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SignedIn {
    app: OAuth2App,
    source: Arc<Source>,
    client: Client,
}

impl SignedIn {
    pub(super) fn new(app: &OAuth2App, tokens: TokenSet, store: Box<dyn TokenStore>) -> Self {
        let held = Held { tokens, is_unsaved: false, is_signed_out: false };
        let source = Arc::new(Source { app: app.patient(), store, held: Mutex::new(held) });
        let credentials = Credentials::from_source(Arc::clone(&source));
        Self { app: app.clone(), source, client: Client::of(app.session().with_credentials(credentials)) }
    }

    /// Returns a client that acts for the user. It renews the access token shortly before it expires and after a 401, and fails
    /// if that fails:
    ///
    /// - [`InvalidGrant`](ErrorKind::InvalidGrant): the refresh token was revoked, has expired, or was used by someone else. The
    ///   user has to sign in again.
    /// - [`outcome_unknown`](Error::outcome_unknown) is true: the connection broke after the refresh token was sent. It may be
    ///   spent. The next call tries it once more.
    /// - [`Io`](ErrorKind::Io): the new tokens can't be stored. They are kept in memory and not used; the next call tries to store
    ///   them again.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Returns the user.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](ErrorKind::InvalidInput) without the scope `openid`.
    pub fn user(&self) -> Result<User> {
        if self.source.held().tokens.user_id().is_none() {
            // Tokens that were stored by another program become known by their first refresh.
            self.access_token()?;
        }
        user_of(&self.client, &self.source.held().tokens)
    }

    /// Returns the current access token, after renewing it if it expires soon. Its client is [`client`](Self::client), which
    /// outlives it.
    ///
    /// # Errors
    /// See [`client`](Self::client).
    pub fn access_token(&self) -> Result<AccessToken> {
        self.client.session().credentials().authorize(self.client.session().deadline())?;
        let tokens = self.source.held().tokens.clone();
        Ok(AccessToken::with_client(&self.app, tokens, self.client.clone()))
    }

    /// Signs the user out: revokes the authorization and clears the store.
    ///
    /// # Errors
    /// If the service can't be reached, the store isn't cleared, so that it can be tried again.
    pub fn sign_out(&self) -> Result<()> {
        let source = &*self.source;
        locked(&*source.store, || {
            // Another process may have renewed them.
            if let Some(stored) = source.store.load().map_err(store::from_io)? {
                source.held().tokens = stored;
            }
            let tokens = source.held().tokens.clone();
            match self.app.revoke(&tokens) {
                // They are invalid already.
                Err(error) if error.kind() != ErrorKind::InvalidGrant => return Err(error),
                _ => {}
            }
            source.held().is_signed_out = true;
            source.store.clear().map_err(store::from_io)
        })
    }
}

// If a store panics, it is called again by the next call.
impl UnwindSafe for SignedIn {}
impl RefUnwindSafe for SignedIn {}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").field("tokens", &self.source.held().tokens).finish_non_exhaustive()
    }
}

/// The access tokens of a user. `Renewed` calls it from one thread at a time.
struct Source {
    /// A refresh that is broken off may cost the user their authorization, so it has no time limit.
    app: OAuth2App,
    store: Box<dyn TokenStore>,
    /// Never locked during a call or while the store works.
    held: Mutex<Held>,
}

struct Held {
    tokens: TokenSet,
    /// The store failed: it has an older refresh token, which is spent.
    is_unsaved: bool,
    is_signed_out: bool,
}

impl Source {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews the tokens, unless another process has. The store is locked.
    fn renew(&self, reason: Reason) -> Result<()> {
        let held = self.held().tokens.clone();
        if self.held().is_signed_out {
            return Err(Error::invalid_input("the user has signed out").advise("sign in again").concerning_run());
        }
        let newer = |than: &TokenSet| Ok(self.store.load().map_err(store::from_io)?.filter(|stored| stored != than));
        let newest = match newer(&held)? {
            Some(stored) if !is_due(&stored) => {
                self.held().tokens = stored;
                return Ok(());
            }
            Some(stored) => stored,
            None if reason == Reason::First && !is_due(&held) => return Ok(()),
            None => held,
        };
        match self.app.renew(&newest) {
            Ok((tokens, id_token)) => {
                {
                    let mut held = self.held();
                    held.tokens = tokens;
                    held.is_unsaved = true;
                }
                self.save()?;
                let known = self.held().tokens.clone();
                if let Some(claims) = self.app.missing_claims(&known, id_token.as_ref()) {
                    self.held().tokens.claims = Some(claims);
                    self.save()?;
                }
                Ok(())
            }
            // A process that doesn't lock the store was faster.
            Err(error) if error.kind() == ErrorKind::InvalidGrant => match newer(&newest)? {
                Some(stored) => {
                    self.held().tokens = stored;
                    Ok(())
                }
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn save(&self) -> Result<()> {
        let tokens = self.held().tokens.clone();
        self.store.save(&tokens).map_err(store::from_io)?;
        self.held().is_unsaved = false;
        Ok(())
    }
}

impl TokenSource for Arc<Source> {
    fn fetch(&self, reason: Reason) -> Result<Fresh> {
        locked(&*self.store, || {
            if self.held().is_unsaved {
                self.save()?;
                if !is_due(&self.held().tokens) {
                    return Ok(());
                }
            }
            self.renew(reason)
        })?;
        let held = self.held();
        let left = held.tokens.expires_in();
        let now = Instant::now();
        Ok(Fresh {
            secret: held.tokens.access_token.clone(),
            renew_at: now.checked_add(left.saturating_sub(EARLY.min(left / 5))),
            expires_at: now.checked_add(left),
        })
    }

    fn redact(&self, text: String) -> String {
        self.held().tokens.redact(&text)
    }
}

/// Whether stored tokens expire soon.
fn is_due(tokens: &TokenSet) -> bool {
    tokens.expires_in() <= EARLY
}

/// Calls `work` while the store is locked.
fn locked<T>(store: &dyn TokenStore, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    let mut done = None;
    let locked = store.with_lock(&mut || match work() {
        Ok(value) => {
            done = Some(value);
            Ok(())
        }
        Err(error) => Err(io::Error::from(error)),
    });
    locked.map_err(store::from_io)?;
    done.ok_or_else(|| Error::invalid_input("the token store's lock did not call its closure").concerning_run())
}
