use super::*;
use crate::api::{Budget, ParameterKind, Slots};

fn unnamed(name: &str) -> Demand<'_> {
    Demand {
        bucket: (Method::Get, Cow::Owned(name.to_owned())),
        endpoint: None,
        parameters: &[],
        scheme: None,
        pace: None,
    }
}

fn enter(gate: &Gate, name: &str) -> Result<Permit, Refused> {
    let patience = Patience { longest_pause: Duration::ZERO, deadline: None, budget_ends: None };
    gate.enter(&unnamed(name), patience, None)
}

fn count(gate: &Gate) -> usize {
    gate.buckets.lock().expect("no panic under it").len()
}

#[test]
fn only_open_and_unused_limits_are_forgotten() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let minute = Some(Duration::from_secs(60));
    let close = |name: &str, limits| enter(&gate, name).expect("it is open").refused(limits);
    close("refused", Limits { retry_after: minute, ..Limits::default() });
    let used_up = Limits { limit: Some(1), remaining: Some(0), reset: minute, ..Limits::default() };
    enter(&gate, "used up").expect("it is open").answered(used_up);
    let permit = enter(&gate, "under way").expect("it is open");
    for number in 0..3 * MAX_BUCKETS {
        drop(enter(&gate, &number.to_string()).expect("it is open"));
        assert!(count(&gate) <= MAX_BUCKETS);
    }
    for name in ["refused", "used up"] {
        assert!(matches!(enter(&gate, name), Err(Refused::TooLong(_))), "{name}");
    }
    assert!(Arc::ptr_eq(&permit.buckets[0], &gate.buckets_of(&unnamed("under way"))[0]));
}

#[test]
fn closed_limits_may_exceed_the_number() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let names: Vec<String> = (0..=MAX_BUCKETS + 5).map(|number| number.to_string()).collect();
    for name in &names {
        let limits = Limits { retry_after: Some(Duration::from_secs(60)), ..Limits::default() };
        enter(&gate, name).expect("it is open").refused(limits);
    }
    assert!(names.iter().all(|name| enter(&gate, name).is_err()), "one of them was forgotten");
}

const TASKS: Slots = Slots::new("tasks", &["place"], 2, Duration::from_secs(300));
const START: Endpoint = Endpoint::post("/places/{place}/tasks").with_slots(TASKS);
const START_VERSION: Endpoint = Endpoint::post("/places/{place}/versions/{version}/tasks").with_slots(TASKS);
const RESTRICT: Endpoint = Endpoint::patch("/universes/{universe}/users/{user}")
    .with_budget(100, 100)
    .with_budget_for(&["universe", "user"], Budget::per_minute(2));
const OF_PLACE: Endpoint = Endpoint::patch("/universes/{universe}/places/{place}/bans/{user}")
    .with_shared_budget_for("bans", &["universe"], Budget::per_minute(5))
    .with_shared_budget_for("bans", &["universe", "user"], Budget::per_minute(2));
/// Its budgets are declared the other way round, and one of them twice.
const OF_UNIVERSE: Endpoint = Endpoint::patch("/universes/{universe}/bans/{user}")
    .with_shared_budget_for("bans", &["universe", "user"], Budget::per_minute(2))
    .with_shared_budget_for("bans", &["universe"], Budget::per_minute(5));
const TWICE: Endpoint = Endpoint::post("/universes/{universe}/bans/{user}")
    .with_shared_budget_for("bans", &["universe"], Budget::per_minute(5))
    .with_shared_budget_for("bans", &["universe"], Budget::per_minute(5));

/// A request to a path of the endpoint.
fn to<'a>(endpoint: &'a Endpoint, path: &str) -> Demand<'a> {
    let bucket = (endpoint.method(), Cow::Borrowed(endpoint.path()));
    let named = endpoint.path().split('/').zip(path.split('/')).filter(|(name, _)| name.starts_with('{'));
    let parameter = |(name, value): (&str, &str)| Parameter {
        name: name.trim_matches(['{', '}']).to_owned(),
        value: value.to_owned(),
        kind: ParameterKind::Segment,
    };
    let parameters = named.map(parameter).collect::<Vec<_>>().leak();
    Demand { bucket, endpoint: Some(endpoint), parameters, scheme: Some(Scheme::ApiKey), pace: None }
}

fn at_once(gate: &Gate, endpoint: &Endpoint, path: &str) -> Result<Permit, Refused> {
    let patience = Patience { longest_pause: Duration::ZERO, deadline: None, budget_ends: None };
    gate.enter(&to(endpoint, path), patience, None)
}

