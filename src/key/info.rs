use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::api::Endpoint;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::request::Body;
use crate::wire::{self, Field, Json, Unreadable, model};

/// Tells what an API key can do. The key is in the body.
pub const INSPECT_KEY: Endpoint = Endpoint::post("/api-keys/v1/introspect").with_key_in_body().harmless();

model! {
    /// What an API key can do, from [`Client::inspect_key`].
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct KeyInfo {
        /// The name of the key.
        #[lenient]
        pub name: String,
        /// The id of the user for whom the key acts.
        #[with(wire::strict)]
        #[serde(rename = "authorizedUserId", serialize_with = "wire::option_id::serialize")]
        pub user_id: Option<u64>,
        /// Whether the key is enabled.
        pub enabled: bool,
        /// Whether the key has expired.
        #[with(wire::strict)]
        pub expired: bool,
        /// When the key expires. `None` if never.
        #[with(expiration)]
        #[serde(rename = "expirationTimeUtc")]
        pub expires_at: Option<Timestamp>,
        /// The scopes of the key.
        pub scopes: Vec<KeyScope>,
    }
}

model! {
    /// A scope of a key, and on what.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct KeyScope {
        /// The name, such as `asset`.
        #[with(filled)]
        pub name: String,
        /// The operations, such as `read` and `write`.
        #[with(operations)]
        pub operations: Vec<String>,
        /// The users. `None` if the scope isn't limited to users.
        #[with(targets)]
        pub user_ids: Option<KeyTargets>,
        /// The groups. `None` if the scope isn't limited to groups.
        #[with(targets)]
        pub group_ids: Option<KeyTargets>,
        /// The universes. `None` if the scope isn't limited to universes.
        #[with(targets)]
        pub universe_ids: Option<KeyTargets>,
        /// The data stores. `None` if the scope isn't limited to data stores.
        #[with(wire::strict)]
        pub universe_datastores: Option<Vec<KeyDataStore>>,
    }
}

model! {
    /// A data store of a universe.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct KeyDataStore {
        /// The id of the universe, or `*` for all.
        #[with(filled)]
        pub universe_id: String,
        /// The name of the data store, or `*` for all.
        #[with(filled)]
        pub datastore_name: String,
    }
}

/// The resources that a [`KeyScope`] is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyTargets {
    /// All.
    All,
    /// Those with these ids.
    Ids(Vec<u64>),
}

impl KeyTargets {
    /// Returns whether the resource with this id is among them.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.contains(&id),
        }
    }
}

/// Reads a string that isn't empty, or a number as one.
fn filled(json: Option<Json<'_>>) -> Result<String, Unreadable> {
    let text = String::read(json.unwrap_or(Json::Null))?;
    if text.is_empty() { Err(Unreadable::new("an empty name")) } else { Ok(text) }
}

/// Reads operations, of which a number is none.
fn operations(json: Option<Json<'_>>) -> Result<Vec<String>, Unreadable> {
    let name = |value| match value {
        Value::String(name) => Ok(name),
        other => Err(Unreadable::new(format!("invalid operation {other}"))),
    };
    wire::strict_or_null::<Vec<Value>>(json)?.into_iter().map(name).collect()
}

/// Reads a time in UTC, with or without its offset. `null` is never, and anything else isn't.
fn expiration(json: Option<Json<'_>>) -> Result<Option<Timestamp>, Unreadable> {
    let Some(text) = wire::strict::<Option<String>>(json)? else { return Ok(None) };
    let time = |text: String| Timestamp::of(Json::Text(text.into()));
    let read = time(text.clone()).or_else(|| time(format!("{text}Z")));
    read.map(Some).ok_or_else(|| Unreadable::new(format!("invalid time {text:?}")))
}

/// Reads the ids of resources. `None` if the scope isn't limited to some.
fn targets(json: Option<Json<'_>>) -> Result<Option<KeyTargets>, Unreadable> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(json) => KeyTargets::of(json).map(Some),
    }
}

