//! Reads from the service's message what its code and status don't tell.

use super::ServiceError;

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

/// Codes that tell the kind, whatever the message is.
const PLAIN_CODES: &[&str] = &[
    "INSUFFICIENT_SCOPE",
    "UNAUTHENTICATED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "CANCELLED",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "NOT_IMPLEMENTED",
    "UNAVAILABLE",
];

/// Words near "quota" in a message about an exhausted quota.
const USED_UP: &[&str] = &[
    "used",
    "exhausted",
    "exceeded",
    "exceeds",
    "exceed",
    "reached",
    "depleted",
    "consumed",
    "limit",
    "limits",
    "full",
    "left",
    "remaining",
    "insufficient",
    "over",
    "hit",
    "out",
];

/// Words near "quota" in a message about requests, not uploads.
const RATES: &[&str] = &["request", "requests", "second", "seconds", "minute", "minutes"];

/// The kinds of content that the service can't read, such as in "InvalidImage".
const CONTENTS: &[&str] = &["image", "audio", "video", "model", "mesh", "animation", "file", "content"];
/// Words after "invalid file" in a message about something else, such as "invalid file name".
const NOT_CONTENT: &[&str] =
    &["name", "filename", "extension", "size", "type", "path", "format", "id", "ids", "length"];

/// Whether a code was refused because the program and the browser have different addresses.
pub(super) fn is_code_of_another_address(said: &ServiceError) -> bool {
    let message = said.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    message.contains("code may not be used from this device")
}

/// Returns the reason that a code of OAuth 2.0 tells.
pub(super) fn reason_of_sign_in(said: &ServiceError) -> Option<Reason> {
    let code = said.code.as_deref()?;
    OAUTH2_CODES.iter().find(|(known, _)| *known == code).map(|(_, reason)| *reason)
}

/// Returns the reason that only the message tells, if it tells one.
///
/// Codes have precedence over words. Quoted text, file names and texts of the request (`echoes`, such as the asset's name)
/// are ignored: an asset may be called "Quota Bar".
pub(super) fn reason(said: &ServiceError, echoes: &[String]) -> Option<Reason> {
    let code = said.code.as_deref().unwrap_or_default();
    if PLAIN_CODES.contains(&code) {
        return None;
    }
    let code_words = words(code);
    if code_words == ["aborted"] {
        return Some(Reason::Conflict);
    }
    reason_of_words(&code_words)
        .or_else(|| fixed_sentence(said.message.as_deref().unwrap_or_default()))
        .or_else(|| reason_of_words(&spoken(said, echoes)))
        .or_else(|| (code == "RESOURCE_EXHAUSTED").then_some(Reason::QuotaExhausted))
        .or_else(|| (code_words == ["failed", "precondition"]).then_some(Reason::Precondition))
}

/// Whether the message says that an upload quota is exhausted.
pub(super) fn names_a_quota(said: &ServiceError, echoes: &[String]) -> bool {
    is_quota(&words(said.code.as_deref().unwrap_or_default())) || is_quota(&spoken(said, echoes))
}

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

/// Whether the message tells why the call was refused, other than for a scope.
pub(super) fn names_a_reason(said: &ServiceError, echoes: &[String]) -> bool {
    spoken(said, echoes).iter().any(|word| REASONS.contains(&word.as_str()))
}

/// Messages recorded from the service. They count even if an asset has such a name.
fn fixed_sentence(message: &str) -> Option<Reason> {
    match words(message).iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["asset", "name" | "description", "is", "moderated"] => Some(Reason::Moderated),
        ["user", "is", "moderated"] => Some(Reason::AccountModerated),
        _ => None,
    }
}

fn reason_of_words(words: &[String]) -> Option<Reason> {
    if is_content(words) {
        Some(Reason::InvalidContent)
    } else if let Some(at) = words.iter().position(|word| word == "moderated") {
        let subject = words[..at].iter().rev().find(|word| !is_auxiliary(word));
        match subject.map(String::as_str) {
            Some("user" | "account" | "creator") => Some(Reason::AccountModerated),
            _ if words[..at].ends_with(&["not".to_owned()]) => None,
            _ => Some(Reason::Moderated),
        }
    } else if is_quota(words) {
        Some(Reason::QuotaExhausted)
    } else {
        None
    }
}

