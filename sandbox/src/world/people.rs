//! Followings, subscriptions and notifications of users.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use rblxopencloud::user::Subscription;
use serde_json::Value;

/// How many experiences a user can follow.
pub(crate) const MOST_FOLLOWED: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct People {
    /// The followed universes of each user, and since when.
    pub(crate) followings: HashMap<u64, BTreeMap<u64, Timestamp>>,
    /// By universe, product and user.
    pub(crate) subscriptions: HashMap<(u64, String, u64), Subscription>,
    /// The users who accept no notifications.
    pub(crate) declines_notifications: HashSet<u64>,
    /// The bodies of the notifications to each user.
    pub(crate) notifications: Vec<(u64, Value)>,
}
