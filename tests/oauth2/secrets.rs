//! No token, code, verifier or secret is part of printed text, whatever an authorization server sends.

use std::cell::{Cell, RefCell};
use std::error::Error as _;

use log::{LevelFilter, Log, Metadata, Record};
use rblxopencloud::oauth2::{FileTokenStore, PendingSignIn, Scope, TokenSet};
use rblxopencloud::{Client, Credentials, Error, OAuth2App, RetryPolicy};
use serde_json::json;

use crate::support::{self, Reply, Server, TempDir};

const CODE: &str = "cq7Wv+K3/xJm9Rt5Yb2Hc8Lp4Nd6Gf1S==";
const REFRESH: &str = "rB4mXw+T8/qZk2Vn6Jd9Fs3Hg7Lc5Py0==";
const ACCESS: &str = "aG5tYu+Q1/oWe8Rm3Kx7Zb4Dn9Vf2Cj6==";
const SECRET: &str = "sH9jLp+M2/iUy6Tb1Wc4Xa8Qe3Ng7Rk5==";
/// This much of a secret is as bad as all of it.
const TELLING: usize = 16;

thread_local! {
    /// The log of this test; calls log in the thread that makes them.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static IS_KEPT: Cell<bool> = const { Cell::new(false) };
}

struct Collector;

impl Log for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // ureq's wire log, which the README warns about.
        IS_KEPT.get() && !metadata.target().starts_with("ureq_proto")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.with_borrow_mut(|lines| lines.push(format!("{}: {}", record.target(), record.args())));
        }
    }

    fn flush(&self) {}
}

#[track_caller]
fn assert_hidden(what: &str, text: &str, secrets: &[&str]) {
    for secret in secrets {
        for part in secret.as_bytes().windows(TELLING) {
            let part = std::str::from_utf8(part).expect("secrets are ASCII");
            assert!(!text.contains(part), "{what} tells a secret: {text}");
        }
    }
}

fn words(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {:?} {:?}", error.message(), error.code());
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    text
}

fn tokens() -> TokenSet {
    serde_json::from_value(json!({
        "access_token": ACCESS, "refresh_token": REFRESH, "expires_at": "2100-01-01T00:00:00Z", "scopes": ["openid"],
    }))
    .expect("it is a set of tokens")
}

fn app(url: &str) -> OAuth2App {
    let client = Client::builder(Credentials::none()).base_url(url).retry(RetryPolicy::none());
    OAuth2App::new("42", "http://localhost:4000/callback").secret(SECRET).client(&client.build().expect("it is good"))
}

/// The errors of all calls with secrets.
fn errors(app: &OAuth2App) -> (Vec<Error>, PendingSignIn) {
    let pending = app.authorize_url(["asset:read"]).expect("the app is fine");
    let code: String = CODE.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let redirect = format!("/callback?code={code}&state={}", pending.state());
    let token = app.access_token(tokens());
    let signed_in = token.keep_in(|_: &TokenSet| Ok(())).expect("it can be stored");
    let errors = [
        app.exchange_code(&redirect, &pending).err(),
        app.exchange_code(&format!("{redirect}&code=x"), &pending).err(),
        app.exchange_code(&redirect, &app.authorize_url(["asset:read"]).expect("the app is fine")).err(),
        app.exchange_code(&format!("?error=server_error&error_description={0}&state={0}", pending.state()), &pending)
            .err(),
        app.refresh(&tokens()).err(),
        app.revoke(&tokens()).err(),
        app.introspect(ACCESS).err(),
        token.fetch_resources().err(),
        token.fetch_user_info().err(),
        signed_in.client().user(1).fetch_info().err(),
        signed_in.sign_out().err(),
    ];
    (errors.into_iter().flatten().collect(), pending)
}

/// All that a request says, decoded and as it was sent.
fn echo(request: &support::Request) -> String {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let decoded = percent_encoding::percent_decode_str(&body).decode_utf8_lossy().into_owned();
    format!("{body} {decoded} {}", request.header("authorization").unwrap_or_default())
}

