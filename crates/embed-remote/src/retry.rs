//! Which failures may pass, and how long to wait until they do.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};
use ureq::http::{HeaderMap, header};

/// Whether a request with this status may succeed when sent again.
pub(crate) fn may_pass(status: u16) -> bool {
    match status {
        408 | 409 | 425 | 429 => true,
        // Not implemented, and HTTP version not supported: for good.
        501 | 505 => false,
        _ => (500..600).contains(&status),
    }
}

/// The wait before the try after so many: doubled each time, shortened at random by up to half, so that many clients do not
/// come back at once.
pub(crate) fn backoff(tries: u32, first: Duration, longest: Duration) -> Duration {
    let doublings = tries.saturating_sub(1).min(31);
    let full = first.saturating_mul(1 << doublings).min(longest);
    full.mul_f64(0.5 + 0.5 * random())
}

/// A number from 0 to below 1, another one each time.
pub(crate) fn random() -> f64 {
    // A `RandomState` has keys of its own each time.
    (RandomState::new().hash_one(0) >> 11) as f64 / (1u64 << 53) as f64
}

/// How long the server asks to wait: `retry-after-ms` (OpenAI, Azure), or `Retry-After` in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |s: &str| s.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
    if let Some(ms) = text("retry-after-ms").and_then(number) {
        return Some(duration(ms / 1000.0));
    }
    let after = text(header::RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(after) {
        return Some(duration(seconds));
    }
    let date = httpdate::parse_http_date(after).ok()?;
    // By the clock of the server, if it tells: ours may be wrong.
    let now = text(header::DATE.as_str()).and_then(|d| httpdate::parse_http_date(d).ok());
    Some(date.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or_default())
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_longest() {
        let (first, longest) = (Duration::from_millis(500), Duration::from_secs(30));
        for (tries, full) in [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (1000, 30.0), (u32::MAX, 30.0)] {
            let waits: Vec<f64> = (0..20).map(|_| backoff(tries, first, longest).as_secs_f64()).collect();
            assert!(waits.iter().all(|w| (full / 2.0..=full).contains(w)), "{tries}: {waits:?}");
            assert!(waits.iter().any(|w| *w != waits[0]), "no randomness in {waits:?}");
        }
        assert_eq!(backoff(3, Duration::ZERO, longest), Duration::ZERO);
        assert!(backoff(40, Duration::MAX, longest) <= longest);
    }

    #[test]
    fn servers_ask_in_three_ways() {
        let asked = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|&(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
            retry_after(&headers)
        };
        let seconds = |s| Some(Duration::from_secs_f64(s));
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("retry-after", "7")]), seconds(7.0));
        assert_eq!(asked(&[("retry-after", " 1.5 ")]), seconds(1.5));
        assert_eq!(asked(&[("retry-after-ms", "20"), ("retry-after", "7")]), seconds(0.02));
        assert_eq!(asked(&[("retry-after-ms", "soon"), ("retry-after", "7")]), seconds(7.0));
        let date = ("date", "Fri, 15 May 2015 15:34:21 GMT");
        assert_eq!(asked(&[date, ("retry-after", "Fri, 15 May 2015 15:35:21 GMT")]), seconds(60.0));
        assert_eq!(asked(&[date, ("retry-after", "Fri, 15 May 2015 15:33:21 GMT")]), seconds(0.0));
        assert_eq!(asked(&[("retry-after", "Fri, 15 May 2015 15:33:21 GMT")]), seconds(0.0));
        assert!(asked(&[("retry-after", "Wed, 01 Jan 2200 00:00:00 GMT")]) > seconds(1e9));
        for nonsense in ["-1", "NaN", "inf", "soon", "", "1e999"] {
            assert_eq!(asked(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(asked(&[("retry-after", "1e300")]), Some(Duration::MAX));
    }

    #[test]
    fn what_may_pass() {
        let passing: Vec<u16> = (100..600).filter(|&s| may_pass(s)).collect();
        assert!(passing.starts_with(&[408, 409, 425, 429, 500, 502, 503, 504, 506]));
        assert!(!may_pass(600));
    }
}
