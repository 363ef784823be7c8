//! A game server's gate as a user would write it: a pool of threads that checks whether a user owns a pass, with a time limit
//! for each call.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::inventory::InventoryGamePass;
use rblxopencloud::{Client, Error, ErrorKind, InventoryItem, RetryPolicy, UserInfo};
use rblxopencloud_sandbox::{Fault, RateLimit, Sandbox};

const THREADS: usize = 16;
const CALLS: u64 = 20;
const PASS: u64 = 777;
const LIMIT: Duration = Duration::from_millis(500);
/// Tolerance on a busy machine. A call that ignores its limit takes a minute.
const SLACK: Duration = Duration::from_secs(8);

/// Every second user owns the pass.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a sandbox");
    for user in 1..=THREADS as u64 * CALLS {
        sandbox.add_user(UserInfo::new(user, format!("user{user}")));
        let items = (user % 2 == 0).then(|| InventoryItem::GamePass(InventoryGamePass::new(PASS)));
        sandbox.set_inventory(user, items);
    }
    sandbox
}

fn owns_pass(client: &Client, user: u64) -> Result<bool, Error> {
    let mut items = client.user(user).list_inventory().game_passes(PASS);
    Ok(items.next().transpose()?.is_some())
}

/// Checks every user from many threads. Returns the duration and result of each call.
fn rush(client: &Client) -> Vec<(Duration, Result<bool, Error>)> {
    let next = AtomicU64::new(1);
    let calls = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let user = next.fetch_add(1, Ordering::SeqCst);
                    if user > THREADS as u64 * CALLS {
                        return;
                    }
                    let began = Instant::now();
                    let answer = owns_pass(client, user);
                    if let Ok(owns) = answer {
                        assert_eq!(owns, user % 2 == 0);
                    }
                    calls.lock().expect("no panic under it").push((began.elapsed(), answer));
                }
            });
        }
    });
    calls.into_inner().expect("no panic under it")
}

fn assert_in_time(calls: &[(Duration, Result<bool, Error>)], what: &str) {
    assert_eq!(calls.len(), THREADS * usize::try_from(CALLS).expect("few"), "{what}");
    let mut times: Vec<Duration> = calls.iter().map(|(time, _)| *time).collect();
    times.sort_unstable();
    let p95 = times[times.len() * 95 / 100];
    assert!(p95 <= LIMIT + SLACK, "{what}: {p95:?}");
    for (time, answer) in calls {
        assert!(*time <= LIMIT + SLACK, "{what}: {time:?}");
        let Err(error) = answer else { continue };
        assert!(matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Timeout), "{what}: {error}");
        assert!(error.is_retryable() && !error.outcome_unknown(), "{what}: {error}");
        if error.kind() == ErrorKind::RateLimited {
            assert!(error.retry_after().is_some_and(|pause| !pause.is_zero()), "{what}: {error}");
        }
        assert!(!error.to_string().contains('\n'), "{what}: {error}");
    }
}

#[test]
fn exhausted_windows_are_errors_within_the_time_limit() {
    for policy in [RetryPolicy::default(), RetryPolicy::none()] {
        let sandbox = sandbox();
        sandbox.set_rate_limit(Some(RateLimit::new(100, Duration::from_secs(60))));
        let client = sandbox.client_with(|client| client.retry(policy).timeout(LIMIT)).expect("the settings are good");
        let calls = rush(&client);
        assert_in_time(&calls, "used up");
        let answered = calls.iter().filter(|(_, answer)| answer.is_ok()).count();
        assert_eq!(answered, 100, "the whole window was used");
        assert!(calls.iter().any(|(_, answer)| answer.is_err()));
        assert!(sandbox.rate_limited() <= THREADS as u64, "the gate kept the others from sending");
    }
}

#[test]
fn hanging_services_block_no_thread() {
    for (what, fault) in [
        ("silent", Fault::delay(Duration::from_secs(120))),
        ("refusing without a word", Fault::status(429).body("")),
        ("busy", Fault::status(503).header("retry-after", "30")),
        ("hanging up", Fault::reset_before_answer()),
    ] {
        let sandbox = sandbox();
        sandbox.inject(fault.times(u64::MAX));
        let client = sandbox.client().with_timeout(LIMIT);
        for (time, answer) in rush(&client) {
            assert!(time <= LIMIT + SLACK, "{what}: {time:?}");
            let error = answer.expect_err("nobody answers");
            assert!(error.is_retryable(), "{what}: {error}");
        }
    }
}

#[test]
fn time_limits_belong_to_one_handle() {
    let sandbox = sandbox();
    sandbox.inject(Fault::delay(LIMIT * 2).times(2));
    let client = sandbox.client();
    let hasty = client.with_timeout(LIMIT / 2);
    assert_eq!(owns_pass(&hasty, 2).expect_err("it is too slow").kind(), ErrorKind::Timeout);
    assert!(owns_pass(&client, 2).expect("there is time"));
    for odd in [Duration::ZERO, Duration::MAX] {
        let began = Instant::now();
        let _ = owns_pass(&client.with_timeout(odd), 2);
        assert!(began.elapsed() < SLACK);
    }
}

#[test]
fn the_calls_of_one_request_share_its_deadline() {
    let sandbox = Sandbox::builder().demo().start().expect("a sandbox");
    let client = sandbox.client();
    let group = client.group(7);
    assert_eq!(group.rank_of(156).expect("there is time"), Some(255));
    sandbox.clear_requests();

    // The handle with a deadline uses the roles that the server's handle keeps.
    let in_time = Instant::now() + Duration::from_secs(60);
    assert_eq!(group.with_deadline(in_time).rank_of(156).expect("there is time"), Some(255));
    assert_eq!(group.with_timeout(Duration::from_secs(60)).rank_of(156).expect("there is time"), Some(255));
    assert_eq!(sandbox.requests().len(), 2, "one for each membership, none for the roles");

    sandbox.inject(Fault::delay(Duration::from_secs(120)).times(u64::MAX));
    let began = Instant::now();
    let hasty = client.with_deadline(began + LIMIT);
    let late = hasty.user(156).fetch_info().expect_err("it is too slow");
    assert_eq!(late.kind(), ErrorKind::Timeout);
    assert!(late.to_string().contains("did not end before its deadline"), "{late}");
    sandbox.clear_requests();
    // The next calls have no time left, and a longer limit of their own doesn't change that.
    for call in [
        hasty.user(156).fetch_info().map(drop),
        hasty.asset(1).with_timeout(Duration::from_secs(60)).fetch().map(drop),
        client.user(156).with_deadline(began + LIMIT).fetch_info().map(drop),
        group.with_deadline(began + LIMIT).rank_of(156).map(drop),
    ] {
        let error = call.expect_err("no time is left");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("not sent"), "{error}");
    }
    assert_eq!(sandbox.requests().len(), 0);
    assert!(began.elapsed() < SLACK);
    // A shorter limit of a call still holds.
    let error = client.with_deadline(in_time).with_timeout(LIMIT).user(156).fetch_info().expect_err("it is too slow");
    assert!(error.to_string().contains("timeout of 500ms"), "{error}");
}
