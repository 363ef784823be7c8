use std::io::Write;
use std::path::Path;

use serde::Deserialize;

use super::AssetHandle;
use crate::api::Endpoint;
use crate::call::{Call, DecodeError};
use crate::error::Result;
use crate::request::Request;
use crate::{json, wire};

/// Locates the content of an asset.
pub const GET_ASSET_DELIVERY: Endpoint = Endpoint::get("/asset-delivery-api/v1/assetId/{asset}")
    .with_scopes(&["legacy-asset:manage"])
    .with_budget(1000, 1000);

/// Locates the content of a version of an asset.
pub const GET_ASSET_VERSION_DELIVERY: Endpoint =
    Endpoint::get("/asset-delivery-api/v1/assetId/{asset}/version/{version}")
        .with_scopes(&["legacy-asset:manage"])
        .with_budget(1000, 1000);

impl AssetHandle {
    /// Locates the content of the asset, and returns the request that downloads it.
    ///
    /// The content comes from another host, which never sees the credentials. The request is valid for a short time.
    ///
    /// Needs the scope `legacy-asset:manage`. The service accepts 1000 requests a minute.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud::sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset(upload)?.wait()?.id;
    /// let mut content = Vec::new();
    /// client.asset(id).locate()?.max_size(1_000_000).download(&mut content)?;
    /// # assert_eq!(content, std::fs::read("examples/assets/crate.png").unwrap());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) with the service's message if it refuses to deliver the
    /// asset: it says so with a success status.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets>
    pub fn locate(&self) -> Result<Request> {
        self.located(&GET_ASSET_DELIVERY, &GET_ASSET_DELIVERY.fill(&[&self.id]))
    }

    /// Locates the content of a version of the asset. See [`locate`](Self::locate).
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud::sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let mut content = Vec::new();
    /// asset.locate_version(1)?.download(&mut content)?;
    /// # assert_eq!(content, std::fs::read("examples/assets/crate.png").unwrap());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`locate`](Self::locate).
    pub fn locate_version(&self, number: u64) -> Result<Request> {
        self.located(&GET_ASSET_VERSION_DELIVERY, &GET_ASSET_VERSION_DELIVERY.fill(&[&self.id, &number]))
    }

    fn located(&self, endpoint: &Endpoint, path: &str) -> Result<Request> {
        #[derive(Deserialize)]
        struct Delivery {
            #[serde(default, deserialize_with = "wire::lenient")]
            location: String,
        }
        let location = self.client.session().run(Call::new(endpoint, path), |body| {
            let Delivery { location } = json::object_from_slice(body)?;
            if !location.is_empty() {
                return Ok(location);
            }
            Err(DecodeError::expected("the location of a content"))
        })?;
        self.client.located(&format!("GET {path}"), &location)
    }

    /// Copies the content of the asset to `writer`. Returns the number of bytes. See [`locate`](Self::locate).
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud::sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let mut content = Vec::new();
    /// asset.download(&mut content)?;
    /// # assert_eq!(content, std::fs::read("examples/assets/crate.png").unwrap());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`locate`](Self::locate) and [`Request::download`].
    pub fn download(&self, writer: &mut dyn Write) -> Result<u64> {
        self.locate()?.download(writer)
    }

    /// Saves the content of the asset as a file. Returns the number of bytes. See [`locate`](Self::locate).
    ///
    /// The file appears under its name only when it is complete; see [`Request::download_to`].
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud::sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// # let path = std::env::temp_dir().join(format!("rblxopencloud-doc-{}.png", std::process::id()));
    /// let size = asset.download_to(&path)?;
    /// # assert_eq!(size, std::fs::metadata(&path).unwrap().len());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`locate`](Self::locate) and [`Request::download`].
    pub fn download_to(&self, path: impl AsRef<Path>) -> Result<u64> {
        self.locate()?.download_to(path)
    }
}
