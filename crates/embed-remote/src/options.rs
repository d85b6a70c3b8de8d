//! How texts are sent.

use crate::error::{Result, invalid};
use crate::secret::Secret;
use crate::variable;
use std::time::Duration;
use ureq::http::{HeaderName, HeaderValue};

/// How vectors are asked for. Answers of either kind are understood whatever was asked for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VectorEncoding {
    /// Lists of numbers. The request does not mention it, as some servers refuse fields that they do not know.
    #[default]
    Float,
    /// Little-endian `f32` as base64: about half the size, and much faster to read. OpenAI and vLLM have it, others ignore it.
    Base64,
}

/// How a [`RemoteEncoder`](crate::RemoteEncoder) talks to its server.
///
/// ```
/// use planisphere_embed_remote::RemoteOptions;
/// let options = RemoteOptions::new().batch_size(32).prefix("query: ").api_key("sk-12345");
/// assert_eq!(options, RemoteOptions::default().api_key("sk-12345").prefix("query: ").batch_size(32));
/// assert!(!format!("{options:?}").contains("12345"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteOptions {
    pub(crate) batch_size: usize,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) first_wait: Duration,
    pub(crate) longest_wait: Duration,
    pub(crate) longest_asked_wait: Duration,
    pub(crate) dimensions: Option<usize>,
    pub(crate) prefix: String,
    pub(crate) normalize: bool,
    pub(crate) encoding: VectorEncoding,
    pub(crate) allow_plain_http: bool,
    key: Option<Key>,
    headers: Vec<(String, Secret)>,
}

/// Where the key is.
#[derive(Clone, PartialEq)]
enum Key {
    Env(String),
    Given(Secret),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(variable) => write!(f, "Env({})", variable::shown(variable)),
            Self::Given(key) => f.debug_tuple("Given").field(key).finish(),
        }
    }
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            batch_size: 64,
            concurrency: 4,
            timeout: Duration::from_secs(60),
            retries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_asked_wait: Duration::from_secs(5 * 60),
            dimensions: None,
            prefix: String::new(),
            normalize: false,
            encoding: VectorEncoding::Float,
            allow_plain_http: false,
            key: None,
            headers: Vec::new(),
        }
    }
}

/// No wait and no request takes longer.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Threads of one run.
const MOST_REQUESTS: usize = 256;

/// Texts of one request: no server that is known takes more, and the size of an answer is limited by it.
const MOST_TEXTS: usize = 2048;

