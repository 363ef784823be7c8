//! Signing in from a script, over real sockets.

use std::io::{BufReader, Cursor, ErrorKind as ErrorOfIo, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rblxopencloud::oauth2::{AccessToken, Scope};
use rblxopencloud::{Error, ErrorKind, OAuth2App, RetryPolicy};
use rblxopencloud_sandbox::{Fault, Sandbox};

use crate::support::fails;
use crate::support::signing_in::{free_port, has_ipv6};

const USER: u64 = 156;
const LONG: Duration = Duration::from_secs(60);

const CERTAIN_END: Duration = Duration::from_secs(20);

/// A sign-in that waits on a thread of its own.
struct Waiting {
    sandbox: Sandbox,
    port: u16,
    url: String,
    result: Option<JoinHandle<Result<AccessToken, Error>>>,
}

fn app(sandbox: &Sandbox, port: u16) -> OAuth2App {
    let client = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("the settings are good");
    sandbox.oauth2_app(format!("http://localhost:{port}/callback")).client(&client)
}

fn begin(timeout: Duration) -> Waiting {
    begin_with(timeout, None)
}

/// One that reads lines from `input`, too.
fn begin_with(timeout: Duration, input: Option<TcpStream>) -> Waiting {
    let sandbox = Sandbox::builder().demo().start().expect("a port is free");
    let port = free_port();
    let app = app(&sandbox, port);
    let (send, urls): (_, Receiver<String>) = channel();
    let result = thread::spawn(move || {
        let sign_in = app.sign_in([Scope::OPENID, Scope::PROFILE]).timeout(timeout).open_browser(false);
        let sign_in = match input {
            Some(input) => sign_in.paste_from(BufReader::new(input)),
            None => sign_in,
        };
        sign_in.on_url(|url| send.send(url.to_owned()).expect("the test listens")).wait()
    });
    let url = urls.recv().expect("it listens");
    Waiting { sandbox, port, url, result: Some(result) }
}

impl Waiting {
    fn result(&mut self) -> Result<AccessToken, Error> {
        self.result.take().expect("it is taken once").join().expect("it doesn't panic")
    }

    fn is_waiting(&self) -> bool {
        self.result.as_ref().is_some_and(|result| !result.is_finished())
    }

    /// The path and query of the redirect.
    fn redirect(&self) -> String {
        path_of(&self.sandbox.authorize(self.url.as_str(), USER).expect("the address is fine"))
    }

    fn get(&self, path: &str) -> String {
        get(self.port, path)
    }
}

fn path_of(redirect: &str) -> String {
    let path = redirect.splitn(4, '/').nth(3).expect("a path");
    format!("/{path}")
}

fn get(port: u16, path: &str) -> String {
    send(port, &format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n"))
}

fn send(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it responds");
    response
}

#[test]
fn the_redirect_signs_in_and_shows_a_page() {
    let mut waiting = begin(LONG);
    let response = waiting.get(&waiting.redirect());
    assert!(
        response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("<h1>You are signed in</h1>"),
        "{response}"
    );
    for header in
        ["cache-control: no-store", "referrer-policy: no-referrer", "content-security-policy: default-src 'none'"]
    {
        assert!(response.contains(header), "{response}");
    }
    let token = waiting.result().expect("it is signed in");
    assert_eq!(token.user().expect("openid was granted").id(), USER);
    TcpListener::bind((Ipv4Addr::LOCALHOST, waiting.port)).map(drop).expect("the port is free again");
}

#[test]
fn the_redirect_may_come_by_ipv6() {
    if !has_ipv6() {
        return;
    }
    let mut waiting = begin(LONG);
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv6Addr::LOCALHOST, waiting.port))).expect("it listens");
    let host = format!("[::1]:{}", waiting.port);
    write!(stream, "GET {} HTTP/1.1\r\nhost: {host}\r\n\r\n", waiting.redirect()).expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it responds");
    assert!(response.contains("You are signed in"), "{response}");
    waiting.result().expect("it is signed in");
}

