//! The journal of a job: what a run that was killed has begun, so that the next one neither repeats nor leaves out anything.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::format::to_line;
use super::report::{BulkReport, Counts, Outcome};
use crate::disk::try_lock;
use crate::error::{Error, ErrorKind, Result};
use crate::page::Cursor;
use crate::plain::quoted_path;

/// The version of the format.
const VERSION: u64 = 1;

/// What a journal is of. Another job can't go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    pub(super) job: String,
    #[serde(default)]
    pub(super) version: u64,
    pub(super) universe: u64,
    pub(super) data_store: String,
    /// `None` is all scopes.
    pub(super) scope: Option<String>,
    pub(super) prefix: String,
    /// What else tells this job from others, such as the hash of the file that is restored.
    pub(super) detail: String,
}

/// How far a job was when all entries before were done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Mark {
    /// Where the listing goes on.
    pub(super) cursor: Option<Cursor>,
    /// The number of the last page that is done. 0 is none.
    pub(super) page: u64,
    /// How long the output is, and its hash.
    pub(super) offset: u64,
    pub(super) sha256: String,
    pub(super) counts: Counts,
}

/// An entry of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    /// The number of the page that it is on, from 1. Work on a page can begin before the one before is done.
    pub(super) page: u64,
    pub(super) scope: String,
    pub(super) id: String,
}

/// What a run that ended early has done with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Touched {
    /// It was about to be written.
    Begun(Begun),
    Done(Outcome),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// That of the entry before. `None` if there was none.
    pub(super) etag: Option<String>,
    /// A hash of its content after. `None` if it is deleted.
    pub(super) hash: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Record {
    Job(Job),
    Write(Key, Begun),
    Done(Key, Outcome),
    Mark(Mark),
    /// The listing has begun anew. The numbers are those of all entries that were done by then.
    Anew(Counts),
    End(Counts),
}

/// A journal, which no other process can use meanwhile.
pub(super) struct Journal {
    path: PathBuf,
    tail: Mutex<Tail>,
}

struct Tail {
    file: File,
    /// The length of its whole lines.
    length: u64,
    /// A part of a line may follow the whole ones, because writing it failed.
    is_torn: bool,
}

/// What an earlier run has done with entries.
#[derive(Debug, Default)]
pub(super) struct Touches {
    /// By scope and key, with the number of the page.
    entries: HashMap<(String, String), (u64, Touched)>,
    /// What was done up to this page is in the numbers of the mark.
    counted: u64,
}

/// What an earlier run has left.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    pub(super) mark: Option<Mark>,
    /// Entries of the pages after the mark, and of the one before, whose entries a listing may repeat. If the listing has begun
    /// anew, all entries.
    pub(super) touched: Touches,
    /// Whether the job has ended, and with what.
    pub(super) end: Option<Counts>,
}

impl Journal {
    /// Opens the journal of a job, or creates it.
    pub(super) fn open(path: &Path, job: &Job) -> Result<(Self, Earlier)> {
        let job = Job { version: VERSION, ..job.clone() };
        let subject = subject(path);
        let file = try_lock(path).map_err(|error| Error::io(&subject, error).concerning_run())?;
        let file = file.ok_or_else(|| {
            Error::new(ErrorKind::Conflict, &subject)
                .explain("another process is using it")
                .advise("wait until it ends")
                .concerning_run()
        })?;
        let (earlier, length) = read(&file, &job, path, false)?;
        let journal = Self { path: path.to_owned(), tail: Mutex::new(Tail { file, length, is_torn: true }) };
        if length == 0 {
            journal.append(&Record::Job(job), true)?;
        }
        Ok((journal, earlier))
    }

    /// Records that an entry is about to be written. When this returns, it survives a crash.
    pub(super) fn begin(&self, key: &Key, etag: Option<&str>, hash: Option<String>) -> Result<()> {
        self.append(&Record::Write(key.clone(), Begun { etag: etag.map(str::to_owned), hash }), true)
    }

    /// Records that an entry is done.
    pub(super) fn done(&self, key: &Key, outcome: &Outcome) -> Result<()> {
        self.append(&Record::Done(key.clone(), outcome.clone()), false)
    }

    /// Records that all entries up to here are done.
    pub(super) fn mark(&self, mark: Mark) -> Result<()> {
        self.append(&Record::Mark(mark), true)
    }

    /// Records that the job has ended. Doing it again then does nothing.
    pub(super) fn end(&self, counts: Counts) -> Result<()> {
        self.append(&Record::End(counts), true)
    }

    /// Records that the listing begins anew, since the service has forgotten where it was. Returns what was done before: all that
    /// the job has done, so that nothing is done again.
    pub(super) fn begin_anew(&self, job: &Job, earlier: &Earlier) -> Result<Earlier> {
        self.append(&Record::Anew(earlier.counts()), true)?;
        let mut tail = self.lock();
        // Reading moves the end of it elsewhere.
        tail.is_torn = true;
        tail.file.rewind().map_err(|error| self.failed(error))?;
        let job = Job { version: VERSION, ..job.clone() };
        read(&tail.file, &job, &self.path, true).map(|(earlier, _)| earlier)
    }

