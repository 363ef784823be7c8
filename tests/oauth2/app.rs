//! OAuth 2.0 from the address to the token, against the sandbox.

use std::time::Duration;

use rblxopencloud::oauth2::{AccessToken, PendingSignIn, Prompt, Scope, TokenSet};
use rblxopencloud::{ErrorKind, ErrorScope, OAuth2App, RetryPolicy};
use rblxopencloud_sandbox::{Fault, IdTokenFault, Sandbox};

use crate::support::local::raw;
use crate::support::{fails, hasty};

const USER: u64 = 156;
const REDIRECT: &str = "https://app.example/callback";

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a port is free")
}

fn begin(sandbox: &Sandbox, app: &OAuth2App) -> (String, PendingSignIn) {
    let scopes = [Scope::OPENID, Scope::PROFILE, Scope::USER_INVENTORY_ITEM_READ];
    let pending = app.authorize_url(scopes).expect("the app is fine");
    (sandbox.authorize(pending.url(), USER).expect("the address is fine"), pending)
}

fn sign_in(sandbox: &Sandbox, app: &OAuth2App) -> AccessToken {
    let (redirect, pending) = begin(sandbox, app);
    app.exchange_code(&redirect, &pending).expect("the code is fresh")
}

#[test]
fn a_user_signs_in_and_lists_their_private_inventory() {
    let sandbox = sandbox();
    sandbox.set_inventory_private(USER, true);
    let app = sandbox.oauth2_app(REDIRECT);
    let token = sign_in(&sandbox, &app);

    assert_eq!(token.user().expect("openid was granted").list_inventory().filter(Result::is_ok).count(), 250);
    assert_eq!(token.scopes(), [Scope::OPENID, Scope::PROFILE, Scope::USER_INVENTORY_ITEM_READ]);
    let left = token.expires_in();
    assert!(left <= Duration::from_secs(899) && left > Duration::from_secs(800), "{left:?}");
    let claims = token.claims().expect("there is an id token");
    assert_eq!(claims.identity.to_string(), "Builderman (@builderman)");
    assert_eq!(token.fetch_user_info().expect("openid was granted"), claims.identity);

    // Another user's inventory stays private, and a scope that wasn't granted is missing.
    sandbox.set_inventory_private(1_007, true);
    let other = token.client().user(1_007).list_inventory().badges(true).next();
    fails(other.expect("an error"), ErrorKind::PermissionDenied);
    let error = fails(token.client().group(7).list_roles().next().expect("an error"), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("request the scope group:read when authorizing"), "{error}");
}

#[test]
fn the_address_has_the_parameters_that_the_service_needs() {
    let app = OAuth2App::new("840974200211308101", REDIRECT).secret("RBX-secret");
    let pending = app.authorize_url(["openid", "asset:read"]).expect("the app is fine");
    let (base, query) = pending.url().split_once('?').expect("a query");
    assert_eq!(base, "https://apis.roblox.com/oauth/v1/authorize");
    assert!(!query.contains("RBX-secret"), "a secret is not for the browser");
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(value("scope"), Some("openid%20asset%3Aread"));
    assert_eq!(value("redirect_uri"), Some("https%3A%2F%2Fapp.example%2Fcallback"));
    assert_eq!((value("response_type"), value("code_challenge_method")), (Some("code"), Some("S256")));
    assert_eq!(value("state"), Some(pending.state()));
    for name in ["nonce", "code_challenge", "state"] {
        assert!(value(name).is_some_and(|value| value.len() >= 43), "{name}");
    }
    let again = app.authorize_url(["openid", "asset:read"]).expect("the app is fine");
    assert_ne!(again.state(), pending.state());
}

#[test]
fn the_page_to_show_is_part_of_the_address() {
    let app = OAuth2App::new("840974200211308101", REDIRECT);
    let url = |app: &OAuth2App| app.authorize_url([Scope::OPENID]).expect("the app is fine").url().to_owned();
    assert!(!url(&app).contains("prompt="), "the service chooses");
    for (prompt, text) in
        [(Prompt::Login, "login"), (Prompt::Consent, "consent"), (Prompt::SelectAccount, "select_account")]
    {
        let url = url(&app.clone().prompt(prompt));
        assert!(url.ends_with(&format!("&prompt={text}")), "{url}");
    }
}

