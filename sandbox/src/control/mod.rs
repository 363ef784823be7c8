//! The routes beside those of the service, under `/sandbox`: the page in the browser, and what tests in any language need.

mod faults;
mod guard;
mod requests;

use std::time::Duration;

use serde_json::{Map, Value, json};

pub(crate) use self::guard::check;
use super::http::{Answer, Head};
use super::routes::{ACCESS_TOKEN, API_KEY};
use super::state::{State, lock};
use super::worlds::{self, Contents, Problem};

/// The largest body: a world with all contents that a sandbox keeps.
pub(crate) const LARGEST_BODY: u64 = 512 * 1024 * 1024;

const PAGE: &str = include_str!("page.html");

/// The page may do what it is there for, and no other site may frame it.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A control request.
struct Call<'a> {
    state: &'a State,
    head: &'a Head,
    body: &'a [u8],
    /// What the braces of the path stand for.
    params: Vec<&'a str>,
}

type Run = fn(&Call<'_>) -> Result<Answer, Answer>;

const ROUTES: &[(&str, &str, Run)] = &[
    ("GET", "/sandbox", page),
    ("GET", "/sandbox/info", info),
    ("GET", "/sandbox/world", get_world),
    ("PUT", "/sandbox/world", put_world),
    ("PATCH", "/sandbox/world", patch_world),
    ("GET", "/sandbox/world.schema.json", get_schema),
    ("DELETE", "/sandbox/world/{list}/{id}", delete_entry),
    ("GET", "/sandbox/settings", get_settings),
    ("PATCH", "/sandbox/settings", patch_settings),
    ("GET", "/sandbox/faults", faults::list),
    ("POST", "/sandbox/faults", faults::inject),
    ("DELETE", "/sandbox/faults", faults::clear),
    ("GET", "/sandbox/requests", requests::list),
    ("DELETE", "/sandbox/requests", requests::clear),
    ("GET", "/sandbox/operations", get_operations),
    ("POST", "/sandbox/entries", add_entries),
    ("POST", "/sandbox/clock", move_clock),
    ("POST", "/sandbox/expire-tokens", expire_tokens),
    ("POST", "/sandbox/revoke-authorizations", revoke_authorizations),
    ("POST", "/sandbox/rotate-signing-key", rotate_signing_key),
    ("POST", "/sandbox/reset", reset),
];

/// Whether a request is one to these routes.
pub(crate) fn serves(head: &Head) -> bool {
    head.path == "/sandbox" || head.path.starts_with("/sandbox/") || guard::opens_root(head)
}

/// Carries out a request that was [checked](check).
pub(crate) fn answer(state: &State, head: &Head, body: &[u8]) -> Answer {
    if head.path == "/" {
        return Answer::new(302, "").with_header("location", "/sandbox");
    }
    let path = if head.path == "/sandbox/" { "/sandbox" } else { &head.path };
    let mut allowed = Vec::new();
    for (method, template, run) in ROUTES {
        let Some(params) = params(template, path) else { continue };
        if *method == head.method {
            let answer = run(&Call { state, head, body, params }).unwrap_or_else(|refusal| refusal);
            return finish(answer);
        }
        allowed.push(*method);
    }
    finish(match allowed.is_empty() {
        false => {
            refusal(405, &format!("{path} takes {}.", allowed.join(", "))).with_header("allow", allowed.join(", "))
        }
        true => {
            let all: Vec<String> = ROUTES.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
            refusal(404, &format!("There is no {path}, but {}.", all.join(", ")))
        }
    })
}

/// A refusal, with a message for people.
pub(crate) fn refusal(status: u16, message: &str) -> Answer {
    let code = if status == 404 { "NOT_FOUND" } else { "INVALID_ARGUMENT" };
    Answer::v2(status, code, message)
}

/// Ends the body with a line break, so that the prompt of a shell isn't on the line that `curl` prints.
fn finish(mut answer: Answer) -> Answer {
    if !answer.body.is_empty() && !answer.body.ends_with(b"\n") {
        answer.body.push(b'\n');
    }
    answer.with_header("cache-control", "no-store").with_header("x-content-type-options", "nosniff")
}

fn params<'a>(template: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for wanted in template.split('/') {
        let segment = segments.next()?;
        if wanted.starts_with('{') {
            params.push(segment);
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(params)
}

impl Call<'_> {
    fn text(&self) -> Result<&str, Answer> {
        std::str::from_utf8(self.body).map_err(|_| refusal(400, "The body isn't UTF-8."))
    }

    /// Reads the body by one of the schema's definitions.
    fn json(&self, definition: &str) -> Result<Value, Answer> {
        let value = worlds::parse(self.text()?).map_err(refused)?;
        worlds::read_as(definition, &value, "").map_err(refused)
    }
}

fn refused(problem: Problem) -> Answer {
    refusal(400, &problem.to_string())
}

fn done() -> Answer {
    Answer::json(&json!({}))
}

