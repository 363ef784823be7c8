//! Every call in every shape, made through a server that keeps what the sandbox responds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rblxopencloud::asset::*;
use rblxopencloud::data::*;
use rblxopencloud::experience::*;
use rblxopencloud::group::*;
use rblxopencloud::memory::*;
use rblxopencloud::store::*;
use rblxopencloud::user::*;
use rblxopencloud::*;
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Value, json};

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
    // Team Create is enabled, and nobody is in a session.
    sandbox.set_team_create_session(1818, []);
    for (version, users) in [(6, &[156, 42][..]), (7, &[43]), (7, &[])] {
        let job = sandbox.add_game_server(13058, 1818, version, users.iter().copied());
        sandbox.log_on_game_server(&job, 3, "attempt to index nil");
    }
    sandbox
}

fn make(client: &Client) -> Result<()> {
    let user = client.user(156);
    let _ = user.fetch_info()?;
    inventory(&user)?;
    users(client, &user)?;
    experiences(client)?;
    groups(client)?;
    servers(client)?;
    restrictions(client)?;
    data_stores(client)?;
    ordered_data_stores(client)?;
    memory_stores(client)?;
    let model = uploads(&user)?;
    luau(client)?;
    assets(client, model)?;
    client.find_users(["builderman", "user42", "no one"])?;
    client.inspect_key()?.check([endpoints::CREATE_ASSET, endpoints::LIST_GROUP_MEMBERSHIPS])
}

fn servers(client: &Client) -> Result<()> {
    let experience = client.experience(13058);
    experience.forecast_restart()?;
    experience.restart_servers(RestartOptions::new())?;
    let some = RestartOptions::new().bleed_off(Duration::from_secs(600)).outdated(1818).place_versions(1819, [7]);
    let restart = experience.restart_servers(some.place(1820).attributes(json!({ "why": "update" })))?;
    experience.restart_status(&restart.id)?;
    let older = UniverseRestartOptions::new().places([1818]).all_versions(true).bleed_off(Duration::from_secs(60));
    experience.restart_universe_servers(older)?;
    experience.publish_message("updates", "restart")?;
    let place = experience.place(1818);
    let filter = GameServerFilter::new().expression("occupancy > 0").order_by("uptime desc").page_size(1);
    place.list_game_servers_with(7, filter).try_for_each(|server| server.map(drop))?;
    place.count_game_servers(7)?;
    place.fetch_game_server_filters()?;
    for server in place.list_game_servers(7) {
        place.list_game_server_logs(7, &server?.job_id).try_for_each(|entry| entry.map(drop))?;
    }
    Ok(())
}

fn data_stores(client: &Client) -> Result<()> {
    let experience = client.experience(13058);
    let store = experience.data_store("Players");
    for store in [&store, &store.with_scope("eu")] {
        store.create_with(
            "user_156",
            &json!({ "coins": 7 }),
            EntryMetadata::new().users([156]).attribute("level", 3),
        )?;
        store.set("user_156", &json!({ "coins": 8 }))?;
        store.create("visits", &1)?;
        store.increment("visits", 2)?;
        assert!(store.fetch::<Value>("user_156")?.is_some());
        store.list_entries().prefix("user_").deleted(true).try_for_each(|entry| entry.map(drop))?;
        store.list_revisions("user_156").try_for_each(|revision| revision.map(drop))?;
        store.delete("visits")?;
    }
    store.list_entries().all_scopes(true).try_for_each(|entry| entry.map(drop))?;
    experience.snapshot_data_stores()?;
    experience.list_data_stores().try_for_each(|store| store.map(drop))?;
    store.delete_store()?;
    store.undelete_store().map(drop)
}

fn ordered_data_stores(client: &Client) -> Result<()> {
    let store = client.experience(13058).ordered_data_store("Test").with_scope("week/7");
    store.create("a/b", 7)?;
    store.set("c", -7)?;
    store.set_existing("c", 8)?;
    store.increment("c", 1)?;
    assert_eq!(store.fetch("c")?.map(|entry| entry.value), Some(9));
    assert_eq!(store.top(1)?.len(), 1);
    store.list_entries_with(OrderedFilter::new().range(1..10)).try_for_each(|entry| entry.map(drop))?;
    store.delete("c")
}

