//! The endpoints that the sandbox serves: one table for each kind of resource.

mod assets;
mod consent;
mod data_stores;
mod delivery;
pub(crate) mod document;
mod experiences;
mod groups;
mod inventory;
mod keys;
mod luau;
mod memory;
pub(crate) mod oauth2;
mod ordered;
mod places;
mod restrictions;
mod search;
mod servers;
mod store;
mod users;
mod versions;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rblxopencloud::Endpoint;
use serde_json::{Map, Value};

use super::http::{Answer, Head, Part};
use super::state::LARGEST_KEPT;
use super::world::World;
use super::world::filter::decimal;
use super::world::throttles::{Kind, Throttled, Use};

pub(crate) const API_KEY: &str = "sandbox-api-key";
pub(crate) const ACCESS_TOKEN: &str = "sandbox-access-token";

/// A host that the sandbox plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Site {
    Service,
    Delivery,
}

impl Site {
    const fn tables(self) -> &'static [&'static [Route]] {
        match self {
            Self::Service => &[
                users::ROUTES,
                inventory::ROUTES,
                groups::ROUTES,
                experiences::ROUTES,
                places::ROUTES,
                assets::ROUTES,
                versions::ROUTES,
                store::ROUTES,
                search::ROUTES,
                keys::ROUTES,
                oauth2::ROUTES,
                luau::ROUTES,
                servers::ROUTES,
                restrictions::ROUTES,
                data_stores::ROUTES,
                ordered::ROUTES,
                memory::ROUTES,
            ],
            Self::Delivery => &[delivery::ROUTES, luau::DELIVERY],
        }
    }
}

/// An endpoint, and the function that carries out its requests. Scopes, keys and budgets come from the endpoint.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    run: fn(&mut World, Call<'_>) -> Result<Answer, Answer>,
    /// The body is a form.
    pub(crate) takes_form: bool,
    /// How many bytes of any other body it reads.
    pub(crate) reads: usize,
    /// The body is a file.
    pub(crate) takes_file: bool,
    /// The parameters are names; otherwise they are decimal ids.
    has_names: bool,
    /// A parameter can be `-`, which stands for all.
    has_wildcard: bool,
}

/// The body of a request.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// The parts of a form, or the file that the body is.
    pub(crate) parts: Vec<Part>,
    /// Any other body.
    pub(crate) body: Vec<u8>,
}

/// An authorized request.
pub(crate) struct Call<'a> {
    pub(crate) head: &'a Head,
    params: &'a [String],
    endpoint: &'a Endpoint,
    pub(crate) parts: Vec<Part>,
    body: Vec<u8>,
}

impl Call<'_> {
    /// Returns the id at `index`, which has been checked.
    fn id(&self, index: usize) -> u64 {
        self.id_or_wildcard(index).unwrap_or_default()
    }

    /// Returns the id at `index`. `None` is the wildcard.
    fn id_or_wildcard(&self, index: usize) -> Option<u64> {
        decimal(self.name(index))
    }

    /// Returns the body, which must be a JSON object.
    fn json(&self) -> Result<Map<String, Value>, Answer> {
        serde_json::from_slice(&self.body)
            .map_err(|error| self.invalid(format!("The body isn't a JSON object: {error}.")))
    }

    /// A refusal of an argument.
    fn invalid(&self, message: impl AsRef<str>) -> Answer {
        refusal(self.endpoint, 400, "INVALID_ARGUMENT", message.as_ref())
    }

    fn name(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }
}

/// A route and the parameters of a matching path.
#[derive(Debug)]
pub(crate) struct Matched {
    pub(crate) route: &'static Route,
    pub(crate) params: Vec<String>,
}

impl Route {
    const fn new(endpoint: Endpoint, run: fn(&mut World, Call<'_>) -> Result<Answer, Answer>) -> Self {
        Self {
            endpoint,
            run,
            takes_form: false,
            reads: LARGEST_KEPT,
            takes_file: false,
            has_names: false,
            has_wildcard: false,
        }
    }

    const fn with_form(mut self) -> Self {
        self.takes_form = true;
        self
    }

    /// Reads so many bytes of the body.
    const fn reading(mut self, bytes: usize) -> Self {
        self.reads = bytes;
        self
    }

    const fn with_file(mut self) -> Self {
        self.takes_file = true;
        self
    }

    const fn with_names(mut self) -> Self {
        self.has_names = true;
        self
    }

    const fn with_wildcard(mut self) -> Self {
        self.has_wildcard = true;
        self
    }

    fn check(&self, param: &str) -> Result<(), Answer> {
        if self.has_names || (self.has_wildcard && param == "-") || decimal(param).is_some() {
            return Ok(());
        }
        let message = format!("The ID '{param}' is not a decimal number.");
        Err(refusal(&self.endpoint, 400, "INVALID_ARGUMENT", &message))
    }
}

impl Matched {
    /// Finds the route of a request.
    pub(crate) fn find(site: Site, head: &Head) -> Result<Self, Answer> {
        // An escaped slash or colon is part of a name.
        let segments: Vec<&str> = head.path.strip_prefix('/').unwrap_or_default().split('/').collect();
        let routes = site.tables().iter().flat_map(|table| table.iter());
        let matched = routes
            .filter(|route| route.endpoint.method().as_str() == head.method)
            .find_map(|route| Some((route, document::params(route.endpoint.path(), &segments)?)));
        let Some((route, params)) = matched else {
            let segments: Vec<_> =
                segments.iter().map(|segment| percent_decode_str(segment).decode_utf8_lossy()).collect();
            let segments: Vec<&str> = segments.iter().map(|segment| &**segment).collect();
            return Err(match site {
                Site::Service => unserved(&head.method, &segments),
                Site::Delivery => Answer::new(404, "<Error>NotFound</Error>"),
            });
        };
        params.iter().try_for_each(|param| route.check(param))?;
        Ok(Self { route, params: params.into_iter().map(Cow::into_owned).collect() })
    }

