//! Sandboxes, and raw requests to them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rblxopencloud::{AssetFile, AssetType, AssetUpload, Client, RetryPolicy, UserInfo, WaitOptions};
use rblxopencloud_sandbox::Sandbox;

/// A sandbox with user 1 and group 7.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(1, "one"));
    sandbox.add_group(7, "seven");
    sandbox
}

/// A client without retries.
pub fn hasty(sandbox: &Sandbox) -> Client {
    sandbox.client_with(|settings| settings.retry(RetryPolicy::none())).expect("good settings")
}

pub fn patient(sandbox: &Sandbox) -> Client {
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    sandbox.client_with(|settings| settings.retry(policy)).expect("good settings")
}

pub fn connect(sandbox: &Sandbox) -> TcpStream {
    let address = sandbox.url().strip_prefix("http://").expect("an address");
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    stream
}

/// Sends bytes and reads until the connection ends.
pub fn raw(sandbox: &Sandbox, request: &str) -> String {
    let mut stream = connect(sandbox);
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    // A reset ends it too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn send(sandbox: &Sandbox, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
    let answer = raw(
        sandbox,
        &format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        ),
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, body.to_owned())
}

pub const KEY: &str = "x-api-key: sandbox-api-key\r\n";

pub fn get(sandbox: &Sandbox, target: &str) -> (u16, String) {
    send(sandbox, "GET", target, KEY, "")
}

pub fn filtered(sandbox: &Sandbox, path: &str, filter: &str) -> (u16, String) {
    let filter: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    get(sandbox, &format!("{path}?filter={filter}"))
}

pub fn form(request: &str, file: Option<(&str, &str, &str)>) -> String {
    let mut form = format!("--b\r\ncontent-disposition: form-data; name=\"request\"\r\n\r\n{request}\r\n");
    if let Some((name, content_type, content)) = file {
        form += &format!(
            "--b\r\ncontent-disposition: form-data; name=\"fileContent\"; filename=\"{name}\"\r\n\
             content-type: {content_type}\r\n\r\n{content}\r\n"
        );
    }
    form + "--b--\r\n"
}

pub fn send_form(sandbox: &Sandbox, method: &str, target: &str, form: &str) -> (u16, String) {
    send(sandbox, method, target, &format!("{KEY}content-type: multipart/form-data; boundary=b\r\n"), form)
}

pub fn crate_png() -> AssetUpload {
    let file = AssetFile::from_bytes("crate.png", b"\x89PNG\r\n\x1a\n".to_vec());
    AssetUpload::new(file, AssetType::Decal, "Crate", "a crate")
}

pub fn quick_wait() -> WaitOptions {
    WaitOptions::new()
        .timeout(Duration::from_secs(5))
        .initial_delay(Duration::from_millis(1))
        .max_delay(Duration::from_millis(2))
}

/// The part `request` of an upload.
pub const REQUEST: &str =
    r#"{"assetType":"Decal","displayName":"n","description":"","creationContext":{"creator":{"userId":"1"}}}"#;
