//! Clients that stay signed in, and where their tokens are kept.

mod support;

use std::io;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::oauth2::{AccessToken, FileTokenStore, OAuth2App, Scope, SignedIn, TokenSet, TokenStore};
use rblxopencloud::sandbox::{Fault, Sandbox};
use rblxopencloud::{Client, ErrorKind, ErrorScope, RetryPolicy};
use support::{TempDir, fails};

const USER: u64 = 156;
const REDIRECT: &str = "https://app.example/callback";
const TOKEN: &str = "/oauth/v1/token";

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a port is free")
}

fn sign_in_with(sandbox: &Sandbox, app: &OAuth2App) -> AccessToken {
    let pending = app.authorize_url([Scope::OPENID, Scope::READ_INVENTORY]).expect("the app is fine");
    let redirect = sandbox.authorize(pending.url(), USER).expect("the address is fine");
    app.exchange_code(&redirect, &pending).expect("the code is fresh")
}

fn sign_in(sandbox: &Sandbox) -> AccessToken {
    let client = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("the settings are good");
    sign_in_with(sandbox, &sandbox.oauth2_app(REDIRECT).client(&client))
}

fn refreshes(sandbox: &Sandbox) -> usize {
    let is_refresh = |body: &[u8]| String::from_utf8_lossy(body).contains("grant_type=refresh_token");
    sandbox.requests().iter().filter(|request| request.path == TOKEN && is_refresh(&request.body)).count()
}

fn ask(client: &Client) -> Result<(), rblxopencloud::Error> {
    client.user(USER).fetch_info().map(drop)
}

/// A store that can fail, and remembers what it was given.
#[derive(Clone, Default)]
struct Memory {
    saved: Arc<Mutex<Vec<TokenSet>>>,
    is_broken: Arc<AtomicBool>,
}

impl TokenStore for Memory {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        Ok(self.saved.lock().unwrap().last().cloned())
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the database is down"));
        }
        self.saved.lock().unwrap().push(tokens.clone());
        Ok(())
    }

    fn clear(&self) -> io::Result<()> {
        self.saved.lock().unwrap().clear();
        Ok(())
    }
}

#[test]
fn a_refused_token_is_renewed_once_for_all_threads_and_clones() {
    let sandbox = sandbox();
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    ask(&signed_in.client()).expect("the token is valid");
    sandbox.expire_access_tokens();
    let all = Barrier::new(16);
    thread::scope(|scope| {
        for _ in 0..16 {
            let client = signed_in.clone().client();
            let all = &all;
            scope.spawn(move || {
                all.wait();
                ask(&client).expect("the token is renewed");
            });
        }
    });
    assert_eq!(refreshes(&sandbox), 1);
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let sandbox = sandbox();
    sandbox.set_access_token_lifetime(Duration::from_secs(2));
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    sandbox.set_access_token_lifetime(Duration::from_secs(899));
    let end = Instant::now() + Duration::from_secs(4);
    while Instant::now() < end {
        ask(&signed_in.client()).expect("it is renewed in time");
        thread::sleep(Duration::from_millis(50));
    }
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
    ask(&signed_in.client()).expect("it is valid");
    sandbox.expire_access_tokens();
    ask(&signed_in.client()).expect("it is renewed");
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
        let error = fails(ask(&signed_in.client()), ErrorKind::Io);
        assert!(error.to_string().contains("the database is down"), "{error}");
        assert_eq!(error.scope(), ErrorScope::Run);
        let uses =
            sandbox.requests().iter().filter(|request| request.status == Some(200) && request.path != TOKEN).count();
        assert_eq!(uses, 0, "the new token isn't used");
    }
    store.is_broken.store(false, Ordering::SeqCst);
    sandbox.clear_requests();
    ask(&signed_in.client()).expect("they are stored now");
    assert_eq!(refreshes(&sandbox), 0, "the refresh token isn't spent again");
    let saved = store.saved.lock().unwrap();
    assert_eq!(saved.len(), 2);
    assert_ne!(saved[0].refresh_token(), saved[1].refresh_token());
}

#[test]
fn nobody_stays_signed_in_if_the_first_tokens_cannot_be_stored() {
    let sandbox = sandbox();
    let store = Memory::default();
    store.is_broken.store(true, Ordering::SeqCst);
    let token = sign_in(&sandbox);
    fails(token.keep_in(store), ErrorKind::Io);
    ask(&token.client()).expect("the token itself is fine");
}

#[test]
fn a_revoked_authorization_is_told() {
    let sandbox = sandbox();
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    sandbox.revoke_authorizations(USER);
    let error = fails(ask(&signed_in.client()), ErrorKind::InvalidGrant);
    assert!(error.to_string().contains("revoked; sign in again"), "{error}");
    assert_eq!(error.scope(), ErrorScope::Run);
}

