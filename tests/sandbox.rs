//! What the sandbox promises.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rblxopencloud::sandbox::{Fault, OperationFailure, RateLimit, RecordedRequest, Sandbox};
use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Check, Client, Creator, Credentials, ErrorKind,
    GroupMembership, InventoryAsset, InventoryAssetType, InventoryBadge, InventoryFilter, InventoryItem,
    ModerationState, RetryPolicy, SocialLink, SocialLinkKind, Timeouts, UserInfo, WaitOptions,
};

/// A sandbox with user 1 and group 7.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(1, "one"));
    sandbox.add_group(7, "seven");
    sandbox
}

/// A client that tries once.
fn hasty(sandbox: &Sandbox) -> Client {
    sandbox.client_with(|settings| settings.retry(RetryPolicy::none())).expect("good settings")
}

fn patient(sandbox: &Sandbox) -> Client {
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    sandbox.client_with(|settings| settings.retry(policy)).expect("good settings")
}

fn connect(sandbox: &Sandbox) -> TcpStream {
    let address = sandbox.url().strip_prefix("http://").expect("an address");
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
    stream
}

/// Sends bytes and reads until the connection ends.
fn raw(sandbox: &Sandbox, request: &str) -> String {
    let mut stream = connect(sandbox);
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    // A reset ends it as well.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn send(sandbox: &Sandbox, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
    let answer = raw(
        sandbox,
        &format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        ),
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, body.to_owned())
}

const KEY: &str = "x-api-key: sandbox-api-key\r\n";

fn get(sandbox: &Sandbox, target: &str) -> (u16, String) {
    send(sandbox, "GET", target, KEY, "")
}

fn filtered(sandbox: &Sandbox, path: &str, filter: &str) -> (u16, String) {
    let filter: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    get(sandbox, &format!("{path}?filter={filter}"))
}

fn form(request: &str, file: Option<(&str, &str, &str)>) -> String {
    let mut form = format!("--b\r\ncontent-disposition: form-data; name=\"request\"\r\n\r\n{request}\r\n");
    if let Some((name, content_type, content)) = file {
        form += &format!(
            "--b\r\ncontent-disposition: form-data; name=\"fileContent\"; filename=\"{name}\"\r\n\
             content-type: {content_type}\r\n\r\n{content}\r\n"
        );
    }
    form + "--b--\r\n"
}

fn send_form(sandbox: &Sandbox, method: &str, target: &str, form: &str) -> (u16, String) {
    send(sandbox, method, target, &format!("{KEY}content-type: multipart/form-data; boundary=b\r\n"), form)
}

fn crate_png() -> AssetUpload {
    let file = AssetFile::from_bytes("crate.png", b"\x89PNG\r\n\x1a\n".to_vec());
    AssetUpload::new(file, AssetType::Decal, "Crate", "a crate")
}

fn quick_wait() -> WaitOptions {
    WaitOptions::new()
        .timeout(Duration::from_secs(5))
        .initial_delay(Duration::from_millis(1))
        .max_delay(Duration::from_millis(2))
}

#[test]
fn demo_data_can_be_listed() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let user = sandbox.client().user(156);
    let info = user.fetch_info().expect("builderman");
    assert_eq!((info.username.as_str(), info.display_name.as_str()), ("builderman", "Builderman"));
    assert_eq!(info.created_at.expect("a time").to_string().get(..10), Some("2006-03-08"));
    assert!(info.premium == Some(true) && info.id_verified == Some(true) && info.social_network_profiles.is_some());

    let items: Vec<_> = user.list_inventory().collect::<Result<_, _>>().expect("an inventory");
    assert_eq!(items.len(), 250);
    assert!(!items.iter().any(|item| matches!(item, InventoryItem::Unknown(_))));
    assert!(items.iter().any(|item| matches!(item, InventoryItem::GamePass(pass) if pass.id == 777)));
    let count = |filter: InventoryFilter| user.list_inventory_with(filter).count();
    assert_eq!(count(InventoryFilter::ids().badges([111, 222, 333]).into()), 2);
    assert_eq!(count(InventoryFilter::kinds().only_collectibles().into()), 5);
    let groups: Vec<_> = user.list_groups().collect::<Result<_, _>>().expect("groups");
    assert_eq!(groups.iter().map(|group| group.group_id).collect::<Vec<_>>(), [7, 1_200, 36_000]);
    assert_eq!(groups[0].role_ids.len(), 2);
}

#[test]
fn a_huge_inventory_is_paged_through_without_loss() {
    let sandbox = sandbox();
    let assets = (0..200_000).map(|id| InventoryItem::Asset(InventoryAsset::new(id, InventoryAssetType::Hat)));
    sandbox.set_inventory(1, assets);
    let mut expected = 0;
    for item in sandbox.client().user(1).list_inventory() {
        let InventoryItem::Asset(asset) = item.expect("an item") else { panic!("not an asset") };
        assert_eq!(asset.id, expected);
        expected += 1;
    }
    assert_eq!(expected, 200_000);
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 2000);
    assert!(requests.iter().all(|request| request.connection == requests[0].connection));
}

