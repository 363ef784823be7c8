//! The lock file while it changes: each step is on disk before the next one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::change::Change;
use super::journal::{END, Journal, journal_of, read_journal};
use super::lock::{Lock, subject};
use super::lock_text;
use super::running::Running;
use crate::disk::save_bytes;
use crate::error::{Error, Result};

/// A lock file that this process alone changes.
///
/// Each change is a line of the journal beside it, so that ten thousand changes don't write ten thousand locks. The lock itself
/// is written when the record is opened and closed.
pub(super) struct Record {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    lock: Lock,
    journal: Option<Journal>,
    is_changed: bool,
    /// The lock on disk names its owner. A journal alone would be anyone's.
    has_owner: bool,
    /// Why nothing can be changed, once the record is released or if its directory is read-only.
    running: std::result::Result<Running, Error>,
}

/// Reads a lock file, and the journal of a run that was killed. Returns also whether there is one.
pub(super) fn read(path: &Path, accepts_journal: bool) -> Result<(Lock, bool)> {
    let mut lock = lock_text::read(path)?;
    let has_journal = read_journal(path, accepts_journal, |change| lock.apply(change))?;
    Ok((lock, has_journal))
}

impl Record {
    /// Opens a lock file, which this process then holds. It belongs to `owner`.
    pub(super) fn open(path: &Path, owner: &str, accepts_journal: bool) -> Result<Self> {
        let running = match Running::new(path) {
            // Nothing may have to be written.
            Err(error) if is_read_only(&error) => Err(error),
            running => Ok(running?),
        };
        let (mut lock, has_journal) = read(path, accepts_journal)?;
        check_owner(&lock, owner, path)?;
        if let (Err(error), true) = (&running, has_journal) {
            return Err(error.clone());
        }
        let has_owner = !lock.owner.is_empty();
        owner.clone_into(&mut lock.owner);
        if has_journal {
            write(path, &lock)?;
            remove(&journal_of(path))?;
        }
        let state = State { lock, journal: None, is_changed: false, has_owner, running };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    /// Merges the lock file at `theirs` into that at `ours`, each with the journal of a run that was killed. Returns the assets
    /// that both have for one content.
    pub(super) fn merge(ours: &Path, theirs: &Path) -> Result<Vec<(u64, u64)>> {
        let _running = Running::new(ours)?;
        fs::metadata(theirs).map_err(|error| Error::io(subject(theirs), error).concerning_run())?;
        let (mut merged, has_journal) = read(ours, false)?;
        let (other, _) = read(theirs, false)?;
        if !other.owner.is_empty() {
            check_owner(&merged, &other.owner, ours)?;
            merged.owner.clone_from(&other.owner);
        }
        let twice = merged.merge(other);
        write(ours, &merged)?;
        if has_journal {
            remove(&journal_of(ours))?;
        }
        Ok(twice)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what is known now.
    pub(super) fn lock(&self) -> Lock {
        self.state().lock.clone()
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Lock) -> T) -> T {
        look(&self.state().lock)
    }

    /// Writes a change down. When this returns, it survives a crash.
    pub(super) fn note(&self, change: Change) -> Result<()> {
        let mut state = self.state();
        if let Err(error) = &state.running {
            return Err(error.clone());
        }
        if !state.has_owner {
            write(&self.path, &state.lock)?;
            state.has_owner = true;
        }
        let journal = journal_of(&self.path);
        let failed = |error| Error::io(format!("the journal {journal:?}"), error).concerning_run();
        let mut line = serde_json::to_vec(&change).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        // Nothing may begin whose end couldn't be written.
        let space = match change {
            Change::Begun(..) => END * (state.lock.doubts.len() as u64 + 1),
            _ => 0,
        };
        let written = match &mut state.journal {
            Some(journal) => journal.append(&line, space),
            none => Journal::create(&self.path).and_then(|journal| none.insert(journal).append(&line, space)),
        };
        written.map_err(failed)?;
        state.lock.apply(change);
        state.is_changed = true;
        Ok(())
    }

    /// Changes what isn't worth a line in the journal: a run that is killed finds it out again.
    pub(super) fn update<T>(&self, update: impl FnOnce(&mut Lock) -> T) -> T {
        let mut state = self.state();
        let before = state.lock.clone();
        let result = update(&mut state.lock);
        state.is_changed |= state.lock != before;
        result
    }

    /// Writes the lock file.
    pub(super) fn close(&self) -> Result<()> {
        let mut state = self.state();
        if let (Err(error), true) = (&state.running, state.is_changed) {
            return Err(error.clone());
        }
        if state.is_changed {
            write(&self.path, &state.lock)?;
            state.is_changed = false;
        }
        if state.journal.take().is_some() {
            remove(&journal_of(&self.path))?;
        }
        Ok(())
    }

    /// Lets another run begin. Threads that still wait for operations may keep the record.
    pub(super) fn release(&self) {
        let mut state = self.state();
        state.journal = None;
        state.running = Err(Error::invalid_input("the run has ended"));
    }

    /// Returns why nothing can be written down.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.state().running.as_ref().err().cloned()
    }
}

