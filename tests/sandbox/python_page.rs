//! The page of the Python client on users, written in Rust, and what else is typed first.
// What is typed first isn't always the shortest.
#![allow(clippy::needless_borrows_for_generic_args, clippy::iter_cloned_collect, clippy::useless_format)]

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rblxopencloud::group::NamedMembership;
use rblxopencloud::user::{ThumbnailFormat, ThumbnailShape, ThumbnailSize};
use rblxopencloud::{
    AssetFile, AssetType, AssetUpdate, AssetUpload, Client, ErrorKind, Group, GroupMembership, InventoryAssetType,
    InventoryItem, InventoryItems, Result, ThumbnailOptions, User,
};
use rblxopencloud_sandbox::{Fault, Sandbox};

use crate::support::local::patient;
use crate::support::{TempDir, fails};

const IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");
const PNG: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
const MODEL: &[u8; 14] = b"<roblox!\x89\xff\r\n\x1a\n";

fn demo() -> (Sandbox, User) {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let user = sandbox.client().user(156);
    (sandbox, user)
}

#[test]
fn the_page_about_users_runs() -> Result<()> {
    let (sandbox, user) = demo();

    // Fetching user info.
    let info = user.fetch_info()?;
    println!("{} {}", info.display_name, info.username);

    // Listing inventory items.
    for item in user.list_inventory() {
        println!("{}", item?);
    }
    for item in user.list_inventory().assets([
        InventoryAssetType::ClassicShirt,
        InventoryAssetType::ClassicShirt,
        InventoryAssetType::ClassicPants,
    ]) {
        println!("{}", item?);
    }
    let ids = vec![777, 778];
    for item in user.list_inventory().assets(true).badges([1, 2, 111]).game_passes(&ids) {
        println!("{}", item?);
    }
    for item in user.list_inventory().badges(true).game_passes(true).private_servers(true) {
        println!("{}", item?);
    }

    // Listing groups.
    for member in user.list_groups() {
        let member = member?;
        println!("{} {:?}", member.group_id, member.role_id);
    }
    for member in user.list_groups().with_names() {
        let member = member?;
        println!("{:?} {:?} {:?}", member.group, member.role, member.role_id);
    }

    // Uploading assets.
    let operation = user.upload_asset(File::open(IMAGE)?, AssetType::Decal, "asset name", "asset description")?;
    let asset = operation.wait()?;
    println!("{asset}");
    let asset = user.upload_asset(IMAGE, AssetType::Decal, "asset name", "asset description")?.wait()?;
    let content = sandbox.asset_content(asset.id).expect("it was uploaded");
    assert_eq!((content.content_type.as_str(), &content.file_name[..]), ("image/png", "crate.png"));

    let folder = TempDir::new();
    let path = folder.path().join("new.rbxm");
    fs::write(&path, MODEL)?;
    let model = user.upload_asset(&path, AssetType::Model, "model", "")?.wait()?;
    user.update_asset(model.id, path)?.wait()?;
    assert_eq!(user.client().asset(model.id).list_versions().count(), 2);

    // The other methods of the Python class.
    println!("{}", user.thumbnail_url()?);
    println!("{}", user.generate_thumbnail()?.wait()?);
    println!("{}", user.generate_headshot()?.wait()?.image_uri);
    println!("{}", user.id());
    Ok(())
}

#[test]
fn a_group_uploads_as_a_user_does() -> Result<()> {
    let (_sandbox, user) = demo();
    let group: Group = user.client().group(7);
    let asset = group.upload_asset(MODEL, AssetType::Model, "model", "")?.wait()?;
    group.update_asset(asset.id, MODEL.to_vec())?.wait()?;
    let asset = group.update_asset_with(AssetUpdate::new(asset.id).display_name("new").file(MODEL))?.wait()?;
    let handle = user.client().asset(asset.id);
    handle.update(MODEL.as_slice())?.wait()?;
    handle.update_with(AssetUpdate::default().display_name("newer"))?.wait()?;
    assert_eq!(handle.list_versions().count(), 4);
    let asset = group.upload_asset_with(AssetUpload::new(PNG, AssetType::Image, "image", ""))?.wait()?;
    println!("{asset}");
    Ok(())
}

