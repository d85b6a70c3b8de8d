//! What cannot be opened, read or written says so, by type, without a password, and is left as it is.

mod store_common;

use planisphere_dashboard::store::{Error, NewItem, Projection, Store, StoreOptions};
use serde_json::json;
use std::time::{Duration, Instant};
use store_common::postgres::Postgres;
use store_common::{item, request, rules};

fn short() -> StoreOptions {
    StoreOptions::new().wait(Duration::from_millis(300))
}

async fn fails(url: &str) -> Error {
    let error = Store::open(url, short()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    error
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// Runs SQL in a file behind the back of a store.
async fn sql(path: &str, sql: &str) {
    use sqlx::{ConnectOptions as _, Executor as _};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    connection.execute(sqlx::raw_sql(sql)).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

#[tokio::test]
async fn files() {
    let folder = tempfile::tempdir().unwrap();
    // Something else.
    let text = path(&folder, "notes.txt");
    std::fs::write(&text, "no database\n".repeat(1000)).unwrap();
    let error = fails(&text).await;
    assert!(matches!(&error, Error::NotADatabase { place, .. } if *place == text), "{error:?}");
    assert_eq!(std::fs::read_to_string(&text).unwrap(), "no database\n".repeat(1000));

    let foreign = path(&folder, "foreign.db");
    sql(&foreign, "CREATE TABLE items (x)").await;
    assert_eq!(fails(&foreign).await, Error::Foreign { place: foreign.clone(), table: "items".into() });

    // No folder; a folder.
    let error = fails(&path(&folder, "nowhere/x.db")).await;
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
    let error = fails(folder.path().to_str().unwrap()).await;
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
    assert!(matches!(fails("sqlite:").await, Error::Url { .. }));
    let error = Store::open("sqlite::memory:", short().readers(0)).await.unwrap_err();
    assert!(matches!(error, Error::InvalidParam { param: "readers", .. }));

    // Made by a later version.
    let newer = path(&folder, "newer.db");
    Store::open(&newer, short()).await.unwrap().close().await;
    sql(&newer, "INSERT INTO _sqlx_migrations SELECT 7, 'later', 0, 1, checksum, 0 FROM _sqlx_migrations").await;
    assert_eq!(fails(&newer).await, Error::Newer { place: newer.clone(), version: 7, known: 1 });

    // Cut off in the middle.
    let cut = path(&folder, "cut.db");
    let store = Store::open(&cut, short()).await.unwrap();
    store.add_items((0..500).map(|i| item(&format!("item {i}"))).collect()).await.unwrap();
    store.close().await;
    // Closed is closed: all of it is in the file.
    assert!(!std::path::Path::new(&format!("{cut}-wal")).exists());
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2 / 4096 * 4096]).unwrap();
    let error = match Store::open(&cut, short()).await {
        Ok(store) => store.all_items().await.map(|items| items.len()).unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, Error::NotADatabase { .. }), "{error:?}");
}

#[tokio::test]
async fn read_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "project.db");
    let store = Store::open(&file, short()).await.unwrap();
    store.add_items(vec![item("a")]).await.unwrap();
    store.close().await;
    let store = Store::open(&format!("sqlite:{file}?mode=ro"), short()).await.unwrap();
    assert_eq!(store.order().await.unwrap(), ["a"]);
    let error = store.add_items(vec![item("b")]).await.unwrap_err();
    assert_eq!(error, Error::ReadOnly { place: file.clone() });
    assert_eq!(store.next("ann", rules(1)).await.unwrap_err(), Error::ReadOnly { place: file.clone() });
    store.close().await;
    let error = fails(&format!("sqlite:{}?mode=ro", path(&folder, "missing.db"))).await;
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "project.db");
    let store = Store::open(&file, short()).await.unwrap();
    store.add_items(vec![item("a")]).await.unwrap();
    let other = sqlx::SqlitePool::connect(&format!("sqlite:{file}")).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let started = Instant::now();
    let error = store.add_items(vec![item("b")]).await.unwrap_err();
    assert!(
        matches!(&error, Error::Busy { place, waited } if *place == file && *waited >= Duration::from_millis(250)),
        "{error:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
    // Reading goes on.
    assert_eq!(store.order().await.unwrap(), ["a"]);
    lock.rollback().await.unwrap();
    store.add_items(vec![item("b")]).await.unwrap();
    // A lock that goes in time is waited for.
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        lock.rollback().await.unwrap();
    };
    let (added, ()) = tokio::join!(store.add_items(vec![item("c")]), release);
    assert_eq!(added.unwrap().added, 1);
    other.close().await;
    store.close().await;
}

