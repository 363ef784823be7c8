//! Downloads: redirects, other hosts, limits, and breaks in the middle.

mod support;

use std::io::{self, Write};
use std::sync::mpsc;

use rblxopencloud::{Error, ErrorKind, Method};
use support::{KEY, Reply, Request, Server, fails, noise};

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

#[test]
fn changed_content_is_never_mixed() {
    let (old, new) = (noise(200_000), vec![7; 200_000]);
    let tagged = |tag: &str| format!("etag: {tag}\r\n");
    let part = |from: usize, headers: &str| {
        let headers = format!("{headers}content-range: bytes {from}-199999/200000\r\n");
        broken(206, &headers, &new[from..], 200_000 - from)
    };
    for second in [
        Reply::text(200, new.clone()).with("etag", "\"v2\""),
        Reply::text(200, new.clone()),
        Reply::text(200, new[1..].to_vec()).with("etag", TAG),
        part(0, &tagged(TAG)),
    ] {
        let server = Server::script([broken(200, &tagged(TAG), &old, 150_000), second]);
        let (result, copied) = download(&server);
        fails(result, ErrorKind::InvalidResponse);
        assert!(old.starts_with(&copied) && copied.len() < old.len());
    }
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
fn a_break_after_the_last_byte_is_the_end() {
    let head = format!("HTTP/1.1 200 OK\r\netag: {TAG}\r\ntransfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n");
    let whole = Reply::text(200, "content").with("etag", TAG);
    let server = Server::script([Reply::Raw(head.into()), whole]);
    let (result, copied) = download(&server);
    // The first length is unknown, the second one isn't: nobody knows whether they are the same.
    assert!(result.is_err() && copied == b"content");

    let satisfied = Reply::text(416, "").with("content-range", "bytes */10");
    let server = Server::script([broken(200, &format!("etag: {TAG}\r\n"), b"0123456789", 9), satisfied]);
    assert!(download(&server).0.is_err(), "a byte is missing");
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
    let server = Server::script([Reply::text(302, "")]);
    fails(download(&server).0, ErrorKind::UnexpectedStatus);
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
    let (tell, told) = mpsc::channel();
    let request =
        server.client().request(Method::Get, "/content").on_progress(move |progress| tell.send(progress).unwrap());
    request.download(&mut io::sink()).expect("it is copied");
    let told: Vec<_> = told.into_iter().collect();
    assert!(told.len() > 2 && told.windows(2).all(|pair| pair[0].received < pair[1].received), "{told:?}");
    assert!(told.iter().all(|progress| progress.total == Some(500_000)));
    assert_eq!(told.last().unwrap().received, 500_000);
}

#[test]
fn a_writer_that_fails_ends_the_download() {
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
    let server = in_pieces(noise(500_000), 500_000);
    let error = fails(server.client().request(Method::Get, "/content").download(&mut Full(200_000)), ErrorKind::Io);
    assert!(error.to_string().contains("the disk is full") && !error.is_retryable(), "{error}");
    assert_eq!((server.count(), io::Error::from(error).kind()), (1, io::ErrorKind::StorageFull));
}

#[test]
fn a_refusal_writes_nothing() {
    let server = Server::script([Reply::text(403, r#"{"code":"PERMISSION_DENIED","message":"It is private."}"#)]);
    let (result, content) = download(&server);
    assert!(fails(result, ErrorKind::PermissionDenied).to_string().contains("It is private."));
    assert!(content.is_empty());
}
