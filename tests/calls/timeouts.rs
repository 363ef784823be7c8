//! Nothing exceeds its time limit, and the error names the limit.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::{
    Asset, AssetFile, Client, Error, ErrorKind, InventoryItem, Method, Operation, RetryPolicy, Timeouts, User,
    UserInfo, WaitOptions,
};

use crate::support::{
    CHANGES, CONTINUE, Change, KEY, Reply, Server, USER, Wire, answer, fails, gzip, hasty, profile, started, upload,
    within,
};

const MS: Duration = Duration::from_millis(1);
/// Limits that no test here reaches.
fn far() -> Timeouts {
    let far = Duration::from_secs(3600);
    Timeouts::default().connect(far).read(far).write(far).attempt(far)
}

/// A user without retries, with these limits.
fn user_at(url: &str, timeouts: Timeouts) -> User {
    let builder = Client::builder(KEY).base_url(url).timeouts(timeouts).retry(RetryPolicy::none());
    builder.build().expect("the settings are good").user(USER)
}

/// Returns the result of work that must end. The result tells what ended it: nothing else here ends within this time.
#[track_caller]
fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    within(Duration::from_secs(60), work)
}

/// Checks that the work ends in a timeout that names this limit.
#[track_caller]
fn passes<T: Debug + Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Error {
    let error = fails(ends(work), ErrorKind::Timeout);
    assert!(error.to_string().contains(&format!("{limit:?}")), "it doesn't name the limit that expired: {error}");
    error
}

/// A URL with a host name.
fn by_name(url: &str) -> String {
    url.replace("127.0.0.1", "localhost")
}

fn head(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes()
}

#[test]
fn silent_servers_time_out() {
    let limit = 150 * MS;
    for response in
        [b"".to_vec(), b"HTTP/1.1 200 OK\r\nx-half: ".to_vec(), head(100), [&head(100), &b"{\"id\""[..]].concat()]
    {
        let shown = String::from_utf8_lossy(&response).into_owned();
        let server = Wire::start(move |connection| {
            connection.request();
            connection.send(&response);
            connection.wait_for_the_end();
        });
        for url in [server.url(), by_name(&server.url())] {
            let user = user_at(&url, far().read(limit));
            let error = passes(limit, move || user.fetch_info());
            assert!(error.is_retryable() && !error.outcome_unknown(), "{shown:?}: {error}");
        }
    }
}

#[test]
fn uploads_wait_twice_as_long_for_the_response() {
    let server = Server::script([Reply::Stall]);
    for (what, change) in CHANGES {
        let user = user_at(&server.url(), far().read(100 * MS));
        let error = passes(200 * MS, move || change(&user));
        assert!(error.outcome_unknown() && !error.is_retryable(), "{what}: {error}");
    }
}

#[test]
fn timed_out_uploads_are_not_sent_again() {
    let server = Server::script([Reply::Stall, started()]);
    let patient = server.builder().timeouts(far().read(50 * MS)).retry(hasty());
    let user = patient.build().expect("the settings are good").user(USER);
    let error = fails(CHANGES[0].1(&user), ErrorKind::Timeout);
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(server.count(), 1);
}

#[test]
fn servers_that_do_not_read_time_out() {
    let limit = 200 * MS;
    let server = Wire::start(|connection| {
        connection.head();
        connection.send(CONTINUE);
        connection.freeze();
    });
    let user = user_at(&server.url(), far().write(limit));
    let error = passes(limit, move || upload(&user, AssetFile::from_bytes("a.png", vec![7; 20_000_000])));
    assert!(!error.outcome_unknown() && error.is_retryable(), "the body never was whole: {error}");
}

#[test]
fn dripping_servers_time_out() {
    let limit = 200 * MS;
    let slow = 20 * MS;
    let body = vec![b' '; 5000];
    let padding = "x-padding: 1\r\n".repeat(300);
    for (what, response) in [
        ("body", Reply::Slow([head(5000), body.clone()].concat(), slow)),
        ("head", Reply::Slow(format!("HTTP/1.1 200 OK\r\n{padding}\r\n").into_bytes(), slow)),
        (
            "chunks",
            Reply::Slow(
                [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1388\r\n".to_vec(), body.clone()].concat(),
                slow,
            ),
        ),
        (
            "chunk lengths",
            Reply::Slow(
                [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), b"1\r\n \r\n".repeat(1000)]
                    .concat(),
                slow,
            ),
        ),
        ("body without end", Reply::Slow([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), body].concat(), slow)),
        ("interim answers", Reply::Slow(b"HTTP/1.1 102 Processing\r\n\r\n".repeat(300), slow)),
    ] {
        let server = Server::script([response]);
        for url in [server.url(), by_name(&server.url())] {
            let user = user_at(&url, far().attempt(limit));
            let error = passes(limit, move || user.fetch_info());
            assert!(error.is_retryable(), "{what}: {error}");
        }
    }
}

