//! Tokens that are kept in a file.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use rblxopencloud::oauth2::{FileTokenStore, TokenSet, TokenStore};
use rblxopencloud::{Client, ErrorKind, OAuth2App};

use crate::support::signing_in::{REDIRECT, expiring_in, make_call, refreshes, sandbox, sign_in, sign_in_with};
use crate::support::{self, TempDir, fails};

/// Tokens in a file that have always expired.
struct Expired(FileTokenStore);

impl TokenStore for Expired {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        Ok(self.0.load()?.map(|tokens| expiring_in(&tokens, 0)))
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        self.0.save(tokens)
    }

    fn clear(&self) -> io::Result<()> {
        self.0.clear()
    }

    fn with_lock(&self, work: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        self.0.with_lock(work)
    }
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
        make_call(&signed_in.client()).expect("it is renewed");
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

    // A process that was killed while it stored them.
    std::fs::write(path.with_file_name("tokens.json.0123456789abcdef.part"), "secret").unwrap();
    std::fs::write(path.with_file_name("tokens.json.mine.part"), "of another program").unwrap();
    sandbox.expire_access_tokens();
    let signed_in = app.resume(store).expect("it can be read").expect("there are tokens");
    make_call(&signed_in.client()).expect("it is renewed");
    assert!(!path.with_file_name("tokens.json.0123456789abcdef.part").exists());
    assert!(path.with_file_name("tokens.json.mine.part").exists());
}

#[test]
fn each_unreadable_file_is_reported_and_left_alone() {
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
    let error = fails(make_call(&signed_in.client()), ErrorKind::Io);
    assert!(error.to_string().contains("tokens.json") && error.to_string().contains("writable"), "{error}");
    assert_eq!(refreshes(&sandbox), 0);
    std::fs::remove_file(blocker).unwrap();
    make_call(&signed_in.client()).expect("it can be stored now");
    assert_eq!(refreshes(&sandbox), 1);
}

/// The path is as long as the system allows: the lock's still fits, that of the next file doesn't.
#[cfg(target_os = "linux")]
#[test]
fn a_refresh_token_is_not_spent_if_only_the_lock_can_be_written() {
    const LONGEST: usize = 4095;
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let mut deep = directory.path().to_owned();
    while deep.as_os_str().len() + "/t.lock".len() < LONGEST {
        let left = LONGEST - deep.as_os_str().len() - "/t.lock".len() - 1;
        deep.push("d".repeat(left.clamp(1, 200)));
    }
    std::fs::create_dir_all(&deep).expect("the path fits");
    let short = directory.path().join("tokens.json");
    sign_in_with(&sandbox, &app).keep_in(FileTokenStore::new(&short)).expect("it can be stored");
    std::fs::rename(&short, deep.join("t")).expect("the path fits");
    let signed_in = app.resume(FileTokenStore::new(deep.join("t"))).expect("it can be read").expect("there are tokens");
    sandbox.expire_access_tokens();
    fails(make_call(&signed_in.client()), ErrorKind::Io);
    assert_eq!(refreshes(&sandbox), 0);
    assert!(deep.join("t.lock").exists());
}

/// One comes from a folder of dotfiles.
#[cfg(unix)]
#[test]
fn two_names_of_a_file_are_one_authorization() {
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let (real, link) = (directory.path().join("dotfiles").join("real.json"), directory.path().join("link.json"));
    std::os::unix::fs::symlink("dotfiles/real.json", &link).unwrap();
    std::fs::create_dir(directory.path().join("dotfiles")).unwrap();
    sign_in_with(&sandbox, &app).keep_in(FileTokenStore::new(&link)).expect("it can be stored");
    for turn in 0..6 {
        let path = if turn % 2 == 0 { &real } else { &link };
        let store = Expired(FileTokenStore::new(path));
        let signed_in = app.resume(store).expect("it can be read").expect("there are tokens");
        make_call(&signed_in.client()).expect("both stay signed in");
    }
    assert!(refreshes(&sandbox) >= 6);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(real.with_file_name("real.json.lock").exists() && !directory.path().join("link.json.lock").exists());
    let signed_in = app.resume(FileTokenStore::new(&link)).unwrap().unwrap();
    signed_in.sign_out().expect("they are revoked");
    assert!(!real.exists() && std::fs::symlink_metadata(&link).unwrap().is_symlink(), "the link stays");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_use_is_refused_until_it_is_private() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let path = directory.path().join("tokens.json");
    let store = FileTokenStore::new(&path);
    let signed_in = sign_in_with(&sandbox, &app).keep_in(store.clone()).expect("it can be stored");
    let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o644, 0o640, 0o660, 0o602, 0o610, 0o777] {
        set(mode);
        let error = fails(app.resume(store.clone()), ErrorKind::Io);
        assert!(error.to_string().contains("chmod 600"), "{error}");
        sandbox.expire_access_tokens();
        fails(make_call(&signed_in.client()), ErrorKind::Io);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "it is left as it is");
    }
    assert_eq!(refreshes(&sandbox), 0, "no token was spent");
    set(0o600);
    make_call(&signed_in.client()).expect("it is private");
    // Signing in again makes it private, too.
    set(0o644);
    sign_in_with(&sandbox, &app).keep_in(store.clone()).expect("it can be stored");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    // Only root can read a private file of somebody else, and give one away.
    if chown(&path, Some(12_345), None).is_ok() {
        let error = fails(app.resume(store.clone()), ErrorKind::Io);
        assert!(error.to_string().contains("another user of this machine (uid 12345)"), "{error}");
        // With `sudo`, the folder belongs to them, too; then root works for them.
        chown(directory.path(), Some(12_345), None).unwrap();
        make_call(&app.resume(store).expect("it can be read").expect("there are tokens").client())
            .expect("it is theirs");
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&path).unwrap()), 12_345);
    }
}

