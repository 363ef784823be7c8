//! The keys with which the service signs id tokens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::id_token::{Expected, IdTokenClaims, KeySet, Problem, verify};
use crate::api::Endpoint;
use crate::call::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::request::Request;
use crate::single_flight::{Flight, SingleFlight};

/// Lists the keys with which id tokens are signed. Needs no credentials.
pub const LIST_SIGNING_KEYS: Endpoint = Endpoint::get("/oauth/v1/certs").without_key();

/// A key that was withdrawn is trusted no longer than this.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Once a fetch was in vain, there is none for tokens of unknown origin for this long: anyone can make up tokens with unknown key
/// ids.
const REST: Duration = Duration::from_secs(60);

/// The published keys, which are fetched when they are needed.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Never locked during a call: a token whose key is known waits for nobody.
    cache: Mutex<Cache>,
    fetch: SingleFlight<Result<Known>>,
}

#[derive(Debug, Default)]
struct Cache {
    known: Option<Known>,
    in_vain: Option<InVain>,
}

/// The keys as they were fetched.
#[derive(Clone, Debug)]
struct Known {
    keys: Arc<KeySet>,
    fetched_at: Instant,
}

#[derive(Debug)]
struct InVain {
    at: Instant,
    /// `None` if the fetch didn't find the key.
    failure: Option<Error>,
}

/// Where an id token comes from.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Origin {
    /// The service has sent it in response to a call.
    Service,
    /// Anyone can have made it up.
    Unknown,
}

impl Keys {
    /// Fetches the keys, unless they are there.
    pub(super) fn prepare(&self, session: &Session) -> Result<()> {
        self.current(session).map(drop)
    }

    /// Checks a token. An unknown key can be new, so the keys are fetched once more.
    pub(super) fn verify(
        &self,
        session: &Session,
        token: &str,
        origin: Origin,
        expected: Expected<'_>,
    ) -> Result<IdTokenClaims> {
        let (known, is_fresh) = self.current(session)?;
        let verified = match verify(token, &known.keys, expected) {
            Err(Problem::UnknownKey) if !is_fresh => match self.newer(session, origin, &known)? {
                Some(newer) => {
                    let verified = verify(token, &newer.keys, expected);
                    if matches!(verified, Err(Problem::UnknownKey)) {
                        self.rest(None);
                    }
                    verified
                }
                None => Err(Problem::UnknownKey),
            },
            verified => verified,
        };
        verified.map_err(Problem::into_error)
    }

    /// Returns the keys, and whether they were fetched just now.
    fn current(&self, session: &Session) -> Result<(Known, bool)> {
        match self.fresh() {
            Some(known) => Ok((known, false)),
            None => self.fetch(session, None).map(|known| (known, true)),
        }
    }

    /// Returns keys that were fetched after these. `None` while fetches for tokens of this origin rest.
    fn newer(&self, session: &Session, origin: Origin, than: &Known) -> Result<Option<Known>> {
        if origin == Origin::Unknown {
            if let Some(in_vain) = self.cache().in_vain.as_ref().filter(|in_vain| in_vain.at.elapsed() < REST) {
                return in_vain.failure.clone().map_or(Ok(None), Err);
            }
        }
        let fetched = self.fetch(session, Some(than));
        if let (Err(error), Origin::Unknown) = (&fetched, origin) {
            self.rest(Some(error.clone()));
        }
        fetched.map(Some)
    }

    fn rest(&self, failure: Option<Error>) {
        self.cache().in_vain = Some(InVain { at: Instant::now(), failure });
    }

    /// Fetches the keys, unless another thread has fetched some that are newer than these.
    fn fetch(&self, session: &Session, than: Option<&Known>) -> Result<Known> {
        let is_newer = |known: &Known| than.is_none_or(|than| known.fetched_at > than.fetched_at);
        loop {
            let fetched = self.fetch.run(session.deadline(), || match self.fresh().filter(is_newer) {
                Some(known) => Ok(known),
                None => self.fetch_now(session),
            });
            match fetched {
                Flight::Own(fetched) => return fetched,
                Flight::Shared(Ok(known)) if is_newer(&known) => return Ok(known),
                // The other thread may have had less time.
                Flight::Shared(_) | Flight::Panicked => {}
                Flight::Late => {
                    return Err(Error::new(ErrorKind::Timeout, "the keys of id tokens")
                        .explain("they were not there within the call's timeout")
                        .transient());
                }
            }
        }
    }

    fn fetch_now(&self, session: &Session) -> Result<Known> {
        let keys = Request::of(session, &LIST_SIGNING_KEYS).read(|body| {
            let json: Value = crate::json::from_slice(body)?;
            let keys = KeySet::from_json(&json);
            Ok(keys.ok_or_else(|| <serde_json::Error as serde::de::Error>::custom("expected a key set"))?)
        })?;
        let known = Known { keys: Arc::new(keys), fetched_at: Instant::now() };
        self.cache().known = Some(known.clone());
        Ok(known)
    }

    fn fresh(&self) -> Option<Known> {
        self.cache().known.clone().filter(|known| known.fetched_at.elapsed() < LIFETIME)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
