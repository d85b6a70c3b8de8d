//! Models by name, from the Hugging Face hub or its cache.

mod files;

use crate::error::{Error, Result};
use crate::transformer::plain_name;
use files::{MODULES, module_folders, parse, wanted};
use hf_hub::api::Progress;
use hf_hub::api::sync::{Api, ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use planisphere_core::{Context, Warning};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// `HF_HUB_OFFLINE` is set, and neither to nothing, nor to `0`, nor to `false`.
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

    /// The URL of a server that answers like the hub. Default: what `HF_ENDPOINT` says, else the hub itself. A login that is kept
    /// in the cache's folder goes to the hub alone; `HF_TOKEN` goes to any server.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }
}

/// How long nothing may arrive before a download counts as failed.
const SILENCE: Duration = Duration::from_secs(60);
/// How long the hub may take to answer at all, if the cache has the model.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a download is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// Downloads what is missing of a model and gives its folder in the cache. Tells `cx` about progress, in bytes of the files begun
/// so far. `head` is a folder that is needed beside those of `modules.json`.
pub(crate) fn fetch(id: &str, head: Option<&str>, options: &HubOptions, cx: &mut Context<'_>) -> Result<PathBuf> {
    fetch_within(id, head, options, (SILENCE, PATIENCE), cx)
}

fn fetch_within(
    id: &str,
    head: Option<&str>,
    options: &HubOptions,
    (silence, patience): (Duration, Duration),
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
    let there = cached(&cache, &repo);
    let set = || std::env::var("HF_HUB_OFFLINE").is_ok_and(|v| !matches!(v.as_str(), "" | "0" | "false"));
    if options.offline.unwrap_or_else(set) {
        let reason = "it is not in the cache, and the hub is not asked, since this run is to be offline";
        return there.ok_or_else(|| failed(id, reason));
    }
    let mut builder = ApiBuilder::from_cache(cache.clone()).with_progress(false).with_retries(1);
    let endpoint = options.endpoint.clone().or_else(|| std::env::var("HF_ENDPOINT").ok());
    // The login of the hub is for the hub.
    let token = std::env::var("HF_TOKEN").ok().filter(|t| !t.is_empty());
    if token.is_some() || endpoint.is_some() {
        builder = builder.with_token(token);
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let counts = Arc::new(Counts::default());
    // On a thread of its own, which is left behind when the run is cancelled: it ends with the file that it is at. What goes
    // wrong in the library, a panic at an odd answer included, is told by joining it.
    let head = head.map(str::to_owned);
    let job = Job { id: id.to_owned(), head, repo, cache, counts: Arc::clone(&counts) };
    let worker = std::thread::Builder::new().name("hub".into()).spawn(move || job.run(builder));
    let worker = worker.map_err(|e| failed(id, &e.to_string()))?;
    let (mut seen, mut since) = (0, Instant::now());
    let result = loop {
        if worker.is_finished() {
            break worker
                .join()
                .unwrap_or_else(|_| Err(failed(id, "the hub answered in a way that is not understood")));
        }
        let (done, total) = (counts.done.load(Ordering::Relaxed), counts.total.load(Ordering::Relaxed));
        let listed = counts.listed.load(Ordering::Relaxed);
        if done != seen {
            (seen, since) = (done, Instant::now());
        }
        let most = if !listed && there.is_some() { patience } else { silence };
        if since.elapsed() > most {
            break Err(failed(id, &format!("nothing came for {} s; try again later", most.as_secs_f32())));
        }
        cx.progress(done, total)?;
        std::thread::sleep(LOOK);
    };
    match (result, there) {
        (Ok(folder), _) => {
            let done = counts.done.load(Ordering::Relaxed);
            cx.progress(done, done)?;
            Ok(folder)
        }
        // Not once the hub has begun to send: then the cache has another commit, and the user is to know.
        (Err(e), Some(folder)) if !counts.listed.load(Ordering::Relaxed) => {
            let (what, instead) = (format!("the hub, for model {id}"), "the cache".to_owned());
            cx.warn(Warning::Fallback { what, reason: e.to_string(), instead });
            Ok(folder)
        }
        (Err(e), _) => Err(e),
    }
}

/// The folder of the model in the cache, if it is there. References to commits are written when all files are.
fn cached(cache: &Cache, repo: &Repo) -> Option<PathBuf> {
    let has = |folder: &PathBuf| folder.join("config.json").is_file() || folder.join(MODULES).is_file();
    // A commit is its own reference, whatever wrote the cache.
    let commit = Some(cache.repo(repo.clone()).pointer_path(repo.revision())).filter(has);
    let find = |name: &str| Some(cache.repo(repo.clone()).get(name)?.parent()?.to_owned());
    commit.or_else(|| find("config.json").or_else(|| find(MODULES)))
}

/// Bytes that came, of those of the files that were begun; whether the hub has told which files there are.
#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    total: AtomicU64,
    listed: AtomicBool,
}

