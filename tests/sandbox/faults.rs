//! Faults, rate limits, the log, and dropping the sandbox.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rblxopencloud::asset::Check;
use rblxopencloud::inventory::InventoryBadge;
use rblxopencloud::{AssetFile, AssetType, AssetUpload, ErrorKind, InventoryItem, RetryPolicy, Timeouts};
use rblxopencloud_sandbox::{Fault, RateLimit, RecordedRequest, Sandbox};

use crate::support::local::{KEY, REQUEST, connect, crate_png, form, get, hasty, patient, raw, sandbox};

fn get_user() -> String {
    format!("GET /cloud/v2/users/1 HTTP/1.1\r\nhost: localhost\r\n{KEY}\r\n")
}

#[test]
fn faults_match_method_and_path() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(1);
    let fault = Fault::status(503).header("retry-after", "3").body("<html>down</html>");
    sandbox.inject(fault.on("GET", "/cloud/v2/users/1").after(1).times(2));
    sandbox.inject(Fault::status(500).on("GET", "/cloud/v2/groups/"));
    sandbox.inject(Fault::status(500).on("POST", "/cloud/v2/users/1"));
    let statuses: Vec<_> = (0..4).map(|_| user.fetch_info().err().and_then(|error| error.status())).collect();
    assert_eq!(statuses, [None, Some(503), Some(503), None]);
    assert_eq!(user.list_groups().next().expect("an answer").expect_err("a fault").status(), Some(500));
    let recorded: Vec<_> = sandbox.requests().iter().map(|request| request.status).collect();
    assert_eq!(recorded, [Some(200), Some(503), Some(503), Some(200), Some(500)]);

    sandbox.inject(Fault::status(503).header("retry-after", "3"));
    assert_eq!(user.fetch_info().expect_err("a fault").retry_after(), Some(Duration::from_secs(3)));
    sandbox.inject(Fault::status(503).times(9));
    sandbox.clear_faults();
    assert!(user.fetch_info().is_ok());
}

#[test]
fn delays_precede_the_response() {
    let sandbox = sandbox();
    sandbox.inject(Fault::delay(Duration::from_millis(30)));
    let began = Instant::now();
    assert!(hasty(&sandbox).user(1).fetch_info().is_ok());
    assert!(began.elapsed() >= Duration::from_millis(30));
    sandbox.inject(Fault::delay(Duration::from_secs(600)));
    let timeouts = Timeouts::default().attempt(Duration::from_millis(100));
    let client = sandbox.client_with(|settings| settings.retry(RetryPolicy::none()).timeouts(timeouts));
    let error = client.expect("a client").user(1).fetch_info().expect_err("too late");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn broken_connections_are_connection_errors() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(1);
    for fault in [Fault::reset_before_answer(), Fault::reset_before_reading(), Fault::reset_in_answer()] {
        let what = format!("{fault:?}");
        sandbox.inject(fault);
        let error = user.fetch_info().expect_err("a fault");
        assert!(matches!(error.kind(), ErrorKind::Connection | ErrorKind::InvalidResponse), "{what}: {error}");
    }
    for fault in [Fault::reset_before_answer(), Fault::reset_in_answer(), Fault::truncated_body()] {
        sandbox.inject(fault.times(2));
        assert!(patient(&sandbox).user(1).fetch_info().is_ok());
    }
    sandbox.clear_faults();

    sandbox.inject(Fault::truncated_body());
    let whole = raw(&sandbox, &get_user());
    let (head, body) = whole.split_once("\r\n\r\n").expect("a head");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    assert_eq!(body.len(), length.parse::<usize>().expect("a number") / 2);
}

#[test]
fn uploads_with_lost_responses_are_carried_out() {
    let sandbox = sandbox();
    sandbox.inject(Fault::reset_before_answer());
    let error = patient(&sandbox).user(1).upload_asset_with(crate_png()).expect_err("a fault");
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!((sandbox.assets().len(), sandbox.requests().len()), (1, 1));
    assert_eq!(sandbox.requests()[0].status, None);
}

