//! A client waits within the service's rate limits instead of exceeding them.

use std::env;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::endpoints::Budget;
use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{
    Client, Credentials, Endpoint, Error, ErrorKind, InventoryAssetType, InventoryItem, Method, RetryPolicy, User,
    UserInfo,
};
use rblxopencloud_sandbox::{RateLimit, Sandbox};
use serde_json::json;

use crate::support::{self, CHANGES, Reply, Server, USER, fails, hasty, profile, started, within};

/// Less than half a minute, which no call here may wait, and more than other threads take on a busy machine.
const TOLERANCE: Duration = Duration::from_secs(20);

fn user(server: &Server, policy: RetryPolicy) -> User {
    server.builder().retry(policy).build().expect("the settings are good").user(USER)
}

/// A rate limit as headers.
fn tells(reply: Reply, limit: &str, remaining: &str, reset: &str) -> Reply {
    let headers = [("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)];
    headers.into_iter().fold(reply, |reply, (name, value)| reply.with(name, value))
}

/// A sandbox with this many pages in the inventory of each of this many users.
fn library(users: u64, pages: u64, limit: RateLimit) -> Sandbox {
    let sandbox = Sandbox::start().expect("there is a free port");
    for user in 1..=users {
        let item = |number| InventoryItem::Asset(InventoryAsset::new(number + 1, InventoryAssetType::Hat));
        sandbox.set_inventory(user, (0..pages * 100).map(item));
    }
    sandbox.set_rate_limit(Some(limit));
    sandbox
}

/// The ids of everything that a user owns.
fn owned(user: &User) -> Result<Vec<u64>, Error> {
    user.list_inventory()
        .map(|item| match item? {
            InventoryItem::Asset(asset) => Ok(asset.id),
            other => panic!("{other:?} isn't an asset"),
        })
        .collect()
}

fn assert_refused_less_than(percent: u64, sandbox: &Sandbox, pages: u64) {
    let refused = sandbox.rate_limited();
    assert!(refused * 100 < percent * (pages + refused), "{refused} of {} were refused", pages + refused);
}

#[test]
fn threads_of_one_client_share_a_limit() {
    let (window, limit) = (Duration::from_millis(250), 50);
    let sandbox = library(4, 75, RateLimit::new(limit, window));
    let client = sandbox.client();
    let began = Instant::now();
    thread::scope(|scope| {
        for number in 1..=4 {
            let user = client.clone().user(number);
            scope.spawn(move || {
                let ids = owned(&user).expect("the limit isn't an error");
                assert!(ids.into_iter().eq(1..=7500), "each item comes once, in order");
            });
        }
    });
    let took = began.elapsed();
    // On a busy machine, a window can end between the announcement of its rest and the next request.
    assert_refused_less_than(3, &sandbox, 300);
    assert!(took >= window * 5, "six windows are needed: {took:?}");
    assert!(took <= TOLERANCE, "the windows are not used: {took:?}");
}

#[test]
fn independent_clients_share_a_limit() {
    let sandbox = library(4, 60, RateLimit::new(40, Duration::from_millis(300)));
    thread::scope(|scope| {
        for number in 1..=4 {
            let user = sandbox.client().user(number);
            scope.spawn(move || {
                let ids = owned(&user).expect("the limit isn't an error");
                assert!(ids.into_iter().eq(1..=6000), "each item comes once, in order");
            });
        }
    });
    assert_refused_less_than(5, &sandbox, 240);
}

const SANDBOX: &str = "RBLXOPENCLOUD_TEST_SANDBOX";

/// What each process of the test below does. Does nothing in the ordinary run.
#[test]
fn one_of_many_processes() {
    let Ok(url) = env::var(SANDBOX) else { return };
    let (url, number) = url.split_once(' ').expect("an address and a number");
    let client = Client::builder("sandbox-api-key").base_url(url).build().expect("the settings are good");
    let ids = owned(&client.user(number.parse().expect("a number"))).expect("the limit isn't an error");
    assert!(ids.into_iter().eq(1..=6000), "each item comes once, in order");
}

#[test]
fn independent_processes_share_a_limit() {
    let sandbox = library(4, 60, RateLimit::new(40, Duration::from_millis(300)));
    assert_eq!(sandbox.api_key(), "sandbox-api-key");
    let children: Vec<_> = (1..=4)
        .map(|number| {
            support::test_process(module_path!(), "one_of_many_processes")
                .env(SANDBOX, format!("{} {number}", sandbox.url()))
                .stdout(Stdio::null())
                .spawn()
                .expect("a process can be started")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("it can be waited for").success(), "a process failed");
    }
    assert_eq!(sandbox.requests().len() as u64, 240 + sandbox.rate_limited(), "all of them listed");
    assert_refused_less_than(5, &sandbox, 240);
}

/// A client with an OAuth 2.0 token that keeps within the documented budgets, also of a stand-in.
fn with_budgets(server: &Server, policy: RetryPolicy) -> Client {
    let builder = server.builder().retry(policy).documented_budgets(true);
    let client = builder.build().expect("the settings are good");
    client.with_credentials(Credentials::access_token("token"))
}

/// Fetches a subscription with an OAuth 2.0 token many times at once, of which the service accepts 3 a second.
fn burst(client: &Client) {
    let client = client.with_credentials(Credentials::access_token("sandbox-access-token"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let error = client.user(USER).fetch_subscription(13058, "EXP-1").err();
                assert!(error.is_none_or(|error| error.kind() == ErrorKind::NotFound), "the limit isn't an error");
            });
        }
    });
}

