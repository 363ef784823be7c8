//! Whether users own things.

mod support;

use rblxopencloud::sandbox::{Fault, Sandbox};
use rblxopencloud::{
    Creator, ErrorKind, InventoryAsset, InventoryAssetType, InventoryGamePass, InventoryItem, Ownership, UserInfo,
};
use support::local::hasty;
use support::{Reply, Server, fails};

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

#[test]
fn each_kind_is_owned_or_not() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(156);
    assert!(matches!(user.owns_asset(1_365_001), Ok(Ownership::Owned(hat)) if hat.collectible_details.is_some()));
    assert!(matches!(user.owns_badge(111), Ok(Ownership::Owned(badge)) if badge.added_at.is_some()));
    assert!(matches!(user.owns_game_pass(777), Ok(Ownership::Owned(pass)) if pass.id == 777));
    assert!(matches!(user.owns_private_server(175_156), Ok(Ownership::Owned(_))));
    // The id of another kind.
    assert_eq!(user.owns_badge(777).expect("it answers"), Ownership::NotOwned);
    assert_eq!(user.owns_asset(404).expect("it answers"), Ownership::NotOwned);
    assert_eq!(sandbox.requests().len(), 6, "each is one request");
    fails(hasty(&sandbox).user(1).owns_asset(1), ErrorKind::NotFound);
}

#[test]
fn a_private_inventory_is_no_error() {
    let sandbox = sandbox();
    sandbox.set_inventory_private(156, true);
    let user = hasty(&sandbox).user(156);
    assert_eq!(user.owns_game_pass(777).expect("it answers"), Ownership::Private);
    let many = user.owns_badges([111, 1]).expect("it answers");
    assert!(many.len() == 2 && many.values().all(|answer| *answer == Ownership::Private));

    // The owner of the inventory lacks only a scope.
    sandbox.set_key_owner(Creator::User(156));
    assert!(user.owns_game_pass(777).expect("it answers").is_owned());
    sandbox.set_scopes(["asset:read"]);
    fails(user.owns_game_pass(777), ErrorKind::PermissionDenied);
}

#[test]
fn the_refusal_of_a_proxy_is_an_error() {
    for body in ["", "<html>Blocked</html>", r#"{"errors":[{"code":0,"message":"no"}]}"#] {
        let server = Server::script([Reply::text(403, body)]);
        fails(server.user().owns_asset(1), ErrorKind::PermissionDenied);
    }
}

#[test]
fn ten_thousand_ids_take_few_requests() {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(156, "builderman"));
    let first = 100_000_000_000_000;
    let items =
        (0..5000).map(|number| InventoryItem::Asset(InventoryAsset::new(first + 2 * number, InventoryAssetType::Hat)));
    sandbox.set_inventory(156, items.chain([InventoryItem::GamePass(InventoryGamePass::new(first + 1))]));
    let user = hasty(&sandbox).user(156);

    let answers = user.owns_assets(first..first + 10_000).expect("it answers");
    assert_eq!(answers.len(), 10_000);
    assert!(answers.iter().all(|(id, answer)| answer.is_owned() == (id % 2 == 0)), "every other one is owned");
    assert!(answers.into_iter().all(|(id, answer)| answer.into_item().is_none_or(|item| item.id == id)));
    let requests = sandbox.requests();
    assert!(requests.iter().all(|request| request.target.len() < 8000));
    assert!(requests.len() <= 100, "{} requests", requests.len());

    sandbox.clear_requests();
    let error = fails(user.owns_assets(0..10_001), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("10000"), "{error}");
    // An endless iterator ends, too.
    fails(user.owns_assets(0..), ErrorKind::InvalidInput);
    assert!(user.owns_assets([]).expect("there is nothing to ask").is_empty());
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_failure_in_the_middle_is_an_error() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(500).after(1));
    fails(hasty(&sandbox).user(156).owns_assets(0..5000), ErrorKind::Server);
}
