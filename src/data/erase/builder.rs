use std::sync::Arc;

use jiff::Timestamp;

use super::calls::Calls;
use super::keys;
use super::report::{ErasureProgress, ErasureReport, UnreachedExperience};
use super::run::{Plan, erase_in};
use super::settings::{OnProgress, Settings};
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::data::check;
use crate::error::{Error, Result};
use crate::experience::handle::Experience;

/// Erases what is stored of a user, from [`Experience::erase_user`](crate::Experience::erase_user) and
/// [`Client::erase_user`](crate::Client::erase_user).
///
/// [`keys`](Self::keys) names the entries, each by its whole key: that of user 1 isn't a prefix of that of user 15. The other
/// setters are optional. Nothing is requested until [`run`](Self::run).
#[derive(Clone, Debug)]
#[doc(alias = "gdpr")]
#[doc(alias = "right to erasure")]
#[must_use = "nothing is erased until it runs"]
pub struct Erasure {
    user_id: u64,
    of: Of,
    settings: Settings,
}

/// Where a user is erased.
#[derive(Clone, Debug)]
enum Of {
    Experience(Experience),
    /// The experiences with these start places.
    StartPlaces(Client, Vec<u64>),
}

impl Experience {
    /// Erases what the stores of the experience have of a user, as the right to erasure requires. Set
    /// [`keys`](Erasure::keys), and [`run`](Erasure::run) it. Makes no request.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # for key in ["user_156", "user_1560"] {
    /// #     client.experience(13058).data_store("Players").create(key, &7)?;
    /// # }
    /// let report = client.experience(13058).erase_user(156).keys(["user_{id}", "inv_{id}"]).run()?;
    /// println!("{report}");
    /// # assert!(report.is_complete() && report.to_string().contains("\"user_156\": deleted"), "{report}");
    /// # assert!(client.experience(13058).data_store("Players").fetch::<u64>("user_1560")?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "gdpr")]
    pub fn erase_user(&self, user_id: u64) -> Erasure {
        Erasure::new(user_id, Of::Experience(self.clone()))
    }
}

impl Client {
    /// Erases what the stores of several experiences have of a user. Roblox's requests name the experiences by the ids of their
    /// start places. Makes no request.
    ///
    /// An experience that the key doesn't reach doesn't keep the user from being erased in the others. It is in
    /// [`ErasureReport::unreached`].
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let report = client.erase_user(156, [1818]).keys(["user_{id}"]).run()?;
    /// assert!(report.is_complete());
    /// # assert_eq!(report.experiences[0].id, 13058);
    /// # Ok(())
    /// # }
    /// ```
    pub fn erase_user(&self, user_id: u64, start_place_ids: impl IntoIterator<Item = u64>) -> Erasure {
        Erasure::new(user_id, Of::StartPlaces(self.clone(), once(start_place_ids)))
    }
}

impl Erasure {
    fn new(user_id: u64, of: Of) -> Self {
        Self { user_id, of, settings: Settings::new() }
    }

    /// Sets the keys of entries that are about the user, as templates. Each has `{id}` where the key has the user's id, and no
    /// other placeholder. They are looked for in all stores.
    pub fn keys(mut self, templates: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.templates = once(templates.into_iter().map(Into::into));
        self
    }

    /// Sets the names of the data stores. Defaults to all that the experience has.
    pub fn stores(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.stores = Some(once(names.into_iter().map(Into::into)));
        self
    }

    /// Sets whether entries of all scopes of the data stores are erased. Defaults to `true`. Otherwise only those of the scope
    /// `global` are.
    ///
    /// To find the scopes, the keys of each store are listed that begin with one of the user's: 256 of them with a request.
    pub fn all_scopes(mut self, all: bool) -> Self {
        self.settings.all_scopes = all;
        self
    }

    /// Sets the ordered data stores, each by its name and one of its scopes, which is usually `global`. The service can't list
    /// them.
    pub fn ordered_stores<N: Into<String>, S: Into<String>>(
        mut self,
        names_and_scopes: impl IntoIterator<Item = (N, S)>,
    ) -> Self {
        let stores = names_and_scopes.into_iter().map(|(name, scope)| (name.into(), scope.into()));
        self.settings.ordered_stores = once(stores);
        self
    }

    /// Sets the names of the sorted maps in the memory store. Without it, their items end by themselves, after 45 days at most.
    pub fn sorted_maps(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.sorted_maps = once(names.into_iter().map(Into::into));
        self
    }

