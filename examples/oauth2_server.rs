//! A web server that users sign in to with their Roblox accounts: `cargo run --example oauth2_server -- --port 4000`

mod common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::oauth2::{OAuth2App, PendingSignIn, Scope, SignedIn, TokenSet};
use rblxopencloud::{Error, ErrorKind};

const USAGE: &str = "\
Usage: oauth2_server [--port PORT]

Serves a page with a sign-in on this machine. Without a port, it serves a free one, visits itself as a browser would, and ends.

Environment of this example:
";

/// How long a visitor waits.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a sign-in can take, and how long nobody has to come back until they are forgotten.
const PENDING_FOR: Duration = Duration::from_secs(600);
const SESSION_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
const MOST_SESSIONS: usize = 100_000;

fn main() -> ExitCode {
    common::run(&format!("{USAGE}{}", common::APP_ENVIRONMENT), run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let port = match arguments.as_slice() {
        [] => None,
        [flag, port] if flag == "--port" => Some(port.parse::<u16>()?),
        _ => return Err("unknown arguments; see --help".into()),
    };
    let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0)))?;
    let address = listener.local_addr()?;
    let (app, sandbox) = common::app(&format!("http://localhost:{}/callback", address.port()), DEADLINE)?;
    println!("listening on http://localhost:{}", address.port());
    let site = Site { app, sessions: Mutex::default() };
    let server = thread::spawn(move || common::serve(&listener, move |stream| respond(&site, stream)));
    let (None, Some(sandbox)) = (port, sandbox) else {
        return server.join().map_err(|_| "the server panicked".into());
    };

    // A visitor, who signs in and out.
    let mut visitor = Visitor { address: address.to_string(), cookie: String::new() };
    println!("GET /: {}", visitor.request("GET", "/")?.1);
    let consent = visitor.request("GET", "/sign-in")?.0;
    let redirect = sandbox.authorize(&consent, 156)?;
    let callback = format!("/{}", redirect.splitn(4, '/').nth(3).unwrap_or_default());
    println!("forged: {}", visitor.request("GET", "/callback?code=stolen&state=guessed")?.1);
    println!("GET /callback: {}", visitor.request("GET", &callback)?.0);
    println!("GET /: {}", visitor.request("GET", "/")?.1);
    println!("POST /sign-out: {}", visitor.request("POST", "/sign-out")?.0);
    println!("GET /: {}", visitor.request("GET", "/")?.1);
    Ok(())
}

