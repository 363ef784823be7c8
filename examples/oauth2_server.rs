//! A web server that users sign in to with their Roblox accounts: `cargo run --example oauth2_server -- --port 4000`

mod common;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::server::{Request, Response, host_of, serve};
use common::table::Table;
use rblxopencloud::oauth2::{PendingSignIn, Scope, SignedIn, TokenSet};
use rblxopencloud::{Error, ErrorKind, OAuth2App};

const USAGE: &str = "\
Usage: oauth2_server [--port PORT]

Serves a page with a sign-in on this machine. Without a port, it serves a free one, calls itself as a browser would, and ends.";

/// How long a browser waits.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a sign-in can take.
const PENDING_FOR: Duration = Duration::from_secs(600);
/// How long nobody has to come back until they are forgotten.
const SESSION_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
const MOST_SESSIONS: usize = 100_000;
/// So that one user doesn't push the others out.
const MOST_SESSIONS_OF_A_USER: usize = 10;
/// How long a callback can be repeated.
const CALLBACK_FOR: Duration = Duration::from_secs(600);
/// Anyone can make one up.
const MOST_CALLBACKS: usize = 1_000;

fn main() -> ExitCode {
    common::run_app(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let port = common::port(&arguments)?;
    let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0)))?;
    let address = listener.local_addr()?;
    let (app, sandbox) = common::app(&format!("http://localhost:{}/callback", address.port()), DEADLINE)?;
    println!("listening on http://localhost:{}", address.port());
    let site = Site::new(app);
    // Behind a proxy, the host of the redirect URI is that of the site.
    let hosts = vec![host_of(site.app.redirect_uri())];
    let server = thread::spawn(move || serve(&listener, hosts, move |request| site.respond(request)));
    // The sandbox runs as long as the server.
    let (None, Some(sandbox)) = (port, &sandbox) else {
        return server.join().map_err(|_| "the server panicked".into());
    };

    // A browser, whose user signs in and out.
    let mut browser = Browser { address: address.to_string(), cookies: BTreeMap::new() };
    println!("GET /: {}", browser.request("GET", "/")?.1);
    let consent = browser.request("GET", "/sign-in")?.0;
    let redirect = sandbox.authorize(&consent, 156)?;
    let callback = format!("/{}", redirect.splitn(4, '/').nth(3).unwrap_or_default());
    println!("forged: {}", browser.request("GET", "/callback?code=stolen&state=guessed")?.1);
    println!("GET /callback: {}", browser.request("GET", &callback)?.0);
    println!("GET /: {}", browser.request("GET", "/")?.1);
    println!("reloaded: {}", browser.request("GET", &callback)?.0);
    println!("POST /sign-out: {}", browser.request("POST", "/sign-out")?.0);
    println!("GET /: {}", browser.request("GET", "/")?.1);
    Ok(())
}

/// A user who is signed in in a browser, which has the session's id in a cookie.
#[derive(Clone)]
struct Session {
    user: Option<u64>,
    signed_in: SignedIn,
}

/// Two callbacks of a sign-in have one result: the id of its session. Whoever comes second waits for it.
type Callback = Arc<Mutex<Option<String>>>;

struct Site {
    app: OAuth2App,
    sessions: Table<String, Session>,
    /// By the sign-in as a whole, with the verifier that only its browser has.
    callbacks: Table<String, Callback>,
}

impl Site {
    fn new(app: OAuth2App) -> Self {
        Self {
            app,
            sessions: Table::new(MOST_SESSIONS, SESSION_FOR),
            callbacks: Table::new(MOST_CALLBACKS, CALLBACK_FOR),
        }
    }

    fn respond(&self, request: &Request) -> Response {
        let path = request.target.split('?').next().unwrap_or_default();
        let response = match (request.method.as_str(), path) {
            ("GET", "/") => self.home(request),
            ("GET", "/sign-in") => self.sign_in(),
            ("GET", "/callback") => self.callback(request),
            ("POST", "/sign-out") => self.sign_out(request),
            _ => Ok(page("404 Not Found", "nothing is here")),
        };
        response.unwrap_or_else(|error| {
            eprintln!("{} {path}: {error}", request.method);
            match kind(&*error) {
                _ if is_spent(&*error) => {
                    page("400 Bad Request", "The sign-in is invalid. <a href=\"/sign-in\">Try again</a>")
                }
                Some(ErrorKind::ConsentDenied) => page("200 OK", "You did not sign in. <a href=\"/\">Back</a>"),
                _ => page("502 Bad Gateway", "Roblox can't be reached. Please try again later."),
            }
        })
    }

    fn home(&self, request: &Request) -> common::Result<Response> {
        let Some(Session { signed_in, .. }) = self.session(request) else {
            return Ok(page("200 OK", "<a href=\"/sign-in\">Sign in with Roblox</a>"));
        };
        let tokens = signed_in.access_token()?;
        let name = tokens.claims().map_or_else(String::new, |claims| escaped(&claims.identity.to_string()));
        let groups = signed_in.user()?.list_groups().filter_map(Result::ok).count();
        let form = "<form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>";
        Ok(page("200 OK", format!("Welcome, {name}! You are in {groups} groups. {form}")))
    }

    /// The browser keeps the sign-in until it comes back, so beginning one costs the server nothing, and nobody can make it
    /// forget those of others. The cookie needs no signature: whoever makes one up lacks the verifier of the other sign-in, without
    /// which neither the service nor [`Site::callbacks`] knows it.
    fn sign_in(&self) -> common::Result<Response> {
        let pending = self.app.authorize_url([Scope::OPENID, Scope::PROFILE])?;
        let json = serde_json::to_string(&pending)?;
        Ok(redirect(pending.url()).with("set-cookie", self.cookie(PENDING, &URL_SAFE_NO_PAD.encode(json), PENDING_FOR)))
    }

