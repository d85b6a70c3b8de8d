//! The encoder: one type for every kind of model.

use crate::error::Result;
#[cfg(feature = "transformers")]
use crate::load::LoadOptions;
use crate::options::{EncoderOptions, Limits, Prompts};
use crate::stream::VectorStream;
use crate::table::FileModel;
use blake3::{Hash, Hasher};
use planisphere_core::{Context, Matrix, normalize};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// What every kind of model can do.
pub(crate) trait Model: Send + Sync {
    fn name(&self) -> &str;
    fn dim(&self) -> usize;
    fn limits(&self) -> Limits;
    fn prompts(&self) -> &Prompts;
    /// Whether vectors are scaled to length 1 unless told otherwise.
    fn normalizes(&self) -> bool;
    /// A hash of everything that vectors depend on but the options.
    fn fingerprint(&self) -> Hash;
    /// Tokens of a text, or of a part of it, that are read, and what parts have in common if long texts are read in parts.
    fn reads(&self, options: &EncoderOptions) -> (Option<usize>, Option<usize>);
    /// One row of [`Model::dim`] values a text, in their order; called on the threads of `cx`.
    fn encode(&self, texts: &[&str], options: &EncoderOptions, cx: &mut Context<'_>) -> Result<Matrix>;
}

/// Turns texts into vectors. Loaded once, used from any number of threads; a clone shares the model.
///
/// The same texts, options and model give the same bytes on any number of threads, unless a transformer was loaded for another
/// device than `Device::Cpu`.
#[derive(Clone)]
pub struct Encoder {
    model: Arc<dyn Model>,
    options: EncoderOptions,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("name", &self.name())
            .field("dim", &self.dim())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    fn new(model: impl Model + 'static) -> Self {
        Self { model: Arc::new(model), options: EncoderOptions::default() }
    }

    /// The built-in static model. Needs no file and no network.
    ///
    /// # Errors
    /// None in practice: the data is part of the program and was checked when it was built.
    #[cfg(feature = "builtin")]
    pub fn builtin() -> Result<Self> {
        let model = FileModel::parse("built-in", Cow::Borrowed(planisphere_embed_builtin::MODEL))?;
        Ok(Self::new(model))
    }

    /// A static model from a file made by `fixtures/builtin-model/distill.py`.
    ///
    /// # Errors
    /// [`Error::Missing`](crate::Error::Missing) or [`Error::Io`](crate::Error::Io) if it cannot be read, [`Error::StaticModel`](crate::Error::StaticModel) if it is truncated, damaged or
    /// of another version.
    pub fn from_static_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let data = crate::files::read(path, "a static model file")?;
        Ok(Self::new(FileModel::parse(&path.display().to_string(), Cow::Owned(data))?))
    }

