//! Compares the models with Roblox's document: every property and every value of an enum that it has for a model is in ours,
//! and responses made up from its schemas never fail a page. `OPEN_CLOUD_SPEC` is the path of the document.

use std::collections::BTreeSet;
use std::fmt::Debug;

use rblxopencloud::asset::*;
use rblxopencloud::experience::{LuauLog, LuauRun, PlaceInfo, TeamCreateMember};
use rblxopencloud::group::*;
use rblxopencloud::store::*;
use rblxopencloud::user::*;
use rblxopencloud::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::document::Document;
use crate::support::instances::{Maker, Mood};
use crate::support::{Reply, Server};

/// The schema of a model, and how it is read and written. Returns the JSON that is written, and how it is printed.
#[derive(Clone, Copy)]
pub struct Model {
    pub schema: &'static str,
    pub round_trip: fn(Value) -> Result<(Value, String), String>,
}

pub fn round_trip<T: DeserializeOwned + Serialize + Debug>(value: Value) -> Result<(Value, String), String> {
    let model: T = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let debug = format!("{model:?}");
    Ok((serde_json::to_value(&model).map_err(|error| error.to_string())?, debug))
}

macro_rules! models {
    ($($schema:literal: $model:ty,)+) => {
        pub const MODELS: &[Model] = &[$(Model { schema: $schema, round_trip: round_trip::<$model> },)+];
    };
}

models! {
    "User": UserInfo,
    "InventoryItem": InventoryItem,
    "GenerateUserThumbnailResponse": Thumbnail,
    "AssetQuota": AssetQuota,
    "UserNotification": SentNotification,
    "Roblox.Followings.Api.Models.UserFollowingUniverseStatusResponse": ExperienceFollowingStatus,
    "Subscription": Subscription,
    "Group": GroupInfo,
    "GroupRole": GroupRole,
    "GroupMembership": GroupMembership,
    "GroupJoinRequest": GroupJoinRequest,
    "Roblox.Api.Develop.Models.GroupModel": ManageableGroup,
    "Universe": ExperienceInfo,
    "Place": PlaceInfo,
    "Roblox.Web.Responses.Users.SkinnyUserResponse": TeamCreateMember,
    "LuauExecutionSessionTask": LuauRun,
    "LuauExecutionSessionTaskLog": LuauLog,
    "Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem": AuditLogEntry,
    "Asset": Asset,
    "AssetVersion": AssetVersion,
    "CreatorStoreProduct": CreatorStoreProduct,
    "CreatorStoreAsset": StoreAsset,
    "BatchGrantPermissionsResponse": GrantedPermissions,
}

/// The properties that our models don't have, by schema, and why.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("UserNotification", "/source", "only requests have it"),
    ("UserNotification", "/payload", "only requests have it"),
    ("Universe", "/templateRootPlace", "only requests have it"),
    ("Place", "/templatePlace", "only requests have it"),
    (
        "Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem",
        "/actor/user/buildersClubMembershipType",
        "the club is gone",
    ),
    (
        "Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem",
        "/actor/role/description",
        "the group's roles have it",
    ),
    (
        "Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem",
        "/actor/role/memberCount",
        "the group's roles have it",
    ),
    ("Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem", "/actor/role/isBase", "the group's roles have it"),
    ("Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem", "/actor/role/color", "the group's roles have it"),
];

/// The paths of all values within a value.
fn leaves(value: &Value, path: &str, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| leaves(value, &format!("{path}/{name}"), into));
        }
        Value::Array(values) => {
            // The order of a set is its own.
            values.iter().for_each(|value| leaves(value, &format!("{path}/-"), into));
        }
        Value::String(text) => into.push((path.to_owned(), plain(text))),
        value => into.push((path.to_owned(), value.to_string())),
    }
}

/// The service writes times with 0, 3, 6 or 9 digits after the point.
fn plain(text: &str) -> String {
    match text.strip_suffix('Z') {
        Some(time) if time.contains('T') && time.contains('.') => format!("{}Z", time.trim_end_matches('0')),
        _ => text.to_owned(),
    }
}

/// Whether a known kind or value was read as an unknown one. `Unknown` is also the name of a type of sound, and an asset in an
/// inventory can come without a type.
fn has_unknown(debug: &str) -> bool {
    debug.replace("Unknown(\"Unknown\")", "").replace("asset_type: Unknown(\"\")", "").contains("Unknown(")
}

