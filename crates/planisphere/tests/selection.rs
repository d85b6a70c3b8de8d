//! The loop of annotation: texts on a map, votes, labels, what to look at next.

use planisphere::Pipeline;
use planisphere::dataset::{TableReader, Vectors};
use planisphere::labels_mace::{Annotations, Mace, MaceStream};
use planisphere::queue_reorder::{ByScore, FarthestFirst, Metric, Queue, Reorder, Sample, Selection};

#[test]
fn from_texts_to_what_to_look_at_next() {
    let reader = TableReader::new().text("text").label("label").vectors(Vectors::None);
    let table = reader.read(planisphere_fixtures::path("messages.csv")).unwrap();
    let (texts, topics) = (table.texts().unwrap(), table.labels().unwrap());
    let ids: Vec<String> = table.ids().to_vec();
    let map = Pipeline::new().fit_texts(texts).unwrap();

    // Three annotators on the first half: two who read, one who says the same to everything.
    let half = ids.len() / 2;
    let mut votes = Annotations::new();
    for (i, id) in ids.iter().enumerate().take(half) {
        let topic = topics[i].as_deref().unwrap_or("other");
        // Bob takes every ninth for something else.
        let confused = if i % 9 == 4 { topics[0].as_deref().unwrap() } else { topic };
        for (who, label) in [("ann", topic), ("bob", confused), ("cleo", topics[0].as_deref().unwrap())] {
            votes.push(id, who, label).unwrap();
        }
    }
    let mut stream = MaceStream::fit(Mace::new(), votes).unwrap();
    let competence = |s: &MaceStream, who| s.competence(s.annotations().annotator_index(who).unwrap()).unwrap();
    assert!(competence(&stream, "ann") > 0.9 && competence(&stream, "cleo") < 0.2);

    // First what annotators disagree on, then what is farthest from all that was looked at, and a region of the map.
    let model = stream.model().unwrap();
    let entropies = ids.iter().map(|id| model.posterior().entropy(votes_index(&stream, id)?));
    let unsure = ByScore::new().rank(entropies).unwrap().first(20);
    let seen: Vec<usize> = (0..half).collect();
    let far = FarthestFirst::new().metric(Metric::Cosine).limit(20).rank(map.vectors().unwrap(), &seen).unwrap();
    let positions = map.embedding();
    let region = (0..ids.len()).filter(|&i| positions.row(i)[0] < positions.row(0)[0]).map(|i| ids[i].clone());
    let selections = [
        unsure.selection(&ids).unwrap().priority(1.0),
        far.ranking().selection(&ids).unwrap().priority(2.0),
        Selection::new(region).priority(3.0),
    ];
    let order = Reorder::new().refill(true).order(&selections).unwrap();
    assert_eq!(order[..2], [selections[0].instance_ids[0].clone(), selections[1].instance_ids[0].clone()]);

    // Into the queue, and to an annotator.
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(folder.path().join("messages.queue")).unwrap();
    queue.add(&ids).unwrap();
    let moved = queue.reorder(&order, "ann", "what we know least of").unwrap();
    assert_eq!((moved.moved as usize, moved.unknown.len()), (order.len(), 0));
    let next = queue.next("dora").unwrap().unwrap();
    assert_eq!(next.id, order[0]);

    // Her vote is one more, and what is known of the item follows.
    let item = stream.annotations().item_index(&next.id).unwrap();
    let before = stream.entropy(item).unwrap();
    let place = ids.iter().position(|id| *id == next.id).unwrap();
    let truth = topics[place].clone().unwrap_or_else(|| "other".to_owned());
    queue.complete("dora", &next.id).unwrap();
    stream.push(&next.id, "dora", &truth).unwrap();
    stream.update();
    assert_ne!(stream.entropy(item).unwrap(), before);
    assert_eq!(queue.remaining().unwrap().len(), ids.len() - 1);

    // What a page shows of many: the same items tomorrow, with those that were looked at.
    let annotated: Vec<bool> = (0..ids.len()).map(|i| i < 10).collect();
    let shown = Sample::new(100).draw(&ids, &annotated).unwrap();
    assert_eq!((shown.len(), shown == Sample::new(100).draw(&ids, &annotated).unwrap()), (100, true));
}

fn votes_index(stream: &MaceStream, id: &str) -> Option<usize> {
    stream.annotations().item_index(id).map(|i| i as usize)
}
