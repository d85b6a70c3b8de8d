//! Other devices than the CPU's own path: candle on the CPU against the goldens and our own vectors, and GPUs where there are.
#![cfg(feature = "transformers")]

mod common;

use planisphere_core::{CancelToken, Context, Event, Matrix};
use planisphere_embed::{Device, Encoder, EncoderOptions, Error, LoadOptions, Precision};
use serde_json::Value;
use std::ops::ControlFlow;

const KINDS: [&str; 9] = ["bert", "roberta", "distilbert", "mpnet", "modernbert", "nomic", "gte", "jina", "stella"];

fn load(kind: &str, options: &LoadOptions) -> Result<Encoder, Error> {
    Encoder::from_dir_with(common::fixture("tiny-bert").join(kind), options)
}

fn on(device: Device) -> LoadOptions {
    LoadOptions::new().device(device)
}

fn candle(kind: &str) -> Encoder {
    load(kind, &on(Device::Candle)).unwrap()
}

fn goldens() -> [Value; 2] {
    ["golden.json", "more.json"].map(|name| common::json(&common::fixture("tiny-bert").join(name)))
}

fn texts() -> Vec<String> {
    common::texts(&goldens()[1]["texts"])
}

fn assert_near(got: &Matrix, want: &Matrix, most: f32, what: &str) {
    assert_eq!((got.rows(), got.cols()), (want.rows(), want.cols()), "{what}");
    for (i, (x, y)) in got.data().iter().zip(want.data()).enumerate() {
        assert!((x - y).abs() <= most, "{what}, row {}: {x} where {y} is expected", i / got.cols());
    }
}

fn least_cosine(got: &Matrix, want: &Matrix) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let cosine = |i: usize| {
        let (a, b) = (got.row(i), want.row(i));
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    (0..want.rows()).map(cosine).fold(1.0, f64::min)
}

/// Every tiny model, with the heads and prompts that it has.
fn assert_goldens(device: Device, most: f64) {
    let [first, second] = goldens();
    for golden in [&first, &second] {
        let texts = common::texts(&golden["texts"]);
        for (name, want) in golden["models"].as_object().unwrap() {
            let (kind, more) = name.split_once(", ").unwrap_or((name, ""));
            let e = match more {
                "16" | "40" => load(kind, &on(device).head(format!("2_Dense_{more}"))),
                _ => load(kind, &on(device)),
            };
            let options = EncoderOptions::new();
            let e = e.unwrap().with_options(match more {
                "prompt" => options.prefix("query: "),
                "s2p_query" | "s2s_query" => options.prompt(more),
                _ => options,
            });
            common::assert_close(&e.unwrap().encode(&texts).unwrap(), want, most);
        }
    }
}

#[test]
fn candle_equals_the_references() {
    assert_goldens(Device::Candle, 1e-5);
}

/// Alone, beside a few, and padded to the longest of all.
#[test]
fn candle_equals_our_own_path_in_any_company() {
    let texts = texts();
    for kind in KINDS {
        let want = load(kind, &LoadOptions::new()).unwrap().encode(&texts).unwrap();
        let e = candle(kind);
        assert_eq!((e.name(), e.dim()), (kind, want.cols()));
        for tokens in [1, 50, 100_000] {
            let e = e.with_options(EncoderOptions::new().batch_tokens(tokens)).unwrap();
            assert_near(&e.encode(&texts).unwrap(), &want, 1e-5, &format!("{kind}, {tokens}"));
        }
        let two: [&str; 2] = [&texts[20], "a"];
        let got = e.encode(&two).unwrap();
        let want = load(kind, &LoadOptions::new()).unwrap().encode(&two).unwrap();
        assert_near(&got, &want, 1e-5, &format!("{kind}, two texts"));
    }
}

#[test]
fn sixteen_bits_are_near() {
    let texts = texts();
    for kind in KINDS {
        let want = load(kind, &LoadOptions::new()).unwrap().encode(&texts).unwrap();
        for (precision, least) in [(Precision::F16, 0.9999), (Precision::Bf16, 0.997)] {
            let got = load(kind, &on(Device::Candle).precision(precision)).unwrap().encode(&texts).unwrap();
            let cosine = least_cosine(&got, &want);
            assert!(cosine > least && got != want, "{kind}, {precision:?}: {cosine}");
        }
    }
}