#[cfg(unix)]
#[test]
fn anything_but_a_regular_file_is_reported_at_once() {
    let directory = TempDir::new();
    let path = directory.path().join("tokens.json");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success());
    let store = FileTokenStore::new(&path);
    type Use = fn(&FileTokenStore) -> std::io::Result<()>;
    let uses: [(&str, Use); 5] = [
        ("load", |store| store.load().map(drop)),
        ("check", |store| store.check()),
        ("clear", |store| store.clear()),
        ("save", |store| store.save(&rblxopencloud::oauth2::TokenSet::from_refresh_token("a"))),
        ("lock", |store| {
            std::fs::rename(store.path(), store.path().with_extension("json.lock"))?;
            store.with_lock(&mut || Ok(()))
        }),
    ];
    for (name, work) in uses {
        let store = store.clone();
        let error = support::within(Duration::from_secs(60), move || work(&store)).expect_err(name);
        assert!(error.to_string().contains("is not a regular file"), "{name}: {error}");
    }
    let lock = path.with_extension("json.lock");
    std::fs::remove_file(&lock).unwrap();
    let elsewhere = directory.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
    let error = store.with_lock(&mut || Ok(())).expect_err("the lock is a link");
    assert!(error.to_string().contains("is a link") && !elsewhere.exists(), "{error}");
}

#[test]
fn tokens_of_another_app_or_user_are_not_taken_over() {
    use rblxopencloud::oauth2::Scope;
    let sandbox = sandbox();
    let app = sandbox.oauth2_app(REDIRECT);
    let directory = TempDir::new();
    let path = directory.path().join("tokens.json");
    let store = FileTokenStore::new(&path);
    let token = sign_in_with(&sandbox, &app);
    assert_eq!(token.tokens().client_id(), Some(app.client_id()));
    let signed_in = token.keep_in(store.clone()).expect("it can be stored");
    let own = std::fs::read(&path).unwrap();

    // Another app.
    let client = Client::builder("unused").base_url(sandbox.url()).build().expect("the address is good");
    let other = OAuth2App::new("42", REDIRECT).client(&client);
    let error = fails(other.resume(store.clone()), ErrorKind::ForeignTokens);
    assert!(error.to_string().contains("\"42\"") && error.to_string().contains(app.client_id()), "{error}");
    fails(other.refresh(token.tokens()), ErrorKind::ForeignTokens);
    assert_eq!((refreshes(&sandbox), std::fs::read(&path).unwrap()), (0, own), "nothing was sent or changed");

    // Another user signs in with the same file.
    sandbox.add_user(rblxopencloud::UserInfo::new(200, "other"));
    let pending = app.authorize_url([Scope::OPENID, Scope::USER_INVENTORY_ITEM_READ]).expect("the app is fine");
    let redirect = sandbox.authorize(pending.url(), 200).expect("the address is fine");
    let theirs = app.exchange_code(&redirect, &pending).expect("the code is fresh").keep_in(store.clone()).unwrap();
    let stored = std::fs::read(&path).unwrap();
    sandbox.expire_access_tokens();
    let error = fails(make_call(&signed_in.client()), ErrorKind::ForeignTokens);
    assert!(error.to_string().contains("user 200, not to user 156"), "{error}");
    assert_eq!(error.scope(), rblxopencloud::ErrorScope::Run);
    assert_eq!(std::fs::read(&path).unwrap(), stored);
    signed_in.sign_out().expect("their own tokens are revoked");
    assert_eq!(std::fs::read(&path).unwrap(), stored, "the other user stays signed in");
    make_call(&theirs.client()).expect("they are signed in");

    // Without the scope `openid`, tokens don't tell whose they are.
    let pending = app.authorize_url([Scope::USER_INVENTORY_ITEM_READ]).expect("the app is fine");
    let redirect = sandbox.authorize(pending.url(), 156).expect("the address is fine");
    let unknown = app.exchange_code(&redirect, &pending).expect("the code is fresh").keep_in(store.clone()).unwrap();
    sandbox.expire_access_tokens();
    let error = fails(make_call(&theirs.client()), ErrorKind::ForeignTokens);
    assert!(error.to_string().contains("user 200"), "{error}");
    make_call(&unknown.client()).expect("they are renewed by their own user");

    // Tokens that don't tell whose they are, such as those of another program.
    let unknown = rblxopencloud::oauth2::TokenSet::from_refresh_token(
        sign_in_with(&sandbox, &app).tokens().refresh_token().expect("there is one"),
    );
    store.save(&unknown).expect("it can be stored");
    let signed_in = app.resume(store.clone()).expect("it can be read").expect("there are tokens");
    make_call(&signed_in.client()).expect("they are taken over");
    assert_eq!(store.load().unwrap().unwrap().client_id(), Some(app.client_id()));
}

/// As root, permissions don't hold, so this shows it only for other users.
#[cfg(unix)]
#[test]
fn a_read_only_directory_is_reported() {
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
        let store = Expired(FileTokenStore::new(&path));
        let signed_in = app.resume(store).expect("it can be read").expect("there are tokens");
        make_call(&signed_in.client()).expect("nobody has spent this script's refresh token");
    }
}

#[test]
fn two_scripts_do_not_spend_each_others_refresh_token() {
    let sandbox = sandbox();
    let directory = TempDir::new();
    let path = directory.path().join("tokens.json");
    sign_in(&sandbox).keep_in(FileTokenStore::new(&path)).expect("it can be stored");
    let children: Vec<_> = (0..4)
        .map(|_| {
            support::test_process(module_path!(), "child_script")
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
