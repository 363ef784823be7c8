//! A proxy of the environment is honored or refused, and never bypassed.
//!
//! The environment belongs to a process, so each case runs this test program again as a child with its own variables.

use std::env;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine;
use rblxopencloud::{Client, Method, RetryPolicy};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::support::early::{After, Early, Script, When};
use crate::support::tls::{Identity, profile};
use crate::support::{self, KEY, USER, hasty};

/// A host name that only the proxy resolves.
const HOST: &str = "open-cloud.test";

/// The requests to a proxy.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>);

impl Seen {
    fn heads(&self) -> Vec<String> {
        self.0.lock().expect("no panic under it").clone()
    }
}

/// A proxy that connects to the same server for every host.
fn proxy(target: &Early, talk: fn(&mut TcpStream, &Seen) -> io::Result<bool>) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let to: u16 = target.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let seen = Seen::default();
    let counted = seen.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            counted.1.fetch_add(1, Ordering::SeqCst);
            let seen = counted.clone();
            thread::spawn(move || {
                if !talk(&mut stream, &seen).unwrap_or(false) {
                    return;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { return };
                let (mut from, mut into) =
                    (stream.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut into);
                    let _ = into.shutdown(Shutdown::Write);
                });
                let _ = io::copy(&mut &server, &mut &stream);
                let _ = stream.shutdown(Shutdown::Write);
            });
        }
    });
    (port, seen)
}

fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn connect(stream: &mut TcpStream, seen: &Seen) -> io::Result<bool> {
    let head = head(stream)?;
    seen.0.lock().expect("no panic under it").push(head);
    stream.write_all(b"HTTP/1.1 200 Connection established\r\nproxy-agent: test\r\n\r\n")?;
    Ok(true)
}

fn wants_a_login(stream: &mut TcpStream, seen: &Seen) -> io::Result<bool> {
    let head = head(stream)?;
    // "me:secret" in base64.
    let is_known = head.contains("Basic bWU6c2VjcmV0");
    seen.0.lock().expect("no panic under it").push(head);
    stream.write_all(match is_known {
        true => b"HTTP/1.1 200 OK\r\n\r\n",
        false => {
            b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n"
        }
    })?;
    Ok(is_known)
}

#[cfg_attr(not(feature = "socks"), allow(dead_code))]
fn socks5(stream: &mut TcpStream, seen: &Seen) -> io::Result<bool> {
    let mut begin = [0; 2];
    stream.read_exact(&mut begin)?;
    let mut methods = vec![0; begin[1].into()];
    stream.read_exact(&mut methods)?;
    stream.write_all(&[5, 0])?;
    let mut request = [0; 4];
    stream.read_exact(&mut request)?;
    assert_eq!(request[3], 3, "the proxy looks the name up");
    let mut length = [0];
    stream.read_exact(&mut length)?;
    let mut name = vec![0; usize::from(length[0]) + 2];
    stream.read_exact(&mut name)?;
    let port = u16::from_be_bytes([name[name.len() - 2], name[name.len() - 1]]);
    let host = String::from_utf8_lossy(&name[..name.len() - 2]).into_owned();
    seen.0.lock().expect("no panic under it").push(format!("{host}:{port}"));
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80])?;
    Ok(true)
}

/// Never answers.
fn stalls(stream: &mut TcpStream, seen: &Seen) -> io::Result<bool> {
    let mut begin = [0; 3];
    stream.read_exact(&mut begin)?;
    seen.0.lock().expect("no panic under it").push(format!("{begin:?}"));
    io::copy(stream, &mut io::sink())?;
    Ok(false)
}

/// Makes three calls in a process with this environment. Its output has the results.
fn calls_with(variables: &[(&str, &str)], url: &str, certificate: &[u8]) -> String {
    let hex: String = certificate.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut child = support::test_process(module_path!(), "the_child");
    child.env("CHILD_URL", url).env("CHILD_CERTIFICATE", hex);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = child.envs(variables.iter().copied()).output().expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| line.split_once("RESULT ")).map(|(_, line)| format!("{line}\n")).collect()
}

