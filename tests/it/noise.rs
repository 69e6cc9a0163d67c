//! Bytes that nobody would send: the same at every run.

use serde_json::Value;

/// A source of numbers that look random (xorshift64*).
pub(crate) struct Noise(u64);

impl Noise {
    /// The same seed gives the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % limit
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// Random bytes: plain noise, or letters of JSON in random order.
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        const LETTERS: &[u8] = br#"{}[]:,"\ntrue0-.eE19 PodNodeNames"#;
        let length = self.below(600);
        let json = self.below(2) == 0;
        (0..length).map(|_| if json { LETTERS[self.below(LETTERS.len())] } else { self.byte() }).collect()
    }

    /// A good body with some bytes changed, cut out, repeated, or swapped for others.
    pub(crate) fn damaged(&mut self, good: &[u8]) -> Vec<u8> {
        let mut body = good.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(body.len().max(1));
            let end = (at + self.below(20)).min(body.len());
            match self.below(4) {
                0 if at < body.len() => body[at] = self.byte(),
                1 => drop(body.drain(at.min(end)..end)),
                2 => {
                    let piece = body.get(at..end).unwrap_or_default().to_vec();
                    body.splice(at..at, piece);
                }
                _ => body.truncate(at),
            }
        }
        body
    }

    /// A good document with one of its values replaced by one of another type.
    pub(crate) fn misshapen(&mut self, good: &Value) -> Vec<u8> {
        let mut document = good.clone();
        let mut paths = Vec::new();
        paths_of(good, String::new(), &mut paths);
        let path = &paths[self.below(paths.len())];
        let strange = ["null", "7", "-1e400", "\"\"", "[]", "{}", "true", "[null]", "\"\\u0000\"", "1e3", "{\"a\":{}}"];
        let strange = strange[self.below(strange.len())];
        *document.pointer_mut(path).unwrap() = Value::from("(here)");
        document.to_string().replacen("\"(here)\"", strange, 1).into_bytes()
    }
}

fn paths_of(value: &Value, path: String, paths: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        for (key, member) in object {
            paths_of(member, format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), paths);
        }
    }
    for (place, element) in value.as_array().into_iter().flatten().enumerate() {
        paths_of(element, format!("{path}/{place}"), paths);
    }
    paths.push(path);
}
