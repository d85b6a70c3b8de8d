//! The same seed gives identical files for any number of threads, through the program as users run it.

use std::process::Command;

fn map(dir: &std::path::Path, name: &str, more: &[&str]) -> Vec<u8> {
    let out = dir.join(name);
    let messages = planisphere_fixtures::path("messages.csv");
    let status = Command::new(env!("CARGO_BIN_EXE_map"))
        .args([messages.to_str().unwrap(), "--text", "text", "--quiet", "--out", out.to_str().unwrap()])
        .args(more)
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read(out).unwrap()
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = tempfile::tempdir().unwrap();
    for method in ["umap", "tsne", "pca"] {
        let one = map(dir.path(), "one.npy", &["--threads", "1", "--method", method]);
        for threads in ["2", "3"] {
            let other = map(dir.path(), "other.npy", &["--threads", threads, "--method", method]);
            assert!(one == other, "{method} with {threads} threads");
        }
    }
    let page = map(dir.path(), "one.html", &["--threads", "1"]);
    assert!(page == map(dir.path(), "two.html", &["--threads", "2"]), "pages differ");
    let seeded = map(dir.path(), "seed.npy", &["--seed", "43"]);
    assert!(seeded != map(dir.path(), "one.npy", &[]), "the seed must matter");
}