#[test]
fn bad_settings_are_reported_before_a_request() {
    for (app, word) in [
        (OAuth2App::new("", REDIRECT), "client id"),
        (OAuth2App::new("1 2", REDIRECT), "client id"),
        (OAuth2App::new("1", ""), "redirect URI"),
        (OAuth2App::new("1", "app.example"), "redirect URI"),
        (OAuth2App::new("1", "https://"), "redirect URI"),
        (OAuth2App::new("1", "https://app.example/#a"), "redirect URI"),
        (OAuth2App::new("1", "https://app.example/a b"), "redirect URI"),
        (OAuth2App::new("1", REDIRECT).secret("se cret"), "client secret"),
        (OAuth2App::new("1", REDIRECT).secret(""), "client secret"),
    ] {
        let error = fails(app.authorize_url([Scope::OPENID]), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(word) && !error.to_string().contains("se cret"), "{error}");
        fails(app.introspect("token"), ErrorKind::InvalidInput);
        fails(app.revoke(&TokenSet::from_refresh_token("a")), ErrorKind::InvalidInput);
    }
    let app = OAuth2App::new("1", REDIRECT);
    fails(app.authorize_url::<Scope>([]), ErrorKind::InvalidInput);
    fails(app.authorize_url(["two words"]), ErrorKind::InvalidInput);
    fails(
        app.refresh(&TokenSet::from_access_token("a", "2030-01-01T00:00:00Z".parse().unwrap())),
        ErrorKind::InvalidInput,
    );
}

#[test]
fn a_server_can_restart_between_the_address_and_the_redirect() {
    let sandbox = sandbox();
    sandbox.register_oauth2_app("42", Some("app-secret"), [REDIRECT]);
    let app = OAuth2App::new("42", REDIRECT).secret("app-secret").client(&sandbox.client());
    let (redirect, pending) = begin(&sandbox, &app);
    let kept = serde_json::to_string(&pending).expect("it can be written");

    let restored: PendingSignIn = serde_json::from_str(&kept).expect("and read");
    assert_eq!(restored, pending);
    let token = app.exchange_code(&redirect, &restored).expect("the code is fresh");
    let stored = serde_json::to_string(token.tokens()).expect("it can be written");
    let revived = app.access_token(serde_json::from_str(&stored).expect("and read"));
    assert_eq!(revived.user().expect("the user is known").id(), USER);
    assert_eq!(revived.fetch_user_info().expect("it is valid").user_id, USER);
}

#[test]
fn each_bad_redirect_is_reported_and_spends_nothing() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let (redirect, pending) = begin(&sandbox, &app);
    sandbox.clear_requests();
    let (other, _) = begin(&sandbox, &app);
    fails(app.exchange_code(&other, &pending), ErrorKind::StateMismatch);
    fails(app.exchange_code("/callback", &pending), ErrorKind::StateMismatch);
    fails(app.exchange_code(&format!("{redirect}&code=other"), &pending), ErrorKind::InvalidRedirect);
    let denied = sandbox.decline(pending.url()).expect("the address is fine");
    let error = fails(app.exchange_code(&denied, &pending), ErrorKind::ConsentDenied);
    assert!(!error.to_string().contains(pending.state()), "{error}");
    assert_eq!(sandbox.requests().len(), 0);

    // Parameters that OAuth 2.0 doesn't know are ignored.
    app.exchange_code(&format!("{redirect}&utm_source=mail&iss=x"), &pending).expect("the code is unspent");
}

#[test]
fn codes_are_used_once_and_within_a_minute() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let (redirect, pending) = begin(&sandbox, &app);
    let token = app.exchange_code(&redirect, &pending).expect("the code is fresh");
    let error = fails(app.exchange_code(&redirect, &pending), ErrorKind::InvalidGrant);
    assert!(error.to_string().contains("used before; sign in again"), "{error}");
    assert_eq!((error.scope(), error.outcome_unknown()), (ErrorScope::Run, false));
    // Somebody has the code: what it led to is revoked.
    fails(token.fetch_user_info(), ErrorKind::Unauthenticated);

    sandbox.set_code_lifetime(Duration::ZERO);
    let (redirect, pending) = begin(&sandbox, &app);
    fails(app.exchange_code(&redirect, &pending), ErrorKind::InvalidGrant);
    let wrong = format!("?code=made-up&state={}", pending.state());
    fails(app.exchange_code(&wrong, &pending), ErrorKind::InvalidGrant);
}

