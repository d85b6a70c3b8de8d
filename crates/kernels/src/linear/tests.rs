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
            layer.apply(simd, &x, &mut out, Store::Replace);
            assert!(out == want, "{rows} {inputs} {outputs} {simd:?}");
            let before = values(rows * outputs, 4);
            out.copy_from_slice(&before);
            layer.apply(simd, &x, &mut out, Store::Add);
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
        layer.apply(simd, &x, &mut all, Store::Replace);
        for i in [0, 7, 128, 299] {
            let mut one = vec![0.0; outputs];
            layer.apply(simd, &x[i * inputs..][..inputs], &mut one, Store::Replace);
            assert!(one == all[i * outputs..][..outputs], "{simd:?} {i}");
        }
    }
}

#[test]
fn nothing_in_or_out() {
    let simd = Simd::detect();
    Linear::new(3, 0, &[], None).apply(simd, &[], &mut [], Store::Replace);
    Linear::new(3, 2, &[0.0; 6], None).apply(simd, &[], &mut [], Store::Replace);
    let mut out = [1.0; 4];
    Linear::new(0, 2, &[], Some(&[5.0, 6.0])).apply(simd, &[], &mut out, Store::Add);
    assert_eq!(out, [6.0, 7.0, 6.0, 7.0]);
}

#[test]
fn bytes_are_near_and_equal_on_all_levels() {
    for (rows, inputs, outputs) in [(1, 1, 1), (3, 5, 47), (9, 384, 48), (17, 385, 49), (131, 96, 100)] {
        let (w, bias, x) = (values(inputs * outputs, 1), values(outputs, 2), values(rows * inputs, 3));
        let exact = chain((inputs, outputs), &w, &bias, &x);
        let layer = QuantizedLinear::new(inputs, outputs, &w, Some(&bias));
        assert_eq!((layer.inputs(), layer.outputs()), (inputs, outputs));
        let mut work = QuantizedRows::default();
        let mut want: Option<Vec<f32>> = None;
        for simd in Simd::available() {
            let mut out = vec![f32::NAN; rows * outputs];
            layer.apply(simd, &x, &mut out, Store::Replace, &mut work);
            for (got, exact) in out.iter().zip(&exact) {
                // Each factor errs by half a step of 127, at values of about 1 and a largest one of about 4.
                assert!((got - exact).abs() < 0.06 * (inputs as f32).sqrt(), "{inputs}: {got} for {exact}");
            }
            assert!(want.get_or_insert(out.clone()) == &out, "{simd:?}");
            // Alone, and added to what is there.
            let last = &x[(rows - 1) * inputs..];
            let mut one = vec![10.0; outputs];
            layer.apply(simd, last, &mut one, Store::Add, &mut work);
            assert!(one.iter().zip(&out[(rows - 1) * outputs..]).all(|(a, b)| *a == 10.0 + b), "{simd:?}");
        }
    }
}

#[test]
fn extremes_of_bytes() {
    let simd = Simd::detect();
    // The largest sums there can be: 1536 times 127 · 127.
    let layer = QuantizedLinear::new(1536, 2, &[[2.0; 1536], [-2.0; 1536]].concat(), None);
    let mut out = [0.0; 6];
    let mut work = QuantizedRows::default();
    layer.apply(simd, &[[3.0; 1536], [-3.0; 1536], [0.0; 1536]].concat(), &mut out, Store::Replace, &mut work);
    for (got, want) in out.iter().zip([9216.0, -9216.0, -9216.0, 9216.0, 0.0, 0.0]) {
        assert!((got - want).abs() <= 1e-6 * 9216.0, "{got} for {want}");
    }
    let layer = QuantizedLinear::new(2, 1, &[0.0, 0.0], Some(&[5.0]));
    let mut out = [0.0; 3];
    layer.apply(simd, &[1.0, 2.0, f32::NAN, 1.0, f32::INFINITY, 0.0], &mut out, Store::Replace, &mut work);
    assert!(out[0] == 5.0 && out[1].is_nan() && out[2].is_nan(), "{out:?}");
    layer.apply(simd, &[], &mut [], Store::Replace, &mut work);
    // Rows of sizes whose inverse is not finite, and at the edge of what is; no inputs at all.
    let layer = QuantizedLinear::new(3, 1, &[1.0; 3], None);
    for (size, want) in [(1e-40, 0.0), (1.1e-36, 1.1e-36), (1e34, 1e34)] {
        for simd in Simd::available() {
            let mut out = [9.0; 1];
            layer.apply(simd, &[size, -size, size], &mut out, Store::Replace, &mut work);
            assert!((out[0] - want).abs() <= 1e-6 * want, "{} for {want} {simd:?}", out[0]);
        }
    }
    let mut out = [1.0; 2];
    QuantizedLinear::new(0, 1, &[], Some(&[5.0])).apply(simd, &[], &mut out, Store::Add, &mut work);
    assert_eq!(out, [6.0, 6.0]);
}

#[test]
fn halves_equal_the_layer_of_rounded_weights() {
    for kind in [Half::F16, Half::Bf16] {
        let (inputs, outputs, rows) = (400, 50, 131);
        let (w, bias, x) = (values(inputs * outputs, 7), values(outputs, 8), values(rows * inputs, 9));
        let rounded: Vec<f32> = match kind {
            Half::F16 => w.iter().map(|&w| ::half::f16::from_f32(w).to_f32()).collect(),
            Half::Bf16 => w.iter().map(|&w| ::half::bf16::from_f32(w).to_f32()).collect(),
        };
        assert!(w != rounded);
        let full = Linear::new(inputs, outputs, &rounded, Some(&bias));
        let half = HalfLinear::new(kind, inputs, outputs, &w, Some(&bias));
        for simd in Simd::available() {
            for store in [Store::Replace, Store::Add] {
                let mut want = values(rows * outputs, 10);
                let mut got = want.clone();
                full.apply(simd, &x, &mut want, store);
                half.apply(simd, &x, &mut got, store, &mut Vec::new());
                assert!(got == want, "{kind:?} {simd:?} {store:?}");
            }
        }
        assert!(half.is_finite());
    }
    let beyond = |kind| HalfLinear::new(kind, 1, 1, &[1e5], None).is_finite();
    assert!(!beyond(Half::F16) && beyond(Half::Bf16));
    let v = HalfValues::new(Half::F16, &[1.0, 2.5]);
    let mut out = [0.0];
    v.widen(Simd::detect(), 1, &mut out);
    assert_eq!((out, v.len(), v.is_empty()), ([2.5], 2, false));
}
