//! How often one address may ask, and how often it may be wrong.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Addresses that are remembered before those that have been silent are forgotten.
const MANY: usize = 4096;

/// The address that counts: of IPv6 the network, because one client has as many addresses in it as it likes.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// A limit on requests.
pub(super) struct Requests {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
}

impl Requests {
    /// So many a second, and as many at once; 0 is no limit.
    pub(super) fn per_second(rate: u32) -> Self {
        let limiter = NonZeroU32::new(rate).map(|n| RateLimiter::keyed(Quota::per_second(n)));
        Self { limiter, clock: DefaultClock::default() }
    }

    /// Whether a request may pass; otherwise when the next one may.
    pub(super) fn admit(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if limiter.len() > MANY {
            limiter.retain_recent();
        }
        limiter.check_key(&network(address)).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// A limit on wrong keys. Whoever has used it up is not even told whether the next key is right, so that it bounds how many
/// can be tried.
pub(super) struct Attempts {
    most: f64,
    per_second: f64,
    used: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Attempts {
    /// So many at once, and as many a minute.
    pub(super) fn per_minute(rate: u32) -> Self {
        Self { most: f64::from(rate), per_second: f64::from(rate) / 60.0, used: Mutex::default() }
    }

    /// Whether an address may try a key; otherwise when it may.
    pub(super) fn admit(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let used = self.used_by(address, now);
        let over = used + 1.0 - self.most;
        if over <= 0.0 { Ok(()) } else { Err(Duration::from_secs_f64(over / self.per_second)) }
    }

    /// Notes a wrong key.
    pub(super) fn failed(&self, address: IpAddr, now: Instant) {
        let used = self.used_by(address, now) + 1.0;
        let mut all = self.lock();
        if all.len() >= MANY {
            let (per_second, most) = (self.per_second, self.most);
            all.retain(|_, (used, at)| left(*used, *at, now, per_second) > 0.0);
            if all.len() >= MANY {
                // Whoever has so many networks is not stopped by counting; memory is kept.
                all.retain(|_, (used, _)| *used >= most / 2.0);
                all.shrink_to(MANY);
            }
        }
        all.insert(network(address), (used, now));
    }

    fn used_by(&self, address: IpAddr, now: Instant) -> f64 {
        let all = self.lock();
        all.get(&network(address)).map_or(0.0, |(used, at)| left(*used, *at, now, self.per_second))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, (f64, Instant)>> {
        self.used.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn left(used: f64, at: Instant, now: Instant, per_second: f64) -> f64 {
    (used - now.saturating_duration_since(at).as_secs_f64() * per_second).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn wrong_keys_run_out_and_come_back() {
        let attempts = Attempts::per_minute(3);
        let start = Instant::now();
        for _ in 0..3 {
            assert!(attempts.admit(ip("1.2.3.4"), start).is_ok());
            attempts.failed(ip("1.2.3.4"), start);
        }
        let wait = attempts.admit(ip("1.2.3.4"), start).unwrap_err();
        assert_eq!(wait, Duration::from_secs(20));
        assert!(attempts.admit(ip("1.2.3.5"), start).is_ok());
        assert!(attempts.admit(ip("::ffff:1.2.3.4"), start).is_err());
        assert!(attempts.admit(ip("1.2.3.4"), start + wait).is_ok());
    }

    #[test]
    fn addresses_of_a_network_are_one() {
        let attempts = Attempts::per_minute(1);
        let now = Instant::now();
        attempts.failed(ip("2001:db8:1:2:3::1"), now);
        assert!(attempts.admit(ip("2001:db8:1:2:ffff::9"), now).is_err());
        assert!(attempts.admit(ip("2001:db8:1:3::1"), now).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::per_minute(100);
        let now = Instant::now();
        for i in 0..3 * MANY as u32 {
            attempts.failed(IpAddr::V4(i.into()), now);
        }
        assert!(attempts.lock().len() <= MANY);
    }

    #[test]
    fn requests_beyond_the_rate_wait() {
        let requests = Requests::per_second(2);
        assert!(requests.admit(ip("::1")).is_ok() && requests.admit(ip("::1")).is_ok());
        assert!(requests.admit(ip("::1")).unwrap_err() <= Duration::from_secs(1));
        assert!(requests.admit(ip("127.0.0.1")).is_ok());
        let none = Requests::per_second(0);
        assert!((0..1000).all(|_| none.admit(ip("::1")).is_ok()));
    }
}