/// A server that sends the head at once, then a body in bursts with a pause before each.
fn bursts(pause: Duration, burst: usize) -> Wire {
    Wire::start(move |connection| {
        connection.request();
        // More than comes while the test waits.
        connection.send(head(100_000_000));
        while connection.send(vec![b' '; burst]) {
            thread::sleep(pause);
        }
    })
}

#[test]
fn slow_bodies_end_with_the_attempt() {
    let limit = 200 * MS;
    for (pause, burst) in [(30 * MS, 100), (120 * MS, 1), (1500 * MS, 1)] {
        let server = bursts(pause, burst);
        for url in [server.url(), by_name(&server.url())] {
            let user = user_at(&url, far().attempt(limit));
            passes(limit, move || user.fetch_info());
        }
    }
}

#[test]
fn stalled_bodies_end_with_the_attempt() {
    let limit = 200 * MS;
    for response in
        [head(100), [&head(100), &b"{"[..]].concat(), b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n".to_vec()]
    {
        let shown = String::from_utf8_lossy(&response).into_owned();
        let server = Wire::start(move |connection| {
            connection.request();
            connection.send(&response);
            connection.wait_for_the_end();
        });
        for url in [server.url(), by_name(&server.url())] {
            let user = user_at(&url, far().attempt(limit));
            let outcome = ends(move || user.fetch_info());
            // The status of a refusal is enough.
            let error = outcome.expect_err("nothing whole came");
            assert!(error.kind() == ErrorKind::Timeout || error.status() == Some(404), "{shown:?}: {error}");
        }
    }
}

/// Returns how long work takes at least. Other threads can delay one attempt, but not each of five.
fn shortest<T: Send + 'static>(enough: Duration, work: impl Fn() -> T + Clone + Send + 'static) -> (Duration, T) {
    let attempt = |_| {
        let work = work.clone();
        ends(move || {
            let began = Instant::now();
            let result = work();
            (began.elapsed(), result)
        })
    };
    let mut best = attempt(0);
    for number in 1..5 {
        if best.0 <= enough {
            break;
        }
        best = [best, attempt(number)].into_iter().min_by_key(|(took, _)| *took).expect("there are two");
    }
    best
}

#[test]
fn the_limit_of_an_attempt_covers_all_phases() {
    let limit = 1000 * MS;
    // If each phase had the whole limit, it would take nearly twice as long.
    let early = limit * 9 / 10;
    let one_limit = limit * 3 / 2;
    // Most of the time passes before `100 Continue`, and then nothing more comes.
    let server = Wire::start(move |connection| {
        connection.head();
        thread::sleep(early);
        connection.send(CONTINUE);
        connection.wait_for_the_end();
    });
    let large: Change = |user| upload(user, AssetFile::from_bytes("a.png", vec![7; 1_100_000]));
    for url in [server.url(), by_name(&server.url())] {
        let user = user_at(&url, far().attempt(limit).min_upload_rate(u64::MAX));
        let (took, outcome) = shortest(one_limit, move || large(&user));
        let error = fails(outcome, ErrorKind::Timeout);
        assert!(took <= one_limit && error.to_string().contains("1s"), "after {took:?}: {error}");
    }
    // The same before the head of the response, and then in its body.
    let server = Wire::start(move |connection| {
        connection.request();
        thread::sleep(early);
        connection.send(head(100));
        connection.wait_for_the_end();
    });
    // With an address in the URL, the body gets the time again.
    for (url, longest) in [(server.url(), limit * 5 / 2), (by_name(&server.url()), one_limit)] {
        let user = user_at(&url, far().attempt(limit));
        let (took, outcome) = shortest(longest, move || user.fetch_info());
        let error = fails(outcome, ErrorKind::Timeout);
        assert!(took <= longest && error.to_string().contains("1s"), "after {took:?}: {error}");
    }
}

