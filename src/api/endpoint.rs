use std::fmt;

use super::budget::{Budget, KeyedBudget, Slots};
use super::method::Method;
use super::path::has_parameter;

/// An endpoint of the service: its method and path, the scopes that it needs, and its rate limits.
///
/// The endpoints that this crate has methods for are in [`endpoints`](crate::endpoints). Others can be declared, as constants
/// for [`Client::call`](crate::Client::call). A declared endpoint has no scopes and no budgets, is sent the credentials, and
/// counts as idempotent if it is a `GET`.
///
/// ```no_run
/// use rblxopencloud::endpoints::Budget;
/// use rblxopencloud::{Client, Endpoint};
///
/// const PUBLISH_PLACE: Endpoint =
///     Endpoint::post("/universes/v1/{universe}/places/{place}/versions").with_key_budget(Budget::per_minute(30));
///
/// # fn run(client: &Client, place: rblxopencloud::Body) -> rblxopencloud::Result<()> {
/// client.call(&PUBLISH_PLACE).param("universe", 13058).param("place", 1818).body(place).send()?;
/// # Ok(())
/// # }
/// ```
///
/// ```
/// use rblxopencloud::endpoints::{self, Budget};
///
/// assert_eq!(endpoints::LIST_INVENTORY_ITEMS.path(), "/cloud/v2/users/{user}/inventory-items");
/// assert_eq!(endpoints::LIST_INVENTORY_ITEMS.scopes(), ["user.inventory-item:read"]);
/// assert_eq!(endpoints::LIST_INVENTORY_ITEMS.key_budget(), Some(Budget::per_minute(100)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    pub(super) method: Method,
    /// Empty for an endpoint that isn't known at compile time.
    pub(super) path: &'static str,
    pub(super) scopes: &'static [&'static str],
    pub(super) need: Need,
    /// Another host than that of the base URL.
    pub(super) host: Option<&'static str>,
    pub(super) key: Key,
    pub(super) undocumented_scope: Option<&'static str>,
    pub(super) names_in_body: bool,
    pub(super) denied_hint: Option<&'static str>,
    pub(super) precondition: Option<&'static str>,
    pub(super) key_budget: Option<Budget>,
    pub(super) oauth_budget: Option<Budget>,
    pub(super) keyed_budgets: [Option<KeyedBudget>; 2],
    pub(super) slots: Option<Slots>,
    pub(super) harmless: bool,
    pub(super) takes_group_keys: bool,
    pub(super) takes_access_tokens: bool,
    pub(super) repeatable: bool,
    pub(super) patience: u32,
    pub(super) advice: &'static [(u16, &'static str)],
    pub(super) size_advice: Option<(u64, &'static str)>,
    pub(super) polls: bool,
    pub(super) error_as_data: Option<&'static str>,
}

/// Which of the scopes a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Need {
    All,
    /// One of them.
    Any,
    /// They open a part of the response only.
    Part,
}

/// Whether credentials are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Needed,
    Optional,
    Never,
    /// In the body of the request, and nowhere else.
    InBody,
}

impl Endpoint {
    /// Creates a `GET` endpoint. In its path, which begins with a slash, parameters are names in braces.
    ///
    /// ```
    /// use rblxopencloud::Endpoint;
    ///
    /// const GET_CONFIG: Endpoint = Endpoint::get("/configs/{universe}/repositories/{repository}");
    /// ```
    ///
    /// # Panics
    /// Panics if the path doesn't begin with a slash. In a constant, that is an error of the compiler.
    #[must_use]
    pub const fn get(path: &'static str) -> Self {
        Self::new(Method::Get, path)
    }

    /// Creates a `POST` endpoint. See [`get`](Self::get).
    #[must_use]
    pub const fn post(path: &'static str) -> Self {
        Self::new(Method::Post, path)
    }

    /// Creates a `DELETE` endpoint. See [`get`](Self::get).
    #[must_use]
    pub const fn delete(path: &'static str) -> Self {
        Self::new(Method::Delete, path)
    }

    /// Creates a `PUT` endpoint. See [`get`](Self::get).
    #[must_use]
    pub const fn put(path: &'static str) -> Self {
        Self::new(Method::Put, path)
    }

    /// Creates an endpoint that isn't known at compile time. Only `GET` counts as harmless.
    pub(crate) const fn unnamed(method: Method) -> Self {
        Self::with_path(method, "")
    }

    /// Whether it isn't known at compile time, so that its model is a caller's.
    pub(crate) const fn is_unnamed(&self) -> bool {
        self.path.is_empty()
    }

    /// Marks an endpoint that can be called twice without a second effect, so that its calls are repeated after every transient
    /// failure. A `GET` always is.
    #[must_use]
    pub const fn harmless(mut self) -> Self {
        self.harmless = true;
        self
    }

