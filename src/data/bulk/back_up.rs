use std::path::Path;

use jiff::Timestamp;

use super::each_key::counting;
use super::failure::{skipped, unthrottled};
use super::format::{End, FORMAT, Header, Line, Skipped, SkippedLine, Summary, VERSION, to_line};
use super::journal::{Job, Journal, Key, Mark};
use super::keys::{Keys, Listed, PageEnd, Resumed};
use super::options::Bulk;
use super::order::{Fed, in_order};
use super::report::{BulkReport, Outcome, SkipReason, SkippedEntry};
use super::run::{Run, Total, prepared};
use super::writer::Writer;
use crate::data::handle::DataStore;
use crate::disk::{beside, check_replaceable, promote};
use crate::error::{Error, Result};
use crate::plain::quoted_path;

impl DataStore {
    /// Backs up the entries of the scope into a file of JSON Lines.
    ///
    /// See [`back_up_with`](Self::back_up_with), whose defaults it has.
    ///
    /// # Errors
    /// See [`back_up_with`](Self::back_up_with).
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn back_up(&self, path: impl AsRef<Path>) -> Result<BulkReport> {
        self.back_up_with(path, Bulk::new())
    }

    /// Backs up entries into a file of JSON Lines: all of the scope, those with a prefix, or those of all scopes.
    ///
    /// The file appears under its name only when it is complete, and replaces one that was there. Until then it is beside it, with
    /// the ending `.partial`, and so is a journal, with `.journal`. A run that was killed goes on where it was: each entry is in
    /// the file once. It begins anew if the service has forgotten where the listing was, or if somebody has changed the files. If the name ends in `.gz`, the file is compressed, which needs the feature `gzip`.
    ///
    /// Entries that are written while the back-up runs are in it as they were at some moment of it. Those that can't be read are
    /// named in the report and in the file. Any other error ends the run, and the next one goes on.
    ///
    /// # The file
    ///
    /// Each line is a JSON object. Only the user who has made it can read the file on Unix: it has personal data.
    ///
    /// | line | fields |
    /// |---|---|
    /// | first | `format`: `"rblxopencloud-data-store"`; `version`: `1`; `universe`, `dataStore`; `scope`: `null` for all; `prefix`; `created` |
    /// | an entry | `scope`, `id`; `value`, as the service sent it; `users`, `attributes`, `etag`, `revisionId`, `revisionCreateTime`, `createTime` |
    /// | an entry that couldn't be read | `skipped`: `scope`, `id`, `reason` |
    /// | last | `end`: `entries`; `sha256` of all bytes before this line |
    ///
    /// Calls [`LIST_DATA_STORE_ENTRIES`](crate::endpoints::LIST_DATA_STORE_ENTRIES) and
    /// [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY), or in a scope
    /// [`LIST_SCOPED_DATA_STORE_ENTRIES`](crate::endpoints::LIST_SCOPED_DATA_STORE_ENTRIES) and
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:list` and `universe-datastores.objects:read`.
    ///
    /// ```
    /// use rblxopencloud::data::Bulk;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # store.create("user_156", &7)?;
    /// # let folder = std::env::temp_dir().join(format!("back-up-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).expect("a folder");
    /// # let path = folder.join("players.jsonl");
    /// let report = store.back_up_with(&path, Bulk::new().all_scopes(true))?;
    /// println!("{report}");
    /// # assert_eq!(report.written, 1);
    /// # std::fs::remove_dir_all(&folder).expect("it is there");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if a file can't be written, and [`Conflict`](crate::ErrorKind::Conflict) if another
    /// process makes the same back-up, or if another one hasn't ended that has the same name.
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn back_up_with(&self, path: impl AsRef<Path>, bulk: Bulk) -> Result<BulkReport> {
        let path = path.as_ref();
        bulk.check(
            "a back-up",
            &[
                ("dry_run", bulk.dry_run),
                ("overwrite", bulk.overwrite.is_some()),
                ("from_experience", bulk.from_experience.is_some()),
            ],
        )?;
        let store = prepared(self, &bulk);
        counting(&store, &bulk, |total| BackUp::run(&store, path, &bulk, total))
    }
}

/// A back-up that is being made.
struct BackUp<'a> {
    writer: Writer,
    journal: &'a Journal,
    run: Run<'a>,
    path: &'a Path,
}

/// What was read of an entry.
type Read = Result<std::result::Result<Line, SkippedEntry>>;

