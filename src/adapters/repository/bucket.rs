//! A bucket of an S3 server as a store. What is large goes up in parts, a few at a time, and lies at its key only when the upload
//! is completed; the server keeps the parts of one that was not. Aborting it is tried whenever a draft is dropped, but a process
//! that dies cannot: S3 lists such uploads apart from objects, so they are not among the orphans, and the bucket should have a
//! lifecycle rule that ends them (`AbortIncompleteMultipartUpload`).

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::ExposeSecret;

use crate::adapters::repository::bucket::told::failure;
use crate::adapters::repository::store::{Draft, Item, Store};
use crate::adapters::secret;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::repository::RepositoryPlace;
use crate::domain::secret::SecretRef;
use crate::domain::time::Stamp;
use crate::ports::Promise;

mod told;
mod upload;

/// How long a server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// To accept a connection.
    pub connect: Duration,
    /// For a request of a few kilobytes.
    pub small: Duration,
    /// For a part or a block.
    pub large: Duration,
    /// How often a request is tried again.
    pub retries: usize,
    /// For how long it is.
    pub retry: Duration,
}

/// A black hole ends after about two minutes, and eight megabytes may take as long.
impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), small: seconds(20), large: seconds(120), retries: 6, retry: seconds(100) }
    }
}

/// A bucket as a store.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// For documents and lists.
    small: Arc<AmazonS3>,
    /// For parts and blocks.
    large: Arc<AmazonS3>,
    /// What every key begins with, with a slash at its end; or nothing.
    prefix: String,
    /// How people call it: `s3://bucket/prefix`.
    told: String,
}

impl Bucket {
    /// The store in a bucket. Nothing is asked of the server yet.
    pub async fn open(place: &RepositoryPlace, patience: Patience) -> Result<Self, Failure> {
        let RepositoryPlace::S3 { bucket, prefix, endpoint, region, access_key, secret_key, ca } = place else {
            return Err(Failure::new(FailureKind::Bug, format!("{place} is no bucket")));
        };
        // The HTTP client takes the process's provider; whoever came first, it is this one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let is_plain = endpoint.as_deref().is_some_and(|url| url.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_access_key_id(reveal(access_key).await?)
            .with_secret_access_key(reveal(secret_key).await?)
            .with_allow_http(is_plain)
            // What is encrypted on its way need not be hashed for its signature; all of it is read back anyway.
            .with_unsigned_payload(!is_plain)
            .with_disable_bulk_delete(true)
            .with_retry(retry(patience));
        if let Some(url) = endpoint {
            builder = builder.with_endpoint(url);
        }
        let trusted = ca.as_deref().map(certificates).transpose()?;
        let told = place.to_string();
        let build = |timeout| {
            let options = options(timeout, patience, is_plain, trusted.as_deref());
            let built = builder.clone().with_client_options(options).build();
            built.map(Arc::new).map_err(|e| failure(&told, &e))
        };
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self { small: build(patience.small)?, large: build(patience.large)?, prefix, told: told.clone() })
    }

    fn path(&self, key: &str) -> Result<Path, Failure> {
        let parsed = Path::parse(format!("{}{key}", self.prefix));
        parsed.map_err(|e| Failure::new(FailureKind::Refused, format!("{key:?} is no key of a bucket: {e}")))
    }

    fn failure(&self, key: &str, error: &object_store::Error) -> Failure {
        failure(&self.told(key), error)
    }

    async fn find(&self, key: &str) -> Result<Vec<object_store::ObjectMeta>, Failure> {
        self.small.list(Some(&self.path(key)?)).try_collect().await.map_err(|e| self.failure(key, &e))
    }

    async fn delete(&self, path: &Path, key: &str) -> Result<(), Failure> {
        match self.small.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(self.failure(key, &e)),
        }
    }
}

fn retry(patience: Patience) -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(10), base: 2.0 };
    RetryConfig { backoff, max_retries: patience.retries, retry_timeout: patience.retry }
}

