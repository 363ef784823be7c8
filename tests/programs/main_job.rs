//! The main use case, end to end against the sandbox, as a user would write it.

use rblxopencloud::asset::{ModerationState, SocialLink, SocialLinkKind};
use rblxopencloud::{
    AssetFile, AssetType, AssetUpdate, AssetUpload, Client, Creator, ErrorKind, InventoryAssetType, InventoryItem,
    Result, User,
};
use rblxopencloud_sandbox::Sandbox;

const IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");

fn demo() -> Result<(Sandbox, User)> {
    let sandbox = Sandbox::builder().demo().start()?;
    let client = Client::builder(sandbox.api_key()).base_url(sandbox.url()).build()?;
    Ok((sandbox, client.user(156)))
}

#[test]
fn a_profile_an_inventory_groups_an_upload_and_an_update() -> Result<()> {
    let (_sandbox, user) = demo()?;

    let info = user.fetch_info()?;
    assert_eq!(format!("{} {}", info.display_name, info.username), "Builderman builderman");

    let mut assets = 0;
    for item in user.list_inventory() {
        if let InventoryItem::Asset(asset) = item? {
            assert!(asset.id > 0 && !asset.asset_type.as_str().is_empty());
            assets += 1;
        }
    }
    assert!(assets > 100, "{assets}");

    let clothes = user.list_inventory().assets([
        InventoryAssetType::ClassicShirt,
        InventoryAssetType::ClassicTShirt,
        InventoryAssetType::ClassicPants,
    ]);
    let count = clothes.take(10).filter_map(Result::ok).count();
    assert!((1..=10).contains(&count), "{count}");
    assert_eq!(user.list_inventory().badges([111, 222]).game_passes([777]).count(), 3);

    let mut groups = Vec::new();
    for member in user.list_groups() {
        let member = member?;
        assert_eq!(member.user_id, 156);
        groups.push((member.group_id, member.role_id));
    }
    assert_eq!(groups.len(), 3);

    let file = AssetFile::open(IMAGE)?;
    let operation =
        user.upload_asset_with(AssetUpload::new(file, AssetType::Decal, "asset name", "asset description"))?;
    let asset = operation.wait()?;
    assert!(operation.is_done());
    assert_eq!(asset.display_name.as_deref(), Some("asset name"));
    assert_eq!(asset.description.as_deref(), Some("asset description"));
    assert_eq!(asset.asset_type, Some(AssetType::Decal));
    assert_eq!(asset.creator, Some(Creator::User(156)));
    assert_eq!(asset.moderation_state, Some(ModerationState::Approved));

    let asset = user.update_asset_with(AssetUpdate::new(asset.id).display_name("new name").description(""))?.wait()?;
    assert_eq!(asset.display_name.as_deref(), Some("new name"));
    assert_eq!(asset.description, None);
    Ok(())
}

#[test]
fn the_service_gets_the_file_and_not_its_path() -> Result<()> {
    let (sandbox, user) = demo()?;
    let upload = AssetUpload::new(AssetFile::open(IMAGE)?, AssetType::Image, "crate", "");
    let asset = user.upload_asset_with(upload)?.wait()?;

    let content = sandbox.asset_content(asset.id).expect("it has content");
    assert_eq!(content.bytes, std::fs::read(IMAGE).expect("the image is there"));
    assert_eq!((content.file_name.as_str(), content.content_type.as_str()), ("crate.png", "image/png"));
    Ok(())
}

#[test]
fn an_update_sets_and_removes_links() -> Result<()> {
    let (sandbox, user) = demo()?;
    let upload = AssetUpload::new(AssetFile::open(IMAGE)?, AssetType::Decal, "crate", "of wood");
    let id = user.upload_asset_with(upload)?.wait()?.id;

    let link = SocialLink::new("https://github.com/your-repo").title("source");
    let linked =
        user.update_asset_with(AssetUpdate::new(id).social_link(SocialLinkKind::GitHub, link.clone()))?.wait()?;
    assert_eq!(linked.social_links.get(&SocialLinkKind::GitHub), Some(&link));
    assert_eq!(linked.description.as_deref(), Some("of wood"), "what isn't named stays");

    let update = AssetUpdate::new(id).remove_social_link(SocialLinkKind::GitHub).remove_description();
    let bare = user.update_asset_with(update)?.wait()?;
    assert!(bare.social_links.is_empty() && bare.description.is_none());

    sandbox.set_bare_updates(true);
    let operation = user.update_asset_with(AssetUpdate::new(id).display_name("other"))?;
    assert!(operation.is_done() && operation.name().is_none());
    assert_eq!(operation.wait()?.id, id);
    Ok(())
}

#[test]
fn a_private_inventory_is_an_error_in_the_services_words() -> Result<()> {
    let (sandbox, user) = demo()?;
    sandbox.set_inventory_private(156, true);

    let mut items = user.list_inventory();
    let error = items.next().expect("not an empty list").expect_err("it is private");
    assert_eq!((error.kind(), error.status()), (ErrorKind::PermissionDenied, Some(403)));
    assert!(error.message().is_some_and(|message| !message.is_empty()));
    assert!(error.to_string().contains("user.inventory-item:read"), "{error}");
    assert!(items.next().is_none());
    Ok(())
}

#[test]
fn listings_resume_at_their_cursor() -> Result<()> {
    let (_sandbox, user) = demo()?;
    let all: Vec<InventoryItem> = user.list_inventory().collect::<Result<_>>()?;

    let mut first = user.list_inventory();
    let mut seen: Vec<InventoryItem> = first.by_ref().take(130).collect::<Result<_>>()?;
    seen.extend(user.list_inventory().resume_from(first.cursor()).collect::<Result<Vec<_>>>()?);
    assert_eq!(seen, all);
    Ok(())
}

#[test]
fn empty_filters_make_no_request() -> Result<()> {
    let (sandbox, user) = demo()?;
    assert_eq!(user.list_inventory().badges(false).count(), 0);
    assert_eq!(user.list_inventory().asset_ids([]).count(), 0);
    let none = Vec::<InventoryAssetType>::new();
    assert_eq!(user.list_inventory().assets(none).only_collectibles(true).count(), 0);
    assert!(sandbox.requests().is_empty());
    Ok(())
}
