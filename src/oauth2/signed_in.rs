use std::fmt;
use std::io;
use std::iter;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::access_token::user_of;
use super::{AccessToken, OAuth2App, TokenSet, TokenStore, store};
use crate::call::Session;
use crate::client::Client;
use crate::credentials::{Credentials, Fresh, Reason, TokenSource};
use crate::error::{Error, ErrorKind, ErrorScope, Result};
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
/// use rblxopencloud_sandbox::Sandbox;
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
    /// `session` has the rate limits of the authorization.
    pub(super) fn new(app: &OAuth2App, session: &Session, tokens: TokenSet, store: Box<dyn TokenStore>) -> Self {
        let held = Held { tokens, unsaved: None, is_refused: false, is_signed_out: false };
        let source = Source { app: app.patient(), store, working: Mutex::new(()), held: Mutex::new(held) };
        let source = Arc::new(source);
        let credentials = Credentials::from_source(Arc::clone(&source));
        Self { app: app.clone(), source, client: Client::of(session.replacing_credentials(credentials)) }
    }

    /// Returns a client that acts for the user. It renews the access token shortly before it expires and after a 401, and fails
    /// if that fails:
    ///
    /// - [`InvalidGrant`](ErrorKind::InvalidGrant): the refresh token was revoked, has expired, or was used by someone else. The
    ///   user has to sign in again.
    /// - [`RefreshUnknown`](ErrorKind::RefreshUnknown): the connection broke after the refresh token was sent. It may be spent.
    ///   The next call tries it once more.
    /// - [`ForeignTokens`](ErrorKind::ForeignTokens): another user has signed in with the same store, or another app uses it.
    ///   Users are distinguished only if they signed in with [`Scope::OPENID`](super::Scope::OPENID).
    /// - [`Io`](ErrorKind::Io): tokens can't be stored. If they are new, they are kept in memory and not used; the next call tries
    ///   to store them again.
    ///
    /// A call with a [time limit](Client::with_timeout) doesn't wait longer, but the renewal goes on, on a thread of its own. A
    /// program that ends meanwhile may lose the new refresh token.
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
        Ok(AccessToken::with_client(&self.app, self.tokens(), self.client.clone()))
    }

    /// Returns the tokens that calls use.
    pub(super) fn tokens(&self) -> TokenSet {
        self.source.held().tokens.clone()
    }

    /// Signs the user out: revokes the authorization and clears the store. Tokens of another user or app that are stored there
    /// meanwhile stay.
    ///
    /// # Errors
    /// If the service can't be reached, the store isn't cleared, so that it can be tried again.
    pub fn sign_out(&self) -> Result<()> {
        let source = &*self.source;
        source.locked(|| {
            let unsaved = source.held().unsaved.clone();
            let stored = source.load();
            // They aren't this user's to revoke or to remove.
            let is_foreign = stored.as_ref().is_err_and(|error| error.kind() == ErrorKind::ForeignTokens);
            let newest = match unsaved {
                Some(tokens) => tokens,
                None if is_foreign => source.held().tokens.clone(),
                // Another process may have renewed them.
                None => stored?.unwrap_or_else(|| source.held().tokens.clone()),
            };
            match self.app.revoke(&newest) {
                // They are invalid already.
                Err(error) if error.kind() != ErrorKind::InvalidGrant => return Err(error),
                _ => {}
            }
            {
                let mut held = source.held();
                held.is_signed_out = true;
                held.unsaved = None;
            }
            if is_foreign {
                return Ok(());
            }
            source.store.clear().map_err(|error| source.failed(error))
        })
    }
}

impl OAuth2App {
    /// Goes on with the tokens of a store. `None` if it has none: the user has to sign in. Makes no request.
    ///
    /// # Errors
    /// Returns [`CorruptFile`](crate::ErrorKind::CorruptFile) or
    /// [`NewerFile`](crate::ErrorKind::NewerFile) if stored tokens can't be read,
    /// [`ForeignTokens`](crate::ErrorKind::ForeignTokens) if they belong to another app, and
    /// [`Io`](crate::ErrorKind::Io) if the store can't be read.
    pub fn resume(&self, store: impl TokenStore + 'static) -> Result<Option<SignedIn>> {
        let tokens = store.load().map_err(store::from_io)?;
        if let Some(tokens) = &tokens {
            tokens.check_app(self.client_id())?;
        }
        let session = self.session().with_credentials(Credentials::none());
        Ok(tokens.map(|tokens| SignedIn::new(self, &session, tokens, Box::new(store))))
    }
}

impl AccessToken {
    /// Stays signed in: stores the tokens, and renews them from now on.
    ///
    /// A closure is a store, too: it is called with each new set, before that is used. The rate limits are those of this handle.
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if the tokens can't be stored.
    pub fn keep_in(&self, store: impl TokenStore + 'static) -> Result<SignedIn> {
        let failed = |error| store::from_io(error).redact(&|text| self.tokens.redact(text));
        store.with_lock(&mut || store.save(&self.tokens)).map_err(failed)?;
        Ok(SignedIn::new(&self.app, self.client().session(), (*self.tokens).clone(), Box::new(store)))
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
    /// Locked while the tokens are renewed or revoked: the store may have no lock of its own.
    working: Mutex<()>,
    /// Never locked during a call or while the store works.
    held: Mutex<Held>,
}

struct Held {
    /// The tokens that calls use. The store has them.
    tokens: TokenSet,
    /// New tokens, which the store doesn't have yet. The refresh token before them is spent.
    unsaved: Option<TokenSet>,
    /// The service has refused the refresh token, and nobody has stored another one.
    is_refused: bool,
    is_signed_out: bool,
}

/// How long to wait for the tokens of another process, which was faster and may not have stored them yet.
const WAITS_FOR_OTHER: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(150), Duration::from_millis(300), Duration::from_millis(600)];

