//! The table of failures.

use super::event::Event;
use super::words::Reason;
use super::{ErrorKind, ErrorScope};

/// What a failure means, apart from what depends on the call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) kind: ErrorKind,
    pub(super) scope: Reach,
    /// Whether the cause may be gone later.
    pub(super) transient: bool,
    /// Whether a call that has arrived may have taken effect.
    pub(super) unclear: bool,
    pub(super) advice: Advice,
}

/// How far a failure reaches.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach {
    Is(ErrorScope),
    /// To the run if the call had credentials. Another host doesn't see them, so its refusal isn't about them.
    OfCredentials,
    /// To the run if the call doesn't have a resource that was refused.
    OfResource,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug)]
pub(super) enum Advice {
    None,
    Text(&'static str),
    /// Try again after a delay.
    Wait,
    /// Check what signs the certificate.
    Certificate,
    /// Check the key, or get another token.
    Credentials,
    /// Check the scopes and what the endpoint says.
    Denied,
    /// Meet the precondition of the endpoint.
    Precondition,
    /// Add the scopes that are missing.
    Scopes,
}

const fn row(kind: ErrorKind, scope: Reach, transient: bool, unclear: bool, advice: Advice) -> Row {
    Row { kind, scope, transient, unclear, advice }
}

use ErrorKind as K;

const CALL: Reach = Reach::Is(ErrorScope::Call);
const RUN: Reach = Reach::Is(ErrorScope::Run);
const TYPE: Reach = Reach::Is(ErrorScope::AssetType);
const LATER: Reach = Reach::Is(ErrorScope::Later);
const AGAIN: bool = true;
const FINAL: bool = false;
const UNCLEAR: bool = true;
const NO_EFFECT: bool = false;
const NONE: Advice = Advice::None;

/// Returns the row of an event without a reason.
#[rustfmt::skip]
pub(super) fn of_event(event: &Event) -> Row {
    match event {
        Event::Cancelled             => row(K::Cancelled,       LATER, FINAL, NO_EFFECT, NONE),
        Event::LimitExhausted(_)     => row(K::RateLimited,     LATER, AGAIN, NO_EFFECT, Advice::Wait),
        Event::OutOfTime             => row(K::Timeout,         LATER, AGAIN, NO_EFFECT, NONE),

        Event::Unsendable            => row(K::InvalidInput,    CALL,  FINAL, NO_EFFECT, NONE),
        Event::Unreachable           => row(K::Connection,      LATER, AGAIN, NO_EFFECT, NONE),
        Event::LateConnection        => row(K::Timeout,         LATER, AGAIN, NO_EFFECT, NONE),
        Event::NoTls                 => row(K::Connection,      RUN,   FINAL, NO_EFFECT, Advice::Text(BUILD_WITH_TLS)),
        Event::Untrusted { .. }      => row(K::Connection,      RUN,   FINAL, NO_EFFECT, Advice::Certificate),
        Event::Handshake             => row(K::Connection,      LATER, AGAIN, NO_EFFECT, NONE),
        Event::ProxyLogin            => row(K::Connection,      RUN,   FINAL, NO_EFFECT, Advice::Text(PROXY_LOGIN)),
        Event::ProxyRules            => row(K::Connection,      RUN,   FINAL, NO_EFFECT, NONE),
        Event::ProxyFailed           => row(K::Connection,      LATER, AGAIN, NO_EFFECT, NONE),
        Event::Broken                => row(K::Connection,      LATER, AGAIN, UNCLEAR,   NONE),
        Event::Unwritten             => row(K::Io,              CALL,  FINAL, UNCLEAR,   NONE),
        Event::Late                  => row(K::Timeout,         LATER, AGAIN, UNCLEAR,   NONE),
        Event::Unknown               => row(K::Connection,      RUN,   FINAL, UNCLEAR,   NONE),

        Event::NotHttp               => row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   NONE),
        Event::Garbled               => row(K::InvalidResponse, LATER, AGAIN, UNCLEAR,   NONE),
        Event::Packed { needs_gzip: true } =>
                                        row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   Advice::Text(BUILD_WITH_GZIP)),
        Event::Packed { .. }         => row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   NONE),
        Event::Unusable              => row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   NONE),
        Event::Truncated             => row(K::InvalidResponse, LATER, AGAIN, UNCLEAR,   NONE),
        Event::NotAnOperation        => row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   Advice::Text(FETCH_ITS_PATH)),
        Event::Unfollowed            => row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   Advice::Text(FETCH_EACH_PAGE)),
        Event::AcceptedEarly(_)      => row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   NONE),
        Event::ErrorInSuccess(_)     => row(K::InvalidResponse, CALL,  FINAL, UNCLEAR,   NONE),

        Event::Status { status, .. } => of_status(*status),
        Event::OperationFailed(_)    => row(K::OperationFailed, CALL,  FINAL, NO_EFFECT, NONE),
    }
}