fn options(timeout: Duration, patience: Patience, is_plain: bool, trusted: Option<&[Certificate]>) -> ClientOptions {
    let options = ClientOptions::new().with_allow_http(is_plain).with_timeout(timeout).with_connect_timeout(patience.connect);
    let Some(trusted) = trusted else { return options };
    trusted.iter().cloned().fold(options.with_no_system_certificates(true), ClientOptions::with_root_certificate)
}

fn certificates(path: &FilePath) -> Result<Vec<Certificate>, Failure> {
    let wrong = |why: String| Failure::new(FailureKind::Config, format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let read = Certificate::from_pem_bundle(&pem).map_err(|e| wrong(e.to_string()))?;
    if read.is_empty() { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(read) }
}

async fn reveal(from: &SecretRef) -> Result<String, Failure> {
    let found = secret::resolve(from).await.map_err(|e| Failure::new(FailureKind::Denied, e.to_string()))?;
    Ok(found.expose_secret().to_owned())
}

impl Store for Bucket {
    fn list<'a>(&'a self, under: &'a str) -> Promise<'a, Vec<Item>> {
        async move {
            let found = self.find(under).await?;
            let item = |meta: object_store::ObjectMeta| {
                let key = meta.location.as_ref().strip_prefix(&self.prefix)?.to_owned();
                Some(Item { key, bytes: meta.size, modified: Some(Stamp(meta.last_modified.timestamp_millis())) })
            };
            Ok(found.into_iter().filter_map(item).collect())
        }
        .boxed()
    }

    fn size<'a>(&'a self, key: &'a str) -> Promise<'a, Option<u64>> {
        async move {
            match self.small.head(&self.path(key)?).await {
                Ok(meta) => Ok(Some(meta.size)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(e) => Err(self.failure(key, &e)),
            }
        }
        .boxed()
    }

    fn read<'a>(&'a self, key: &'a str, range: Range<u64>) -> Promise<'a, Bytes> {
        async move {
            if range.is_empty() {
                return Ok(Bytes::new());
            }
            self.large.get_range(&self.path(key)?, range).await.map_err(|e| self.failure(key, &e))
        }
        .boxed()
    }

    fn write<'a>(&'a self, key: &'a str, bytes: Bytes) -> Promise<'a, ()> {
        async move {
            let put = self.large.put(&self.path(key)?, bytes.into()).await;
            put.map(|_| ()).map_err(|e| self.failure(key, &e))
        }
        .boxed()
    }

    fn draft<'a>(&'a self, key: &'a str) -> Promise<'a, Box<dyn Draft>> {
        async move {
            let path = self.path(key)?;
            // What an earlier try left at this key must not be taken for this one's.
            self.delete(&path, key).await?;
            Ok(Box::new(upload::Growing::new(self.clone(), key.to_owned(), path)) as Box<dyn Draft>)
        }
        .boxed()
    }

    fn remove<'a>(&'a self, key: &'a str) -> Promise<'a, ()> {
        async move { self.delete(&self.path(key)?, key).await }.boxed()
    }

    fn clear<'a>(&'a self, key: &'a str) -> Promise<'a, ()> {
        async move {
            let found = self.find(key).await?;
            if found.is_empty() && self.size(key).await?.is_some() {
                return self.remove(key).await;
            }
            for meta in found {
                self.delete(&meta.location, key).await?;
            }
            Ok(())
        }
        .boxed()
    }

    /// A bucket has no locks that hold everywhere. Two backups that are published at the same moment may have the same sequence,
    /// and are then ordered by their ids.
    fn turn(&self) -> Promise<'_, Box<dyn Send>> {
        async { Ok(Box::new(()) as Box<dyn Send>) }.boxed()
    }

    fn told(&self, key: &str) -> String {
        format!("{}/{key}", self.told)
    }
}