#[test]
fn page_sizes_are_those_of_the_service() {
    let sandbox = sandbox();
    let badges = |count| (0..count).map(|id| InventoryItem::Badge(InventoryBadge::new(id)));
    sandbox.set_inventory(1, badges(105));
    let path = "/cloud/v2/users/1/inventory-items";
    let page = |query: &str| {
        let (status, body) = get(&sandbox, &format!("{path}{query}"));
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let token = json["nextPageToken"].as_str().map(str::to_owned);
        (status, json["inventoryItems"].as_array().map_or(0, Vec::len), token)
    };
    assert_eq!(page("").1, 10);
    let (_, count, token) = page("?maxPageSize=101");
    assert_eq!(count, 100);
    let token = token.expect("there is more");
    assert_eq!(page(&format!("?maxPageSize=100&pageToken={token}")), (200, 5, Some(String::new())));
    for bad in ["maxPageSize=x", "maxPageSize=0", "maxPageSize=-1", "pageToken=zzz"] {
        assert_eq!(page(&format!("?{bad}")).0, 400, "{bad}");
    }
    assert_eq!(page(&format!("?pageToken={token}&filter=badges%3Dtrue")).0, 400, "another filter");
    sandbox.add_user(UserInfo::new(2, "two"));
    sandbox.set_inventory(2, badges(105));
    assert_eq!(get(&sandbox, &format!("/cloud/v2/users/2/inventory-items?pageToken={token}")).0, 400, "another user");
    sandbox.set_inventory(1, badges(100));
    assert_eq!(page("?maxPageSize=100"), (200, 100, Some(String::new())), "a last page that is full");
}

#[test]
fn inventory_filters_are_applied() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let path = "/cloud/v2/users/156/inventory-items";
    for bad in [
        "colour=red",
        "badges",
        "badges=True",
        "badges=true;badgeIds=111",
        "badgeIds=",
        "badgeIds=1,",
        "badgeIds=+1",
        "badges=true;badges=true",
        "badges=true;",
        "onlyCollectibles=true",
        "onlyCollectibles=True;inventoryItemAssetTypes=*",
        "inventoryItemAssetTypes=",
        "inventoryItemAssetTypes=hat",
        "inventoryItemAssetTypes=TIME_MACHINE",
    ] {
        let (status, body) = filtered(&sandbox, path, bad);
        assert!(status == 400 && body.contains("\"code\":\"INVALID_ARGUMENT\""), "{bad}: {body}");
    }
    for (good, count) in [
        ("badges=true", 2),
        ("badges=false", 0),
        ("gamePasses=true;privateServers=true", 2),
        ("onlyCollectibles=true;inventoryItemAssetTypes=HAT,FACE", 5),
        ("badgeIds=222;gamePassIds=777;privateServerIds=175156;assetIds=1365001", 4),
    ] {
        let (status, body) = filtered(&sandbox, path, good);
        assert_eq!((status, body.matches("\"path\"").count()), (200, count), "{good}: {body}");
    }
    // Filtered pages are as long as others, and end as they do.
    let hats = InventoryFilter::kinds().all_assets();
    let user = sandbox.client().user(156);
    let pages: Vec<_> = user.list_inventory_with(hats).pages().map(|page| page.expect("a page").items.len()).collect();
    assert_eq!(pages, [100, 100, 46]);
}

#[test]
fn private_inventories_are_refused() {
    let sandbox = sandbox();
    sandbox.set_inventory_private(1, true);
    let user = hasty(&sandbox).user(1);
    let error = user.list_inventory().next().expect("an error").expect_err("it is private");
    assert_eq!((error.kind(), error.code()), (ErrorKind::PermissionDenied, Some("PERMISSION_DENIED")));
    sandbox.set_inventory_private(1, false);
    assert!(user.list_inventory().next().is_none());
}

