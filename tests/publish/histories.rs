//! Random histories of a folder, against what must hold in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arbtest::arbitrary::{Result, Unstructured};
use rblxopencloud::AssetType;
use rblxopencloud::publish::{PublishEvent, Publisher};
use rblxopencloud_sandbox::{Fault, Sandbox};

use crate::support::folder::{Folder, image, sandbox};

const EMPTY: &str = "lock 1\nend\n";
const STEPS: usize = 12;

/// What is on one branch.
#[derive(Clone)]
struct Branch {
    /// The number of the content of each file.
    files: BTreeMap<String, usize>,
    /// Files that were deleted, and can come back.
    away: BTreeMap<String, usize>,
    /// The contents that this branch has had.
    known: BTreeSet<usize>,
    lock: String,
}

struct History {
    sandbox: Sandbox,
    folder: Folder,
    /// Whether they are models with versions. Otherwise, they are decals.
    versions: bool,
    now: Branch,
    other: Option<Branch>,
    contents: usize,
    names: usize,
    /// The ids that each name has had.
    ids: BTreeMap<String, BTreeSet<u64>>,
    /// What happened, for the message of a failure.
    told: Vec<String>,
}

impl History {
    fn new(versions: bool) -> Self {
        let now =
            Branch { files: BTreeMap::new(), away: BTreeMap::new(), known: BTreeSet::new(), lock: EMPTY.to_owned() };
        let (sandbox, folder) = (sandbox(), Folder::new(&[]));
        Self {
            sandbox,
            folder,
            versions,
            now,
            other: None,
            contents: 0,
            names: 0,
            ids: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    fn content(&self, number: usize) -> Vec<u8> {
        if self.versions { format!("<roblox>{number}</roblox>").into_bytes() } else { image(number) }
    }

    fn new_content(&mut self) -> usize {
        self.contents += 1;
        self.now.known.insert(self.contents);
        self.contents
    }

    fn step(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let names: Vec<String> = self.now.files.keys().cloned().collect();
        match choices.int_in_range(0..=7)? {
            0 => self.create(),
            1 | 2 if !names.is_empty() => {
                let name = choices.choose(&names)?.clone();
                let old: Vec<usize> = self.now.known.iter().copied().collect();
                let content = match !self.versions && choices.ratio(1, 3)? {
                    true => *choices.choose(&old)?,
                    false => self.new_content(),
                };
                self.now.files.insert(name, content);
            }
            // Excluded, or on another branch for a run.
            3 if choices.ratio(1, 2)? && names.len() > 1 => {
                let (name, content) = self.now.files.remove_entry(choices.choose(&names)?).expect("it is there");
                self.run(choices)?;
                let content = if choices.ratio(2, 3)? { self.new_content() } else { content };
                self.now.files.insert(name, content);
                return self.run(choices);
            }
            3 if !names.is_empty() => {
                let (name, content) = self.now.files.remove_entry(choices.choose(&names)?).expect("it is there");
                match !self.versions && choices.ratio(1, 2)? {
                    true => {
                        self.names += 1;
                        self.now.files.insert(format!("file{}", self.names), content);
                    }
                    false => drop(self.now.away.insert(name, content)),
                }
            }
            4 => {
                let changes = choices.ratio(1, 2)?;
                for (name, content) in std::mem::take(&mut self.now.away) {
                    let content = if changes { self.new_content() } else { content };
                    self.now.files.entry(name).or_insert(content);
                }
            }
            5 => match self.other.take() {
                None => self.fork(),
                Some(other) => self.merge(other, choices)?,
            },
            _ => return self.run(choices),
        }
        // Most changes are published before the next one.
        if choices.ratio(2, 3)? { self.run(choices) } else { Ok(()) }
    }

    fn create(&mut self) {
        // No two branches create files of one name.
        self.names += 1;
        let (name, content) = (format!("file{}", self.names), self.new_content());
        self.now.files.insert(name, content);
    }

    /// Another branch begins here, if everything is published and nothing in doubt: what isn't would be published on both.
    fn fork(&mut self) {
        if self.now.files.is_empty() {
            return;
        }
        let report = self.publisher().run().expect("there is a report");
        self.now.lock = fs::read_to_string(self.folder.lock()).unwrap_or_else(|_| EMPTY.to_owned());
        if report.is_complete() && !self.now.lock.contains("\ndoubt ") {
            let published: BTreeSet<Vec<u8>> =
                self.sandbox.assets().iter().map(|asset| self.content_of(asset.id)).collect();
            let unpublished: Vec<usize> =
                self.now.known.iter().copied().filter(|content| !published.contains(&self.content(*content))).collect();
            self.now.known.retain(|content| !unpublished.contains(content));
            self.now.away.retain(|_, content| !unpublished.contains(content));
            self.told.push("fork".to_owned());
            self.other = Some(self.now.clone());
        }
    }

    fn content_of(&self, id: u64) -> Vec<u8> {
        self.sandbox.asset_content(id).expect("it has content").bytes
    }

    /// Writes the files and the lock file of this branch.
    fn publisher(&self) -> Publisher {
        fs::remove_dir_all(self.folder.assets()).expect("it is there");
        fs::create_dir(self.folder.assets()).expect("it can be made");
        for (name, content) in &self.now.files {
            self.folder.write(&self.path(name), &self.content(*content));
        }
        fs::write(self.folder.lock(), &self.now.lock).expect("it can be written");
        self.folder.publisher(&self.sandbox).images_as(AssetType::Decal).new_versions(self.versions)
    }

    fn path(&self, name: &str) -> String {
        format!("{name}.{}", if self.versions { "rbxmx" } else { "png" })
    }

    /// Keeps the lines of both sides.
    fn merge(&mut self, other: Branch, choices: &mut Unstructured<'_>) -> Result<()> {
        if !choices.ratio(1, 2)? {
            // The work goes on on the other branch.
            self.told.push("switch".to_owned());
            self.other = Some(std::mem::replace(&mut self.now, other));
            return Ok(());
        }
        self.told.push("merge".to_owned());
        let (ours, theirs) = (&self.now.lock, &other.lock);
        self.now.lock = match choices.int_in_range(0..=3)? {
            3 => {
                fs::write(self.folder.lock(), ours).expect("it can be written");
                let theirs = self.folder.0.file("theirs.lock", theirs.as_bytes());
                assert_eq!(Publisher::merge(self.folder.lock(), theirs).expect("they belong together"), []);
                fs::read_to_string(self.folder.lock()).expect("it is there")
            }
            0 => format!("{ours}{theirs}"),
            1 => format!("{theirs}{}", ours.replace('\n', "\r\n")),
            _ => {
                let lines: BTreeSet<&str> = ours.lines().chain(theirs.lines()).filter(|line| *line != "end").collect();
                let rest = lines.into_iter().filter(|line| *line != "lock 1").rev();
                format!("lock 1\n{}\nend\n", rest.collect::<Vec<_>>().join("\n"))
            }
        };
        for (name, content) in other.files {
            self.now.files.entry(name).or_insert(content);
        }
        for (name, content) in other.away {
            if !self.now.files.contains_key(&name) {
                self.now.away.insert(name, content);
            }
        }
        self.now.known.extend(other.known);
        Ok(())
    }

    fn run(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let mut excluded = None;
        if choices.ratio(1, 4)? && self.now.files.len() > 1 {
            let names: Vec<&String> = self.now.files.keys().collect();
            excluded = Some((*choices.choose(&names)?).clone());
        }
        let publisher = excluded.iter().fold(self.publisher(), |it, name| it.exclude(self.path(name)));
        let before: BTreeSet<u64> = self.sandbox.assets().iter().map(|asset| asset.id).collect();
        let how = choices.int_in_range(0..=5)?;
        self.told.push(format!("run {how} without {excluded:?} of {:?}", self.now.files));
        let after = choices.int_in_range(0..=2)?;
        match how {
            0 => {
                for method in ["POST", "PATCH"] {
                    self.sandbox.inject(Fault::reset_before_answer().after(after).on(method, "/assets/v1/assets"));
                }
            }
            // While branches differ, each would take the other's asset of this name for its own.
            1 if self.other.is_none() => {
                self.sandbox.inject(Fault::status(500).after(after).on("POST", "/assets/v1/assets"));
            }
            _ => {}
        }
        let report = match how {
            2 => kill(&publisher),
            3 => stop(&publisher),
            _ => publisher.run().ok(),
        };
        // A folder without files is an error, if there were some.
        let has_files = self.now.files.keys().any(|name| Some(name) != excluded.as_ref());
        if has_files && !(2..=3).contains(&how) {
            assert!(report.is_some(), "the run has a report: {:#?}: {:?}", self.told, publisher.run().map(drop));
        }
        self.sandbox.clear_faults();
        // Also what a killed run has left in its journal.
        if how == 2 {
            let _ = publisher.clone().stop_when(|| true).run().expect("the journal is read");
        }
        self.now.lock = fs::read_to_string(self.folder.lock()).unwrap_or_else(|_| EMPTY.to_owned());
        for (path, id) in report.iter().flat_map(|report| report.ids()) {
            self.ids.entry(path.to_owned()).or_default().insert(id);
        }
        self.check(&before, excluded.as_ref());
        Ok(())
    }

    fn check(&self, before: &BTreeSet<u64>, excluded: Option<&String>) {
        let allowed: BTreeSet<Vec<u8>> = self
            .now
            .files
            .iter()
            .filter(|(name, _)| Some(*name) != excluded)
            .map(|(_, content)| self.content(*content))
            .collect();
        let mut contents = BTreeMap::new();
        for asset in self.sandbox.assets() {
            let content = self.content_of(asset.id);
            if !before.contains(&asset.id) {
                assert!(allowed.contains(&content), "an excluded file was sent: {:#?}", self.told);
            }
            let twice = contents.insert(content, asset.id);
            assert_eq!(twice, None, "one content is one asset: {:#?}\n{}", self.told, self.now.lock);
        }
        if self.versions {
            for (name, ids) in &self.ids {
                assert_eq!(ids.len(), 1, "{name} is one asset: {:#?}\n{}", self.told, self.now.lock);
            }
            assert!(contents.len() <= self.names, "a name has one asset: {:#?}\n{}", self.told, self.now.lock);
        }
    }
}

/// Ends a run as a kill does, at the first or second asset.
fn kill(publisher: &Publisher) -> Option<rblxopencloud::publish::Report> {
    let killed = publisher.clone().on_event(|event| {
        assert!(!matches!(event, PublishEvent::Published { .. } | PublishEvent::Resolving { .. }), "killed");
    });
    catch_unwind(AssertUnwindSafe(|| killed.run())).ok()?.ok()
}

/// Cancels a run as soon as an upload was accepted.
fn stop(publisher: &Publisher) -> Option<rblxopencloud::publish::Report> {
    let stop = Arc::new(AtomicBool::new(false));
    let accepted = Arc::clone(&stop);
    let stopped = publisher
        .clone()
        .on_event(move |event| {
            if matches!(event, PublishEvent::Accepted { .. }) {
                accepted.store(true, Ordering::SeqCst);
            }
        })
        .stop_when(move || stop.load(Ordering::SeqCst));
    stopped.run().ok()
}

fn histories(versions: bool) {
    arbtest::arbtest(|choices| {
        let mut history = History::new(versions);
        history.sandbox.set_operations_done_at_once(choices.ratio(3, 4)?);
        (0..choices.int_in_range(1..=3)?).for_each(|_| history.create());
        for _ in 0..STEPS {
            history.step(choices)?;
        }
        Ok(())
    })
    .size_min(300)
    .budget_ms(5_000);
}

#[test]
fn in_any_history_one_content_is_one_asset() {
    histories(false);
}

#[test]
fn in_any_history_one_name_of_a_model_is_one_asset() {
    histories(true);
}
