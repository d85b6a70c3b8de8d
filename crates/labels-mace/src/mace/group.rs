//! Some restarts that go through the votes together.

use crate::mace::digamma::{ExpDigamma, ratio};
use crate::mace::problem::{Problem, range};
use crate::mace::sweep::{Lanes, Product, Sweep};
use planisphere_core::{CancelToken, Cancelled};
use planisphere_kernels::Simd;
use rayon::prelude::*;

/// How counts become parameters, with all numbers known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Update {
    Bayes { alpha: f64, beta: f64, strategy: f64 },
    Em { smoothing: f64 },
}

/// The parameters of one restart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {
    /// Probability of a guess and of knowing, by annotator.
    pub(crate) annotators: Vec<[f64; 2]>,
    /// Probability of a label among guesses, by cell.
    pub(crate) theta: Vec<f64>,
    /// The same for labels that the annotator did not use.
    pub(crate) theta_rest: Vec<f64>,
}

/// `W` restarts: parameters, what follows from them, and what the votes say to them.
pub(crate) struct Group<const W: usize> {
    guess: Vec<Lanes<W>>,
    know: Vec<Lanes<W>>,
    theta: Vec<Lanes<W>>,
    theta_rest: Vec<Lanes<W>>,
    /// By cell: `(base + s1) / base`.
    lifts: Vec<Lanes<W>>,
    /// By cell: `s1 / (base + s1)`, the share of knowing where the label is right.
    shares: Vec<Lanes<W>>,
    limit: u32,
    /// By block and cell: sums of posteriors.
    counts: Vec<Vec<Lanes<W>>>,
    products: Vec<Product<W>>,
    /// Restarts that do not move any more.
    still: [bool; W],
    /// Restarts; what is left of the lanes repeats the first.
    width: usize,
}

/// Lifts are at most this: 2^500. A guess that is less probable counts as this improbable.
const MOST: f64 = f64::from_bits(((500 + 1023) as u64) << 52);
/// So many powers of two are multiplied without an overflow.
const ROOM: f64 = 1000.0;

/// What [`Group`]s of all widths do.
pub(crate) trait Restarts: Send {
    /// How many restarts there are, those that are there to fill a register not counted.
    fn width(&self) -> usize;
    /// Sums of posteriors under the parameters.
    fn expect(&mut self, problem: &Problem, simd: Simd, token: &CancelToken) -> Result<(), Cancelled>;
    /// Parameters from the sums; of the restarts that still move.
    fn maximize(&mut self, problem: &Problem, update: Update, token: &CancelToken) -> Result<(), Cancelled>;
    /// Log marginal likelihoods as of the last [`Restarts::expect`].
    fn likelihoods(&self, problem: &Problem, token: &CancelToken) -> Result<Vec<f64>, Cancelled>;
    /// Lets a restart move no more.
    fn rest(&mut self, lane: usize);
    /// The parameters of one restart.
    fn parameters(&self, lane: usize) -> Parameters;
    /// For each cell, the posteriors of its label, summed, of one restart.
    fn counts(&self, lane: usize) -> Vec<f64>;
}

/// Restarts that are begun together, so that memory does not grow with their number.
pub(crate) const WAVE: usize = 16;

/// Groups for restarts, given their parameters.
pub(crate) fn groups(problem: &Problem, starts: &[Parameters]) -> Vec<Box<dyn Restarts>> {
    let (mut groups, mut left): (Vec<Box<dyn Restarts>>, _) = (Vec::new(), starts);
    while !left.is_empty() {
        let (some, group): (_, Box<dyn Restarts>) = match left.len() {
            5.. => (8, Box::new(Group::<8>::new(problem, left))),
            3 | 4 => (4, Box::new(Group::<4>::new(problem, left))),
            2 => (2, Box::new(Group::<2>::new(problem, left))),
            _ => (1, Box::new(Group::<1>::new(problem, left))),
        };
        groups.push(group);
        left = &left[some.min(left.len())..];
    }
    groups
}

