//! The search from coding to the last round.

use crate::coded::centers::Centers;
use crate::coded::groups::{Groups, Lists};
use crate::coded::measured::{Lengths, Measured};
use crate::coded::probe::{Look, probe};
use crate::coded::proxy::Coder;
use crate::coded::refine::Refine;
use crate::coded::sample::Sample;
use crate::coded::sweep::Sweep;
use crate::error::Result;
use crate::space::{self, Rows, Space};
use planisphere_core::{CancelToken, Context, Decision, KnnGraph, MatrixView};
use planisphere_kernels::{Simd, SimdLevel, codes};
use rayon::prelude::*;

/// Fewest rows for each group; from 262,144 rows on, half the root of their number.
const GROUP: usize = 256;
/// Groups that a row may have to look at.
const PROBES: usize = 48;
/// Groups that a row looks at at least: with fewer, lists stay within groups, and rounds find nothing new.
const CONNECTED: usize = 3;
/// Rounds of refinement at most.
const ROUNDS: usize = 8;
/// A round that changes less than this share of all entries is the last.
const STILL: f64 = 2e-4;
/// The first look may miss so many times what the search may, since each round finds more than half of what is missing.
const FIRST: f64 = 2.5;

/// Steps of progress that a search tells.
pub(crate) const STEPS: u64 = 10;

/// What a search is given.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a, 'm> {
    pub(crate) simd: Simd,
    pub(crate) measured: Measured<'a, 'm>,
    /// Vectors that are near where the rows are, one for each row,
    pub(crate) vectors: MatrixView<'a>,
    /// to be taken at length 1 if their squared lengths are given.
    pub(crate) squares: Option<&'a [f32]>,
    /// How lengths of the vectors bound distances, if they do.
    pub(crate) lengths: Option<Lengths>,
    pub(crate) k: usize,
    pub(crate) seed: u64,
    /// Whether a sweep comes after.
    pub(crate) proven: bool,
}

/// What a search made.
pub(crate) struct Found {
    pub(crate) coder: Coder,
    pub(crate) centers: Centers,
    pub(crate) groups: Groups,
    pub(crate) lists: Lists,
    pub(crate) sample: Sample,
    /// Share of the sample's neighbors that were found.
    pub(crate) recall: f64,
}

impl Input<'_, '_> {
    /// Looks for neighbors until the sample says that a share `recall` of them is found, or no more come.
    ///
    /// Tells progress as up to [`STEPS`] out of `total`.
    pub(crate) fn search(&self, recall: f64, total: u64, cx: &mut Context<'_>) -> Result<Found> {
        let (simd, k) = (self.simd, self.k);
        let token = cx.token();
        let n = self.vectors.rows();
        cx.progress(0, total)?;
        let coder = Coder::find(simd, self.vectors, self.squares, self.seed, &token)?;
        let mut proxy = coder.code(simd, self.vectors, self.squares, &token)?;
        cx.progress(2, total)?;
        let sample = Sample::draw(simd, &proxy, &self.measured, self.lengths, k, self.seed, &token)?;
        if !self.proven {
            proxy.errors = Vec::new();
        }
        let missed = (1.0 - recall).max(1e-3);
        let count = (n / GROUP.max(n.isqrt() / 2)).clamp(1, usize::from(u16::MAX));
        let centers = Centers::find(simd, &proxy, count, self.seed, &token)?;
        cx.progress(3, total)?;
        let probes =
            sample.probes(simd, &proxy, &centers, FIRST * missed, PROBES, &token)?.max(CONNECTED.min(centers.len()));
        let near = centers.nearest(simd, &proxy, probes, &token)?;
        // Where codes do not tell the nearest rows apart, as in groups that are small for their distance, they only choose
        // candidates for the first look.
        let wanted = sample.candidates(missed / 4.0);
        let most = 4 * k + 16;
        let lengths = self.lengths.filter(|_| wanted <= most);
        let keep = if lengths.is_some() { wanted.max(k + 4) } else { most };
        let (groups, probed) = Groups::new(proxy, &centers, near, probes);
        cx.progress(4, total)?;
        let mut lists = probe(simd, &groups, &self.measured, &probed, Look { probes, keep, k }, &token)?;
        drop(probed);
        cx.progress(6, total)?;
        let places = sample.places(&groups.order);
        let (mut reached, mut doubt) = sample.recall(&lists, &places);
        let mut refine = Refine::new(simd, &groups, self.measured, lengths, keep / 2, &lists);
        for _ in 0..ROUNDS {
            if reached - doubt >= recall {
                break;
            }
            let changes = refine.round(&mut lists, &token)?;
            (reached, doubt) = sample.recall(&lists, &places);
            cx.progress(8, total)?;
            if (changes as f64) < STILL * lists.ids.len() as f64 {
                break;
            }
        }
        drop(refine);
        self.fill(&groups, &mut lists, &token)?;
        cx.progress(STEPS, total)?;
        Ok(Found { coder, centers, groups, lists, sample, recall: reached })
    }

