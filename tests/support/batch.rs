//! Distinguishable uploads, and a service that accepts them.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::{AssetFile, AssetType, AssetUpload, AssetUploads, Error, UploadOutcome, WaitOptions};
use serde_json::json;

use super::samples::png;
use super::{Reply, Request, Server, within};

/// Longer than any test here takes, even on a busy machine.
pub const LONG: Duration = Duration::from_secs(40);

pub type Outcomes = BTreeMap<usize, UploadOutcome>;

pub fn image(number: usize) -> AssetUpload {
    AssetUpload::new(AssetFile::from_bytes("a.png", png(64, 64)), AssetType::Image, format!("n{number}"), "")
}

pub fn images(count: usize) -> Vec<AssetUpload> {
    (0..count).map(image).collect()
}

/// Short delays without a deadline.
pub fn impatient() -> WaitOptions {
    WaitOptions::new()
        .initial_delay(Duration::from_millis(2))
        .max_delay(Duration::from_millis(20))
        .timeout(Duration::from_secs(30))
}

/// The number of an asset or operation, from a request.
pub fn number(request: &Request) -> usize {
    let text = if request.method == "POST" {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let name = body.split("\"displayName\":\"n").nth(1).expect("a name of ours");
        name.split('"').next().expect("its end").to_owned()
    } else {
        request.path().rsplit("/n").next().expect("a name of ours").to_owned()
    };
    text.parse().expect("a number")
}

pub fn posted(server: &Server) -> Vec<usize> {
    let mut posted: Vec<usize> = server.requests().iter().filter(|r| r.method == "POST").map(number).collect();
    posted.sort_unstable();
    posted
}

pub fn polls(server: &Server) -> usize {
    server.requests().iter().filter(|request| request.method == "GET").count()
}

pub fn pending(number: usize) -> Reply {
    Reply::ok(&json!({ "path": format!("operations/n{number}"), "done": false }))
}

pub fn done(number: usize) -> Reply {
    let asset = json!({ "assetId": (1000 + number).to_string(), "displayName": format!("n{number}") });
    Reply::ok(&json!({ "path": format!("operations/n{number}"), "done": true, "response": asset }))
}

pub fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "code": "INVALID_ARGUMENT", "message": message }))
}

pub fn failed(number: usize, message: &str) -> Reply {
    let error = json!({ "code": "INVALID_ARGUMENT", "message": message });
    Reply::ok(&json!({ "path": format!("operations/n{number}"), "done": true, "error": error }))
}

/// Accepts every upload, and completes each at its first poll, unless `special` responds.
pub fn service(special: impl Fn(&str, usize) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let number = number(request);
        special(&request.method, number).unwrap_or_else(|| match request.method.as_str() {
            "POST" => pending(number),
            _ => done(number),
        })
    })
}

/// Collects all outcomes, each of which must occur once.
pub fn collect(uploads: AssetUploads) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for outcome in uploads {
        let index = outcome.index;
        assert!(outcome.result.is_err() || outcome.operation.is_some(), "{outcome:?}");
        assert!(outcomes.insert(index, outcome).is_none(), "{index} came twice");
    }
    outcomes
}

pub fn run(uploads: AssetUploads) -> Outcomes {
    within(LONG, move || collect(uploads))
}

/// Checks that every upload succeeded, except these.
#[track_caller]
pub fn assert_all_right(outcomes: &Outcomes, count: usize, but: &[usize]) {
    assert!(outcomes.keys().copied().eq(0..count), "{:?}", outcomes.keys());
    for (index, outcome) in outcomes.iter().filter(|(index, _)| !but.contains(index)) {
        match &outcome.result {
            Ok(asset) => assert_eq!(asset.display_name, Some(format!("n{index}"))),
            Err(error) => panic!("{index}: {error}"),
        }
    }
}

/// The error of the upload with this index.
#[track_caller]
pub fn error_of(outcomes: &Outcomes, index: usize) -> &Error {
    outcomes[&index].result.as_ref().expect_err("it fails")
}

/// Waits until a condition holds.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}
