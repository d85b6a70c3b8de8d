#![no_main]

use libfuzzer_sys::fuzz_target;
use planisphere_labels_mace::{read_controls, read_key, read_label_priors};

/// What is written begins with a byte order mark, so that a label may, too.
const MARK: &str = "\u{feff}";

fuzz_target!(|data: &[u8]| {
    if let Ok(controls) = read_controls(data) {
        assert_eq!(read_key(data).unwrap(), controls);
        let label = |l: &Option<String>| l.clone().unwrap_or_default();
        let text: String = MARK.to_owned() + &controls.iter().map(|l| label(l) + "\n").collect::<String>();
        assert_eq!(read_controls(text.as_bytes()).unwrap(), controls);
    }
    if let Ok(priors) = read_label_priors(data) {
        assert!(priors.iter().all(|(l, w)| !l.is_empty() && w.is_finite() && w.is_sign_positive()));
        assert!(priors.iter().any(|p| p.1 > 0.0));
        let text = MARK.to_owned() + &priors.iter().map(|(l, w)| format!("{l}\t{w}\n")).collect::<String>();
        assert_eq!(read_label_priors(text.as_bytes()).unwrap(), priors);
    }
});
