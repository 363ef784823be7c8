//! Pages about the sandbox.

#[doc = include_str!("../docs/by_purpose.md")]
pub mod by_purpose {}

#[doc = include_str!("../docs/tests.md")]
pub mod tests {}

#[doc = include_str!("../docs/world_files.md")]
pub mod world_files {}

#[doc = include_str!("../docs/control.md")]
pub mod control {}

#[cfg(test)]
mod checks {
    use std::fs;

    /// All methods of a sandbox, except those that start it and lead to it.
    #[test]
    fn the_page_by_purpose_has_each_method() {
        let page = include_str!("../docs/by_purpose.md");
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("the sources are there");
        let paths = files.map(|file| file.expect("the entry is there").path());
        let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
        let sources = paths.filter(|path| !path.ends_with("lib.rs")).map(fs::read_to_string);
        let sources: Vec<String> = sources.collect::<Result<_, _>>().expect("sources are text");
        let sources = sources.iter().filter(|source| source.contains("\nimpl Sandbox {"));
        let methods = sources.flat_map(|source| source.lines()).filter_map(|line| line.strip_prefix("    pub fn "));
        let names: Vec<&str> = methods.filter_map(|method| method.split(['(', '<']).next()).collect();
        assert!(names.contains(&"on_luau") && names.len() > 50, "{names:?}");
        for name in names {
            let forms = [format!("crate::Sandbox::{name})"), format!("`Sandbox::{name}`")];
            assert!(forms.iter().any(|form| page.contains(form)), "{name}");
        }
    }
}