#[test]
fn bursts_keep_within_a_budget_of_a_second() {
    // Whether or not responses announce a window of a minute, and whatever is left of it.
    let subscription = Reply::ok(&json!({ "active": true }));
    let announced = ["1", "2", "40"].map(|left| tells(subscription.clone(), "500, 500;w=60", "400", left));
    for reply in announced.into_iter().chain([subscription, Reply::text(404, "")]) {
        let server = Server::script([reply.clone()]);
        burst(&with_budgets(&server, RetryPolicy::default()));
        let requests = server.requests();
        assert_eq!(requests.len(), 8);
        for (first, fourth) in requests.iter().zip(&requests[3..]) {
            assert!(fourth.at - first.at >= Duration::from_secs(1), "{reply:?}: {:?}", fourth.at - first.at);
        }
    }
}

#[test]
fn bursts_are_not_refused_by_the_documented_limits() {
    let sandbox = Sandbox::builder().demo().start().expect("there is a free port");
    assert_eq!(sandbox.access_token(), "sandbox-access-token");
    sandbox.set_rate_limit(Some(RateLimit::documented().aligned_to_clock(false)));
    burst(&sandbox.client_with(|builder| builder.documented_budgets(true)).expect("the settings are good"));
    assert_eq!(sandbox.rate_limited(), 0);
}

#[test]
fn the_documented_budget_holds_until_a_response_tells_more() {
    let policy = hasty().max_retry_after(Duration::from_secs(2));
    // With a token, 10 profiles a minute. These responses announce nothing.
    for reply in [profile(), Reply::text(404, "")] {
        let server = Server::script([reply.clone()]);
        let user = with_budgets(&server, policy.clone()).user(USER);
        for _ in 0..10 {
            let error = user.fetch_info().err();
            assert!(error.as_ref().is_none_or(|error| error.kind() == ErrorKind::NotFound), "{reply:?}: {error:?}");
        }
        let error = fails(user.fetch_info(), ErrorKind::RateLimited);
        assert!(error.retry_after().is_some_and(|pause| pause > Duration::from_secs(2)), "{error}");
        assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
        assert_eq!(server.count(), 10, "{reply:?}");
    }
    // The service announces more.
    let server = Server::script([tells(profile(), "1000, 1000;w=60", "900", "30")]);
    let user = with_budgets(&server, policy).user(USER);
    for _ in 0..20 {
        let _ = user.fetch_info().expect("there is room");
    }
    assert_eq!(server.count(), 20);
}

#[test]
fn declared_budgets_hold_on_a_server_that_announces_nothing() {
    const RESTRICT: Endpoint = Endpoint::patch("/universes/{universe}/users/{user}")
        .with_budget(4, 4)
        .with_budget_for(&["user"], Budget::per_minute(2));
    let policy = hasty().max_retry_after(Duration::from_secs(2));
    let restrict = |client: &Client, user: u64| {
        client.call(&RESTRICT).param("universe", 1).param("user", user).json(&json!({})).send().map(drop)
    };
    let server = Server::script([Reply::ok(&json!({}))]);
    let client = with_budgets(&server, policy.clone());
    for (user, is_sent) in [(1, true), (1, true), (1, false), (2, true), (3, true), (3, false), (4, false)] {
        let before = server.count();
        match restrict(&client, user) {
            Ok(()) => assert!(is_sent, "{user}"),
            Err(error) => assert!(!is_sent && error.kind() == ErrorKind::RateLimited, "{user}: {error}"),
        }
        assert_eq!(server.count() - before, usize::from(is_sent), "{user}");
    }
}

