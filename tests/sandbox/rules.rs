//! What the sandbox refuses, and its messages.

use std::time::Duration;

use rblxopencloud::asset::Check;
use rblxopencloud::inventory::{InventoryAsset, InventoryBadge, InventoryPrivateServer};
use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Client, Creator, Credentials, Error, ErrorKind,
    GroupMembership, InventoryAssetType, InventoryItem, Result, RetryPolicy, UserInfo,
};
use rblxopencloud_sandbox::{Fault, RateLimit, Sandbox};

/// A sandbox with users 1 and 2 and group 7.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(1, "one"));
    sandbox.add_user(UserInfo::new(2, "two"));
    sandbox.add_group(7, "seven");
    sandbox
}

/// A client without retries.
fn client(sandbox: &Sandbox) -> Client {
    sandbox.client_with(|settings| settings.retry(RetryPolicy::none())).expect("good settings")
}

fn decal(name: &str, description: &str) -> AssetUpload {
    let file = AssetFile::from_bytes("a.png", b"\x89PNG\r\n\x1a\n".to_vec());
    AssetUpload::new(file, AssetType::Decal, name, description)
}

fn sound() -> AssetUpload {
    AssetUpload::new(AssetFile::from_bytes("a.ogg", b"OggS".to_vec()), AssetType::Audio, "a", "")
}

fn refusal(error: &Error) -> (Option<u16>, Option<&str>, Option<&str>) {
    (error.status(), error.code(), error.message())
}

#[test]
fn quotas_are_by_asset_type() {
    let sandbox = sandbox();
    let user = client(&sandbox).user(1);
    sandbox.set_rate_limit(Some(RateLimit::new(100, Duration::from_secs(60))));
    sandbox.set_quota(AssetType::Audio, 2);
    sandbox.set_quota(AssetType::Model, u64::MAX);
    for _ in 0..2 {
        assert!(user.upload_asset_with(sound()).is_ok(), "within the quota");
    }
    for _ in 0..2 {
        let error = user.upload_asset_with(sound()).expect_err("the quota is used up");
        assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
        assert_eq!(refusal(&error), (Some(429), Some("RESOURCE_EXHAUSTED"), Some("Audio upload quota exceeded.")));
        assert_eq!(error.retry_after(), None, "the response has no end of a window");
        assert!(user.upload_asset_with(decal("n", "")).is_ok(), "another type");
    }
    sandbox.set_quota(AssetType::Audio, 1);
    assert!(user.upload_asset_with(sound()).is_ok(), "the quota was set anew");
}

#[test]
fn refused_uploads_do_not_count() {
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Decal, 1);
    sandbox.set_moderated_words(["bad"]);
    let user = client(&sandbox).user(1);
    assert!(user.upload_asset_with(decal("Bad", "")).is_err());
    assert!(user.upload_asset_with(decal("Good", "")).is_ok(), "nothing was counted");
}

#[test]
fn moderated_words_refuse_names_and_descriptions() {
    let sandbox = sandbox();
    sandbox.add_asset(Asset::new(5));
    sandbox.set_moderated_words(["Slur", ""]);
    let user = client(&sandbox).user(1);
    let update = || AssetUpdate::new(5);
    for (error, message) in [
        (user.upload_asset_with(decal("a slur here", "")).expect_err("the name"), "AssetName is moderated."),
        (user.upload_asset_with(decal("n", "SLUR")).expect_err("the description"), "AssetDescription is moderated."),
        (user.update_asset_with(update().display_name("slurs")).expect_err("the name"), "AssetName is moderated."),
        (user.update_asset_with(update().description("slur")).expect_err("both"), "AssetDescription is moderated."),
    ] {
        assert_eq!(error.kind(), ErrorKind::Moderated);
        assert_eq!(refusal(&error), (Some(400), Some("INVALID_ARGUMENT"), Some(message)));
    }
    assert!(user.upload_asset_with(decal("n", "")).is_ok(), "other words");
    sandbox.set_moderated_words([""; 0]);
    assert!(user.upload_asset_with(decal("slur", "")).is_ok(), "no words are moderated");
}

