//! The answer to an embeddings request: read and checked.

use crate::failure::Failure;
use crate::message::{Said, beginning};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// A request as the API wants it.
#[derive(Serialize)]
pub(crate) struct Question<'a> {
    pub(crate) model: &'a str,
    pub(crate) input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    embedding: Numbers,
    index: Option<u64>,
}

/// A vector, as a list of numbers or as base64 of little-endian `f32`. Written by hand, as an untagged enum would keep each
/// number in a buffer of enums first.
struct Numbers(Vec<f32>);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Numbers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of numbers or a base64 string")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Numbers, A::Error> {
                let mut numbers = Vec::new();
                while let Some(v) = seq.next_element()? {
                    numbers.push(v);
                }
                Ok(Numbers(numbers))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Numbers, E> {
                let bytes = BASE64.decode(text).map_err(|e| E::custom(format!("not base64: {e}")))?;
                let (numbers, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(E::custom(format!("{} bytes of base64 are not a number of f32", bytes.len())));
                }
                Ok(Numbers(numbers.iter().map(|&b| f32::from_le_bytes(b)).collect()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// Bytes of an unusable answer that may be shown.
const SHOWN: usize = 2000;

/// A message of the parser without the strings of the answer that it quotes.
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => format!("{}\"…\"{}", &message[..first], &message[last + 1..]),
        _ => message.to_owned(),
    }
}

/// The vectors of `texts` texts, in their order: as many, all finite, and all of one length that is not 0.
pub(crate) fn read(body: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, Failure> {
    let answer: Answer = serde_json::from_slice(body).map_err(|e| Failure::Response {
        reason: format!("{}; it begins with: {}", without_values(&e.to_string()), beginning(body, SHOWN)),
        // Cut off, by a server or a gateway that closed the connection early.
        again: e.is_eof(),
    })?;
    let Some(items) = answer.data else {
        return Err(Failure::response(format!("there is no `data`: {}", Said::read(body).message)));
    };
    if items.len() != texts {
        return Err(Failure::response(format!("{} vectors for {texts} texts", items.len())));
    }
    let vectors = in_order(items)?;
    let dim = vectors.first().map_or(0, Vec::len);
    for (i, vector) in vectors.iter().enumerate() {
        if vector.is_empty() {
            return Err(Failure::response(format!("the vector of index {i} is empty")));
        }
        if vector.len() != dim {
            let len = vector.len();
            return Err(Failure::response(format!(
                "vectors of different lengths: {dim} at index 0, {len} at index {i}"
            )));
        }
        if let Some(v) = vector.iter().find(|v| !v.is_finite()) {
            return Err(Failure::response(format!("the vector of index {i} holds {v}, not a finite number")));
        }
    }
    Ok(vectors)
}

/// The vectors by their indices, or as they stand where none has one.
fn in_order(items: Vec<Item>) -> Result<Vec<Vec<f32>>, Failure> {
    if items.iter().all(|item| item.index.is_none()) {
        return Ok(items.into_iter().map(|item| item.embedding.0).collect());
    }
    let n = items.len();
    let mut placed: Vec<Option<Vec<f32>>> = vec![None; n];
    for item in items {
        let Some(index) = item.index else {
            return Err(Failure::response("some vectors have an `index`, others have none"));
        };
        match usize::try_from(index).ok().and_then(|i| placed.get_mut(i)) {
            None => return Err(Failure::response(format!("index {index} for {n} texts"))),
            Some(Some(_)) => return Err(Failure::response(format!("index {index} is there twice"))),
            Some(place) => *place = Some(item.embedding.0),
        }
    }
    // As many as there are places, none twice: every place is taken.
    Ok(placed.into_iter().flatten().collect())
}
