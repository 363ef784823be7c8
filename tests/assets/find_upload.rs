//! What became of an upload whose outcome is unknown.

use jiff::{SignedDuration, Timestamp};
use rblxopencloud::asset::UploadSearch;
use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{
    AssetFile, AssetType, AssetUpload, Creator, ErrorKind, InventoryAssetType, InventoryItem, User, UserInfo,
};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::json;

use crate::support::local::hasty;
use crate::support::{Reply, Server, fails};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn sandbox() -> (Sandbox, User) {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(1, "one"));
    let user = hasty(&sandbox).user(1);
    (sandbox, user)
}

fn upload(name: &str) -> AssetUpload {
    AssetUpload::new(AssetFile::from_bytes("crate.png", PNG), AssetType::Decal, name, "of wood")
}

fn since() -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(2)
}

fn make(user: &User, name: &str) -> u64 {
    user.upload_asset_with(upload(name)).expect("it is accepted").wait().expect("it succeeds").id
}

#[test]
fn a_lost_response_is_found() {
    let (sandbox, user) = sandbox();
    make(&user, "other");
    sandbox.inject(Fault::reset_before_answer().on("POST", "/assets/"));
    let error = user.upload_asset_with(upload("Crate")).expect_err("the response is lost");
    assert!(error.outcome_unknown());
    let lost = sandbox.assets().pop().expect("it was made").id;
    match user.find_upload(&upload("Crate"), since()).expect("it can look") {
        UploadSearch::One(candidate) => {
            assert_eq!((candidate.asset.id, candidate.unread.len()), (lost, 0));
            assert!(candidate.added_at.is_some() && candidate.to_string().contains("same type, name"), "{candidate}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn several_and_none_are_distinguished() {
    let (sandbox, user) = sandbox();
    let search = |name: &str| user.find_upload(&upload(name), since()).expect("it can look");
    assert_eq!(search("Crate"), UploadSearch::NoneSeen { added: 0, unread: Vec::new() });
    let (first, second) = (make(&user, "Crate"), make(&user, "Crate"));
    make(&user, "Door");
    match search("Crate") {
        UploadSearch::Several(candidates) => {
            let mut ids: Vec<u64> = candidates.iter().map(|candidate| candidate.asset.id).collect();
            ids.sort_unstable();
            assert_eq!(ids, [first, second]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(search("Window"), UploadSearch::NoneSeen { added: 3, unread: Vec::new() });
    // What was there before isn't the upload.
    let later = Timestamp::now() + SignedDuration::from_mins(1);
    assert_eq!(
        user.find_upload(&upload("Crate"), later).expect("it can look"),
        UploadSearch::NoneSeen { added: 0, unread: Vec::new() }
    );
    // Another description is another asset.
    let different = AssetUpload::new(AssetFile::from_bytes("a.png", PNG), AssetType::Decal, "Door", "of steel");
    assert!(matches!(user.find_upload(&different, since()), Ok(UploadSearch::NoneSeen { added: 3, .. })));
    drop(sandbox);
}

#[test]
fn assets_that_cannot_be_read_are_named() {
    let (sandbox, user) = sandbox();
    let mut foreign = InventoryAsset::new(99, InventoryAssetType::Decal);
    foreign.added_at = Some(Timestamp::now());
    sandbox.set_inventory(1, [InventoryItem::Asset(foreign)]);
    let id = make(&user, "Crate");
    match user.find_upload(&upload("Crate"), since()).expect("it can look") {
        UploadSearch::One(candidate) => assert_eq!((candidate.asset.id, candidate.unread), (id, vec![99])),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        user.find_upload(&upload("Window"), since()).expect("it can look"),
        UploadSearch::NoneSeen { added: 2, unread: vec![99] }
    );
}

#[test]
fn some_uploads_cannot_be_looked_for() {
    let (sandbox, user) = sandbox();
    let image = upload("Crate").asset_type(AssetType::Image);
    match user.find_upload(&image, since()).expect("it answers") {
        UploadSearch::CannotLook { reason } => assert!(reason.contains("Image"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let group = user.client().group(7);
    assert!(matches!(group.find_upload(&upload("Crate"), since()), UploadSearch::CannotLook { .. }));
    assert!(sandbox.requests().is_empty());

    // It never says "none" if it couldn't look.
    make(&user, "Crate");
    sandbox.set_inventory_private(1, true);
    fails(user.find_upload(&upload("Crate"), since()), ErrorKind::PermissionDenied);
    sandbox.set_key_owner(Creator::User(1));
    sandbox.set_scopes(["user.inventory-item:read"]);
    fails(user.find_upload(&upload("Crate"), since()), ErrorKind::PermissionDenied);
    sandbox.set_scopes(["user.inventory-item:read", "asset:read"]);
    sandbox.inject(Fault::status(500).on("GET", "/assets/"));
    fails(user.find_upload(&upload("Crate"), since()), ErrorKind::Server);
}

#[test]
fn what_cannot_be_read_may_be_the_upload() {
    // An item of the inventory.
    for item in [json!(17), json!({ "assetDetails": { "assetId": "x" } }), json!({ "hologramDetails": { "id": "5" } })]
    {
        let server = Server::script([Reply::ok(&json!({ "inventoryItems": [item] }))]);
        let error = fails(server.client().user(1).find_upload(&upload("Crate"), since()), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("inventory-items"), "{error}");
    }
    // The asset itself.
    let added = json!({ "addTime": Timestamp::now().to_string(), "assetDetails": { "assetId": "5" } });
    for asset in [
        json!({ "assetId": "5" }),
        json!({ "assetId": "5", "displayName": "Crate", "description": "of wood" }),
        json!({ "assetId": "5", "description": "of wood", "creationContext": { "creator": { "userId": "1" } } }),
        json!({ "assetId": "5", "displayName": {}, "creationContext": { "creator": { "userId": "1" } } }),
    ] {
        let server = Server::script([Reply::ok(&json!({ "inventoryItems": [added] })), Reply::json(200, &asset)]);
        let found = server.client().user(1).find_upload(&upload("Crate"), since()).expect("it can look");
        assert_eq!(found, UploadSearch::NoneSeen { added: 1, unread: vec![5] }, "{asset}");
    }
}

#[test]
fn a_missing_scope_is_an_error_of_the_search() {
    for (message, on_assets) in [
        ("The required scope <user.inventory-item:read> is missing.", false),
        ("The required scope <asset:read> is missing.", true),
    ] {
        let refusal = Reply::json(403, &json!({ "code": "PERMISSION_DENIED", "message": message }));
        let added = json!({ "addTime": Timestamp::now().to_string(), "assetDetails": { "assetId": "5" } });
        let listed = Reply::ok(&json!({ "inventoryItems": [added] }));
        let server = Server::script(if on_assets { vec![listed, refusal] } else { vec![refusal] });
        let error = fails(server.client().user(1).find_upload(&upload("Crate"), since()), ErrorKind::PermissionDenied);
        assert_eq!(error.scope(), rblxopencloud::ErrorScope::Run, "{error}");
    }
}
