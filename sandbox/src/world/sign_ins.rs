//! Apps, and what users have authorized them to do.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rblxopencloud::oauth2::Scope;

use super::access::Access;
use super::random;
use super::signer::Signer;

/// Nobody has to answer a consent page. If more are open, the oldest one is forgotten.
const MOST_PAGES: usize = 10_000;

/// An app.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
}

/// What an app requests from a user.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<String>,
}

/// A code that a redirect carries.
#[derive(Debug)]
struct Code {
    request: Request,
    user: u64,
    expires: Instant,
    /// What it was exchanged for.
    authorization: Option<usize>,
}

/// What a user has granted to an app.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) client_id: String,
    pub(crate) user: u64,
    pub(crate) scopes: Vec<String>,
    pub(crate) is_revoked: bool,
    access: Access,
}

/// An access token or a refresh token.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) authorization: usize,
    pub(crate) is_refresh: bool,
    pub(crate) issued: Timestamp,
    pub(crate) lifetime: Duration,
    expires: Instant,
    is_spent: bool,
}

/// How long codes and tokens last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) code: Duration,
    pub(crate) access_token: Duration,
    pub(crate) refresh_token: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: Duration::from_secs(60),
            access_token: Duration::from_secs(899),
            refresh_token: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// New tokens.
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) authorization: usize,
    pub(crate) nonce: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct SignIns {
    pub(crate) apps: HashMap<String, App>,
    /// The user of the browser.
    pub(crate) browser_user: Option<u64>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) signer: Signer,
    /// How far the service's clock is ahead, in seconds.
    pub(crate) clock_offset: i64,
    /// The experiences that each user grants.
    pub(crate) experiences: BTreeMap<u64, Vec<u64>>,
    /// The consent pages that are open, by their tickets, the oldest first.
    pages: VecDeque<(String, Request)>,
    codes: HashMap<String, Code>,
    pub(crate) authorizations: Vec<Authorization>,
    tokens: HashMap<String, Token>,
}

impl SignIns {
    /// Remembers a consent page, and returns its ticket.
    pub(crate) fn open(&mut self, request: Request) -> String {
        let ticket = random::token();
        if self.pages.len() >= MOST_PAGES {
            self.pages.pop_front();
        }
        self.pages.push_back((ticket.clone(), request));
        ticket
    }

    /// Takes the request of a consent page, which can be answered once.
    pub(crate) fn close(&mut self, ticket: &str) -> Option<Request> {
        let index = self.pages.iter().position(|(known, _)| known == ticket)?;
        self.pages.remove(index).map(|(_, request)| request)
    }

    /// Returns a code with which the app gets its tokens.
    pub(crate) fn allow(&mut self, request: Request, user: u64) -> String {
        let code = random::token();
        let expires = Instant::now() + self.lifetimes.code;
        self.codes.insert(code.clone(), Code { request, user, expires, authorization: None });
        code
    }

    /// Exchanges a code. A second use also revokes what the first one has led to.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        client_id: &str,
        verifier: Option<&str>,
    ) -> Result<Issued, &'static str> {
        let number = self.authorizations.len();
        let Some(code) = self.codes.get_mut(code).filter(|code| code.request.client_id == client_id) else {
            return Err("The authorization code is invalid.");
        };
        if let Some(authorization) = code.authorization {
            self.authorizations[authorization].is_revoked = true;
            return Err("The authorization code was used before.");
        }
        if code.expires <= Instant::now() {
            return Err("The authorization code has expired.");
        }
        if let Some(challenge) = &code.request.challenge {
            if verifier.map(random::challenge).as_ref() != Some(challenge) {
                return Err("The code verifier is wrong.");
            }
        }
        code.authorization = Some(number);
        let (request, user) = (code.request.clone(), code.user);
        self.authorizations.push(Authorization {
            client_id: request.client_id,
            user,
            access: Access::of_user(user, request.scopes.iter().cloned()),
            scopes: request.scopes,
            is_revoked: false,
        });
        Ok(Issued { nonce: request.nonce, ..self.issue(number) })
    }

    /// Exchanges a refresh token.
    pub(crate) fn refresh(&mut self, token: &str, client_id: &str) -> Result<Issued, &'static str> {
        let known = self.tokens.get_mut(token).filter(|token| token.is_refresh);
        let Some(known) = known.filter(|token| self.authorizations[token.authorization].client_id == client_id) else {
            return Err("The refresh token is invalid.");
        };
        if self.authorizations[known.authorization].is_revoked {
            return Err("The authorization was revoked.");
        }
        if known.is_spent {
            return Err("The refresh token was used before.");
        }
        if known.expires <= Instant::now() {
            return Err("The refresh token has expired.");
        }
        known.is_spent = true;
        let authorization = known.authorization;
        Ok(self.issue(authorization))
    }

    fn issue(&mut self, authorization: usize) -> Issued {
        let Lifetimes { access_token, refresh_token, .. } = self.lifetimes;
        let issued = self.now();
        let mut new = |is_refresh, lifetime| {
            let text = format!("{}{}", if is_refresh { "RT." } else { "AT." }, random::token());
            let expires = Instant::now() + lifetime;
            let token = Token { authorization, is_refresh, issued, lifetime, expires, is_spent: false };
            self.tokens.insert(text.clone(), token);
            text
        };
        Issued {
            access_token: new(false, access_token),
            refresh_token: new(true, refresh_token),
            authorization,
            nonce: None,
        }
    }

    /// Returns the time by the service's clock.
    pub(crate) fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second().saturating_add(self.clock_offset)).unwrap_or(now)
    }

    /// Returns a token that hasn't expired. It may be revoked.
    pub(crate) fn token(&self, text: &str) -> Option<(&Token, &Authorization)> {
        let token = self.tokens.get(text).filter(|token| !token.is_spent && token.expires > Instant::now())?;
        Some((token, &self.authorizations[token.authorization]))
    }

    pub(crate) fn revoke(&mut self, text: &str) {
        if let Some(token) = self.tokens.get(text) {
            self.authorizations[token.authorization].is_revoked = true;
        }
    }

    pub(crate) fn revoke_user(&mut self, user: u64) {
        let of_user = self.authorizations.iter_mut().filter(|authorization| authorization.user == user);
        of_user.for_each(|authorization| authorization.is_revoked = true);
    }

    /// Makes the access tokens expire that were issued so far.
    pub(crate) fn expire_access_tokens(&mut self) {
        let now = Instant::now();
        self.tokens.values_mut().filter(|token| !token.is_refresh).for_each(|token| token.expires = now);
    }

    /// Returns the authorization that an access token stands for.
    pub(crate) fn authorization_of(&self, text: &str) -> Option<usize> {
        let (token, authorization) = self.token(text)?;
        (!token.is_refresh && !authorization.is_revoked).then_some(token.authorization)
    }

    pub(crate) fn access_of(&self, authorization: usize) -> &Access {
        &self.authorizations[authorization].access
    }
}