#[test]
fn endless_refusals_are_returned_in_time() {
    let limit = 200 * MS;
    for status in ["404 Not Found", "500 Internal Server Error", "302 Found"] {
        let slow = format!("HTTP/1.1 {status}\r\ncontent-length: 5000\r\n\r\n{}", " ".repeat(5000));
        let server = Server::script([Reply::Slow(slow.into_bytes(), 50 * MS)]);
        let user = user_at(&server.url(), far().attempt(limit));
        ends(move || user.fetch_info()).expect_err("it is a refusal");
    }
}

#[test]
fn an_uploads_limit_grows_with_its_size() {
    let timeouts = far().attempt(200 * MS).min_upload_rate(1024 * 1024);
    // Later than the limit of a small call, and sooner than that of a large upload.
    let server = Server::start(|request| {
        thread::sleep(600 * MS);
        if request.method == "GET" { profile() } else { started() }
    });
    let user = user_at(&server.url(), timeouts);
    let small = user.clone();
    passes(200 * MS, move || upload(&small, AssetFile::from_bytes("a.png", vec![7; 100])));
    let small = user.clone();
    passes(200 * MS, move || small.fetch_info());
    let _ = upload(&user, AssetFile::from_bytes("a.png", vec![7; 20 << 20])).expect("20 MiB have 20 seconds more");

    // A larger upload has more time, which the error tells.
    let server = Wire::start(|connection| {
        connection.request();
        connection.wait_for_the_end();
    });
    let user = user_at(&server.url(), far().attempt(200 * MS).min_upload_rate(1 << 20));
    let error = passes(1200 * MS, move || upload(&user, AssetFile::from_bytes("a.png", vec![7; 1 << 20])));
    assert!(error.outcome_unknown(), "{error}");
}

#[test]
fn nothing_times_out_early() {
    let server = Wire::start(|connection| {
        connection.request();
        for byte in answer(r#"{"id":"156","name":"builderman","path":"operations/abc"}"#) {
            thread::sleep(2 * MS);
            connection.send([byte]);
        }
    });
    let tight = Timeouts::default()
        .connect(20_000 * MS)
        .read(20_000 * MS)
        .write(20_000 * MS)
        .attempt(60_000 * MS)
        .min_upload_rate(1 << 20);
    let user = user_at(&server.url(), tight);
    let _ = user.fetch_info().expect("it is slow, but not too slow");
    for (what, change) in CHANGES {
        let _ = change(&user).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

#[test]
fn unlimited_timeouts_do_not_panic() {
    let never = Duration::MAX;
    for timeouts in [
        far().connect(never),
        far().read(never),
        far().write(never),
        far().attempt(never),
        far().min_upload_rate(0),
        far().min_upload_rate(u64::MAX),
        Timeouts::default().connect(never).read(never).write(never).attempt(never).min_upload_rate(0),
    ] {
        for (what, change) in [("read", None)].into_iter().chain(CHANGES.map(|(what, change)| (what, Some(change)))) {
            let shown = format!("{what} under {timeouts:?}");
            let server = Server::start(|request| if request.method == "GET" { profile() } else { started() });
            for url in [server.url(), by_name(&server.url())] {
                let user = user_at(&url, timeouts.clone());
                let outcome = thread::spawn(move || match change {
                    None => user.fetch_info().map(drop),
                    Some(change) => change(&user).map(drop),
                });
                match outcome.join() {
                    Ok(outcome) => outcome.unwrap_or_else(|error| panic!("{shown}: {error}")),
                    Err(_) => panic!("{shown}: it panicked"),
                }
            }
        }
    }
}

#[test]
fn zero_timeouts_are_errors() {
    let server = Server::start(|_| profile());
    let none = Duration::ZERO;
    for timeouts in [far().connect(none), far().read(none), far().write(none), far().attempt(none)] {
        let user = user_at(&server.url(), timeouts.clone());
        // A timeout of zero may mean none to the operating system; it must not hang.
        let outcome: Result<UserInfo, Error> = within(Duration::from_secs(10), move || user.fetch_info());
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Timeout, "{timeouts:?}: {error}");
        }
    }
}

/// A call without a body has no byte that tells whether it was sent.
fn restart(client: &Client) -> Result<(), Error> {
    client.request(Method::Post, "/cloud/v2/universes/1:restartServers").send().map(drop)
}

