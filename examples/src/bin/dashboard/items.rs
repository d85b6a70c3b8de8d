//! Items from files into the store.

use crate::flags::Cli;
use planisphere::core::Context;
use planisphere::dataset::TableReader;
use planisphere::queue_reorder::{KMeans, NClusters, cluster_turns};
use planisphere_dashboard::config::{Config, DiversityOrdering};
use planisphere_dashboard::import;
use planisphere_dashboard::server::Embed;
use planisphere_dashboard::store::{NewItem, Store};
use planisphere_examples::Failure;
use std::sync::Arc;

/// So many items are added at a time.
const BATCH: usize = 10_000;

/// Adds the items of the command line and the configuration.
pub(crate) async fn import(
    cli: &Cli,
    config: &Config,
    store: &Store,
    encoder: Option<&Arc<dyn Embed>>,
) -> Result<(), Failure> {
    let mut all = Vec::new();
    for path in &config.data_files {
        all.extend(import::read(path, &config.item_properties)?);
    }
    if let Some(path) = &cli.input {
        let mut items = import::read(path, &config.item_properties)?;
        if let Some(path) = &cli.vectors {
            let table = TableReader::new().number_rows().read(path)?;
            let vectors = table.vectors().ok_or_else(|| Failure::Usage("--vectors: is no .npy file".into()))?;
            items = import::with_vectors(items, vectors)?;
        }
        all.extend(items);
    }
    let order = &config.diversity_ordering;
    if order.enabled && store.item_count().await? == 0 {
        all = by_clusters(all, config, order, encoder)?;
    }
    for batch in all.chunks(BATCH) {
        store.add_items(batch.to_vec()).await?;
    }
    Ok(())
}

/// One item of each cluster in turn; items without vectors last.
fn by_clusters(
    mut items: Vec<NewItem>,
    config: &Config,
    order: &DiversityOrdering,
    encoder: Option<&Arc<dyn Embed>>,
) -> Result<Vec<NewItem>, Failure> {
    if let Some(encoder) = encoder {
        embed(&mut items, &config.item_properties.text_key, encoder.as_ref())?;
    }
    let with: Vec<usize> = (0..items.len()).filter(|&i| items[i].vector.is_some()).collect();
    let rows: Vec<&[f32]> = with.iter().filter_map(|&i| items[i].vector.as_deref()).collect();
    let clusters = match order.auto_clusters {
        true => NClusters::Auto { items_per_cluster: order.items_per_cluster as usize },
        false => NClusters::Count((order.num_clusters as usize).min(rows.len())),
    };
    if rows.len() < 2 {
        return Ok(items);
    }
    let vectors = planisphere::core::Matrix::from_rows(rows)?;
    let model = KMeans::new(clusters).fit(&vectors)?;
    let mut cluster_of = vec![None; items.len()];
    with.iter().zip(model.labels()).for_each(|(&i, &cluster)| cluster_of[i] = Some(cluster));
    let ranking = cluster_turns(cluster_of);
    let mut places: Vec<Option<NewItem>> = items.into_iter().map(Some).collect();
    Ok(ranking.positions().iter().filter_map(|&i| places[i].take()).collect())
}

fn embed(items: &mut [NewItem], column: &str, encoder: &dyn Embed) -> Result<(), Failure> {
    let has_text =
        |item: &NewItem| item.data.get(column).and_then(|v| v.as_str()).is_some_and(|s| !s.trim().is_empty());
    let missing: Vec<usize> = (0..items.len()).filter(|&i| items[i].vector.is_none() && has_text(&items[i])).collect();
    let texts: Vec<&str> = missing.iter().filter_map(|&i| items[i].data.get(column)?.as_str()).collect();
    let vectors = encoder.embed(&texts, &mut Context::new()).map_err(Failure::Run)?;
    missing.iter().enumerate().for_each(|(row, &i)| items[i].vector = Some(vectors.row(row).to_vec()));
    Ok(())
}
