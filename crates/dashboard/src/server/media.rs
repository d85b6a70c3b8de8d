//! Images, recordings and videos of items, from one folder.

use super::app::App;
use super::failure::Failure;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::io::SeekFrom;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// A file is sent in pieces of so many bytes.
const PIECE: u64 = 64 << 10;

/// A document of a stranger, opened by its address, runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; sandbox";

/// `GET /media/PATH`.
pub(super) async fn file(
    State(app): State<App>,
    UrlPath(path): UrlPath<String>,
    request: Request,
) -> Result<Response, Failure> {
    let missing = || Failure::not_found("there is no such file");
    let root = app.config().media_root.clone().ok_or_else(missing)?;
    let path = tokio::task::spawn_blocking(move || inside(&root, &path)).await?.ok_or_else(missing)?;
    let kind = mime_guess::from_path(&path).first_or_octet_stream();
    let file = File::open(&path).await.map_err(|_| missing())?;
    let length = file.metadata().await.map_err(|_| missing())?.len();
    let mut headers = HeaderMap::new();
    // Only what a page shows as a picture or plays; a page or script among the media is a file like any other.
    let shown = ["image", "audio", "video"].contains(&kind.type_().as_str());
    let kind = if shown { kind.as_ref() } else { "application/octet-stream" };
    for (name, value) in [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
        (ACCEPT_RANGES, "bytes".to_owned()),
    ] {
        headers.insert(name, value.parse().map_err(Failure::internal)?);
    }
    let asked = request.headers().get(RANGE).and_then(|v| v.to_str().ok()).and_then(|text| range(text, length));
    let (status, bytes) = match asked {
        None => (StatusCode::OK, 0..length),
        Some(Err(())) => {
            headers.insert(CONTENT_RANGE, format!("bytes */{length}").parse().map_err(Failure::internal)?);
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
        Some(Ok(r)) => {
            let text = format!("bytes {}-{}/{length}", r.start(), r.end());
            headers.insert(CONTENT_RANGE, text.parse().map_err(Failure::internal)?);
            (StatusCode::PARTIAL_CONTENT, *r.start()..*r.end() + 1)
        }
    };
    headers.insert(CONTENT_LENGTH, (bytes.end - bytes.start).into());
    Ok((status, headers, content(file, bytes).await.map_err(Failure::internal)?).into_response())
}

/// Some bytes of a file, read as they are sent.
async fn content(mut file: File, bytes: std::ops::Range<u64>) -> std::io::Result<Body> {
    file.seek(SeekFrom::Start(bytes.start)).await?;
    let left = bytes.end - bytes.start;
    Ok(Body::from_stream(futures_util::stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        // At most `PIECE`, which fits.
        let mut piece = vec![0; left.min(PIECE) as usize];
        let n = file.read(&mut piece).await?;
        if n == 0 {
            // It became shorter while it was sent: a body that ends early tells.
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(n);
        Ok(Some((Bytes::from(piece), (file, left - n as u64))))
    })))
}

/// The first range of a header; `None` if it makes no sense, so that all is sent, and an error if it lies outside.
fn range(header: &str, length: u64) -> Option<Result<RangeInclusive<u64>, ()>> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    let range = match (first, last) {
        ("", n) => {
            let n: u64 = n.parse().ok()?;
            if n == 0 {
                return Some(Err(()));
            }
            length.saturating_sub(n)..=length.saturating_sub(1)
        }
        (from, "") => from.parse().ok()?..=length.saturating_sub(1),
        (from, to) => from.parse().ok()?..=to.parse::<u64>().ok()?.min(length.saturating_sub(1)),
    };
    Some(if range.is_empty() || length == 0 { Err(()) } else { Ok(range) })
}

/// The file of this name below a folder, if there is one, and no name or link leads out of it.
fn inside(root: &Path, name: &str) -> Option<PathBuf> {
    // What is a separator elsewhere is none here, and never a part of a name.
    if name.contains(['\\', '\0', ':']) {
        return None;
    }
    let relative = Path::new(name);
    let plain = relative.components().all(|c| matches!(c, Component::Normal(part) if !hidden(part)));
    if !plain || name.is_empty() {
        return None;
    }
    let root = root.canonicalize().ok()?;
    let path = root.join(relative).canonicalize().ok()?;
    (path.starts_with(&root) && path.is_file()).then_some(path)
}

/// Names with a dot in front are not meant to be seen.
fn hidden(part: &std::ffi::OsStr) -> bool {
    part.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("media");
        std::fs::create_dir_all(root.join("a")).unwrap();
        for file in ["media/a/x.png", "media/.hidden", "secret.txt"] {
            std::fs::write(folder.path().join(file), "x").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("secret.txt"), root.join("out.txt")).unwrap();
        assert!(inside(&root, "a/x.png").is_some());
        let whole = folder.path().join("secret.txt");
        for name in [
            "../secret.txt",
            "a/../../secret.txt",
            "..\\secret.txt",
            "a\\x.png",
            "/etc/passwd",
            "out.txt",
            "a",
            "",
            ".hidden",
            "a/x.png\0",
            "C:x",
            "./a/x.png",
            "a//../../secret.txt",
            whole.to_str().unwrap(),
        ] {
            assert!(inside(&root, name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn ranges() {
        for (header, expected) in [
            ("bytes=0-3", Some(Ok(0..=3))),
            ("bytes=4-", Some(Ok(4..=9))),
            ("bytes=-3", Some(Ok(7..=9))),
            ("bytes=-30", Some(Ok(0..=9))),
            ("bytes=4-400", Some(Ok(4..=9))),
            ("bytes=10-", Some(Err(()))),
            ("bytes=-0", Some(Err(()))),
            ("bytes=5-4", Some(Err(()))),
            ("bytes=0-1,3-4", None),
            ("items=0-1", None),
            ("bytes=x-1", None),
        ] {
            assert_eq!(range(header, 10), expected, "{header}");
        }
        assert_eq!(range("bytes=0-", 0), Some(Err(())));
    }
}
