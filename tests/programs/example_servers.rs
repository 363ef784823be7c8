//! The examples that serve strangers, as programs: they are copied, so they have to stand what strangers do.

#[path = "../../examples/common/table.rs"]
#[allow(dead_code)]
mod table;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rblxopencloud::UserInfo;
use rblxopencloud_sandbox::{Fault, Sandbox};
use table::Table;

use crate::support::example::{example, line_with, with_app};

const REDIRECT: &str = "http://localhost:4000/callback";
const PATIENCE: Duration = Duration::from_secs(120);

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let _ = sandbox.oauth2_app(REDIRECT);
    sandbox
}

/// An example that serves, until it is dropped.
struct Program {
    child: Child,
    port: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the example was built");
        let line = line_with(child.stdout.take().expect("it is piped"), "http://");
        let port = line.rsplit(':').next().expect("a port").to_owned();
        Self { child, port }
    }

    fn oauth2_server(sandbox: &Sandbox, redirect_uri: &str) -> Self {
        Self::start(&mut with_app(sandbox, "oauth2_server", redirect_uri, &["--port", "0"]))
    }

    fn ownership_gate(sandbox: &Sandbox) -> Self {
        let mut command = example("ownership_gate");
        command.args(["--port", "0"]).env("ROBLOX_API_KEY", sandbox.api_key()).env("ROBLOX_USER_ID", "156");
        Self::start(command.env("ROBLOX_OPEN_CLOUD_URL", sandbox.url()))
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it can be set");
        stream
    }

    /// Sends lines of a request, and returns the response.
    fn send(&self, lines: &str) -> Response {
        let mut stream = self.connect();
        stream.write_all(format!("{lines}\r\n\r\n").as_bytes()).expect("it reads");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("it responds");
        Response(response)
    }

    fn request(&self, method: &str, target: &str, cookies: &[&str]) -> Response {
        let cookies = cookies.join("; ");
        self.send(&format!("{method} {target} HTTP/1.1\r\nhost: localhost:{}\r\ncookie: {cookies}", self.port))
    }

    fn get(&self, target: &str, cookies: &[&str]) -> Response {
        self.request("GET", target, cookies)
    }

    /// Returns the cookie of a new sign-in, and the target of the redirect that completes it.
    fn begin(&self, sandbox: &Sandbox, user: u64) -> (String, String) {
        let response = self.get("/sign-in", &[]);
        let redirect = sandbox.authorize(response.location(), user).expect("the address is good");
        (response.cookie().to_owned(), format!("/{}", redirect.splitn(4, '/').nth(3).expect("a path")))
    }

    /// Returns the cookie of a user who has signed in.
    fn sign_in(&self, sandbox: &Sandbox, user: u64) -> String {
        let (pending, callback) = self.begin(sandbox, user);
        self.get(&callback, &[&pending]).cookie().to_owned()
    }

    fn is_signed_in(&self, cookie: &str) -> bool {
        self.get("/", &[cookie]).0.contains("Welcome")
    }
}

#[derive(Debug)]
struct Response(String);

impl Response {
    fn status(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no location: {self:?}"))
    }

    /// Name and value of the first cookie.
    fn cookie(&self) -> &str {
        let cookie = self.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {self:?}"));
        cookie.split(';').next().expect("a value")
    }
}

