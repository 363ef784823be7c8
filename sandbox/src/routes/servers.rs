//! Game servers, their restarts, and messages to them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use rblxopencloud::endpoints::{
    FORECAST_RESTART, GET_GAME_SERVER_FILTERS, LIST_GAME_SERVER_LOGS, LIST_GAME_SERVERS, LIST_RESTARTS,
    PUBLISH_MESSAGE, RESTART_SERVERS, RESTART_UNIVERSE_SERVERS,
};
use serde_json::{Map, Value, json};

use super::{Call, Route, experiences};
use crate::http::Answer;
use crate::world::World;
use crate::world::filter::decimal;
use crate::world::servers::{PlaceFilter, PublishedMessage, RestartRequest};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(RESTART_SERVERS, restart),
    Route::new(LIST_RESTARTS, list_restarts),
    Route::new(FORECAST_RESTART, forecast),
    Route::new(RESTART_UNIVERSE_SERVERS, restart_universe),
    Route::new(PUBLISH_MESSAGE, publish),
    Route::new(LIST_GAME_SERVERS, list),
    Route::new(LIST_GAME_SERVER_LOGS, logs).with_names(),
    Route::new(GET_GAME_SERVER_FILTERS, filters),
];

const LONGEST_TOPIC: usize = 80;
const LARGEST_MESSAGE: usize = 1114;
const LARGEST_ATTRIBUTES: usize = 500;
/// The token of the page that repeats for ever.
const AGAIN: &str = "again";

/// A refusal in the form of RFC 7807.
fn problem(status: u16, detail: &str) -> Answer {
    let title = match status {
        400 => "Bad Request",
        404 => "Not Found",
        _ => "Error",
    };
    let body = json!({ "type": "about:blank", "title": title, "status": status, "detail": detail, "instance": null });
    Answer::new(status, body.to_string()).with_header("content-type", "application/problem+json")
}

/// As [`experiences::check_universe`] does, with a refusal of this API.
fn check_universe(world: &World, id: u64) -> Result<(), Answer> {
    match world.experiences.contains_key(&id) {
        true => Ok(()),
        false => Err(problem(404, &format!("The universe {id} doesn't exist."))),
    }
}

/// Reads a whole number of minutes, which can be missing.
fn minutes(value: Option<&Value>, most: u64) -> Result<Option<Duration>, Answer> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|minutes| (1..=most).contains(minutes)) {
            Some(minutes) => Ok(Some(Duration::from_secs(minutes * 60))),
            None => Err(problem(400, &format!("bleedOffDurationMinutes isn't a number from 1 to {most}."))),
        },
    }
}

fn place_filter(value: &Value) -> Result<PlaceFilter, Answer> {
    let fields = value.as_object().ok_or_else(|| problem(400, "A place filter isn't an object."))?;
    let versions = match fields.get("versions") {
        None | Some(Value::Null) => None,
        Some(Value::Array(versions)) => Some(versions.iter().filter_map(Value::as_u64).collect()),
        Some(_) => return Err(problem(400, "versions isn't a list.")),
    };
    let excludes_current = fields.get("excludeCurrentVersion").and_then(Value::as_bool).unwrap_or_default();
    if versions.is_some() && excludes_current {
        return Err(problem(400, "versions and excludeCurrentVersion are mutually exclusive."));
    }
    Ok(PlaceFilter { versions, excludes_current })
}

