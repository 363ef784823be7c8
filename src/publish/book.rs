//! The lock file while it changes: each step is on disk before the next one.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::change::Change;
use super::journal::{END, Journal, journal_of, read_journal};
use super::lock::{Key, Lock, subject};
use crate::disk::{beside, open_companion, read_companion, remove_unfinished, save_bytes, try_lock};
use crate::error::{Error, ErrorKind, Result};

/// A lock file that this process alone changes.
///
/// Each change is a line of the journal beside it, so that ten thousand changes don't write ten thousand locks. The lock itself
/// is written when the book is opened and closed.
pub(super) struct Book {
    path: PathBuf,
    pages: Mutex<Pages>,
}

struct Pages {
    lock: Lock,
    journal: Option<Journal>,
    is_changed: bool,
    /// The lock on disk names its owner. A journal alone would be anyone's.
    has_owner: bool,
    /// Why nothing can be changed, once the book is closed or if its directory is read-only.
    running: std::result::Result<Running, Error>,
}

/// Reads a lock file, and the journal of a run that was killed. Returns also whether there is one.
pub(super) fn read(path: &Path) -> Result<(Lock, bool)> {
    let mut lock = Lock::read(path)?;
    let has_journal = read_journal(path, |change| lock.apply(change))?;
    Ok((lock, has_journal))
}

impl Book {
    /// Opens a lock file, which this process then holds. It belongs to `owner`.
    pub(super) fn open(path: &Path, owner: &str) -> Result<Self> {
        let running = match Running::new(path) {
            // Nothing may have to be written.
            Err(error) if is_read_only(&error) => Err(error),
            running => Ok(running?),
        };
        let (mut lock, has_journal) = read(path)?;
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
        let pages = Pages { lock, journal: None, is_changed: false, has_owner, running };
        Ok(Self { path: path.to_owned(), pages: Mutex::new(pages) })
    }

    /// Merges the lock file at `theirs` into that at `ours`, each with the journal of a run that was killed. Returns the assets
    /// that both have for one content.
    pub(super) fn merge(ours: &Path, theirs: &Path) -> Result<Vec<(u64, u64)>> {
        let _running = Running::new(ours)?;
        fs::metadata(theirs).map_err(|error| Error::io(subject(theirs), error).concerning_run())?;
        let (mut merged, has_journal) = read(ours)?;
        let (other, _) = read(theirs)?;
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

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what is known now.
    pub(super) fn lock(&self) -> Lock {
        self.pages().lock.clone()
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Lock) -> T) -> T {
        look(&self.pages().lock)
    }

    /// Writes a change down. When this returns, it survives a crash.
    pub(super) fn note(&self, change: Change) -> Result<()> {
        let mut pages = self.pages();
        if let Err(error) = &pages.running {
            return Err(error.clone());
        }
        if !pages.has_owner {
            write(&self.path, &pages.lock)?;
            pages.has_owner = true;
        }
        let journal = journal_of(&self.path);
        let failed = |error| Error::io(format!("the journal {journal:?}"), error).concerning_run();
        let mut line = serde_json::to_vec(&change).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        // Nothing may begin whose end couldn't be written.
        let space = match change {
            Change::Begun(..) => END * (pages.lock.doubts.len() as u64 + 1),
            _ => 0,
        };
        let written = match &mut pages.journal {
            Some(journal) => journal.append(&line, space),
            none => Journal::open(&journal).and_then(|journal| none.insert(journal).append(&line, space)),
        };
        written.map_err(failed)?;
        pages.lock.apply(change);
        pages.is_changed = true;
        Ok(())
    }

    /// Writes the lock file, with what the files are now.
    pub(super) fn close(&self, files: BTreeMap<String, Key>) -> Result<()> {
        let mut pages = self.pages();
        if pages.lock.files != files {
            pages.lock.files = files;
            pages.is_changed = true;
        }
        if let (Err(error), true) = (&pages.running, pages.is_changed) {
            return Err(error.clone());
        }
        if pages.is_changed {
            write(&self.path, &pages.lock)?;
            pages.is_changed = false;
        }
        if pages.journal.take().is_some() {
            remove(&journal_of(&self.path))?;
        }
        Ok(())
    }

    /// Lets another run begin. Threads that still wait for operations may keep the book.
    pub(super) fn release(&self) {
        let mut pages = self.pages();
        pages.journal = None;
        pages.running = Err(Error::invalid_input("the run has ended"));
    }

    /// Returns why nothing can be written down.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.pages().running.as_ref().err().cloned()
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
    save_bytes(path, lock.text().as_bytes()).map_err(Error::concerning_run)
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| Error::io(format!("the journal {path:?}"), error).concerning_run())
}

