//! Every call in every shape, made through a server that keeps what the sandbox responds.

use std::sync::{Arc, Mutex};

use rblxopencloud::asset::*;
use rblxopencloud::group::*;
use rblxopencloud::store::*;
use rblxopencloud::user::*;
use rblxopencloud::*;
use rblxopencloud_sandbox::Sandbox;
use serde_json::Value;

use super::calls::calls;
use super::{Reply, Request, Server};

const PNG: &[u8] = include_bytes!("../../../examples/assets/crate.png");
const RBXM: &[u8] = b"<roblox!\x89\xff\r\n\x1a\n\0\0";

/// A request, and the response of the sandbox.
#[derive(Clone)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    pub target: String,
    pub status: u16,
    pub body: Vec<u8>,
}

/// Makes every call of the table, and those with many shapes in every shape. The sandbox has the log of requests.
pub fn make_every_call() -> (Sandbox, Vec<Exchange>) {
    let sandbox = sandbox();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (into, service) = (Arc::clone(&kept), sandbox.url().to_owned());
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let server = Server::start(move |request| {
        let (status, body) = forward(&agent, &service, request);
        into.lock().expect("no panic").push(Exchange {
            method: request.method.clone(),
            path: request.path().to_owned(),
            target: request.target.clone(),
            status,
            body: body.clone(),
        });
        Reply::text(status, body).with("content-type", "application/json")
    });
    let client = Client::builder(sandbox.api_key()).base_url(server.url()).build().expect("the settings are good");
    make(&client).expect("the sandbox accepts every call");
    for call in calls() {
        let _ = (call.make)(&client);
    }
    drop(server);
    let kept = kept.lock().expect("no panic").clone();
    (sandbox, kept)
}

fn forward(agent: &ureq::Agent, service: &str, request: &Request) -> (u16, Vec<u8>) {
    let mut copy =
        ureq::http::Request::builder().method(request.method.as_str()).uri(format!("{service}{}", request.target));
    for (name, value) in &request.headers {
        let is_of_the_connection = ["host", "content-length", "connection", "expect", "accept-encoding"];
        if !is_of_the_connection.contains(&name.to_lowercase().as_str()) {
            copy = copy.header(name, value);
        }
    }
    let copy = copy.body(request.body.clone()).expect("the request is a request");
    let mut answer = agent.run(copy).expect("the sandbox responds");
    (answer.status().as_u16(), answer.body_mut().read_to_vec().expect("a body"))
}

/// A sandbox in which every call succeeds.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    for user in [42, 43] {
        sandbox.add_user(UserInfo::new(user, format!("user{user}")));
        sandbox.add_join_request(7, user);
    }
    let mut role = GroupRole::new(7, 96, "Helper", 20);
    role.description = Some("Helps".to_owned());
    role.permissions = Some(GroupPermission::KNOWN.to_vec());
    role.created_at = "2020-01-01T00:00:00Z".parse().ok();
    role.updated_at = role.created_at;
    sandbox.add_role(role);
    sandbox.set_quota(AssetType::Audio, 10);
    let mut subscription = Subscription::new();
    subscription.created_at = "2024-01-01T00:00:00Z".parse().ok();
    sandbox.add_subscription(13058, "EXP-1", 156, subscription);
    let mut asset = Asset::new(4242);
    asset.asset_type = Some(AssetType::Model);
    asset.display_name = Some("Tree house".to_owned());
    asset.creator = Some(Creator::User(156));
    sandbox.add_asset(asset);
    sandbox.set_asset_content(4242, "a.rbxm", "model/x-rbxm", RBXM);
    sandbox
}

fn make(client: &Client) -> Result<()> {
    let user = client.user(156);
    let _ = user.fetch_info()?;
    inventory(&user)?;
    users(client, &user)?;
    groups(client)?;
    let model = uploads(&user)?;
    assets(client, model)?;
    client.find_users(["builderman", "user42", "no one"])?;
    client.inspect_key()?.check([endpoints::CREATE_ASSET, endpoints::LIST_GROUP_MEMBERSHIPS])
}