    fn callback(&self, request: &Request) -> common::Result<Response> {
        match self.complete(request) {
            Ok(Some(id)) => Ok(redirect("/")
                .with("set-cookie", self.cookie(SESSION, &id, SESSION_FOR))
                .with("set-cookie", self.cookie(PENDING, "", Duration::ZERO))),
            // The page was loaded again, or the sign-in was completed in another tab.
            Ok(None) if self.session(request).is_some() => Ok(redirect("/")),
            Err(error) if is_spent(&*error) && self.session(request).is_some() => Ok(redirect("/")),
            Ok(None) => {
                Ok(page("400 Bad Request", "You did not begin to sign in here. <a href=\"/sign-in\">Sign in</a>"))
            }
            Err(error) => Err(error),
        }
    }

    /// Completes the browser's sign-in, and returns the id of the session. `None` if it began none, if the redirect is of another
    /// one, or if the session is over.
    fn complete(&self, request: &Request) -> common::Result<Option<String>> {
        let cookie = request.cookie(&self.cookie_name(PENDING)).and_then(|cookie| URL_SAFE_NO_PAD.decode(cookie).ok());
        let Some(pending) = cookie.and_then(|json| serde_json::from_slice::<PendingSignIn>(&json).ok()) else {
            return Ok(None);
        };
        if !has_state(&request.target, pending.state()) {
            return Ok(None);
        }
        // A state alone isn't a secret: it is in the URL of the redirect.
        let callback = self.callbacks.renew_or_insert(serde_json::to_string(&pending)?, Callback::default);
        let mut completed = callback.lock().unwrap_or_else(PoisonError::into_inner);
        if completed.is_none() {
            // A real server stores the tokens, so that users stay signed in when it restarts.
            let signed_in = self.app.exchange_code(&request.target, &pending)?.keep_in(|_: &TokenSet| Ok(()))?;
            let user = signed_in.access_token()?.tokens().user_id();
            self.sessions.make_room(MOST_SESSIONS_OF_A_USER, |session| session.user == user);
            // A new id: someone may have planted the old one.
            let id = random_id()?;
            self.forget(request);
            self.sessions.insert(id.clone(), Session { user, signed_in });
            *completed = Some(id);
        }
        // Who has signed out since stays so.
        Ok(completed.clone().filter(|id| self.sessions.get(id).is_some()))
    }

    fn sign_out(&self, request: &Request) -> common::Result<Response> {
        // If Roblox can't be reached, the user is still signed in, and can try it again.
        if let Some(session) = self.session(request) {
            session.signed_in.sign_out()?;
        }
        self.forget(request);
        Ok(redirect("/").with("set-cookie", self.cookie(SESSION, "", Duration::ZERO)))
    }

    fn session(&self, request: &Request) -> Option<Session> {
        self.sessions.renew(&request.cookie(&self.cookie_name(SESSION))?.to_owned())
    }

    fn forget(&self, request: &Request) {
        if let Some(id) = request.cookie(&self.cookie_name(SESSION)) {
            self.sessions.remove(&id.to_owned());
        }
    }

    fn is_secure(&self) -> bool {
        self.app.redirect_uri().starts_with("https://")
    }

    /// With this prefix, browsers accept a cookie from this host alone, so that no other host of the domain can plant one.
    fn cookie_name(&self, name: &str) -> String {
        format!("{}{name}", if self.is_secure() { "__Host-" } else { "" })
    }

    /// Returns a cookie that no script can read, that no other site's form sends, and that leaves this machine encrypted only.
    fn cookie(&self, name: &str, value: &str, lasts: Duration) -> String {
        let (name, age) = (self.cookie_name(name), lasts.as_secs());
        let secure = if self.is_secure() { "; Secure" } else { "" };
        format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={age}{secure}")
    }
}

const PENDING: &str = "pending";
const SESSION: &str = "session";

/// Returns whether a redirect repeats the state of a sign-in, whose characters need no escape.
fn has_state(target: &str, state: &str) -> bool {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair.strip_prefix("state=") == Some(state))
}

/// Returns whether a sign-in can't be completed by this redirect, or not again.
fn is_spent(error: &(dyn std::error::Error + 'static)) -> bool {
    use ErrorKind::{InvalidGrant, InvalidRedirect, StateMismatch};
    matches!(kind(error), Some(StateMismatch | InvalidRedirect | InvalidGrant))
}

fn kind(error: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    error.downcast_ref().map(Error::kind)
}

fn random_id() -> std::io::Result<String> {
    let mut random = [0; 32];
    getrandom::getrandom(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

fn page(status: &'static str, body: impl Into<String>) -> Response {
    // Its URL may have a code, which goes to no cache and to no other site.
    Response::new(status, body)
        .with("content-type", "text/html; charset=utf-8")
        .with("cache-control", "no-store")
        .with("referrer-policy", "no-referrer")
        .with("content-security-policy", "default-src 'none'")
}

fn redirect(location: &str) -> Response {
    page("303 See Other", "").with("location", location)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A browser with cookies.
struct Browser {
    address: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Returns where the response leads, and its text.
    fn request(&mut self, method: &str, target: &str) -> std::io::Result<(String, String)> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (host, cookies) = (&self.address, cookies.join("; "));
        write!(stream, "{method} {target} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookies}\r\ncontent-length: 0\r\n\r\n")?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
        for cookie in head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default().to_owned();
        let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or("", |(_, status)| status);
        Ok((location, format!("{status}: {body}")))
    }
}