#[test]
fn the_child() {
    let (Ok(url), Ok(hex)) = (env::var("CHILD_URL"), env::var("CHILD_CERTIFICATE")) else { return };
    let der: Vec<u8> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect();
    let root = Certificate::from_der(&der).to_owned();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
    let agent = ureq::Agent::config_builder().tls_config(tls).build().new_agent();
    let mut builder = Client::builder(KEY).base_url(url).retry(hasty());
    if env::var("CHILD_OWN_AGENT").is_ok() {
        builder = builder.agent(agent);
    }
    if env::var("CHILD_ONCE").is_ok() {
        builder = builder.retry(RetryPolicy::none());
    }
    match builder.build() {
        Err(error) => println!("\nRESULT refused: {error}"),
        Ok(client) if env::var("CHILD_TIMEOUT").is_ok() => {
            let client = client.with_timeout(Duration::from_millis(500));
            let result = client.request(Method::Post, "/cloud/v2/universes/1:restartServers").send();
            let error = result.expect_err("the proxy stalls");
            println!("\nRESULT {:?}, unknown: {}, {error}", error.kind(), error.outcome_unknown());
        }
        Ok(client) => {
            for _ in 0..3 {
                match client.user(USER).fetch_info() {
                    Ok(info) => println!("\nRESULT {}", info.username),
                    Err(error) => println!("\nRESULT failed: {:?} {error}", error.scope()),
                }
            }
        }
    }
}

fn service() -> (Identity, Early) {
    let identity = Identity::for_names([HOST.to_owned(), "localhost".to_owned()]);
    let server = identity.serve([Script::new(When::AtOnce, profile(), After::HangUp)]);
    (identity, server)
}

const GOOD: &str = "builderman\nbuilderman\nbuilderman\n";

#[test]
fn an_http_proxy_of_the_environment_is_used() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let (identity, server) = service();
        let (port, seen) = proxy(&server, connect);
        let variables = [(variable, &*format!("http://127.0.0.1:{port}")), ("CHILD_OWN_AGENT", "1")];
        let output = calls_with(&variables, &format!("https://{HOST}"), &identity.certificate);
        assert_eq!(output, GOOD, "{variable}");
        assert!(seen.heads().iter().all(|head| head.starts_with(&format!("CONNECT {HOST}:443 HTTP/1.1\r\n"))));
        assert!(!seen.heads().is_empty() && seen.heads().iter().all(|head| !head.contains(KEY)), "{:?}", seen.heads());
    }
}

#[test]
fn the_specific_variable_is_used_before_the_general_one() {
    let (identity, server) = service();
    let (port, seen) = proxy(&server, connect);
    let variables = [
        ("ALL_PROXY", "http://127.0.0.1:1"),
        ("HTTPS_PROXY", &*format!("http://127.0.0.1:{port}")),
        ("CHILD_OWN_AGENT", "1"),
    ];
    assert_eq!(calls_with(&variables, &format!("https://{HOST}"), &identity.certificate), GOOD);
    assert!(!seen.heads().is_empty());
}

#[test]
fn proxy_credentials_are_sent_once_and_never_shown() {
    let (identity, server) = service();
    let (port, seen) = proxy(&server, wants_a_login);
    let url = format!("https://{HOST}");
    let with =
        |login: &str| [("HTTPS_PROXY", format!("http://{login}127.0.0.1:{port}")), ("CHILD_OWN_AGENT", "1".to_owned())];
    let run = |login: &str| {
        let variables = with(login);
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        calls_with(&variables, &url, &identity.certificate)
    };
    let output = run("");
    assert_eq!(output.lines().count(), 3);
    for line in output.lines() {
        assert!(line.starts_with("failed: Run") && line.contains(&format!("127.0.0.1:{port}")), "{line}");
        assert!(line.contains("user name") && !line.contains("tried"), "{line}");
    }
    assert_eq!(seen.heads().len(), 3, "a refused login is not tried again");
    let output = run("me:wrong-secret@");
    assert!(output.contains("failed: Run") && !output.contains("wrong-secret"), "{output}");
    assert_eq!(run("me:secret@"), GOOD);
}

