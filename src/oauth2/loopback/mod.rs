//! Signing in from a script: the redirect comes to a port of this machine.

mod opener;
mod page;
mod resume;
mod visit;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use self::opener::StartPage;
use self::page::Page;
use self::visit::{Door, Visit};
use super::redirect::{FORM as REDIRECT_FORM, Redirect};
use super::{AccessToken, OAuth2App, PendingSignIn, Scope};
use crate::call::shown_url;
use crate::error::{Error, ErrorKind, Result};

/// Signs a user in from a script. From [`OAuth2App::sign_in`].
///
/// [`wait`](Self::wait) listens on the port of the app's redirect URI, which has to be of the form
/// `http://localhost:PORT/PATH`, opens the browser, and waits for the redirect. The browser then shows a page that tells how it
/// went.
///
/// ```no_run
/// use std::time::Duration;
///
/// use rblxopencloud::oauth2::{OAuth2App, Scope};
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
    app: OAuth2App,
    scopes: Vec<Scope>,
    timeout: Duration,
    opens_browser: bool,
    on_url: Box<dyn FnOnce(&str) + 'a>,
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
    pub(super) fn new(app: &OAuth2App, scopes: Vec<Scope>) -> Self {
        Self {
            app: app.clone(),
            scopes,
            timeout: Duration::from_secs(300),
            opens_browser: true,
            on_url: Box::new(|url| eprintln!("To sign in, open this URL in a browser:\n\n    {url}\n")),
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
    /// directory (on Windows, in the directory for temporary files) until the sign-in ends. The program that opens it doesn't
    /// inherit environment variables whose names tell that they hold a key, a token or a secret.
    ///
    /// If the browser can't be opened, this is logged, and the sign-in waits nevertheless. A browser on another machine can't read
    /// the file; it needs the URL.
    pub fn open_browser(mut self, opens_browser: bool) -> Self {
        self.opens_browser = opens_browser;
        self
    }

    /// Sets a callback that gets the URL to open, once the redirect can be received. Defaults to printing it to the standard
    /// error, because there may be no browser on this machine. Don't pass it to a program as an argument: other users can see it.
    ///
    /// The wait begins when the callback returns.
    pub fn on_url<'b>(self, callback: impl FnOnce(&str) + 'b) -> SignIn<'b> {
        let Self { app, scopes, timeout, opens_browser, on_url: _ } = self;
        SignIn { app, scopes, timeout, opens_browser, on_url: Box::new(callback) }
    }

    /// Waits until the user has authorized the app, and returns the token.
    ///
    /// Requests that aren't the redirect of this sign-in are refused and otherwise ignored, such as one from another tab.
    ///
    /// # Errors
    /// Returns [`Timeout`](ErrorKind::Timeout) if nobody came back in time, [`InvalidInput`](ErrorKind::InvalidInput) if the
    /// redirect URI isn't on `localhost`, [`Io`](ErrorKind::Io) if its port is in use, and otherwise the errors of
    /// [`OAuth2App::exchange_code`].
    pub fn wait(self) -> Result<AccessToken> {
        let pending = self.app.authorize_url(self.scopes)?;
        let place = Place::of(self.app.redirect_uri())?;
        let listeners = place.listen()?;
        (self.on_url)(pending.url());
        // The page is there until the sign-in ends.
        let _page = self.opens_browser.then(|| StartPage::open(pending.url(), place.port));
        let deadline = Instant::now().checked_add(self.timeout);
        let (sender, visits) = channel();
        let door = Door::new(listeners, place.port, place.path, sender);
        match answer(&self.app, &pending, &door, &visits, deadline) {
            Ok(result) => result,
            Err(strays) => {
                let others = match strays {
                    0 => String::new(),
                    1 => "; a redirect of another sign-in was ignored".to_owned(),
                    _ => format!("; {strays} redirects of other sign-ins were ignored"),
                };
                let problem =
                    format!("nobody came back to {} within {:?}{others}", self.app.redirect_uri(), self.timeout);
                Err(Error::new(ErrorKind::Timeout, "the sign-in").explain(problem).advise("start it again"))
            }
        }
    }
}

/// Responds to visits until one is the redirect of this sign-in. Otherwise returns how many others there were.
fn answer(
    app: &OAuth2App,
    pending: &PendingSignIn,
    door: &Door,
    visits: &Receiver<Visit>,
    deadline: Option<Instant>,
) -> Result<Result<AccessToken>, usize> {
    /// How soon a connection is accepted.
    const PAUSE: Duration = Duration::from_millis(10);
    /// How long visitors are served after the end.
    const LAST_VISITS: Duration = Duration::from_millis(250);
    let is_ours = |visit: &Visit| {
        let is_ours = Redirect::parse(&visit.target).and_then(|redirect| redirect.has_state(pending.state()));
        is_ours.unwrap_or(false)
    };
    let mut strays = 0;
    while deadline.is_none_or(|deadline| Instant::now() < deadline) {
        door.accept();
        let visit = match visits.recv_timeout(PAUSE) {
            Ok(visit) => visit,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => continue,
        };
        if !is_ours(&visit) {
            strays += 1;
            visit.respond(Page::OtherSignIn);
            continue;
        }
        let result = app.exchange_code(&visit.target, pending);
        let page = match &result {
            Ok(_) => Page::SignedIn,
            Err(error) if error.kind() == ErrorKind::ConsentDenied => Page::Denied,
            Err(_) => Page::Failed,
        };
        visit.respond(page);
        // The page was loaded again meanwhile.
        let end = Instant::now() + LAST_VISITS;
        while Instant::now() < end {
            door.accept();
            match visits.recv_timeout(PAUSE) {
                Ok(visit) => {
                    let page = if is_ours(&visit) { page } else { Page::OtherSignIn };
                    visit.respond(page);
                }
                Err(_) if door.is_empty() => break,
                Err(_) => {}
            }
        }
        return Ok(result);
    }
    Err(strays)
}

/// Where the redirect goes.
#[derive(Debug, PartialEq)]
struct Place {
    addresses: Vec<IpAddr>,
    port: u16,
    path: String,
}

impl Place {
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
        let advice = "close the program that uses the port, or register a redirect URI with another one";
        Error::io(format!("port {} of this machine", self.port), error).advise(advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(Place::of(uri).unwrap(), Place { addresses, port, path: path.to_owned() }, "{uri}");
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
            assert_eq!(Place::of(uri).unwrap_err().kind(), ErrorKind::InvalidInput, "{uri}");
        }
    }
}
