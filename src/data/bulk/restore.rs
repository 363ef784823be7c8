use std::path::Path;

use super::format::Line;
use super::journal::{Job, Journal, Key, Mark, Touches};
use super::options::{Bulk, Overwrite};
use super::order::{Fed, in_order};
use super::put::Put;
use super::reader::BackUp;
use super::report::{BulkReport, Outcome};
use super::run::{Run, Total, prepared};
use crate::data::handle::DataStore;
use crate::disk::beside;
use crate::error::{Error, Result};

/// How many entries of the file are a page: the next run goes on after the last one that was done.
const PAGE: u64 = 256;

impl DataStore {
    /// Restores the entries of a back-up that was made of this experience.
    ///
    /// See [`restore_with`](Self::restore_with), whose defaults it has.
    ///
    /// # Errors
    /// See [`restore_with`](Self::restore_with).
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn restore(&self, path: impl AsRef<Path>) -> Result<BulkReport> {
        self.restore_with(path, Bulk::new())
    }

    /// Restores the entries of a back-up, from [`back_up`](Self::back_up), each into its scope of this data store.
    ///
    /// The whole file is checked first: one that was cut off or changed, or that is of another experience, is refused before
    /// anything is written. [`Bulk::from_experience`] names the other experience.
    ///
    /// - An entry that was written since the back-up stays, unless [`Bulk::overwrite`] says otherwise. One that was deleted since is
    ///   created: erase a person's data again after you have restored a back-up that has it.
    /// - Values, users and attributes are written as they are in the file, in lock step with other writers.
    /// - A run that was killed goes on where it was. Before each write, a journal beside the file, with the ending `.journal`, has the key,
    ///   the etag before and a hash of the content after it, so that no entry is written twice. An entry that others have written
    ///   since is left as it is, and named in the report.
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY) and
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY), or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:read`, `universe-datastores.objects:update` and `universe-datastores.objects:create`.
    ///
    /// ```
    /// use rblxopencloud::data::Bulk;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # store.create("user_156", &7)?;
    /// # let folder = std::env::temp_dir().join(format!("restore-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).expect("a folder");
    /// # let path = folder.join("players.jsonl");
    /// # store.back_up(&path)?;
    /// # store.delete("user_156")?;
    /// let plan = store.restore_with(&path, Bulk::new().dry_run(true))?;
    /// println!("{} would be written", plan.written);
    /// let report = store.restore(&path)?;
    /// # assert_eq!((plan.written, report.written), (1, 1));
    /// # std::fs::remove_dir_all(&folder).expect("it is there");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`CorruptFile`](crate::ErrorKind::CorruptFile) if the file isn't a back-up, or isn't as it was written, and
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is of another experience.
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn restore_with(&self, path: impl AsRef<Path>, bulk: Bulk) -> Result<BulkReport> {
        let path = path.as_ref();
        bulk.check("a restore", &[("prefix", !bulk.prefix.is_empty()), ("all_scopes", bulk.all_scopes)])?;
        let back_up = BackUp::check(path)?;
        let (of, here) = (back_up.header.universe, self.experience().id());
        let expected = bulk.from_experience.unwrap_or(here);
        if of != expected {
            return Err(Error::invalid_input(format!("the back-up is of the experience {of}, not of {expected}"))
                .advise(format!(
                    "to restore it into the experience {here}, name it: Bulk::new().from_experience({of})"
                )));
        }
        let store = prepared(self, &bulk);
        let overwrite = bulk.overwrite.unwrap_or_default();
        let total = Total::known(back_up.summary.entries);
        if bulk.dry_run {
            let put = Put { store: &store, journal: None, overwrite };
            return restore(&back_up, &put, &bulk, &Mark::default(), &Touches::default(), &total);
        }
        let job = Job {
            job: "restore".to_owned(),
            version: 0,
            universe: here,
            data_store: self.name().to_owned(),
            scope: None,
            prefix: String::new(),
            detail: format!("{} {}", back_up.summary.sha256, name_of(overwrite)),
        };
        let (journal, earlier) = Journal::open(&beside(path, ".journal"), &job)?;
        let put = Put { store: &store, journal: Some(&journal), overwrite };
        let report = restore(&back_up, &put, &bulk, &earlier.mark.unwrap_or_default(), &earlier.touched, &total)?;
        journal.remove()?;
        Ok(report)
    }
}

/// Writes the entries after a mark.
fn restore(
    back_up: &BackUp,
    put: &Put<'_>,
    bulk: &Bulk,
    mark: &Mark,
    touched: &Touches,
    total: &Total,
) -> Result<BulkReport> {
    let mut run = Run::new(bulk, mark.counts, total);
    let is_new = |read: &Result<(u64, Line)>| read.as_ref().map_or(true, |(number, _)| page_of(*number) > mark.page);
    let lines = back_up.lines()?.filter(is_new).flat_map(|read| match read {
        Ok((number, line)) => {
            let mark = (number % PAGE == 0).then_some(Ok(Fed::Mark(page_of(number))));
            let key = Key { page: page_of(number), scope: line.scope.clone(), id: line.id.clone() };
            [Some(Ok(Fed::Item((key, line)))), mark]
        }
        Err(error) => [Some(Err(error)), None],
    });
    let work = |(key, line): (Key, Line)| put.put(&key, &line, touched.get(&key));
    in_order(bulk.threads(), lines.flatten(), work, |fed: Fed<Result<Outcome>, u64>| match (fed, put.journal) {
        (Fed::Item(outcome), _) => {
            run.add(outcome?);
            Ok(())
        }
        (Fed::Mark(page), Some(journal)) => journal.mark(Mark { page, counts: run.report.counts(), ..Mark::default() }),
        (Fed::Mark(_), None) => Ok(()),
    })?;
    Ok(run.end())
}

/// Returns the page of an entry. Both are counted from 1.
fn page_of(number: u64) -> u64 {
    number.div_ceil(PAGE)
}

/// Names the rule in a journal.
pub(super) fn name_of(overwrite: Overwrite) -> &'static str {
    match overwrite {
        Overwrite::Older => "older",
        Overwrite::Never => "never",
        Overwrite::Always => "always",
    }
}