#[test]
fn other_requests_are_refused_and_do_not_end_the_wait() {
    let mut waiting = begin(LONG);
    let redirect = waiting.redirect();
    let state = redirect.split(['?', '&']).find(|pair| pair.starts_with("state=")).expect("a state").to_owned();
    for (request, status) in [
        ("GET /favicon.ico HTTP/1.1".to_owned(), "404"),
        ("GET / HTTP/1.1".to_owned(), "404"),
        ("GET /callback HTTP/1.1".to_owned(), "400"),
        ("GET /callback?code=a HTTP/1.1".to_owned(), "400"),
        ("GET /callback?code=a&state=of-another-tab HTTP/1.1".to_owned(), "400"),
        ("GET /callback?error=access_denied HTTP/1.1".to_owned(), "400"),
        ("GET /?error=access_denied HTTP/1.1".to_owned(), "400"),
        ("GET /callback/?code=a&state=of-another-tab HTTP/1.1".to_owned(), "404"),
        ("POST / HTTP/1.1".to_owned(), "404"),
        ("GET /callback?error=access_denied&state=guessed HTTP/1.1".to_owned(), "400"),
        (format!("GET /callback?code=a&{state}&{state} HTTP/1.1"), "400"),
        (format!("POST {redirect} HTTP/1.1"), "405"),
        (format!("HEAD {redirect} HTTP/1.1"), "405"),
        ("SSH-2.0-scanner".to_owned(), "400"),
    ] {
        let response = send(waiting.port, &format!("{request}\r\nhost: localhost:{}\r\n\r\n", waiting.port));
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {response}");
    }
    assert!(waiting.is_waiting());
    assert!(waiting.get(&redirect).contains("You are signed in"));
    waiting.result().expect("it is signed in");
}

#[test]
fn requests_for_another_host_are_refused_and_do_not_end_the_wait() {
    let mut waiting = begin(LONG);
    let (redirect, port) = (waiting.redirect(), waiting.port);
    let make_call = |target: &str, hosts: &str| {
        let response = send(port, &format!("GET {target} HTTP/1.1\r\n{hosts}\r\n"));
        response.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    for host in ["evil.example", "localhost", "192.168.0.7", "localhost.evil.example", "sandbox"] {
        assert_eq!(make_call(&redirect, &format!("host: {host}:1\r\n")), "421", "{host}");
        assert_eq!(make_call(&redirect, &format!("host: {host}\r\n")), "421", "{host}");
    }
    let ours = format!("host: localhost:{port}\r\n");
    assert_eq!(make_call(&format!("http://evil.example{redirect}"), &ours), "421");
    assert_eq!(make_call(&redirect, &format!("host: evil.example:{port}\r\n")), "421");
    for hosts in [String::new(), format!("{ours}{ours}"), format!("{ours}host: evil.example\r\n")] {
        assert_eq!(make_call(&redirect, &hosts), "400", "{hosts}");
    }
    assert!(waiting.is_waiting());
    assert_eq!(make_call(&format!("http://LOCALHOST:{port}{redirect}"), &format!("Host: 127.0.0.1:{port}\r\n")), "200");
    waiting.result().expect("it is signed in");
}

#[test]
fn silent_and_endless_connections_do_not_delay_the_redirect() {
    let mut waiting = begin(LONG);
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, waiting.port)).expect("it listens");
    // A browser opens connections in advance; a scanner sends what it likes.
    let silent: Vec<_> = (0..20).map(|_| connect()).collect();
    let mut slow = connect();
    slow.write_all(b"GET /callback?co").expect("it reads");
    let mut endless = connect();
    let _ = endless.write_all(&[b'a'; 100 * 1024]);
    drop(connect());
    let began = Instant::now();
    assert!(waiting.get(&waiting.redirect()).contains("You are signed in"));
    waiting.result().expect("it is signed in");
    assert!(began.elapsed() < Duration::from_secs(20), "less than a silent connection lasts");
    drop((silent, slow, endless));
}