/// Keeps other processes from using the same lock file. A process that dies lets go of it.
struct Running {
    _file: File,
    holder: PathBuf,
}

impl Running {
    fn new(lock: &Path) -> Result<Self> {
        let failed = |error| Error::io(subject(lock), error).concerning_run();
        if let Some(directory) = lock.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        // On Windows, nobody else can read a locked file.
        let holder = beside(lock, ".pid");
        let Some(file) = try_lock(&beside(lock, ".running")).map_err(failed)? else {
            let who = read_companion(&holder).unwrap_or_default();
            let who = match String::from_utf8_lossy(&who).trim() {
                "" => "another process".to_owned(),
                id => format!("process {id}"),
            };
            return Err(Error::new(ErrorKind::Conflict, subject(lock))
                .explain(format!("{who} is publishing with it"))
                .advise("wait until it ends")
                .concerning_run());
        };
        let mut pid =
            open_companion(&holder, OpenOptions::new().write(true).create(true).truncate(false)).map_err(failed)?;
        pid.set_len(0).and_then(|()| write!(pid, "{}", std::process::id())).map_err(failed)?;
        remove_unfinished(lock);
        remove_unfinished(&beside(lock, ".cache"));
        Ok(Self { _file: file, holder })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.holder);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::publish::lock::{Doubt, Entry};

