//! Checks before anything is sent.

use super::content::{self, Format, Found, HEAD};
use super::file::AssetFile;
use super::limits::{MAX_DESCRIPTION_LENGTH, MAX_FILE_SIZE, MAX_IMAGE_SIDE, MAX_NAME_LENGTH, MAX_VIDEO_SIZE};
use super::model::AssetType;
use crate::error::{Error, Result};

/// A check that is made before anything is sent. [`AssetUpload::skip_check`](crate::AssetUpload::skip_check) and
/// [`AssetUpdate::skip_check`](crate::AssetUpdate::skip_check) skip it, in case the service has changed its limits.
///
/// The limits are constants in [`limits`](crate::asset::limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// The length of the name.
    NameLength,
    /// The length of the description.
    DescriptionLength,
    /// The size of the file: not empty, and not too large for the asset type.
    FileSize,
    /// The format of the file, by its extension or content type: one that the asset type accepts.
    Format,
    /// The first bytes of the file: those of its format.
    Content,
    /// The width and height of an image.
    Dimensions,
    /// The number of social links.
    SocialLinks,
    /// The format of new content: one of a model.
    UpdateFormat,
}

/// The checks to skip.
#[derive(Clone, Debug, Default)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    pub(super) fn add(&mut self, check: Check) {
        self.0.push(check);
    }

    pub(super) fn unless(&self, check: Check, run: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.0.contains(&check) { Ok(()) } else { run() }
    }

    pub(super) fn check_name(&self, name: &str) -> Result<()> {
        if name.trim().is_empty() {
            let error = Error::invalid_input("the asset has an empty name");
            return Err(error.advise(format!("give it one of 1 to {MAX_NAME_LENGTH} characters")));
        }
        self.unless(Check::NameLength, || at_most("name", name, MAX_NAME_LENGTH))
    }

    pub(super) fn check_description(&self, description: &str) -> Result<()> {
        self.unless(Check::DescriptionLength, || at_most("description", description, MAX_DESCRIPTION_LENGTH))
    }

    /// Checks that new content is for a model.
    pub(super) fn check_update_format(&self, file: &AssetFile) -> Result<()> {
        let content_type = file.checked_content_type()?;
        let format = Format::of_file(file.name(), &content_type);
        self.unless(Check::UpdateFormat, || match format {
            Some(format) if !format.fits(&AssetType::Model) => Err(Error::invalid_input(format!(
                "the file {:?} is {content_type}; the content can be updated only of a {}",
                file.name(),
                AssetType::Model
            ))),
            _ => Ok(()),
        })
    }

    /// Checks the name, size and first bytes of a file.
    pub(super) fn check_file(&self, file: &mut AssetFile, asset_type: &AssetType) -> Result<()> {
        let content_type = file.checked_content_type()?;
        let name = file.name().to_owned();
        self.unless(Check::FileSize, || match file.len() {
            0 => Err(Error::invalid_input(format!("the file {name:?} is empty"))),
            bytes if bytes > largest(asset_type) => Err(Error::invalid_input(format!(
                "the file {name:?} has {bytes} bytes; the limit for a {asset_type} is {}",
                largest(asset_type)
            ))),
            _ => Ok(()),
        })?;
        let Some(format) = Format::of_file(&name, &content_type) else { return Ok(()) };
        self.unless(Check::Format, || {
            if format.fits(asset_type) {
                return Ok(());
            }
            let error = Error::invalid_input(format!(
                "the file {name:?} is {content_type}, which is not accepted for the type {asset_type}"
            ));
            Err(error.advise(format!("upload it as {}", format.usual_asset_type())))
        })?;
        let head = file.head(HEAD)?;
        let found = content::identify(&head);
        self.unless(Check::Content, || check_content(&name, format, found, &head))?;
        // Content that isn't the declared image has no dimensions to check.
        let format = match found {
            _ if !format.allows(found, &head) => return Ok(()),
            Found::Format(found) => found,
            _ => format,
        };
        self.unless(Check::Dimensions, || match content::dimensions(format, &head) {
            Some((width, height)) if width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE => Err(Error::invalid_input(
                format!("the image {name:?} is {width}×{height} pixels; both must be at most {MAX_IMAGE_SIDE}"),
            )),
            _ => Ok(()),
        })
    }
}

fn at_most(what: &str, text: &str, most: usize) -> Result<()> {
    let length = text.chars().count();
    if length <= most {
        return Ok(());
    }
    Err(Error::invalid_input(format!("the asset's {what} has {length} characters; the limit is {most}")))
}

fn largest(asset_type: &AssetType) -> u64 {
    if *asset_type == AssetType::Video { MAX_VIDEO_SIZE } else { MAX_FILE_SIZE }
}

fn check_content(name: &str, format: Format, found: Found, head: &[u8]) -> Result<()> {
    if format.allows(found, head) {
        return Ok(());
    }
    let declared = format.content_type();
    let wrong = |what: &str| Error::invalid_input(format!("the file {name:?} {what}, but is declared as {declared}"));
    Err(match found {
        Found::Other(other) => wrong(&format!("is {}", other.name)).advise(other.advice),
        Found::Format(found) => wrong(&format!("begins as a .{} file does", found.extension()))
            .advise(format!("give it the extension .{} or its right content type", found.extension())),
        Found::LongTag | Found::Nothing => wrong(&format!("doesn't begin as a .{} file does", format.extension()))
            .advise("give it its right extension or content type"),
    })
}

/// Checks the first bytes alone, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn judge(bytes: &[u8]) {
    for extension in ["png", "jpg", "bmp", "tga", "mp3", "flac", "fbx", "gltf", "rbxm", "mp4", "mov", "mesh"] {
        let mut file = AssetFile::from_bytes(format!("a.{extension}"), bytes);
        let format = Format::of_name(file.name()).expect("a known extension");
        if let Err(error) = Checks::default().check_file(&mut file, &format.usual_asset_type()) {
            assert!(!error.to_string().chars().any(char::is_control));
        }
    }
}
