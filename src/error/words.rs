//! The codes and the sentences of the service that tell more than a status.

use super::ServiceError;
use super::text::{without_quotes, words};

/// Why a call was refused, or why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The service can't read the file.
    InvalidContent,
    /// The name or the description was moderated.
    Moderated,
    AccountModerated,
    /// The upload quota of the asset type is exhausted.
    QuotaExhausted,
    /// The resource isn't in the state that the call expects.
    Conflict,
    /// A precondition isn't met. Unless the endpoint has one of its own, it is about the state of the resource.
    Precondition,
    /// A code or a refresh token is no longer good.
    InvalidGrant,
    /// The client id or the client secret is wrong.
    UnknownApp,
    /// The user declined.
    ConsentDenied,
}

/// The codes of OAuth 2.0 that tell more than their status.
const OAUTH2_CODES: &[(&str, Reason)] = &[
    ("invalid_grant", Reason::InvalidGrant),
    ("invalid_client", Reason::UnknownApp),
    ("unauthorized_client", Reason::UnknownApp),
    ("access_denied", Reason::ConsentDenied),
];

/// Codes that tell it all: nothing more is read from the message.
const PLAIN_CODES: &[(&str, Option<Reason>)] = &[
    ("ABORTED", Some(Reason::Conflict)),
    ("ALREADY_EXISTS", None),
    ("CANCELLED", None),
    ("DEADLINE_EXCEEDED", None),
    ("INSUFFICIENT_SCOPE", None),
    ("INTERNAL", None),
    ("NOT_FOUND", None),
    ("NOT_IMPLEMENTED", None),
    ("UNAUTHENTICATED", None),
    ("UNAVAILABLE", None),
];

/// Codes that count if the message tells nothing more.
const OTHER_CODES: &[(&str, Reason)] =
    &[("FAILED_PRECONDITION", Reason::Precondition), ("RESOURCE_EXHAUSTED", Reason::QuotaExhausted)];

/// What messages say, recorded from the service.
const SENTENCES: &[(&[&str], Reason)] = &[
    (&["asset", "name", "is", "moderated"], Reason::Moderated),
    (&["asset", "description", "is", "moderated"], Reason::Moderated),
    (&["user", "is", "moderated"], Reason::AccountModerated),
];

/// The kinds of content in codes such as `InvalidImage`.
const CONTENTS: &[&str] = &["image", "audio", "video", "model", "mesh", "animation"];

/// Words after these in a message about something else, such as "invalid image id".
const NOT_CONTENT: &[&str] = &["format", "id", "ids", "name", "size", "type"];

/// Words near "quota" in a message about an exhausted quota.
const USED_UP: &[&str] = &["exhausted", "exceeded", "left", "reached", "remaining", "used"];

/// Words near "quota" in a message about requests, not uploads.
const RATES: &[&str] = &["request", "requests", "second", "seconds", "minute", "minutes"];

/// What a message names if it tells why a call was refused: what the caller may do, or the state of the resource.
const REASONS: &[&str] = &[
    "archived",
    "banned",
    "blocked",
    "deleted",
    "locked",
    "moderated",
    "permission",
    "permissions",
    "private",
    "removed",
];

/// The message of a code that was refused because the program and the browser have different addresses.
const OTHER_ADDRESS: &[&str] = &["code", "may", "not", "be", "used", "from", "this", "device"];

/// Returns the reason that a code of OAuth 2.0 tells.
pub(super) fn reason_of_sign_in(reported: &ServiceError) -> Option<Reason> {
    let code = reported.code.as_deref()?;
    OAUTH2_CODES.iter().find(|(known, _)| *known == code).map(|(_, reason)| *reason)
}

/// Whether a code was refused because the program and the browser have different addresses.
pub(super) fn is_code_of_another_address(reported: &ServiceError) -> bool {
    contains(&words(message(reported)), OTHER_ADDRESS)
}

