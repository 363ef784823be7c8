//! Tests that need control over the order of events, or threads that can't be started.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use arbtest::arbtest;

use super::*;
use crate::asset::AssetType;
use crate::asset::batch::queue::{Admission, Job, POLLERS, Pending, Queue};
use crate::asset::file::AssetFile;
use crate::error::ErrorScope;
use crate::operation::Waiting;
use crate::user::User;

/// The head of a picture of 8 by 8 pixels.
const IMAGE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0\x4b\x6d\x29\xdc";

fn upload(number: usize) -> AssetUpload {
    let asset_type = if number % 3 == 0 { AssetType::Decal } else { AssetType::Image };
    AssetUpload::new(AssetFile::from_bytes("crate.png", IMAGE), asset_type, format!("n{number}"), "")
}

fn error(kind: ErrorKind, scope: ErrorScope) -> Error {
    Error::new(kind, "an upload").reaching(scope)
}

fn uploads(count: usize) -> Uploads {
    let uploads: Box<dyn Iterator<Item = AssetUpload> + Send> = Box::new((0..count).map(upload));
    Box::new(uploads.enumerate().peekable())
}

/// The job of a simulated thread.
enum Work {
    Taking(Uploads),
    Sending(usize, AssetType),
    Polling(Box<Pending>),
}

/// A batch whose threads act one after the other, in the order that a test chooses.
struct Simulation {
    client: Client,
    queue: Queue,
    threads: usize,
    concurrency: usize,
    run_ahead: usize,
    work: Vec<Work>,
    now: Instant,
    sent: BTreeSet<usize>,
    /// Uploads whose own code panicked, so that they have no outcome.
    panicked: BTreeSet<usize>,
    yielded: BTreeSet<usize>,
    is_stopped: bool,
}

impl Simulation {
    fn new(count: usize, concurrency: usize, run_ahead: usize, threads: usize) -> Self {
        Self {
            client: Client::new("key"),
            queue: Queue::new(uploads(count), concurrency, run_ahead),
            threads,
            concurrency,
            run_ahead,
            work: Vec::new(),
            now: Instant::now(),
            sent: BTreeSet::new(),
            panicked: BTreeSet::new(),
            yielded: BTreeSet::new(),
            is_stopped: false,
        }
    }

    fn pending(&self, index: usize, asset_type: AssetType, due: Instant) -> Box<Pending> {
        let operation = self.client.operation(format!("operations/{index}").parse().expect("a name"));
        let waiting = Waiting::among_many(&WaitOptions::default());
        Box::new(Pending { due, index, asset_type, operation, waiting })
    }

    /// A free thread takes a job. Returns `false` if there is none.
    fn begin(&mut self) -> bool {
        if self.work.len() == self.threads {
            return false;
        }
        let work = match self.queue.next_job(self.now) {
            Job::Poll(pending) => Work::Polling(pending),
            Job::Send(uploads) => Work::Taking(uploads),
            Job::Wait(_) | Job::Leave => return false,
        };
        self.work.push(work);
        true
    }

    /// A thread continues its job, with luck or without. Returns `false` if none has a job.
    fn go_on(&mut self, which: usize, luck: u8) -> bool {
        if self.work.is_empty() {
            return false;
        }
        match self.work.swap_remove(which % self.work.len()) {
            Work::Taking(_) if luck == 0 => self.stop(None),
            Work::Taking(mut uploads) => match uploads.peek().map(|(index, _)| *index) {
                None => self.queue.exhausted(),
                Some(index) => match self.queue.admit(uploads) {
                    Admission::Send(upload, _) => {
                        assert!(!self.is_stopped, "{index} is sent after a panic");
                        assert!(self.sent.insert(index));
                        self.work.push(Work::Sending(index, upload.declared_type().clone()));
                    }
                    Admission::Refused(_) | Admission::NotYet => {}
                    Admission::Unwanted(_) => assert!(self.is_stopped),
                },
            },
            Work::Sending(index, asset_type) => match luck {
                0 => self.stop(Some(index)),
                1 => {
                    self.queue.not_accepted(index, &asset_type, error(ErrorKind::QuotaExhausted, ErrorScope::AssetType))
                }
                2 => self.queue.not_accepted(index, &asset_type, error(ErrorKind::AccountModerated, ErrorScope::Run)),
                3..=5 => self.queue.not_accepted(index, &asset_type, error(ErrorKind::Connection, ErrorScope::Later)),
                _ => {
                    let due = self.now + Duration::from_millis(luck.into());
                    let pending = self.pending(index, asset_type, due);
                    self.queue.accepted(pending);
                }
            },
            Work::Polling(mut pending) => match luck {
                0..=100 => {
                    pending.due = self.now + Duration::from_millis(luck.into());
                    self.queue.still_pending(pending);
                    if luck == 0 {
                        self.stop(None);
                    }
                }
                _ => self.queue.ended(&pending, Err(error(ErrorKind::OperationFailed, ErrorScope::Call))),
            },
        }
        true
    }

