//! Random operations of many threads in two processes, on one sandbox in which anything fails, against a plain map.
//!
//! Keys of one thread are compared with the map after each operation. Keys of all threads are looked at in the end: each change
//! has a number, so that the revisions tell which of them were made, and how often.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Debug;
use std::thread;
use std::time::Duration;

use rblxopencloud::data::{Change, DataStore, EntryMetadata, EntryState};
use rblxopencloud::{Client, Error, RetryPolicy, endpoints};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::random::Random;
use crate::support::{test_process, times};

/// The variable of the number of operations of each thread.
const ROUNDS: &str = "PLAYER_DATA_ROUNDS";
/// The variable with the sandbox's URL, for the second process.
const URL: &str = "PLAYER_DATA_SANDBOX";
const USUAL_ROUNDS: u64 = 120;
const THREADS: u64 = 8;
/// How many keys each thread has, and how many all have.
const KEYS: u64 = 3;
/// The key of the counter of all.
const VISITS: &str = "visits";
/// What the second process prints before each of its outcomes.
const OUTCOME: &str = "outcome: ";

/// Values that hold more than [`Profile`] does, which every change but `set` must leave alone.
const VALUES: &[&str] = &[
    r#"{"coins":7,"rate":1.0}"#,
    r#"{"z":1152921504606846977,"coins":0,"rate":1.00,"a":[1e2,{"y":2.50,"x":null}],"b":"\u00e9"}"#,
    r#"{"rate":25E-1,"nested":{"coins":1.0,"rate":9007199254740993},"coins":1152921504606846976}"#,
];

/// An operation on a key of one thread.
#[derive(Clone, Copy)]
enum Own {
    Create,
    Set,
    Update,
    UpdateMetadata,
    /// Creates the entry if it isn't there, or was deleted.
    UpdateMissing,
    Increment,
    Delete,
    Undelete,
    ReadRevision,
}

const OF_PROFILES: &[Own] = &[
    Own::Create,
    Own::Create,
    Own::Set,
    Own::Update,
    Own::Update,
    Own::UpdateMetadata,
    Own::UpdateMissing,
    Own::Delete,
    Own::Undelete,
    Own::ReadRevision,
];
const OF_COUNTERS: &[Own] =
    &[Own::Increment, Own::Increment, Own::Increment, Own::Delete, Own::Undelete, Own::ReadRevision];

/// What can go wrong with a request: before it takes effect, and after it.
const FAULTS: &[fn() -> Fault] = &[
    || Fault::status(500),
    || Fault::status(503),
    Fault::reset_before_reading,
    || Fault::early_answer(502),
    || Fault::status_after(500),
    || Fault::status_after(504),
    Fault::reset_before_answer,
    Fault::reset_in_answer,
    Fault::truncated_body,
    || Fault::delay(Duration::from_millis(5)),
];

/// The requests that fail: each kind of write, and reads.
fn targets() -> [(&'static str, &'static str); 6] {
    [
        ("POST", endpoints::CREATE_DATA_STORE_ENTRY.path()),
        ("PATCH", endpoints::UPDATE_DATA_STORE_ENTRY.path()),
        ("PATCH", endpoints::UPDATE_DATA_STORE_ENTRY.path()),
        ("DELETE", endpoints::DELETE_DATA_STORE_ENTRY.path()),
        ("POST", endpoints::INCREMENT_DATA_STORE_ENTRY.path()),
        ("GET", endpoints::GET_DATA_STORE_ENTRY.path()),
    ]
}

/// A part of the values.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Profile {
    coins: u64,
    rate: f64,
}

/// The changes of a value, as those of all threads have it. Each creation begins another life.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Log {
    done: Vec<u64>,
}

/// An entry of the map.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    /// The text of the value, to the last digit.
    value: String,
    users: Vec<u64>,
    attributes: BTreeMap<String, String>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Outcome {
    Made,
    NotMade,
    Unknown,
}

impl Outcome {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Made,
            Err(error) if error.outcome_unknown() => Self::Unknown,
            Err(_) => Self::NotMade,
        }
    }
}

