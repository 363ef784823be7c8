use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::handle::User;
use crate::api::{Endpoint, OperationName};
use crate::client::Client;
use crate::error::Result;
use crate::open_enum::open_enum;
use crate::operation::{Operation, Operations, Polls};
use crate::request::Request;
use crate::wire::{self, model};

/// Generates a picture of a user's avatar.
pub const GENERATE_THUMBNAIL: Endpoint =
    Endpoint::get("/cloud/v2/users/{user}:generateThumbnail").with_budget(1000, 10).for_user_keys();

/// Polls the operation that generates a picture.
pub const GET_THUMBNAIL_OPERATION: Endpoint =
    Endpoint::get("/cloud/v2/users/{user}/operations/{operation}").with_budget(1000, 10).for_user_keys().polling();

model! {
    /// A picture of a user's avatar, from [`User::generate_thumbnail`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_GenerateUserThumbnail>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Thumbnail {
        /// The URL of the picture, on another host than the service's.
        pub image_uri: String,
    }
}

/// The URL of the picture.
impl fmt::Display for Thumbnail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.image_uri)
    }
}

/// The size of a thumbnail, in pixels on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ThumbnailSize {
    Px48,
    Px50,
    Px60,
    Px75,
    Px100,
    Px110,
    Px150,
    Px180,
    Px352,
    #[default]
    Px420,
    Px720,
}

impl ThumbnailSize {
    /// All sizes that the service offers, smallest first.
    pub const ALL: [Self; 11] = [
        Self::Px48,
        Self::Px50,
        Self::Px60,
        Self::Px75,
        Self::Px100,
        Self::Px110,
        Self::Px150,
        Self::Px180,
        Self::Px352,
        Self::Px420,
        Self::Px720,
    ];

    /// Returns the length of a side in pixels.
    #[must_use]
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Px48 => 48,
            Self::Px50 => 50,
            Self::Px60 => 60,
            Self::Px75 => 75,
            Self::Px100 => 100,
            Self::Px110 => 110,
            Self::Px150 => 150,
            Self::Px180 => 180,
            Self::Px352 => 352,
            Self::Px420 => 420,
            Self::Px720 => 720,
        }
    }

    /// Returns the smallest size with at least this many pixels. `None` above 720.
    ///
    /// ```
    /// use rblxopencloud::user::ThumbnailSize;
    ///
    /// assert_eq!(ThumbnailSize::at_least(128), Some(ThumbnailSize::Px150));
    /// assert_eq!(ThumbnailSize::at_least(721), None);
    /// ```
    #[must_use]
    pub fn at_least(pixels: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.pixels() >= pixels)
    }
}

open_enum! {
    /// The file format of a thumbnail.
    ThumbnailFormat {
        /// PNG, with a transparent background.
        Png = "PNG",
        /// JPEG.
        Jpeg = "JPEG",
    }
}

open_enum! {
    /// The shape of a thumbnail.
    ThumbnailShape {
        /// A circle.
        Round = "ROUND",
        /// A square.
        Square = "SQUARE",
    }
}

/// How to draw a thumbnail, for [`User::generate_thumbnail_with`].
///
/// ```
/// use rblxopencloud::ThumbnailOptions;
/// use rblxopencloud::user::{ThumbnailFormat, ThumbnailShape, ThumbnailSize};
///
/// let options = ThumbnailOptions::new()
///     .size(ThumbnailSize::Px150)
///     .format(ThumbnailFormat::Jpeg)
///     .shape(ThumbnailShape::Square);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ThumbnailOptions {
    size: Option<ThumbnailSize>,
    format: Option<ThumbnailFormat>,
    shape: Option<ThumbnailShape>,
}

impl ThumbnailOptions {
    /// Creates the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the size. Defaults to 420 pixels.
    pub fn size(mut self, size: ThumbnailSize) -> Self {
        self.size = Some(size);
        self
    }

    /// Sets the file format. Defaults to PNG.
    pub fn format(mut self, format: ThumbnailFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the shape. Defaults to a circle.
    pub fn shape(mut self, shape: ThumbnailShape) -> Self {
        self.shape = Some(shape);
        self
    }
}

fn work() -> Operations {
    Operations {
        poll: Polls::At(GET_THUMBNAIL_OPERATION),
        may_be_bare: false,
        may_have_no_result: false,
        error_as_data: None,
    }
}

impl Client {
    /// Resumes waiting for an operation that generates a thumbnail. Makes no request.
    ///
    /// Polling it calls [`GET_THUMBNAIL_OPERATION`], which needs no scope.
    ///
    /// ```
    /// # use rblxopencloud::{Client, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let thumbnail = client.thumbnail_operation("users/156/operations/8f2c".parse()?).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn thumbnail_operation(&self, name: OperationName) -> Operation<Thumbnail> {
        Operation::resume(self.session(), name, work(), Arc::new(wire::from_value))
    }
}

impl User {
    /// Returns the URL of a picture of the user's avatar, which it generates and waits for: a PNG of 420 pixels, cut to a circle.
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// println!("{}", user.thumbnail_url()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`generate_thumbnail`](Self::generate_thumbnail) and [`Operation::wait`].
    #[doc(alias = "avatar")]
    #[doc(alias = "picture")]
    #[doc(alias = "icon_url")]
    pub fn thumbnail_url(&self) -> Result<String> {
        self.thumbnail_url_with(&ThumbnailOptions::default())
    }

