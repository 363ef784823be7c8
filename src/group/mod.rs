//! Groups: what they have beside their profile, roles and members, such as join requests and audit logs.
//!
//! [`Client::group`](crate::Client::group) returns the handle, [`Group`](crate::Group).
//! [`Client::list_manageable_groups`](crate::Client::list_manageable_groups) lists the groups that a user manages.

// First, so that the page of `Group` begins with its constructor.
pub(crate) mod handle;

pub(crate) mod audit_log;
pub(crate) mod info;
pub(crate) mod join_request;
pub(crate) mod manageable;
pub(crate) mod members;
pub(crate) mod membership;
pub(crate) mod named;
mod rank;
pub(crate) mod role;
mod role_cache;
pub(crate) mod roles;
mod uploads;

pub use audit_log::{AuditLogActor, AuditLogEntry, AuditLogRole, AuditLogUser};
pub use join_request::GroupJoinRequest;
pub use manageable::ManageableGroup;
pub(crate) use membership::GroupMembership;
pub use named::{NamedMembership, NamedMemberships};
pub use role::{GroupPermission, RoleRef};
