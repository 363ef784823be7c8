//! Groups: their roles, members and join requests, and the assets that they publish.

// First, so that the page of `Group` begins with its constructor.
mod handle;

mod audit_log;
mod info;
mod join_request;
mod manageable;
mod members;
mod membership;
mod rank;
mod role;
mod role_cache;
mod roles;
mod uploads;

pub use audit_log::{AuditLogActor, AuditLogEntry, AuditLogRole, AuditLogUser, LIST_GROUP_AUDIT_LOG};
pub use handle::Group;
pub use info::{GET_GROUP, GroupInfo};
pub use join_request::{
    ACCEPT_GROUP_JOIN_REQUEST, DECLINE_GROUP_JOIN_REQUEST, GroupJoinRequest, LIST_GROUP_JOIN_REQUESTS,
};
pub use manageable::{LIST_MANAGEABLE_GROUPS, ManageableGroup};
pub use members::{ASSIGN_GROUP_ROLE, MembershipFilter, UNASSIGN_GROUP_ROLE, UPDATE_GROUP_MEMBERSHIP};
pub use membership::{GroupMembership, LIST_GROUP_MEMBERSHIPS};
pub use role::{GroupPermission, GroupRole, RoleRef};
pub use roles::{GET_GROUP_ROLE, LIST_GROUP_ROLES};
