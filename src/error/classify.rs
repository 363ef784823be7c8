//! Decides what a failure means: its kind, how far it reaches, whether the call can be retried, and what to do.
//!
//! [`classify`] is a pure function. The table in its test has a row for each case, and is its documentation.

use std::time::Duration;

use super::missing_scope::{MissingScope, missing_scopes};
use super::words;
use super::{ErrorKind, ErrorScope, ServiceError};
use crate::api::Endpoint;
use crate::api::Scheme;

/// The service's windows last a minute. A longer pause isn't that of its request limit.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// How a call was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// By a status. `pause` is the delay that the service asked for.
    Status { status: u16, pause: Option<Duration> },
    /// By the body of a response whose status is that of a success.
    Body,
    /// The operation failed.
    OperationFailed,
}

/// The progress of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The service has received nothing that changes anything.
    NotSent,
    /// The service has received the whole request, or may have.
    MayHaveArrived,
    /// The service had accepted the call: this concerns its operation.
    Accepted,
}

/// The call that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) moment: Moment,
    /// How the call was authorized. `None` if it went to another host, without credentials.
    pub(crate) scheme: Option<Scheme>,
    /// Texts of the request that the service may repeat in its message.
    pub(crate) echoes: &'a [String],
}

/// What a failure means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: ErrorKind,
    pub(crate) scope: ErrorScope,
    /// Whether the cause may be gone later.
    pub(crate) transient: bool,
    /// Whether the call may have taken effect.
    pub(crate) outcome_unknown: bool,
    pub(crate) advice: Option<String>,
}

/// Decides what a failure means.
pub(crate) fn classify(asked: &Asked<'_>, outcome: Outcome, said: &ServiceError) -> Verdict {
    let missing = match outcome {
        Outcome::Status { status: 401 | 403, .. } | Outcome::Body | Outcome::OperationFailed => {
            missing_scopes(said, asked.echoes)
        }
        Outcome::Status { .. } => None,
    };
    let kind = kind(asked, outcome, said, missing.is_some());
    let is_of_the_app = kind == ErrorKind::Unauthenticated && oauth2_kind(said).is_some();
    let has_key = asked.scheme.is_some() || asked.endpoint.has_key_in_body();
    let scope = match kind {
        ErrorKind::InvalidGrant => ErrorScope::Run,
        _ if is_of_the_app || missing.is_some() => ErrorScope::Run,
        ErrorKind::QuotaExhausted => ErrorScope::AssetType,
        // Another host doesn't see the credentials, so its refusal isn't about them.
        ErrorKind::Unauthenticated if !has_key => ErrorScope::Call,
        ErrorKind::Unauthenticated | ErrorKind::AccountModerated | ErrorKind::ProxyRefused => ErrorScope::Run,
        ErrorKind::PermissionDenied if !asked.endpoint.names_a_resource() => ErrorScope::Run,
        ErrorKind::RateLimited | ErrorKind::Server => ErrorScope::Later,
        _ if is_transient(outcome) => ErrorScope::Later,
        _ => ErrorScope::Call,
    };
    let outcome_unknown = match (asked.moment, outcome) {
        (_, Outcome::OperationFailed) | (Moment::NotSent, _) => false,
        (Moment::Accepted, _) | (Moment::MayHaveArrived, Outcome::Body) => true,
        // These don't tell what was done; a redirect can point to its result.
        (Moment::MayHaveArrived, Outcome::Status { status, .. }) => {
            matches!(status, 302 | 303 | 408 | 499 | 500..=599)
        }
    };
    let advice = match &missing {
        Some(missing) => Some(scope_advice(asked, missing)),
        None => advice(asked, kind, outcome, said),
    };
    Verdict {
        kind,
        scope,
        transient: is_transient(outcome) && kind != ErrorKind::QuotaExhausted,
        outcome_unknown,
        advice,
    }
}

/// The codes of OAuth 2.0 that tell more than their status.
const OAUTH2_CODES: &[(&str, ErrorKind)] = &[
    ("invalid_grant", ErrorKind::InvalidGrant),
    ("invalid_client", ErrorKind::Unauthenticated),
    ("unauthorized_client", ErrorKind::Unauthenticated),
    ("access_denied", ErrorKind::ConsentDenied),
];