#[test]
fn calls_without_time_to_send_them_had_no_effect() {
    let server = Server::start(|_| Reply::text(200, "{}"));
    let client = |timeouts| {
        let builder = Client::builder(KEY).base_url(server.url()).timeouts(timeouts).retry(RetryPolicy::none());
        builder.build().expect("the settings are good")
    };
    let error = fails(restart(&client(far().attempt(Duration::ZERO))), ErrorKind::Timeout);
    assert!(!error.outcome_unknown() && error.is_retryable(), "{error}");
    assert_eq!(server.count(), 0);
}

#[test]
fn proxies_that_stall_have_sent_nothing_on() {
    for scheme in [
        "http",
        #[cfg(feature = "socks")]
        "socks4a",
        #[cfg(feature = "socks")]
        "socks5",
    ] {
        let proxy = Wire::start(|connection| connection.wait_for_the_end());
        let address = ureq::Proxy::new(&format!("{scheme}://127.0.0.1:{}", proxy.port())).expect("it is a proxy");
        let agent = ureq::Agent::config_builder().proxy(Some(address)).build().new_agent();
        let limit = 300 * MS;
        for (timeouts, by_client) in [(far(), Some(limit)), (far().attempt(limit), None), (far().connect(limit), None)]
        {
            let shown = format!("{scheme}, {timeouts:?}");
            let builder = Client::builder(KEY).base_url("http://127.0.0.1:1").agent(agent.clone()).timeouts(timeouts);
            let builder = builder.retry(RetryPolicy::none());
            let client = builder.build().expect("the settings are good");
            let client = by_client.map_or_else(|| client.clone(), |limit| client.with_timeout(limit));
            let error = fails(ends(move || restart(&client)), ErrorKind::Timeout);
            assert!(!error.outcome_unknown() && error.is_retryable(), "{shown}: {error}");
            assert!(proxy.connections() > 0, "{shown}: {error}");
        }
    }
}

#[test]
fn listings_obey_the_limits_of_their_calls() {
    let limit = 150 * MS;
    let server = Server::script([Reply::Stall]);
    let user = user_at(&server.url(), far().read(limit));
    let error = passes(limit, move || user.list_inventory().collect::<Result<Vec<InventoryItem>, Error>>());
    assert!(error.is_retryable());
}

fn resumed(user: &User) -> Operation<Asset> {
    user.client().operation("operations/abc".parse().expect("a name"))
}

#[test]
fn waiting_ends_at_its_deadline_whatever_the_server_does() {
    let limit = 200 * MS;
    let patient = RetryPolicy::default().max_attempts(100).initial_backoff(Duration::from_secs(20));
    let bodies = [
        b"".to_vec(),
        b"HTTP/1.1 200 OK\r\nx-half: ".to_vec(),
        head(100),
        [&head(100), &b"{"[..]].concat(),
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\n".to_vec(),
        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 9\r\n\r\n".to_vec(),
    ];
    let stalling = bodies.map(|response| {
        Wire::start(move |connection| {
            connection.request();
            connection.send(&response);
            connection.wait_for_the_end();
        })
    });
    let busy = |status: u16, delay: &str| Reply::text(status, "").with("retry-after", delay);
    let scripts = [
        Reply::Slow([head(9000), vec![b' '; 9000]].concat(), 20 * MS),
        Reply::Slow(b"HTTP/1.1 102 Processing\r\n\r\n".repeat(900), 20 * MS),
        Reply::HangUp,
        Reply::text(503, ""),
        busy(503, "0"),
        busy(503, "0.15"),
        busy(503, "60"),
        busy(503, "86400"),
        busy(429, "0"),
        busy(429, "0.15"),
        busy(429, "60"),
        busy(429, "86400"),
        started(),
        started().with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", "60"),
    ]
    .map(|reply| Server::script([reply]));
    let urls = stalling.iter().map(Wire::url).chain(scripts.iter().map(Server::url));
    for (number, url) in urls.enumerate() {
        for (url, policy) in [(url.clone(), patient.clone()), (by_name(&url), patient.clone()), (url, hasty())] {
            let outcome = ends(move || {
                let client = Client::builder(KEY).base_url(&url).retry(policy).timeouts(far()).build();
                let user = client.expect("the settings are good").user(USER);
                let options = WaitOptions::new().timeout(limit).initial_delay(MS).max_delay(2 * MS);
                resumed(&user).wait_with(&options)
            });
            let error = fails(outcome, ErrorKind::OperationPending);
            assert!(error.to_string().contains("operations/abc"), "{number}: {error}");
        }
    }
}

