//! Options that say what is erased of a user, and the entries of a sandbox for it.

use rblxopencloud::data::Erasure;
use rblxopencloud_sandbox::Sandbox;

use super::Result;

/// The options, for usages.
pub const OPTIONS: &str = "\
  --key TEMPLATE        a key with {id} where it has the user's id, such as user_{id}; can be repeated
  --store NAME          a data store, in place of all of the experience; can be repeated
  --only-global         leaves out all scopes of data stores but global
  --ordered NAME SCOPE  an ordered data store and one of its scopes; can be repeated
  --sorted-map NAME     a sorted map of the memory store; can be repeated
  --requests COUNT      how many reads, listings and deletions a minute are made; 100 without it";

/// What is erased.
#[derive(Clone, Default)]
pub struct What {
    keys: Vec<String>,
    stores: Vec<String>,
    is_only_global: bool,
    ordered: Vec<(String, String)>,
    sorted_maps: Vec<String>,
    requests: Option<u32>,
}

impl What {
    /// Reads an option and its values. Returns whether it is one of these.
    pub fn read(&mut self, option: &str, values: &mut impl Iterator<Item = String>) -> Result<bool> {
        let mut value = || values.next().ok_or_else(|| format!("{option} needs a value; see --help"));
        match option {
            "--key" => self.keys.push(value()?),
            "--store" => self.stores.push(value()?),
            "--only-global" => self.is_only_global = true,
            "--ordered" => self.ordered.push((value()?, value()?)),
            "--sorted-map" => self.sorted_maps.push(value()?),
            "--requests" => {
                let text = value()?;
                let count = text.parse().ok().filter(|count| *count > 0);
                self.requests = Some(count.ok_or_else(|| format!("{text:?} isn't a number of requests"))?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub fn set(&self, erasure: Erasure) -> Erasure {
        let mut erasure = erasure
            .keys(&self.keys)
            .all_scopes(!self.is_only_global)
            .ordered_stores(self.ordered.clone())
            .sorted_maps(&self.sorted_maps);
        if !self.stores.is_empty() {
            erasure = erasure.stores(&self.stores);
        }
        match self.requests {
            Some(requests) => erasure.requests_per_minute(requests),
            None => erasure,
        }
    }
}

/// Adds entries of several users to the sandbox's experience.
pub fn fill(sandbox: &Sandbox) -> Result<()> {
    for (store, lines) in [
        (
            "Players",
            r#"{"id":"user_156","value":{"coins":7},"users":["users/156"]}
            {"id":"user_156","scope":"eu","value":{"coins":2},"users":["users/156"]}
            {"id":"user_15","value":{"coins":3},"users":["users/15"]}
            {"id":"user_1560","value":{"coins":4},"users":["users/1560"]}"#,
        ),
        ("Inventories", r#"{"id":"inv_156","value":["sword"],"users":["users/156"]}"#),
    ] {
        sandbox.load_entries(13058, store, lines)?;
    }
    Ok(())
}