/// Repeats the login in its status line, in the forms in which it was sent and in which it is known.
fn repeats_the_login(stream: &mut TcpStream, seen: &Seen) -> io::Result<bool> {
    let head = head(stream)?;
    let login = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic ")).unwrap_or_default();
    let known = base64::engine::general_purpose::STANDARD.decode(login).unwrap_or_default();
    let known = String::from_utf8_lossy(&known).into_owned();
    let (user, password) = known.split_once(':').unwrap_or_default();
    let number = seen.heads().len();
    let words = match number % 4 {
        0 => format!("Proxy-Authorization: Basic {login}"),
        1 => known.clone(),
        2 => format!("{password} is wrong for {user}"),
        // The cut of a long line would leave a part of it.
        _ => format!("{} {login}", "x".repeat(80)),
    };
    let status = [407, 403, 502][number % 3];
    seen.0.lock().expect("no panic under it").push(login.to_owned());
    stream.write_all(format!("HTTP/1.1 {status} {words}\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
    Ok(false)
}

#[test]
fn a_login_that_the_proxy_repeats_is_never_shown() {
    let (_, server) = service();
    let (port, seen) = proxy(&server, repeats_the_login);
    let proxy = format!("http://proxy-user:wq7Wv%2BK3%2FxJm9Rt5@127.0.0.1:{port}");
    for _ in 0..4 {
        let variables = [("HTTPS_PROXY", proxy.as_str()), ("CHILD_ONCE", "1")];
        let output = calls_with(&variables, &format!("https://{HOST}"), &[]);
        assert!(output.lines().count() == 3 && output.lines().all(|line| line.starts_with("failed")), "{output}");
        let login = seen.heads()[0].clone();
        assert!(!login.is_empty() && output.contains("[redacted]"), "{output}");
        for secret in [&login[..8], &login[12..20], "proxy-user", "wq7Wv", "xJm9Rt5"] {
            assert!(!output.contains(secret), "{secret}: {output}");
        }
    }
    assert!(seen.heads().len() >= 12);
}

/// The timeout of the client is far below that of a connection.
#[test]
fn a_proxy_that_stalls_has_sent_no_change() {
    let (_, server) = service();
    for scheme in [
        "http",
        "https",
        #[cfg(feature = "socks")]
        "socks4a",
        #[cfg(feature = "socks")]
        "socks5h",
    ] {
        let (port, seen) = proxy(&server, stalls);
        let url = format!("{scheme}://127.0.0.1:{port}");
        let variables = [("HTTPS_PROXY", url.as_str()), ("CHILD_ONCE", "1"), ("CHILD_TIMEOUT", "1")];
        let output = calls_with(&variables, &format!("https://{HOST}"), &[]);
        assert!(output.starts_with("Timeout, unknown: false, ") && output.contains("500ms"), "{scheme}: {output}");
        assert_eq!(seen.heads().len(), 1, "{scheme}: {output}");
    }
}

#[test]
fn invalid_proxies_are_refused_and_the_variable_is_named() {
    for (variable, value) in [
        ("HTTPS_PROXY", "http//secret-x"),
        ("HTTPS_PROXY", "ftp://secret-x:21"),
        ("https_proxy", "http://secret-x:port"),
        ("ALL_PROXY", "http://"),
        ("all_proxy", "http://me:secret-x@:8080"),
        #[cfg(not(feature = "socks"))]
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
    ] {
        let output = calls_with(&[(variable, value)], "https://open-cloud.test", &[]);
        assert!(output.starts_with("refused: ") && output.contains(variable), "{variable}={value}: {output}");
        assert!(!output.contains("secret-x"), "{output}");
    }
}

#[test]
fn no_proxy_and_empty_variables_mean_no_proxy() {
    let (identity, server) = service();
    let (port, seen) = proxy(&server, connect);
    let proxy = format!("http://127.0.0.1:{port}");
    // A name that is too long can't be resolved without the proxy.
    let unknown = format!("{}.test", "a".repeat(70));
    for variables in [
        [("HTTPS_PROXY", proxy.as_str()), ("NO_PROXY", "localhost, .test"), ("CHILD_ONCE", "1")],
        [("HTTPS_PROXY", ""), ("ALL_PROXY", " "), ("CHILD_ONCE", "1")],
    ] {
        let output = calls_with(&variables, &format!("https://{unknown}"), &identity.certificate);
        assert!(output.starts_with("failed: Later") && output.contains(&unknown), "{output}");
    }
    assert!(seen.heads().is_empty());
}

#[test]
fn calls_on_this_machine_never_go_through_a_proxy_of_the_environment() {
    let (identity, server) = service();
    let (port, seen) = proxy(&server, connect);
    let proxy = format!("http://127.0.0.1:{port}");
    for own in [None, Some(("CHILD_OWN_AGENT", "1"))] {
        let mut variables = vec![("HTTPS_PROXY", proxy.as_str()), ("ALL_PROXY", &proxy), ("http_proxy", &proxy)];
        variables.extend(own);
        let output = calls_with(&variables, &server.url, &identity.certificate);
        // Without a custom agent, the child doesn't trust the certificate.
        assert!(own.is_none() || output == GOOD, "{output}");
    }
    assert!(seen.heads().is_empty());
}

#[cfg(feature = "socks")]
#[test]
fn a_socks_proxy_of_the_environment_is_used() {
    let (identity, server) = service();
    let (port, seen) = proxy(&server, socks5);
    let value = format!("socks5h://127.0.0.1:{port}");
    let variables = [("ALL_PROXY", value.as_str()), ("CHILD_OWN_AGENT", "1")];
    assert_eq!(calls_with(&variables, &format!("https://{HOST}"), &identity.certificate), GOOD);
    assert!(seen.heads().iter().all(|target| *target == format!("{HOST}:443")), "{:?}", seen.heads());
}