fn page(_: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::new(200, PAGE)
        .with_header("content-type", "text/html; charset=utf-8")
        .with_header("content-security-policy", POLICY)
        .with_header("referrer-policy", "no-referrer"))
}

fn info(call: &Call<'_>) -> Result<Answer, Answer> {
    let refused = lock(&call.state.limiter).refused;
    Ok(Answer::json(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "url": lock(&call.state.world).service_url,
        "apiKey": API_KEY,
        "accessToken": ACCESS_TOKEN,
        "rateLimited": refused,
    })))
}

fn get_world(call: &Call<'_>) -> Result<Answer, Answer> {
    let contents = match call.head.query_value("contents") {
        None | Some("true") => Contents::Whole,
        Some("false") => Contents::Described,
        Some(_) => return Err(refusal(400, "The parameter contents is neither true nor false.")),
    };
    Ok(Answer::new(200, worlds::pretty(&worlds::dump(call.state, contents))))
}

fn put_world(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = worlds::read(call.text()?).map_err(refused)?;
    worlds::replace(call.state, &given).map_err(refused)?;
    Ok(done())
}

fn patch_world(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = worlds::read(call.text()?).map_err(refused)?;
    worlds::add(call.state, &given).map_err(refused)?;
    Ok(done())
}

fn get_schema(_: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::new(200, worlds::SCHEMA).with_header("content-type", "application/schema+json"))
}

fn delete_entry(call: &Call<'_>) -> Result<Answer, Answer> {
    let (list, name) = (call.params[0], call.params[1]);
    let id = name.parse::<u64>().map_err(|_| refusal(400, &format!("The id {name} isn't a number.")));
    let mut world = lock(&call.state.world);
    world.settle();
    let was_there = match list {
        "users" => world.remove_user(id?),
        "groups" => world.groups.remove(id?),
        "experiences" => world.remove_experience(id?),
        "assets" => world.remove_asset(id?),
        "apps" => world.sign_ins.apps.remove(name).is_some(),
        _ => return Err(refusal(404, "The lists are users, groups, experiences, assets and apps.")),
    };
    if was_there { Ok(done()) } else { Err(refusal(404, &format!("There is no {name} in {list}."))) }
}

fn get_settings(call: &Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::json(&worlds::settings(call.state)))
}

fn patch_settings(call: &Call<'_>) -> Result<Answer, Answer> {
    let mut given = worlds::parse(call.text()?).map_err(refused)?;
    worlds::replace_nulls(&mut given);
    let settings = worlds::read_as("settings", &given, "").map_err(refused)?;
    let given = Map::from_iter([("settings".to_owned(), settings)]);
    worlds::add(call.state, &given).map_err(refused)?;
    get_settings(call)
}

fn get_operations(call: &Call<'_>) -> Result<Answer, Answer> {
    let mut world = lock(&call.state.world);
    world.settle();
    let operations: Vec<&Value> = world.operations.answers().collect();
    Ok(Answer::json(&json!({ "operations": operations })))
}

fn add_entries(call: &Call<'_>) -> Result<Answer, Answer> {
    let name = |name| call.head.query_value(name);
    let target = match (name("universeId"), name("dataStore")) {
        (None, None) => None,
        (Some(id), Some(store)) => {
            let id = id.parse().map_err(|_| refusal(400, &format!("The parameter universeId isn't an id: {id}")))?;
            Some((id, store.to_owned()))
        }
        _ => return Err(refusal(400, "The parameters universeId and dataStore need each other.")),
    };
    let entries = worlds::read_lines(call.text()?, target).map_err(|problem| refusal(400, &problem))?;
    lock(&call.state.world).add_entries(&entries);
    Ok(Answer::json(&json!({ "entries": entries.entries.len() })))
}

fn move_clock(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = call.json("clock")?;
    let seconds = given["advanceSeconds"].as_u64().unwrap_or_default();
    let mut world = lock(&call.state.world);
    world.advance_clock(Duration::from_secs(seconds));
    Ok(Answer::json(&json!({ "aheadSeconds": world.clock().ahead.as_secs(), "now": world.clock().timestamp() })))
}

fn expire_tokens(call: &Call<'_>) -> Result<Answer, Answer> {
    lock(&call.state.world).sign_ins.expire_access_tokens();
    Ok(done())
}

fn revoke_authorizations(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = call.json("revocation")?;
    let user = given["userId"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
    lock(&call.state.world).sign_ins.revoke_user(user);
    Ok(done())
}

fn rotate_signing_key(call: &Call<'_>) -> Result<Answer, Answer> {
    lock(&call.state.world).sign_ins.signer.rotate();
    Ok(done())
}

fn reset(call: &Call<'_>) -> Result<Answer, Answer> {
    worlds::reset(call.state);
    Ok(done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_documented() {
        let page = include_str!("../../docs/control.md");
        for (method, path, _) in ROUTES {
            assert!(page.contains(&format!("`{method} {path}`")), "{method} {path}");
        }
    }
}