#[test]
fn polls_cut_off_by_the_deadline_do_not_name_another_limit() {
    let server = Server::script([Reply::Stall]);
    let user = user_at(&server.url(), far().attempt(Duration::from_secs(47)));
    let outcome = resumed(&user).wait_with(&WaitOptions::new().timeout(100 * MS));
    let error = fails(outcome, ErrorKind::OperationPending);
    let line = error.to_string();
    assert!(line.contains("not known to have ended after 100ms") && !line.contains("47s"), "{line}");
    assert_eq!(line.matches("do not send it again").count(), 1, "{line}");
}

fn download(url: &str, timeouts: Timeouts) -> impl Fn() -> Result<u64, Error> + Clone + Send + 'static {
    let user = user_at(url, timeouts);
    move || user.client().request(Method::Get, "/content").download(&mut std::io::sink())
}

#[test]
fn slow_downloads_are_complete_whatever_the_limit_of_an_attempt() {
    let compressed = gzip(&[b' '; 100]);
    let kinds = [
        (head(100), vec![b' '; 100]),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
            [b"1\r\n \r\n".repeat(100), b"0\r\n\r\n".to_vec()].concat(),
        ),
        (
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", compressed.len()).into(),
            compressed,
        ),
    ];
    let downloads = kinds.map(|(head, body)| {
        thread::spawn(move || {
            let server = Wire::start(move |connection| {
                connection.request();
                connection.send(&head);
                // Longer than the limit of an attempt.
                body.chunks(body.len() / 100).for_each(|piece| {
                    connection.send(piece);
                    thread::sleep(25 * MS);
                });
            });
            let timeouts = far().read(Duration::from_secs(20)).attempt(Duration::from_secs(2));
            within(Duration::from_secs(60), download(&server.url(), timeouts.min_upload_rate(u64::MAX)))
        })
    });
    for download in downloads {
        assert_eq!(download.join().expect("it doesn't hang").expect("it is slow, but steady"), 100);
    }
}

/// A server that sends `head`, then the same bytes for ever, with a pause after each time.
fn endless(head: &'static [u8], bytes: &'static [u8], pause: Option<Duration>) -> Wire {
    Wire::start(move |connection| {
        connection.request();
        connection.send(head);
        match pause {
            None => drop(connection.send_endlessly(bytes)),
            Some(pause) => {
                while connection.send(bytes) {
                    thread::sleep(pause);
                }
            }
        }
    })
}