fn kind(asked: &Asked<'_>, outcome: Outcome, said: &ServiceError, lacks_scope: bool) -> ErrorKind {
    // The name of a scope isn't read as words.
    let told = || if lacks_scope { None } else { words::kind(said, asked.echoes) };
    if let (Outcome::Status { status: 400 | 401 | 403, .. }, Some(kind)) = (outcome, oauth2_kind(said)) {
        return kind;
    }
    match outcome {
        Outcome::Body => ErrorKind::InvalidResponse,
        Outcome::OperationFailed => told().unwrap_or(ErrorKind::OperationFailed),
        Outcome::Status { status, pause } => match status {
            400 | 413 | 415 | 422 => told().unwrap_or(ErrorKind::Rejected),
            401 => ErrorKind::Unauthenticated,
            403 => told().unwrap_or(ErrorKind::PermissionDenied),
            404 => ErrorKind::NotFound,
            407 => ErrorKind::ProxyRefused,
            409 => ErrorKind::Conflict,
            429 if pause.is_none_or(|pause| pause > LONGEST_WINDOW) && words::names_a_quota(said, asked.echoes) => {
                ErrorKind::QuotaExhausted
            }
            429 => ErrorKind::RateLimited,
            500..=599 => ErrorKind::Server,
            _ => told().unwrap_or(ErrorKind::UnexpectedStatus),
        },
    }
}

fn oauth2_kind(said: &ServiceError) -> Option<ErrorKind> {
    let code = said.code.as_deref()?;
    OAUTH2_CODES.iter().find(|(known, _)| *known == code).map(|(_, kind)| *kind)
}

fn is_transient(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Status { status: 408 | 429 | 500 | 502 | 503 | 504, .. })
}