fn restart(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = call.id(0);
    check_universe(world, universe)?;
    let body = call.json()?;
    let places = match body.get("places") {
        None | Some(Value::Null) => None,
        Some(Value::Object(places)) => {
            let place = |(id, filter): (&String, &Value)| {
                let id = decimal(id).ok_or_else(|| problem(400, "A place ID isn't a number."))?;
                Ok((id, place_filter(filter)?))
            };
            Some(places.iter().map(place).collect::<Result<BTreeMap<_, _>, Answer>>()?)
        }
        Some(_) => return Err(problem(400, "places isn't an object.")),
    };
    let attributes = body.get("attributes").filter(|attributes| !attributes.is_null());
    if attributes.is_some_and(|json| !json.is_object() || json.to_string().len() > LARGEST_ATTRIBUTES) {
        return Err(problem(400, "attributes isn't a JSON object of at most 500 bytes."));
    }
    let request = RestartRequest {
        bleed_off: minutes(body.get("bleedOffDurationMinutes"), 240)?.unwrap_or_default(),
        places: places.filter(|places| !places.is_empty()),
        filter: PlaceFilter::default(),
        attributes: attributes.cloned(),
        is_listed: true,
    };
    let now = world.settle_servers();
    Ok(Answer::json(&world.servers.restart(universe, request, now)))
}

fn restart_universe(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = call.id(0);
    experiences::check_universe(world, universe)?;
    let body = call.json()?;
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or_default();
    let bleeds = flag("bleedOffServers");
    let bleed_off = match body.get("bleedOffDurationMinutes").map(Value::as_u64) {
        Some(Some(minutes)) if bleeds && (1..=60).contains(&minutes) => Duration::from_secs(minutes * 60),
        None => Duration::ZERO,
        Some(_) => {
            return Err(call.invalid("bleedOffDurationMinutes isn't a number from 1 to 60 of servers that bleed off."));
        }
    };
    let filter = PlaceFilter { versions: None, excludes_current: !flag("closeAllVersions") };
    let ids = body.get("placeIds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64);
    let places: BTreeMap<u64, PlaceFilter> = ids.map(|id| (id, filter.clone())).collect();
    let places = Some(places).filter(|places| !places.is_empty());
    let now = world.settle_servers();
    world.servers.restart(
        universe,
        RestartRequest { bleed_off, places, filter, attributes: None, is_listed: false },
        now,
    );
    Ok(Answer::json(&json!({})))
}

fn list_restarts(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    check_universe(world, call.id(0))?;
    let now = world.settle_servers();
    Ok(Answer::json(&json!({ "restartStatuses": world.servers.statuses(call.id(0), now) })))
}

fn forecast(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    check_universe(world, call.id(0))?;
    world.settle_servers();
    Ok(Answer::json(&json!({ "placeForecasts": world.servers.forecast(call.id(0)) })))
}

fn publish(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = call.id(0);
    experiences::check_universe(world, universe)?;
    let body = call.json()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (topic, message) = (text("topic"), text("message"));
    if topic.is_empty() || topic.chars().count() > LONGEST_TOPIC {
        return Err(call.invalid("The topic doesn't have 1 to 80 characters."));
    }
    if message.is_empty() || message.len() > LARGEST_MESSAGE {
        return Err(call.invalid("The message doesn't have 1 to 1114 bytes."));
    }
    let message = PublishedMessage { topic: topic.to_owned(), text: message.to_owned() };
    world.servers.messages.entry(universe).or_default().push(message);
    Ok(match world.servers.answers_messages_with_nothing {
        true => Answer::new(200, ""),
        false => Answer::json(&json!({})),
    })
}

/// The page of a listing, by the parameters of this API.
fn page(call: &Call<'_>, least: usize, items: Vec<Value>) -> Result<(Vec<Value>, Option<String>), Answer> {
    let size = match call.head.query_value("MaxPageSize") {
        None => 25,
        Some(text) => match text.parse::<usize>() {
            Ok(size) if size >= least => size.min(100),
            _ => return Err(problem(400, "MaxPageSize is invalid.")),
        },
    };
    let offset = match call.head.query_value("PageToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let offset = token.strip_prefix("page-").and_then(|offset| offset.parse::<usize>().ok());
            offset.ok_or_else(|| problem(400, "PageToken is invalid."))?
        }
    };
    let total = items.len();
    let page: Vec<Value> = items.into_iter().skip(offset).take(size).collect();
    let end = offset + page.len();
    Ok((page, (size > 0 && end < total).then(|| format!("page-{end}"))))
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (universe, place, version) = (call.id(0), call.id(1), call.id(2));
    check_universe(world, universe)?;
    let now = world.settle_servers();
    let mut fields = Map::from_iter([("previousPageToken".to_owned(), Value::Null)]);
    let (active_fails, shut_down_fails) = (world.servers.active_fetch_fails, world.servers.shut_down_fetch_fails);
    fields.insert("activeServersFetchError".to_owned(), if active_fails { json!(true) } else { Value::Null });
    fields.insert("shutdownServersFetchError".to_owned(), if shut_down_fails { json!(true) } else { Value::Null });
    if call.head.query_value("PageToken") == Some(AGAIN) {
        fields.insert("gameServers".to_owned(), json!([]));
        fields.insert("nextPageToken".to_owned(), json!(AGAIN));
        return Ok(Answer::json(&Value::Object(fields)));
    }
    let mut servers = world.servers.list(universe, place, version, now);
    if let Some(filter) = call.head.query_value("Filter").filter(|filter| !filter.is_empty()) {
        let comparisons = filter.split("&&").map(Comparison::parse).collect::<Option<Vec<_>>>();
        let comparisons = comparisons.ok_or_else(|| problem(400, "Filter is invalid."))?;
        servers.retain(|server| comparisons.iter().all(|comparison| comparison.matches(server)));
    }
    if let Some(order) = call.head.query_value("OrderBy").filter(|order| !order.is_empty()) {
        let (field, descends) = order.strip_suffix(" desc").map_or((order, false), |field| (field, true));
        servers.sort_by(|one, other| {
            let order = compare(&one[field], &other[field]).unwrap_or(Ordering::Equal);
            if descends { order.reverse() } else { order }
        });
    }
    let total = servers.len();
    let (servers, mut next) = page(&call, 0, servers)?;
    if world.servers.has_endless_pages && !servers.is_empty() && next.is_none() {
        next = Some(AGAIN.to_owned());
    }
    fields.insert("gameServers".to_owned(), json!(servers));
    fields.insert("nextPageToken".to_owned(), json!(next));
    fields.insert("totalCount".to_owned(), if active_fails || shut_down_fails { Value::Null } else { json!(total) });
    Ok(Answer::json(&Value::Object(fields)))
}