    /// Returns the URL of a picture of the user's avatar, drawn with these options. See [`thumbnail_url`](Self::thumbnail_url).
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```
    /// use rblxopencloud::ThumbnailOptions;
    /// use rblxopencloud::user::ThumbnailSize;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// println!("{}", user.thumbnail_url_with(&ThumbnailOptions::new().size(ThumbnailSize::Px48))?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`generate_thumbnail`](Self::generate_thumbnail) and [`Operation::wait`].
    pub fn thumbnail_url_with(&self, options: &ThumbnailOptions) -> Result<String> {
        Ok(self.generate_thumbnail_with(options)?.wait()?.image_uri)
    }

    /// Generates a picture of the user's avatar: a PNG of 420 pixels, cut to a circle. The operation is usually done already, and
    /// then waiting makes no request.
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let thumbnail = user.generate_thumbnail()?.wait()?;
    /// println!("{}", thumbnail.image_uri);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) also for a key that a group owns.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_GenerateUserThumbnail>
    pub fn generate_thumbnail(&self) -> Result<Operation<Thumbnail>> {
        self.generate_thumbnail_with(&ThumbnailOptions::default())
    }

    /// Generates a picture of the user's avatar. The same as [`generate_thumbnail`](Self::generate_thumbnail), under the name that
    /// the Python client has for it.
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// println!("{}", user.generate_headshot()?.wait()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`generate_thumbnail`](Self::generate_thumbnail).
    pub fn generate_headshot(&self) -> Result<Operation<Thumbnail>> {
        self.generate_thumbnail()
    }

    /// Generates a picture of the user's avatar, drawn with these options. See [`generate_thumbnail`](Self::generate_thumbnail).
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```
    /// use rblxopencloud::ThumbnailOptions;
    /// use rblxopencloud::user::ThumbnailSize;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let small = ThumbnailOptions::new().size(ThumbnailSize::Px48);
    /// let thumbnail = user.generate_thumbnail_with(&small)?.wait()?;
    /// println!("{}", thumbnail.image_uri);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`generate_thumbnail`](Self::generate_thumbnail).
    pub fn generate_thumbnail_with(&self, options: &ThumbnailOptions) -> Result<Operation<Thumbnail>> {
        let mut request = self.client.call(&GENERATE_THUMBNAIL).param("user", self.id);
        if let Some(size) = options.size {
            request = request.query("size", size.pixels());
        }
        if let Some(format) = &options.format {
            request = request.query("format", format);
        }
        if let Some(shape) = &options.shape {
            request = request.query("shape", shape);
        }
        request.start(work(), Arc::new(wire::from_value))
    }

    /// Generates a picture of the user's avatar and copies it to `writer`. Returns the number of bytes.
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope. The picture comes from another host, which never sees the
    /// credentials.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let mut picture = Vec::new();
    /// user.download_thumbnail(&mut picture)?;
    /// assert!(picture.starts_with(b"\x89PNG"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`generate_thumbnail`](Self::generate_thumbnail), [`Operation::wait`] and [`Request::download`].
    pub fn download_thumbnail(&self, writer: &mut dyn Write) -> Result<u64> {
        self.download_thumbnail_with(writer, &ThumbnailOptions::default())
    }

    /// Generates a picture of the user's avatar, drawn with these options, and copies it to `writer`. See
    /// [`download_thumbnail`](Self::download_thumbnail).
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```
    /// use rblxopencloud::ThumbnailOptions;
    /// use rblxopencloud::user::ThumbnailFormat;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let mut picture = Vec::new();
    /// user.download_thumbnail_with(&mut picture, &ThumbnailOptions::new().format(ThumbnailFormat::Jpeg))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`download_thumbnail`](Self::download_thumbnail).
    pub fn download_thumbnail_with(&self, writer: &mut dyn Write, options: &ThumbnailOptions) -> Result<u64> {
        self.thumbnail_request(options)?.download(writer)
    }

    /// Generates a picture of the user's avatar and saves it as a file. Returns the number of bytes.
    ///
    /// The file appears under its name only when it is complete; see [`Request::download_to`].
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// # let path = std::env::temp_dir().join(format!("rblxopencloud-doc-{}-avatar.png", std::process::id()));
    /// user.save_thumbnail(&path)?;
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`download_thumbnail`](Self::download_thumbnail).
    #[doc(alias = "download_avatar")]
    pub fn save_thumbnail(&self, path: impl AsRef<Path>) -> Result<u64> {
        self.save_thumbnail_with(path, &ThumbnailOptions::default())
    }

    /// Generates a picture of the user's avatar, drawn with these options, and saves it as a file. See
    /// [`save_thumbnail`](Self::save_thumbnail).
    ///
    /// Calls [`GENERATE_THUMBNAIL`], which needs no scope.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Result, User};
    /// use rblxopencloud::ThumbnailOptions;
    /// use rblxopencloud::user::ThumbnailFormat;
    ///
    /// # fn run(user: &User) -> Result<()> {
    /// user.save_thumbnail_with("avatar.jpg", &ThumbnailOptions::new().format(ThumbnailFormat::Jpeg))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`download_thumbnail`](Self::download_thumbnail).
    pub fn save_thumbnail_with(&self, path: impl AsRef<Path>, options: &ThumbnailOptions) -> Result<u64> {
        self.thumbnail_request(options)?.download_to(path)
    }

    fn thumbnail_request(&self, options: &ThumbnailOptions) -> Result<Request> {
        let thumbnail = self.generate_thumbnail_with(options)?.wait()?;
        self.client
            .located(&self.client.call(&GENERATE_THUMBNAIL).param("user", self.id).subject(), &thumbnail.image_uri)
    }
}
