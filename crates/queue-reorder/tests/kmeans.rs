//! Against scikit-learn 1.9.1 on the digits: `make_kmeans.py`.

use planisphere_fixtures::digits;
use planisphere_queue_reorder::{KMeans, cluster_turns};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    k: usize,
    inertia: f64,
    labels: Option<String>,
}

#[test]
fn as_good_as_scikit_learn() {
    let (x, _) = digits();
    let golden: Golden = serde_json::from_str(include_str!("kmeans.json")).unwrap();
    assert_eq!(golden.cases.len(), 4);
    for case in golden.cases {
        let model = KMeans::new(case.k).fit(&x).unwrap();
        assert!(model.inertia() <= 1.01 * case.inertia, "{}: {} {}", case.k, model.inertia(), case.inertia);
        assert!(model.converged() && model.n_clusters() == case.k);
        let Some(labels) = case.labels else { continue };
        // Nearly all pairs of rows that are together there are together here, and the other way round.
        let (theirs, ours) = (labels.as_bytes(), model.labels());
        let (mut both, mut either) = (0u32, 0u32);
        for i in 0..x.rows() {
            for j in 0..i {
                let (a, b) = (theirs[i] == theirs[j], ours[i] == ours[j]);
                both += u32::from(a && b);
                either += u32::from(a || b);
            }
        }
        assert!(f64::from(both) > 0.9 * f64::from(either), "{both} of {either}");
    }
}

#[test]
fn turns_show_every_digit_early() {
    let (x, labels) = digits();
    let clusters = KMeans::new(30).fit(&x).unwrap();
    let ranking = cluster_turns(clusters.labels().iter().map(|&c| Some(c)));
    let first: std::collections::HashSet<&str> =
        ranking.positions()[..30].iter().map(|&i| labels[i].as_str()).collect();
    assert_eq!(first.len(), 10);
}