/// A part of a filter, such as `occupancy > 0`.
struct Comparison {
    field: String,
    operator: &'static str,
    value: Value,
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        let (operator, at) =
            ["<=", ">=", "==", "<", ">"].into_iter().find_map(|operator| Some((operator, text.find(operator)?)))?;
        let value = text[at + operator.len()..].trim().replace('\'', "\"");
        let value = serde_json::from_str(&value).ok()?;
        Some(Self { field: text[..at].trim().to_owned(), operator, value })
    }

    fn matches(&self, server: &Value) -> bool {
        let order = compare(&server[&self.field], &self.value);
        order.is_some_and(|order| match self.operator {
            "<=" => order.is_le(),
            ">=" => order.is_ge(),
            "<" => order.is_lt(),
            ">" => order.is_gt(),
            _ => order.is_eq(),
        })
    }
}

fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

fn logs(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (universe, place) = (call.id(0), call.id(1));
    check_universe(world, universe)?;
    let entries = world.servers.logs(universe, place, call.name(3));
    let entries = entries.ok_or_else(|| problem(404, "The server doesn't exist."))?.to_vec();
    let (entries, next) = page(&call, 1, entries)?;
    Ok(Answer::json(&json!({ "gameServerLogs": entries, "nextPageToken": next })))
}

fn filters(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    check_universe(world, call.id(0))?;
    let versions = world.servers.versions(call.id(0), call.id(1));
    Ok(Answer::json(&json!({ "filters": {
        "PlaceVersion": { "field": "PlaceVersion", "type": "String", "values": versions },
        "EngineVersion": { "field": "EngineVersion", "type": "String", "values": ["0.700.0.7000000"] },
    } })))
}