/// Changes of what all threads share: their numbers, and for [`VISITS`] how many.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Outcomes {
    changes: Vec<(u64, Outcome)>,
    visits: Vec<Outcome>,
}

/// Reads until nothing fails.
fn read<T: Debug>(mut read: impl FnMut() -> Result<T, Error>) -> T {
    let mut last = None;
    for _ in 0..100 {
        match read() {
            Ok(value) => return value,
            Err(error) => last = Some(error),
        }
    }
    panic!("it can't be read: {last:?}");
}

fn fetch(store: &DataStore, key: &str) -> Option<Known> {
    let entry = read(|| store.fetch::<Box<RawValue>>(key))?;
    Some(Known {
        value: entry.value.get().to_owned(),
        users: entry.user_ids(),
        attributes: entry.attributes.into_iter().map(|(name, value)| (name, value.to_string())).collect(),
    })
}

fn metadata(of: &Known) -> EntryMetadata {
    let attributes = of.attributes.iter().map(|(name, text)| (name, serde_json::from_str::<Value>(text)));
    let metadata = EntryMetadata::new().users(of.users.iter().copied());
    attributes.fold(metadata, |metadata, (name, value)| metadata.attribute(name, value.expect("it is JSON")))
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("it is JSON")
}

/// Returns the text with so many coins in place of those that it has.
fn with_coins(text: &str, coins: u64) -> String {
    let start = ["{\"coins\":", ",\"coins\":"].iter().filter_map(|name| Some(text.rfind(name)? + name.len())).max();
    let (before, rest) = text.split_at(start.expect("it has coins"));
    format!("{before}{coins}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

/// One of the threads, with the map of its keys.
struct Worker<'a> {
    /// From 1, over both processes.
    number: u64,
    store: DataStore,
    /// In the process that has it, whose threads make requests fail.
    sandbox: Option<&'a Sandbox>,
    random: Random,
    known: BTreeMap<String, Known>,
    /// The entries that were deleted, as they were before.
    deleted: BTreeMap<String, Known>,
    /// The keys and the ids of revisions that were written, and the text of each value.
    revisions: Vec<(String, String, String)>,
    outcomes: Outcomes,
    changes: u64,
}

impl Worker<'_> {
    fn run(mut self, rounds: u64) -> Outcomes {
        for _ in 0..rounds {
            if let Some(sandbox) = self.sandbox.filter(|_| self.random.below(3) == 0) {
                let ((method, path), fault) = (*self.random.pick(&targets()), self.random.pick(FAULTS));
                sandbox.inject(fault().on(method, path).times(1 + self.random.below(2)));
            }
            match self.random.below(2) {
                0 => self.change_own(),
                _ => self.change_shared(),
            }
        }
        self.outcomes
    }

    fn change_number(&mut self) -> u64 {
        self.changes += 1;
        self.number * 1_000_000 + self.changes
    }

    /// Changes a key that no other thread changes. The first one is a counter.
    fn change_own(&mut self) {
        let number = self.random.below(KEYS);
        let key = format!("own-{}-{number}", self.number);
        let before = self.known.get(&key).cloned();
        let mut after = before.clone();
        let coins = self.random.below(1 << 60);
        let store = self.store.clone();
        let (mut is_refused, mut can_be_repeated) = (false, false);
        let result = match *self.random.pick(if number == 0 { OF_COUNTERS } else { OF_PROFILES }) {
            Own::Increment => {
                let amount = i64::try_from(self.random.below(1000)).expect("it fits") - 500;
                let unset = Known { value: "0".to_owned(), users: Vec::new(), attributes: BTreeMap::new() };
                let counter = after.get_or_insert(unset);
                counter.value = (counter.value.parse::<i64>().expect("it is a number") + amount).to_string();
                store.increment(&key, amount).map(|entry| entry.revision)
            }
            Own::Create => {
                let attributes = [("big", "1152921504606846977"), ("one", "1.0")];
                let attributes = attributes.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
                let value = (*self.random.pick(VALUES)).to_owned();
                let new = Known { value, users: vec![self.number, 156], attributes };
                is_refused = before.is_some();
                let created = store.create_with(&key, &raw(&new.value), metadata(&new));
                after.get_or_insert(new);
                created.map(|revision| Some(revision.id))
            }
            Own::Set => {
                let profile = Profile { coins, rate: 2.0 };
                let value = serde_json::to_string(&profile).expect("it is JSON");
                let unset = Known { value: String::new(), users: Vec::new(), attributes: BTreeMap::new() };
                after.get_or_insert(unset).value = value;
                store.set(&key, &profile).map(|revision| Some(revision.id))
            }
            Own::Update => {
                if let Some(after) = &mut after {
                    after.value = with_coins(&after.value, coins);
                }
                self.update(&key, EntryMetadata::new(), coins)
            }
            Own::UpdateMetadata => {
                let name = format!("a{}", self.random.below(3));
                if let Some(after) = &mut after {
                    after.users = vec![coins];
                    after.attributes = [(name.clone(), coins.to_string())].into();
                    after.value = with_coins(&after.value, coins);
                }
                self.update(&key, EntryMetadata::new().users([coins]).attribute(name, coins), coins)
            }
            Own::UpdateMissing => {
                let attributes = [("life".to_owned(), coins.to_string())].into();
                let profile = Profile { coins, rate: 1.0 };
                let value = serde_json::to_string(&profile).expect("it is JSON");
                let new = Known { value, users: vec![coins], attributes };
                after.get_or_insert(new.clone());
                let updated = store.update_with(&key, metadata(&new), |known: Option<Profile>| {
                    Ok(known.map_or(Change::Set(profile.clone()), |_| Change::Keep))
                });
                updated.map(|entry| entry.and_then(|entry| entry.revision))
            }
            Own::Delete => {
                after = None;
                match self.random.below(2) {
                    0 => {
                        can_be_repeated = true;
                        store.delete(&key).map(|()| None)
                    }
                    _ => {
                        let deleted = store
                            .update(&key, |known: Option<Value>| Ok(known.map_or(Change::Keep, |_| Change::Delete)));
                        deleted.map(|entry| entry.and_then(|entry| entry.revision))
                    }
                }
            }
            Own::Undelete => {
                is_refused = before.is_some() || !self.deleted.contains_key(&key);
                after = before.clone().or_else(|| self.deleted.get(&key).cloned());
                store.undelete(&key).map(|revision| Some(revision.id))
            }
            Own::ReadRevision => {
                if let Some((key, id, text)) = self.revisions.last().map(|_| self.random.pick(&self.revisions)) {
                    let entry = read(|| store.fetch_revision::<Box<RawValue>>(key, id));
                    // One that was overwritten within its hour is gone.
                    assert!(entry.is_none_or(|entry| entry.value.get() == text), "{key} {id}");
                }
                Ok(None)
            }
        };
        let now = fetch(&store, &key);
        let context = || format!("{key} had {before:?}\nand should have {after:?}\nafter {result:?}");
        match Outcome::of(&result) {
            // Such an error doesn't say whether there was an effect: the call is made again.
            Outcome::NotMade if can_be_repeated => assert!(now == before || now == after, "{}", context()),
            Outcome::Made => assert!(!is_refused && now == after, "{}\nbut has {now:?}", context()),
            Outcome::Unknown => assert!(now == before || now == after, "{}\nbut has {now:?}", context()),
            Outcome::NotMade => assert_eq!(now, before, "{}", context()),
        }
        if let (Ok(Some(id)), Some(now)) = (result, &now) {
            self.revisions.push((key.clone(), id, now.value.clone()));
        }
        match (now, before) {
            (Some(now), _) => _ = self.known.insert(key, now),
            (None, Some(before)) => {
                self.known.remove(&key);
                self.deleted.insert(key, before);
            }
            (None, None) => {}
        }
    }

    /// Sets the coins of an entry, if it is there. Returns the revision that was written.
    fn update(&self, key: &str, metadata: EntryMetadata, coins: u64) -> Result<Option<String>, Error> {
        let updated = self.store.update_with(key, metadata, |profile: Option<Profile>| {
            Ok(profile.map_or(Change::Keep, |profile| Change::Set(Profile { coins, ..profile })))
        });
        updated.map(|entry| entry.and_then(|entry| entry.revision))
    }

    /// Changes a key that all threads change.
    fn change_shared(&mut self) {
        let key = format!("shared-{}", self.random.below(KEYS));
        let number = self.change_number();
        match self.random.below(12) {
            0..=2 => {
                let life = life(number, &[]);
                let result = self.store.create_with(&key, &raw(&life.value), metadata(&life));
                self.outcomes.changes.push((number, Outcome::of(&result)));
            }
            3..=7 => {
                let result = self.store.update(&key, |log: Option<Log>| {
                    let Some(mut log) = log else { return Ok(Change::Keep) };
                    log.done.push(number);
                    Ok(Change::Set(log))
                });
                let outcome = match &result {
                    Ok(Some(entry)) => {
                        assert_eq!(entry.value.done.last(), Some(&number));
                        Outcome::Made
                    }
                    Ok(None) => Outcome::NotMade,
                    Err(_) => Outcome::of(&result),
                };
                self.outcomes.changes.push((number, outcome));
            }
            8 => drop(self.store.delete(&key)),
            9 => {
                let result =
                    self.store.update(&key, |log: Option<Log>| Ok(log.map_or(Change::Keep, |_| Change::Delete)));
                assert!(!matches!(result, Ok(Some(_))), "{result:?}");
            }
            _ => self.outcomes.visits.push(Outcome::of(&self.store.increment(VISITS, 1))),
        }
    }
}

