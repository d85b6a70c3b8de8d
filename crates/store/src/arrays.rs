//! The arrays of a file.

use planisphere_core::{Csr, Matrix};
use safetensors::{Dtype, SafeTensors, View};
use std::borrow::Cow;

mod sealed {
    pub trait Number: bytemuck::Pod {
        const DTYPE: safetensors::Dtype;
        fn from_bytes(bytes: &[u8]) -> Vec<Self>;
        #[cfg(target_endian = "big")]
        fn to_bytes(values: &[Self]) -> Vec<u8>;
    }
}

/// Numbers that arrays hold, little end first: `u8`, `i8`, `u32`, `u64`, `f32` and `f64`.
pub trait Value: sealed::Number {}

macro_rules! value {
    ($type:ty, $dtype:ident) => {
        impl Value for $type {}

        impl sealed::Number for $type {
            const DTYPE: Dtype = Dtype::$dtype;

            fn from_bytes(bytes: &[u8]) -> Vec<Self> {
                let (chunks, _) = bytes.as_chunks();
                chunks.iter().map(|b| Self::from_le_bytes(*b)).collect()
            }

            #[cfg(target_endian = "big")]
            fn to_bytes(values: &[Self]) -> Vec<u8> {
                values.iter().flat_map(|v| v.to_le_bytes()).collect()
            }
        }
    };
}

value!(u8, U8);
value!(i8, I8);
value!(u32, U32);
value!(u64, U64);
value!(f32, F32);
value!(f64, F64);

/// An array to be written.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Cow<'a, [u8]>,
}

impl<'a> Tensor<'a> {
    /// `values` as an array of these sizes, which should multiply to their number: an array that does not fit is an error
    /// of [`Format::encode`](crate::Format::encode).
    pub fn new<T: Value>(shape: &[usize], values: &'a [T]) -> Self {
        #[cfg(target_endian = "little")]
        let data = Cow::Borrowed(bytemuck::cast_slice(values));
        #[cfg(target_endian = "big")]
        let data = Cow::Owned(T::to_bytes(values));
        Self { dtype: T::DTYPE, shape: shape.to_vec(), data }
    }

    /// [`Tensor::new`] with a copy of the values.
    pub fn owned<T: Value>(shape: &[usize], values: &[T]) -> Self {
        let Tensor { dtype, shape, data } = Tensor::new(shape, values);
        Self { dtype, shape, data: Cow::Owned(data.into_owned()) }
    }

    /// A matrix as one array, rows × cols.
    pub fn matrix(x: &'a Matrix) -> Self {
        Self::new(&[x.rows(), x.cols()], x.data())
    }

    /// A sparse matrix as three arrays: where its rows start (`u64`), ids, values. Read with [`Arrays::csr`].
    pub fn csr(m: &'a Csr) -> [Self; 3] {
        let starts: Vec<u64> = m.indptr().iter().map(|&p| p as u64).collect();
        let entries = [m.nnz()];
        [Self::owned(&[starts.len()], &starts), Self::new(&entries, m.indices()), Self::new(&entries, m.data())]
    }
}

impl View for &Tensor<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}

/// A checksum over `header` and all arrays, which come in the order of their names.
pub(crate) fn checksum<'t, V: View>(header: &str, tensors: impl Iterator<Item = (&'t str, V)>) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(header.as_bytes());
    for (name, tensor) in tensors {
        crc.update(name.as_bytes());
        crc.update(format!(":{:?}{:?}", tensor.dtype(), tensor.shape()).as_bytes());
        crc.update(&tensor.data());
    }
    crc.finalize()
}

/// The arrays of a file that is read. What is wrong is told in words, to be passed on by the function that
/// [`Format`](crate::Format) gives them to.
#[derive(Debug)]
pub struct Arrays<'a>(pub(crate) SafeTensors<'a>);

impl<'a> Arrays<'a> {
    /// All arrays in the order of their names.
    pub(crate) fn by_name(&self) -> Vec<(&str, safetensors::tensor::TensorView<'a>)> {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(b.0));
        all
    }

    /// Whether there is an array of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    /// The sizes of an array of `N` dimensions.
    ///
    /// # Errors
    /// If there is none of this name, or it has another number of dimensions.
    pub fn shape<const N: usize>(&self, name: &str) -> Result<[usize; N], String> {
        let tensor = self.0.tensor(name).map_err(|_| format!("there is no array {name:?}"))?;
        <[usize; N]>::try_from(tensor.shape())
            .map_err(|_| format!("array {name:?} has {} dimensions, not {N}", tensor.shape().len()))
    }

    /// The values of an array of these sizes.
    ///
    /// # Errors
    /// If there is none of this name, or it holds other numbers or has other sizes.
    pub fn take<T: Value>(&self, name: &str, shape: &[usize]) -> Result<Vec<T>, String> {
        let tensor = self.0.tensor(name).map_err(|_| format!("there is no array {name:?}"))?;
        if tensor.dtype() != T::DTYPE || tensor.shape() != shape {
            return Err(format!(
                "array {name:?} is {:?} {:?}, not {:?} {shape:?}",
                tensor.dtype(),
                tensor.shape(),
                T::DTYPE
            ));
        }
        Ok(T::from_bytes(tensor.data()))
    }

    /// The values of an array of finite numbers of these sizes.
    ///
    /// # Errors
    /// As [`Arrays::take`], and if a value is not finite.
    pub fn finite(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let values = self.take::<f32>(name, shape)?;
        match values.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(format!("array {name:?} holds {} at {at}", values[at])),
            None => Ok(values),
        }
    }

    /// A matrix of finite numbers.
    ///
    /// # Errors
    /// If there is no array of this name with two dimensions, or it holds anything else.
    pub fn matrix(&self, name: &str) -> Result<Matrix, String> {
        let [rows, cols] = self.shape(name)?;
        Matrix::from_vec(rows, cols, self.finite(name, &[rows, cols])?).map_err(|e| e.to_string())
    }

    /// A sparse matrix of this size, whose values are as `fine` says, from the arrays that [`Tensor::csr`] made.
    ///
    /// # Errors
    /// If there are no arrays of these names, or they are not of such a matrix.
    pub fn csr(
        &self,
        [starts, ids, values]: [&str; 3],
        (rows, cols): (usize, usize),
        fine: impl Fn(f32) -> bool,
    ) -> Result<Csr, String> {
        let starts = self.take::<u64>(starts, &[rows + 1])?;
        let starts: Result<Vec<usize>, _> = starts.into_iter().map(usize::try_from).collect();
        let [entries] = self.shape(ids)?;
        let data = self.take::<f32>(values, &[entries])?;
        if let Some(at) = data.iter().position(|&v| !fine(v)) {
            return Err(format!("array {values:?} holds {} at {at}", data[at]));
        }
        Csr::new(cols, starts.map_err(|e| e.to_string())?, self.take(ids, &[entries])?, data).map_err(|e| e.to_string())
    }
}
