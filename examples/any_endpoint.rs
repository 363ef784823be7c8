//! Calls an endpoint that has no method of its own: `cargo run --example any_endpoint`

mod common;

use std::process::ExitCode;

use rblxopencloud::Method;
use serde::Deserialize;

#[derive(Deserialize)]
struct Membership {
    path: String,
    role: String,
}

fn main() -> ExitCode {
    common::run("Usage: any_endpoint\n\nCalls an endpoint that has no method of its own.", run)
}

fn run(_: Vec<String>) -> common::Result<()> {
    let setup = common::setup()?;
    let memberships = setup
        .user
        .client()
        .request(Method::Get, "/cloud/v2/groups/{group}/memberships")
        .param("group", "-")
        .query("filter", format!("user in ['users/{}']", setup.user.id()))
        .query("maxPageSize", 100)
        .pages_of::<Membership>("groupMemberships");
    for membership in memberships {
        let membership = membership?;
        println!("{} as {}", membership.path, membership.role);
    }
    Ok(())
}