fn in_time(gate: &Gate, endpoint: &Endpoint, path: &str, cancel: Option<&Cancel>) -> Result<Permit, Refused> {
    let patience = Patience { longest_pause: Duration::from_secs(60), deadline: None, budget_ends: None };
    gate.enter(&to(endpoint, path), patience, cancel)
}

/// Starts work whose slot stays taken.
fn start(gate: &Gate, endpoint: &Endpoint, path: &str) -> Slot {
    let mut permit = at_once(gate, endpoint, path).expect("a slot is free");
    permit.may_have_started(true);
    permit.answered(Limits::default());
    permit.slot().expect("the work takes a slot")
}

/// Waits until as many threads wait for the slots of place 1.
fn wait_for_queue(gate: &Gate, length: usize) {
    let bucket = gate.buckets_of(&to(&START, "/places/1/tasks")).swap_remove(0);
    while bucket.lock().pool().expect("it has slots").waiting() < length {
        std::thread::yield_now();
    }
}

#[test]
fn endpoints_share_the_slots_of_a_place() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let _first = start(&gate, &START, "/places/1/tasks");
    let second = start(&gate, &START_VERSION, "/places/1/versions/7/tasks");
    for (endpoint, path) in [(&START, "/places/1/tasks"), (&START_VERSION, "/places/1/versions/8/tasks")] {
        let wait = match at_once(&gate, endpoint, path) {
            Err(Refused::NoSlot(wait)) => wait,
            other => panic!("{other:?}"),
        };
        assert!(wait > Duration::from_secs(200) && wait <= Duration::from_secs(300), "{wait:?}");
    }
    drop(start(&gate, &START, "/places/2/tasks"));
    second.ended();
    drop(start(&gate, &START, "/places/1/tasks"));
    assert!(at_once(&gate, &START, "/places/1/tasks").is_err(), "the work of a dropped slot goes on");
}

#[test]
fn ended_work_wakes_those_that_wait_for_its_slot() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let slots = [(); 2].map(|()| start(&gate, &START, "/places/1/tasks"));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let waiting = [(); 2].map(|()| scope.spawn(|| in_time(&gate, &START, "/places/1/tasks", None).is_ok()));
        wait_for_queue(&gate, 2);
        for slot in slots {
            slot.ended();
        }
        assert!(waiting.into_iter().all(|thread| thread.join().expect("it doesn't panic")));
    });
    // They would look again after a minute.
    assert!(began.elapsed() < Duration::from_secs(30), "nobody woke them");
}

#[test]
fn requests_that_start_no_work_return_their_slot() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let _taken = start(&gate, &START, "/places/1/tasks");
    for _ in 0..5 {
        // Not sent; refused by the service; and a panic before anything is sent.
        drop(at_once(&gate, &START, "/places/1/tasks").expect("a slot is free"));
        let mut permit = at_once(&gate, &START, "/places/1/tasks").expect("a slot is free");
        permit.may_have_started(true);
        permit.answered(Limits::default());
        permit.may_have_started(false);
        drop(permit);
        let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _permit = at_once(&gate, &START, "/places/1/tasks").expect("a slot is free");
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(panics.is_err());
    }
    // It isn't known whether this one has started work.
    at_once(&gate, &START, "/places/1/tasks").expect("a slot is free").may_have_started(true);
    assert!(matches!(at_once(&gate, &START, "/places/1/tasks"), Err(Refused::NoSlot(_))));
}

#[test]
fn cancelled_waits_leave_the_queue() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let slots = [(); 2].map(|()| start(&gate, &START, "/places/1/tasks"));
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        let cancelled = scope.spawn(|| in_time(&gate, &START, "/places/1/tasks", Some(&cancel)));
        wait_for_queue(&gate, 1);
        let patient = scope.spawn(|| in_time(&gate, &START, "/places/1/tasks", None).is_ok());
        wait_for_queue(&gate, 2);
        cancel.cancel();
        assert!(matches!(cancelled.join().expect("it doesn't panic"), Err(Refused::Cancelled)));
        let [one, _] = slots;
        one.ended();
        assert!(patient.join().expect("it doesn't panic"));
    });
    wait_for_queue(&gate, 0);
}