#[test]
fn a_crowd_of_connections_does_not_exhaust_the_program() {
    let mut waiting = begin(LONG);
    let mut crowd: Vec<_> =
        (0..200).filter_map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, waiting.port)).ok()).collect();
    // The oldest ones are sent away, so the browser gets in.
    let response = waiting.get(&waiting.redirect());
    assert!(response.contains("You are signed in"), "{response}");
    waiting.result().expect("it is signed in");
    let oldest = crowd.first_mut().expect("there is a crowd");
    oldest.set_read_timeout(Some(Duration::from_secs(10))).expect("it can be set");
    let end = oldest.read(&mut [0]).map_err(|error| error.kind());
    assert!(matches!(end, Ok(0) | Err(ErrorOfIo::ConnectionReset | ErrorOfIo::ConnectionAborted)), "{end:?}");
}

#[test]
fn a_page_that_is_loaded_again_during_the_exchange_is_shown_again() {
    let mut waiting = begin(LONG);
    waiting.sandbox.inject(Fault::delay(Duration::from_secs(3)).on("POST", "/oauth/v1/token"));
    let (redirect, port) = (waiting.redirect(), waiting.port);
    let load = || get(port, &redirect);
    let pages = thread::scope(|scope| {
        let loads: Vec<_> = (0..3).map(|_| scope.spawn(load)).collect();
        loads.into_iter().map(|load| load.join().expect("there is a page")).collect::<Vec<_>>()
    });
    assert!(pages.iter().all(|page| page.contains("You are signed in")), "{pages:?}");
    waiting.result().expect("it is signed in");
}

#[test]
fn declining_is_reported_to_the_user() {
    let mut waiting = begin(LONG);
    let redirect = path_of(&waiting.sandbox.decline(&waiting.url).expect("the address is fine"));
    let response = waiting.get(&redirect);
    assert!(response.contains("You are not signed in"), "{response}");
    let error = fails(waiting.result(), ErrorKind::ConsentDenied);
    assert!(error.to_string().contains("did not authorize"), "{error}");
}

#[test]
fn the_page_tells_if_the_exchange_fails() {
    let mut waiting = begin(LONG);
    waiting.sandbox.inject(Fault::status(500).on("POST", "/oauth/v1/token"));
    let redirect = waiting.redirect();
    let response = waiting.get(&redirect);
    assert!(response.contains("The sign-in failed"), "{response}");
    let code = redirect.split(['=', '&']).nth(1).expect("a code").to_owned();
    let error = fails(waiting.result(), ErrorKind::Server);
    assert!(!response.contains(&code) && !format!("{error:#?}").contains(&code), "{error}");
}

#[test]
fn a_page_that_is_never_opened_ends_the_wait() {
    let mut waiting = begin(Duration::from_secs(3));
    waiting.get("/callback?code=a&state=of-another-tab");
    let error = fails(waiting.result(), ErrorKind::Timeout);
    let text = error.to_string();
    assert!(text.contains("nobody came back") && text.contains("3s") && text.contains("another sign-in"), "{text}");
}

#[test]
fn the_time_out_tells_to_look_at_the_browser_and_to_compare_the_redirect_uri() {
    let mut waiting = begin(Duration::from_millis(300));
    let text = fails(waiting.result(), ErrorKind::Timeout).to_string();
    let uri = format!("exactly http://localhost:{}/callback", waiting.port);
    assert!(text.contains("what the browser shows") && text.contains(&uri) && !text.contains('\n'), "{text}");
}

#[test]
fn the_state_is_the_redirect_whatever_the_path() {
    for path in ["/callback/", "/", "/other"] {
        let mut waiting = begin(LONG);
        let redirect = waiting.redirect().replacen("/callback", path, 1);
        assert!(waiting.get(&redirect).contains("You are signed in"), "{path}");
        waiting.result().expect("it is signed in");
    }
}

