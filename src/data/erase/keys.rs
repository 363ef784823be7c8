//! Templates of keys.

use crate::data::check;
use crate::error::{Error, Result};

/// Stands for the user's id.
const ID: &str = "{id}";

/// Fills in the user's id. The keys are in the order of the templates, each once.
pub(super) fn fill(templates: &[String], user_id: u64) -> Result<Vec<String>> {
    if user_id == 0 {
        return Err(Error::invalid_input("0 isn't the id of a user"));
    }
    if templates.is_empty() {
        return Err(Error::invalid_input("no keys are given, so it isn't known which entries are about the user")
            .advise("call keys with templates such as user_{id}"));
    }
    let mut keys = Vec::new();
    for template in templates {
        let key = fill_one(template, user_id)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

fn fill_one(template: &str, user_id: u64) -> Result<String> {
    let invalid = |problem: &str| Error::invalid_input(format!("the key {template:?} {problem}"));
    if template.replace(ID, "").contains(['{', '}']) {
        return Err(invalid("has another placeholder than {id}, which stands for the user's id"));
    }
    if !template.contains(ID) {
        return Err(invalid("has no {id}, so its entry isn't that of one user")
            .advise("write {id} where the keys of the store have the user's id, as in user_{id}"));
    }
    let key = template.replace(ID, &user_id.to_string());
    check::name(&format!("the key of the template {template:?}"), &key)?;
    Ok(key)
}

/// Returns the fewest prefixes that all keys begin with, so that each listing finds as many keys as it can.
pub(super) fn prefixes(keys: &[String]) -> Vec<&str> {
    let is_found_by = |key: &String, other: &String| other != key && key.starts_with(other.as_str());
    keys.iter().filter(|key| !keys.iter().any(|other| is_found_by(key, other))).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(templates: &[&str]) -> Result<Vec<String>> {
        fill(&templates.iter().map(|template| (*template).to_owned()).collect::<Vec<_>>(), 156)
    }

    #[test]
    fn templates_are_filled_in_once_each() {
        let keys = filled(&["user_{id}", "{id}", "{id}/{id}", "user_{id}"]).expect("they are good");
        assert_eq!(keys, ["user_156", "156", "156/156"]);
    }

    #[test]
    fn templates_that_could_mean_another_entry_are_refused() {
        let long = format!("{}{{id}}", "x".repeat(48));
        for (bad, why) in [
            (&[] as &[&str], "no keys"),
            (&["user_{id}", "user_156"], "has no {id}"),
            (&[""], "has no {id}"),
            (&["user_{ID}"], "another placeholder"),
            (&["user_{id}_{slot}"], "another placeholder"),
            (&["user_{id"], "another placeholder"),
            (&["{{id}id}"], "another placeholder"),
            (&["{}"], "another placeholder"),
            (&["../{id}"], "dot segment"),
            (&[&long], "51 characters"),
        ] {
            let error = filled(bad).expect_err("it is refused").to_string();
            assert!(error.contains(why), "{bad:?}: {error}");
        }
        assert!(fill(&["{id}".to_owned()], 0).is_err());
    }

    #[test]
    fn one_listing_finds_the_keys_that_begin_with_another_one() {
        let keys = filled(&["user_{id}_pets", "user_{id}", "inv_{id}"]).expect("they are good");
        assert_eq!(prefixes(&keys), ["user_156", "inv_156"]);
    }
}
