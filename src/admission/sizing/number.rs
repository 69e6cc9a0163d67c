//! Requests and limits as they are written, and as amounts.

use std::borrow::Cow;

use crate::admission::quantity::quantity;
use crate::model::{RequestAndLimit, parse_thousandths};

/// A request or limit as it is written, and in thousandths of the base unit.
///
/// Amounts are rounded up to thousandths. Where the rounded amounts of a request and its limit are equal, both get the same
/// text, so that a finer part cannot put the request above the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) amount: u128,
}

/// A request and a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair<'t> {
    pub(super) request: Option<Number<'t>>,
    pub(super) limit: Option<Number<'t>>,
}

impl<'t> Number<'t> {
    /// `None` if the text is no quantity. The API server rejects the pod; the text is not corrected.
    pub(super) fn read(text: Cow<'t, str>) -> Option<Self> {
        let amount = parse_thousandths(&text)?;
        Some(Self { text, amount })
    }

    /// The quantity of this amount.
    pub(super) fn of(resource: &str, amount: u128) -> Self {
        Self { text: Cow::Owned(quantity(resource, amount)), amount }
    }

    /// The smaller of both; `bound` where they are equal.
    pub(super) fn at_most(self, bound: Option<&Self>) -> Self {
        match bound {
            Some(bound) if bound.amount <= self.amount => bound.clone(),
            _ => self,
        }
    }

    /// The larger of both; `bound` where they are equal.
    pub(super) fn at_least(self, bound: Option<&Self>) -> Self {
        match bound {
            Some(bound) if bound.amount >= self.amount => bound.clone(),
            _ => self,
        }
    }
}

impl Pair<'_> {
    pub(super) fn is_equal(&self) -> bool {
        let amount = |number: &Option<Number<'_>>| number.as_ref().map(|number| number.amount);
        self.limit.is_some() && amount(&self.request) == amount(&self.limit)
    }

    pub(super) fn texts(&self) -> RequestAndLimit {
        RequestAndLimit { request: boxed(self.request.as_ref()), limit: boxed(self.limit.as_ref()) }
    }
}

/// The text of a number.
pub(super) fn boxed(number: Option<&Number<'_>>) -> Option<Box<str>> {
    number.map(|number| number.text.as_ref().into())
}
