//! Signing in with a real browser: headless Chromium, which ChromeDriver controls. `CHROMEDRIVER` is the path of the driver;
//! without it, these tests do nothing.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs};

use base64::Engine;
use rblxopencloud::oauth2::{AccessToken, Scope};
use rblxopencloud::{Client, Credentials, Error, ErrorKind, Method, OAuth2App};
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support;

const PATIENCE: Duration = Duration::from_secs(60);
/// One browser at a time: they need much memory.
static ALONE: Mutex<()> = Mutex::new(());

/// A browser.
struct Browser {
    driver: Child,
    client: Client,
    session: String,
}

impl Browser {
    fn start() -> Option<Self> {
        let Some(path) = env::var_os("CHROMEDRIVER") else {
            eprintln!("CHROMEDRIVER is not set; no browser is tested");
            return None;
        };
        let mut driver = Command::new(path).arg("--port=0").stdout(Stdio::piped()).spawn().expect("it can be started");
        let lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let url = format!("http://127.0.0.1:{}", port.expect("it tells its port"));
        let client = Client::builder(Credentials::api_key("unused")).base_url(url).build().expect("the URL is good");
        let mut browser = Self { driver, client, session: String::new() };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=900,700",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let session = browser.call(Method::Post, "/session", Some(wanted)).expect("a session");
        browser.session = session["sessionId"].as_str().expect("a session").to_owned();
        Some(browser)
    }

    fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Error> {
        let request = self.client.request(method, path);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let mut answer: Value = request.fetch()?;
        Ok(answer["value"].take())
    }

    fn post(&self, path: &str, body: Value) -> Result<Value, Error> {
        self.call(Method::Post, &format!("/session/{}{path}", self.session), Some(body))
    }

    fn get(&self, path: &str) -> Result<Value, Error> {
        self.call(Method::Get, &format!("/session/{}{path}", self.session), None)
    }

    fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).expect("it can be opened");
    }

    fn open_tab(&self) {
        let tab = self.post("/window/new", json!({ "type": "tab" })).expect("a tab");
        self.post("/window", json!({ "handle": tab["handle"] })).expect("it is there");
    }

    /// Does something with an element, as soon as the page has it. Between two pages, it may be gone.
    fn with_element(&self, selector: &str, act: impl Fn(&str) -> Result<Value, Error>) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.post("/element", json!({ "using": "css selector", "value": selector }));
            let id = |found: Value| Some(found.as_object()?.values().next()?.as_str()?.to_owned());
            match found.map(id).and_then(|id| act(&id.unwrap_or_default())) {
                Ok(value) => return value,
                Err(error) => assert!(Instant::now() < deadline, "{selector}: {error}"),
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn text(&self) -> String {
        let text = self.with_element("body", |id| self.get(&format!("/element/{id}/text")));
        text.as_str().expect("a text").to_owned()
    }

    fn click(&self, selector: &str) {
        self.with_element(selector, |id| self.post(&format!("/element/{id}/click"), json!({})));
    }

    /// Waits until the page says this.
    fn wait_for(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.text().contains(words) {
            assert!(Instant::now() < deadline, "{words:?} doesn't appear: {}", self.text());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Saves a picture of the page, to be looked at.
    fn picture(&self, name: &str) {
        let picture = self.get("/screenshot").expect("a picture");
        let picture = base64::engine::general_purpose::STANDARD.decode(picture.as_str().expect("base64"));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
        fs::write(path, picture.expect("base64")).expect("there is room");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let path = format!("/session/{}", self.session);
            let _ = self.client.request(Method::Delete, &path).fetch::<Value>();
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A sign-in that waits for the browser.
struct Waiting {
    sandbox: Sandbox,
    url: String,
    result: JoinHandle<Result<AccessToken, Error>>,
}

fn begin() -> Waiting {
    let sandbox = Sandbox::builder().demo().start().expect("a port is free");
    sandbox.set_browser_user(156);
    let port =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a free port").port();
    let app = sandbox.oauth2_app(format!("http://localhost:{port}/callback"));
    let (send, urls) = channel();
    let result = thread::spawn(move || {
        let scopes = [Scope::OPENID, Scope::PROFILE, Scope::USER_INVENTORY_ITEM_READ, Scope::from("universe:read")];
        let sign_in = app.sign_in(scopes).timeout(PATIENCE).open_browser(false);
        sign_in.on_url(|url| send.send(url.to_owned()).expect("the test listens")).wait()
    });
    Waiting { sandbox, url: urls.recv().expect("it listens"), result }
}

#[test]
fn a_user_reads_the_scopes_and_authorizes() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(browser) = Browser::start() else { return };
    let waiting = begin();
    browser.open(&waiting.url);
    browser.wait_for("Authorize app");
    let text = browser.text();
    for words in ["Builderman", "Read your inventory, even if it is private", "Know your user ID", "universe:read"] {
        assert!(text.contains(words) || text.contains(&words.to_lowercase()), "{words:?} is missing: {text}");
    }
    browser.picture("consent");
    browser.click("button[value=allow]");
    browser.wait_for("You are signed in");
    browser.picture("signed-in");
    let token = waiting.result.join().expect("it doesn't panic").expect("it is signed in");
    assert_eq!(token.tokens().user_id(), Some(156));
    // The consent page is answered once: going back leads nowhere.
    let choices = waiting.sandbox.requests().iter().filter(|request| request.path == "/oauth/v1/authorize").count();
    assert_eq!(choices, 2, "the page, and the choice");
}

#[test]
fn a_user_declines() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(browser) = Browser::start() else { return };
    let waiting = begin();
    browser.open(&waiting.url);
    browser.click("button[value=deny]");
    browser.wait_for("You are not signed in");
    browser.picture("declined");
    let error = waiting.result.join().expect("it doesn't panic").expect_err("it is declined");
    assert_eq!(error.kind(), ErrorKind::ConsentDenied);
}

#[test]
fn a_second_tab_with_an_old_page_does_no_harm() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(browser) = Browser::start() else { return };
    let waiting = begin();
    let redirect = waiting.sandbox.authorize(&waiting.url, 156).expect("the address is good");
    let (callback, _) = redirect.split_once('?').expect("a query");
    browser.open(&format!("{callback}?code=old&state=of-yesterday"));
    browser.wait_for("another sign-in");
    browser.picture("another");
    browser.open_tab();
    browser.open(&waiting.url);
    browser.click("button[value=allow]");
    browser.wait_for("You are signed in");
    waiting.result.join().expect("it doesn't panic").expect("it is signed in");
}

/// Set for a process that signs in: the URL of the sandbox, and the redirect URI.
const CHILD: &str = "BROWSER_TEST_SIGNS_IN_AT";

/// Does nothing, except in the process that the next test starts.
#[test]
fn a_process_signs_in() {
    let Ok(setup) = env::var(CHILD) else { return };
    let (url, redirect_uri) = setup.split_once(' ').expect("two URLs");
    let client = Client::builder(Credentials::none()).base_url(url).build().expect("the URL is good");
    let app = OAuth2App::new("840974200211308101", redirect_uri).client(&client);
    app.sign_in([Scope::OPENID]).timeout(PATIENCE).on_url(|_| {}).wait().expect("the user authorizes");
}

/// The browser gets the path of a file, because everyone could see a URL.
#[test]
#[cfg(target_os = "linux")]
fn the_file_that_is_opened_leads_to_the_consent_page() {
    use std::os::unix::fs::PermissionsExt;

    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(browser) = Browser::start() else { return };
    let sandbox = Sandbox::builder().demo().start().expect("a port is free");
    sandbox.set_browser_user(156);
    let port =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a free port").port();
    let redirect_uri = format!("http://localhost:{port}/callback");
    let _ = sandbox.oauth2_app(&redirect_uri);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("opener {port}"));
    fs::create_dir_all(&folder).expect("there is room");
    let (opener, opened) = (folder.join("xdg-open"), folder.join("opened"));
    fs::write(&opener, "#!/bin/sh\nprintf %s \"$1\" > \"$HOME/new\"\n/bin/mv \"$HOME/new\" \"$HOME/opened\"\n")
        .expect("there is room");
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("it can be set");
    let mut child = support::test_process(module_path!(), "a_process_signs_in")
        .env(CHILD, format!("{} {redirect_uri}", sandbox.url()))
        .envs([("HOME", &folder), ("PATH", &folder)])
        .spawn()
        .expect("it can be started");
    let deadline = Instant::now() + PATIENCE;
    while !opened.exists() {
        assert!(Instant::now() < deadline, "nothing was opened");
        thread::sleep(Duration::from_millis(50));
    }
    let file = fs::read_to_string(&opened).expect("it is there");
    browser.open(&format!("file://{}", file.replace(' ', "%20")));
    browser.wait_for("Authorize app");
    browser.click("button[value=allow]");
    browser.wait_for("You are signed in");
    assert!(child.wait().expect("it ends").success());
    assert!(!Path::new(&file).exists(), "the file is removed");
    fs::remove_dir_all(&folder).expect("it is there");
}
