//! All paths of Open Cloud in Roblox's document, to distinguish endpoints that the sandbox doesn't serve from unknown paths.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The methods, as in an `allow` header, and the template of each path.
pub(crate) const PATHS: &[(&str, &str)] = &[
    ("GET", "/asset-delivery-api/v1/assetId/{assetId}"),
    ("GET", "/asset-delivery-api/v1/assetId/{assetId}/version/{versionNumber}"),
    ("PATCH", "/asset-permissions-api/v1/assets/permissions"),
    ("POST", "/assets/v1/assets"),
    ("GET, PATCH", "/assets/v1/assets/{assetId}"),
    ("GET", "/assets/v1/assets/{assetId}/versions"),
    ("GET", "/assets/v1/assets/{assetId}/versions/{versionNumber}"),
    ("POST", "/assets/v1/assets/{assetId}/versions:rollback"),
    ("POST", "/assets/v1/assets/{assetId}:archive"),
    ("POST", "/assets/v1/assets/{assetId}:restore"),
    ("GET", "/assets/v1/operations/{operationId}"),
    ("POST", "/cloud/v2/creator-store-products"),
    ("GET, PATCH", "/cloud/v2/creator-store-products/{creator_store_product_id}"),
    ("GET", "/cloud/v2/groups/{group_id}"),
    ("GET", "/cloud/v2/groups/{group_id}/forum-categories"),
    ("GET", "/cloud/v2/groups/{group_id}/forum-categories/{forum_category_id}/posts"),
    ("GET", "/cloud/v2/groups/{group_id}/forum-categories/{forum_category_id}/posts/{post_id}/comments"),
    ("GET", "/cloud/v2/groups/{group_id}/join-requests"),
    ("POST", "/cloud/v2/groups/{group_id}/join-requests/{join_request_id}:accept"),
    ("POST", "/cloud/v2/groups/{group_id}/join-requests/{join_request_id}:decline"),
    ("GET", "/cloud/v2/groups/{group_id}/memberships"),
    ("PATCH", "/cloud/v2/groups/{group_id}/memberships/{membership_id}"),
    ("POST", "/cloud/v2/groups/{group_id}/memberships/{membership_id}:assignRole"),
    ("POST", "/cloud/v2/groups/{group_id}/memberships/{membership_id}:unassignRole"),
    ("GET", "/cloud/v2/groups/{group_id}/roles"),
    ("GET", "/cloud/v2/groups/{group_id}/roles/{role_id}"),
    ("GET, POST", "/cloud/v2/universes/{universeId}/secrets"),
    ("GET", "/cloud/v2/universes/{universeId}/secrets/public-key"),
    ("PATCH, DELETE", "/cloud/v2/universes/{universeId}/secrets/{secretId}"),
    ("GET, PATCH", "/cloud/v2/universes/{universe_id}"),
    ("GET", "/cloud/v2/universes/{universe_id}/data-stores"),
    ("DELETE", "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}"),
    ("GET, POST", "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/entries"),
    ("GET, PATCH, DELETE", "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/entries/{entry_id}"),
    ("POST", "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/entries/{entry_id}:increment"),
    ("GET", "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/entries/{entry_id}:listRevisions"),
    ("GET, POST", "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/scopes/{scope_id}/entries"),
    (
        "GET, PATCH, DELETE",
        "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/scopes/{scope_id}/entries/{entry_id}",
    ),
    (
        "POST",
        "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/scopes/{scope_id}/entries/{entry_id}:increment",
    ),
    (
        "GET",
        "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}/scopes/{scope_id}/entries/{entry_id}:listRevisions",
    ),
    ("POST", "/cloud/v2/universes/{universe_id}/data-stores/{data_store_id}:undelete"),
    ("POST", "/cloud/v2/universes/{universe_id}/data-stores:snapshot"),
    ("POST", "/cloud/v2/universes/{universe_id}/luau-execution-session-task-binary-inputs"),
    ("GET", "/cloud/v2/universes/{universe_id}/memory-store/operations/{operation_id}"),
    ("POST", "/cloud/v2/universes/{universe_id}/memory-store/queues/{queue_id}/items"),
    ("POST", "/cloud/v2/universes/{universe_id}/memory-store/queues/{queue_id}/items:discard"),
    ("GET", "/cloud/v2/universes/{universe_id}/memory-store/queues/{queue_id}/items:read"),
    ("GET, POST", "/cloud/v2/universes/{universe_id}/memory-store/sorted-maps/{sorted_map_id}/items"),
    (
        "GET, PATCH, DELETE",
        "/cloud/v2/universes/{universe_id}/memory-store/sorted-maps/{sorted_map_id}/items/{item_id}",
    ),
    ("POST", "/cloud/v2/universes/{universe_id}/memory-store:flush"),
    (
        "GET, POST",
        "/cloud/v2/universes/{universe_id}/ordered-data-stores/{ordered_data_store_id}/scopes/{scope_id}/entries",
    ),
    (
        "GET, PATCH, DELETE",
        "/cloud/v2/universes/{universe_id}/ordered-data-stores/{ordered_data_store_id}/scopes/{scope_id}/entries/{entry_id}",
    ),
    (
        "POST",
        "/cloud/v2/universes/{universe_id}/ordered-data-stores/{ordered_data_store_id}/scopes/{scope_id}/entries/{entry_id}:increment",
    ),
    ("GET, PATCH", "/cloud/v2/universes/{universe_id}/places/{place_id}"),
    ("GET, PATCH", "/cloud/v2/universes/{universe_id}/places/{place_id}/instances/{instance_id}"),
    ("GET", "/cloud/v2/universes/{universe_id}/places/{place_id}/instances/{instance_id}/operations/{operation_id}"),
    ("GET", "/cloud/v2/universes/{universe_id}/places/{place_id}/instances/{instance_id}:listChildren"),
    ("POST", "/cloud/v2/universes/{universe_id}/places/{place_id}/luau-execution-session-tasks"),
    ("GET", "/cloud/v2/universes/{universe_id}/places/{place_id}/user-restrictions"),
    ("GET, PATCH", "/cloud/v2/universes/{universe_id}/places/{place_id}/user-restrictions/{user_restriction_id}"),
    ("POST", "/cloud/v2/universes/{universe_id}/places/{place_id}/versions/{version_id}/luau-execution-session-tasks"),
    (
        "GET",
        "/cloud/v2/universes/{universe_id}/places/{place_id}/versions/{version_id}/luau-execution-sessions/{luau_execution_session_id}/tasks/{task_id}",
    ),
    (
        "GET",
        "/cloud/v2/universes/{universe_id}/places/{place_id}/versions/{version_id}/luau-execution-sessions/{luau_execution_session_id}/tasks/{task_id}/logs",
    ),
    (
        "GET",
        "/cloud/v2/universes/{universe_id}/subscription-products/{subscription_product_id}/subscriptions/{subscription_id}",
    ),
    ("GET", "/cloud/v2/universes/{universe_id}/user-restrictions"),
    ("GET, PATCH", "/cloud/v2/universes/{universe_id}/user-restrictions/{user_restriction_id}"),
    ("GET", "/cloud/v2/universes/{universe_id}/user-restrictions:listLogs"),
    ("POST", "/cloud/v2/universes/{universe_id}:generateSpeechAsset"),
    ("POST", "/cloud/v2/universes/{universe_id}:publishMessage"),
    ("POST", "/cloud/v2/universes/{universe_id}:restartServers"),
    ("POST", "/cloud/v2/universes/{universe_id}:translateText"),
    ("GET", "/cloud/v2/users/{user_id}"),
    ("GET", "/cloud/v2/users/{user_id}/asset-quotas"),
    ("GET", "/cloud/v2/users/{user_id}/inventory-items"),
    ("POST", "/cloud/v2/users/{user_id}/notifications"),
    ("GET", "/cloud/v2/users/{user_id}/operations/{operation_id}"),
    ("GET", "/cloud/v2/users/{user_id}:generateThumbnail"),
    ("GET", "/creator-configs-public-api/v1/configs/universes/{universeId}/repositories/{repository}"),
    (
        "GET, PATCH, DELETE",
        "/creator-configs-public-api/v1/configs/universes/{universeId}/repositories/{repository}/draft",
    ),
    ("PUT", "/creator-configs-public-api/v1/configs/universes/{universeId}/repositories/{repository}/draft:overwrite"),
    ("GET", "/creator-configs-public-api/v1/configs/universes/{universeId}/repositories/{repository}/full"),
    ("POST", "/creator-configs-public-api/v1/configs/universes/{universeId}/repositories/{repository}/publish"),
    ("GET", "/creator-configs-public-api/v1/configs/universes/{universeId}/repositories/{repository}/revisions"),
    (
        "POST",
        "/creator-configs-public-api/v1/configs/universes/{universeId}/repositories/{repository}/revisions/{revisionId}/restore",
    ),
    ("POST", "/developer-products/v2/universes/{universeId}/developer-products"),
    ("GET", "/developer-products/v2/universes/{universeId}/developer-products/creator"),
    ("PATCH", "/developer-products/v2/universes/{universeId}/developer-products/{productId}"),
    ("GET", "/developer-products/v2/universes/{universeId}/developer-products/{productId}/creator"),
    ("POST", "/game-passes/v1/universes/{universeId}/game-passes"),
    ("GET", "/game-passes/v1/universes/{universeId}/game-passes/creator"),
    ("PATCH", "/game-passes/v1/universes/{universeId}/game-passes/{gamePassId}"),
    ("GET", "/game-passes/v1/universes/{universeId}/game-passes/{gamePassId}/creator"),
    ("PATCH", "/legacy-badges/v1/badges/{badgeId}"),
    ("POST", "/legacy-badges/v1/universes/{universeId}/badges"),
    ("GET", "/legacy-develop/v1/places/{placeId}/teamcreate/active_session/members"),
    ("POST", "/legacy-develop/v1/universes/{universeId}/activate"),
    ("POST", "/legacy-develop/v1/universes/{universeId}/deactivate"),
    ("GET, PATCH", "/legacy-develop/v1/universes/{universeId}/teamcreate"),
    ("DELETE", "/legacy-develop/v1/universes/{universeId}/teamcreate/memberships"),
    ("GET", "/legacy-develop/v1/user/groups/canmanage"),
    ("GET", "/legacy-followings/v1/users/{userId}/universes"),
    ("POST, DELETE", "/legacy-followings/v1/users/{userId}/universes/{universeId}"),
    ("GET", "/legacy-followings/v1/users/{userId}/universes/{universeId}/status"),
    ("GET", "/legacy-followings/v2/users/{userId}/universes"),
    ("GET", "/legacy-groups/v1/groups/{groupId}/audit-log"),
    ("POST", "/messaging-service/v1/universes/{universeId}/topics/{topic}"),
    ("GET", "/place-version-history-api/v1/{placeId}/contributors"),
    ("GET", "/place-version-history-api/v1/{placeId}/history"),
    ("POST", "/place-version-history-api/v1/{placeId}/version/{version}/notes"),
    ("GET", "/server-management/v1/universes/{universeId}/places/{placeId}/game-servers:filter-options"),
    ("GET", "/server-management/v1/universes/{universeId}/places/{placeId}/versions/{versionNumber}/game-servers"),
    (
        "GET",
        "/server-management/v1/universes/{universeId}/places/{placeId}/versions/{versionNumber}/game-servers/{jobId}/logs",
    ),
    ("GET, POST", "/server-management/v1/universes/{universeId}/restarts"),
    ("GET", "/server-management/v1/universes/{universeId}/restarts:forecast"),
    ("GET, POST, DELETE", "/toolbox-service/v1/saves"),
    ("POST", "/toolbox-service/v1/saves:bulkDelete"),
    ("GET", "/toolbox-service/v2/assets/{id}"),
    ("GET, POST", "/toolbox-service/v2/assets:search"),
    ("POST", "/universes/v1/{universeId}/places/{placeId}/versions"),
];