    /// A model from a folder: a BERT-family model as sentence-transformers keeps it, or a static one, as model2vec and the
    /// StaticEmbedding module of sentence-transformers keep them.
    ///
    /// A BERT-family model has `config.json`, `tokenizer.json`,
    /// `model.safetensors` (or its shards with an index; f32, f16 or bf16), and, where present, `modules.json`,
    /// `sentence_bert_config.json`, `tokenizer_config.json` and the folders of the modules (Pooling, Dense,
    /// Normalize). A directory without `modules.json` gets mean pooling, as in sentence-transformers.
    ///
    /// # Errors
    /// Names the file and what is wrong with it: [`Error::Missing`](crate::Error::Missing), [`Error::Io`](crate::Error::Io), [`Error::Json`](crate::Error::Json),
    /// [`Error::Config`](crate::Error::Config), [`Error::UnsupportedModel`](crate::Error::UnsupportedModel), [`Error::UnsupportedModule`](crate::Error::UnsupportedModule), [`Error::Weights`](crate::Error::Weights),
    /// [`Error::MissingTensor`](crate::Error::MissingTensor), [`Error::TensorShape`](crate::Error::TensorShape), [`Error::Tokenizer`](crate::Error::Tokenizer), [`Error::VocabularyTooLarge`](crate::Error::VocabularyTooLarge).
    #[cfg(feature = "transformers")]
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_dir_with(path, &LoadOptions::default())
    }

    /// As [`Encoder::from_dir`], with options.
    ///
    /// # Errors
    /// As [`Encoder::from_dir`], and [`Error::InvalidParam`](crate::Error::InvalidParam) for a head, a precision
    /// or a device that this model or device cannot serve, and [`Error::Device`](crate::Error::Device) for a device that is not there.
    #[cfg(feature = "transformers")]
    pub fn from_dir_with(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        let dir = path.as_ref();
        let name = dir.file_name().map_or_else(|| dir.display().to_string(), |n| n.to_string_lossy().into_owned());
        Self::from_dir_named(dir, &name, options)
    }

    #[cfg(feature = "transformers")]
    fn from_dir_named(dir: &Path, name: &str, options: &LoadOptions) -> Result<Self> {
        use crate::table::{FolderModel, Layout};
        if !dir.is_dir() {
            return Err(crate::Error::Missing { path: dir.to_owned(), needed: "a model directory is expected here" });
        }
        Ok(match Layout::find(dir)? {
            Some(layout) => Self::new(FolderModel::load(dir, name, &layout, options)?),
            None => Self::new(crate::transformer::SentenceTransformer::load(dir, name, options)?),
        })
    }

    /// A model by its name on the Hugging Face hub, like `sentence-transformers/all-MiniLM-L6-v2`, optionally with a revision
    /// (`name@revision`). Files are kept in the hub's usual cache (`HF_HOME`) and taken from there when the hub cannot be
    /// reached (with a [`Fallback`](planisphere_core::Warning::Fallback) warning) or `HF_HUB_OFFLINE` is set; `HF_TOKEN` opens models
    /// that are not public.
    ///
    /// # Errors
    /// [`Error::InvalidParam`](crate::Error::InvalidParam) if the name cannot be one, [`Error::Hub`](crate::Error::Hub) if the model is neither to be had nor cached,
    /// and all of [`Encoder::from_dir`].
    #[cfg(feature = "hub")]
    pub fn from_hub(id: &str) -> Result<Self> {
        Self::from_hub_with(id, &crate::HubOptions::default(), &LoadOptions::default(), &mut Context::new())
    }

    /// As [`Encoder::from_hub`], with options. `cx` is told about progress in bytes; a cancelled download ends with the file that
    /// it is at, in the background.
    ///
    /// # Errors
    /// As [`Encoder::from_hub`] and [`Encoder::from_dir_with`], and [`Error::Cancelled`](crate::Error::Cancelled).
    #[cfg(feature = "hub")]
    pub fn from_hub_with(id: &str, hub: &crate::HubOptions, load: &LoadOptions, cx: &mut Context<'_>) -> Result<Self> {
        let dir = crate::hub::fetch(id, load.head.as_deref(), hub, cx)?;
        Self::from_dir_named(&dir, id, load)
    }

    /// The same model with other options.
    ///
    /// # Errors
    /// [`Error::InvalidParam`](crate::Error::InvalidParam) names the option that this model cannot serve.
    pub fn with_options(&self, options: EncoderOptions) -> Result<Self> {
        options.check(&*self.model)?;
        Ok(Self { model: Arc::clone(&self.model), options })
    }

    /// The options in use.
    pub fn options(&self) -> &EncoderOptions {
        &self.options
    }

    /// Length of the vectors.
    pub fn dim(&self) -> usize {
        self.options.dimensions.unwrap_or(self.model.dim())
    }

    /// Names and texts of the model's prompts, for [`EncoderOptions::prompt`], in the order of their names.
    pub fn prompts(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.model.prompts().texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Name of the model, for reports.
    pub fn name(&self) -> &str {
        self.model.name()
    }

    /// Tokens of a text that are read at once, special ones included; `None` if there is no limit.
    pub fn max_seq_length(&self) -> Option<usize> {
        self.model.reads(&self.options).0
    }

    /// Encodes texts: row `i` of the result is the vector of text `i`. No texts give a 0 × [`dim`](Self::dim) matrix.
    ///
    /// A blank text gives a zero vector with a static model, and the model's vector for the empty text with a
    /// transformer, as in sentence-transformers.
    ///
    /// # Errors
    /// [`Error::Tokenize`](crate::Error::Tokenize), [`Error::Compute`](crate::Error::Compute), or [`Error::Core`](crate::Error::Core) if a vector is not finite.
    pub fn encode<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Matrix> {
        self.encode_with(texts, &mut Context::new())
    }

    /// Like [`Encoder::encode`], on the threads of `cx`, which is told about progress (in texts), about texts that
    /// were cut ([`Truncated`](planisphere_core::Warning::Truncated)) and about zero vectors
    /// ([`EmptyRows`](planisphere_core::Warning::EmptyRows)).
    ///
    /// # Errors
    /// As [`Encoder::encode`], and [`Error::Cancelled`](crate::Error::Cancelled).
    pub fn encode_with<S: AsRef<str> + Sync>(&self, texts: &[S], cx: &mut Context<'_>) -> Result<Matrix> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let vectors = cx.run(|cx| {
            cx.check()?;
            self.model.encode(&texts, &self.options, cx)
        })??;
        vectors.view().check()?;
        Ok(self.shortened(vectors))
    }

    /// The vectors of texts that come one after the other, block by block, in bounded memory.
    pub fn stream<S: AsRef<str> + Sync, I: IntoIterator<Item = S>>(&self, texts: I) -> VectorStream<I::IntoIter> {
        VectorStream::new(self.clone(), texts.into_iter())
    }

    /// 64 hexadecimal digits that tell apart what gives different vectors: a hash of the model's weights and tokenizer, of how it is
    /// evaluated and by which device, and of the options in use. Two encoders of the same fingerprint give every text the same
    /// vector (up to rounding, on other devices than the CPU), so this is what a cache of vectors is to be keyed by. Where the files lie and what they are called does not matter.
    ///
    /// ```
    /// # #[cfg(feature = "builtin")] {
    /// use planisphere_embed::{Encoder, EncoderOptions};
    ///
    /// let encoder = Encoder::builtin()?;
    /// let short = encoder.with_options(EncoderOptions::new().dimensions(64))?;
    /// assert_ne!(encoder.fingerprint(), short.fingerprint());
    /// assert_eq!(encoder.fingerprint(), Encoder::builtin()?.fingerprint());
    /// # }
    /// # Ok::<(), planisphere_embed::Error>(())
    /// ```
    pub fn fingerprint(&self) -> String {
        // Changes whenever vectors do, with the same files and options.
        const EDITION: &str = "planisphere-embed 1";
        let o = &self.options;
        let model = &*self.model;
        let mut hash = Hasher::new();
        hash.update(EDITION.as_bytes()).update(model.fingerprint().as_bytes());
        let reads = (model.reads(o), o.normalize.unwrap_or(model.normalizes()), self.dim());
        hash.update(format!("{reads:?}").as_bytes()).update(o.before(model.prompts()).as_bytes());
        hash.finalize().to_hex().to_string()
    }

    fn shortened(&self, vectors: Matrix) -> Matrix {
        let Some(n) = self.options.dimensions.filter(|&n| n < vectors.cols()) else { return vectors };
        let unit = self.options.normalize.unwrap_or(self.model.normalizes());
        let mut short = Matrix::zeros(vectors.rows(), n);
        for i in 0..vectors.rows() {
            let row = short.row_mut(i);
            row.copy_from_slice(&vectors.row(i)[..n]);
            if unit {
                normalize(row);
            }
        }
        short
    }
}
