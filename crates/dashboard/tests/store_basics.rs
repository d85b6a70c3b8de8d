//! What goes into a store comes out, from both databases.

mod store_common;

use planisphere_dashboard::store::{
    Added, Clock, Draft, Error, ItemState, NewItem, Projection, Rules, Store, StoreOptions,
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use store_common::{Kind, data, item, kinds, request, rules};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_and_vectors() {
    for kind in kinds("items_and_vectors") {
        let store = kind.open(StoreOptions::new()).await;
        let with = |id: &str, vector: &[f32]| NewItem { vector: Some(vector.to_vec()), ..item(id) };
        let added = store.add_items(vec![with("a", &[1.0, -0.0]), item("b"), item("c"), item("b")]).await.unwrap();
        assert_eq!(added, Added { added: 3, updated: 0, unchanged: 1 });
        assert_eq!(store.item_count().await.unwrap(), 3);
        let before = store.versions().await.unwrap();

        // Nothing new.
        let again = store.add_items(vec![item("a"), item("c")]).await.unwrap();
        assert_eq!(again, Added { added: 0, updated: 0, unchanged: 2 });
        assert_eq!(store.versions().await.unwrap(), before);
        assert_eq!(store.vectors().await.unwrap(), [("a".to_owned(), vec![1.0, -0.0])]);
        assert!(store.vectors().await.unwrap()[0].1[1].is_sign_negative());

        // Other data: the vector belonged to the old ones.
        let other = NewItem { data: data(json!({ "text": "other" })), ..item("a") };
        assert_eq!(
            store.add_items(vec![other.clone(), item("d")]).await.unwrap(),
            Added { added: 1, updated: 1, unchanged: 0 }
        );
        assert_eq!(store.item("a").await.unwrap().unwrap().data, other.data);
        assert!(store.vectors().await.unwrap().is_empty());
        let waiting = store.items_without_vector(3).await.unwrap();
        assert_eq!(
            waiting.iter().map(|i| (i.id.as_str(), i.number)).collect::<Vec<_>>(),
            [("a", 0), ("b", 1), ("c", 2)]
        );
        store
            .set_vectors(vec![("c".into(), vec![5.0, 6.0]), ("a".into(), vec![0.0, 0.0]), ("a".into(), vec![3.0, 4.0])])
            .await
            .unwrap();
        assert_eq!(
            store.vectors().await.unwrap(),
            [("a".to_owned(), vec![3.0, 4.0]), ("c".to_owned(), vec![5.0, 6.0])]
        );
        let of = store.vectors_of(&["c", "nobody", "b", "c"].map(String::from)).await.unwrap();
        assert_eq!(of, [("c".to_owned(), vec![5.0, 6.0]), ("c".to_owned(), vec![5.0, 6.0])]);
        assert_eq!(store.items_without_vector(9).await.unwrap().len(), 2);
        assert_eq!(store.versions().await.unwrap().items, before.items + 2);

        let ids = ["d", "nobody", "a", "d"].map(String::from);
        assert_eq!(store.items(&ids).await.unwrap().iter().map(|i| i.number).collect::<Vec<_>>(), [3, 0, 3]);
        assert_eq!(
            store.all_items().await.unwrap().iter().map(|i| i.id.as_str()).collect::<Vec<_>>(),
            ["a", "b", "c", "d"]
        );
        assert_eq!(store.order().await.unwrap(), ["a", "b", "c", "d"]);
        assert!(store.item("nobody").await.unwrap().is_none() && store.state("nobody").await.unwrap().is_none());

        // One wrong vector, and nothing of the list is taken.
        let versions = store.versions().await.unwrap();
        let error = store.add_items(vec![item("new"), with("e", &[1.0])]).await.unwrap_err();
        assert_eq!(error, Error::Dimension { id: "e".into(), expected: 2, found: 1 });
        let error =
            store.set_vectors(vec![("a".into(), vec![9.0, 9.0]), ("zzz".into(), vec![1.0, 2.0])]).await.unwrap_err();
        assert_eq!(error, Error::UnknownItem { id: "zzz".into() });
        let error = store.set_vectors(vec![("a".into(), vec![1.0, f32::NAN])]).await.unwrap_err();
        assert_eq!(error, Error::NotFinite { id: "a".into(), index: 1, value: "NaN".into() });
        assert_eq!(store.add_items(vec![with("e", &[])]).await.unwrap_err(), Error::EmptyVector { id: "e".into() });
        assert_eq!(store.versions().await.unwrap(), versions);
        assert_eq!(store.item_count().await.unwrap(), 4);
        assert_eq!(store.vectors_of(&["a".to_owned()]).await.unwrap()[0].1, [3.0, 4.0]);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_text_and_number() {
    let long = "x".repeat(100_000) + "é🦀";
    let ids = [
        "",
        " ",
        "a'b\"c\\",
        "</script><img src=x onerror=alert(1)>",
        "שלום\u{202e}abc",
        "👩‍👩‍👧‍👦",
        "e\u{301}",
        "\u{e9}",
        "\u{10ffff}\u{fffe}",
        "%s;--\n\r\t\u{1}",
        &long,
    ];
    for kind in kinds("any_text_and_number") {
        let store = kind.open(StoreOptions::new()).await;
        let odd = json!({
            "text": "with \0 and \u{7f}", long.clone(): long.clone(), "deep": [[{"a": null}], {}, true],
            "numbers": [0.1 + 0.2, 5e-324, f64::MAX, -0.0, 1.0, 1, u64::MAX, i64::MIN, 1e300, 123_456_789.123_456_78],
        });
        let items: Vec<NewItem> = ids.iter().map(|id| NewItem { data: data(odd.clone()), ..item(id) }).collect();
        assert_eq!(store.add_items(items.clone()).await.unwrap().added, ids.len() as u64);
        let found = store.all_items().await.unwrap();
        for ((found, given), id) in found.iter().zip(&items).zip(ids) {
            assert_eq!((&found.id, &found.data), (&given.id, &given.data));
            assert_eq!(serde_json::to_string(&found.data).unwrap(), serde_json::to_string(&given.data).unwrap());
            let said = vec![(id.to_owned(), odd.clone()), ("scheme".to_owned(), json!(-0.0))];
            let done = store.annotate(id, id, said.clone(), rules(0)).await.unwrap();
            assert!(done.first && done.annotators == 1);
            let read = store.annotations_of(id).await.unwrap();
            assert_eq!(read.len(), 2);
            for (annotation, (scheme, value)) in read.iter().zip(&said) {
                let names = [&annotation.instance_id, &annotation.annotator];
                assert!(names.iter().all(|name| *name == id) || annotation.scheme == "scheme");
                if &annotation.scheme == scheme {
                    assert_eq!(annotation.value.to_string(), value.to_string());
                }
            }
            store.put_setting(id, odd.clone()).await.unwrap();
            assert_eq!(store.setting(id).await.unwrap(), Some(odd.clone()));
        }
        assert_eq!(store.add_items(items).await.unwrap().unchanged, ids.len() as u64);
        assert_eq!(store.annotators().await.unwrap().iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ids);
        assert_eq!(store.next(&long, rules(0)).await.unwrap().unwrap().item.id, "");

        // NUL: named, and the same in both databases.
        let nul = |what, text: &str| Error::Nul { what, text: text.to_owned() };
        assert_eq!(store.add_items(vec![item("fine"), item("a\0b")]).await.unwrap_err(), nul("item", "a\0b"));
        assert!(store.item("fine").await.unwrap().is_none());
        assert!(store.item("a\0b").await.unwrap().is_none());
        assert_eq!(store.next("\0", rules(1)).await.unwrap_err(), nul("annotator", "\0"));
        let error = store.annotate("ann", "", vec![("s\0".into(), json!(1))], rules(1)).await.unwrap_err();
        assert_eq!(error, nul("scheme", "s\0"));
        assert_eq!(error.to_string(), "scheme `s\\u{0}` holds the character NUL");
        assert_eq!(store.put_setting("\0", json!(1)).await.unwrap_err(), nul("setting", "\0"));
        assert_eq!(store.put_draft("\0", Draft::default()).await.unwrap_err(), nul("draft", "\0"));
        assert_eq!(store.put_results(vec![("\0".into(), json!(1))], 0).await.unwrap_err(), nul("result", "\0"));
        let error = store.annotate("ann", "a\0b", vec![], rules(1)).await.unwrap_err();
        assert_eq!(error, Error::UnknownItem { id: "a\0b".into() });
        assert!(
            store.annotate(&long, &"y".repeat(100_000), vec![], rules(1)).await.unwrap_err().to_string().len() < 500
        );
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn annotations() {
    for kind in kinds("annotations") {
        let clock = Clock::manual(1000);
        let store = kind.open(StoreOptions::new().clock(clock.clone())).await;
        store.add_items(["a", "b", "c"].map(item).into()).await.unwrap();
        let say = async |who: &str, id: &str, what: Value| {
            clock.advance(Duration::from_millis(1));
            let said = data(what).into_iter().collect();
            store.annotate(who, id, said, rules(2)).await.unwrap()
        };
        let done = say("ann", "b", json!({"mood": "good", "tags": ["x", "y"]})).await;
        assert_eq!((done.annotators, done.finished, done.first, done.annotations_total), (1, false, true, 1));
        // Said again: it replaces the same scheme only, and counts once.
        let done = say("ann", "b", json!({"mood": "bad"})).await;
        assert_eq!((done.annotators, done.finished, done.first, done.annotations_total), (1, false, false, 1));
        let done = say("ben", "b", json!({"mood": "good"})).await;
        assert_eq!((done.annotators, done.finished, done.first, done.annotations_total), (2, true, true, 2));
        let done = say("cleo", "b", json!({})).await;
        assert_eq!((done.annotators, done.finished, done.first, done.annotations_total), (3, true, true, 3));
        say("cleo", "a", json!({"mood": 3})).await;

        let told: Vec<_> = store
            .annotations()
            .await
            .unwrap()
            .into_iter()
            .map(|a| format!("{} {} {} {} {}", a.instance_id, a.annotator, a.scheme, a.value, a.at))
            .collect();
        let all = [
            "a cleo mood 3 1005",
            "b ann tags [\"x\",\"y\"] 1001",
            "b ann mood \"bad\" 1002",
            "b ben mood \"good\" 1003",
        ];
        assert_eq!(told, all);
        assert_eq!(store.annotations_of("b").await.unwrap().len(), 3);
        assert!(
            store.annotations_of("c").await.unwrap().is_empty() && store.annotations_of("?").await.unwrap().is_empty()
        );
        let who: Vec<_> = store.annotators().await.unwrap().into_iter().map(|a| (a.name, a.items, a.last)).collect();
        assert_eq!(who, [("ann".into(), 1, Some(1002)), ("ben".into(), 1, Some(1003)), ("cleo".into(), 2, Some(1005))]);
        let state = |id: &str, annotators, finished| ItemState { id: id.into(), annotators, finished };
        assert_eq!(store.states().await.unwrap(), [state("a", 1, false), state("b", 3, true), state("c", 0, false)]);
        assert_eq!(store.state("b").await.unwrap(), Some(state("b", 3, true)));

        store.next("dan", rules(2)).await.unwrap();
        let p = store.progress().await.unwrap();
        assert_eq!((p.items, p.annotated, p.finished, p.remaining, p.annotations, p.leased), (3, 2, 1, 2, 4, 1));
        let error = store.annotate("ann", "zzz", vec![], rules(2)).await.unwrap_err();
        assert_eq!(error, Error::UnknownItem { id: "zzz".into() });
        assert_eq!(store.annotators().await.unwrap().len(), 4);

        // Other rules: what is finished changes with them.
        store.use_rules(rules(1)).await.unwrap();
        assert_eq!(store.progress().await.unwrap().finished, 2);
        store.use_rules(rules(0)).await.unwrap();
        assert_eq!(store.progress().await.unwrap().finished, 0);
        store.use_rules(rules(4)).await.unwrap();
        assert_eq!(store.queue(0, 10).await.unwrap().remaining, 3);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handing_out() {
    for kind in kinds("handing_out") {
        let clock = Clock::manual(1_000_000);
        let store = kind.open(StoreOptions::new().clock(clock.clone())).await;
        store.add_items(["a", "b", "c"].map(item).into()).await.unwrap();
        let next = async |who: &str, rules: Rules| store.next(who, rules).await.unwrap().map(|l| l.item.id);
        let one = rules(1);
        assert_eq!(next("ann", one).await.as_deref(), Some("a"));
        assert_eq!(next("ben", one).await.as_deref(), Some("b"));
        // The same again, for another minute.
        clock.advance(Duration::from_secs(50));
        let lease = store.next("ann", one).await.unwrap().unwrap();
        assert_eq!(lease.item, store.item("a").await.unwrap().unwrap());
        assert_eq!(lease.until, SystemTime::UNIX_EPOCH + Duration::from_secs(1110));
        assert_eq!(next("cleo", one).await.as_deref(), Some("c"));
        assert_eq!(next("dan", one).await, None);
        // Ben's minute is over.
        clock.advance(Duration::from_secs(10));
        assert_eq!(next("dan", one).await.as_deref(), Some("b"));
        assert_eq!(next("ben", one).await, None);
        assert!(store.release("cleo").await.unwrap());
        assert!(!store.release("cleo").await.unwrap() && !store.release("nobody").await.unwrap());
        assert_eq!(next("ben", one).await.as_deref(), Some("c"));
        let page = store.queue(1, 5).await.unwrap();
        assert_eq!((page.total, page.remaining, page.items.len()), (3, 3, 2));
        let first = &page.items[0];
        assert_eq!(
            (first.id.as_str(), first.position, first.annotators, &first.leased_to),
            ("b", 1, 0, &vec!["dan".to_owned()])
        );
        // Who comes too late is heard, and does not get it again; the one who has it is given another.
        assert!(store.annotate("cleo", "b", vec![], one).await.unwrap().finished);
        assert_eq!(next("dan", one).await, None);
        // An annotation of another item does not end a lease.
        store.annotate("ann", "c", vec![], one).await.unwrap();
        assert_eq!(next("ann", one).await.as_deref(), Some("a"));
        store.annotate("ann", "a", vec![], one).await.unwrap();
        assert_eq!(next("ann", one).await, None);
        assert_eq!(store.progress().await.unwrap().remaining, 0);

        // Two an item: those who annotated and those who have it in hand are never more.
        let two = rules(2);
        store.add_items(["d", "e"].map(item).into()).await.unwrap();
        assert_eq!(next("eve", two).await.as_deref(), Some("a"));
        assert_eq!(next("fay", two).await.as_deref(), Some("b"));
        assert_eq!(next("ann", two).await.as_deref(), Some("d"));
        // Ben has had it all the time, and ann has annotated it.
        assert_eq!(next("ben", two).await.as_deref(), Some("c"));
        assert_eq!(next("gus", two).await.as_deref(), Some("d"));
        assert_eq!(next("hal", two).await.as_deref(), Some("e"));
        // No limit: everybody gets the first they have not annotated.
        let none = rules(0);
        store.release("hal").await.unwrap();
        assert_eq!(next("hal", none).await.as_deref(), Some("a"));
        // As many as the annotator may.
        let few = Rules { items_per_annotator: Some(1), ..none };
        assert_eq!(next("ivy", few).await.as_deref(), Some("a"));
        store.annotate("ivy", "c", vec![], few).await.unwrap();
        assert_eq!(next("ivy", few).await, None);
        assert!(!store.release("ivy").await.unwrap());
        assert_eq!(next("ivy", none).await.as_deref(), Some("a"));
        // The counter knows.
        let before = store.versions().await.unwrap().queue;
        clock.advance(Duration::from_secs(61));
        assert_eq!(store.progress().await.unwrap().leased, 0);
        next("ivy", none).await;
        assert!(store.versions().await.unwrap().queue > before);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reorders() {
    for kind in kinds("reorders") {
        let store = kind.open(StoreOptions::new()).await;
        store.add_items(["a", "b", "c", "d"].map(item).into()).await.unwrap();
        store.annotate("ann", "b", vec![], rules(1)).await.unwrap();
        let order = async || store.order().await.unwrap().concat();
        let (number, response) = store.reorder(&request(&["d", "nobody", "b", "d"]), rules(1)).await.unwrap();
        assert_eq!(
            (number, response.reordered_count, response.moved_count, response.remaining_count),
            (1, 3, Some(2), Some(3))
        );
        assert_eq!(response.new_order_preview, ["d", "nobody", "b"]);
        assert_eq!(response.unknown_ids.as_deref(), Some(&["nobody".to_owned()][..]));
        assert_eq!(order().await, "dbac");
        store.reorder(&request(&["c", "d"]), rules(1)).await.unwrap();
        assert_eq!(order().await, "cdba");
        store.add_items(["e", "f"].map(item).into()).await.unwrap();
        assert_eq!(order().await, "cdbaef");
        assert_eq!(store.undo_reorder().await.unwrap().map(|r| (r.number, r.undone)), Some((2, true)));
        assert_eq!(order().await, "dbacef");
        store.add_items(["g"].map(item).into()).await.unwrap();
        assert_eq!(store.undo_reorder().await.unwrap().map(|r| (r.number, r.undone)), Some((1, true)));
        assert_eq!(order().await, "abcdefg");
        assert_eq!(store.undo_reorder().await.unwrap(), None);
        assert_eq!(store.redo_reorder().await.unwrap().map(|r| (r.number, r.undone)), Some((1, false)));
        assert_eq!(order().await, "dbacefg");
        // Another reorder: what was undone stays undone.
        store.reorder(&request(&["g"]), rules(1)).await.unwrap();
        assert_eq!(store.redo_reorder().await.unwrap(), None);
        assert_eq!(order().await, "gdbacef");
        let log: Vec<_> = store
            .reorderings(9)
            .await
            .unwrap()
            .iter()
            .map(|r| (r.number, r.undone, r.response.reordered_count))
            .collect();
        assert_eq!(log, [(3, false, 1), (2, true, 2), (1, false, 3)]);
        assert_eq!(store.reorderings(1).await.unwrap()[0].number, 3);
        // Nothing known, nothing moved, but noted.
        let (number, response) = store.reorder(&request(&["nobody"]), rules(1)).await.unwrap();
        assert_eq!((number, response.moved_count), (4, Some(0)));
        assert_eq!(store.undo_reorder().await.unwrap().map(|r| r.number), Some(4));
        assert_eq!(store.undo_reorder().await.unwrap().map(|r| r.number), Some(3));
        assert_eq!(store.undo_reorder().await.unwrap().map(|r| r.number), Some(1));
        assert_eq!(order().await, "abcdefg");
        for number in [1, 3, 4] {
            assert_eq!(store.redo_reorder().await.unwrap().map(|r| r.number), Some(number));
        }
        assert_eq!((order().await.as_str(), store.redo_reorder().await.unwrap()), ("gdbacef", None));
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept() {
    for kind in kinds("what_is_kept") {
        let clock = Clock::manual(5000);
        let store = kind.open(StoreOptions::new().clock(clock.clone())).await;
        // Projections.
        assert_eq!(store.projection("k").await.unwrap(), None);
        let coordinates = vec![[0.1, f32::MIN_POSITIVE / 2.0], [-0.0, f32::MAX]];
        let p =
            Projection { key: "k".into(), meta: json!({"n": 0.1}), ids: vec!["a".into(), "\0".into()], coordinates };
        store.put_projection(p.clone()).await.unwrap();
        assert_eq!(store.projection("k").await.unwrap(), Some(p.clone()));
        for key in ["l", "m"] {
            clock.advance(Duration::from_millis(1));
            let p = Projection { key: key.into(), ids: vec![], coordinates: vec![], ..p.clone() };
            store.put_projection(p).await.unwrap();
        }
        let keys: Vec<_> = store.projections().await.unwrap().into_iter().map(|(key, at, _)| (key, at)).collect();
        assert_eq!(keys, [("m".to_owned(), 5002), ("l".to_owned(), 5001), ("k".to_owned(), 5000)]);
        assert_eq!(store.prune_projections(2).await.unwrap(), 1);
        assert_eq!(store.projection("k").await.unwrap(), None);
        let ragged = Projection { ids: vec![], ..p };
        assert_eq!(
            store.put_projection(ragged).await.unwrap_err(),
            Error::Ragged { key: "k".into(), ids: 0, points: 2 }
        );

        // Drafts.
        assert_eq!(store.draft("groups").await.unwrap(), Draft::default());
        let mine = store.put_draft("groups", Draft { version: 0, groups: json!([{"name": "A"}]) }).await.unwrap();
        assert_eq!(mine.version, 1);
        let late = store.put_draft("groups", Draft { version: 0, groups: json!([]) }).await.unwrap_err();
        assert_eq!(late, Error::Conflict { name: "groups".into(), given: 0, current: 1 });
        assert_eq!(store.draft("groups").await.unwrap(), mine);
        assert_eq!(store.put_draft("groups", mine).await.unwrap().version, 2);

        // Settings and results.
        let before = store.versions().await.unwrap();
        assert_eq!(store.setting("method").await.unwrap(), None);
        store.put_setting("method", json!("umap")).await.unwrap();
        store.put_setting("method", json!(null)).await.unwrap();
        assert_eq!(store.setting("method").await.unwrap(), Some(Value::Null));
        assert_eq!(store.versions().await.unwrap().settings, before.settings + 2);
        assert!(store.put_results(vec![("b".into(), json!(1)), ("a".into(), json!(2))], 7).await.unwrap());
        assert!(!store.put_results(vec![], 6).await.unwrap());
        assert_eq!(store.results().await.unwrap(), [("a".to_owned(), json!(2)), ("b".to_owned(), json!(1))]);
        assert!(store.put_results(vec![("c".into(), json!(3))], 7).await.unwrap());
        assert_eq!((store.result("a").await.unwrap(), store.result("c").await.unwrap()), (None, Some(json!(3))));
        assert_eq!(store.results_version().await.unwrap(), 7);
        assert_eq!(store.versions().await.unwrap().models, before.models + 2);

        // Sessions.
        let until = |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        store.add_session(&[1; 32], until(6000)).await.unwrap();
        store.add_session(&[2; 32], until(7000)).await.unwrap();
        assert!(store.session(&[1; 32]).await.unwrap() && !store.session(&[3; 32]).await.unwrap());
        clock.advance(Duration::from_millis(998));
        assert!(!store.session(&[1; 32]).await.unwrap());
        assert_eq!(store.prune_sessions().await.unwrap(), 1);
        assert!(store.end_session(&[2; 32]).await.unwrap() && !store.end_session(&[2; 32]).await.unwrap());
        assert!(!store.session(&[2; 32]).await.unwrap());
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opened_again() {
    for kind in kinds("opened_again") {
        if let Kind::Memory = kind {
            continue;
        }
        let url = kind.url();
        let store = Store::open(&url, StoreOptions::new()).await.unwrap();
        store.add_items(vec![NewItem { vector: Some(vec![1.0]), ..item("a") }, item("b")]).await.unwrap();
        store.next("ann", rules(1)).await.unwrap();
        store.reorder(&request(&["b"]), rules(1)).await.unwrap();
        let other = store.clone();
        // What was handed in before it is closed is done.
        let (done, ()) =
            tokio::join!(store.annotate("ben", "b", vec![("s".into(), json!(1))], rules(1)), other.clone().close());
        done.unwrap();
        assert_eq!(other.next("ann", rules(1)).await.unwrap_err(), Error::Closed);
        assert_eq!(other.order().await.unwrap_err(), Error::Closed);

        let store = Store::open(&url, StoreOptions::new()).await.unwrap();
        assert_eq!(store.order().await.unwrap(), ["b", "a"]);
        assert_eq!(store.next("ann", rules(1)).await.unwrap().unwrap().item.id, "a");
        assert_eq!(store.annotations().await.unwrap().len(), 1);
        assert_eq!(store.vectors().await.unwrap().len(), 1);
        assert_eq!(store.undo_reorder().await.unwrap().unwrap().number, 1);
        store.close().await;
    }
}
