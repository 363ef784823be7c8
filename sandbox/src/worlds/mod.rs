//! The world as JSON, for files and for the control routes.

mod dump;
mod fill;
mod schema;
mod settings;
mod text;

use serde_json::{Map, Value};

pub(crate) use self::dump::Contents;
pub(crate) use self::schema::{Problem, TEXT as SCHEMA, read_as};
pub(crate) use self::text::{parse, pretty};
use super::demo;
use super::state::{RateLimit, Seed, State, lock};
use super::world::World;

/// Reads a world, and refuses what isn't one.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, Problem> {
    schema::read(&parse(text)?)
}

/// Replaces the world. Nothing is changed if it can't be made.
pub(crate) fn replace(state: &State, given: &Map<String, Value>) -> Result<(), Problem> {
    let (mut world, mut limit) = (World::default(), None);
    fill::fill(&mut world, &mut limit, given, None)?;
    let known = lock(&state.world);
    world.advance_clock(known.clock().ahead);
    world.luau.share_runner(&known.luau);
    drop(known);
    put(state, world, limit);
    Ok(())
}

/// Adds to the world. Nothing is changed if something can't be added.
pub(crate) fn add(state: &State, given: &Map<String, Value>) -> Result<(), Problem> {
    let mut limit = lock(&state.limiter).limit();
    let before = limit;
    let mut world = lock(&state.world);
    world.settle();
    fill::fill(&mut World::default(), &mut limit.clone(), given, Some(&world))?;
    fill::fill(&mut world, &mut limit, given, None)?;
    drop(world);
    if limit != before {
        lock(&state.limiter).set(limit);
    }
    Ok(())
}

/// Returns the world.
pub(crate) fn dump(state: &State, contents: Contents) -> Value {
    let limit = lock(&state.limiter).limit();
    let mut world = lock(&state.world);
    world.settle();
    dump::dump(&world, limit, contents)
}

/// Returns all settings, with the default ones.
pub(crate) fn settings(state: &State) -> Value {
    let limit = lock(&state.limiter).limit();
    Value::Object(settings::all(&lock(&state.world), limit))
}

/// Replaces each setting that is null by its default.
pub(crate) fn replace_nulls(given: &mut Value) {
    let usual = settings::all(&World::default(), None);
    for (name, value) in given.as_object_mut().into_iter().flatten() {
        if let (true, Some(default)) = (value.is_null(), usual.get(name)) {
            *value = default.clone();
        }
    }
}

/// Fills the world with what is there at the start.
pub(crate) fn begin(state: &State) -> Result<(), Problem> {
    let (mut world, mut limit) = (World::default(), None);
    match &state.seed {
        Seed::Empty => {}
        Seed::Demo { unknown_kinds } => demo::fill(&mut world, *unknown_kinds),
        Seed::World(given) => fill::fill(&mut world, &mut limit, given, None)?,
    }
    put(state, world, limit);
    Ok(())
}

/// Goes back to the start: faults, requests, operations and tokens are gone.
pub(crate) fn reset(state: &State) {
    // What was filled before can be filled again.
    let _ = begin(state);
    lock(&state.limiter).refused = 0;
    lock(&state.faults).clear();
    lock(&state.log).clear();
}

fn put(state: &State, new: World, limit: Option<RateLimit>) {
    let mut world = lock(&state.world);
    let old = std::mem::replace(&mut *world, new);
    (world.service_url, world.delivery_url) = (old.service_url, old.delivery_url);
    drop(world);
    lock(&state.limiter).set(limit);
}
