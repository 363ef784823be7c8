//! Uploads to the sandbox, and its operations.

use std::io::Read;
use std::time::{Duration, Instant};

use rblxopencloud::asset::{Check, ModerationState, SocialLink, SocialLinkKind};
use rblxopencloud::{Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Creator, ErrorKind};
use rblxopencloud_sandbox::OperationFailure;

use crate::support::local::{KEY, REQUEST, crate_png, form, get, hasty, quick_wait, raw, sandbox, send, send_form};

#[test]
fn an_upload_becomes_an_asset() {
    let sandbox = sandbox();
    let operation = sandbox.client().user(1).upload_asset_with(crate_png()).expect("it is taken");
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
    const SIZE: u64 = 22_000_000;
    let sandbox = sandbox();
    sandbox.set_content_checks(false);
    let file = AssetFile::from_reader("big.mp4", std::io::repeat(b'\r').take(SIZE), SIZE);
    let upload = AssetUpload::new(file, AssetType::Video, "Big", "").skip_check(Check::Content);
    let asset = sandbox.client().user(1).upload_asset_with(upload).expect("taken").wait().expect("made");
    let content = sandbox.asset_content(asset.id).expect("a content");
    assert_eq!((content.length, content.bytes.len()), (SIZE, 20 * 1024 * 1024));
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for _ in 0..SIZE {
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
    let error = hasty(&sandbox).user(1).upload_asset_with(
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
            "POST /assets/v1/assets HTTP/1.1\r\nhost: localhost\r\n{KEY}transfer-encoding: chunked\r\n\
             content-type: multipart/form-data; boundary=\"b\"\r\n\r\n{chunks}0\r\n\r\n\
             GET /cloud/v2/users/1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{KEY}\r\n"
        ),
    );
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    let requests = sandbox.requests();
    assert_eq!(requests[0].body, form.as_bytes());
    assert_eq!(requests[0].connection, requests[1].connection);
    for bad in
        ["GET / HTTP/9\r\n\r\n", "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nhost: localhost\r\n\r\nzz\r\n"]
    {
        assert!(raw(&sandbox, bad).starts_with("HTTP/1.1 400 "), "{bad}");
    }
}

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
    let updated = user.update_asset_with(update).expect("taken").wait().expect("done");
    assert_eq!((updated.description.as_deref(), updated.display_name.as_deref()), (None, Some("old")));
    assert_eq!((updated.icon_id, updated.revision_id), (Some(9), Some(1)));
    assert_eq!(updated.social_links.get(&SocialLinkKind::GitHub), Some(&link));

    let file = AssetFile::from_bytes("m.rbxm", b"<roblox!".to_vec());
    let update = AssetUpdate::new(5).file(file).remove_icon().remove_social_link(SocialLinkKind::GitHub);
    let updated = user.update_asset_with(update).expect("taken").wait().expect("done");
    assert_eq!((updated.icon_id, updated.revision_id, updated.social_links.len()), (None, Some(2), 0));
    assert_eq!(sandbox.asset_content(5).map(|content| content.length), Some(8));

    let update = |target: &str, request: &str| send_form(&sandbox, "PATCH", target, &form(request, None)).0;
    // What a request gives is never dropped without a word. What only repeats the asset's own facts may be there.
    for facts in [
        r#"{"assetType":"Model","assetId":5,"creationContext":{"creator":{"userId":1}},"description":""}"#,
        r#"{"assetId":"5","creationContext":{"expectedPrice":0},"displayName":null,"description":"two"}"#,
    ] {
        assert_eq!(update("/assets/v1/assets/5?updateMask=description", facts), 200, "{facts}");
    }
    assert_eq!(sandbox.asset(5).and_then(|asset| asset.display_name).as_deref(), Some("old"));
    assert_eq!(update("/assets/v1/assets/6?updateMask=description", "{}"), 404);
    for (mask, request) in [
        ("", "{}"),
        ("colour", r#"{"colour":"red"}"#),
        ("displayName", "{}"),
        ("icon", r#"{"icon":"9"}"#),
        ("previews", r#"{"previews":[{"asset":"9"}]}"#),
        ("githubSocialLink", r#"{"githubSocialLink":{"title":"x"}}"#),
        ("description", r#"{"assetId":6}"#),
        ("description", r#"{"displayName":"new"}"#),
        ("description", r#"{"socialLink":{"uri":"https://twitch.tv/x"}}"#),
        ("description", r#"{"twitchSocialLink":{"uri":"https://twitch.tv/x"}}"#),
        ("displayName,", r#"{"displayName":"new"}"#),
        ("", r#"{"displayName":"new"}"#),
    ] {
        assert_eq!(update(&format!("/assets/v1/assets/5?updateMask={mask}"), request), 400, "{mask}");
    }
    let links = ["facebook", "twitter", "twitch", "guilded"];
    let mask: Vec<String> = links.iter().map(|kind| format!("{kind}SocialLink")).collect();
    let update_links = |mask: &[String]| {
        let links: Vec<String> = mask.iter().map(|field| format!(r#""{field}":{{"uri":"x"}}"#)).collect();
        let target = format!("/assets/v1/assets/5?updateMask={}", mask.join(","));
        update(&target, &format!("{{{}}}", links.join(",")))
    };
    assert_eq!((update_links(&mask), update_links(&mask[1..])), (400, 200));
}

#[test]
fn an_update_can_be_answered_with_bare_fields() {
    let sandbox = sandbox();
    sandbox.set_bare_updates(true);
    sandbox.add_asset(Asset::new(5));
    let operation =
        hasty(&sandbox).user(1).update_asset_with(AssetUpdate::new(5).display_name("new")).expect("it is taken");
    assert!(operation.is_done() && operation.name().is_none());
    assert_eq!(operation.wait().expect("done").display_name.as_deref(), Some("new"));
    assert_eq!(sandbox.asset(5).and_then(|asset| asset.display_name).as_deref(), Some("new"));
}

#[test]
fn operations_take_their_time() {
    let sandbox = sandbox();
    let user = sandbox.client().user(1);
    sandbox.set_operation_time(Duration::from_secs(3600));
    let operation = user.upload_asset_with(crate_png()).expect("taken");
    assert!(operation.poll().expect("a poll").is_none());
    assert!(sandbox.assets().is_empty());

    let short = Duration::from_millis(150);
    sandbox.set_operation_time(short);
    let began = Instant::now();
    let operation = user.upload_asset_with(crate_png()).expect("taken");
    operation.wait_with(&quick_wait()).expect("made");
    assert!(began.elapsed() >= short);

    sandbox.set_operation_time(Duration::ZERO);
    sandbox.set_operations_done_at_once(true);
    assert!(user.upload_asset_with(crate_png()).expect("taken").is_done());
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
            let error = user.upload_asset_with(crate_png()).expect("taken").wait().expect_err("it fails");
            assert_eq!((error.kind(), error.message()), (ErrorKind::OperationFailed, Some("It is bad.")), "{what}");
        }
    }
    assert!(sandbox.assets().is_empty());

    sandbox.fail_next_operation(OperationFailure::partial("The icon is bad."));
    let operation = user.upload_asset_with(crate_png()).expect("taken");
    operation.wait().expect("made all the same");
    assert_eq!(operation.partial_failures(), ["The icon is bad."]);
    assert!(user.upload_asset_with(crate_png()).expect("taken").wait().is_ok());
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
        let operation = user.upload_asset_with(crate_png()).expect("taken");
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