fn respond(site: &Site, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    let head = BufReader::new(stream.try_clone()?).take(16 * 1024).lines();
    let head =
        head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).collect::<Result<Vec<_>, _>>()?;
    let mut words = head.first().map_or("", String::as_str).split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let header = |name: &str| {
        head.iter().filter_map(|line| line.split_once(':')).find(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let cookies = header("cookie").map_or("", |(_, value)| value.trim());
    let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="));
    let page = site.page(method, target, session);

    let mut response = format!(
        "HTTP/1.1 {}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'\r\n",
        page.status,
        page.body.len()
    );
    if let Some(location) = page.location {
        response += &format!("location: {location}\r\n");
    }
    if let Some(session) = page.session {
        // No script can read it, no other site's form sends it, and it leaves this machine encrypted only.
        let secure = if site.app.redirect_uri().starts_with("https://") { "; Secure" } else { "" };
        let age = if session.is_empty() { 0 } else { SESSION_FOR.as_secs() };
        response +=
            &format!("set-cookie: session={session}; HttpOnly; SameSite=Lax; Path=/; Max-Age={age}{secure}\r\n");
    }
    stream.write_all(format!("{response}\r\n{}", page.body).as_bytes())
}

#[derive(Default)]
struct Page {
    status: &'static str,
    body: String,
    location: Option<String>,
    /// The new value of the cookie. Empty deletes it.
    session: Option<String>,
}

impl Page {
    fn new(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    fn redirect(location: impl Into<String>) -> Self {
        Self { status: "303 See Other", location: Some(location.into()), ..Self::default() }
    }
}

/// What is known of a visitor.
enum Session {
    Pending(Box<PendingSignIn>),
    SignedIn(SignedIn),
}

struct Site {
    app: OAuth2App,
    sessions: Mutex<HashMap<String, (Instant, Session)>>,
}

impl Site {
    fn page(&self, method: &str, target: &str, session: Option<&str>) -> Page {
        let path = target.split('?').next().unwrap_or_default();
        let page = match (method, path) {
            ("GET", "/") => self.home(session),
            ("GET", "/sign-in") => self.sign_in(),
            ("GET", "/callback") => self.callback(target, session),
            ("POST", "/sign-out") => self.sign_out(session),
            _ => return Page::new("404 Not Found", "nothing is here"),
        };
        page.unwrap_or_else(|error| {
            eprintln!("{method} {path}: {error}");
            match error.kind() {
                ErrorKind::StateMismatch | ErrorKind::InvalidRedirect | ErrorKind::InvalidGrant => {
                    Page::new("400 Bad Request", "The sign-in is invalid. <a href=\"/sign-in\">Try again</a>")
                }
                ErrorKind::ConsentDenied => Page::new("200 OK", "You did not sign in. <a href=\"/\">Back</a>"),
                _ => Page::new("502 Bad Gateway", "Roblox can't be reached. Please try again later."),
            }
        })
    }

    fn home(&self, session: Option<&str>) -> Result<Page, Error> {
        let Some(signed_in) = self.signed_in(session) else {
            return Ok(Page::new("200 OK", "<a href=\"/sign-in\">Sign in with Roblox</a>"));
        };
        let tokens = signed_in.access_token()?;
        let name = tokens.claims().map_or_else(String::new, |claims| escaped(&claims.identity.to_string()));
        let groups = signed_in.user()?.list_groups().filter_map(Result::ok).count();
        let form = "<form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>";
        Ok(Page::new("200 OK", format!("Welcome, {name}! You are in {groups} groups. {form}")))
    }

    fn sign_in(&self) -> Result<Page, Error> {
        let pending = self.app.authorize_url([Scope::OPENID, Scope::PROFILE])?;
        let url = pending.url().to_owned();
        let session = self.remember(Session::Pending(Box::new(pending)));
        Ok(Page { session, ..Page::redirect(url) })
    }

    fn callback(&self, target: &str, session: Option<&str>) -> Result<Page, Error> {
        let pending = self.with_session(session, |session| match session {
            Session::Pending(pending) => Some(pending.clone()),
            Session::SignedIn(_) => None,
        });
        let Some(pending) = pending.flatten() else {
            return Ok(Page::new("400 Bad Request", "You did not begin to sign in here."));
        };
        // A real server stores the tokens, so that users stay signed in when it restarts.
        let signed_in = self.app.exchange_code(target, &pending)?.keep_in(|_: &TokenSet| Ok(()))?;
        // A new id: someone may have planted the old one.
        self.forget(session);
        Ok(Page { session: self.remember(Session::SignedIn(signed_in)), ..Page::redirect("/") })
    }

    fn sign_out(&self, session: Option<&str>) -> Result<Page, Error> {
        // If Roblox can't be reached, the user is still signed in, and can try it again.
        if let Some(signed_in) = self.signed_in(session) {
            signed_in.sign_out()?;
        }
        self.forget(session);
        Ok(Page { session: Some(String::new()), ..Page::redirect("/") })
    }

    fn signed_in(&self, session: Option<&str>) -> Option<SignedIn> {
        self.with_session(session, |session| match session {
            Session::SignedIn(signed_in) => Some(signed_in.clone()),
            Session::Pending(_) => None,
        })?
    }

    fn with_session<T>(&self, id: Option<&str>, look: impl FnOnce(&Session) -> T) -> Option<T> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, session) = sessions.get_mut(id?)?;
        let limit = if matches!(session, Session::Pending(_)) { PENDING_FOR } else { SESSION_FOR };
        if seen.elapsed() > limit {
            return None;
        }
        if matches!(session, Session::SignedIn(_)) {
            *seen = Instant::now();
        }
        Some(look(session))
    }

    /// Returns the new id.
    fn remember(&self, session: Session) -> Option<String> {
        let mut random = [0; 32];
        getrandom::getrandom(&mut random).ok()?;
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MOST_SESSIONS {
            sessions
                .retain(|_, (seen, session)| matches!(session, Session::SignedIn(_)) && seen.elapsed() < SESSION_FOR);
        }
        sessions.insert(id.clone(), (Instant::now(), session));
        Some(id)
    }

    fn forget(&self, id: Option<&str>) -> Option<(Instant, Session)> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(id?)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A browser with one cookie.
struct Visitor {
    address: String,
    cookie: String,
}

impl Visitor {
    /// Returns where the response leads, and its text.
    fn request(&mut self, method: &str, target: &str) -> std::io::Result<(String, String)> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let cookie = &self.cookie;
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\ncontent-length: 0\r\n\r\n"
        )?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        if let Some((session, _)) = header("set-cookie: ").split_once(';') {
            self.cookie = session.to_owned();
        }
        let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or("", |(_, status)| status);
        Ok((header("location: "), format!("{status}: {body}")))
    }
}