#[test]
fn errors_and_logs_hide_every_secret() {
    static COLLECTOR: Collector = Collector;
    let _ = log::set_logger(&COLLECTOR);
    log::set_max_level(LevelFilter::Trace);
    IS_KEPT.set(true);
    type Form = fn(String) -> String;
    let forms: [Form; 8] = [
        |echo| json!({ "error": echo, "error_description": echo }).to_string(),
        |echo| {
            json!({ "error": "invalid_grant", "error_description": format!("{}{echo}", "w ".repeat(230)) }).to_string()
        },
        |echo| json!({ "code": 3, "message": echo }).to_string(),
        |echo| json!({ "errors": { "a": [echo] } }).to_string(),
        |echo| json!(echo).to_string(),
        |echo| format!("<html><body>{echo}</body></html>"),
        |echo| echo,
        |echo| json!({ "access_token": [echo], "active": echo, "resource_infos": echo, "sub": echo }).to_string(),
    ];
    for form in forms {
        for status in [200, 302, 400, 401, 403, 429, 500] {
            let server = Server::start(move |request| Reply::text(status, form(echo(request))));
            let (errors, pending) = errors(&app(&server.url()));
            assert!(errors.len() >= 6, "{status}: {errors:?}");
            let kept = serde_json::to_value(&pending).expect("it can be written");
            let verifier = kept["verifier"].as_str().expect("a verifier").to_owned();
            for error in errors {
                let secrets = [CODE, REFRESH, ACCESS, SECRET, pending.state(), &verifier];
                assert_hidden(&format!("{status} {}", form("x".to_owned())), &words(&error), &secrets);
            }
            let lines = LINES.take();
            assert!(!lines.is_empty(), "calls are logged");
            for line in lines {
                assert_hidden("the log", &line, &[CODE, REFRESH, ACCESS, SECRET, pending.state(), &verifier]);
            }
        }
    }
}

/// Refusals without a body have their words in the status line.
#[test]
fn words_of_the_status_line_hide_every_secret() {
    const WORDS: &str = "Authorization code may not be used from this device";
    let server = Server::start(|request| {
        let echo = echo(request).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(echo.len() < 900, "it isn't too long to be kept");
        Reply::Raw(format!("HTTP/1.1 401 {WORDS} {echo}\r\ncontent-length: 0\r\n\r\n").into())
    });
    let (errors, pending) = errors(&app(&server.url()));
    let kept = serde_json::to_value(&pending).expect("it can be written");
    let verifier = kept["verifier"].as_str().expect("a verifier").to_owned();
    let has_words = |error: &&Error| error.message().is_some_and(|message| message.starts_with(WORDS));
    assert!(errors.iter().filter(has_words).count() >= 6, "{errors:?}");
    assert!(errors.iter().any(|error| error.to_string().contains("in one network")), "{errors:?}");
    for error in errors {
        assert_hidden("the status line", &words(&error), &[CODE, REFRESH, ACCESS, SECRET, pending.state(), &verifier]);
    }
}

#[test]
fn a_token_answer_that_is_bad_hides_its_tokens() {
    for body in [
        json!({ "access_token": format!("{ACCESS}\n"), "refresh_token": REFRESH }),
        json!({ "access_token": ACCESS, "token_type": ACCESS, "refresh_token": REFRESH }),
        json!({ "access_token": { "a": ACCESS }, "refresh_token": REFRESH }),
        json!({ "refresh_token": REFRESH }),
        json!([ACCESS, REFRESH]),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        let error = app(&server.url()).refresh(&TokenSet::from_refresh_token("old")).expect_err("it is bad");
        assert_hidden(&body.to_string(), &words(&error), &[ACCESS, REFRESH]);
        assert!(error.outcome_unknown(), "the old token is spent: {error}");
    }
}

#[test]
fn debug_hides_every_secret() {
    let app = app("http://127.0.0.1:1");
    let pending = app.authorize_url([Scope::OPENID]).expect("the app is fine");
    let token = app.access_token(tokens());
    let directory = TempDir::new();
    let store = FileTokenStore::new(directory.path().join("tokens.json"));
    let signed_in = token.keep_in(store.clone()).expect("it can be stored");
    let sign_in = app.sign_in([Scope::OPENID]);
    let kept = serde_json::to_value(&pending).expect("it can be written");
    let text = |name: &str| kept[name].as_str().expect("a text").to_owned();
    let (nonce, verifier) = (text("nonce"), text("verifier"));
    let all = format!(
        "{app:?} {app:#?} {pending:?} {pending:#?} {token:?} {token:#?} {:?} {:#?} {store:?} {signed_in:?} {signed_in:#?} \
         {sign_in:?} {:?}",
        token.tokens(),
        token.tokens(),
        token.client(),
    );
    assert_hidden("Debug", &all, &[CODE, REFRESH, ACCESS, SECRET, pending.state(), &nonce, &verifier]);
    for entry in std::fs::read_dir(directory.path()).expect("it is there") {
        let name = entry.expect("an entry").file_name();
        assert_hidden("a file name", &name.to_string_lossy(), &[REFRESH, ACCESS]);
    }
}
