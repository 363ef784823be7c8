//! Scripts that go on with stored tokens, or sign the user in again.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rblxopencloud::oauth2::{FileTokenStore, Scope, SignedIn, TokenSet, TokenStore};
use rblxopencloud::{Error, ErrorKind, OAuth2App, RetryPolicy};
use rblxopencloud_sandbox::{Fault, Sandbox};

use crate::support::signing_in::{Memory, TOKEN, USER, expiring_in, free_port, make_call, refreshes, sandbox};
use crate::support::{TempDir, fails};

const USER_INFO: &str = "/oauth/v1/userinfo";

/// A script, the file of its tokens, and how often its browser has opened.
struct Script {
    sandbox: Sandbox,
    app: OAuth2App,
    scopes: Vec<Scope>,
    opened: AtomicUsize,
    directory: TempDir,
}

impl Script {
    fn new() -> Self {
        let sandbox = sandbox();
        let app = app(&sandbox);
        let scopes = vec![Scope::OPENID, Scope::USER_INVENTORY_ITEM_READ];
        Self { sandbox, app, scopes, opened: AtomicUsize::new(0), directory: TempDir::new() }
    }

    /// One whose user has signed in.
    fn after_first_run() -> Self {
        let script = Self::new();
        script.run().expect("the user signs in");
        assert_eq!(script.opened(), 1);
        script
    }

    fn store(&self) -> FileTokenStore {
        FileTokenStore::new(self.directory.path().join("tokens.json"))
    }

    fn stored(&self) -> TokenSet {
        self.store().load().expect("it can be read").expect("it has tokens")
    }

    fn run(&self) -> Result<SignedIn, Error> {
        self.run_with(self.store())
    }

    fn run_with(&self, store: impl TokenStore + 'static) -> Result<SignedIn, Error> {
        let sign_in = self.app.sign_in(self.scopes.clone()).timeout(Duration::from_secs(60)).open_browser(false);
        let click = |url: &str| {
            self.opened.fetch_add(1, Ordering::SeqCst);
            self.sandbox.browse(self.sandbox.authorize(url, USER).expect("the address is fine"));
        };
        sign_in.on_url(click).resume_or_wait(store)
    }