/// Returns the row of a status without a reason.
#[rustfmt::skip]
fn of_status(status: u16) -> Row {
    match status {
        // These don't tell what was done; a redirect can point to its result.
        302 | 303                    => row(K::UnexpectedStatus, CALL, FINAL, UNCLEAR,   NONE),
        400 | 415 | 422              => row(K::Rejected,         CALL, FINAL, NO_EFFECT, NONE),
        413                          => row(K::Rejected,         CALL, FINAL, NO_EFFECT, Advice::Text(SMALLER)),
        401                => row(K::Unauthenticated, Reach::OfCredentials, FINAL, NO_EFFECT, Advice::Credentials),
        403                => row(K::PermissionDenied, Reach::OfResource,   FINAL, NO_EFFECT, Advice::Denied),
        404                          => row(K::NotFound,        CALL,  FINAL, NO_EFFECT, NONE),
        407                          => row(K::ProxyRefused,    RUN,   FINAL, NO_EFFECT, Advice::Text(PROXY_VARIABLE)),
        408                          => row(K::UnexpectedStatus, LATER, AGAIN, UNCLEAR,  NONE),
        409 | 412                    => row(K::Conflict,        CALL,  FINAL, NO_EFFECT, Advice::Text(FETCH_AGAIN)),
        429                          => row(K::RateLimited,     LATER, AGAIN, NO_EFFECT, Advice::Text(FEWER)),
        499                          => row(K::UnexpectedStatus, CALL, FINAL, UNCLEAR,   NONE),
        500 | 502..=504              => row(K::Server,          LATER, AGAIN, UNCLEAR,   NONE),
        501 | 505..=599              => row(K::Server,          LATER, FINAL, UNCLEAR,   NONE),
        _                            => row(K::UnexpectedStatus, CALL, FINAL, NO_EFFECT, NONE),
    }
}

/// Returns the row of a reason, which a refusal or a failed operation has given.
#[rustfmt::skip]
pub(super) fn of_reason(reason: Reason) -> Row {
    match reason {
        Reason::InvalidContent       => row(K::InvalidContent,  CALL,  FINAL, NO_EFFECT, NONE),
        Reason::Moderated            => row(K::Moderated,       CALL,  FINAL, NO_EFFECT, Advice::Text(OTHER_NAME)),
        Reason::AccountModerated     => row(K::AccountModerated, RUN,  FINAL, NO_EFFECT, Advice::Text(READ_NOTICE)),
        Reason::QuotaExhausted       => row(K::QuotaExhausted,  TYPE,  FINAL, NO_EFFECT, Advice::Text(QUOTA)),
        Reason::Conflict             => row(K::Conflict,        CALL,  FINAL, NO_EFFECT, Advice::Text(FETCH_AGAIN)),
        Reason::Precondition         => row(K::Rejected,        CALL,  FINAL, NO_EFFECT, Advice::Precondition),
        Reason::InvalidGrant         => row(K::InvalidGrant,    RUN,   FINAL, NO_EFFECT, Advice::Text(SIGN_IN_AGAIN)),
        Reason::UnknownApp           => row(K::Unauthenticated, RUN,   FINAL, NO_EFFECT, Advice::Text(CHECK_APP)),
        Reason::ConsentDenied        => row(K::ConsentDenied,   CALL,  FINAL, NO_EFFECT, NONE),
    }
}

const BUILD_WITH_TLS: &str = "build with one of the features rustls, native-tls or platform-verifier";
const BUILD_WITH_GZIP: &str = "build with the feature gzip";
const PROXY_LOGIN: &str = "write the user name and the password into the variable that names the proxy: \
                           http://user:password@host:port";
const PROXY_VARIABLE: &str = "put the proxy's user name and password into the proxy variable";
const FETCH_ITS_PATH: &str = "fetch its path to see how it stands";
const FETCH_EACH_PAGE: &str = "fetch each page, and send the field's value as the reference of the endpoint says";
const FETCH_AGAIN: &str = "fetch the resource again before you repeat the call: its state may have changed";
const SMALLER: &str = "send a smaller file";
const FEWER: &str = "wait, or send fewer requests";
const OTHER_NAME: &str = "change the name or the description";
const READ_NOTICE: &str = "sign in to Roblox with the account and read its notice";
const QUOTA: &str = "uploads of this asset type are refused until the quota resets; other types are not affected";
const SIGN_IN_AGAIN: &str = "sign in again; a code can be used once and within a minute, a refresh token once";
const CHECK_APP: &str = "check the client id and the client secret";
