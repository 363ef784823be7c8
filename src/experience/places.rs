use std::fmt;

use super::handle::Experience;
use crate::api::Endpoint;
use crate::page::{PageItem, Pager, Values};
use crate::request::Paging;
use crate::wire::model;

/// Lists the places of an experience.
pub const LIST_PLACES: Endpoint =
    Endpoint::get("/v1/universes/{universe}/places").on_host("https://develop.roblox.com");

impl Experience {
    /// Lists the places of the experience.
    ///
    /// Calls [`LIST_PLACES`], which needs no credentials. The request goes to `develop.roblox.com`, without the credentials of the
    /// client. With a custom [base URL](crate::ClientBuilder::base_url), it is sent there, also without credentials.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for place in client.experience(13058).list_places() {
    ///     println!("{}", place?);
    /// }
    /// # assert_eq!(client.experience(13058).list_places().next().unwrap()?.id, 1818);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_places(&self) -> Pager<ListedPlace> {
        self.client.call(&LIST_PLACES).param("universe", self.id).pages()
    }
}

model! {
    /// A place of an experience, from [`Experience::list_places`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct ListedPlace {
        /// The place's id.
        pub id: u64,
        /// The universe id of the experience.
        pub universe_id: Option<u64>,
        /// The name of the place.
        #[lenient]
        pub name: String,
        /// The description of the place, often empty.
        #[lenient]
        pub description: String,
    }
}

/// `place 1818 (Crossroads)`.
impl fmt::Display for ListedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "place {} ({})", self.id, self.name)
    }
}

impl PageItem for ListedPlace {
    const FIELD: &'static str = "data";
    const PAGING: Paging = Paging::cursors().page_size(100);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}