#[test]
fn moderated_accounts_can_read_but_not_write() {
    let sandbox = sandbox();
    sandbox.add_asset(Asset::new(5));
    sandbox.set_account_moderated(true);
    let user = client(&sandbox).user(1);
    for error in [
        user.upload_asset_with(decal("n", "")).expect_err("moderated"),
        user.update_asset_with(AssetUpdate::new(5).display_name("n")).expect_err("moderated"),
    ] {
        assert_eq!(error.kind(), ErrorKind::AccountModerated);
        assert_eq!(refusal(&error), (Some(400), Some("INVALID_ARGUMENT"), Some("User is moderated")));
    }
    assert!(user.fetch_info().is_ok());
    sandbox.set_account_moderated(false);
    assert!(user.upload_asset_with(decal("n", "")).is_ok());
}

#[test]
fn a_call_without_its_scope_is_refused() {
    let sandbox = sandbox();
    sandbox.add_asset(Asset::new(5));
    let token = Client::builder(Credentials::access_token(sandbox.access_token())).base_url(sandbox.url());
    let token = token.retry(RetryPolicy::none()).build().expect("a client");
    for client in [client(&sandbox), token] {
        let user = client.user(1);
        let calls: [(&str, &dyn Fn() -> Result<()>); 4] = [
            ("asset:write", &|| user.upload_asset_with(decal("n", "")).map(drop)),
            ("asset:write", &|| user.update_asset_with(AssetUpdate::new(5).display_name("n")).map(drop)),
            ("asset:read", &|| client.operation("operations/x".parse()?).poll().map(drop)),
            ("asset:read", &|| {
                let operation = user.upload_asset_with(decal("n", ""))?.name().expect("a name").clone();
                sandbox.set_scopes([""; 0]);
                client.operation(operation).poll().map(drop)
            }),
        ];
        for (scope, call) in calls {
            let others =
                ["asset:write", "asset:read", "user.advanced:read"].into_iter().filter(|other| *other != scope);
            sandbox.set_scopes(others);
            let error = call().expect_err(scope);
            let message = format!("The credentials lack the scope {scope}.");
            assert_eq!(refusal(&error), (Some(403), Some("INSUFFICIENT_SCOPE"), Some(message.as_str())));
        }
        sandbox.set_scopes(["asset:write", "asset:read"]);
        assert!(user.upload_asset_with(decal("n", "")).and_then(|operation| operation.wait()).is_ok());
        assert!(user.update_asset_with(AssetUpdate::new(5).display_name("n")).is_ok());
    }
    // Users, inventories and memberships need no scope.
    sandbox.set_scopes([""; 0]);
    let user = client(&sandbox).user(1);
    assert!(user.fetch_info().is_ok());
    // The uploads are in the inventory.
    assert!(user.list_inventory().all(|item| item.is_ok()) && user.list_groups().next().is_none());
}

#[test]
fn fields_that_need_a_scope_are_left_out_without_it() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let user = client(&sandbox).user(156);
    for (scopes, advanced, social) in [
        (&["user.advanced:read", "user.social:read"][..], true, true),
        (&["user.advanced:read"], true, false),
        (&["user.social:read"], false, true),
        (&[], false, false),
    ] {
        sandbox.set_scopes(scopes.iter().copied());
        let info = user.fetch_info().expect("a profile");
        let fields = (info.premium.is_some(), info.id_verified.is_some(), info.social_network_profiles.is_some());
        assert_eq!(fields, (advanced, advanced, social), "{scopes:?}");
        assert_eq!(info.display_name, "Builderman");
    }
}

#[test]
fn items_that_need_a_scope_are_left_out_without_it() {
    let sandbox = sandbox();
    let place = |id, asset_type| InventoryItem::Asset(InventoryAsset::new(id, asset_type));
    let badges = (10..35).map(|id| InventoryItem::Badge(InventoryBadge::new(id)));
    let hidden = [
        InventoryItem::PrivateServer(InventoryPrivateServer::new(1)),
        place(2, InventoryAssetType::PurchasedPlace),
        place(3, InventoryAssetType::CreatedPlace),
    ];
    sandbox.set_inventory(1, hidden.into_iter().chain(badges));
    let user = client(&sandbox).user(1);
    let counts = || {
        let everything = user.list_inventory();
        let servers = user.list_inventory().private_servers(true);
        let server = user.list_inventory().private_servers([1]);
        let assets = user.list_inventory().assets(true);
        [everything, servers, server, assets]
            .map(|items| items.collect::<Result<Vec<_>>>().expect("an inventory").len())
    };
    assert_eq!(counts(), [28, 1, 1, 2]);
    sandbox.set_scopes(["asset:read"]);
    assert_eq!(counts(), [26, 0, 0, 1]);
    sandbox.set_scopes(["user.inventory-item:read"]);
    assert_eq!(counts(), [28, 1, 1, 2]);
}

