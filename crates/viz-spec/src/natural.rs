//! The order in which people expect labels: "item 2" before "item 10".

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

/// Compares character by character, but runs of ASCII digits by their number. A total order: texts that differ only
/// in leading zeros are told apart by their bytes.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let step = match (x.peek().copied(), y.peek().copied()) {
            (None, None) => return a.cmp(b),
            (Some(c), Some(d)) if c.is_ascii_digit() && d.is_ascii_digit() => {
                let (m, n) = (number(&mut x), number(&mut y));
                m.len().cmp(&n.len()).then_with(|| m.cmp(&n))
            }
            (c, d) => {
                x.next();
                y.next();
                c.cmp(&d)
            }
        };
        if step != Ordering::Equal {
            return step;
        }
    }
}

/// The digits of the number at hand without leading zeros; so the longer one is the larger one, of any size.
fn number(it: &mut Peekable<Chars<'_>>) -> String {
    let mut digits = String::new();
    while let Some(c) = it.next_if(char::is_ascii_digit) {
        if c != '0' || !digits.is_empty() {
            digits.push(c);
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_as_numbers() {
        let sorted = [
            "",
            "0",
            "00",
            "1",
            "01",
            "2",
            "10",
            "99999999999999999999999",
            "100000000000000000000000",
            "B",
            "a",
            "a1b2",
            "a1b10",
            "a2",
            "a02b",
            "a10",
            "é",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                let got = compare(a, b);
                // "00" and "01" follow "0" and "1" by byte order of what is otherwise equal, see below.
                if a.trim_start_matches('0') != b.trim_start_matches('0') {
                    assert_eq!(got, i.cmp(&j), "{a:?} {b:?}");
                }
            }
        }
        assert_eq!(compare("0", "00"), Ordering::Less);
        assert_eq!(compare("01", "1"), Ordering::Less);
    }

    proptest! {
        #[test]
        fn it_is_a_total_order(mut v in prop::collection::vec("[a0-9 ]{0,6}", 0..12)) {
            for a in &v {
                for b in &v {
                    prop_assert_eq!(compare(a, b), compare(b, a).reverse());
                    prop_assert_eq!(compare(a, b) == Ordering::Equal, a == b);
                    for c in &v {
                        if compare(a, b).is_lt() && compare(b, c).is_lt() {
                            prop_assert!(compare(a, c).is_lt());
                        }
                    }
                }
            }
            v.sort_by(|a, b| compare(a, b));
        }
    }
}
