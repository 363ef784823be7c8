//! Inventories.

use rblxopencloud::endpoints::LIST_INVENTORY_ITEMS;

use super::users::no_such_user;
use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::access::READ_INVENTORY;
use crate::world::filter::InventoryQuery;
use crate::world::{Inventory, World};

pub(crate) const ROUTES: &[Route] = &[Route::new(LIST_INVENTORY_ITEMS, list)];

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (user, head) = (call.id(0), call.head);
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
        world.access().check_private_inventory(user)?;
    }
    let nothing = Inventory::default();
    let inventory = inventory.unwrap_or(&nothing);
    let has_scope = world.access().has(READ_INVENTORY);
    if query.is_none() && has_scope {
        return Ok(inventory.page(&request));
    }
    Ok(inventory.filtered_page(&request, |facts| {
        (has_scope || !facts.needs_scope()) && query.as_ref().is_none_or(|query| query.matches(facts))
    }))
}
