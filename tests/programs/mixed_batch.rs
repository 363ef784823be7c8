//! A build step as a user would write it: images, audio and models in one batch, and the audio quota is exhausted.

use std::collections::BTreeMap;

use rblxopencloud::{AssetFile, AssetType, AssetUpload, ErrorKind, ErrorScope, UploadOutcome, User, UserInfo};
use rblxopencloud_sandbox::{Fault, Sandbox};

use crate::support::unchecked;

const PNG: &[u8] = include_bytes!("../../examples/assets/crate.png");

fn sound(number: usize) -> AssetUpload {
    let file = AssetFile::from_bytes(format!("creak{number}.ogg"), b"OggS\0\x02 and the rest".to_vec());
    AssetUpload::new(file, AssetType::Audio, format!("creak {number}"), "")
}

fn image(number: usize) -> AssetUpload {
    AssetUpload::new(
        AssetFile::from_bytes(format!("crate{number}.png"), PNG),
        AssetType::Image,
        format!("c{number}"),
        "",
    )
}

fn model(number: usize) -> AssetUpload {
    let file = AssetFile::from_bytes(format!("door{number}.rbxm"), b"<roblox!\x89\xff\r\n\x1a\n\0\0".to_vec());
    AssetUpload::new(file, AssetType::Model, format!("door {number}"), "")
}

/// Forty files, of which every fourth is audio.
fn files() -> Vec<AssetUpload> {
    let file = |number| match number % 4 {
        0 => unchecked(sound(number)),
        1 => unchecked(model(number)),
        _ => image(number),
    };
    (0..40).map(file).collect()
}

fn run(user: &User) -> BTreeMap<usize, UploadOutcome> {
    user.upload_assets(files()).concurrency(3).map(|outcome| (outcome.index, outcome)).collect()
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a sandbox");
    sandbox.add_user(UserInfo::new(156, "builderman"));
    sandbox
}

#[test]
fn exhausted_quotas_stop_one_asset_type() {
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Audio, 2);
    let outcomes = run(&sandbox.client().user(156));
    assert!(outcomes.keys().copied().eq(0..40));
    let mut made = 0;
    for (index, outcome) in &outcomes {
        match &outcome.result {
            Ok(_) => made += usize::from(index % 4 == 0),
            Err(error) => {
                assert_eq!(index % 4, 0, "{error}");
                assert_eq!(
                    (error.kind(), error.scope()),
                    (ErrorKind::QuotaExhausted, ErrorScope::AssetType),
                    "{error}"
                );
                assert!(!error.is_retryable() && !error.outcome_unknown() && error.operation().is_none(), "{error}");
                assert!(!error.to_string().contains("fewer requests"), "{error}");
            }
        }
    }
    assert_eq!(made, 2, "the quota was used");
    // Only uploads that were being sent at the first refusal were sent.
    let uploads = sandbox.requests().iter().filter(|request| request.method == "POST").count();
    assert!(uploads <= 30 + 2 + 3, "{uploads} uploads were sent");
}

#[test]
fn each_form_of_an_exhausted_quota_is_recognized() {
    let forms = [
        (429, r#"{"code":"RESOURCE_EXHAUSTED","message":"Audio upload quota exceeded."}"#, None),
        (429, r#"{"errors":[{"code":0,"message":"The monthly quota of audio uploads is used up"}]}"#, Some("86400")),
        (
            400,
            r#"{"error":"INVALID_ARGUMENT","message":"Upload quota for Audio has been reached","errorDetails":[]}"#,
            None,
        ),
        (403, r#"{"code":7,"message":"AudioUploadQuotaExceeded"}"#, None),
        (400, r#"{"code":"RESOURCE_EXHAUSTED","message":"No more today."}"#, None),
    ];
    for (status, body, retry_after) in forms {
        let sandbox = sandbox();
        let mut fault = Fault::status(status).body(body);
        if let Some(seconds) = retry_after {
            fault = fault.header("retry-after", seconds);
        }
        sandbox.inject(fault);
        let user = sandbox.client().user(156);
        let error = user.upload_asset_with(unchecked(sound(1))).expect_err("the quota is used up");
        assert_eq!(
            (error.kind(), error.scope()),
            (ErrorKind::QuotaExhausted, ErrorScope::AssetType),
            "{body}: {error}"
        );
        assert_eq!(sandbox.requests().len(), 1, "{body}: a quota is not requested again");
        let _ = user.upload_asset_with(image(2)).expect("another type is not affected");
    }
}

#[test]
fn names_that_sound_like_failures_are_not_failures_of_others() {
    for name in ["Quota Bar", "Moderated Chat Icon", "User is moderated icon", "quota exceeded"] {
        let sandbox = sandbox();
        let body = format!(r#"{{"code":"INVALID_ARGUMENT","message":"{name} is not a valid displayName"}}"#);
        sandbox.inject(Fault::status(400).body(body).on("POST", "/assets").after(5));
        let uploads = (0..30).map(move |number| {
            let file = AssetFile::from_bytes("crate.png", PNG);
            AssetUpload::new(
                file,
                AssetType::Image,
                if number == 5 { name.to_owned() } else { format!("n{number}") },
                "",
            )
        });
        let outcomes = sandbox.client().user(156).upload_assets(uploads).concurrency(1);
        let failed: Vec<_> = outcomes.filter_map(|outcome| outcome.result.err()).collect();
        assert_eq!(failed.len(), 1, "{name}: {failed:?}");
        assert_eq!((failed[0].kind(), failed[0].scope()), (ErrorKind::Rejected, ErrorScope::Call), "{name}");
    }
}