    /// A directory that is removed after the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("rblxopencloud-book-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).expect("temporary files can be written");
            Self(path)
        }

        fn lock(&self) -> PathBuf {
            self.0.join("assets.lock.json")
        }
    }

    impl Drop for Place {
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
        let place = Place::new("torn");
        let book = Book::open(&place.lock(), "user 156").unwrap();
        book.note(published("aa", 1)).unwrap();
        {
            // As on a full disk: a part of the line is there.
            let mut pages = book.pages();
            let journal = pages.journal.as_mut().unwrap();
            journal.file.write_all(b"{\"published\":{\"key\":\"bb").unwrap();
            journal.is_torn = true;
        }
        book.note(published("cc", 3)).unwrap();
        drop(book);
        let (lock, has_journal) = read(&place.lock()).unwrap();
        assert!(has_journal);
        assert_eq!(lock.assets.keys().cloned().collect::<Vec<_>>(), [key("aa"), key("cc")]);
    }

    /// With the spaces that are kept for the ends of uploads.
    #[test]
    fn the_end_of_an_upload_has_its_space() {
        let place = Place::new("space");
        let book = Book::open(&place.lock(), "user 156").unwrap();
        let size = || fs::metadata(journal_of(&place.lock())).unwrap().len();
        let mut begun = 0;
        for number in 0..200 {
            book.note(Change::Begun(key(&format!("a{number}")), Doubt::new("a.png", "a"))).unwrap();
            let whole = book.pages().journal.as_ref().unwrap().length;
            assert!(size() >= whole + (number + 1) * END);
            begun = size();
        }
        for number in 0..200 {
            book.note(Change::Accepted(key(&format!("a{number}")), "operations/1".parse().unwrap())).unwrap();
            book.note(published(&format!("a{number}"), number)).unwrap();
        }
        assert_eq!(size(), begun, "the ends need no more space");
        assert_eq!(read(&place.lock()).unwrap().0.assets.len(), 200);
        book.pages().journal.as_mut().unwrap().is_torn = true;
        book.note(published("last", 7)).unwrap();
        assert_eq!(read(&place.lock()).unwrap().0.assets.len(), 201);
    }

    /// A run of the owner was killed before its end.
    #[test]
    fn a_journal_belongs_to_its_owner() {
        let place = Place::new("owner");
        let book = Book::open(&place.lock(), "user 156").unwrap();
        assert!(!place.lock().exists(), "a run without changes writes nothing");
        book.note(published("aa", 1)).unwrap();
        drop(book);
        let error = Book::open(&place.lock(), "group 7").map(drop).unwrap_err();
        assert!(error.to_string().contains("tells what user 156 published, not group 7"), "{error}");
        assert_eq!(Book::open(&place.lock(), "user 156").unwrap().lock().assets.len(), 1);
    }

    #[test]
    fn merging_reads_journals_and_keeps_out_of_runs() {
        let (ours, theirs) = (Place::new("ours"), Place::new("theirs"));
        let merge = || Book::merge(&ours.lock(), &theirs.lock());
        assert_eq!(merge().unwrap_err().kind(), ErrorKind::Io, "there is nothing to merge");
        for (place, hash, id) in [(&ours, "aa", 1), (&theirs, "bb", 2)] {
            Book::open(&place.lock(), "user 156").unwrap().note(published(hash, id)).unwrap();
        }
        let running = Book::open(&theirs.lock(), "user 156").unwrap();
        assert_eq!(Book::merge(&theirs.lock(), &ours.lock()).unwrap_err().kind(), ErrorKind::Conflict);
        drop(running);
        assert_eq!(merge().unwrap(), []);
        assert_eq!(Lock::read(&ours.lock()).unwrap().assets.len(), 2);
        assert!(!journal_of(&ours.lock()).exists());
    }

    /// The lock was deleted after a run that was killed, or has no owner.
    #[test]
    fn the_first_change_erases_nothing() {
        let place = Place::new("erased");
        Book::open(&place.lock(), "user 156").unwrap().note(published("aa", 1)).unwrap();
        fs::remove_file(place.lock()).unwrap();
        Book::open(&place.lock(), "user 156").unwrap().note(published("bb", 2)).unwrap();
        assert_eq!(read(&place.lock()).unwrap().0.assets.len(), 2);
        let text = fs::read_to_string(place.lock()).unwrap();
        fs::write(place.lock(), text.replace("user 156", "")).unwrap();
        Book::open(&place.lock(), "user 156").unwrap().note(published("cc", 3)).unwrap();
        assert_eq!(read(&place.lock()).unwrap().0.assets.len(), 3);
    }

    #[test]
    fn a_last_line_that_was_not_written_whole_is_not_read() {
        let place = Place::new("damaged");
        Book::open(&place.lock(), "user 156").unwrap().note(published("aa", 1)).unwrap();
        let whole = fs::read(journal_of(&place.lock())).unwrap();
        let damaged = |damage: &[u8]| {
            let line = [b"{\"over".as_slice(), damage, b"aa:Image\"}\n"].concat();
            fs::write(journal_of(&place.lock()), [&whole, line.as_slice(), b"   \0\0"].concat()).unwrap();
            let read_last = read(&place.lock()).map(|(lock, _)| lock.assets.len());
            fs::write(journal_of(&place.lock()), [line.as_slice(), &whole].concat()).unwrap();
            (read_last.unwrap(), read(&place.lock()).map(drop))
        };
        for damage in [b"\0\0".as_slice(), &[b' '; 512], &[b' '; 16]] {
            let (read_last, first) = damaged(damage);
            assert_eq!((read_last, first.unwrap_err().kind()), (1, ErrorKind::CorruptFile));
        }
    }

    #[test]
    fn a_book_that_was_let_go_of_is_not_written_any_more() {
        let place = Place::new("released");
        let book = Book::open(&place.lock(), "user 156").unwrap();
        book.note(published("aa", 1)).unwrap();
        book.release();
        let other = Book::open(&place.lock(), "user 156").expect("it is free");
        book.note(published("bb", 2)).unwrap_err();
        assert_eq!(other.lock().assets.len(), 1);
    }

    #[test]
    fn a_journal_is_read_wherever_it_was_cut() {
        let place = Place::new("cut");
        let book = Book::open(&place.lock(), "user 156").unwrap();
        book.note(published("aa", 1)).unwrap();
        let first = fs::metadata(journal_of(&place.lock())).unwrap().len();
        book.note(published("bb", 2)).unwrap();
        drop(book);
        let whole = fs::read(journal_of(&place.lock())).unwrap();
        for length in 0..=whole.len() {
            fs::write(journal_of(&place.lock()), &whole[..length]).unwrap();
            let expected = usize::from(length as u64 >= first) + usize::from(length == whole.len());
            assert_eq!(read(&place.lock()).unwrap().0.assets.len(), expected, "cut at {length}");
        }
    }

    /// A kill between writing the lock and removing the journal.
    #[test]
    fn a_journal_that_is_read_twice_changes_nothing() {
        let place = Place::new("twice");
        let doubt = Doubt::new("a.png", "a");
        let book = Book::open(&place.lock(), "user 156").unwrap();
        for change in [
            Change::Begun(key("aa"), doubt.clone()),
            Change::Accepted(key("aa"), "operations/1".parse().unwrap()),
            published("aa", 1),
            Change::Granted(key("aa"), 7),
            Change::Begun(key("bb"), doubt.clone()),
            Change::Over(key("bb")),
            Change::Begun(key("cc"), doubt),
        ] {
            book.note(change).unwrap();
        }
        let journal = fs::read(journal_of(&place.lock())).unwrap();
        let expected = book.lock();
        book.close(BTreeMap::new()).unwrap();
        drop(book);
        fs::write(journal_of(&place.lock()), journal).unwrap();
        assert_eq!(read(&place.lock()).unwrap().0, expected);
    }
}
