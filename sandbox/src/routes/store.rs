//! The products of the creator store.

use rblxopencloud::endpoints::{CREATE_CREATOR_STORE_PRODUCT, GET_CREATOR_STORE_PRODUCT, UPDATE_CREATOR_STORE_PRODUCT};
use rblxopencloud::{AssetType, Creator};
use serde_json::{Map, Value, json};

use super::assets::{creator_of, id_of};
use super::{Call, Route};
use crate::http::Answer;
use crate::world::World;
use crate::world::filter::decimal;

pub(crate) const ROUTES: &[Route] = &[
    Route::new(CREATE_CREATOR_STORE_PRODUCT, create),
    Route::new(GET_CREATOR_STORE_PRODUCT, get).with_names(),
    Route::new(UPDATE_CREATOR_STORE_PRODUCT, update).with_names(),
];

/// The cents of the prices that a plugin can have, besides 0: those in the document.
const PLUGIN_PRICES: [u32; 30] = [
    499, 599, 699, 799, 899, 999, 1099, 1199, 1299, 1399, 1499, 1599, 1699, 1799, 1899, 1999, 2499, 2999, 3499, 3999,
    4499, 4999, 5999, 6999, 7999, 8999, 9999, 14999, 19999, 24999,
];

/// The field that names the asset of a product, the type of the asset where the sandbox has assets of it, and the type in the
/// id of the product.
type Kind = (&'static str, Option<AssetType>, &'static str);

static KINDS: [Kind; 7] = [
    ("modelAssetId", Some(AssetType::Model), "Model"),
    ("pluginAssetId", None, "Plugin"),
    ("audioAssetId", Some(AssetType::Audio), "Audio"),
    ("decalAssetId", Some(AssetType::Decal), "Decal"),
    ("meshPartAssetId", None, "MeshPart"),
    ("videoAssetId", Some(AssetType::Video), "Video"),
    ("fontFamilyAssetId", None, "FontFamily"),
];

/// The fields that can be set, after the asset. Others in a request are ignored, as published clients send more.
const SETTABLE: [&str; 2] = ["basePrice", "published"];

/// What the id of each product begins with.
const NAMESPACE: &str = "CreatorMarketplaceAsset-";

fn not_found(what: &str) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The {what} doesn't exist."))
}

fn create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let body = call.json()?;
    let named = named_asset(&call, &body)?;
    let (kind, id) = named.ok_or_else(|| call.invalid("The body has no asset, such as modelAssetId."))?;
    create_of(world, &call, &body, kind, id)
}

fn create_of(
    world: &mut World,
    call: &Call<'_>,
    body: &Map<String, Value>,
    (field, fitting, name): &Kind,
    id: u64,
) -> Result<Answer, Answer> {
    let asset = world.assets.get(&id).ok_or_else(|| not_found("asset"))?;
    if fitting.is_some() && *fitting != asset.asset_type() {
        return Err(call.invalid(format!("The asset {id} doesn't fit the field {field}.")));
    }
    let creator = creator_of(&asset.fields);
    check_creator(world, creator)?;
    if world.products.contains_key(&id) {
        return Err(Answer::v2(409, "ABORTED", "The product exists."));
    }
    let mut product = Map::new();
    product.insert("path".to_owned(), json!(format!("creator-store-products/{NAMESPACE}{name}-{id}")));
    product.insert((*field).to_owned(), json!(id.to_string()));
    // The sellers are bare ids, not paths.
    match creator {
        Some(Creator::User(id)) => product.insert("userSeller".to_owned(), json!(id.to_string())),
        Some(Creator::Group(id)) => product.insert("groupSeller".to_owned(), json!(id.to_string())),
        _ => None,
    };
    for field in ["basePrice", "purchasePrice"] {
        let free = json!({ "currencyCode": "USD", "quantity": { "significand": 0, "exponent": 0 } });
        product.insert(field.to_owned(), free);
    }
    product.insert("restrictions".to_owned(), json!([]));
    product.insert("displayName".to_owned(), json!(asset.text("displayName")));
    product.insert("description".to_owned(), json!(asset.text("description")));
    change(call, &mut product, body, SETTABLE.into_iter().filter(|field| body.contains_key(*field)))?;
    world.products.insert(id, product.clone());
    Ok(Answer::json(&Value::Object(product)))
}

/// Returns the kind of the product that a body names, and the asset.
fn named_asset(call: &Call<'_>, body: &Map<String, Value>) -> Result<Option<(&'static Kind, u64)>, Answer> {
    let mut items = KINDS.iter().filter_map(|kind| Some((kind, body.get(kind.0)?)));
    match (items.next(), items.next()) {
        (None, _) => Ok(None),
        (Some((kind, id)), None) => {
            let id = id_of(id).ok_or_else(|| call.invalid("The asset's ID is not a number."))?;
            Ok(Some((kind, id)))
        }
        (Some(_), Some(_)) => Err(call.invalid("The body names more than one asset.")),
    }
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let named = parse_name(call.name(0)).filter(|named| exists(world, *named));
    let product = named.and_then(|(_, id)| world.products.get(&id)).ok_or_else(|| not_found("product"))?;
    Ok(Answer::json(&Value::Object(product.clone())))
}

