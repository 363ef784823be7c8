//! Downloads: redirects, other hosts, limits, and breaks in the middle.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, mpsc};

use arbtest::arbitrary::{Result as Chosen, Unstructured};
use arbtest::arbtest;
use rblxopencloud::{AttemptEvent, Error, ErrorKind, Method};
use serde_json::json;

use crate::support::{self, KEY, Reply, Request, Server, TempDir, Wire, fails, gzip, noise};

const TAG: &str = "\"v1\"";

fn download(server: &Server) -> (Result<u64, Error>, Vec<u8>) {
    let mut content = Vec::new();
    let result = server.client().request(Method::Get, "/content").download(&mut content);
    (result, content)
}

/// Declares `content` whole and breaks off after `sent` bytes.
fn broken(status: u16, headers: &str, content: &[u8], sent: usize) -> Reply {
    let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n{headers}\r\n", content.len());
    Reply::Raw([head.as_bytes(), &content[..sent]].concat())
}

fn range(request: &Request) -> Option<usize> {
    let range = request.header("range")?;
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// Serves `content` in pieces of `piece` bytes, each ended by a break.
fn in_pieces(content: Vec<u8>, piece: usize) -> Server {
    Server::start(move |request| {
        let tag = format!("etag: {TAG}\r\n");
        let Some(start) = range(request) else { return broken(200, &tag, &content, piece.min(content.len())) };
        assert_eq!(request.header("if-range"), Some(TAG));
        let headers = format!("{tag}content-range: bytes {start}-{}/{}\r\n", content.len() - 1, content.len());
        let rest = &content[start..];
        broken(206, &headers, rest, piece.min(rest.len()))
    })
}

#[test]
fn content_is_copied_as_it_is() {
    for size in [0, 1, 100_000] {
        let content = noise(size);
        let server = Server::script([Reply::text(200, content.clone())]);
        let (result, copied) = download(&server);
        assert_eq!(result.expect("it is copied"), size as u64);
        assert_eq!(copied, content);
        assert_eq!(server.requests()[0].header("x-api-key"), Some(KEY));
        assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
    }
}

#[test]
fn a_break_is_resumed_where_it_was() {
    let content = noise(3_000_000);
    // More breaks than a call has attempts: each piece counts as a fresh start.
    let server = in_pieces(content.clone(), 1_200_000);
    let mut copied = Vec::new();
    let client = server.builder().retry(support::hasty().max_attempts(2)).build().unwrap();
    client.request(Method::Get, "/content").download(&mut copied).expect("it is resumed");
    assert!(copied == content);
    let starts: Vec<_> = server.requests().iter().map(range).collect();
    assert_eq!(starts.len(), 3);
    assert!(starts[0].is_none() && starts[1..].iter().all(Option::is_some), "{starts:?}");
}

#[test]
fn a_server_without_ranges_is_read_again_from_the_start() {
    let content = noise(200_000);
    let headers = format!("etag: {TAG}\r\n");
    let server =
        Server::script([broken(200, &headers, &content, 150_000), Reply::text(200, content.clone()).with("etag", TAG)]);
    let (result, copied) = download(&server);
    assert_eq!(result.expect("it is copied"), 200_000);
    assert!(copied == content);
}

/// The content of each version.
fn version(number: u8) -> Vec<u8> {
    let mut content = noise(300);
    content.iter_mut().for_each(|byte| *byte ^= number);
    content
}

/// The last 200 of 300 bytes of the second version, with these headers.
fn rest(headers: &str) -> Reply {
    let content = version(2);
    broken(206, headers, &content[100..], 200)
}

fn whole(status: u16, headers: &str, content: &[u8]) -> Reply {
    broken(status, headers, content, content.len())
}

fn chunked(status: u16, headers: &str, content: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 {status} Status\r\ntransfer-encoding: chunked\r\n{headers}\r\n");
    let size = format!("{:x}\r\n", content.len());
    Reply::Raw([head.as_bytes(), size.as_bytes(), content, b"\r\n0\r\n\r\n"].concat())
}

/// Downloads 300 bytes, of which the first response has 100, to a file. Returns the result, the file, and the requests.
fn resume(first: &str, second: &Reply) -> (Result<u64, Error>, Option<Vec<u8>>, Vec<Request>) {
    let server = Server::script([broken(200, first, &version(1), 100), second.clone(), Reply::HangUp]);
    let dir = TempDir::new();
    let path = dir.path().join("content");
    let client = server.builder().retry(support::hasty().max_attempts(2)).build().unwrap();
    let result = client.request(Method::Get, "/content").download_to(&path);
    (result, std::fs::read(&path).ok(), server.requests())
}

const TAGGED: &str = "etag: \"v1\"\r\n";
const RANGE: &str = "content-range: bytes 100-299/300\r\n";

#[test]
fn parts_of_other_versions_are_never_combined() {
    let tagged = |tags: &str, range: &str| format!("{tags}{range}");
    const CHANGED: &str = "the content changed during the download";
    let unknown = |problem: &str| format!("it is not known whether {CHANGED}: {problem}");
    let other_date = "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    for (what, second, words) in [
        ("another tag", rest(&tagged("etag: \"v2\"\r\n", RANGE)), CHANGED.to_owned()),
        ("a longer tag", rest(&tagged("etag: \"v12\"\r\n", RANGE)), CHANGED.to_owned()),
        ("another weak tag", rest(&tagged("etag: W/\"v2\"\r\n", RANGE)), CHANGED.to_owned()),
        ("a weak tag", rest(&tagged("etag: W/\"v1\"\r\n", RANGE)), unknown("the etag header \"W/")),
        ("no tag", rest(RANGE), unknown("the response has no etag header")),
        (
            "a date in place of the tag",
            rest(&tagged(other_date, RANGE)),
            unknown("the response has the header last-modified"),
        ),
        ("a tag without quotes", rest(&tagged("etag: v1\r\n", RANGE)), unknown("the etag header \"v1\"")),
        ("two tags", rest(&tagged("etag: \"v1\"\r\netag: \"v2\"\r\n", RANGE)), unknown("the etag header")),
        ("another total", rest(&tagged(TAGGED, "content-range: bytes 100-299/301\r\n")), CHANGED.to_owned()),
        ("another tag of the whole", whole(200, "etag: \"v2\"\r\n", &version(2)), CHANGED.to_owned()),
        ("no tag of the whole", whole(200, "", &version(2)), unknown("the response has no etag header")),
        ("a weak tag of the whole", whole(200, "etag: W/\"v1\"\r\n", &version(2)), unknown("the etag header \"W/")),
        ("another length of the whole", whole(200, TAGGED, &version(2)[1..]), CHANGED.to_owned()),
        ("no length of the whole", chunked(200, TAGGED, &version(2)), unknown("the response has no length")),
        (
            "no more than was written",
            whole(416, "content-range: bytes */100\r\n", b""),
            format!("{CHANGED}: it has 100 bytes"),
        ),
        (
            "more than was declared",
            whole(416, "content-range: bytes */301\r\n", b""),
            format!("{CHANGED}: it has 301 bytes"),
        ),
        (
            "as much as was declared",
            whole(416, "content-range: bytes */300\r\n", b""),
            "the server refuses the bytes from 100 of 300".to_owned(),
        ),
        ("no range at all", whole(416, "", b""), unknown("the server has no bytes from 100")),
        (
            "a range without a size",
            whole(416, "content-range: bytes */*\r\n", b""),
            unknown("the server has no bytes from 100"),
        ),
    ] {
        let (result, file, requests) = resume(TAGGED, &second);
        let error = fails(result, ErrorKind::InvalidResponse).to_string();
        assert!(error.contains(&format!(": {words}")), "{what}: {error}");
        assert_eq!((file, requests.len()), (None, 2), "{what}");
        assert_eq!(requests[1].header("if-range"), Some("\"v1\""), "{what}");
    }
}