#[tokio::test]
async fn damaged() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "project.db");
    let store = Store::open(&file, short()).await.unwrap();
    let with = |id: &str| NewItem { vector: Some(vec![1.0, 2.0]), ..item(id) };
    store.add_items(vec![with("a"), with("b")]).await.unwrap();
    store.annotate("ann", "a", vec![("s".into(), json!("x"))], rules(1)).await.unwrap();
    let p = Projection { key: "p".into(), meta: json!(1), ids: vec!["a".into()], coordinates: vec![[0.0; 2]] };
    store.put_projection(p).await.unwrap();
    store.put_setting("method", json!(1)).await.unwrap();
    store.reorder(&request(&["b"]), rules(1)).await.unwrap();
    sql(&file, "UPDATE vectors SET vector = x'0000803f00' WHERE item = 1; UPDATE contents SET data = '{\"a\":' WHERE item = 1;
        UPDATE annotations SET value = ''; UPDATE projections SET coordinates = x'00'; UPDATE settings SET value = 'umap';
        UPDATE reorderings SET response = '[]'").await;
    let damaged = |what: &str, error: Error| {
        assert!(matches!(&error, Error::Damaged { what: told, .. } if told == what), "{error:?}");
    };
    let error = store.vectors().await.unwrap_err();
    assert_eq!(error.to_string(), "the database is damaged: vector of `b`: 5 bytes instead of 8");
    damaged("vector of `b`", error);
    assert_eq!(store.vectors_of(&["a".to_owned()]).await.unwrap().len(), 1);
    damaged("data of `b`", store.item("b").await.unwrap_err());
    damaged("data of `b`", store.all_items().await.unwrap_err());
    assert!(store.item("a").await.unwrap().is_some());
    damaged("annotation of `a` by `ann`", store.annotations().await.unwrap_err());
    damaged("projection `p`", store.projection("p").await.unwrap_err());
    damaged("setting `method`", store.setting("method").await.unwrap_err());
    damaged("reorder 1", store.undo_reorder().await.unwrap_err());
    // A change that meets damage is not made, and the next one is not touched by it.
    damaged("data of `b`", store.next("ann", rules(1)).await.unwrap_err());
    assert_eq!(store.progress().await.unwrap().leased, 0);
    // Given again, it is whole.
    assert_eq!(store.add_items(vec![with("b")]).await.unwrap().updated, 1);
    assert_eq!(store.next("ann", rules(1)).await.unwrap().unwrap().item.id, "b");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_does_not_touch_others() {
    for kind in store_common::kinds("one_that_fails_does_not_touch_others") {
        let store = kind.open(StoreOptions::new()).await;
        store.add_items(vec![item("a")]).await.unwrap();
        // Handed in at once, they share transactions.
        let tasks: Vec<_> = (0..300u32)
            .map(|i| {
                let store = store.clone();
                tokio::spawn(async move {
                    let id = if i % 3 == 0 { "nobody" } else { "a" };
                    let said = vec![(format!("s{i}"), json!(i))];
                    let done = store.annotate(&format!("annotator {i}"), id, said, rules(0)).await;
                    match done {
                        Ok(done) => assert!(done.first && i % 3 != 0),
                        Err(error) => assert!(error == Error::UnknownItem { id: "nobody".into() } && i % 3 == 0),
                    }
                    let vector = NewItem { vector: Some(vec![0.0; 1 + (i % 2) as usize]), ..item(&format!("v{i}")) };
                    store.add_items(vec![vector]).await.is_ok()
                })
            })
            .collect();
        let mut added = 0;
        for task in tasks {
            added += usize::from(task.await.unwrap());
        }
        assert_eq!(added, 150);
        let items = store.all_items().await.unwrap();
        assert_eq!((items.len(), store.vectors().await.unwrap().len()), (151, 150));
        assert!((0..).zip(&items).all(|(number, item)| item.number == number));
        assert_eq!(store.state("a").await.unwrap().unwrap().annotators, 200);
        assert_eq!((store.annotations().await.unwrap().len(), store.annotators().await.unwrap().len()), (200, 200));
        assert_eq!(store.progress().await.unwrap().annotations, 200);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers() {
    // Nobody is there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = fails(&format!("postgres://ann:s3cret@127.0.0.1:{port}/project?password=s3cret")).await;
    let place = format!("postgres://ann@127.0.0.1:{port}/project");
    assert!(matches!(&error, Error::Connection { place: told, .. } if *told == place), "{error:?}");

    let Some(mut server) = Postgres::start("servers") else { return };
    let error = fails(&server.url("missing")).await;
    assert!(matches!(&error, Error::Open { reason, .. } if reason.contains("missing")), "{error:?}");
    let url = server.database();
    server.sql("test0", "CREATE TABLE items (x INTEGER)");
    assert!(matches!(fails(&url).await, Error::Foreign { table, .. } if table == "items"));
    let url = server.database();
    let options = StoreOptions::new().wait(Duration::from_secs(20));
    let store = Store::open(&url, options).await.unwrap();
    assert!(!store.place().contains("s3cret") && !format!("{store:?}").contains("s3cret"), "{store:?}");
    store.add_items(vec![item("a"), item("b")]).await.unwrap();

    // A schema of one's own.
    server.sql("test1", "CREATE SCHEMA mine");
    let mine = Store::open(&format!("{url}?options=-c%20search_path%3Dmine"), short()).await.unwrap();
    assert_eq!(mine.item_count().await.unwrap(), 0);
    mine.close().await;

    // All connections are cut: nobody notices.
    server.sql(
        "test1",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'test1' AND pid <> pg_backend_pid()",
    );
    assert_eq!(store.order().await.unwrap(), ["a", "b"]);
    server.sql(
        "test1",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'test1' AND pid <> pg_backend_pid()",
    );
    assert!(store.annotate("ann", "a", vec![], rules(1)).await.unwrap().first);

    // Killed, and back after a while.
    server.kill();
    let (later, server) = tokio::join!(store.annotate("ann", "b", vec![], rules(1)), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        tokio::task::spawn_blocking(move || {
            server.restart();
            server
        })
        .await
        .unwrap()
    });
    assert!(later.unwrap().first);
    assert_eq!(store.progress().await.unwrap().annotations, 2);
    server
        .sql("test1", "INSERT INTO _sqlx_migrations SELECT 7, 'later', now(), true, checksum, 0 FROM _sqlx_migrations");
    assert!(matches!(fails(&url).await, Error::Newer { version: 7, known: 1, .. }));
    drop(server);
    // And gone for good.
    store.clone().close().await;
    assert_eq!(store.order().await.unwrap_err(), Error::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opened_at_the_same_moment() {
    for kind in store_common::kinds("opened_at_the_same_moment") {
        if let store_common::Kind::Memory = kind {
            continue;
        }
        let url = kind.url();
        let open = |i: usize| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = Store::open(&url, StoreOptions::new()).await.unwrap();
                store.add_items(vec![item(&format!("item {i}")), item("all")]).await.unwrap();
                store.close().await;
            })
        };
        let tasks: Vec<_> = (0..8).map(open).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let store = Store::open(&url, StoreOptions::new()).await.unwrap();
        assert_eq!(store.item_count().await.unwrap(), 9);
        store.close().await;
    }
}

/// A commit that takes place, but is not answered: the change is made once, and its caller is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_not_answered() {
    let Some(server) = Postgres::start("a_commit_that_is_not_answered") else { return };
    let store = Store::open(&server.database(), StoreOptions::new()).await.unwrap();
    store.add_items(vec![item("a"), item("b")]).await.unwrap();
    // The server keeps what is committed, and then waits for a replica that does not come.
    let settle = |sql: &str| {
        server.sql("test0", sql);
        server.sql("test0", "SELECT pg_reload_conf()");
    };
    settle("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    let reorder = tokio::spawn({
        let store = store.clone();
        async move { store.reorder(&request(&["b"]), rules(1)).await }
    });
    let waiting = "FROM pg_stat_activity WHERE datname = 'test0' AND wait_event = 'SyncRep'";
    let started = Instant::now();
    while server.sql("test0", &format!("SELECT COUNT(*) {waiting}")) != "1" {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.sql("test0", &format!("SELECT pg_terminate_backend(pid) {waiting}"));
    assert_eq!(reorder.await.unwrap().unwrap().0, 1);
    assert_eq!(store.reorderings(9).await.unwrap().len(), 1);
    assert_eq!(store.order().await.unwrap(), ["b", "a"]);
    settle("ALTER SYSTEM RESET synchronous_standby_names");
    assert_eq!(store.reorder(&request(&["a"]), rules(1)).await.unwrap().0, 2);
    store.close().await;
}
