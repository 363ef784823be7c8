use std::sync::{Mutex, MutexGuard, PoisonError};

use super::secret::Secret;
use crate::api::Scheme;
use crate::error::Result;

/// The credentials of one request.
#[derive(Clone)]
pub(crate) struct Authorization {
    pub(crate) scheme: Scheme,
    pub(crate) secret: Secret,
    /// Distinguishes a new token from the refused one.
    version: u64,
}

/// A source of authorizations.
pub(super) trait Provider: Send + Sync {
    fn scheme(&self) -> Scheme;

    fn authorize(&self) -> Result<Authorization>;

    /// Returns whether there is a new one.
    fn rejected(&self, refused: &Authorization) -> Result<bool>;

    fn check(&self) -> Result<()>;

    fn redact(&self, text: &str) -> String;
}

/// A secret that doesn't change.
pub(super) struct Fixed {
    scheme: Scheme,
    secret: Secret,
}

impl Fixed {
    pub(super) fn new(scheme: Scheme, secret: String) -> Self {
        Self { scheme, secret: Secret::new(secret) }
    }
}

impl Provider for Fixed {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn authorize(&self) -> Result<Authorization> {
        Ok(Authorization { scheme: self.scheme, secret: self.secret.clone(), version: 0 })
    }

    fn rejected(&self, _: &Authorization) -> Result<bool> {
        Ok(false)
    }

    fn check(&self) -> Result<()> {
        self.secret.check(match self.scheme {
            Scheme::ApiKey => "API key",
            Scheme::AccessToken => "access token",
        })
    }

    fn redact(&self, text: &str) -> String {
        self.secret.redact(text)
    }
}

/// Access tokens from a function, which one thread calls at a time.
pub(super) struct Renewed<F> {
    fetch: F,
    /// Locked while the function runs, so that other threads wait for its token.
    current: Mutex<Option<Authorization>>,
    /// All tokens so far: a late response may repeat an old one.
    seen: Mutex<Vec<Secret>>,
}

impl<F: Fn() -> Result<String>> Renewed<F> {
    pub(super) fn new(fetch: F) -> Self {
        Self { fetch, current: Mutex::new(None), seen: Mutex::default() }
    }

    fn renew(&self, current: &mut Option<Authorization>) -> Result<Authorization> {
        let secret = Secret::new((self.fetch)()?);
        secret.check("access token")?;
        let version = current.as_ref().map_or(1, |old| old.version + 1);
        lock(&self.seen).push(secret.clone());
        let fresh = Authorization { scheme: Scheme::AccessToken, secret, version };
        *current = Some(fresh.clone());
        Ok(fresh)
    }
}

impl<F: Fn() -> Result<String> + Send + Sync> Provider for Renewed<F> {
    fn scheme(&self) -> Scheme {
        Scheme::AccessToken
    }

    fn authorize(&self) -> Result<Authorization> {
        let mut current = lock(&self.current);
        match &*current {
            Some(known) => Ok(known.clone()),
            None => self.renew(&mut current),
        }
    }

    fn rejected(&self, refused: &Authorization) -> Result<bool> {
        let mut current = lock(&self.current);
        // Another thread was refused too, and has fetched a new token.
        if current.as_ref().is_some_and(|known| known.version != refused.version) {
            return Ok(true);
        }
        self.renew(&mut current).map(|_| true)
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn redact(&self, text: &str) -> String {
        lock(&self.seen).iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }
}

/// A panic in the function must not fail every later call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};
    use std::thread;

    use super::*;
    use crate::error::Error;

    fn numbered() -> (Arc<AtomicUsize>, impl Fn() -> Result<String>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        (count, move || Ok(format!("token-{}", counted.fetch_add(1, Ordering::SeqCst))))
    }

    #[test]
    fn many_refusals_of_one_token_fetch_one_fresh_token() {
        let (count, fetch) = numbered();
        let tokens = Renewed::new(fetch);
        let first = tokens.authorize().unwrap();
        let all = Barrier::new(16);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    all.wait();
                    assert!(tokens.rejected(&first).unwrap());
                    assert_eq!(tokens.authorize().unwrap().secret.expose(), "token-1");
                });
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn all_previous_tokens_are_redacted() {
        let (_, fetch) = numbered();
        let tokens = Renewed::new(fetch);
        let first = tokens.authorize().unwrap();
        tokens.rejected(&first).unwrap();
        assert_eq!(tokens.redact("token-0 and token-1"), "[redacted] and [redacted]");
    }

    #[test]
    fn token_sources_may_fail_and_panic() {
        let calls = AtomicUsize::new(0);
        let tokens = Renewed::new(move || match calls.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::invalid_input("the vault is locked")),
            1 => panic!("the vault is on fire"),
            2 => Ok("bad\ntoken".to_owned()),
            _ => Ok("good".to_owned()),
        });
        assert!(tokens.authorize().is_err());
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tokens.authorize())).is_err());
        assert!(tokens.authorize().is_err());
        assert_eq!(tokens.authorize().unwrap().secret.expose(), "good");
    }
}