fn inventory(user: &User) -> Result<()> {
    user.list_inventory().take(150).try_for_each(|item| item.map(drop))?;
    let assets = user.list_inventory().assets(true).only_collectibles(true);
    assets.badges(true).game_passes(true).private_servers(true).try_for_each(|item| item.map(drop))?;
    user.list_inventory().assets(InventoryAssetType::KNOWN).try_for_each(|item| item.map(drop))?;
    let mut ids = user.list_inventory().assets([1, 2]).badges([111]).game_passes([777]).private_servers([3]);
    ids.try_for_each(|item| item.map(drop))?;
    assert!(user.owns_game_pass(777)?.is_owned());
    user.list_groups().try_for_each(|member| member.map(drop))
}

fn users(client: &Client, user: &User) -> Result<()> {
    for size in ThumbnailSize::ALL {
        for (format, shape) in ThumbnailFormat::KNOWN.iter().zip(ThumbnailShape::KNOWN) {
            let options = ThumbnailOptions::new().size(size).format(format.clone()).shape(shape.clone());
            let operation = user.generate_thumbnail_with(&options)?;
            let name = operation.name().expect("it has a name").clone();
            assert_eq!(client.thumbnail_operation(name).wait()?, operation.wait()?);
        }
    }
    user.list_asset_quotas().try_for_each(|quota| quota.map(drop))?;
    for kind in AssetQuotaKind::KNOWN {
        let filter = AssetQuotaFilter::new().kind(kind.clone()).asset_type(AssetType::Audio);
        user.list_asset_quotas_with(filter).try_for_each(|quota| quota.map(drop))?;
    }
    let notification = || Notification::new(13058, "5dd7024b-68e3-ac4d-8232-4217f86ca244");
    let everything = notification().parameter("text", "egg").parameter("number", 3);
    user.send_notification(&everything.launch_data("room=7").category("eggs"))?;
    user.send_notification(&notification())?;
    user.follow_experience(13058)?;
    assert_eq!(user.fetch_experience_followings()?.len(), 1);
    assert!(user.fetch_experience_following(13058)?.is_following);
    user.unfollow_experience(13058)?;
    assert!(user.fetch_subscription(13058, "EXP-1")?.is_some_and(|subscription| subscription.active));
    assert_eq!(user.fetch_subscription(13058, "EXP-2")?, None);
    Ok(())
}

fn groups(client: &Client) -> Result<()> {
    let group = client.group(7);
    let _ = group.fetch_info()?;
    let roles = group.list_roles().collect::<Result<Vec<_>>>()?;
    assert!(roles.iter().any(|role| role.permissions.as_ref().is_some_and(|granted| granted.len() == 30)));
    group.fetch_role(96)?;
    group.list_memberships().try_for_each(|member| member.map(drop))?;
    group.list_memberships_with(MembershipFilter::role(&roles[0])).try_for_each(|member| member.map(drop))?;
    assert_eq!(group.rank_of(156)?, Some(255));
    client.list_memberships_of([156, 1007, 1]).try_for_each(|member| member.map(drop))?;
    assert!(group.assign_role(1007, 96)?.role_ids.contains(&96));
    group.unassign_role(1007, 96)?;
    group.update_member(1007, 97)?;
    assert!(group.join_request_of(42)?.is_some());
    assert_eq!(group.list_join_requests().count(), 2);
    group.accept_join_request(42)?;
    group.decline_join_request(43)?;
    client.list_manageable_groups().try_for_each(|group| group.map(drop))
}

