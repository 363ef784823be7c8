//! The creator store of the sandbox, its products and its search, and grants of permissions.

use rblxopencloud::{Asset, AssetType, Creator};
use rblxopencloud_sandbox::Sandbox;
use serde_json::Value;

use crate::support::local::{KEY, get, sandbox, send};

/// A sandbox with two models and a decal of user 1.
fn store() -> Sandbox {
    let sandbox = sandbox();
    for (id, asset_type) in [(5, AssetType::Model), (6, AssetType::Decal), (8, AssetType::Model)] {
        let mut asset = Asset::new(id);
        asset.asset_type = Some(asset_type);
        asset.display_name = Some(format!("Tree {id}"));
        asset.creator = Some(Creator::User(1));
        sandbox.add_asset(asset);
    }
    sandbox
}

fn product(sandbox: &Sandbox, method: &str, target: &str, body: &str) -> (u16, Value) {
    let target = format!("/cloud/v2/creator-store-products{target}");
    let (status, body) = send(sandbox, method, &target, &format!("{KEY}content-type: application/json\r\n"), body);
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn a_store_product_that_is_missing_is_created_on_request() {
    let sandbox = store();
    let price = r#"{"currencyCode":"USD","quantity":{"significand":4990000000,"exponent":-9}}"#;
    let new = "/CreatorMarketplaceAsset-Model-5";
    for query in ["", "?allowMissing=false", "?updateMask=published"] {
        assert_eq!(product(&sandbox, "PATCH", &format!("{new}{query}"), r#"{"published":true}"#).0, 404, "{query}");
    }
    assert_eq!(product(&sandbox, "PATCH", &format!("{new}?allowMissing=1"), r#"{"published":true}"#).0, 400);
    let another = r#"{"published":true,"modelAssetId":"6"}"#;
    assert_eq!(product(&sandbox, "PATCH", &format!("{new}?allowMissing=true"), another).0, 400);
    // The mask is ignored.
    let body = format!(r#"{{"published":true,"basePrice":{price},"modelAssetId":"5"}}"#);
    let (status, made) = product(&sandbox, "PATCH", &format!("{new}?allowMissing=true&updateMask=basePrice"), &body);
    assert_eq!((status, &made["published"], &made["modelAssetId"]), (200, &true.into(), &"5".into()), "{made}");
    assert_eq!((&made["path"], &made["userSeller"]), (&format!("creator-store-products{new}").into(), &"1".into()));
    let fields: Vec<&str> = made.as_object().expect("an object").keys().map(String::as_str).collect();
    let recorded =
        "basePrice description displayName modelAssetId path published purchasable purchasePrice restrictions";
    assert_eq!(fields, recorded.split(' ').chain(["userSeller"]).collect::<Vec<_>>(), "as recorded answers have them");
    // The service knows two names of each type.
    for name in [new, "/CreatorMarketplaceAsset-PRODUCT_TYPE_MODEL-5"] {
        assert_eq!(product(&sandbox, "GET", name, ""), (200, made.clone()), "{name}");
    }
    for other in ["/CreatorMarketplaceAsset-Decal-5", "/CreatorMarketplaceAsset-MODEL-5", "/5"] {
        assert_eq!(product(&sandbox, "GET", other, "").0, 404, "{other}");
    }
    for missing in ["/CreatorMarketplaceAsset-Model-9", "/CreatorMarketplaceAsset-Hologram-5", "/5"] {
        let (status, _) = product(&sandbox, "PATCH", &format!("{missing}?allowMissing=true"), r#"{"published":true}"#);
        assert_eq!(status, 404, "{missing}");
    }
    let wrong = "/CreatorMarketplaceAsset-Model-6?allowMissing=true";
    assert_eq!(product(&sandbox, "PATCH", wrong, r#"{"published":true}"#).0, 400, "a decal isn't a model");
}

#[test]
fn an_update_of_a_store_product_changes_what_it_names_or_fails() {
    let sandbox = store();
    let path = "/CreatorMarketplaceAsset-Model-5";
    assert_eq!(product(&sandbox, "POST", "", r#"{"modelAssetId":"5","published":true}"#).0, 200);
    // Without a mask, what is there is changed.
    assert_eq!(product(&sandbox, "PATCH", path, r#"{"published":false}"#).1["published"], false);
    assert_eq!(
        product(&sandbox, "PATCH", &format!("{path}?updateMask=*"), r#"{"published":true}"#).1["published"],
        true
    );
    // A field that the mask names and the body lacks becomes its default: proto3 leaves out what is false.
    let (status, changed) = product(&sandbox, "PATCH", &format!("{path}?updateMask=published"), "{}");
    assert_eq!((status, &changed["published"], &changed["purchasable"]), (200, &false.into(), &false.into()));
    for (query, body) in [
        ("", "{}"),
        ("", r#"{"modelAssetId":"5"}"#),
        ("", r#"{"displayName":"new"}"#),
        ("", r#"{"purchasable":true}"#),
        ("", r#"{"colour":"red"}"#),
        ("", r#"{"modelAssetId":"6","published":true}"#),
        ("", r#"{"decalAssetId":"5","published":true}"#),
        ("", r#"{"published":"yes"}"#),
        ("?updateMask=colour", r#"{"published":true}"#),
        ("?updateMask=published,colour", r#"{"published":true}"#),
        ("?updateMask=purchasable", r#"{"purchasable":true}"#),
        ("?updateMask=base_price", r#"{"published":true}"#),
        ("?updateMask=basePrice", r#"{"published":true}"#),
        ("?updateMask=published", ""),
    ] {
        assert_eq!(product(&sandbox, "PATCH", &format!("{path}{query}"), body).0, 400, "{query} {body}");
    }
    assert_eq!(product(&sandbox, "GET", path, "").1["published"], false, "nothing was changed");
    for body in ["{}", r#"{"published":true}"#, r#"{"modelAssetId":"8","decalAssetId":"6"}"#, r#"{"modelAssetId":"x"}"#]
    {
        assert_eq!(product(&sandbox, "POST", "", body).0, 400, "{body}");
    }
}

#[test]
fn grants_that_name_no_asset_are_refused() {
    let sandbox = store();
    for (requests, status) in [
        (r#"[{"assetId":5}]"#, 200),
        ("[]", 400),
        ("{}", 400),
        (r#"[{"assetId":5},{"assetId":"x"}]"#, 400),
        (r#"[{"assetId":5},{}]"#, 400),
    ] {
        let body = format!(r#"{{"subjectType":"User","subjectId":"1","action":"Use","requests":{requests}}}"#);
        let path = "/asset-permissions-api/v1/assets/permissions";
        assert_eq!(send(&sandbox, "PATCH", path, KEY, &body).0, status, "{requests}");
    }
}

#[test]
fn the_parameters_of_a_search_are_understood_or_refused() {
    let sandbox = store();
    sandbox.add_group(9, "nine");
    for number in 100..160 {
        let mut asset = Asset::new(number);
        asset.asset_type = Some(AssetType::Model);
        asset.display_name = Some(format!("Oak {number}"));
        asset.revision_created_at = format!("2024-01-01T00:{:02}:00Z", number * 7 % 60).parse().ok();
        asset.creator = Some(if number < 130 { Creator::User(1) } else { Creator::Group(9) });
        sandbox.add_asset(asset);
        let cents = if number < 110 { 0 } else { 499 };
        let price = format!(
            r#"{{"currencyCode":"USD","quantity":{{"significand":{},"exponent":-9}}}}"#,
            cents * 10_000_000_u64
        );
        let body = format!(r#"{{"modelAssetId":"{number}","published":true,"basePrice":{price}}}"#);
        assert_eq!(product(&sandbox, "POST", "", &body).0, 200);
    }
    let search = |query: &str| {
        let (status, body) = get(&sandbox, &format!("/toolbox-service/v2/assets:search?{query}"));
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    let found = |query: &str| {
        let (status, page) = search(&format!("searchCategoryType=Model&{query}"));
        assert_eq!(status, 200, "{query}: {page}");
        let ids = page["creatorStoreAssets"].as_array().expect("a list").iter();
        let ids: Vec<u64> = ids.filter_map(|asset| asset["asset"]["id"].as_u64()).collect();
        (ids.len(), ids.first().copied(), page["totalResults"].as_u64().expect("a total"))
    };
    assert_eq!(found(""), (25, Some(100), 60));
    assert_eq!(found("maxPageSize=100"), (60, Some(100), 60));
    assert_eq!(found("pageNumber=0"), (25, Some(100), 60));
    assert_eq!(found("pageNumber=2"), (10, Some(150), 60));
    assert_eq!(found("pageNumber=1&maxPageSize=7"), (7, Some(107), 60));
    assert_eq!(found("pageNumber=2147483647&maxPageSize=100"), (0, None, 60));
    assert_eq!(found("creator=user/1").2, 30);
    assert_eq!(found("creator=group%2F9&userId=1").2, 0);
    assert_eq!(found("groupId=9").2, 30);
    assert_eq!(found("maxPriceCents=0").2, 10);
    assert_eq!(found("minPriceCents=1").2, 50);
    assert_eq!(found("minPriceCents=499&maxPriceCents=499").2, 50);
    assert_eq!(found("minPriceCents=500").2, 0);
    assert_eq!(found("query=OAK&facets=155").2, 1);
    assert_eq!(found("audioMinDurationSeconds=0&musicChartType=None&excludedModelSubTypes=Ad").2, 60);
    // The newest one comes first, unless otherwise requested.
    assert_eq!(found("sortCategory=UpdatedTime").1, Some(137));
    assert_eq!(found("sortCategory=CreateTime&sortDirection=Ascending").1, Some(120));
    // Nothing in the sandbox has these.
    for narrow in ["tags=green", "audioArtist=x", "musicChartType=Week", "modelSubTypes=Package", "categoryPath=3d"] {
        assert_eq!(found(narrow).2, 0, "{narrow}");
    }
    let (_, page) = search("searchCategoryType=Model");
    let token = page["nextPageToken"].as_str().expect("a token");
    assert_eq!(found(&format!("pageToken={token}")), (25, Some(125), 60));
    for (bad, field) in [
        ("query=x", "searchCategoryType"),
        ("searchCategoryType=model", "searchCategoryType"),
        ("searchCategoryType=Model&userId=1&groupId=9", "groupId"),
        ("searchCategoryType=Model&userId=0", "userId"),
        ("searchCategoryType=Model&userId=x", "userId"),
        ("searchCategoryType=Model&creator=1", "creator"),
        ("searchCategoryType=Model&creator=place/1", "creator"),
        ("searchCategoryType=Model&pageNumber=-1", "pageNumber"),
        (&format!("searchCategoryType=Model&pageNumber=1&pageToken={token}"), "pageToken"),
        ("searchCategoryType=Model&maxPageSize=101", "maxPageSize"),
        ("searchCategoryType=Model&maxPageSize=0", "maxPageSize"),
        ("searchCategoryType=Model&minPriceCents=4.99", "minPriceCents"),
        ("searchCategoryType=Model&maxPriceCents=-1", "maxPriceCents"),
        ("searchCategoryType=Model&audioMaxDurationSeconds=0", "audioMaxDurationSeconds"),
        ("searchCategoryType=Model&includeOnlyVerifiedCreators=yes", "includeOnlyVerifiedCreators"),
        ("searchCategoryType=Model&sortCategory=Best", "sortCategory"),
        ("searchCategoryType=Model&sortDirection=Up", "sortDirection"),
        ("searchCategoryType=Model&modelSubTypes=Ad&modelSubTypes=X", "modelSubTypes"),
    ] {
        let (status, problem) = search(bad);
        assert!(status == 400 && problem["errors"][field].is_array(), "{bad}: {status} {problem}");
    }
}
