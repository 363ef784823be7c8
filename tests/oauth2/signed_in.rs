//! Clients that stay signed in.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::oauth2::{AccessToken, FileTokenStore, SignedIn, TokenSet, TokenStore};
use rblxopencloud::{AssetFile, AssetType, AssetUpload, ErrorKind, ErrorScope, OAuth2App};
use rblxopencloud_sandbox::{Fault, RateLimit};

use crate::support::signing_in::{
    Memory, REDIRECT, TOKEN, USER, expiring_in, make_call, refreshes, sandbox, sign_in, sign_in_with,
};
use crate::support::{TempDir, fails};

#[test]
fn a_refused_token_is_renewed_once_for_all_threads_and_clones() {
    let sandbox = sandbox();
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    make_call(&signed_in.client()).expect("the token is valid");
    sandbox.expire_access_tokens();
    let all = Barrier::new(16);
    thread::scope(|scope| {
        for _ in 0..16 {
            let client = signed_in.clone().client();
            let all = &all;
            scope.spawn(move || {
                all.wait();
                make_call(&client).expect("the token is renewed");
            });
        }
    });
    assert_eq!(refreshes(&sandbox), 1);
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let sandbox = sandbox();
    // A busy machine takes seconds between the decision to use a token and the response.
    sandbox.set_access_token_lifetime(Duration::from_secs(8));
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    sandbox.set_access_token_lifetime(Duration::from_secs(899));
    let end = Instant::now() + Duration::from_secs(60);
    while refreshes(&sandbox) == 0 {
        assert!(Instant::now() < end, "it is not renewed");
        make_call(&signed_in.client()).expect("it is renewed in time");
        thread::sleep(Duration::from_millis(50));
    }
    make_call(&signed_in.client()).expect("the next token is valid");
    assert_eq!(refreshes(&sandbox), 1);
    assert!(sandbox.requests().iter().all(|request| request.status != Some(401)), "no call was refused");
}