/// Returns what to do about it, if that is known.
fn advice(asked: &Asked<'_>, kind: ErrorKind, outcome: Outcome, said: &ServiceError) -> Option<String> {
    let status = match outcome {
        Outcome::Status { status, .. } => status,
        Outcome::Body | Outcome::OperationFailed => 0,
    };
    let by_key = asked.scheme == Some(Scheme::ApiKey) || asked.endpoint.has_key_in_body();
    let advice = match kind {
        ErrorKind::InvalidGrant | ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::Rejected
            if words::is_code_of_another_address(said) =>
        {
            "browser and program must be in one network (no VPN in only one of them); then sign in again"
        }
        ErrorKind::AccountModerated => "sign in to Roblox with the account and read its notice",
        ErrorKind::Moderated => "change the name or the description",
        ErrorKind::QuotaExhausted => {
            "uploads of this asset type are refused until the quota resets; other types are not affected"
        }
        // The gateway refuses unknown keys with a list of errors; this code comes from the services behind it.
        ErrorKind::Unauthenticated
            if by_key && !asked.endpoint.takes_group_keys() && said.code.as_deref() == Some("UNAUTHENTICATED") =>
        {
            "a key that a group owns is not accepted here; use a user's key or OAuth 2.0"
        }
        ErrorKind::Unauthenticated if by_key => {
            let usable = "check that the key is complete, enabled, not expired, and allowed from this address";
            return Some(with_scopes_of_401(asked, usable));
        }
        ErrorKind::Unauthenticated if oauth2_kind(said).is_some() => "check the client id and the client secret",
        ErrorKind::Unauthenticated if asked.scheme.is_none() => return None,
        ErrorKind::InvalidGrant => "sign in again; a code can be used once and within a minute, a refresh token once",
        ErrorKind::Unauthenticated => {
            return Some(with_scopes_of_401(asked, "get a new access token; they last 15 minutes"));
        }
        ErrorKind::ProxyRefused => "put the proxy's user name and password into the proxy variable",
        ErrorKind::PermissionDenied => return denied_advice(asked, said),
        ErrorKind::RateLimited => "wait, or send fewer requests",
        _ if status == 413 => "send a smaller file",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Returns what to do about scopes that are missing.
fn scope_advice(asked: &Asked<'_>, missing: &[MissingScope]) -> String {
    let scopes = match missing {
        [] => list(&asked.endpoint.scopes_to_request()),
        named => list(&named.iter().map(MissingScope::text).collect::<Vec<_>>()),
    };
    let scopes = scopes.unwrap_or_else(|| "scope that the reference names for this call".to_owned());
    match asked.scheme {
        Some(Scheme::AccessToken) => format!("ask for the {scopes} when authorizing"),
        Some(Scheme::ApiKey) | None => format!("give the key the {scopes}"),
    }
}

/// Returns what to do about a 403 that isn't about a scope, or doesn't tell what it is about.
fn denied_advice(asked: &Asked<'_>, said: &ServiceError) -> Option<String> {
    let hint = asked.endpoint.denied_hint().map(str::to_owned);
    // A service that refuses for a missing scope says so. A gateway or a proxy may not tell its reason.
    let is_unclear = said.code.is_none() && !words::names_a_reason(said, asked.echoes);
    let scopes = list(&asked.endpoint.scopes_to_check()).filter(|_| is_unclear);
    let check = scopes.map(|scopes| format!("check that the credentials have the {scopes}"));
    match (check, hint) {
        (Some(check), Some(hint)) => Some(format!("{check}; {hint}")),
        (check, hint) => check.or(hint),
    }
}

/// Adds the scopes of the call, where a 401 can mean that one is missing.
fn with_scopes_of_401(asked: &Asked<'_>, advice: &str) -> String {
    let scopes = asked.endpoint.scopes_to_check();
    match list(&scopes).filter(|_| asked.endpoint.refuses_scopes_with_401()) {
        Some(scopes) => format!("{advice}; it may also lack the {scopes}"),
        None => advice.to_owned(),
    }
}

/// Returns `scope a` or `scopes a and b`. `None` without any.
fn list<S: AsRef<str>>(scopes: &[S]) -> Option<String> {
    let word = if scopes.len() == 1 { "scope" } else { "scopes" };
    let scopes: Vec<&str> = scopes.iter().map(AsRef::as_ref).collect();
    (!scopes.is_empty()).then(|| format!("{word} {}", scopes.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &Endpoint = &Endpoint::get("/users/{user}").for_user_keys();
    const INVENTORY: &Endpoint =
        &Endpoint::get("/users/{user}/items").with_scopes(&["item:read"]).with_denied_hint("it may be private");
    const CREATE: &Endpoint = &Endpoint::post("/assets").with_scopes(&["asset:read", "asset:write"]);
    const UPDATE: &Endpoint = &Endpoint::patch("/assets/{asset}").with_scopes(&["asset:read", "asset:write"]);
    const TOKEN: &Endpoint = &Endpoint::post("/token").without_key();
    const GRANT: &Endpoint = &Endpoint::patch("/permissions").with_scopes(&["permission:write"]).naming_in_body();
    const EITHER: &Endpoint = &Endpoint::get("/a/{b}").with_any_scope(&["a.b:read", "a:write"]);
    const ASSETS_V1: &Endpoint = &Endpoint::get("/assets/v1/assets/{asset}").with_scopes(&["asset:read"]);
    const INSPECT: &Endpoint = &Endpoint::post("/introspect").with_key_in_body();
    const SCOPE: &str = "The required scope <a:write> is missing.";
    const POLL: &Endpoint = &Endpoint::get("/operations/{operation}").with_scopes(&["asset:read"]).polling();

    /// One row: the call, its progress, the refusal, and the verdict.
    type Row = (&'static Endpoint, Moment, Outcome, &'static str, &'static str, ErrorKind, ErrorScope, &'static str);

    fn status(status: u16) -> Outcome {
        Outcome::Status { status, pause: None }
    }

    fn after(status: u16, seconds: u64) -> Outcome {
        Outcome::Status { status, pause: Some(Duration::from_secs(seconds)) }
    }

    /// The last column is `again` (transient), `unknown` (may have taken effect), or `-`.
    fn rows() -> Vec<Row> {
        use ErrorKind as K;
        use ErrorScope::{AssetType, Call, Later, Run};
        use Moment::{Accepted, MayHaveArrived, NotSent};
        use Outcome::{Body, OperationFailed as Failed};
        vec![
            // endpoint, moment, outcome, code, message → kind, scope, whether to retry
            (USER, NotSent, status(400), "INVALID_ARGUMENT", "Bad.", K::Rejected, Call, "-"),
            (USER, NotSent, status(404), "NOT_FOUND", "No such user.", K::NotFound, Call, "-"),
            (USER, NotSent, status(409), "ABORTED", "", K::Conflict, Call, "-"),
            (USER, NotSent, status(418), "", "", K::UnexpectedStatus, Call, "-"),
            (USER, NotSent, status(302), "", "", K::UnexpectedStatus, Call, "-"),
            // A 401 is always about the key.
            (USER, NotSent, status(401), "UNAUTHENTICATED", "", K::Unauthenticated, Run, "-"),
            (INVENTORY, NotSent, status(401), "", "Invalid API Key", K::Unauthenticated, Run, "-"),
            (CREATE, MayHaveArrived, status(401), "", "", K::Unauthenticated, Run, "-"),
            (POLL, Accepted, status(401), "", "", K::Unauthenticated, Run, "unknown"),
            // The codes of OAuth 2.0 tell whether it is about the sign-in or about the app.
            (TOKEN, MayHaveArrived, status(400), "invalid_grant", "Used.", K::InvalidGrant, Run, "-"),
            (TOKEN, MayHaveArrived, status(401), "invalid_grant", "", K::InvalidGrant, Run, "-"),
            (TOKEN, MayHaveArrived, status(400), "invalid_client", "", K::Unauthenticated, Run, "-"),
            (TOKEN, MayHaveArrived, status(401), "invalid_client", "", K::Unauthenticated, Run, "-"),
            (TOKEN, MayHaveArrived, status(403), "access_denied", "", K::ConsentDenied, Call, "-"),
            (TOKEN, MayHaveArrived, status(400), "invalid_scope", "", K::Rejected, Call, "-"),
            (TOKEN, MayHaveArrived, status(503), "invalid_grant", "", K::Server, Later, "unknown"),
            // A 403 is about the resource in the path, unless a scope is missing.
            (USER, NotSent, status(403), "PERMISSION_DENIED", "", K::PermissionDenied, Call, "-"),
            (INVENTORY, NotSent, status(403), "PERMISSION_DENIED", "Private.", K::PermissionDenied, Call, "-"),
            (INVENTORY, NotSent, status(403), "", "", K::PermissionDenied, Call, "-"),
            (INVENTORY, NotSent, status(403), "INSUFFICIENT_SCOPE", "", K::PermissionDenied, Run, "-"),
            (UPDATE, MayHaveArrived, status(403), "PERMISSION_DENIED", "", K::PermissionDenied, Call, "-"),
            (UPDATE, MayHaveArrived, status(403), "INSUFFICIENT_SCOPE", "", K::PermissionDenied, Run, "-"),
            // Version 2 of the API has no code for a missing scope, but a sentence.
            (USER, NotSent, status(403), "PERMISSION_DENIED", SCOPE, K::PermissionDenied, Run, "-"),
            (INVENTORY, NotSent, status(403), "PERMISSION_DENIED", SCOPE, K::PermissionDenied, Run, "-"),
            (UPDATE, MayHaveArrived, status(403), "", SCOPE, K::PermissionDenied, Run, "-"),
            (USER, NotSent, status(401), "", SCOPE, K::Unauthenticated, Run, "-"),
            (USER, NotSent, status(400), "PERMISSION_DENIED", SCOPE, K::Rejected, Call, "-"),
            (USER, NotSent, status(404), "NOT_FOUND", SCOPE, K::NotFound, Call, "-"),
            (POLL, Accepted, Failed, "PERMISSION_DENIED", SCOPE, K::OperationFailed, Run, "-"),
            (USER, NotSent, Body, "PERMISSION_DENIED", SCOPE, K::InvalidResponse, Run, "-"),
            (USER, NotSent, Body, "PERMISSION_DENIED", "No.", K::InvalidResponse, Call, "-"),
            (UPDATE, MayHaveArrived, Body, "INTERNAL", "", K::InvalidResponse, Call, "unknown"),
            // The refusal of a grant is about what its body names.
            (GRANT, NotSent, status(403), "CannotManageAsset", "No.", K::PermissionDenied, Call, "-"),
            (GRANT, NotSent, status(403), "CannotManageSubject", "", K::PermissionDenied, Call, "-"),
            (GRANT, NotSent, status(403), "INSUFFICIENT_SCOPE", "", K::PermissionDenied, Run, "-"),
            (GRANT, NotSent, Body, "CannotManageAsset", "No.", K::InvalidResponse, Call, "-"),
            (POLL, Accepted, status(403), "PERMISSION_DENIED", "", K::PermissionDenied, Call, "unknown"),
            (POLL, Accepted, status(403), "INSUFFICIENT_SCOPE", "", K::PermissionDenied, Run, "unknown"),
            // Creating names no resource, so the next upload is refused too.
            (CREATE, MayHaveArrived, status(403), "PERMISSION_DENIED", "", K::PermissionDenied, Run, "-"),
            (CREATE, MayHaveArrived, status(403), "", "<html>", K::PermissionDenied, Run, "-"),
            // The account and its quotas.
            (CREATE, MayHaveArrived, status(400), "", "User is moderated", K::AccountModerated, Run, "-"),
            (CREATE, MayHaveArrived, status(403), "", "User is moderated", K::AccountModerated, Run, "-"),
            (POLL, Accepted, Failed, "3", "User is moderated", K::AccountModerated, Run, "-"),
            (CREATE, MayHaveArrived, status(400), "", "Audio quota exceeded", K::QuotaExhausted, AssetType, "-"),
            (CREATE, MayHaveArrived, status(403), "", "Quota used up", K::QuotaExhausted, AssetType, "-"),
            (CREATE, MayHaveArrived, status(429), "", "Audio quota exceeded", K::QuotaExhausted, AssetType, "-"),
            (CREATE, MayHaveArrived, after(429, 86_400), "", "Quota reached", K::QuotaExhausted, AssetType, "-"),
            (POLL, Accepted, Failed, "RESOURCE_EXHAUSTED", "No.", K::QuotaExhausted, AssetType, "-"),
            // A request limit ends by itself.
            (INVENTORY, NotSent, after(429, 20), "", "Quota exceeded", K::RateLimited, Later, "again"),
            (CREATE, MayHaveArrived, status(429), "RESOURCE_EXHAUSTED", "", K::RateLimited, Later, "again"),
            (POLL, Accepted, status(429), "", "", K::RateLimited, Later, "unknown"),
            // One file or one name.
            (CREATE, MayHaveArrived, status(400), "", "InvalidImage", K::InvalidContent, Call, "-"),
            (POLL, Accepted, Failed, "3", "InvalidAudio", K::InvalidContent, Call, "-"),
            (CREATE, MayHaveArrived, status(400), "", "AssetName is moderated.", K::Moderated, Call, "-"),
            (CREATE, MayHaveArrived, status(413), "", "", K::Rejected, Call, "-"),
            (POLL, Accepted, Failed, "INTERNAL", "It broke.", K::OperationFailed, Call, "-"),
            // Failures of the service: a change may have taken effect.
            (USER, NotSent, status(503), "UNAVAILABLE", "", K::Server, Later, "again"),
            (CREATE, NotSent, status(503), "", "", K::Server, Later, "again"),
            (CREATE, MayHaveArrived, status(503), "", "", K::Server, Later, "unknown"),
            (CREATE, MayHaveArrived, status(501), "", "", K::Server, Later, "unknown"),
            (UPDATE, MayHaveArrived, status(408), "", "", K::UnexpectedStatus, Later, "unknown"),
            (CREATE, MayHaveArrived, status(303), "", "", K::UnexpectedStatus, Call, "unknown"),
            (CREATE, MayHaveArrived, status(307), "", "", K::UnexpectedStatus, Call, "-"),
            (USER, NotSent, status(501), "NOT_IMPLEMENTED", "", K::Server, Later, "-"),
            (USER, NotSent, status(407), "", "", K::ProxyRefused, Run, "-"),
            // Once a call was accepted, only a failed operation tells that it had no effect.
            (POLL, Accepted, status(404), "NOT_FOUND", "", K::NotFound, Call, "unknown"),
            (POLL, Accepted, status(503), "", "", K::Server, Later, "unknown"),
            (POLL, Accepted, status(400), "", "", K::Rejected, Call, "unknown"),
        ]
    }

    #[test]
    fn each_failure_has_its_verdict() {
        for row in rows() {
            let (endpoint, moment, outcome, code, message, kind, scope, again) = row;
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let said = ServiceError { code: text(code), message: text(message) };
            let asked = Asked { endpoint, moment, scheme: Some(Scheme::ApiKey), echoes: &[] };
            let verdict = classify(&asked, outcome, &said);
            assert_eq!((verdict.kind, verdict.scope), (kind, scope), "{row:?}");
            let repeated = match (verdict.outcome_unknown, verdict.transient) {
                (true, _) => "unknown",
                (false, true) => "again",
                (false, false) => "-",
            };
            assert_eq!(repeated, again, "{row:?}");
        }
    }

    #[test]
    fn advice_fits_the_failure() {
        let advice = |endpoint, scheme, code: &str, message: &str, outcome| {
            let said = ServiceError { code: Some(code.to_owned()), message: Some(message.to_owned()) };
            let asked = Asked { endpoint, moment: Moment::MayHaveArrived, scheme: Some(scheme), echoes: &[] };
            classify(&asked, outcome, &said).advice.unwrap_or_default()
        };
        let create = |message: &str, code: u16| advice(CREATE, Scheme::ApiKey, "", message, status(code));
        for code in [400, 403] {
            let moderated = create("User is moderated", code);
            assert!(moderated.contains("notice") && !moderated.contains("scope"), "{moderated}");
        }
        for code in [400, 403, 429] {
            let quota = create("Audio quota exceeded", code);
            assert!(quota.contains("quota") && !quota.contains("fewer") && !quota.contains("scope"), "{quota}");
        }
        let lacking = |endpoint, scheme| advice(endpoint, scheme, "INSUFFICIENT_SCOPE", "", status(403));
        assert_eq!(lacking(INVENTORY, Scheme::ApiKey), "give the key the scope item:read");
        assert_eq!(
            lacking(CREATE, Scheme::AccessToken),
            "ask for the scopes asset:read and asset:write when authorizing"
        );
        let private = advice(INVENTORY, Scheme::ApiKey, "PERMISSION_DENIED", "Private.", status(403));
        assert_eq!(private, "it may be private");

        // The scope that the service names comes before those of the endpoint.
        let named = |endpoint, scheme| advice(endpoint, scheme, "PERMISSION_DENIED", SCOPE, status(403));
        assert_eq!(named(INVENTORY, Scheme::ApiKey), "give the key the scope a:write");
        assert_eq!(named(EITHER, Scheme::AccessToken), "ask for the scope a:write when authorizing");
        assert_eq!(named(USER, Scheme::ApiKey), "give the key the scope a:write");
        assert_eq!(lacking(EITHER, Scheme::ApiKey), "give the key the scope a.b:read");
        let denied = |endpoint, code, message| advice(endpoint, Scheme::ApiKey, code, message, status(403));
        for (code, message) in [
            ("PERMISSION_DENIED", "The authorized user does not have sufficient permissions"),
            ("PERMISSION_DENIED", ""),
            ("CannotManageAsset", "No."),
            ("7", "No."),
        ] {
            for endpoint in [UPDATE, GRANT, EITHER, CREATE] {
                assert_eq!(denied(endpoint, code, message), "", "{code} {message}");
            }
        }
        let unauthenticated = |endpoint, scheme| advice(endpoint, scheme, "", "Invalid API Key", status(401));
        assert!(unauthenticated(ASSETS_V1, Scheme::ApiKey).ends_with("address; it may also lack the scope asset:read"));
        assert!(
            unauthenticated(ASSETS_V1, Scheme::AccessToken).ends_with("minutes; it may also lack the scope asset:read")
        );
        assert!(!unauthenticated(INVENTORY, Scheme::ApiKey).contains("scope"));
        // A gateway doesn't tell its reason.
        let unclear = |endpoint, message: Option<&str>| {
            let said = ServiceError { code: None, message: message.map(str::to_owned) };
            let asked = Asked { endpoint, moment: Moment::NotSent, scheme: Some(Scheme::ApiKey), echoes: &[] };
            classify(&asked, status(403), &said).advice.unwrap_or_default()
        };
        assert_eq!(unclear(UPDATE, None), "check that the credentials have the scopes asset:read and asset:write");
        assert_eq!(unclear(EITHER, Some("Forbidden")), "check that the credentials have the scope a.b:read");
        for message in ["Asset is archived.", "The asset has been deleted", "The user is blocked.", "Your permissions"]
        {
            assert_eq!(unclear(UPDATE, Some(message)), "", "{message}");
        }
        assert_eq!(unclear(UPDATE, Some("The authorized user does not have sufficient permissions")), "");

        let inspected = Asked { endpoint: INSPECT, moment: Moment::NotSent, scheme: None, echoes: &[] };
        let verdict = classify(&inspected, status(401), &ServiceError::default());
        assert_eq!(verdict.scope, ErrorScope::Run);
        assert!(verdict.advice.is_some_and(|advice| advice.contains("the key is complete")));

        let elsewhere = Asked { endpoint: USER, moment: Moment::NotSent, scheme: None, echoes: &[] };
        let verdict = classify(&elsewhere, status(401), &ServiceError::default());
        assert_eq!((verdict.scope, verdict.advice), (ErrorScope::Call, None));
    }
}