fn memory_stores(client: &Client) -> Result<()> {
    let memory = client.experience(13058).memory_store();
    let (map, queue, minute) = (memory.sorted_map("a/b"), memory.queue("a/b"), Duration::from_secs(60));
    map.create("a", NewSortedMapItem::new(&json!({ "b": [1, null] }), minute).sort_key(1.5))?;
    map.set("b", NewSortedMapItem::new(&7, minute).sort_key("x"))?;
    map.set_existing("b", NewSortedMapItem::new(&8, minute))?;
    assert!(map.fetch("b")?.is_some());
    let filter = SortedMapFilter::new().ids_after("A").ids_before("c").sort_keys_above(1).sort_keys_below(2);
    assert_eq!(map.list_items_with(filter.descending(true)).count(), 1);
    map.list_items().try_for_each(|item| item.map(drop))?;
    map.delete("a")?;
    queue.add(NewQueueItem::new(&"a").priority(1.5).ttl(minute))?;
    queue.add(NewQueueItem::new(&"b"))?;
    let read = queue.read(1, Duration::from_millis(1500))?;
    queue.discard(&read.read_id)?;
    assert!(queue.read_exactly(1, minute)?.is_some());
    let flush = memory.flush()?;
    let name = flush.name().expect("it has a name").clone();
    flush.wait()?;
    client.memory_store_operation(name).wait()
}

fn restrictions(client: &Client) -> Result<()> {
    let experience = client.experience(13058);
    let place = experience.place(1818);
    let week = Restriction::lasting(Duration::from_secs(604_800)).display_reason("a").private_reason("b");
    experience.fetch_restriction(156)?;
    experience.restrict_user(156, week)?;
    place.restrict_user(42, Restriction::permanent().restrict_alt_accounts(false))?;
    place.fetch_restriction(156)?;
    experience.list_restrictions().try_for_each(|restriction| restriction.map(drop))?;
    place.list_restrictions().try_for_each(|restriction| restriction.map(drop))?;
    experience.lift_restriction(156)?;
    place.lift_restriction(42)?;
    experience.list_restriction_logs().try_for_each(|change| change.map(drop))?;
    place.list_restriction_logs().try_for_each(|change| change.map(drop))?;
    let of_both = RestrictionLogFilter::new().user(42).place(1818);
    experience.list_restriction_logs_with(of_both).try_for_each(|change| change.map(drop))
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

fn experiences(client: &Client) -> Result<()> {
    let experience = client.experience(13058);
    let link = SocialLink::new("https://discord.gg/a").title("Chat");
    let update =
        ExperienceUpdate::new().voice_chat(true).desktop(true).mobile(true).tablet(true).console(true).vr(true);
    let update =
        ExperienceLink::KNOWN.iter().fold(update, |update, kind| update.social_link(kind.clone(), link.clone()));
    experience.update(update.private_server_price_canceling_subscriptions(100))?;
    let nothing_left = ExperienceUpdate::new().remove_social_link(ExperienceLink::Discord);
    experience.update(nothing_left.no_private_servers_canceling_subscriptions())?;
    experience.deactivate()?;
    experience.activate()?;
    assert_eq!(experience.list_places().count(), 1);
    experience.set_team_create(true)?;
    assert!(experience.has_team_create()?);

    let place = client.place(1818);
    place.fetch_info()?;
    place.update(PlaceUpdate::new().display_name("Crossroads").description("classic").server_size(30))?;
    place.list_team_create_members().try_for_each(|user| user.map(drop))?;
    place.save(RBXM)?;
    let version = place.publish(b"<roblox></roblox>")?;
    place.version(version.number).set_notes("Spring", "")?;
    place.version(1).fetch_info()?;
    place.version(1).download(&mut Vec::new())?;
    assert_eq!(place.list_versions().published().count(), 1);
    place.rollback(1)?;
    let time = |year: u16| format!("{year}-02-28T12:00:00Z").parse().expect("a time");
    let everything = place.list_history().published(true).with_notes(true).search("Spring").contributor(156);
    assert_eq!(everything.since(time(2024)).until(time(2100)).count(), 1);
    assert_eq!(place.list_contributors().collect::<Result<Vec<_>>>()?, [156]);
    Ok(())
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

fn luau(client: &Client) -> Result<()> {
    let place = client.experience(13058).place(1818);
    let text = "print('size') return { BinaryOutput = (...).BinaryInput, ReturnValues = { 'a', 1 } }";
    let script = LuauScript::new(text).binary_input(Body::bytes("application/octet-stream", *b"data"));
    let task = place.run_luau(script.binary_output(true).timeout(Duration::from_secs(60)))?;
    let run = task.wait()?;
    assert!(run.is_success() && run.logs.len() == 1, "{run}");
    assert_eq!(task.download_output(&mut Vec::new())?, 4);
    assert_eq!(task.list_flat_logs().count(), 1);
    let saved = place.save(RBXM)?;
    let failed = place.version(saved.number).run_luau(LuauScript::new("error('no')"))?.wait()?;
    assert_eq!(failed.error.and_then(|error| error.line()), Some(1));
    Ok(())
}

impl Exchange {
    /// Returns the body as JSON. `None` if there is none.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}
