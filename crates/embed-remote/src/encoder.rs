//! The encoder.

use crate::client;
use crate::endpoint::Endpoint;
use crate::error::{Result, invalid};
use crate::options::RemoteOptions;
use crate::proxy;
use crate::run::run;
use crate::secret::Secrets;
use planisphere_core::{Context, Matrix, Warning, normalize};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue, header};

/// Turns texts into vectors by asking a server. Used from any number of threads; a clone shares connections and what is known
/// about the model.
///
/// Its `Debug` shows no key.
#[derive(Clone)]
pub struct RemoteEncoder {
    server: Arc<Server>,
}

/// A server, and how to talk to it.
pub(crate) struct Server {
    pub(crate) endpoint: Endpoint,
    pub(crate) model: String,
    pub(crate) options: RemoteOptions,
    pub(crate) headers: HeaderMap,
    pub(crate) secrets: Secrets,
    /// Length of the vectors, once there was an answer.
    pub(crate) dim: OnceLock<usize>,
    /// Connections that no run uses. Each run has an agent of its own, which it can shut down.
    agents: Mutex<Vec<Agent>>,
}

/// More runs at once than that are rare; their connections are closed.
const KEPT_AGENTS: usize = 4;

impl Server {
    pub(crate) fn take_agent(&self) -> Agent {
        let kept = self.agents.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| client::agent(&self.endpoint, &self.options))
    }

    pub(crate) fn keep_agent(&self, agent: Agent) {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if agents.len() < KEPT_AGENTS {
            agents.push(agent);
        }
    }
}

impl std::fmt::Debug for RemoteEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteEncoder")
            .field("url", &self.url())
            .field("name", &self.name())
            .field("dim", &self.dim())
            .field("options", self.options())
            .finish_non_exhaustive()
    }
}

