//! `GET /cloud/v2/users/{id}/inventory-items`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::access::READ_INVENTORY;
use super::answer::Answer;
use super::filter::{Facts, InventoryQuery};
use super::http::Head;
use super::listing::PageRequest;
use super::state::World;
use super::users::no_such_user;
use crate::user::InventoryItem;

/// An inventory, written out once, so that a page of it is a piece of text.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// The JSON of all items, with a comma behind each.
    text: Vec<u8>,
    /// Where each item's JSON begins.
    starts: Vec<usize>,
    facts: Vec<Facts>,
}

impl Inventory {
    pub(super) fn new(user: u64, items: impl IntoIterator<Item = InventoryItem>) -> Self {
        let mut inventory = Self::default();
        for (index, mut item) in items.into_iter().enumerate() {
            give_path(&mut item, user, index);
            let start = inventory.text.len();
            // Only a map with keys that aren't strings can't be written, and no item has one.
            if serde_json::to_writer(&mut inventory.text, &item).is_err() {
                inventory.text.truncate(start);
                continue;
            }
            inventory.text.push(b',');
            inventory.starts.push(start);
            inventory.facts.push(Facts::from(&item));
        }
        inventory
    }

    /// The JSON of the item at `index`, with its comma.
    fn item(&self, index: usize) -> &[u8] {
        &self.text[self.starts[index]..self.start(index + 1)]
    }

    fn start(&self, index: usize) -> usize {
        self.starts.get(index).copied().unwrap_or(self.text.len())
    }

    fn page(&self, request: &PageRequest) -> Answer {
        let begin = request.offset.min(self.starts.len());
        let end = begin.saturating_add(request.size).min(self.starts.len());
        let next = (end < self.starts.len()).then(|| request.token(end));
        answer(&[&self.text[self.start(begin)..self.start(end)]], next)
    }

    fn filtered_page(&self, request: &PageRequest, is_shown: impl Fn(&Facts) -> bool) -> Answer {
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
        InventoryItem::Unknown(_) => return,
    };
    if path.is_empty() {
        *path = format!("users/{user}/inventory-items/{}", URL_SAFE_NO_PAD.encode(format!("item-{index}")));
    }
}

pub(super) fn list(world: &World, user: u64, head: &Head) -> Result<Answer, Answer> {
    let inventory = world.inventories.get(&user);
    if inventory.is_none() && !world.users.contains_key(&user) {
        return Err(no_such_user(user));
    }
    let filter = head.query_value("filter").filter(|filter| !filter.is_empty());
    let query = filter
        .map(InventoryQuery::parse)
        .transpose()
        .map_err(|message| Answer::v2(400, "INVALID_ARGUMENT", message))?;
    let request = PageRequest::read(head, filter)?;
    if world.private_inventories.contains(&user) {
        world.access.check_private_inventory(user)?;
    }
    let nothing = Inventory::default();
    let inventory = inventory.unwrap_or(&nothing);
    let has_scope = world.access.has(READ_INVENTORY);
    if query.is_none() && has_scope {
        return Ok(inventory.page(&request));
    }
    Ok(inventory.filtered_page(&request, |facts| {
        (has_scope || !facts.needs_scope()) && query.as_ref().is_none_or(|query| query.matches(facts))
    }))
}
