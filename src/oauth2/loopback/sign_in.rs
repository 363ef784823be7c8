use std::io::{self, BufRead, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::met::Met;
use super::opener::StartPage;
use super::page::Page;
use super::paste::{Pasted, read_lines};
use super::server::{Event, Server};
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::redirect::{FORM as REDIRECT_FORM, Redirect};
use crate::oauth2::{AccessToken, OAuth2App, PendingSignIn, Scope};
use crate::transport::shown_url;

/// Gets the URL to open.
type Callback<'a> = Box<dyn FnOnce(&str) + 'a>;

/// Signs a user in from a script. From [`OAuth2App::sign_in`].
///
/// [`wait`](Self::wait) listens on the port of the app's redirect URI, which has to be of the form
/// `http://localhost:PORT/PATH`, opens the browser, and waits for the redirect. The browser then shows a page that tells how it
/// went.
///
/// ```no_run
/// use std::time::Duration;
///
/// use rblxopencloud::oauth2::Scope;
/// use rblxopencloud::OAuth2App;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let app = OAuth2App::new("840974200211308101", "http://localhost:4000/callback");
/// let token = app.sign_in([Scope::OPENID, Scope::PROFILE]).timeout(Duration::from_secs(120)).wait()?;
/// println!("{}", token.fetch_user_info()?);
/// # Ok(())
/// # }
/// ```
#[must_use = "a sign-in begins with `wait`"]
pub struct SignIn<'a> {
    pub(super) app: OAuth2App,
    pub(super) scopes: Vec<Scope>,
    timeout: Duration,
    opens_browser: bool,
    on_url: Option<Callback<'a>>,
    lines: Option<Box<dyn BufRead + Send>>,
}

impl OAuth2App {
    /// Signs a user in from a script: opens their browser, and waits for the redirect to `http://localhost:PORT`.
    pub fn sign_in<S: Into<Scope>>(&self, scopes: impl IntoIterator<Item = S>) -> SignIn<'static> {
        SignIn::new(self, scopes.into_iter().map(Into::into).collect())
    }
}

impl std::fmt::Debug for SignIn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn")
            .field("app", &self.app)
            .field("scopes", &self.scopes)
            .field("timeout", &self.timeout)
            .field("opens_browser", &self.opens_browser)
            .finish_non_exhaustive()
    }
}

impl SignIn<'static> {
    fn new(app: &OAuth2App, scopes: Vec<Scope>) -> Self {
        Self {
            app: app.clone(),
            scopes,
            timeout: Duration::from_secs(300),
            opens_browser: true,
            on_url: None,
            lines: None,
        }
    }
}

impl<'a> SignIn<'a> {
    /// Sets how long to wait for the user. Defaults to 5 minutes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets whether to open the URL in the default browser. Defaults to `true`.
    ///
    /// The other users of a machine can see the arguments of every program, and whoever has the URL can sign this program in as
    /// themselves. So the browser opens a file that leads to the URL and that only this user can read. It is in the home
    /// directory (on Windows, in the directory for temporary files), is named `rblxopencloud-sign-in-PORT.html`, and is removed
    /// when the sign-in ends. A program that is ended before, such as by Ctrl-C, leaves it: its URL is of no use to anyone then,
    /// and the next sign-in at the same port that opens the browser removes it. The program that opens the file doesn't inherit
    /// environment variables whose names tell that they hold a key, a token or a secret.
    ///
    /// If the browser can't be opened, this is logged, and the sign-in waits nevertheless. A browser on another machine can't read
    /// the file; it needs the URL.
    pub fn open_browser(mut self, opens_browser: bool) -> Self {
        self.opens_browser = opens_browser;
        self
    }

