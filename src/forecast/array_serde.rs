//! Arrays of any length as serde writes them: serde itself knows arrays of fixed lengths only.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes an array as a sequence.
pub(super) fn serialize<T: Serialize, S: Serializer, const D: usize>(
    array: &[T; D],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    array.as_slice().serialize(serializer)
}

/// Reads an array of exactly this length.
pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>, const L: usize>(
    deserializer: D,
) -> Result<[T; L], D::Error> {
    let values = Vec::deserialize(deserializer)?;
    values.try_into().map_err(|values: Vec<T>| D::Error::invalid_length(values.len(), &"an array of another length"))
}

/// Square arrays, row by row.
pub(super) mod square {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes all rows as one sequence.
    pub(in crate::forecast) fn serialize<T: Serialize, S: Serializer, const D: usize>(
        rows: &[[T; D]; D],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        rows.as_flattened().serialize(serializer)
    }

    /// Reads exactly as many values as the rows have.
    pub(in crate::forecast) fn deserialize<'de, T, D, const L: usize>(deserializer: D) -> Result<[[T; L]; L], D::Error>
    where
        T: Deserialize<'de> + Copy + Default,
        D: Deserializer<'de>,
    {
        let values: Vec<T> = Vec::deserialize(deserializer)?;
        if values.len() != L * L {
            return Err(D::Error::invalid_length(values.len(), &"a square of another size"));
        }
        let mut rows = [[T::default(); L]; L];
        rows.as_flattened_mut().copy_from_slice(&values);
        Ok(rows)
    }
}