impl Source {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `work` while no other thread, and no other process that locks the store, works with the tokens.
    fn locked(&self, mut work: impl FnMut() -> Result<()>) -> Result<()> {
        let _working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = None;
        let locked = self.store.with_lock(&mut || {
            let result = work();
            done = Some(result.clone());
            result.map_err(io::Error::from)
        });
        locked.map_err(|error| self.failed(error))?;
        done.unwrap_or_else(|| {
            Err(Error::invalid_input("the token store's lock did not call its closure").concerning_run())
        })
    }

    /// Returns the error of the store, without secrets: a database may repeat what it was given.
    fn failed(&self, error: io::Error) -> Error {
        store::from_io(error).redact(&|text| self.redact(text))
    }

    fn redact(&self, text: &str) -> String {
        let held = self.held();
        iter::once(&held.tokens).chain(&held.unsaved).fold(text.to_owned(), |text, tokens| tokens.redact(&text))
    }

    /// Returns the stored tokens, which another process may have renewed. Another user may also have signed in with the store.
    fn load(&self) -> Result<Option<TokenSet>> {
        let stored = self.store.load().map_err(|error| self.failed(error))?;
        if let Some(stored) = &stored {
            self.held().tokens.check_successor(stored, self.app.client_id())?;
        }
        Ok(stored)
    }

    /// Renews the tokens, unless another process has. The store is locked.
    fn renew(&self, reason: Reason) -> Result<()> {
        let held = self.held().tokens.clone();
        let newer = |than: &TokenSet| Ok::<_, Error>(self.load()?.filter(|stored| stored != than));
        // The first call doesn't depend on the token endpoint as long as there is a token to use. A later call renews it in time.
        let is_good = |tokens: &TokenSet| match reason {
            Reason::First => !tokens.is_expired(),
            Reason::Due | Reason::Refused => !is_due(tokens),
        };
        let newest = match newer(&held)? {
            Some(stored) => {
                self.take_over(stored.clone());
                if is_good(&stored) {
                    return Ok(());
                }
                stored
            }
            None if reason == Reason::First && is_good(&held) => return Ok(()),
            None => held,
        };
        // A refresh token must not be spent if the next one can't be stored.
        self.store.check().map_err(|error| self.failed(error))?;
        let (tokens, id_token) = self.app.renew(&newest).map_err(|error| match error.outcome_unknown() {
            true => error.of_kind(ErrorKind::RefreshUnknown).reaching(ErrorScope::Later),
            false => error,
        })?;
        self.save(tokens.clone())?;
        if let Some(claims) = self.app.missing_claims(&tokens, id_token.as_ref()) {
            self.save(TokenSet { claims: Some(claims), ..tokens })?;
        }
        Ok(())
    }

    /// Uses the tokens of the store from now on.
    fn take_over(&self, stored: TokenSet) {
        let mut held = self.held();
        held.tokens = stored;
        held.is_refused = false;
    }

    /// Waits for the tokens of another process that has spent the refresh token, once. Returns whether there are any. Nothing is
    /// locked, so that the other one can store them.
    fn await_other(&self) -> Result<bool> {
        let held = {
            let mut held = self.held();
            if std::mem::replace(&mut held.is_refused, true) {
                return Ok(false);
            }
            held.tokens.clone()
        };
        for wait in WAITS_FOR_OTHER {
            thread::sleep(wait);
            match self.load()? {
                Some(stored) if stored != held => {
                    self.take_over(stored);
                    return Ok(true);
                }
                Some(_) => {}
                None => break,
            }
        }
        Ok(false)
    }

    /// Stores new tokens, which are used from then on.
    fn save(&self, tokens: TokenSet) -> Result<()> {
        self.held().unsaved = Some(tokens.clone());
        self.store.save(&tokens).map_err(|error| self.failed(error))?;
        let mut held = self.held();
        held.tokens = tokens;
        held.unsaved = None;
        held.is_refused = false;
        Ok(())
    }
}

impl TokenSource for Arc<Source> {
    fn fetch(&self, reason: Reason) -> Result<Fresh> {
        let renewed = self.locked(|| {
            if self.held().is_signed_out {
                return Err(signed_out());
            }
            let unsaved = self.held().unsaved.clone();
            if let Some(unsaved) = unsaved {
                let is_due = is_due(&unsaved);
                self.save(unsaved)?;
                if !is_due {
                    return Ok(());
                }
            }
            self.renew(reason)
        });
        match renewed {
            Err(error) if error.kind() == ErrorKind::InvalidGrant && self.await_other()? => {}
            renewed => renewed?,
        }
        let held = self.held();
        if held.is_signed_out {
            return Err(signed_out());
        }
        let left = held.tokens.expires_in();
        let now = Instant::now();
        Ok(Fresh {
            secret: held.tokens.access_token.clone(),
            renew_at: now.checked_add(left.saturating_sub(early(&held.tokens).min(left / 5))),
            expires_at: now.checked_add(left),
        })
    }

    fn has_ended(&self) -> bool {
        self.held().is_signed_out
    }

    fn redact(&self, text: String) -> String {
        Source::redact(self, &text)
    }
}

fn signed_out() -> Error {
    Error::invalid_input("the user has signed out").advise("sign in again").concerning_run()
}

/// Returns how long before they expire tokens are renewed.
fn early(tokens: &TokenSet) -> Duration {
    // Without a refresh token, they can be used to the end.
    tokens.refresh_token.as_ref().map_or(Duration::ZERO, |_| EARLY)
}

/// Whether tokens expire soon.
fn is_due(tokens: &TokenSet) -> bool {
    tokens.expires_in() <= early(tokens)
}
