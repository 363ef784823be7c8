//! The lock files of other tools.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a tool has published.
#[derive(Debug, PartialEq)]
pub struct Entry {
    /// The path that the tool has for the file. `None` if it knows only the hash.
    pub path: Option<String>,
    /// The BLAKE3 hash of the file, in hexadecimal digits.
    pub hash: String,
    pub id: u64,
    /// Whether the file is a part of a sprite sheet that has this id.
    pub is_part: bool,
}

#[derive(Deserialize)]
struct Version {
    version: Option<u64>,
    /// Files by their paths: Asphalt, version 0.
    entries: Option<BTreeMap<String, OfPath>>,
}

#[derive(Deserialize)]
struct Inputs<T> {
    #[serde(default = "BTreeMap::new")]
    inputs: BTreeMap<String, T>,
}

#[derive(Deserialize)]
struct OfPath {
    hash: String,
    asset_id: u64,
}

#[derive(Deserialize)]
struct OfHash {
    asset_id: u64,
}

#[derive(Deserialize)]
struct OfTarmac {
    hash: String,
    id: Option<u64>,
    slice: Option<toml::Value>,
}

/// Reads the text of a lock file, whichever of the tools has written it.
pub fn parse(text: &str) -> Result<Vec<Entry>, Box<dyn std::error::Error>> {
    let of_path = |(path, entry): (String, OfPath)| Entry {
        path: Some(path),
        hash: entry.hash.to_ascii_lowercase(),
        id: entry.asset_id,
        is_part: false,
    };
    let Version { version, entries } = toml::from_str(text)?;
    Ok(match (version, entries) {
        (None | Some(0), Some(entries)) => entries.into_iter().map(of_path).collect(),
        (None, None) => {
            let files: Inputs<OfTarmac> = toml::from_str(text)?;
            let published = files.inputs.into_iter().filter_map(|(path, entry)| {
                let (hash, is_part) = (entry.hash.to_ascii_lowercase(), entry.slice.is_some());
                Some(Entry { path: Some(path), hash, id: entry.id?, is_part })
            });
            published.collect()
        }
        (Some(1), _) => {
            let inputs: Inputs<BTreeMap<String, OfPath>> = toml::from_str(text)?;
            inputs.inputs.into_values().flatten().map(of_path).collect()
        }
        (Some(2), _) => {
            let inputs: Inputs<BTreeMap<String, OfHash>> = toml::from_str(text)?;
            let hashes = inputs.inputs.into_values().flatten();
            let entry = |(hash, entry): (String, OfHash)| Entry {
                path: None,
                hash: hash.to_ascii_lowercase(),
                id: entry.asset_id,
                is_part: false,
            };
            hashes.map(entry).collect()
        }
        (version, _) => {
            let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(format!("its version is {version}; expected asphalt.lock.toml of the version 0, 1 or 2").into());
        }
    })
}