/// Returns the reason that only the code and the message tell, if they tell one.
///
/// Quoted text, file names and texts of the request (`echoes`, such as the asset's name) are ignored: an asset may be called
/// "Quota Bar".
pub(super) fn reason(reported: &ServiceError, echoes: &[String]) -> Option<Reason> {
    let code = words(code(reported));
    if let Some((_, reason)) = PLAIN_CODES.iter().find(|(known, _)| words(known) == code) {
        return *reason;
    }
    reason_of_words(&code)
        .or_else(|| whole_sentence(message(reported)))
        .or_else(|| reason_of_words(&spoken(reported, echoes)))
        .or_else(|| OTHER_CODES.iter().find(|(known, _)| words(known) == code).map(|(_, reason)| *reason))
}

/// Whether the message says that an upload quota is exhausted.
pub(super) fn names_a_quota(reported: &ServiceError, echoes: &[String]) -> bool {
    is_quota(&words(code(reported))) || is_quota(&spoken(reported, echoes))
}

/// Whether the message tells why the call was refused, other than for a scope.
pub(super) fn names_a_reason(reported: &ServiceError, echoes: &[String]) -> bool {
    spoken(reported, echoes).iter().any(|word| REASONS.contains(&word.as_str()))
}

fn code(reported: &ServiceError) -> &str {
    reported.code.as_deref().unwrap_or_default()
}

fn message(reported: &ServiceError) -> &str {
    reported.message.as_deref().unwrap_or_default()
}

/// Reads a whole message, which counts even if an asset has such a name.
fn whole_sentence(message: &str) -> Option<Reason> {
    let words = words(message);
    SENTENCES.iter().find(|(sentence, _)| words == *sentence).map(|(_, reason)| *reason)
}

fn reason_of_words(words: &[String]) -> Option<Reason> {
    if is_content(words) {
        return Some(Reason::InvalidContent);
    }
    let sentence = SENTENCES.iter().find(|(sentence, _)| contains(words, sentence)).map(|(_, reason)| *reason);
    sentence.or_else(|| is_quota(words).then_some(Reason::QuotaExhausted))
}

fn contains(words: &[String], sentence: &[&str]) -> bool {
    words.windows(sentence.len()).any(|window| window == sentence)
}

fn is_content(words: &[String]) -> bool {
    let pairs = words.windows(2).enumerate();
    pairs.into_iter().any(|(at, pair)| {
        pair[0] == "invalid"
            && CONTENTS.contains(&pair[1].as_str())
            && words.get(at + 2).is_none_or(|next| !NOT_CONTENT.contains(&next.as_str()))
    })
}

fn is_quota(words: &[String]) -> bool {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let is_of_requests = has(RATES) && !has(&["upload", "uploads"]);
    has(&["quota", "quotas"]) && has(USED_UP) && !is_of_requests
}