/// Converts what a newcomer passes, as a method with `impl Into` does.
fn items(user: &User) -> InventoryItems {
    user.list_inventory()
}

#[test]
fn inventories_are_listed_by_all_that_is_typed_first() {
    let (_sandbox, user) = demo();
    let count = |items: InventoryItems| items.collect::<Result<Vec<InventoryItem>>>().expect("an inventory").len();

    let array = [111, 222];
    let (slice, vector): (&[u64], Vec<u64>) = (&array, array.to_vec());
    let tree: BTreeSet<u64> = array.into();
    let set: HashSet<u64> = array.into();
    let by_badges = [
        items(&user).badges([111, 222]),
        items(&user).badges(&[111, 222]),
        items(&user).badges(vec![111, 222]),
        items(&user).badges(&vec![111, 222]),
        items(&user).badges(array),
        items(&user).badges(&array),
        items(&user).badges(slice),
        items(&user).badges(&array[..]),
        items(&user).badges(vector.as_slice()),
        items(&user).badges(&vector),
        items(&user).badges(vector.clone()),
        items(&user).badges(vector.iter().copied().collect::<Vec<_>>()),
        items(&user).badge_ids([111, 222]),
        items(&user).badge_ids(vector.clone()),
        items(&user).badge_ids(vector.iter().copied()),
        items(&user).badge_ids(tree),
        items(&user).badge_ids(set),
        items(&user).badge_ids([110, 221].map(|id| id + 1)),
        items(&user).badges(true).asset_ids([]),
    ];
    for listing in by_badges {
        assert_eq!(count(listing), 2);
    }
    for listing in [
        items(&user).badges(111),
        items(&user).badges(vector[0]),
        items(&user).assets(1_365_001),
        items(&user).assets([1_365_001]),
        items(&user).assets(&[1_365_001]),
        items(&user).asset_ids(1_365_001..1_365_002),
        items(&user).game_passes(777),
        items(&user).game_pass_ids(777..=777),
        items(&user).private_servers([175_156]),
        items(&user).private_server_ids(Some(175_156)),
    ] {
        assert_eq!(count(listing), 1);
    }

    use InventoryAssetType::{ClassicPants, ClassicShirt};
    let clothes = [ClassicShirt, ClassicPants];
    let all = count(items(&user).assets([ClassicShirt, ClassicPants]));
    assert!(all > 0);
    let types = clothes.to_vec();
    for listing in [
        items(&user).assets(&[ClassicShirt, ClassicPants]),
        items(&user).assets(vec![ClassicShirt, ClassicPants]),
        items(&user).assets(&vec![ClassicShirt, ClassicPants]),
        items(&user).assets(&clothes),
        items(&user).assets(clothes.as_slice()),
        items(&user).assets(&clothes[..]),
        items(&user).assets(clothes.clone()),
        items(&user).assets(&types),
        items(&user).assets(types.as_slice()),
        items(&user).assets(types.clone()),
        items(&user).assets(types.iter().cloned().collect::<Vec<_>>()),
    ] {
        assert_eq!(count(listing), all);
    }
    let shirts = count(items(&user).assets(ClassicShirt));
    assert!(shirts > 0 && shirts < all);
    assert_eq!(count(items(&user).assets(&ClassicShirt)), shirts);
    assert_eq!(count(items(&user).assets([ClassicShirt])), shirts);
    assert_eq!(count(items(&user).assets(false)), 0);
    assert!(count(items(&user).only_collectibles(true)) > 0);
    assert_eq!(count(items(&user).assets(clothes).badges([111, 222])), all + 2);
}

/// The content that was uploaded.
fn uploaded(sandbox: &Sandbox, user: &User, file: impl Into<AssetFile>) -> (String, Vec<u8>) {
    let operation = user.upload_asset(file, AssetType::Image, "name", String::from("description"));
    let asset = operation.and_then(|operation| operation.wait()).expect("it is accepted");
    let content = sandbox.asset_content(asset.id).expect("it was uploaded");
    assert_eq!(content.content_type, "image/png");
    (content.file_name, content.bytes)
}