#[test]
fn threads_share_a_model() {
    let texts = texts();
    let e = candle("modernbert");
    let want = e.encode(&texts).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_near(&e.encode(&texts).unwrap(), &want, 1e-5, "beside others"));
        }
    });
}

#[test]
fn progress_cancellation_and_no_texts() {
    let e = candle("mpnet").with_options(EncoderOptions::new().batch_tokens(40)).unwrap();
    let none: [&str; 0] = [];
    assert_eq!(e.encode(&none).unwrap().rows(), 0);
    let texts = vec!["some words"; 100];
    let mut last = (0, 0);
    let mut watch = |event: &Event<'_>| {
        if let Event::Progress { done, total } = event {
            assert!(*done > last.0);
            last = (*done, *total);
        }
        ControlFlow::Continue(())
    };
    e.encode_with(&texts, &mut Context::new().observer(&mut watch)).unwrap();
    assert_eq!(last, (100, 100));
    let mut stop = |_: &Event<'_>| ControlFlow::Break(());
    let stopped = e.encode_with(&texts, &mut Context::new().observer(&mut stop));
    assert!(matches!(stopped, Err(Error::Cancelled(_))), "{stopped:?}");
    let token = CancelToken::new();
    token.cancel();
    assert!(matches!(e.encode_with(&texts, &mut Context::new().cancel(&token)), Err(Error::Cancelled(_))));
}

#[test]
fn fingerprints_tell_devices_apart() {
    let print = |options: &LoadOptions| load("bert", options).unwrap().fingerprint();
    let mut all = vec![print(&LoadOptions::new())];
    assert_eq!(print(&on(Device::Cpu)), all[0]);
    for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
        all.push(print(&on(Device::Candle).precision(precision)));
    }
    all.push(print(&LoadOptions::new().precision(Precision::F16)));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

/// A device that is not there is an error in any build, and never another device.
#[test]
fn what_is_not_there_is_told() {
    let (cuda, metal) = (cfg!(feature = "cuda"), cfg!(feature = "metal"));
    for (device, built) in [(Device::Cuda(999), cuda), (Device::Metal(999), metal), (Device::Cuda(usize::MAX), cuda)] {
        let told = load("bert", &on(device)).unwrap_err();
        let Error::Device { device: name, reason } = &told else { panic!("{told}") };
        assert_eq!(*name, device.to_string());
        assert_eq!(reason.contains("lacks the feature"), !built, "{told}");
    }
    #[cfg(not(feature = "cuda"))]
    assert_eq!(
        load("bert", &on(Device::Cuda(0))).unwrap_err().to_string(),
        "device cuda:0 cannot be used: this build lacks the feature `cuda`"
    );
    #[cfg(not(feature = "metal"))]
    assert_eq!(
        load("bert", &on(Device::Metal(0))).unwrap_err().to_string(),
        "device metal:0 cannot be used: this build lacks the feature `metal`"
    );
    let bytes = load("bert", &on(Device::Candle).precision(Precision::Int8));
    assert!(matches!(bytes, Err(Error::InvalidParam { param: "precision", .. })), "{bytes:?}");
    let fixed = Encoder::from_dir_with(common::fixture("tiny-static/plain"), &on(Device::Candle));
    assert!(matches!(fixed, Err(Error::InvalidParam { param: "device", .. })), "{fixed:?}");
}

#[test]
fn devices_are_written_and_read() {
    for (text, device) in [
        ("cpu", Device::Cpu),
        ("candle", Device::Candle),
        ("cuda:0", Device::Cuda(0)),
        ("cuda:3", Device::Cuda(3)),
        ("metal:1", Device::Metal(1)),
    ] {
        assert_eq!(device.to_string(), text);
        assert_eq!(text.parse::<Device>().unwrap(), device);
    }
    assert_eq!("cuda".parse::<Device>().unwrap(), Device::Cuda(0));
    assert_eq!("metal".parse::<Device>().unwrap(), Device::Metal(0));
    for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "candle:0", "CUDA", "metal:1:2"] {
        assert!(matches!(text.parse::<Device>(), Err(Error::InvalidParam { param: "device", .. })), "{text}");
    }
}

