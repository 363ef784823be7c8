//! The search of the creator store.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use rblxopencloud::endpoints::SEARCH_ASSETS;
use rblxopencloud::store::{CreatorStoreProduct, Money};
use rblxopencloud::{AssetType, Creator};
use serde_json::{Value, json};

use super::assets::creator_of;
use super::{Call, Route};
use crate::http::{Answer, Head, PageRequest};
use crate::world::filter::decimal;
use crate::world::{StoredAsset, World};

pub(crate) const ROUTES: &[Route] = &[Route::new(SEARCH_ASSETS, search)];

const DEFAULT_PAGE: u64 = 25;
const LARGEST_PAGE: u64 = 100;
const LARGEST_NUMBER: u64 = i32::MAX as u64;

/// The number of each type in the search.
const CATEGORIES: [(&str, u32); 7] =
    [("Audio", 3), ("Model", 10), ("Decal", 13), ("Plugin", 38), ("MeshPart", 40), ("Video", 62), ("FontFamily", 73)];

/// The values of each parameter that has few.
const CHOICES: [(&str, &[&str]); 9] = [
    ("searchCategoryType", &["Audio", "Model", "Decal", "Plugin", "MeshPart", "Video", "FontFamily"]),
    ("sortCategory", &["Relevance", "Trending", "Top", "AudioDuration", "CreateTime", "UpdatedTime", "Ratings"]),
    ("sortDirection", &["None", "Ascending", "Descending"]),
    ("searchView", &["IDs", "Core", "Full"]),
    ("musicChartType", &["None", "Current", "Week", "Month", "Year"]),
    ("audioTypes", &["Music", "SoundEffect", "Unknown"]),
    ("modelSubTypes", &["Ad", "MaterialPack", "Package"]),
    ("excludedModelSubTypes", &["Ad", "MaterialPack", "Package"]),
    ("includedInstanceTypes", &["Script", "MeshPart", "Decal", "Animation", "Audio", "Tool"]),
];

/// The parameters that no asset of the sandbox matches, unless they have this value. Such a search finds nothing.
const UNMATCHED: [(&str, &str); 11] = [
    ("audioMinDurationSeconds", "0"),
    ("audioMaxDurationSeconds", ""),
    ("audioArtist", ""),
    ("audioAlbum", ""),
    ("audioTypes", ""),
    ("musicChartType", "None"),
    ("modelSubTypes", ""),
    ("includedInstanceTypes", ""),
    ("tags", ""),
    ("swimlane", ""),
    ("categoryPath", ""),
];

/// What a search looks for.
struct Query<'a> {
    category: Option<&'a str>,
    creators: Vec<Creator>,
    words: Vec<String>,
    /// In cents.
    prices: (u64, u64),
    is_unmatched: bool,
}

impl<'a> Query<'a> {
    fn read(head: &'a Head) -> Result<Self, Answer> {
        for (name, values) in CHOICES {
            let mut given = head.query.iter().filter(|(known, _)| known == name);
            if let Some((_, value)) = given.find(|(_, value)| !values.contains(&value.as_str())) {
                return Err(invalid(name, format!("The value '{value}' is not valid.")));
            }
        }
        let category = head.query_value("searchCategoryType");
        if category.is_none() && head.query_value("categoryPath").is_none() {
            return Err(invalid("searchCategoryType", "The searchCategoryType is required without a categoryPath."));
        }
        parsed::<bool>(head, "includeOnlyVerifiedCreators")?;
        number(head, "audioMinDurationSeconds", 0, LARGEST_NUMBER)?;
        number(head, "audioMaxDurationSeconds", 1, LARGEST_NUMBER)?;
        let lowest = number(head, "minPriceCents", 0, LARGEST_NUMBER)?;
        let highest = number(head, "maxPriceCents", 0, LARGEST_NUMBER)?;
        let facets = facets(head);
        let texts = head.query_value("query").into_iter().chain(facets);
        Ok(Self {
            category,
            creators: creators(head)?,
            words: texts.flat_map(str::split_whitespace).map(str::to_lowercase).collect(),
            prices: (lowest.unwrap_or(0), highest.unwrap_or(u64::MAX)),
            is_unmatched: UNMATCHED
                .iter()
                .any(|(name, usual)| head.query.iter().any(|(known, value)| known == name && value != usual)),
        })
    }

    fn matches(&self, asset: &StoredAsset, asset_type: &AssetType, price: &Money) -> bool {
        let text = format!("{} {}", asset.text("displayName"), asset.text("description")).to_lowercase();
        let creator = creator_of(&asset.fields);
        !self.is_unmatched
            && self.category.is_none_or(|category| *asset_type == category)
            && self.creators.iter().all(|wanted| creator == Some(*wanted))
            && self.words.iter().all(|word| text.contains(word))
            && (self.prices.0..=self.prices.1).contains(&cents(price))
    }
}

/// A refusal of a parameter, in the form of the services that the reference describes with `ProblemDetails`.
fn invalid(name: &str, message: impl Display) -> Answer {
    let problem = json!({
        "title": "One or more validation errors occurred.",
        "status": 400,
        "errors": { name: [message.to_string()] },
    });
    Answer::new(400, problem.to_string())
}

fn parsed<T: FromStr>(head: &Head, name: &str) -> Result<Option<T>, Answer> {
    let value = head.query_value(name);
    value
        .map(|value| value.parse().map_err(|_| invalid(name, format!("The value '{value}' is not valid."))))
        .transpose()
}

