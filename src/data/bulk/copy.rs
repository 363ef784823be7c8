use std::path::Path;

use super::each_key::each_key;
use super::failure::{skipped, unthrottled};
use super::format::Line;
use super::journal::{Job, Journal, Key, Touched, Touches};
use super::keys::Listed;
use super::options::Bulk;
use super::put::Put;
use super::report::{BulkReport, Outcome, SkipReason, SkippedEntry};
use super::restore::name_of;
use super::resume::Rest;
use super::run::prepared;
use crate::data::handle::DataStore;
use crate::error::{Error, Result};

impl DataStore {
    /// Copies the entries of the scope to another data store, which may be that of another experience.
    ///
    /// See [`copy_to_with`](Self::copy_to_with), whose defaults it has.
    ///
    /// # Errors
    /// See [`copy_to_with`](Self::copy_to_with).
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn copy_to(&self, destination: &Self, journal: impl AsRef<Path>) -> Result<BulkReport> {
        self.copy_to_with(destination, journal, Bulk::new())
    }

    /// Copies entries to another data store: those of the scope into the scope of `destination`, or those of all scopes, each into
    /// the same one.
    ///
    /// Values, users and attributes are copied as they are. An entry of the destination that was written after the one that is
    /// copied stays, unless [`Bulk::overwrite`] says otherwise.
    ///
    /// `journal` is a file in which the job keeps what it has begun: a run that was killed goes on where it was. The file stays.
    /// When the job has ended, a call with it does nothing and returns the numbers of then. If the service has forgotten where the
    /// listing was, as after days, it begins anew, and what the journal has is not copied again.
    ///
    /// Calls [`LIST_DATA_STORE_ENTRIES`](crate::endpoints::LIST_DATA_STORE_ENTRIES),
    /// [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY) and
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY), or in a scope
    /// [`LIST_SCOPED_DATA_STORE_ENTRIES`](crate::endpoints::LIST_SCOPED_DATA_STORE_ENTRIES),
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:list`, `universe-datastores.objects:read`, `universe-datastores.objects:update` and
    /// `universe-datastores.objects:create`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let experience = client.experience(13058);
    /// # let folder = std::env::temp_dir().join(format!("copy-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).expect("a folder");
    /// # let journal = folder.join("copy.journal");
    /// # experience.data_store("Players").create("user_156", &7)?;
    /// let report = experience.data_store("Players").copy_to(&experience.data_store("Players2"), &journal)?;
    /// println!("{report}");
    /// # assert_eq!(report.written, 1);
    /// # std::fs::remove_dir_all(&folder).expect("it is there");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if both are the same, and
    /// [`Conflict`](crate::ErrorKind::Conflict) if the journal is that of another job, or if another process uses it.
    #[cfg_attr(docsrs, doc(cfg(feature = "bulk")))]
    pub fn copy_to_with(&self, destination: &Self, journal: impl AsRef<Path>, bulk: Bulk) -> Result<BulkReport> {
        bulk.check("a copy", &[("from_experience", bulk.from_experience.is_some())])?;
        let is_same_store =
            self.experience().id() == destination.experience().id() && self.name() == destination.name();
        if is_same_store && (bulk.all_scopes || self.scope() == destination.scope()) {
            return Err(Error::invalid_input("the destination of a copy is the same data store"));
        }
        let source = prepared(self, &bulk);
        // The stores of an experience have one limit together.
        let destination = match self.experience().id() == destination.experience().id() {
            true => destination.sharing_with(&source),
            false => prepared(destination, &bulk),
        };
        let overwrite = bulk.overwrite.unwrap_or_default();
        if bulk.dry_run {
            let put = Put { store: &destination, journal: None, overwrite };
            let work = |listed, touched: &Touches| copy_one(&source, &put, &bulk, listed, touched);
            return each_key(&source, &bulk, None, Rest::all(&source, &bulk), work);
        }
        let job = Job {
            job: "copy".to_owned(),
            version: 0,
            universe: self.experience().id(),
            data_store: self.name().to_owned(),
            scope: (!bulk.all_scopes).then(|| self.scope().to_owned()),
            prefix: bulk.prefix.clone(),
            detail: format!(
                "to {} {:?} {:?} {}",
                destination.experience().id(),
                destination.name(),
                destination.scope(),
                name_of(overwrite)
            ),
        };
        let (journal, earlier) = Journal::open(journal.as_ref(), &job)?;
        if let Some(counts) = earlier.end {
            return Ok(BulkReport::of(counts));
        }
        let put = Put { store: &destination, journal: Some(&journal), overwrite };
        let rest = Rest::after(earlier, &journal, &job, &source, &bulk)?;
        let work = |listed, touched: &Touches| copy_one(&source, &put, &bulk, listed, touched);
        let report = each_key(&source, &bulk, Some(&journal), rest, work)?;
        journal.end(report.counts())?;
        Ok(report)
    }
}

/// Copies an entry. `None` if it is in the numbers already.
fn copy_one(
    source: &DataStore,
    put: &Put<'_>,
    bulk: &Bulk,
    listed: Listed,
    touched: &Touches,
) -> Result<Option<Outcome>> {
    let key = match listed {
        Ok(key) => key,
        Err(entry) => return Ok(Some(Outcome::Skipped(entry))),
    };
    let Key { page, scope, id } = &key;
    let to = if bulk.all_scopes { scope.as_str() } else { put.store.scope() };
    let to = Key { page: *page, scope: to.to_owned(), id: id.clone() };
    let earlier = touched.get(&to);
    match earlier {
        Some(Touched::Done(_)) if touched.is_counted(&to) => return Ok(None),
        Some(Touched::Done(outcome)) => return Ok(Some(outcome.clone())),
        _ => {}
    }
    let store = source.with_scope(scope);
    let skip = |reason, message| Ok(Some(Outcome::Skipped(SkippedEntry::new(scope, id, reason, message))));
    let line = match unthrottled(&store, || store.fetch_raw(id)) {
        Ok(Some(entry)) => Line::of(&to.scope, id, entry),
        Ok(None) => return skip(SkipReason::Gone, "it was deleted after it was listed"),
        Err(error) => return skipped(scope, id, error).map(Some),
    };
    match line {
        Some(line) => put.put(&to, &line, earlier).map(Some),
        None => skip(SkipReason::Unreadable, "the response has no value"),
    }
}