#[test]
fn refusals_for_lack_of_slots_close_the_pool_only() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let _unfinished = start(&gate, &START, "/places/1/tasks");
    let mut permit = at_once(&gate, &START, "/places/1/tasks").expect("a slot is free");
    permit.may_have_started(true);
    permit.refused(Limits { retry_after: Some(Duration::from_secs(60)), ..Limits::default() });
    let pool = Arc::clone(&permit.buckets[0]);
    drop(permit);
    assert_eq!(pool.lock().pool().map(|pool| pool.taken(Instant::now())), Some(1), "it started nothing");
    assert!(matches!(at_once(&gate, &START_VERSION, "/places/1/versions/7/tasks"), Err(Refused::TooLong(_))));
    assert!(at_once(&gate, &START, "/places/2/tasks").is_ok());
    // An exhausted window concerns all places.
    let mut permit = at_once(&gate, &START, "/places/3/tasks").expect("a slot is free");
    permit.refused(Limits { remaining: Some(0), reset: Some(Duration::from_secs(60)), ..Limits::default() });
    drop(permit);
    assert!(matches!(at_once(&gate, &START, "/places/4/tasks"), Err(Refused::TooLong(_))));
}

#[test]
fn budgets_for_parameters_delay_only_the_same_values() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    for path in ["/universes/1/users/1", "/universes/1/users/2", "/universes/2/users/1"] {
        for _ in 0..2 {
            at_once(&gate, &RESTRICT, path).expect("two a minute").answered(Limits::default());
        }
        assert!(matches!(at_once(&gate, &RESTRICT, path), Err(Refused::TooLong(_))), "{path}");
    }
}

#[test]
fn responses_tell_of_the_window_with_their_limit() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let minute = Some(Duration::from_secs(60));
    let limits =
        |limit, remaining| Limits { limit: Some(limit), remaining: Some(remaining), reset: minute, retry_after: None };
    let path = |user| format!("/universes/1/users/{user}");
    // Others have restricted this user.
    at_once(&gate, &RESTRICT, &path(1)).expect("it is open").answered(limits(2, 0));
    assert!(at_once(&gate, &RESTRICT, &path(1)).is_err());
    at_once(&gate, &RESTRICT, &path(2)).expect("it is open").refused(limits(2, 0));
    assert!(at_once(&gate, &RESTRICT, &path(2)).is_err());
    // Without headers, the second request to the same user is the likely cause.
    at_once(&gate, &RESTRICT, &path(3)).expect("it is open").answered(Limits::default());
    at_once(&gate, &RESTRICT, &path(3)).expect("it is open").refused(Limits::default());
    assert!(at_once(&gate, &RESTRICT, &path(3)).is_err());
    assert!(at_once(&gate, &RESTRICT, &path(4)).is_ok());
    // The first one to another user exceeds the endpoint's limit.
    at_once(&gate, &RESTRICT, &path(5)).expect("it is open").refused(Limits::default());
    assert!(at_once(&gate, &RESTRICT, &path(6)).is_err());
}

#[test]
fn windows_of_parameters_are_bounded() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    for user in 0..3 * MAX_BUCKETS {
        let path = format!("/universes/1/users/{user}");
        let outcome = at_once(&gate, &RESTRICT, &path);
        if let Ok(mut permit) = outcome {
            let many =
                Limits { limit: Some(100), remaining: Some(99), reset: Some(Duration::ZERO), ..Limits::default() };
            permit.answered(many);
        }
        assert!(count(&gate) <= MAX_BUCKETS + 1);
    }
}