    fn stop(&mut self, sending: Option<usize>) {
        self.is_stopped = true;
        self.panicked.extend(sending);
        drop(match sending {
            Some(_) => self.queue.panicked_sending(Box::new("panic")),
            None => self.queue.panicked(Box::new("panic")),
        });
    }

    fn take(&mut self) -> bool {
        let outcome = self.queue.take_outcome();
        if let Some(outcome) = &outcome {
            assert!(self.yielded.insert(outcome.index), "{} is yielded twice", outcome.index);
        }
        outcome.is_some()
    }

    fn check(&self) {
        let ahead = self.sent.difference(&self.yielded).count() - self.panicked.len();
        assert!(ahead <= self.run_ahead, "{ahead} uploads are ahead");
        let polling = self.work.iter().filter(|work| matches!(work, Work::Polling(_))).count();
        let sending = self.work.len() - polling;
        assert!(polling <= POLLERS && sending <= self.concurrency, "{polling} polls, {sending} uploads");
    }

    /// The caller takes the remaining outcomes, and every thread does what it can.
    fn end(&mut self) {
        while self.take() || !self.queue.is_over() {
            let works = self.begin() || self.go_on(0, 200);
            // No thread can act: one must have a time to wait for.
            if !works && !self.take() && !self.queue.is_over() {
                let Job::Wait(Some(due)) = self.queue.next_job(self.now) else { panic!("nobody works any more") };
                assert!(due > self.now);
                self.now = due;
            }
            self.check();
        }
    }
}

#[test]
fn each_upload_has_one_outcome_in_any_order_of_events() {
    arbtest(|random| {
        let count = random.int_in_range(0..=39)?;
        let (concurrency, run_ahead) = (random.int_in_range(1..=4)?, random.int_in_range(1..=11)?);
        let mut simulation = Simulation::new(count, concurrency, run_ahead, random.int_in_range(1..=7)?);
        for _ in 0..random.int_in_range(0..=300)? {
            let luck: u8 = random.arbitrary()?;
            match random.int_in_range(0..=3)? {
                0 => _ = simulation.begin(),
                1 => _ = simulation.go_on(random.int_in_range(0..=7)?, luck),
                2 => _ = simulation.take(),
                _ => simulation.now += Duration::from_millis(luck.into()),
            }
            simulation.check();
        }
        simulation.end();
        let expected: BTreeSet<usize> = if simulation.is_stopped {
            simulation.sent.difference(&simulation.panicked).copied().collect()
        } else {
            (0..count).collect()
        };
        // After a panic, what was refused before it is yielded too.
        assert!(simulation.yielded.is_superset(&expected), "{:?} of {expected:?}", simulation.yielded);
        assert!(simulation.is_stopped || simulation.yielded == expected);
        Ok(())
    })
    .budget(Duration::from_secs(1));
}

#[test]
fn an_upload_waits_in_the_iterator_if_outcomes_came_while_it_blocked() {
    let mut queue = Queue::new(uploads(3), 2, 100);
    let now = Instant::now();
    let take = |queue: &mut Queue| match queue.next_job(now) {
        Job::Send(mut uploads) => uploads.peek().is_some().then_some(uploads).expect("there is one"),
        _ => panic!("there is room"),
    };
    let fail = |queue: &mut Queue, index| {
        queue.not_accepted(index, &AssetType::Image, error(ErrorKind::Rejected, ErrorScope::Call));
    };
    for _ in 0..2 {
        let uploads = take(&mut queue);
        assert!(matches!(queue.admit(uploads), Admission::Send(..)));
    }
    fail(&mut queue, 0);
    let uploads = take(&mut queue);
    fail(&mut queue, 1);
    assert!(matches!(queue.admit(uploads), Admission::NotYet));
    assert!(matches!(queue.next_job(now), Job::Wait(None)) && !queue.is_over());
    assert!(queue.take_outcome().is_some());
    let uploads = take(&mut queue);
    let Admission::Send(upload, _) = queue.admit(uploads) else { panic!("there is room again") };
    assert!(format!("{upload:?}").contains("n2"), "{upload:?}");
}