impl<const W: usize> Group<W> {
    /// Of the first `W` of `starts`; where there are fewer, the first is repeated.
    fn new(problem: &Problem, starts: &[Parameters]) -> Self {
        let lane = |l: usize| starts.get(l).unwrap_or(&starts[0]);
        let (annotators, cells) = (problem.annotators.len(), problem.cell_votes.len());
        let lanes = |of: &dyn Fn(&Parameters) -> f64| -> Lanes<W> { std::array::from_fn(|l| of(lane(l))) };
        let mut new = Self {
            guess: (0..annotators).map(|a| lanes(&|s| s.annotators[a][0])).collect(),
            know: (0..annotators).map(|a| lanes(&|s| s.annotators[a][1])).collect(),
            theta: (0..cells).map(|c| lanes(&|s| s.theta[c])).collect(),
            theta_rest: (0..annotators).map(|a| lanes(&|s| s.theta_rest[a])).collect(),
            lifts: vec![[1.0; W]; cells],
            shares: vec![[0.0; W]; cells],
            limit: 0,
            counts: problem.blocks.iter().map(|_| vec![[0.0; W]; cells]).collect(),
            products: vec![Product::ONE; problem.blocks.len()],
            still: std::array::from_fn(|l| l >= starts.len()),
            width: starts.len().min(W),
        };
        new.derive(problem);
        new
    }

    /// What follows from the parameters.
    fn derive(&mut self, problem: &Problem) {
        let (mut lifts, mut shares) = (self.lifts.as_mut_slice(), self.shares.as_mut_slice());
        let mut tasks = Vec::with_capacity(problem.parts.len());
        for part in &problem.parts {
            let cells = problem.annotator_cells[part.start] as usize..problem.annotator_cells[part.end] as usize;
            tasks.push((part.clone(), cells.start, take(&mut lifts, cells.len()), take(&mut shares, cells.len())));
        }
        let (guess, know, theta) = (&self.guess, &self.know, &self.theta);
        let most = tasks.into_par_iter().map(|(part, first, lifts, shares)| {
            let mut most = 1.0f64;
            for a in part {
                for c in range(&problem.annotator_cells[a..]) {
                    for l in 0..W {
                        let (base, all) = base(guess[a][l], know[a][l], theta[c][l]);
                        lifts[c - first][l] = all / base;
                        shares[c - first][l] = know[a][l] / all;
                        most = most.max(all / base);
                    }
                }
            }
            most
        });
        let most = most.reduce(|| 1.0, f64::max);
        // A lift of 2 at least, so that one that is all but 1 does not allow more votes than there can be.
        self.limit = (ROOM / libm::log2(most.max(2.0))) as u32;
    }
}

/// The probability of a vote for a wrong label, and of the same for the right one.
pub(crate) fn base(guess: f64, know: f64, theta: f64) -> (f64, f64) {
    let base = (guess * theta).max(f64::MIN_POSITIVE);
    let base = base.max(know / MOST);
    (base, base + know)
}

/// The first `n` of a slice, which is left with the others.
fn take<'a, T>(from: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    let (some, left) = std::mem::take(from).split_at_mut(n);
    *from = left;
    some
}

impl<const W: usize> Restarts for Group<W> {
    fn width(&self) -> usize {
        self.width
    }

    fn expect(&mut self, problem: &Problem, simd: Simd, token: &CancelToken) -> Result<(), Cancelled> {
        let (lifts, limit) = (&self.lifts, self.limit);
        let tasks = self.counts.par_iter_mut().zip(&mut self.products).zip(&problem.blocks);
        tasks.try_for_each(|((counts, product), items)| {
            counts.fill([0.0; W]);
            *product = Product::ONE;
            for items in problem.pieces(items.clone()) {
                token.check()?;
                *product = product.times(simd.run(Sweep { problem, items, lifts, limit, counts }));
            }
            Ok(())
        })
    }

    fn maximize(&mut self, problem: &Problem, update: Update, token: &CancelToken) -> Result<(), Cancelled> {
        let (mut guess, mut know) = (self.guess.as_mut_slice(), self.know.as_mut_slice());
        let (mut theta, mut theta_rest) = (self.theta.as_mut_slice(), self.theta_rest.as_mut_slice());
        let mut tasks = Vec::with_capacity(problem.parts.len());
        for part in &problem.parts {
            let cells = problem.annotator_cells[part.start] as usize..problem.annotator_cells[part.end] as usize;
            tasks.push((
                part.clone(),
                cells.start,
                (take(&mut guess, part.len()), take(&mut know, part.len())),
                (take(&mut theta, cells.len()), take(&mut theta_rest, part.len())),
            ));
        }
        let (counts, shares, still) = (&self.counts, &self.shares, &self.still);
        tasks.into_par_iter().try_for_each(|(part, first, (guess, know), (theta, theta_rest))| {
            token.check()?;
            let mut own = Vec::new();
            for a in part.clone() {
                let cells = range(&problem.annotator_cells[a..]);
                own.clear();
                // Of the posteriors, what was known; all other votes of a cell were guesses.
                own.extend(cells.clone().map(|c| -> Lanes<W> {
                    let sum = |l: usize| counts.iter().map(|b| b[c][l]).sum::<f64>();
                    std::array::from_fn(|l| sum(l) * shares[c][l])
                }));
                for l in (0..W).filter(|&l| !still[l]) {
                    let known: f64 = own.iter().map(|k| k[l]).sum();
                    // Rounding must not make a cell's guesses negative, nor one probability larger than all together.
                    let guesses = cells.clone().zip(&own).map(|(c, k)| (problem.cell_votes[c] - k[l]).max(0.0));
                    let guessed = guesses.sum::<f64>();
                    let [g, k] = update.annotator(guessed, known);
                    let strategy = update.strategy(guessed, problem.n_labels);
                    (guess[a - part.start][l], know[a - part.start][l]) = (g, k);
                    theta_rest[a - part.start][l] = strategy(0.0);
                    for (c, known) in cells.clone().zip(&own) {
                        theta[c - first][l] = strategy((problem.cell_votes[c] - known[l]).max(0.0));
                    }
                }
            }
            Ok(())
        })?;
        self.derive(problem);
        Ok(())
    }