#[test]
fn documented_budgets_do_not_hold_on_another_server_by_default() {
    let policy = hasty().max_retry_after(Duration::from_secs(2));
    for setting in [None, Some(false)] {
        let server = Server::script([profile()]);
        let builder = server.builder().retry(policy.clone());
        let builder = setting.into_iter().fold(builder, |builder, count| builder.documented_budgets(count));
        let client = builder.build().expect("the settings are good");
        for user in [client.user(USER), client.with_credentials(Credentials::access_token("token")).user(USER)] {
            for _ in 0..20 {
                let _ = user.fetch_info().expect("nobody announced a limit");
            }
        }
        assert_eq!(server.count(), 40);
    }
}

#[test]
fn one_refusal_delays_all_threads() {
    let pause = Duration::from_millis(300);
    let first = Reply::text(429, "").with("retry-after", "0.3");
    let server = Server::script([first, profile()]);
    let client = server.builder().retry(hasty().max_attempts(1)).build().expect("it is good");
    fails(client.user(USER).fetch_info(), ErrorKind::RateLimited);
    thread::scope(|scope| {
        for _ in 0..4 {
            let user = client.clone().user(USER);
            scope.spawn(move || user.fetch_info().expect("the time is over"));
        }
    });
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    for request in &requests[1..] {
        assert!(request.at - requests[0].at >= pause, "{:?}", request.at - requests[0].at);
    }
    // Another client has its own count.
    let began = Instant::now();
    let _ = server.user().fetch_info().expect("this one was not refused");
    assert!(began.elapsed() < TOLERANCE);
}

#[test]
fn endpoints_have_separate_limits() {
    let server = Server::start(|request| match request.path() {
        path if path.ends_with("/inventory-items") => Reply::text(429, "").with("retry-after", "60"),
        _ => profile(),
    });
    let user = server.user();
    let listing = thread::spawn({
        let user = user.clone();
        move || user.list_inventory().count()
    });
    while server.count() == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    for _ in 0..10 {
        let _ = user.fetch_info().expect("this endpoint has its own limit");
    }
    assert!(!listing.is_finished(), "the inventory waits");
    let listings = server.requests().iter().filter(|request| request.path().ends_with("/inventory-items")).count();
    assert_eq!((listings, server.count()), (1, 11));
}

#[test]
fn creates_and_updates_wait_for_the_rate_limit() {
    for (what, change) in CHANGES {
        let server = Server::script([tells(started(), "1", "0", "0.3")]);
        let user = server.user();
        for _ in 0..2 {
            let _ = change(&user).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "{what}");
        assert!(requests[1].at - requests[0].at >= Duration::from_millis(300), "{what}");
    }
}

#[test]
fn waits_above_the_policy_are_errors() {
    let policy = hasty().max_retry_after(Duration::from_secs(2));
    let half_a_minute = Duration::from_secs(30);
    for (first, status) in
        [(tells(profile(), "1", "0", "30"), 200), (Reply::text(429, "").with("retry-after", "30"), 429)]
    {
        let server = Server::script([first, profile()]);
        let user = user(&server, policy.clone());
        let outcome = user.fetch_info();
        assert_eq!(outcome.is_ok(), status == 200, "{outcome:?}");
        for _ in 0..3 {
            let began = Instant::now();
            let error = fails(user.fetch_info(), ErrorKind::RateLimited);
            assert!(began.elapsed() < TOLERANCE, "it waited");
            let delay = error.retry_after().expect("the error carries the wait");
            assert!(delay <= half_a_minute && delay >= Duration::from_secs(15), "{delay:?}");
            assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
        }
        assert_eq!(server.count(), 1, "nothing was sent");
    }
    // Neither is a create.
    let server = Server::script([tells(started(), "1", "0", "30")]);
    let user = user(&server, policy);
    let upload = CHANGES[0].1;
    let _ = upload(&user).expect("the first one is taken");
    let error = fails(upload(&user), ErrorKind::RateLimited);
    assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
    assert_eq!(server.count(), 1);
}

#[test]
fn the_wait_for_the_window_is_kept() {
    let answered = AtomicUsize::new(0);
    // Windows of two requests.
    let server = Server::start(move |_| {
        let remaining = 1 - answered.fetch_add(1, Ordering::SeqCst) % 2;
        tells(profile(), "2", &remaining.to_string(), "0.15")
    });
    let user = server.user();
    for _ in 0..6 {
        let _ = user.fetch_info().expect("the limit isn't an error");
    }
    let requests = server.requests();
    for pair in [(1, 2), (3, 4)] {
        let gap = requests[pair.1].at - requests[pair.0].at;
        assert!(gap >= Duration::from_millis(140), "{pair:?}: {gap:?}");
    }
}

