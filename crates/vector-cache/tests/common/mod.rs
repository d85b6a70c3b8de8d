//! A model for tests: its vectors are made of the bytes of its name and of the text.
#![allow(dead_code, unreachable_pub)]

use planisphere_core::{Context, CounterRng, Matrix};
use planisphere_vector_cache::ModelKey;
use std::convert::Infallible;

pub const DIM: usize = 24;

pub fn vector(model: &ModelKey, text: &str) -> Vec<f32> {
    let draws = CounterRng::new(text.len() as u64, &format!("{} {text}", model.name())).at(0, 0);
    (0..DIM as u64).map(|i| draws.normal(i)).collect()
}

pub fn matrix<S: AsRef<str>>(model: &ModelKey, texts: &[S]) -> Matrix {
    let rows = texts.iter().flat_map(|text| vector(model, text.as_ref())).collect();
    Matrix::from_vec(texts.len(), DIM, rows).unwrap()
}

pub type Embedded = Result<Matrix, Infallible>;

pub fn embed(model: &ModelKey) -> impl FnMut(&[&str], &mut Context<'_>) -> Embedded + Send {
    let model = model.clone();
    move |texts, _| Ok(matrix(&model, texts))
}

/// For calls that must not compute anything.
pub fn never(texts: &[&str], _: &mut Context<'_>) -> Embedded {
    panic!("{} texts were missing, the first is {:?}", texts.len(), texts.first())
}

pub fn texts(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|i| format!("text number {i}")).collect()
}