fn impatient() -> WaitOptions {
    WaitOptions::new().initial_delay(Duration::from_millis(2)).max_delay(Duration::from_millis(10))
}

/// Starts a batch with at most this many threads.
fn begin_with(uploads: &mut AssetUploads, threads: usize) {
    let left = Cell::new(threads);
    uploads.begin(|work| match left.get() {
        0 => Err(io::Error::from(io::ErrorKind::WouldBlock)),
        some => {
            left.set(some - 1);
            thread::Builder::new().spawn(work)
        }
    });
}

/// A service that accepts every upload. Every second poll finds its operation complete. The sandbox can't be used here: it
/// depends on the crate itself, which isn't the one of these tests.
struct Service {
    address: SocketAddr,
    accepted: AtomicUsize,
    polled: AtomicUsize,
}

impl Service {
    fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let service = Arc::new(Self { address, accepted: AtomicUsize::new(0), polled: AtomicUsize::new(0) });
        let shared = Arc::downgrade(&service);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(service) = shared.upgrade() else { break };
                thread::spawn(move || service.serve(stream.expect("a connection")));
            }
        });
        service
    }

    /// Responds to the one request of a connection.
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(&stream);
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            head.push_str(&line.to_ascii_lowercase());
            line.clear();
        }
        let header = |name| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if header("expect:").is_some() {
            (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let length = header("content-length:").map_or(0, |length| length.parse().expect("a length"));
        io::copy(&mut reader.take(length), &mut io::sink())?;
        let body = if head.starts_with("post ") {
            let number = self.accepted.fetch_add(1, Ordering::SeqCst);
            format!(r#"{{"path":"operations/{number}","operationId":"{number}","done":false}}"#)
        } else {
            let name = head.split([' ', '?']).nth(1).and_then(|path| path.rsplit('/').next()).expect("a path");
            if self.polled.fetch_add(1, Ordering::SeqCst) % 2 == 0 {
                format!(r#"{{"path":"operations/{name}","done":false}}"#)
            } else {
                format!(r#"{{"path":"operations/{name}","done":true,"response":{{"assetId":"1{name}"}}}}"#)
            }
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
        (&stream).write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes())
    }

    fn user(&self) -> User {
        let client = Client::builder("key").base_url(format!("http://{}", self.address)).build();
        client.expect("the address is valid").user(156)
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Wakes the thread that accepts, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

#[test]
fn batch_runs_with_the_threads_that_could_be_started() {
    for threads in 1..12 {
        let service = Service::start();
        let mut uploads = service.user().upload_assets((0..15).map(upload)).wait_options(impatient());
        begin_with(&mut uploads, threads);
        let mut yielded: Vec<usize> = uploads
            .map(|outcome| {
                outcome.result.expect("it is made");
                outcome.index
            })
            .collect();
        yielded.sort_unstable();
        assert!(yielded.into_iter().eq(0..15), "{threads} threads");
        assert_eq!(service.accepted(), 15);
    }
}

#[test]
fn few_threads_do_not_block_an_iterator_that_waits_for_outcomes() {
    for threads in 1..4 {
        let service = Service::start();
        let (sender, receiver) = mpsc::channel();
        sender.send(upload(0)).expect("it is received");
        let mut uploads = service.user().upload_assets(receiver).wait_options(impatient());
        begin_with(&mut uploads, threads);
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            for number in 1..5 {
                let outcome = uploads.next().expect("an outcome");
                assert_eq!((outcome.index, outcome.result.is_ok()), (number - 1, true));
                sender.send(upload(number)).expect("it is received");
            }
            // The iterator is blocked now, or will be.
            drop(uploads);
            done.send(())
        });
        is_done.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("it hangs with {threads} threads"));
    }
}

#[test]
fn without_threads_each_upload_fails_unsent() {
    let service = Service::start();
    let mut uploads = service.user().upload_assets((0..).map(upload)).wait_options(impatient());
    begin_with(&mut uploads, 0);
    for (index, outcome) in uploads.by_ref().take(30).enumerate() {
        let error = outcome.result.expect_err("there is no thread");
        assert_eq!((outcome.index, error.kind(), error.scope()), (index, ErrorKind::Io, ErrorScope::Run));
        assert!(!error.is_retryable() && !error.outcome_unknown() && error.to_string().contains("thread"), "{error}");
    }
    assert_eq!(service.accepted(), 0);
}
