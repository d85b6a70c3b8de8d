//! How texts are turned into vectors: the flags that programs have for it, and what they do.

use crate::{Failure, input::staged, report::RunReport};
use clap::{Args, ValueEnum};
use planisphere::core::{Context, Matrix, Stage};
use planisphere::embed::{Device, Encoder, EncoderOptions, LoadOptions, LongTexts, Precision};
use planisphere::vector_cache::VectorCache;
use planisphere::{CachedEncoder, Embed};
use std::path::{Path, PathBuf};

/// Flags of programs that embed texts.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Texts")]
pub struct EncodeFlags {
    /// Keep vectors in this file, and take from it those that were computed before: only new texts are embedded
    #[arg(long, value_name = "FILE")]
    pub cache: Option<PathBuf>,
    /// Put the model's prompt of this name before every text
    #[arg(long, value_name = "NAME", conflicts_with = "prefix")]
    pub prompt: Option<String>,
    /// Put this before every text
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Keep the first N values of each vector
    #[arg(long, value_name = "N")]
    pub dimensions: Option<usize>,
    /// Read at most N tokens of a text [default: the model's limit]
    #[arg(long, value_name = "N")]
    pub max_seq_length: Option<usize>,
    /// What is done with longer texts: their ends are ignored, or they are read in parts whose vectors are averaged
    #[arg(long, value_enum, default_value_t)]
    pub long_texts: Long,
    /// Tokens that parts of long texts have in common [default: 0]
    #[arg(long, value_name = "N")]
    pub overlap: Option<usize>,
    /// Folder of the dense head, of models that have several
    #[arg(long, value_name = "FOLDER")]
    pub head: Option<String>,
    /// What the layers of a transformer compute with: f16 and bf16 take half the memory, and are fast on GPUs; int8 is faster on
    /// CPUs with AVX-512 VNNI, and nearly as good
    #[arg(long, value_enum, default_value_t)]
    pub precision: Numbers,
    /// What computes the layers of a transformer: cpu, candle (the CPU, slower, to compare with), cuda or metal, or cuda:N for the
    /// GPU of number N. GPUs need a build with the feature of their name
    #[arg(long, default_value_t)]
    pub device: Device,
    /// Tokens that are computed at once, by each thread or by a GPU, which wants 16384 or more [default: 2048]
    #[arg(long, value_name = "N")]
    pub batch_tokens: Option<usize>,
    /// Branch, tag or commit of a model by name [default: main]
    #[cfg(feature = "hub")]
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
    /// Take models by name from the cache of the hub alone
    #[cfg(feature = "hub")]
    #[arg(long)]
    pub offline: bool,
    /// Embed by a server that speaks the OpenAI embeddings API; the model is one of the server's
    #[cfg(feature = "embed-remote")]
    #[arg(long, value_name = "URL", conflicts_with_all = ["prompt", "max_seq_length", "long_texts", "head", "precision", "device"])]
    pub api: Option<String>,
    /// Environment variable with the key for the server
    #[cfg(feature = "embed-remote")]
    #[arg(long, value_name = "NAME", requires = "api")]
    pub api_key_env: Option<String>,
}

/// What is done with long texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Long {
    /// Their ends are ignored.
    #[default]
    Truncate,
    /// They get the mean of their parts.
    Average,
}

/// What layers compute with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Numbers {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, 11 of precision.
    F16,
    /// 16 bits, 8 of precision.
    Bf16,
    /// Bytes.
    Int8,
}

/// A model, and where its vectors are kept.
pub struct Source {
    /// Name of the model, for reports.
    pub name: String,
    embed: Box<dyn Embed>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source {
    /// The model itself.
    pub fn into_embed(self) -> Box<dyn Embed> {
        self.embed
    }

    /// Encodes texts, as a timed stage.
    ///
    /// # Errors
    /// The encoder's, the cache's.
    pub fn encode(&self, texts: &[String], cx: &mut Context<'_>) -> Result<Matrix, Failure> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.embed.embed(&texts, cx).map_err(Failure::Run)
    }
}

impl EncodeFlags {
    /// Loads the model of this name: `builtin`, `minilm`, a folder, a static model file, a name on the hub, or one of a server.
    ///
    /// # Errors
    /// The model's, the cache's; flags that it cannot follow.
    pub fn load(&self, model: &str, cx: &mut Context<'_>) -> Result<Source, Failure> {
        if self.overlap.is_some() && self.long_texts != Long::Average {
            return Err(Failure::Usage("--overlap is for --long-texts average".into()));
        }
        let cache = self.cache.as_ref().map(VectorCache::open).transpose()?;
        #[cfg(feature = "embed-remote")]
        if let Some(url) = &self.api {
            return self.remote(url, model, cache);
        }
        let encoder = self.encoder(model, cx)?.with_options(self.options())?;
        let name = encoder.name().to_owned();
        let embed: Box<dyn Embed> = match cache {
            Some(cache) => Box::new(CachedEncoder::new(encoder, cache)),
            None => Box::new(encoder),
        };
        Ok(Source { name, embed })
    }