    /// Carries out an authorized request.
    pub(crate) fn run(&self, world: &mut World, head: &Head, caller: Caller, sent: Sent) -> Answer {
        world.settle();
        world.enter(caller);
        let Sent { parts, body } = sent;
        let call = Call { head, params: &self.params, endpoint: &self.route.endpoint, parts, body };
        (self.route.run)(world, call).unwrap_or_else(|refusal| refusal)
    }
}

/// Counts a request of player data, and refuses one beyond the limits of the experience.
fn throttled(world: &mut World, kind: Kind, universe: u64, what: Use) -> Result<(), Answer> {
    let now = world.clock().timestamp();
    world.throttles.take(kind, universe, what, now).map_err(too_many)
}

fn too_many(throttled: Throttled) -> Answer {
    Answer::v2(429, "RESOURCE_EXHAUSTED", throttled.message())
}

/// Returns a refusal in the form of the endpoint's API version.
pub(crate) fn refusal(endpoint: &Endpoint, status: u16, code: &str, message: &str) -> Answer {
    if endpoint.path().starts_with("/cloud/v2/") {
        Answer::v2(status, code, message)
    } else {
        Answer::v1(status, code, message)
    }
}

/// Distinguishes endpoints that the sandbox doesn't serve from unknown paths.
fn unserved(method: &str, segments: &[&str]) -> Answer {
    let Some((methods, template)) = document::find(segments) else { return Answer::gateway(404, "NotFound") };
    if !methods.split(", ").any(|known| known == method) {
        return Answer::gateway(405, "MethodNotAllowed").with_header("allow", methods);
    }
    let message = format!("The sandbox doesn't serve {method} {template}.");
    if template.starts_with("/assets/v1/") {
        Answer::v1(501, "NOT_IMPLEMENTED", message)
    } else {
        Answer::v2(501, "NOT_IMPLEMENTED", message)
    }
}

/// Whether an endpoint accepts the request without credentials.
pub(crate) fn needs_no_credentials(head: &Head, endpoint: &Endpoint) -> bool {
    let has_none = head.api_key.is_none() && head.authorization.is_none();
    endpoint.is_keyless() || (has_none && !endpoint.needs_credentials())
}

/// Whose credentials a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// The request needs none.
    Nobody,
    Key,
    /// The token that the sandbox itself gives out.
    Token,
    /// A token that a user has granted.
    Authorization(usize),
}

/// Refuses requests without a key, or with a wrong one.
pub(crate) fn authenticate(world: &World, head: &Head) -> Result<Caller, Answer> {
    match (&head.api_key, &head.authorization) {
        (Some(key), _) if key == API_KEY => Ok(Caller::Key),
        (Some(_), _) => Err(Answer::gateway(401, "Invalid API Key")),
        (None, Some(value)) => {
            let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            token
                .and_then(|(_, token)| world.caller(token))
                .ok_or_else(|| Answer::v2(401, "UNAUTHENTICATED", "The access token is invalid."))
        }
        (None, None) => Err(Answer::gateway(401, "Missing API Key Header")),
    }
}

/// Adds to a refusal of the authorization server's endpoints how to authenticate (RFC 6750, section 3).
pub(crate) fn with_challenge(head: &Head, refusal: Answer) -> Answer {
    match (refusal.status, &head.authorization) {
        (401, _) if !head.path.starts_with("/oauth/") => refusal,
        (401, Some(_)) => refusal.with_header("www-authenticate", "Bearer error=\"invalid_token\""),
        (401, None) => refusal.with_header("www-authenticate", "Bearer"),
        _ => refusal,
    }
}

impl World {
    /// Returns whose access token it is.
    fn caller(&self, token: &str) -> Option<Caller> {
        if token == ACCESS_TOKEN {
            return Some(Caller::Token);
        }
        self.sign_ins.authorization_of(token).map(Caller::Authorization)
    }

    /// Remembers whose request is carried out.
    fn enter(&mut self, caller: Caller) {
        self.authorization = match caller {
            Caller::Authorization(authorization) => Some(authorization),
            _ => None,
        };
    }
}

/// Refuses a key that a group owns where only those of users are accepted, and credentials that lack a scope.
pub(crate) fn authorize(world: &mut World, caller: Caller, head: &Head, endpoint: &Endpoint) -> Result<(), Answer> {
    if needs_no_credentials(head, endpoint) {
        return Ok(());
    }
    world.enter(caller);
    let now = world.clock().timestamp();
    let access = world.access();
    if head.api_key.is_some() && (!access.key_is_enabled() || access.key_has_expired(now)) {
        return Err(Answer::gateway(401, "Invalid API Key"));
    }
    if head.api_key.is_none() && !endpoint.takes_access_tokens() {
        return Err(Answer::gateway(401, "Missing API Key Header"));
    }
    if access.is_of_a_group() && head.api_key.is_some() && !endpoint.takes_group_keys() {
        return Err(refusal(endpoint, 401, "UNAUTHENTICATED", "The API key is not owned by a user."));
    }
    match endpoint.missing_scopes(|scope| access.has(scope)).first() {
        Some(scope) if endpoint.path().starts_with("/cloud/v2/") => Err(Answer::missing_scope(scope)),
        Some(scope) => {
            let message = format!("The credentials lack the scope {scope}.");
            Err(refusal(endpoint, 403, "INSUFFICIENT_SCOPE", &message))
        }
        None => Ok(()),
    }
}
