//! Groups publish as users do, and errors tell what a build can do.

use std::time::Duration;

use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Creator, Error, ErrorKind, ErrorScope, Group, Operation,
    RetryPolicy, User, UserInfo, WaitOptions,
};
use rblxopencloud_sandbox::{Fault, OperationFailure, Sandbox};
use serde_json::{Value, json};

use crate::support::samples::png;
use crate::support::{USER, fails, within};

const GROUP: u64 = 7;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a sandbox starts");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox.add_group(GROUP, "Builders");
    sandbox
}

fn image(name: &str) -> AssetUpload {
    AssetUpload::new(AssetFile::from_bytes("a.png", png(64, 64)), AssetType::Image, name, "words")
}

fn model(version: u8) -> AssetFile {
    AssetFile::from_bytes("a.rbxm", [&b"<roblox!\x89\xff\x0d\x0a\x1a\x0a\0\0"[..], &[version]].concat())
}

/// The creators in the requests.
fn creators(sandbox: &Sandbox) -> Vec<Value> {
    let requests = sandbox.requests();
    let parts =
        requests.iter().filter(|request| request.method == "POST").filter_map(|request| request.part("request"));
    let json = parts.map(|part| serde_json::from_slice::<Value>(&part.body).expect("it is JSON"));
    json.map(|request| request["creationContext"]["creator"].clone()).collect()
}

#[test]
fn uploads_of_a_group_belong_to_it() {
    let sandbox = sandbox();
    let group = sandbox.client().group(GROUP);
    assert_eq!((group.id(), group.client().base_url()), (GROUP, sandbox.url()));
    let asset = group.upload_asset_with(image("crate")).expect("it is taken").wait().expect("it is made");
    assert_eq!(asset.creator, Some(Creator::Group(GROUP)));
    assert_eq!(sandbox.asset(asset.id).expect("it is there").creator, Some(Creator::Group(GROUP)));
    assert_eq!(creators(&sandbox), [json!({ "groupId": GROUP })]);
}

#[test]
fn unknown_groups_are_refused() {
    let sandbox = sandbox();
    let error = fails(sandbox.client().group(8).upload_asset_with(image("crate")), ErrorKind::Rejected);
    assert_eq!(error.scope(), ErrorScope::Call, "{error}");
}

#[test]
fn a_group_uploads_many_at_once() {
    let sandbox = sandbox();
    let names: Vec<String> = (0..20).map(|number| format!("n{number}")).collect();
    let uploads: Vec<AssetUpload> = names.iter().map(|name| image(name)).collect();
    let options = WaitOptions::new().initial_delay(Duration::from_millis(5));
    let uploads = sandbox.client().group(GROUP).upload_assets(uploads).wait_options(options);
    let mut results = within(Duration::from_secs(30), move || uploads.collect::<Vec<_>>());
    results.sort_by_key(|outcome| outcome.index);
    assert!(results.iter().map(|outcome| outcome.index).eq(0..20));
    for outcome in results {
        let asset = outcome.result.expect("it is made");
        assert_eq!(asset.display_name.as_ref(), Some(&names[outcome.index]));
        assert_eq!(asset.creator, Some(Creator::Group(GROUP)));
    }
    assert_eq!(creators(&sandbox), vec![json!({ "groupId": GROUP }); 20]);
}

/// A user or a group.
enum Owner {
    User(User),
    Group(Group),
}

impl Owner {
    fn both(sandbox: &Sandbox) -> [Self; 2] {
        let without = |settings: rblxopencloud::ClientBuilder| settings.retry(RetryPolicy::none());
        let client = sandbox.client_with(without).expect("the settings are good");
        [Self::User(client.user(USER)), Self::Group(client.group(GROUP))]
    }

    fn upload(&self, upload: AssetUpload) -> Result<Operation<Asset>, Error> {
        match self {
            Self::User(user) => user.upload_asset_with(upload),
            Self::Group(group) => group.upload_asset_with(upload),
        }
    }

    fn update(&self, update: AssetUpdate) -> Result<Operation<Asset>, Error> {
        match self {
            Self::User(user) => user.update_asset_with(update),
            Self::Group(group) => group.update_asset_with(update),
        }
    }
}

