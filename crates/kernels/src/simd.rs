//! Run-time choice of the instruction set: the only place that calls code compiled for another one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// An instruction set that the kernels are compiled for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SimdLevel {
    /// What the build target has: SSE2 on a plain x86-64 build, NEON on aarch64.
    Scalar,
    /// AVX2, FMA and POPCNT (x86-64-v3, since 2013).
    Avx2,
    /// AVX-512 F, BW, DQ and VL (x86-64-v4).
    Avx512,
}

/// What [`Simd::limit`] set.
static LIMIT: AtomicU8 = AtomicU8::new(2);

/// Proof that this machine can run a level: made by [`Simd::detect`] and [`Simd::at_most`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(SimdLevel);

/// Work that is compiled once for each level.
///
/// Mark [`Kernel::run`] and everything it calls in its hot loop `#[inline(always)]`: code that is not inlined is
/// compiled for the build target only.
pub trait Kernel {
    /// What the work gives.
    type Output;
    /// Does the work. `ROWS` is how many rows of [`rows::LANES`](crate::rows::LANES) partial sums the level's registers
    /// hold; it must not change any result.
    fn run<const ROWS: usize>(self) -> Self::Output;
}

impl Simd {
    /// The best level of this machine. The environment variable `PLANISPHERE_SIMD` (`scalar`, `avx2`, `avx512`) and
    /// [`Simd::limit`] can lower it, for tests and measurements; results do not depend on it.
    pub fn detect() -> Self {
        static LEVEL: OnceLock<SimdLevel> = OnceLock::new();
        let level = *LEVEL.get_or_init(|| {
            let cap = match std::env::var("PLANISPHERE_SIMD").as_deref() {
                Ok("scalar") => SimdLevel::Scalar,
                Ok("avx2") => SimdLevel::Avx2,
                _ => SimdLevel::Avx512,
            };
            best().min(cap)
        });
        Self(level.min(match LIMIT.load(Ordering::Relaxed) {
            0 => SimdLevel::Scalar,
            1 => SimdLevel::Avx2,
            _ => SimdLevel::Avx512,
        }))
    }

    /// Makes [`Simd::detect`] give at most `level`, in the whole process, until the next call. For tests that compare
    /// the levels; since all levels give the same bits, other threads notice nothing but the time.
    pub fn limit(level: SimdLevel) {
        let code = match level {
            SimdLevel::Scalar => 0,
            SimdLevel::Avx2 => 1,
            SimdLevel::Avx512 => 2,
        };
        LIMIT.store(code, Ordering::Relaxed);
    }

    /// The best level of this machine that is not above `level`.
    pub fn at_most(level: SimdLevel) -> Self {
        Self(best().min(level))
    }

    /// All levels of this machine, lowest first.
    pub fn available() -> Vec<Self> {
        [SimdLevel::Scalar, SimdLevel::Avx2, SimdLevel::Avx512].into_iter().filter(|&l| l <= best()).map(Self).collect()
    }

    /// The level.
    pub fn level(self) -> SimdLevel {
        self.0
    }

    /// Runs `kernel` compiled for this level.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        match self.0 {
            // SAFETY: a value of this level is only made after the machine was seen to have these instructions.
            SimdLevel::Avx512 => return unsafe { avx512(kernel) },
            // SAFETY: as above.
            SimdLevel::Avx2 => return unsafe { avx2(kernel) },
            SimdLevel::Scalar => {}
        }
        kernel.run::<1>()
    }
}

fn best() -> SimdLevel {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx2") && has!("fma") && has!("popcnt") {
            if has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") {
                return SimdLevel::Avx512;
            }
            return SimdLevel::Avx2;
        }
    }
    SimdLevel::Scalar
}

/// `ROWS` = 2: two rows of 4 × 256 bits leave half of the 16 registers for the operands.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,popcnt")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<2>()
}

/// `ROWS` = 4: four rows of 2 × 512 bits hide the latency of the multiply-adds.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<4>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_capped_and_ordered() {
        assert_eq!(Simd::at_most(SimdLevel::Scalar).level(), SimdLevel::Scalar);
        assert!(Simd::detect().level() <= best());
        let all = Simd::available();
        assert_eq!(all[0].level(), SimdLevel::Scalar);
        assert_eq!(all.last().map(|s| s.level()), Some(best()));
        assert_eq!(Simd::at_most(SimdLevel::Avx512).level(), best());
    }
}
