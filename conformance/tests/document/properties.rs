//! What becomes of a model if one of its properties is missing, is `null` or has another type.

use std::collections::BTreeSet;

use rblxopencloud::asset::AssetDelivery;
use rblxopencloud::experience::{
    GameServer, GameServerCount, GameServerLog, ListedPlace, PlaceHistoryEntry, PlaceVersion, Restart, RestartForecast,
    RestartStatus, RestrictionLog, UserRestriction,
};
use rblxopencloud::key::KeyInfo;
use rblxopencloud::oauth2::{GrantedResources, IdTokenClaims, Identity, TokenInfo};
use rblxopencloud::user::{ExperienceFollowing, FoundUser};
use serde_json::{Value, json};

use super::models::{MODELS, Model, round_trip};
use crate::support::document::Document;
use crate::support::instances::{Maker, Mood};

/// The properties that a model needs, and those that can be missing, but never unreadable: they answer a question. Of all
/// others, an unreadable one is the same as a missing one.
struct Rules {
    schema: &'static str,
    needed: &'static [&'static str],
    strict: &'static [&'static str],
}

const RULES: &[Rules] = &[
    Rules { schema: "AssetVersion", needed: &["/path"], strict: &[] },
    Rules { schema: "BatchGrantPermissionsResponse", needed: &[], strict: &["/errors", "/successAssetIds"] },
    Rules { schema: "CreatorStoreAsset", needed: &["/asset", "/asset/id"], strict: &[] },
    Rules { schema: "CreatorStoreProduct", needed: &[], strict: &["/published", "/purchasable", "/restrictions"] },
    Rules { schema: "ExperienceFollowing", needed: &["/universeId"], strict: &[] },
    Rules { schema: "FoundUser", needed: &["/id"], strict: &["/hasVerifiedBadge"] },
    Rules { schema: "GenerateUserThumbnailResponse", needed: &["/imageUri"], strict: &[] },
    Rules {
        schema: "GrantedResources",
        needed: &["/owner", "/owner/id"],
        strict: &["/resources", "/resources/universe", "/resources/universe/ids"],
    },
    Rules { schema: "Group", needed: &["/id"], strict: &["/locked", "/owner", "/publicEntryAllowed", "/verified"] },
    Rules { schema: "GroupJoinRequest", needed: &["/user"], strict: &[] },
    Rules { schema: "GroupRole", needed: &["/id"], strict: &["/rank"] },
    Rules { schema: "IdTokenClaims", needed: &["/sub"], strict: &[] },
    Rules { schema: "Identity", needed: &["/sub"], strict: &[] },
    Rules {
        schema: "KeyInfo",
        needed: &[
            "/enabled",
            "/scopes",
            "/scopes/-/name",
            "/scopes/-/universeDatastores/-/datastoreName",
            "/scopes/-/universeDatastores/-/universeId",
        ],
        strict: &[
            "/authorizedUserId",
            "/expirationTimeUtc",
            "/expired",
            "/scopes/-/groupIds",
            "/scopes/-/operations",
            "/scopes/-/universeDatastores",
            "/scopes/-/universeIds",
            "/scopes/-/userIds",
        ],
    },
    Rules { schema: "ListedPlace", needed: &["/id"], strict: &[] },
    Rules { schema: "Place", needed: &["/path"], strict: &["/root", "/serverSize", "/universeRuntimeCreation"] },
    Rules { schema: "PlaceHistoryEntry", needed: &["/version"], strict: &["/hasNotes", "/isPublished"] },
    Rules { schema: "PlaceVersion", needed: &["/path"], strict: &["/published"] },
    Rules { schema: "Roblox.Api.Develop.Models.GroupModel", needed: &["/id"], strict: &[] },
    Rules {
        schema: "Roblox.Followings.Api.Models.UserFollowingUniverseStatusResponse",
        needed: &["/IsFollowing"],
        strict: &[],
    },
    Rules {
        schema: "Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem",
        needed: &["/actionType"],
        strict: &[],
    },
    Rules { schema: "Roblox.Web.Responses.Users.SkinnyUserResponse", needed: &["/id"], strict: &[] },
    Rules {
        schema: "LuauExecutionSessionTask",
        needed: &["/state"],
        strict: &["/error", "/output", "/output/results"],
    },
    Rules { schema: "LuauExecutionSessionTaskLog", needed: &[], strict: &["/messages", "/structuredMessages"] },
    Rules { schema: "GameServer", needed: &["/jobId"], strict: &["/full", "/shutDown"] },
    Rules {
        schema: "GameServerCount",
        needed: &[],
        strict: &["/activeServersFetchError", "/shutdownServersFetchError", "/totalCount"],
    },
    Rules { schema: "Restart", needed: &["/id"], strict: &[] },
    Rules {
        schema: "RestartForecast",
        needed: &["/placeForecasts", "/placeForecasts/1818/instancesImpacted", "/placeForecasts/1818/playersImpacted"],
        strict: &["/placeForecasts/1818"],
    },
    Rules {
        schema: "RestartStatus",
        needed: &["/placeRestartStatuses/1818/state"],
        strict: &["/placeRestartStatuses", "/placeRestartStatuses/1818"],
    },
    Rules {
        schema: "UserRestriction",
        needed: &["/gameJoinRestriction", "/gameJoinRestriction/active"],
        strict: &[
            "/gameJoinRestriction/duration",
            "/gameJoinRestriction/excludeAltAccounts",
            "/gameJoinRestriction/inherited",
        ],
    },
    Rules { schema: "UserRestrictionLog", needed: &["/active"], strict: &["/duration"] },
    Rules { schema: "TokenInfo", needed: &["/active"], strict: &["/scope", "/sub"] },
    Rules {
        schema: "Universe",
        needed: &["/path"],
        strict: &[
            "/ageRating",
            "/consoleEnabled",
            "/desktopEnabled",
            "/mobileEnabled",
            "/privateServerPriceRobux",
            "/tabletEnabled",
            "/visibility",
            "/voiceChatEnabled",
            "/vrEnabled",
        ],
    },
    Rules { schema: "User", needed: &["/id"], strict: &[] },
];

