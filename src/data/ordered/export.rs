use std::io::{BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::filter::OrderedFilter;
use super::handle::OrderedDataStore;
use crate::disk::save;
use crate::error::{Error, Result};

/// A line of an export.
#[derive(Serialize)]
struct Line<'e> {
    id: &'e str,
    value: i64,
}

/// # Export
///
/// An export is JSON Lines: an object with `id` and `value` on each line, in the order of the listing.
impl OrderedDataStore {
    /// Writes the entries that a filter matches. Returns their number.
    ///
    /// Calls [`LIST_ORDERED_ENTRIES`](crate::endpoints::LIST_ORDERED_ENTRIES), which needs the scope
    /// `universe.ordered-data-store.scope.entry:read`. No more than a page is in memory.
    ///
    /// ```
    /// use rblxopencloud::data::OrderedFilter;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let coins = sandbox.client().experience(13058).ordered_data_store("Test");
    /// coins.set("user_156", 700)?;
    /// let mut lines = Vec::new();
    /// coins.export(OrderedFilter::new(), &mut lines)?;
    /// assert_eq!(lines, b"{\"id\":\"user_156\",\"value\":700}\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if `writer` fails, and [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an
    /// entry can't be read. What was written by then stays written.
    pub fn export(&self, filter: OrderedFilter, writer: &mut dyn Write) -> Result<u64> {
        let failed = |error| Error::io("the export of an ordered data store", error);
        let mut writer = BufWriter::new(writer);
        let mut entries = self.list_entries_with(filter);
        let mut count = 0;
        for entry in entries.by_ref() {
            let entry = entry?;
            let line = serde_json::to_string(&Line { id: &entry.id, value: entry.value }).map_err(Error::other)?;
            writeln!(writer, "{line}").map_err(failed)?;
            count += 1;
        }
        entries.check_all_read("what the store holds")?;
        writer.flush().map_err(failed)?;
        Ok(count)
    }

    /// Writes the entries that a filter matches to a file, which is replaced once all of them are written. Returns their number.
    /// See [`export`](Self::export).
    ///
    /// # Errors
    /// See [`export`](Self::export), and [`Io`](crate::ErrorKind::Io) if the file can't be created or replaced. Then the file
    /// that was there stays as it was.
    pub fn export_to(&self, filter: OrderedFilter, path: impl AsRef<Path>) -> Result<u64> {
        save(path.as_ref(), |writer| self.export(filter, writer))
    }
}