fn is_auxiliary(word: &str) -> bool {
    matches!(word, "is" | "was" | "are" | "has" | "have" | "been" | "being" | "currently" | "s")
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
fn spoken(said: &ServiceError, echoes: &[String]) -> Vec<String> {
    let message = said.message.as_deref().unwrap_or_default();
    let mut spoken = words(&without_quotes(message));
    for echo in echoes {
        let echo = words(echo);
        while let Some(at) = spoken.windows(echo.len().max(1)).position(|window| window == echo.as_slice()) {
            spoken.drain(at..at + echo.len());
        }
    }
    spoken
}

/// Removes quoted text other than codes: the service quotes its own "InvalidImage".
fn without_quotes(text: &str) -> String {
    const PAIRS: &[(char, char)] = &[('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
    let mut kept = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        // An apostrophe follows a letter.
        let opens = PAIRS.iter().find(|(open, _)| *open == first && !before.is_alphanumeric());
        let quoted = opens.and_then(|(_, close)| closing(after, *close).map(|end| (end, *close)));
        match quoted {
            Some((end, close)) => {
                let inside = &after[..end];
                kept.push(' ');
                if is_code(inside) {
                    kept.push_str(inside);
                }
                kept.push(' ');
                rest = &after[end + close.len_utf8()..];
                before = close;
            }
            None => {
                kept.push(first);
                rest = after;
                before = first;
            }
        }
    }
    kept
}

/// Returns where quoted text ends: at the next closing quote that isn't an apostrophe within a word.
fn closing(text: &str, close: char) -> Option<usize> {
    text.char_indices().filter(|(_, c)| *c == close).map(|(at, _)| at).find(|at| {
        let next = text[at + close.len_utf8()..].chars().next();
        close == '"' || next.is_none_or(|next| !next.is_alphanumeric())
    })
}

/// Whether it is one of the service's codes, such as `InvalidImage`, or a recorded message.
fn is_code(text: &str) -> bool {
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_word && is_content(&words(text))) || fixed_sentence(text).is_some()
}

/// Splits a text into words in lower case: `AssetName`, `ASSET_NAME` and "asset name" are the same two. File names are left
/// out.
pub(super) fn words(text: &str) -> Vec<String> {
    let chunks = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '[' | ']'));
    chunks.filter(|chunk| !is_file_name(chunk)).flat_map(|chunk| chunk.split(|c: char| !c.is_alphanumeric())).fold(
        Vec::new(),
        |mut words, part| {
            let mut word = String::new();
            let mut was_lower = false;
            for c in part.chars() {
                if c.is_uppercase() && was_lower {
                    words.push(std::mem::take(&mut word));
                }
                was_lower = c.is_lowercase() || c.is_numeric();
                word.extend(c.to_lowercase());
            }
            if !word.is_empty() {
                words.push(word);
            }
            words
        },
    )
}

/// Whether it looks like `quota_bar.png`, with or without a full stop.
fn is_file_name(chunk: &str) -> bool {
    let chunk = chunk.trim_matches(|c: char| !c.is_alphanumeric());
    chunk.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty() && (1..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric())
    })
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
            ("The name was moderated", Moderated),
            ("User is moderated", AccountModerated),
            ("\"user is Moderated\"", AccountModerated),
            ("The user has been moderated.", AccountModerated),
            ("Your account is moderated: see 'Quota Bar'", AccountModerated),
            ("UserModerated", AccountModerated),
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
        assert_eq!(read("InvalidImage", "The name was moderated", &[]), Some(Reason::InvalidContent));
        assert_eq!(read("AssetNameModerated", "No.", &[]), Some(Reason::Moderated));
    }

    #[test]
    fn recorded_messages_count_even_as_names() {
        assert_eq!(read("3", "AssetName is moderated.", &["moderated"]), Some(Reason::Moderated));
        assert_eq!(read("3", "User is moderated", &["user is moderated"]), Some(Reason::AccountModerated));
    }

    #[test]
    fn odd_texts_do_not_panic() {
        for text in ["'", "\"", "''", "a'b'c", "“", "«»", "’‘", "é'é'", "'\u{1f600}'x", "...", "a.b.c."] {
            let _ = read("", text, &["", "'", "a"]);
        }
    }
}
