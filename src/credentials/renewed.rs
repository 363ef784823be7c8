//! Access tokens that are renewed, once for all threads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::authorization::Authorization;
use super::provider::Provider;
use super::secret::Secret;
use crate::api::Scheme;
use crate::error::{Error, ErrorKind, Result};
use crate::log_target::LOG_TARGET;
use crate::single_flight::{Flight, SingleFlight};

/// How many tokens before the current one are redacted: a text that was kept may repeat one. A response to a call with an even older
/// one has the token of that call removed.
const REMEMBERED: usize = 2;

/// An access token, and how long it can be used.
pub(crate) struct Fresh {
    pub(crate) secret: Secret,
    /// When to fetch the next token. `None` if only a 401 tells.
    pub(crate) renew_at: Option<Instant>,
    /// Until when a failure to fetch the next token does no harm.
    pub(crate) expires_at: Option<Instant>,
}

/// Why a token is fetched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reason {
    First,
    /// The last one expires soon.
    Due,
    /// The service has refused the last one.
    Refused,
}

/// A source of access tokens. One thread calls it at a time.
pub(crate) trait TokenSource: Send + Sync {
    /// Returns a token.
    fn fetch(&self, reason: Reason) -> Result<Fresh>;

    /// Returns whether tokens that were fetched before must not be used any more.
    fn has_ended(&self) -> bool {
        false
    }

    /// Removes secrets other than access tokens from a text.
    fn redact(&self, text: String) -> String {
        text
    }
}

impl<F: Fn() -> Result<String> + Send + Sync> TokenSource for F {
    fn fetch(&self, _: Reason) -> Result<Fresh> {
        Ok(Fresh { secret: Secret::new(self()?), renew_at: None, expires_at: None })
    }
}

/// The tokens of a source.
pub(crate) struct Renewed<S> {
    shared: Arc<Shared<S>>,
    renewal: Arc<SingleFlight<Result<Authorization>>>,
}

struct Shared<S> {
    source: S,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    /// How many tokens there were.
    version: u64,
    /// The current one and those before it.
    seen: VecDeque<Secret>,
}

#[derive(Clone)]
struct Token {
    authorization: Authorization,
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

impl<S: TokenSource + 'static> Renewed<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { shared: Arc::new(Shared { source, state: Mutex::default() }), renewal: Arc::default() }
    }

    /// Fetches a token after the one of this version, or waits for the thread that does. A thread that can't wait that long leaves
    /// the work to another one: a renewal that is broken off may cost the user their authorization.
    fn renew(&self, version: u64, reason: Reason, deadline: Option<Instant>) -> Result<Authorization> {
        loop {
            let shared = Arc::clone(&self.shared);
            match self.renewal.run_apart("token", deadline, move || shared.fetch(version, reason)) {
                // A thread that came late has found this one.
                Flight::Shared(Ok(found)) if found.version <= version => {}
                Flight::Own(renewed) | Flight::Shared(renewed) => return renewed,
                Flight::Panicked => return Err(panicked()),
                Flight::Late => {
                    return Err(Error::new(ErrorKind::Timeout, "a new access token")
                        .explain("it was not there within the call's timeout")
                        .transient());
                }
            }
        }
    }
}

impl<S: TokenSource> Shared<S> {
    /// A panic in the source must not fail every later call.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a token, unless there is a newer one than that of this version.
    fn fetch(&self, version: u64, reason: Reason) -> Result<Authorization> {
        {
            let state = self.lock();
            let newer = state.current.as_ref().filter(|_| state.version != version && !self.source.has_ended());
            if let Some(newer) = newer {
                return Ok(newer.authorization.clone());
            }
        }
        let fresh = self.source.fetch(reason)?;
        fresh.secret.check("access token")?;
        Ok(self.lock().keep(fresh))
    }
}

fn panicked() -> Error {
    Error::invalid_input("the source of access tokens panicked").concerning_run()
}

