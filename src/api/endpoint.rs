use std::fmt;

use percent_encoding::utf8_percent_encode;

use super::path::{SEGMENT, Segment, is_segment};

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Method {
    /// Returns the method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl Method {
    pub(crate) const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Patch | Self::Put)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An endpoint of the service: its method and path, the scopes that it needs, and its rate limits.
///
/// The endpoints that this crate has methods for are in [`endpoints`](crate::endpoints).
///
/// ```
/// use rblxopencloud::endpoints;
///
/// assert_eq!(endpoints::LIST_INVENTORY_ITEMS.path(), "/cloud/v2/users/{user}/inventory-items");
/// assert_eq!(endpoints::LIST_INVENTORY_ITEMS.scopes(), ["user.inventory-item:read"]);
/// assert_eq!(endpoints::LIST_INVENTORY_ITEMS.key_budget(), Some(100));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    method: Method,
    /// Empty for an endpoint that isn't known at compile time.
    path: &'static str,
    scopes: &'static [&'static str],
    need: Need,
    /// Another host than that of the base URL.
    host: Option<&'static str>,
    key: Key,
    undocumented_scope: Option<&'static str>,
    names_in_body: bool,
    denied_hint: Option<&'static str>,
    key_budget: Option<u32>,
    oauth_budget: Option<u32>,
    harmless: bool,
    takes_group_keys: bool,
    polls: bool,
    error_as_data: Option<&'static str>,
}

/// Which of the scopes a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Need {
    All,
    /// One of them.
    Any,
    /// They open a part of the response only.
    Part,
}

/// Whether credentials are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Needed,
    Optional,
    Never,
    /// In the body of the request, and nowhere else.
    InBody,
}

impl Endpoint {
    /// Declares a `GET` endpoint. Its parameters stand in braces: `/cloud/v2/users/{user}`.
    #[must_use]
    pub const fn get(path: &'static str) -> Self {
        Self::new(Method::Get, path)
    }

    /// Declares a `POST` endpoint.
    #[must_use]
    pub const fn post(path: &'static str) -> Self {
        Self::new(Method::Post, path)
    }

    pub(crate) const fn delete(path: &'static str) -> Self {
        Self::new(Method::Delete, path)
    }

    /// Creates an endpoint that isn't known at compile time. Only `GET` counts as harmless.
    pub(crate) const fn unnamed(method: Method) -> Self {
        Self::new(method, "")
    }

    /// Whether it isn't known at compile time, so that its model is a caller's.
    pub(crate) const fn is_unnamed(&self) -> bool {
        self.path.is_empty()
    }

    /// Marks an endpoint that can be called twice without a second effect.
    pub(crate) const fn harmless(mut self) -> Self {
        self.harmless = true;
        self
    }

    pub(crate) const fn patch(path: &'static str) -> Self {
        Self::new(Method::Patch, path)
    }

    const fn new(method: Method, path: &'static str) -> Self {
        Self {
            method,
            path,
            scopes: &[],
            need: Need::All,
            host: None,
            key: Key::Needed,
            undocumented_scope: None,
            names_in_body: false,
            denied_hint: None,
            key_budget: None,
            oauth_budget: None,
            harmless: matches!(method, Method::Get),
            takes_group_keys: true,
            polls: false,
            error_as_data: None,
        }
    }

