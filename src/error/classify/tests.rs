use super::*;
use crate::api::{Endpoint, Scheme};
use crate::error::ServiceError;

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
const NOTIFY: &Endpoint = &Endpoint::post("/users/{user}/notifications").with_precondition("turn them on");
const SCOPE: &str = "The required scope <a:write> is missing.";
const POLL: &Endpoint = &Endpoint::get("/operations/{operation}").with_scopes(&["asset:read"]).polling();

/// How a call was refused.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Status(u16, Option<Duration>),
    Body,
    Operation,
}

impl Refusal {
    fn event(self, reported: ServiceError) -> Event {
        match self {
            Self::Status(status, pause) => Event::Status { status, pause, reported },
            Self::Body => Event::ErrorInSuccess(reported),
            Self::Operation => Event::OperationFailed(reported),
        }
    }
}

/// One row: the call, how much of it has arrived, the refusal, and the verdict.
type Refused = (&'static Endpoint, Arrival, Refusal, &'static str, &'static str, ErrorKind, ErrorScope, &'static str);

/// One row of a failure that isn't a refusal. The last columns are the verdict of a call that reads, and that of one that changes
/// something and may have arrived.
type Failed = (Event, ErrorKind, ErrorScope, &'static str, &'static str, &'static str);

fn status(status: u16) -> Refusal {
    Refusal::Status(status, None)
}

fn after(status: u16, seconds: u64) -> Refusal {
    Refusal::Status(status, Some(Duration::from_secs(seconds)))
}

/// The last column is `again` (transient), `unknown` (may have taken effect), or `-`.
fn refusals() -> Vec<Refused> {
    use Arrival::{Accepted, MayHaveArrived, NotSent};
    use ErrorKind as K;
    use ErrorScope::{AssetType, Call, Later, Run};
    use Refusal::{Body, Operation as Failed};
    vec![
        // endpoint, event, outcome, code, message → kind, scope, whether to retry
        (USER, NotSent, status(400), "INVALID_ARGUMENT", "Bad.", K::Rejected, Call, "-"),
        (USER, NotSent, status(404), "NOT_FOUND", "No such user.", K::NotFound, Call, "-"),
        // Someone else was faster.
        (USER, NotSent, status(409), "ABORTED", "", K::Conflict, Call, "-"),
        (USER, NotSent, status(412), "", "", K::Conflict, Call, "-"),
        (UPDATE, MayHaveArrived, status(409), "ABORTED", "", K::Conflict, Call, "-"),
        (UPDATE, MayHaveArrived, status(409), "", "", K::Conflict, Call, "-"),
        (UPDATE, MayHaveArrived, status(412), "", "<html>", K::Conflict, Call, "-"),
        (UPDATE, MayHaveArrived, status(400), "FAILED_PRECONDITION", "Etag.", K::Conflict, Call, "-"),
        (UPDATE, MayHaveArrived, status(400), "FailedPrecondition", "", K::Conflict, Call, "-"),
        (UPDATE, MayHaveArrived, status(400), "ABORTED", "", K::Conflict, Call, "-"),
        (POLL, Accepted, Failed, "ABORTED", "", K::Conflict, Call, "-"),
        (POLL, Accepted, status(412), "", "", K::Conflict, Call, "unknown"),
        (UPDATE, MayHaveArrived, status(500), "ABORTED", "", K::Server, Later, "unknown"),
        // What the service requires here isn't about a change.
        (NOTIFY, MayHaveArrived, status(400), "FAILED_PRECONDITION", "", K::Rejected, Call, "-"),
        (NOTIFY, MayHaveArrived, status(400), "ABORTED", "", K::Conflict, Call, "-"),
        (
            CREATE,
            MayHaveArrived,
            status(400),
            "FAILED_PRECONDITION",
            "User is moderated",
            K::AccountModerated,
            Run,
            "-",
        ),
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
        // A request that creates doesn't have a resource, so the next upload is refused too.
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

fn text(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn again(verdict: &Verdict) -> &'static str {
    match (verdict.outcome_unknown, verdict.transient) {
        (true, _) => "unknown",
        (false, true) => "again",
        (false, false) => "-",
    }
}

#[test]
fn each_refusal_has_its_verdict() {
    for row in refusals() {
        let (endpoint, arrival, refusal, code, message, kind, scope, expected) = row;
        let call = FailedCall { endpoint, arrival, scheme: Some(Scheme::ApiKey), echoes: &[], upload: None };
        let reported = ServiceError { code: text(code), message: text(message) };
        let verdict = classify(&call, &refusal.event(reported));
        assert_eq!((verdict.kind, verdict.scope, again(&verdict)), (kind, scope, expected), "{row:?}");
    }
}

fn failures() -> Vec<Failed> {
    use ErrorKind as K;
    use ErrorScope::{Call, Later, Run};
    let reported = ServiceError::default;
    let (trusted, untrusted) = (Event::Untrusted { unknown_issuer: false }, Event::Untrusted { unknown_issuer: true });
    let hint = if cfg!(feature = "platform-verifier") { "the clock" } else { "platform-verifier" };
    vec![
        // event → kind, scope, of a call that reads, of one that changes something, a part of the advice
        (Event::Cancelled, K::Cancelled, Later, "-", "-", ""),
        (Event::LimitExhausted(Duration::from_millis(1500)), K::RateLimited, Later, "again", "again", "in 2 s"),
        (Event::OutOfTime, K::Timeout, Later, "again", "again", ""),
        (Event::Unsendable, K::InvalidInput, Call, "-", "-", ""),
        (Event::Unreachable, K::Connection, Later, "again", "again", ""),
        (Event::LateConnection, K::Timeout, Later, "again", "again", ""),
        (Event::NoTls, K::Connection, Run, "-", "-", "native-tls"),
        (trusted, K::Connection, Run, "-", "-", "the clock"),
        (untrusted, K::Connection, Run, "-", "-", hint),
        (Event::Handshake, K::Connection, Later, "again", "again", ""),
        (Event::ProxyLogin, K::Connection, Run, "-", "-", "user:password"),
        (Event::ProxyRules, K::Connection, Run, "-", "-", ""),
        (Event::ProxyFailed, K::Connection, Later, "again", "again", ""),
        (Event::Broken, K::Connection, Later, "again", "unknown", ""),
        (Event::Unwritten, K::Io, Call, "-", "unknown", ""),
        (Event::Late, K::Timeout, Later, "again", "unknown", ""),
        (Event::Unknown, K::Connection, Run, "-", "unknown", ""),
        (Event::NotHttp, K::InvalidResponse, Call, "-", "unknown", ""),
        (Event::Garbled, K::InvalidResponse, Later, "again", "unknown", ""),
        (Event::Packed { needs_gzip: true }, K::InvalidResponse, Call, "-", "unknown", "feature gzip"),
        (Event::Packed { needs_gzip: false }, K::InvalidResponse, Call, "-", "unknown", ""),
        (Event::Unusable, K::InvalidResponse, Call, "-", "unknown", ""),
        (Event::Truncated, K::InvalidResponse, Later, "again", "unknown", ""),
        (Event::NotAnOperation, K::InvalidResponse, Call, "-", "unknown", "fetch its path"),
        (Event::Unfollowed, K::InvalidResponse, Call, "-", "unknown", "fetch each page"),
        (Event::AcceptedEarly(reported()), K::InvalidResponse, Call, "-", "unknown", ""),
        (Event::ErrorInSuccess(reported()), K::InvalidResponse, Call, "-", "unknown", ""),
        (Event::OperationFailed(reported()), K::OperationFailed, Call, "-", "-", ""),
    ]
}

#[test]
fn each_failure_has_its_verdict() {
    for (event, kind, scope, of_reading, of_change, advice) in failures() {
        let verdict = |endpoint, arrival| {
            let verdict = classify(&FailedCall { endpoint, arrival, scheme: None, echoes: &[], upload: None }, &event);
            let advised = verdict.advice.clone().unwrap_or_default();
            assert!(
                if advice.is_empty() { advised.is_empty() } else { advised.contains(advice) },
                "{event:?}: {advised}"
            );
            assert_eq!((verdict.kind, verdict.scope), (kind, scope), "{event:?}");
            again(&verdict)
        };
        for arrival in [Arrival::NotSent, Arrival::CutShort, Arrival::MayHaveArrived, Arrival::Accepted] {
            assert_eq!(verdict(USER, arrival), of_reading, "{event:?}, {arrival:?}");
            // Whether a second call is harmless doesn't change what the first has done.
            let may_have_effect = |endpoint| {
                classify(&FailedCall { endpoint, arrival, scheme: None, echoes: &[], upload: None }, &event)
                    .may_have_effect
            };
            assert_eq!(may_have_effect(USER), verdict(CREATE, arrival) == "unknown", "{event:?}, {arrival:?}");
            assert_eq!(may_have_effect(USER), may_have_effect(CREATE), "{event:?}, {arrival:?}");
        }
        assert_eq!(verdict(CREATE, Arrival::MayHaveArrived), of_change, "{event:?}");
        // What hasn't arrived had no effect, and what was accepted has one.
        for arrival in [Arrival::NotSent, Arrival::CutShort] {
            assert_ne!(verdict(CREATE, arrival), "unknown", "{event:?}, {arrival:?}");
        }
        let is_end = matches!(event, Event::OperationFailed(_));
        assert_eq!(verdict(CREATE, Arrival::Accepted), if is_end { "-" } else { "unknown" }, "{event:?}");
        assert_eq!(verdict(POLL, Arrival::NotSent), if is_end { "-" } else { "unknown" }, "{event:?}");
    }
}

#[test]
fn advice_fits_the_failure() {
    let advice = |endpoint, scheme, code: &str, message: &str, refusal| {
        let reported = ServiceError { code: Some(code.to_owned()), message: Some(message.to_owned()) };
        let call =
            FailedCall { endpoint, arrival: Arrival::MayHaveArrived, scheme: Some(scheme), echoes: &[], upload: None };
        classify(&call, &Refusal::event(refusal, reported)).advice.unwrap_or_default()
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
    assert_eq!(lacking(CREATE, Scheme::AccessToken), "request the scopes asset:read and asset:write when authorizing");
    let private = advice(INVENTORY, Scheme::ApiKey, "PERMISSION_DENIED", "Private.", status(403));
    assert_eq!(private, "it may be private");

    // The scope that the service names comes before those of the endpoint.
    let named = |endpoint, scheme| advice(endpoint, scheme, "PERMISSION_DENIED", SCOPE, status(403));
    assert_eq!(named(INVENTORY, Scheme::ApiKey), "give the key the scope a:write");
    assert_eq!(named(EITHER, Scheme::AccessToken), "request the scope a:write when authorizing");
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
        let reported = ServiceError { code: None, message: message.map(str::to_owned) };
        let call =
            FailedCall { endpoint, arrival: Arrival::NotSent, scheme: Some(Scheme::ApiKey), echoes: &[], upload: None };
        classify(&call, &status(403).event(reported)).advice.unwrap_or_default()
    };
    assert_eq!(unclear(UPDATE, None), "check that the credentials have the scopes asset:read and asset:write");
    assert_eq!(unclear(EITHER, Some("Forbidden")), "check that the credentials have the scope a.b:read");
    for message in ["Asset is archived.", "The asset has been deleted", "The user is blocked.", "Your permissions"] {
        assert_eq!(unclear(UPDATE, Some(message)), "", "{message}");
    }
    assert_eq!(unclear(UPDATE, Some("The authorized user does not have sufficient permissions")), "");

    let update = |code: u16, word| advice(UPDATE, Scheme::ApiKey, word, "", status(code));
    for again in [update(409, "ABORTED"), update(409, ""), update(412, ""), update(400, "FAILED_PRECONDITION")] {
        assert!(again.starts_with("fetch the resource again"), "{again}");
    }
    let unmet = advice(NOTIFY, Scheme::ApiKey, "FAILED_PRECONDITION", "", status(400));
    assert_eq!(unmet, "turn them on");

    let inspected =
        FailedCall { endpoint: INSPECT, arrival: Arrival::NotSent, scheme: None, echoes: &[], upload: None };
    let verdict = classify(&inspected, &status(401).event(ServiceError::default()));
    assert_eq!(verdict.scope, ErrorScope::Run);
    assert!(verdict.advice.is_some_and(|advice| advice.contains("the key is complete")));

    let elsewhere = FailedCall { endpoint: USER, arrival: Arrival::NotSent, scheme: None, echoes: &[], upload: None };
    let verdict = classify(&elsewhere, &status(401).event(ServiceError::default()));
    assert_eq!((verdict.scope, verdict.advice), (ErrorScope::Call, None));
}

/// What an endpoint knows of its statuses comes before what is known of them in general.
#[test]
fn endpoints_advise_after_their_statuses() {
    const PLACE: Endpoint = Endpoint::post("/places/{place}/versions")
        .with_scopes(&["places:write"])
        .with_advice(&[(409, "end the session")])
        .with_size_advice(1000, "make it smaller");
    for (code, upload, expected) in [
        (409, Some(1), Some("end the session")),
        (409, None, Some("end the session")),
        (413, Some(999), Some("the body has 999 bytes; make it smaller")),
        (413, None, Some("send a smaller file")),
        (500, Some(1000), Some("the body has 1000 bytes; make it smaller")),
        (500, Some(999), None),
        (502, Some(1000), None),
        (412, Some(1), Some("fetch the resource again before you repeat the call: its state may have changed")),
    ] {
        let scheme = Some(Scheme::ApiKey);
        let call = FailedCall { endpoint: &PLACE, arrival: Arrival::MayHaveArrived, scheme, echoes: &[], upload };
        let verdict = classify(&call, &status(code).event(ServiceError::default()));
        assert_eq!(verdict.advice.as_deref(), expected, "{code} after {upload:?} bytes");
    }
    // A scope that is missing is missing, whatever the status is.
    let denied = ServiceError { code: Some("INSUFFICIENT_SCOPE".to_owned()), message: None };
    let call = FailedCall {
        endpoint: &PLACE.with_advice(&[(403, "end the session")]),
        arrival: Arrival::MayHaveArrived,
        scheme: Some(Scheme::ApiKey),
        echoes: &[],
        upload: None,
    };
    let advice = classify(&call, &status(403).event(denied)).advice.unwrap_or_default();
    assert_eq!(advice, "give the key the scope places:write");
}
