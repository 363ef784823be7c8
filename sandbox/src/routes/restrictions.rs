//! User restrictions.

use jiff::Timestamp;
use rblxopencloud::endpoints::{
    GET_PLACE_USER_RESTRICTION, GET_USER_RESTRICTION, LIST_PLACE_USER_RESTRICTIONS, LIST_USER_RESTRICTION_LOGS,
    LIST_USER_RESTRICTIONS, UPDATE_PLACE_USER_RESTRICTION, UPDATE_USER_RESTRICTION,
};
use serde_json::Value;

use super::experiences::check_universe;
use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::World;
use crate::world::filter::decimal;
use crate::world::restrictions::{KEY_LIFETIME, Restriction, Scope};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(GET_USER_RESTRICTION, get),
    Route::new(UPDATE_USER_RESTRICTION, update),
    Route::new(LIST_USER_RESTRICTIONS, list),
    Route::new(GET_PLACE_USER_RESTRICTION, get_of_place),
    Route::new(UPDATE_PLACE_USER_RESTRICTION, update_of_place),
    Route::new(LIST_PLACE_USER_RESTRICTIONS, list_of_place),
    Route::new(LIST_USER_RESTRICTION_LOGS, logs),
];

const LONGEST: u64 = 315_576_000_000;

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    get_in(world, (call.id(0), None), call.id(1))
}

fn get_of_place(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    get_in(world, (call.id(0), Some(call.id(1))), call.id(2))
}

fn get_in(world: &World, scope: Scope, user: u64) -> Result<Answer, Answer> {
    check_universe(world, scope.0)?;
    Ok(Answer::json(&world.restrictions.json(scope, user, world.clock().timestamp())))
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    list_in(world, (call.id(0), None), &call)
}

fn list_of_place(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    list_in(world, (call.id(0), Some(call.id(1))), &call)
}

fn list_in(world: &World, scope: Scope, call: &Call<'_>) -> Result<Answer, Answer> {
    check_universe(world, scope.0)?;
    let listed = world.restrictions.list(scope, world.clock().timestamp());
    Ok(PageRequest::read(call.head, None)?.page("userRestrictions", listed.into_iter()))
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    update_in(world, (call.id(0), None), call.id(1), &call)
}

fn update_of_place(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    update_in(world, (call.id(0), Some(call.id(1))), call.id(2), &call)
}

fn update_in(world: &mut World, scope: Scope, user: u64, call: &Call<'_>) -> Result<Answer, Answer> {
    check_universe(world, scope.0)?;
    let now = world.clock().timestamp();
    let mask = call.head.query_value("updateMask").unwrap_or("gameJoinRestriction");
    if !matches!(mask, "gameJoinRestriction" | "game_join_restriction") {
        return Err(call.invalid("The update mask isn't game_join_restriction."));
    }
    let key = call.head.query_value("idempotencyKey.key").filter(|key| !key.is_empty());
    if key.is_some() {
        let sent = call.head.query_value("idempotencyKey.firstSent").and_then(|time| time.parse::<Timestamp>().ok());
        let sent = sent.ok_or_else(|| call.invalid("idempotencyKey.firstSent isn't a time."))?;
        // The client has this machine's clock, wherever that of the sandbox was moved to.
        if Timestamp::now().duration_since(sent).unsigned_abs() > KEY_LIFETIME {
            return Err(call.invalid("idempotencyKey.firstSent is too far in the past."));
        }
    }
    if let Some(response) = key.and_then(|key| world.restrictions.of_key(key)) {
        return Ok(Answer::json(response));
    }
    let body = call.json()?;
    let fields = body.get("gameJoinRestriction").and_then(Value::as_object);
    let fields = fields.ok_or_else(|| call.invalid("gameJoinRestriction is missing."))?;
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool).unwrap_or_default();
    let reason = |name: &str, most: usize| {
        let text = fields.get(name).and_then(Value::as_str).unwrap_or_default();
        match text.chars().count() <= most {
            true => Ok(text.to_owned()),
            false => Err(call.invalid(format!("{name} is longer than {most} characters."))),
        }
    };
    let duration = match fields.get("duration") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let seconds = value.as_str().and_then(|text| decimal(text.strip_suffix('s')?));
            let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
            Some(seconds.ok_or_else(|| call.invalid("duration isn't a whole number of seconds in its range."))?)
        }
    };
    let active = flag("active");
    let restriction = Restriction {
        active,
        started: active.then_some(now),
        duration,
        display_reason: reason("displayReason", 400)?,
        private_reason: reason("privateReason", 1000)?,
        excludes_alts: flag("excludeAltAccounts"),
        updated: Some(now),
    };
    let moderator = world.acting_user();
    world.restrictions.set(scope, user, moderator, restriction, now);
    if active {
        world.servers.kick(scope.0, scope.1, user);
    }
    let response = world.restrictions.json(scope, user, now);
    if let Some(key) = key {
        world.restrictions.remember(key.to_owned(), response.clone());
    }
    Ok(Answer::json(&response))
}

fn logs(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    check_universe(world, call.id(0))?;
    let filter = call.head.query_value("filter").unwrap_or_default();
    let (mut user, mut place) = (None, None);
    for part in filter.split("&&").map(|part| part.trim().trim_matches('"')).filter(|part| !part.is_empty()) {
        let invalid = || call.invalid(format!("The filter '{part}' is invalid."));
        let (field, value) = part.split_once("==").ok_or_else(invalid)?;
        let value = value.trim();
        let value = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).ok_or_else(invalid)?;
        let (slot, prefix) = match field.trim() {
            "user" => (&mut user, "users/"),
            "place" => (&mut place, "places/"),
            _ => return Err(invalid()),
        };
        *slot = Some(value.strip_prefix(prefix).and_then(decimal).ok_or_else(invalid)?);
    }
    let listed = world.restrictions.logs(call.id(0), user, place);
    Ok(PageRequest::read(call.head, Some(filter))?.page("logs", listed.into_iter()))
}
