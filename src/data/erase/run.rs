//! Erasing in one experience.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::calls::Calls;
use super::history::{History, readable_from};
use super::keys::prefixes;
use super::report::{DeletedStore, ErasedEntry, ErasedExperience, ErasedKind, ErasureOutcome, ErasureProgress};
use super::settings::Settings;
use crate::api::Endpoint;
use crate::data::entry::ListedEntry;
use crate::data::handle::DataStore;
use crate::data::ordered::change::DELETE_ORDERED_ENTRY;
use crate::data::ordered::handle::GET_ORDERED_ENTRY;
use crate::data::share::Use;
use crate::data::stores::{DataStoreInfo, DataStoreState};
use crate::error::{Error, Result};
use crate::experience::handle::Experience;
use crate::memory::sorted_map::change::DELETE_SORTED_MAP_ITEM;
use crate::memory::sorted_map::handle::GET_SORTED_MAP_ITEM;
use crate::request::Request;

const GLOBAL: &str = "global";

/// What is erased, after it was checked.
pub(super) struct Plan<'a> {
    pub(super) keys: Vec<String>,
    pub(super) settings: &'a Settings,
}

struct Run<'a> {
    plan: &'a Plan<'a>,
    calls: Calls,
    entries: Vec<ErasedEntry>,
    progress: ErasureProgress,
}

/// The entries of a store that have one of the keys, also deleted ones.
struct Listed {
    /// The keys and their scopes.
    entries: BTreeSet<(String, String)>,
    /// Why there may be more. `None` if there are none.
    problem: Option<Error>,
    /// Whether it was requested at all.
    is_listed: bool,
}

/// What became of an entry, and until when its revisions can be read.
struct Erased {
    outcome: ErasureOutcome,
    readable_until: Option<Timestamp>,
    problem: Option<String>,
}

/// Erases in one experience. An error says that nothing was done.
pub(super) fn erase_in(experience: &Experience, plan: &Plan<'_>) -> Result<ErasedExperience> {
    let settings = plan.settings;
    let mut calls = Calls::new(settings);
    let known = calls.make(|| list_stores(experience))?;
    let (deleted, active): (Vec<_>, Vec<_>) = known.into_iter().partition(is_deleted);
    let has = |stores: &[DataStoreInfo], name: &String| stores.iter().any(|store| store.id == *name);
    let names: Vec<String> = match &settings.stores {
        None => active.iter().map(|store| store.id.clone()).collect(),
        Some(names) => names.iter().filter(|name| !has(&deleted, name)).cloned().collect(),
    };
    let absent_stores = names.iter().filter(|name| !has(&active, name)).cloned().collect();
    let is_meant = |name: &String| settings.stores.as_ref().is_none_or(|names| names.contains(name));
    let deleted = deleted.into_iter().filter(|store| is_meant(&store.id));

    let stores = names.len() + settings.ordered_stores.len() + settings.sorted_maps.len();
    let progress = ErasureProgress { experience_id: experience.id(), stores_done: 0, stores, entries: 0, failed: 0 };
    let mut run = Run { plan, calls, entries: Vec::new(), progress };
    for name in names {
        run.erase_from_store(&run.handle(experience, &name));
        run.announce();
    }
    for (name, scope) in &settings.ordered_stores {
        let store = experience.ordered_data_store(name).with_scope(scope);
        for key in &plan.keys {
            let erased =
                run.erase_number(&GET_ORDERED_ENTRY, &DELETE_ORDERED_ENTRY, |endpoint| store.call_entry(endpoint, key));
            run.add(ErasedKind::OrderedDataStore, name, Some(scope), key, erased);
        }
        run.announce();
    }
    for name in &settings.sorted_maps {
        let map = experience.memory_store().sorted_map(name);
        for key in &plan.keys {
            let erased = run
                .erase_number(&GET_SORTED_MAP_ITEM, &DELETE_SORTED_MAP_ITEM, |endpoint| map.call_item(endpoint, key));
            run.add(ErasedKind::SortedMap, name, None, key, erased);
        }
        run.announce();
    }
    let deleted_stores = deleted.map(|store| DeletedStore { name: store.id, gone_at: store.expires_at }).collect();
    Ok(ErasedExperience { id: experience.id(), entries: run.entries, absent_stores, deleted_stores })
}

fn list_stores(experience: &Experience) -> Result<Vec<DataStoreInfo>> {
    let mut listed = experience.list_data_stores().deleted(true);
    let stores = listed.by_ref().collect::<Result<_>>()?;
    listed.check_all_read("whether all data stores are known")?;
    Ok(stores)
}

fn is_deleted(store: &DataStoreInfo) -> bool {
    store.expires_at.is_some() || store.state == Some(DataStoreState::Deleted)
}