    /// Sets the documented scopes.
    pub(crate) const fn with_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets the documented scopes, which are needed for a part of the response only.
    pub(crate) const fn with_optional_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self.need = Need::Part;
        self
    }

    /// Sets the documented scopes, of which one is enough. The narrowest is the first.
    pub(crate) const fn with_any_scope(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self.need = Need::Any;
        self
    }

    /// Marks an endpoint that credentials are never sent to.
    #[must_use]
    pub const fn without_key(mut self) -> Self {
        self.key = Key::Never;
        self
    }

    /// Marks an endpoint whose requests have an API key in their body.
    pub(crate) const fn with_key_in_body(mut self) -> Self {
        self.key = Key::InBody;
        self
    }

    /// Marks an endpoint whose requests name a resource in their body, and not in their path.
    pub(crate) const fn naming_in_body(mut self) -> Self {
        self.names_in_body = true;
        self
    }

    /// Marks an endpoint that also accepts calls without credentials.
    pub(crate) const fn with_optional_key(mut self) -> Self {
        self.key = Key::Optional;
        self
    }

    /// Sets the origin of an endpoint on another host, which credentials are never sent to. A custom base URL replaces it.
    pub(crate) const fn on_host(mut self, origin: &'static str) -> Self {
        self.host = Some(origin);
        self.without_key()
    }

    /// Sets a scope that keys need although the reference doesn't name it.
    pub(crate) const fn with_undocumented_scope(mut self, scope: &'static str) -> Self {
        self.undocumented_scope = Some(scope);
        self
    }

    /// Sets the advice for a 403.
    pub(crate) const fn with_denied_hint(mut self, hint: &'static str) -> Self {
        self.denied_hint = Some(hint);
        self
    }

    /// Sets the requests a minute that the service accepts from the owner of an API key and from an OAuth 2.0 authorization.
    pub(crate) const fn with_budget(mut self, key: u32, oauth: u32) -> Self {
        self.key_budget = Some(key);
        self.oauth_budget = Some(oauth);
        self
    }

    /// Sets the requests a minute from the owner of an API key. The budget of OAuth 2.0 is unknown.
    pub(crate) const fn with_key_budget(mut self, key: u32) -> Self {
        self.key_budget = Some(key);
        self
    }

    /// Marks an endpoint that refuses API keys of groups.
    pub(crate) const fn for_user_keys(mut self) -> Self {
        self.takes_group_keys = false;
        self
    }

    /// Marks an endpoint that polls an operation.
    pub(crate) const fn polling(mut self) -> Self {
        self.polls = true;
        self
    }

    /// Declares a field of the response, such as `errors`, to be data. Elsewhere, a response that holds nothing but an error is
    /// an error.
    pub(crate) const fn with_error_as_data(mut self, field: &'static str) -> Self {
        self.error_as_data = Some(field);
        self
    }

    pub(crate) const fn error_as_data(&self) -> Option<&'static str> {
        self.error_as_data
    }

    /// Returns the HTTP method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the path, with its parameters in braces.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the documented scopes. See [`required_scopes`](Self::required_scopes).
    #[must_use]
    pub const fn scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Returns the scopes without each of which the service refuses the call. The others are alternatives, or are needed for
    /// a part of the response only.
    #[must_use]
    pub const fn required_scopes(&self) -> &'static [&'static str] {
        match self.need {
            Need::All => self.scopes,
            Need::Any | Need::Part => &[],
        }
    }

    /// Returns whether the call is refused without an API key or an access token.
    #[must_use]
    pub const fn needs_credentials(&self) -> bool {
        matches!(self.key, Key::Needed)
    }

    /// Returns whether the credentials never authorize requests to this endpoint.
    #[must_use]
    pub const fn is_keyless(&self) -> bool {
        matches!(self.key, Key::Never | Key::InBody)
    }

    pub(crate) const fn has_key_in_body(&self) -> bool {
        matches!(self.key, Key::InBody)
    }

    /// Returns a scope that API keys need although the reference doesn't name it.
    #[must_use]
    pub const fn undocumented_scope(&self) -> Option<&'static str> {
        self.undocumented_scope
    }

    pub(crate) const fn host(&self) -> Option<&'static str> {
        self.host
    }

    /// Returns the documented scopes that are missing if `has` tells which are there. Of alternatives, it returns the first.
    #[must_use]
    pub fn missing_scopes(&self, has: impl Fn(&str) -> bool) -> Vec<&'static str> {
        match self.need {
            Need::All => self.scopes.iter().copied().filter(|scope| !has(scope)).collect(),
            Need::Any if self.scopes.iter().any(|scope| has(scope)) => Vec::new(),
            Need::Any => self.scopes.first().copied().into_iter().collect(),
            Need::Part => Vec::new(),
        }
    }

    /// Returns how many requests a minute the service accepts from all API keys of one owner.
    #[must_use]
    pub const fn key_budget(&self) -> Option<u32> {
        self.key_budget
    }

    /// Returns how many requests a minute the service accepts from one OAuth 2.0 authorization.
    #[must_use]
    pub const fn oauth_budget(&self) -> Option<u32> {
        self.oauth_budget
    }

    /// Returns whether an API key that belongs to a group is accepted.
    #[must_use]
    pub const fn takes_group_keys(&self) -> bool {
        self.takes_group_keys
    }

    /// Returns whether a second call has no further effect.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        self.harmless
    }

    pub(crate) const fn is_poll(&self) -> bool {
        self.polls
    }

    /// Returns the scopes to ask a user for, or to name when one is missing. Of alternatives, it is the first.
    pub(crate) fn scopes_to_request(&self) -> Vec<&'static str> {
        let documented = match self.need {
            Need::All | Need::Part => self.scopes,
            Need::Any => self.scopes.get(..1).unwrap_or_default(),
        };
        documented.iter().copied().chain(self.undocumented_scope).collect()
    }

    /// Returns the scopes without which the call is refused. Of alternatives, it is the first.
    pub(crate) fn scopes_to_check(&self) -> Vec<&'static str> {
        self.missing_scopes(|_| false).into_iter().chain(self.undocumented_scope).collect()
    }

    /// Whether a 401 can mean that a scope is missing.
    pub(crate) fn refuses_scopes_with_401(&self) -> bool {
        self.path.starts_with("/assets/v1/")
    }

    pub(crate) const fn denied_hint(&self) -> Option<&'static str> {
        self.denied_hint
    }

    /// Whether the request names a resource. If it doesn't, as when creating one, a 403 concerns the caller.
    pub(crate) fn names_a_resource(&self) -> bool {
        self.path.is_empty() || self.path.contains('{') || self.names_in_body
    }

    /// Returns the path with its parameters filled in, in order, or what is wrong with one that can't be an id.
    pub(crate) fn fill_texts(&self, parameters: &[&str]) -> Result<String, String> {
        let refused = parameters.iter().find(|text| !is_segment(text) || text.contains(['/', '\\']));
        match refused {
            Some(text) => Err(format!("{text:?} can't be an id in {}", self.path)),
            None => Ok(self.filled(parameters.iter().map(ToString::to_string))),
        }
    }

    /// Returns the path with its parameters filled in, in order.
    pub(crate) fn fill(&self, parameters: &[&dyn Segment]) -> String {
        self.filled(parameters.iter().map(ToString::to_string))
    }

    fn filled(&self, mut parameters: impl Iterator<Item = String>) -> String {
        let mut filled = String::with_capacity(self.path.len() + 16);
        let mut rest = self.path;
        while let Some((before, after)) = rest.split_once('{') {
            let (_, after) = after.split_once('}').unwrap_or(("", after));
            filled.push_str(before);
            filled.extend(utf8_percent_encode(&parameters.next().unwrap_or_default(), SEGMENT));
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_filled_in_and_escaped() {
        const ROLE: Endpoint = Endpoint::get("/cloud/v2/groups/{group}/roles/{role}");
        assert_eq!(ROLE.fill(&[&7, &9]), "/cloud/v2/groups/7/roles/9");
        assert_eq!(ROLE.fill_texts(&["-", "a b?%2e"]).expect("two ids"), "/cloud/v2/groups/-/roles/a%20b%3F%252e");
        assert_eq!(Endpoint::post("/assets/v1/assets").fill(&[]), "/assets/v1/assets");
        const ARCHIVE: Endpoint = Endpoint::post("/assets/v1/assets/{asset}:archive");
        assert_eq!(ARCHIVE.fill(&[&u64::MAX]), "/assets/v1/assets/18446744073709551615:archive");
    }

    #[test]
    fn texts_that_are_not_one_segment_are_refused() {
        const ROLE: Endpoint = Endpoint::get("/cloud/v2/groups/{group}/roles/{role}");
        for text in ["", ".", "..", "/", "a/b", "../b", "a/", "x/../../users/1?", "..\\b", "\\"] {
            let problem = ROLE.fill_texts(&["7", text]).expect_err("it isn't an id");
            assert!(problem.contains(ROLE.path()), "{problem}");
        }
    }

    #[test]
    fn creating_endpoints_name_no_resource() {
        assert!(!Endpoint::post("/assets/v1/assets").names_a_resource());
        assert!(Endpoint::patch("/assets/v1/assets/{asset}").names_a_resource());
    }
}
