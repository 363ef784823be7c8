/// How the pages of a listing are requested and followed.
///
/// The endpoints of the service differ in it. These are the forms that they have:
///
/// | | parameter of the next page | its value | parameter of the size |
/// |---|---|---|---|
/// | [`page_tokens`](Self::page_tokens) | `pageToken` | `nextPageToken` | `maxPageSize` |
/// | [`cursors`](Self::cursors) | `cursor` | `nextPageCursor` | `limit` |
/// | [`cursors_with_more`](Self::cursors_with_more) | `cursor` | `nextCursor`, unless `hasMore` is false | `pageSize` |
/// | [`skip`](Self::skip) | `Skip` | the number of items so far | `MaxPageSize` |
/// | [`page_numbers`](Self::page_numbers) | `page` | the number of the page, from 1 | `limit` |
///
/// The names can be changed. A page that continues by another field than this is an error, never the end. The first page is
/// requested without a parameter for it. A field that is empty, null or absent ends the listing.
///
/// ```no_run
/// use rblxopencloud::{Client, Method, Paging};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let client = Client::from_env()?;
/// let log = client
///     .request(Method::Get, "/legacy-groups/v1/groups/{group}/audit-log")
///     .param("group", 7)
///     .paging(Paging::cursors().page_size(100));
/// for entry in log.pages_of::<serde_json::Value>("data") {
///     println!("{}", entry?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Paging {
    pub(crate) follow: Follow,
    /// The parameter of the next page.
    pub(crate) parameter: &'static str,
    pub(crate) size_parameter: &'static str,
    /// `None` leaves the size to the service.
    pub(crate) size: Option<u32>,
    /// Whether the parameters are fields of the JSON body, not of the query.
    pub(crate) in_body: bool,
    /// Whether a page without items is the last one, also if it has a token.
    pub(crate) ends_when_empty: bool,
    /// The fields that are true in a page which lacks items.
    pub(crate) partial_fields: &'static [&'static str],
    /// After how many pages in a row without items a listing ends, although they have tokens. `None` is never.
    pub(crate) most_empty: Option<u32>,
}

/// How the next page is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// By a field of the page.
    Field {
        next: &'static str,
        /// A field that is false on the last page.
        more: Option<&'static str>,
    },
    /// By the number of items so far.
    Skip,
    /// By the number of the page.
    Number,
}

impl Paging {
    /// Pages that are followed by `nextPageToken` and `pageToken`. Their size is `maxPageSize`.
    pub const fn page_tokens() -> Self {
        Self::new(Follow::Field { next: "nextPageToken", more: None }, "pageToken", "maxPageSize")
    }

    /// Pages that are followed by `nextPageCursor` and `cursor`. Their size is `limit`.
    pub const fn cursors() -> Self {
        Self::new(Follow::Field { next: "nextPageCursor", more: None }, "cursor", "limit")
    }

    /// Pages that are followed by `nextCursor` and `cursor`, as long as `hasMore` isn't false. Their size is `pageSize`.
    pub const fn cursors_with_more() -> Self {
        Self::new(Follow::Field { next: "nextCursor", more: Some("hasMore") }, "cursor", "pageSize")
    }

    /// Pages that are requested by `Skip`, the number of items to leave out. Their size is `MaxPageSize`. The listing ends with
    /// an empty page.
    pub const fn skip() -> Self {
        Self::new(Follow::Skip, "Skip", "MaxPageSize")
    }

    /// Pages that are requested by their number `page`, from 1. Their size is `limit`. The listing ends with an empty page.
    pub const fn page_numbers() -> Self {
        Self::new(Follow::Number, "page", "limit")
    }

    const fn new(follow: Follow, parameter: &'static str, size_parameter: &'static str) -> Self {
        Self {
            follow,
            parameter,
            size_parameter,
            size: None,
            in_body: false,
            ends_when_empty: false,
            partial_fields: &[],
            most_empty: None,
        }
    }

    /// Sets the field of a page that tells where the next one begins. A field such as `hasMore` doesn't count then, and pages of
    /// [`skip`](Self::skip) and [`page_numbers`](Self::page_numbers) are followed by the field.
    pub const fn next_field(mut self, name: &'static str) -> Self {
        self.follow = Follow::Field { next: name, more: None };
        self
    }

    /// Sets the parameter that requests the next page, such as `PageToken`.
    pub const fn parameter(mut self, name: &'static str) -> Self {
        self.parameter = name;
        self
    }

    /// Sets the parameter of the page size, such as `MaxPageSize`.
    pub const fn size_parameter(mut self, name: &'static str) -> Self {
        self.size_parameter = name;
        self
    }

    /// Sets the page size. Defaults to that of the service, which may refuse a size that it doesn't allow, or use another.
    pub const fn page_size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Sends the parameters as fields of the JSON body, beside those of [`Request::json`](crate::Request::json), and not in the
    /// query. A body that isn't a JSON object is an [`InvalidInput`](crate::ErrorKind::InvalidInput). Not for a `GET`.
    pub const fn in_body(mut self) -> Self {
        self.in_body = true;
        self
    }

    /// Takes a page without items for the last one, also if it has a token. Without this setting, such a page is followed: a
    /// service can filter the items of a page away.
    pub const fn ends_when_empty(mut self) -> Self {
        self.ends_when_empty = true;
        self
    }

    /// Declares fields of a page that are true if the service couldn't read all of its items. A listing with such a page is
    /// [partial](crate::Pager::is_partial).
    pub const fn partial_fields(mut self, names: &'static [&'static str]) -> Self {
        self.partial_fields = names;
        self
    }

    /// Ends the listing, as a [partial](crate::Pager::is_partial) one, after this many pages in a row that have no items but a
    /// token for the next page, or one page that has the token that it was requested with. Without this setting, such pages are
    /// followed, and a token that repeats is an error. For a service that never ends some listings.
    pub const fn most_empty_pages(mut self, pages: u32) -> Self {
        self.most_empty = Some(pages);
        self
    }
}
