//! Users are kept out as long as requested, once, and within the limits.

use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rblxopencloud::experience::{Restriction, RestrictionLogFilter, RestrictionStep, UserRestriction};
use rblxopencloud::{Error, ErrorKind, Experience, RetryPolicy};
use rblxopencloud_sandbox::{Fault, RateLimit, RecordedRequest, Sandbox};
use serde_json::json;

use crate::support::{Reply, Server, fails};

const UNIVERSE: u64 = 13058;
const PLACE: u64 = 1818;
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn sandbox() -> (Sandbox, Experience) {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let experience = sandbox.client().experience(UNIVERSE);
    (sandbox, experience)
}

fn week() -> Restriction {
    Restriction::lasting(WEEK).display_reason("Exploiting").private_reason("12 reports")
}

#[test]
fn a_restriction_kicks_keeps_out_and_ends() {
    let (sandbox, experience) = sandbox();
    sandbox.add_game_server(UNIVERSE, PLACE, 7, [156, 1007]);
    assert!(!experience.fetch_restriction(156).expect("it is known").is_in_force());
    let restriction = experience.restrict_user(156, week().restrict_alt_accounts(false)).expect("it is made");
    let details = &restriction.game_join_restriction;
    assert_eq!(
        (restriction.user_id(), details.duration, details.exclude_alt_accounts),
        (Some(156), Some(WEEK), Some(true))
    );
    assert_eq!((details.display_reason.as_str(), details.private_reason.as_str()), ("Exploiting", "12 reports"));
    assert_eq!(sandbox.players(UNIVERSE), [(PLACE, 7, vec![1007])]);
    let place = experience.place(PLACE);
    let inherited = place.fetch_restriction(156).expect("it is known");
    assert_eq!((inherited.is_in_force(), inherited.game_join_restriction.inherited), (true, Some(true)));
    sandbox.advance_clock(WEEK);
    for told in [false, true] {
        sandbox.set_ended_restrictions_active(told);
        let ended = experience.fetch_restriction(156).expect("it is known");
        assert_eq!(ended.game_join_restriction.active, told);
        let now = ended.game_join_restriction.ends_at().expect("it has an end");
        assert!(!ended.game_join_restriction.is_in_force(now));
    }
    // The client's clock isn't moved on, and its idempotency keys are as fresh as before.
    let again = experience.restrict_user(1007, week()).expect("it is made");
    assert!(
        again.game_join_restriction.active && !experience.lift_restriction(1007).expect("it is lifted").is_in_force()
    );
}

#[test]
fn places_have_restrictions_of_their_own() {
    let (_sandbox, experience) = sandbox();
    let (place, other) = (experience.place(PLACE), experience.place(1819));
    place.restrict_user(156, Restriction::permanent()).expect("it is made");
    assert!(place.fetch_restriction(156).expect("it is known").is_in_force());
    assert!(!other.fetch_restriction(156).expect("it is known").is_in_force());
    assert!(!experience.fetch_restriction(156).expect("it is known").is_in_force());
    assert_eq!((place.list_restrictions().count(), experience.list_restrictions().count()), (1, 0));
    assert!(!place.lift_restriction(156).expect("it is lifted").is_in_force());
    experience.lift_restriction(7).expect("a user who isn't restricted stays so");
    let all: Vec<_> = experience.list_restriction_logs().collect::<Result<_, Error>>().expect("a log");
    assert_eq!(all.iter().map(|change| change.active).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!((all[0].place_id(), all[1].place_id(), all[1].user_id()), (None, Some(PLACE), Some(156)));
    assert_eq!(all[0].moderator.as_ref().and_then(|moderator| moderator.user_id()), Some(156));
    let count = |filter| experience.list_restriction_logs_with(filter).filter_map(Result::ok).count();
    assert_eq!(count(RestrictionLogFilter::new().user(7)), 1);
    assert_eq!(count(RestrictionLogFilter::new().user(156).place(PLACE)), 2);
    assert_eq!(count(RestrictionLogFilter::new().user(7).place(PLACE)), 0);
    assert_eq!((place.list_restriction_logs().count(), other.list_restriction_logs().count()), (2, 0));
}

#[test]
fn a_repeated_call_has_the_same_key_and_is_carried_out_once() {
    let (sandbox, experience) = sandbox();
    sandbox.inject(Fault::reset_before_answer());
    experience.restrict_user(156, week()).expect("it is repeated");
    assert_eq!(sandbox.restriction_changes(UNIVERSE, 156), 1);
    experience.lift_restriction(156).expect("it is lifted");
    experience.restrict_user(156, week()).expect("the same again");
    assert_eq!(sandbox.restriction_changes(UNIVERSE, 156), 3, "a later call isn't swallowed");
    let key = |request: &RecordedRequest| request.query_value("idempotencyKey.key").expect("a key").to_owned();
    let keys: Vec<String> = sandbox.requests().iter().map(key).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys[0] == keys[1] && keys[1] != keys[2] && keys[1] != keys[3] && keys[2] != keys[3], "{keys:?}");
}

