//! Listings in pages.

mod cursor;
mod decode;
mod listing;
mod pager;
mod pages;
mod values;

pub use cursor::Cursor;
pub use decode::PageItem;
pub(crate) use decode::{Contents, Names, decode_page};
pub use pager::Pager;
pub use pages::{Page, Pages};
pub(crate) use values::Values;
