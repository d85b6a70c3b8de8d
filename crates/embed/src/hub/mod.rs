//! Models by name, from the Hugging Face hub or its cache.

mod files;

use crate::error::{Error, Result};
use files::{MODULES, module_folders, parse, wanted};
use hf_hub::api::Progress;
use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo};
use planisphere_core::Context;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where a model of the hub is looked for. `Default` does what the environment says.
///
/// ```
/// use planisphere_embed::HubOptions;
/// let pinned = HubOptions::new().revision("c9745ed1d9f207416be6d2e6f8de32d1f16199bf").offline(true);
/// assert_ne!(pinned, HubOptions::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubOptions {
    revision: Option<String>,
    offline: Option<bool>,
    cache_dir: Option<PathBuf>,
    endpoint: Option<String>,
}

impl HubOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// A branch, a tag or a commit; only a commit is the same model for ever. Default: that of the name (`name@revision`), else
    /// `main`.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into());
        self
    }

    /// Whether only the cache is looked into; what is not there is an error at once. Default: whether the environment variable
    /// `HF_HUB_OFFLINE` is set, and neither to `0` nor to `false`.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = Some(offline);
        self
    }

    /// The folder of the cache. Default: `hub` in the folder that `HF_HOME` names, else in `~/.cache/huggingface`, where other
    /// programs have theirs.
    #[must_use]
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(folder.into());
        self
    }

    /// The URL of a server that answers like the hub. Default: what `HF_ENDPOINT` says, else the hub itself.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }
}

/// How long nothing may arrive before a download counts as failed.
const SILENCE: Duration = Duration::from_secs(60);
/// How often a download is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// Downloads what is missing of a model and gives its folder in the cache. Tells `cx` about progress, in bytes of the files begun
/// so far.
/// `head` is a folder that is needed beside those of `modules.json`.
pub(crate) fn fetch(id: &str, head: Option<&str>, options: &HubOptions, cx: &mut Context<'_>) -> Result<PathBuf> {
    fetch_within(id, head, options, SILENCE, cx)
}

fn fetch_within(
    id: &str,
    head: Option<&str>,
    options: &HubOptions,
    silence: Duration,
    cx: &mut Context<'_>,
) -> Result<PathBuf> {
    cx.check()?;
    let repo = parse(id, options.revision.as_deref())?;
    let cache = match &options.cache_dir {
        Some(folder) => Cache::new(folder.clone()),
        None if std::env::var_os("HF_HOME").is_none() && std::env::home_dir().is_none() => {
            return Err(failed(id, "there is no home directory for its cache; set HF_HOME"));
        }
        None => Cache::from_env(),
    };
    let set = || std::env::var("HF_HUB_OFFLINE").is_ok_and(|v| !matches!(v.as_str(), "" | "0" | "false"));
    if options.offline.unwrap_or_else(set) {
        let reason = "it is not in the cache, and the hub is not asked, since this run is to be offline";
        return cached(&cache, &repo).ok_or_else(|| failed(id, reason));
    }
    let mut builder = ApiBuilder::from_cache(cache.clone()).with_progress(false).with_retries(1);
    if let Some(endpoint) = options.endpoint.clone().or_else(|| std::env::var("HF_ENDPOINT").ok()) {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(token) = std::env::var("HF_TOKEN").ok().filter(|t| !t.is_empty()) {
        builder = builder.with_token(Some(token));
    }
    let counts = Arc::new(Counts::default());
    // On a thread of its own, which is left behind when the run is cancelled: it ends with the file that it is at. What goes
    // wrong in the library, a panic at an odd answer included, is told by joining it.
    let head = head.map(str::to_owned);
    let job = Job { id: id.to_owned(), head, repo, cache, counts: Arc::clone(&counts) };
    let worker = std::thread::Builder::new().name("hub".into()).spawn(move || job.run(builder));
    let worker = worker.map_err(|e| failed(id, &e.to_string()))?;
    let (mut seen, mut since) = (0, Instant::now());
    while !worker.is_finished() {
        let (done, total) = (counts.done.load(Ordering::Relaxed), counts.total.load(Ordering::Relaxed));
        if done != seen {
            (seen, since) = (done, Instant::now());
        } else if since.elapsed() > silence {
            return Err(failed(id, &format!("nothing came for {} s; try again later", silence.as_secs_f32())));
        }
        cx.progress(done, total.max(done))?;
        std::thread::sleep(LOOK);
    }
    worker.join().unwrap_or_else(|_| Err(failed(id, "the hub answered in a way that is not understood")))
}

/// The folder of the model in the cache, if it is there.
fn cached(cache: &Cache, repo: &Repo) -> Option<PathBuf> {
    let find = |name: &str| cache.repo(repo.clone()).get(name);
    Some(find("config.json").or_else(|| find(MODULES))?.parent()?.to_owned())
}

/// Bytes.
#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    total: AtomicU64,
}

/// Tells how a file comes in.
struct Tell(Arc<Counts>);

impl Progress for Tell {
    fn init(&mut self, size: usize, _: &str) {
        self.0.total.fetch_add(size as u64, Ordering::Relaxed);
    }

    fn update(&mut self, size: usize) {
        self.0.done.fetch_add(size as u64, Ordering::Relaxed);
    }

    fn finish(&mut self) {}
}

/// One download.
struct Job {
    id: String,
    head: Option<String>,
    repo: Repo,
    cache: Cache,
    counts: Arc<Counts>,
}

impl Job {
    fn run(self, builder: ApiBuilder) -> Result<PathBuf> {
        let cached = cached(&self.cache, &self.repo);
        let api = builder.build().map_err(|e| failed(&self.id, &e.to_string()))?.repo(self.repo.clone());
        match api.info() {
            Ok(info) => {
                let listed = info.siblings.into_iter().map(|s| s.rfilename).collect();
                // Files of two commits are not one model: if the cache has another one, all are asked for anew.
                let current = cached.and_then(|c| c.file_name().map(|n| n == info.sha.as_str())).unwrap_or(false);
                self.download(&api, &listed, current)
            }
            // The listing is the first thing asked for, so this is what no network looks like.
            Err(e) => {
                let hint = "check the name and the network, or give a local directory";
                cached.ok_or_else(|| failed(&self.id, &format!("{e}; {hint}")))
            }
        }
    }

    fn download(&self, api: &ApiRepo, listed: &BTreeSet<String>, current: bool) -> Result<PathBuf> {
        let get = |name: &str| {
            let have = self.cache.repo(self.repo.clone()).get(name).filter(|_| current);
            let path = have.map_or_else(|| api.download_with_progress(name, Tell(Arc::clone(&self.counts))), Ok);
            path.map_err(|e| failed(&self.id, &format!("{name}: {e}")))
        };
        let mut all = wanted(listed, "");
        let mut root = None;
        if listed.contains(MODULES) {
            let path = get(MODULES)?;
            let text = std::fs::read(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
            for folder in module_folders(&text) {
                all.extend(wanted(listed, &folder));
            }
            root = path.parent().map(PathBuf::from);
        }
        if let Some(head) = &self.head {
            all.extend(wanted(listed, &format!("{head}/")));
        }
        for name in &all {
            let path = get(name)?;
            if !name.contains('/') {
                root = path.parent().map(PathBuf::from);
            }
        }
        root.ok_or_else(|| failed(&self.id, "it has neither config.json nor modules.json"))
    }
}

fn failed(id: &str, reason: &str) -> Error {
    Error::Hub { id: id.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