#[test]
fn files_are_all_that_is_typed_first() -> Result<()> {
    let (sandbox, user) = demo();
    let image = fs::read(IMAGE)?;
    let (string, path) = (IMAGE.to_owned(), PathBuf::from(IMAGE));
    let paths = [
        AssetFile::from(IMAGE),
        AssetFile::from(&string),
        AssetFile::from(string.as_str()),
        AssetFile::from(string.clone()),
        AssetFile::from(format!("{IMAGE}")),
        AssetFile::from(path.as_path()),
        AssetFile::from(Path::new(IMAGE)),
        AssetFile::from(&path),
        AssetFile::from(path.clone()),
        AssetFile::from(path.as_os_str()),
        AssetFile::from(path.as_os_str().to_owned()),
        AssetFile::from(path.parent().expect("a folder").join("crate.png")),
        AssetFile::open(IMAGE)?,
        AssetFile::from_bytes("crate.png", image.clone()),
        AssetFile::from_bytes(String::from("crate.png"), image.as_slice()),
        AssetFile::from_reader("crate.png", File::open(IMAGE)?, image.len() as u64),
    ];
    for file in paths {
        assert_eq!((file.name(), file.len(), file.is_empty()), ("crate.png", image.len() as u64, false));
        assert_eq!(uploaded(&sandbox, &user, file), ("crate.png".to_owned(), image.clone()));
    }
    let unnamed = [
        AssetFile::from(File::open(IMAGE)?),
        AssetFile::from(image.clone()),
        AssetFile::from(&image),
        AssetFile::from(image.as_slice()),
        AssetFile::from(&image[..]),
        AssetFile::from(include_bytes!("../../examples/assets/crate.png")),
        AssetFile::from(*include_bytes!("../../examples/assets/crate.png")),
    ];
    for file in unnamed {
        assert_eq!((file.name(), file.len()), ("content.png", image.len() as u64));
        assert_eq!(uploaded(&sandbox, &user, file), ("content.png".to_owned(), image.clone()));
    }
    // As a method takes them.
    for (name, _) in [
        uploaded(&sandbox, &user, IMAGE),
        uploaded(&sandbox, &user, &string),
        uploaded(&sandbox, &user, string),
        uploaded(&sandbox, &user, path.as_path()),
        uploaded(&sandbox, &user, &path),
        uploaded(&sandbox, &user, path),
    ] {
        assert_eq!(name, "crate.png");
    }
    for (name, _) in [
        uploaded(&sandbox, &user, File::open(IMAGE)?),
        uploaded(&sandbox, &user, &image),
        uploaded(&sandbox, &user, &image[..]),
        uploaded(&sandbox, &user, PNG),
        uploaded(&sandbox, &user, *PNG),
        uploaded(&sandbox, &user, image),
    ] {
        assert_eq!(name, "content.png");
    }
    Ok(())
}

#[test]
fn names_and_roles_are_looked_up_once_each() {
    let (sandbox, user) = demo();
    sandbox.clear_requests();
    let members: Vec<NamedMembership> =
        user.client().list_memberships_of([156, 1007]).with_names().collect::<Result<_>>().expect("memberships");
    assert_eq!(members.len(), 4);
    let groups: BTreeSet<u64> = members.iter().map(|member| member.group_id).collect();
    let roles: BTreeSet<(u64, Option<u64>)> = members.iter().map(|member| (member.group_id, member.role_id)).collect();
    assert_eq!(sandbox.requests().len(), 1 + groups.len() + roles.len());
    assert!(members.iter().all(|member| member.group.is_some() && member.role.is_some()), "{members:?}");
    println!("{}", members[0]);
    let plain: GroupMembership = members[0].membership.clone();
    assert_eq!(plain.role_id, members[0].role_id);
}

#[test]
fn thumbnails_have_options_on_request() -> Result<()> {
    let (_sandbox, user) = demo();
    let options =
        ThumbnailOptions::new().size(ThumbnailSize::Px48).format(ThumbnailFormat::Jpeg).shape(ThumbnailShape::Square);
    println!("{}", user.thumbnail_url_with(&options)?);
    println!("{}", user.generate_thumbnail_with(&options)?.wait()?.image_uri);
    let folder = TempDir::new();
    let path = folder.path().join("avatar.png");
    assert_ne!(user.save_thumbnail(&path)?, user.save_thumbnail_with(path, &options)?);
    let mut picture = Vec::new();
    user.download_thumbnail(&mut picture)?;
    user.download_thumbnail_with(&mut picture, &options)?;
    Ok(())
}

