//! Progress of uploads and waits is reported as it happens, without further requests.

use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rblxopencloud::asset::Check;
use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, ErrorKind, ErrorScope, Operation, UploadProgress, User,
    WaitOptions, WaitProgress,
};
use serde_json::json;

use crate::support::{self, Reply, Server, TempDir, fails, noise, started, unchecked, within};

type Events<T> = Arc<Mutex<Vec<T>>>;

/// A list of reports, and a callback that adds to it.
fn listener<T: Copy + Send + 'static>() -> (Events<T>, impl Fn(T) + Send + Sync + 'static) {
    let events: Events<T> = Arc::default();
    let recorded = Arc::clone(&events);
    (events, move |event| recorded.lock().expect("no test panics here").push(event))
}

fn all<T: Copy>(events: &Events<T>) -> Vec<T> {
    events.lock().expect("no test panics here").clone()
}

fn image(file: AssetFile) -> AssetUpload {
    unchecked(AssetUpload::new(file, AssetType::Image, "name", ""))
}

/// It grows with each piece, up to the total.
#[track_caller]
fn assert_whole(events: &[UploadProgress], total: u64) {
    assert!(events.iter().all(|event| event.total == total), "{events:?}");
    assert!(events.is_sorted_by(|a, b| a.sent < b.sent), "{events:?}");
    assert_eq!(events.last().map(|event| event.sent), Some(total), "{events:?}");
}

#[test]
fn upload_progress_grows_to_the_file_size() {
    let dir = TempDir::new();
    for length in [1, 1000, 128 * 1024, 300_000, 3_000_000] {
        let content = noise(length);
        for file in [
            AssetFile::open(dir.file("a.png", &content)).expect("it is there"),
            AssetFile::from_bytes("a.png", content.clone()),
            AssetFile::from_reader("a.png", Cursor::new(content.clone()), length as u64),
        ] {
            let server = Server::script([started()]);
            let (events, record) = listener();
            let _ = server.user().upload_asset_with(image(file).on_progress(record)).expect("it is taken");
            assert_whole(&all(&events), length as u64);
            assert!(length < 3_000_000 || all(&events).len() >= 10, "{} pieces", all(&events).len());
            assert_eq!(server.count(), 1);
            assert!(server.settle().is_empty());
        }
    }
}

#[test]
fn empty_pieces_are_not_reported() {
    /// Is interrupted now and then, and reads little.
    struct Slow(Cursor<Vec<u8>>, usize);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1 += 1;
            let most = buffer.len().min(700);
            if self.1 % 3 == 0 { Err(std::io::ErrorKind::Interrupted.into()) } else { self.0.read(&mut buffer[..most]) }
        }
    }
    for length in [0, 1, 128 * 1024 - 1, 128 * 1024, 200_000] {
        let content = noise(length);
        for file in [
            AssetFile::from_bytes("a.png", content.clone()),
            AssetFile::from_reader("a.png", Slow(Cursor::new(content.clone()), 0), length as u64),
        ] {
            let server = Server::script([started()]);
            let (events, record) = listener();
            let _ = server.user().upload_asset_with(image(file).on_progress(record)).expect("it is taken");
            let events = all(&events);
            assert!(
                events.iter().all(|event| event.sent > 0) && events.is_sorted_by(|a, b| a.sent < b.sent),
                "{events:?}"
            );
            assert_eq!(events.last().map(|event| event.sent), (length > 0).then_some(length as u64));
        }
    }
}

#[test]
fn progress_starts_at_the_beginning_of_inspected_files() {
    let mut content = support::samples::png(64, 64);
    content.extend(noise(500_000));
    let length = content.len() as u64;
    let server = Server::script([started()]);
    let (events, record) = listener();
    let file = AssetFile::from_reader("a.png", Cursor::new(content), length);
    let upload = AssetUpload::new(file, AssetType::Image, "name", "").on_progress(record);
    let _ = server.user().upload_asset_with(upload).expect("it is taken");
    assert_whole(&all(&events), length);
    assert!(all(&events)[0].sent < length, "it was not all sent at once");
}

#[test]
fn progress_restarts_when_an_upload_is_retried() {
    let busy = Reply::text(429, "").with("retry-after", "0");
    let server = Server::script([busy.clone(), busy, started()]);
    let (events, record) = listener::<UploadProgress>();
    let file = AssetFile::from_bytes("a.png", noise(400_000));
    let _ = server.user().upload_asset_with(image(file).on_progress(record)).expect("it is taken in the end");
    assert_eq!(server.count(), 3);
    let events = all(&events);
    let attempts: Vec<&[UploadProgress]> = events.chunk_by(|a, b| a.sent < b.sent).collect();
    assert_eq!(attempts.len(), 3, "{events:?}");
    attempts.into_iter().for_each(|attempt| assert_whole(attempt, 400_000));
}