    /// Completes lists that are not full: their rows look at all others. Makes sure that all distances are finite.
    fn fill(&self, groups: &Groups, lists: &mut Lists, token: &CancelToken) -> Result<()> {
        let n = groups.len();
        let Measured { space, rows } = self.measured;
        let short: Vec<usize> = (0..n).filter(|&i| !lists.last(i).is_finite()).collect();
        if short.is_empty() {
            return Ok(());
        }
        let mut place = vec![0u32; n];
        groups.order.iter().zip(0..).for_each(|(&row, p)| place[row as usize] = p);
        let found: Vec<Result<Vec<(f32, u32)>>> = short
            .par_iter()
            .map_init(
                || vec![0f32; n],
                |dists, &i| {
                    token.check()?;
                    let row = groups.order[i];
                    space.distances(rows, row as usize, rows, 0, dists);
                    let mut all: Vec<(f32, u32)> = dists.iter().copied().zip(0..).filter(|e| e.1 != row).collect();
                    let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
                    if all.len() > lists.k {
                        all.select_nth_unstable_by(lists.k - 1, order);
                        all.truncate(lists.k);
                    }
                    match all.iter().find(|e| !e.0.is_finite()) {
                        Some(&(d, other)) => Err(space.not_finite(row as usize, other as usize, d)),
                        None => Ok(all),
                    }
                },
            )
            .collect();
        for (i, found) in short.into_iter().zip(found) {
            // The first error, whichever thread was there first.
            for (d, row) in found? {
                lists.insert(&groups.order, i, d, place[row as usize]);
            }
        }
        Ok(())
    }
}

impl Found {
    /// The neighbors as a graph of rows.
    pub(crate) fn into_graph(self) -> Result<KnnGraph> {
        let Self { groups: Groups { proxy, order, .. }, lists, .. } = self;
        // Gives memory back before more is asked for.
        drop(proxy);
        lists.into_graph(&order)
    }
}

/// Rows and columns from which a sweep pays.
const ROWS: usize = 4096;
const COLUMNS: usize = 16;
/// Columns beyond which a projection takes longer than it saves.
const WIDEST: usize = 16_384;
/// Recall from which a sweep is started: what is missing costs little more to find there.
const BEFORE_SWEEP: f64 = 0.95;

/// Steps of progress that a sweep with the search before it tells: the search takes about a third.
const TOTAL: u64 = 30;

/// Nanoseconds of the part of a screening that a byte takes, and of a multiplication in a product of matrices; of fetching a
/// row and of a column of it. Those with instructions for bytes are rounded from measurements on Zen 4, those without follow
/// from the width of the registers. They only decide how the exact neighbors are found, not which they are.
fn costs(simd: Simd) -> (f64, f64) {
    if codes::has_vnni(simd) { (0.0055, 0.0135) } else { (0.022, 0.027) }
}
const FETCH: f64 = 60.0;
const COLUMN: f64 = 0.08;

/// Whether lists are short enough for neighbors of neighbors to be few of all rows.
pub(crate) fn few(k: usize, n: usize) -> bool {
    k <= n / 32 && k <= 256 && k * k <= 2 * n
}

/// What came of a sweep.
pub(crate) enum Swept {
    /// The exact neighbors.
    Found(KnnGraph),
    /// It does not pay: nothing was done.
    Untried,
    /// It would take too long, as a search that took about a third of its time told.
    GivenUp,
}

/// The exact neighbors by a sweep; nothing if the metric does not follow from lengths, or if products of all rows with all
/// rows are likely to be faster: for small data, without vector instructions, and where too many pairs are too close to
/// tell by their codes.
pub(crate) fn exact(simd: Simd, space: &Space, rows: &Rows<'_>, k: usize, cx: &mut Context<'_>) -> Result<Swept> {
    let (Some(dense), Some(vectors)) = (space.dense(), rows.matrix()) else { return Ok(Swept::Untried) };
    let (n, d) = (vectors.rows(), vectors.cols());
    let Some(lengths) = Lengths::of(dense, d) else { return Ok(Swept::Untried) };
    if simd.level() == SimdLevel::Scalar || n < ROWS || !(COLUMNS..=WIDEST).contains(&d) || !few(k, n) {
        return Ok(Swept::Untried);
    }
    if space::size(vectors).0 != 1.0 {
        return Ok(Swept::Untried);
    }
    let input = Input {
        simd,
        measured: Measured { space, rows },
        vectors,
        squares: lengths.unit().then(|| rows.norms()),
        lengths: Some(lengths),
        k,
        seed: 0,
        proven: true,
    };
    let Found { groups, mut lists, .. } = input.search(BEFORE_SWEEP, TOTAL, cx)?;
    if !groups.proxy.is_finite() {
        return Ok(Swept::GivenUp);
    }
    let sweep = Sweep::new(simd, &groups, &input.measured, lengths, &lists);
    let pairs = sweep.expected_pairs();
    let (n, d) = (n as f64, d as f64);
    let (byte, product) = costs(simd);
    // Products of all rows with all rows have no use for what was found so far.
    if n / 2.0 * groups.proxy.stride as f64 * byte + pairs / 2.0 * (FETCH + d * COLUMN) > n * d * product {
        return Ok(Swept::GivenUp);
    }
    cx.decide(Decision::new("exact neighbors", "sweep", format!("{pairs:.0} pairs a row to be measured")));
    let token = cx.token();
    let tell = |done: f64| STEPS + (done * (TOTAL - STEPS) as f64) as u64;
    sweep.run(&mut lists, &token, |done| Ok(cx.progress(tell(done), TOTAL)?))?;
    cx.progress(TOTAL, TOTAL)?;
    let Groups { order, .. } = groups;
    Ok(Swept::Found(lists.into_graph(&order)?))
}
