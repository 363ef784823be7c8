/// A page that the service shows to a user who signs in, also if it could do without, for [`OAuth2App::prompt`].
///
/// [`OAuth2App::prompt`]: super::OAuth2App::prompt
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Prompt {
    /// The page where users enter their password.
    Login,
    /// The page where users authorize the app.
    Consent,
    /// The page where users choose one of their accounts.
    SelectAccount,
}

impl Prompt {
    /// Returns the value as the service reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }
}
