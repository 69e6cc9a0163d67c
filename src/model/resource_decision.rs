//! How the request and limit of a container were decided: a line of the annotation `outrigger.dev/resources`.

use std::fmt;

/// A request and a limit as quantities; `None`: there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestAndLimit {
    /// The request.
    pub request: Option<Box<str>>,
    /// The limit.
    pub limit: Option<Box<str>>,
}

/// How the request and limit of one resource of one container were decided: what each source says, and the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceDecision {
    /// The name of the container.
    pub container: Box<str>,
    /// The name of the resource.
    pub resource: Box<str>,
    /// What the user or another webhook chose.
    pub user: RequestAndLimit,
    /// The static values of the policy.
    pub policy: RequestAndLimit,
    /// The request that the forecast of the PE leads to.
    pub demand: Option<Box<str>>,
    /// What a `LimitRange` filled in, would fill in, or allows where it does not allow what the others say.
    pub limit_range: RequestAndLimit,
    /// What the container got.
    pub result: RequestAndLimit,
}

/// The largest number of lines of the annotation.
const MOST_LINES: usize = 32;
/// The longest line in bytes. Quantities and names of resources that users write may be long.
const LONGEST_LINE: usize = 256;

impl ResourceDecision {
    /// True where more than one source has a say, so that the result does not explain itself.
    #[must_use]
    pub fn needs_explanation(&self) -> bool {
        let pairs = [&self.user, &self.policy, &self.limit_range];
        let said = pairs.into_iter().filter(|pair| **pair != RequestAndLimit::default()).count();
        said.saturating_add(usize::from(self.demand.is_some())) > 1
    }

    /// The value of the annotation: a line for each decision, behind the lines that the value has. At most 32 lines stay.
    #[must_use]
    pub fn annotation(before: &str, decisions: &[Self]) -> String {
        let lines = decisions.iter().map(ToString::to_string).filter(|line| line.len() <= LONGEST_LINE);
        let before = before.lines().map(str::to_owned);
        before.chain(lines).take(MOST_LINES).collect::<Vec<_>>().join("\n")
    }

    /// Reads the value of the annotation. Lines of another form are left out.
    pub fn of_annotation(value: &str) -> impl Iterator<Item = Self> {
        value.lines().take(MOST_LINES).filter_map(Self::parse)
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, sources) = line.split_once(": ")?;
        let (container, resource) = name.split_once(' ')?;
        let said = |source: &str| sources.split(", ").find_map(|part| part.strip_prefix(source)?.strip_prefix(' '));
        Some(Self {
            container: container.into(),
            resource: resource.into(),
            user: RequestAndLimit::parse(said("user")?)?,
            policy: RequestAndLimit::parse(said("policy")?)?,
            demand: quantity(said("demand")?),
            limit_range: RequestAndLimit::parse(said("LimitRange")?)?,
            result: RequestAndLimit::parse(said("result")?)?,
        })
    }
}

impl fmt::Display for ResourceDecision {
    /// A line: `main cpu: user -/-, policy 100m/-, demand 310m, LimitRange -/250m, result 250m/250m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { container, resource, user, policy, demand, limit_range, result } = self;
        let demand = demand.as_deref().unwrap_or(NONE);
        write!(f, "{container} {resource}: user {user}, policy {policy}, demand {demand}, ")?;
        write!(f, "LimitRange {limit_range}, result {result}")
    }
}

/// What stands where there is no quantity.
const NONE: &str = "-";

impl RequestAndLimit {
    fn parse(text: &str) -> Option<Self> {
        let (request, limit) = text.split_once('/')?;
        Some(Self { request: quantity(request), limit: quantity(limit) })
    }
}

impl fmt::Display for RequestAndLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [request, limit] = [&self.request, &self.limit].map(|quantity| quantity.as_deref().unwrap_or(NONE));
        write!(f, "{request}/{limit}")
    }
}

fn quantity(text: &str) -> Option<Box<str>> {
    (text != NONE).then(|| text.into())
}

#[cfg(test)]
#[path = "tests/resource_decision.rs"]
mod tests;