#[test]
fn without_limits_no_call_waits() {
    for reply in [
        profile(),
        profile().with("x-ratelimit-limit", "1, 1;w=60"),
        profile().with("x-ratelimit-reset", "60"),
        profile().with("x-ratelimit-limit", "1").with("x-ratelimit-reset", "60"),
        profile().with("x-ratelimit-remaining", "0"),
        profile().with("retry-after", "60"),
    ] {
        let server = Server::script([reply.clone()]);
        let user = server.user();
        let began = Instant::now();
        for _ in 0..20 {
            let _ = user.fetch_info().unwrap_or_else(|error| panic!("{reply:?}: {error}"));
        }
        assert!(began.elapsed() < TOLERANCE, "{reply:?}: somebody waited");
        assert_eq!(server.count(), 20);
    }
}

#[test]
fn a_list_of_limits_is_read() {
    let server = Server::script([tells(profile(), "1000, 1000;w=60", "998", "60")]);
    let user = server.user();
    let began = Instant::now();
    for _ in 0..20 {
        let _ = user.fetch_info().expect("there is room");
    }
    assert!(began.elapsed() < TOLERANCE);
}

#[test]
fn the_longest_delay_of_a_refusal_counts() {
    for (headers, seconds) in [
        (&[("retry-after", "5"), ("x-ratelimit-reset", "22, 0"), ("x-ratelimit-remaining", "0, 940")][..], Some(22)),
        (&[("retry-after", "5"), ("x-ratelimit-reset", "0, 22"), ("x-ratelimit-remaining", "940, 0")], Some(22)),
        (&[("x-ratelimit-reset", "0"), ("x-ratelimit-reset", "22"), ("retry-after", "5")], Some(22)),
        (&[("retry-after", "30"), ("x-ratelimit-reset", "22, 0")], Some(30)),
        (&[("retry-after", "5, 7"), ("retry-after", "6")], Some(7)),
        (&[("retry-after", "5")], Some(5)),
        (&[("x-ratelimit-reset", "junk, 22")], Some(22)),
        (&[("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"), ("x-ratelimit-reset", "22")], Some(22)),
        (&[("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")], None),
        (&[("retry-after", "-5"), ("x-ratelimit-reset", "1764000000")], None),
    ] {
        let refusal = headers.iter().fold(Reply::text(429, ""), |reply, (name, value)| reply.with(name, *value));
        let server = Server::script([refusal]);
        let error = fails(user(&server, RetryPolicy::none()).fetch_info(), ErrorKind::RateLimited);
        assert_eq!(error.retry_after(), seconds.map(Duration::from_secs), "{headers:?}");
    }
}

#[test]
fn the_most_constrained_window_of_a_list_counts() {
    let policy = hasty().max_retry_after(Duration::from_secs(2));
    for (remaining, reset) in [("0, 940", "30, 0"), ("940, 0", "0, 30"), ("940, junk, 0", "-1, 30")] {
        let server = Server::script([tells(profile(), "60, 1000;w=60", remaining, reset)]);
        let user = user(&server, policy.clone());
        let _ = user.fetch_info().expect("the first call is answered");
        let error = fails(user.fetch_info(), ErrorKind::RateLimited);
        let delay = error.retry_after().expect("the error carries the wait");
        assert!(
            delay <= Duration::from_secs(30) && delay >= Duration::from_secs(15),
            "{remaining}, {reset}: {delay:?}"
        );
        assert_eq!(server.count(), 1, "{remaining}, {reset}");
    }
}

#[test]
fn closed_limits_are_kept_among_any_number_of_others() {
    let server = Server::start(move |request| match request.path() {
        "/with/a/delay" => Reply::text(429, "").with("retry-after", "60"),
        "/refused" => tells(Reply::text(429, ""), "1, 1000", "0, 940", "60, 0"),
        "/used/up" => tells(Reply::ok(&json!({})), "1, 1000", "0, 940", "60, 0"),
        _ => Reply::ok(&json!({})),
    });
    let policy = RetryPolicy::none().max_retry_after(Duration::from_secs(1));
    let client = server.builder().retry(policy).build().expect("the settings are good");
    let get = |path: &str| client.request(Method::Get, path).send();
    let closed = ["/with/a/delay", "/refused", "/used/up"];
    for path in closed {
        let _ = get(path);
    }
    for number in 0..1100 {
        get(&format!("/open/n{number}")).expect("it has its own limit");
    }
    for path in closed {
        let error = fails(get(path), ErrorKind::RateLimited);
        assert!(error.to_string().contains("not sent"), "{path}: {error}");
        assert_eq!(server.requests().iter().filter(|request| request.path() == path).count(), 1, "{path}");
    }
}

