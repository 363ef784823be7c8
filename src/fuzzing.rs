//! Entry points for the fuzzer, which sets `cfg(fuzzing)`. Each reads what a service could send, or writes what a caller could
//! pass, and panics if a promise is broken.

use std::fmt::Debug;
use std::io::Read;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::OperationName;
use crate::asset::file::AssetFile;
use crate::asset::operation::{GET_ASSET_OPERATION, decode, work};
use crate::asset::{Asset, AssetVersion, judge};
use crate::error::{Error, ErrorKind, ServiceError};
use crate::gate::Limits;
use crate::group::info::GroupInfo;
use crate::group::role::GroupRole;
use crate::group::{GroupJoinRequest, GroupMembership};
use crate::inventory::item::InventoryItem;
use crate::key::KeyInfo;
use crate::operation::{Polls, read_answer};
use crate::page::{Cursor, Names, PageItem, decode_page};
use crate::request::{Body, Multipart};
use crate::store::{CreatorStoreProduct, StoreAsset};
use crate::transport::{Payload, check_base_url, net, shown_url};
use crate::user::info::UserInfo;
use crate::user::{AssetQuota, Subscription};

const SECRET: &str = "secret-of-sixteen";

/// Any body of a refusal becomes an error of one line, without the secret.
pub fn error_body(body: &[u8]) {
    let reported = ServiceError::from_body(body);
    let error = Error::service(ErrorKind::Server, "GET /", reported)
        .with_status(500)
        .redact(&|text| text.replace(SECRET, "[redacted]"));
    let line = error.to_string();
    assert!(!line.contains(SECRET) && !line.chars().any(char::is_control), "{line:?}");
}

/// Any body is a page or an error.
pub fn page(body: &[u8]) {
    inspect::<InventoryItem>(body);
    inspect::<GroupMembership>(body);
    inspect::<GroupRole>(body);
    inspect::<GroupJoinRequest>(body);
    inspect::<AssetQuota>(body);
    inspect::<AssetVersion>(body);
    inspect::<StoreAsset>(body);
}

fn inspect<T: PageItem>(body: &[u8]) {
    if let Ok(page) = decode_page::<T>(body, Names { may_be_bare: T::MAY_BE_BARE, ..Names::of(T::FIELD) }) {
        assert!(page.next.token.is_none_or(|token| !token.is_empty()));
        let is_object = crate::json::from_slice::<serde_json::Value>(body).is_ok_and(|json| json.is_object());
        assert!(is_object || T::MAY_BE_BARE, "only an object is a page");
    }
}

/// Any body is an operation or an error, and models survive a round trip.
pub fn model(body: &[u8]) {
    read_answer(body, &work(None), &decode(None));
    read_answer(body, &work(Some(7)), &decode(Some(7)));
    round_trip::<Asset>(body);
    round_trip::<UserInfo>(body);
    round_trip::<Subscription>(body);
    round_trip::<GroupInfo>(body);
    round_trip::<GroupRole>(body);
    round_trip::<CreatorStoreProduct>(body);
    round_trip::<StoreAsset>(body);
    round_trip::<KeyInfo>(body);
}

fn round_trip<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) {
    if let Ok(model) = serde_json::from_slice::<T>(body) {
        let written = serde_json::to_vec(&model).expect("a model can be written");
        assert_eq!(model, serde_json::from_slice(&written).expect("and read"));
    }
}

/// Any text is a valid header and operation name, or not.
pub fn header(text: &str) {
    let limits = Limits::read(|_| [text, text].into_iter());
    let _ = limits.pause();
    if let Ok(name) = text.parse::<OperationName>() {
        assert_eq!(name.to_string(), text);
        if let Some(path) = Polls::At(GET_ASSET_OPERATION).path(&name) {
            assert!(path.starts_with("/assets/v1/operations/") && path.matches('/').count() == 4, "{path}");
            assert!(!path.contains(['?', '#', ' ']) && !path.ends_with("/.."), "{path}");
        }
    }
}

