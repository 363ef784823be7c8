//! Settings as JSON.

use std::time::Duration;

use jiff::Timestamp;
use rblxopencloud::{AssetType, Creator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::Problem;
use crate::state::{Counting, RateLimit};
use crate::world::World;
use crate::world::data_stores::Stale;
use crate::world::sign_ins::Lifetimes;
use crate::world::throttles::{Game, Kind};

/// Returns all settings.
pub(super) fn all(world: &World, limit: Option<RateLimit>) -> Map<String, Value> {
    let (access, sign_ins) = (&world.access, &world.sign_ins);
    let quotas = world.quotas.list().map(|(asset_type, used, capacity)| {
        let quota =
            if used == 0 { json!({ "capacity": capacity }) } else { json!({ "capacity": capacity, "used": used }) };
        (asset_type.as_str().to_owned(), quota)
    });
    let stores = world.throttles.of_each_store().iter();
    let stores = stores.map(|(universe, requests)| (universe.to_string(), json!(requests)));
    let Value::Object(all) = json!({
        "keyOwner": access.owner,
        "groupOwnedKey": access.is_of_a_group,
        "keyEnabled": !access.key_is_disabled,
        "keyExpirationTime": access.key_expires_at,
        "scopes": access.scopes(),
        "rateLimit": limit.map(limit_json),
        "quotas": quotas.collect::<Map<_, _>>(),
        "moderatedWords": world.moderation.words(),
        "accountModerated": world.moderation.is_account_moderated,
        "contentChecks": !world.skips_content_checks,
        "operationMilliseconds": milliseconds(world.operations.time),
        "operationsDoneAtOnce": world.operations.done_at_once,
        "bareUpdates": world.bare_updates,
        "dataStoreLimits": games_json(world, Kind::DataStores),
        "orderedDataStoreLimits": games_json(world, Kind::Ordered),
        "memoryStoreLimits": games_json(world, Kind::Memory),
        "requestsOfEachDataStore": stores.collect::<Map<_, _>>(),
        "staleWriteStatus": world.data_stores.stale.status(),
        "namesMeasuredInBytes": world.data_stores.counts_bytes,
        "documentedQueueReads": world.memory.has_documented_reads,
        "clockOffsetSeconds": sign_ins.clock_offset,
        "codeMilliseconds": milliseconds(sign_ins.lifetimes.code),
        "accessTokenMilliseconds": milliseconds(sign_ins.lifetimes.access_token),
        "refreshTokenMilliseconds": milliseconds(sign_ins.lifetimes.refresh_token),
        "browserUserId": sign_ins.browser_user.map(|id| id.to_string()),
    }) else {
        return Map::new();
    };
    all
}

/// Returns the settings that aren't the default ones.
pub(super) fn changed(world: &World, limit: Option<RateLimit>) -> Map<String, Value> {
    let usual = all(&World::default(), None);
    let mut settings = all(world, limit);
    settings.retain(|name, value| usual.get(name) != Some(value));
    settings
}

/// Changes the given settings.
pub(super) fn apply(
    world: &mut World,
    limit: &mut Option<RateLimit>,
    given: &Map<String, Value>,
) -> Result<(), Problem> {
    let usual = Lifetimes::default();
    for (name, value) in given {
        let wrong = |reason: String| Problem::new(format!("settings.{name}"), reason);
        let flag = value.as_bool().unwrap_or_default();
        let time = Duration::from_millis(value.as_u64().unwrap_or_default());
        let (access, sign_ins) = (&mut world.access, &mut world.sign_ins);
        match name.as_str() {
            "keyOwner" => access.owner = Option::<Creator>::deserialize(value).map_err(|e| wrong(e.to_string()))?,
            "groupOwnedKey" => access.is_of_a_group = flag,
            "keyEnabled" => access.key_is_disabled = !flag,
            "keyExpirationTime" => {
                access.key_expires_at =
                    Option::<Timestamp>::deserialize(value).map_err(|error| wrong(error.to_string()))?;
            }
            "scopes" => match value.as_array() {
                Some(scopes) => access.set_scopes(texts(scopes)),
                None => access.set_all_scopes(),
            },
            "rateLimit" => *limit = value.as_object().map(read_limit).transpose().map_err(wrong)?,
            "quotas" => {
                let number = |quota: &Value, field: &str| quota[field].as_u64().unwrap_or_default();
                let quotas = value.as_object().into_iter().flatten();
                world.quotas.replace(quotas.map(|(name, quota)| {
                    (AssetType::from(name.as_str()), number(quota, "used"), number(quota, "capacity"))
                }));
            }
            "moderatedWords" => world.moderation.set_words(texts(value.as_array().map_or(&[][..], Vec::as_slice))),
            "accountModerated" => world.moderation.is_account_moderated = flag,
            "contentChecks" => world.skips_content_checks = !flag,
            "operationMilliseconds" => world.operations.time = time,
            "operationsDoneAtOnce" => world.operations.done_at_once = flag,
            "bareUpdates" => world.bare_updates = flag,
            "dataStoreLimits" => read_games(world, Kind::DataStores, value),
            "orderedDataStoreLimits" => read_games(world, Kind::Ordered, value),
            "memoryStoreLimits" => read_games(world, Kind::Memory, value),
            "requestsOfEachDataStore" => {
                world.throttles.clear_of_each_store();
                for (universe, requests) in by_universe(value) {
                    world.throttles.set_of_each_store(universe, requests.as_u64());
                }
            }
            "staleWriteStatus" => world.data_stores.stale = Stale::of_status(value.as_u64().unwrap_or_default()),
            "namesMeasuredInBytes" => world.data_stores.counts_bytes = flag,
            "documentedQueueReads" => world.memory.has_documented_reads = flag,
            "clockOffsetSeconds" => sign_ins.clock_offset = value.as_i64().unwrap_or_default(),
            "codeMilliseconds" => sign_ins.lifetimes.code = lifetime(time, usual.code),
            "accessTokenMilliseconds" => sign_ins.lifetimes.access_token = lifetime(time, usual.access_token),
            "refreshTokenMilliseconds" => sign_ins.lifetimes.refresh_token = lifetime(time, usual.refresh_token),
            "browserUserId" => sign_ins.browser_user = value.as_str().and_then(|id| id.parse().ok()),
            _ => return Err(wrong("this setting isn't implemented".to_owned())),
        }
    }
    Ok(())
}

fn games_json(world: &World, kind: Kind) -> Value {
    let games = world.throttles.games(kind);
    games
        .map(|(universe, game)| (universe.to_string(), json!({ "players": game.players, "usedByGame": game.used })))
        .collect::<Map<_, _>>()
        .into()
}

fn read_games(world: &mut World, kind: Kind, given: &Value) {
    world.throttles.clear(kind);
    for (universe, game) in by_universe(given) {
        let number = |name: &str| game[name].as_u64().unwrap_or_default();
        let game = Game { players: number("players"), used: number("usedByGame") };
        world.throttles.set(kind, universe, Some(game));
    }
}

/// Returns the values by the ids of experiences, which the schema has checked.
fn by_universe(given: &Value) -> impl Iterator<Item = (u64, &Value)> {
    let given = given.as_object().into_iter().flatten();
    given.filter_map(|(universe, value)| Some((universe.parse().ok()?, value)))
}

fn texts(values: &[Value]) -> impl Iterator<Item = String> + '_ {
    values.iter().filter_map(Value::as_str).map(str::to_owned)
}