/// Tells how a file comes in. The library begins more than once with a file, and anew where it was broken off.
struct Tell {
    counts: Arc<Counts>,
    size: u64,
    done: u64,
}

impl Progress for Tell {
    fn init(&mut self, size: usize, _: &str) {
        self.counts.total.fetch_sub(self.size, Ordering::Relaxed);
        self.counts.done.fetch_sub(self.done, Ordering::Relaxed);
        (self.size, self.done) = (size as u64, 0);
        self.counts.total.fetch_add(self.size, Ordering::Relaxed);
    }

    fn update(&mut self, size: usize) {
        // No file counts for more than it is said to be.
        let more = (size as u64).min(self.size - self.done);
        self.done += more;
        self.counts.done.fetch_add(more, Ordering::Relaxed);
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
        let api = builder.build().map_err(|e| failed(&self.id, &e.to_string()))?;
        let hint = "check the name and the network, or give a local directory";
        let info = api.repo(self.repo.clone()).info().map_err(|e| failed(&self.id, &format!("{e}; {hint}")))?;
        self.counts.listed.store(true, Ordering::Relaxed);
        if !plain_name(&info.sha) {
            return Err(failed(&self.id, "the hub tells of a commit that cannot be one"));
        }
        // By commit, so that a push in between does not mix two models.
        let at = Repo::with_revision(self.repo.url(), RepoType::Model, info.sha.clone());
        let listed = info.siblings.into_iter().map(|s| s.rfilename).collect();
        let folder = self.cache.repo(at.clone()).pointer_path(&info.sha);
        self.download(&api, &api.repo(at), &folder, &listed)?;
        let refer = self.cache.repo(self.repo.clone()).create_ref(&info.sha);
        refer.map_err(|e| failed(&self.id, &format!("its cache cannot be written: {e}")))?;
        Ok(folder)
    }

    fn download(&self, api: &Api, repo: &ApiRepo, folder: &Path, listed: &BTreeSet<String>) -> Result<()> {
        let get = |name: &str| self.file(api, repo, folder, name);
        let mut all = wanted(listed, "");
        if listed.contains(MODULES) {
            get(MODULES)?;
            let path = folder.join(MODULES);
            let text = std::fs::read(&path).map_err(|source| Error::Io { path, source })?;
            for module in module_folders(&text) {
                all.extend(wanted(listed, &module));
            }
        } else if !listed.contains("config.json") {
            return Err(failed(&self.id, "it has neither config.json nor modules.json"));
        }
        if let Some(head) = &self.head {
            all.extend(wanted(listed, &format!("{head}/")));
        }
        all.iter().try_for_each(|name| get(name))
    }

    /// Brings one file to its place, unless it is there, or the same file is there for another commit.
    fn file(&self, api: &Api, repo: &ApiRepo, folder: &Path, name: &str) -> Result<()> {
        let place = folder.join(name);
        if place.is_file() {
            return Ok(());
        }
        let fail = |e: &dyn std::fmt::Display| failed(&self.id, &format!("{name}: {e}"));
        let told = api.metadata(&repo.url(name)).map_err(|e| fail(&e))?;
        // They become names of files and folders.
        if !plain_name(told.etag()) || folder.file_name().is_none_or(|commit| commit != told.commit_hash()) {
            return Err(fail(&"the hub tells of another commit, or of a file that cannot be one"));
        }
        let blob = self.cache.repo(self.repo.clone()).blob_path(told.etag());
        if blob.metadata().is_ok_and(|m| m.is_file() && m.len() == told.size() as u64)
            && let Some(parent) = place.parent()
            && std::fs::create_dir_all(parent).is_ok()
            && std::fs::hard_link(&blob, &place).is_ok()
        {
            return Ok(());
        }
        let tell = Tell { counts: Arc::clone(&self.counts), size: 0, done: 0 };
        repo.download_with_progress(name, tell).map(drop).map_err(|e| fail(&e))
    }
}

fn failed(id: &str, reason: &str) -> Error {
    Error::Hub { id: id.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