#[test]
fn the_hook_gets_the_refresh_token_before_the_access_token_is_used() {
    let sandbox = Arc::new(sandbox());
    let token = sign_in(&sandbox);
    let calls = Arc::new(AtomicUsize::new(0));
    let (counted, watched) = (Arc::clone(&calls), Arc::clone(&sandbox));
    let signed_in = token
        .keep_in(move |tokens: &TokenSet| {
            let bearer = format!("Bearer {}", tokens.access_token());
            let is_used = watched.requests().iter().any(|request| request.header("authorization") == Some(&bearer));
            assert!(!is_used && tokens.refresh_token().is_some());
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .expect("it can be stored");
    make_call(&signed_in.client()).expect("it is valid");
    sandbox.expire_access_tokens();
    make_call(&signed_in.client()).expect("it is renewed");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn tokens_that_cannot_be_stored_are_kept_and_not_used() {
    let sandbox = sandbox();
    let store = Memory::default();
    let signed_in = sign_in(&sandbox).keep_in(store.clone()).expect("it can be stored");
    sandbox.expire_access_tokens();
    store.is_broken.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        sandbox.clear_requests();
        let error = fails(make_call(&signed_in.client()), ErrorKind::Io);
        assert!(error.to_string().contains("the database is down"), "{error}");
        assert_eq!(error.scope(), ErrorScope::Run);
        let uses =
            sandbox.requests().iter().filter(|request| request.status == Some(200) && request.path != TOKEN).count();
        assert_eq!(uses, 0, "the new token isn't used");
    }
    store.is_broken.store(false, Ordering::SeqCst);
    sandbox.clear_requests();
    make_call(&signed_in.client()).expect("they are stored now");
    assert_eq!(refreshes(&sandbox), 0, "the refresh token isn't spent again");
    let saved = store.saved.lock().unwrap();
    assert_eq!(saved.len(), 2);
    assert_ne!(saved[0].refresh_token(), saved[1].refresh_token());
}

/// Another thread may use the old token meanwhile, and must not see the new ones.
#[test]
fn tokens_that_are_not_stored_yet_are_not_handed_out() {
    let sandbox = sandbox();
    let store = Slow::default();
    let token = sign_in(&sandbox);
    let signed_in = token.keep_in(store.clone()).expect("it can be stored");
    make_call(&signed_in.client()).expect("the token is valid");
    sandbox.expire_access_tokens();
    store.stop();
    thread::scope(|scope| {
        let renewing = scope.spawn(|| make_call(&signed_in.client()));
        store.wait();
        let meanwhile = signed_in.access_token().expect("there is one");
        assert_eq!(meanwhile.tokens().access_token(), token.tokens().access_token());
        store.go_on();
        renewing.join().unwrap().expect("it is stored");
    });
    let renewed = signed_in.access_token().expect("there is one");
    assert_ne!(renewed.tokens().access_token(), token.tokens().access_token());
}

/// A store without a lock whose writing can be stopped for a while.
#[derive(Clone, Default)]
struct Slow {
    memory: Memory,
    state: Arc<(Mutex<(bool, usize)>, Condvar)>,
}

impl Slow {
    fn stop(&self) {
        self.state.0.lock().unwrap().0 = true;
    }

    fn go_on(&self) {
        self.state.0.lock().unwrap().0 = false;
        self.state.1.notify_all();
    }

    /// Waits until someone is stopped.
    fn wait(&self) {
        drop(self.state.1.wait_while(self.state.0.lock().unwrap(), |(_, waiting)| *waiting == 0).unwrap());
    }
}

impl TokenStore for Slow {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        self.memory.load()
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        let mut state = self.state.0.lock().unwrap();
        state.1 += 1;
        self.state.1.notify_all();
        state = self.state.1.wait_while(state, |(is_stopped, _)| *is_stopped).unwrap();
        state.1 -= 1;
        drop(state);
        self.memory.save(tokens)
    }

    fn clear(&self) -> io::Result<()> {
        self.memory.clear()
    }
}

#[test]
fn signing_out_waits_for_a_renewal_and_undoes_it() {
    let sandbox = sandbox();
    let store = Slow::default();
    let signed_in = sign_in(&sandbox).keep_in(store.clone()).expect("it can be stored");
    make_call(&signed_in.client()).expect("the token is valid");
    sandbox.expire_access_tokens();
    store.stop();
    thread::scope(|scope| {
        let renewing = scope.spawn(|| make_call(&signed_in.client()));
        store.wait();
        let signing_out = scope.spawn(|| signed_in.sign_out());
        thread::sleep(Duration::from_millis(200));
        assert!(!signing_out.is_finished(), "the newest refresh token is the one to revoke");
        store.go_on();
        signing_out.join().unwrap().expect("it is revoked");
        let _ = renewing.join().unwrap();
    });
    assert!(store.memory.saved.lock().unwrap().is_empty());
    fails(make_call(&signed_in.client()), ErrorKind::InvalidInput);
    assert_eq!(refreshes(&sandbox), 1);
}

#[test]
fn signing_out_keeps_tokens_that_are_not_stored_yet_until_they_are_revoked() {
    let sandbox = sandbox();
    let store = Memory::default();
    let signed_in = sign_in(&sandbox).keep_in(store.clone()).expect("it can be stored");
    sandbox.expire_access_tokens();
    store.is_broken.store(true, Ordering::SeqCst);
    fails(make_call(&signed_in.client()), ErrorKind::Io);
    store.is_broken.store(false, Ordering::SeqCst);
    sandbox.inject(Fault::status(503).on("POST", "/oauth/v1/token/revoke"));
    fails(signed_in.sign_out(), ErrorKind::Server);
    make_call(&signed_in.client()).expect("the newest refresh token isn't lost");
    // Once more, and this time they are revoked.
    sandbox.expire_access_tokens();
    store.is_broken.store(true, Ordering::SeqCst);
    fails(make_call(&signed_in.client()), ErrorKind::Io);
    store.is_broken.store(false, Ordering::SeqCst);
    let spent = store.saved.lock().unwrap().last().and_then(|tokens| tokens.refresh_token().map(str::to_owned));
    let spent = spent.expect("the store has the one before");
    sandbox.clear_requests();
    signed_in.sign_out().expect("the service is back");
    let revoked = String::from_utf8(sandbox.requests()[0].body.to_vec()).expect("it is a form");
    assert!(revoked.contains("token=") && !revoked.contains(&spent), "the newest refresh token is revoked");
    sandbox.clear_requests();
    fails(make_call(&signed_in.client()), ErrorKind::InvalidInput);
    assert_eq!(sandbox.requests().len(), 0, "the last access token isn't used, even if the service would accept it");
    assert!(store.saved.lock().unwrap().is_empty(), "nothing is stored again");
}

#[test]
fn a_call_without_credentials_is_not_in_doubt() {
    let sandbox = sandbox();
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    let user = signed_in.user().expect("openid was granted");
    sandbox.expire_access_tokens();
    sandbox.inject(Fault::reset_before_answer().on("POST", TOKEN));
    let icon = AssetFile::from_bytes("icon.png", include_bytes!("../../examples/assets/crate.png").as_slice());
    let upload = AssetUpload::new(icon, AssetType::Decal, "icon", "");
    let error = fails(user.upload_asset_with(upload), ErrorKind::RefreshUnknown);
    assert!(!error.outcome_unknown() && error.is_retryable(), "the upload was refused: {error}");
    assert!(error.to_string().contains("may be spent"), "{error}");
    assert_eq!((error.scope(), sandbox.assets().len()), (ErrorScope::Later, 0));
}

#[test]
fn the_rate_limits_are_those_of_the_token() {
    let sandbox = sandbox();
    sandbox.set_rate_limit(Some(RateLimit::new(10, Duration::from_secs(2))));
    let token = sign_in(&sandbox);
    for _ in 0..10 {
        make_call(&token.client()).expect("the limit isn't exhausted");
    }
    let signed_in = token.keep_in(Memory::default()).expect("it can be stored");
    make_call(&signed_in.client()).expect("it waits for the next window");
    assert_eq!(sandbox.rate_limited(), 0);
}

#[test]
fn a_refresh_token_is_not_spent_if_the_store_knows_that_it_is_broken() {
    struct Broken(Memory);
    impl TokenStore for Broken {
        fn load(&self) -> io::Result<Option<TokenSet>> {
            self.0.load()
        }
        fn save(&self, tokens: &TokenSet) -> io::Result<()> {
            self.0.save(tokens)
        }
        fn check(&self) -> io::Result<()> {
            let known = self.0.load()?.expect("there are tokens");
            Err(io::Error::other(format!("UPDATE tokens SET refresh = {:?}: no room", known.refresh_token())))
        }
        fn clear(&self) -> io::Result<()> {
            self.0.clear()
        }
    }
    let sandbox = sandbox();
    let token = sign_in(&sandbox);
    let signed_in = token.keep_in(Broken(Memory::default())).expect("it can be stored");
    sandbox.expire_access_tokens();
    let error = fails(make_call(&signed_in.client()), ErrorKind::Io);
    let text = format!("{error} {error:?} {error:#?}");
    assert!(
        text.contains("no room") && !text.contains(token.tokens().refresh_token().expect("there is one")),
        "{text}"
    );
    assert_eq!(refreshes(&sandbox), 0);
}

#[test]
fn tokens_without_a_refresh_token_are_used_to_the_end() {
    let sandbox = sandbox();
    let token = sign_in(&sandbox);
    let soon = token.tokens().expires_at() - Duration::from_secs(899 - 40);
    let alone = TokenSet::from_access_token(token.tokens().access_token(), soon);
    let client = sandbox.oauth2_app(REDIRECT).access_token(alone).keep_in(Memory::default()).expect("it can be stored");
    make_call(&client.client()).expect("it is valid for 40 seconds");
    assert_eq!(refreshes(&sandbox), 0);
}

#[test]
fn a_token_that_expires_soon_is_used_while_the_token_endpoint_refuses() {
    let sandbox = sandbox();
    let store = Memory::default();
    store.save(&expiring_in(sign_in(&sandbox).tokens(), 30)).expect("memory takes it");
    sandbox.inject(Fault::status(429).on("POST", TOKEN).times(1000));
    let signed_in = sandbox.oauth2_app(REDIRECT).resume(store).expect("it is read").expect("there are tokens");
    make_call(&signed_in.client()).expect("the token is good for 30 s more");
    assert_eq!(refreshes(&sandbox), 0);
}

#[test]
fn nobody_stays_signed_in_if_the_first_tokens_cannot_be_stored() {
    let sandbox = sandbox();
    let store = Memory::default();
    store.is_broken.store(true, Ordering::SeqCst);
    let token = sign_in(&sandbox);
    fails(token.keep_in(store), ErrorKind::Io);
    make_call(&token.client()).expect("the token itself is fine");
}

#[test]
fn a_revoked_authorization_is_reported() {
    let sandbox = sandbox();
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    sandbox.revoke_authorizations(USER);
    let error = fails(make_call(&signed_in.client()), ErrorKind::InvalidGrant);
    assert!(error.to_string().contains("revoked; sign in again"), "{error}");
    assert_eq!(error.scope(), ErrorScope::Run);
}

#[test]
fn a_refresh_without_a_response_is_reported_and_repeated_by_the_next_call() {
    let sandbox = sandbox();
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    sandbox.expire_access_tokens();
    // The service never saw it.
    sandbox.inject(Fault::reset_before_reading().on("POST", TOKEN));
    let error = make_call(&signed_in.client()).expect_err("there is no response");
    assert!(error.is_retryable(), "{error}");
    make_call(&signed_in.client()).expect("it was unspent");

    sandbox.expire_access_tokens();
    sandbox.inject(Fault::reset_before_answer().on("POST", TOKEN));
    let error = fails(make_call(&signed_in.client()), ErrorKind::RefreshUnknown);
    assert!(error.to_string().contains("may be spent"), "{error}");
    fails(make_call(&signed_in.client()), ErrorKind::InvalidGrant);
}

#[test]
fn a_process_that_was_slower_takes_over_the_tokens_of_the_other() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let store = Memory::default();
    let one = sign_in_with(&sandbox, &app).keep_in(store.clone()).expect("it can be stored");
    let other = app.resume(store.clone()).expect("it can be read").expect("there are tokens");
    assert_eq!(other.user().expect("the user is stored").id(), USER);
    sandbox.expire_access_tokens();
    make_call(&one.client()).expect("it is renewed");
    make_call(&other.client()).expect("it is taken over");
    assert_eq!(refreshes(&sandbox), 1);

    // Without a lock, both can refresh at the same time: the store changes after the slower one has read it.
    let late = Racing { inner: store, is_early: AtomicBool::new(true) };
    let slow = app.resume(late).expect("it can be read").expect("there are tokens");
    make_call(&slow.client()).expect("the token is valid");
    sandbox.expire_access_tokens();
    make_call(&one.client()).expect("it is renewed");
    make_call(&slow.client()).expect("its refresh is refused, and it loads the tokens again");
    assert_eq!(refreshes(&sandbox), 3);
}

