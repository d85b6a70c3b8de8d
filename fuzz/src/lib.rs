//! What the targets check of annotations.

use planisphere_labels_mace::Annotations;

/// Counts, offsets, names and numbers of annotations fit together.
pub fn check(votes: &Annotations) {
    for (by, n) in [(votes.by_item(), votes.n_items()), (votes.by_annotator(), votes.n_annotators())] {
        let (offsets, sorted) = by;
        assert_eq!(offsets.len(), n + 1);
        assert_eq!((offsets[0], offsets[n], sorted.len()), (0, votes.len(), votes.len()));
        assert!(offsets.is_sorted());
    }
    assert_eq!(votes.votes().len(), votes.len());
    for v in votes.votes() {
        assert_eq!(votes.vote(v.item, v.annotator), Some(v.label));
        assert_eq!(votes.item_index(votes.item(v.item)), Some(v.item));
        assert_eq!(votes.annotator_index(votes.annotator(v.annotator)), Some(v.annotator));
        assert_eq!(votes.label_index(votes.label(v.label)), Some(v.label));
    }
    for name in votes.items().chain(votes.annotators()).chain(votes.labels()) {
        assert!(!name.is_empty());
    }
}

/// The same names, numbers and votes.
pub fn same(a: &Annotations, b: &Annotations) {
    assert!(a.items().eq(b.items()));
    assert!(a.annotators().eq(b.annotators()));
    assert!(a.labels().eq(b.labels()));
    assert_eq!(a.votes(), b.votes());
}
