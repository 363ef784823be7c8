//! Groups, users and keys.

mod group;
mod group_members;
mod ownership;
#[path = "../support/mod.rs"]
mod support;
mod users_and_keys;