#[test]
fn a_refresh_without_an_answer_is_told_and_tried_again_by_the_next_call() {
    let sandbox = sandbox();
    let signed_in = sign_in(&sandbox).keep_in(Memory::default()).expect("it can be stored");
    sandbox.expire_access_tokens();
    // The service never saw it.
    sandbox.inject(Fault::reset_before_reading().on("POST", TOKEN));
    let error = fails(ask(&signed_in.client()), ErrorKind::Connection);
    assert!(error.outcome_unknown() || error.is_retryable(), "{error}");
    ask(&signed_in.client()).expect("it was unspent");

    sandbox.expire_access_tokens();
    sandbox.inject(Fault::reset_before_answer().on("POST", TOKEN));
    let error = fails(ask(&signed_in.client()), ErrorKind::Connection);
    assert!(error.outcome_unknown() && error.to_string().contains("may be spent"), "{error}");
    fails(ask(&signed_in.client()), ErrorKind::InvalidGrant);
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
    ask(&one.client()).expect("it is renewed");
    ask(&other.client()).expect("it is taken over");
    assert_eq!(refreshes(&sandbox), 1);

    // Without a lock, both can refresh at the same moment: the store changes after the slower one has read it.
    let late = Racing { inner: store, is_early: AtomicBool::new(true) };
    let slow = app.resume(late).expect("it can be read").expect("there are tokens");
    ask(&slow.client()).expect("the token is valid");
    sandbox.expire_access_tokens();
    ask(&one.client()).expect("it is renewed");
    ask(&slow.client()).expect("its refresh is refused, and it loads the tokens again");
    assert_eq!(refreshes(&sandbox), 3);
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
    sandbox.inject(Fault::delay(Duration::from_millis(600)).on("POST", TOKEN));
    let began = Instant::now();
    fails(ask(&signed_in.client().with_timeout(Duration::from_millis(200))), ErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_millis(550), "the caller's own limit is kept");
    ask(&signed_in.client()).expect("the refresh went on");
    assert_eq!(refreshes(&sandbox), 1);
    assert_eq!(store.saved.lock().unwrap().len(), 2);

    // Not even if the whole app is in a hurry.
    let hasty = sandbox.client().with_timeout(Duration::from_millis(200));
    let app = sandbox.oauth2_app(REDIRECT).client(&hasty);
    let signed_in = sign_in_with(&sandbox, &app).keep_in(store.clone()).expect("it can be stored");
    sandbox.expire_access_tokens();
    sandbox.inject(Fault::delay(Duration::from_millis(600)).on("POST", TOKEN));
    fails(ask(&signed_in.client()), ErrorKind::Timeout);
    while store.saved.lock().unwrap().len() < 4 {
        thread::sleep(Duration::from_millis(10));
    }
    ask(&signed_in.client()).expect("the refresh went on");
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
    let error = fails(ask(&signed_in.client()), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("signed out"), "{error}");
    fails(ask(&token.client()), ErrorKind::Unauthenticated);
}

#[test]
fn the_file_is_private_whole_and_keeps_the_tokens() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let path = directory.path().join("new").join("tokens.json");
    let store = FileTokenStore::new(&path);
    assert!(app.resume(store.clone()).expect("nothing is there").is_none());
    let token = sign_in_with(&sandbox, &app);
    token.keep_in(store.clone()).expect("it can be stored");
    assert_eq!(store.load().expect("it can be read").as_ref(), Some(token.tokens()));
    for _ in 0..3 {
        sandbox.expire_access_tokens();
        let signed_in = app.resume(store.clone()).expect("it can be read").expect("there are tokens");
        ask(&signed_in.client()).expect("it is renewed");
    }
    let mut names: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["tokens.json", "tokens.json.lock"], "nothing else is left");
    #[cfg(unix)]
    for name in names {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path.with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(!format!("{store:?}").contains(token.tokens().access_token()));
}

#[test]
fn each_unreadable_file_is_told_and_left_alone() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let path = directory.path().join("tokens.json");
    let store = FileTokenStore::new(&path);
    sign_in_with(&sandbox, &app).keep_in(store.clone()).expect("it can be stored");
    let whole = std::fs::read(&path).unwrap();
    let secret = store.load().unwrap().unwrap().access_token().to_owned();

    let newer = String::from_utf8(whole.clone()).unwrap().replace("\"version\": 1", "\"version\": 2");
    let mut cases = vec![(newer.into_bytes(), ErrorKind::NewerFile, "a newer version")];
    for length in [0, 1, whole.len() / 2, whole.len() - 2] {
        cases.push((whole[..length].to_vec(), ErrorKind::CorruptFile, "incomplete"));
    }
    for other in ["{}", "[]", "null", "{\"version\": 0}", "{\"version\": \"1\"}"] {
        cases.push((other.into(), ErrorKind::CorruptFile, "no tokens"));
    }
    let secretive =
        format!("{{\"version\": 1, \"tokens\": {{\"access_token\": \"a\", \"expires_at\": \"{secret}\"}}}}");
    cases.push((secretive.into_bytes(), ErrorKind::CorruptFile, "incomplete"));
    for (content, kind, word) in cases {
        std::fs::write(&path, &content).unwrap();
        let error = fails(app.resume(store.clone()), kind);
        let text = format!("{error} {error:#?}");
        assert!(text.contains(word) && text.contains("tokens.json") && !text.contains(&secret), "{text}");
        assert_eq!(std::fs::read(&path).unwrap(), content, "it is left as it is");
    }
    fails(app.resume(FileTokenStore::new(directory.path())), ErrorKind::Io);
}

