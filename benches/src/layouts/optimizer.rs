//! From the gradient of an epoch to a step.

/// What turns the gradients of a block of rows into steps, with what it remembers of earlier ones.
#[derive(Clone, Debug)]
pub(super) enum Optimizer {
    /// Along the gradient.
    Sgd,
    /// Adam (Kingma & Ba 2015, algorithm 1 in the form at the end of section 2).
    Adam {
        /// Decaying means of each row's gradient, and of its square.
        moments: Vec<[[f32; 2]; 2]>,
    },
}

/// Decay of the mean gradient, and of the mean square: uwot's settings, which forget far faster than is usual.
const BETA: [f32; 2] = [0.5, 0.9];
/// Keeps steps finite.
const EPSILON: f32 = 1e-7;

impl Optimizer {
    /// For any number of rows.
    pub(super) fn sgd(_: usize) -> Self {
        Self::Sgd
    }

    /// For a block of so many rows.
    pub(super) fn adam(rows: usize) -> Self {
        Self::Adam { moments: vec![[[0.0; 2]; 2]; rows] }
    }

    /// Moves the positions `y` by the sums of forces `gradients`, in epoch `epoch` with learning rate `rate`.
    pub(super) fn step(&mut self, epoch: u32, rate: f32, gradients: &[[f32; 2]], y: &mut [[f32; 2]]) {
        match self {
            Self::Sgd => {
                for (y, g) in y.iter_mut().zip(gradients) {
                    *y = [0, 1].map(|c| y[c] + rate * g[c]);
                }
            }
            Self::Adam { moments } => {
                let [known1, known2] = BETA.map(|beta| 1.0 - beta.powi(epoch as i32 + 1));
                let (scale, epsilon) = (rate * known2.sqrt() / known1, EPSILON * known2.sqrt());
                for ((y, g), [mean, square]) in y.iter_mut().zip(gradients).zip(moments) {
                    for c in 0..2 {
                        mean[c] += (1.0 - BETA[0]) * (g[c] - mean[c]);
                        square[c] += (1.0 - BETA[1]) * (g[c] * g[c] - square[c]);
                        y[c] += scale * mean[c] / (square[c].sqrt() + epsilon);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adam_corrects_its_bias() {
        // A constant gradient gives steps of the learning rate from the first epoch on, whatever its size.
        let mut adam = Optimizer::adam(1);
        let mut y = [[0.0f32; 2]];
        for epoch in 0..20 {
            let before = y[0];
            adam.step(epoch, 0.5, &[[3.0, -0.01]], &mut y);
            assert!((y[0][0] - before[0] - 0.5).abs() < 1e-4 && (y[0][1] - before[1] + 0.5).abs() < 1e-4, "{y:?}");
        }
    }
}