#[test]
fn the_verifier_belongs_to_the_sign_in() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let (redirect, pending) = begin(&sandbox, &app);
    let (_, other) = begin(&sandbox, &app);
    // Someone else's code, injected under the right state.
    let code = redirect.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).expect("a code");
    let injected = format!("?code={code}&state={}", other.state());
    fails(app.exchange_code(&injected, &other), ErrorKind::InvalidGrant);
    drop(pending);
}

#[test]
fn a_wrong_secret_is_reported_as_such() {
    let sandbox = sandbox();
    sandbox.register_oauth2_app("42", Some("app-secret"), [REDIRECT]);
    let right = OAuth2App::new("42", REDIRECT).client(&sandbox.client());
    for app in
        [right.clone(), right.clone().secret("wrong-secret"), OAuth2App::new("43", REDIRECT).client(&sandbox.client())]
    {
        let (redirect, pending) = begin(&sandbox, &right);
        let error = fails(app.exchange_code(&redirect, &pending), ErrorKind::Unauthenticated);
        assert_eq!(error.scope(), ErrorScope::Run);
        assert!(error.to_string().contains("check the client id and the client secret"), "{error}");
        assert!(!error.to_string().contains("wrong-secret"), "{error}");
    }
}

#[test]
fn id_tokens_that_cannot_be_trusted_are_refused() {
    use IdTokenFault as F;
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    for (fault, word) in [
        (F::Unsigned, "not signed"),
        (F::OtherAlgorithm, "another algorithm"),
        (F::WrongSignature, "signature is wrong"),
        (F::ForgedKey, "signature is wrong"),
        (F::UnknownKey, "no published key"),
        (F::OtherIssuer, "another service"),
        (F::OtherAudience, "another app"),
        (F::OtherNonce, "nonce"),
        (F::Expired, "expired"),
        (F::Missing, "sent none"),
    ] {
        sandbox.spoil_next_id_token(fault);
        let (redirect, pending) = begin(&sandbox, &app);
        let error = fails(app.exchange_code(&redirect, &pending), ErrorKind::InvalidIdToken);
        assert!(error.to_string().contains(word), "{fault:?}: {error}");
    }
}

/// What isn't set must not be matched by what isn't set either.
#[test]
fn empty_expectations_are_refused() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let token = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
    fails(app.verify_id_token(token, Some("")), ErrorKind::InvalidInput);
    fails(OAuth2App::new("", REDIRECT).client(&sandbox.client()).verify_id_token(token, None), ErrorKind::InvalidInput);
    assert_eq!(sandbox.requests().len(), 0);
    // A program that only checks tokens has no redirect URI.
    let checker = OAuth2App::new("1", "").client(&sandbox.client());
    fails(checker.verify_id_token("not a token", None), ErrorKind::InvalidIdToken);

    let (redirect, pending) = begin(&sandbox, &app);
    let kept = serde_json::to_value(&pending).expect("it can be written");
    for name in ["state", "nonce", "verifier"] {
        let mut emptied = kept.clone();
        emptied[name] = "".into();
        let emptied: PendingSignIn = serde_json::from_value(emptied).expect("it is read");
        for redirect in [&redirect, "/callback?code=forged&state=", "/callback?code=forged"] {
            fails(app.exchange_code(redirect, &emptied), ErrorKind::InvalidInput);
        }
    }
    fails(app.exchange_code("/callback?code=forged&state=", &pending), ErrorKind::StateMismatch);
    app.exchange_code(&redirect, &pending).expect("the code is unspent");
}

#[test]
fn keys_that_rotate_are_fetched_when_they_are_needed() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let fetches = || sandbox.requests().iter().filter(|request| request.path == "/oauth/v1/certs").count();
    sign_in(&sandbox, &app);
    sign_in(&sandbox, &app.clone());
    assert_eq!(fetches(), 1);
    for rotations in 1..4 {
        sandbox.rotate_signing_key();
        sign_in(&sandbox, &app);
        sign_in(&sandbox, &app);
        assert_eq!(fetches(), 1 + rotations);
    }
    // Made-up key ids don't make the keys be fetched again and again,
    let made_up = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im1hZGUtdXAifQ.e30.AAAA";
    for _ in 0..3 {
        fails(app.verify_id_token(made_up, None), ErrorKind::InvalidIdToken);
    }
    assert_eq!(fetches(), 5);
    // and don't keep users with a new key out.
    sandbox.rotate_signing_key();
    sign_in(&sandbox, &app);
    assert_eq!(fetches(), 6);
}