/// Weights that 16 bits cannot hold are told when they are loaded; Bf16 takes them.
#[test]
fn weights_beyond_16_bits_are_told() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
        std::fs::copy(common::fixture("tiny-bert/gte").join(name), dir.path().join(name)).unwrap();
    }
    let path = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, with_first_word(&bytes, 1e6)).unwrap();
    let options = |precision| on(Device::Candle).precision(precision);
    let told = Encoder::from_dir_with(dir.path(), &options(Precision::F16));
    assert!(matches!(told, Err(Error::InvalidParam { param: "precision", .. })), "{told:?}");
    Encoder::from_dir_with(dir.path(), &options(Precision::Bf16)).unwrap();
}

/// A safetensors file whose word vectors are stored as f32, the first value being `value`.
fn with_first_word(bytes: &[u8], value: f32) -> Vec<u8> {
    let size = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + size]).unwrap();
    let data = &bytes[8 + size..];
    let (mut header, mut out) = (header.as_object().unwrap().clone(), Vec::new());
    for (name, tensor) in header.iter_mut().filter(|(name, _)| *name != "__metadata__") {
        let at = |i: usize| tensor["data_offsets"][i].as_u64().unwrap() as usize;
        let begin = out.len();
        if name.ends_with("word_embeddings.weight") {
            let count: u64 = tensor["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product();
            out.extend((0..count).flat_map(|i| if i == 0 { value } else { 0.5 }.to_le_bytes()));
            tensor["dtype"] = "F32".into();
        } else {
            out.extend_from_slice(&data[at(0)..at(1)]);
        }
        tensor["data_offsets"] = vec![begin, out.len()].into();
    }
    let header = serde_json::to_vec(&header).unwrap();
    [(header.len() as u64).to_le_bytes().to_vec(), header, out].concat()
}

/// What a GPU has to do, where there is one.
#[allow(clippy::print_stderr, reason = "a test that does not run has to say so")]
fn gpu(test: &str, device: Device) {
    match load("bert", &on(device)) {
        Ok(_) => {}
        Err(Error::Device { reason, .. }) => {
            eprintln!("SKIPPED {test}: {device}: {reason}");
            return;
        }
        Err(other) => panic!("{other}"),
    }
    assert_goldens(device, 5e-5);
    let texts = texts();
    for kind in KINDS {
        let want = load(kind, &LoadOptions::new()).unwrap().encode(&texts).unwrap();
        for (precision, least) in [(Precision::F32, 0.999_999), (Precision::F16, 0.9999), (Precision::Bf16, 0.997)] {
            let e = load(kind, &on(device).precision(precision)).unwrap();
            for tokens in [1, 50, 100_000] {
                let e = e.with_options(EncoderOptions::new().batch_tokens(tokens)).unwrap();
                // From several threads, of which one at a time drives the device.
                std::thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| {
                            let cosine = least_cosine(&e.encode(&texts).unwrap(), &want);
                            assert!(cosine > least, "{kind}, {precision:?}, {tokens}: {cosine}");
                        });
                    }
                });
            }
        }
    }
}

#[test]
fn cuda_equals_the_references() {
    gpu("cuda_equals_the_references", Device::Cuda(0));
}

#[test]
fn metal_equals_the_references() {
    gpu("metal_equals_the_references", Device::Metal(0));
}

/// all-MiniLM-L6-v2 is too large for the repository: name its directory to run this.
#[test]
#[allow(clippy::print_stderr, reason = "a test that does not run has to say so")]
fn minilm_on_candle_equals_sentence_transformers() {
    let Some(dir) = std::env::var_os("PLANISPHERE_MINILM_DIR") else {
        eprintln!("SKIPPED minilm_on_candle_equals_sentence_transformers: PLANISPHERE_MINILM_DIR is not set");
        return;
    };
    let golden = common::json(&common::fixture("tiny-bert/minilm.json"));
    let e = Encoder::from_dir_with(dir, &on(Device::Candle)).unwrap();
    common::assert_close(&e.encode(&common::texts(&golden["texts"])).unwrap(), &golden["vectors"], 2e-6);
}
