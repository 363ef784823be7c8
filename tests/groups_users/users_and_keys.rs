//! Users: pictures, quotas, notifications, followed experiences, subscriptions and names. Keys: what they can do.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rblxopencloud::user::{
    AssetQuotaFilter, AssetQuotaKind, Notification, Subscription, ThumbnailFormat, ThumbnailSize,
};
use rblxopencloud::{
    AssetFile, AssetType, AssetUpload, Creator, Credentials, ErrorKind, ThumbnailOptions, UserInfo, endpoints,
};
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::local::hasty;
use crate::support::{self, KEY, Reply, Server, TempDir, fails};

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

#[test]
fn pictures_have_the_size_and_the_format() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(156);
    let directory = TempDir::new();
    for size in ThumbnailSize::ALL {
        for (format, name) in [(ThumbnailFormat::Png, "a.png"), (ThumbnailFormat::Jpeg, "a.jpg")] {
            let path = directory.path().join(name);
            let length =
                user.save_thumbnail_with(&path, &ThumbnailOptions::new().size(size).format(format)).expect("saved");
            let content = std::fs::read(&path).expect("it is there");
            assert_eq!(content.len() as u64, length);
            let magic: &[u8] = if name == "a.png" { b"\x89PNG" } else { b"\xff\xd8\xff" };
            assert!(content.starts_with(magic));
        }
    }
    for request in sandbox.requests().iter().filter(|request| request.path.starts_with("/pictures/")) {
        assert_eq!(request.header("x-api-key"), None);
    }
    fails(hasty(&sandbox).user(1).generate_thumbnail_with(&ThumbnailOptions::new()), ErrorKind::NotFound);
}

#[test]
fn a_picture_that_takes_time_is_waited_for() {
    let sandbox = sandbox();
    sandbox.set_operation_time(Duration::from_millis(50));
    let client = hasty(&sandbox);
    let operation = client.user(156).generate_thumbnail_with(&ThumbnailOptions::new()).expect("it is accepted");
    assert!(!operation.is_done());
    let name = operation.name().expect("it has a name").clone();
    assert!(name.to_string().starts_with("users/156/operations/"), "{name}");
    let thumbnail = client.thumbnail_operation(name).wait().expect("it succeeds");
    assert!(thumbnail.image_uri.contains("/pictures/156/420/PNG/ROUND"));
    let missing = client.thumbnail_operation("users/156/operations/none".parse().expect("a name"));
    fails(missing.poll(), ErrorKind::NotFound);
    let foreign = client.thumbnail_operation("operations/8f2c".parse().expect("a name"));
    fails(foreign.poll(), ErrorKind::InvalidInput);
}

#[test]
fn quotas_count_uploads() {
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Audio, 3);
    sandbox.set_quota(AssetType::Decal, 100);
    let user = hasty(&sandbox).user(156);
    let sound = || AssetUpload::new(AssetFile::from_bytes("a.ogg", *b"OggS"), AssetType::Audio, "a", "");
    user.upload_asset_with(sound()).expect("it is accepted").wait().expect("it succeeds");
    let all: Vec<_> = user.list_asset_quotas().map(|quota| quota.expect("it is listed")).collect();
    assert_eq!(all.len(), 2);
    let filter = AssetQuotaFilter::new().kind(AssetQuotaKind::RateLimitUpload).asset_type(AssetType::Audio);
    let quotas: Vec<_> = user.list_asset_quotas_with(filter).map(|quota| quota.expect("it is listed")).collect();
    assert_eq!((quotas.len(), quotas[0].usage, quotas[0].remaining()), (1, Some(1), Some(2)));
    assert!(quotas[0].resets_at.is_some_and(|time| time > Timestamp::now()));
    let none = AssetQuotaFilter::new().kind(AssetQuotaKind::RateLimitCreatorStoreDistribute);
    assert_eq!(user.list_asset_quotas_with(none).count(), 0);
}

#[test]
fn notifications_are_checked_before_they_are_sent() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(156);
    let long = Notification::new(13058, "message").launch_data("é".repeat(100) + "x");
    let error = fails(user.send_notification(&long), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("201 bytes") && error.to_string().contains("200"), "{error}");
    assert!(sandbox.requests().is_empty());
    user.send_notification(&Notification::new(13058, "message").launch_data("é".repeat(100))).expect("200 bytes fit");
    let sent = sandbox.notifications(156);
    assert_eq!(sent[0]["payload"]["joinExperience"]["launchData"], "é".repeat(100));
    sandbox.set_notifications_accepted(156, false);
    let error = fails(user.send_notification(&Notification::new(13058, "message")), ErrorKind::Rejected);
    assert_eq!(error.code(), Some("FAILED_PRECONDITION"));
}