    /// Sets a callback that gets the URL to open, once the redirect can be received. Defaults to printing it to the standard
    /// error, with how to sign in with a browser on another machine. Don't pass it to a program as an argument: other users can
    /// see it.
    ///
    /// The wait begins when the callback returns.
    pub fn on_url<'b>(self, callback: impl FnOnce(&str) + 'b) -> SignIn<'b> {
        let Self { app, scopes, timeout, opens_browser, on_url: _, lines } = self;
        SignIn { app, scopes, timeout, opens_browser, on_url: Some(Box::new(callback)), lines }
    }

    /// Also reads the redirect from lines, such as those of the standard input, for a user whose browser is on another machine.
    /// It fails to open the redirect there, and shows its address, which the user pastes.
    ///
    /// A line is the whole address, its query, or the code alone, in quotes or not. A code is bound to this sign-in. What isn't
    /// accepted, such as the redirect of another sign-in, is logged, and the sign-in goes on.
    ///
    /// The lines are read on a thread of its own. After the sign-in, it ends with its next line, which it takes.
    ///
    /// ```no_run
    /// use std::io::{BufReader, stdin};
    ///
    /// use rblxopencloud::oauth2::Scope;
    /// use rblxopencloud::OAuth2App;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let app = OAuth2App::new("840974200211308101", "http://localhost:4000/callback");
    /// let sign_in = app.sign_in([Scope::OPENID]).open_browser(false);
    /// let token = sign_in.paste_from(BufReader::new(stdin())).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn paste_from(mut self, reader: impl BufRead + Send + 'static) -> Self {
        self.lines = Some(Box::new(reader));
        self
    }

    /// Waits until the user has authorized the app, and returns the token.
    ///
    /// Requests that aren't the redirect of this sign-in are refused and otherwise ignored, such as one from another tab. The
    /// redirect is known by its state, whatever its path.
    ///
    /// # Errors
    /// Returns [`Timeout`](ErrorKind::Timeout) if nobody came back in time, which tells what came instead, [`InvalidInput`](ErrorKind::InvalidInput) if the
    /// redirect URI isn't on `localhost`, [`Io`](ErrorKind::Io) if its port is in use, and otherwise the errors of
    /// [`OAuth2App::exchange_code`].
    pub fn wait(self) -> Result<AccessToken> {
        let pending = self.app.authorize_url(self.scopes)?;
        let address = RedirectAddress::of(self.app.redirect_uri())?;
        let listeners = address.listen()?;
        match self.on_url {
            Some(callback) => callback(pending.url()),
            // A program whose standard error is closed signs in nevertheless.
            None => drop(writeln!(io::stderr(), "{}", invitation(pending.url(), address.port, self.lines.is_some()))),
        }
        // The page is there until the sign-in ends.
        let _page = self.opens_browser.then(|| StartPage::open(pending.url(), address.port));
        let deadline = Instant::now().checked_add(self.timeout);
        let (sender, events) = channel();
        if let Some(lines) = self.lines {
            read_lines(lines, sender.clone());
        }
        let server = Server::new(listeners, address.port, address.path, sender);
        let answered = answer(&self.app, &pending, &server, &events, deadline);
        answered.unwrap_or_else(|met| Err(met.into_error(self.app.redirect_uri(), self.timeout)))
    }
}

/// Returns what to tell the user by default.
fn invitation(url: &str, port: u16, can_paste: bool) -> String {
    let paste = if can_paste { "; or paste here the address that the browser ends at" } else { "" };
    format!(
        "To sign in, open this URL in a browser:\n\n    {url}\n\n\
         If the browser is on another machine, first run there: ssh -L {port}:localhost:{port} THIS-MACHINE{paste}\n"
    )
}

