//! A listing, item by item.

use std::fmt;
use std::iter::FusedIterator;
use std::vec;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cursor::Cursor;
use super::decode::PageItem;
use super::pages::{Page, Pages};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::log_target::LOG_TARGET;
use crate::request::{Paging, Request};

impl Request {
    /// Lists the models that the pages of an endpoint have. Makes no request: what is wrong with this one is an error of the
    /// first `next`.
    ///
    /// A model is one of this crate, or one of your own that implements [`PageItem`]. [`pages_of`](Self::pages_of) needs no
    /// trait.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, GroupRole, Result, endpoints};
    /// # fn run(client: &Client) -> Result<()> {
    /// for role in client.call(&endpoints::LIST_GROUP_ROLES).param("group", 7).pages::<GroupRole>() {
    ///     println!("{}", role?.display_name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages<T: PageItem>(self) -> Pager<T> {
        let paging = self.paging_or(T::PAGING);
        Pager::with(Pages::of_model(self, paging))
    }

    /// Lists the items in the list `field` of each page. Makes no request.
    ///
    /// Pages are followed as [`paging`](Self::paging) says. A page that continues by another field, such as `nextPageCursor`, is
    /// an error. An item that isn't a `T` is skipped and [counted](Pager::unreadable_count).
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Paging, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let roles = client
    ///     .request(Method::Get, "/cloud/v2/groups/{group}/roles")
    ///     .param("group", 7)
    ///     .paging(Paging::page_tokens().page_size(20));
    /// for role in roles.pages_of::<serde_json::Value>("groupRoles") {
    ///     println!("{}", role?["displayName"]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages_of<T: DeserializeOwned>(self, field: impl Into<String>) -> Pager<T> {
        let paging = self.paging_or(Paging::page_tokens());
        Pager::with(Pages::plain(self, paging, field.into()))
    }
}

/// How many unreadable items a listing keeps.
const MAX_UNREADABLE: usize = 100;

/// A listing: an iterator over items, which fetches pages as needed.
///
/// No request is made until the first [`next`](Iterator::next). Pages have the largest size that the endpoint allows. The
/// iterator ends after a failed page; [`cursor`](Self::cursor) then tells where to resume. An unreadable item is skipped,
/// counted in [`unreadable_count`](Self::unreadable_count), and logged once for each listing.
///
/// ```no_run
/// # use rblxopencloud::{Cursor, Result, User};
/// # fn run(user: &User, saved: Cursor, save: impl Fn(Cursor)) -> Result<()> {
/// let mut items = user.list_inventory().resume_from(saved);
/// for item in &mut items {
///     match item {
///         Ok(item) => println!("{item:?}"),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// if !items.is_finished() {
///     save(items.cursor());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a listing makes no request until it is iterated over"]
#[doc(alias = "pagination")]
#[doc(alias = "paginate")]
#[doc(alias = "next_page_token")]
#[doc(alias = "limit")]
pub struct Pager<T> {
    pages: Pages<T>,
    /// The remaining items of the current page.
    items: vec::IntoIter<T>,
    /// How many items of the current page were yielded.
    taken: usize,
    unreadable: Vec<Value>,
    unreadable_count: u64,
}

impl<T> Pager<T> {
    fn with(pages: Pages<T>) -> Self {
        Self { pages, items: Vec::new().into_iter(), taken: 0, unreadable: Vec::new(), unreadable_count: 0 }
    }

    /// Resumes the listing at a cursor of [`cursor`](Self::cursor) or [`Page::next_cursor`]. `None` is the beginning. The
    /// cursor of another listing is an error of the first `next`.
    pub fn resume_from(mut self, cursor: impl Into<Cursor>) -> Self {
        self.items = Vec::new().into_iter();
        self.taken = 0;
        self.pages.restart_at(cursor.into());
        self
    }

    /// Returns the position after the last item that was yielded.
    ///
    /// A listing that resumes there repeats nothing and skips nothing, as long as the service returns the same page for the
    /// same page token.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let page = self.pages.cursor();
        Cursor { taken: page.taken + self.taken, ..page }
    }

    /// Returns whether the listing is complete: all items were yielded, and no page failed.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.items.as_slice().is_empty() && self.pages.is_finished()
    }

    /// Returns the unreadable items, as the service sent them: at most 100. One that is large or nested too deep is the beginning
    /// of its text.
    #[must_use]
    pub fn unreadable(&self) -> &[Value] {
        &self.unreadable
    }

    /// Returns how many unreadable items were skipped. Almost always 0.
    #[must_use]
    pub fn unreadable_count(&self) -> u64 {
        self.unreadable_count
    }

    /// Lists whole pages in place of items. The rest of the current page comes first.
    pub fn pages(mut self) -> Pages<T> {
        if !self.items.as_slice().is_empty() {
            let cursor = self.cursor();
            self.pages.restart_at(cursor);
        }
        self.pages
    }

    /// Returns an error if an item couldn't be read: it may be what the caller looks for. `question` is what isn't known then.
    pub(crate) fn check_all_read(&self, question: &str) -> Result<()> {
        match self.unreadable_count {
            0 => Ok(()),
            _ => Err(self.unread(question)),
        }
    }

    /// The error of a question that an unreadable item leaves open.
    pub(crate) fn unread(&self, question: &str) -> Error {
        self.pages.invalid_response(&format!("an item can't be read, so it isn't known {question}"))
    }

    /// Returns the first item that `is_it` accepts. `None` means that there is none: an unreadable item is an error.
    pub(crate) fn find_readable(mut self, question: &str, is_it: impl Fn(&T) -> bool) -> Result<Option<T>> {
        match self.find(|item| item.as_ref().map_or(true, &is_it)) {
            Some(found) => found.map(Some),
            None => self.check_all_read(question).map(|()| None),
        }
    }

    /// Takes the item back that was yielded last, so that the cursor is before it. The listing must not go on.
    pub(crate) fn give_back(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// Returns the client that makes the requests. `None` if the listing fails before one.
    pub(crate) fn client(&self) -> Option<Client> {
        self.pages.session().map(|session| Client::of(session.clone()))
    }

    fn take_page(&mut self, page: Page<T>) {
        self.items = page.items.into_iter();
        self.taken = 0;
        if page.unreadable.is_empty() {
            return;
        }
        if self.unreadable_count == 0 {
            log::warn!(target: LOG_TARGET, "{}: skipping items that can't be read", self.pages.subject());
        }
        self.unreadable_count += page.unreadable.len() as u64;
        let room = MAX_UNREADABLE - self.unreadable.len();
        self.unreadable.extend(page.unreadable.into_iter().take(room));
    }
}

impl<T> Iterator for Pager<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.next() {
                self.taken += 1;
                return Some(Ok(item));
            }
            match self.pages.next() {
                Some(Ok(page)) => self.take_page(page),
                Some(Err(error)) => {
                    self.taken = 0;
                    return Some(Err(error));
                }
                None => return None,
            }
        }
    }
}

impl<T> FusedIterator for Pager<T> {}

impl<T> fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("pages", &self.pages).field("items_left", &self.items.len()).finish()
    }
}
