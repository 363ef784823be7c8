//! Inventories.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rblxopencloud::InventoryItem;

use super::filter::Facts;
use crate::http::{Answer, PageRequest};

/// An inventory, serialized once, so that a page is a slice of text.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// The JSON of all items, each followed by a comma.
    text: Vec<u8>,
    /// The start of each item's JSON.
    starts: Vec<usize>,
    facts: Vec<Facts>,
}

impl Inventory {
    pub(crate) fn new(user: u64, items: impl IntoIterator<Item = InventoryItem>) -> Self {
        let mut inventory = Self::default();
        items.into_iter().for_each(|item| inventory.push(user, item));
        inventory
    }

    /// Adds an item at the end.
    pub(crate) fn push(&mut self, user: u64, mut item: InventoryItem) {
        give_path(&mut item, user, self.starts.len());
        let start = self.text.len();
        // Only maps with keys that aren't strings can't be serialized, and no item has one.
        if serde_json::to_writer(&mut self.text, &item).is_err() {
            self.text.truncate(start);
            return;
        }
        self.text.push(b',');
        self.starts.push(start);
        self.facts.push(Facts::from(&item));
    }

    /// Returns the JSON of each item.
    pub(crate) fn items(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.starts.len()).map(|index| self.item(index)).map(|item| item.strip_suffix(b",").unwrap_or(item))
    }

    /// Returns the JSON of the item at `index`, with its comma.
    fn item(&self, index: usize) -> &[u8] {
        &self.text[self.starts[index]..self.start(index + 1)]
    }

    fn start(&self, index: usize) -> usize {
        self.starts.get(index).copied().unwrap_or(self.text.len())
    }

    pub(crate) fn page(&self, request: &PageRequest) -> Answer {
        let begin = request.offset.min(self.starts.len());
        let end = begin.saturating_add(request.size).min(self.starts.len());
        let next = (end < self.starts.len()).then(|| request.token(end));
        answer(&[&self.text[self.start(begin)..self.start(end)]], next)
    }

    pub(crate) fn filtered_page(&self, request: &PageRequest, is_shown: impl Fn(&Facts) -> bool) -> Answer {
        let matching = (request.offset..self.facts.len()).filter(|index| is_shown(&self.facts[*index]));
        // One more than the page has, to know whether there is another page.
        let mut found: Vec<usize> = matching.take(request.size + 1).collect();
        let next = (found.len() > request.size).then(|| found.pop()).flatten();
        let items: Vec<&[u8]> = found.into_iter().map(|index| self.item(index)).collect();
        answer(&items, next.map(|index| request.token(index)))
    }
}

fn answer(items: &[&[u8]], next: Option<String>) -> Answer {
    let mut body = Vec::with_capacity(items.iter().map(|item| item.len()).sum::<usize>() + 128);
    body.extend_from_slice(b"{\"inventoryItems\":[");
    for item in items {
        body.extend_from_slice(item);
    }
    if body.last() == Some(&b',') {
        body.pop();
    }
    body.extend_from_slice(b"],\"nextPageToken\":\"");
    body.extend_from_slice(next.unwrap_or_default().as_bytes());
    body.extend_from_slice(b"\"}");
    Answer::new(200, body)
}

fn give_path(item: &mut InventoryItem, user: u64, index: usize) {
    let path = match item {
        InventoryItem::Asset(asset) => &mut asset.path,
        InventoryItem::Badge(badge) => &mut badge.path,
        InventoryItem::GamePass(game_pass) => &mut game_pass.path,
        InventoryItem::PrivateServer(server) => &mut server.path,
        _ => return,
    };
    if path.is_empty() {
        *path = item_path(user, index);
    }
}

/// Returns the path of an item that has none of its own.
pub(crate) fn item_path(user: u64, index: usize) -> String {
    format!("users/{user}/inventory-items/{}", URL_SAFE_NO_PAD.encode(format!("item-{index}")))
}
