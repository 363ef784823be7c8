//! Where a request goes.

use super::builder::Request;
use crate::api::{Method, Parameter, has_dot_segment, is_dots};
use crate::call::Session;
use crate::error::{Error, Result};
use crate::transport::{Target, shown_url};

/// Where a request goes.
#[derive(Clone)]
pub(super) struct Route {
    /// Another host than the service's.
    pub(super) origin: Option<String>,
    pub(super) path: String,
    /// With its question mark; empty if there is none.
    pub(super) query: String,
}

impl Request {
    /// Checks the path, and fills it in.
    pub(super) fn route(&self) -> Result<Route> {
        self.try_route().map_err(|problem| self.redact(Error::invalid_input(problem)))
    }

    fn try_route(&self) -> Result<Route, String> {
        let template = self.template();
        let filled = fill(template, &self.parameters)?;
        let is_url = !filled.starts_with('/') && filled.contains("://");
        let problem = if is_url { None } else { problem_of_path(&filled) };
        if let Some(problem) = problem {
            return Err(format!("invalid path {:?}: {problem}", shown_path(template)));
        }
        // Before its path is shown: a URL with a password in it is refused.
        let target = if is_url { Some(Target::parse(&filled, self.session.is_local())?) } else { None };
        check_path(template, &filled)?;
        let Some(target) = target else {
            let origin = self.session.other_host(&self.endpoint).map(str::to_owned);
            return Ok(Route { origin, path: filled, query: self.query.clone() });
        };
        let mut route = Route::of(target, &self.session);
        route.query = join_queries(&route.query, &self.query);
        Ok(route)
    }
}

impl Route {
    /// Returns the method and path, for errors.
    pub(super) fn subject(&self, method: Method) -> String {
        format!("{method} {}{}", self.origin.as_deref().unwrap_or_default(), self.path)
    }

    /// A URL under the base URL is the service's.
    fn of(target: Target, session: &Session) -> Self {
        let base = Target::parse(session.base_url(), session.is_local()).ok();
        let base = base.filter(|base| base.origin == target.origin);
        let path = base.and_then(|base| target.path.strip_prefix(base.path.trim_end_matches('/')));
        match path.filter(|path| path.starts_with('/')) {
            Some(path) => Self { origin: None, path: path.to_owned(), query: target.query },
            None => Self { origin: Some(target.origin), path: target.path, query: target.query },
        }
    }

    /// Returns where a redirect leads. Once it has left the service, nothing leads back to the credentials.
    pub(super) fn redirected(&self, location: &str, session: &Session) -> Result<Self, String> {
        let root = self.origin.as_deref().unwrap_or(session.base_url());
        let is_local = session.is_local();
        // The base URL can have a path, which is one of the whole URL.
        let target = Target::parse(&format!("{root}{}{}", self.path, self.query), is_local)
            .and_then(|from| Target::parse_location(&from.join(location), is_local))
            .and_then(|target| check_path(&target.path, &target.path).map(|()| target))
            .map_err(|problem| format!("refused a redirect: {problem}"))?;
        Ok(match &self.origin {
            Some(_) => Self { origin: Some(target.origin), path: target.path, query: target.query },
            None => Self::of(target, session),
        })
    }
}

/// Returns why a text isn't a path, in the words of its caller.
fn problem_of_path(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some("a path begins with a slash, as in /cloud/v2/users/{user}".to_owned());
    }
    let escape = "set what has to be escaped with param and query";
    match path.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '?' | '#' | '\\'))? {
        '?' => Some("it has a query; set its parameters with query".to_owned()),
        '#' => Some(format!("it has a fragment; {escape}")),
        c => Some(format!("it has the character {c:?}; {escape}")),
    }
}

/// Refuses dot segments: those of the path as it was written, in any spelling, and those that a parameter completes.
pub(super) fn check_path(written: &str, filled: &str) -> Result<(), String> {
    let [written, filled] = [written, filled].map(|text| text.split(['?', '#']).next().unwrap_or_default());
    if has_dot_segment(written) || filled.split('/').any(is_dots) {
        let problem = "it has a dot segment, which leads to another path; set what has to be escaped with param";
        return Err(format!("invalid path {written:?}: {problem}"));
    }
    Ok(())
}

/// Puts the values of the parameters into a path.
fn fill(template: &str, parameters: &[Parameter]) -> Result<String, String> {
    let shown = shown_path(template);
    let mut filled = String::with_capacity(template.len() + 16);
    let mut used = vec![false; parameters.len()];
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| format!("the path {shown:?} has no }} for its {{"))?;
        let at = parameters.iter().rposition(|known| known.name == name);
        let at = at.ok_or_else(|| format!("the path {shown:?} needs a value: call param({name:?}, …)"))?;
        parameters.iter().zip(&mut used).filter(|(known, _)| known.name == name).for_each(|(_, used)| *used = true);
        filled.push_str(before);
        parameters[at].push_to(&mut filled).map_err(|value| format!("the parameter {name:?} can't be {value:?}"))?;
        rest = after;
    }
    filled.push_str(rest);
    match used.iter().position(|used| !used) {
        Some(unused) => Err(format!("the path {shown:?} has no parameter {:?}", parameters[unused].name)),
        None => Ok(filled),
    }
}

fn join_queries(first: &str, second: &str) -> String {
    match (first.is_empty(), second.strip_prefix('?')) {
        (false, Some(second)) => format!("{first}&{second}"),
        (true, _) => second.to_owned(),
        (false, None) => first.to_owned(),
    }
}

/// Returns a path or a URL without its possible secrets. A URL can be signed in its query, so only the name of its first parameter
/// remains.
pub(super) fn shown_path(path: &str) -> String {
    let shown = shown_url(path);
    let shown = shown.split('?').next().unwrap_or_default();
    let query = path.split('#').next().and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
    match query.split_once('=') {
        Some((name, _)) => format!("{shown}?{name}=…"),
        None if query.is_empty() => shown.to_owned(),
        None => format!("{shown}?…"),
    }
}