/// A gzip member without content.
const EMPTY_MEMBER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn bytes_without_content_are_a_stall() {
    type Kind = (&'static str, &'static [u8], &'static [u8], Option<Duration>);
    let limit = Duration::from_secs(1);
    let kinds: [Kind; 8] = [
        ("gzip", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", EMPTY_MEMBER, None),
        ("slow gzip", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", EMPTY_MEMBER, Some(20 * MS)),
        ("x-gzip", b"HTTP/1.1 200 OK\r\ncontent-encoding: x-gzip\r\n\r\n", EMPTY_MEMBER, None),
        ("slow x-gzip", b"HTTP/1.1 200 OK\r\ncontent-encoding: x-gzip\r\n\r\n", EMPTY_MEMBER, Some(20 * MS)),
        (
            "a long name",
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\x03",
            b"n",
            Some(20 * MS),
        ),
        ("a chunk length", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n \r\n", b"0", Some(20 * MS)),
        ("trailers", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n \r\n0\r\n", b"a: b\r\n", None),
        (
            "slow trailers",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n \r\n0\r\n",
            b"a: b\r\n",
            Some(20 * MS),
        ),
    ];
    let calls = kinds.map(|(what, head, bytes, pause)| {
        thread::spawn(move || {
            let server = endless(head, bytes, pause);
            let timeouts = far().read(limit).attempt(Duration::from_secs(3600));
            let user = user_at(&server.url(), timeouts.clone());
            let outcomes =
                [ends(download(&server.url(), timeouts)).map(drop), ends(move || user.fetch_info()).map(drop)];
            (what, outcomes)
        })
    });
    for call in calls {
        let (what, outcomes) = call.join().expect("it doesn't hang");
        for outcome in outcomes {
            let line = fails(outcome, ErrorKind::Timeout).to_string();
            assert!(line.contains("no content was received for 1s"), "{what}: {line}");
        }
    }
}

#[test]
fn interim_responses_are_bounded_in_number_and_time() {
    const HINTS: &[u8] = b"HTTP/1.1 103 Early Hints\r\n\r\n";
    let large: Change = |user| upload(user, AssetFile::from_bytes("a.png", vec![7; 1_100_000]));
    let small: Change = |user| upload(user, AssetFile::from_bytes("a.png", vec![7; 100]));
    let server = endless(b"", HINTS, None);
    let server_of_continues = Wire::start(|connection| {
        connection.head();
        connection.send_endlessly(HINTS);
    });
    for server in [&server, &server_of_continues] {
        let user = user_at(&server.url(), far().attempt(Duration::from_secs(3600)));
        let changes = [small, large].map(|change| {
            let user = user.clone();
            ends(move || change(&user)).map(drop)
        });
        let reads = [ends(download(&server.url(), far())).map(drop), ends(move || user.fetch_info()).map(drop)];
        for outcome in changes.into_iter().chain(reads) {
            let line = fails(outcome, ErrorKind::InvalidResponse).to_string();
            assert!(line.contains("interim responses"), "{line}");
        }
    }
    let limit = 300 * MS;
    let slow = endless(b"", HINTS, Some(20 * MS));
    passes(limit, download(&slow.url(), far().attempt(limit)));
    let slow = Server::script([Reply::Slow(format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(1000)).into(), 20 * MS)]);
    passes(limit, download(&slow.url(), far().attempt(limit)));
}

#[test]
fn stalled_downloads_end_and_name_the_limit() {
    let limit = 200 * MS;
    for response in [b"".to_vec(), head(100), [&head(100), &b"{"[..]].concat()] {
        let server = Wire::start(move |connection| {
            connection.request();
            connection.send(&response);
            connection.wait_for_the_end();
        });
        for url in [server.url(), by_name(&server.url())] {
            passes(limit, download(&url, far().read(limit)));
        }
    }
    // A deadline holds for all attempts together.
    let server = Server::script([Reply::Slow([head(5000), vec![b' '; 5000]].concat(), 20 * MS)]);
    let client = user_at(&server.url(), far()).client().with_timeout(1500 * MS);
    passes(1500 * MS, move || client.request(Method::Get, "/content").download(&mut std::io::sink()));
    let content = [&b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\netag: \"a\"\r\n\r\n"[..], &[b' '; 50]].concat();
    let server = Server::start(move |request| match request.header("range") {
        None => Reply::Slow(content.clone(), 10 * MS),
        Some(_) => Reply::Stall,
    });
    let client = server.builder().build().expect("the settings are good").with_timeout(1700 * MS);
    passes(1700 * MS, move || client.request(Method::Get, "/content").download(&mut std::io::sink()));
}

/// On other systems, connections to a full backlog are refused at once.
#[cfg(target_os = "linux")]
mod deaf {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;

    /// A listener with a full backlog, which doesn't respond.
    fn deaf_listener() -> Option<(TcpListener, SocketAddr, Vec<TcpStream>)> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let mut waiting = Vec::new();
        for _ in 0..900 {
            match TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
                Ok(stream) => waiting.push(stream),
                Err(_) => return Some((listener, address, waiting)),
            }
        }
        None
    }

    #[test]
    fn connections_time_out() {
        let Some((_listener, address, _waiting)) = deaf_listener() else { return };
        let limit = 150 * MS;
        for url in [format!("http://{address}"), by_name(&format!("http://{address}"))] {
            let user = user_at(&url, far().connect(limit));
            let error = passes(limit, {
                let user = user.clone();
                move || user.fetch_info()
            });
            assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
            for (what, change) in CHANGES {
                let user = user.clone();
                let error = passes(limit, move || change(&user));
                assert!(error.is_retryable() && !error.outcome_unknown(), "{what}: {error}");
            }
        }
    }

    #[test]
    fn waits_end_at_their_deadline_without_a_connection() {
        let Some((_listener, address, _waiting)) = deaf_listener() else { return };
        for url in [format!("http://{address}"), by_name(&format!("http://{address}"))] {
            let user = user_at(&url, far());
            let outcome = ends(move || resumed(&user).wait_with(&WaitOptions::new().timeout(200 * MS)));
            fails(outcome, ErrorKind::OperationPending);
        }
    }
}