#[test]
fn refused_uploads_report_no_progress() {
    let server = Server::script([started()]);
    let (events, record) = listener();
    let file = AssetFile::from_bytes("a.png", noise(1000));
    let upload = AssetUpload::new(file, AssetType::Image, "name", "").on_progress(record);
    fails(server.user().upload_asset_with(upload), ErrorKind::InvalidInput);
    assert_eq!((all(&events), server.count()), (Vec::new(), 0));
}

#[test]
fn updates_report_progress() {
    for file_comes_first in [true, false] {
        let server = Server::script([started()]);
        let (events, record) = listener();
        let file = AssetFile::from_bytes("a.rbxm", noise(300_000));
        let update = AssetUpdate::new(42).skip_check(Check::Content);
        let update = if file_comes_first {
            update.file(file).on_progress(record)
        } else {
            update.on_progress(record).file(file)
        };
        let _ = server.user().update_asset_with(update).expect("it is taken");
        let events = all(&events);
        assert!(!events.is_empty(), "nothing was reported; the file came first: {file_comes_first}");
        assert_whole(&events, 300_000);
        assert_eq!(server.count(), 1);
    }
}

fn pending() -> Reply {
    Reply::ok(&json!({ "path": "operations/abc", "done": false }))
}

fn done() -> Reply {
    Reply::ok(&json!({ "path": "operations/abc", "done": true, "response": { "assetId": "4242" } }))
}

fn resumed(user: &User) -> Operation<Asset> {
    user.client().operation("operations/abc".parse().expect("a name"))
}

fn impatient() -> WaitOptions {
    WaitOptions::new().initial_delay(Duration::from_millis(2)).max_delay(Duration::from_millis(5))
}

#[test]
fn on_poll_is_called_once_for_each_pending_poll() {
    let server = Server::script([pending(), pending(), pending(), pending(), done()]);
    let (events, record) = listener::<WaitProgress>();
    let options = impatient().on_poll(move |event| {
        record(event);
        ControlFlow::Continue(())
    });
    let operation = resumed(&server.user());
    let asset = within(Duration::from_secs(20), move || operation.wait_with(&options)).expect("it is made");
    assert_eq!(asset.id, 4242);
    let events = all(&events);
    assert!(events.iter().map(|event| event.polls).eq(1..=4), "{events:?}");
    assert!(events.is_sorted_by(|a, b| a.elapsed < b.elapsed), "{events:?}");
    assert_eq!(server.count(), 5);
}

#[test]
fn on_poll_is_not_called_for_ended_operations() {
    let server = Server::script([done()]);
    let options = impatient().on_poll(|_| panic!("it isn't pending"));
    assert_eq!(resumed(&server.user()).wait_with(&options).expect("it is made").id, 4242);
    assert_eq!(server.count(), 1);
}

#[test]
fn waits_can_be_stopped_and_resumed() {
    for stop_after in [1, 3] {
        let mut replies = vec![pending(); 6];
        replies.push(done());
        let server = Server::script(replies);
        let options = impatient().on_poll(move |event| {
            if event.polls < stop_after { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let operation = resumed(&server.user());
        let error = fails(operation.wait_with(&options), ErrorKind::OperationPending);
        assert_eq!(error.scope(), ErrorScope::Later);
        assert!(error.can_wait_again() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains("operations/abc"), "{error}");
        assert_eq!(server.count(), stop_after as usize, "no request is made after the stop");
        assert!(!operation.is_done());

        assert_eq!(operation.wait_with(&impatient()).expect("it is made").id, 4242);
        assert_eq!(server.count(), 7);
    }
}

#[test]
fn stopping_a_wait_takes_effect_at_once() {
    let server = Server::script([pending()]);
    let slow = WaitOptions::new().initial_delay(Duration::from_secs(50)).on_poll(|_| ControlFlow::Break(()));
    let operation = resumed(&server.user());
    let error = within(Duration::from_secs(5), move || fails(operation.wait_with(&slow), ErrorKind::OperationPending));
    assert!(error.to_string().contains("stopped"), "{error}");
}

#[test]
fn on_poll_applies_to_each_upload_of_a_batch() {
    let server = Server::start(|request| if request.method == "POST" { started() } else { pending() });
    let (events, record) = listener::<WaitProgress>();
    let options = impatient().on_poll(move |event| {
        record(event);
        if event.polls < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let files = (0..5).map(|_| image(AssetFile::from_bytes("a.png", noise(10)))).collect::<Vec<_>>();
    let uploads = server.user().upload_assets(files).wait_options(options);
    let results = within(Duration::from_secs(20), move || uploads.collect::<Vec<_>>());
    assert_eq!((results.len(), all(&events).len()), (5, 10));
    for outcome in results {
        fails(outcome.result, ErrorKind::OperationPending);
    }
}