/// Returns the methods and the template of a path.
pub(crate) fn find(segments: &[&str]) -> Option<(&'static str, &'static str)> {
    PATHS.iter().copied().find(|(_, template)| params(template, segments).is_some())
}

/// Returns the parameters of a path, decoded, if its segments match a template. An escaped slash or colon is part of a name.
pub(crate) fn params<'a>(template: &str, segments: &[&'a str]) -> Option<Vec<Cow<'a, str>>> {
    let parts: Vec<&str> = template[1..].split('/').collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut params = Vec::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        params.extend(param(part, segment)?);
    }
    Some(params)
}

/// Returns the parameter in a segment that matches a part of a template, such as `{user_id}:generateThumbnail` or
/// `{user_id}`; `users` has none. A colon precedes a custom method, so an id contains one only if it is escaped.
fn param<'a>(part: &str, segment: &'a str) -> Option<Option<Cow<'a, str>>> {
    let decoded = |text: &'a str| percent_decode_str(text).decode_utf8_lossy();
    let Some((_, verb)) = part.strip_prefix('{').and_then(|part| part.split_once('}')) else {
        return (part == decoded(segment)).then_some(None);
    };
    let id = segment.strip_suffix(verb).filter(|id| !id.is_empty() && !id.contains(':'))?;
    Some(Some(decoded(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_only_their_template() {
        for (methods, template) in PATHS {
            let path = template.replace(['{', '}'], "");
            let segments: Vec<&str> = path[1..].split('/').collect();
            assert_eq!(find(&segments), Some((*methods, *template)), "{path}");
        }
        for path in ["cloud/v2/users", "cloud/v2/users/", "cloud/v2/users/1/", "cloud/v2/users/:generateThumbnail", ""]
        {
            assert_eq!(find(&path.split('/').collect::<Vec<_>>()), None, "{path}");
        }
    }
}
