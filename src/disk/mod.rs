//! Files that this crate writes: they appear under their name only when they are complete, can be private, and can be locked
//! between processes.
//!
//! A path of the caller may be a link. Every function follows it first, so that the target is replaced, the link stays, and what
//! lies beside the file lies beside the target. The files that this crate lays beside another one are never opened through a link.

#[cfg(any(feature = "oauth2", feature = "publish"))]
mod companion;
mod names;
mod open;
mod owner;
#[cfg(any(feature = "oauth2", feature = "publish"))]
mod read;
mod save;
mod settle;
mod stream;
mod target;
mod unfinished;

#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) use companion::{beside, try_lock};
pub(crate) use open::open_regular;
pub(crate) use save::save;
#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) use unfinished::remove_unfinished;
#[cfg(feature = "publish")]
pub(crate) use {
    companion::{open_companion, read_companion},
    names::short_name,
    read::read,
    save::{save_bytes, save_companion},
    settle::sync_directory,
};
#[cfg(feature = "oauth2")]
pub(crate) use {
    read::read_private,
    save::{check_private, remove, save_private},
};

/// Returns the error of a file that a newer version of this crate has written.
#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) fn newer_version(json: &serde_json::Value, known: u64, subject: String) -> Option<crate::error::Error> {
    use crate::error::{Error, ErrorKind};

    let newer = json.get("version").and_then(serde_json::Value::as_u64).filter(|version| *version > known)?;
    Some(
        Error::new(ErrorKind::NewerFile, subject)
            .explain(format!("a newer version of this crate wrote it (format {newer}; expected {known})"))
            .advise("update the program")
            .concerning_run(),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::save;
    use crate::error::Error;

    #[test]
    fn a_file_is_replaced_only_when_it_is_complete() {
        let directory = std::env::temp_dir().join(format!("rblxopencloud-save-{}", std::process::id()));
        fs::create_dir(&directory).expect("temporary files can be written");
        let path = directory.join("a.rbxm");
        let write = |text: &'static str| {
            move |writer: &mut dyn Write| {
                writer.write_all(text.as_bytes()).expect("there is room");
                Ok(text.len() as u64)
            }
        };
        assert_eq!(save(&path, write("old")).expect("there is room"), 3);
        save(&path, |writer| {
            writer.write_all(b"half").expect("there is room");
            Err(Error::invalid_input("it broke"))
        })
        .expect_err("it broke");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "old");
        save(&path, write("new")).expect("there is room");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "new");
        assert_eq!(fs::read_dir(&directory).expect("it is there").count(), 1, "only the file itself is left");

        assert!(save(&directory.join("missing").join("a"), write("x")).is_err());
        assert!(save(&directory, write("x")).is_err(), "a directory can't be replaced");
        assert!(save(Path::new(".."), write("x")).is_err());
        assert!(save(&directory.join("new/"), write("x")).is_err(), "it names a directory");
        let set = |is_read_only| {
            let mut permissions = fs::metadata(&path).expect("it is there").permissions();
            permissions.set_readonly(is_read_only);
            fs::set_permissions(&path, permissions).expect("they can be set");
        };
        set(true);
        let error = save(&path, write("x")).expect_err("it is read-only").to_string();
        assert!(error.contains("read-only"), "{error}");
        set(false);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "new");
        let long = directory.join("n".repeat(255));
        save(&long, write("long")).expect("the name fits");
        assert_eq!(fs::read_to_string(&long).expect("it is there"), "long");
        #[cfg(windows)]
        assert_eq!(save(&directory.join("NUL"), write("nothing")).expect("it is a device"), 7);
        assert_eq!(fs::read_dir(&directory).expect("it is there").count(), 2, "nothing else is left");
        fs::remove_dir_all(&directory).expect("it is there");
    }
}
