//! Bulk jobs that are killed at any time: each entry is in the file once, none is written twice, and none is lost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rblxopencloud::data::DataStore;
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::Value;

use crate::support::example::{settle, with_key};
use crate::support::random::Random;
use crate::support::{TempDir, times};

/// Three pages of a listing.
const ENTRIES: u64 = 520;

/// A compressed file is a member for each page.
const FILE: &str = if cfg!(feature = "gzip") { "players.jsonl.gz" } else { "players.jsonl" };

/// How often each job is killed.
fn kills() -> usize {
    times("BULK_KILLS", 20)
}

/// The entries of a store, by scope and key, and with that a hash of the JSON in the file.
type Entries = BTreeMap<(String, String), (u64, String)>;

struct Game {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Game {
    fn new() -> Self {
        let sandbox = Sandbox::builder().demo().start().expect("a free port");
        let line = |id: u64| {
            let scope = if id % 3 == 0 { "eu" } else { "global" };
            format!(
                "{{\"id\":\"user/{id}@é\",\"scope\":\"{scope}\",\"value\":{{\"coins\":{id},\"one\":1.0}},\"users\":[\"users/{id}\"]}}\n"
            )
        };
        let lines: String = (0..ENTRIES).map(line).collect();
        sandbox.load_entries(13058, "Players", &lines).expect("they are entries");
        Self { sandbox, folder: TempDir::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self, name: &str) -> DataStore {
        self.sandbox.client().experience(13058).data_store(name)
    }

    fn command(&self, job: Job) -> Command {
        let (file, journal) = (self.path(FILE), self.path("edit.journal"));
        let text = |path: &Path| path.to_str().expect("it is text").to_owned();
        let (name, arguments) = match job {
            Job::BackUp => ("back_up_data", vec!["Players".to_owned(), text(&file), "--all-scopes".to_owned()]),
            Job::Restore => ("back_up_data", ["--restore", &text(&file), "--into", "Copy"].map(str::to_owned).to_vec()),
            Job::Edit => {
                let job = ["Copy", &text(&journal), "--all-scopes", "--increment", "coins", "1"];
                ("edit_all", job.map(str::to_owned).to_vec())
            }
        };
        let mut command = with_key(&self.sandbox, name, &["--requests-per-minute", "1000000"]);
        command.args(arguments);
        command
    }

    /// Starts a job, and kills it after this time. Returns what it has printed if it ended before.
    fn run(&self, job: Job, pause: Duration) -> Option<String> {
        let output = self.path("output.txt");
        let errors = self.path("errors.txt");
        let file = |path: &Path| fs::File::create(path).expect("it can be written");
        let mut command = self.command(job);
        let mut child = command
            .stdout(file(&output))
            .stderr(file(&errors))
            .stdin(Stdio::null())
            .spawn()
            .expect("the example was built");
        let began = Instant::now();
        while began.elapsed() < pause {
            if let Some(status) = child.try_wait().expect("it can be asked") {
                let errors = fs::read_to_string(errors).expect("it is text");
                assert!(status.success(), "{job:?}: {errors}");
                return Some(fs::read_to_string(output).expect("it is text"));
            }
            thread::sleep(Duration::from_micros(500));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        None
    }

    /// Returns the entries of a store: their coins, and the rest.
    fn entries(&self, store: &str) -> Entries {
        let store = self.store(store);
        let listed = store.list_entries().all_scopes(true).map(|listed| listed.expect("a key"));
        let entry = |scope: &str, id: &str| {
            let entry = store.with_scope(scope).fetch::<Value>(id).expect("it is read").expect("it is there");
            let coins = entry.value["coins"].as_u64().expect("a number");
            (coins, format!("{} {:?} {:?}", entry.value["one"], entry.users, entry.attributes))
        };
        listed
            .map(|listed| ((listed.scope().into_owned(), listed.id.clone()), entry(&listed.scope(), &listed.id)))
            .collect()
    }

    /// Returns how often each write succeeded. A restore into an empty store only creates; that an edit is made once shows in
    /// the values.
    fn writes(&self) -> BTreeMap<String, u64> {
        let mut writes = BTreeMap::new();
        for request in self.sandbox.requests() {
            let is_write = request.method == "PATCH" || request.method == "POST";
            if is_write && request.status.is_some_and(|status| status < 300) {
                *writes.entry(format!("{} {:?}", request.path, request.query)).or_default() += 1;
            }
        }
        writes
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Job {
    BackUp,
    Restore,
    Edit,
}

/// The keys of the lines of a file, and how often they are there.
fn lines(path: &Path) -> BTreeMap<(String, String), u64> {
    let file = fs::File::open(path).expect("a file");
    #[cfg(feature = "gzip")]
    let file = flate2::read::MultiGzDecoder::new(file);
    let text = std::io::read_to_string(file).expect("it is text");
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if let (Some(scope), Some(id)) = (line["scope"].as_str(), line["id"].as_str()) {
            *lines.entry((scope.to_owned(), id.to_owned())).or_default() += 1;
        }
    }
    lines
}

#[test]
fn bulk_jobs_that_are_killed_at_any_time_do_everything_once() {
    let mut random = Random::new();
    let (mut killed, mut games, mut times) = (BTreeMap::new(), 0, BTreeMap::new());
    let kills = kills();
    while killed.values().copied().min().unwrap_or(0) < kills {
        games += 1;
        let game = Game::new();
        let before = game.entries("Players");
        for (number, job) in [Job::BackUp, Job::Restore, Job::Edit].into_iter().enumerate() {
            game.sandbox.clear_requests();
            let killed = killed.entry(number).or_insert(0);
            // How long a run takes here and now, from those that ended.
            let longest = *times.get(&number).unwrap_or(&Duration::from_secs(3));
            let mut tries = 0;
            let text = loop {
                // Some lose a response, too.
                if random.below(3) == 0 {
                    let method = ["PATCH", "POST", "GET"][random.below(3) as usize];
                    game.sandbox.inject(Fault::reset_before_answer().on(method, "/cloud").after(random.below(100)));
                }
                let began = Instant::now();
                let share = 500 + 100 * tries;
                let pause = longest.mul_f64(random.below(share) as f64 / 1000.0);
                // Enough for a machine that has become slower.
                tries = (tries + 1).min(100);
                if let Some(text) = game.run(job, if *killed < kills { pause } else { Duration::from_secs(300) }) {
                    if tries == 1 {
                        times.insert(number, began.elapsed());
                    }
                    break text;
                }
                *killed += 1;
                if random.below(2) == 0 {
                    settle(&game.sandbox);
                }
            };
            game.sandbox.clear_faults();
            settle(&game.sandbox);
            assert_eq!(text, format!("{ENTRIES} entries: {ENTRIES} written\n"), "{job:?} after {tries} kills");
            match job {
                Job::BackUp => {
                    let lines = lines(&game.path(FILE));
                    assert!(lines.values().all(|times| *times == 1), "{lines:?}");
                    assert!(lines.keys().eq(before.keys()), "{lines:?}");
                }
                Job::Restore => assert_eq!(game.entries("Copy"), before),
                Job::Edit => {
                    let after = game.entries("Copy");
                    assert_eq!(after.len(), before.len());
                    for (id, (coins, rest)) in &before {
                        assert_eq!(after[id], (coins + 1, rest.clone()), "{id:?}");
                    }
                }
            }
            let patches = game.sandbox.requests().into_iter().filter(|request| request.method == "PATCH").count();
            assert!(patches == 0 || job == Job::Edit, "{job:?} writes {patches} times over what is there");
            let twice: Vec<_> = game.writes().into_iter().filter(|(_, times)| *times > 1).collect();
            assert!(twice.is_empty(), "{job:?}: {twice:?}");
        }
        let left: Vec<String> = fs::read_dir(game.folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| !name.ends_with(".txt"))
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
    println!("{killed:?} kills of back-ups, restores and edits in {games} rounds: each entry once");
}
