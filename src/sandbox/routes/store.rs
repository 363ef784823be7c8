//! The creator store: products and the search.

use serde_json::{Map, Value, json};

use super::assets::{creator_of, id_of};
use super::{Asked, Route};
use crate::asset::{AssetType, Creator, CreatorStoreProduct, CreatorStoreProductType, Money, product_name};
use crate::endpoints::{
    CREATE_CREATOR_STORE_PRODUCT, GET_CREATOR_STORE_PRODUCT, SEARCH_ASSETS, UPDATE_CREATOR_STORE_PRODUCT,
};
use crate::sandbox::http::{Answer, PageRequest};
use crate::sandbox::world::{StoredAsset, World};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(CREATE_CREATOR_STORE_PRODUCT, create),
    Route::new(GET_CREATOR_STORE_PRODUCT, get).with_names(),
    Route::new(UPDATE_CREATOR_STORE_PRODUCT, update).with_names(),
    Route::new(SEARCH_ASSETS, search),
];

/// The cents of the prices that a plugin can have, besides 0: those in the document.
const PLUGIN_PRICES: [u32; 30] = [
    499, 599, 699, 799, 899, 999, 1099, 1199, 1299, 1399, 1499, 1599, 1699, 1799, 1899, 1999, 2499, 2999, 3499, 3999,
    4499, 4999, 5999, 6999, 7999, 8999, 9999, 14999, 19999, 24999,
];

const FIELDS: [(&str, AssetType); 3] =
    [("modelAssetId", AssetType::Model), ("audioAssetId", AssetType::Audio), ("decalAssetId", AssetType::Decal)];

fn not_found(what: &str) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The {what} doesn't exist."))
}

fn create(world: &mut World, asked: Asked<'_>) -> Result<Answer, Answer> {
    let body = asked.json()?;
    let mut items = body.iter().filter(|(field, _)| field.ends_with("AssetId"));
    let (Some((field, id)), None) = (items.next(), items.next()) else {
        return Err(asked.invalid("The product is not exactly one asset."));
    };
    let id = id_of(id).ok_or_else(|| asked.invalid("The asset's ID is not a number."))?;
    let asset = world.assets.get(&id).ok_or_else(|| not_found("asset"))?;
    let own_type = asset.asset_type();
    if FIELDS.iter().any(|(known, of)| known == field && Some(of) != own_type.as_ref()) {
        return Err(asked.invalid(format!("The asset {id} doesn't fit the field {field}.")));
    }
    let creator = creator_of(&asset.fields);
    check_creator(world, creator)?;
    if world.products.contains_key(&id) {
        return Err(Answer::v2(409, "ABORTED", "The product exists."));
    }
    let mut product = Map::new();
    let product_type = CreatorStoreProductType::from(field.strip_suffix("AssetId").unwrap_or_default());
    let name = product_name(&product_type, id);
    product.insert("path".to_owned(), json!(format!("creator-store-products/{name}")));
    product.insert(field.clone(), json!(id.to_string()));
    match creator {
        Some(Creator::User(id)) => product.insert("userSeller".to_owned(), json!(format!("users/{id}"))),
        Some(Creator::Group(id)) => product.insert("groupSeller".to_owned(), json!(format!("groups/{id}"))),
        None => None,
    };
    change(&asked, &mut product, &body, &["basePrice", "published"])?;
    world.products.insert(id, product.clone());
    Ok(Answer::json(&Value::Object(product)))
}

fn get(world: &mut World, asked: Asked<'_>) -> Result<Answer, Answer> {
    let product = world.products.get(&asset_of(world, &asked)?).ok_or_else(|| not_found("product"))?;
    Ok(Answer::json(&Value::Object(product.clone())))
}

/// Returns the asset whose product a path names.
fn asset_of(world: &World, asked: &Asked<'_>) -> Result<u64, Answer> {
    let path = json!(format!("creator-store-products/{}", asked.name(0)));
    let found = world.products.iter().find(|(_, product)| product.get("path") == Some(&path));
    found.map(|(id, _)| *id).ok_or_else(|| not_found("product"))
}

fn update(world: &mut World, asked: Asked<'_>) -> Result<Answer, Answer> {
    let id = asset_of(world, &asked)?;
    let creator = world.assets.get(&id).and_then(|asset| creator_of(&asset.fields));
    check_creator(world, creator)?;
    let body = asked.json()?;
    let mask = asked.head.query_value("updateMask").unwrap_or_default().to_owned();
    let mask: Vec<&str> = mask.split(',').filter(|field| !field.is_empty()).collect();
    let product = world.products.get_mut(&id).ok_or_else(|| not_found("product"))?;
    change(&asked, product, &body, &mask)?;
    Ok(Answer::json(&Value::Object(product.clone())))
}

fn check_creator(world: &World, creator: Option<Creator>) -> Result<(), Answer> {
    let Some(creator) = creator else { return Ok(()) };
    world.access().check_creator(creator, &world.groups).map_err(|_| {
        Answer::v2(403, "PERMISSION_DENIED", format!("The owner of the credentials may not sell assets of {creator}."))
    })
}

