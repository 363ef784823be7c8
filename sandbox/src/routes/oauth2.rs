//! The authorization server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rblxopencloud::Endpoint;
use rblxopencloud::endpoints::{
    AUTHORIZE, GET_TOKEN, GET_TOKEN_RESOURCES, GET_USER_INFO, INTROSPECT_TOKEN, LIST_SIGNING_KEYS, REVOKE_TOKEN,
};
use rblxopencloud::oauth2::Scope;
use serde_json::{Map, Value, json};

use super::{Call, Route, consent, with_challenge};
use crate::http::{Answer, form_decoded, split_target};
use crate::world::World;
use crate::world::sign_ins::{Issued, Request};

/// Where the consent page sends the choice.
const CHOOSE: Endpoint = Endpoint::post("/oauth/v1/authorize").without_key();
const DISCOVER: Endpoint = Endpoint::get("/oauth/.well-known/openid-configuration").without_key();

pub(crate) const ROUTES: &[Route] = &[
    Route::new(AUTHORIZE, request_consent),
    Route::new(CHOOSE, choose),
    Route::new(GET_TOKEN, get_token),
    Route::new(INTROSPECT_TOKEN, introspect),
    Route::new(GET_TOKEN_RESOURCES, get_resources),
    Route::new(REVOKE_TOKEN, revoke),
    Route::new(GET_USER_INFO, get_user_info),
    Route::new(LIST_SIGNING_KEYS, list_keys),
    Route::new(DISCOVER, discover),
];

/// What is escaped in a query: all but the unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

type Pairs = Vec<(String, String)>;

fn value<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

impl Call<'_> {
    /// Returns the fields of a URL-encoded form.
    fn fields(&self) -> Pairs {
        split_target(&format!("?{}", String::from_utf8_lossy(&self.body))).1
    }
}