#[test]
fn oauth2_server_signs_in_and_refuses_a_forged_state() {
    let sandbox = sandbox();
    for (redirect_uri, prefix, end) in [(REDIRECT, "", ""), ("https://app.example/callback", "__Host-", "; Secure")] {
        let _ = sandbox.oauth2_app(redirect_uri);
        let server = Program::oauth2_server(&sandbox, redirect_uri);
        let begun = server.get("/sign-in", &[]);
        let cookie = begun.header("set-cookie").expect("a cookie");
        assert!(cookie.starts_with(&format!("{prefix}pending=")), "{cookie}");
        assert!(cookie.ends_with(&format!("; HttpOnly; SameSite=Lax; Path=/; Max-Age=600{end}")), "{cookie}");
        let (pending, callback) = server.begin(&sandbox, 156);

        let forged = server.get("/callback?code=a&state=guessed", &[&pending]);
        assert!(forged.status() == "400" && forged.header("set-cookie").is_none(), "{forged:?}");
        // In another browser, the redirect leads nowhere.
        assert_eq!(server.get(&callback, &[]).status(), "400");
        for planted in ["", "e30", "%00", "bnVsbA", begun.cookie()] {
            let planted = format!("{prefix}pending={}", planted.rsplit('=').next().unwrap_or_default());
            assert_eq!(server.get(&callback, &[&planted]).status(), "400", "{planted}");
        }

        let response = server.get(&callback, &["a=b", &pending]);
        let session = response.cookie().to_owned();
        assert!(response.location() == "/" && session.starts_with(&format!("{prefix}session=")), "{response:?}");
        assert!(response.0.contains(&format!("{prefix}pending=; HttpOnly")), "the sign-in is over: {response:?}");
        let home = server.get("/", &["a=b", &session]);
        assert!(home.0.contains("Welcome, Builderman (@builderman)! You are in 3 groups"), "{home:?}");
        assert!(!server.is_signed_in(&pending) && !server.is_signed_in(""));
        let out = server.request("POST", "/sign-out", &[&session]);
        assert!(out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{out:?}");
        assert!(!server.is_signed_in(&session));
    }
}

#[test]
fn nobody_s_sign_in_is_forgotten_because_others_begin_one() {
    let sandbox = sandbox();
    let server = Program::oauth2_server(&sandbox, REDIRECT);
    let (pending, callback) = server.begin(&sandbox, 156);
    for _ in 0..500 {
        server.get("/sign-in", &[]);
    }
    // The server keeps nothing of it, not even while it runs.
    drop(server);
    let server = Program::oauth2_server(&sandbox, REDIRECT);
    assert!(server.is_signed_in(server.get(&callback, &[&pending]).cookie()));
}

#[test]
fn a_callback_that_runs_again_shows_no_failure_to_a_user_who_is_signed_in() {
    let sandbox = sandbox();
    let server = Program::oauth2_server(&sandbox, REDIRECT);
    let (pending, callback) = server.begin(&sandbox, 156);
    let (other_tab, other_callback) = server.begin(&sandbox, 156);
    let session = server.get(&callback, &[&pending]).cookie().to_owned();
    for (target, cookies) in [
        // Loaded again, or by the back button.
        (&callback, &[session.as_str()][..]),
        (&callback, &[session.as_str(), pending.as_str()]),
        // The browser didn't get the first response.
        (&callback, &[pending.as_str()]),
        // The other tab has replaced the cookie, or it is gone.
        (&callback, &[session.as_str(), other_tab.as_str()]),
        (&other_callback, &[session.as_str()]),
    ] {
        let response = server.get(target, cookies);
        assert_eq!((response.status(), response.location()), ("303", "/"), "{cookies:?}");
        assert!(server.is_signed_in(&session), "{cookies:?}");
    }
    let exchanges = sandbox.requests().iter().filter(|request| request.path == "/oauth/v1/token").count();
    assert_eq!(exchanges, 1, "a code that is used twice revokes the authorization");
    assert_eq!(server.get(&callback, &[]).status(), "400", "in another browser");
    server.request("POST", "/sign-out", &[&session]);
    let again = server.get(&callback, &[&pending]);
    assert!(again.status() == "400" && again.header("set-cookie").is_none(), "who has signed out stays so: {again:?}");
}

#[test]
fn a_stranger_who_knows_a_state_gets_no_session() {
    let sandbox = sandbox();
    let server = Program::oauth2_server(&sandbox, REDIRECT);
    let (pending, callback) = server.begin(&sandbox, 156);
    let session = server.get(&callback, &[&pending]).cookie().to_owned();
    let state = callback.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).expect("a state");
    // A sign-in of the stranger's own, with the state of the other one.
    let begun = server.get("/sign-in", &[]);
    let cookie = URL_SAFE_NO_PAD.decode(begun.cookie().trim_start_matches("pending=")).expect("base64");
    let mut own: serde_json::Value = serde_json::from_slice(&cookie).expect("JSON");
    own["state"] = state.into();
    let made_up = format!("pending={}", URL_SAFE_NO_PAD.encode(own.to_string()));
    for cookie in [&made_up, &pending] {
        for target in ["/callback", "/callback?", "/callback?code=a&state=guessed"] {
            let response = server.get(target, &[cookie]);
            assert!(response.status() == "400" && response.header("set-cookie").is_none(), "{target}: {response:?}");
        }
    }
    for target in [&callback, &format!("/callback?state={state}"), &format!("/callback?code=a&state={state}")] {
        let response = server.get(target, &[&made_up]);
        assert!(response.status() != "303" && response.header("set-cookie").is_none(), "{target}: {response:?}");
    }
    assert!(server.is_signed_in(&session));
}

