//! One process that serves many signed-in users.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::oauth2::{Scope, SignedIn, TokenSet};
use rblxopencloud::{ErrorKind, OAuth2App, UserInfo};
use rblxopencloud_sandbox::{RateLimit, Sandbox};

use crate::support::fails;

const REDIRECT: &str = "https://app.example/callback";
const FIRST: u64 = 1_000;

/// Whose token each access token is, as the stores have saved it.
type Owners = Arc<Mutex<HashMap<String, u64>>>;

fn sandbox(users: u64) -> Sandbox {
    let sandbox = Sandbox::start().expect("a port is free");
    for id in FIRST..FIRST + users {
        sandbox.add_user(UserInfo::new(id, format!("user{id}")));
    }
    sandbox
}

fn sign_in(sandbox: &Sandbox, app: &OAuth2App, id: u64, owners: &Owners) -> SignedIn {
    let pending = app.authorize_url([Scope::OPENID]).expect("the app is fine");
    let redirect = sandbox.authorize(pending.url(), id).expect("the address is fine");
    let owners = Arc::clone(owners);
    let remember = move |tokens: &TokenSet| -> io::Result<()> {
        owners.lock().unwrap().insert(tokens.access_token().to_owned(), id);
        Ok(())
    };
    app.exchange_code(&redirect, &pending).expect("the code is fresh").keep_in(remember).expect("it can be stored")
}

/// Each request for a profile has the token of its user.
fn assert_nobody_is_mixed_up(sandbox: &Sandbox, owners: &Owners) -> usize {
    let owners = owners.lock().unwrap();
    let mut seen = 0;
    for request in sandbox.requests() {
        let Some(id) = request.path.strip_prefix("/cloud/v2/users/") else { continue };
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token");
        assert_eq!(owners.get(token).map(u64::to_string).as_deref(), Some(id), "another user's token");
        seen += 1;
    }
    seen
}

/// What one thread does with one of the users.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call,
    CallByClone,
    /// All access tokens expire.
    Expire,
    /// The address returns the handle of the tokens.
    Handle,
    Revoke,
    Rest,
}

#[test]
fn no_interleaving_mixes_up_users() {
    arbtest::arbtest(|choices| {
        let users = choices.int_in_range(2..=5)?;
        let threads = choices.int_in_range(2..=4)?;
        let mut plans: Vec<Vec<(u64, Step)>> = Vec::new();
        for _ in 0..threads {
            let mut plan = Vec::new();
            for _ in 0..choices.int_in_range(1..=12)? {
                let step = match choices.int_in_range(0..=11)? {
                    0..=4 => Step::Call,
                    5 => Step::CallByClone,
                    6..=7 => Step::Expire,
                    8 => Step::Handle,
                    9 => Step::Revoke,
                    _ => Step::Rest,
                };
                plan.push((choices.int_in_range(0..=users - 1)?, step));
            }
            plans.push(plan);
        }
        let sandbox = sandbox(users);
        let app = sandbox.oauth2_app(REDIRECT);
        let owners = Owners::default();
        let signed_in: Vec<SignedIn> = (FIRST..FIRST + users).map(|id| sign_in(&sandbox, &app, id, &owners)).collect();
        let revoked = Mutex::new(HashSet::new());
        thread::scope(|scope| {
            for plan in &plans {
                let (signed_in, sandbox, revoked) = (&signed_in, &sandbox, &revoked);
                scope.spawn(move || {
                    for &(number, step) in plan {
                        let user = &signed_in[usize::try_from(number).expect("a small number")];
                        let id = FIRST + number;
                        let make_call = |user: &SignedIn| match user.client().user(id).fetch_info() {
                            Ok(info) => assert_eq!(info.id, id),
                            // The renewed token has expired at once, too.
                            Err(error) if error.kind() == ErrorKind::Unauthenticated => {}
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::InvalidGrant, "{error}");
                                assert!(revoked.lock().unwrap().contains(&id), "{error}");
                            }
                        };
                        match step {
                            Step::Call => make_call(user),
                            Step::CallByClone => make_call(&user.clone()),
                            Step::Expire => sandbox.expire_access_tokens(),
                            Step::Handle => {
                                if let Ok(token) = user.access_token() {
                                    assert_eq!(token.tokens().user_id(), Some(id));
                                }
                            }
                            Step::Revoke => {
                                revoked.lock().unwrap().insert(id);
                                sandbox.revoke_authorizations(id);
                            }
                            Step::Rest => thread::yield_now(),
                        }
                    }
                });
            }
        });
        assert_nobody_is_mixed_up(&sandbox, &owners);
        Ok(())
    })
    .budget_ms(8_000);
}

#[test]
fn a_thousand_users_share_one_connection() {
    let sandbox = sandbox(1_000);
    let app = sandbox.oauth2_app(REDIRECT);
    let owners = Owners::default();
    let signed_in: Vec<SignedIn> = (FIRST..FIRST + 1_000).map(|id| sign_in(&sandbox, &app, id, &owners)).collect();
    sandbox.clear_requests();
    for (id, user) in (FIRST..).zip(&signed_in) {
        assert_eq!(user.user().expect("openid was granted").fetch_info().expect("it is valid").id, id);
    }
    assert_eq!(assert_nobody_is_mixed_up(&sandbox, &owners), 1_000);
    let connections: HashSet<u64> = sandbox.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections.len(), 1);
}

#[test]
fn each_authorization_has_a_rate_limit_of_its_own() {
    let sandbox = sandbox(3);
    sandbox.set_rate_limit(Some(RateLimit::documented().aligned_to_clock(false)));
    let app = sandbox.oauth2_app(REDIRECT);
    let owners = Owners::default();
    let [one, two, other] = [FIRST, FIRST, FIRST + 1].map(|id| sign_in(&sandbox, &app, id, &owners));
    let hasty = |user: &SignedIn| user.client().with_timeout(Duration::from_secs(20)).user(FIRST);
    // Ten profiles a minute: the next one has to wait, for every clone.
    for _ in 0..10 {
        let _ = hasty(&one).fetch_info().expect("it is within the limit");
    }
    let began = Instant::now();
    fails(hasty(&one.clone()).fetch_info(), ErrorKind::RateLimited);
    fails(hasty(&one).fetch_info(), ErrorKind::RateLimited);
    assert!(began.elapsed() < Duration::from_secs(15), "nobody waits in vain");
    // Neither another user, nor another authorization of the same user.
    let _ = hasty(&other).fetch_info().expect("it has its own limit");
    let _ = hasty(&two).fetch_info().expect("it has its own limit");
    assert_eq!(sandbox.rate_limited(), 0);
    // A renewed token belongs to the same authorization.
    sandbox.expire_access_tokens();
    fails(hasty(&one).fetch_info(), ErrorKind::RateLimited);
    let token = one.access_token().expect("it is renewed or valid");
    fails(token.client().with_timeout(Duration::from_secs(20)).user(FIRST).fetch_info(), ErrorKind::RateLimited);
}