#[test]
fn users_do_not_wait_for_the_keys_of_made_up_tokens() {
    let sandbox = sandbox();
    let hasty = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("the settings are good");
    let app = sandbox.oauth2_app(REDIRECT).client(&hasty);
    sign_in(&sandbox, &app);
    let made_up = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im1hZGUtdXAifQ.e30.AAAA";
    // A fetch that fails isn't repeated for each of them.
    sandbox.clear_requests();
    sandbox.inject(Fault::status(503).on("GET", "/oauth/v1/certs").times(10));
    for _ in 0..4 {
        fails(app.verify_id_token(made_up, None), ErrorKind::Server);
    }
    assert_eq!(sandbox.requests().len(), 1);
    sandbox.clear_faults();

    let other = app.clone().client(&hasty);
    sign_in(&sandbox, &other);
    sandbox.inject(Fault::delay(Duration::from_secs(20)).on("GET", "/oauth/v1/certs"));
    let slow = other.clone();
    let fetching = std::thread::spawn(move || slow.verify_id_token(made_up, None));
    while !sandbox.requests().iter().any(|request| request.path == "/oauth/v1/certs" && request.status.is_none()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    sign_in(&sandbox, &other);
    assert!(!fetching.is_finished(), "a known key is there at once");
}

#[test]
fn a_code_is_not_spent_while_the_keys_cannot_be_fetched() {
    let sandbox = sandbox();
    let hasty = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("the settings are good");
    let app = sandbox.oauth2_app(REDIRECT).client(&hasty);
    let (redirect, pending) = begin(&sandbox, &app);
    sandbox.inject(Fault::status(503).on("GET", "/oauth/v1/certs"));
    let error = fails(app.exchange_code(&redirect, &pending), ErrorKind::Server);
    assert!(error.is_retryable(), "{error}");
    app.exchange_code(&redirect, &pending).expect("the code is unspent");
}

#[test]
fn a_wrong_clock_is_reported_and_a_small_difference_is_allowed() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    for offset in [-170, 170] {
        sandbox.set_clock_offset(offset);
        sign_in(&sandbox, &app);
    }
    for (offset, how) in [(3600, "behind"), (-3600, "ahead of")] {
        sandbox.set_clock_offset(offset);
        let (redirect, pending) = begin(&sandbox, &app);
        let error = fails(app.exchange_code(&redirect, &pending), ErrorKind::ClockSkew);
        assert!(error.to_string().contains(how) && error.to_string().contains("set the clock"), "{error}");
    }
}

#[test]
fn refresh_tokens_rotate() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let first = sign_in(&sandbox, &app);
    let second = app.refresh(first.tokens()).expect("it is unspent");
    assert_ne!(second.tokens().refresh_token(), first.tokens().refresh_token());
    assert_ne!(second.tokens().access_token(), first.tokens().access_token());
    assert_eq!(second.user().expect("the user is known").id(), USER);
    let error = fails(app.refresh(first.tokens()), ErrorKind::InvalidGrant);
    assert!(error.to_string().contains("a refresh token once"), "{error}");
    // From another program, whose tokens alone are known.
    let bare = TokenSet::from_refresh_token(second.tokens().refresh_token().expect("there is one"));
    let third = app.refresh(&bare).expect("it is unspent");
    assert_eq!(third.user().expect("the id token tells").id(), USER);

    sandbox.set_refresh_token_lifetime(Duration::ZERO);
    let last = app.refresh(third.tokens()).expect("it is unspent");
    fails(app.refresh(last.tokens()), ErrorKind::InvalidGrant);
}

#[test]
fn a_refresh_without_a_response_is_reported_as_unknown() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT).client(&sandbox.client_with(|client| client.retry(hasty())).expect("good"));
    let token = sign_in(&sandbox, &app);
    sandbox.inject(Fault::reset_before_answer().on("POST", "/oauth/v1/token"));
    sandbox.clear_requests();
    let error = fails(app.refresh(token.tokens()), ErrorKind::Connection);
    assert!(error.outcome_unknown() && !error.is_retryable());
    assert!(error.to_string().contains("the refresh token may be spent"), "{error}");
    assert_eq!(sandbox.requests().len(), 1, "it is not sent twice");
    fails(app.refresh(token.tokens()), ErrorKind::InvalidGrant);
}