/// The entry of a life after these changes.
fn life(number: u64, done: &[u64]) -> Known {
    let done: Vec<String> = done.iter().map(u64::to_string).collect();
    let value = format!(r#"{{"big":1152921504606846977,"life":{number},"one":1.0,"done":[{}]}}"#, done.join(","));
    let attributes = [("life".to_owned(), number.to_string()), ("one".to_owned(), "1.0".to_owned())].into();
    Known { value, users: vec![number], attributes }
}

/// Runs the threads of a process, the first of which has this number.
fn run(client: &Client, sandbox: Option<&Sandbox>, first: u64) -> Outcomes {
    let rounds = times(ROUNDS, USUAL_ROUNDS);
    let random = Random::new();
    let all = thread::scope(|scope| {
        let workers = (first..first + THREADS).map(|number| {
            let worker = Worker {
                number,
                store: client.experience(13058).data_store("Players"),
                sandbox,
                random: random.fork(number),
                known: BTreeMap::new(),
                deleted: BTreeMap::new(),
                revisions: Vec::new(),
                outcomes: Outcomes::default(),
                changes: 0,
            };
            scope.spawn(move || worker.run(rounds))
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().map(|worker| worker.join().expect("a thread has failed")).collect::<Vec<_>>()
    });
    let mut outcomes = Outcomes::default();
    for one in all {
        outcomes.changes.extend(one.changes);
        outcomes.visits.extend(one.visits);
    }
    outcomes
}

/// Does nothing unless the test of the model has started it.
#[test]
fn second_process() {
    let Ok(url) = env::var(URL) else { return };
    let retry = RetryPolicy::new().initial_backoff(Duration::from_millis(1));
    let client = Client::builder("sandbox-api-key").base_url(url).retry(retry).build().expect("good settings");
    let outcomes = run(&client, None, 1 + THREADS);
    println!("\n{OUTCOME}{}", serde_json::to_string(&outcomes).expect("it is JSON"));
}

fn start_second_process(sandbox: &Sandbox, random: &Random) -> Outcomes {
    let (seed, value) = random.variable();
    let output = test_process(module_path!(), "second_process")
        .env(URL, sandbox.url())
        .env(seed, value)
        .output()
        .expect("it starts");
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the second process has failed: {printed}{errors}");
    let outcomes = printed.lines().find_map(|line| line.strip_prefix(OUTCOME)).expect("it prints them");
    serde_json::from_str(outcomes).expect("it is JSON")
}

#[test]
fn changes_of_threads_and_processes_are_those_of_a_plain_map() {
    let random = Random::new();
    println!("{:?}", random.variable());
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    sandbox.set_stale_write_status(*random.fork(0).pick(&[409, 412, 400]));
    let client = sandbox.client();
    let store = client.experience(13058).data_store("Players");
    let visits = EntryMetadata::new().users([156]).attribute("one", json!(1.0));
    store.create_with(VISITS, &0, visits).expect("nothing fails yet");
    let mut outcomes = thread::scope(|scope| {
        let second = scope.spawn(|| start_second_process(&sandbox, &random));
        let mut outcomes = run(&client, Some(&sandbox), 1);
        let others = second.join().expect("the second process has failed");
        outcomes.changes.extend(others.changes);
        outcomes.visits.extend(others.visits);
        outcomes
    });
    sandbox.clear_faults();

    let count = |wanted: Outcome| outcomes.visits.iter().filter(|outcome| **outcome == wanted).count() as u64;
    let entry = store.fetch::<u64>(VISITS).expect("it is read").expect("it is there");
    let most = count(Outcome::Made) + count(Outcome::Unknown);
    assert!((count(Outcome::Made)..=most).contains(&entry.value), "{} visits, {:?}", entry.value, outcomes.visits);
    assert_eq!((entry.user_ids(), entry.attributes["one"].to_string()), (vec![156], "1.0".to_owned()));

    let mut times: BTreeMap<u64, u64> = BTreeMap::new();
    for key in 0..KEYS {
        for (life, done) in lives(&store, &format!("shared-{key}")) {
            for number in done.into_iter().chain([life]) {
                *times.entry(number).or_default() += 1;
            }
        }
    }
    outcomes.changes.sort_by_key(|(number, _)| *number);
    for (number, outcome) in &outcomes.changes {
        let times = times.remove(number).unwrap_or_default();
        match outcome {
            Outcome::Made => assert_eq!(times, 1, "change {number} was lost, or made twice"),
            Outcome::NotMade => assert_eq!(times, 0, "change {number} was refused"),
            Outcome::Unknown => assert!(times <= 1, "change {number} was made {times} times"),
        }
    }
    assert!(times.is_empty(), "nobody made {times:?}");
    let made = outcomes.changes.iter().filter(|(_, outcome)| *outcome == Outcome::Made).count();
    assert!(made * 5 > outcomes.changes.len(), "{made} of {}", outcomes.changes.len());
}

/// Returns the lives of an entry that all threads change, from its creation to its deletion: their numbers and their changes.
fn lives(store: &DataStore, key: &str) -> Vec<(u64, Vec<u64>)> {
    let mut revisions = store.list_revisions(key).collect::<Result<Vec<_>, _>>().unwrap_or_default();
    // The sandbox counts in them.
    revisions.sort_by(|one, other| one.id.cmp(&other.id));
    let mut lives: Vec<(u64, Vec<u64>)> = Vec::new();
    let mut goes_on = false;
    for revision in revisions {
        if revision.state == Some(EntryState::Deleted) {
            goes_on = false;
            continue;
        }
        let entry = store.fetch_revision::<Box<RawValue>>(key, &revision.id).expect("it is read").expect("it is kept");
        let number = entry.attributes["life"].as_u64().expect("it is a number");
        let log: Log = serde_json::from_str(entry.value.get()).expect("it is a log");
        let expected = life(number, &log.done);
        let attributes = entry.attributes.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
        let known = Known { value: entry.value.get().to_owned(), users: entry.user_ids(), attributes };
        assert_eq!(known, expected, "{key}");
        match lives.last_mut().filter(|_| goes_on) {
            // What is kept at the end of an hour.
            Some((life, done)) => {
                assert!(*life == number && log.done.starts_with(done), "{key}: {done:?} became {:?}", log.done);
                *done = log.done;
            }
            None => lives.push((number, log.done)),
        }
        goes_on = true;
    }
    lives
}
