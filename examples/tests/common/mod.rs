//! What the tests of the programs share: a folder of their own, and running.
#![allow(dead_code, reason = "every test file uses its part")]

use std::process::{Command, Output};

/// A folder that is gone after the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where a file of this name is.
    pub(crate) fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and tells where it is.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.at(name), content).unwrap();
        self.at(name)
    }

    /// The names of all files, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Where a fixture is.
pub(crate) fn fixture(name: &str) -> String {
    planisphere_fixtures::path(name).to_str().unwrap().to_owned()
}

pub(crate) fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).output().unwrap()
}

/// The run succeeds, and says nothing if it was told so.
#[track_caller]
pub(crate) fn done(program: &str, args: &[&str]) {
    let out = run(program, args);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{args:?}: {said}");
    assert!(said.is_empty() || !args.contains(&"--quiet"), "{args:?}: --quiet spoke: {said}");
}

/// The run ends with `code` and one line that has `words` in it, and leaves nothing in the folder.
#[track_caller]
pub(crate) fn refused(f: &Folder, program: &str, args: &[&str], code: i32, words: &[&str]) {
    let before = f.names();
    let out = run(program, args);
    let line = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(code), "{args:?}: {line}");
    assert!(line.lines().count() == 1 && line.starts_with("error: "), "{args:?}: not one line\n{line}");
    for word in words {
        assert!(line.contains(word), "{args:?}: {word:?} is not in\n{line}");
    }
    assert_eq!(f.names(), before, "{args:?}: left something");
}
