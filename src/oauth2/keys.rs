//! The keys with which the service signs id tokens.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::id_token::{Expected, IdTokenClaims, KeySet, Problem, verify};
use crate::api::Endpoint;
use crate::call::{Call, Session};
use crate::error::Result;

/// Lists the keys with which id tokens are signed. Needs no credentials.
pub const LIST_SIGNING_KEYS: Endpoint = Endpoint::get("/oauth/v1/certs").without_key();

/// A key that was withdrawn is trusted no longer than this.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Once a fetch hasn't found a key, the keys aren't fetched again for this long: anyone can make up tokens with unknown key ids.
const REST: Duration = Duration::from_secs(60);

/// The published keys, which are fetched when they are needed.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<Cache>);

#[derive(Debug, Default)]
struct Cache {
    keys: KeySet,
    fetched_at: Option<Instant>,
    in_vain_at: Option<Instant>,
}

impl Keys {
    /// Fetches the keys, unless they are there.
    pub(super) fn prepare(&self, session: &Session) -> Result<()> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.is_old() { cache.fetch(session) } else { Ok(()) }
    }

    /// Checks a token. An unknown key can be new, so the keys are fetched once more.
    pub(super) fn verify(&self, session: &Session, token: &str, expected: Expected<'_>) -> Result<IdTokenClaims> {
        // Locked during the fetch, so that one is enough for all threads.
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let was_fetched = cache.is_old();
        if was_fetched {
            cache.fetch(session)?;
        }
        match verify(token, &cache.keys, expected) {
            Err(Problem::UnknownKey) if !was_fetched && !cache.is_resting() => {
                cache.fetch(session)?;
                let verified = verify(token, &cache.keys, expected);
                if matches!(verified, Err(Problem::UnknownKey)) {
                    cache.in_vain_at = Some(Instant::now());
                }
                verified.map_err(Problem::into_error)
            }
            verified => verified.map_err(Problem::into_error),
        }
    }
}

impl Cache {
    fn is_old(&self) -> bool {
        self.fetched_at.is_none_or(|time| time.elapsed() >= LIFETIME)
    }

    fn is_resting(&self) -> bool {
        self.in_vain_at.is_some_and(|time| time.elapsed() < REST)
    }

    fn fetch(&mut self, session: &Session) -> Result<()> {
        let path = LIST_SIGNING_KEYS.fill(&[]);
        self.keys = session.run(Call::new(&LIST_SIGNING_KEYS, &path), |body| {
            let json: Value = crate::json::from_slice(body)?;
            let keys = KeySet::from_json(&json);
            Ok(keys.ok_or_else(|| <serde_json::Error as serde::de::Error>::custom("expected a key set"))?)
        })?;
        self.fetched_at = Some(Instant::now());
        Ok(())
    }
}