impl BackUp<'_> {
    fn run(store: &DataStore, path: &Path, bulk: &Bulk, total: &Total) -> Result<BulkReport> {
        let is_gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        if is_gzip && !cfg!(feature = "gzip") {
            return Err(Error::invalid_input("a compressed back-up needs the feature gzip of this crate"));
        }
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            universe: store.experience().id(),
            data_store: store.name().to_owned(),
            scope: (!bulk.all_scopes).then(|| store.scope().to_owned()),
            prefix: bulk.prefix.clone(),
            created: Timestamp::now(),
        };
        let job = Job {
            job: "backUp".to_owned(),
            version: 0,
            universe: header.universe,
            data_store: header.data_store.clone(),
            scope: header.scope.clone(),
            prefix: header.prefix.clone(),
            detail: if is_gzip { "gz".to_owned() } else { String::new() },
        };
        let partial = beside(path, ".partial");
        let failed = |error| Error::io(format!("the file {}", quoted_path(&partial)), error).concerning_run();
        // Before hours of work.
        check_replaceable(path).map_err(|error| Error::io(format!("the file {}", quoted_path(path)), error))?;
        let (journal, earlier) = Journal::open(&beside(path, ".journal"), &job)?;
        let start = Mark::default();
        let mut mark = earlier.mark.unwrap_or_default();
        let mut writer = Writer::open(&partial, &mark, is_gzip).map_err(failed)?;
        if writer.is_none() {
            // Somebody has changed it.
            mark = start.clone();
        }
        let keys = match Keys::after(&mark, store, bulk)? {
            Resumed::Keys(keys) => Some(keys),
            Resumed::Anew(keys) => {
                (mark, writer) = (start.clone(), None);
                Some(keys)
            }
            Resumed::End => None,
        };
        let writer = match writer {
            Some(writer) => Some(writer),
            None => Writer::open(&partial, &start, is_gzip).map_err(failed)?,
        };
        let writer = writer.ok_or_else(|| failed(std::io::ErrorKind::UnexpectedEof.into()))?;
        let mut made = BackUp { writer, journal: &journal, run: Run::new(bulk, mark.counts, total), path: &partial };
        if mark.page == 0 {
            journal.clear(&job)?;
            made.line(&to_line(&header)?)?;
        }
        if let Some(keys) = keys {
            in_order(bulk.threads(), keys, |listed| read(store, listed), |fed| made.commit(fed))?;
        }
        let BackUp { writer, run, .. } = made;
        let end = End { end: Summary { entries: run.report.written, sha256: writer.sha256() } };
        writer.end(&to_line(&end)?).map_err(failed)?;
        promote(&partial, path).map_err(|error| Error::io(format!("the file {}", quoted_path(path)), error))?;
        let report = run.end();
        journal.remove()?;
        Ok(report)
    }

    fn commit(&mut self, fed: Fed<Read, PageEnd>) -> Result<()> {
        match fed {
            Fed::Item(read) => {
                let outcome = match read? {
                    Ok(line) => {
                        self.line(&to_line(&line)?)?;
                        Outcome::Written
                    }
                    Err(entry) => {
                        // What is deleted isn't missing.
                        if entry.reason != SkipReason::Gone {
                            let SkippedEntry { scope, id, message, .. } = &entry;
                            self.line(&to_line(&Skipped { skipped: SkippedLine { scope, id, reason: message } })?)?;
                        }
                        Outcome::Skipped(entry)
                    }
                };
                self.run.add(outcome);
                Ok(())
            }
            Fed::Mark(PageEnd { page, cursor }) => {
                let offset = self.writer.flush().map_err(|error| self.failed(error))?;
                let (sha256, counts) = (self.writer.sha256(), self.run.report.counts());
                self.journal.mark(Mark { cursor, page, offset, sha256, counts })
            }
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        self.writer.line(line).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::io(format!("the file {}", quoted_path(self.path)), error).concerning_run()
    }
}

fn read(store: &DataStore, listed: Listed) -> Read {
    let Key { scope, id, .. } = match listed {
        Ok(key) => key,
        Err(entry) => return Ok(Err(entry)),
    };
    let store = store.with_scope(&scope);
    match unthrottled(&store, || store.fetch_raw(&id)) {
        Ok(Some(entry)) => Ok(Line::of(&scope, &id, entry)
            .ok_or_else(|| SkippedEntry::new(&scope, &id, SkipReason::Unreadable, "the response has no value"))),
        Ok(None) => Ok(Err(SkippedEntry::new(&scope, &id, SkipReason::Gone, "it was deleted after it was listed"))),
        Err(error) => match skipped(&scope, &id, error)? {
            Outcome::Skipped(entry) => Ok(Err(entry)),
            // It says only this.
            _ => Ok(Err(SkippedEntry::new(&scope, &id, SkipReason::Refused, "it can't be read"))),
        },
    }
}
