//! What is there.

use std::sync::Arc;

use rblxopencloud::group::AuditLogEntry;
use rblxopencloud::{
    Asset, Error, ExperienceInfo, GroupInfo, GroupMembership, GroupRole, InventoryItem, Result, UserInfo,
};

use super::Sandbox;
use super::world::{AssetContent, Inventory};
use super::worlds;

/// # Seed
///
/// What is there: users, groups, experiences and assets.
impl Sandbox {
    /// Replaces all that is there with what JSON tells, in the form of [world files](crate::guide::world_files). Rate limits
    /// and other [rules](crate::guide::by_purpose) are those of the JSON too; faults, the log and what
    /// [scripts](Self::on_luau) do stay.
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.load_world(r#"{ "users": [{ "id": 156, "name": "builderman" }] }"#)?;
    /// assert_eq!(sandbox.client().user(156).fetch_info()?.username, "builderman");
    ///
    /// let error = sandbox.load_world(r#"{ "users": [{ "id": "me" }] }"#).unwrap_err();
    /// assert!(error.to_string().contains("users[0].id: expected a number or a string of the form 156"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if it isn't a world. The message tells where and why, and nothing is
    /// changed.
    pub fn load_world(&self, json: &str) -> Result<()> {
        let given = worlds::read(json).and_then(|given| worlds::replace(&self.server.shared.state, &given));
        given.map_err(|problem| Error::other(problem.to_string()))
    }

    /// Goes back to what was there at the start: nothing, or what the builder was given. Faults, requests, operations,
    /// tokens and what [scripts](Self::on_luau) do are gone.
    pub fn reset(&self) {
        worlds::reset(&self.server.shared.state);
    }

    /// Adds a user, or replaces the one with this id.
    pub fn add_user(&self, user: UserInfo) {
        self.world().add_user(&user);
    }

    /// Sets the items that a user owns, in this order. Items without a path get one.
    pub fn set_inventory(&self, user_id: u64, items: impl IntoIterator<Item = InventoryItem>) {
        let inventory = Inventory::new(user_id, items);
        self.world().inventories.insert(user_id, inventory);
    }

    /// Sets whether a user's inventory is private: only [its owner](Self::set_key_owner) can list it. Defaults to `false`.
    pub fn set_inventory_private(&self, user_id: u64, is_private: bool) {
        let mut world = self.world();
        if is_private {
            world.private_inventories.insert(user_id);
        } else {
            world.private_inventories.remove(&user_id);
        }
    }

    /// Adds a group, or renames the one with this id.
    pub fn add_group(&self, group_id: u64, name: impl Into<String>) {
        self.world().groups.add(group_id, name.into());
    }

    /// Adds a group, or replaces what is known of it. Its roles and members stay.
    pub fn set_group_info(&self, info: GroupInfo) {
        self.world().groups.set_info(info);
    }

    /// Adds a role to the group that its path names, or replaces it. Adds the group if it doesn't exist. A role whose path has
    /// no group is ignored.
    pub fn add_role(&self, role: GroupRole) {
        if let Some(group) = role.group_id() {
            self.world().groups.add_role(group, role);
        }
    }

    /// Adds a membership, or replaces that of this user in this group. Adds the group and the roles
    /// if they don't exist.
    pub fn add_membership(&self, membership: GroupMembership) {
        self.world().groups.join(&membership);
    }

    /// Adds a user's request to join a group. Adds the group if it doesn't exist.
    pub fn add_join_request(&self, group_id: u64, user_id: u64) {
        self.world().groups.add_request(group_id, user_id, None);
    }

    /// Adds an entry to the audit log of a group. Adds the group if it doesn't exist. An entry without a time gets the current
    /// one. The sandbox itself writes none.
    ///
    /// ```
    /// use rblxopencloud::group::AuditLogEntry;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_audit_log_entry(7, AuditLogEntry::new("PublishPlace"));
    ///
    /// let log: Vec<_> = sandbox.client().group(7).list_audit_log().collect::<Result<_, _>>()?;
    /// assert_eq!(log[0].action_type, "PublishPlace");
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_audit_log_entry(&self, group_id: u64, entry: AuditLogEntry) {
        self.world().groups.log(group_id, entry);
    }

    /// Adds an experience, or replaces the one with this id. One whose path has no id is ignored.
    ///
    /// ```
    /// use rblxopencloud::ExperienceInfo;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_experience(ExperienceInfo::new(13058, "Crossroads"));
    /// assert_eq!(sandbox.client().experience(13058).fetch_info()?.display_name, "Crossroads");
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_experience(&self, info: ExperienceInfo) {
        self.world().add_experience(info);
    }

    /// Adds an asset, or replaces the one with this id.
    pub fn add_asset(&self, asset: Asset) {
        self.world().add_asset(&asset);
    }

    /// Sets the content of an asset, as if it had been uploaded: it becomes a new version. Does nothing if the asset doesn't
    /// exist.
    pub fn set_asset_content(
        &self,
        id: u64,
        file_name: impl Into<String>,
        content_type: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) {
        let content = AssetContent::new(file_name.into(), content_type.into(), bytes.into());
        self.settled_world().add_version(id, Some(Arc::new(content)));
    }
}