    #[cfg(feature = "embed-remote")]
    fn remote(&self, url: &str, model: &str, cache: Option<VectorCache>) -> Result<Source, Failure> {
        use planisphere::embed_remote::{RemoteEncoder, RemoteOptions};
        let mut options = RemoteOptions::new();
        if let Some(name) = &self.api_key_env {
            options = options.api_key_from_env(name);
        }
        if let Some(text) = &self.prefix {
            options = options.prefix(text);
        }
        if let Some(n) = self.dimensions {
            options = options.dimensions(n);
        }
        let encoder = RemoteEncoder::new(url, model, options)?;
        let embed: Box<dyn Embed> = match cache {
            Some(cache) => Box::new(CachedEncoder::remote(encoder, cache)),
            None => Box::new(encoder),
        };
        Ok(Source { name: model.to_owned(), embed })
    }

    fn encoder(&self, name: &str, cx: &mut Context<'_>) -> Result<Encoder, Failure> {
        let path = Path::new(name);
        let load = self.load_options();
        let here = path.is_dir();
        if load != LoadOptions::default() && (name == "builtin" || (!here && path.is_file())) {
            return Err(Failure::Usage(format!(
                "--head, --precision and --device are for transformers, which {name} is not"
            )));
        }
        staged(cx, Stage::Load, |cx| {
            Ok(match name {
                "builtin" => Encoder::builtin()?,
                "minilm" => self.by_name("sentence-transformers/all-MiniLM-L6-v2", &load, cx)?,
                _ if here => Encoder::from_dir_with(name, &load)?,
                _ if path.is_file() => Encoder::from_static_file(name)?,
                _ => self.by_name(name, &load, cx)?,
            })
        })
    }

    #[cfg(feature = "hub")]
    fn by_name(&self, name: &str, load: &LoadOptions, cx: &mut Context<'_>) -> Result<Encoder, Failure> {
        let mut hub = planisphere::embed::HubOptions::new();
        if let Some(revision) = &self.revision {
            hub = hub.revision(revision);
        }
        if self.offline {
            hub = hub.offline(true);
        }
        Ok(Encoder::from_hub_with(name, &hub, load, cx)?)
    }

    #[cfg(not(feature = "hub"))]
    #[allow(clippy::unused_self, reason = "as with the feature")]
    fn by_name(&self, name: &str, _: &LoadOptions, _: &mut Context<'_>) -> Result<Encoder, Failure> {
        Err(Failure::Usage(format!(
            "embedding model {name}: there is no such folder or file, and models by name need a build with --features hub"
        )))
    }

    /// Notes what vectors depend on.
    pub fn note(&self, model: &str, report: &mut RunReport) {
        report.parameter("model", model);
        report.parameter("prompt", &self.prompt);
        report.parameter("prefix", &self.prefix);
        report.parameter("dimensions", self.dimensions);
        report.parameter("max_seq_length", self.max_seq_length);
        report.parameter("long_texts", format!("{:?}", self.long_texts).to_lowercase());
        report.parameter("overlap", self.overlap);
        report.parameter("head", &self.head);
        report.parameter("precision", format!("{:?}", self.precision).to_lowercase());
        report.parameter("device", self.device.to_string());
        #[cfg(feature = "hub")]
        report.parameter("revision", &self.revision);
        #[cfg(feature = "embed-remote")]
        report.parameter("api", &self.api);
    }

    fn load_options(&self) -> LoadOptions {
        let load = LoadOptions::new().precision(match self.precision {
            Numbers::F32 => Precision::F32,
            Numbers::F16 => Precision::F16,
            Numbers::Bf16 => Precision::Bf16,
            Numbers::Int8 => Precision::Int8,
        });
        let load = load.device(self.device);
        match &self.head {
            Some(head) => load.head(head),
            None => load,
        }
    }

    fn options(&self) -> EncoderOptions {
        let mut options = EncoderOptions::new();
        if self.long_texts == Long::Average {
            options = options.long_texts(LongTexts::Average { overlap: self.overlap.unwrap_or(0) });
        }
        if let Some(n) = self.batch_tokens {
            options = options.batch_tokens(n);
        }
        if let Some(name) = &self.prompt {
            options = options.prompt(name);
        }
        if let Some(text) = &self.prefix {
            options = options.prefix(text);
        }
        if let Some(n) = self.dimensions {
            options = options.dimensions(n);
        }
        if let Some(n) = self.max_seq_length {
            options = options.max_seq_length(n);
        }
        options
    }
}