#[test]
fn a_private_inventory_is_open_to_its_owner_with_the_scope() {
    let sandbox = sandbox();
    sandbox.set_inventory(1, [InventoryItem::Badge(InventoryBadge::new(5))]);
    sandbox.set_inventory_private(1, true);
    let first = || client(&sandbox).user(1).list_inventory().next().expect("an item or an error");
    let private = (Some(403), Some("PERMISSION_DENIED"), Some("The inventory is private."));
    for owner in [None, Some(Creator::User(2))] {
        sandbox.set_key_owner(owner);
        assert_eq!(refusal(&first().expect_err("private")), private, "{owner:?}");
    }
    sandbox.set_key_owner(Creator::Group(1));
    assert_eq!(first().expect_err("a group's key").status(), Some(401));
    sandbox.set_key_owner(Creator::User(1));
    assert!(first().is_ok());
    sandbox.set_scopes(["asset:read"]);
    let lacking = "The required scope <user.inventory-item:read> is missing.";
    assert_eq!(refusal(&first().expect_err("no scope")), (Some(403), Some("PERMISSION_DENIED"), Some(lacking)));
    sandbox.set_scopes(["user.inventory-item:read"]);
    assert!(first().is_ok());
    sandbox.set_scopes(["asset:read"]);
    sandbox.set_inventory_private(1, false);
    assert!(first().is_ok(), "what is public needs no scope");
}

#[test]
fn assets_of_others_are_refused() {
    let sandbox = sandbox();
    sandbox.add_group(8, "eight");
    sandbox.add_membership(GroupMembership::new(7, 1, 70));
    for (id, creator) in
        [(11, Creator::User(1)), (12, Creator::User(2)), (17, Creator::Group(7)), (18, Creator::Group(8))]
    {
        let mut asset = Asset::new(id);
        asset.creator = Some(creator);
        sandbox.add_asset(asset);
    }
    sandbox.add_asset(Asset::new(10));
    let client = client(&sandbox);
    for (owner, reachable) in [
        (None, &[11, 12, 17, 18, 10][..]),
        (Some(Creator::User(1)), &[11, 17, 10]),
        (Some(Creator::User(2)), &[12, 10]),
        (Some(Creator::Group(7)), &[17, 10]),
        (Some(Creator::Group(8)), &[18, 10]),
    ] {
        sandbox.set_key_owner(owner);
        let upload = |id| match id {
            11 | 12 => client.user(id - 10).upload_asset_with(decal("n", "")).map(drop),
            _ => client.group(id - 10).upload_asset_with(decal("n", "")).map(drop),
        };
        let update = |id| client.user(1).update_asset_with(AssetUpdate::new(id).display_name("n")).map(drop);
        let check = |what: &str, id, result: Result<()>| match result {
            Ok(()) => assert!(reachable.contains(&id), "{what} {id} of {owner:?}"),
            Err(error) => {
                assert!(!reachable.contains(&id), "{what} {id} of {owner:?}: {error}");
                assert_eq!((error.status(), error.code()), (Some(403), Some("PERMISSION_DENIED")), "{error}");
            }
        };
        for id in [11, 12, 17, 18] {
            check("upload", id, upload(id));
        }
        for id in [11, 12, 17, 18, 10] {
            check("update", id, update(id));
        }
    }
}

