//! Entry points for the fuzzer.

use std::path::Path;

use super::lock_text;
use super::module::AssetModule;

/// Any text is a lock file that survives a round trip, or is refused.
pub(crate) fn lock(text: &str) {
    let path = Path::new("assets.lock");
    if let Ok(lock) = lock_text::parse(text.as_bytes(), path) {
        assert_eq!(lock_text::parse(lock_text::text(&lock).as_bytes(), path).expect("it was just written"), lock);
        let mut merged = lock.clone();
        assert!(merged.merge(lock.clone()).is_empty(), "a lock doesn't contradict itself");
    }
    // Any lines are names of files.
    let module = AssetModule::new(text.lines().zip(1..)).flat(true);
    if let Ok(json) = module.json() {
        let names: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(names.len(), text.lines().count());
        let luau = module.luau().expect("the names are different");
        assert_eq!(luau.lines().count(), names.len() + 4, "a name is on one line: {luau}");
        module.typescript().expect("the names are different");
    }
    let _ = module.rust();
}