    /// Runs it again, and expects that the user signs in again.
    fn signs_in_again(&self) {
        let signed_in = self.run().expect("the user signs in again");
        assert_eq!(self.opened(), 2);
        make_call(&signed_in.client()).expect("the new token is good");
        self.run().expect("the new tokens are stored");
        assert_eq!(self.opened(), 2);
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

fn app(sandbox: &Sandbox) -> OAuth2App {
    let client = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("the settings are good");
    sandbox.oauth2_app(format!("http://localhost:{}/callback", free_port())).client(&client)
}

#[test]
fn good_tokens_need_no_browser() {
    let script = Script::after_first_run();
    make_call(&script.run().expect("the tokens are good").client()).expect("it is signed in");
    assert_eq!(refreshes(&script.sandbox), 0);
    script.sandbox.expire_access_tokens();
    script.run().expect("the token is renewed");
    assert_eq!((script.opened(), refreshes(&script.sandbox)), (1, 1));
}

#[test]
fn a_revoked_authorization_opens_the_browser_again() {
    for is_expired in [false, true] {
        let script = Script::after_first_run();
        script.sandbox.revoke_authorizations(USER);
        if is_expired {
            let expired = expiring_in(&script.stored(), 0);
            script.store().save(&expired).expect("it can be stored");
        }
        script.signs_in_again();
    }
}

#[test]
fn a_refresh_token_that_has_expired_opens_the_browser_again() {
    let script = Script::new();
    script.sandbox.set_refresh_token_lifetime(Duration::ZERO);
    script.run().expect("the user signs in");
    let expired = expiring_in(&script.stored(), 0);
    script.store().save(&expired).expect("it can be stored");
    script.sandbox.set_refresh_token_lifetime(Duration::from_secs(3600));
    script.signs_in_again();
}

#[test]
fn a_restored_backup_whose_refresh_token_is_spent_opens_the_browser_again() {
    let script = Script::after_first_run();
    let backup = expiring_in(&script.stored(), 0);
    script.sandbox.expire_access_tokens();
    script.run().expect("the token is renewed");
    assert_eq!(refreshes(&script.sandbox), 1);
    script.store().save(&backup).expect("it can be stored");
    script.signs_in_again();
}

#[test]
fn tokens_without_a_refresh_token_open_the_browser_again_once_they_have_expired() {
    let script = Script::after_first_run();
    let stored = script.stored();
    let mut json = serde_json::to_value(expiring_in(&stored, 0)).expect("tokens are JSON");
    json.as_object_mut().expect("it is an object").remove("refresh_token");
    script.store().save(&serde_json::from_value(json).expect("it is a token set")).expect("it can be stored");
    script.signs_in_again();
}

#[test]
fn tokens_of_another_app_are_replaced() {
    let script = Script::after_first_run();
    let mut json = serde_json::to_value(script.stored()).expect("tokens are JSON");
    json["client_id"] = "1".into();
    script.store().save(&serde_json::from_value(json).expect("it is a token set")).expect("it can be stored");
    script.signs_in_again();
    assert_eq!(script.stored().client_id(), Some(script.app.client_id()));
}

#[test]
fn a_scope_that_the_stored_tokens_lack_opens_the_browser_again_before_the_first_call() {
    let mut script = Script::after_first_run();
    script.scopes.push(Scope::PROFILE);
    script.sandbox.clear_requests();
    script.run().expect("the user authorizes one more scope");
    assert_eq!(script.opened(), 2);
    let used: Vec<_> = script.sandbox.requests().iter().map(|request| request.path.clone()).collect();
    assert!(!used.iter().any(|path| path == USER_INFO), "the old token isn't used: {used:?}");
    assert!(script.stored().scopes().contains(&Scope::PROFILE));
    // Fewer scopes need no new tokens.
    script.scopes.truncate(1);
    script.run().expect("the tokens are good");
    assert_eq!(script.opened(), 2);
}

#[test]
fn tokens_that_another_program_has_stored_are_used() {
    let script = Script::after_first_run();
    let refresh_token = script.stored().refresh_token().expect("there is one").to_owned();
    script.store().save(&TokenSet::from_refresh_token(refresh_token)).expect("it can be stored");
    script.run().expect("the token is renewed");
    assert_eq!((script.opened(), refreshes(&script.sandbox)), (1, 1));
}

#[test]
fn an_unreadable_store_is_an_error_and_is_not_overwritten() {
    let script = Script::after_first_run();
    let path = script.store().path().to_owned();
    for (text, kind) in [("{", ErrorKind::CorruptFile), (r#"{"version":99}"#, ErrorKind::NewerFile)] {
        fs::write(&path, text).expect("it can be written");
        fails(script.run(), kind);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
    }
    fs::remove_file(&path).expect("it is there");
    fs::create_dir(&path).expect("the name is free");
    fails(script.run(), ErrorKind::Io);
    assert_eq!(script.opened(), 1);
}

#[test]
fn a_service_that_fails_does_not_open_the_browser() {
    let script = Script::after_first_run();
    script.sandbox.inject(Fault::status(503).on("GET", USER_INFO));
    script.run().expect("the token has not expired");
    let expired = expiring_in(&script.stored(), 0);
    script.store().save(&expired).expect("it can be stored");
    script.sandbox.inject(Fault::status(503).on("POST", TOKEN));
    fails(script.run(), ErrorKind::RefreshUnknown);
    assert_eq!(script.opened(), 1);
}

#[test]
fn stores_of_any_kind_can_be_resumed() {
    let script = Script::new();
    let memory = Memory::default();
    script.run_with(memory.clone()).expect("the user signs in");
    script.run_with(memory).expect("the tokens are good");
    assert_eq!(script.opened(), 1);
    // A closure has no tokens.
    script.run_with(|_: &TokenSet| Ok(())).expect("the user signs in");
    assert_eq!(script.opened(), 2);
}
