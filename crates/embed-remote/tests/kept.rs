//! Vectors of a server, kept in a file.

mod common;

use common::{Server, check_rows, quick, vector};
use planisphere_core::Context;
use planisphere_embed_remote::RemoteEncoder;
use planisphere_vector_cache::{CacheOptions, CacheReport, ModelKey, VectorCache};

fn encode(cache: &VectorCache, encoder: &RemoteEncoder, texts: &[&str]) -> (planisphere_core::Matrix, CacheReport) {
    let model = ModelKey::new(encoder.fingerprint());
    let cached =
        cache.encode(&model, texts, |missing: &[&str], cx: &mut Context<'_>| encoder.encode_with(missing, cx)).unwrap();
    (cached.vectors, cached.report)
}

/// Blank texts are not sent, so that an encoder that sent nothing yet does not know how long their vectors are.
#[test]
fn blank_texts_alone_may_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = VectorCache::open_with(folder.path().join("v.cache"), &CacheOptions::new().batch(1)).unwrap();
    let server = Server::new(|request, reply| reply.vectors(request));

    // Nothing is known of the length.
    let (x, report) = encode(&cache, &server.encoder(quick()), &["", " "]);
    assert_eq!((x.rows(), x.cols(), report.computed), (2, 0, 2));
    assert_eq!(cache.len().unwrap(), 0);

    // It is known from a text behind them, and from then on.
    let (x, report) = encode(&cache, &server.encoder(quick()), &["", "a", ""]);
    assert_eq!((x.row(0), x.row(1), x.row(2)), (&[0.0; 3][..], &vector("a")[..], &[0.0; 3][..]));
    assert_eq!((report.computed, report.duplicates), (2, 1));
    let (x, report) = encode(&cache, &server.encoder(quick()), &["a", " ", "\t", ""]);
    assert_eq!(
        (x.row(0), x.row(1), x.row(2), x.row(3)),
        (&vector("a")[..], &[0.0; 3][..], &[0.0; 3][..], &[0.0; 3][..])
    );
    assert_eq!((report.hits, report.computed), (2, 2));
    let (x, report) = encode(&cache, &server.encoder(quick()), &["\n"]);
    assert_eq!((x.rows(), x.cols(), x.row(0), report.computed), (1, 3, &[0.0; 3][..], 1));
    assert_eq!((cache.len().unwrap(), server.received().len()), (5, 1));

    check_rows(&encode(&cache, &server.encoder(quick()), &["a"]).0, &["a"]);
}
