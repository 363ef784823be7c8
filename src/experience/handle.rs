use std::time::{Duration, Instant};

use crate::client::Client;

/// A handle for an experience, which Roblox's reference calls a universe.
#[derive(Clone, Debug)]
#[doc(alias = "universe")]
#[doc(alias = "game")]
pub struct Experience {
    pub(super) id: u64,
    pub(super) client: Client,
}

impl Client {
    /// Returns a handle for the experience with this universe id. Makes no request.
    #[must_use]
    pub fn experience(&self, universe_id: u64) -> Experience {
        Experience { id: universe_id, client: self.clone() }
    }
}

impl Experience {
    /// Returns the experience's universe id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the client that makes the requests.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns a handle with a time limit for each call. See [`Client::with_timeout`].
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { client: self.client.with_timeout(timeout), ..self.clone() }
    }

    /// Returns a handle whose calls must all have ended at `deadline`. See [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { client: self.client.with_deadline(deadline), ..self.clone() }
    }
}
