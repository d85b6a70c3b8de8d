use super::*;
use planisphere_core::CounterRng;

fn values(n: usize, seed: u64) -> Vec<f32> {
    let r = CounterRng::new(seed, "linear").at(0, 0);
    (0..n).map(|i| r.normal(i as u64)).collect()
}

/// The chain of the definition, in f32.
fn chain(layer: (usize, usize), w: &[f32], bias: &[f32], x: &[f32]) -> Vec<f32> {
    let (inputs, outputs) = layer;
    let one = |x: &[f32], j: usize| (0..inputs).fold(bias[j], |s, i| x[i].mul_add(w[j * inputs + i], s));
    x.chunks_exact(inputs).flat_map(|x| (0..outputs).map(move |j| one(x, j))).collect()
}

#[test]
fn every_level_is_the_chain_to_the_bit() {
    for (rows, inputs, outputs) in [(1, 1, 1), (3, 5, 47), (9, 384, 48), (17, 385, 49), (131, 800, 100), (259, 24, 144)]
    {
        let (w, bias, x) = (values(inputs * outputs, 1), values(outputs, 2), values(rows * inputs, 3));
        let want = chain((inputs, outputs), &w, &bias, &x);
        let layer = Linear::new(inputs, outputs, &w, Some(&bias));
        for simd in Simd::available() {
            let mut out = vec![f32::NAN; rows * outputs];
            layer.apply(simd, &x, &mut out, Into::Replace);
            assert!(out == want, "{rows} {inputs} {outputs} {simd:?}");
            let before = values(rows * outputs, 4);
            out.copy_from_slice(&before);
            layer.apply(simd, &x, &mut out, Into::Add);
            assert!(out.iter().zip(&before).zip(&want).all(|((o, b), w)| *o == b + w), "{simd:?}");
        }
    }
}

#[test]
fn a_row_is_the_same_in_any_company() {
    let (inputs, outputs, rows) = (70, 60, 300);
    let (w, x) = (values(inputs * outputs, 5), values(rows * inputs, 6));
    let layer = Linear::new(inputs, outputs, &w, None);
    assert_eq!((layer.inputs(), layer.outputs()), (70, 60));
    for simd in Simd::available() {
        let mut all = vec![0.0; rows * outputs];
        layer.apply(simd, &x, &mut all, Into::Replace);
        for i in [0, 7, 128, 299] {
            let mut one = vec![0.0; outputs];
            layer.apply(simd, &x[i * inputs..][..inputs], &mut one, Into::Replace);
            assert!(one == all[i * outputs..][..outputs], "{simd:?} {i}");
        }
    }
}

#[test]
fn nothing_in_or_out() {
    let simd = Simd::detect();
    Linear::new(3, 0, &[], None).apply(simd, &[], &mut [], Into::Replace);
    Linear::new(3, 2, &[0.0; 6], None).apply(simd, &[], &mut [], Into::Replace);
    let mut out = [1.0; 4];
    Linear::new(0, 2, &[], Some(&[5.0, 6.0])).apply(simd, &[], &mut out, Into::Add);
    assert_eq!(out, [6.0, 7.0, 6.0, 7.0]);
}