impl KeyTargets {
    fn of(json: Json<'_>) -> Result<Self, Unreadable> {
        let targets = Vec::<Value>::read(json)?;
        if targets.iter().any(|target| target == "*") {
            return Ok(Self::All);
        }
        // The key may be allowed for one that is left out.
        let id = |target: &Value| {
            let id = target.as_u64().or_else(|| wire::decimal(target.as_str()?));
            id.ok_or_else(|| Unreadable::new(format!("invalid target {target}")))
        };
        targets.iter().map(id).collect::<Result<_, _>>().map(Self::Ids)
    }
}

impl<'de> Deserialize<'de> for KeyTargets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Json::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Serialize for KeyTargets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.collect_seq(["*"]),
            Self::Ids(ids) => serializer.collect_seq(ids.iter().map(u64::to_string)),
        }
    }
}

impl KeyInfo {
    /// Returns whether the key has a scope, such as `asset:write`, on some resource.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope(scope).next().is_some()
    }

    fn scope<'a>(&'a self, scope: &'a str) -> impl Iterator<Item = &'a KeyScope> {
        let (name, operation) = scope.rsplit_once(':').unwrap_or((scope, ""));
        let is_it = move |held: &&KeyScope| {
            (held.name == scope && held.operations.is_empty())
                || (held.name == name && held.operations.iter().any(|held| held == operation || held == "*"))
        };
        self.scopes.iter().filter(is_it)
    }

    /// Checks that the key can make calls to these endpoints: that it is enabled, hasn't expired, and has their scopes.
    ///
    /// A program that checks first fails in its first second, and not after 300 uploads. It isn't checked on which resources
    /// the key has its scopes; see [`KeyScope`].
    ///
    /// ```
    /// use rblxopencloud::endpoints::{CREATE_ASSET, LIST_ASSET_QUOTAS};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// client.inspect_key()?.check([CREATE_ASSET, LIST_ASSET_QUOTAS])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Unauthenticated`](ErrorKind::Unauthenticated) if the key is disabled or has expired, and
    /// [`PermissionDenied`](ErrorKind::PermissionDenied), which names the missing scopes and the calls that need them.
    pub fn check(&self, endpoints: impl IntoIterator<Item = Endpoint>) -> Result<()> {
        let subject = || format!("the key {:?}", self.name);
        let unusable = |problem: &str, advice: &str| {
            let error = Error::new(ErrorKind::Unauthenticated, subject()).explain(problem.to_owned());
            Err(error.advise(advice.to_owned()).concerning_run())
        };
        if !self.enabled {
            return unusable("it is disabled", "enable it in the Creator Dashboard");
        }
        if self.expired || self.expires_at.is_some_and(|time| time <= Timestamp::now()) {
            return unusable("it has expired", "regenerate it in the Creator Dashboard");
        }
        let mut missing: Vec<&str> = Vec::new();
        let mut calls = Vec::new();
        for endpoint in endpoints.into_iter().filter(|endpoint| !endpoint.is_keyless()) {
            let mut scopes = endpoint.missing_scopes(|scope| self.has_scope(scope));
            scopes.extend(endpoint.undocumented_scope().filter(|scope| !self.has_scope(scope)));
            if !scopes.is_empty() {
                calls.push(endpoint.to_string());
            }
            scopes.retain(|scope| !missing.contains(scope));
            missing.extend(scopes);
        }
        if missing.is_empty() {
            return Ok(());
        }
        let word = if missing.len() == 1 { "scope" } else { "scopes" };
        let missing = missing.join(" and ");
        let error = Error::new(ErrorKind::PermissionDenied, subject())
            .explain(format!("it lacks the {word} {missing}, which {} needs", calls.join(" and ")));
        Err(error.advise(format!("give the key the {word} {missing}")).concerning_run())
    }
}

/// The name, and whether the key can be used.
impl fmt::Display for KeyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.enabled, self.expired) {
            (_, true) => "expired",
            (false, _) => "disabled",
            (true, _) => "enabled",
        };
        write!(f, "key {:?} ({state})", self.name)
    }
}

