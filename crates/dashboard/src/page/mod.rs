//! The page of the dashboard, served from the program itself: no build step, and nothing from anywhere else.
//!
//! The page is plain HTML, CSS and JavaScript modules, below `assets/`. It runs under a policy without inline scripts,
//! and everything that it shows of the data it shows as text.

mod assets;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use std::sync::LazyLock;

/// For addresses that name the version they want: they never mean anything else.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For all others: to be asked for again, which costs little by their ETag.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

static MAIN: LazyLock<String> = LazyLock::new(|| {
    let modules: Vec<String> = assets::modules()
        .map(|name| format!("<link rel=\"modulepreload\" href=\"/assets/{name}?v={}\">", assets::version()))
        .collect();
    include_str!("assets/page.html").replace("{{v}}", assets::version()).replace("{{modules}}", &modules.join("\n"))
});

static LOGIN: LazyLock<String> =
    LazyLock::new(|| include_str!("assets/login.html").replace("{{v}}", assets::version()));

/// What the page is made of: `GET /assets/NAME`, for everybody. It holds nothing of the project.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(asset))
}

/// The page itself, for those who are logged in. `title` is the name of the project.
pub fn dashboard(title: &str) -> Html<String> {
    Html(MAIN.replace("{{title}}", &escape(title)))
}

/// The page to log in by: a form that posts `key` to `/admin/login`, also where scripts do not run. `message` says why
/// it is shown again.
pub fn login(title: &str, message: Option<&str>) -> Html<String> {
    let page = LOGIN.replace("{{message}}", &escape(message.unwrap_or_default()));
    Html(page.replace("{{title}}", &escape(title)))
}

async fn asset(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(asset) = assets::get(&name) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let this_version = query.as_deref().and_then(|q| q.strip_prefix("v=")) == Some(assets::version());
    let caching =
        [(header::ETAG, asset.etag.clone()), (header::CACHE_CONTROL, if this_version { FOREVER } else { ASK })];
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    if known.flat_map(|v| v.split(',')).any(|tag| matches(tag.trim(), &asset.etag)) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind))], asset.body.clone()).into_response()
}

/// Whether a tag of `If-None-Match` means this one: by the weak comparison, since what compresses answers weakens tags.
fn matches(tag: &str, etag: &HeaderValue) -> bool {
    tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes()
}

/// Text for HTML, between elements as well as in quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    async fn ask(path: &str, tag: Option<&str>) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        let answer = routes::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn titles_are_text() {
        let hostile = "</title><script>alert(1)</script> \"'& {{message}} {{v}}";
        for page in [dashboard(hostile).0, login(hostile, Some(hostile)).0] {
            assert!(!page.contains("<script>") && !page.contains("alert(1)<"), "{page}");
            assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39;&amp;"));
            // What stands in a title is not filled in.
            assert!(page.contains("{{message}} {{v}}</"));
        }
    }

    #[test]
    fn pages_have_no_inline_scripts_and_ask_nobody_else() {
        for page in [dashboard("t").0, login("t", None).0] {
            for script in page.split("<script").skip(1) {
                let (tag, rest) = script.split_once('>').unwrap();
                assert!(tag.contains("src=\"/assets/") && rest.starts_with("</script>"), "{tag}");
            }
            let handlers = page.split('<').filter(|tag| tag.contains(" on") && tag.contains("=\"javascript"));
            assert_eq!(handlers.count(), 0);
            assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("{{"));
        }
    }

    #[tokio::test]
    async fn all_that_the_pages_name_is_there() {
        for page in [dashboard("t").0, login("t", None).0] {
            let mut names = 0;
            for at in page.split("\"/assets/").skip(1) {
                let path = format!("/assets/{}", at.split('"').next().unwrap());
                let (status, headers, body) = ask(&path, None).await;
                assert_eq!(status, StatusCode::OK, "{path}");
                assert_eq!(headers["cache-control"], FOREVER, "{path}");
                assert!(!body.is_empty());
                names += 1;
            }
            assert!(names >= 3);
        }
    }

    #[tokio::test]
    async fn known_files_are_not_sent_again() {
        let (status, headers, body) = ask("/assets/main.js", None).await;
        assert_eq!((status, &headers["cache-control"]), (StatusCode::OK, &ASK));
        assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
        assert!(body.contains("import"));
        let tag = headers["etag"].to_str().unwrap();
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let (status, headers, body) = ask("/assets/main.js", Some(&known)).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
            assert_eq!(headers["etag"], tag);
        }
        assert_eq!(ask("/assets/main.js", Some("\"x\"")).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn nothing_else_is_served() {
        for path in ["/assets/page.html", "/assets/..%2fmod.rs", "/assets/nothing", "/assets/%00"] {
            assert_eq!(ask(path, None).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