#[test]
fn words_without_a_state_end_nothing_and_are_repeated() {
    let mut waiting = begin(Duration::from_secs(3));
    let long = "x".repeat(5000);
    let target = format!("/callback?error=invalid_scope&error_description=No%0A%1b%3Cb%3E+%26+{long}");
    let response = waiting.get(&target);
    assert!(response.contains("invalid_scope: No &lt;b&gt; &amp; xxx") && !response.contains(&long), "{response}");
    let text = fails(waiting.result(), ErrorKind::Timeout).to_string();
    assert!(text.contains("invalid_scope: No <b> & xxx") && !text.contains(&long), "{text}");
    assert!(!text.contains(char::is_control), "{text}");
}

#[test]
fn an_error_with_the_state_ends_the_wait_with_the_words_of_the_service() {
    let mut waiting = begin(LONG);
    let redirect = waiting.redirect();
    let state = redirect.split(['?', '&']).find(|pair| pair.starts_with("state=")).expect("a state");
    waiting.get(&format!("/callback?error=invalid_scope&error_description=Unknown+scope.&{state}"));
    let text = fails(waiting.result(), ErrorKind::Rejected).to_string();
    assert!(text.contains("invalid_scope") && text.contains("Unknown scope."), "{text}");
}

#[test]
fn a_browser_that_speaks_tls_is_sent_away_at_once() {
    let mut waiting = begin(Duration::from_secs(3));
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, waiting.port)).expect("it listens");
    stream.set_read_timeout(Some(CERTAIN_END)).expect("it can be set");
    stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).expect("it reads");
    let end = stream.read(&mut [0]).map_err(|error| error.kind());
    assert!(matches!(end, Ok(0) | Err(ErrorOfIo::ConnectionReset | ErrorOfIo::ConnectionAborted)), "{end:?}");
    let text = fails(waiting.result(), ErrorKind::Timeout).to_string();
    assert!(text.contains("https://") && text.contains("open the address with http://"), "{text}");
}

#[test]
fn all_cookies_that_a_browser_may_send_are_read() {
    let mut waiting = begin(LONG);
    let cookies = (0..180).map(|number| format!("cookie: c{number}={}\r\n", "x".repeat(4096)));
    let others = (0..1000).map(|number| format!("x-{number}: y\r\n"));
    let headers: String = cookies.chain(others).collect();
    let (redirect, port) = (waiting.redirect(), waiting.port);
    let response = send(port, &format!("GET {redirect} HTTP/1.1\r\nhost: localhost:{port}\r\n{headers}\r\n"));
    assert!(response.contains("You are signed in"), "{response}");
    waiting.result().expect("it is signed in");
}

#[test]
fn a_request_that_is_too_large_is_refused_with_a_page() {
    for headers in [format!("cookie: a={}\r\n", "x".repeat(3 * 1024 * 1024)), "x: y\r\n".repeat(20_000)] {
        let mut waiting = begin(Duration::from_secs(5));
        let port = waiting.port;
        let response = send(port, &format!("GET /callback HTTP/1.1\r\nhost: localhost:{port}\r\n{headers}\r\n"));
        assert!(response.starts_with("HTTP/1.1 431 ") && response.contains("cookies"), "{response}");
        let text = fails(waiting.result(), ErrorKind::Timeout).to_string();
        assert!(text.contains("cookies of localhost") && text.contains("private window"), "{text}");
    }
}

/// Returns both ends of a pipe.
fn pipe() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    let writer = TcpStream::connect(address).expect("it listens");
    (listener.accept().expect("it has connected").0, writer)
}