#[test]
fn new_content_of_a_model_is_a_new_version() {
    let sandbox = sandbox();
    for owner in Owner::both(&sandbox) {
        let upload = AssetUpload::new(model(1), AssetType::Model, "crate", "");
        let asset = owner.upload(upload).expect("it is taken").wait().expect("it is made");
        assert_eq!(asset.revision_id, Some(1));
        for version in 2..=3 {
            let update = AssetUpdate::new(asset.id).file(model(version));
            let updated = owner.update(update).expect("it is taken").wait().expect("it is made");
            assert_eq!((updated.id, updated.revision_id), (asset.id, Some(version.into())));
            let content = sandbox.asset_content(asset.id).expect("there is content");
            assert_eq!(content.bytes.last(), Some(&version));
        }
        // Metadata alone makes no version.
        let update = AssetUpdate::new(asset.id).display_name("door");
        let updated = owner.update(update).expect("it is taken").wait().expect("it is made");
        assert_eq!((updated.display_name.as_deref(), updated.revision_id), (Some("door"), Some(3)));
        // Both at once.
        let update = AssetUpdate::new(asset.id).description("words").file(model(4));
        let updated = owner.update(update).expect("it is taken").wait().expect("it is made");
        assert_eq!((updated.description.as_deref(), updated.revision_id), (Some("words"), Some(4)));
    }
}

#[test]
fn partial_failures_are_visible() {
    let sandbox = sandbox();
    for at_once in [false, true] {
        sandbox.set_operations_done_at_once(at_once);
        for owner in Owner::both(&sandbox) {
            let upload = AssetUpload::new(model(1), AssetType::Model, "crate", "");
            let whole = owner.upload(upload).expect("it is taken");
            let asset = whole.wait().expect("it is made");
            assert!(whole.partial_failures().is_empty());

            sandbox.fail_next_operation(OperationFailure::partial("The icon was refused."));
            let operation = owner.update(AssetUpdate::new(asset.id).file(model(2))).expect("it is taken");
            let updated = operation.wait().expect("the model itself is new");
            assert_eq!(updated.revision_id, Some(2));
            assert_eq!(operation.partial_failures(), ["The icon was refused."]);
            // It stays visible, without a request.
            let requests = sandbox.requests().len();
            assert_eq!(operation.poll().expect("it is done").map(|asset| asset.id), Some(asset.id));
            assert_eq!(operation.partial_failures().len(), 1);
            assert_eq!(sandbox.requests().len(), requests);
        }
    }
}

/// A refusal, and what it means for a build.
type Refusal = (u16, String, ErrorKind, ErrorScope);

fn v1(message: &str) -> String {
    json!({ "error": "INVALID_ARGUMENT", "message": message, "errorDetails": [] }).to_string()
}

fn v2(message: &str) -> String {
    json!({ "code": "INVALID_ARGUMENT", "message": message, "details": [] }).to_string()
}

fn gateway(message: &str) -> String {
    json!({ "errors": [{ "code": 0, "message": message }] }).to_string()
}

