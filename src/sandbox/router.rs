//! Which endpoint a request is for, and who may ask.

use super::answer::Answer;
use super::filter::decimal;
use super::http::Head;
use super::multipart::Part;
use super::rate_limit::Endpoint;
use super::state::World;
use super::{assets, inventory, users};

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
        let unknown = || Answer::gateway(404, "NotFound");
        let segments: Vec<&str> = head.path.strip_prefix('/').ok_or_else(unknown)?.split('/').collect();
        let v2 = |text: &str| {
            let message = format!("'{text}' is no id.");
            decimal(text).ok_or_else(|| Answer::v2(400, "INVALID_ARGUMENT", message))
        };
        let v1 = |text: &str| {
            let message = format!("'{text}' is no id.");
            decimal(text).ok_or_else(|| Answer::v1(400, "INVALID_ARGUMENT", message))
        };
        let route = match (segments.as_slice(), head.method.as_str()) {
            (["cloud", "v2", "users", id], _) => Self::User(v2(id)?),
            (["cloud", "v2", "users", id, "inventory-items"], _) => Self::Inventory(v2(id)?),
            (["cloud", "v2", "groups", "-", "memberships"], _) => Self::Memberships(None),
            (["cloud", "v2", "groups", id, "memberships"], _) => Self::Memberships(Some(v2(id)?)),
            (["assets", "v1", "assets"], _) => Self::CreateAsset,
            (["assets", "v1", "assets", id], "PATCH") => Self::UpdateAsset(v1(id)?),
            (["assets", "v1", "assets", id], _) => Self::Asset(v1(id)?),
            (["assets", "v1", "operations", id], _) => Self::Operation((*id).to_owned()),
            _ => return Err(unknown()),
        };
        let (method, allowed) = match &route {
            Self::CreateAsset => ("POST", "POST"),
            Self::UpdateAsset(_) => ("PATCH", "GET, PATCH"),
            Self::Asset(_) => ("GET", "GET, PATCH"),
            _ => ("GET", "GET"),
        };
        if head.method != method {
            return Err(Answer::gateway(405, "MethodNotAllowed").with_header("allow", allowed));
        }
        Ok(route)
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

/// A key that a group owns is not taken everywhere.
pub(super) fn refuse_key_of_group(head: &Head, route: &Route) -> Result<(), Answer> {
    if head.api_key.is_some() && route.endpoint().is_v2() {
        return Err(Answer::v2(401, "UNAUTHENTICATED", "The API key is not owned by a user."));
    }
    Ok(())
}
