//! What failed, and how far a failure reaches.

/// The kind of an [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key, the base URL, a setting, an argument or a text is invalid. Nothing was sent, or, if a source of tokens returned an
    /// invalid one to replace one that was refused, nothing more.
    InvalidInput,
    /// A local file can't be read or has changed, or a download can't be written.
    Io,
    /// The service can't be reached, or the connection broke.
    Connection,
    /// A timeout expired.
    Timeout,
    /// The response is invalid: not in the service's format, an error with a success status, too large, or a page that can't be
    /// followed.
    InvalidResponse,
    /// 400, 413, 415, 422: the service rejected an argument.
    Rejected,
    /// The service can't read the content of the file, such as a broken image.
    InvalidContent,
    /// The name or the description was moderated.
    Moderated,
    /// The account is moderated. All further uploads are refused too.
    AccountModerated,
    /// The upload quota of this asset type is exhausted, for hours or for the month.
    QuotaExhausted,
    /// 401: the key or token is unknown, or not accepted here. For assets, it can also lack a scope.
    #[doc(alias = "401")]
    #[doc(alias = "invalid key")]
    Unauthenticated,
    /// 403: the key or token lacks the permission.
    #[doc(alias = "403")]
    #[doc(alias = "forbidden")]
    PermissionDenied,
    /// 407: the proxy requires credentials.
    ProxyRefused,
    /// 404: the resource doesn't exist.
    #[doc(alias = "404")]
    NotFound,
    /// 409, 412, or one of the codes `ABORTED` and `FAILED_PRECONDITION`: the resource isn't in the state that the call expects,
    /// usually because someone else has changed it. Fetch it again, and decide anew: the same call would be refused again.
    Conflict,
    /// 429: too many requests. Also a call that wasn't sent, because it would have had to wait too long for the rate limit, or for one
    /// of the unfinished tasks to end.
    #[doc(alias = "429")]
    #[doc(alias = "throttle")]
    #[doc(alias = "too many requests")]
    #[doc(alias = "ratelimit")]
    #[doc(alias = "rate_limit")]
    RateLimited,
    /// 5xx: the service failed.
    Server,
    /// Any other status, such as that of a redirect. Redirects aren't followed, except by downloads.
    UnexpectedStatus,
    /// An [`Operation`](crate::Operation) failed.
    OperationFailed,
    /// An [`Operation`](crate::Operation) was still pending at the end of the wait.
    OperationPending,
    /// The call was cancelled before it was sent, or before it was sent again.
    Cancelled,
    /// The user declined to authorize the app.
    ConsentDenied,
    /// A redirect belongs to another sign-in: its state is missing or wrong.
    StateMismatch,
    /// A redirect of a sign-in is invalid: it has neither a code nor an error, or two of them.
    InvalidRedirect,
    /// An authorization code or a refresh token is wrong, expired, revoked, or was used before. The user has to sign in again.
    InvalidGrant,
    /// A client that stays signed in sent its refresh token, but got no response: it may be spent, and the next one lost.
    RefreshUnknown,
    /// An id token can't be trusted: its signature, its issuer, its audience, its nonce or its age is wrong.
    InvalidIdToken,
    /// The local clock differs too much from the service's.
    ClockSkew,
    /// A file that this crate keeps, such as stored tokens, is damaged or incomplete.
    CorruptFile,
    /// A newer version of this crate wrote a file that it keeps.
    NewerFile,
    /// Stored tokens belong to another app or another user.
    ForeignTokens,
    /// Files are not published as they are now, or modules don't have the ids of what is.
    OutOfDate,
    /// An error that the caller created with [`Error::other`](crate::Error::other), such as that of a source of access tokens.
    Other,
}

/// How far a failure reaches, for programs that make many calls in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorScope {
    /// This call only: its file, its name, or the resource that it names. The next call can succeed.
    Call,
    /// All calls of this run: the key, its scopes, or the account. No call succeeds until someone changes that.
    Run,
    /// All uploads of one asset type, whose quota is exhausted. Uploads of other types can succeed.
    AssetType,
    /// This call for now. The same call can succeed later.
    Later,
}