/// The properties that are more than themselves, and why.
const PARTS: &[(&str, &str, &str)] = &[
    ("AssetQuota", "/usage", "the service leaves out a zero"),
    ("CreatorStoreAsset", "/creatorStoreProduct/purchasePrice/quantity", "without it there is no price"),
    ("CreatorStoreProduct", "/basePrice/quantity", "without it there is no price"),
    ("CreatorStoreProduct", "/purchasePrice/quantity", "without it there is no price"),
    ("GroupRole", "/permissions/", "a role that misses one isn't known"),
    ("InventoryItem", "/assetDetails", "an item is kept as it is"),
    ("InventoryItem", "/badgeDetails", "an item is kept as it is"),
    ("InventoryItem", "/gamePassDetails", "an item is kept as it is"),
    ("InventoryItem", "/privateServerDetails", "an item is kept as it is"),
    (
        "Roblox.Groups.Api.Models.Response.GroupAuditLogResponseItem",
        "/description",
        "the details of an action have any form",
    ),
    ("TokenInfo", "/aud", "it is kept as it is"),
    ("RestartForecast", "/placeForecasts/1818/instancesPerVersion", "it is kept as it is"),
    ("RestartForecast", "/placeForecasts/1818/playersPerVersion", "it is kept as it is"),
    ("UserRestrictionLog", "/moderator/gameServerScript", "an object of any form stands for a script"),
];

/// The number of samples of each model.
const SAMPLES: usize = 24;

