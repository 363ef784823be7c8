//! Says what to do about a failure, where that depends on the call.

use super::ServiceError;
use super::event::{Event, FailedCall};
use super::missing_scope::MissingScope;
use super::table::Advice;
use super::words;
use crate::api::Scheme;

const ONE_NETWORK: &str = "browser and program must be in one network (no VPN in only one of them); then sign in again";

/// Returns what to do, if that is known.
pub(super) fn text(call: &FailedCall<'_>, advice: Advice, event: &Event, missing: &[MissingScope]) -> Option<String> {
    let none = ServiceError::default();
    let reported = event.reported().unwrap_or(&none);
    let of_endpoint = match event {
        Event::Status { status, .. } => call.endpoint.advice_after(*status, call.upload),
        _ => None,
    };
    match advice {
        Advice::Scopes => Some(scopes(call, missing)),
        _ if of_endpoint.is_some() => of_endpoint,
        _ if words::is_code_of_another_address(reported) => Some(ONE_NETWORK.to_owned()),
        Advice::None => None,
        Advice::Text(text) => Some(text.to_owned()),
        Advice::Wait => match event {
            Event::LimitExhausted(wait) => Some(format!("try again in {} s", wait.as_secs().saturating_add(1))),
            _ => None,
        },
        Advice::Certificate => Some(certificate(matches!(event, Event::Untrusted { unknown_issuer: true })).to_owned()),
        Advice::Credentials => credentials(call, reported),
        Advice::Denied => denied(call, reported),
        Advice::Precondition => call.endpoint.precondition().map(str::to_owned),
    }
}

fn certificate(unknown_issuer: bool) -> &'static str {
    if unknown_issuer && !cfg!(feature = "platform-verifier") {
        "if a proxy or a virus scanner of this network signs certificates, build with the feature platform-verifier, \
         which trusts what the operating system trusts, or hand in an agent with that root"
    } else {
        "check the clock of this machine and the base URL, and who signed the certificate"
    }
}

/// Returns what to do about scopes that are missing.
fn scopes(call: &FailedCall<'_>, missing: &[MissingScope]) -> String {
    let scopes = match missing {
        [] => list(&call.endpoint.scopes_to_request()),
        named => list(&named.iter().map(MissingScope::text).collect::<Vec<_>>()),
    };
    let scopes = scopes.unwrap_or_else(|| "scope that the reference names for this call".to_owned());
    match call.scheme {
        Some(Scheme::AccessToken) => format!("request the {scopes} when authorizing"),
        Some(Scheme::ApiKey) | None => format!("give the key the {scopes}"),
    }
}

/// Returns what to do about a 401.
fn credentials(call: &FailedCall<'_>, reported: &ServiceError) -> Option<String> {
    let by_key = call.scheme == Some(Scheme::ApiKey) || call.endpoint.has_key_in_body();
    // The gateway refuses unknown keys with a list of errors; this code comes from the services behind it.
    if by_key && !call.endpoint.takes_group_keys() && reported.code.as_deref() == Some("UNAUTHENTICATED") {
        return Some("a key that a group owns is not accepted here; use a user's key or OAuth 2.0".to_owned());
    }
    let advice = match (by_key, call.scheme) {
        (true, _) => "check that the key is complete, enabled, not expired, and allowed from this address",
        (false, Some(_)) => "get a new access token; they last 15 minutes",
        (false, None) => return None,
    };
    // Here, a 401 can mean that a scope is missing.
    let scopes = list(&call.endpoint.scopes_to_check()).filter(|_| call.endpoint.refuses_scopes_with_401());
    Some(scopes.map_or_else(|| advice.to_owned(), |scopes| format!("{advice}; it may also lack the {scopes}")))
}

/// Returns what to do about a 403 that isn't about a scope, or doesn't tell what it is about.
fn denied(call: &FailedCall<'_>, reported: &ServiceError) -> Option<String> {
    let hint = call.endpoint.denied_hint().map(str::to_owned);
    // A service that refuses for a missing scope says so. A gateway or a proxy may not tell its reason.
    let is_unclear = reported.code.is_none() && !words::names_a_reason(reported, call.echoes);
    let scopes = list(&call.endpoint.scopes_to_check()).filter(|_| is_unclear);
    let check = scopes.map(|scopes| format!("check that the credentials have the {scopes}"));
    match (check, hint) {
        (Some(check), Some(hint)) => Some(format!("{check}; {hint}")),
        (check, hint) => check.or(hint),
    }
}

/// Returns `scope a` or `scopes a and b`. `None` without any.
fn list<S: AsRef<str>>(scopes: &[S]) -> Option<String> {
    let word = if scopes.len() == 1 { "scope" } else { "scopes" };
    let scopes: Vec<&str> = scopes.iter().map(AsRef::as_ref).collect();
    (!scopes.is_empty()).then(|| format!("{word} {}", scopes.join(" and ")))
}