fn uploads(user: &User) -> Result<u64> {
    let image = || AssetFile::from_bytes("crate.png", PNG);
    let decal = user.upload_asset_with(AssetUpload::new(image(), AssetType::Decal, "crate", "of wood"))?.wait()?;
    let upload = AssetUpload::new(image(), AssetType::Image, "crate", "").expected_price(0);
    let image = user.upload_asset_with(upload.privacy(AssetPrivacy::OpenUse))?.wait()?;
    let model = || AssetFile::from_bytes("crate.rbxm", RBXM);
    let made = user.upload_asset_with(AssetUpload::new(model(), AssetType::Model, "crate", "of wood"))?.wait()?;
    let everything = AssetUpdate::new(made.id)
        .file(model())
        .display_name("new")
        .description("better")
        .icon(image.id)
        .previews([Preview::new(image.id, "from the front")])
        .social_link(SocialLinkKind::GitHub, SocialLink::new("https://github.com/your-repo").title("source"))
        .social_link(SocialLinkKind::Twitch, SocialLink::new("https://twitch.tv/your-channel"));
    user.update_asset_with(everything)?.wait()?;
    user.update_asset_with(AssetUpdate::new(made.id).file(model()))?.wait()?;
    let nothing_left = AssetUpdate::new(decal.id)
        .remove_description()
        .remove_icon()
        .remove_previews()
        .remove_social_link(SocialLinkKind::GitHub);
    user.update_asset_with(nothing_left)?.wait()?;
    Ok(made.id)
}

fn assets(client: &Client, model: u64) -> Result<()> {
    let asset = client.asset(model);
    asset.fetch()?;
    asset.fetch_fields(AssetField::KNOWN.iter().cloned())?;
    assert_eq!(asset.list_versions().count(), 3);
    asset.fetch_version(1)?;
    asset.rollback(1)?;
    asset.archive()?;
    asset.restore()?;
    let mut content = Vec::new();
    asset.download(&mut content)?;
    assert_eq!(content, RBXM);
    asset.locate_version(1)?.download(&mut Vec::new())?;
    let subjects = [
        PermissionSubject::User(42),
        PermissionSubject::Group(7),
        PermissionSubject::GroupRoleset(99),
        PermissionSubject::Universe(13058),
        PermissionSubject::All,
    ];
    for (subject, action) in subjects.into_iter().zip(AssetAction::KNOWN) {
        let permission = AssetPermission::new(subject, action.clone()).with_dependencies();
        let granted = client.grant_asset_permissions(&permission, [model, 404])?;
        assert_eq!((granted.success_asset_ids.len(), granted.errors.len()), (1, 1));
    }
    let price = StoreProductUpdate::new().base_price(Money::usd("4.99")?).published(true);
    asset.create_store_product(&CreatorStoreProductType::Model, &price)?;
    asset.update_store_product(
        &CreatorStoreProductType::Model,
        &StoreProductUpdate::new().base_price(Money::usd("0")?),
    )?;
    asset.fetch_store_product(&CreatorStoreProductType::Model)?;
    let search = AssetSearch::new(AssetSearchCategory::Model).query("new better").creator(Creator::User(156));
    assert_eq!(client.search_assets(search.clone()).count(), 1);
    assert_eq!(client.fetch_search_page(search)?.total_results, Some(1));
    for category in AssetSearchCategory::KNOWN {
        let everything = AssetSearch::new(category.clone())
            .query("tree")
            .creator(Creator::Group(7))
            .only_verified_creators(false)
            .sort_by(AssetSearchSort::CreateTime)
            .sort_direction(SortDirection::Descending)
            .min_price_cents(0)
            .max_price_cents(500)
            .min_duration_seconds(1)
            .max_duration_seconds(60)
            .artist("artist")
            .album("album")
            .audio_types(StoreAudioType::KNOWN.iter().cloned())
            .music_chart(MusicChart::Week)
            .model_sub_types(ModelSubType::KNOWN.iter().cloned())
            .excluded_model_sub_types([ModelSubType::Ad])
            .included_instance_types(ModelInstanceType::KNOWN.iter().cloned())
            .facets(["wood"])
            .tags(["green"])
            .swimlane("lane")
            .view(AssetSearchView::Full);
        client.search_assets(everything).try_for_each(|asset| asset.map(drop))?;
    }
    client.search_assets(AssetSearch::in_category_path("3d__characters")).try_for_each(|asset| asset.map(drop))
}

impl Exchange {
    /// Returns the body as JSON. `None` if there is none.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}