#[test]
fn files_of_another_format_are_invalid() {
    let sandbox = sandbox();
    let user = client(&sandbox).user(1);
    let upload = |name: &str, content_type: &str, asset_type: &AssetType, content: &[u8]| {
        let file = AssetFile::from_bytes(name, content.to_vec()).content_type(content_type);
        let upload = AssetUpload::new(file, asset_type.clone(), "n", "")
            .skip_check(Check::Content)
            .skip_check(Check::Dimensions);
        user.upload_asset_with(upload).and_then(|operation| operation.wait())
    };
    let tga = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 32, 8, 0, 0, 0, 0];
    let formats: &[(&str, &str, AssetType, &[u8])] = &[
        ("a.png", "image/png", AssetType::Decal, b"\x89PNG\r\n\x1a\n"),
        ("a.jpg", "image/jpeg", AssetType::Image, b"\xff\xd8\xff\xe0"),
        ("a.bmp", "image/bmp", AssetType::Image, b"BM"),
        ("a.tga", "image/tga", AssetType::Image, &tga),
        ("a.mp3", "audio/mpeg", AssetType::Audio, b"ID3\x04"),
        ("a.mp3", "audio/mpeg", AssetType::Audio, b"\0\0\xff\xfb\x90\x64"),
        ("a.ogg", "audio/ogg", AssetType::Audio, b"OggS"),
        ("a.wav", "audio/wav", AssetType::Audio, b"RIFF\0\0\0\0WAVE"),
        ("a.flac", "audio/flac", AssetType::Audio, b"fLaC"),
        ("a.fbx", "model/fbx", AssetType::Model, b"Kaydara FBX Binary  \0"),
        ("a.fbx", "model/fbx", AssetType::Model, b"; FBX 7.7.0 project file"),
        ("a.gltf", "model/gltf+json", AssetType::Model, b"\xef\xbb\xbf {\"asset\":{}}"),
        ("a.glb", "model/gltf-binary", AssetType::Model, b"glTF"),
        ("a.rbxm", "model/x-rbxm", AssetType::Model, b"<roblox!\x89\xff"),
        ("a.rbxmx", "model/x-rbxm", AssetType::Animation, b"<?xml version=\"1.0\"?>\n<roblox version=\"4\">"),
        ("a.mesh", "model/x-file-mesh-data", AssetType::Mesh, b"version 2.00\n"),
        ("a.mp4", "video/mp4", AssetType::Video, b"\0\0\0\x18ftypisom"),
        ("a.mp4", "video/mp4", AssetType::Video, b"\0\0\0\x28moof"),
        ("a.mov", "video/mov", AssetType::Video, b"\0\0\0\x08wide"),
    ];
    for (name, content_type, asset_type, content) in formats {
        upload(name, content_type, asset_type, content).unwrap_or_else(|error| panic!("{name}: {error}"));
        let message = match name.rsplit('.').next().expect("an extension") {
            "png" | "jpg" | "bmp" | "tga" => "InvalidImage",
            "mp3" | "ogg" | "wav" | "flac" => "InvalidAudio",
            "mp4" | "mov" => "InvalidVideo",
            "mesh" => "InvalidMesh",
            _ => "InvalidModel",
        };
        let others: &[&[u8]] = &[
            b"just text that means nothing",
            b"<!doctype html><title>404</title>",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"PK\x03\x04",
            b"GIF89a\x01\0\x01\0",
            b"RIFF\0\0\0\0WEBPVP8 ",
            b"\0\0\0\x18ftypheic",
            b"x",
        ];
        let foreign = formats.iter().filter(|(_, other, ..)| other != content_type);
        // MP4 and QuickTime have the same signature, and a tag can precede FLAC.
        let foreign =
            foreign.filter(|(_, other, ..)| !(content_type.starts_with("video/") && other.starts_with("video/")));
        let foreign =
            foreign.filter(|(_, _, _, content)| !(*content_type == "audio/flac" && content.starts_with(b"ID3")));
        for wrong in others.iter().copied().chain(foreign.map(|(_, _, _, content)| *content)) {
            let error = upload(name, content_type, asset_type, wrong).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidContent, "{name} with {wrong:?}: {error}");
            assert_eq!(refusal(&error), (Some(400), Some("INVALID_ARGUMENT"), Some(message)), "{name} with {wrong:?}");
        }
    }
    sandbox.set_content_checks(false);
    assert!(upload("a.png", "image/png", &AssetType::Decal, b"x").is_ok());
}

#[test]
fn new_content_of_a_model_is_checked() {
    let sandbox = sandbox();
    let mut asset = Asset::new(5);
    asset.asset_type = Some(AssetType::Model);
    sandbox.add_asset(asset);
    let user = client(&sandbox).user(1);
    let update = |content: &[u8]| {
        AssetUpdate::new(5).file(AssetFile::from_bytes("a.rbxm", content.to_vec())).skip_check(Check::Content)
    };
    assert_eq!(user.update_asset_with(update(b"no model")).expect_err("it is none").message(), Some("InvalidModel"));
    assert!(user.update_asset_with(update(b"<roblox!")).is_ok());
}