    /// Removes the journal of a job that has ended.
    pub(super) fn remove(self) -> Result<()> {
        let Self { path, tail } = self;
        let removed = std::fs::remove_file(&path);
        drop(tail);
        // Some systems don't remove an open file.
        match removed.or_else(|_| std::fs::remove_file(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io(subject(&path), error)),
            _ => Ok(()),
        }
    }

    /// Starts again: nothing was done.
    pub(super) fn clear(&self, job: &Job) -> Result<()> {
        {
            let mut tail = self.lock();
            tail.length = 0;
            tail.is_torn = true;
        }
        self.append(&Record::Job(Job { version: VERSION, ..job.clone() }), true)
    }

    fn append(&self, record: &Record, is_synced: bool) -> Result<()> {
        let line = to_line(record)?;
        let file = self.lock().append(&line).map_err(|error| self.failed(error))?;
        match file.filter(|_| is_synced) {
            // Not under the lock, so that the threads wait for the disk together.
            Some(file) => file.sync_data().map_err(|error| self.failed(error)),
            None => Ok(()),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::io(subject(&self.path), error).concerning_run()
    }

    fn lock(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Earlier {
    /// Returns the numbers of all entries that were done, those after the mark too.
    fn counts(&self) -> Counts {
        let mut report = BulkReport::of(self.mark.as_ref().map(|mark| mark.counts).unwrap_or_default());
        for (page, touched) in self.touched.entries.values() {
            match touched {
                Touched::Done(outcome) if *page > self.touched.counted => report.add(outcome.clone()),
                _ => {}
            }
        }
        report.counts()
    }
}

impl Touches {
    pub(super) fn get(&self, key: &Key) -> Option<&Touched> {
        self.find(key).map(|(_, touched)| touched)
    }

    /// Whether an entry is in the numbers already.
    pub(super) fn is_counted(&self, key: &Key) -> bool {
        matches!(self.find(key), Some((page, Touched::Done(_))) if *page <= self.counted)
    }

    fn find(&self, key: &Key) -> Option<&(u64, Touched)> {
        // A map of pairs of texts can't be asked for a pair of references.
        self.entries.get(&(key.scope.clone(), key.id.clone()))
    }

    fn insert(&mut self, key: Key, touched: Touched) {
        self.entries.insert((key.scope, key.id), (key.page, touched));
    }

    /// Leaves a mark behind.
    fn pass(&mut self, page: u64, keeps_all: bool) {
        self.counted = page;
        if !keeps_all {
            self.entries.retain(|_, (of, _)| *of >= page);
        }
    }

    /// Makes all of them entries of before the first page.
    fn begin_anew(&mut self) {
        self.counted = 0;
        self.entries.values_mut().for_each(|(page, _)| *page = 0);
    }
}

impl Tail {
    /// Adds a line. Returns the file.
    fn append(&mut self, line: &[u8]) -> io::Result<Option<File>> {
        if self.is_torn {
            // What is left of it must not be read as a line.
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
        }
        self.is_torn = true;
        self.file.write_all(line)?;
        self.length += line.len() as u64;
        self.is_torn = false;
        self.file.try_clone().map(Some)
    }
}

fn subject(path: &Path) -> String {
    format!("the journal {}", quoted_path(path))
}

/// Reads what an earlier run has left, and the length of its whole lines. `keeps_all` is for one whose listing has begun anew.
fn read(mut file: &File, job: &Job, path: &Path, keeps_all: bool) -> Result<(Earlier, u64)> {
    let (mut earlier, mut length, mut number) = (Earlier::default(), 0, 0);
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let whole = reader.read_until(b'\n', &mut line).map_err(|error| Error::io(subject(path), error))?;
        if line.last() != Some(&b'\n') {
            // What it says wasn't done yet.
            return Ok((earlier, length));
        }
        number += 1;
        let record = serde_json::from_slice(&line).map_err(|error| {
            Error::new(ErrorKind::CorruptFile, subject(path))
                .explain(format!("line {number}: {error}"))
                .advise("restore it; without it, the job starts again, also with the entries that it has changed")
                .concerning_run()
        })?;
        match (number, record) {
            (1, Record::Job(of)) if of == *job => {}
            (1, _) => {
                return Err(Error::new(ErrorKind::Conflict, subject(path))
                    .explain("it is the journal of another job, which has not ended")
                    .advise("run that job again to end it, or remove the journal")
                    .concerning_run());
            }
            (_, Record::Write(key, begun)) => earlier.touched.insert(key, Touched::Begun(begun)),
            (_, Record::Done(key, outcome)) => earlier.touched.insert(key, Touched::Done(outcome)),
            (_, Record::Mark(mark)) => {
                earlier.touched.pass(mark.page, keeps_all);
                earlier.mark = Some(mark);
            }
            (_, Record::Anew(_)) if !keeps_all => {
                file.rewind().map_err(|error| Error::io(subject(path), error))?;
                return read(file, job, path, true);
            }
            (_, Record::Anew(counts)) => {
                earlier.touched.begin_anew();
                earlier.mark = Some(Mark { counts, ..Mark::default() });
            }
            (_, Record::End(counts)) => earlier.end = Some(counts),
            (_, Record::Job(_)) => {}
        }
        length += whole as u64;
    }
}
