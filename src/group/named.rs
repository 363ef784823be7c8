//! Memberships with the names of their groups and roles.

use std::collections::HashMap;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::membership::GroupMembership;
use crate::client::Client;
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::page::{Cursor, Pager};

/// A [`GroupMembership`] and the names of its group and its role, from
/// [`Pager::with_names`](crate::Pager::with_names).
///
/// The fields of the membership are those of this one, too: `member.role_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NamedMembership {
    /// The membership, which has the ids.
    #[serde(flatten)]
    pub membership: GroupMembership,
    /// The name of the group. `None` if the service doesn't tell it.
    #[serde(default, rename = "groupDisplayName", skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The name of the member's highest-ranked role. `None` if the service doesn't tell it.
    #[serde(default, rename = "roleDisplayName", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

impl NamedMembership {
    /// Creates a membership without names, for tests.
    #[must_use]
    pub fn new(membership: GroupMembership) -> Self {
        Self { membership, group: None, role: None }
    }
}

impl Deref for NamedMembership {
    type Target = GroupMembership;

    fn deref(&self) -> &GroupMembership {
        &self.membership
    }
}

/// `user 156 in Roblox, Admin`. What has no name is shown by its id, as in `user 156 in group 7, role 70`.
impl fmt::Display for NamedMembership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {} in ", self.user_id)?;
        match &self.group {
            Some(name) => f.write_str(name)?,
            None => write!(f, "group {}", self.group_id)?,
        }
        match (&self.role, self.role_id) {
            (Some(name), _) => write!(f, ", {name}"),
            (None, Some(id)) => write!(f, ", role {id}"),
            (None, None) => Ok(()),
        }
    }
}

impl Pager<GroupMembership> {
    /// Adds the names of the groups and the roles, as the listing comes to them. Makes no request by itself.
    ///
    /// The service lists ids only. Each group is fetched once, and so is each role that is the highest-ranked one of a member: in
    /// a listing of a user's groups, that is two requests for each membership. They count against the
    /// [budgets](crate::endpoints) of [`GET_GROUP`](crate::endpoints::GET_GROUP), which needs no scope, and of
    /// [`GET_GROUP_ROLE`](crate::endpoints::GET_GROUP_ROLE), which needs the scope `group:read`. The client waits instead of
    /// exceeding them.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// for member in user.list_groups().with_names() {
    ///     let member = member?;
    ///     println!("{:?} {:?}", member.group, member.role);
    /// }
    /// # let first = user.list_groups().with_names().next().unwrap()?;
    /// # assert_eq!(first.group.as_deref(), Some("Roblox"));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "group name")]
    #[doc(alias = "role name")]
    pub fn with_names(self) -> NamedMemberships {
        NamedMemberships { client: self.client(), pager: self, names: Names::default(), failed: false }
    }
}

/// A listing of memberships with the names of their groups and roles, from [`Pager::with_names`](crate::Pager::with_names).
///
/// A name that the service doesn't tell is `None`. Any other failure, such as a missing scope or a network that breaks, ends the
/// listing, as a page does that fails. The [`cursor`](Self::cursor) then resumes before the membership whose names are missing.
#[must_use = "a listing makes no request until it is iterated over"]
pub struct NamedMemberships {
    pager: Pager<GroupMembership>,
    /// `None` if the listing itself fails.
    client: Option<Client>,
    names: Names,
    /// Whether a name couldn't be looked up.
    failed: bool,
}

/// The names that are known. `None` is that of something whose name isn't told.
#[derive(Default)]
struct Names {
    groups: HashMap<u64, Option<String>>,
    roles: HashMap<(u64, u64), Option<String>>,
}

impl NamedMemberships {
    /// Resumes the listing at a cursor. See [`Pager::resume_from`].
    pub fn resume_from(mut self, cursor: impl Into<Cursor>) -> Self {
        self.pager = self.pager.resume_from(cursor);
        self.failed = false;
        self
    }

    /// Returns the position after the last membership that was yielded. See [`Pager::cursor`].
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.pager.cursor()
    }

    /// Returns whether the listing is complete. See [`Pager::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.failed && self.pager.is_finished()
    }

    /// Returns the unreadable memberships. See [`Pager::unreadable`].
    #[must_use]
    pub fn unreadable(&self) -> &[Value] {
        self.pager.unreadable()
    }

    /// Returns how many unreadable memberships were skipped. See [`Pager::unreadable_count`].
    #[must_use]
    pub fn unreadable_count(&self) -> u64 {
        self.pager.unreadable_count()
    }

    fn named(&mut self, membership: GroupMembership) -> Result<NamedMembership> {
        let mut named = NamedMembership::new(membership);
        let Some(client) = &self.client else { return Ok(named) };
        let group = client.group(named.group_id);
        named.group = known(&mut self.names.groups, named.group_id, || Ok(group.fetch_info()?.display_name))?;
        if let Some(role) = named.role_id {
            let key = (named.group_id, role);
            named.role = known(&mut self.names.roles, key, || Ok(group.fetch_role(role)?.display_name))?;
        }
        Ok(named)
    }
}

/// Returns a name, which is looked up once.
fn known<K: std::hash::Hash + Eq>(
    names: &mut HashMap<K, Option<String>>,
    key: K,
    look_up: impl FnOnce() -> Result<String>,
) -> Result<Option<String>> {
    if let Some(name) = names.get(&key) {
        return Ok(name.clone());
    }
    let name = match look_up() {
        Ok(name) => Some(name).filter(|name| !name.is_empty()),
        Err(error) if is_untold(&error) => None,
        Err(error) => return Err(error),
    };
    names.insert(key, name.clone());
    Ok(name)
}

/// A missing scope reaches further than one name.
fn is_untold(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) && error.scope() != ErrorScope::Run
}

impl Iterator for NamedMemberships {
    type Item = Result<NamedMembership>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let named = self.pager.next()?.and_then(|membership| {
            let named = self.named(membership);
            if named.is_err() {
                self.failed = true;
                self.pager.give_back();
            }
            named
        });
        Some(named)
    }
}

impl FusedIterator for NamedMemberships {}

impl fmt::Debug for NamedMemberships {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedMemberships").field("pager", &self.pager).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_membership_with_names_is_read_and_written() {
        let mut member = NamedMembership::new(GroupMembership::new(7, 156, 70));
        assert_eq!(member.to_string(), "user 156 in group 7, role 70");
        (member.group, member.role) = (Some("Roblox".to_owned()), Some("Admin".to_owned()));
        assert_eq!(member.to_string(), "user 156 in Roblox, Admin");
        let json = serde_json::to_value(&member).expect("it is JSON");
        assert_eq!((&json["groupDisplayName"], &json["role"]), (&"Roblox".into(), &"groups/7/roles/70".into()));
        let read: NamedMembership = serde_json::from_value(json).expect("it is a membership");
        assert_eq!((read.group_id, read.user_id, read.role_id), (7, 156, Some(70)));
        assert_eq!((read.group, read.role), (member.group, member.role));
        let plain = serde_json::to_string(&GroupMembership::new(7, 156, 70)).expect("it is JSON");
        let read: NamedMembership = serde_json::from_str(&plain).expect("it is a membership");
        assert_eq!((read.group_id, read.group), (7, None));
    }
}