/// Limits that no real service sends.
const ABSURD: [&str; 24] = [
    "18446744073709551615",
    "18446744073709551614",
    "18446744073709551616",
    "99999999999999999999999999999999999999",
    "9223372036854775807",
    "4294967296",
    "1e300",
    "-1e300",
    "-5",
    "-0",
    "NaN",
    "inf",
    "-inf",
    "",
    " ",
    "garbage",
    "0x10",
    ".",
    "1.",
    "0.0.0",
    ",",
    ";w=60",
    "1000, 1000;w=60",
    "Thu, 99 Foo 99999 99:99:99 GMT",
];

/// Makes three calls, which may fail only because of the rate limit.
fn calls_end(reply: Reply) {
    let server = Server::script([reply.clone()]);
    let ms = Duration::from_millis;
    let policy = hasty().max_attempts(2).max_retry_after(ms(200)).max_elapsed(ms(20));
    let user = user(&server, policy);
    // Limits that are believed take minutes or years.
    within(Duration::from_secs(50), move || {
        for _ in 0..3 {
            if let Err(error) = user.fetch_info() {
                assert_eq!(error.kind(), ErrorKind::RateLimited, "{reply:?}: {error}");
            }
        }
    });
}

#[test]
fn absurd_limits_do_not_panic_or_block() {
    for absurd in ABSURD {
        for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"] {
            for reply in [profile(), Reply::text(429, "")] {
                // Alone, beside valid ones, and in an exhausted window.
                calls_end(reply.clone().with(name, absurd));
                for remaining in ["5", "0"] {
                    let sound = [
                        ("x-ratelimit-limit", "10"),
                        ("x-ratelimit-remaining", remaining),
                        ("x-ratelimit-reset", "0.01"),
                    ];
                    let others = sound.into_iter().filter(|(other, _)| *other != name);
                    let reply = others.fold(reply.clone(), |reply, (other, value)| reply.with(other, value));
                    calls_end(reply.with(name, absurd));
                }
            }
        }
    }
}

#[test]
fn absurd_limits_in_all_headers_do_not_panic_or_block() {
    for absurd in ABSURD {
        for reply in [profile(), Reply::text(429, "")] {
            calls_end(tells(reply.clone(), absurd, absurd, absurd));
            calls_end(tells(reply, absurd, absurd, "0.01").with("retry-after", absurd));
        }
    }
}

#[test]
fn largest_numbers_do_not_panic() {
    let server = Arc::new(Server::script([tells(profile(), "18446744073709551615", "18446744073709551615", "1")]));
    let client = server.client();
    thread::scope(|scope| {
        for _ in 0..4 {
            let user = client.clone().user(USER);
            scope.spawn(move || {
                for _ in 0..10 {
                    let _ = user.fetch_info().expect("there is more than enough room");
                }
            });
        }
    });
    assert_eq!(server.count(), 40);
}

#[test]
fn calls_do_not_wait_for_windows_beyond_their_deadline() {
    let server = Server::script([tells(started(), "1", "0", "30")]);
    let operation = server.client().operation("operations/abc".parse().expect("a name"));
    assert!(operation.poll().expect("it is pending").is_none());
    let began = Instant::now();
    let options = rblxopencloud::WaitOptions::new().timeout(Duration::from_millis(150));
    let error = fails(operation.wait_with(&options), ErrorKind::OperationPending);
    assert!(began.elapsed() < TOLERANCE, "{error}");
    assert_eq!(server.count(), 1);
}

#[test]
fn changed_limits_are_noticed() {
    let sandbox = Sandbox::start().expect("there is a free port");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    let user = sandbox.client().user(USER);
    for limit in [Some(200), Some(20), None, Some(50), Some(10)] {
        sandbox.set_rate_limit(limit.map(|requests| RateLimit::new(requests, Duration::from_millis(200))));
        for _ in 0..60 {
            let _ = user.fetch_info().expect("the limit isn't an error");
        }
    }
}

#[test]
fn more_threads_than_the_limit_wait_without_errors() {
    let window = Duration::from_millis(200);
    let sandbox = library(1, 1, RateLimit::new(2, window));
    let policy = hasty().max_attempts(10).max_retry_after(window * 3 / 2);
    let client = sandbox.client_with(|builder| builder.retry(policy)).expect("the settings are good");
    // The first response tells the limit.
    owned(&client.user(1)).expect("there is room");
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| owned(&client.user(1)).expect("its turn comes"));
        }
    });
}