#[test]
fn invalid_parts_are_refused() {
    let ranged = |range: &str| rest(&format!("{TAGGED}content-range: {range}\r\n"));
    let tail = &version(1)[100..];
    for (what, second) in [
        ("the whole as a part", whole(206, &format!("{TAGGED}content-range: bytes 0-299/300\r\n"), &version(1))),
        ("one byte too early", ranged("bytes 99-298/300")),
        ("one byte too late", ranged("bytes 101-300/301")),
        ("an end before the start", ranged("bytes 100-99/300")),
        ("an end behind the total", ranged("bytes 100-300/300")),
        ("an end behind the declared total", ranged("bytes 100-300/*")),
        ("another unit", ranged("items 100-299/300")),
        ("no space", ranged("bytes=100-299/300")),
        ("signs", ranged("bytes +100-+299/300")),
        ("no numbers", ranged("bytes a-b/300")),
        ("more than 64 bits", ranged("bytes 100-18446744073709551616/300")),
        ("no range", ranged("bytes */300")),
        ("no header", rest(TAGGED)),
        ("an empty header", ranged("")),
        ("two headers", rest(&format!("{TAGGED}{RANGE}{RANGE}"))),
        ("several parts", rest(&format!("{TAGGED}content-type: multipart/byteranges; boundary=a\r\n"))),
        ("several parts in a range", rest(&format!("{TAGGED}{RANGE}content-type: multipart/byteranges\r\n"))),
        ("less than its range", whole(206, &format!("{TAGGED}{RANGE}"), &tail[1..])),
        ("more than its range", whole(206, &format!("{TAGGED}{RANGE}"), &[tail, b"x"].concat())),
        ("more than its range, in chunks", chunked(206, &format!("{TAGGED}{RANGE}"), &[tail, b"x"].concat())),
        ("a compressed part", rest(&format!("{TAGGED}{RANGE}content-encoding: x-gzip\r\n"))),
        ("no content", Reply::Raw(format!("HTTP/1.1 204 No Content\r\n{TAGGED}\r\n").into())),
        ("another success", whole(203, TAGGED, &version(1))),
        ("a redirect", whole(302, "location: /elsewhere\r\n", b"")),
    ] {
        let (result, file, requests) = resume(TAGGED, &second);
        let error = result.expect_err(what);
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{what}: {error}");
        assert_eq!((file, requests.len()), (None, 2), "{what}: {error}");
    }
    // The first response must be the whole.
    for first in [RANGE, "content-range: bytes 0-99/300\r\n"] {
        let server = Server::script([whole(206, &format!("{TAGGED}{first}"), &version(1)[..100])]);
        let (result, copied) = download(&server);
        fails(result, ErrorKind::InvalidResponse);
        assert!(copied.is_empty());
    }
}

