//! Ordered data stores.

use rblxopencloud::endpoints::{
    CREATE_ORDERED_ENTRY, DELETE_ORDERED_ENTRY, GET_ORDERED_ENTRY, INCREMENT_ORDERED_ENTRY, LIST_ORDERED_ENTRIES,
    UPDATE_ORDERED_ENTRY,
};
use serde_json::{Value, json};

use super::experiences::check_universe;
use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::World;
use crate::world::ordered::{Bounds, OrderedScope, json as entry_json};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(GET_ORDERED_ENTRY, get).with_names(),
    Route::new(LIST_ORDERED_ENTRIES, list).with_names(),
    Route::new(CREATE_ORDERED_ENTRY, create).with_names(),
    Route::new(UPDATE_ORDERED_ENTRY, update).with_names(),
    Route::new(INCREMENT_ORDERED_ENTRY, increment).with_names(),
    Route::new(DELETE_ORDERED_ENTRY, delete).with_names(),
];

/// The most characters of the name of a store, and of a scope.
const LONGEST_NAME: usize = 50;
/// The most characters of the id of an entry.
const LONGEST_ID: usize = 63;
/// The largest number that doubles hold exactly, at which the service clamps.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Returns the scope that a call is about, which can be empty.
fn scope(world: &World, call: &Call<'_>) -> Result<OrderedScope, Answer> {
    check_universe(world, call.id(0))?;
    for (what, name) in [("data store", call.name(1)), ("scope", call.name(2))] {
        if name.chars().count() > LONGEST_NAME {
            return Err(call.invalid(format!("The name of the {what} is longer than {LONGEST_NAME} characters.")));
        }
    }
    Ok((call.id(0), call.name(1).to_owned(), call.name(2).to_owned()))
}

fn check_id<'i>(call: &Call<'_>, id: &'i str) -> Result<&'i str, Answer> {
    match id.chars().count() {
        1..=LONGEST_ID => Ok(id),
        _ => Err(call.invalid(format!("The ID doesn't have 1 to {LONGEST_ID} characters."))),
    }
}

fn no_such_entry() -> Answer {
    Answer::v2(404, "NOT_FOUND", "Entry not found in the data store.")
}

/// Reads a number of the body.
fn number(call: &Call<'_>, field: &str) -> Result<f64, Answer> {
    let body = call.json()?;
    let number = body.get(field).and_then(Value::as_f64);
    number.ok_or_else(|| call.invalid(format!("The field {field} isn't a number.")))
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let scope = scope(world, &call)?;
    let id = check_id(&call, call.name(3))?;
    let value = world.ordered.get(&scope, id).ok_or_else(no_such_entry)?;
    Ok(Answer::json(&entry_json(&scope, id, value)))
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let scope = scope(world, &call)?;
    let filter = call.head.query_value("filter").filter(|filter| !filter.is_empty());
    let bounds = filter.map(Bounds::parse).transpose().map_err(|message| call.invalid(message))?.unwrap_or_default();
    let is_descending = match call.head.query_value("orderBy").map(str::trim) {
        None | Some("" | "value" | "value asc") => false,
        Some("value desc") => true,
        Some(order) => return Err(call.invalid(format!("The order '{order}' is invalid."))),
    };
    let request = PageRequest::read(call.head, Some(filter.unwrap_or_default()))?;
    let mut entries = world.ordered.sorted(&scope);
    if is_descending {
        entries.reverse();
    }
    let entries = entries.into_iter().filter(|(_, value)| bounds.contain(*value));
    Ok(request.page("orderedDataStoreEntries", entries.map(|(id, value)| entry_json(&scope, id, value))))
}

fn create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let scope = scope(world, &call)?;
    let id = check_id(&call, call.head.query_value("id").unwrap_or_default())?;
    let value = number(&call, "value")?;
    if world.ordered.get(&scope, id).is_some() {
        return Err(call.invalid("Entry already exists in the data store."));
    }
    Ok(set(world, &scope, id, value))
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let scope = scope(world, &call)?;
    let id = check_id(&call, call.name(3))?;
    let value = number(&call, "value")?;
    let allows_missing = call.head.query_value("allowMissing") == Some("true");
    if !allows_missing && world.ordered.get(&scope, id).is_none() {
        return Err(no_such_entry());
    }
    Ok(set(world, &scope, id, value))
}

fn increment(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let scope = scope(world, &call)?;
    let id = check_id(&call, call.name(3))?;
    let amount = number(&call, "amount")?;
    if amount.fract() != 0.0 {
        return Err(call.invalid("The amount isn't an integer."));
    }
    let value = world.ordered.get(&scope, id).unwrap_or_default() + amount;
    // What is kept can be beyond what is answered.
    world.ordered.set(&scope, id, value);
    Ok(Answer::json(&entry_json(&scope, id, value.clamp(-LARGEST, LARGEST))))
}

fn delete(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let scope = scope(world, &call)?;
    match world.ordered.remove(&scope, check_id(&call, call.name(3))?) {
        true => Ok(Answer::json(&json!({}))),
        false => Err(no_such_entry()),
    }
}

fn set(world: &mut World, scope: &OrderedScope, id: &str, value: f64) -> Answer {
    world.ordered.set(scope, id, value);
    Answer::json(&entry_json(scope, id, value.round()))
}
