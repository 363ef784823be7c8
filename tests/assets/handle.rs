//! Assets after their upload: versions, archiving, permissions, delivery and the creator store.

use std::fs;
use std::io::{self, Write};

use rblxopencloud::asset::{
    AssetAction, AssetDelivery, AssetField, AssetPermission, AssetState, Check, GrantedPermissions,
    PermissionErrorCode, PermissionSubject, SocialLink, SocialLinkKind,
};
use rblxopencloud::store::{AssetSearch, AssetSearchCategory, CreatorStoreProductType, Money, StoreProductUpdate};
use rblxopencloud::{Asset, AssetType, AssetUpdate, Client, Creator, Credentials, ErrorKind, ErrorScope, UserInfo};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::local::{KEY, hasty, patient, send, send_form};
use crate::support::{Reply, Server, TempDir, fails, noise};

/// A sandbox with a model of user 156.
fn sandbox(content: &[u8]) -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(156, "builderman"));
    let mut asset = Asset::new(4242);
    asset.asset_type = Some(AssetType::Model);
    asset.display_name = Some("Tree house".to_owned());
    asset.creator = Some(Creator::User(156));
    sandbox.add_asset(asset);
    sandbox.set_asset_content(4242, "a.rbxm", "model/x-rbxm", content);
    sandbox
}

/// A sandbox with this many models on the creator store, for 4.99 dollars each.
fn store(models: u64) -> Sandbox {
    let sandbox = sandbox(b"one");
    let client = hasty(&sandbox);
    for id in 1..=models {
        let mut asset = Asset::new(id);
        asset.asset_type = Some(AssetType::Model);
        asset.display_name = Some(format!("Tree {id}"));
        asset.creator = Some(Creator::User(156));
        sandbox.add_asset(asset);
        let update = StoreProductUpdate::new().base_price(Money::usd("4.99").expect("a price")).published(true);
        client.asset(id).create_store_product(&CreatorStoreProductType::Model, &update).expect("it is new");
    }
    sandbox
}

fn numbers(client: &Client) -> Vec<Option<u64>> {
    client.asset(4242).list_versions().map(|version| version.expect("it is listed").number()).collect()
}

#[test]
fn versions_are_listed_and_rolled_back() {
    let sandbox = sandbox(b"one");
    let client = hasty(&sandbox);
    let asset = client.asset(4242);
    sandbox.set_asset_content(4242, "a.rbxm", "model/x-rbxm", *b"two");
    assert_eq!(numbers(&client), [Some(2), Some(1)]);
    let version = asset.fetch_version(1).expect("it exists");
    assert_eq!((version.asset_id(), version.creator()), (Some(4242), Some(Creator::User(156))));
    assert_eq!(asset.rollback(1).expect("it exists").number(), Some(3));
    assert_eq!(numbers(&client), [Some(3), Some(2), Some(1)]);
    let content = |version: Option<u64>| {
        let mut content = Vec::new();
        let request = version.map_or_else(|| asset.locate(), |number| asset.locate_version(number));
        request.expect("it is delivered").download(&mut content).expect("it is delivered");
        content
    };
    assert_eq!((content(None), content(Some(2)), content(Some(1))), (b"one".into(), b"two".into(), b"one".into()));
    for number in [0, 4, u64::MAX] {
        fails(asset.rollback(number), ErrorKind::NotFound);
        fails(asset.fetch_version(number), ErrorKind::NotFound);
    }
    fails(client.asset(404).list_versions().next().expect("an error"), ErrorKind::NotFound);
    for _ in 0..60 {
        sandbox.set_asset_content(4242, "a.rbxm", "model/x-rbxm", *b"more");
    }
    sandbox.clear_requests();
    assert_eq!(numbers(&client).len(), 63);
    assert_eq!(sandbox.requests().len(), 2, "50 versions a page");
}

