//! Whose the key and the token are, and what they may do.

use std::collections::HashSet;

use super::answer::Answer;
use super::memberships::Groups;
use crate::asset::Creator;

pub(super) const READ_ASSETS: &str = "asset:read";
pub(super) const WRITE_ASSETS: &str = "asset:write";
pub(super) const READ_INVENTORY: &str = "user.inventory-item:read";
pub(super) const READ_ADVANCED: &str = "user.advanced:read";
pub(super) const READ_SOCIAL: &str = "user.social:read";

const INSUFFICIENT_SCOPE: &str = "INSUFFICIENT_SCOPE";

fn lacks(scope: &str) -> String {
    format!("The credentials lack the scope {scope}.")
}

#[derive(Debug, Default)]
pub(super) struct Access {
    /// `None` stands for nobody in particular, who may do everything.
    pub(super) owner: Option<Creator>,
    pub(super) is_of_a_group: bool,
    /// `None` stands for all.
    scopes: Option<HashSet<String>>,
}

impl Access {
    pub(super) fn set_scopes(&mut self, scopes: impl IntoIterator<Item = String>) {
        self.scopes = Some(scopes.into_iter().collect());
    }

    pub(super) fn has(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope))
    }

    /// Whether the key is one that the endpoints of users, inventories and memberships refuse.
    pub(super) fn is_of_a_group(&self) -> bool {
        self.is_of_a_group || matches!(self.owner, Some(Creator::Group(_)))
    }

    /// Refuses to show a private inventory to all but its owner.
    pub(super) fn check_private_inventory(&self, user: u64) -> Result<(), Answer> {
        if self.owner != Some(Creator::User(user)) {
            return Err(Answer::v2(403, "PERMISSION_DENIED", "The inventory is private."));
        }
        if !self.has(READ_INVENTORY) {
            return Err(Answer::v2(403, INSUFFICIENT_SCOPE, lacks(READ_INVENTORY)));
        }
        Ok(())
    }

    /// Refuses a call that needs a scope as a whole: those on assets do.
    pub(super) fn check_scope(&self, scope: &str) -> Result<(), Answer> {
        if self.has(scope) { Ok(()) } else { Err(Answer::v1(403, INSUFFICIENT_SCOPE, lacks(scope))) }
    }

    /// Refuses work on the assets of a creator for whom the owner can't act: a user for themselves and the groups that
    /// they are in, a group for itself.
    pub(super) fn check_creator(&self, creator: Creator, groups: &Groups) -> Result<(), Answer> {
        let may = match (self.owner, creator) {
            (None, _) => true,
            (Some(Creator::User(user)), Creator::Group(group)) => groups.is_member(group, user),
            (Some(owner), creator) => owner == creator,
        };
        if may {
            return Ok(());
        }
        let whose = match creator {
            Creator::User(id) => format!("user {id}"),
            Creator::Group(id) => format!("group {id}"),
        };
        let message = format!("The owner of the credentials may not manage assets of {whose}.");
        Err(Answer::v1(403, "PERMISSION_DENIED", message))
    }
}