#[test]
fn parts_of_one_version_are_combined() {
    let tail = &version(1)[100..];
    let part = |range: &str| whole(206, &format!("{TAGGED}content-range: {range}\r\n"), tail);
    for (what, second) in [
        ("a part", part("bytes 100-299/300")),
        ("a part of an unknown total", part("bytes 100-299/*")),
        ("a unit in capitals", part("BYTES 100-299/300")),
        ("a part in chunks", chunked(206, &format!("{TAGGED}{RANGE}"), tail)),
        ("the whole", whole(200, TAGGED, &version(1))),
    ] {
        let (result, file, requests) = resume(TAGGED, &second);
        assert_eq!(result.unwrap_or_else(|error| panic!("{what}: {error}")), 300);
        assert!(file == Some(version(1)), "{what}");
        assert_eq!(requests[1].header("range"), Some("bytes=100-"), "{what}");
    }
    // A server may send less than was requested, any number of times. None of them is a failure.
    let content = noise(100);
    let served = content.clone();
    let server = Server::start(move |request| {
        let Some(start) = range(request) else { return broken(200, TAGGED, &served, 10) };
        let end = (start + 7).min(99);
        whole(206, &format!("{TAGGED}content-range: bytes {start}-{end}/100\r\n"), &served[start..=end])
    });
    let client = server.builder().retry(support::hasty().max_attempts(2)).build().unwrap();
    let mut copied = Vec::new();
    assert_eq!(client.request(Method::Get, "/content").download(&mut copied).expect("it is complete"), 100);
    assert!(copied == content && server.count() == 13);
}