    /// Marks an endpoint that responds to the same content with the result that it already has, if there is one. A call is
    /// repeated after a lost connection, a timeout, and the statuses 408, 502, 503 and 504, although it may have taken effect.
    /// [`Request::on_repeat`](crate::Request::on_repeat) can prevent that.
    ///
    /// Unlike that of a [`harmless`](Self::harmless) call, the outcome is unknown if the call fails after an attempt that may have taken
    /// effect, and each attempt has a new connection.
    #[must_use]
    pub const fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Multiplies the time limits of an attempt and of the wait for its response, because the service takes so much longer
    /// here. See [`Timeouts`](crate::Timeouts). Defaults to 1.
    ///
    /// # Panics
    /// Panics if `times` is zero. In a constant, that is an error of the compiler.
    #[must_use]
    pub const fn with_patience(mut self, times: u32) -> Self {
        assert!(times > 0, "a call has some time");
        self.patience = times;
        self
    }

    /// Creates a `PATCH` endpoint. See [`get`](Self::get).
    #[must_use]
    pub const fn patch(path: &'static str) -> Self {
        Self::new(Method::Patch, path)
    }

    const fn new(method: Method, path: &'static str) -> Self {
        assert!(!path.is_empty() && path.as_bytes()[0] == b'/', "a path begins with a slash, as in /cloud/v2/groups");
        Self::with_path(method, path)
    }

