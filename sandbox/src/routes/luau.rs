//! Luau tasks, and the host that takes their inputs and delivers their outputs.

use std::time::Duration;

use rblxopencloud::Endpoint;
use rblxopencloud::endpoints::{
    CREATE_LUAU_BINARY_INPUT, CREATE_LUAU_TASK, CREATE_LUAU_VERSION_TASK, GET_LUAU_TASK, LIST_LUAU_TASK_LOGS,
};
use serde_json::{Map, Value, json};

use super::experiences::check_universe;
use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::World;
use crate::world::luau::{LONGEST, NewTask};

/// The largest script.
const LARGEST_SCRIPT: usize = 4 * 1024 * 1024;
/// The largest input.
const LARGEST_INPUT: usize = 100 * 1024 * 1024;
/// JSON may escape each byte of a script.
const LARGEST_TASK: usize = 6 * LARGEST_SCRIPT + 4096;

pub(crate) const ROUTES: &[Route] = &[
    Route::new(CREATE_LUAU_TASK, create).reading(LARGEST_TASK),
    Route::new(CREATE_LUAU_VERSION_TASK, create).reading(LARGEST_TASK),
    Route::new(GET_LUAU_TASK, get).with_names(),
    Route::new(LIST_LUAU_TASK_LOGS, list_logs).with_names(),
    Route::new(CREATE_LUAU_BINARY_INPUT, create_input),
];

const PUT_INPUT: Endpoint = Endpoint::put("/luau-inputs/{input}").without_key();
const GET_OUTPUT: Endpoint = Endpoint::get("/luau-outputs/{output}").without_key();

/// The routes of the other host.
pub(crate) const DELIVERY: &[Route] = &[
    Route::new(PUT_INPUT, put_input).with_names().reading(LARGEST_INPUT + 1),
    Route::new(GET_OUTPUT, get_output).with_names(),
];

fn create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (universe, place) = (call.id(0), call.id(1));
    check_universe(world, universe)?;
    let known = world.places.by_id.get(&place).filter(|place| place.universe == universe);
    let known = known.ok_or_else(|| Answer::v2(404, "NOT_FOUND", format!("The place {place} doesn't exist.")))?;
    // The newest version of a place that nobody has published is its first.
    let (newest, loads) = (known.newest().max(1), known.loads);
    let version = call.id_or_wildcard(2).unwrap_or(newest);
    if !(1..=newest).contains(&version) {
        return Err(Answer::v2(404, "NOT_FOUND", format!("The version {version} doesn't exist.")));
    }
    let fields = call.json()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let script = text("script").ok_or_else(|| call.invalid("The script is missing."))?;
    if script.len() > LARGEST_SCRIPT {
        return Err(call.invalid(format!("The script is longer than {LARGEST_SCRIPT} bytes.")));
    }
    let timeout = text("timeout").map(|text| timeout(text).ok_or_else(|| call.invalid("The timeout is invalid.")));
    let input = text("binaryInput");
    if input.is_some_and(|path| !world.luau.has_input(universe, path)) {
        return Err(call.invalid("The binary input doesn't exist, or wasn't uploaded."));
    }
    let has_output = matches!(fields.get("enableBinaryOutput"), Some(Value::Bool(true)));
    let made = NewTask {
        universe,
        place,
        version,
        user: world.acting_user().to_string(),
        script: script.to_owned(),
        timeout: timeout.transpose()?,
        timeout_text: text("timeout").map(str::to_owned),
        input: input.map(str::to_owned),
        has_output,
        loads,
    };
    if !world.luau.has_slot(universe, place) {
        let message = "The place has as many unfinished tasks as it can have.";
        return Err(Answer::v2(429, "RESOURCE_EXHAUSTED", message));
    }
    Ok(Answer::json(&world.luau.begin(made)))
}

/// Reads a duration such as `60s` or `1.5s`.
fn timeout(text: &str) -> Option<Duration> {
    let number =
        text.strip_suffix('s').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))?;
    let duration = Duration::try_from_secs_f64(number.parse().ok()?).ok()?;
    Some(duration).filter(|duration| !duration.is_zero() && *duration <= LONGEST)
}

/// Returns the path of the task that a request names.
fn path(call: &Call<'_>) -> String {
    let [universe, place, version, session, task] = [0, 1, 2, 3, 4].map(|index| call.name(index));
    format!("universes/{universe}/places/{place}/versions/{version}/luau-execution-sessions/{session}/tasks/{task}")
}

fn no_such_task() -> Answer {
    Answer::v2(404, "NOT_FOUND", "The task doesn't exist.")
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let with_script = match call.head.query_value("view") {
        None | Some("VIEW_UNSPECIFIED" | "BASIC") => false,
        Some("FULL") => true,
        Some(_) => return Err(call.invalid("The view is unknown.")),
    };
    let task = world.luau.get(&path(&call), with_script, &world.delivery_url);
    task.map(|task| Answer::json(&task)).ok_or_else(no_such_task)
}

fn list_logs(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let is_flat = match call.head.query_value("view") {
        None | Some("VIEW_UNSPECIFIED" | "FLAT") => true,
        Some("STRUCTURED") => false,
        Some(_) => return Err(call.invalid("The view is unknown.")),
    };
    let request = PageRequest::read_sized(10_000, 10_000, call.head, None)?;
    let logs = world.luau.logs(&path(&call), is_flat).ok_or_else(no_such_task)?;
    Ok(request.page("luauExecutionSessionTaskLogs", logs.into_iter()))
}

fn create_input(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = call.id(0);
    check_universe(world, universe)?;
    let fields: Map<String, Value> = call.json()?;
    let size = fields.get("size").and_then(|size| size.as_u64().or_else(|| size.as_str()?.parse().ok()));
    let size = size.filter(|size| (1..=LARGEST_INPUT as u64).contains(size));
    let size = size.ok_or_else(|| call.invalid("The size is not a number from 1 to 104857600."))?;
    let (path, id) = world.luau.add_input(universe, size);
    let uri = format!("{}/luau-inputs/{id}?signature=sandbox", world.delivery_url);
    Ok(Answer::json(&json!({ "path": path, "size": size, "uploadUri": uri })))
}

fn put_input(world: &mut World, mut call: Call<'_>) -> Result<Answer, Answer> {
    let content = std::mem::take(&mut call.body);
    let stored = world.luau.upload_input(call.name(0), content);
    stored
        .map(|()| Answer::new(200, ""))
        .map_err(|code| Answer::new(403, format!("<Error><Code>{code}</Code></Error>")))
}

fn get_output(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let output = world.luau.output(call.name(0)).ok_or_else(|| Answer::new(403, "<Error>AccessDenied</Error>"))?;
    Ok(super::delivery::deliver(&call, &output, "application/octet-stream"))
}