    fn likelihoods(&self, problem: &Problem, token: &CancelToken) -> Result<Vec<f64>, Cancelled> {
        // What all truths of an item share; sums of parts are added in their order.
        let parts: Vec<Lanes<W>> = problem
            .parts
            .par_iter()
            .map(|part| {
                token.check()?;
                let mut sums = [0.0; W];
                for a in part.clone() {
                    for c in range(&problem.annotator_cells[a..]) {
                        for (l, sum) in sums.iter_mut().enumerate().take(self.width) {
                            let (base, _) = base(self.guess[a][l], self.know[a][l], self.theta[c][l]);
                            *sum += problem.cell_votes[c] * libm::log(base);
                        }
                    }
                }
                Ok(sums)
            })
            .collect::<Result<_, Cancelled>>()?;
        let of = |l: usize| {
            let shared: f64 = parts.iter().map(|p| p[l]).sum();
            shared + self.products.iter().map(|p| p.ln(l)).sum::<f64>()
        };
        Ok((0..self.width).map(of).collect())
    }

    fn rest(&mut self, lane: usize) {
        self.still[lane] = true;
    }

    fn parameters(&self, lane: usize) -> Parameters {
        Parameters {
            annotators: self.guess.iter().zip(&self.know).map(|(g, k)| [g[lane], k[lane]]).collect(),
            theta: self.theta.iter().map(|t| t[lane]).collect(),
            theta_rest: self.theta_rest.iter().map(|t| t[lane]).collect(),
        }
    }

    fn counts(&self, lane: usize) -> Vec<f64> {
        (0..self.theta.len()).map(|c| self.counts.iter().map(|b| b[c][lane]).sum()).collect()
    }
}

impl Group<1> {
    /// One set of parameters alone: lifts, and how many of them may be multiplied.
    pub(crate) fn lifts(problem: &Problem, parameters: &Parameters) -> (Vec<Lanes<1>>, Vec<Lanes<1>>, u32) {
        let group = Self::new(problem, std::slice::from_ref(parameters));
        (group.lifts, group.shares, group.limit)
    }
}

impl Update {
    /// Probabilities of a guess and of knowing, from their counts.
    pub(crate) fn annotator(self, guessed: f64, known: f64) -> [f64; 2] {
        match self {
            Self::Bayes { alpha, beta, .. } => {
                let all = ExpDigamma::of(guessed + known + (alpha + beta));
                [ratio(guessed + alpha, all), ratio(known + beta, all)]
            }
            Self::Em { smoothing } => {
                let (g, k) = (guessed + smoothing, known + smoothing);
                // Nothing is known of somebody without votes.
                if g + k > 0.0 { [g / (g + k), k / (g + k)] } else { [0.5, 0.5] }
            }
        }
    }

    /// The probability of a label among guesses, from how many of the guesses were for it.
    pub(crate) fn strategy(self, guessed: f64, labels: usize) -> impl Fn(f64) -> f64 {
        let n = labels as f64;
        let all = match self {
            Self::Bayes { strategy, .. } => ExpDigamma::of(guessed + strategy * n),
            Self::Em { .. } => ExpDigamma::of(1.0),
        };
        move |count| match self {
            Self::Bayes { strategy, .. } => ratio(count + strategy, all),
            Self::Em { smoothing } if guessed + smoothing * n > 0.0 => {
                ((count + smoothing) / (guessed + smoothing * n)).min(1.0)
            }
            Self::Em { .. } => 1.0 / n,
        }
    }
}
