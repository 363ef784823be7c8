use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::handle::Group;
use crate::api::Endpoint;
use crate::page::{PageItem, Pager, Values};
use crate::request::Paging;
use crate::wire::{self, model};

/// Lists the audit log of a group.
pub const LIST_GROUP_AUDIT_LOG: Endpoint = Endpoint::get("/legacy-groups/v1/groups/{group}/audit-log")
    .with_scopes(&["legacy-group:manage"])
    .with_budget(100, 100);

model! {
    /// What somebody did in a group, from [`Group::list_audit_log`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#get_legacy_groups_v1_groups__groupId__audit_log>
    #[derive(Clone, Debug, PartialEq)]
    #[non_exhaustive]
    pub struct AuditLogEntry {
        /// Who did it, and with which role at that time.
        pub actor: Option<AuditLogActor>,
        /// What was done, such as `ChangeRank` or `PublishPlace`. The service writes some of them with spaces.
        pub action_type: String,
        /// The details, whose form depends on the action.
        #[optional]
        pub description: Value,
        /// When it was done.
        #[serde(rename = "created")]
        pub created_at: Option<Timestamp>,
    }
}

model! {
    /// Who did what an [`AuditLogEntry`] tells.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct AuditLogActor {
        /// The user.
        pub user: Option<AuditLogUser>,
        /// The user's role.
        pub role: Option<AuditLogRole>,
    }
}

model! {
    /// The user of an [`AuditLogActor`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct AuditLogUser {
        /// The user's id.
        #[serde(rename = "userId", serialize_with = "wire::id::serialize")]
        pub id: u64,
        /// The name.
        #[lenient]
        #[serde(rename = "username")]
        pub name: String,
        /// The display name.
        #[lenient]
        pub display_name: String,
        /// Whether the user has the verified badge. `None` if the response doesn't tell it.
        pub has_verified_badge: Option<bool>,
    }
}

model! {
    /// The role of an [`AuditLogActor`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct AuditLogRole {
        /// The role's id.
        #[serde(serialize_with = "wire::id::serialize")]
        pub id: u64,
        /// The name.
        #[lenient]
        pub name: String,
        /// The rank within the group, from 0 to 255.
        pub rank: Option<u32>,
    }
}

impl AuditLogEntry {
    /// Creates an entry without an actor, for tests.
    #[must_use]
    pub fn new(action_type: impl Into<String>) -> Self {
        Self { actor: None, action_type: action_type.into(), description: Value::Null, created_at: None }
    }
}

impl AuditLogActor {
    /// Creates an actor, for tests.
    #[must_use]
    pub fn new(user: AuditLogUser, role: AuditLogRole) -> Self {
        Self { user: Some(user), role: Some(role) }
    }
}

impl AuditLogUser {
    /// Creates a user whose display name is the name, for tests.
    #[must_use]
    pub fn new(id: u64, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { id, display_name: name.clone(), name, has_verified_badge: None }
    }
}

impl AuditLogRole {
    /// Creates a role, for tests.
    #[must_use]
    pub fn new(id: u64, name: impl Into<String>, rank: u32) -> Self {
        Self { id, name: name.into(), rank: Some(rank) }
    }
}

/// `ChangeRank by builderman`.
impl fmt::Display for AuditLogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.action_type)?;
        match self.actor.as_ref().and_then(|actor| actor.user.as_ref()) {
            Some(user) => write!(f, " by {}", user.name),
            None => Ok(()),
        }
    }
}

impl PageItem for AuditLogEntry {
    const FIELD: &'static str = "data";
    const PAGING: Paging = Paging::cursors().page_size(100);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

impl Group {
    /// Lists what was done in the group.
    ///
    /// Calls [`LIST_GROUP_AUDIT_LOG`], which needs the scope `legacy-group:manage`. A page has 100 entries.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for entry in client.group(7).list_audit_log() {
    ///     println!("{}", entry?);
    /// }
    /// # assert_eq!(client.group(7).list_audit_log().count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The first item is a [`Rejected`](crate::ErrorKind::Rejected) error if the group doesn't exist, and a
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) error if the owner of the credentials may not view the log.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#get_legacy_groups_v1_groups__groupId__audit_log>
    pub fn list_audit_log(&self) -> Pager<AuditLogEntry> {
        self.client().call(&LIST_GROUP_AUDIT_LOG).param("group", self.id()).pages()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_read_and_written() {
        let json = json!({
            "actor": {
                "user": { "userId": "156", "username": "builderman", "displayName": "Builder", "hasVerifiedBadge": true },
                "role": { "id": "9", "name": "Admin", "rank": 254 },
            },
            "actionType": "ChangeRank", "description": { "TargetId": 42, "OldRoleSetName": "Member" },
            "created": "2023-07-05T12:34:56Z",
        });
        let entry: AuditLogEntry = serde_json::from_value(json.clone()).expect("it is an entry");
        assert_eq!(
            (entry.to_string().as_str(), &entry.description["TargetId"]),
            ("ChangeRank by builderman", &json!(42))
        );
        assert_eq!(serde_json::to_value(&entry).expect("it is JSON"), json);
    }

    #[test]
    fn only_the_action_is_needed() {
        let strange =
            json!({ "actionType": "Fly", "actor": { "user": { "userId": null }, "role": 7 }, "created": "soon" });
        let entry: AuditLogEntry = serde_json::from_value(strange).expect("it is an entry");
        assert_eq!((entry.actor, entry.created_at), (Some(AuditLogActor::default()), None));
        assert!(serde_json::from_value::<AuditLogEntry>(json!({ "actor": null })).is_err());
    }
}
