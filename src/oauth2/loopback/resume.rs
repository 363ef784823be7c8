//! Goes on with stored tokens, or signs the user in.

use std::io;
use std::sync::Arc;

use super::sign_in::SignIn;
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::{OAuth2App, Scope, SignedIn, TokenSet, TokenStore};

impl SignIn<'_> {
    /// Goes on with the tokens of a store if they are good. Otherwise signs the user in as [`wait`](Self::wait) does, and stores
    /// the new tokens.
    ///
    /// Tokens are good if they have all scopes of this sign-in and the service still accepts them. With the scope `openid`, that
    /// takes a request. The user has to sign in again after revoking the authorization, after 90 days without a call, or if the
    /// store is a copy whose refresh token was used since. Tokens of another app are replaced, and logged.
    ///
    /// If the service can't be reached and the access token hasn't expired, it is used.
    ///
    /// ```no_run
    /// use rblxopencloud::oauth2::{FileTokenStore, Scope};
    /// use rblxopencloud::OAuth2App;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let app = OAuth2App::new("840974200211308101", "http://localhost:4000/callback");
    /// let sign_in = app.sign_in([Scope::OPENID, Scope::PROFILE]);
    /// let signed_in = sign_in.resume_or_wait(FileTokenStore::new("tokens.json"))?;
    /// println!("{}", signed_in.access_token()?.fetch_user_info()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`CorruptFile`](ErrorKind::CorruptFile), [`NewerFile`](ErrorKind::NewerFile) or [`Io`](ErrorKind::Io) if the store
    /// can't be read: nothing is overwritten. Otherwise returns the errors of [`wait`](Self::wait) and, if the tokens can't be
    /// renewed for another reason, those of [`SignedIn::client`].
    pub fn resume_or_wait(self, store: impl TokenStore + 'static) -> Result<SignedIn> {
        let store = Shared(Arc::new(store));
        match resume(&self.app, &self.scopes, store.clone())? {
            Some(signed_in) => Ok(signed_in),
            None => self.wait()?.keep_in(store),
        }
    }
}

/// Goes on with the tokens of the store. `None` if the user has to sign in.
fn resume(app: &OAuth2App, scopes: &[Scope], store: Shared) -> Result<Option<SignedIn>> {
    let signed_in = match app.resume(store) {
        Err(error) if error.kind() == ErrorKind::ForeignTokens => {
            log::warn!("{error}; they are replaced once the user has signed in");
            return Ok(None);
        }
        resumed => resumed?,
    };
    let Some(signed_in) = signed_in else { return Ok(None) };
    if lacks_a_scope(&signed_in.tokens(), scopes) {
        return Ok(None);
    }
    let token = match signed_in.access_token() {
        Err(error) if is_gone(&error, &signed_in) => return Ok(None),
        token => token?,
    };
    // A refresh may be for fewer scopes, and tells them if they weren't known.
    if lacks_a_scope(token.tokens(), scopes) {
        return Ok(None);
    }
    // The access token of a revoked authorization has not expired yet.
    if scopes.contains(&Scope::OPENID) {
        match token.fetch_user_info() {
            Err(error) if is_gone(&error, &signed_in) => return Ok(None),
            Err(error) => log::debug!("whether the user is still signed in isn't known: {error}"),
            Ok(_) => {}
        }
    }
    Ok(Some(signed_in))
}

/// Returns whether tokens lack a scope, as far as theirs are known.
fn lacks_a_scope(tokens: &TokenSet, scopes: &[Scope]) -> bool {
    let granted = tokens.scopes();
    let missing = scopes.iter().find(|scope| !granted.contains(scope)).filter(|_| !granted.is_empty());
    if let Some(scope) = missing {
        log::info!("the stored tokens lack the scope {scope}; the user has to sign in again");
    }
    missing.is_some()
}

/// Returns whether the failure means that only the user can renew the tokens.
fn is_gone(error: &Error, signed_in: &SignedIn) -> bool {
    let is_gone = match error.kind() {
        ErrorKind::InvalidGrant => true,
        // There is nothing to renew them with.
        _ => signed_in.tokens().refresh_token().is_none() && is_about_the_token(error),
    };
    if is_gone {
        log::info!("the user has to sign in again: {error}");
    }
    is_gone
}

fn is_about_the_token(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::InvalidInput)
}

/// A store that outlives an attempt to go on with its tokens.
#[derive(Clone)]
struct Shared(Arc<dyn TokenStore>);

impl TokenStore for Shared {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        self.0.load()
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        self.0.save(tokens)
    }

    fn check(&self) -> io::Result<()> {
        self.0.check()
    }

    fn clear(&self) -> io::Result<()> {
        self.0.clear()
    }

    fn with_lock(&self, work: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        self.0.with_lock(work)
    }
}