    const fn with_path(method: Method, path: &'static str) -> Self {
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
            precondition: None,
            key_budget: None,
            oauth_budget: None,
            keyed_budgets: [None; 2],
            slots: None,
            harmless: matches!(method, Method::Get),
            takes_group_keys: true,
            takes_access_tokens: true,
            repeatable: false,
            patience: 1,
            advice: &[],
            size_advice: None,
            polls: false,
            error_as_data: None,
        }
    }

    /// Sets the scopes, all of which a call needs. They are named in the advice of a refusal.
    ///
    /// ```
    /// use rblxopencloud::Endpoint;
    ///
    /// const PUBLISH_MESSAGE: Endpoint = Endpoint::post("/cloud/v2/universes/{universe}:publishMessage")
    ///     .with_scopes(&["universe-messaging-service:publish"])
    ///     .with_budget(5000, 5000);
    /// assert_eq!(PUBLISH_MESSAGE.required_scopes(), ["universe-messaging-service:publish"]);
    /// ```
    #[must_use]
    pub const fn with_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets scopes that are needed for a part of the response only.
    #[must_use]
    pub const fn with_optional_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self.need = Need::Part;
        self
    }

    /// Sets scopes of which one is enough. The narrowest is the first.
    #[must_use]
    pub const fn with_any_scope(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self.need = Need::Any;
        self
    }

    /// Marks an endpoint that credentials are never sent to. Defaults to sending them, and to an error without any.
    #[must_use]
    pub const fn without_key(mut self) -> Self {
        self.key = Key::Never;
        self
    }

    /// Marks an endpoint whose requests have an API key in their body. No other credentials are sent.
    #[must_use]
    pub const fn with_key_in_body(mut self) -> Self {
        self.key = Key::InBody;
        self
    }

    /// Marks an endpoint whose requests name a resource in their body, and not in their path. A refusal then
    /// concerns that resource ([`ErrorScope::Call`](crate::ErrorScope::Call)), and not all calls of a run.
    #[must_use]
    pub const fn naming_in_body(mut self) -> Self {
        self.names_in_body = true;
        self
    }

    /// Marks an endpoint that also accepts calls without credentials.
    #[must_use]
    pub const fn with_optional_key(mut self) -> Self {
        self.key = Key::Optional;
        self
    }

    /// Sets the origin of an endpoint on another host, which credentials are never sent to. A custom base URL replaces it.
    #[must_use]
    pub const fn on_host(mut self, origin: &'static str) -> Self {
        self.host = Some(origin);
        self.without_key()
    }

    /// Sets a scope that keys need although the reference doesn't name it.
    #[must_use]
    pub const fn with_undocumented_scope(mut self, scope: &'static str) -> Self {
        self.undocumented_scope = Some(scope);
        self
    }

    /// Sets what an error advises after a 403.
    #[must_use]
    pub const fn with_denied_hint(mut self, hint: &'static str) -> Self {
        self.denied_hint = Some(hint);
        self
    }

    /// Sets what an error advises after a status, in place of the general advice.
    #[must_use]
    pub const fn with_advice(mut self, advice: &'static [(u16, &'static str)]) -> Self {
        self.advice = advice;
        self
    }

    /// Sets what an error advises if a body is refused for its size (413), or fails with 500 and has at least `bytes`. The error
    /// names the size.
    #[must_use]
    pub const fn with_size_advice(mut self, bytes: u64, advice: &'static str) -> Self {
        self.size_advice = Some((bytes, advice));
        self
    }

    /// Sets the only precondition of the endpoint, as advice for the code `FAILED_PRECONDITION`. Elsewhere, it tells that a
    /// resource has changed.
    #[must_use]
    pub const fn with_precondition(mut self, advice: &'static str) -> Self {
        self.precondition = Some(advice);
        self
    }

    /// Sets the requests a minute that the service accepts from all API keys of one owner, and from one OAuth 2.0
    /// authorization. For other periods, see [`with_key_budget`](Self::with_key_budget) and
    /// [`with_oauth_budget`](Self::with_oauth_budget).
    #[must_use]
    pub const fn with_budget(self, key: u32, oauth: u32) -> Self {
        self.with_key_budget(Budget::per_minute(key)).with_oauth_budget(Budget::per_minute(oauth))
    }

    /// Sets what the service accepts from all API keys of one owner. Without a budget, only what responses announce counts.
    #[must_use]
    pub const fn with_key_budget(mut self, budget: Budget) -> Self {
        self.key_budget = Some(budget);
        self
    }

    /// Sets what the service accepts from one OAuth 2.0 authorization. Without a budget, only what responses announce counts.
    #[must_use]
    pub const fn with_oauth_budget(mut self, budget: Budget) -> Self {
        self.oauth_budget = Some(budget);
        self
    }

    /// Adds a budget that only those requests share whose paths have the same values for `parameters`, such as 2 requests a
    /// minute for each user of each universe. Such a budget applies beside that of the endpoint, with any credentials.
    ///
    /// ```
    /// use rblxopencloud::Endpoint;
    /// use rblxopencloud::endpoints::Budget;
    ///
    /// const RESTRICT_USER: Endpoint = Endpoint::patch("/cloud/v2/universes/{universe}/user-restrictions/{user}")
    ///     .with_budget_for(&["universe"], Budget::per_second(10))
    ///     .with_budget_for(&["universe", "user"], Budget::per_minute(2));
    /// ```
    ///
    /// # Panics
    /// Panics if the path doesn't have one of the parameters, and at the third such budget. In a constant, that is an error of
    /// the compiler.
    #[must_use]
    pub const fn with_budget_for(self, parameters: &'static [&'static str], budget: Budget) -> Self {
        self.with_keyed_budget(KeyedBudget { parameters, budget, shared: None })
    }

    /// Adds a budget like [`with_budget_for`](Self::with_budget_for), which all endpoints share that have one of this `name`: the
    /// restrictions of a user of an experience and of its places count together.
    ///
    /// # Panics
    /// Panics as [`with_budget_for`](Self::with_budget_for) does.
    #[must_use]
    pub const fn with_shared_budget_for(
        self,
        name: &'static str,
        parameters: &'static [&'static str],
        budget: Budget,
    ) -> Self {
        self.with_keyed_budget(KeyedBudget { parameters, budget, shared: Some(name) })
    }

    const fn with_keyed_budget(mut self, keyed: KeyedBudget) -> Self {
        self.check_parameters(keyed.parameters);
        let keyed = Some(keyed);
        match self.keyed_budgets {
            [None, _] => self.keyed_budgets[0] = keyed,
            [_, None] => self.keyed_budgets[1] = keyed,
            _ => panic!("an endpoint has at most two budgets for parameters"),
        }
        self
    }

    /// Declares that a request starts work that takes a slot of a pool. A call waits while all are taken: see [`Slots`] for how
    /// long. Defaults to none.
    ///
    /// # Panics
    /// Panics if the path doesn't have one of the pool's parameters. In a constant, that is an error of the compiler.
    #[must_use]
    pub const fn with_slots(mut self, slots: Slots) -> Self {
        self.check_parameters(slots.parameters());
        self.slots = Some(slots);
        self
    }

    const fn check_parameters(&self, parameters: &[&str]) {
        let mut index = 0;
        while index < parameters.len() {
            assert!(has_parameter(self.path, parameters[index]), "the path doesn't have a parameter of this name");
            index += 1;
        }
    }

    /// Marks an endpoint that refuses API keys of groups.
    #[must_use]
    pub const fn for_user_keys(mut self) -> Self {
        self.takes_group_keys = false;
        self
    }

    /// Marks an endpoint that refuses OAuth 2.0 access tokens. A call with one fails before anything is sent.
    #[must_use]
    pub const fn for_keys_only(mut self) -> Self {
        self.takes_access_tokens = false;
        self
    }

    /// Marks an endpoint that polls an operation.
    pub(crate) const fn polling(mut self) -> Self {
        self.polls = true;
        self
    }

    /// Declares a field of the response, such as `errors`, to be data. Elsewhere, a response that holds nothing but an error is
    /// an error.
    #[must_use]
    pub const fn with_error_as_data(mut self, field: &'static str) -> Self {
        self.error_as_data = Some(field);
        self
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
    #[should_panic(expected = "doesn't have a parameter of this name")]
    fn budgets_for_unknown_parameters_are_refused() {
        let _ = Endpoint::get("/users/{user}/x").with_budget_for(&["use"], Budget::per_minute(1));
    }

    #[test]
    fn creating_endpoints_have_no_resource() {
        assert!(!Endpoint::post("/assets/v1/assets").names_a_resource());
        assert!(Endpoint::patch("/assets/v1/assets/{asset}").names_a_resource());
    }
}