fn is_read_only(error: &Error) -> bool {
    let kind = std::io::Error::from(error.clone()).kind();
    matches!(kind, std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem)
}

pub(super) fn check_owner(lock: &Lock, owner: &str, path: &Path) -> Result<()> {
    if lock.owner.is_empty() || lock.owner == owner {
        return Ok(());
    }
    Err(Error::invalid_input(format!("{} tells what {} published, not {owner}", subject(path), lock.owner))
        .advise("use another lock file for each owner")
        .concerning_run())
}

pub(super) fn write(path: &Path, lock: &Lock) -> Result<()> {
    save_bytes(path, lock_text::text(lock).as_bytes()).map_err(Error::concerning_run)
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| Error::io(format!("the journal {path:?}"), error).concerning_run())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::error::ErrorKind;
    use crate::publish::lock::{Doubt, Entry, Key};

    /// A directory that is removed after the test.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("rblxopencloud-record-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).expect("temporary files can be written");
            Self(path)
        }

        fn lock(&self) -> PathBuf {
            self.0.join("assets.lock")
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn published(hash: &str, id: u64) -> Change {
        Change::Published { key: key(hash), entry: Entry::new(id, "é🎉"), is_version: false }
    }

    fn key(hash: &str) -> Key {
        Key::new(hash, &crate::asset::AssetType::Image)
    }

    #[test]
    fn a_line_after_a_failed_one_begins_on_its_own() {
        let directory = Directory::new("torn");
        let record = Record::open(&directory.lock(), "user 156", false).unwrap();
        record.note(published("aa", 1)).unwrap();
        {
            // As on a full disk: a part of the line is there.
            let mut state = record.state();
            let journal = state.journal.as_mut().unwrap();
            journal.file.write_all(b"{\"published\":{\"key\":\"bb").unwrap();
            journal.is_torn = true;
        }
        record.note(published("cc", 3)).unwrap();
        drop(record);
        let (lock, has_journal) = read(&directory.lock(), false).unwrap();
        assert!(has_journal);
        assert_eq!(lock.assets.keys().cloned().collect::<Vec<_>>(), [key("aa"), key("cc")]);
    }

    /// With the spaces that are kept for the ends of uploads.
    #[test]
    fn the_end_of_an_upload_has_its_space() {
        let directory = Directory::new("space");
        let record = Record::open(&directory.lock(), "user 156", false).unwrap();
        let size = || fs::metadata(journal_of(&directory.lock())).unwrap().len();
        let mut begun = 0;
        for number in 0..200 {
            record.note(Change::Begun(key(&format!("a{number}")), Doubt::new("a.png", "a"))).unwrap();
            let whole = record.state().journal.as_ref().unwrap().length;
            assert!(size() >= whole + (number + 1) * END);
            begun = size();
        }
        for number in 0..200 {
            record.note(Change::Accepted(key(&format!("a{number}")), "operations/1".parse().unwrap())).unwrap();
            record.note(published(&format!("a{number}"), number)).unwrap();
        }
        assert_eq!(size(), begun, "the ends need no more space");
        assert_eq!(read(&directory.lock(), false).unwrap().0.assets.len(), 200);
        record.state().journal.as_mut().unwrap().is_torn = true;
        record.note(published("last", 7)).unwrap();
        assert_eq!(read(&directory.lock(), false).unwrap().0.assets.len(), 201);
    }

    /// A run of the owner was killed before its end.
    #[test]
    fn a_journal_belongs_to_its_owner() {
        let directory = Directory::new("owner");
        let record = Record::open(&directory.lock(), "user 156", false).unwrap();
        assert!(!directory.lock().exists(), "a run without changes writes nothing");
        record.note(published("aa", 1)).unwrap();
        drop(record);
        let error = Record::open(&directory.lock(), "group 7", false).map(drop).unwrap_err();
        assert!(error.to_string().contains("tells what user 156 published, not group 7"), "{error}");
        assert_eq!(Record::open(&directory.lock(), "user 156", false).unwrap().lock().assets.len(), 1);
    }

    #[test]
    fn merging_reads_journals_and_keeps_out_of_runs() {
        let (ours, theirs) = (Directory::new("ours"), Directory::new("theirs"));
        let merge = || Record::merge(&ours.lock(), &theirs.lock());
        assert_eq!(merge().unwrap_err().kind(), ErrorKind::Io, "there is nothing to merge");
        for (directory, hash, id) in [(&ours, "aa", 1), (&theirs, "bb", 2)] {
            Record::open(&directory.lock(), "user 156", false).unwrap().note(published(hash, id)).unwrap();
        }
        let running = Record::open(&theirs.lock(), "user 156", false).unwrap();
        assert_eq!(Record::merge(&theirs.lock(), &ours.lock()).unwrap_err().kind(), ErrorKind::Conflict);
        drop(running);
        assert_eq!(merge().unwrap(), []);
        assert_eq!(lock_text::read(&ours.lock()).unwrap().assets.len(), 2);
        assert!(!journal_of(&ours.lock()).exists());
    }

    /// The lock was deleted after a run that was killed, or has no owner.
    #[test]
    fn the_first_change_erases_nothing() {
        let directory = Directory::new("erased");
        Record::open(&directory.lock(), "user 156", false).unwrap().note(published("aa", 1)).unwrap();
        fs::remove_file(directory.lock()).unwrap();
        Record::open(&directory.lock(), "user 156", false).unwrap().note(published("bb", 2)).unwrap();
        assert_eq!(read(&directory.lock(), false).unwrap().0.assets.len(), 2);
        let text = fs::read_to_string(directory.lock()).unwrap();
        fs::write(directory.lock(), text.replace("owner user 156\n", "")).unwrap();
        Record::open(&directory.lock(), "user 156", false).unwrap().note(published("cc", 3)).unwrap();
        assert_eq!(read(&directory.lock(), false).unwrap().0.assets.len(), 3);
    }

    #[test]
    fn a_last_line_that_was_not_written_whole_is_not_read() {
        let directory = Directory::new("damaged");
        Record::open(&directory.lock(), "user 156", false).unwrap().note(published("aa", 1)).unwrap();
        let whole = fs::read(journal_of(&directory.lock())).unwrap();
        let damaged = |damage: &[u8]| {
            let line = [b"{\"over".as_slice(), damage, b"aa\"}\n"].concat();
            fs::write(journal_of(&directory.lock()), [&whole, line.as_slice(), b"   \0\0"].concat()).unwrap();
            let read_last = read(&directory.lock(), false).map(|(lock, _)| lock.assets.len());
            fs::write(journal_of(&directory.lock()), [line.as_slice(), &whole].concat()).unwrap();
            (read_last.unwrap(), read(&directory.lock(), false).map(drop))
        };
        for damage in [b"\0\0".as_slice(), &[b' '; 512], &[b' '; 16]] {
            let (read_last, first) = damaged(damage);
            assert_eq!((read_last, first.unwrap_err().kind()), (1, ErrorKind::CorruptFile));
        }
    }

    #[test]
    fn a_released_record_is_not_written() {
        let directory = Directory::new("released");
        let record = Record::open(&directory.lock(), "user 156", false).unwrap();
        record.note(published("aa", 1)).unwrap();
        record.release();
        let other = Record::open(&directory.lock(), "user 156", false).expect("it is free");
        record.note(published("bb", 2)).unwrap_err();
        assert_eq!(other.lock().assets.len(), 1);
    }

    #[test]
    fn a_journal_is_read_wherever_it_was_cut() {
        let directory = Directory::new("cut");
        let record = Record::open(&directory.lock(), "user 156", false).unwrap();
        record.note(published("aa", 1)).unwrap();
        let first = fs::metadata(journal_of(&directory.lock())).unwrap().len();
        record.note(published("bb", 2)).unwrap();
        drop(record);
        let whole = fs::read(journal_of(&directory.lock())).unwrap();
        for length in 0..=whole.len() {
            fs::write(journal_of(&directory.lock()), &whole[..length]).unwrap();
            let expected = usize::from(length as u64 >= first) + usize::from(length == whole.len());
            assert_eq!(read(&directory.lock(), false).unwrap().0.assets.len(), expected, "cut at {length}");
        }
    }

    #[test]
    fn names_that_no_file_can_have_are_refused_in_a_journal() {
        let directory = Directory::new("names");
        let key = || key("aa");
        let changes = |name: &str| {
            [
                Change::Begun(key(), Doubt::new(name, "a")),
                Change::SentAgain { path: name.to_owned(), keys: vec![key()] },
                Change::Adopted { path: name.to_owned(), key: key(), entry: Entry::new(1, "a"), is_version: false },
            ]
        };
        for name in ["e\u{301}.png", "a\u{1b}[2J.png", "../a.png"] {
            for change in changes(name) {
                Record::open(&directory.lock(), "user 156", false).unwrap().note(change).unwrap();
                for accepts in [false, true] {
                    let error = read(&directory.lock(), accepts).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::CorruptFile);
                    assert!(error.to_string().contains("line 2: no file can have the name"), "{error}");
                }
                let journal = fs::read_to_string(journal_of(&directory.lock())).unwrap();
                let text = read(&directory.lock(), false).unwrap_err().to_string();
                let right = text.split_once("; write ").unwrap().1.strip_suffix(" in its place").unwrap();
                let wrong = serde_json::to_string(name).unwrap();
                fs::write(journal_of(&directory.lock()), journal.replace(&wrong, right)).unwrap();
                read(&directory.lock(), false).unwrap();
                fs::remove_file(journal_of(&directory.lock())).unwrap();
                let _ = fs::remove_file(directory.lock());
            }
        }
        let control = Change::Over(Key::new("\u{7}", &crate::asset::AssetType::Image));
        Record::open(&directory.lock(), "user 156", false).unwrap().note(control).unwrap();
        let error = read(&directory.lock(), false).unwrap_err();
        assert!(error.to_string().contains("line 2: its type or its hash has a control character"), "{error}");
    }

    /// A kill between writing the lock and removing the journal.
    #[test]
    fn a_journal_that_is_read_twice_changes_nothing() {
        let directory = Directory::new("twice");
        let doubt = Doubt::new("a.png", "a");
        let record = Record::open(&directory.lock(), "user 156", false).unwrap();
        for change in [
            Change::Begun(key("aa"), doubt.clone()),
            Change::Accepted(key("aa"), "operations/1".parse().unwrap()),
            published("aa", 1),
            Change::Granted(key("aa"), 7),
            Change::Begun(key("bb"), doubt.clone()),
            Change::Over(key("bb")),
            Change::Begun(key("cc"), doubt),
        ] {
            record.note(change).unwrap();
        }
        let journal = fs::read(journal_of(&directory.lock())).unwrap();
        let expected = record.lock();
        record.close().unwrap();
        drop(record);
        fs::write(journal_of(&directory.lock()), journal).unwrap();
        assert_eq!(read(&directory.lock(), false).unwrap().0, expected);
    }
}
