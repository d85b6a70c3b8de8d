//! Texts to vectors through a server that speaks the OpenAI embeddings API (`POST {base}/embeddings`): OpenAI itself, Ollama,
//! Hugging Face text-embeddings-inference, vLLM, LM Studio and others.
//!
//! ```no_run
//! use planisphere_embed_remote::{RemoteEncoder, RemoteOptions};
//!
//! let options = RemoteOptions::new().api_key_from_env("OPENAI_API_KEY");
//! let encoder = RemoteEncoder::new("https://api.openai.com/v1", "text-embedding-3-small", options)?;
//! let x = encoder.encode(&["how to sort a list", "sorting an array", "best pasta recipes"])?;
//! assert_eq!(Some(x.cols()), encoder.dim());
//! # Ok::<(), planisphere_embed_remote::Error>(())
//! ```
//!
//! A server on this machine needs no key:
//!
//! ```no_run
//! # use planisphere_embed_remote::{RemoteEncoder, RemoteOptions};
//! let encoder = RemoteEncoder::new("http://localhost:11434/v1", "nomic-embed-text", RemoteOptions::new())?;
//! # Ok::<(), planisphere_embed_remote::Error>(())
//! ```
//!
//! # What is sent, and where
//! Texts go to the host of the URL and nowhere else: redirects are not followed, and a proxy is used only where the environment
//! names one (`HTTPS_PROXY` and the like, of HTTP or SOCKS; never for a server on this machine); one that cannot be used is an
//! error. Certificates are checked against the root
//! certificates of Mozilla. A key goes over plain http only to this machine, or where
//! [`RemoteOptions::allow_plain_http`] says so. It is in no error, no `Debug` output and no URL, even if the server sends it
//! back. The HTTP client writes bytes that it sends to the logger of the program, but at the level `trace` alone: leave the
//! targets `ureq` and `ureq_proto` out of such logs.
//!
//! Blank texts are not sent, as many servers refuse them and then the whole request with them: they get a zero vector, with a
//! warning, as with the static models of `planisphere-embed`. With a [`prefix`](RemoteOptions::prefix), no text is blank.
//!
//! # What happens when something fails
//! Requests are tried again, after a growing and slightly random wait, when they time out, cannot connect, or end early, and on
//! the statuses 408, 409 (a conflict over a lock, as the servers use it; asking for vectors changes nothing, so asking again is
//! safe), 425, 429 and 5xx other than 501 and 505. `Retry-After` is respected, by all requests of a run. A quota that is used up
//! is not waited for. A batch that is too large is halved, and so is one that timed out twice or whose connection was cut twice,
//! as that is how some servers say so. Anything else is an [`enum@Error`] that tells what was asked for and
//! what the server said.
//!
//! An answer is taken only if it is whole: a vector for every text, all of one length, of finite numbers. Its size is limited
//! while it is read (64 MiB, and what vectors of 8192 numbers need on top of that).
//!
//! # Guarantees
//! Row `i` belongs to text `i` whatever the order of the answers. Whether a text gets the same bytes each time is up to the
//! server.

mod answer;
mod batch;
mod client;
mod encoder;
mod endpoint;
mod error;
mod failure;
mod message;
mod options;
mod proxy;
mod queue;
mod retry;
mod run;
mod secret;
mod variable;

pub use encoder::RemoteEncoder;
pub use error::{Error, Request, Result};
pub use options::{RemoteOptions, VectorEncoding};