/// Changes the fields of a mask.
fn change(
    asked: &Asked<'_>,
    product: &mut Map<String, Value>,
    body: &Map<String, Value>,
    mask: &[&str],
) -> Result<(), Answer> {
    let mut changed = product.clone();
    for field in mask {
        let Some(value) = body.get(*field) else { continue };
        match *field {
            "basePrice" => {
                check_price(asked, value, product.contains_key("pluginAssetId"))?;
                changed.insert("purchasePrice".to_owned(), value.clone());
            }
            "published" if value.is_boolean() => {}
            _ => return Err(asked.invalid(format!("The field '{field}' can't be set."))),
        }
        changed.insert((*field).to_owned(), value.clone());
    }
    let published = changed.get("published") == Some(&Value::Bool(true));
    changed.insert("published".to_owned(), json!(published));
    changed.insert("purchasable".to_owned(), json!(published));
    *product = changed;
    Ok(())
}

fn check_price(asked: &Asked<'_>, price: &Value, is_plugin: bool) -> Result<(), Answer> {
    let number = |field: &str| price.pointer(&format!("/quantity/{field}")).and_then(Value::as_i64).unwrap_or_default();
    if price.get("currencyCode").and_then(Value::as_str) != Some("USD") {
        return Err(asked.invalid("The currency of a price is USD."));
    }
    let (significand, exponent) = (number("significand"), number("exponent"));
    if significand < 0 || (significand != 0 && exponent != -9) {
        return Err(asked.invalid("The exponent of a price is -9."));
    }
    let cents = significand / 10_000_000;
    if is_plugin && significand != 0 && !PLUGIN_PRICES.iter().any(|price| i64::from(*price) == cents) {
        return Err(asked.invalid("The price is not one that a plugin can have."));
    }
    Ok(())
}

/// The number of each type in the search.
const CATEGORIES: [(&str, u32); 7] =
    [("Audio", 3), ("Model", 10), ("Decal", 13), ("Plugin", 38), ("MeshPart", 40), ("Video", 62), ("FontFamily", 73)];

fn search(world: &mut World, asked: Asked<'_>) -> Result<Answer, Answer> {
    let head = asked.head;
    let category = head.query_value("searchCategoryType");
    if category.is_none() && head.query_value("categoryPath").is_none() {
        return Err(asked.invalid("The searchCategoryType is missing."));
    }
    if category.is_some_and(|category| !CATEGORIES.iter().any(|(known, _)| *known == category)) {
        return Err(asked.invalid("The searchCategoryType is unknown."));
    }
    let id = |name: &str| head.query_value(name).and_then(|id| id.parse().ok());
    let creator = id("userId").map(Creator::User).or_else(|| id("groupId").map(Creator::Group));
    let words = head.query_value("query").unwrap_or_default().to_lowercase();
    let everything: Vec<&str> =
        head.query.iter().filter(|(name, _)| name != "pageToken").map(|(_, text)| &**text).collect();
    let request = PageRequest::read(head, Some(&everything.join("&")))?;

    let on_sale = world.products.iter().filter(|(_, product)| product.get("published") == Some(&Value::Bool(true)));
    let found = on_sale.filter_map(|(id, product)| {
        let asset = world.assets.get(id).filter(|asset| asset.is_active())?;
        let asset_type = asset.asset_type()?;
        let text = format!("{} {}", asset.text("displayName"), asset.text("description")).to_lowercase();
        let is_found = category.is_none_or(|category| asset_type == category)
            && creator.is_none_or(|creator| creator_of(&asset.fields) == Some(creator))
            && words.split_whitespace().all(|word| text.contains(word));
        is_found.then(|| result(world, *id, asset, &asset_type, product))
    });
    let found: Vec<Value> = found.collect();
    let total = found.len();
    let mut answer = request.page("creatorStoreAssets", found.into_iter());
    let mut page: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    page["totalResults"] = json!(total);
    answer.body = page.to_string().into_bytes();
    Ok(answer)
}

fn result(world: &World, id: u64, asset: &StoredAsset, asset_type: &AssetType, product: &Map<String, Value>) -> Value {
    let number = CATEGORIES.iter().find(|(name, _)| *asset_type == *name).map(|(_, number)| number);
    let product: CreatorStoreProduct = serde_json::from_value(Value::Object(product.clone())).unwrap_or_default();
    let price = product.base_price.unwrap_or_else(|| Money::usd("0").unwrap_or_default());
    let creator = match creator_of(&asset.fields) {
        Some(Creator::User(id)) => json!({ "creator": format!("user/{id}"), "userId": id, "verified": true }),
        Some(Creator::Group(id)) => {
            let name = world.groups.get(id).map(|group| group.info.display_name.clone());
            json!({ "creator": format!("group/{id}"), "groupId": id, "name": name, "verified": true })
        }
        None => Value::Null,
    };
    json!({
        "asset": {
            "id": id,
            "name": asset.text("displayName"),
            "description": asset.text("description"),
            "assetTypeId": number,
            "createTime": asset.fields.get("revisionCreateTime"),
            "updateTime": asset.fields.get("revisionCreateTime"),
        },
        "creator": creator,
        "creatorStoreProduct": { "purchasePrice": price, "purchasable": product.purchasable },
        "voting": { "showVotes": true, "upVotes": 0, "downVotes": 0, "canVote": false, "voteCount": 0, "upVotePercent": 0 },
    })
}