#[test]
fn followings_are_the_user_s_own() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(156);
    user.follow_experience(5).expect("it is followed");
    user.follow_experience(4).expect("it is followed");
    let followings = user.fetch_experience_followings().expect("they are listed");
    assert_eq!(followings.iter().map(|following| following.universe_id).collect::<Vec<_>>(), [4, 5]);
    assert!(followings[0].followed_at.is_some());
    let status = user.fetch_experience_following(4).expect("it answers");
    assert_eq!((status.is_following, status.can_follow, status.following_count), (true, Some(true), Some(2)));
    user.unfollow_experience(4).expect("it was followed");
    user.unfollow_experience(4).expect("a second time changes nothing");
    assert!(!user.fetch_experience_following(4).expect("it answers").is_following);
    for universe in 1000..1199 {
        user.follow_experience(universe).expect("there is room");
    }
    fails(user.follow_experience(1), ErrorKind::Rejected);
    sandbox.set_key_owner(Creator::User(1));
    fails(user.fetch_experience_followings(), ErrorKind::PermissionDenied);
}

#[test]
fn a_subscription_may_be_missing() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(156);
    assert_eq!(user.fetch_subscription(5, "EXP-1").expect("it answers"), None);
    sandbox.add_subscription(5, "EXP-1", 156, Subscription::new());
    let subscription = user.fetch_subscription(5, "EXP-1").expect("it answers").expect("it is there");
    assert!(subscription.active && subscription.state.is_some());
    for bad in ["", "a/b", ".."] {
        fails(user.fetch_subscription(5, bad), ErrorKind::InvalidInput);
    }
    // Either of two scopes is enough.
    for scope in ["universe:write", "universe.subscription-product.subscription:read"] {
        sandbox.set_scopes([scope]);
        assert!(user.fetch_subscription(5, "EXP-1").is_ok(), "{scope}");
    }
    sandbox.set_scopes(["universe:read"]);
    fails(user.fetch_subscription(5, "EXP-1"), ErrorKind::PermissionDenied);
}

#[test]
fn users_are_found_by_name_without_a_key() {
    let sandbox = Sandbox::start().expect("a free port");
    for id in 1..=230 {
        sandbox.add_user(UserInfo::new(id, format!("User{id}")));
    }
    let names = (1..=250).map(|id| format!("user{id}"));
    for credentials in [Credentials::none(), KEY.into(), Credentials::access_token(KEY)] {
        sandbox.clear_requests();
        let client = hasty(&sandbox).with_credentials(credentials);
        let found = client.find_users(names.clone().chain(["user1".to_owned()])).expect("they are found");
        assert_eq!(found.len(), 230);
        assert_eq!(
            (found[0].requested_username.as_str(), found[0].username.as_str(), found[0].id),
            ("user1", "User1", 1)
        );
        let requests = sandbox.requests();
        assert_eq!(requests.len(), 3, "100 names a request");
        assert!(requests.iter().all(|request| !format!("{:?}", request.headers).contains(KEY)));
        sandbox.clear_requests();
        fails(client.find_users(["User1", " "]), ErrorKind::InvalidInput);
        assert!(client.find_users(Vec::<String>::new()).expect("no request is needed").is_empty());
        assert!(sandbox.requests().is_empty());
    }
}

#[test]
fn a_client_without_credentials_says_so_before_a_request() {
    let sandbox = sandbox();
    let client = hasty(&sandbox).with_credentials(Credentials::none());
    let error = fails(client.user(156).fetch_info(), ErrorKind::InvalidInput).to_string();
    assert!(error.contains("API key") && error.contains("/cloud/v2/users/156"), "{error}");
    fails(client.inspect_key(), ErrorKind::InvalidInput);
    assert!(sandbox.requests().is_empty());
    assert_eq!(format!("{:?}", Credentials::none()), "None");
}