/// Responds to requests until one is the redirect of this sign-in. Otherwise returns what came instead.
fn answer(
    app: &OAuth2App,
    pending: &PendingSignIn,
    server: &Server,
    events: &Receiver<Event>,
    deadline: Option<Instant>,
) -> Result<Result<AccessToken>, Met> {
    /// How soon a connection is accepted.
    const PAUSE: Duration = Duration::from_millis(10);
    /// How long requests are served after the end.
    const LINGER: Duration = Duration::from_millis(250);
    let is_ours = |redirect: &Redirect| redirect.has_state(pending.state()).unwrap_or(false);
    let mut met = Met::default();
    while deadline.is_none_or(|deadline| Instant::now() < deadline) {
        server.accept();
        let request = match events.recv_timeout(PAUSE) {
            Ok(Event::Request(request)) => request,
            Ok(Event::Line(line)) => match paste(app, pending, &line, &mut met) {
                Some(result) => return Ok(result),
                None => continue,
            },
            Ok(Event::Tls) => {
                met.has_tls = true;
                continue;
            }
            Ok(Event::TooLarge) => {
                met.has_too_large = true;
                continue;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => continue,
        };
        let redirect = Redirect::parse(&request.target);
        if !redirect.as_ref().is_ok_and(is_ours) {
            let words = redirect.ok().and_then(|redirect| redirect.stray_words());
            match words {
                Some(words) => {
                    met.hear(&words);
                    request.respond_with(Page::StrayError, Some(&words));
                }
                None if request.is_on_path => {
                    met.strays += 1;
                    request.respond(Page::OtherSignIn);
                }
                None => request.respond(Page::NotFound),
            }
            continue;
        }
        let result = app.exchange_code(&request.target, pending);
        let page = match &result {
            Ok(_) => Page::SignedIn,
            Err(error) if error.kind() == ErrorKind::ConsentDenied => Page::Denied,
            Err(_) => Page::Failed,
        };
        request.respond(page);
        // The page was loaded again meanwhile.
        let end = Instant::now() + LINGER;
        while Instant::now() < end {
            server.accept();
            match events.recv_timeout(PAUSE) {
                Ok(Event::Request(request)) => {
                    let is_ours = Redirect::parse(&request.target).is_ok_and(|redirect| is_ours(&redirect));
                    let page = match (is_ours, request.is_on_path) {
                        (true, _) => page,
                        (false, true) => Page::OtherSignIn,
                        (false, false) => Page::NotFound,
                    };
                    request.respond(page);
                }
                Ok(_) => {}
                Err(_) if server.is_empty() => break,
                Err(_) => {}
            }
        }
        return Ok(result);
    }
    Err(met)
}

/// Tries a pasted line. `None` if it isn't accepted: the user can paste another one.
fn paste(app: &OAuth2App, pending: &PendingSignIn, line: &str, met: &mut Met) -> Option<Result<AccessToken>> {
    match Pasted::parse(line, pending.state()) {
        Pasted::Redirect(redirect) => match app.exchange_code(&redirect, pending) {
            // It may be a part of the code.
            Err(error) if error.kind() == ErrorKind::InvalidGrant => met.refuse_pasted(error.to_string()),
            result => return Some(result),
        },
        Pasted::Words(words) => met.hear(&words),
        Pasted::Other(problem) => met.refuse_pasted(problem),
        Pasted::Blank => {}
    }
    None
}

/// The address of the redirect.
#[derive(Debug, PartialEq)]
struct RedirectAddress {
    addresses: Vec<IpAddr>,
    port: u16,
    path: String,
}

impl RedirectAddress {
    fn of(uri: &str) -> Result<Self> {
        let invalid = || {
            Error::invalid_text("redirect URI", &shown_url(uri), REDIRECT_FORM)
                .advise("register such a URI for the app")
        };
        let rest = uri.strip_prefix("http://").ok_or_else(invalid)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('?').next().filter(|path| !path.is_empty()).unwrap_or("/");
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0).ok_or_else(invalid)?),
            None => (authority, 80),
        };
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        let addresses = match host {
            // A browser chooses one of them.
            "localhost" => vec![v4, v6],
            "127.0.0.1" => vec![v4],
            "[::1]" => vec![v6],
            _ => return Err(invalid()),
        };
        Ok(Self { addresses, port, path: path.to_owned() })
    }

    fn listen(&self) -> Result<Vec<TcpListener>> {
        let mut listeners = Vec::new();
        let mut missing = None;
        for address in &self.addresses {
            let listener = TcpListener::bind((*address, self.port));
            match listener.and_then(|listener| listener.set_nonblocking(true).map(|()| listener)) {
                Ok(listener) => listeners.push(listener),
                // Another program would get the code. Windows calls a port forbidden that one has for itself.
                Err(error) if matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                    return Err(self.unusable(error));
                }
                // This machine may have only one of IPv4 and IPv6.
                Err(error) => missing = Some(error),
            }
        }
        match missing.filter(|_| listeners.is_empty()) {
            Some(error) => Err(self.unusable(error)),
            None => Ok(listeners),
        }
    }

    fn unusable(&self, error: io::Error) -> Error {
        /// Ports below are those of the system.
        const FIRST_FREE: u16 = 1024;
        let advice = match error.kind() {
            io::ErrorKind::PermissionDenied if cfg!(windows) => {
                "the port is in use, or reserved by the system; close the program that uses it, or register a redirect URI with \
                 another one"
            }
            io::ErrorKind::PermissionDenied if self.port < FIRST_FREE => {
                "only the system's own programs can use it; register a redirect URI with a port above 1023, such as \
                 http://localhost:4000/callback"
            }
            io::ErrorKind::PermissionDenied => {
                "this program may not use it; allow it to, or register a redirect URI with another port"
            }
            _ => "close the program that uses the port, or register a redirect URI with another one",
        };
        Error::io(format!("port {} of this machine", self.port), error).advise(advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_needs_rights_is_not_called_one_in_use() {
        let advice = |port: u16, kind: io::ErrorKind| {
            RedirectAddress { addresses: Vec::new(), port, path: "/".to_owned() }.unusable(kind.into()).to_string()
        };
        assert!(advice(4000, io::ErrorKind::AddrInUse).contains("close the program"));
        assert_eq!(advice(80, io::ErrorKind::PermissionDenied).contains("close the program"), cfg!(windows));
        assert_eq!(advice(80, io::ErrorKind::PermissionDenied).contains("above 1023"), !cfg!(windows));
        assert!(advice(4000, io::ErrorKind::PermissionDenied).contains("another"));
    }

    #[test]
    fn redirect_uris_name_a_port_of_this_machine() {
        let both = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        for (uri, addresses, port, path) in [
            ("http://localhost:4000/callback", both.clone(), 4000, "/callback"),
            ("http://localhost:4000", both.clone(), 4000, "/"),
            ("http://localhost/a/b?c=d", both, 80, "/a/b"),
            ("http://127.0.0.1:4000/", vec![IpAddr::V4(Ipv4Addr::LOCALHOST)], 4000, "/"),
            ("http://[::1]:4000/a", vec![IpAddr::V6(Ipv6Addr::LOCALHOST)], 4000, "/a"),
            ("http://[::1]/a", vec![IpAddr::V6(Ipv6Addr::LOCALHOST)], 80, "/a"),
        ] {
            assert_eq!(
                RedirectAddress::of(uri).unwrap(),
                RedirectAddress { addresses, port, path: path.to_owned() },
                "{uri}"
            );
        }
        for uri in [
            "https://localhost:4000/",
            "http://app.example/callback",
            "http://localhost:0/",
            "http://localhost:x/",
            "http://localhost:70000/",
            "http://me@localhost:4000/",
            "http://localhost.evil.example:4000/",
            "http://192.168.0.7:4000/",
            "http://",
        ] {
            assert_eq!(RedirectAddress::of(uri).unwrap_err().kind(), ErrorKind::InvalidInput, "{uri}");
        }
    }
}
