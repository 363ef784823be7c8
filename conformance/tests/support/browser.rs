//! Headless Chromium, which ChromeDriver controls. `CHROMEDRIVER` is the path of the driver; without it, there is no browser.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use base64::Engine;
use rblxopencloud::{Client, Credentials, Error, Method};
use serde_json::{Value, json};

/// How long a page may take.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// One browser at a time: they need much memory.
static ALONE: Mutex<()> = Mutex::new(());

/// A browser.
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
    _alone: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts a browser, if there is one.
    pub fn start() -> Option<Self> {
        let Some(path) = env::var_os("CHROMEDRIVER") else {
            eprintln!("CHROMEDRIVER is not set; no browser is tested");
            return None;
        };
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut driver = Command::new(path).arg("--port=0").stdout(Stdio::piped()).spawn().expect("it can be started");
        let lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let url = format!("http://127.0.0.1:{}", port.expect("it tells its port"));
        let client = Client::builder(Credentials::api_key("unused")).base_url(url).build().expect("the URL is good");
        let mut browser = Self { driver, client, session: String::new(), _alone: alone };
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

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).expect("it can be opened");
    }

    /// Opens a tab, and goes on in it.
    pub fn open_tab(&self) {
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

    /// Returns what a reader sees.
    pub fn text(&self) -> String {
        let text = self.with_element("body", |id| self.get(&format!("/element/{id}/text")));
        text.as_str().expect("a text").to_owned()
    }

    /// Clicks on an element, as soon as the page has it.
    pub fn click(&self, selector: &str) {
        self.with_element(selector, |id| self.post(&format!("/element/{id}/click"), json!({})));
    }

    /// Types into a field, after what it has.
    pub fn type_into(&self, selector: &str, text: &str) {
        self.with_element(selector, |id| self.post(&format!("/element/{id}/value"), json!({ "text": text })));
    }

    /// Runs a script, and returns what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).expect("it runs")
    }

    /// Sets the size of the window.
    pub fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", json!({ "width": width, "height": height })).expect("it can be set");
    }

    /// Waits until the page says this.
    pub fn wait_for(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.text().contains(words) {
            assert!(Instant::now() < deadline, "{words:?} doesn't appear: {}", self.text());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Saves a picture of the page, to be looked at.
    pub fn picture(&self, name: &str) {
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