/// The models that the document doesn't have, with all their properties.
fn others() -> Vec<(Model, Value)> {
    fn model<T: serde::de::DeserializeOwned + serde::Serialize + std::fmt::Debug>(
        schema: &'static str,
        sent: Value,
    ) -> (Model, Value) {
        (Model { schema, round_trip: round_trip::<T> }, sent)
    }
    let identity = json!({
        "sub": "156", "preferred_username": "builderman", "name": "Builder", "created_at": 1_141_000_000,
        "profile": "https://www.roblox.com/users/156/profile", "picture": "https://tr.rbxcdn.com/1",
    });
    let mut claims = identity.clone();
    claims["iat"] = json!(1_660_842_510);
    claims["exp"] = json!(1_676_394_509);
    vec![
        model::<KeyInfo>(
            "KeyInfo",
            json!({
                "name": "build", "authorizedUserId": "156", "enabled": true, "expired": false,
                "expirationTimeUtc": "2030-01-01T00:00:00Z",
                "scopes": [{
                    "name": "universe-datastores.objects", "operations": ["read"], "userIds": ["156"],
                    "groupIds": ["*"], "universeIds": ["13058"],
                    "universeDatastores": [{ "universeId": "13058", "datastoreName": "*" }],
                }],
            }),
        ),
        model::<FoundUser>(
            "FoundUser",
            json!({
                "requestedUsername": "Builderman", "id": 156, "name": "builderman", "displayName": "Builder",
                "hasVerifiedBadge": true,
            }),
        ),
        model::<ListedPlace>(
            "ListedPlace",
            json!({ "id": 1818, "universeId": 13058, "name": "Crossroads", "description": "classic" }),
        ),
        model::<PlaceVersion>(
            "PlaceVersion",
            json!({
                "path": "assets/1818/versions/7", "creationContext": { "creator": { "userId": "156" } },
                "moderationResult": { "moderationState": "Approved" }, "published": true,
            }),
        ),
        model::<PlaceHistoryEntry>(
            "PlaceHistoryEntry",
            json!({
                "version": "7", "title": "Spring", "description": "New map.", "contributors": [156], "saveType": 1,
                "isPublished": true, "publishStatus": 1, "hasNotes": true, "createdTime": "2024-02-29T12:34:56Z",
                "createdBy": 156,
            }),
        ),
        model::<ExperienceFollowing>(
            "ExperienceFollowing",
            json!({ "universeId": "13058", "followedAt": "2024-02-29T12:34:56Z" }),
        ),
        model::<UserRestriction>(
            "UserRestriction",
            json!({
                "path": "universes/13058/user-restrictions/156", "updateTime": "2024-02-29T12:34:56Z", "user": "users/156",
                "gameJoinRestriction": {
                    "active": true, "startTime": "2024-02-29T12:34:56Z", "duration": "604800s", "privateReason": "a",
                    "displayReason": "b", "excludeAltAccounts": true, "inherited": false,
                },
            }),
        ),
        model::<RestrictionLog>(
            "UserRestrictionLog",
            json!({
                "user": "users/156", "place": "places/1818", "createTime": "2024-02-29T12:34:56Z", "active": true,
                "moderator": { "robloxUser": "users/1", "gameServerScript": {} }, "startTime": "2024-02-29T12:34:56Z",
                "duration": "3s", "privateReason": "a", "displayReason": "b", "excludeAltAccounts": true,
            }),
        ),
        model::<Restart>("Restart", json!({ "id": "8f2c", "playersImpacted": 3, "instancesImpacted": 1 })),
        model::<RestartStatus>(
            "RestartStatus",
            json!({
                "universeId": 13058, "scheduledTime": "2024-02-29T12:34:56Z", "startTime": "2024-02-29T12:44:56Z",
                "placeRestartStatuses": { "1818": {
                    "state": "RESTARTING", "startTime": "2024-02-29T12:44:56Z", "endTime": "2024-02-29T12:45:56Z",
                    "totalPlayers": 3, "totalInstances": 2, "remainingPlayers": 1, "remainingInstances": 1,
                    "filter": { "versions": [7], "excludeCurrentVersion": false }, "latestVersion": 8,
                } },
            }),
        ),
        model::<RestartForecast>(
            "RestartForecast",
            json!({ "placeForecasts": { "1818": {
                "playersImpacted": 3, "totalPlayers": 4, "instancesImpacted": 1, "totalInstances": 2,
                "latestPlaceVersion": 7, "publishTime": "2024-02-29T12:34:56Z", "isNotInUniverse": false,
                "playersPerVersion": { "7": 3 }, "instancesPerVersion": { "7": 1 },
            } } }),
        ),
        model::<GameServer>(
            "GameServer",
            json!({
                "placeId": 1818, "placeVersion": 7, "jobId": "8f2c", "engineVersion": "0.700",
                "createTime": "2024-02-29T12:34:56Z", "uptime": "1.02:03:04", "memoryUsageBytes": 5, "frameRate": 59.5,
                "occupancy": 1, "maxOccupancy": 20, "type": 1, "full": false, "shutDown": true, "status": "crashed",
                "terminationTime": "2024-02-29T12:34:56Z", "playerIds": [156],
            }),
        ),
        model::<GameServerCount>(
            "GameServerCount",
            json!({ "totalCount": 7, "activeServersFetchError": true, "shutdownServersFetchError": true }),
        ),
        model::<GameServerLog>(
            "GameServerLog",
            json!({
                "messageTimestampMs": "2024-02-29T12:34:56Z", "universeId": 13058, "placeId": 1818, "placeVersion": 7,
                "jobId": "8f2c", "severity": 3, "message": "a", "stackTrace": "b", "messageTemplate": "c", "context": "d",
                "skippedCount": 1, "rateLimitedCount": 2,
            }),
        ),
        model::<AssetDelivery>(
            "AssetDelivery",
            json!({
                "location": "https://sc0.rbxcdn.com/1", "isArchived": false, "isRecordable": true, "assetTypeId": 1,
                "assetMetadatas": [{ "metadataType": 1, "value": "70" }],
            }),
        ),
        model::<Identity>("Identity", identity),
        model::<IdTokenClaims>("IdTokenClaims", claims),
        model::<TokenInfo>(
            "TokenInfo",
            json!({
                "active": true, "jti": "RT.2Gc", "sub": "156", "client_id": "840974200211308101",
                "scope": "openid asset:read", "exp": 1_676_394_509, "iat": 1_660_842_510, "aud": "4239311013248676173",
            }),
        ),
        model::<GrantedResources>(
            "GrantedResources",
            json!({ "owner": { "id": "156", "type": "User" }, "resources": { "universe": { "ids": ["13058"] } } }),
        ),
    ]
}