#[test]
fn a_key_is_sent_with_the_time_of_the_call() {
    let reply = json!({ "path": "universes/1/user-restrictions/2", "gameJoinRestriction": { "active": true } });
    let server = Server::script([Reply::HangUp, Reply::ok(&reply)]);
    let before = Timestamp::now();
    server.client().experience(1).restrict_user(2, Restriction::permanent()).expect("it is repeated");
    let requests = server.requests();
    let sent = |index: usize| requests[index].query("idempotencyKey.firstSent").expect("it has a time");
    assert_eq!((requests.len(), sent(0)), (2, sent(1)));
    let sent: Timestamp = sent(0).parse().expect("a time");
    let second = jiff::SignedDuration::from_secs(1);
    assert!(before - second <= sent && sent <= Timestamp::now() + second);
    assert_eq!(requests[0].query("updateMask").as_deref(), Some("gameJoinRestriction"));
}

#[test]
fn restrictions_that_the_service_would_refuse_are_not_sent() {
    let (sandbox, experience) = sandbox();
    let past = Timestamp::now() - jiff::SignedDuration::from_secs(1);
    for bad in [
        Restriction::lasting(Duration::ZERO),
        Restriction::lasting(Duration::from_millis(1500)),
        Restriction::permanent().display_reason("x".repeat(401)),
        Restriction::permanent().private_reason("x".repeat(1001)),
        Restriction::until(past),
    ] {
        fails(experience.restrict_user(156, bad.clone()), ErrorKind::InvalidInput);
        fails(experience.place(PLACE).restrict_user(156, bad), ErrorKind::InvalidInput);
    }
    assert!(sandbox.requests().is_empty());
    let most = Restriction::permanent().display_reason("x".repeat(400)).private_reason("x".repeat(1000));
    experience.restrict_user(156, most).expect("it is made");
}

#[test]
fn the_third_change_of_a_user_in_a_minute_waits_wherever_it_is_made() {
    let (sandbox, _) = sandbox();
    sandbox.set_rate_limit(Some(RateLimit::documented().aligned_to_clock(false)));
    let client = sandbox.client_with(|builder| builder.documented_budgets(true)).expect("the settings are good");
    let experience = client.with_timeout(Duration::from_secs(10)).experience(UNIVERSE);
    experience.restrict_user(156, week()).expect("the first");
    experience.place(PLACE).restrict_user(156, week()).expect("the second");
    for third in [experience.lift_restriction(156), experience.place(PLACE).lift_restriction(156)] {
        let error = fails(third, ErrorKind::RateLimited);
        assert!(error.retry_after().is_some(), "{error}");
    }
    experience.restrict_user(1007, week()).expect("another user");
    assert_eq!(sandbox.rate_limited(), 0, "the client knows the limit");
    assert_eq!(sandbox.requests().len(), 3);
    // One that doesn't know it is told.
    let strange = sandbox.client().with_timeout(Duration::from_secs(5)).experience(UNIVERSE);
    fails(strange.lift_restriction(156), ErrorKind::RateLimited);
    assert!(sandbox.rate_limited() > 0);
}

/// Applies what is left to do.
fn sync(
    experience: &Experience,
    desired: &[(u64, Restriction)],
    lift_others: bool,
) -> Vec<(u64, Result<UserRestriction, Error>)> {
    let sync = experience.sync_restrictions(desired.iter().cloned()).lift_others(lift_others);
    let plan = sync.plan().expect("a plan");
    sync.apply(plan).map(|outcome| (outcome.step.user_id(), outcome.result)).collect()
}

