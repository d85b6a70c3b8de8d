//! Vectors of items that came without.

use crate::config::{Backend, Config};
use crate::store::{Item, Store};
use crate::{Error, Result};
use planisphere::Embed;
use planisphere::core::Context;
use serde_json::Value;
use std::sync::Arc;

/// So many texts are embedded before their vectors are kept.
const BATCH: usize = 4096;

pub(super) struct Embedding {
    store: Store,
    encoder: Option<Arc<dyn Embed>>,
    /// The column that is embedded.
    column: String,
    /// Held while texts are embedded, so that none is twice.
    working: tokio::sync::Mutex<()>,
}

impl Embedding {
    pub(super) fn new(store: Store, config: &Config, encoder: Option<Arc<dyn Embed>>) -> Self {
        let is_text = matches!(config.embeddings.backend, Backend::Auto | Backend::Text);
        let column = config.embeddings.source_field.clone().filter(|_| is_text);
        Self {
            store,
            encoder: encoder.filter(|_| is_text),
            column: column.unwrap_or_else(|| config.item_properties.text_key.clone()),
            working: tokio::sync::Mutex::default(),
        }
    }

    pub(super) async fn embed_missing(&self) -> Result<usize> {
        let Some(encoder) = &self.encoder else { return Ok(0) };
        let _working = self.working.lock().await;
        let missing = self.store.items_without_vector(usize::MAX).await?;
        let texts: Vec<(String, String)> = missing.into_iter().filter_map(|item| self.text(item)).collect();
        for batch in texts.chunks(BATCH) {
            let (encoder, batch) = (encoder.clone(), batch.to_vec());
            let work = move || {
                let texts: Vec<&str> = batch.iter().map(|(_, text)| text.as_str()).collect();
                let vectors = encoder.embed(&texts, &mut Context::new())?;
                let rows = (0..vectors.rows()).map(|i| vectors.row(i).to_vec());
                Ok(batch.iter().map(|(id, _)| id.clone()).zip(rows).collect::<Vec<_>>())
            };
            let done = tokio::task::spawn_blocking(work).await.map_err(|e| Error::Embed { source: Box::new(e) })?;
            let vectors = done.map_err(|source: planisphere::BoxError| Error::Embed { source })?;
            self.store.set_vectors(vectors).await?;
        }
        Ok(texts.len())
    }

    /// The id and the text of an item that has a text.
    fn text(&self, mut item: Item) -> Option<(String, String)> {
        match item.data.remove(&self.column) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some((item.id, text)),
            _ => None,
        }
    }
}