/// The faster one has the new tokens, but hasn't stored them yet.
#[test]
fn a_process_that_was_slower_waits_for_the_tokens_of_the_other() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let store = Slow::default();
    let one = sign_in_with(&sandbox, &app).keep_in(store.clone()).expect("it can be stored");
    let other = app.resume(store.memory.clone()).expect("it can be read").expect("there are tokens");
    sandbox.expire_access_tokens();
    store.stop();
    thread::scope(|scope| {
        let faster = scope.spawn(|| make_call(&one.client()));
        store.wait();
        let slower = scope.spawn(|| make_call(&other.client()));
        while refreshes(&sandbox) < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        store.go_on();
        faster.join().unwrap().expect("it is renewed");
        slower.join().unwrap().expect("it is taken over");
    });
}

/// Loads what was there before, once.
struct Racing {
    inner: Memory,
    is_early: AtomicBool,
}

impl TokenStore for Racing {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        let saved = self.inner.saved.lock().unwrap();
        let is_first_refresh = saved.len() == 3 && self.is_early.swap(false, Ordering::SeqCst);
        Ok(if is_first_refresh { saved.get(1).cloned() } else { saved.last().cloned() })
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        self.inner.save(tokens)
    }

    fn clear(&self) -> io::Result<()> {
        self.inner.clear()
    }
}