    /// Sets how many reads, listings and deletions a minute are made in each experience, whose servers share the limits. Defaults
    /// to 100 of each. See [`DataStore::with_requests_per_minute`](crate::data::DataStore::with_requests_per_minute).
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.settings.requests_per_minute = requests;
        self
    }

    /// Sets whether nothing is deleted, and the report tells what would be. Defaults to `false`.
    pub fn dry_run(mut self, is_dry_run: bool) -> Self {
        self.settings.is_dry_run = is_dry_run;
        self
    }

    /// Ends the run soon after the token is cancelled. The report then has what was done until then, and the rest as failed.
    pub fn cancel_by(mut self, token: &CancelToken) -> Self {
        self.settings.cancel = Some(token.clone());
        self
    }

    /// Calls `f` after each store.
    pub fn on_progress(mut self, f: impl Fn(ErasureProgress) + Send + Sync + 'static) -> Self {
        self.settings.on_progress = Some(OnProgress(Arc::new(f)));
        self
    }

    /// Checks the keys and the names as [`run`](Self::run) does first. Makes no request.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if one of them can't be right.
    pub fn check(&self) -> Result<()> {
        self.plan().map(|_| ())
    }

    /// Deletes the entries, one after the other. One that fails doesn't keep the others from being deleted.
    ///
    /// A run can be repeated, also after one that ended in the middle: a missing entry is a success. The service keeps the
    /// revisions of a deleted entry for 30 days, and has no call that removes them earlier. The report tells for each
    /// entry until when they can be read.
    ///
    /// If the player is in the game, it may write an entry again. The report then says so, and isn't complete.
    ///
    /// Calls [`LIST_DATA_STORES`](crate::endpoints::LIST_DATA_STORES), which needs the scope
    /// `universe-datastores.control:list`.
    /// Calls [`LIST_SCOPED_DATA_STORE_ENTRIES`](crate::endpoints::LIST_SCOPED_DATA_STORE_ENTRIES), unless only the scope named
    /// global is erased, which needs the scope `universe-datastores.objects:list`.
    /// Calls [`DELETE_DATA_STORE_ENTRY`](crate::endpoints::DELETE_DATA_STORE_ENTRY) and
    /// [`DELETE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::DELETE_SCOPED_DATA_STORE_ENTRY), which need the scope
    /// `universe-datastores.objects:delete`.
    /// Calls [`LIST_DATA_STORE_ENTRY_REVISIONS`](crate::endpoints::LIST_DATA_STORE_ENTRY_REVISIONS) and
    /// [`LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS`](crate::endpoints::LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS), which need the
    /// scope `universe-datastores.versions:list`; without it, entries are deleted, and the report can't tell until when they can
    /// be read.
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY) and
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY), in a dry run and if the revisions leave
    /// in doubt whether an entry is there, which need the scope `universe-datastores.objects:read`.
    ///
    /// For ordered data stores, calls [`DELETE_ORDERED_ENTRY`](crate::endpoints::DELETE_ORDERED_ENTRY), which needs the scope
    /// `universe.ordered-data-store.scope.entry:write`, or in a dry run calls
    /// [`GET_ORDERED_ENTRY`](crate::endpoints::GET_ORDERED_ENTRY), which needs the scope
    /// `universe.ordered-data-store.scope.entry:read`. For sorted maps, calls
    /// [`DELETE_SORTED_MAP_ITEM`](crate::endpoints::DELETE_SORTED_MAP_ITEM), which needs the scope
    /// `memory-store.sorted-map:write`, or in a dry run calls
    /// [`GET_SORTED_MAP_ITEM`](crate::endpoints::GET_SORTED_MAP_ITEM), which needs the scope `memory-store.sorted-map:read`. For
    /// start places, calls [`GET_PLACE_EXPERIENCE`](crate::endpoints::GET_PLACE_EXPERIENCE), which needs no key.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if a template has no `{id}` or another placeholder, if a key or
    /// the name of a store is empty or too long, or if there is nothing to look for. For one experience, returns the error of the
    /// listing of its data stores. Nothing was deleted then. Every other failure is part of the report.
    pub fn run(&self) -> Result<ErasureReport> {
        let plan = self.plan()?;
        let started_at = Timestamp::now();
        let mut report = ErasureReport {
            user_id: self.user_id,
            is_dry_run: self.settings.is_dry_run,
            started_at,
            ended_at: started_at,
            experiences: Vec::new(),
            unreached: Vec::new(),
        };
        match &self.of {
            Of::Experience(experience) => report.experiences.push(erase_in(experience, &plan)?),
            Of::StartPlaces(client, places) => {
                let mut known = Vec::new();
                for &place in places {
                    erase_of_place(client, place, &plan, &mut known, &mut report);
                }
            }
        }
        report.ended_at = Timestamp::now();
        Ok(report)
    }

    /// Checks everything that can be checked before the first request.
    fn plan(&self) -> Result<Plan<'_>> {
        let settings = &self.settings;
        let keys = keys::fill(&settings.templates, self.user_id)?;
        for name in settings.stores.iter().flatten() {
            check::name("the name of a data store", name)?;
        }
        for (name, scope) in &settings.ordered_stores {
            check::name("the name of an ordered data store", name)?;
            check::scope(scope)?;
        }
        if settings.sorted_maps.iter().any(String::is_empty) {
            return Err(Error::invalid_input("the name of a sorted map is empty"));
        }
        let has_data_stores = settings.stores.as_ref().is_none_or(|stores| !stores.is_empty());
        if !has_data_stores && settings.ordered_stores.is_empty() && settings.sorted_maps.is_empty() {
            return Err(Error::invalid_input("the list of data stores is empty, and no other stores are given")
                .advise("leave it out to erase from all data stores"));
        }
        match &self.of {
            Of::StartPlaces(_, places) if places.is_empty() => {
                Err(Error::invalid_input("no start place is given, so it isn't known which experiences are meant"))
            }
            _ => Ok(Plan { keys, settings }),
        }
    }
}

/// Collects each item once.
fn once<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    items.into_iter().for_each(|item| {
        if !found.contains(&item) {
            found.push(item);
        }
    });
    found
}

/// Erases in the experience of a start place, unless it is already `known`.
fn erase_of_place(client: &Client, place: u64, plan: &Plan<'_>, known: &mut Vec<u64>, report: &mut ErasureReport) {
    let unreached =
        |id: Option<u64>, error: &Error| UnreachedExperience { start_place_id: place, id, problem: error.to_string() };
    let mut calls = Calls::new(plan.settings);
    match calls.make(|| client.place(place).experience_id()) {
        Err(error) => report.unreached.push(unreached(None, &error)),
        Ok(id) if known.contains(&id) => {}
        Ok(id) => {
            known.push(id);
            match erase_in(&client.experience(id), plan) {
                Ok(erased) => report.experiences.push(erased),
                Err(error) => report.unreached.push(unreached(Some(id), &error)),
            }
        }
    }
}
