use std::time::{Duration, Instant};

use crate::client::Client;
use crate::error::Result;
use crate::experience::handle::Experience;

/// A handle for a place of an experience.
#[derive(Clone, Debug)]
pub struct Place {
    pub(in crate::experience) id: u64,
    universe: u64,
    pub(in crate::experience) client: Client,
}

impl Experience {
    /// Returns a handle for the experience's place with this id. Makes no request.
    #[must_use]
    pub fn place(&self, place_id: u64) -> Place {
        Place { id: place_id, universe: self.id, client: self.client.clone() }
    }
}

impl Place {
    /// Returns the place's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the universe id of the experience that the place belongs to.
    ///
    /// # Errors
    /// Doesn't fail for a handle from [`Experience::place`].
    pub fn experience_id(&self) -> Result<u64> {
        Ok(self.universe)
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