impl Client {
    /// Fetches what the client's API key can do.
    ///
    /// Calls [`INSPECT_KEY`], which needs no scope. The key is sent in the body, and the answer has no secret. The
    /// service also refuses a key that can't be used from this address, and one whose account is moderated.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let key = client.inspect_key()?;
    /// println!("{key} of user {:?}", key.user_id);
    /// for scope in &key.scopes {
    ///     println!("{}: {}", scope.name, scope.operations.join(", "));
    /// }
    /// # assert!(key.has_scope("asset:write"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](ErrorKind::InvalidInput) if the client has no API key, and
    /// [`InvalidResponse`](ErrorKind::InvalidResponse) if a scope can't be read.
    #[doc(alias = "introspect")]
    #[doc(alias = "scopes of a key")]
    pub fn inspect_key(&self) -> Result<KeyInfo> {
        let Some(key) = self.session().credentials().key()? else {
            return Err(
                Error::invalid_input("only an API key can be inspected, and this client has none").concerning_run()
            );
        };
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Introspect<'a> {
            api_key: &'a str,
        }
        // It doesn't grow, so no copy of the key stays in memory.
        let mut content = Vec::with_capacity(2 * key.expose().len() + 64);
        let _ = serde_json::to_writer(&mut content, &Introspect { api_key: key.expose() });
        self.call(&INSPECT_KEY).body(Body::bytes("application/json", content)).fetch_model()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> KeyInfo {
        serde_json::from_value(json!({
            "name": "build", "authorizedUserId": "156", "enabled": true, "expired": false,
            "scopes": [
                { "name": "asset", "operations": ["read"], "userIds": ["156"], "groupIds": ["*"] },
                { "name": "universe-datastores.objects", "operations": ["read"],
                  "universeDatastores": [{ "universeId": 7, "datastoreName": "*" }] },
            ],
        }))
        .expect("it is a key")
    }

    #[test]
    fn scopes_and_their_targets_are_read() {
        let key = key();
        assert_eq!(key.user_id, Some(156));
        assert!(key.has_scope("asset:read") && !key.has_scope("asset:write") && !key.has_scope("asset"));
        let asset = &key.scopes[0];
        let contains = |targets: &Option<KeyTargets>, id| targets.as_ref().is_some_and(|targets| targets.contains(id));
        assert!(contains(&asset.user_ids, 156) && !contains(&asset.user_ids, 157) && contains(&asset.group_ids, 157));
        assert_eq!(key.scopes[1].universe_datastores.as_ref().expect("it is limited")[0].universe_id, "7");
        let again: KeyInfo = serde_json::from_value(json!(key)).expect("it is a key");
        assert_eq!(again, key);
    }

    #[test]
    fn the_check_names_what_is_missing() {
        const READ: Endpoint = Endpoint::get("/a").with_scopes(&["asset:read"]);
        const WRITE: Endpoint = Endpoint::post("/b").with_scopes(&["asset:read", "asset:write"]);
        const EITHER: Endpoint = Endpoint::get("/c").with_any_scope(&["universe:write", "asset:read"]);
        const PART: Endpoint = Endpoint::get("/d").with_optional_scopes(&["user.social:read"]);
        const MEMBERS: Endpoint = Endpoint::get("/e").with_undocumented_scope("group:read");
        assert!(key().check([MEMBERS]).expect_err("it lacks a scope").to_string().contains("group:read"));
        assert!(key().check([READ, EITHER, PART]).is_ok());
        let error = key().check([READ, WRITE]).expect_err("it lacks a scope");
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        let text = error.to_string();
        assert!(text.contains("asset:write") && text.contains("POST /b") && !text.contains("/a "), "{text}");
        let disabled = KeyInfo { enabled: false, ..key() };
        assert_eq!(disabled.check([]).expect_err("it is disabled").kind(), ErrorKind::Unauthenticated);
        let expired = KeyInfo { expires_at: Some(Timestamp::UNIX_EPOCH), ..key() };
        assert!(expired.check([]).expect_err("it has expired").to_string().contains("expired"));
    }
}