#[test]
fn only_a_strong_validator_is_sent() {
    const OLD: &str = "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let dated = |date: &str, rest: &str| format!("{OLD}{rest}date: Sun, 06 Nov 1994 {date} GMT\r\n");
    for (what, first) in [
        ("nothing", String::new()),
        ("a weak tag", "etag: W/\"v1\"\r\n".to_owned()),
        ("a weak tag in small letters", "etag: w/\"v1\"\r\n".to_owned()),
        ("a tag without quotes", "etag: v1\r\n".to_owned()),
        ("half a tag", "etag: \"\r\n".to_owned()),
        ("two tags", "etag: \"v1\"\r\netag: \"v1\"\r\n".to_owned()),
        ("a date of this second", dated("08:49:37", "")),
        ("a date of this minute", dated("08:50:36", "")),
        ("a date in the future", dated("08:40:00", "")),
        ("no date of the response", OLD.to_owned()),
        ("two dates", format!("{OLD}{}", dated("12:00:00", ""))),
        // With a tag, the date must not be used.
        ("a weak tag and a date", dated("12:00:00", "etag: W/\"v1\"\r\n")),
        ("no dates", "last-modified: yesterday\r\ndate: today\r\n".to_owned()),
    ] {
        let (result, file, requests) = resume(&first, &whole(200, &first, &version(1)));
        let error = fails(result, ErrorKind::Connection);
        assert!(error.to_string().contains("start again"), "{what}: {error}");
        assert_eq!((file, requests.len()), (None, 1), "{what}");
    }
    let first = dated("08:50:37", "");
    let (result, file, requests) = resume(&first, &whole(206, &format!("{first}{RANGE}"), &version(1)[100..]));
    assert_eq!((result.expect("it is complete"), file), (300, Some(version(1))));
    assert_eq!(requests[1].header("if-range"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    let later = "last-modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    for (second, words) in [
        (String::new(), "not known whether the content changed during the download: the response has no last-modified"),
        (
            OLD.to_owned(),
            "not known whether the content changed during the download: the last-modified header \"Sun, 06",
        ),
        (
            TAGGED.to_owned(),
            "not known whether the content changed during the download: the response has the header etag",
        ),
        (later.to_owned(), ": the content changed during the download"),
        (format!("{later}date: Sun, 06 Nov 1994 12:00:00 GMT\r\n"), ": the content changed during the download"),
    ] {
        let (result, file, _) = resume(&first, &rest(&format!("{RANGE}{second}")));
        let error = fails(result, ErrorKind::InvalidResponse).to_string();
        assert!(error.contains(words), "{second}: {error}");
        assert_eq!(file, None);
    }
}

#[test]
fn bodies_of_wrong_length_are_refused() {
    // The tag promises the same bytes again, but they end earlier. Nobody knows what they are.
    let long = b"HTTP/1.1 200 OK\r\netag: \"v1\"\r\ntransfer-encoding: chunked\r\n\r\n64\r\n";
    let broken_chunk = Reply::Raw([&long[..], &version(1)[..100]].concat());
    let server = Server::script([broken_chunk, chunked(200, TAGGED, &version(1)[..50])]);
    fails(download(&server).0, ErrorKind::InvalidResponse);
    assert_eq!(server.requests()[1].header("range"), None, "positions in a body of unknown length are unknown");

    // The same for compressed content, whose positions aren't those in the content.
    let packed = gzip(&version(1));
    let encoded = |tag: &str| format!("etag: \"{tag}\"\r\ncontent-encoding: gzip\r\n");
    for (second, is_complete) in [
        (whole(200, &encoded("v1"), &packed), true),
        (chunked(200, &encoded("v1"), &packed), true),
        (whole(200, &encoded("v2"), &packed), false),
        (whole(200, TAGGED, &version(1)), false),
        (whole(206, &format!("{}content-range: bytes 100-322/323\r\n", encoded("v1")), &packed[100..]), false),
    ] {
        let server = Server::script([broken(200, &encoded("v1"), &packed, 200), second]);
        let (result, copied) = download(&server);
        match is_complete {
            true => assert!(result.is_ok() && copied == version(1), "{result:?}"),
            false => drop(fails(result, ErrorKind::InvalidResponse)),
        }
        assert_eq!(server.requests()[1].header("range"), None);
    }
    // Only responses to GET are parts of one resource.
    let server = Server::script([broken(200, TAGGED, &version(1), 100), whole(200, TAGGED, &version(1))]);
    let post = server.client().request(Method::Post, "/content").json("body").idempotent();
    fails(post.download(&mut Vec::new()), ErrorKind::Connection);
    assert_eq!(server.count(), 1);

    // Without a length, a reset is the only sign that something is missing.
    let server = Wire::start(|connection| {
        connection.leave_unread();
        connection.send(b"HTTP/1.1 200 OK\r\n\r\ncontent");
        std::thread::sleep(std::time::Duration::from_millis(200));
    });
    let client = server.builder().build().unwrap();
    fails(client.request(Method::Get, "/content").download(&mut Vec::new()), ErrorKind::Connection);
    let server = Server::script([Reply::Raw(b"HTTP/1.1 200 OK\r\n\r\ncontent".to_vec())]);
    assert_eq!(download(&server).1, b"content");
}

/// What a server does with one request.
#[derive(Clone, Copy, Debug)]
struct Behaviour {
    changes: bool,
    cuts: Option<u16>,
    knows_range: bool,
    knows_if_range: bool,
    /// The most bytes of a part.
    most: Option<u8>,
    is_chunked: bool,
    has_any_total: bool,
}

/// How a server identifies versions.
#[derive(Clone, Copy, Debug)]
enum Validators {
    Tag,
    WeakTag,
    Date,
    YoungDate,
    None,
}

impl Validators {
    /// The headers of a version, and the value of `if-range` that stands for it.
    fn of(self, version: u8) -> (String, Option<String>) {
        let modified = format!("Sun, 06 Nov 1994 08:{version:02}:00 GMT");
        match self {
            Self::Tag => (format!("etag: \"{version}\"\r\n"), Some(format!("\"{version}\""))),
            Self::WeakTag => (format!("etag: W/\"same\"\r\nlast-modified: {modified}\r\n"), None),
            Self::Date => {
                (format!("last-modified: {modified}\r\ndate: Mon, 07 Nov 1994 08:00:00 GMT\r\n"), Some(modified))
            }
            // Several versions within a second.
            Self::YoungDate => {
                let now = "Sun, 06 Nov 1994 08:00:00 GMT";
                (format!("last-modified: {now}\r\ndate: {now}\r\n"), Some(now.to_owned()))
            }
            Self::None => (String::new(), None),
        }
    }
}

fn chosen_behaviour(random: &mut Unstructured<'_>) -> Chosen<Behaviour> {
    Ok(Behaviour {
        changes: random.ratio(1, 5)?,
        cuts: if random.ratio(3, 4)? { Some(random.arbitrary()?) } else { None },
        knows_range: random.ratio(3, 4)?,
        knows_if_range: random.ratio(1, 2)?,
        most: if random.ratio(1, 4)? { Some(random.int_in_range(1..=255)?) } else { None },
        is_chunked: random.ratio(1, 4)?,
        has_any_total: random.ratio(1, 8)?,
    })
}

/// Responds to a request for a version of the content.
fn behave(how: Behaviour, validators: Validators, number: u8, request: &Request) -> Reply {
    let content = version(number);
    let (headers, validator) = validators.of(number);
    let start = range(request).filter(|start| how.knows_range && *start < content.len());
    let start = start.filter(|_| !how.knows_if_range || validator.as_deref() == request.header("if-range"));
    let (status, headers, body) = match start {
        None => (200, headers, &content[..]),
        Some(start) => {
            let end = how.most.map_or(content.len(), |most| content.len().min(start + usize::from(most)));
            let total = if how.has_any_total { "*".to_owned() } else { content.len().to_string() };
            (206, format!("{headers}content-range: bytes {start}-{}/{total}\r\n", end - 1), &content[start..end])
        }
    };
    let sent = how.cuts.map_or(body.len(), |cut| usize::from(cut) % (body.len() + 1));
    match (how.is_chunked, chunked(status, &headers, body)) {
        (true, Reply::Raw(bytes)) if how.cuts.is_some() => {
            let length = bytes.len() - 1 - (body.len() - sent);
            Reply::Raw(bytes[..length].to_vec())
        }
        (true, reply) => reply,
        (false, _) => broken(status, &headers, body, sent),
    }
}

#[test]
fn every_complete_download_is_exactly_one_version() {
    let mut complete = 0;
    arbtest(|random| {
        let validators = *random.choose(&[
            Validators::Tag,
            Validators::Tag,
            Validators::WeakTag,
            Validators::Date,
            Validators::YoungDate,
            Validators::None,
        ])?;
        let behaviours =
            (0..random.int_in_range(1..=12)?).map(|_| chosen_behaviour(random)).collect::<Chosen<Vec<_>>>()?;
        let shown = format!("{validators:?}, {behaviours:?}");
        let state = Mutex::new((0, 1));
        let server = Server::start(move |request| {
            let mut state = state.lock().unwrap();
            let how = behaviours[state.0 % behaviours.len()];
            state.0 += 1;
            state.1 += u8::from(how.changes && state.1 < 50);
            behave(how, validators, state.1, request)
        });
        if let (Ok(size), copied) = download(&server) {
            complete += 1;
            assert_eq!(size, copied.len() as u64);
            assert!((1..=50).any(|number| copied == version(number)), "{size} bytes of several versions: {shown}");
        }
        Ok(())
    })
    .budget_ms(3000);
    assert!(complete > 0, "some downloads are complete");
}

#[test]
fn content_without_a_version_is_not_resumed() {
    let content = noise(200_000);
    for headers in ["", "etag: W/\"v1\"\r\n"] {
        let server = Server::script([broken(200, headers, &content, 150_000)]);
        let error = fails(download(&server).0, ErrorKind::Connection);
        assert!(error.to_string().contains("start again"), "{error}");
        assert_eq!(server.count(), 1);
    }
    // Before the first byte there is nothing to mix.
    let server = Server::script([Reply::HangUp, Reply::text(503, ""), Reply::text(200, "content")]);
    assert_eq!(download(&server).1, b"content");
}

#[test]
fn a_break_after_the_last_byte_is_resumed_only_by_the_same_length() {
    let head = format!("HTTP/1.1 200 OK\r\netag: {TAG}\r\ntransfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n");
    let server = Server::script([Reply::Raw(head.clone().into()), whole(200, TAGGED, b"content")]);
    let (result, copied) = download(&server);
    // The first length is unknown, the second one isn't: nobody knows whether they are the same.
    assert!(result.is_err() && copied == b"content");
    let server = Server::script([Reply::Raw(head.into()), chunked(200, TAGGED, b"content")]);
    let (result, copied) = download(&server);
    assert_eq!((result.expect("it is the same version"), copied), (7, b"content".to_vec()));
}

#[test]
fn redirects_are_followed_without_the_key() {
    let cdn = Server::script([Reply::text(302, "").with("location", "real?signature=s"), Reply::text(200, "content")]);
    let location = format!("{}/bucket/content#part", cdn.url());
    for status in [301, 302, 303, 307, 308] {
        let server = Server::script([
            Reply::text(status, "moved").with("location", "/moved?a=b"),
            Reply::text(status, "").with("location", location.as_str()),
        ]);
        assert_eq!(download(&server).1, b"content");
        let own = server.requests();
        assert_eq!(own[1].target, "/moved?a=b");
        assert!(own.iter().all(|request| request.header("x-api-key") == Some(KEY)), "{own:?}");
    }
    let elsewhere = cdn.requests();
    assert_eq!(
        (elsewhere[0].target.as_str(), elsewhere[1].target.as_str()),
        ("/bucket/content", "/bucket/real?signature=s")
    );
    assert!(elsewhere.iter().all(|request| request.header("x-api-key").is_none()), "{elsewhere:?}");
}

#[test]
fn a_host_that_redirects_back_gets_no_request_with_the_key() {
    let service = Server::start(|request| match request.path() {
        "/back" => Reply::text(200, "back"),
        _ => Reply::text(302, "").with("location", request.query("to").unwrap()),
    });
    let back = format!("{}/back", service.url());
    let cdn = Server::start(move |_| Reply::text(302, "").with("location", back.as_str()));
    let mut content = Vec::new();
    let request = service.client().request(Method::Get, "/content").query("to", cdn.url());
    request.download(&mut content).expect("it is copied");
    assert_eq!(content, b"back");
    assert!(service.requests()[1].header("x-api-key").is_none());
}

#[test]
fn redirects_are_resolved_against_the_whole_base_url() {
    for (location, target, has_key) in [
        ("/pre/other", "/pre/other", true),
        ("other", "/pre/a/other", true),
        ("../other?b=c", "/pre/other?b=c", true),
        ("./b/./../other", "/pre/a/other", true),
        ("?b=c", "/pre/a/content?b=c", true),
        ("/pre/x/%2e%2E/other", "/pre/other", true),
        ("/pre/\u{f6}%20", "/pre/%C3%B6%20", true),
        // Only what is under the base URL is the service's.
        ("/other", "/other", false),
        ("../../other", "/other", false),
        ("../../../../other", "/other", false),
        ("/pre/../other", "/other", false),
        ("/pre/.%2e/other", "/other", false),
        ("/prefix/other", "/prefix/other", false),
        ("/pre", "/pre", false),
    ] {
        for is_absolute in [false, true] {
            let location = location.to_owned();
            let server = Server::start(move |request| match request.path() {
                "/pre/a/content" if request.query("b").is_none() => {
                    let base = format!("http://{}", request.header("host").unwrap());
                    let is_absolute = is_absolute && location.starts_with('/');
                    let base = if is_absolute { base } else { String::new() };
                    Reply::text(302, "").with("location", format!("{base}{location}"))
                }
                _ => Reply::text(200, "content"),
            });
            let client = server.builder().base_url(format!("{}/pre", server.url())).build().unwrap();
            let mut content = Vec::new();
            client.request(Method::Get, "/a/content").download(&mut content).expect("it is followed");
            let requests = server.requests();
            assert_eq!((requests[1].target.as_str(), requests[1].header("x-api-key").is_some()), (target, has_key));
        }
    }
}

#[test]
fn redirects_without_a_location_are_refused_in_words() {
    for location in ["", "location: \r\n", "location: /a\r\nlocation: /b\r\n"] {
        for status in [301, 302, 303, 307, 308] {
            let server = Server::script([whole(status, location, b"")]);
            let error = fails(download(&server).0, ErrorKind::UnexpectedStatus);
            let line = error.to_string();
            assert!(line.contains("a redirect without a location") && !line.contains("key"), "{status}: {line}");
            let error = fails(server.client().request(Method::Get, "/a").send(), ErrorKind::UnexpectedStatus);
            assert!(error.to_string().contains("a redirect without a location"), "{status}: {error}");
        }
    }
    // These aren't redirects to a location.
    for status in [300, 304, 305] {
        let server = Server::script([Reply::text(status, "").with("location", "/a"), Reply::text(200, "content")]);
        fails(download(&server).0, ErrorKind::UnexpectedStatus);
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn redirects_that_lead_astray_are_refused() {
    for location in
        ["http://elsewhere.example/", "ftp://127.0.0.1/", "https://me:secret@elsewhere.example/", "https://"]
    {
        let server = Server::script([Reply::text(302, "").with("location", location)]);
        let error = fails(download(&server).0, ErrorKind::InvalidResponse);
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(server.count(), 1);
    }
    let server = Server::script([Reply::text(302, "").with("location", "/again")]);
    let error = fails(download(&server).0, ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("redirects") && server.count() == 6, "{error}");
    // Only a download follows them, and only with GET.
    let server = Server::script([Reply::text(302, "").with("location", "/again")]);
    fails(server.client().request(Method::Get, "/a").send(), ErrorKind::UnexpectedStatus);
    let post = || server.client().request(Method::Post, "/a").json("body");
    fails(post().download(&mut Vec::new()), ErrorKind::UnexpectedStatus);
    fails(post().idempotent().download(&mut Vec::new()), ErrorKind::UnexpectedStatus);
    assert_eq!(server.count(), 3);
}

#[test]
fn the_size_is_limited() {
    let endless = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned() + &"5\r\n01234\r\n".repeat(100);
    for (reply, most) in [(Reply::text(200, noise(1001)), 0), (Reply::Raw(endless.into()), 1000)] {
        let server = Server::script([reply]);
        let mut content = Vec::new();
        let request = server.client().request(Method::Get, "/content").max_size(if most == 0 { 1000 } else { 400 });
        let error = fails(request.download(&mut content), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("larger than the limit") && content.len() <= most, "{error}");
        assert_eq!(server.count(), 1);
    }
    let server = Server::script([Reply::text(200, noise(1000))]);
    let request = server.client().request(Method::Get, "/content").max_size(1000);
    assert_eq!(request.download(&mut Vec::new()).expect("it fits"), 1000);
}

#[test]
fn progress_grows_to_the_whole() {
    let server = in_pieces(noise(500_000), 300_000);
    let (sender, events) = mpsc::channel();
    let request =
        server.client().request(Method::Get, "/content").on_progress(move |progress| sender.send(progress).unwrap());
    request.download(&mut io::sink()).expect("it is copied");
    let events: Vec<_> = events.into_iter().collect();
    assert!(events.len() > 2 && events.windows(2).all(|pair| pair[0].received < pair[1].received), "{events:?}");
    assert!(events.iter().all(|progress| progress.total == Some(500_000)));
    assert_eq!(events.last().unwrap().received, 500_000);
}

#[test]
fn progress_is_not_reported_for_bytes_that_were_written_before() {
    let content = noise(200_000);
    let server = Server::script([broken(200, TAGGED, &content, 150_000), whole(200, TAGGED, &content)]);
    let (sender, events) = mpsc::channel();
    let request =
        server.client().request(Method::Get, "/content").on_progress(move |progress| sender.send(progress).unwrap());
    request.download(&mut io::sink()).expect("it is copied");
    let events: Vec<_> = events.into_iter().map(|progress| progress.received).collect();
    assert!(events.is_sorted_by(|a, b| a < b) && events.first() > Some(&0), "{events:?}");
    assert_eq!(events.last(), Some(&200_000));
}

/// A disk with room for some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => self.0 = left,
            None => return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full")),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_ends_the_download() {
    let server = in_pieces(noise(500_000), 500_000);
    let error = fails(server.client().request(Method::Get, "/content").download(&mut Full(200_000)), ErrorKind::Io);
    assert!(error.to_string().contains("the disk is full") && !error.is_retryable(), "{error}");
    assert!(error.to_string().starts_with("GET /content: ") && !error.outcome_unknown(), "{error}");
    assert_eq!((server.count(), io::Error::from(error).kind()), (1, io::ErrorKind::StorageFull));
}

/// The service has carried out the request, whatever becomes of its response.
#[test]
fn a_writer_that_fails_does_not_undo_an_accepted_change() {
    for (room, is_idempotent) in [(0, false), (10, false), (0, true)] {
        let server = Server::script([Reply::text(200, "a".repeat(20))]);
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&events);
        let request = server.client().request(Method::Post, "/content").json(&json!({ "make": "it" }));
        let request = if is_idempotent { request.idempotent() } else { request };
        let request = request.on_attempt(move |event| {
            kept.lock().expect("no panic under it").push(event);
            Ok(())
        });
        let error = fails(request.download(&mut Full(room)), ErrorKind::Io);
        assert_eq!(error.outcome_unknown(), !is_idempotent, "{error}");
        assert!(error.to_string().contains("the disk is full") && !error.is_retryable(), "{error}");
        assert_eq!((server.count(), error.status()), (1, Some(200)), "{error}");
        assert_eq!(*events.lock().expect("no panic under it"), [AttemptEvent::Begins], "{is_idempotent}");
    }
}

#[test]
fn a_refusal_writes_nothing() {
    let server = Server::script([Reply::text(403, r#"{"code":"PERMISSION_DENIED","message":"It is private."}"#)]);
    let (result, content) = download(&server);
    assert!(fails(result, ErrorKind::PermissionDenied).to_string().contains("It is private."));
    assert!(content.is_empty());
}
