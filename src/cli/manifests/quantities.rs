//! The amounts of resources in an object.

use serde_json::Value;

use super::position::Field;
use crate::model::Resources;

/// Members that hold amounts by resource.
pub(super) const AMOUNTS: [&str; 12] = [
    "allocatable",
    "allocatedResources",
    "capacity",
    // of a limit range
    "default",
    "defaultRequest",
    "limits",
    "max",
    "maxLimitRequestRatio",
    "min",
    "overhead",
    // of a runtime class
    "podFixed",
    "requests",
];

/// The path of the first amount that is no quantity.
pub(super) fn unreadable_amount(value: &Value) -> Option<Vec<Field>> {
    let within = |field: Field, inner: &Value| {
        let mut path = unreadable_amount(inner)?;
        path.insert(0, field);
        Some(path)
    };
    match value {
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            let amounts = AMOUNTS.contains(&key.as_str()).then_some(member).and_then(Value::as_object);
            let bad = amounts.into_iter().flatten().find(|(name, amount)| {
                amount.as_str().is_some_and(|amount| Resources::default().set(name, amount).is_err())
            });
            match bad {
                Some((name, _)) => Some(vec![Field::Member(key.clone()), Field::Member(name.clone())]),
                None => within(Field::Member(key.clone()), member),
            }
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| within(Field::Element(at), item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Converts amounts that are numbers to strings, as the API server does.
pub(super) fn spell_quantities(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if AMOUNTS.contains(&key.as_str())
                    && let Value::Object(amounts) = member
                {
                    for amount in amounts.values_mut().filter(|amount| amount.is_number()) {
                        *amount = Value::from(amount.to_string());
                    }
                }
                // The overhead of a runtime class holds amounts in a member.
                spell_quantities(member);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(spell_quantities),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
