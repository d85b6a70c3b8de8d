//! What an annotation tool hands over: values of a question, and when to run again.

use serde_json::Value;

/// The vote in the values of a question with one answer (radio buttons, a scale, a selection): the first label whose value
/// is not one of `false`, `"false"`, `"False"`, `0`, `"0"`, `""` and `null`. `None` if there is none.
///
/// ```
/// use planisphere_labels_mace::single_vote;
/// use serde_json::json;
///
/// let (no, yes) = (json!("false"), json!("on"));
/// assert_eq!(single_vote([("cat", &no), ("dog", &yes)]), Some("dog"));
/// assert_eq!(single_vote([("cat", &no)]), None);
/// ```
pub fn single_vote<'a, 'v>(values: impl IntoIterator<Item = (&'a str, &'v Value)>) -> Option<&'a str> {
    values.into_iter().find(|(_, value)| is_chosen(value)).map(|(label, _)| label)
}

/// Whether a value stands for a label that was chosen, see [`single_vote`].
pub fn is_chosen(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !matches!(s.as_str(), "false" | "False" | "0" | ""),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Tells when enough annotations have come to learn from them again.
///
/// ```
/// use planisphere_labels_mace::Trigger;
///
/// let mut trigger = Trigger::every(5);
/// assert_eq!([3, 5, 7, 10].map(|total| trigger.fires(total)), [false, true, false, true]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    every: u64,
    last: u64,
}

impl Trigger {
    /// Fires for every `n` annotations (0 is taken as 1), counted from none.
    pub fn every(n: u64) -> Self {
        Self { every: n.max(1), last: 0 }
    }

    /// Counts from so many annotations on, which are known already: after a restart, say.
    #[must_use]
    pub fn starting_at(mut self, total: u64) -> Self {
        self.last = total;
        self
    }

    /// Whether it is time, now that there are `total` annotations: at least `n` more than when it was so before. Then it
    /// counts from here on. A total that has fallen does not fire.
    pub fn fires(&mut self, total: u64) -> bool {
        let fires = total.saturating_sub(self.last) >= self.every;
        if fires {
            self.last = total;
        }
        fires
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_that_are_no_choice() {
        let none =
            [json!(false), json!("false"), json!("False"), json!(0), json!(-0.0), json!("0"), json!(""), json!(null)];
        assert_eq!(single_vote(none.iter().map(|v| ("x", v))), None);
        for chosen in
            [json!(true), json!("FALSE"), json!(" "), json!(2), json!(0.1), json!([]), json!({}), json!("0.0")]
        {
            assert_eq!(single_vote([("no", &none[0]), ("x", &chosen), ("y", &chosen)]), Some("x"), "{chosen}");
        }
    }

    #[test]
    fn a_trigger_that_goes_on_and_one_whose_total_falls() {
        let mut t = Trigger::every(0).starting_at(7);
        assert_eq!([7, 8, 8, 2, 9].map(|n| t.fires(n)), [false, true, false, false, true]);
        assert!(Trigger::every(u64::MAX).fires(u64::MAX));
    }
}