#[test]
fn callbacks_that_run_at_the_same_time_have_one_result() {
    let sandbox = sandbox();
    let server = Program::oauth2_server(&sandbox, REDIRECT);
    let (pending, callback) = server.begin(&sandbox, 156);
    sandbox.inject(Fault::delay(Duration::from_secs(1)).on("POST", "/oauth/v1/token"));
    let sessions: Vec<_> = thread::scope(|scope| {
        let loads: Vec<_> = (0..4).map(|_| scope.spawn(|| server.get(&callback, &[&pending]))).collect();
        loads.into_iter().map(|load| load.join().expect("there is a page").cookie().to_owned()).collect()
    });
    assert!(sessions.iter().all(|session| *session == sessions[0]), "{sessions:?}");
    assert!(server.is_signed_in(&sessions[0]));

    // A failure isn't kept.
    let (pending, callback) = server.begin(&sandbox, 156);
    sandbox.inject(Fault::status(400).on("POST", "/oauth/v1/token"));
    assert_ne!(server.get(&callback, &[&pending]).status(), "303");
    assert!(server.is_signed_in(server.get(&callback, &[&pending]).cookie()));
}

#[test]
fn one_user_s_sessions_push_only_their_own_out() {
    let sandbox = sandbox();
    sandbox.add_user(UserInfo::new(7, "seven"));
    let server = Program::oauth2_server(&sandbox, REDIRECT);
    let other = server.sign_in(&sandbox, 7);
    let sessions: Vec<_> = (0..12).map(|_| server.sign_in(&sandbox, 156)).collect();
    let signed_in: Vec<_> = sessions.iter().map(|session| server.is_signed_in(session)).collect();
    assert_eq!(signed_in, [vec![false; 2], vec![true; 10]].concat());
    assert!(server.is_signed_in(&other));
}