#[test]
fn keys_are_inspected_before_they_are_used() {
    let sandbox = sandbox();
    let client = hasty(&sandbox);
    sandbox.set_key_owner(Creator::User(156));
    let key = client.inspect_key().expect("it is a key");
    assert_eq!((key.user_id, key.enabled, key.expired), (Some(156), true, false));
    let every_call = support::calls::calls().into_iter().map(|call| call.endpoint);
    key.check(every_call).expect("it has all scopes");
    let request = &sandbox.requests()[0];
    assert_eq!(request.header("x-api-key"), None);

    sandbox.set_scopes(["asset:read", "group:read"]);
    let key = client.inspect_key().expect("it is a key");
    let error = fails(key.check([endpoints::GET_ASSET, endpoints::CREATE_ASSET]), ErrorKind::PermissionDenied);
    assert!(
        error.to_string().contains("asset:write") && error.to_string().contains("POST /assets/v1/assets"),
        "{error}"
    );

    sandbox.set_key_expiration(Timestamp::now() - SignedDuration::from_secs(1));
    let key = client.inspect_key().expect("it is a key");
    assert!(key.expired && key.check([]).is_err());
    fails(client.user(156).fetch_info(), ErrorKind::Unauthenticated);
    sandbox.set_key_expiration(None);
    sandbox.set_key_enabled(false);
    assert!(!client.inspect_key().expect("it is a key").enabled);
    fails(client.user(156).fetch_info(), ErrorKind::Unauthenticated);
    let error = fails(client.with_credentials("other").inspect_key(), ErrorKind::Unauthenticated);
    assert!(!error.to_string().contains("other"), "{error}");
}