/// The limits in the headers of a response whose window lasts a minute.
fn announce(limit: &str, remaining: &str) -> Limits {
    let reset = ("x-ratelimit-reset", "60");
    Limits::of_headers(&[("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining), reset])
}

#[test]
fn lists_of_limits_describe_the_window_with_the_smallest() {
    for (list, remaining) in [("100, 2", "50, 1"), ("2, 100", "1, 50")] {
        let gate = Gate::new(&RetryPolicy::default(), true);
        let path = "/universes/1/users/1";
        let soon = Duration::from_nanos(1);
        // The window of this user ends at once. Of the next one, nothing is known but its limit.
        let limits = Limits { reset: Some(soon), ..announce(list, remaining) };
        at_once(&gate, &RESTRICT, path).expect("it is open").answered(limits);
        std::thread::sleep(Duration::from_millis(1));
        let permits: Vec<_> = (0..3).map_while(|_| at_once(&gate, &RESTRICT, path).ok()).collect();
        assert_eq!(permits.len(), 2, "{list}: two a minute");
    }
}

#[test]
fn first_refusals_without_limits_close_the_endpoint() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let later = Limits { retry_after: Some(Duration::from_secs(60)), ..Limits::default() };
    at_once(&gate, &START, "/places/1/tasks").expect("it is open").refused(later);
    assert!(at_once(&gate, &START, "/places/2/tasks").is_err(), "no other work can be unfinished");
    // While requests are left, it isn't for their number.
    let gate = Gate::new(&RetryPolicy::default(), true);
    at_once(&gate, &START, "/places/1/tasks").expect("it is open").refused(announce("100", "50"));
    assert!(at_once(&gate, &START, "/places/1/tasks").is_err());
    assert!(at_once(&gate, &START, "/places/2/tasks").is_ok());
}

#[test]
fn calls_that_wait_for_a_window_keep_nobody_from_a_slot() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let _first = start(&gate, &START, "/places/1/tasks");
    let second = start(&gate, &START, "/places/1/tasks");
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| in_time(&gate, &START, "/places/1/tasks", Some(&cancel)));
        wait_for_queue(&gate, 1);
        // The window of the endpoint is used up by requests for another place, while the first call waits for a slot.
        at_once(&gate, &START, "/places/2/tasks").expect("it is open").answered(announce("10", "0"));
        second.ended();
        let began = Instant::now();
        // Another endpoint's work of the same place.
        let other = loop {
            let other = at_once(&gate, &START_VERSION, "/places/1/versions/7/tasks");
            if other.is_ok() || began.elapsed() > Duration::from_secs(30) {
                break other;
            }
            std::thread::yield_now();
        };
        cancel.cancel();
        assert!(matches!(blocked.join().expect("it doesn't panic"), Err(Refused::Cancelled)));
        assert!(other.is_ok(), "the slot is free: {other:?}");
    });
}

#[test]
fn declared_budgets_hold_while_nothing_is_announced() {
    const GET: Endpoint = Endpoint::get("/users/{user}").with_budget(3, 3);
    let gate = Gate::new(&RetryPolicy::default(), true);
    for _ in 0..3 {
        at_once(&gate, &GET, "/users/1").expect("three a minute").answered(Limits::default());
    }
    assert!(matches!(at_once(&gate, &GET, "/users/1"), Err(Refused::TooLong(_))));
    // Without them, only what is announced counts.
    let gate = Gate::new(&RetryPolicy::default(), false);
    for _ in 0..10 {
        at_once(&gate, &GET, "/users/1").expect("nothing is announced").answered(Limits::default());
        at_once(&gate, &RESTRICT, "/universes/1/users/1").expect("nothing is announced").answered(Limits::default());
    }
    at_once(&gate, &GET, "/users/1").expect("nothing is announced").answered(announce("10", "0"));
    assert!(matches!(at_once(&gate, &GET, "/users/1"), Err(Refused::TooLong(_))));
    at_once(&gate, &RESTRICT, "/universes/1/users/1").expect("nothing is announced").answered(announce("2", "0"));
    assert!(matches!(at_once(&gate, &RESTRICT, "/universes/1/users/1"), Err(Refused::TooLong(_))));
    assert!(at_once(&gate, &RESTRICT, "/universes/1/users/2").is_ok(), "the limit is that of one user");
}

#[test]
fn endpoints_share_budgets_of_one_name() {
    let gate = Gate::new(&RetryPolicy::default(), true);
    let place = |user| at_once(&gate, &OF_PLACE, &format!("/universes/1/places/2/bans/{user}")).map(drop);
    let universe = |user| at_once(&gate, &OF_UNIVERSE, &format!("/universes/1/bans/{user}")).map(drop);
    assert!(place(7).is_ok() && universe(7).is_ok());
    assert!(place(7).is_err() && universe(7).is_err(), "two a minute, whichever endpoint it is");
    assert!(place(8).is_ok() && universe(9).is_ok());
    assert!(at_once(&gate, &TWICE, "/universes/1/bans/10").is_ok(), "it doesn't wait for itself");
    assert!(universe(11).is_err(), "five a minute for the universe");
    assert!(at_once(&gate, &OF_UNIVERSE, "/universes/2/bans/7").is_ok());
}

#[test]
fn shared_budgets_are_locked_in_one_order() {
    let gate = Gate::new(&RetryPolicy::default(), false);
    std::thread::scope(|scope| {
        for (endpoint, path) in [(&OF_PLACE, "/universes/1/places/2/bans/7"), (&OF_UNIVERSE, "/universes/1/bans/7")] {
            scope.spawn(|| (0..2000).for_each(|_| drop(at_once(&gate, endpoint, path))));
        }
    });
}