#[test]
fn ownership_is_answered_and_shown() -> Result<()> {
    let (sandbox, user) = demo();
    if user.owns_game_pass(777)?.is_owned() {
        println!("owned");
    }
    assert_eq!(user.owns_badge(111)?.to_string(), "owned");
    assert_eq!(user.owns_badge(404)?.to_string(), "not owned");
    sandbox.set_inventory_private(156, true);
    sandbox.set_scopes(["asset:read"]);
    assert!(user.owns_badge(111)?.to_string().contains("private"));
    Ok(())
}

#[test]
fn what_cannot_be_opened_is_the_error_of_the_call() {
    let (sandbox, user) = demo();
    let upload = |file: AssetFile| user.upload_asset(file, AssetType::Image, "name", "");
    let missing = AssetFile::from("no/such/file.png");
    assert_eq!((missing.name(), missing.len(), missing.is_empty()), ("file.png", 0, true));
    let error = fails(upload(missing), ErrorKind::Io);
    assert!(error.to_string().contains("no/such/file.png"), "{error}");
    fails(upload(AssetFile::from("no/such/file.png").content_type("image/png")), ErrorKind::Io);
    fails(user.update_asset(1, "no/such/file.rbxm"), ErrorKind::Io);
    fails(upload(AssetFile::from(env!("CARGO_MANIFEST_DIR"))), ErrorKind::Io);
    fails(upload(AssetFile::from("")), ErrorKind::Io);

    // Content in place of a path.
    let content = format!("<roblox xmlns=\"x\">\n{}</roblox>", "<Item/>".repeat(100_000));
    let error = fails(upload(AssetFile::from(content)), ErrorKind::Io).to_string();
    assert!(error.len() < 600 && !error.contains('\n') && error.contains("bytes"), "{error}");

    // Content whose format can't be told.
    for (bytes, told) in [
        (&b""[..], "empty"),
        (b"\x00\x01\x02\x03", "first bytes"),
        (b"hello", "first bytes"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00", "GIF"),
        (b"%PDF-1.4", "PDF"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:", "git lfs pull"),
        (b"<!doctype html>", "web page"),
    ] {
        let file = AssetFile::from(bytes);
        assert_eq!((file.name(), file.len()), ("content", bytes.len() as u64));
        let error = fails(upload(file), ErrorKind::InvalidInput).to_string();
        assert!(error.contains(told), "{error}");
    }
    assert!(sandbox.requests().is_empty(), "nothing was sent");
    let named = AssetFile::from(b"\x00\x01\x02\x03").content_type("image/png");
    let upload = AssetUpload::new(named, AssetType::Image, "name", "").skip_check(rblxopencloud::asset::Check::Content);
    let _ = user.upload_asset_with(upload);
    assert_eq!(sandbox.requests().len(), 1, "with a content type, it is sent");
}

#[test]
fn an_open_file_is_sent_whole_and_sent_again() -> Result<()> {
    use std::io::Read;

    let (sandbox, _) = demo();
    let user = patient(&sandbox).user(156);
    let image = fs::read(IMAGE)?;
    let mut file = File::open(IMAGE)?;
    file.read_to_end(&mut Vec::new())?;
    // The first attempt is refused before it can have had an effect.
    sandbox.inject(Fault::status(429).times(1));
    assert_eq!(uploaded(&sandbox, &user, file).1, image);
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_open_file_that_is_a_folder_is_refused() {
    let (sandbox, user) = demo();
    let folder = File::open(env!("CARGO_MANIFEST_DIR")).expect("Unix opens folders");
    let error = fails(user.upload_asset(folder, AssetType::Image, "name", ""), ErrorKind::Io);
    assert!(error.to_string().contains("is a directory"), "{error}");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn clients_and_handles_are_made_from_any_text() {
    let key = String::from("api-key");
    let _ = (User::new(156, "api-key"), User::new(156, key.clone()), Group::new(7, &*key));
    let _ = (Client::new("api-key"), Client::new(key.clone()), Client::new(&*key));
    let _ = User::new(0_000_000, &key);
}
