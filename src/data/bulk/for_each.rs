use std::cell::Cell;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::each_key::each_key;
use super::failure::{skipped, unthrottled};
use super::journal::{Begun, Job, Journal, Key, Touched, Touches};
use super::keys::Listed;
use super::options::Bulk;
use super::put::{IN_DOUBT, State, recorder, state};
use super::report::{BulkReport, Outcome, SkipReason, SkippedEntry};
use super::resume::Rest;
use super::run::prepared;
use crate::data::check;
use crate::data::entry::DataStoreEntry;
use crate::data::handle::DataStore;
use crate::data::metadata::EntryMetadata;
use crate::data::raw::RawEntry;
use crate::data::update::{Change, LockStep, Step, text_of};
use crate::error::Result;

impl DataStore {
    /// Reads all entries of the scope, and changes or deletes those that `f` decides on, as for a migration.
    ///
    /// See [`for_each_with`](Self::for_each_with), whose defaults it has.
    ///
    /// # Errors
    /// See [`for_each_with`](Self::for_each_with).
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn for_each<T, F>(&self, journal: impl AsRef<Path>, f: F) -> Result<BulkReport>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(DataStoreEntry<T>) -> Result<Change<T>> + Sync,
    {
        self.for_each_with(journal, Bulk::new(), f)
    }

    /// Reads entries on several threads, and changes or deletes those that `f` decides on.
    ///
    /// Each change is made in lock step, as by [`update`](Self::update): if somebody else writes the entry in between, `f` is called
    /// again with what it is then. What the type doesn't hold, users and attributes stay.
    ///
    /// `journal` is a file in which the job keeps what it has begun: before each write, the key, the etag before and a hash of the
    /// content after it. A run that was killed goes on where it was, and no change is made twice. If it isn't known whether one was
    /// made, since others have written the entry after it, the entry is left as it is and named in the report. The file stays. When
    /// the job has ended, a call with it does nothing and returns the numbers of then. If the service has forgotten where the
    /// listing was, as after days, it begins anew, and what the journal has is not edited again.
    ///
    /// The service keeps nothing of a value that is overwritten in the hour in which it was written. Make a
    /// [back-up](Self::back_up) or a [snapshot](crate::Experience::snapshot_data_stores) before a migration.
    ///
    /// Entries whose values aren't a `T` are skipped and named in the report. An error of `f` ends the run, and the next one calls
    /// `f` for this entry again. If `f` panics, so does this, after the entries that were begun.
    ///
    /// Calls [`LIST_DATA_STORE_ENTRIES`](crate::endpoints::LIST_DATA_STORE_ENTRIES),
    /// [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY) and
    /// [`DELETE_DATA_STORE_ENTRY`](crate::endpoints::DELETE_DATA_STORE_ENTRY), or in a scope
    /// [`LIST_SCOPED_DATA_STORE_ENTRIES`](crate::endpoints::LIST_SCOPED_DATA_STORE_ENTRIES),
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`DELETE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::DELETE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:list`, `universe-datastores.objects:read`, `universe-datastores.objects:update` and
    /// `universe-datastores.objects:delete`.
    ///
    /// ```
    /// use rblxopencloud::data::{Bulk, Change, DataStoreEntry};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Profile {
    ///     coins: u64,
    /// }
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # let folder = std::env::temp_dir().join(format!("for-each-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).expect("a folder");
    /// # let journal = folder.join("double-coins.journal");
    /// # store.create("user_156", &Profile { coins: 7 })?;
    /// let double = |entry: DataStoreEntry<Profile>| {
    ///     Ok(match entry.value.coins {
    ///         0 => Change::Keep,
    ///         coins => Change::Set(Profile { coins: coins * 2 }),
    ///     })
    /// };
    /// let plan = store.for_each_with(&journal, Bulk::new().dry_run(true), double)?;
    /// println!("{} would change", plan.written);
    /// println!("{}", store.for_each(&journal, double)?);
    /// # assert_eq!(store.fetch::<Profile>("user_156")?.expect("it is there").value.coins, 14);
    /// # std::fs::remove_dir_all(&folder).expect("it is there");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the error of `f`, [`Io`](crate::ErrorKind::Io) if the journal can't be written, and
    /// [`Conflict`](crate::ErrorKind::Conflict) if it is that of another job, or if another process uses it.
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn for_each_with<T, F>(&self, journal: impl AsRef<Path>, bulk: Bulk, f: F) -> Result<BulkReport>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(DataStoreEntry<T>) -> Result<Change<T>> + Sync,
    {
        let decide = |store: &DataStore, key: &str, current: &RawEntry, call_failed: &Cell<bool>| {
            decide(store, key, current, &f, call_failed)
        };
        edit(self, journal.as_ref(), &bulk, &decide)
    }
}

/// Decides what becomes of an entry. The flag is set if the caller's function has failed.
type Decide<'a> = dyn Fn(&DataStore, &str, &RawEntry, &Cell<bool>) -> Result<Step> + Sync + 'a;