#[test]
fn tokens_are_introspected_and_revoked() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let token = sign_in(&sandbox, &app);
    let tokens = token.tokens();
    for text in [tokens.access_token(), tokens.refresh_token().expect("there is one")] {
        let info = app.introspect(text).expect("the app is fine");
        assert!(info.active);
        assert_eq!((info.user_id, info.client_id.as_deref()), (Some(USER), Some(app.client_id())));
        assert_eq!(info.scopes, token.scopes());
        assert!(info.expires_at > info.issued_at);
    }
    assert!(!app.introspect("made-up").expect("the app is fine").active);

    app.revoke(tokens).expect("the app is fine");
    app.revoke(tokens).expect("twice does no harm");
    fails(token.fetch_user_info(), ErrorKind::Unauthenticated);
    fails(app.refresh(tokens), ErrorKind::InvalidGrant);
    assert!(app.introspect(tokens.access_token()).expect("the app is fine").active, "it tells of expiry only");
}

#[test]
fn granted_resources_are_listed() {
    let sandbox = sandbox();
    sandbox.set_granted_experiences(USER, [13_058]);
    let token = sign_in(&sandbox, &sandbox.oauth2_app(REDIRECT));
    let granted = token.fetch_resources().expect("the token is valid");
    assert_eq!(granted.len(), 1);
    assert_eq!((granted[0].owner.id, granted[0].owner.kind.as_str()), (USER, "User"));
    assert_eq!(granted[0].users().collect::<Vec<_>>(), [USER]);
    assert_eq!(granted[0].groups().collect::<Vec<_>>(), [7, 1_200, 36_000]);
    assert_eq!(granted[0].experiences().collect::<Vec<_>>(), [13_058]);
}

#[test]
fn a_public_app_sends_its_id_and_nothing_more() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let token = sign_in(&sandbox, &app);
    sandbox.clear_requests();
    app.refresh(token.tokens()).expect("it is unspent");
    app.introspect("a").expect("the app is fine");
    token.fetch_resources().expect("it is valid");
    app.revoke(token.tokens()).expect("the app is fine");
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert!(request.header("authorization").is_none() && request.header("x-api-key").is_none());
        let body = String::from_utf8(request.body).expect("a form");
        assert!(body.contains("client_id=840974200211308101") && !body.contains("client_secret"), "{}", request.path);
    }
}

#[test]
fn the_sandbox_decodes_basic_credentials_and_names_the_authentication_scheme() {
    let sandbox = sandbox();
    sandbox.register_oauth2_app("840974200211308101", Some("RBX-a+b:c"), [REDIRECT]);
    let make_call = |method: &str, path: &str, authorization: &str, body: &str| {
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        let length = body.len();
        raw(
            &sandbox,
            &format!(
                "{method} /oauth/v1/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{authorization}{form}\
                 content-length: {length}\r\n\r\n{body}"
            ),
        )
    };
    // Client id and secret are encoded as in a form, then joined: RBX%2Da%2Bb%3Ac, and as far as it is needed.
    for credentials in
        ["ODQwOTc0MjAwMjExMzA4MTAxOlJCWCUyRGElMkJiJTNBYw==", "ODQwOTc0MjAwMjExMzA4MTAxOlJCWC1hJTJCYiUzQWM="]
    {
        let answer =
            make_call("POST", "token/introspect", &format!("authorization: Basic {credentials}\r\n"), "token=x");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#"{"active":false}"#), "{answer}");
    }
    let fields = "token=x&client_id=840974200211308101&client_secret=RBX-a%2Bb%3Ac";
    assert!(make_call("POST", "token/introspect", "", fields).starts_with("HTTP/1.1 200 "));
    for path in ["token", "token/introspect", "token/revoke", "token/resources"] {
        for credentials in [
            "ODQwOTc0MjAwMjExMzA4MTAxOlJCWC1hK2I6Yw==",
            "ODQwOTc0MjAwMjExMzA4MTAxOg==",
            "MTpSQlglMkRhJTJCYiUzQWM=",
            "?",
        ] {
            let answer = make_call("POST", path, &format!("authorization: Basic {credentials}\r\n"), "token=x");
            assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("\"invalid_client\""), "{path}: {answer}");
            assert!(answer.contains("\r\nwww-authenticate: Basic realm="), "{path}: {answer}");
        }
    }
    for (authorization, challenge) in
        [("", "Bearer\r\n"), ("authorization: Bearer x\r\n", "Bearer error=\"invalid_token\"\r\n")]
    {
        let answer = make_call("GET", "userinfo", authorization, "");
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.contains(&format!("\r\nwww-authenticate: {challenge}")), "{answer}");
    }
}
