//! What the sandbox refuses, and in which words.

use rblxopencloud::sandbox::Sandbox;
use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Client, Error, ErrorKind, RetryPolicy, UserInfo,
};

/// A sandbox with users 1 and 2 and group 7.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(1, "one"));
    sandbox.add_user(UserInfo::new(2, "two"));
    sandbox.add_group(7, "seven");
    sandbox
}

/// A client that tries once.
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

fn said(error: &Error) -> (Option<u16>, Option<&str>, Option<&str>) {
    (error.status(), error.code(), error.message())
}

#[test]
fn a_quota_stops_its_own_type_and_no_other() {
    let sandbox = sandbox();
    let user = client(&sandbox).user(1);
    sandbox.set_rate_limit(Some(rblxopencloud::sandbox::RateLimit::new(100, std::time::Duration::from_secs(60))));
    sandbox.set_quota(AssetType::Audio, 2);
    sandbox.set_quota(AssetType::Model, u64::MAX);
    for _ in 0..2 {
        assert!(user.upload_asset(sound()).is_ok(), "within the quota");
    }
    for _ in 0..2 {
        let error = user.upload_asset(sound()).expect_err("the quota is used up");
        assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
        assert_eq!(said(&error), (Some(429), Some("RESOURCE_EXHAUSTED"), Some("Audio upload quota exceeded.")));
        assert_eq!(error.retry_after(), None, "no window's end is told");
        assert!(user.upload_asset(decal("n", "")).is_ok(), "another type");
    }
    sandbox.set_quota(AssetType::Audio, 1);
    assert!(user.upload_asset(sound()).is_ok(), "the quota was set anew");
}

#[test]
fn a_refused_upload_leaves_the_quota_alone() {
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Decal, 1);
    sandbox.set_moderated_words(["bad"]);
    let user = client(&sandbox).user(1);
    assert!(user.upload_asset(decal("Bad", "")).is_err());
    assert!(user.upload_asset(decal("Good", "")).is_ok(), "nothing was counted");
}

#[test]
fn moderated_words_refuse_names_and_descriptions() {
    let sandbox = sandbox();
    sandbox.add_asset(Asset::new(5));
    sandbox.set_moderated_words(["Slur", ""]);
    let user = client(&sandbox).user(1);
    let update = || AssetUpdate::new(5);
    for (error, message) in [
        (user.upload_asset(decal("a slur here", "")).expect_err("the name"), "AssetName is moderated."),
        (user.upload_asset(decal("n", "SLUR")).expect_err("the description"), "AssetDescription is moderated."),
        (user.update_asset(update().display_name("slurs")).expect_err("the name"), "AssetName is moderated."),
        (user.update_asset(update().description("slur")).expect_err("both"), "AssetDescription is moderated."),
    ] {
        assert_eq!(error.kind(), ErrorKind::Moderated);
        assert_eq!(said(&error), (Some(400), Some("INVALID_ARGUMENT"), Some(message)));
    }
    assert!(user.upload_asset(decal("n", "")).is_ok(), "other words");
    sandbox.set_moderated_words([""; 0]);
    assert!(user.upload_asset(decal("slur", "")).is_ok(), "no words are moderated");
}

#[test]
fn a_moderated_account_can_read_and_not_write() {
    let sandbox = sandbox();
    sandbox.add_asset(Asset::new(5));
    sandbox.set_account_moderated(true);
    let user = client(&sandbox).user(1);
    for error in [
        user.upload_asset(decal("n", "")).expect_err("moderated"),
        user.update_asset(AssetUpdate::new(5).display_name("n")).expect_err("moderated"),
    ] {
        assert_eq!(error.kind(), ErrorKind::AccountModerated);
        assert_eq!(said(&error), (Some(400), Some("INVALID_ARGUMENT"), Some("User is moderated")));
    }
    assert!(user.fetch_info().is_ok());
    sandbox.set_account_moderated(false);
    assert!(user.upload_asset(decal("n", "")).is_ok());
}