#[test]
fn a_response_to_an_inspection_never_shows_the_key() {
    let server = Server::script([Reply::text(400, format!(r#"{{"errors":[{{"message":"{KEY} is bad"}}]}}"#))]);
    let error = server.client().inspect_key().expect_err("it is refused");
    assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    assert!(String::from_utf8_lossy(&server.requests()[0].body).contains(KEY));
}

fn answering(body: &Value) -> Server {
    Server::script([Reply::ok(body)])
}

#[test]
fn a_subscription_that_cannot_be_read_is_not_inactive() {
    for body in [
        json!({ "active": null }),
        json!({ "active": "maybe", "willRenew": true }),
        json!({ "active": 1 }),
        json!({ "active": null, "state": "HOLOGRAM" }),
        json!({ "willRenew": false }),
        json!({}),
        json!({ "active": true, "willRenew": "maybe" }),
    ] {
        fails(answering(&body).user().fetch_subscription(5, "EXP-1"), ErrorKind::InvalidResponse);
    }
    // The document defines one by the other.
    for (state, active, renews) in [
        ("SUBSCRIBED_WILL_RENEW", true, true),
        ("SUBSCRIBED_WILL_NOT_RENEW", true, false),
        ("SUBSCRIBED_RENEWAL_PAYMENT_PENDING", true, true),
        ("EXPIRED", false, false),
    ] {
        for body in [json!({ "state": state }), json!({ "state": state, "active": null, "willRenew": 7 })] {
            let subscription = answering(&body).user().fetch_subscription(5, "EXP-1").expect("it answers");
            let subscription = subscription.expect("there is one");
            assert_eq!((subscription.active, subscription.will_renew), (active, renews), "{body}");
        }
    }
    let plain = answering(&json!({ "active": "true" })).user().fetch_subscription(5, "EXP-1").expect("it answers");
    assert!(plain.is_some_and(|subscription| subscription.active && !subscription.will_renew));
}

#[test]
fn a_quota_that_cannot_be_read_is_not_exhausted() {
    for (usage, capacity) in [
        (json!(3), json!(null)),
        (json!(3), json!("many")),
        (json!(3), json!(-1)),
        (json!(3), json!({})),
        (json!({}), json!(10)),
        (json!("some"), json!(10)),
    ] {
        let quota =
            json!({ "quotaType": "RATE_LIMIT_UPLOAD", "assetType": "AUDIO", "usage": usage, "capacity": capacity });
        let server = answering(&json!({ "assetQuotas": [quota] }));
        let quotas: Vec<_> = server.user().list_asset_quotas().collect::<Result<_, _>>().expect("they are listed");
        assert_eq!((quotas.len(), quotas[0].remaining()), (1, None), "{quota}");
        assert!(!quotas[0].to_string().contains(" left"), "{}", quotas[0]);
    }
    let unused = json!({ "assetType": "AUDIO", "capacity": "10" });
    let server = answering(&json!({ "assetQuotas": [unused] }));
    let quota = server.user().list_asset_quotas().next().expect("one").expect("it is listed");
    assert_eq!((quota.usage, quota.remaining()), (Some(0), Some(10)), "the service leaves out a zero");
}

#[test]
fn a_user_who_was_found_is_not_left_out() {
    let good = json!({ "requestedUsername": "a", "id": 1, "name": "A" });
    for item in
        [json!({ "requestedUsername": "b", "name": "B" }), json!({ "requestedUsername": "b", "id": "x" }), json!(7)]
    {
        let server = answering(&json!({ "data": [good, item] }));
        let error = fails(server.client().find_users(["a", "b"]), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("/v1/usernames/users"), "{error}");
    }
    let server = answering(&json!({ "data": [good, { "id": 2, "name": "B" }] }));
    let found = server.client().find_users(["a", "b"]).expect("they are found");
    assert_eq!(found[1].requested_username, "b", "it is the name that was searched for");
    let server = answering(&json!({ "data": [{ "id": 2, "name": "C" }] }));
    fails(server.client().find_users(["b"]), ErrorKind::InvalidResponse);
}

#[test]
fn what_a_key_can_do_is_read_or_an_error() {
    let scope = |change: &Value| {
        let mut scope = json!({ "name": "asset", "operations": ["read"], "userIds": ["156"] });
        scope.as_object_mut().expect("it is one").extend(change.as_object().expect("it is one").clone());
        json!({ "name": "k", "enabled": true, "expired": false, "scopes": [scope] })
    };
    let key = answering(&scope(&json!({}))).client().inspect_key().expect("it is a key");
    assert!(key.has_scope("asset:read"));
    for body in [
        scope(&json!({ "name": null })),
        scope(&json!({ "name": "" })),
        scope(&json!({ "operations": "read" })),
        scope(&json!({ "operations": [1] })),
        scope(&json!({ "userIds": "156" })),
        scope(&json!({ "userIds": ["builderman"] })),
        scope(&json!({ "groupIds": [null] })),
        scope(&json!({ "universeIds": {} })),
        scope(&json!({ "universeDatastores": "all" })),
        scope(&json!({ "universeDatastores": [{ "universeId": 1 }] })),
        json!({ "name": "k", "enabled": true, "expired": false, "scopes": "asset:read" }),
        json!({ "name": "k", "enabled": true, "expired": false, "scopes": ["asset:read"] }),
        json!({ "name": "k", "enabled": true, "expired": false, "scopes": [null] }),
        json!({ "name": "k", "enabled": true, "expired": false, "scopes": null }),
        json!({ "name": "k", "enabled": true, "expired": false }),
        json!({ "name": "k", "enabled": true, "expired": null, "scopes": [] }),
        json!({ "name": "k", "enabled": true, "expired": "maybe", "scopes": [] }),
        json!({ "name": "k", "enabled": null, "expired": false, "scopes": [] }),
        json!({ "name": "k", "enabled": true, "expirationTimeUtc": "soon", "scopes": [] }),
    ] {
        fails(answering(&body).client().inspect_key(), ErrorKind::InvalidResponse);
    }
    for time in [json!("2099-01-01T00:00:00Z"), json!("2099-01-01T00:00:00"), json!("2099-01-01T00:00:00.1234567")] {
        let body = json!({ "name": "k", "enabled": true, "expirationTimeUtc": time, "scopes": [] });
        let key = answering(&body).client().inspect_key().expect("it is a key");
        assert!(key.expires_at.is_some_and(|time| time > Timestamp::now()), "{time}");
    }
    let never = json!({ "name": "k", "enabled": true, "expirationTimeUtc": null, "scopes": [] });
    assert_eq!(answering(&never).client().inspect_key().expect("it is a key").expires_at, None);
}

#[test]
fn followings_are_read_or_an_error() {
    let status = |change: &Value| {
        let mut status = json!({ "UniverseId": 5, "UserId": 156, "IsFollowing": true, "CanFollow": true,
            "FollowingCountByType": 1, "FollowingLimitByType": 200 });
        status.as_object_mut().expect("it is one").extend(change.as_object().expect("it is one").clone());
        answering(&status)
    };
    assert!(status(&json!({})).user().fetch_experience_following(5).expect("it answers").is_following);
    for change in [json!({ "IsFollowing": null }), json!({ "IsFollowing": 1 })] {
        fails(status(&change).user().fetch_experience_following(5), ErrorKind::InvalidResponse);
    }
    let unreadable = json!({ "CanFollow": "perhaps", "FollowingLimitByType": "many", "FollowingCountByType": -1 });
    let status = status(&unreadable).user().fetch_experience_following(5).expect("it answers");
    assert_eq!((status.can_follow, status.following_limit, status.following_count), (None, None, None));
    let server = answering(&json!({ "followedSources": { "five": "2024-01-01T00:00:00Z" } }));
    fails(server.user().fetch_experience_followings(), ErrorKind::InvalidResponse);
    let server = answering(&json!({ "followedSources": { "5": null } }));
    assert_eq!(server.user().fetch_experience_followings().expect("they are listed").len(), 1);
}