#[test]
fn models_have_every_property_and_every_value() {
    let document = Document::as_written();
    let mut used = BTreeSet::new();
    for model in MODELS {
        let mut maker = Maker::new(&document, Mood::Full);
        for _ in 0..200 {
            let sent = maker.item(model.schema);
            let (kept, debug) = (model.round_trip)(sent.clone())
                .unwrap_or_else(|error| panic!("{}: {error} in {sent:#}", model.schema));
            let (mut given, mut written) = (Vec::new(), Vec::new());
            leaves(&sent, "", &mut given);
            leaves(&kept, "", &mut written);
            for leaf in given {
                let left_out =
                    LEFT_OUT.iter().find(|(schema, path, _)| *schema == model.schema && leaf.0.starts_with(path));
                if written.contains(&leaf) {
                    continue;
                }
                let left_out =
                    left_out.unwrap_or_else(|| panic!("{}: {leaf:?} is lost\n{sent:#}\n{kept:#}", model.schema));
                used.insert(left_out.1);
            }
            assert!(!has_unknown(&debug), "{}: {debug}", model.schema);
        }
    }
    for (schema, path, why) in LEFT_OUT {
        assert!(used.contains(path), "{schema} has {path} now: {why}");
    }
}

#[test]
fn models_keep_the_examples_of_the_document() {
    let document = Document::as_written();
    let mut examples = 0;
    for model in MODELS {
        // Of properties that exclude each other, each comes once.
        for turn in 0..4 {
            // The path and the roles of the example of a membership are of different groups.
            let sent = document.example(document.schema(model.schema), turn).to_string();
            let sent: Value = serde_json::from_str(&sent.replace("groups/7/", "groups/123/")).expect("it is JSON");
            if sent.is_null() {
                continue;
            }
            let (kept, _) =
                (model.round_trip)(sent.clone()).unwrap_or_else(|error| panic!("{}: {error}", model.schema));
            let (mut given, mut written) = (Vec::new(), Vec::new());
            leaves(&sent, "", &mut given);
            leaves(&kept, "", &mut written);
            examples += given.len();
            let is_kept = |leaf: &(String, String)| {
                let left_out =
                    |(schema, path, _): &(&str, &str, &str)| *schema == model.schema && leaf.0.starts_with(path);
                written.contains(leaf) || LEFT_OUT.iter().any(left_out)
            };
            let lost: Vec<_> = given.iter().filter(|leaf| !is_kept(leaf)).collect();
            assert!(lost.is_empty(), "{}: {lost:?} is lost\n{sent:#}\n{kept:#}", model.schema);
        }
    }
    assert!(examples > 300, "the document has examples: {examples}");
}

#[test]
fn models_survive_missing_and_new_properties() {
    let document = Document::as_written();
    for model in MODELS {
        for mood in [Mood::Loose, Mood::Newer] {
            let mut maker = Maker::new(&document, mood);
            for _ in 0..500 {
                let mut sent = maker.item(model.schema);
                // Whether a task has ended is what it answers.
                if model.schema == "LuauExecutionSessionTask" && !sent["state"].is_string() {
                    sent["state"] = json!("QUEUED");
                }
                let read = (model.round_trip)(sent.clone());
                let (_, debug) = read.unwrap_or_else(|error| panic!("{}: {error} in {sent:#}", model.schema));
                assert!(mood == Mood::Newer || !has_unknown(&debug), "{}: {debug}", model.schema);
            }
        }
    }
}

/// A listing, the schema of its items, and what it yields: the items, and how many were unreadable.
struct Listing {
    field: &'static str,
    schema: &'static str,
    list: fn(&Client) -> Result<Listed>,
}

/// The printed items, and how many were unreadable.
type Listed = (Vec<String>, u64);

fn all<T: Debug>(pager: Pager<T>) -> Result<Listed> {
    listed(pager, Pager::unreadable_count)
}

fn listed<I, T: Debug>(mut items: I, unreadable_count: fn(&I) -> u64) -> Result<Listed>
where
    I: Iterator<Item = Result<T>>,
{
    let shown = items.by_ref().map(|item| item.map(|item| format!("{item:?}"))).collect::<Result<Vec<_>>>()?;
    Ok((shown, unreadable_count(&items)))
}

const LISTINGS: &[Listing] = &[
    Listing {
        field: "inventoryItems",
        schema: "InventoryItem",
        list: |client| listed(client.user(156).list_inventory(), InventoryItems::unreadable_count),
    },
    Listing { field: "assetQuotas", schema: "AssetQuota", list: |client| all(client.user(156).list_asset_quotas()) },
    Listing {
        field: "groupMemberships",
        schema: "GroupMembership",
        list: |client| all(client.user(156).list_groups()),
    },
    Listing { field: "groupRoles", schema: "GroupRole", list: |client| all(client.group(7).list_roles()) },
    Listing {
        field: "groupJoinRequests",
        schema: "GroupJoinRequest",
        list: |client| all(client.group(7).list_join_requests()),
    },
    Listing {
        field: "data",
        schema: "Roblox.Api.Develop.Models.GroupModel",
        list: |client| all(client.list_manageable_groups()),
    },
    Listing { field: "assetVersions", schema: "AssetVersion", list: |client| all(client.asset(1).list_versions()) },
    Listing {
        field: "creatorStoreAssets",
        schema: "CreatorStoreAsset",
        list: |client| all(client.search_assets(AssetSearch::new(AssetSearchCategory::Model))),
    },
];

