//! The traits that the public types implement, beside those that other tests use.

use std::collections::HashSet;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};

use rblxopencloud::inventory::{
    InventoryAsset, InventoryBadge, InventoryGamePass, InventoryItemKind, InventoryPrivateServer,
};
use rblxopencloud::store::StoreAsset;
use rblxopencloud::{
    Asset, AssetFile, AssetHandle, AssetType, Client, ClientBuilder, Creator, Credentials, Error, ErrorKind, Group,
    GroupMembership, InventoryAssetType, InventoryItem, InventoryItems, Operation, Pager, RetryPolicy, Timeouts, User,
    UserInfo, WaitOptions,
};
use serde_json::json;

#[test]
fn handles_cross_threads_and_panics() {
    fn handle<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    handle::<Client>();
    handle::<User>();
    handle::<Group>();
    handle::<AssetHandle>();
    handle::<Credentials>();
    handle::<Error>();
    handle::<RetryPolicy>();
    handle::<Timeouts>();
    handle::<InventoryItem>();
    handle::<Operation<Asset>>();
    fn iterator<T: Send + UnwindSafe>() {}
    iterator::<InventoryItems>();
    iterator::<Pager<GroupMembership>>();
    iterator::<Pager<StoreAsset>>();
    fn settings<T: Send>() {}
    settings::<ClientBuilder>();
    settings::<WaitOptions>();
}

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

#[test]
fn open_enums_compare_hash_and_parse_by_their_text() {
    let decal: AssetType = "Decal".parse().expect("any text is a type");
    let long: AssetType = "ASSET_TYPE_DECAL".parse().expect("any text is a type");
    assert_eq!((&decal, &long), (&AssetType::Decal, &AssetType::Decal));
    assert_eq!(AssetType::Unknown("Decal".to_owned()), AssetType::Decal);
    assert!(AssetType::Decal == "Decal" && AssetType::Decal != *"decal");
    let types: HashSet<_> = [AssetType::Decal, AssetType::Unknown("Decal".to_owned()), "Hat".into()].into();
    assert_eq!(types.len(), 2);
    let mut sorted = [AssetType::Video, "Hat".into(), AssetType::Decal];
    sorted.sort();
    assert_eq!(sorted.map(|asset_type| asset_type.to_string()), ["Decal", "Hat", "Video"]);
}

#[test]
fn items_tell_their_kind_and_their_id() {
    let unknown = |json| InventoryItem::Unknown(json);
    let hat = InventoryAsset::new(1, InventoryAssetType::Hat);
    let untyped = InventoryAsset::new(2, "".into());
    for (item, kind, id, shown) in [
        (InventoryItem::Asset(hat), InventoryItemKind::Asset, Some(1), "asset 1 (HAT)"),
        (InventoryItem::Asset(untyped), InventoryItemKind::Asset, Some(2), "asset 2"),
        (InventoryItem::Badge(InventoryBadge::new(3)), InventoryItemKind::Badge, Some(3), "badge 3"),
        (InventoryItem::GamePass(InventoryGamePass::new(4)), InventoryItemKind::GamePass, Some(4), "game pass 4"),
        (
            InventoryItem::PrivateServer(InventoryPrivateServer::new(5)),
            InventoryItemKind::PrivateServer,
            Some(5),
            "private server 5",
        ),
        (unknown(json!({ "path": "x", "avatarDetails": {} })), "avatar".into(), None, "unknown item (avatar)"),
        (unknown(json!({ "path": "x" })), "".into(), None, "unknown item"),
        (unknown(json!(7)), "".into(), None, "unknown item"),
    ] {
        assert_eq!((item.kind(), item.id()), (kind, id), "{item:?}");
        assert_eq!(item.to_string(), shown);
    }
}

#[test]
fn models_are_displayed_on_one_line() {
    let mut user = UserInfo::new(156, "builderman");
    user.display_name = "Builder".to_owned();
    assert_eq!(user.to_string(), "Builder (@builderman)");
    assert_eq!(GroupMembership::new(7, 156, 70).to_string(), "user 156 in group 7, role 70");
    assert_eq!((Creator::User(1).to_string(), Creator::Group(2).to_string()), ("user 1".into(), "group 2".into()));
    let mut asset = Asset::new(1234);
    assert_eq!(asset.to_string(), "asset 1234");
    asset.asset_type = Some(AssetType::Decal);
    asset.display_name = Some("Crate \"1\"\n".to_owned());
    assert_eq!(asset.to_string(), r#"Decal 1234 "Crate \"1\"\n""#);
}

#[test]
fn io_errors_convert_to_errors() {
    fn open() -> rblxopencloud::Result<std::fs::File> {
        Ok(std::fs::File::open("no/such/file.png")?)
    }
    let error = open().expect_err("there is no such file");
    let source = io::Error::from(io::ErrorKind::NotFound);
    assert_eq!((error.kind(), io::Error::from(error.clone()).kind()), (ErrorKind::Io, source.kind()));
    let text = error.to_string();
    assert!(text.starts_with("a file of the caller: ") && !text.contains("nothing was sent"), "{text}");

    // There and back.
    let invalid = User::new(156, "two words").fetch_info().expect_err("the key is invalid");
    let back = Error::from(io::Error::from(invalid.clone()));
    assert_eq!((back.kind(), back.to_string()), (ErrorKind::InvalidInput, invalid.to_string()));
}

#[test]
fn errors_convert_to_io_errors() {
    fn open() -> io::Result<AssetFile> {
        Ok(AssetFile::open("no/such/file.png")?)
    }
    let error = open().expect_err("there is no such file");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("the whole error is inside");
    assert_eq!(inner.kind(), ErrorKind::Io);
    assert_eq!(error.to_string(), inner.to_string());

    let invalid = User::new(156, "two words").fetch_info().expect_err("the key is invalid");
    assert_eq!(io::Error::from(invalid).kind(), io::ErrorKind::InvalidInput);
}
