//! Files, formats and locks.

use planisphere_core::CancelToken;
use planisphere_database::redb::{self, Database, ReadableDatabase, TableDefinition, TableError};
use planisphere_database::{Container, Error, Format, begin_write};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::time::Duration;

const FORMAT: Format = Format::new(b"a test's files.\n", 2);
const COUNT: TableDefinition<'_, (), u64> = TableDefinition::new("count");

fn count(db: &Database) -> Result<u64, redb::Error> {
    match db.begin_read()?.open_table(COUNT) {
        Err(TableError::TableDoesNotExist(_)) => Ok(0),
        table => Ok(table?.get(())?.map_or(0, |row| row.value())),
    }
}

fn increase(db: &Database) -> Result<u64, redb::Error> {
    let next = count(db)? + 1;
    let transaction = begin_write(db)?;
    transaction.open_table(COUNT)?.insert((), next)?;
    transaction.commit()?;
    Ok(next)
}

#[test]
fn a_file_is_made_written_read_and_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let token = CancelToken::new();
    let container = Container::new(folder.path().join("a.db"), FORMAT);
    assert_eq!(container.read(&token, count), Ok(None));
    assert_eq!(container.size(), Ok(0));
    container.create(&token).unwrap();
    assert_eq!(container.read(&token, count), Ok(Some(0)));
    assert_eq!([1, 2], [(); 2].map(|()| container.write(&token, increase).unwrap()));
    assert_eq!(container.read(&token, count), Ok(Some(2)));
    // What a reader writes is forgotten.
    assert_eq!(container.read(&token, increase), Ok(Some(3)));
    assert_eq!(container.read(&token, count), Ok(Some(2)));
    assert!(container.size().unwrap() > 0);
    container.clear(&token).unwrap();
    assert_eq!(container.read(&token, count), Ok(None));
    assert_eq!(container.write(&token, increase), Ok(1));
}

#[test]
fn other_files_are_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let token = CancelToken::new();
    let other = Container::new(&path, Format::new(b"another's files\n", 2));
    let later = Container::new(&path, Format::new(&FORMAT_MAGIC, 3));
    let own = Container::new(&path, FORMAT);
    later.create(&token).unwrap();
    let bytes = fs::read(&path).unwrap();
    for error in [own.create(&token), own.clear(&token), own.write(&token, increase).map(drop)] {
        assert!(matches!(error, Err(Error::Newer { version: 3, known: 2, .. })), "{error:?}");
    }
    for error in [other.create(&token), other.clear(&token), other.write(&token, increase).map(drop)] {
        assert!(matches!(error, Err(Error::Foreign { .. })), "{error:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(later.create(&token), Err(Error::Damaged { .. })));
    later.clear(&token).unwrap();
    own.create(&token).unwrap();
    let nowhere = Container::new(folder.path().join("no/where"), FORMAT);
    assert!(matches!(nowhere.check_writable(), Err(Error::Io { kind: ErrorKind::NotFound, .. })));
}

const FORMAT_MAGIC: [u8; 16] = *b"a test's files.\n";

#[test]
fn a_file_in_use_is_waited_for_until_time_is_up_or_somebody_cancels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let token = CancelToken::new();
    let container = Container::new(&path, FORMAT).wait(Duration::from_millis(30));
    assert_eq!(container.write(&token, increase), Ok(1));
    let file = File::open(&path).unwrap();
    file.lock_shared().unwrap();
    assert_eq!(container.read(&token, count), Ok(Some(1)));
    assert!(matches!(container.write(&token, increase), Err(Error::Busy { .. })));
    token.cancel();
    assert!(matches!(container.write(&token, increase), Err(Error::Cancelled(_))));
    drop(file);
    assert_eq!(container.write(&token, increase), Ok(2));
}

#[test]
fn threads_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let container = Container::new(folder.path().join("a.db"), FORMAT);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    container.write(&CancelToken::new(), increase).unwrap();
                }
            });
        }
    });
    assert_eq!(container.read(&CancelToken::new(), count), Ok(Some(40)));
}
