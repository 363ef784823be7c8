use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use crate::wire::{self, Field, model};

/// What a user has granted to an app, from [`AccessToken::fetch_resources`](super::AccessToken::fetch_resources).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrantedResources {
    /// Who granted it.
    pub owner: ResourceOwner,
    /// The resources by kind, as the service names them, such as `universe` and `creator`.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub resources: BTreeMap<String, ResourceIds>,
}

model! {
    /// Who granted resources to an app.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct ResourceOwner {
        /// The id.
        #[serde(serialize_with = "wire::id::serialize")]
        pub id: u64,
        /// `User`, and possibly others later.
        #[lenient]
        #[serde(rename = "type")]
        pub kind: String,
    }
}

/// The ids of granted resources of one kind, as the service writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ResourceIds {
    /// Numbers in strings; of creators, `U` for the owner and `G123` for a group.
    #[serde(deserialize_with = "texts")]
    pub ids: Vec<String>,
}

/// Reads strings, and numbers as strings. Anything else is an error: it may be what was granted.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let values: Vec<Value> = wire::or_default(deserializer)?;
    let texts = values.into_iter().map(|value| String::of(value.into())).collect::<Option<_>>();
    texts.ok_or_else(|| de::Error::custom("expected strings"))
}

impl GrantedResources {
    /// Returns the ids of the experiences (universes).
    pub fn experiences(&self) -> impl Iterator<Item = u64> {
        self.ids("universe").filter_map(wire::decimal)
    }

    /// Returns the ids of the groups.
    pub fn groups(&self) -> impl Iterator<Item = u64> {
        self.ids("creator").filter_map(|id| wire::decimal(id.strip_prefix('G')?))
    }

    /// Returns the ids of the users: the owner, if they let the app act for themselves.
    pub fn users(&self) -> impl Iterator<Item = u64> {
        self.ids("creator").filter_map(|id| match id.strip_prefix('U')? {
            "" => Some(self.owner.id),
            id => wire::decimal(id),
        })
    }

    fn ids(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.resources.get(kind).into_iter().flat_map(|of_kind| of_kind.ids.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn users_groups_and_experiences_are_read() {
        let json = json!({
            "owner": { "id": "156", "type": "User" },
            "resources": { "universe": { "ids": ["13058", "x"] }, "creator": { "ids": ["U", "G7", "U99", "?"] },
                "later": { "ids": ["a"] } },
        });
        let granted: GrantedResources = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(granted.experiences().collect::<Vec<_>>(), [13058]);
        assert_eq!(granted.groups().collect::<Vec<_>>(), [7]);
        assert_eq!(granted.users().collect::<Vec<_>>(), [156, 99]);
        assert_eq!(serde_json::to_value(&granted).unwrap(), json);

        for bare in [json!({ "owner": { "id": 156 } }), json!({ "owner": { "id": "156" }, "resources": null })] {
            let granted: GrantedResources = serde_json::from_value(bare).unwrap();
            assert_eq!(granted.users().chain(granted.groups()).chain(granted.experiences()).count(), 0);
        }

        let numbers = json!({ "owner": { "id": 156 }, "resources": { "universe": { "ids": [13058, "7"] } } });
        let granted: GrantedResources = serde_json::from_value(numbers).unwrap();
        assert_eq!(granted.experiences().collect::<Vec<_>>(), [13058, 7]);
        for unreadable in [
            json!({ "owner": { "id": "156" }, "resources": "all" }),
            json!({ "owner": { "id": "156" }, "resources": { "universe": 7 } }),
            json!({ "owner": { "id": "156" }, "resources": { "universe": { "ids": "7" } } }),
            json!({ "owner": { "id": "156" }, "resources": { "universe": { "ids": [null] } } }),
            json!({ "owner": {}, "resources": { "creator": { "ids": ["U"] } } }),
            json!({ "resources": {} }),
        ] {
            assert!(serde_json::from_value::<GrantedResources>(unreadable.clone()).is_err(), "{unreadable}");
        }
    }
}
