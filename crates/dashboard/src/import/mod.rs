//! Items from files, with all their columns.

mod delimited;
mod error;
mod jsonl;

pub use error::{Error, Result};

use crate::config::ItemProperties;
use crate::store::NewItem;
use planisphere::core::Matrix;
use planisphere::dataset::{Format, TableReader, Vectors};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::Path;

/// Reads the items of a `.csv`, `.tsv` or `.jsonl` file: all its columns, ids by the column of
/// [`ItemProperties::id_key`], or the numbers of the rows where there is none, and vectors from the columns
/// `embedding_1`, `embedding_2`, ..., or `embedding` or `vector`, if there are any.
///
/// Numbers in CSV and TSV are numbers where their whole column is; blank cells are left out.
///
/// # Errors
/// [`enum@Error`] with the file, and the line where there is one.
pub fn read(path: impl AsRef<Path>, names: &ItemProperties) -> Result<Vec<NewItem>> {
    let path = path.as_ref();
    let format = Format::from_path(path)?;
    let rows = match format {
        Format::Csv => delimited::read(path, b',', names)?,
        Format::Tsv => delimited::read(path, b'\t', names)?,
        Format::Jsonl => jsonl::read(path)?,
        _ => return Err(Error::NoTable { path: path.to_owned() }),
    };
    let columns: Vec<String> = rows.first().map(|(_, row)| row.keys().cloned().collect()).unwrap_or_default();
    let vectors = vectors(path, &columns, names)?;
    let mut lines: HashMap<String, u64> = HashMap::with_capacity(rows.len());
    let mut items = Vec::with_capacity(rows.len());
    for (i, (line, mut data)) in rows.into_iter().enumerate() {
        let id = id(i, line, &data, path, names)?;
        if let Some(first) = lines.insert(id.clone(), line) {
            return Err(Error::DuplicateId { path: path.to_owned(), id, first, second: line });
        }
        let vector = vectors.as_ref().map(|m| m.row(i).to_vec());
        if vector.is_some() {
            data.retain(|name, _| !is_vector(name));
        }
        items.push(NewItem { id, data, vector });
    }
    Ok(items)
}

/// Gives the items these vectors, one row an item, in the order of the items.
///
/// # Errors
/// [`Error::Rows`] if there are not as many.
pub fn with_vectors(items: Vec<NewItem>, vectors: &Matrix) -> Result<Vec<NewItem>> {
    if items.len() != vectors.rows() {
        return Err(Error::Rows { items: items.len(), vectors: vectors.rows() });
    }
    let with = |(i, item): (usize, NewItem)| NewItem { vector: Some(vectors.row(i).to_vec()), ..item };
    Ok(items.into_iter().enumerate().map(with).collect())
}

/// Rows with the lines on which they start.
type Rows = Vec<(u64, Map<String, Value>)>;

fn id(i: usize, line: u64, data: &Map<String, Value>, path: &Path, names: &ItemProperties) -> Result<String> {
    match data.get(&names.id_key) {
        None => Ok(i.to_string()),
        Some(Value::String(s)) if !s.is_empty() => Ok(s.clone()),
        Some(Value::Number(n)) => Ok(n.to_string()),
        Some(_) => Err(Error::NoId { path: path.to_owned(), line, column: names.id_key.clone() }),
    }
}

fn is_vector(name: &str) -> bool {
    let numbered = name.strip_prefix("embedding_").is_some_and(|n| n.parse::<u32>().is_ok());
    numbered || name == "embedding" || name == "vector"
}

fn vectors(path: &Path, columns: &[String], names: &ItemProperties) -> Result<Option<Matrix>> {
    if !columns.iter().any(|name| is_vector(name)) {
        return Ok(None);
    }
    let mut reader = TableReader::new().vectors(Vectors::Auto);
    if columns.contains(&names.id_key) {
        reader = reader.id(&names.id_key);
    }
    Ok(reader.read(path)?.into_parts().vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(name: &str, content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    fn items(name: &str, content: &str) -> Result<Vec<NewItem>> {
        let (_folder, path) = file(name, content);
        read(path, &ItemProperties::default())
    }

    #[test]
    fn columns_of_numbers_are_numbers() {
        let csv = "id,text,n,code,mixed\n01,\"a,\nb\",1.5,007,3\n02,7,,008,x\n";
        let found = items("a.csv", csv).unwrap();
        assert_eq!(found[0].id, "01");
        assert_eq!(
            Value::Object(found[0].data.clone()),
            json!({"id": "01", "text": "a,\nb", "n": 1.5, "code": "007", "mixed": "3"})
        );
        assert_eq!(Value::Object(found[1].data.clone()), json!({"id": "02", "text": "7", "code": "008", "mixed": "x"}));
        assert_eq!(found, items("a.tsv", &csv.replace(',', "\t").replace("a\t", "a,")).unwrap());
    }

    #[test]
    fn objects_are_kept_as_they_are() {
        let found = items(
            "a.jsonl",
            "{\"id\": 7, \"tags\": [\"x\"], \"vector\": [1, 2]}\n\n{\"id\":\"b\",\"tags\":null,\"vector\":[0.5,1]}\n",
        )
        .unwrap();
        assert_eq!(
            found[0],
            NewItem {
                id: "7".into(),
                data: json!({"id": 7, "tags": ["x"]}).as_object().unwrap().clone(),
                vector: Some(vec![1.0, 2.0]),
            }
        );
        assert_eq!(found[1].vector, Some(vec![0.5, 1.0]));
    }

    #[test]
    fn rows_without_ids_are_numbered() {
        let found = items("a.csv", "text\nx\ny\n").unwrap();
        assert_eq!(found.iter().map(|i| i.id.as_str()).collect::<Vec<_>>(), ["0", "1"]);
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (name, content, message) in [
            ("a.csv", "id,text\na,x\nb,y\na,z\n", "line 4: the id \"a\" is that of line 2"),
            ("a.csv", "id,text\n,x\n", "line 2: the column id holds no id"),
            ("a.csv", "id,text\na\n", "line 2: 1 cell where there are 2 columns"),
            ("a.csv", "id,id\na,b\n", "line 1: there are two columns id"),
            ("a.jsonl", "{\"id\":\"a\"}\n{\"id\":\n", "line 2: "),
            ("a.jsonl", "[1]\n", "line 1: is no object"),
            ("a.txt", "", "a.txt"),
            ("a.npy", "", "is no table"),
        ] {
            let e = items(name, content).unwrap_err().to_string();
            assert!(e.contains(message), "{content:?}: {e}");
        }
        assert!(matches!(items("a.csv", "id,text\n"), Ok(v) if v.is_empty()));
    }

    #[test]
    fn vectors_come_one_an_item() {
        let two = items("a.csv", "text\nx\ny\n").unwrap();
        let m = Matrix::from_rows([[1.0f32, 2.0], [3.0, 4.0]]).unwrap();
        assert_eq!(with_vectors(two.clone(), &m).unwrap()[1].vector, Some(vec![3.0, 4.0]));
        assert!(matches!(with_vectors(two[..1].to_vec(), &m), Err(Error::Rows { items: 1, vectors: 2 })));
        let found = items("a.csv", "id,embedding_1,embedding_2\na,1,2\n").unwrap();
        assert_eq!((found[0].vector.as_deref(), found[0].data.len()), (Some(&[1.0f32, 2.0][..]), 1));
    }
}