/// Returns what a scope lets an app do, in words.
pub(crate) fn words(scope: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| scope == known.as_str()).map(|(_, words)| *words)
}

const WORDS: &[(Scope, &str)] = &[
    (Scope::OPENID, "Know your user ID"),
    (Scope::PROFILE, "Know your username, your display name and your picture"),
    (Scope::USER_ADVANCED_READ, "Know whether you are verified and have Premium"),
    (Scope::USER_SOCIAL_READ, "Know your social accounts"),
    (Scope::USER_INVENTORY_ITEM_READ, "Read your inventory, even if it is private"),
    (Scope::USER_USER_NOTIFICATION_WRITE, "Send you notifications"),
    (Scope::ASSET_READ, "Read your assets"),
    (Scope::ASSET_WRITE, "Create and change assets in your name"),
    (Scope::ASSET_PERMISSIONS_WRITE, "Decide who can use your assets"),
    (Scope::LEGACY_ASSET_MANAGE, "Download your assets"),
    (Scope::CREATOR_STORE_PRODUCT_READ, "Read your products on the Creator Store"),
    (Scope::CREATOR_STORE_PRODUCT_WRITE, "Sell your assets on the Creator Store"),
    (Scope::GROUP_READ, "Read your groups"),
    (Scope::GROUP_WRITE, "Manage your groups"),
    (Scope::LEGACY_GROUP_MANAGE, "Know which groups you can manage"),
    (Scope::LEGACY_UNIVERSE_FOLLOWING_READ, "Know which experiences you follow"),
    (Scope::LEGACY_UNIVERSE_FOLLOWING_WRITE, "Follow experiences in your name"),
    (Scope::UNIVERSE_SUBSCRIPTION_PRODUCT_SUBSCRIPTION_READ, "Read subscriptions to your experiences"),
    (Scope::UNIVERSE_WRITE, "Change your experiences"),
    (Scope::UNIVERSE_MESSAGING_SERVICE_PUBLISH, "Send messages to the servers of your experiences"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_scope_has_words() {
        for scope in Scope::KNOWN {
            assert!(words(scope.as_str()).is_some(), "{scope}");
        }
        assert_eq!(words("universe:read"), None);
    }

    #[test]
    fn pages_that_nobody_answers_are_forgotten_the_oldest_first() {
        let mut sign_ins = SignIns::default();
        let request = Request {
            client_id: "1".to_owned(),
            redirect_uri: "http://localhost:4000/callback".to_owned(),
            scopes: Vec::new(),
            state: None,
            nonce: None,
            challenge: None,
        };
        let tickets: Vec<_> = (0..MOST_PAGES + 2).map(|_| sign_ins.open(request.clone())).collect();
        assert_eq!(sign_ins.pages.len(), MOST_PAGES);
        assert!(sign_ins.close(&tickets[1]).is_none() && sign_ins.close(&tickets[2]).is_some());
        assert!(sign_ins.close(&tickets[2]).is_none(), "it can be answered once");
    }
}