#[test]
fn membership_filters_are_applied() {
    let sandbox = sandbox();
    for user in 1..=12 {
        sandbox.add_membership(GroupMembership::new(7, user, 70 + user % 2));
    }
    sandbox.add_membership(GroupMembership::new(8, 1, 80));
    let all = "/cloud/v2/groups/-/memberships";
    let seven = "/cloud/v2/groups/7/memberships";
    for (path, filter, count) in [
        (all, "user == 'users/1'", 2),
        (all, "user in ['users/1','users/2','users/1']", 3),
        (seven, "user == 'users/1'", 1),
        (seven, "role == 'groups/7/roles/71'", 6),
        (seven, "", 10),
    ] {
        let (status, body) = filtered(&sandbox, path, filter);
        assert_eq!((status, body.matches("\"path\"").count()), (200, count), "{path} {filter}: {body}");
    }
    let (_, body) = filtered(&sandbox, seven, "user == 'users/1'");
    assert!(body.contains("\"path\":\"groups/7/memberships/MQ\""), "{body}");
    let many = |count: u64| format!("user in [{}]", vec!["'users/1'"; count as usize].join(","));
    assert_eq!(filtered(&sandbox, all, &many(50)).0, 200);
    for (path, bad) in [
        (all, ""),
        (all, "role == 'groups/7/roles/71'"),
        (all, &many(51)),
        (all, "user == 1"),
        (all, "name == 'x'"),
        (seven, "role == 'groups/8/roles/80'"),
    ] {
        assert_eq!(filtered(&sandbox, path, bad).0, 400, "{path} {bad}");
    }
    assert_eq!(get(&sandbox, "/cloud/v2/groups/9/memberships").0, 404);
}