#[test]
fn a_refresh_token_is_not_spent_if_the_next_one_cannot_be_stored() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let path = directory.path().join("inner").join("tokens.json");
    sign_in_with(&sandbox, &app).keep_in(FileTokenStore::new(&path)).expect("it can be stored");
    let signed_in = app.resume(FileTokenStore::new(&path)).expect("it can be read").expect("there are tokens");
    // The directory is gone, and something else has its name.
    std::fs::remove_dir_all(directory.path().join("inner")).unwrap();
    let blocker = directory.file("inner", b"");
    sandbox.expire_access_tokens();
    let error = fails(ask(&signed_in.client()), ErrorKind::Io);
    assert!(error.to_string().contains("tokens.json") && error.to_string().contains("writable"), "{error}");
    assert_eq!(refreshes(&sandbox), 0);
    std::fs::remove_file(blocker).unwrap();
    ask(&signed_in.client()).expect("it can be stored now");
    assert_eq!(refreshes(&sandbox), 1);
}

/// The name is as long as the file system allows: the lock's name still fits, that of the next file doesn't.
#[cfg(unix)]
#[test]
fn a_refresh_token_is_not_spent_if_only_the_lock_can_be_written() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let short = directory.path().join("tokens.json");
    sign_in_with(&sandbox, &app).keep_in(FileTokenStore::new(&short)).expect("it can be stored");
    let long = directory.path().join("t".repeat(250));
    std::fs::rename(&short, &long).expect("the name fits");
    let signed_in = app.resume(FileTokenStore::new(&long)).expect("it can be read").expect("there are tokens");
    sandbox.expire_access_tokens();
    fails(ask(&signed_in.client()), ErrorKind::Io);
    assert_eq!(refreshes(&sandbox), 0);
}

/// As root, permissions don't hold, so this shows it only for other users.
#[cfg(unix)]
#[test]
fn a_read_only_directory_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = sandbox();
    let directory = TempDir::new();
    let inner = directory.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(inner.join("probe"), b"").is_err() {
        let error = fails(sign_in(&sandbox).keep_in(FileTokenStore::new(inner.join("tokens.json"))), ErrorKind::Io);
        assert!(error.to_string().contains("tokens.json"), "{error}");
    }
    std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// A script of its own: renews the tokens of a file ten times. Runs as a child of the test below.
#[test]
fn child_script() {
    let Ok(url) = std::env::var("SIGNED_IN_TEST_URL") else { return };
    let path = std::env::var_os("SIGNED_IN_TEST_FILE").expect("both are set");
    let client = Client::builder("unused").base_url(url).build().expect("the address is good");
    let app = OAuth2App::new("840974200211308101", REDIRECT).client(&client);
    for _ in 0..10 {
        let signed_in = app.resume(FileTokenStore::new(&path)).expect("it can be read").expect("there are tokens");
        ask(&signed_in.client()).expect("nobody has spent this script's refresh token");
    }
}

#[test]
fn two_scripts_do_not_spend_each_others_refresh_token() {
    let sandbox = sandbox();
    let directory = TempDir::new();
    let path = directory.path().join("tokens.json");
    // Each resumed set is due at once.
    sandbox.set_access_token_lifetime(Duration::from_secs(30));
    sign_in(&sandbox).keep_in(FileTokenStore::new(&path)).expect("it can be stored");
    let children: Vec<_> = (0..4)
        .map(|_| {
            Command::new(std::env::current_exe().expect("this test"))
                .args(["child_script", "--exact", "--nocapture"])
                .env("SIGNED_IN_TEST_URL", sandbox.url())
                .env("SIGNED_IN_TEST_FILE", &path)
                .stdout(Stdio::null())
                .spawn()
                .expect("it can be started")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let refused = sandbox.requests().iter().filter(|request| request.status == Some(400)).count();
    assert_eq!(refused, 0, "no refresh token was used twice");
    assert!(refreshes(&sandbox) > 10, "they did renew them: {}", refreshes(&sandbox));
}

fn assert_send_sync<T: Send + Sync + Clone + std::fmt::Debug + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}

#[test]
fn handles_are_shared_between_threads() {
    assert_send_sync::<OAuth2App>();
    assert_send_sync::<AccessToken>();
    assert_send_sync::<SignedIn>();
}