fn words() -> [(&'static str, ErrorKind, ErrorScope); 14] {
    use ErrorKind::{AccountModerated, InvalidContent, Moderated, QuotaExhausted};
    use ErrorScope::{AssetType, Call, Run};
    [
        ("InvalidImage", InvalidContent, Call),
        ("\"InvalidImage\"", InvalidContent, Call),
        ("'InvalidImage': the image can't be decoded.", InvalidContent, Call),
        ("Invalid image.", InvalidContent, Call),
        ("AssetName is moderated.", Moderated, Call),
        ("\"AssetName is moderated.\"", Moderated, Call),
        ("Asset name is moderated", Moderated, Call),
        ("AssetDescription is moderated.", Moderated, Call),
        ("User is moderated", AccountModerated, Run),
        ("User is moderated.", AccountModerated, Run),
        ("\"user is Moderated\"", AccountModerated, Run),
        ("The quota of uploads is exhausted.", QuotaExhausted, AssetType),
        ("Quota exceeded for this month", QuotaExhausted, AssetType),
        ("RESOURCE_EXHAUSTED: audio upload quota", QuotaExhausted, AssetType),
    ]
}

fn refusals() -> Vec<Refusal> {
    use ErrorScope::{AssetType, Call, Later, Run};
    let mut all: Vec<Refusal> = Vec::new();
    for (message, kind, scope) in words() {
        for body in [v1(message), v2(message), gateway(message), json!(message).to_string(), message.to_owned()] {
            all.push((400, body, kind, scope));
        }
    }
    for body in [v1("Quota exhausted"), gateway("The upload quota is used up.")] {
        all.push((403, body, ErrorKind::QuotaExhausted, AssetType));
    }
    for (status, body, kind, scope) in [
        (400, v1("The assetType is unknown."), ErrorKind::Rejected, Call),
        (404, v1("The asset 5 doesn't exist."), ErrorKind::NotFound, Call),
        (413, gateway("Request Entity Too Large"), ErrorKind::Rejected, Call),
        (413, String::new(), ErrorKind::Rejected, Call),
        (401, gateway("Invalid API Key"), ErrorKind::Unauthenticated, Run),
        (401, String::new(), ErrorKind::Unauthenticated, Run),
        (403, v2("The key may not do this."), ErrorKind::PermissionDenied, Run),
        (403, "<html><body>Forbidden</body></html>".to_owned(), ErrorKind::PermissionDenied, Run),
        (429, gateway("Too many requests"), ErrorKind::RateLimited, Later),
        (429, gateway("The quota of uploads for this month is used up."), ErrorKind::QuotaExhausted, AssetType),
        // The file name doesn't count.
        (400, v1("InvalidImage \"user_moderated_quota.png\""), ErrorKind::InvalidContent, Call),
        (400, v1("Can't read \"quota_bar.png\""), ErrorKind::Rejected, Call),
        (429, String::new(), ErrorKind::RateLimited, Later),
        (503, "<html><body>503</body></html>".to_owned(), ErrorKind::Server, Later),
        (503, String::new(), ErrorKind::Server, Later),
    ] {
        all.push((status, body, kind, scope));
    }
    all
}

#[test]
fn each_refusal_has_its_scope() {
    let sandbox = sandbox();
    for (status, body, kind, scope) in refusals() {
        for owner in Owner::both(&sandbox) {
            sandbox.inject(Fault::status(status).body(body.clone()));
            let error = fails(owner.upload(image("crate")), kind);
            assert_eq!((error.scope(), error.status()), (scope, Some(status)), "{body}: {error}");
        }
    }
    assert!(sandbox.assets().is_empty());
}

#[test]
fn each_failed_operation_has_its_scope() {
    let sandbox = sandbox();
    let [owner, _] = Owner::both(&sandbox);
    for (message, kind, scope) in words() {
        let code = "INVALID_ARGUMENT";
        for failure in [
            OperationFailure::error(code, message),
            OperationFailure::error(3, message),
            OperationFailure::error_word(code, message),
            OperationFailure::response(code, message),
            OperationFailure::status(code, message),
            OperationFailure::bare(code, message),
            OperationFailure::metadata(message),
        ] {
            sandbox.fail_next_operation(failure.clone());
            let result = owner.upload(image("crate")).expect("it is taken").wait();
            let error = fails(result, kind);
            assert_eq!(error.scope(), scope, "{failure:?}: {error}");
            assert!(error.to_string().contains("operations/"), "{error}");
        }
    }
    sandbox.fail_next_operation(OperationFailure::error("INTERNAL", "It broke."));
    let error = fails(owner.upload(image("crate")).expect("it is taken").wait(), ErrorKind::OperationFailed);
    assert_eq!(error.scope(), ErrorScope::Call, "{error}");
}

#[test]
fn an_operation_that_is_still_pending_is_one_for_later() {
    let sandbox = sandbox();
    sandbox.set_operation_time(Duration::from_secs(600));
    for owner in Owner::both(&sandbox) {
        let operation = owner.upload(image("crate")).expect("it is taken");
        let options = WaitOptions::new().timeout(Duration::from_millis(20));
        let error = fails(operation.wait_with(&options), ErrorKind::OperationPending);
        assert_eq!(error.scope(), ErrorScope::Later);
        let name = operation.name().expect("it has a name").to_string();
        assert!(error.to_string().contains(&name), "{error}");
    }
}
