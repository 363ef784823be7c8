use std::io;

use super::TokenSet;
use crate::error::Error;

/// Where the tokens of an authorization are kept between runs.
///
/// [`FileTokenStore`](super::FileTokenStore) is one. A closure is one too: it is called with each new set of tokens, and the
/// program loads them itself. Implement it for a database:
///
/// ```
/// use std::io;
///
/// use rblxopencloud::oauth2::{TokenSet, TokenStore};
///
/// # #[derive(Clone)] struct Database;
/// # impl Database {
/// #     fn read(&self, _: u64) -> io::Result<Option<String>> { Ok(None) }
/// #     fn write(&self, _: u64, _: Option<&str>) -> io::Result<()> { Ok(()) }
/// # }
/// struct Row {
///     database: Database,
///     user_id: u64,
/// }
///
/// impl TokenStore for Row {
///     fn load(&self) -> io::Result<Option<TokenSet>> {
///         let text = self.database.read(self.user_id)?;
///         Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
///     }
///
///     fn save(&self, tokens: &TokenSet) -> io::Result<()> {
///         self.database.write(self.user_id, Some(&serde_json::to_string(tokens)?))
///     }
///
///     fn clear(&self) -> io::Result<()> {
///         self.database.write(self.user_id, None)
///     }
/// }
/// ```
pub trait TokenStore: Send + Sync {
    /// Loads the tokens. `None` if nobody is signed in.
    ///
    /// # Errors
    /// Any error, also if the tokens can't be read. Otherwise the user would have to sign in again for no visible reason.
    fn load(&self) -> io::Result<Option<TokenSet>>;

    /// Stores the tokens. When it returns, they must survive a crash: the refresh token before them can't be used again.
    ///
    /// # Errors
    /// Any error. The new tokens aren't used until they are stored; each call tries again.
    fn save(&self, tokens: &TokenSet) -> io::Result<()>;

    /// Checks that tokens can be stored. It is called before a refresh token is spent. Defaults to doing nothing.
    ///
    /// # Errors
    /// Any error. The refresh token then isn't spent.
    fn check(&self) -> io::Result<()> {
        Ok(())
    }

    /// Removes the tokens.
    ///
    /// # Errors
    /// Any error.
    fn clear(&self) -> io::Result<()>;

    /// Calls `work`, which loads, refreshes and saves, while nobody else does. Defaults to calling it without a lock.
    ///
    /// Without a lock, two processes that share the store can spend each other's refresh token. One of them is then refused, and
    /// loads the tokens of the other, for which it waits a second. Threads and clones of one [`SignedIn`](super::SignedIn) need
    /// no lock.
    ///
    /// # Errors
    /// Returns the error of `work`, or why the store can't be locked.
    fn with_lock(&self, work: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        work()
    }
}

/// Calls the closure with each new set. It never loads tokens.
impl<F: Fn(&TokenSet) -> io::Result<()> + Send + Sync> TokenStore for F {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        Ok(None)
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        self(tokens)
    }

    fn clear(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the error of a store, which may be one of this crate already.
pub(super) fn from_io(error: io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => inner.clone(),
        None => Error::io("the token store", error).concerning_run(),
    }
}