fn number(head: &Head, name: &str, least: u64, most: u64) -> Result<Option<u64>, Answer> {
    match parsed(head, name)? {
        Some(number) if !(least..=most).contains(&number) => {
            Err(invalid(name, format!("The field {name} must be between {least} and {most}.")))
        }
        number => Ok(number),
    }
}

/// Reads the creator, which can be given in two ways, one of them deprecated.
fn creators(head: &Head) -> Result<Vec<Creator>, Answer> {
    let id = |name: &str, of: fn(u64) -> Creator| Ok(number(head, name, 1, i64::MAX as u64)?.map(of));
    let (user, group) = (id("userId", Creator::User)?, id("groupId", Creator::Group)?);
    if user.is_some() && group.is_some() {
        return Err(invalid("groupId", "Only one of 'userId' and 'groupId' can be present in a query."));
    }
    let deprecated = head.query_value("creator").map(|creator| {
        let found = match creator.split_once('/') {
            Some(("user", id)) => decimal(id).map(Creator::User),
            Some(("group", id)) => decimal(id).map(Creator::Group),
            _ => None,
        };
        found.ok_or_else(|| invalid("creator", "The creator must be of the form user/123 or group/456."))
    });
    Ok(user.into_iter().chain(group).chain(deprecated.transpose()?).collect())
}

fn facets(head: &Head) -> impl Iterator<Item = &str> {
    head.query.iter().filter(|(name, _)| name == "facets").map(|(_, facet)| facet.as_str())
}

fn cents(price: &Money) -> u64 {
    let quantity = &price.quantity;
    let exponent = quantity.exponent.saturating_add(2);
    let power = 10_i64.saturating_pow(exponent.unsigned_abs());
    let cents = if exponent < 0 { quantity.significand / power } else { quantity.significand.saturating_mul(power) };
    u64::try_from(cents).unwrap_or_default()
}

fn page_request(head: &Head) -> Result<PageRequest, Answer> {
    let size = number(head, "maxPageSize", 1, LARGEST_PAGE)?.unwrap_or(DEFAULT_PAGE);
    let page = number(head, "pageNumber", 0, LARGEST_NUMBER)?;
    if page.is_some() && head.query_value("pageToken").is_some() {
        return Err(invalid("pageToken", "Only one of 'pageNumber' and 'pageToken' can be present in a query."));
    }
    let others = head.query.iter().filter(|(name, _)| name != "pageToken" && name != "pageNumber");
    let mut others: Vec<String> = others.map(|(name, text)| format!("{name}={text}")).collect();
    others.sort();
    let mut request = PageRequest::read_sized(DEFAULT_PAGE, LARGEST_PAGE, head, Some(&others.join("&")))?;
    if let Some(page) = page {
        request.offset = usize::try_from(page.saturating_mul(size)).unwrap_or(usize::MAX);
    }
    Ok(request)
}

fn search(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let head = call.head;
    let query = Query::read(head)?;
    let request = page_request(head)?;
    let on_sale = world.products.iter().filter(|(_, product)| product.get("published") == Some(&Value::Bool(true)));
    let found = on_sale.filter_map(|(id, product)| {
        let asset = world.assets.get(id).filter(|asset| asset.is_active())?;
        let asset_type = asset.asset_type()?;
        let product: CreatorStoreProduct = serde_json::from_value(Value::Object(product.clone())).ok()?;
        let price = product.base_price.clone().unwrap_or_default();
        let is_found = query.matches(asset, &asset_type, &price);
        is_found.then(|| result(world, *id, asset, &asset_type, &product))
    });
    let mut found: Vec<Value> = found.collect();
    // All assets of the sandbox are equal in what else they can be sorted by.
    if matches!(head.query_value("sortCategory"), Some("CreateTime" | "UpdatedTime")) {
        let time =
            |found: &Value| found["asset"]["updateTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        found.sort_by_key(time);
        if head.query_value("sortDirection") != Some("Ascending") {
            found.reverse();
        }
    }
    let total = found.len();
    let mut page = request.page_json("creatorStoreAssets", found.into_iter());
    page.insert("totalResults".to_owned(), json!(total));
    let applied: Vec<&str> = facets(head).collect();
    page.insert("queryFacets".to_owned(), json!({ "appliedFacets": applied, "availableFacets": [] }));
    page.insert("filteredKeyword".to_owned(), json!(head.query_value("query")));
    Ok(Answer::json(&Value::Object(page)))
}

fn result(world: &World, id: u64, asset: &StoredAsset, asset_type: &AssetType, product: &CreatorStoreProduct) -> Value {
    let number = CATEGORIES.iter().find(|(name, _)| *asset_type == *name).map(|(_, number)| number);
    let price = product.base_price.clone().unwrap_or_else(|| Money::usd("0").unwrap_or_default());
    let creator = match creator_of(&asset.fields) {
        Some(Creator::User(id)) => json!({ "creator": format!("user/{id}"), "userId": id, "verified": true }),
        Some(Creator::Group(id)) => {
            let name = world.groups.get(id).map(|group| group.info.display_name.clone());
            json!({ "creator": format!("group/{id}"), "groupId": id, "name": name, "verified": true })
        }
        _ => Value::Null,
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