#[test]
fn oauth2_server_keeps_its_own_sandbox() {
    let mut command = example("oauth2_server");
    command.args(["--port", "0"]).env_remove("ROBLOX_CLIENT_ID");
    let server = Program::start(&mut command);
    let consent = server.get("/sign-in", &[]).location().to_owned();
    let (address, target) = consent.strip_prefix("http://").and_then(|url| url.split_once('/')).expect("a URL");
    let mut stream = TcpStream::connect(address).expect("the sandbox runs");
    write!(stream, "GET /{target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("it responds");
    assert!(page.contains("Authorize app"), "{page}");
}

#[test]
fn requests_for_another_host_are_refused() {
    let sandbox = sandbox();
    let _ = sandbox.oauth2_app("https://app.example/callback");
    let site = Program::oauth2_server(&sandbox, "https://app.example/callback");
    let gate = Program::ownership_gate(&sandbox);
    for (program, target) in [(&site, "/"), (&gate, "/gate?user=156&pass=777&group=7")] {
        let status = |target: &str, hosts: &[&str]| {
            let hosts: String = hosts.iter().map(|host| format!("\r\nHost: {host}")).collect();
            program.send(&format!("GET {target} HTTP/1.1{hosts}")).status().to_owned()
        };
        let own = format!("127.0.0.1:{}", program.port);
        for host in [&own, "localhost", "LocalHost:80", "192.168.0.7", "[::1]:4000"] {
            assert_eq!(status(target, &[host]), "200", "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "evil.example:4000", "127.0.0.1.nip.io", ""] {
            assert_eq!(status(target, &[host]), "421", "{host}");
        }
        assert_eq!(status(target, &["app.example"]), if target == "/" { "200" } else { "421" });
        for hosts in [&[][..], &["localhost", "localhost"], &["localhost", "evil.example"]] {
            assert_eq!(status(target, hosts), "400", "{hosts:?}");
        }
        assert_eq!(status(&format!("http://{own}{target}"), &[&own]), "200");
        assert_eq!(status(&format!("http://evil.example{target}"), &[&own]), "421");
        for bad in ["nonsense", "GET / HTTP/2.0", "GET / HTTP/1.1\r\nno colon", "GET / HTTP/1.1\r\nhost : localhost"] {
            assert_eq!(program.send(&format!("{bad}\r\nhost: localhost")).status(), "400", "{bad}");
        }
    }
}

#[test]
fn slow_connections_keep_nobody_out() {
    let sandbox = sandbox();
    let site = Program::oauth2_server(&sandbox, REDIRECT);
    let gate = Program::ownership_gate(&sandbox);
    for (program, target) in [(&site, "/"), (&gate, "/gate?user=156&pass=777&group=7")] {
        let crowd: Vec<_> = (0..300)
            .map(|number| {
                let mut stream = program.connect();
                if number % 2 == 0 {
                    let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: loc");
                }
                stream
            })
            .collect();
        assert_eq!(program.get(target, &[]).status(), "200");
        // The oldest ones had to go, long before their time was over.
        let mut oldest = &crowd[0];
        assert!(!matches!(oldest.read(&mut [0]), Ok(1)), "it gets no response");
    }
}

#[test]
fn the_head_of_a_request_has_one_deadline() {
    let sandbox = sandbox();
    let gate = Program::ownership_gate(&sandbox);
    let (mut slow, began) = (gate.connect(), Instant::now());
    slow.set_read_timeout(Some(Duration::from_millis(200))).expect("it can be set");
    slow.write_all(b"GET / HTTP/1.1\r\nx: ").expect("it reads");
    loop {
        assert!(began.elapsed() < PATIENCE, "it may go on for ever");
        let is_gone = slow.write_all(b"a").is_err();
        match slow.read(&mut [0]) {
            Err(error)
                if !is_gone
                    && matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            _ => return,
        }
    }
}

#[test]
fn a_full_table_forgets_the_oldest_entry() {
    let table = Table::new(3, PATIENCE);
    for key in 0..20 {
        table.insert(key, key);
        thread::sleep(Duration::from_millis(1));
        // What is in use stays.
        assert_eq!(table.renew(&0), Some(0));
        thread::sleep(Duration::from_millis(1));
    }
    let left: Vec<_> = (0..20).filter(|key| table.get(key).is_some()).collect();
    assert_eq!(left, [0, 18, 19]);
    assert_eq!(table.renew_or_insert(18, || 7), 18);
    assert_eq!(table.renew_or_insert(5, || 7), 7);
    assert_eq!((table.get(&19), table.get(&18), table.get(&0)), (None, Some(18), Some(0)));
    // Only the odd ones have to make room.
    table.insert(0, 1);
    table.make_room(2, |value| value % 2 == 1);
    assert_eq!((table.get(&5), table.get(&18), table.get(&0)), (None, Some(18), Some(1)));
    assert_eq!((table.remove(&0), table.remove(&0)), (Some(1), None));

    let brief = Table::new(3, Duration::ZERO);
    brief.insert(1, 1);
    assert_eq!((brief.get(&1), brief.renew(&1), brief.renew_or_insert(1, || 2)), (None, None, 2));
}