#[test]
fn odd_settings_are_accepted() {
    let sandbox = sandbox();
    let user = client(&sandbox).user(1);
    for time in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(u64::MAX / 2)] {
        sandbox.set_operation_time(time);
        sandbox.set_operations_done_at_once(true);
        let operation = user.upload_asset_with(decal("n", "")).expect("taken");
        assert!(operation.poll().expect("a poll").is_none(), "{time:?}");
    }
    sandbox.set_operation_time(Duration::ZERO);
    assert!(user.upload_asset_with(decal("n", "")).expect("taken").is_done());
    assert_eq!(sandbox.assets().len(), 1, "the others are pending");

    let mut asset = Asset::new(u64::MAX);
    asset.asset_type = Some(AssetType::Model);
    asset.revision_id = Some(u64::MAX);
    asset.creator = Some(Creator::Group(u64::MAX));
    sandbox.add_asset(asset);
    let update = AssetUpdate::new(u64::MAX).file(AssetFile::from_bytes("a.rbxm", b"<roblox!".to_vec()));
    let updated = user.update_asset_with(update).expect("taken").wait().expect("done");
    assert_eq!((updated.id, updated.revision_id), (u64::MAX, Some(u64::MAX)));
    sandbox.add_user(UserInfo::new(u64::MAX, "last"));
    sandbox.set_inventory(u64::MAX, [InventoryItem::Badge(InventoryBadge::new(u64::MAX))]);
    sandbox.add_membership(GroupMembership::new(u64::MAX, u64::MAX, u64::MAX));
    let last = client(&sandbox).user(u64::MAX);
    assert_eq!(last.fetch_info().expect("a profile").id, u64::MAX);
    assert_eq!((last.list_inventory().count(), last.list_groups().count()), (1, 1));

    for (requests, window) in [
        (0, Duration::ZERO),
        (0, Duration::MAX),
        (u64::MAX, Duration::ZERO),
        (u64::MAX, Duration::MAX),
        (1, Duration::from_nanos(1)),
        (1, Duration::from_secs(u64::MAX)),
    ] {
        sandbox.set_rate_limit(Some(RateLimit::new(requests, window)));
        for _ in 0..3 {
            // A client waits for windows, so each call has its own client.
            let result = client(&sandbox).user(1).fetch_info();
            let status = result.as_ref().err().and_then(Error::status);
            assert!(result.is_ok() || status == Some(429), "{requests} in {window:?}: {result:?}");
            assert!(requests > 0 || status == Some(429), "{requests} in {window:?}: {result:?}");
        }
    }
    sandbox.set_rate_limit(None);

    sandbox.inject(Fault::status(0).on("GET", "/cloud/v2/users/1"));
    assert!(user.fetch_info().is_err());
    sandbox.inject(Fault::status(65_535).after(u64::MAX).times(u64::MAX));
    assert!(user.fetch_info().is_ok());
    sandbox.clear_faults();
    sandbox.inject(Fault::delay(Duration::MAX).on("GET", "/cloud/v2/users/1"));
    let waiting = client(&sandbox).user(1);
    let waiting = std::thread::spawn(move || waiting.fetch_info());
    while sandbox.requests().last().is_none_or(|request| request.status.is_some()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(user.fetch_info().is_ok(), "others are answered");
    drop(sandbox);
    assert!(waiting.join().expect("no panic").is_err(), "the sandbox ends at once");
}

#[test]
fn ports_in_use_are_named() {
    let sandbox = sandbox();
    let port = sandbox.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let error = Sandbox::builder().port(port).start().expect_err("the port is taken");
    assert!(error.to_string().contains(&format!("port {port}")), "{error}");
}

#[test]
fn demo_data_has_unknown_kinds_only_on_request() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let is_unknown = |item: &InventoryItem| match item {
        InventoryItem::Unknown(_) => true,
        InventoryItem::Asset(asset) => matches!(asset.asset_type, InventoryAssetType::Unknown(_)),
        _ => false,
    };
    let items = |sandbox: &Sandbox| -> Vec<InventoryItem> {
        client(sandbox).user(156).list_inventory().collect::<Result<_>>().expect("an inventory")
    };
    let plain = items(&sandbox);
    assert_eq!((plain.len(), plain.iter().filter(|item| is_unknown(item)).count()), (250, 0));
    let strange = Sandbox::builder().demo().unknown_kinds().start().expect("a free port");
    let strange = items(&strange);
    assert_eq!((strange.len(), strange.iter().filter(|item| is_unknown(item)).count()), (250, 2));

    for member in [156, 1_007, 2_200, 37_000] {
        assert!(client(&sandbox).user(member).fetch_info().expect("a profile").created_at.is_some(), "{member}");
        for membership in client(&sandbox).user(member).list_groups() {
            let membership = membership.expect("a membership");
            assert!(membership.created_at.is_some() && membership.updated_at.is_some(), "{membership:?}");
            assert!(membership.created_at <= membership.updated_at, "{membership:?}");
        }
    }
}