/// The result of checking a request for consent.
pub(crate) enum Judged {
    Fine(Request),
    /// A redirect, which reports an error to the app.
    Redirect(String),
    /// An error for the user, because the app or its redirect URI is unknown.
    Refused(&'static str),
}

/// Checks the parameters of the URL that an app sends a user to.
pub(crate) fn judge(world: &World, query: &[(String, String)]) -> Judged {
    let get = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let Some((client_id, app)) = get("client_id").and_then(|id| Some((id.clone(), world.sign_ins.apps.get(&id)?)))
    else {
        return Judged::Refused("There is no app with this client ID.");
    };
    let Some(redirect_uri) = get("redirect_uri").filter(|uri| app.redirect_uris.contains(uri)) else {
        return Judged::Refused("The redirect URI is not registered for this app.");
    };
    let state = get("state");
    let fail = |error: &str, description: &str| {
        let fields = [("error", error), ("error_description", description)];
        Judged::Redirect(redirect(&redirect_uri, state.as_deref(), &fields))
    };
    if get("response_type").is_some_and(|kind| kind != "code") {
        return fail("unsupported_response_type", "Only the response type code is supported.");
    }
    let mut scopes: Vec<String> =
        get("scope").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
    scopes.dedup();
    if scopes.is_empty() {
        return fail("invalid_scope", "There is no scope.");
    }
    let challenge = get("code_challenge");
    if challenge.is_some() && get("code_challenge_method").is_none_or(|method| method != "S256") {
        return fail("invalid_request", "The code challenge method must be S256.");
    }
    if app.secret.is_none() && challenge.is_none() {
        return fail("invalid_request", "An app without a secret must use PKCE.");
    }
    Judged::Fine(Request { nonce: get("nonce"), client_id, redirect_uri, scopes, state, challenge })
}

fn redirect(uri: &str, state: Option<&str>, fields: &[(&str, &str)]) -> String {
    let mut query = uri.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    let fields = fields.iter().copied().chain(state.map(|state| ("state", state)));
    fields.for_each(|(name, value)| push_query(&mut query, name, value));
    format!("{}{query}", uri.split('?').next().unwrap_or_default())
}

/// Returns the URL that a user who has chosen is sent to.
pub(crate) fn redirect_of(world: &mut World, request: Request, user: Option<u64>) -> String {
    let (uri, state) = (request.redirect_uri.clone(), request.state.clone());
    match user {
        Some(user) => redirect(&uri, state.as_deref(), &[("code", &world.sign_ins.allow(request, user))]),
        None => {
            let fields = [("error", "access_denied"), ("error_description", "The user did not authorize the app.")];
            redirect(&uri, state.as_deref(), &fields)
        }
    }
}

/// Adds a parameter to a query, with its question mark or separator. Name and value are escaped.
fn push_query(query: &mut String, name: &str, value: &str) {
    query.push(if query.is_empty() { '?' } else { '&' });
    query.extend(utf8_percent_encode(name, ESCAPED));
    query.push('=');
    query.extend(utf8_percent_encode(value, ESCAPED));
}

fn send_to(address: String) -> Answer {
    Answer::new(302, "").with_header("location", address).with_header("cache-control", "no-store")
}

fn browser_user(world: &World) -> Option<u64> {
    world.sign_ins.browser_user.or_else(|| world.users.keys().min().copied())
}

fn request_consent(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let request = match judge(world, &call.head.query) {
        Judged::Fine(request) => request,
        Judged::Redirect(address) => return Ok(send_to(address)),
        Judged::Refused(problem) => return Err(consent::refusal(problem)),
    };
    let Some(user) = browser_user(world) else { return Err(consent::refusal("The sandbox has no users.")) };
    let name = profile(world, user).get("name").and_then(Value::as_str).map_or_else(|| user.to_string(), str::to_owned);
    let ticket = world.sign_ins.open(request.clone());
    Ok(consent::page(&request.client_id, &name, &request.scopes, &request.redirect_uri, &ticket))
}

fn choose(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let fields = call.fields();
    let request = value(&fields, "ticket").and_then(|ticket| world.sign_ins.close(ticket));
    let Some(request) = request else { return Err(consent::refusal("This page was used before.")) };
    let user = browser_user(world).filter(|_| value(&fields, "choice") == Some("allow"));
    Ok(send_to(redirect_of(world, request, user)))
}

fn fail(status: u16, error: &str, description: &str) -> Answer {
    Answer::new(status, json!({ "error": error, "error_description": description }).to_string())
}

/// Returns the client id, if the app has shown who it is.
fn client(world: &World, call: &Call<'_>, fields: &Pairs) -> Result<String, Answer> {
    let unknown = || {
        let refusal = fail(401, "invalid_client", "The client ID or the client secret is invalid.");
        refusal.with_header("www-authenticate", "Basic realm=\"oauth\"")
    };
    let basic = call.head.authorization.as_deref().and_then(|value| {
        let (scheme, encoded) = value.split_once(' ')?;
        let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
        let text = String::from_utf8(decoded).ok()?;
        // Both are encoded as in a form before they are joined (RFC 6749, section 2.3.1).
        text.split_once(':').map(|(id, secret)| (form_decoded(id), Some(form_decoded(secret))))
    });
    let (id, secret) = basic
        .or_else(|| Some((value(fields, "client_id")?.to_owned(), value(fields, "client_secret").map(str::to_owned))))
        .ok_or_else(unknown)?;
    let app = world.sign_ins.apps.get(&id).ok_or_else(unknown)?;
    if app.secret == secret { Ok(id) } else { Err(unknown()) }
}

fn get_token(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let fields = call.fields();
    let client_id = client(world, &call, &fields)?;
    let field = |name: &str| value(&fields, name).unwrap_or_default();
    let issued = match field("grant_type") {
        "authorization_code" => world.sign_ins.exchange(field("code"), &client_id, value(&fields, "code_verifier")),
        "refresh_token" => world.sign_ins.refresh(field("refresh_token"), &client_id),
        _ => return Err(fail(400, "unsupported_grant_type", "The grant type is not supported.")),
    };
    let issued = issued.map_err(|problem| fail(400, "invalid_grant", problem))?;
    Ok(Answer::json(&tokens(world, issued)).with_header("cache-control", "no-store"))
}

fn tokens(world: &mut World, issued: Issued) -> Value {
    let Issued { access_token, refresh_token, authorization, nonce } = issued;
    let granted = &world.sign_ins.authorizations[authorization];
    let (user, client_id, scopes) = (granted.user, granted.client_id.clone(), granted.scopes.clone());
    let lifetime = world.sign_ins.lifetimes.access_token;
    let mut json = json!({
        "access_token": access_token,
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "scope": scopes.join(" "),
    });
    if scopes.iter().any(|scope| *scope == *Scope::OPENID.as_str()) {
        let mut claims = identity(world, user, &scopes);
        let now = world.sign_ins.now().as_second();
        claims.insert("iss".to_owned(), json!(issuer(world)));
        claims.insert("aud".to_owned(), json!(client_id));
        claims.insert("iat".to_owned(), json!(now));
        claims.insert("nbf".to_owned(), json!(now));
        claims.insert("exp".to_owned(), json!(now + 899));
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        if let Some(id_token) = world.sign_ins.signer.sign(Value::Object(claims)) {
            json["id_token"] = json!(id_token);
        }
    }
    json
}

fn issuer(world: &World) -> String {
    format!("{}/oauth/", world.service_url)
}

fn profile(world: &World, user: u64) -> Map<String, Value> {
    let json = world.users.get(&user).and_then(|json| serde_json::from_str(json).ok());
    json.unwrap_or_default()
}

/// Returns who a user is, as far as the scopes tell it.
fn identity(world: &World, user: u64, scopes: &[String]) -> Map<String, Value> {
    let mut claims = Map::from_iter([("sub".to_owned(), json!(user.to_string()))]);
    if !scopes.iter().any(|scope| *scope == *Scope::PROFILE.as_str()) {
        return claims;
    }
    let profile = profile(world, user);
    let text = |name: &str| profile.get(name).and_then(Value::as_str);
    let display_name = text("displayName").filter(|name| !name.is_empty()).or(text("name"));
    let created: Option<jiff::Timestamp> = text("createTime").and_then(|time| time.parse().ok());
    claims.insert("name".to_owned(), json!(display_name));
    claims.insert("nickname".to_owned(), json!(display_name));
    claims.insert("preferred_username".to_owned(), json!(text("name")));
    claims.insert("created_at".to_owned(), json!(created.map(jiff::Timestamp::as_second)));
    claims.insert("profile".to_owned(), json!(format!("https://www.roblox.com/users/{user}/profile")));
    claims.insert("picture".to_owned(), json!(format!("{}/pictures/{user}/150/PNG/ROUND", world.delivery_url)));
    claims
}

fn introspect(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let fields = call.fields();
    client(world, &call, &fields)?;
    let found = value(&fields, "token").and_then(|token| world.sign_ins.token(token));
    let Some((token, authorization)) = found else { return Ok(Answer::json(&json!({ "active": false }))) };
    let issued = token.issued.as_second();
    Ok(Answer::json(&json!({
        "active": true,
        "jti": format!("{}.sandbox", if token.is_refresh { "RT" } else { "AT" }),
        "iss": issuer(world),
        "token_type": "Bearer",
        "client_id": authorization.client_id,
        "aud": authorization.client_id,
        "sub": authorization.user.to_string(),
        "scope": authorization.scopes.join(" "),
        "iat": issued,
        "exp": issued.saturating_add_unsigned(token.lifetime.as_secs()),
    })))
}

fn get_resources(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let fields = call.fields();
    client(world, &call, &fields)?;
    let Some(authorization) = value(&fields, "token").and_then(|token| world.sign_ins.authorization_of(token)) else {
        return Err(fail(400, "invalid_token", "The access token is invalid."));
    };
    let user = world.sign_ins.authorizations[authorization].user;
    let mut resources = Map::new();
    let groups = world
        .groups
        .all()
        .filter(|group| world.groups.member(group.info.id, user).is_some())
        .map(|group| format!("G{}", group.info.id));
    let creators: Vec<String> = std::iter::once("U".to_owned()).chain(groups).collect();
    resources.insert("creator".to_owned(), json!({ "ids": creators }));
    if let Some(experiences) = world.sign_ins.experiences.get(&user) {
        let ids: Vec<String> = experiences.iter().map(u64::to_string).collect();
        resources.insert("universe".to_owned(), json!({ "ids": ids }));
    }
    let info = json!({ "owner": { "id": user.to_string(), "type": "User" }, "resources": resources });
    Ok(Answer::json(&json!({ "resource_infos": [info] })))
}

fn revoke(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let fields = call.fields();
    client(world, &call, &fields)?;
    if let Some(token) = value(&fields, "token") {
        world.sign_ins.revoke(token);
    }
    Ok(Answer::new(200, ""))
}

fn get_user_info(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let Some(rblxopencloud::Creator::User(user)) = world.access().owner else {
        let refusal = Answer::v2(401, "UNAUTHENTICATED", "The access token acts for no user.");
        return Err(with_challenge(call.head, refusal));
    };
    let scopes: Vec<String> = [Scope::OPENID, Scope::PROFILE]
        .iter()
        .filter(|scope| world.access().has(scope.as_str()))
        .map(Scope::to_string)
        .collect();
    Ok(Answer::json(&Value::Object(identity(world, user, &scopes))))
}

fn list_keys(world: &mut World, _: Call<'_>) -> Result<Answer, Answer> {
    Ok(Answer::json(&world.sign_ins.signer.published()))
}

fn discover(world: &mut World, _: Call<'_>) -> Result<Answer, Answer> {
    let at = |endpoint: Endpoint| format!("{}{}", world.service_url, endpoint.path());
    Ok(Answer::json(&json!({
        "issuer": issuer(world),
        "authorization_endpoint": at(AUTHORIZE),
        "token_endpoint": at(GET_TOKEN),
        "introspection_endpoint": at(INTROSPECT_TOKEN),
        "revocation_endpoint": at(REVOKE_TOKEN),
        "resources_endpoint": at(GET_TOKEN_RESOURCES),
        "userinfo_endpoint": at(GET_USER_INFO),
        "jwks_uri": at(LIST_SIGNING_KEYS),
        "scopes_supported": ["openid", "profile"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    })))
}