fn exists(world: &World, ((field, ..), id): (&Kind, u64)) -> bool {
    world.products.get(&id).is_some_and(|product| product.contains_key(*field))
}

/// Returns the kind and the asset in the id of a product. The type has one of two forms, such as `MeshPart` and
/// `PRODUCT_TYPE_MESH_PART`.
fn parse_name(name: &str) -> Option<(&'static Kind, u64)> {
    let (text, id) = name.strip_prefix(NAMESPACE)?.rsplit_once('-')?;
    let is = |known: &str| match text.strip_prefix("PRODUCT_TYPE_") {
        Some(constant) => constant.replace('_', "") == known.to_ascii_uppercase(),
        None => text == known,
    };
    let kind = KINDS.iter().find(|(_, _, known)| is(known))?;
    Some((kind, decimal(id)?))
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let may_create = match call.head.query_value("allowMissing") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(call.invalid("The parameter allowMissing is neither true nor false.")),
    };
    let body = call.json()?;
    let named = named_asset(&call, &body)?;
    let (kind, id) = parse_name(call.name(0)).ok_or_else(|| not_found("product"))?;
    let is_there = exists(world, (kind, id));
    if !is_there && !may_create {
        return Err(not_found("product"));
    }
    if named.is_some_and(|named| named != (kind, id)) {
        return Err(call.invalid("The body names another asset than the path."));
    }
    if !is_there {
        // The mask is ignored.
        return create_of(world, &call, &body, kind, id);
    }
    let creator = world.assets.get(&id).and_then(|asset| creator_of(&asset.fields));
    check_creator(world, creator)?;
    let product = world.products.get_mut(&id).ok_or_else(|| not_found("product"))?;
    let mask = call.head.query_value("updateMask").unwrap_or_default();
    let named: Vec<&str> = match mask {
        "" | "*" => SETTABLE.into_iter().filter(|field| body.contains_key(*field)).collect(),
        mask => mask.split(',').collect(),
    };
    if named.is_empty() {
        return Err(call.invalid("The body changes nothing."));
    }
    change(&call, product, &body, named.into_iter())?;
    Ok(Answer::json(&Value::Object(product.clone())))
}

fn check_creator(world: &World, creator: Option<Creator>) -> Result<(), Answer> {
    let Some(creator) = creator else { return Ok(()) };
    world.access().check_creator(creator, &world.groups).map_err(|_| {
        Answer::v2(403, "PERMISSION_DENIED", format!("The owner of the credentials may not sell assets of {creator}."))
    })
}

/// Changes the named fields, all or none. If the body lacks `published`, it becomes `false`, as everywhere in proto3 JSON; a
/// price has no default.
fn change<'a>(
    call: &Call<'_>,
    product: &mut Map<String, Value>,
    body: &Map<String, Value>,
    named: impl Iterator<Item = &'a str>,
) -> Result<(), Answer> {
    let mut changed = product.clone();
    for field in named {
        let value = match (field, body.get(field)) {
            ("basePrice", Some(price)) => {
                check_price(call, price, product.contains_key("pluginAssetId"))?;
                changed.insert("purchasePrice".to_owned(), price.clone());
                price.clone()
            }
            ("published", None) => json!(false),
            ("published", Some(published)) if published.is_boolean() => published.clone(),
            ("basePrice" | "published", _) => {
                return Err(call.invalid(format!("The field '{field}' has no valid value.")));
            }
            _ => return Err(call.invalid(format!("The field '{field}' can't be set."))),
        };
        changed.insert(field.to_owned(), value);
    }
    let published = changed.get("published") == Some(&Value::Bool(true));
    changed.insert("published".to_owned(), json!(published));
    changed.insert("purchasable".to_owned(), json!(published));
    *product = changed;
    Ok(())
}

fn check_price(call: &Call<'_>, price: &Value, is_plugin: bool) -> Result<(), Answer> {
    let number = |field: &str| price.pointer(&format!("/quantity/{field}")).and_then(Value::as_i64).unwrap_or_default();
    if price.get("currencyCode").and_then(Value::as_str) != Some("USD") {
        return Err(call.invalid("The currency of a price is USD."));
    }
    let (significand, exponent) = (number("significand"), number("exponent"));
    if significand < 0 || (significand != 0 && exponent != -9) {
        return Err(call.invalid("The exponent of a price is -9."));
    }
    let cents = significand / 10_000_000;
    if is_plugin && significand != 0 && !PLUGIN_PRICES.iter().any(|price| i64::from(*price) == cents) {
        return Err(call.invalid("The price is not one that a plugin can have."));
    }
    Ok(())
}