#[test]
fn credentials_are_checked_everywhere() {
    let sandbox = sandbox();
    for path in ["/cloud/v2/users/1", "/assets/v1/operations/x", "/nowhere"] {
        let (status, body) = send(&sandbox, "GET", path, "", "");
        assert_eq!((status, body.as_str()), (401, r#"{"errors":[{"code":0,"message":"Missing API Key Header"}]}"#));
        let (status, body) = send(&sandbox, "GET", path, "x-api-key: wrong\r\n", "");
        assert!(status == 401 && body.contains("\"message\":\"Invalid API Key\""), "{body}");
        let (status, body) = send(&sandbox, "GET", path, "authorization: Bearer wrong\r\n", "");
        assert!(status == 401 && body.contains("\"code\":\"UNAUTHENTICATED\""), "{body}");
    }
    let with_token = Client::builder(Credentials::access_token(sandbox.access_token())).base_url(sandbox.url());
    let with_token = with_token.build().expect("a client");
    assert!(with_token.user(1).fetch_info().is_ok());

    sandbox.set_group_owned_key(true);
    let error = hasty(&sandbox).user(1).fetch_info().expect_err("a group's key");
    assert_eq!((error.status(), error.code()), (Some(401), Some("UNAUTHENTICATED")));
    assert!(hasty(&sandbox).user(1).upload_asset(crate_png()).is_ok());
    assert!(with_token.user(1).fetch_info().is_ok());
}

#[test]
fn missing_resources_are_refused_in_the_right_form() {
    let sandbox = sandbox();
    let (status, body) = get(&sandbox, "/cloud/v2/users/2");
    assert!(status == 404 && body.contains("\"code\":\"NOT_FOUND\""), "{body}");
    let (status, body) = get(&sandbox, "/assets/v1/operations/x");
    assert!(status == 404 && body.contains("\"error\":\"NOT_FOUND\""), "{body}");
    let (status, body) = get(&sandbox, "/cloud/v3/users/1");
    assert!(status == 404 && body.contains("\"errors\":["), "{body}");
    assert_eq!(send(&sandbox, "POST", "/cloud/v2/users/1", KEY, "").0, 405);
    assert_eq!(get(&sandbox, "/assets/v1/assets").0, 405);
    assert_eq!(get(&sandbox, "/assets/v1/assets/5").0, 404);
    assert_eq!(get(&sandbox, "/cloud/v2/users/x").0, 400);
}

#[test]
fn an_upload_becomes_an_asset() {
    let sandbox = sandbox();
    let operation = sandbox.client().user(1).upload_asset(crate_png()).expect("it is taken");
    assert!(!operation.is_done());
    let asset = operation.wait().expect("it is made");
    assert_eq!(asset.id, 100_000_000_000_001);
    assert_eq!(sandbox.asset(asset.id).as_ref(), Some(&asset));
    assert_eq!(asset.display_name.as_deref(), Some("Crate"));
    assert_eq!(asset.creator, Some(Creator::User(1)));
    assert_eq!(asset.moderation_state, Some(ModerationState::Approved));
    assert_eq!(asset.revision_id, Some(1));
    assert!(asset.revision_created_at.is_some());
    let content = sandbox.asset_content(asset.id).expect("a content");
    assert_eq!((content.file_name.as_str(), content.content_type.as_str()), ("crate.png", "image/png"));
    assert_eq!((content.length, content.bytes.as_slice()), (8, &b"\x89PNG\r\n\x1a\n"[..]));

    let requests = sandbox.requests();
    let [create, poll] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((create.method.as_str(), create.status, poll.status), ("POST", Some(200), Some(200)));
    let part = create.part("fileContent").expect("the file");
    assert_eq!((part.length, part.body.as_slice()), (8, &b"\x89PNG\r\n\x1a\n"[..]));
    assert_eq!(create.header("content-length"), Some(create.body_length.to_string().as_str()));
}

#[test]
fn large_uploads_are_hashed_and_not_kept() {
    let sandbox = sandbox();
    sandbox.set_content_checks(false);
    let file = AssetFile::from_reader("big.png", std::io::repeat(b'\r').take(3_000_000), 3_000_000);
    let upload =
        AssetUpload::new(file, AssetType::Image, "Big", "").skip_check(Check::Content).skip_check(Check::FileSize);
    let asset = sandbox.client().user(1).upload_asset(upload).expect("taken").wait().expect("made");
    let content = sandbox.asset_content(asset.id).expect("a content");
    assert_eq!((content.length, content.bytes.len()), (3_000_000, 1024 * 1024));
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for _ in 0..3_000_000 {
        hash = (hash ^ u64::from(b'\r')).wrapping_mul(0x0000_0100_0000_01b3);
    }
    assert_eq!(content.hash, hash);
    assert_eq!(asset.description, None);
    let request = &sandbox.requests()[0];
    assert_eq!(request.header("expect"), Some("100-continue"));
    assert_eq!((request.body.len(), request.part("fileContent").map(|part| part.body.len())), (65_536, Some(65_536)));
}

#[test]
fn a_file_over_20_mib_is_refused() {
    let sandbox = sandbox();
    let length = 20 * 1024 * 1024 + 1;
    let file = AssetFile::from_reader("big.png", std::io::repeat(0).take(length), length);
    let error = hasty(&sandbox).user(1).upload_asset(
        AssetUpload::new(file, AssetType::Image, "Big", "").skip_check(Check::Content).skip_check(Check::FileSize),
    );
    assert_eq!(error.expect_err("too large").status(), Some(413));
    assert!(sandbox.assets().is_empty());
}

#[test]
fn chunked_forms_and_pipelined_requests_are_read() {
    let sandbox = sandbox();
    sandbox.set_content_checks(false);
    let form = form(REQUEST, Some(("a.png", "image/png", "abc")));
    let chunks: String = form.as_bytes().chunks(7).fold(String::new(), |chunks, chunk| {
        chunks + &format!("{:X};x=y\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk))
    });
    let answers = raw(
        &sandbox,
        &format!(
            "POST /assets/v1/assets HTTP/1.1\r\n{KEY}transfer-encoding: chunked\r\n\
             content-type: multipart/form-data; boundary=\"b\"\r\n\r\n{chunks}0\r\n\r\n\
             GET /cloud/v2/users/1 HTTP/1.1\r\nconnection: close\r\n{KEY}\r\n"
        ),
    );
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    let requests = sandbox.requests();
    assert_eq!(requests[0].body, form.as_bytes());
    assert_eq!(requests[0].connection, requests[1].connection);
    for bad in ["GET / HTTP/9\r\n\r\n", "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"] {
        assert!(raw(&sandbox, bad).starts_with("HTTP/1.1 400 "), "{bad}");
    }
}

const REQUEST: &str =
    r#"{"assetType":"Decal","displayName":"n","description":"","creationContext":{"creator":{"userId":"1"}}}"#;

#[test]
fn invalid_creates_are_refused() {
    let sandbox = sandbox();
    sandbox.set_content_checks(false);
    let create = |request: &str, file| send_form(&sandbox, "POST", "/assets/v1/assets", &form(request, file));
    let png = Some(("a.png", "image/png", "abc"));
    assert_eq!(create(REQUEST, png).0, 200);
    assert_eq!(create(&REQUEST.replace(r#""userId":"1""#, r#""groupId":7"#), png).0, 200);
    let long = format!(r#""displayName":"{}""#, "é".repeat(51));
    let longest = format!(r#""displayName":"{}""#, "é".repeat(50));
    assert_eq!(create(&REQUEST.replace(r#""displayName":"n""#, &longest), png).0, 200);
    for (from, to) in [
        ("Decal", "decal"),
        ("Decal", "ASSET_TYPE_DECAL"),
        (r#""displayName":"n","#, ""),
        (r#""displayName":"n""#, r#""displayName":"""#),
        (r#""displayName":"n""#, &long),
        (r#""description":"","#, ""),
        (r#""userId":"1""#, r#""userId":"2""#),
        (r#""userId":"1""#, r#""userId":"1","groupId":"7""#),
        (r#""userId":"1""#, ""),
        (r#""creator":"#, r#""expectedPrice":null,"creator":"#),
        ("{", "["),
    ] {
        let (status, body) = create(&REQUEST.replacen(from, to, 1), png);
        assert!(status == 400 && body.contains("\"error\":\"INVALID_ARGUMENT\""), "{from} -> {to}: {body}");
    }
    for file in [None, Some(("a.mp3", "audio/mpeg", "abc")), Some(("", "image/png", "abc"))] {
        assert_eq!(create(REQUEST, file).0, 400, "{file:?}");
    }
    assert_eq!(send(&sandbox, "POST", "/assets/v1/assets", KEY, REQUEST).0, 400, "no form");
    let cut = form(REQUEST, png).replace("--b--", "--b-");
    assert_eq!(send_form(&sandbox, "POST", "/assets/v1/assets", &cut).0, 400, "a form that is not whole");
    assert_eq!(sandbox.assets().len(), 3);
}

#[test]
fn updates_change_the_fields_of_the_mask() {
    let sandbox = sandbox();
    let mut asset = Asset::new(5);
    asset.display_name = Some("old".to_owned());
    asset.description = Some("old".to_owned());
    asset.asset_type = Some(AssetType::Model);
    asset.revision_id = Some(1);
    sandbox.add_asset(asset);
    let user = sandbox.client().user(1);

    let link = SocialLink::new("https://github.com/x");
    let update = AssetUpdate::new(5).description("").icon(9).social_link(SocialLinkKind::GitHub, link.clone());
    let updated = user.update_asset(update).expect("taken").wait().expect("done");
    assert_eq!((updated.description.as_deref(), updated.display_name.as_deref()), (None, Some("old")));
    assert_eq!((updated.icon_id, updated.revision_id), (Some(9), Some(1)));
    assert_eq!(updated.social_links.get(&SocialLinkKind::GitHub), Some(&link));

    let file = AssetFile::from_bytes("m.rbxm", b"<roblox!".to_vec());
    let update = AssetUpdate::new(5).file(file).remove_icon().remove_social_link(SocialLinkKind::GitHub);
    let updated = user.update_asset(update).expect("taken").wait().expect("done");
    assert_eq!((updated.icon_id, updated.revision_id, updated.social_links.len()), (None, Some(2), 0));
    assert_eq!(sandbox.asset_content(5).map(|content| content.length), Some(8));

    let update = |target: &str, request: &str| send_form(&sandbox, "PATCH", target, &form(request, None)).0;
    assert_eq!(update("/assets/v1/assets/5?updateMask=description", r#"{"displayName":"new"}"#), 200);
    assert_eq!(sandbox.asset(5).and_then(|asset| asset.display_name).as_deref(), Some("old"), "not in the mask");
    assert_eq!(update("/assets/v1/assets/6?updateMask=description", "{}"), 404);
    for (mask, request) in [
        ("", "{}"),
        ("colour", r#"{"colour":"red"}"#),
        ("displayName", "{}"),
        ("icon", r#"{"icon":"9"}"#),
        ("previews", r#"{"previews":[{"asset":"9"}]}"#),
        ("githubSocialLink", r#"{"githubSocialLink":{"title":"x"}}"#),
        ("description", r#"{"assetId":6}"#),
    ] {
        assert_eq!(update(&format!("/assets/v1/assets/5?updateMask={mask}"), request), 400, "{mask}");
    }
    let links = ["facebook", "twitter", "twitch", "guilded"];
    let mask: Vec<String> = links.iter().map(|kind| format!("{kind}SocialLink")).collect();
    let request: Vec<String> = mask.iter().map(|field| format!(r#""{field}":{{"uri":"x"}}"#)).collect();
    let request = format!("{{{}}}", request.join(","));
    assert_eq!(update(&format!("/assets/v1/assets/5?updateMask={}", mask.join(",")), &request), 400);
    assert_eq!(update(&format!("/assets/v1/assets/5?updateMask={}", mask[1..].join(",")), &request), 200);
}

#[test]
fn an_update_can_be_answered_with_bare_fields() {
    let sandbox = sandbox();
    sandbox.set_bare_updates(true);
    sandbox.add_asset(Asset::new(5));
    let operation = hasty(&sandbox).user(1).update_asset(AssetUpdate::new(5).display_name("new")).expect("it is taken");
    assert!(operation.is_done() && operation.name().is_none());
    assert_eq!(operation.wait().expect("done").display_name.as_deref(), Some("new"));
    assert_eq!(sandbox.asset(5).and_then(|asset| asset.display_name).as_deref(), Some("new"));
}

#[test]
fn operations_take_their_time() {
    let sandbox = sandbox();
    let user = sandbox.client().user(1);
    sandbox.set_operation_time(Duration::from_millis(150));
    let began = Instant::now();
    let operation = user.upload_asset(crate_png()).expect("taken");
    assert!(operation.poll().expect("a poll").is_none());
    assert!(sandbox.assets().is_empty());
    operation.wait_with(&quick_wait()).expect("made");
    assert!(began.elapsed() >= Duration::from_millis(150));

    sandbox.set_operation_time(Duration::ZERO);
    sandbox.set_operations_done_at_once(true);
    assert!(user.upload_asset(crate_png()).expect("taken").is_done());
    assert_eq!(sandbox.assets().len(), 2);
}

#[test]
fn an_operation_fails_in_each_known_form() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(1);
    for at_once in [false, true] {
        sandbox.set_operations_done_at_once(at_once);
        for failure in [
            OperationFailure::error("INVALID_ARGUMENT", "It is bad."),
            OperationFailure::error(3, "It is bad."),
            OperationFailure::error_word("INVALID_ARGUMENT", "It is bad."),
            OperationFailure::response(3, "It is bad."),
            OperationFailure::status("INVALID_ARGUMENT", "It is bad."),
            OperationFailure::bare(3, "It is bad."),
            OperationFailure::metadata("It is bad."),
        ] {
            let what = format!("{failure:?}");
            sandbox.fail_next_operation(failure);
            let error = user.upload_asset(crate_png()).expect("taken").wait().expect_err("it fails");
            assert_eq!((error.kind(), error.message()), (ErrorKind::OperationFailed, Some("It is bad.")), "{what}");
        }
    }
    assert!(sandbox.assets().is_empty());

    sandbox.fail_next_operation(OperationFailure::partial("The icon is bad."));
    let operation = user.upload_asset(crate_png()).expect("taken");
    operation.wait().expect("made all the same");
    assert_eq!(operation.partial_failures(), ["The icon is bad."]);
    assert!(user.upload_asset(crate_png()).expect("taken").wait().is_ok());
    assert_eq!(sandbox.assets().len(), 2);
}

#[test]
fn a_failed_operation_is_written_as_the_service_writes_it() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(1);
    let plain = r#"{"code":3,"message":"m"}"#;
    let metadata = r#"{"errors":[{"error":{"message":"m"}}]}"#;
    for (failure, field, expected) in [
        (OperationFailure::error("C", "m"), "error", r#"{"code":"C","message":"m","details":[]}"#),
        (OperationFailure::error_word("C", "m"), "error", r#"{"error":"C","message":"m"}"#),
        (OperationFailure::response(3, "m"), "response", plain),
        (OperationFailure::status(3, "m"), "status", plain),
        (OperationFailure::metadata("m"), "metadata", metadata),
        (OperationFailure::partial("m"), "metadata", metadata),
        (OperationFailure::bare(3, "m"), "", plain),
    ] {
        let is_partial = matches!(failure, OperationFailure::Partial { .. });
        sandbox.fail_next_operation(failure);
        let operation = user.upload_asset(crate_png()).expect("taken");
        let name = operation.name().expect("a name").to_string();
        let (status, body) = get(&sandbox, &format!("/assets/v1/{name}"));
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
        assert_eq!(status, 200);
        if field.is_empty() {
            assert_eq!(body, expected);
            continue;
        }
        assert_eq!((&body[field], &body["path"], &body["done"]), (&expected, &name.into(), &true.into()));
        assert_eq!(body.get("response").is_some(), is_partial || field == "response", "{body}");
    }
}

#[test]
fn faults_match_method_and_path() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(1);
    let fault = Fault::status(503).header("retry-after", "3").body("<html>down</html>");
    sandbox.inject(fault.on("GET", "/cloud/v2/users/1").after(1).times(2));
    sandbox.inject(Fault::status(500).on("GET", "/cloud/v2/groups/"));
    sandbox.inject(Fault::status(500).on("POST", "/cloud/v2/users/1"));
    let statuses: Vec<_> = (0..4).map(|_| user.fetch_info().err().and_then(|error| error.status())).collect();
    assert_eq!(statuses, [None, Some(503), Some(503), None]);
    assert_eq!(user.list_groups().next().expect("an answer").expect_err("a fault").status(), Some(500));
    let recorded: Vec<_> = sandbox.requests().iter().map(|request| request.status).collect();
    assert_eq!(recorded, [Some(200), Some(503), Some(503), Some(200), Some(500)]);

    sandbox.inject(Fault::status(503).header("retry-after", "3"));
    assert_eq!(user.fetch_info().expect_err("a fault").retry_after(), Some(Duration::from_secs(3)));
    sandbox.inject(Fault::status(503).times(9));
    sandbox.clear_faults();
    assert!(user.fetch_info().is_ok());
}

#[test]
fn delays_precede_the_response() {
    let sandbox = sandbox();
    sandbox.inject(Fault::delay(Duration::from_millis(30)).times(2));
    let began = Instant::now();
    assert!(hasty(&sandbox).user(1).fetch_info().is_ok());
    assert!(began.elapsed() >= Duration::from_millis(30));
    let timeouts = Timeouts::default().attempt(Duration::from_millis(10));
    let client = sandbox.client_with(|settings| settings.retry(RetryPolicy::none()).timeouts(timeouts));
    let error = client.expect("a client").user(1).fetch_info().expect_err("too late");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn broken_connections_are_connection_errors() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(1);
    for fault in [Fault::reset_before_answer(), Fault::reset_before_reading(), Fault::reset_in_answer()] {
        let what = format!("{fault:?}");
        sandbox.inject(fault);
        let error = user.fetch_info().expect_err("a fault");
        assert!(matches!(error.kind(), ErrorKind::Connection | ErrorKind::InvalidResponse), "{what}: {error}");
    }
    for fault in [Fault::reset_before_answer(), Fault::reset_in_answer(), Fault::truncated_body()] {
        sandbox.inject(fault.times(2));
        assert!(patient(&sandbox).user(1).fetch_info().is_ok());
    }
    sandbox.clear_faults();

    sandbox.inject(Fault::truncated_body());
    let whole = raw(&sandbox, &format!("GET /cloud/v2/users/1 HTTP/1.1\r\n{KEY}\r\n"));
    let (head, body) = whole.split_once("\r\n\r\n").expect("a head");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    assert_eq!(body.len(), length.parse::<usize>().expect("a number") / 2);
}

#[test]
fn uploads_with_lost_responses_are_carried_out() {
    let sandbox = sandbox();
    sandbox.inject(Fault::reset_before_answer());
    let error = patient(&sandbox).user(1).upload_asset(crate_png()).expect_err("a fault");
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!((sandbox.assets().len(), sandbox.requests().len()), (1, 1));
    assert_eq!(sandbox.requests()[0].status, None);
}

#[test]
fn raw_bytes_are_sent_unchanged() {
    let sandbox = sandbox();
    sandbox.inject(Fault::raw("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{,}"));
    let error = hasty(&sandbox).user(1).fetch_info().expect_err("no JSON");
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);

    // A body of the test's own: an empty page in the middle of a listing.
    sandbox.set_inventory(1, [InventoryItem::Badge(InventoryBadge::new(5))]);
    let (_, page) = get(&sandbox, "/cloud/v2/users/1/inventory-items");
    assert!(page.contains("\"badgeId\":\"5\""), "{page}");
    let path = "/cloud/v2/users/1/inventory-items";
    sandbox.inject(Fault::status(200).body(r#"{"nextPageToken":"x"}"#).on("GET", path));
    sandbox.inject(Fault::status(200).body(page).on("GET", path));
    assert_eq!(hasty(&sandbox).user(1).list_inventory().count(), 1);
}

#[test]
fn early_responses_precede_the_body() {
    let sandbox = sandbox();
    sandbox.inject(Fault::early_answer(413));
    let length = 8 * 1024 * 1024;
    let file = AssetFile::from_reader("big.png", std::io::repeat(0).take(length), length);
    let upload =
        AssetUpload::new(file, AssetType::Image, "Big", "").skip_check(Check::Content).skip_check(Check::FileSize);
    assert_eq!(hasty(&sandbox).user(1).upload_asset(upload).expect_err("a fault").status(), Some(413));
    assert_eq!(sandbox.requests()[0].body_length, 0);

    // So does a refusal that needs only the head.
    let mut stream = connect(&sandbox);
    let head = "POST /assets/v1/assets HTTP/1.1\r\ncontent-length: 9\r\nexpect: 100-continue\r\nx-api-key: no\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[test]
fn expect_continue_is_answered() {
    let sandbox = sandbox();
    sandbox.set_content_checks(false);
    let form = form(REQUEST, Some(("a.png", "image/png", "abc")));
    let mut stream = connect(&sandbox);
    let head = format!(
        "POST /assets/v1/assets HTTP/1.1\r\ncontent-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\
         content-type: multipart/form-data; boundary=b\r\n{KEY}\r\n",
        form.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("it answers before the body comes");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(form.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn broken_connections_do_not_affect_others() {
    let sandbox = sandbox();
    let mut idle = connect(&sandbox);
    let request = format!("GET /cloud/v2/users/1 HTTP/1.1\r\n{KEY}\r\n");
    for _ in 0..20 {
        // Ends in the middle of a head, of a body, and of an answer.
        drop(connect(&sandbox).write_all(&request.as_bytes()[..9]));
        drop(connect(&sandbox).write_all(format!("POST / HTTP/1.1\r\ncontent-length: 9\r\n{KEY}\r\nabc").as_bytes()));
        drop(connect(&sandbox).write_all(request.as_bytes()));
    }
    idle.write_all(request.as_bytes()).expect("it reads");
    assert!(idle.read(&mut [0; 4096]).expect("it answers") > 0);
}

#[test]
fn rate_limits_are_announced_and_enforced() {
    let sandbox = sandbox();
    let ask = || raw(&sandbox, &format!("GET /cloud/v2/users/1 HTTP/1.1\r\nconnection: close\r\n{KEY}\r\n"));
    sandbox.set_rate_limit(Some(RateLimit::new(2, Duration::from_secs(60))));
    let first = ask();
    for header in ["x-ratelimit-limit: 2, 2;w=60\r\n", "x-ratelimit-remaining: 1\r\n", "x-ratelimit-reset: 60\r\n"] {
        assert!(first.contains(header), "{first}");
    }
    assert!(ask().contains("x-ratelimit-remaining: 0\r\n"));
    let refused = ask();
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("retry-after: 60\r\n"), "{refused}");
    assert!(refused.contains("RESOURCE_EXHAUSTED"), "{refused}");
    assert_eq!(sandbox.rate_limited(), 1);
    assert_eq!(get(&sandbox, "/cloud/v2/users/1/inventory-items").0, 200, "another endpoint counts for itself");

    sandbox.set_rate_limit(Some(RateLimit::new(1, Duration::from_millis(80))));
    let answer = ask();
    let reset = answer.lines().find_map(|line| line.strip_prefix("x-ratelimit-reset: ")).expect("a reset");
    let reset: f64 = reset.parse().expect("a number");
    assert!(reset > 0.0 && reset <= 0.08, "{reset}");
    std::thread::sleep(Duration::from_secs_f64(reset));
    assert!(ask().starts_with("HTTP/1.1 200 "));
    sandbox.set_rate_limit(None);
    assert!(!ask().contains("x-ratelimit"));
}

#[test]
fn a_client_stays_within_the_rate_limit() {
    let sandbox = sandbox();
    sandbox.set_rate_limit(Some(RateLimit::new(5, Duration::from_millis(50))));
    let user = patient(&sandbox).user(1);
    for _ in 0..20 {
        user.fetch_info().expect("an answer");
    }
    assert!(sandbox.rate_limited() <= 3, "{}", sandbox.rate_limited());
}

#[test]
fn the_log_records_requests_and_hides_secrets() {
    let sandbox = sandbox();
    get(&sandbox, "/cloud/v2/users/1?a=b%20c&d");
    let requests = sandbox.requests();
    let request: &RecordedRequest = &requests[0];
    assert_eq!((request.path.as_str(), request.target.as_str()), ("/cloud/v2/users/1", "/cloud/v2/users/1?a=b%20c&d"));
    assert_eq!((request.query_value("a"), request.query_value("d")), (Some("b c"), Some("")));
    assert_eq!(request.header("x-api-key"), Some(sandbox.api_key()));
    assert!(!format!("{requests:?}").contains(sandbox.api_key()));
    sandbox.clear_requests();
    assert!(sandbox.requests().is_empty());

    let ninety_nine = format!("GET /x HTTP/1.1\r\n{KEY}\r\n").repeat(99);
    let hundred = format!("{ninety_nine}GET /y HTTP/1.1\r\nconnection: close\r\n{KEY}\r\n");
    for _ in 0..101 {
        assert_eq!(raw(&sandbox, &hundred).matches("HTTP/1.1 404 ").count(), 100);
    }
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 10_000);
    assert!(requests[9_999].path == "/y" && requests[9_999].status == Some(404));
}

#[test]
fn drop_ends_delays() {
    let sandbox = sandbox();
    sandbox.inject(Fault::delay(Duration::from_secs(60)));
    let mut stream = connect(&sandbox);
    stream.write_all(format!("GET /cloud/v2/users/1 HTTP/1.1\r\n{KEY}\r\n").as_bytes()).expect("it reads");
    while sandbox.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let began = Instant::now();
    drop(sandbox);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn drop_closes_connections_and_frees_the_port() {
    let sandbox = sandbox();
    let port: u16 = sandbox.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let mut idle: Vec<TcpStream> = (0..5).map(|_| connect(&sandbox)).collect();
    for stream in &mut idle {
        stream.write_all(format!("GET /cloud/v2/users/1 HTTP/1.1\r\n{KEY}\r\n").as_bytes()).expect("it reads");
        assert!(stream.read(&mut [0; 4096]).expect("it answers") > 0);
    }
    sandbox.inject(Fault::delay(Duration::from_secs(60)));
    idle[0].write_all(format!("GET /cloud/v2/users/1 HTTP/1.1\r\n{KEY}\r\n").as_bytes()).expect("it reads");
    while sandbox.requests().len() < 6 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let began = Instant::now();
    drop(sandbox);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    for stream in &mut idle {
        // A read that waits in vain ends with a time-out, which is another error.
        let ended = stream.read(&mut [0; 16]).map_err(|error| error.kind());
        assert!(matches!(ended, Ok(0) | Err(std::io::ErrorKind::ConnectionReset)), "{ended:?}");
    }
    let again = Sandbox::builder().port(port).start().expect("the port is free");
    assert!(Sandbox::builder().port(port).start().is_err());
    drop(again);
}
