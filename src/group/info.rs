use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::handle::Group;
use crate::api::Endpoint;
use crate::error::Result;
use crate::wire::{self, model};

/// Fetches a group.
pub const GET_GROUP: Endpoint = Endpoint::get("/cloud/v2/groups/{group}").with_budget(150, 30).for_user_keys();

model! {
    /// A group, from [`Group::fetch_info`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_GetGroup>
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[must_use = "the group's data is returned; the handle holds only the id"]
    #[non_exhaustive]
    pub struct GroupInfo {
        /// The resource path, `groups/{group}`.
        #[optional]
        pub path: String,
        /// The group's id.
        #[serde(with = "wire::id")]
        pub id: u64,
        /// The name, of at most 50 characters.
        #[lenient]
        pub display_name: String,
        /// The description, of at most 1000 characters; often empty.
        #[lenient]
        pub description: String,
        /// The id of the user who owns the group. `None` if the group is abandoned.
        #[serde(rename = "owner", deserialize_with = "owner_id", serialize_with = "owner_path")]
        pub owner_id: Option<u64>,
        /// The number of members.
        pub member_count: Option<u64>,
        /// Whether users can join without being accepted.
        #[serde(default, deserialize_with = "wire::strict_or_null")]
        pub public_entry_allowed: bool,
        /// Whether Roblox has locked the group.
        #[serde(default, deserialize_with = "wire::strict_or_null")]
        pub locked: bool,
        /// Whether the group has the verified badge.
        #[serde(default, deserialize_with = "wire::strict_or_null")]
        pub verified: bool,
        /// When the group was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When the group was last updated.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
    }
}

impl GroupInfo {
    /// Creates a group without an owner, for tests.
    pub fn new(id: u64, display_name: impl Into<String>) -> Self {
        Self {
            path: format!("groups/{id}"),
            id,
            display_name: display_name.into(),
            description: String::new(),
            owner_id: None,
            member_count: None,
            public_entry_allowed: true,
            locked: false,
            verified: false,
            created_at: None,
            updated_at: None,
        }
    }
}

/// `group 7 (Roblox)`.
impl fmt::Display for GroupInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {} ({})", self.id, self.display_name)
    }
}

fn owner_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let owner: String = wire::strict_or_null(deserializer)?;
    if owner.is_empty() {
        return Ok(None);
    }
    let id = wire::path_id(&owner, "users");
    id.map(Some).ok_or_else(|| de::Error::custom(format_args!("invalid path {owner:?}; expected the form users/156")))
}

fn owner_path<S: Serializer>(id: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    id.map(|id| format!("users/{id}")).serialize(serializer)
}

impl Group {
    /// Fetches the group.
    ///
    /// Calls [`GET_GROUP`], which needs no scope.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let group = client.group(7).fetch_info()?;
    /// println!("{} has {:?} members", group.display_name, group.member_count);
    /// # assert_eq!((group.display_name.as_str(), group.member_count), ("Roblox", Some(2)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the group doesn't exist, and
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) also for a key that a group owns.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_GetGroup>
    pub fn fetch_info(&self) -> Result<GroupInfo> {
        self.client.call(&GET_GROUP).param("group", self.id).fetch_model()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::GroupInfo;

    #[test]
    fn a_group_is_read_and_written() {
        let json = json!({
            "path": "groups/7", "id": "7", "displayName": "Roblox", "description": "Official.", "owner": "users/21557",
            "memberCount": 10_196_297, "publicEntryAllowed": true, "locked": false, "verified": true,
            "createTime": "2023-07-05T12:34:56Z", "updateTime": "2023-07-05T12:34:56Z",
        });
        let group: GroupInfo = serde_json::from_value(json.clone()).expect("it is a group");
        assert_eq!((group.owner_id, group.member_count, group.verified), (Some(21_557), Some(10_196_297), true));
        assert_eq!(serde_json::to_value(&group).expect("it is JSON"), json);
        assert_eq!(group.to_string(), "group 7 (Roblox)");
    }

    #[test]
    fn only_the_id_is_needed() {
        let strange = json!({ "id": 7, "owner": null, "memberCount": "many", "locked": null, "createTime": "soon" });
        for json in [json!({ "id": "7" }), strange] {
            let group: GroupInfo = serde_json::from_value(json).expect("it is a group");
            assert_eq!((group.id, group.owner_id, group.member_count, group.locked), (7, None, None, false));
        }
        // What can't be read is neither unlocked nor abandoned.
        for unreadable in [json!({ "id": 7, "locked": 1 }), json!({ "id": 7, "owner": "builderman" })] {
            assert!(serde_json::from_value::<GroupInfo>(unreadable.clone()).is_err(), "{unreadable}");
        }
    }
}
