//! A share of the limits that the servers of the game need too.

use std::sync::Arc;

use crate::gate::Pace;

/// What a request does. The service has a limit for each, which an experience shares with its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Write,
    List,
    Remove,
}

/// How many requests of each kind a job sends in a minute. An experience without players can make 300, which its game needs too.
#[cfg(feature = "bulk")]
pub(super) const OF_A_JOB: u32 = 100;

/// At most this many requests a minute of each kind.
#[derive(Clone, Debug)]
pub(super) struct Share {
    /// In the order of [`Use`].
    paces: Arc<[Arc<Pace>; 4]>,
}

impl Share {
    pub(super) fn per_minute(requests: u32) -> Self {
        Self { paces: Arc::new(std::array::from_fn(|_| Arc::new(Pace::per_minute(requests)))) }
    }

    pub(super) fn pace(&self, what: Use) -> &Arc<Pace> {
        &self.paces[what as usize]
    }
}
