//! Who may not join an experience or a place.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{after, written};

/// How long the service remembers an idempotency key.
pub(crate) const KEY_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A restriction as it was requested.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restriction {
    pub(crate) active: bool,
    pub(crate) started: Option<Timestamp>,
    pub(crate) duration: Option<u64>,
    pub(crate) display_reason: String,
    pub(crate) private_reason: String,
    pub(crate) excludes_alts: bool,
    pub(crate) updated: Option<Timestamp>,
}

/// The experience, and the place if it isn't about the whole experience.
pub(crate) type Scope = (u64, Option<u64>);

#[derive(Debug)]
struct Logged {
    scope: Scope,
    user: u64,
    moderator: u64,
    at: Timestamp,
    restriction: Restriction,
}

#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    by_scope: BTreeMap<Scope, BTreeMap<u64, Restriction>>,
    logs: Vec<Logged>,
    /// The responses to requests with idempotency keys.
    keys: HashMap<String, Value>,
    /// Whether a restriction that has ended is still told to be active.
    pub(crate) stay_active: bool,
}

/// Leaves out what isn't set, as the service does.
fn without_nulls(mut json: Value) -> Value {
    if let Value::Object(fields) = &mut json {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(|value| *value = without_nulls(value.take()));
    }
    json
}

impl Restriction {
    fn has_ended(&self, now: Timestamp) -> bool {
        let end = self.started.zip(self.duration).map(|(start, seconds)| after(start, Duration::from_secs(seconds)));
        end.is_some_and(|end| end <= now)
    }
}

impl Restrictions {
    /// Returns the response to an earlier request with this idempotency key.
    pub(crate) fn of_key(&self, key: &str) -> Option<&Value> {
        self.keys.get(key)
    }

    pub(crate) fn remember(&mut self, key: String, response: Value) {
        self.keys.insert(key, response);
    }

    pub(crate) fn set(&mut self, scope: Scope, user: u64, moderator: u64, restriction: Restriction, now: Timestamp) {
        self.logs.push(Logged { scope, user, moderator, at: now, restriction: restriction.clone() });
        self.by_scope.entry(scope).or_default().insert(user, restriction);
    }

    /// Returns how many changes were made for a user.
    pub(crate) fn changes(&self, universe: u64, user: u64) -> usize {
        self.logs.iter().filter(|logged| logged.scope.0 == universe && logged.user == user).count()
    }

    fn own(&self, scope: Scope, user: u64) -> Option<&Restriction> {
        self.by_scope.get(&scope)?.get(&user)
    }

    /// Returns the restriction of a user as the service writes it.
    pub(crate) fn json(&self, scope: Scope, user: u64, now: Timestamp) -> Value {
        let (universe, place) = scope;
        let is_in_force = |restriction: &&Restriction| restriction.active && !restriction.has_ended(now);
        let own = self.own(scope, user);
        let above = || self.own((universe, None), user).filter(is_in_force);
        // A place without a restriction of its own has that of the experience.
        let inherited = match place {
            Some(_) if own.is_none_or(|own| !is_in_force(&own)) => above(),
            _ => None,
        };
        let nothing = Restriction::default();
        let restriction = inherited.or(own).unwrap_or(&nothing);
        let active = restriction.active && (self.stay_active || !restriction.has_ended(now));
        let parent = place.map(|place| format!("/places/{place}")).unwrap_or_default();
        without_nulls(json!({
            "path": format!("universes/{universe}{parent}/user-restrictions/{user}"),
            "updateTime": restriction.updated.map(written),
            "user": format!("users/{user}"),
            "gameJoinRestriction": {
                "active": active, "startTime": restriction.started.map(written),
                "duration": restriction.duration.map(|seconds| format!("{seconds}s")),
                "privateReason": restriction.private_reason, "displayReason": restriction.display_reason,
                "excludeAltAccounts": restriction.excludes_alts, "inherited": inherited.is_some(),
            },
        }))
    }

    /// Returns all restrictions of an experience or a place, also those that were lifted or are inherited.
    pub(crate) fn list(&self, scope: Scope, now: Timestamp) -> Vec<Value> {
        let users = |scope: Scope| self.by_scope.get(&scope).into_iter().flat_map(BTreeMap::keys).copied();
        let mut listed: Vec<u64> = users(scope).chain(users((scope.0, None))).collect();
        listed.sort_unstable();
        listed.dedup();
        listed.into_iter().map(|user| self.json(scope, user, now)).collect()
    }

    /// Returns the changes that match a user and a place, the newest first.
    pub(crate) fn logs(&self, universe: u64, user: Option<u64>, place: Option<u64>) -> Vec<Value> {
        let matches = |logged: &&Logged| {
            logged.scope.0 == universe
                && user.is_none_or(|user| logged.user == user)
                && place.is_none_or(|place| logged.scope.1 == Some(place))
        };
        let json = |logged: &Logged| {
            let restriction = &logged.restriction;
            without_nulls(json!({
                "user": format!("users/{}", logged.user),
                "place": logged.scope.1.map(|place| format!("places/{place}")).unwrap_or_default(),
                "moderator": { "robloxUser": format!("users/{}", logged.moderator) },
                "createTime": written(logged.at), "active": restriction.active,
                "startTime": restriction.started.map(written),
                "duration": restriction.duration.map(|seconds| format!("{seconds}s")),
                "privateReason": restriction.private_reason, "displayReason": restriction.display_reason,
                "restrictionType": { "gameJoinRestriction": {} }, "excludeAltAccounts": restriction.excludes_alts,
            }))
        };
        self.logs.iter().rev().filter(matches).map(json).collect()
    }
}