fn decide<T, F>(store: &DataStore, key: &str, current: &RawEntry, f: &F, call_failed: &Cell<bool>) -> Result<Step>
where
    T: Serialize + DeserializeOwned,
    F: Fn(DataStoreEntry<T>) -> Result<Change<T>>,
{
    let shown = store.shown(key);
    let value: T = current.read(&shown)?;
    let before = check::to_text(&value)?;
    let change = f(current.clone().with_value(key, value)).inspect_err(|_| call_failed.set(true))?;
    Ok(match change {
        Change::Keep => Step::Keep,
        Change::Delete => Step::Delete,
        Change::Set(value) => Step::Set(text_of(Some((current.value(&shown)?, before)), &value)?),
    })
}

/// Runs the job, whatever the type of the values is.
fn edit(store: &DataStore, journal: &Path, bulk: &Bulk, decide: &Decide<'_>) -> Result<BulkReport> {
    bulk.check(
        "for_each",
        &[("overwrite", bulk.overwrite.is_some()), ("from_experience", bulk.from_experience.is_some())],
    )?;
    let store = &prepared(store, bulk);
    if bulk.dry_run {
        let edit = Edit { store, journal: None, decide };
        return each_key(store, bulk, None, Rest::all(store, bulk), |listed, touched| edit.edit(listed, touched));
    }
    let job = Job {
        job: "forEach".to_owned(),
        version: 0,
        universe: store.experience().id(),
        data_store: store.name().to_owned(),
        scope: (!bulk.all_scopes).then(|| store.scope().to_owned()),
        prefix: bulk.prefix.clone(),
        detail: String::new(),
    };
    let (journal, earlier) = Journal::open(journal, &job)?;
    if let Some(counts) = earlier.end {
        return Ok(BulkReport::of(counts));
    }
    let rest = Rest::after(earlier, &journal, &job, store, bulk)?;
    let edit = Edit { store, journal: Some(&journal), decide };
    let report = each_key(store, bulk, Some(&journal), rest, |listed, touched| edit.edit(listed, touched))?;
    journal.end(report.counts())?;
    Ok(report)
}

struct Edit<'a> {
    store: &'a DataStore,
    /// `None` is a dry run.
    journal: Option<&'a Journal>,
    decide: &'a Decide<'a>,
}

impl Edit<'_> {
    /// Edits an entry. `None` if it is in the numbers already.
    fn edit(&self, listed: Listed, touched: &Touches) -> Result<Option<Outcome>> {
        let key = match listed {
            Ok(key) => key,
            Err(entry) => return Ok(Some(Outcome::Skipped(entry))),
        };
        let begun = match touched.get(&key) {
            Some(Touched::Done(_)) if touched.is_counted(&key) => return Ok(None),
            Some(Touched::Done(outcome)) => return Ok(Some(outcome.clone())),
            Some(Touched::Begun(begun)) => Some(begun),
            None => None,
        };
        let store = self.store.with_scope(&key.scope);
        let call_failed = Cell::new(false);
        let outcome = match unthrottled(&store, || self.edit_one(&store, &key, begun, &call_failed)) {
            Ok(outcome) => outcome,
            Err(error) if call_failed.get() => return Err(error),
            Err(error) => skipped(&key.scope, &key.id, error)?,
        };
        if let Some(journal) = self.journal {
            journal.done(&key, &outcome)?;
        }
        Ok(Some(outcome))
    }

    fn edit_one(
        &self,
        store: &DataStore,
        key: &Key,
        begun: Option<&Begun>,
        call_failed: &Cell<bool>,
    ) -> Result<Outcome> {
        let metadata = EntryMetadata::new();
        let mut before_write = recorder(self.journal, key);
        let mut outcome = Outcome::Unchanged;
        let skip = |reason, message: &str| Outcome::Skipped(SkippedEntry::new(&key.scope, &key.id, reason, message));
        let step = LockStep::new(store, &key.id, &metadata).before_write(&mut before_write);
        step.run(&mut |current| {
            match begun.map(|begun| (state(begun, current), begun)) {
                Some((State::Made, begun)) => {
                    outcome = if begun.hash.is_some() { Outcome::Written } else { Outcome::Deleted };
                    return Ok(Step::Keep);
                }
                Some((State::Unknown, _)) => {
                    outcome = skip(SkipReason::InDoubt, IN_DOUBT);
                    return Ok(Step::Keep);
                }
                Some((State::NotMade, _)) | None => {}
            }
            let Some(current) = current else {
                outcome = skip(SkipReason::Gone, "it was deleted after it was listed");
                return Ok(Step::Keep);
            };
            let step = (self.decide)(store, &key.id, current, call_failed)?;
            outcome = match &step {
                Step::Set(_) => Outcome::Written,
                Step::Delete => Outcome::Deleted,
                Step::Keep => Outcome::Unchanged,
            };
            Ok(if self.journal.is_none() { Step::Keep } else { step })
        })?;
        Ok(outcome)
    }
}
