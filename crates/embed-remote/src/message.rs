//! What a server says when it refuses.

use crate::secret::CUT;
use serde_json::Value;

/// Bytes of an answer in which a message is looked for.
pub(crate) const LIMIT: usize = 64 * 1024;

/// The first `most` bytes, at most, as text. What was cut off is marked, as a secret may have lost its end there.
pub(crate) fn beginning(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let text = String::from_utf8_lossy(&bytes[..most]);
    // A character that was cut in two.
    format!("{}{CUT}", text.trim_end_matches(char::REPLACEMENT_CHARACTER))
}

/// The words and the codes of an error answer, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) message: String,
    codes: Vec<String>,
}

impl Said {
    /// Reads the body of an error answer: `error.message` (OpenAI, vLLM, Ollama), `message` (text-embeddings-inference), `error`
    /// (the same, and Ollama of old) or `detail` (FastAPI); else the body as it is. Of a longer body than [`LIMIT`], the
    /// beginning.
    pub(crate) fn read(body: &[u8]) -> Self {
        let json = if body.len() > LIMIT { None } else { serde_json::from_slice::<Value>(body).ok() };
        // Google's gateway sends a list of one error.
        let json = json.as_ref().map(|v| v.get(0).unwrap_or(v));
        let Some(json) = json.filter(|v| v.is_object()) else {
            return Self { message: beginning(body, LIMIT), codes: Vec::new() };
        };
        let message = [json.pointer("/error/message"), json.get("message"), json.get("error"), json.get("detail")]
            .into_iter()
            .flatten()
            .find_map(|v| match v {
                Value::Null => None,
                Value::String(s) if s.trim().is_empty() => None,
                Value::String(s) => Some(s.clone()),
                other => Some(other.to_string()),
            });
        let codes = ["/error/code", "/error/type", "/code", "/type"]
            .into_iter()
            .filter_map(|path| json.pointer(path)?.as_str().map(str::to_owned))
            .collect();
        Self { message: message.unwrap_or_else(|| json.to_string()), codes }
    }

    /// Whether an account has nothing left, which no wait changes.
    pub(crate) fn is_quota(&self) -> bool {
        self.has_code("insufficient_quota")
    }

    /// Whether the request is refused for the sum of its tokens (OpenAI).
    pub(crate) fn is_sum_of_tokens(&self) -> bool {
        self.has_code("max_tokens_per_request")
    }

    /// Most texts that a request may have, where the server refuses it for their number and says so: `batch size 64 > maximum
    /// allowed batch size 32` (text-embeddings-inference), `batch size is invalid, it should not be larger than 10` (DashScope).
    pub(crate) fn most_texts(&self) -> Option<usize> {
        let text = self.message.to_ascii_lowercase();
        let text = &text[text.find("batch size")?..];
        let phrases = ["maximum allowed batch size ", "should not be larger than "];
        let rest = phrases.iter().find_map(|p| Some(&text[text.find(p)? + p.len()..]))?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    }

    fn has_code(&self, code: &str) -> bool {
        self.codes.iter().any(|c| c == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_where_servers_put_them() {
        for (body, message) in [
            (r#"{"error":{"message":"no such model","type":"x"}}"#, "no such model"),
            (r#"[{"error":{"message":"no such model"}}]"#, "no such model"),
            (r#"{"message":"too long","error":"other"}"#, "too long"),
            (r#"{"error":"too long","error_type":"Validation"}"#, "too long"),
            (r#"{"error":null,"detail":"Not Found"}"#, "Not Found"),
            (r#"{"detail":[{"msg":"field required"}]}"#, r#"[{"msg":"field required"}]"#),
            (r#"{"status":"bad"}"#, r#"{"status":"bad"}"#),
            ("<html>502</html>", "<html>502</html>"),
            ("\"text\"", "\"text\""),
            ("[]", "[]"),
            ("", ""),
        ] {
            assert_eq!(Said::read(body.as_bytes()).message, message);
        }
        assert_eq!(Said::read(b"\xff{").message, "\u{fffd}{");
        // What is longer is not taken apart.
        let long = format!(r#"{{"x":[{}],"message":"m"}}"#, "[],".repeat(LIMIT));
        let said = Said::read(long.as_bytes()).message;
        assert!(said.starts_with(r#"{"x":[[],"#) && said.ends_with(CUT) && said.len() == LIMIT + CUT.len_utf8());
    }

    #[test]
    fn codes_and_limits_are_recognized() {
        assert!(Said::read(br#"{"error":{"message":"m","code":"insufficient_quota"}}"#).is_quota());
        assert!(Said::read(br#"{"error":{"message":"m","type":"insufficient_quota","code":null}}"#).is_quota());
        assert!(!Said::read(br#"{"error":{"message":"insufficient_quota"}}"#).is_quota());
        assert!(Said::read(br#"{"error":{"code":"max_tokens_per_request"}}"#).is_sum_of_tokens());
        for (message, most) in [
            ("batch size 64 > maximum allowed batch size 32", Some(32)),
            ("Value error, Batch size is invalid, it should not be larger than 10.: input.contents", Some(10)),
            ("the number should not be larger than 10", None),
            ("batch size 64 > maximum allowed batch size", None),
            ("batch size 1 > maximum allowed batch size 99999999999999999999999", None),
            ("batch size 64", None),
            ("", None),
        ] {
            assert_eq!(Said { message: message.into(), codes: vec![] }.most_texts(), most, "{message}");
        }
    }
}