/// Lifetimes are added to the time, which has an end.
fn lifetime(given: Duration, usual: Duration) -> Duration {
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    if given > LONGEST { LONGEST.max(usual) } else { given }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn limit_json(limit: RateLimit) -> Value {
    let mut json = match limit.counting {
        Counting::Documented => json!({ "documented": true }),
        Counting::Each { requests, window } => json!({ "requests": requests, "milliseconds": milliseconds(window) }),
    };
    let usual = matches!(limit.counting, Counting::Documented);
    if limit.is_aligned != usual {
        json["alignedToClock"] = json!(limit.is_aligned);
    }
    json
}

fn read_limit(given: &Map<String, Value>) -> Result<RateLimit, String> {
    let number = |name: &str| given.get(name).and_then(Value::as_u64);
    let limit = match (given.contains_key("documented"), number("requests"), number("milliseconds")) {
        (true, None, None) => RateLimit::documented(),
        (false, Some(requests), Some(window)) => RateLimit::new(requests, Duration::from_millis(window)),
        _ => return Err("expected either documented, or requests and milliseconds".to_owned()),
    };
    let is_aligned = given.get("alignedToClock").and_then(Value::as_bool);
    Ok(is_aligned.map_or(limit, |is_aligned| limit.aligned_to_clock(is_aligned)))
}