/// The paths of all properties within a value, also of those in its lists, as JSON pointers.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let at = format!("{at}/{name}");
                into.push(at.clone());
                pointers(value, &at, into);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate().take(1) {
                pointers(value, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}

fn without(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    let (object, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    value.pointer_mut(object).and_then(Value::as_object_mut).expect("it has the property").remove(name);
    value
}

fn with(value: &Value, pointer: &str, new: Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).expect("it has the property") = new;
    value
}

/// The properties of all samples by what happens without them.
#[derive(Default)]
struct Found {
    needed: BTreeSet<(&'static str, String)>,
    strict: BTreeSet<(&'static str, String)>,
    parts: BTreeSet<(&'static str, &'static str, &'static str)>,
}

impl Found {
    /// Takes away each property of a sample, and makes it unreadable.
    fn try_each(&mut self, model: &Model, sent: &Value) {
        let read = |sent: Value| (model.round_trip)(sent).map(|(kept, _)| kept);
        let mut all = Vec::new();
        pointers(sent, "", &mut all);
        for pointer in all {
            let property = (model.schema, pointer.replace("/0", "/-"));
            let part = PARTS.iter().find(|(schema, at, _)| *schema == property.0 && property.1.starts_with(at));
            let missing = read(without(sent, &pointer));
            let null = read(with(sent, &pointer, json!(null)));
            // A list is no object, and the other way round.
            let others = [json!([[null]]), json!({ "hologram": [] })].map(|value| read(with(sent, &pointer, value)));
            if part.is_none() {
                for kept in others.iter().chain([&missing, &null]).flatten() {
                    assert!(!kept.to_string().contains(":null"), "{property:?} is written as null: {kept:#}");
                }
            }
            if missing.is_err() {
                self.needed.insert(property);
            } else if null.is_err() || others.iter().any(Result::is_err) {
                self.strict.insert(property);
            } else if null != missing || !others.contains(&missing) {
                self.parts.insert(*part.unwrap_or_else(|| panic!("{property:?}: {missing:?}, {null:?}, {others:?}")));
            }
        }
    }
}

#[test]
fn only_the_answers_of_a_model_must_be_readable() {
    let document = Document::as_written();
    let mut found = Found::default();
    for (model, sent) in &others() {
        found.try_each(model, sent);
    }
    for model in MODELS {
        let mut maker = Maker::new(&document, Mood::Full);
        // So many that each of the properties that exclude each other comes.
        for _ in 0..SAMPLES {
            found.try_each(model, &maker.item(model.schema));
        }
    }
    let rules = |of: fn(&Rules) -> &'static [&'static str]| {
        let properties = |rules: &'static Rules| of(rules).iter().map(|name| (rules.schema, (*name).to_owned()));
        RULES.iter().flat_map(properties).collect::<BTreeSet<_>>()
    };
    assert_eq!(found.needed, rules(|rules| rules.needed));
    assert_eq!(found.strict, rules(|rules| rules.strict));
    assert_eq!(found.parts, PARTS.iter().copied().collect());
}

#[test]
fn models_that_the_document_does_not_have_are_written_as_they_were_read() {
    for (model, sent) in others() {
        let (kept, _) = (model.round_trip)(sent.clone()).unwrap_or_else(|error| panic!("{}: {error}", model.schema));
        assert_eq!(kept, sent, "{}", model.schema);
    }
}