impl RemoteEncoder {
    /// An encoder that sends texts to `{base_url}/embeddings`, for this model. A base URL that ends in `/embeddings` is taken as
    /// it is. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::InvalidParam`](crate::Error::InvalidParam) if the URL is not one of http or https with a host and without credentials and query, if the
    /// model has no name, if an option has a value that cannot be used, if a key would go over plain http to a host other
    /// than this machine, or if the environment names a proxy that cannot be used; [`Error::MissingKey`](crate::Error::MissingKey) if the variable that should hold the key does not.
    pub fn new(base_url: &str, model: impl Into<String>, options: RemoteOptions) -> Result<Self> {
        options.check()?;
        let key = options.key()?;
        let secrets = Secrets::new(key.as_ref().map(|k| k.expose()), options.header_values());
        let endpoint = Endpoint::new(base_url, &secrets)?;
        if !endpoint.loopback {
            proxy::check()?;
        }
        let url = endpoint.uri.to_string();
        let model = model.into();
        if model.trim().is_empty() {
            return Err(invalid("model", model, "must not be empty"));
        }
        let extra = options.extra_headers(key.is_some())?;
        if (key.is_some() || !extra.is_empty()) && !endpoint.https && !endpoint.loopback && !options.allow_plain_http {
            let reason = "a key or header would go over plain http, where anybody on the way can read it; use https, or \
                          allow_plain_http(true)";
            return Err(invalid("base_url", secrets.clean(&url), reason));
        }
        let mut headers: HeaderMap = extra.into_iter().collect();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // URLs are shown, and written to logs on the way.
        if secrets.are_in(base_url) {
            return Err(invalid(
                "base_url",
                secrets.clean(&url),
                "must not have the key, or a value of a header, in it",
            ));
        }
        if let Some(key) = &key {
            let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", key.expose())) else {
                return Err(invalid("api_key", "***", "the key has a character that cannot be in a header"));
            };
            bearer.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, bearer);
        }
        let (dim, agents) = (OnceLock::new(), Mutex::default());
        Ok(Self { server: Arc::new(Server { endpoint, model, options, headers, secrets, dim, agents }) })
    }

    /// The options in use.
    pub fn options(&self) -> &RemoteOptions {
        &self.server.options
    }

    /// Where requests go.
    pub fn url(&self) -> String {
        self.server.endpoint.uri.to_string()
    }

    /// Name of the model, for reports.
    pub fn name(&self) -> &str {
        &self.server.model
    }

    /// Length of the vectors: as asked for with [`RemoteOptions::dimensions`], or that of the first answer; `None` before it.
    pub fn dim(&self) -> Option<usize> {
        self.server.options.dimensions.or(self.server.dim.get().copied())
    }

    /// What decides which vector a text gets, as far as it is known here: URL, model, dimensions, prefix, normalization and, as a
    /// hash, extra headers, by which some gateways choose a model. Two encoders with one fingerprint may share a store of vectors.
    /// It has neither the key nor anything about how texts are sent.
    pub fn fingerprint(&self) -> String {
        let RemoteOptions { dimensions, prefix, normalize, .. } = self.options();
        let dimensions = dimensions.map_or_else(|| "null".to_owned(), |n| n.to_string());
        // Strings as `Debug` writes them: with quotes, so that no two sets of values give one fingerprint.
        let headers = self.options().headers_hash().map_or_else(String::new, |hash| format!(" {hash}"));
        format!("remote/1 {:?} {:?} {dimensions} {prefix:?} {normalize}{headers}", self.url(), self.name())
    }

    /// Encodes texts: row `i` of the result is the vector of text `i`. No texts give a 0 × [`dim`](Self::dim) matrix, where an
    /// unknown `dim` counts as 0. A blank text is not sent; it gets a zero vector (of length 0 if all are blank and `dim` is
    /// unknown).
    ///
    /// Blocks until all is done, and only waits: requests are made on threads of their own.
    ///
    /// # Errors
    /// Those of the request that failed, see [`enum@crate::Error`]; the one of the first texts where several failed by then.
    pub fn encode<S: AsRef<str>>(&self, texts: &[S]) -> Result<Matrix> {
        self.encode_with(texts, &mut Context::new())
    }

    /// Like [`RemoteEncoder::encode`], with a context, which is told about progress (in texts) and about zero vectors
    /// ([`EmptyRows`](planisphere_core::Warning::EmptyRows)). Its threads are not used.
    ///
    /// # Errors
    /// As [`RemoteEncoder::encode`], and [`Error::Cancelled`](crate::Error::Cancelled) within 100 ms of the cancellation, whatever the server does.
    pub fn encode_with<S: AsRef<str>>(&self, texts: &[S], cx: &mut Context<'_>) -> Result<Matrix> {
        cx.check()?;
        let n = texts.len();
        if u32::try_from(n).is_err() {
            return Err(planisphere_core::Error::TooManyRows { rows: n }.into());
        }
        let blank_prefix = self.options().prefix.trim().is_empty();
        let is_blank = |row: usize| blank_prefix && texts[row].as_ref().trim().is_empty();
        let rows: Vec<usize> = (0..n).filter(|&row| !is_blank(row)).collect();
        if let Some(first) = (rows.len() < n).then(|| (0..n).find(|&row| is_blank(row))).flatten() {
            cx.warn(Warning::EmptyRows { rows: n - rows.len(), first });
        }
        if rows.is_empty() {
            cx.progress(n as u64, n as u64)?;
            return Ok(Matrix::zeros(n, self.dim().unwrap_or(0)));
        }
        let mut data = Vec::new();
        run(&self.server, texts, &rows, cx, |row, mut vector| {
            if self.options().normalize {
                normalize(&mut vector);
            }
            let dim = vector.len();
            if data.is_empty() {
                data = zeros(n, dim)?;
            }
            data[row * dim..(row + 1) * dim].copy_from_slice(&vector);
            Ok(())
        })?;
        let dim = data.len() / n;
        Ok(Matrix::from_vec(n, dim, data)?)
    }
}

/// Room for all vectors. How long they are is for a stranger to say, so it may not be there.
fn zeros(rows: usize, cols: usize) -> Result<Vec<f32>, String> {
    let mut data = Vec::new();
    match rows.checked_mul(cols).filter(|&len| data.try_reserve_exact(len).is_ok()) {
        Some(len) => data.resize(len, 0.0),
        None => return Err(format!("vectors of {cols} numbers for {rows} texts do not fit into memory")),
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_that_fit_nowhere_are_an_error() {
        assert_eq!(zeros(2, 3).unwrap(), [0.0; 6]);
        assert!(zeros(usize::MAX, 2).unwrap_err().starts_with("vectors of 2 numbers for "));
        assert!(zeros(usize::MAX / 8, 4).is_err());
    }
}
