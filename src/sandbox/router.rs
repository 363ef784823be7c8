//! Which endpoint a request is for, and who may ask.

use percent_encoding::percent_decode_str;

use super::access::{Access, READ_ASSETS, WRITE_ASSETS};
use super::answer::Answer;
use super::filter::decimal;
use super::http::Head;
use super::multipart::Part;
use super::rate_limit::Endpoint;
use super::state::World;
use super::{assets, document, inventory, users};

pub(super) const API_KEY: &str = "sandbox-api-key";
pub(super) const ACCESS_TOKEN: &str = "sandbox-access-token";

/// An endpoint, with what the path names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    User(u64),
    Inventory(u64),
    /// `None` is `-`.
    Memberships(Option<u64>),
    CreateAsset,
    Asset(u64),
    UpdateAsset(u64),
    Operation(String),
}

impl Route {
    pub(super) fn find(head: &Head) -> Result<Self, Answer> {
        let path = percent_decode_str(&head.path).decode_utf8_lossy();
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or_default().split('/').collect();
        let invalid = |id: &str| format!("The ID '{id}' is not a decimal number.");
        let v2 = |id: &str| decimal(id).ok_or_else(|| Answer::v2(400, "INVALID_ARGUMENT", invalid(id)));
        let v1 = |id: &str| decimal(id).ok_or_else(|| Answer::v1(400, "INVALID_ARGUMENT", invalid(id)));
        match (head.method.as_str(), segments.as_slice()) {
            ("GET", ["cloud", "v2", "users", id]) if is_id(id) => v2(id).map(Self::User),
            ("GET", ["cloud", "v2", "users", id, "inventory-items"]) if is_id(id) => v2(id).map(Self::Inventory),
            ("GET", ["cloud", "v2", "groups", "-", "memberships"]) => Ok(Self::Memberships(None)),
            ("GET", ["cloud", "v2", "groups", id, "memberships"]) if is_id(id) => {
                v2(id).map(Some).map(Self::Memberships)
            }
            ("POST", ["assets", "v1", "assets"]) => Ok(Self::CreateAsset),
            ("GET", ["assets", "v1", "assets", id]) if is_id(id) => v1(id).map(Self::Asset),
            ("PATCH", ["assets", "v1", "assets", id]) if is_id(id) => v1(id).map(Self::UpdateAsset),
            ("GET", ["assets", "v1", "operations", id]) if is_id(id) => Ok(Self::Operation((*id).to_owned())),
            (method, segments) => Err(unserved(method, segments)),
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        match self {
            Self::User(_) => Endpoint::User,
            Self::Inventory(_) => Endpoint::Inventory,
            Self::Memberships(_) => Endpoint::Memberships,
            Self::CreateAsset => Endpoint::AssetCreate,
            Self::Asset(_) => Endpoint::AssetGet,
            Self::UpdateAsset(_) => Endpoint::AssetUpdate,
            Self::Operation(_) => Endpoint::Operation,
        }
    }

    /// The scope without which the whole call is refused.
    fn scope(&self) -> Option<&'static str> {
        match self {
            Self::User(_) | Self::Inventory(_) | Self::Memberships(_) => None,
            Self::CreateAsset | Self::UpdateAsset(_) => Some(WRITE_ASSETS),
            Self::Asset(_) | Self::Operation(_) => Some(READ_ASSETS),
        }
    }

    pub(super) fn takes_form(&self) -> bool {
        matches!(self, Self::CreateAsset | Self::UpdateAsset(_))
    }

    /// Carries out a request that was let in.
    pub(super) fn run(&self, world: &mut World, head: &Head, parts: Vec<Part>) -> Answer {
        world.settle();
        let answer = match self {
            Self::User(id) => users::get(world, *id),
            Self::Inventory(id) => inventory::list(world, *id, head),
            Self::Memberships(group) => world.groups.list(*group, head),
            Self::CreateAsset => assets::create(world, parts),
            Self::Asset(id) => assets::get(world, *id),
            Self::UpdateAsset(id) => assets::update(world, *id, head, parts),
            Self::Operation(id) => world.operations.get(id),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }
}

/// What stands behind a colon is a method of the resource, and not part of its id.
fn is_id(segment: &str) -> bool {
    !segment.is_empty() && !segment.contains(':')
}

/// Tells what the sandbox doesn't serve from what doesn't exist.
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

/// Refuses those who have no key, or a wrong one.
pub(super) fn authenticate(head: &Head) -> Result<(), Answer> {
    match (&head.api_key, &head.authorization) {
        (Some(key), _) if key == API_KEY => Ok(()),
        (Some(_), _) => Err(Answer::gateway(401, "Invalid API Key")),
        (None, Some(value)) => match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && token == ACCESS_TOKEN => Ok(()),
            _ => Err(Answer::v2(401, "UNAUTHENTICATED", "The access token is invalid.")),
        },
        (None, None) => Err(Answer::gateway(401, "Missing API Key Header")),
    }
}

/// Refuses a key that a group owns where only those of users are taken, and what the scopes don't cover.
pub(super) fn authorize(access: &Access, head: &Head, route: &Route) -> Result<(), Answer> {
    if access.is_of_a_group() && head.api_key.is_some() && route.endpoint().is_v2() {
        return Err(Answer::v2(401, "UNAUTHENTICATED", "The API key is not owned by a user."));
    }
    route.scope().map_or(Ok(()), |scope| access.check_scope(scope))
}