#[test]
fn a_hasty_caller_does_not_break_off_a_refresh() {
    let sandbox = sandbox();
    let store = Memory::default();
    let signed_in = sign_in(&sandbox).keep_in(store.clone()).expect("it can be stored");
    sandbox.expire_access_tokens();
    sandbox.inject(Fault::delay(Duration::from_secs(4)).on("POST", TOKEN));
    let began = Instant::now();
    fails(make_call(&signed_in.client().with_timeout(Duration::from_secs(1))), ErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_millis(3500), "the caller's own limit is kept");
    make_call(&signed_in.client()).expect("the refresh went on");
    assert_eq!(refreshes(&sandbox), 1);
    assert_eq!(store.saved.lock().unwrap().len(), 2);

    // Not even if the whole app is in a hurry.
    let hasty = sandbox.client().with_timeout(Duration::from_secs(1));
    let app = sandbox.oauth2_app(REDIRECT).client(&hasty);
    let signed_in = sign_in_with(&sandbox, &app).keep_in(store.clone()).expect("it can be stored");
    sandbox.expire_access_tokens();
    sandbox.inject(Fault::delay(Duration::from_secs(4)).on("POST", TOKEN));
    fails(make_call(&signed_in.client()), ErrorKind::Timeout);
    while store.saved.lock().unwrap().len() < 4 {
        thread::sleep(Duration::from_millis(10));
    }
    make_call(&signed_in.client()).expect("the refresh went on");
}

#[test]
fn signing_out_revokes_and_forgets() {
    let sandbox = sandbox();
    let directory = TempDir::new();
    let store = FileTokenStore::new(directory.path().join("tokens.json"));
    let token = sign_in(&sandbox);
    let signed_in = token.keep_in(store.clone()).expect("it can be stored");

    sandbox.inject(Fault::status(503).on("POST", "/oauth/v1/token/revoke"));
    fails(signed_in.sign_out(), ErrorKind::Server);
    assert!(store.load().expect("it can be read").is_some(), "it can be tried again");
    signed_in.sign_out().expect("the service is back");
    assert!(store.load().expect("it can be read").is_none());
    sandbox.clear_requests();
    let error = fails(make_call(&signed_in.client()), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("signed out"), "{error}");
    assert_eq!(sandbox.requests().len(), 0);
    fails(make_call(&token.client()), ErrorKind::Unauthenticated);
}

fn assert_send_sync<T: Send + Sync + Clone + std::fmt::Debug + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}

#[test]
fn handles_are_shared_between_threads() {
    assert_send_sync::<OAuth2App>();
    assert_send_sync::<AccessToken>();
    assert_send_sync::<SignedIn>();
}
