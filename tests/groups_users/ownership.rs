//! Whether users own things.

use rblxopencloud::inventory::{InventoryAsset, InventoryGamePass, Ownership};
use rblxopencloud::{Creator, ErrorKind, ErrorScope, InventoryAssetType, InventoryItem, UserInfo};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::local::hasty;
use crate::support::{Reply, Server, fails};

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
fn a_private_inventory_is_not_an_error() {
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
    // Ids that are named twice count twice: those after them are never left out.
    fails(user.owns_assets([1, 1].into_iter().chain(2..10_001)), ErrorKind::InvalidInput);
    // An endless iterator ends, too.
    fails(user.owns_assets(0..), ErrorKind::InvalidInput);
    assert!(user.owns_assets([]).expect("no request is needed").is_empty());
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_failure_in_the_middle_is_an_error() {
    let sandbox = sandbox();
    sandbox.inject(Fault::status(500).after(1));
    fails(hasty(&sandbox).user(156).owns_assets(0..5000), ErrorKind::Server);
}

fn pass(id: &Value) -> Value {
    json!({ "gamePassDetails": { "gamePassId": id } })
}

fn page(items: &[Value], next: &str) -> Reply {
    Reply::ok(&json!({ "inventoryItems": items, "nextPageToken": next }))
}

fn private() -> Reply {
    Reply::json(403, &json!({ "code": "PERMISSION_DENIED", "message": "The inventory is private." }))
}

#[test]
fn what_was_seen_stays_owned_when_a_later_page_is_refused() {
    let server = Server::script([page(&[pass(&json!("7"))], "next"), private()]);
    let answers = server.user().owns_game_passes([7, 8]).expect("it answers");
    assert!(answers[&7].is_owned());
    assert_eq!(answers[&8], Ownership::Private);
    // When everything was seen, no further page is fetched.
    let server = Server::script([page(&[pass(&json!("7"))], "next"), private()]);
    assert!(server.user().owns_game_pass(7).expect("it answers").is_owned());
    assert_eq!(server.count(), 1);
}

#[test]
fn an_item_that_cannot_be_read_leaves_open_what_was_not_seen() {
    let mut deep = json!(1);
    for _ in 0..150 {
        deep = json!([deep]);
    }
    let strange = [
        json!({ "spaceshipDetails": { "id": "777" } }),
        json!({ "gamePassDetails": { "gamePassId": "seven" } }),
        json!({ "gamePassDetails": { "gamePassId": null } }),
        json!({ "gamePassDetails": { "id": "777" } }),
        json!({ "gamePassDetails": 777 }),
        json!({ "path": "users/156/inventory-items/x" }),
        json!(777),
        json!(null),
        json!({ "gamePassDetails": { "gamePassId": deep } }),
    ];
    for item in &strange {
        let server = Server::script([page(std::slice::from_ref(item), "")]);
        let error = fails(server.user().owns_game_pass(777), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("inventory-items") && error.to_string().contains("777"), "{error}");
        let server = Server::script([page(&[item.clone(), pass(&json!(7))], "")]);
        fails(server.user().owns_game_passes([7, 777]), ErrorKind::InvalidResponse);
        // What was seen is owned, whatever else is there.
        let server = Server::script([page(&[item.clone(), pass(&json!(7))], "")]);
        assert!(server.user().owns_game_pass(7).expect("it answers").is_owned(), "{item}");
    }
    // An item of another known kind is readable.
    let server = Server::script([page(&[json!({ "badgeDetails": { "badgeId": "777" } })], "")]);
    assert_eq!(server.user().owns_game_pass(777).expect("it answers"), Ownership::NotOwned);
}

#[test]
fn a_missing_scope_is_never_a_private_inventory() {
    for message in [
        "The required scope <user.inventory-item:read> is missing.",
        "The required scope <user.inventory-item:156:read> is missing.",
    ] {
        let refusal = Reply::json(403, &json!({ "code": "PERMISSION_DENIED", "message": message }));
        let server = Server::script([refusal]);
        let error = fails(server.user().owns_game_pass(777), ErrorKind::PermissionDenied);
        assert_eq!(error.scope(), ErrorScope::Run);
        assert!(error.to_string().contains("give the key the scope user.inventory-item:read"), "{error}");
    }
}
