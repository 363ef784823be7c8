//! The owner and the scopes of the key and the token.

use std::collections::HashSet;

use jiff::Timestamp;
use rblxopencloud::Creator;

use super::Groups;
use crate::http::Answer;

pub(crate) const READ_INVENTORY: &str = "user.inventory-item:read";
pub(crate) const READ_ADVANCED: &str = "user.advanced:read";
pub(crate) const READ_SOCIAL: &str = "user.social:read";

#[derive(Debug, Default)]
pub(crate) struct Access {
    /// `None` acts for everyone.
    pub(crate) owner: Option<Creator>,
    pub(crate) is_of_a_group: bool,
    pub(crate) key_is_disabled: bool,
    pub(crate) key_expires_at: Option<Timestamp>,
    /// `None` is all.
    scopes: Option<HashSet<String>>,
}

impl Access {
    /// What a user has granted.
    pub(crate) fn of_user(user: u64, scopes: impl IntoIterator<Item = String>) -> Self {
        Self { owner: Some(Creator::User(user)), scopes: Some(scopes.into_iter().collect()), ..Self::default() }
    }

    pub(crate) fn set_scopes(&mut self, scopes: impl IntoIterator<Item = String>) {
        self.scopes = Some(scopes.into_iter().collect());
    }

    pub(crate) fn set_all_scopes(&mut self) {
        self.scopes = None;
    }

    /// Returns the scopes in order. `None` is all.
    pub(crate) fn scopes(&self) -> Option<Vec<&String>> {
        let mut scopes: Vec<&String> = self.scopes.as_ref()?.iter().collect();
        scopes.sort();
        Some(scopes)
    }

    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope))
    }

    pub(crate) fn key_is_enabled(&self) -> bool {
        !self.key_is_disabled
    }

    pub(crate) fn key_has_expired(&self, now: Timestamp) -> bool {
        self.key_expires_at.is_some_and(|time| time <= now)
    }

    /// Whether a group owns the key.
    pub(crate) fn is_of_a_group(&self) -> bool {
        self.is_of_a_group || matches!(self.owner, Some(Creator::Group(_)))
    }

    /// Refuses a private inventory, except to its owner.
    pub(crate) fn check_private_inventory(&self, user: u64) -> Result<(), Answer> {
        if self.owner != Some(Creator::User(user)) {
            return Err(Answer::v2(403, "PERMISSION_DENIED", "The inventory is private."));
        }
        if !self.has(READ_INVENTORY) {
            return Err(Answer::missing_scope(READ_INVENTORY));
        }
        Ok(())
    }

    /// Refuses changes to the assets of a creator for whom the owner can't act. A user acts for themselves and for the groups
    /// that they are in; a group for itself.
    pub(crate) fn check_creator(&self, creator: Creator, groups: &Groups) -> Result<(), Answer> {
        let may = match (self.owner, creator) {
            (None, _) => true,
            (Some(Creator::User(user)), Creator::Group(group)) => groups.member(group, user).is_some(),
            (Some(owner), creator) => owner == creator,
        };
        if may {
            return Ok(());
        }
        let message = format!("The owner of the credentials may not manage assets of {creator}.");
        Err(Answer::v1(403, "PERMISSION_DENIED", message))
    }
}
