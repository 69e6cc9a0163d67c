//! One resource of one container: what each source says, and what follows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::number::{Number, Pair, boxed};
use crate::admission::json;
use crate::admission::limit_ranger::FilledIn;
use crate::admission::quantity::{Kind, may_overcommit, written};
use crate::model::{RequestAndLimit, RequestRange, ResourceDecision, ResourceList};
use crate::policy::Sizing;

/// What each source says of the request and limit of one resource in one container.
///
/// A container that another webhook has added has not been seen by the `LimitRanger` plugin: it will fill in the defaults
/// after this webhook. Such a default counts as filled in already.
pub(super) struct Numbers<'a> {
    container: &'a str,
    resource: &'a str,
    /// As they are in the pod.
    in_pod: Pair<'a>,
    /// Of those in the pod, the ones that a user or another webhook chose.
    user: Pair<'a>,
    /// What a `LimitRange` has filled in, or will.
    filled_in: Pair<'a>,
    policy: Pair<'a>,
    /// The request that the forecast leads to.
    demand: Option<Number<'a>>,
    range: Option<&'a RequestRange>,
    /// True where a request that somebody chose is replaced by the one of the forecast.
    replaces_chosen: bool,
    /// True where a request and limit that are equal without the forecast stay equal.
    keeps_equal: bool,
}

/// What becomes of the numbers of one resource in one container.
pub(super) struct Outcome {
    /// The request to write; `None` if the request stays.
    pub(super) request: Option<String>,
    /// The limit to write; `None` if the limit stays.
    pub(super) limit: Option<String>,
    /// What the user should know.
    pub(super) notes: Vec<String>,
    /// The account of the decision, if the changes are made.
    pub(super) decision: ResourceDecision,
    /// The numbers if no change is made.
    before: RequestAndLimit,
}

impl Outcome {
    /// True where a number is to be written.
    pub(super) fn is_changed(&self) -> bool {
        self.request.is_some() || self.limit.is_some()
    }

    /// True where the container gets CPU or memory.
    pub(super) fn has_cpu_or_memory(&self) -> bool {
        matches!(&*self.decision.resource, "cpu" | "memory") && self.is_changed()
    }

    /// Leaves the numbers as they are.
    pub(super) fn leave(&mut self) {
        self.decision.result = std::mem::take(&mut self.before);
        (self.request, self.limit) = (None, None);
        self.notes.clear();
    }
}

/// What the numbers of a container are read from, beside the container.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) sizing: &'a Sizing,
    pub(super) filled_in: &'a FilledIn<'a>,
    pub(super) range: Option<&'a RequestRange>,
    /// True where the vertical pod autoscaler has written numbers: a policy does not replace them.
    pub(super) is_autoscaled: bool,
}

impl<'a> Numbers<'a> {
    /// Reads the numbers of a container. `demand` is the request that the forecast leads to, in thousandths. `None` if a
    /// number cannot be read.
    pub(super) fn read(
        container: &'a Value,
        resource: &'a str,
        demand: Option<u128>,
        sources: Sources<'a>,
    ) -> Option<Self> {
        let Sources { sizing, filled_in, range, is_autoscaled } = sources;
        let name = json::text(container, &["name"]).unwrap_or_default();
        let read = |kind| match written(container, kind, resource) {
            None => Some(None),
            Some(text) => Number::read(text).map(Some),
        };
        let in_pod = Pair { request: read(Kind::Request)?, limit: read(Kind::Limit)? };
        let split = |kind, number: &Option<Number<'a>>| match number {
            Some(number) if filled_in.contains(name, kind, resource) => (None, Some(number.clone())),
            number => (number.clone(), None),
        };
        let (user_request, filled_request) = split(Kind::Request, &in_pod.request);
        let (user_limit, filled_limit) = split(Kind::Limit, &in_pod.limit);
        let will_fill = |kind| {
            let defaults = match kind {
                Kind::Request => &range?.default_request,
                Kind::Limit => &range?.default_limit,
            };
            Some(Number::of(resource, defaults.get(resource)?))
        };
        let has_none = in_pod == Pair::default();
        let default_request = || will_fill(Kind::Request).filter(|_| has_none);
        let default_limit = || will_fill(Kind::Limit).filter(|_| in_pod.limit.is_none());
        let filled_in =
            Pair { request: filled_request.or_else(default_request), limit: filled_limit.or_else(default_limit) };
        let of_policy =
            |texts: &'a BTreeMap<String, String>| texts.get(resource).and_then(|text| Number::read(text.into()));
        let policy = Pair { request: of_policy(&sizing.requests), limit: of_policy(&sizing.limits) };
        Some(Self {
            container: name,
            resource,
            user: Pair { request: user_request, limit: user_limit },
            in_pod,
            filled_in,
            policy,
            demand: demand.map(|amount| Number::of(resource, amount)),
            range,
            replaces_chosen: sizing.demand.as_ref().is_some_and(|demand| demand.overrides) && !is_autoscaled,
            keeps_equal: sizing.demand.as_ref().is_some_and(|demand| demand.keeps_qos_class),
        })
    }
}

