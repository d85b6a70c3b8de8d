//! MACE on what comes later: refined models, streams.

mod common;

use common::{matrix, renamed, simulated};
use planisphere_core::{CancelToken, Context};
use planisphere_labels_mace::{Annotations, Error, Mace, MaceModel, MaceStream, Method};

#[test]
fn refined_from_before() {
    let (codes, _) = simulated(400, 15, 3, 6, 4);
    let old: Vec<_> = codes.iter().copied().filter(|c| c.0 < 380 && c.1 != 14).collect();
    let before = Annotations::from_codes(380, 14, 3, &old).unwrap();
    let mut votes = before.clone();
    for &(i, a, l) in codes.iter().filter(|c| c.0 >= 380 || c.1 == 14) {
        votes.push(&i.to_string(), &a.to_string(), &l.to_string()).unwrap();
    }
    let mace = Mace::new().iterations(200);
    let earlier = mace.fit(&before).unwrap();
    let full = mace.fit(&votes).unwrap();
    let refined = Mace::new().iterations(5).refine(&votes, &earlier).unwrap();
    assert_eq!(refined.restarts().len(), 1);
    let far =
        |m: &MaceModel| m.competence().iter().zip(full.competence()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let more = mace.refine(&votes, &refined).unwrap();
    assert!(far(&refined) < 0.03 && far(&more) < 1e-6, "{} {}", far(&refined), far(&more));
    let agree = (0..400).filter(|&i| {
        refined.posterior().best(i).map(|b| votes.label(b.label))
            == full.posterior().best(i).map(|b| votes.label(b.label))
    });
    assert!(agree.count() >= 396);
    // By names: the same votes in another order are refined to the same model.
    let (other, places) = renamed(&codes, [400, 15, 3], 9);
    let mut named = Annotations::new();
    let name = |place: &[u32], n: u32| place.iter().position(|&p| p == n).unwrap().to_string();
    for v in other.votes() {
        named.push(&name(&places[0], v.item), &name(&places[1], v.annotator), &name(&places[2], v.label)).unwrap();
    }
    let again = Mace::new().iterations(5).refine(&named, &earlier).unwrap();
    for a in 0..15 {
        let there = named.annotator_index(&a.to_string()).unwrap() as usize;
        assert_eq!(again.competence()[there].to_bits(), refined.competence()[a].to_bits());
    }
    // Fewer annotators than were known.
    assert_eq!(mace.refine(&before, &full).unwrap().competence().len(), 14);
}

/// The sweeps of a stream are the iterations of a fit.
#[test]
fn a_stream_ends_where_a_fit_does() {
    let (codes, _) = simulated(300, 12, 4, 5, 6);
    for method in [Method::VB, Method::EM] {
        let mace = Mace::new().method(method).controls([("3", "1"), ("8", "0")]);
        let (first, later) = codes.split_at(codes.len() * 9 / 10);
        let mut stream = MaceStream::fit(mace.clone(), Annotations::from_codes(300, 12, 4, first).unwrap()).unwrap();
        for &(i, a, l) in later {
            stream.push(&i.to_string(), &a.to_string(), &l.to_string()).unwrap();
        }
        assert!(stream.changed().count() > 20);
        stream.update();
        assert_eq!(stream.changed().count(), 0);
        let after_update = stream.model().unwrap();
        stream.sweep(1000);
        let got = stream.model().unwrap();
        let want = mace.clone().iterations(1000).refine(stream.annotations(), &after_update).unwrap();
        assert!((got.log_likelihood() - want.log_likelihood()).abs() < 1e-8 * want.log_likelihood().abs());
        for a in 0..12 {
            assert!((got.competence()[a] - want.competence()[a]).abs() < 1e-6);
            assert_eq!(stream.competence(a as u32), Some(got.competence()[a]));
        }
        for i in 0..300 {
            let best = stream.best(i).unwrap();
            let of_model = got.posterior().best(i as usize).unwrap();
            assert!((best.probability - of_model.probability).abs() < 1e-6 && best.label == of_model.label);
            assert!((stream.entropy(i).unwrap() - got.posterior().entropy(i as usize).unwrap()).abs() < 1e-6);
        }
        // Before the sweeps, what was updated is close already.
        let full = mace.fit(stream.annotations()).unwrap();
        let same = (0..300).filter(|&i| after_update.posterior().labels()[i] == full.posterior().labels()[i]).count();
        assert!(same >= 290, "{same}");
    }
}

#[test]
fn a_stream_follows_what_is_changed() {
    let mut stream = MaceStream::fit(Mace::new(), matrix("x,x,x\ny,y,y\nx,x,y\n")).unwrap();
    stream.set("2", "2", "x").unwrap();
    stream.push("new", "3", "z").unwrap();
    stream.update();
    stream.sweep(100);
    let direct = matrix("x,x,x,\ny,y,y,\nx,x,x,\n,,,z\n");
    let want = Mace::new().iterations(400).fit(&direct).unwrap();
    let got = stream.model().unwrap();
    assert!(
        (got.log_likelihood() - want.log_likelihood()).abs() < 1e-6,
        "{} {}",
        got.log_likelihood(),
        want.log_likelihood()
    );
    assert_eq!(stream.best(3).map(|b| b.label), stream.annotations().label_index("z"));
    assert_eq!((stream.competence(9), stream.entropy(9), stream.best(9)), (None, None, None));
    // Priors are of known labels.
    let mut stream = MaceStream::fit(Mace::new().priors([("x", 1.0), ("y", 1.0)]), matrix("x,y\ny,y\n")).unwrap();
    assert!(matches!(stream.push("9", "0", "new"), Err(Error::MissingPrior { .. })));
    assert!(stream.push("9", "0", "x").is_ok());
}

#[test]
fn a_stream_knows_controls_priors_and_nothing() {
    // A label whose prior was given may come later.
    let mace = Mace::new().priors([("x", 1.0), ("y", 1.0), ("z", 8.0)]);
    let mut stream = MaceStream::fit(mace.clone(), matrix("x,y\ny,y\nx,x\n")).unwrap();
    stream.push("9", "0", "z").unwrap();
    stream.update();
    stream.sweep(50);
    let model = stream.model().unwrap();
    for i in 0..4 {
        assert!((stream.entropy(i).unwrap() - model.posterior().entropy(i as usize).unwrap()).abs() < 1e-9);
        assert_eq!(stream.best(i).unwrap().label, model.posterior().best(i as usize).unwrap().label);
    }
    // A control that nobody voted for is what the item is, and can be taken back.
    let mut stream = MaceStream::fit(Mace::new(), matrix("x,x\ny,y\nx,x\n")).unwrap();
    stream.set_control("0", Some("z")).unwrap();
    stream.update();
    let z = stream.annotations().label_index("z").unwrap();
    assert_eq!(
        (stream.best(0).unwrap().label, stream.best(0).unwrap().probability, stream.entropy(0)),
        (z, 1.0, Some(0.0))
    );
    assert_eq!(stream.model().unwrap().posterior().best(0).unwrap().label, z);
    stream.set_control("0", None).unwrap();
    stream.update();
    assert_eq!(stream.best(0).unwrap().label, 0);
    // What was pushed is not forgotten by no sweeps.
    stream.push("new", "0", "y").unwrap();
    stream.sweep(0);
    stream.update();
    assert!(stream.best(3).is_some());
    // From a model, before there are votes.
    let known = stream.model().unwrap();
    let mut empty = MaceStream::from_model(Mace::new(), Annotations::new(), &known).unwrap();
    assert!(empty.model().is_err());
    empty.push("first", "0", "x").unwrap();
    empty.update();
    assert!(empty.best(0).is_some());
    // Cancelled, and gone on with.
    empty.push("second", "0", "y").unwrap();
    let token = CancelToken::new();
    token.cancel();
    assert!(empty.update_with(&mut Context::new().cancel(&token)).is_err());
    assert!(empty.sweep_with(1, &mut Context::new().cancel(&token)).is_err());
    empty.update();
    assert!(empty.best(1).is_some());
}
