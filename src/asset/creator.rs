use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::{self, Fields, Model, Name, Unreadable, model};

/// The owner of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Creator {
    /// A user, by id.
    User(u64),
    /// A group, by id.
    Group(u64),
}

/// `user 156` or `group 7`.
impl fmt::Display for Creator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Group(id) => write!(f, "group {id}"),
        }
    }
}

model! {
    struct WireCreator {
        #[with(wire::strict)]
        #[serde(serialize_with = "wire::option_id::serialize")]
        user_id: Option<u64>,
        #[with(wire::strict)]
        #[serde(serialize_with = "wire::option_id::serialize")]
        group_id: Option<u64>,
    }
}

impl Model for Creator {
    const NAMES: &'static [Name] = WireCreator::NAMES;

    fn of(fields: &mut Fields<'_>) -> Result<Self, Unreadable> {
        let WireCreator { user_id, group_id } = WireCreator::of(fields)?;
        // Some responses have an id of 0 for the other kind.
        let set = |id: Option<u64>| id.filter(|id| *id != 0);
        match (set(user_id), set(group_id)) {
            (_, Some(id)) => Ok(Self::Group(id)),
            (Some(id), None) => Ok(Self::User(id)),
            (None, None) => Err(Unreadable::new("a creator that is neither a user nor a group")),
        }
    }
}

impl Serialize for Creator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (user_id, group_id) = match self {
            Self::User(id) => (Some(*id), None),
            Self::Group(id) => (None, Some(*id)),
        };
        WireCreator { user_id, group_id }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Creator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::read(deserializer)
    }
}
