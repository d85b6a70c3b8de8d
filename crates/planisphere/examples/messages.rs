//! The example of the README: from the root of the repository, `cargo run --release -p planisphere --example messages`.
#![allow(clippy::print_stderr)]

use planisphere::{Pipeline, core::Context, dataset::TableReader, viz_spec::Page};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = TableReader::new().text("text").label("label").read("fixtures/messages.csv")?;
    let texts = table.texts().expect("a text column was asked for");

    let map = Pipeline::new().fit_texts_with(texts, &mut Context::new())?;
    for warning in &map.report().warnings {
        eprintln!("{warning}");
    }

    let figure = map.figure(table.ids(), table.labels(), Some(texts))?;
    std::fs::write("map.html", Page::new().title("Messages").figure(map.method(), figure).to_html()?)?;
    Ok(())
}
