//! A client that is made when it is first needed, and made anew after it was refused: passwords and tokens rotate.

use std::future::Future;

use tokio::sync::Mutex;

use crate::domain::fault::Fault;

/// A client that may not be made yet.
#[derive(Debug)]
pub struct Lazy<T>(Mutex<Option<T>>);

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Lazy<T> {
    /// The client, made by `make` where there is none.
    pub async fn get(&self, make: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let mut held = self.0.lock().await;
        if let Some(client) = held.as_ref() {
            return Ok(client.clone());
        }
        let client = make.await?;
        *held = Some(client.clone());
        Ok(client)
    }

    /// Forgets the client: it is made anew when it is needed next.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}