#[test]
fn a_rollback_is_sent_as_json() {
    let sandbox = sandbox(b"one");
    assert_eq!(hasty(&sandbox).asset(4242).rollback(1).expect("it exists").path, "assets/4242/versions/2");
    let requests = sandbox.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/assets/v1/assets/4242/versions:rollback"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(String::from_utf8_lossy(&request.body), r#"{"assetVersion":"assets/4242/versions/1"}"#);

    // The reference describes a form, and the sandbox accepts it too.
    let form =
        "--b\r\ncontent-disposition: form-data; name=\"assetVersion\"\r\n\r\nassets/4242/versions/1\r\n--b--\r\n";
    let rollback = "/assets/v1/assets/4242/versions:rollback";
    let (status, body) = send_form(&sandbox, "POST", rollback, form);
    assert!(status == 200 && body.contains("assets/4242/versions/3"), "{status} {body}");
    for bad in
        ["", "{}", r#"{"assetVersion":1}"#, r#"{"assetVersion":"assets/1/versions/1"}"#, r#"{"assetVersion":"1"}"#]
    {
        assert_eq!(send(&sandbox, "POST", rollback, KEY, bad).0, 400, "{bad}");
    }
}

#[test]
fn an_archived_asset_is_archived() {
    let sandbox = sandbox(b"one");
    let client = hasty(&sandbox);
    let asset = client.asset(4242);
    let free = StoreProductUpdate::new().base_price(Money::usd("0").expect("a price")).published(true);
    asset.create_store_product(&CreatorStoreProductType::Model, &free).expect("it is new");
    let found = || client.search_assets(AssetSearch::new(AssetSearchCategory::Model).query("tree")).count();
    assert_eq!(found(), 1);
    assert_eq!(asset.archive().expect("it exists").state, Some(AssetState::Archived));
    assert_eq!((asset.fetch().expect("it exists").state, found()), (Some(AssetState::Archived), 0));
    assert_eq!(asset.restore().expect("it exists").state, Some(AssetState::Active));
    assert_eq!(found(), 1);
    fails(client.asset(404).archive(), ErrorKind::NotFound);
    sandbox.set_key_owner(Creator::User(1));
    let error = fails(asset.archive(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("may edit this asset"), "{error}");
}

#[test]
fn updates_are_for_the_asset_of_the_handle() {
    let sandbox = sandbox(b"one");
    let asset = hasty(&sandbox).asset(4242);
    for update in [AssetUpdate::default(), AssetUpdate::new(4242)] {
        asset.update_with(update.display_name("new")).expect("it is accepted").wait().expect("it succeeds");
    }
    sandbox.clear_requests();
    let error = fails(asset.update_with(AssetUpdate::new(1).display_name("new")), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("asset 1") && error.to_string().contains("asset 4242"), "{error}");
    fails(asset.update_with(AssetUpdate::default()), ErrorKind::InvalidInput);
    fails(asset.fetch_fields([]), ErrorKind::InvalidInput);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn partial_success_of_a_grant_is_visible() {
    let sandbox = sandbox(b"one");
    let mut other = Asset::new(5);
    other.creator = Some(Creator::User(1));
    sandbox.add_asset(other);
    sandbox.set_key_owner(Creator::User(156));
    let client = hasty(&sandbox);
    let permission = AssetPermission::new(PermissionSubject::Universe(13058), AssetAction::Use);
    let granted = client.grant_asset_permissions(&permission, [4242, 5, 404]).expect("some succeed");
    assert_eq!((granted.success_asset_ids.as_slice(), granted.is_complete()), (&[4242][..], false));
    let codes: Vec<_> = granted.errors.iter().map(|error| (error.asset_id, error.code.clone())).collect();
    assert_eq!(
        codes,
        [(5, Some(PermissionErrorCode::CannotManageAsset)), (404, Some(PermissionErrorCode::AssetNotFound))]
    );
    assert_eq!(sandbox.asset_permissions(4242), [(PermissionSubject::Universe(13058), AssetAction::Use)]);
    assert!(client.asset(4242).grant_permission(&permission).expect("it succeeds").is_complete());
    assert_eq!(sandbox.asset_permissions(4242).len(), 1);
    fails(client.grant_asset_permissions(&permission, []), ErrorKind::InvalidInput);
    let unknown = AssetPermission::new(PermissionSubject::All, AssetAction::from("Fly"));
    fails(client.grant_asset_permissions(&unknown, [4242]), ErrorKind::Rejected);
}

#[test]
fn a_grant_that_is_not_confirmed_is_not_complete() {
    let permission = AssetPermission::new(PermissionSubject::Universe(13058), AssetAction::Use);
    let granted = |body: &Value| {
        let server = Server::script([Reply::ok(body)]);
        server.client().grant_asset_permissions(&permission, [1, 2])
    };
    for (body, granted_ids, unanswered) in [
        (json!({}), &[][..], &[1, 2][..]),
        (json!({ "successAssetIds": null, "errors": null }), &[], &[1, 2]),
        (json!({ "successAssetIds": [], "errors": [] }), &[], &[1, 2]),
        (json!({ "successAssetIds": ["1"], "errors": [] }), &[1], &[2]),
        (json!({ "successAssetIds": [1, "two"] }), &[1], &[2]),
        (json!({ "successAssetIds": [1], "errors": [{ "code": "AssetNotFound" }] }), &[1], &[2]),
        (json!({ "successAssetIds": [1], "errors": [{ "assetId": "x" }, 17] }), &[1], &[2]),
    ] {
        let granted = granted(&body).expect("it answers");
        assert!(!granted.is_complete(), "{body}");
        assert_eq!(
            (granted.success_asset_ids.as_slice(), granted.unanswered.as_slice()),
            (granted_ids, unanswered),
            "{body}"
        );
    }
    let all = granted(&json!({ "successAssetIds": ["1", 2] })).expect("it answers");
    assert!(all.is_complete() && all.unanswered.is_empty());
    // What is kept as JSON tells the same when it is read again.
    let some = granted(&json!({ "successAssetIds": ["1"] })).expect("it answers");
    let again: GrantedPermissions =
        serde_json::from_value(serde_json::to_value(&some).expect("it is JSON")).expect("it is a grant");
    assert!(again == some && !again.is_complete());
    // An error in place of an answer.
    for body in [
        json!({ "error": { "code": "CannotManageAsset", "message": "The asset isn't yours." } }),
        json!({ "errors": [{ "code": 0, "message": "no" }] }),
        json!({ "code": "INTERNAL", "message": "no" }),
    ] {
        let error = fails(granted(&body), ErrorKind::InvalidResponse);
        assert_eq!(error.scope(), ErrorScope::Call, "{error}");
        assert!(!error.to_string().contains("scope"), "{error}");
    }
    fails(granted(&json!({ "successAssetIds": "all" })), ErrorKind::InvalidResponse);
}

#[test]
fn the_host_of_contents_never_sees_the_key() {
    let content = noise(100_000);
    let sandbox = sandbox(&content);
    let token = Credentials::access_token(sandbox.access_token());
    for client in [hasty(&sandbox), hasty(&sandbox).with_credentials(token)] {
        sandbox.clear_requests();
        let mut downloaded = Vec::new();
        assert_eq!(client.asset(4242).download(&mut downloaded).expect("it is delivered"), 100_000);
        assert!(downloaded == content);
        let requests = sandbox.requests();
        let [located, delivered] = requests.as_slice() else { panic!("{requests:?}") };
        assert!(located.header("x-api-key").or(located.header("authorization")).is_some());
        assert_ne!(located.header("host"), delivered.header("host"));
        assert_eq!(delivered.header("x-api-key").or(delivered.header("authorization")), None);
    }
}

#[test]
fn refusals_to_deliver_have_the_message_of_the_service() {
    let sandbox = sandbox(b"one");
    let client = hasty(&sandbox);
    let error = fails(client.asset(404).locate(), ErrorKind::InvalidResponse);
    assert_eq!(error.message(), Some("Request asset was not found"));
    sandbox.set_key_owner(Creator::User(1));
    let error = fails(client.asset(4242).locate(), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("not authorized"), "{error}");
    let server = Server::script([Reply::text(200, r#"{"location":"","requestId":"1"}"#)]);
    fails(server.client().asset(1).locate(), ErrorKind::InvalidResponse);
    // The address of a content is checked as any other.
    for location in ["http://elsewhere.example/a", "file:///etc/passwd", "nowhere"] {
        let server = Server::script([Reply::text(200, format!(r#"{{"location":"{location}"}}"#))]);
        let error = fails(server.client().asset(1).download(&mut Vec::new()), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("location"), "{error}");
    }
}

#[test]
fn a_download_that_breaks_is_resumed() {
    let content = noise(300_000);
    let sandbox = sandbox(&content);
    sandbox.inject(Fault::truncated_body().on("GET", "/contents/").times(3));
    let directory = TempDir::new();
    let path = directory.path().join("model.rbxm");
    patient(&sandbox).asset(4242).download_to(&path).expect("it is resumed");
    assert!(fs::read(&path).expect("it is there") == content);
}

#[test]
fn a_partial_file_is_never_left_under_its_name() {
    let sandbox = sandbox(&noise(300_000));
    let directory = TempDir::new();
    let path = directory.file("model.rbxm", b"old");
    let asset = hasty(&sandbox).asset(4242);
    let files = || {
        let files = fs::read_dir(directory.path()).expect("it is there");
        files.map(|file| file.expect("it is there").file_name().into_string().expect("it is text")).collect::<Vec<_>>()
    };

    sandbox.inject(Fault::truncated_body().on("GET", "/contents/"));
    asset.download_to(&path).expect_err("it breaks");
    fails(asset.locate().expect("it is located").max_size(1000).download_to(&path), ErrorKind::InvalidResponse);
    sandbox.inject(Fault::status(404).on("GET", "/contents/"));
    fails(asset.download_to(&path), ErrorKind::NotFound);
    assert_eq!((files(), fs::read(&path).expect("it is there")), (vec!["model.rbxm".to_owned()], b"old".to_vec()));

    fails(asset.download_to(directory.path().join("missing").join("model.rbxm")), ErrorKind::Io);
    asset.download_to(&path).expect("it is whole");
    assert_eq!((files().len(), fs::read(&path).expect("it is there").len()), (1, 300_000));
}

/// Takes a little, as a full disk does.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_io_error() {
    let sandbox = sandbox(&noise(300_000));
    let error = fails(hasty(&sandbox).asset(4242).download(&mut Full(100_000)), ErrorKind::Io);
    assert!(!error.is_retryable() && !error.outcome_unknown(), "{error}");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
}

#[test]
fn prices_are_exact_and_checked() {
    let sandbox = sandbox(b"one");
    let asset = hasty(&sandbox).asset(4242);
    let price = |text: &str| StoreProductUpdate::new().base_price(Money::usd(text).expect("a price"));
    fails(asset.fetch_store_product(&CreatorStoreProductType::Model), ErrorKind::NotFound);
    fails(asset.update_store_product(&CreatorStoreProductType::Model, &price("1")), ErrorKind::NotFound);
    fails(
        asset.update_store_product(&CreatorStoreProductType::Model, &StoreProductUpdate::new()),
        ErrorKind::InvalidInput,
    );
    fails(asset.create_store_product(&CreatorStoreProductType::Audio, &price("1")), ErrorKind::Rejected);
    let product = asset.create_store_product(&CreatorStoreProductType::Model, &price("4.99")).expect("it is new");
    assert_eq!((product.asset_id, product.seller, product.published), (Some(4242), Some(Creator::User(156)), false));
    assert_eq!((product.display_name.as_deref(), product.description.as_deref()), (Some("Tree house"), Some("")));
    assert_eq!(product.base_price.expect("it has a price").to_string(), "4.99 USD");
    let sent: serde_json::Value =
        serde_json::from_slice(&sandbox.requests().pop().expect("it was sent").body).expect("JSON");
    assert_eq!(sent["basePrice"]["quantity"], serde_json::json!({ "significand": 4_990_000_000_i64, "exponent": -9 }));
    fails(asset.create_store_product(&CreatorStoreProductType::Model, &price("4.99")), ErrorKind::Conflict);
    let product = asset
        .update_store_product(&CreatorStoreProductType::Model, &StoreProductUpdate::new().published(true))
        .expect("it exists");
    assert!(product.purchasable && product.base_price == Some(Money::usd("4.99").expect("a price")));
    sandbox.clear_requests();
    assert!(Money::usd("4.999").is_err() && sandbox.requests().is_empty());
}

#[test]
fn the_store_is_searched_without_a_key() {
    let sandbox = store(150);
    let client = hasty(&sandbox);
    let unpublished = StoreProductUpdate::new().published(false);
    client.asset(7).update_store_product(&CreatorStoreProductType::Model, &unpublished).expect("it exists");
    sandbox.clear_requests();
    let keyless = client.with_credentials(Credentials::none());
    let search = || AssetSearch::new(AssetSearchCategory::Model).query("tree").creator(Creator::User(156));
    let found = keyless.search_assets(search()).collect::<Result<Vec<_>, _>>().expect("they are found");
    assert_eq!((found.len(), sandbox.requests().len()), (149, 2));
    assert!(sandbox.requests().iter().all(|request| request.header("x-api-key").is_none()));
    let tree = &found[0];
    assert_eq!((tree.asset.name.as_deref(), tree.asset.asset_type_id), (Some("Tree 1"), Some(10)));
    assert_eq!(tree.creator.as_ref().and_then(|creator| creator.id()), Some(Creator::User(156)));
    let price = tree.product.as_ref().and_then(|product| product.purchase_price.clone());
    assert_eq!(price.expect("it has a price").to_string(), "4.99 USD");
    // A key needs the scope.
    sandbox.set_scopes(["asset:read"]);
    fails(client.search_assets(search()).next().expect("an error"), ErrorKind::PermissionDenied);
    fails(keyless.search_assets(AssetSearch::in_category_path(" ")).next().expect("an error"), ErrorKind::InvalidInput);
}

#[test]
fn what_delivery_tells_of_a_content_is_kept() {
    let sandbox = sandbox(b"12345");
    sandbox.set_asset_content(4242, "a.rbxm", "model/x-rbxm", *b"1234567");
    let asset = hasty(&sandbox).asset(4242);
    let delivery = asset.fetch_delivery().expect("it is delivered");
    assert_eq!((delivery.size, delivery.is_archived, delivery.is_recordable), (Some(7), Some(false), Some(true)));
    assert_eq!(asset.fetch_version_delivery(1).expect("it is delivered").size, Some(5));
    asset.archive().expect("it exists");
    assert_eq!(asset.fetch_delivery().expect("it is delivered").is_archived, Some(true));
    fails(hasty(&sandbox).asset(404).fetch_delivery(), ErrorKind::InvalidResponse);

    let answer = |rest: &str| Reply::text(200, format!(r#"{{"location":"https://host.example/a?signed"{rest}}}"#));
    for (rest, size) in [
        ("", None),
        (r#","assetMetadatas":null"#, None),
        (r#","assetMetadatas":[{"metadataType":2,"value":"9"},7,{"metadataType":1,"value":"ktx2"}]"#, None),
        (r#","assetMetadatas":[{"metadataType":1,"value":9}],"isArchived":"no""#, Some(9)),
    ] {
        let server = Server::script([answer(rest)]);
        let delivery = server.client().asset(1).fetch_delivery().expect("it is delivered");
        assert_eq!((delivery.size, delivery.is_archived, delivery.is_recordable), (size, None, None), "{rest}");
        assert!(delivery.location.ends_with("?signed") && !format!("{delivery:?}").contains("signed"), "{delivery:?}");
        let json = serde_json::to_string(&delivery).expect("it is JSON");
        assert_eq!(serde_json::from_str::<AssetDelivery>(&json).expect("it is read"), delivery);
    }
}

#[test]
fn the_page_of_a_search_has_its_totals() {
    let sandbox = store(150);
    let client = hasty(&sandbox);
    let search = AssetSearch::new(AssetSearchCategory::Model).query("Tree").facets(["1"]);
    let page = client.fetch_search_page(search.clone()).expect("it answers");
    let expected = (1..=150_u64).filter(|id| id.to_string().contains('1'));
    assert_eq!(page.total_results, Some(expected.clone().count() as u64));
    assert_eq!((page.applied_facets, page.filtered_keyword), (vec!["1".to_owned()], Some("Tree".to_owned())));
    assert!(page.available_facets.is_empty() && page.suggested_query.is_none() && page.unreadable.is_empty());
    assert_eq!((page.assets.len() as u64, page.next_cursor), (page.total_results.expect("a total"), None));

    let everything = AssetSearch::new(AssetSearchCategory::Model);
    let page = client.fetch_search_page(everything.clone()).expect("it answers");
    assert_eq!((page.assets.len(), page.total_results), (100, Some(150)));
    let rest = client.search_assets(everything).resume_from(page.next_cursor.expect("there is more"));
    let ids =
        page.assets.iter().map(|asset| asset.asset.id).chain(rest.map(|asset| asset.expect("it is found").asset.id));
    assert!(ids.eq(1..=150));
    fails(client.fetch_search_page(AssetSearch::in_category_path("")), ErrorKind::InvalidInput);

    let strange = r#"{"creatorStoreAssets":[17,{"asset":{"id":5}}],"totalResults":"2","queryFacets":{"appliedFacets":null,
        "availableFacets":["wood"]},"filteredKeyword":"","queryCorrection":{"suggestedQuery":"tree"},"nextPageToken":""}"#;
    let nothing = r#"{"creatorStoreAssets":null,"totalResults":0,"queryFacets":null,"queryCorrection":null}"#;
    let search = || AssetSearch::new(AssetSearchCategory::Model);
    let server = Server::script([Reply::text(200, strange), Reply::text(200, nothing)]);
    let page = server.client().fetch_search_page(search()).expect("it answers");
    assert_eq!((page.assets.len(), page.unreadable.len(), page.total_results), (1, 1, Some(2)));
    assert_eq!((page.available_facets, page.filtered_keyword), (vec!["wood".to_owned()], None));
    assert_eq!(page.suggested_query.as_deref(), Some("tree"));
    let page = server.client().fetch_search_page(search()).expect("it answers");
    assert_eq!((page.assets.len(), page.total_results), (0, Some(0)));
}

/// A page of a search is read as each page of a listing is.
#[test]
fn the_page_of_a_search_follows_the_rules_of_listings() {
    let search = || AssetSearch::new(AssetSearchCategory::Model);
    for refusal in [
        r#"{"errors":[{"code":0,"message":"no"}]}"#,
        r#"{"creatorStoreAssets":null,"totalResults":0,"errors":[{"code":0,"message":"no"}]}"#,
        r#"{"code":"INTERNAL","message":"no"}"#,
        r#"{"message":"no"}"#,
        r#"{"assets":[]}"#,
        r#"{"totalResults":7,"data":[{"asset":{"id":5}}]}"#,
        r#"{"creatorStoreAssets":{}}"#,
        r#"{"creatorStoreAssets":"none"}"#,
        r#"{"creatorStoreAssets":[{"asset":{"id":5}}],"nextPageCursor":"c"}"#,
        r#"{"creatorStoreAssets":[],"nextPageCursor":"c","totalResults":7}"#,
        r#"{"creatorStoreAssets":[],"nextPageToken":true}"#,
        r#"{"creatorStoreAssets":[],"nextPageToken":{"value":7}}"#,
        r#"{"creatorStoreAssets":[]} {}"#,
        r#"{"creatorStoreAssets":[{"asset":{"id":5}"#,
        "[]",
        "null",
        "",
    ] {
        let server = Server::script([Reply::text(200, refusal)]);
        fails(server.user_without_retries().client().fetch_search_page(search()), ErrorKind::InvalidResponse);
    }
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep_item = format!(r#"{{"creatorStoreAssets":[{deep},{{"asset":{{"id":5}}}}],"totalResults":2}}"#);
    let deep_fields =
        format!(r#"{{"creatorStoreAssets":[17,{{"asset":{{"id":5}}}}],"totalResults":2,"queryFacets":{deep}}}"#);
    let cut = r#"{"creatorStoreAssets":[{"asset":{"id":5,"name":"cut \ud83d"}},null],"totalResults":"2"}"#;
    for body in [&deep_item, &deep_fields, cut] {
        let server = Server::script([Reply::text(200, body)]);
        let page = server.client().fetch_search_page(search()).expect(body);
        assert_eq!((page.assets.len(), page.unreadable.len(), page.total_results), (1, 1, Some(2)), "{body}");
    }
}

/// A total that can't be read isn't 0, and ends no page.
#[test]
fn totals_of_a_search_are_read_or_missing() {
    for (totals, expected) in [
        (r#","totalResults":7"#, Some(7)),
        (r#","totalResults":"7""#, Some(7)),
        (r#","totalResults":0"#, Some(0)),
        ("", None),
        (r#","totalResults":null"#, None),
        (r#","totalResults":-1"#, None),
        (r#","totalResults":7.5"#, None),
        (r#","totalResults":"many""#, None),
        (r#","totalResults":{"value":7}"#, None),
        (r#","totalResults":[7]"#, None),
        (r#","totalResults":7,"totalResults":8"#, None),
        (r#","totalResults":7,"queryFacets":"none","filteredKeyword":17,"queryCorrection":[{}]"#, Some(7)),
        (r#","totalResults":7,"queryFacets":{"appliedFacets":{}},"queryCorrection":{"suggestedQuery":""}"#, Some(7)),
    ] {
        let body = format!(r#"{{"creatorStoreAssets":[{{"asset":{{"id":5}}}}]{totals},"nextPageToken":"t"}}"#);
        let server = Server::script([Reply::text(200, body.as_str())]);
        let page = server.client().fetch_search_page(AssetSearch::new(AssetSearchCategory::Model)).expect(&body);
        assert_eq!((page.assets.len(), page.total_results), (1, expected), "{body}");
        assert!(page.applied_facets.is_empty() && page.available_facets.is_empty(), "{body}");
        assert!(
            page.filtered_keyword.is_none() && page.suggested_query.is_none() && page.next_cursor.is_some(),
            "{body}"
        );
    }
    let server = Server::script([Reply::text(200, "{}")]);
    let page = server.client().fetch_search_page(AssetSearch::new(AssetSearchCategory::Model)).expect("an empty page");
    assert_eq!((page.assets.len(), page.total_results, page.next_cursor), (0, None, None));
}

#[test]
fn the_link_to_try_an_asset_is_fetched_and_is_not_one_of_three() {
    let sandbox = sandbox(b"one");
    let client = hasty(&sandbox);
    let asset = client.asset(4242);
    let sites = [SocialLinkKind::Facebook, SocialLinkKind::Twitch, SocialLinkKind::GitHub];
    let with = |kinds: &[SocialLinkKind]| {
        let links = kinds.iter().map(|kind| (kind.clone(), SocialLink::new("https://host.example")));
        links.fold(AssetUpdate::default(), |update, (kind, link)| update.social_link(kind, link))
    };
    let update = with(&sites).social_link(SocialLinkKind::TryAsset, SocialLink::new("1818"));
    asset.update_with(update).expect("three links to sites").wait().expect("it succeeds");
    sandbox.clear_requests();
    let links = asset.fetch().expect("it exists").social_links;
    assert_eq!(links.get(&SocialLinkKind::TryAsset).map(|link| link.uri.as_str()), Some("1818"));
    assert_eq!(links.len(), 4);

    // A service that has given up a field refuses a mask that names it.
    let requests = sandbox.requests();
    let mask = requests[0].query_value("readMask").expect("a mask");
    assert!(mask.contains("tryAssetSocialLink") && !mask.contains("guildedSocialLink"), "{mask}");
    asset.update_with(AssetUpdate::default().display_name("new")).expect("it is accepted").wait().expect("it succeeds");
    let requests = sandbox.requests();
    let update = requests.iter().find(|request| request.method == "PATCH").expect("a request");
    assert_eq!(update.query_value("updateMask"), Some("displayName"));
    assert_eq!(asset.fetch_fields([AssetField::GuildedSocialLink]).expect("it exists").social_links.len(), 0);

    let four = [&sites[..], &[SocialLinkKind::Discord]].concat();
    fails(asset.update_with(with(&four)), ErrorKind::InvalidInput);
    let unchecked = |update: AssetUpdate| asset.update_with(update.skip_check(Check::SocialLinks));
    fails(unchecked(with(&four)), ErrorKind::Rejected);
    fails(unchecked(with(&[SocialLinkKind::TryAsset])), ErrorKind::Rejected);
}
