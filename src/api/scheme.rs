/// How a call is authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    ApiKey,
    AccessToken,
}