/// Returns the words of the message that aren't the request's.
fn spoken(reported: &ServiceError, echoes: &[String]) -> Vec<String> {
    // The service quotes its own codes and sentences.
    let is_own = |quoted: &str| {
        let is_code = quoted.bytes().all(|byte| byte.is_ascii_alphanumeric()) && is_content(&words(quoted));
        is_code || whole_sentence(quoted).is_some()
    };
    let mut spoken = words(&without_quotes(message(reported), is_own));
    for echo in echoes {
        let echo = words(echo);
        while let Some(at) = spoken.windows(echo.len().max(1)).position(|window| window == echo.as_slice()) {
            spoken.drain(at..at + echo.len());
        }
    }
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str, message: &str, echoes: &[&str]) -> Option<Reason> {
        let code = Some(code.to_owned()).filter(|code| !code.is_empty());
        let echoes: Vec<String> = echoes.iter().map(|&echo| echo.to_owned()).collect();
        reason(&ServiceError { code, message: Some(message.to_owned()) }, &echoes)
    }

    #[test]
    fn words_tell_the_kind() {
        use Reason::{AccountModerated, InvalidContent, Moderated, QuotaExhausted};
        for (message, kind) in [
            ("InvalidImage", InvalidContent),
            ("\"InvalidImage\"", InvalidContent),
            ("'InvalidImage': the image can't be decoded.", InvalidContent),
            ("InvalidImage \"user_moderated_quota.png\"", InvalidContent),
            ("Invalid image.", InvalidContent),
            ("Invalid audio file", InvalidContent),
            ("AssetName is moderated.", Moderated),
            ("\"AssetName is moderated.\"", Moderated),
            ("AssetDescription is moderated.", Moderated),
            ("User is moderated", AccountModerated),
            ("User is moderated: see 'Quota Bar'", AccountModerated),
            ("The user is moderated and can't upload.", AccountModerated),
            ("AssetName is moderated: crate", Moderated),
            ("\"user is Moderated\"", AccountModerated),
            ("The quota of uploads is used up.", QuotaExhausted),
            ("Quota exhausted", QuotaExhausted),
            ("UploadQuotaExceeded", QuotaExhausted),
            ("You don't have any audio quota left for this month", QuotaExhausted),
            ("Monthly upload quota reached for Audio", QuotaExhausted),
        ] {
            assert_eq!(read("INVALID_ARGUMENT", message, &[]), Some(kind), "{message}");
            assert_eq!(read("", message, &["crate", "a wooden crate", "crate.png"]), Some(kind), "{message}");
        }
    }

    #[test]
    fn parts_of_words_names_and_quotes_are_ignored() {
        for (message, echoes) in [
            ("displayName: quotation marks are not allowed", &[][..]),
            ("The quotations in the description exceed the limit", &[]),
            ("Unmoderated content isn't supported", &[]),
            ("The moderator's note is too long", &[]),
            ("Asset 'Quota Bar' exceeds the size limit", &[]),
            ("Asset \"Moderated Chat Icon\" already exists", &[]),
            ("Can't use “User is moderated, quota used up” as a name", &[]),
            ("The asset named ‘Quota used up’ isn't yours", &[]),
            ("Can't read quota_limit.png.", &[]),
            ("Can't read Moderated.PNG", &[]),
            ("Quota Bar exceeds the limit of 50 characters", &["Quota Bar"]),
            ("Moderated Chat Icon: no such group", &["moderated chat icon", "x"]),
            ("the name moderated is too short", &["Moderated"]),
            ("'it's a quota, used up' isn't a name", &[]),
            ("Invalid file name", &[]),
            ("Invalid image id", &[]),
            ("Quota exceeded: 1000 requests per minute", &[]),
            ("quotaType is unknown", &[]),
            ("", &[]),
        ] {
            assert_eq!(read("INVALID_ARGUMENT", message, echoes), None, "{message}");
        }
    }

    #[test]
    fn codes_have_precedence_over_words() {
        assert_eq!(read("INSUFFICIENT_SCOPE", "User is moderated", &[]), None);
        assert_eq!(read("NOT_FOUND", "The quota is exhausted", &[]), None);
        assert_eq!(read("RESOURCE_EXHAUSTED", "No more today.", &[]), Some(Reason::QuotaExhausted));
        assert_eq!(read("QUOTA_EXCEEDED", "No more today.", &[]), Some(Reason::QuotaExhausted));
        assert_eq!(read("InvalidImage", "AssetName is moderated", &[]), Some(Reason::InvalidContent));
        assert_eq!(read("ABORTED", "User is moderated", &[]), Some(Reason::Conflict));
        assert_eq!(read("FailedPrecondition", "No.", &[]), Some(Reason::Precondition));
        assert_eq!(read("FAILED_PRECONDITION", "User is moderated", &[]), Some(Reason::AccountModerated));
    }

    #[test]
    fn recorded_messages_count_even_as_names() {
        assert_eq!(read("3", "AssetName is moderated.", &["moderated"]), Some(Reason::Moderated));
        assert_eq!(read("3", "User is moderated", &["user is moderated"]), Some(Reason::AccountModerated));
    }
}