#[test]
fn made_up_responses_never_fail_a_page() {
    const ITEMS: usize = 60;
    const PAGES: usize = 10;
    let document = Document::as_written();
    for Listing { field, schema, list } in LISTINGS {
        for mood in [Mood::Full, Mood::Loose, Mood::Newer, Mood::Wild] {
            let mut maker = Maker::new(&document, mood);
            let pages = (1..=PAGES).map(|number| {
                let items: Vec<Value> = (0..ITEMS).map(|_| maker.item(schema)).collect();
                let token = if number == PAGES { String::new() } else { format!("page{number}") };
                Reply::ok(&json!({ *field: items, "nextPageToken": token }))
            });
            let server = Server::script(pages.collect::<Vec<_>>());
            let (items, unreadable) =
                list(&server.client()).unwrap_or_else(|error| panic!("{field}, {mood:?}: {error}"));
            assert_eq!(items.len() as u64 + unreadable, (ITEMS * PAGES) as u64, "{field}, {mood:?}");
            if mood == Mood::Wild {
                continue;
            }
            assert_eq!(unreadable, 0, "{field}, {mood:?}");
            let unknown = items.iter().find(|item| has_unknown(item));
            assert!(mood == Mood::Newer || unknown.is_none(), "{field}, {mood:?}: {unknown:?}");
        }
    }
}

#[test]
fn bare_lists_of_versions_are_read() {
    let document = Document::as_written();
    let mut maker = Maker::new(&document, Mood::Full);
    let versions: Vec<Value> = (0..3).map(|_| maker.item("AssetVersion")).collect();
    let server = Server::script([Reply::ok(&json!(versions))]);
    let (items, unreadable) = all(server.client().asset(1).list_versions()).expect("the document has this form");
    assert_eq!((items.len(), unreadable, server.count()), (3, 0, 1));
}

#[test]
fn the_page_of_a_search_has_every_property() {
    let document = Document::as_written();
    let schema = document.schema("SearchCreatorStoreAssetsResponse");
    let names: BTreeSet<&str> =
        schema["properties"].as_object().expect("it has some").keys().map(String::as_str).collect();
    let known =
        ["creatorStoreAssets", "nextPageToken", "totalResults", "queryFacets", "queryCorrection", "filteredKeyword"];
    assert_eq!(names, known.into());
    for mood in [Mood::Full, Mood::Loose, Mood::Newer] {
        let mut maker = Maker::new(&document, mood);
        for _ in 0..50 {
            let sent = maker.item("SearchCreatorStoreAssetsResponse");
            let server = Server::script([Reply::ok(&sent)]);
            let search = AssetSearch::new(AssetSearchCategory::Model);
            let page = match server.client().fetch_search_page(search) {
                Ok(page) => page,
                // A response with neither assets nor a total is none.
                Err(_) if sent["creatorStoreAssets"].is_null() && sent["totalResults"].is_null() => continue,
                // Nor is one that has another list in place of the assets.
                Err(_) if sent["creatorStoreAssets"].is_null() && sent["hologram"].is_array() => continue,
                Err(error) => panic!("{error}: {sent:#}"),
            };
            let assets = sent["creatorStoreAssets"].as_array().map_or(0, Vec::len);
            assert_eq!((page.assets.len(), page.unreadable.len()), (assets, 0), "{sent:#}");
            if mood != Mood::Full {
                continue;
            }
            let facets = &sent["queryFacets"];
            assert_eq!(json!(page.total_results), sent["totalResults"]);
            assert_eq!(json!(page.filtered_keyword), sent["filteredKeyword"]);
            assert_eq!(json!(page.suggested_query), sent["queryCorrection"]["suggestedQuery"]);
            assert_eq!(json!(page.applied_facets), facets["appliedFacets"]);
            assert_eq!(json!(page.available_facets), facets["availableFacets"]);
            assert_eq!(
                json!(page.next_cursor),
                json!(Cursor::at_page(sent["nextPageToken"].as_str().expect("a text")))
            );
        }
    }
}
