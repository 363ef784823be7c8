//! The sandbox takes scopes and budgets from the endpoints.

use std::time::Duration;

use rblxopencloud::endpoints::Budget;
use rblxopencloud::{Client, ClientBuilder, Credentials, ErrorKind, RetryPolicy};
use rblxopencloud_sandbox::{RateLimit, Sandbox};

use crate::support::calls::calls;
use crate::support::fails;

fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let client = sandbox.client_with(|settings| settings.retry(RetryPolicy::none())).expect("the settings are good");
    (sandbox, client)
}

#[test]
fn every_call_is_served() {
    let (_sandbox, client) = sandbox();
    for call in calls() {
        let status = (call.make)(&client).err().and_then(|error| error.status());
        assert_ne!(status, Some(501), "{}", call.method);
    }
}

#[test]
fn every_required_scope_is_checked_and_named() {
    let (sandbox, client) = sandbox();
    for call in calls() {
        for missing in call.endpoint.required_scopes() {
            sandbox.set_scopes(call.endpoint.scopes().iter().copied().filter(|scope| scope != missing));
            let error = fails((call.make)(&client), ErrorKind::PermissionDenied);
            assert!(error.message().unwrap_or_default().contains(missing), "{}: {error}", call.method);
        }
    }
}

#[test]
fn keys_of_groups_are_refused_where_the_endpoint_says_so() {
    let (sandbox, client) = sandbox();
    sandbox.set_group_owned_key(true);
    for call in calls() {
        let is_refused = (call.make)(&client).is_err_and(|error| error.kind() == ErrorKind::Unauthenticated);
        assert_eq!(is_refused, !call.endpoint.takes_group_keys(), "{}", call.method);
    }
}

#[test]
fn documented_limits_are_those_of_each_endpoint() {
    let (sandbox, _) = sandbox();
    let settings = |builder: ClientBuilder| builder.retry(RetryPolicy::none()).documented_budgets(true);
    let by_key = sandbox.client_with(settings).expect("the settings are good");
    // A call that would have to wait for the next minute fails at once.
    let by_key = by_key.with_timeout(Duration::from_secs(5));
    let by_token = by_key.with_credentials(Credentials::access_token(sandbox.access_token()));
    sandbox.set_rate_limit(Some(RateLimit::documented().aligned_to_clock(false)));
    let a_minute = Duration::from_secs(60);
    for call in calls() {
        let budget = call.endpoint.oauth_budget().filter(|budget| budget.count() <= 30 && budget.period() == a_minute);
        let Some(budget) = budget.map(Budget::count) else { continue };
        sandbox.clear_requests();
        let mut errors = (0..=budget).filter_map(|_| (call.make)(&by_token).err());
        assert!(errors.any(|error| error.kind() == ErrorKind::RateLimited), "{}", call.method);
        assert_eq!(sandbox.requests().len(), budget as usize, "{}", call.method);
        let refused = (call.make)(&by_key).is_err_and(|error| error.kind() == ErrorKind::RateLimited);
        assert!(!refused, "{}: a key has a budget of its own", call.method);
    }
    assert_eq!(sandbox.rate_limited(), 0, "the client knows the limits");
}