#[test]
fn raw_bytes_are_sent_unchanged() {
    let sandbox = sandbox();
    sandbox.inject(Fault::raw("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{,}"));
    let error = hasty(&sandbox).user(1).fetch_info().expect_err("it isn't JSON");
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);

    // A custom body: an empty page within a listing.
    sandbox.set_inventory(1, [InventoryItem::Badge(InventoryBadge::new(5))]);
    let (_, page) = get(&sandbox, "/cloud/v2/users/1/inventory-items");
    assert!(page.contains("\"badgeId\":\"5\""), "{page}");
    let path = "/cloud/v2/users/1/inventory-items";
    sandbox.inject(Fault::status(200).body(r#"{"nextPageToken":"x"}"#).on("GET", path));
    sandbox.inject(Fault::status(200).body(page).on("GET", path));
    assert_eq!(hasty(&sandbox).user(1).list_inventory().count(), 1);
}

#[test]
fn early_responses_precede_the_body() {
    let sandbox = sandbox();
    sandbox.inject(Fault::early_answer(413));
    let length = 8 * 1024 * 1024;
    let file = AssetFile::from_reader("big.png", std::io::repeat(0).take(length), length);
    let upload =
        AssetUpload::new(file, AssetType::Image, "Big", "").skip_check(Check::Content).skip_check(Check::FileSize);
    assert_eq!(hasty(&sandbox).user(1).upload_asset_with(upload).expect_err("a fault").status(), Some(413));
    assert_eq!(sandbox.requests()[0].body_length, 0);

    // A refusal by the head alone does the same.
    let mut stream = connect(&sandbox);
    let head = "POST /assets/v1/assets HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\
         x-api-key: no\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[test]
fn expect_continue_is_answered() {
    let sandbox = sandbox();
    sandbox.set_content_checks(false);
    let form = form(REQUEST, Some(("a.png", "image/png", "abc")));
    let mut stream = connect(&sandbox);
    let head = format!(
        "POST /assets/v1/assets HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\nconnection: close\r\ncontent-type: multipart/form-data; boundary=b\r\n{KEY}\r\n",
        form.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("it answers before the body comes");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(form.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn broken_connections_do_not_affect_others() {
    let sandbox = sandbox();
    let mut idle = connect(&sandbox);
    let request = get_user();
    for _ in 0..20 {
        // Connections that end within a head, a body, and a response.
        drop(connect(&sandbox).write_all(&request.as_bytes()[..9]));
        let half = format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n{KEY}\r\nabc");
        drop(connect(&sandbox).write_all(half.as_bytes()));
        drop(connect(&sandbox).write_all(request.as_bytes()));
    }
    idle.write_all(request.as_bytes()).expect("it reads");
    assert!(idle.read(&mut [0; 4096]).expect("it answers") > 0);
}

#[test]
fn rate_limits_are_announced_and_enforced() {
    let sandbox = sandbox();
    let request = format!("GET /cloud/v2/users/1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{KEY}\r\n");
    let fetch = || raw(&sandbox, &request);
    sandbox.set_rate_limit(Some(RateLimit::new(2, Duration::from_secs(60))));
    let first = fetch();
    for header in ["x-ratelimit-limit: 2, 2;w=60\r\n", "x-ratelimit-remaining: 1\r\n", "x-ratelimit-reset: 60\r\n"] {
        assert!(first.contains(header), "{first}");
    }
    assert!(fetch().contains("x-ratelimit-remaining: 0\r\n"));
    let refused = fetch();
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("retry-after: 5\r\n"), "{refused}");
    assert!(refused.contains("x-ratelimit-reset: ") && refused.contains("RESOURCE_EXHAUSTED"), "{refused}");
    let refused = fetch();
    assert!(refused.contains("x-ratelimit-remaining: 0, 2\r\n"), "each fourth response has lists: {refused}");
    assert_eq!(sandbox.rate_limited(), 2);
    assert_eq!(get(&sandbox, "/cloud/v2/users/1/inventory-items").0, 200, "another endpoint counts for itself");

    sandbox.set_rate_limit(Some(RateLimit::new(1, Duration::from_millis(80))));
    let answer = fetch();
    let reset = answer.lines().find_map(|line| line.strip_prefix("x-ratelimit-reset: ")).expect("a reset");
    let reset: f64 = reset.parse().expect("a number");
    assert!(reset > 0.0 && reset <= 0.08, "{reset}");
    std::thread::sleep(Duration::from_secs_f64(reset));
    assert!(fetch().starts_with("HTTP/1.1 200 "));
    sandbox.set_rate_limit(None);
    assert!(!fetch().contains("x-ratelimit"));
}

#[test]
fn rate_limits_are_in_successes_and_refusals_and_not_beside_a_404() {
    let sandbox = sandbox();
    sandbox.set_inventory_private(1, true);
    let headers = |path: &str| {
        sandbox.set_rate_limit(Some(RateLimit::new(1, Duration::from_secs(60))));
        let fetch =
            || raw(&sandbox, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{KEY}\r\n"));
        let (first, second) = (fetch(), fetch());
        let status = |answer: &str| answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        assert_eq!(status(&second), Some(429), "{path}: {second}");
        assert!(second.contains("x-ratelimit-reset: ") && second.contains("retry-after: 5\r\n"), "{second}");
        (status(&first), first.contains("x-ratelimit-remaining: 0\r\n"))
    };
    assert_eq!(headers("/cloud/v2/users/1"), (Some(200), true));
    assert_eq!(headers("/cloud/v2/users/1/inventory-items"), (Some(403), true));
    assert_eq!(headers("/cloud/v2/users/404"), (Some(404), false));
    // A missing scope is refused before the call is carried out.
    sandbox.set_scopes([""; 0]);
    assert_eq!(headers("/cloud/v2/groups/7/join-requests"), (Some(403), true));
}

#[test]
fn a_client_stays_within_the_rate_limit() {
    let sandbox = sandbox();
    sandbox.set_rate_limit(Some(RateLimit::new(5, Duration::from_millis(250))));
    let user = patient(&sandbox).user(1);
    for _ in 0..20 {
        let _ = user.fetch_info().expect("an answer");
    }
    assert!(sandbox.rate_limited() <= 3, "{}", sandbox.rate_limited());
}

#[test]
fn the_log_records_requests_and_hides_secrets() {
    let sandbox = sandbox();
    get(&sandbox, "/cloud/v2/users/1?a=b%20c&d");
    let requests = sandbox.requests();
    let request: &RecordedRequest = &requests[0];
    assert_eq!((request.path.as_str(), request.target.as_str()), ("/cloud/v2/users/1", "/cloud/v2/users/1?a=b%20c&d"));
    assert_eq!((request.query_value("a"), request.query_value("d")), (Some("b c"), Some("")));
    assert_eq!(request.header("x-api-key"), Some(sandbox.api_key()));
    assert!(!format!("{requests:?}").contains(sandbox.api_key()));
    sandbox.clear_requests();
    assert!(sandbox.requests().is_empty());

    let ninety_nine = format!("GET /x HTTP/1.1\r\nhost: localhost\r\n{KEY}\r\n").repeat(99);
    let hundred = format!("{ninety_nine}GET /y HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{KEY}\r\n");
    for _ in 0..101 {
        assert_eq!(raw(&sandbox, &hundred).matches("HTTP/1.1 404 ").count(), 100);
    }
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 10_000);
    assert!(requests[9_999].path == "/y" && requests[9_999].status == Some(404));
}

#[test]
fn drop_ends_delays() {
    let sandbox = sandbox();
    sandbox.inject(Fault::delay(Duration::from_secs(60)));
    let mut stream = connect(&sandbox);
    stream.write_all(get_user().as_bytes()).expect("it reads");
    while sandbox.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let began = Instant::now();
    drop(sandbox);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn drop_closes_connections_and_frees_the_port() {
    let sandbox = sandbox();
    let port: u16 = sandbox.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let mut idle: Vec<TcpStream> = (0..5).map(|_| connect(&sandbox)).collect();
    for stream in &mut idle {
        stream.write_all(get_user().as_bytes()).expect("it reads");
        assert!(stream.read(&mut [0; 4096]).expect("it answers") > 0);
    }
    sandbox.inject(Fault::delay(Duration::from_secs(60)));
    idle[0].write_all(get_user().as_bytes()).expect("it reads");
    while sandbox.requests().len() < 6 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let began = Instant::now();
    drop(sandbox);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    for stream in &mut idle {
        // A read without data would end with a timeout, which is another error.
        let ended = stream.read(&mut [0; 16]).map_err(|error| error.kind());
        assert!(matches!(ended, Ok(0) | Err(std::io::ErrorKind::ConnectionReset)), "{ended:?}");
    }
    let again = Sandbox::builder().port(port).start().expect("the port is free");
    assert!(Sandbox::builder().port(port).start().is_err());
    drop(again);
}