impl Run<'_> {
    fn handle(&self, experience: &Experience, name: &str) -> DataStore {
        let store = experience.data_store(name).within(&self.calls.share);
        match &self.calls.cancel {
            Some(cancel) => store.cancel_by(cancel),
            None => store,
        }
    }

    fn erase_from_store(&mut self, store: &DataStore) {
        let listed = self.list(store);
        for key in &self.plan.keys {
            let of_key = listed.entries.iter().filter(|(listed, _)| listed == key);
            // The global one is tried also if the listing doesn't have it, which may be older than the entry.
            let scopes: BTreeSet<&str> = of_key.map(|(_, scope)| scope.as_str()).chain([GLOBAL]).collect();
            for scope in scopes {
                let is_known = listed.entries.contains(&(key.clone(), scope.to_owned()));
                // What was never there has no revisions.
                let has_history = is_known || !listed.is_listed || listed.problem.is_some();
                let erased = self.erase_entry(&store.with_scope(scope), key, is_known, has_history);
                self.add(ErasedKind::DataStore, store.name(), Some(scope), key, erased);
            }
            if let Some(problem) = &listed.problem {
                self.add(ErasedKind::DataStore, store.name(), None, key, Err(problem.clone()));
            }
        }
    }

    /// Finds the scopes that have one of the keys. Keys that only begin with one of them are others'.
    fn list(&mut self, store: &DataStore) -> Listed {
        let mut found = Listed { entries: BTreeSet::new(), problem: None, is_listed: self.plan.settings.all_scopes };
        if !found.is_listed {
            return found;
        }
        for prefix in prefixes(&self.plan.keys) {
            let listed = self.calls.make(|| {
                let mut listing = store.list_entries().prefix(prefix).all_scopes(true).deleted(true);
                for entry in listing.by_ref() {
                    let entry = entry?;
                    if self.plan.keys.contains(&entry.id) {
                        found.add(store, entry);
                    }
                }
                listing.check_all_read("whether all scopes are known")
            });
            match listed {
                // A store without entries may be none.
                Err(error) if !error.is_no_such_resource() => found.problem = Some(error),
                _ => {}
            }
        }
        found
    }

    /// Erases an entry of a data store. `is_known` says that the service has listed it.
    fn erase_entry(&mut self, store: &DataStore, key: &str, is_known: bool, has_history: bool) -> Result<Erased> {
        let was_there = match self.plan.settings.is_dry_run {
            true => false,
            false => self.calls.make(|| store.remove(key))?,
        };
        if !was_there && !has_history {
            return Ok(Erased::new(ErasureOutcome::Missing));
        }
        let history = self.calls.make(|| History::look_up(store, key));
        if self.plan.settings.is_dry_run {
            return match history? {
                Some(history) if history.is_there => Ok(Erased::new(ErasureOutcome::Found)),
                history => Ok(Erased::gone(ErasureOutcome::Missing, history.as_ref())),
            };
        }
        let outcome = if was_there { ErasureOutcome::Deleted } else { ErasureOutcome::Missing };
        match history {
            Ok(Some(history)) if history.is_there => Ok(Erased {
                problem: Some("the player may be in the game; repeat the run later".to_owned()),
                ..Erased::new(ErasureOutcome::WrittenAgain)
            }),
            // A missing entry that is listed isn't the one that was to be deleted.
            Ok(None) if is_known && !was_there => Err(Error::invalid_response(
                store.shown(key),
                "the listing has it, but there is neither such an entry nor a revision of it",
            )
            .advise("repeat the run later")),
            Ok(history) => Ok(Erased::gone(outcome, history.as_ref())),
            Err(error) => Ok(Erased {
                problem: Some(format!("until when its revisions can be read isn't known: {error}")),
                ..Erased::new(outcome)
            }),
        }
    }

    /// Erases an entry that has no revisions.
    fn erase_number(
        &mut self,
        get: &Endpoint,
        delete: &Endpoint,
        request: impl Fn(&Endpoint) -> Result<Request>,
    ) -> Result<Erased> {
        let (endpoint, used, there) = match self.plan.settings.is_dry_run {
            true => (get, Use::Read, ErasureOutcome::Found),
            false => (delete, Use::Remove, ErasureOutcome::Deleted),
        };
        let request = self.calls.prepare(request(endpoint)?, used);
        match self.calls.make(|| request.send()) {
            Ok(()) => Ok(Erased::new(there)),
            Err(error) if error.is_no_such_resource() => Ok(Erased::new(ErasureOutcome::Missing)),
            Err(error) => Err(error),
        }
    }

    fn add(&mut self, kind: ErasedKind, store: &str, scope: Option<&str>, key: &str, erased: Result<Erased>) {
        let Erased { outcome, readable_until, problem } = erased
            .unwrap_or_else(|error| Erased { problem: Some(error.to_string()), ..Erased::new(ErasureOutcome::Failed) });
        match outcome {
            ErasureOutcome::Deleted | ErasureOutcome::Found => self.progress.entries += 1,
            ErasureOutcome::Failed | ErasureOutcome::WrittenAgain => self.progress.failed += 1,
            ErasureOutcome::Missing => {}
        }
        let (store, scope, key) = (store.to_owned(), scope.map(str::to_owned), key.to_owned());
        self.entries.push(ErasedEntry { kind, store, scope, key, outcome, readable_until, problem });
    }

    fn announce(&mut self) {
        self.progress.stores_done += 1;
        if let Some(on_progress) = &self.plan.settings.on_progress {
            (on_progress.0)(self.progress);
        }
    }
}

impl Listed {
    fn add(&mut self, store: &DataStore, entry: ListedEntry) {
        match entry.certain_scope().map(Cow::into_owned) {
            Some(scope) => _ = self.entries.insert((entry.id, scope)),
            None => {
                let problem = format!("its path {:?} has no scope", entry.path);
                self.problem = Some(Error::invalid_response(store.shown(&entry.id), problem));
            }
        }
    }
}

impl Erased {
    fn new(outcome: ErasureOutcome) -> Self {
        Self { outcome, readable_until: None, problem: None }
    }

    /// An entry that isn't there any more.
    fn gone(outcome: ErasureOutcome, history: Option<&History>) -> Self {
        let now = Timestamp::now();
        let readable_until = match (outcome, history) {
            // The service may not tell the time of the deletion, which was just now.
            (ErasureOutcome::Deleted, history) => {
                let deleted_at = history.and_then(|history| history.deleted_at);
                Some(readable_from(deleted_at.map_or(now, |deleted_at| deleted_at.max(now))))
            }
            (_, history) => history.map(|history| history.readable_until(now)),
        };
        Self { readable_until, ..Self::new(outcome) }
    }
}
