//! The files of the page, as they are served.

use axum::http::HeaderValue;
use bytes::Bytes;
use planisphere::viz_spec::{OTHER, PALETTE, PlotlyJs, UNLABELED};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// One file.
pub(super) struct Asset {
    pub(super) kind: &'static str,
    pub(super) body: Bytes,
    /// A quoted hash of the body.
    pub(super) etag: HeaderValue,
}

macro_rules! files {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("assets/", $name)))),*] };
}

/// Modules, which import each other.
const MODULES: [(&str, &str); 25] = files! {
    "annotate.js" "api.js" "data.js" "dom.js" "files.js" "groups.js" "hover.js" "item.js" "legend.js" "live.js" "look.js"
    "main.js" "map.js" "media.js" "progress.js" "queue.js" "scale.js" "schemes.js" "search.js" "selection.js"
    "settings.js" "state.js" "tabs.js" "toast.js" "traces.js"
};
const OTHERS: [(&str, &str); 5] = files! { "base.css" "layout.css" "panel.css" "theme.js" "icon.svg" };

struct All {
    version: String,
    files: BTreeMap<&'static str, Asset>,
}

static ALL: LazyLock<All> = LazyLock::new(|| {
    let palette = palette();
    // A program that was built with an unexpected package has no plotly.js; the page says so.
    let plotly = PlotlyJs::embedded_source().ok();
    let modules = || MODULES.into_iter().chain([("palette.js", palette.as_str())]);
    let mut hasher = blake3::Hasher::new();
    for (name, body) in modules().chain(OTHERS).chain(plotly.as_deref().map(|js| ("plotly.js", js))) {
        hasher.update(name.as_bytes()).update(&(body.len() as u64).to_le_bytes()).update(body.as_bytes());
    }
    let version = short(&hasher.finalize());
    let mut files = BTreeMap::new();
    for (name, body) in modules() {
        // Modules name each other without a version, under which they would be asked for again and again.
        let body = body.replace(".js\";\n", &format!(".js?v={version}\";\n"));
        files.insert(name, Asset::new(JS, body.into()));
    }
    for (name, body) in OTHERS {
        let kind = match name.rsplit('.').next() {
            Some("css") => CSS,
            Some("svg") => SVG,
            _ => JS,
        };
        files.insert(name, Asset::new(kind, Bytes::from_static(body.as_bytes())));
    }
    if let Some(js) = plotly {
        files.insert("plotly.js", Asset::new(JS, js.into()));
    }
    All { version, files }
});

impl Asset {
    fn new(kind: &'static str, body: Bytes) -> Self {
        let etag = format!("\"{}\"", short(&blake3::hash(&body)));
        Self { kind, body, etag: HeaderValue::from_str(&etag).expect("hexadecimal digits are visible ASCII") }
    }
}

fn short(hash: &blake3::Hash) -> String {
    hash.to_hex()[..16].to_owned()
}

/// The colors of maps, as a module: those of the library, so that both agree.
fn palette() -> String {
    let mut js = "// Colors of labels in the order in which they are given out.\nexport const PALETTE = [".to_owned();
    for color in PALETTE {
        write!(js, "\"{color}\", ").expect("writing to a string cannot fail");
    }
    write!(js, "];\nexport const UNLABELED = \"{UNLABELED}\";\nexport const OTHER = \"{OTHER}\";\n")
        .expect("writing to a string cannot fail");
    js
}

/// Hash of all files together.
pub(super) fn version() -> &'static str {
    &ALL.version
}

/// A file by its name.
pub(super) fn get(name: &str) -> Option<&'static Asset> {
    ALL.files.get(name)
}

/// Names of modules.
pub(super) fn modules() -> impl Iterator<Item = &'static str> {
    MODULES.into_iter().map(|(name, _)| name).chain(["palette.js"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/page/assets");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(name.ends_with(".html") || get(&name).is_some(), "{name}");
        }
    }

    #[test]
    fn modules_import_only_what_there_is_by_its_version() {
        let mut imports = 0;
        for name in modules() {
            let js = std::str::from_utf8(&get(name).unwrap().body).unwrap();
            for from in js.split(" from \"").skip(1) {
                let path = from.split('"').next().unwrap();
                let (file, v) = path.strip_prefix("./").unwrap().split_once("?v=").unwrap();
                assert!(get(file).is_some() && v == version(), "{name}: {path}");
                imports += 1;
            }
            // Nothing of the page takes text for markup or code.
            let forbidden = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"];
            for forbidden in forbidden {
                assert!(!js.contains(forbidden), "{name} has {forbidden}");
            }
        }
        assert!(imports > 60);
    }

    #[test]
    fn plotly_is_there() {
        assert!(get("plotly.js").is_some_and(|js| js.body.len() > 4_000_000));
    }
}