/// The form has its declared length and its parts, whatever the name and content of the file are.
pub fn form(name: &str, content: &[u8]) {
    let json = Body::json(&serde_json::json!({ "name": name })).expect("it is JSON");
    let file = Body::bytes("image/png", content).file_name(name);
    let mut form = Body::from(Multipart::new().part("request", json).part("fileContent", file));
    let mut body = Vec::new();
    form.read_to_end(&mut body).expect("bytes are read without fail");
    assert_eq!(body.len() as u64, form.len());
    assert!(form.is_sent());
    let content_type = Payload::content_type(&form);
    let (_, boundary) = content_type.split_once("boundary=").expect("a boundary");
    let head_end =
        find(&body, content).map_or(0, |_| find(&body, b"content-type: image/png\r\n\r\n").expect("a head") + 27);
    assert_eq!(&body[head_end..head_end + content.len()], content);
    let head = std::str::from_utf8(&body[..head_end]).expect("the head is text");
    // Boundary, two headers, an empty line, the JSON; the same for the file.
    assert_eq!(head.matches(boundary).count(), 2);
    assert_eq!(head.lines().count(), 9, "{head:?}");
    assert_eq!(&body[head_end + content.len()..], format!("\r\n--{boundary}--\r\n").as_bytes());
}

fn find(whole: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() { Some(0) } else { whole.windows(part.len()).position(|window| window == part) }
}

/// Any text is a base URL or not, and is never shown with a possible password; a content type is one line.
pub fn settings(text: &str) {
    if text.contains(SECRET) {
        return;
    }
    let url = format!("https://me:{SECRET}@{text}");
    if let Err(problem) = check_base_url(&url).map(drop) {
        assert!(!problem.contains(SECRET), "{problem}");
    }
    assert!(!shown_url(&url).contains(SECRET));
    let _ = check_base_url(text);
    if let Ok(content_type) = AssetFile::from_bytes("a", []).content_type(text).checked_content_type() {
        assert_eq!(content_type, text.trim());
        assert!(!content_type.is_empty() && !content_type.chars().any(char::is_control), "{content_type:?}");
    }
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse::<Cursor>().expect("a cursor"), cursor);
    }
}

/// Any variables name a proxy, or are refused without showing their values.
pub fn proxy(text: &str) {
    if text.contains(SECRET) {
        return;
    }
    let mut lines = text.lines();
    let (proxy, exceptions) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let host = lines.next().unwrap_or("open-cloud.test");
    let with_login = format!("http://me:{SECRET}@{proxy}");
    for value in [proxy, &with_login] {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some(value.to_owned()),
            "NO_PROXY" => Some(exceptions.to_owned()),
            _ => None,
        };
        if let Err(problem) = net::proxy::choose(host, 443, environment) {
            assert!(problem.contains("HTTPS_PROXY") && !problem.contains(SECRET), "{problem}");
        }
    }
}

/// Any bytes can be the beginning of a file.
pub fn file_head(bytes: &[u8]) {
    judge(bytes);
}

/// Any text is the redirect of a sign-in, or is refused without showing a secret.
#[cfg(feature = "oauth2")]
pub fn redirect(text: &str) {
    crate::oauth2::fuzzing::redirect(text);
}

/// Any body is a set of tokens, or is refused without showing them.
#[cfg(feature = "oauth2")]
pub fn token_answer(body: &[u8]) {
    crate::oauth2::fuzzing::token_answer(body);
}

/// No text is taken for an id token.
#[cfg(feature = "oauth2")]
pub fn id_token(text: &str) {
    crate::oauth2::fuzzing::id_token(text);
}

/// Any text is a lock file of published assets, or is refused.
#[cfg(feature = "publish")]
pub fn lock(text: &str) {
    crate::publish::fuzzing::lock(text);
}