impl<'a> Numbers<'a> {
    /// Decides request and limit.
    pub(super) fn decide(&self) -> Outcome {
        let wanted = self.wanted();
        let result = self.result(wanted.as_ref());
        let is_legal = may_overcommit(self.resource) || result.limit.is_none() || result.is_equal();
        let result = if is_legal { result } else { self.kept() };
        // What a `LimitRange` will fill in is written only beside something else that is written.
        let changed = |after: &Option<Number<'_>>, before: &Option<Number<'_>>| {
            let amount = |number: &Option<Number<'_>>| number.as_ref().map(|number| number.amount);
            (amount(after) != amount(before)).then(|| after.as_ref().map(|number| number.text.to_string())).flatten()
        };
        let request = changed(&result.request, &self.in_pod.request).filter(|_| wanted.is_some() && is_legal);
        let limit = changed(&result.limit, &self.in_pod.limit);
        let writes_limit = request.is_some() || self.filled_in.limit.is_none();
        let limit = limit.filter(|_| writes_limit && is_legal);
        Outcome {
            notes: self.notes(&result, wanted.as_ref().filter(|_| request.is_some())),
            decision: self.account(&result, wanted.as_ref()),
            before: self.kept().texts(),
            request,
            limit,
        }
    }

    /// The request that the container should have; `None` if the request stays, whatever it is.
    fn wanted(&self) -> Option<Number<'a>> {
        // A limit alone sets both: Kubernetes makes the request equal to the limit.
        let is_chosen = self.user.request.is_some() || (self.in_pod.request.is_none() && self.in_pod.limit.is_some());
        if is_chosen {
            return self.demand.clone().filter(|_| self.replaces_chosen);
        }
        self.demand.clone().or_else(|| self.policy.request.clone())
    }

    /// The numbers without a change.
    fn kept(&self) -> Pair<'a> {
        let or = |one: &Option<Number<'a>>, other: &Option<Number<'a>>| one.clone().or_else(|| other.clone());
        Pair {
            request: or(&self.user.request, &self.filled_in.request),
            limit: or(&self.user.limit, &self.filled_in.limit),
        }
    }

    fn result(&self, wanted: Option<&Number<'a>>) -> Pair<'a> {
        let is_of_demand = wanted.is_some() && wanted == self.demand.as_ref();
        let ties = is_of_demand && self.keeps_equal && self.filled_in.limit.is_none() && self.is_equal_without_demand();
        let request = wanted.map_or_else(|| self.kept().request, |wanted| Some(self.request(wanted)));
        let limit = match self.kept().limit {
            _ if ties => request.clone(),
            Some(kept) => Some(kept),
            None => self.policy.limit.as_ref().map(|limit| self.limit(limit, request.as_ref(), wanted.is_some())),
        };
        let request = match (request, &limit) {
            (Some(request), Some(limit)) if wanted.is_some() => Some(self.beside_limit(request, limit)),
            (request, _) => request,
        };
        Pair { request, limit }
    }

    /// True where the container has a limit that is also its request if there is no forecast.
    fn is_equal_without_demand(&self) -> bool {
        let kept = self.kept();
        if self.in_pod != Pair::default() && self.filled_in == Pair::default() {
            return kept.is_equal() || kept.request.is_none();
        }
        self.policy.is_equal()
    }

    /// The request within the range of the namespace, and not below one that was filled in.
    fn request(&self, wanted: &Number<'a>) -> Number<'a> {
        let [least, most] = self.bounds();
        let within = wanted.clone().at_least(least.as_ref()).at_most(most.as_ref());
        within.at_least(self.filled_in.request.as_ref())
    }

    /// The limit of the policy, raised to the request and within the range of the namespace.
    fn limit(&self, of_policy: &Number<'a>, request: Option<&Number<'a>>, is_sized: bool) -> Number<'a> {
        let [least, most] = self.bounds();
        // Of equal amounts, a request that stays gives its text to the limit. Otherwise the request takes the limit's.
        let raised_to = request.filter(|request| !is_sized || request.amount > of_policy.amount);
        let within = of_policy.clone().at_least(raised_to);
        let within = within.at_least(least.as_ref().filter(|least| least.amount > of_policy.amount));
        let within = within.at_most(most.as_ref().filter(|most| most.amount < of_policy.amount)).at_least(raised_to);
        let ratio = self.range.and_then(|range| range.max_limit_request_ratio.get(self.resource));
        match ratio.zip(request) {
            Some((ratio, request)) if within.amount.saturating_mul(1_000) > request.amount.saturating_mul(ratio) => {
                let allowed = request.amount.saturating_mul(ratio) / 1_000;
                let allowed = if self.resource == "cpu" { allowed } else { allowed / 1_000 * 1_000 };
                Number::of(self.resource, allowed).at_least(Some(request))
            }
            _ => within,
        }
    }

    /// The request, raised to what the ratio demands beside this limit, and not above the limit.
    fn beside_limit(&self, request: Number<'a>, limit: &Number<'a>) -> Number<'a> {
        let ratio = self.range.and_then(|range| range.max_limit_request_ratio.get(self.resource));
        let least = ratio.map(|ratio| limit.amount.saturating_mul(1_000).div_ceil(ratio.max(1)));
        let least = least.filter(|least| *least > request.amount);
        let unit = if self.resource == "cpu" { 1 } else { 1_000 };
        let raised = least.map_or(request, |least| Number::of(self.resource, least.next_multiple_of(unit)));
        raised.at_most(Some(limit))
    }

    /// The least and the largest amount that limit ranges allow.
    fn bounds(&self) -> [Option<Number<'a>>; 2] {
        let bound = |list: &ResourceList| Some(Number::of(self.resource, list.get(self.resource)?));
        [self.range.and_then(|range| bound(&range.min)), self.range.and_then(|range| bound(&range.max))]
    }

    /// What the user should know. `written` is the request that should have been written.
    fn notes(&self, result: &Pair<'a>, written: Option<&Number<'a>>) -> Vec<String> {
        let mut notes = Vec::new();
        let source = if written.is_some() && written == self.demand.as_ref() { "by demand" } else { "of the policy" };
        match (written, &result.request) {
            (Some(wanted), Some(got)) if got.amount < wanted.amount => {
                let is_limit = result.limit.as_ref().is_some_and(|limit| limit.amount == got.amount);
                let bound = if is_limit { "lowered to the limit" } else { "lowered for a LimitRange to" };
                notes.push(format!("request {source} {bound} `{}`", got.text));
            }
            (Some(wanted), Some(got)) if got.amount > wanted.amount && self.filled_in.request.as_ref() != Some(got) => {
                notes.push(format!("request {source} raised for a LimitRange to `{}`", got.text));
            }
            _ => {}
        }
        let Some((wanted, got)) = self.policy.limit.as_ref().zip(result.limit.as_ref()) else { return notes };
        if let Some(kept) = self.filled_in.limit.as_ref().filter(|kept| kept.amount < wanted.amount) {
            notes.push(format!("limit `{}` of a LimitRange kept, not `{}` of the policy", kept.text, wanted.text));
        } else if self.in_pod.limit.is_none() && self.filled_in.limit.is_none() && got.amount != wanted.amount {
            let change =
                if got.amount > wanted.amount { "raised to the request" } else { "lowered for a LimitRange to" };
            notes.push(format!("limit of the policy {change} `{}`", got.text));
        }
        notes
    }

    /// The account of the decision.
    fn account(&self, result: &Pair<'a>, wanted: Option<&Number<'a>>) -> ResourceDecision {
        // Where a bound of the namespace has changed a number, the bound is what the limit range says.
        let mut limit_range = self.filled_in.texts();
        let changed = |got: &Option<Number<'a>>| {
            let is_bound = |got: &&Number<'a>| self.bounds().iter().flatten().any(|bound| bound.amount == got.amount);
            boxed(got.as_ref().filter(is_bound))
        };
        if wanted.is_some() && limit_range.request.is_none() && result.request.as_ref() != wanted {
            limit_range.request = changed(&result.request);
        }
        if limit_range.limit.is_none() && self.user.limit.is_none() && result.limit != self.policy.limit {
            limit_range.limit = changed(&result.limit);
        }
        ResourceDecision {
            container: self.container.into(),
            resource: self.resource.into(),
            user: self.user.texts(),
            policy: self.policy.texts(),
            demand: boxed(self.demand.as_ref()),
            limit_range,
            result: result.texts(),
        }
    }
}