#[test]
fn a_redirect_can_be_pasted_whole_or_in_part() {
    for form in ["whole", "query", "code", "quoted", "angled"] {
        let (reader, mut writer) = pipe();
        let mut waiting = begin_with(LONG, Some(reader));
        let whole = format!("http://localhost:{}{}", waiting.port, waiting.redirect());
        let query = whole.split_once('?').expect("it has a query").1.to_owned();
        let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")).expect("it has a code").to_owned();
        let line = match form {
            "whole" => whole,
            "query" => query,
            "code" => code,
            "quoted" => format!("  \"{whole}\" "),
            _ => format!("<{code}>\r"),
        };
        writeln!(writer, "{line}").expect("it is read");
        waiting.result().unwrap_or_else(|error| panic!("{form}: {error}"));
    }
}

#[test]
fn pasted_lines_that_are_not_accepted_end_nothing() {
    let (reader, mut writer) = pipe();
    let mut waiting = begin_with(LONG, Some(reader));
    let other = format!("http://localhost:{}/callback?code=a&state=of-another-sign-in", waiting.port);
    for line in [&*other, "", "what do I do", "wrong-code", &waiting.url] {
        writeln!(writer, "{line}").expect("it is read");
    }
    writeln!(writer, "{}", waiting.redirect()).expect("it is read");
    waiting.result().expect("it is signed in");
}

#[test]
fn the_time_out_tells_why_a_pasted_line_was_not_accepted() {
    let sandbox = Sandbox::builder().demo().start().expect("a port is free");
    let sign_in = app(&sandbox, free_port()).sign_in([Scope::OPENID]).open_browser(false).on_url(|_| {});
    let lines = Cursor::new("http://localhost:1/callback?code=a&state=of-another-sign-in");
    let result = sign_in.timeout(Duration::from_secs(3)).paste_from(lines).wait();
    let text = fails(result, ErrorKind::Timeout).to_string();
    assert!(text.contains("pasted") && text.contains("redirect of another sign-in"), "{text}");
}

#[test]
fn a_code_of_another_address_is_reported_as_such() {
    const WORDS: &str = r#"{"message":"Authorization code may not be used from this device"}"#;
    let mut waiting = begin(LONG);
    waiting.sandbox.inject(Fault::status(401).body(WORDS).on("POST", "/oauth/v1/token"));
    waiting.get(&waiting.redirect());
    let text = waiting.result().expect_err("it is refused").to_string();
    assert!(text.contains("may not be used from this device") && text.contains("in one network"), "{text}");
}

#[test]
fn a_port_in_use_is_reported_before_the_browser_opens() {
    let sandbox = Sandbox::builder().demo().start().expect("a port is free");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let port = taken.local_addr().expect("a listener has an address").port();
    let sign_in = app(&sandbox, port).sign_in([Scope::OPENID]).open_browser(false);
    let error = fails(sign_in.on_url(|_| panic!("nothing can come back")).wait(), ErrorKind::Io);
    assert!(error.to_string().contains(&format!("port {port}")), "{error}");
    drop(taken);
    if has_ipv6() {
        let taken = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect("a port is free");
        let port = taken.local_addr().expect("a listener has an address").port();
        let sign_in = app(&sandbox, port).sign_in([Scope::OPENID]).open_browser(false).on_url(|_| {});
        fails(sign_in.wait(), ErrorKind::Io);
    }
    let remote = OAuth2App::new("1", "https://app.example/callback").sign_in([Scope::OPENID]).open_browser(false);
    fails(remote.on_url(|_| {}).wait(), ErrorKind::InvalidInput);
}

#[test]
fn the_sandbox_can_click_its_own_consent() {
    let sandbox = Sandbox::builder().demo().start().expect("a port is free");
    let sign_in = app(&sandbox, free_port()).sign_in([Scope::OPENID]).timeout(LONG).open_browser(false);
    let token = sign_in.on_url(|url| sandbox.browse(sandbox.authorize(url, USER).expect("the address is fine"))).wait();
    assert_eq!(token.expect("it is signed in").tokens().user_id(), Some(USER));
}
