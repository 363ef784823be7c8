//! What this module takes for granted about ureq, whose `unversioned` module may change with each minor version.
//!
//! A test that fails here after an update names the place that has to be looked at.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ureq::http::Request;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};
use ureq::{Agent, Error, SendBody, Timeout};

use super::early::Early;
use super::tunnel::Tunnel;
use super::{NoLookUp, secured};

/// A connection whose input is known, and which records the limits of its waits.
#[derive(Debug)]
struct Scripted {
    buffers: LazyBuffers,
    input: VecDeque<&'static [u8]>,
    limits: Arc<Mutex<Vec<NextTimeout>>>,
    is_tls: bool,
}

impl Scripted {
    fn new(input: &[&'static [u8]], is_tls: bool) -> Self {
        let buffers = LazyBuffers::new(32 * 1024, 32 * 1024);
        Self { buffers, input: input.iter().copied().collect(), limits: Arc::default(), is_tls }
    }

    fn boxed(is_tls: bool) -> Box<dyn Transport> {
        Box::new(Self::new(&[], is_tls))
    }
}

impl Transport for Scripted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, _: usize, limit: NextTimeout) -> Result<(), Error> {
        self.limits.lock().expect("no panic under it").push(limit);
        Ok(())
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        self.limits.lock().expect("no panic under it").push(limit);
        let Some(piece) = self.input.pop_front() else { return Ok(false) };
        self.buffers.input_append_buf()[..piece.len()].copy_from_slice(piece);
        self.buffers.input_appended(piece.len());
        Ok(true)
    }

    fn is_open(&mut self) -> bool {
        true
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}

/// Makes scripted connections, and counts them.
#[derive(Clone, Debug)]
struct Connections {
    input: &'static [&'static [u8]],
    is_tls: bool,
    count: Arc<AtomicUsize>,
    limits: Arc<Mutex<Vec<NextTimeout>>>,
}

impl Connections {
    fn new(input: &'static [&'static [u8]], is_tls: bool) -> Self {
        Self { input, is_tls, count: Arc::default(), limits: Arc::default() }
    }

    fn agent(&self) -> Agent {
        let config = Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .timeout_connect(Some(Duration::from_secs(50)))
            // The shortest of all, so that they would be the reason if they could be.
            .timeout_per_read(Some(Duration::from_secs(1)))
            .timeout_per_write(Some(Duration::from_secs(1)))
            .timeout_await_100(Some(Duration::from_secs(40)));
        Agent::with_parts(config.build(), self.clone(), NoLookUp)
    }
}

impl Connector for Connections {
    type Out = Scripted;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Scripted>, Error> {
        self.count.fetch_add(1, Ordering::SeqCst);
        let limits = Arc::clone(&self.limits);
        Ok(Some(Scripted { limits, ..Scripted::new(self.input, self.is_tls) }))
    }
}

/// `tcp::no_wait` uses this reason for reads that don't wait. If ureq used it too, its waits would end at once.
#[test]
fn no_wait_has_a_reason_that_ureq_never_gives() {
    assert_eq!(super::tcp::no_wait().reason, Timeout::PerRead);
    let connections = Connections::new(
        &[b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"content-length: 4\r\n\r\nbo", b"d", b"y"],
        false,
    );
    let mut body: &[u8] = b"body";
    let request = Request::post("http://host.example/")
        .header("content-length", 4)
        .header("expect", "100-continue")
        .body(SendBody::from_reader(&mut body));
    let answer = connections.agent().run(request.expect("it is a request")).expect("it is answered");
    let mut text = String::new();
    answer.into_body().into_reader().read_to_string(&mut text).expect("it is read");
    assert_eq!(text, "body");
    let limits = connections.limits.lock().expect("no panic under it");
    assert!(limits.len() >= 6, "{limits:?}");
    for limit in limits.iter() {
        assert!(!matches!(limit.reason, Timeout::PerRead | Timeout::PerWrite), "{limits:?}");
        assert_eq!(limit.for_read().reason, Timeout::PerRead, "the limit of a read is derived from it: {limits:?}");
        assert_eq!(limit.for_write().reason, Timeout::PerWrite, "{limits:?}");
    }
}

/// TLS is started on a tunnel although the connection to the proxy may have TLS already, and not twice on a connection.
#[test]
fn is_tls_tells_of_tls_to_the_host() {
    assert!(!Tunnel(Scripted::boxed(true)).is_tls());
    assert!(Early::new(Scripted::boxed(true)).is_tls() && !Early::new(Scripted::boxed(false)).is_tls());
    for (url, is_tls, is_refused) in [
        ("https://host.example/", false, true),
        ("https://host.example/", true, false),
        ("http://host.example/", false, false),
    ] {
        let connections = Connections::new(&[b"HTTP/1.1 204 No Content\r\n\r\n"], is_tls);
        let result = connections.agent().run(Request::get(url).body(()).expect("it is a request"));
        assert_eq!(matches!(result, Err(Error::TlsRequired)), is_refused, "{url}: {result:?}");
        assert_eq!(result.is_err(), is_refused);
        assert_eq!(connections.limits.lock().expect("no panic under it").is_empty(), is_refused, "nothing is sent");
    }
}

/// Our own check, which doesn't depend on that of ureq.
#[test]
fn https_is_refused_without_tls() {
    for (needs_tls, is_tls, is_refused) in
        [(true, false, true), (true, true, false), (false, false, false), (false, true, false)]
    {
        let result = secured(Scripted::boxed(is_tls), needs_tls);
        assert_eq!(matches!(result, Err(Error::TlsRequired)), is_refused, "{needs_tls}, {is_tls}");
    }
}

/// `Http::run` sends changes with another buffer size, so that they go over new connections.
#[test]
fn requests_with_another_output_buffer_bypass_the_pool() {
    const ANSWERS: &[&[u8]] = &[b"HTTP/1.1 204 No Content\r\n\r\n" as &[u8]; 9];
    let connections = Connections::new(ANSWERS, false);
    let agent = connections.agent();
    let run = |size: Option<usize>| {
        let request = Request::get("http://host.example/").body(()).expect("it is a request");
        let mut config = agent.configure_request(request).http_status_as_error(false).max_redirects(0);
        if let Some(size) = size {
            config = config.output_buffer_size(size);
        }
        agent.run(config.build()).expect("it is answered");
        connections.count.load(Ordering::SeqCst)
    };
    let pooled = agent.config().output_buffer_size();
    assert_eq!([run(None), run(None), run(Some(pooled))], [1, 1, 1], "reads use the pool");
    assert_eq!([run(Some(pooled * 2)), run(Some(pooled * 2))], [2, 3], "neither the pool nor each other's connections");
    assert_eq!(run(None), 3, "the pooled connection is still there");
}