impl State {
    fn keep(&mut self, fresh: Fresh) -> Authorization {
        let Fresh { secret, renew_at, expires_at } = fresh;
        self.version += 1;
        self.seen.push_back(secret.clone());
        if self.seen.len() > 1 + REMEMBERED {
            self.seen.pop_front();
        }
        let authorization = Authorization { scheme: Scheme::AccessToken, secret, version: self.version };
        self.current = Some(Token { authorization: authorization.clone(), renew_at, expires_at });
        authorization
    }
}

impl<S: TokenSource + 'static> Provider for Renewed<S> {
    fn scheme(&self) -> Scheme {
        Scheme::AccessToken
    }

    fn authorize(&self, deadline: Option<Instant>) -> Result<Authorization> {
        let (current, version) = {
            let state = self.shared.lock();
            (state.current.clone(), state.version)
        };
        let now = Instant::now();
        let Some(token) = current.filter(|_| !self.shared.source.has_ended()) else {
            return self.renew(version, Reason::First, deadline);
        };
        let is_before = |time: Option<Instant>| time.is_none_or(|time| now < time);
        if is_before(token.renew_at) || (self.renewal.is_running() && is_before(token.expires_at)) {
            return Ok(token.authorization);
        }
        match self.renew(version, Reason::Due, deadline) {
            Err(error) if error.is_retryable() && is_before(token.expires_at) => {
                log::warn!(target: LOG_TARGET, "the access token could not be renewed yet: {error}");
                Ok(token.authorization)
            }
            renewed => renewed,
        }
    }

    fn rejected(&self, refused: &Authorization, deadline: Option<Instant>) -> Result<bool> {
        // Another thread was refused too, and has fetched a new token.
        if self.shared.lock().current.as_ref().is_some_and(|known| known.authorization.version != refused.version) {
            return Ok(true);
        }
        self.renew(refused.version, Reason::Refused, deadline).map(|_| true)
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn redact(&self, text: &str) -> String {
        let text = self.shared.lock().seen.iter().fold(text.to_owned(), |text, secret| secret.redact(&text));
        self.shared.source.redact(text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn numbered() -> (Arc<AtomicUsize>, impl Fn() -> Result<String>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        (count, move || Ok(format!("token-{}", counted.fetch_add(1, Ordering::SeqCst))))
    }

    /// Tokens that are to be renewed at once and can be used for a minute.
    struct Short<F>(F);

    impl<F: Fn(usize) -> Result<String> + Send + Sync> TokenSource for (Short<F>, AtomicUsize) {
        fn fetch(&self, _: Reason) -> Result<Fresh> {
            let secret = Secret::new(self.0.0(self.1.fetch_add(1, Ordering::SeqCst))?);
            let now = Instant::now();
            Ok(Fresh { secret, renew_at: Some(now), expires_at: Some(now + Duration::from_secs(60)) })
        }
    }

    fn short<F: Fn(usize) -> Result<String> + Send + Sync + 'static>(fetch: F) -> Renewed<(Short<F>, AtomicUsize)> {
        Renewed::new((Short(fetch), AtomicUsize::new(0)))
    }

    #[test]
    fn many_refusals_of_one_token_fetch_one_fresh_token() {
        let (count, fetch) = numbered();
        let tokens = Renewed::new(fetch);
        let first = tokens.authorize(None).unwrap();
        let all = Barrier::new(16);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    all.wait();
                    assert!(tokens.rejected(&first, None).unwrap());
                    assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "token-1");
                });
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn waiting_threads_share_the_error_of_the_one_that_fetches() {
        let calls = Arc::new(AtomicUsize::new(0));
        let (inside, counted) = (Arc::new(Barrier::new(2)), Arc::clone(&calls));
        let entered = Arc::clone(&inside);
        let tokens = Renewed::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            entered.wait();
            entered.wait();
            Err::<String, _>(Error::invalid_input("the vault is locked"))
        });
        let soon = Instant::now() + Duration::from_secs(60);
        thread::scope(|scope| {
            scope.spawn(|| assert!(tokens.authorize(None).is_err()));
            inside.wait();
            let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| tokens.authorize(Some(soon)))).collect();
            // They have no token yet, so they wait.
            assert_eq!(
                tokens.authorize(Some(Instant::now())).map(drop).expect_err("there is no time").kind(),
                ErrorKind::Timeout
            );
            // One of the others has given up.
            while tokens.renewal.waited() < 5 {
                thread::yield_now();
            }
            inside.wait();
            for waiter in waiting {
                let error = waiter.join().unwrap().map(drop).expect_err("the vault is locked");
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            }
        });
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_previous_tokens_are_redacted() {
        let (_, fetch) = numbered();
        let tokens = Renewed::new(move || Ok(format!("access-{}", fetch()?)));
        for _ in 0..REMEMBERED {
            let token = tokens.authorize(None).unwrap();
            tokens.rejected(&token, None).unwrap();
        }
        assert_eq!(tokens.redact("access-token-0 to access-token-2"), "[redacted] to [redacted]");
    }

    #[test]
    fn token_sources_may_fail_and_panic() {
        let calls = AtomicUsize::new(0);
        let tokens = Renewed::new(move || match calls.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::invalid_input("the vault is locked")),
            1 | 2 => panic!("the vault is on fire"),
            3 => Ok("bad\ntoken".to_owned()),
            _ => Ok("good".to_owned()),
        });
        let soon = Some(Instant::now() + Duration::from_secs(60));
        assert!(tokens.authorize(None).is_err());
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tokens.authorize(None))).is_err());
        assert!(tokens.authorize(soon).map(drop).expect_err("it panicked").to_string().contains("panicked"));
        assert!(tokens.authorize(None).is_err());
        assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "good");
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let tokens = short(|call| Ok(format!("token-{call}")));
        assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "token-0");
        assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "token-1");
    }

    #[test]
    fn a_token_is_used_until_it_expires_if_renewing_fails_for_now() {
        let offline = || Error::new(ErrorKind::Connection, "the network").transient();
        let tokens = short(move |call| if call == 1 { Err(offline()) } else { Ok(format!("token-{call}")) });
        assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "token-0");
        assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "token-0");
        assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "token-2");

        let spent = || Error::new(ErrorKind::Connection, "the network").transient().with_unknown_outcome(true);
        let tokens = short(move |call| if call == 1 { Err(spent()) } else { Ok(format!("token-{call}")) });
        tokens.authorize(None).unwrap();
        assert!(tokens.authorize(None).map(drop).expect_err("it is returned").outcome_unknown());
    }

    #[test]
    fn others_use_the_old_token_while_one_thread_renews() {
        let inside = Arc::new(Barrier::new(2));
        let entered = Arc::clone(&inside);
        let tokens = short(move |call| {
            if call == 1 {
                entered.wait();
                entered.wait();
            }
            Ok(format!("token-{call}"))
        });
        tokens.authorize(None).unwrap();
        thread::scope(|scope| {
            let renewing = scope.spawn(|| tokens.authorize(None).unwrap());
            inside.wait();
            assert_eq!(tokens.authorize(None).unwrap().secret.expose(), "token-0");
            inside.wait();
            assert_eq!(renewing.join().unwrap().secret.expose(), "token-1");
        });
    }

    #[test]
    fn a_renewal_goes_on_after_the_deadline_of_its_caller() {
        let inside = Arc::new(Barrier::new(2));
        let entered = Arc::clone(&inside);
        let tokens = Renewed::new(move || {
            entered.wait();
            Ok("token".to_owned())
        });
        let error = tokens.authorize(Some(Instant::now())).map(drop).expect_err("there is no time");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        inside.wait();
        let soon = Some(Instant::now() + Duration::from_secs(60));
        assert_eq!(tokens.authorize(soon).expect("it goes on").secret.expose(), "token");
    }
}
