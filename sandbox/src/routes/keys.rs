//! API keys.

use std::collections::{BTreeMap, BTreeSet};

use rblxopencloud::Creator;
use rblxopencloud::endpoints::INSPECT_KEY;
use serde_json::{Value, json};

use super::{API_KEY, Call, Route, Site};
use crate::http::Answer;
use crate::world::World;

pub(crate) const ROUTES: &[Route] = &[Route::new(INSPECT_KEY, inspect)];

fn inspect(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let body = call.json()?;
    if body.get("apiKey").and_then(Value::as_str) != Some(API_KEY) {
        return Err(Answer::gateway(401, "Invalid API Key"));
    }
    let access = &world.access;
    let routes = Site::Service.tables().iter().flat_map(|table| table.iter());
    let of_route =
        |route: &'static Route| route.endpoint.scopes().iter().copied().chain(route.endpoint.undocumented_scope());
    let scopes: BTreeSet<&str> = routes.flat_map(of_route).collect();
    let mut held: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for scope in scopes.into_iter().filter(|scope| access.has(scope)) {
        if let Some((name, operation)) = scope.rsplit_once(':') {
            held.entry(name).or_default().push(operation);
        }
    }
    let (users, groups) = match access.owner {
        None => (vec!["*".to_owned()], vec!["*".to_owned()]),
        Some(Creator::User(id)) => (vec![id.to_string()], Vec::new()),
        Some(Creator::Group(id)) => (Vec::new(), vec![id.to_string()]),
        Some(_) => (Vec::new(), Vec::new()),
    };
    let scopes = held.iter().map(
        |(name, operations)| json!({ "name": name, "operations": operations, "userIds": users, "groupIds": groups }),
    );
    let mut key = json!({
        "name": "sandbox",
        "enabled": access.key_is_enabled(),
        "expired": access.key_has_expired(world.clock().timestamp()),
        "scopes": scopes.collect::<Vec<_>>(),
    });
    if let Some(Creator::User(id)) = access.owner {
        key["authorizedUserId"] = json!(id.to_string());
    }
    if let Some(time) = access.key_expires_at {
        key["expirationTimeUtc"] = json!(time);
    }
    Ok(Answer::json(&key))
}