#[test]
fn a_sync_changes_what_differs_and_nothing_else() {
    let (sandbox, experience) = sandbox();
    experience.restrict_user(1, week()).expect("as desired");
    experience.restrict_user(2, Restriction::permanent()).expect("for another time");
    experience.restrict_user(3, Restriction::permanent()).expect("nobody named it");
    experience.restrict_user(4, week()).expect("made");
    experience.lift_restriction(4).expect("lifted");
    let desired: Vec<(u64, Restriction)> = [1, 2, 4, 5].into_iter().map(|user| (user, week())).collect();
    let prepared = experience.sync_restrictions(desired.iter().cloned());
    sandbox.clear_requests();
    let plan = prepared.plan().expect("a plan");
    assert!(sandbox.requests().iter().all(|request| request.method == "GET"), "a plan changes nothing");
    assert_eq!(plan.steps.iter().map(RestrictionStep::user_id).collect::<Vec<_>>(), [2, 4, 5]);
    assert_eq!((&plan.unchanged[..], &plan.others[..]), (&[1][..], &[3][..]));
    // Nothing happens until the outcomes are taken. The program stops after the first one.
    let mut changes = prepared.apply(plan);
    changes.next().expect("a step").result.expect("it is made");
    drop(changes);
    let rest = sync(&experience, &desired, true);
    assert_eq!(rest.iter().map(|(user, _)| *user).collect::<Vec<_>>(), [4, 5, 3]);
    assert!(rest.iter().all(|(_, result)| result.is_ok()));
    assert!(sync(&experience, &desired, true).is_empty());
    for (user, changes) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 1)] {
        assert_eq!(sandbox.restriction_changes(UNIVERSE, user), changes, "{user}");
    }
    // A week later, nobody is restricted again.
    let plan = prepared.plan().expect("a plan");
    assert!(plan.is_empty(), "{plan}");
}

#[test]
fn a_failure_that_concerns_all_ends_a_sync() {
    let (sandbox, experience) = sandbox();
    let desired: Vec<(u64, Restriction)> = (1..=3).map(|user| (user, week())).collect();
    sandbox.inject(Fault::status(400).on("PATCH", "/cloud/v2/universes/13058/user-restrictions/1"));
    let outcomes = sync(&experience, &desired, false);
    assert_eq!(
        outcomes.iter().map(|(user, result)| (*user, result.is_ok())).collect::<Vec<_>>(),
        [(1, false), (2, true), (3, true)]
    );
    sandbox.set_scopes(["universe.user-restriction:read".to_owned()]);
    let more: Vec<(u64, Restriction)> = (1..=9).map(|user| (user, week())).collect();
    let outcomes = sync(&experience, &more, false);
    assert_eq!(outcomes.len(), 1);
    let error = outcomes.into_iter().next().and_then(|(_, result)| result.err()).expect("it is refused");
    assert!(error.to_string().contains("universe.user-restriction:write"), "{error}");
}

#[test]
fn a_sync_of_unknown_restrictions_is_refused() {
    for list in
        [json!([{ "path": "universes/1/user-restrictions/2" }]), json!([{ "gameJoinRestriction": { "active": true } }])]
    {
        let server = Server::script([Reply::ok(&json!({ "userRestrictions": list }))]);
        let sync = server.client().experience(1).sync_restrictions([(2, week())]);
        fails(sync.plan(), ErrorKind::InvalidResponse);
    }
    let server = Server::script([]);
    let twice = server.client().experience(1).sync_restrictions([(2, week()), (2, Restriction::permanent())]);
    fails(twice.plan(), ErrorKind::InvalidInput);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_place_is_synced_apart_from_its_experience() {
    let (_sandbox, experience) = sandbox();
    let place = experience.place(PLACE);
    experience.restrict_user(1, week()).expect("of the experience");
    place.restrict_user(2, week()).expect("of the place");
    let sync = place.sync_restrictions([(1, week())]).lift_others(true);
    let plan = sync.plan().expect("a plan");
    assert_eq!(
        plan.to_string().lines().collect::<Vec<_>>()[..2],
        ["restrict user 1 for 7 days: Exploiting", "lift the restriction of user 2",]
    );
    assert!(sync.apply(plan).all(|outcome| outcome.result.is_ok()));
    assert!(experience.fetch_restriction(1).expect("it is known").is_in_force(), "it isn't the place's");
}

#[test]
fn threads_share_the_limits_of_the_experience() {
    let (sandbox, _) = sandbox();
    sandbox.set_rate_limit(Some(RateLimit::documented().aligned_to_clock(false)));
    let settings = |builder: rblxopencloud::ClientBuilder| builder.documented_budgets(true).retry(RetryPolicy::none());
    let experience = sandbox.client_with(settings).expect("the settings are good").experience(UNIVERSE);
    thread::scope(|scope| {
        for first in [1, 101, 201] {
            let experience = &experience;
            scope.spawn(move || {
                for user in first..first + 8 {
                    experience.restrict_user(user, week()).expect("it waits in place of being refused");
                }
            });
        }
    });
    assert_eq!(sandbox.rate_limited(), 0);
}