/// Headers that the client sets, and those that would change what a message means.
const OWN_HEADERS: [&str; 12] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl RemoteOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Texts a request; default 64. Must be from 1 to 2048. Servers have limits of their own (OpenAI 2048,
    /// text-embeddings-inference 32 unless told otherwise): batches that are too large for them are halved.
    #[must_use]
    pub fn batch_size(mut self, texts: usize) -> Self {
        self.batch_size = texts;
        self
    }

    /// Requests at once, each on a thread of its own; default 4. Must be from 1 to 256.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// Most time for a request, from looking up the host to the end of the answer; default 60 s. Must be more than 0 and at most
    /// a day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a request is sent again if it fails in a way that may pass; default 5. A batch that times out twice, or whose
    /// connection is cut twice, is sent in halves from then on, which is no retry; with 0, it is not.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The wait before a request is sent again for the first time, doubled each time after, each shortened at random by up to
    /// half; default 500 ms. At most a day.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// The longest wait between tries where the server does not ask for one; default 30 s. At most a day.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// The longest wait that a server may ask for; default 5 minutes. At most a day. All requests of a run wait for it, and then a
    /// little more, by a tenth at random, so that they do not come at once. Where a server asks for more, the run ends with
    /// [`Error::RateLimited`](crate::Error::RateLimited).
    #[must_use]
    pub fn longest_asked_wait(mut self, wait: Duration) -> Self {
        self.longest_asked_wait = wait;
        self
    }

    /// Asks the server for shortened vectors of this length, for models that were trained for it; default: the model's own
    /// length. Must be at least 1. A server that sends another length gives [`Error::Response`](crate::Error::Response).
    #[must_use]
    pub fn dimensions(mut self, dimensions: usize) -> Self {
        self.dimensions = Some(dimensions);
        self
    }

    /// A prompt put before every text, like the `query: ` of E5 models; default: nothing. Counts as part of the text.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Whether vectors are scaled to length 1; default: they are left as they come.
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// How vectors are asked for; default [`VectorEncoding::Float`].
    #[must_use]
    pub fn encoding(mut self, encoding: VectorEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Takes the key from an environment variable when the encoder is made; default: no key. It is sent as
    /// `Authorization: Bearer …`. Takes the place of a key that was given before. A name of 20 or more characters in both
    /// upper and lower case is refused: it is more likely a key in the wrong place. One with a lowercase letter, or of 20 or more
    /// characters with a digit among them, may be one, too: such a name is not shown in errors.
    #[must_use]
    pub fn api_key_from_env(mut self, variable: impl Into<String>) -> Self {
        self.key = Some(Key::Env(variable.into()));
        self
    }

    /// The key itself. Better from a secret store than from a source file. Takes the place of a key or variable that was given
    /// before.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Key::Given(Secret::new(key)));
        self
    }

    /// Adds a header to every request, for gateways that want one. Its value is treated as a secret: it is not shown by `Debug`,
    /// must not go over plain http, and is taken out of what the server says, except for words of fewer than 8 characters, which
    /// are too common in messages. Those that the client sets itself, like `Content-Type`, are refused, and so is `Authorization`
    /// beside a key.
    ///
    /// As a header may choose the model, a hash of name and value is part of
    /// [`RemoteEncoder::fingerprint`](crate::RemoteEncoder::fingerprint): with another value, vectors that were kept are not used.
    /// A key given with [`api_key`](Self::api_key) or [`api_key_from_env`](Self::api_key_from_env) may change.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret::new(value)));
        self
    }

    /// Whether a key, or headers, may go over plain http to a host other than this machine, where anybody on the way can read
    /// them; default: no. Without either, plain http is allowed anyway.
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=MOST_TEXTS).contains(&self.batch_size) {
            return Err(invalid("batch_size", self.batch_size, format!("must be from 1 to {MOST_TEXTS}")));
        }
        if !(1..=MOST_REQUESTS).contains(&self.concurrency) {
            return Err(invalid("concurrency", self.concurrency, format!("must be from 1 to {MOST_REQUESTS}")));
        }
        if self.timeout.is_zero() || self.timeout > DAY {
            return Err(invalid("timeout", format!("{:?}", self.timeout), "must be more than 0 and at most a day"));
        }
        for (param, wait) in [
            ("first_wait", self.first_wait),
            ("longest_wait", self.longest_wait),
            ("longest_asked_wait", self.longest_asked_wait),
        ] {
            if wait > DAY {
                return Err(invalid(param, format!("{wait:?}"), "must be at most a day"));
            }
        }
        if self.dimensions == Some(0) {
            return Err(invalid("dimensions", 0, "must be at least 1"));
        }
        Ok(())
    }

    /// The key, from where it is.
    pub(crate) fn key(&self) -> Result<Option<Secret>> {
        let (param, key) = match &self.key {
            None => return Ok(None),
            Some(Key::Given(key)) if key.expose().trim().is_empty() => {
                return Err(invalid("api_key", "", "must not be empty"));
            }
            Some(Key::Given(key)) => ("api_key", key.clone()),
            Some(Key::Env(variable)) => ("api_key_from_env", variable::read(variable)?),
        };
        if !key.expose().bytes().all(|b| b.is_ascii_graphic()) {
            let reason =
                "the key has a character that no key can have in a header: a space, a line break, or one beyond ASCII";
            return Err(invalid(param, "***", reason));
        }
        Ok(Some(key))
    }

    /// The values of the extra headers.
    pub(crate) fn header_values(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(_, value)| value.expose())
    }

    /// A hash of names and values of the extra headers, if there are any. Their order matters only among those of one name.
    pub(crate) fn headers_hash(&self) -> Option<String> {
        if self.headers.is_empty() {
            return None;
        }
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, v)| (name.to_ascii_lowercase(), v.expose())).collect();
        headers.sort_by(|a, b| a.0.cmp(&b.0));
        let mut hasher = blake3::Hasher::new_derive_key("planisphere-embed-remote 2026 headers of a fingerprint");
        for (name, value) in headers {
            for part in [name.as_str(), value] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        Some(hasher.finalize().to_hex().to_string())
    }

    /// The extra headers, checked.
    pub(crate) fn extra_headers(&self, with_key: bool) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let one = |(name, value): &(String, Secret)| {
            let key = name.parse::<HeaderName>().map_err(|_| invalid("header", name, "not a name of a header"))?;
            if OWN_HEADERS.contains(&key.as_str()) {
                return Err(invalid("header", name, "is set by the client itself"));
            }
            if with_key && key.as_str() == "authorization" {
                return Err(invalid("header", name, "cannot be set beside a key, which is sent with it"));
            }
            let Ok(mut value) = HeaderValue::from_str(value.expose()) else {
                let reason = format!("the value of {key} has a character that cannot be in a header");
                return Err(invalid("header", "***", reason));
            };
            value.set_sensitive(true);
            Ok((key, value))
        };
        self.headers.iter().map(one).collect()
    }
}
