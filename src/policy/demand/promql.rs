//! Checks that a query is `PromQL` and that its answer names pods or nodes.

use promql_parser::parser::token::{T_BOTTOMK, T_LIMIT_RATIO, T_LIMITK, T_TOPK};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{AggregateExpr, Expr, LabelModifier, parse};

use super::settings::MeasuredSubject;

/// The query of a policy, in which `$step` stands for the length of a step.
const STEP: &str = "$step";
/// A longer query does not fit into the address of a request.
const LONGEST_QUERY_BYTES: usize = 2_048;

/// The query with the length of a step in place of `$step`, or what is wrong.
pub(super) fn checked(written: &str, step_seconds: i64, subject: MeasuredSubject) -> Result<Box<str>, String> {
    if written.len() > LONGEST_QUERY_BYTES {
        return Err(format!(
            "the query has {} bytes, and at most {LONGEST_QUERY_BYTES} fit into a request: make a recording rule",
            written.len()
        ));
    }
    let query = written.replace(STEP, &format!("{step_seconds}s"));
    let parsed = parse(&query).map_err(|problem| format!("this is no PromQL: {}", one_line(&problem)))?;
    if parsed.value_type() != ValueType::Vector {
        return Err("the answer has no series: write a query whose answer is an instant vector".to_owned());
    }
    match lost_label(&parsed, subject) {
        Some(lost) => Err(format!("the answer has no label {lost}: keep the label by `by (…)`")),
        None => Ok(query.into()),
    }
}

/// The label that the series of an answer cannot have, although they are told apart by it. Only an aggregation at the top
/// is looked at: what a function or an operator keeps depends on the data.
fn lost_label(query: &Expr, subject: MeasuredSubject) -> Option<&'static str> {
    let aggregate = match query {
        Expr::Paren(inner) => return lost_label(&inner.expr, subject),
        Expr::Aggregate(aggregate) if !keeps_series(aggregate) => aggregate,
        Expr::Aggregate(_)
        | Expr::Unary(_)
        | Expr::Binary(_)
        | Expr::Subquery(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Call(_)
        | Expr::Extension(_) => return None,
    };
    let keeps = |label: &str| match &aggregate.modifier {
        None => false,
        Some(LabelModifier::Include(kept)) => kept.labels.iter().any(|kept| kept == label),
        Some(LabelModifier::Exclude(dropped)) => !dropped.labels.iter().any(|dropped| dropped == label),
    };
    match subject {
        MeasuredSubject::Pod => [("namespace", "`namespace`"), ("pod", "`pod`")]
            .into_iter()
            .find(|(label, _)| !keeps(label))
            .map(|(_, name)| name),
        MeasuredSubject::Node => (!keeps("node") && !keeps("instance")).then_some("`node` or `instance`"),
    }
}

/// True for an aggregation that chooses among series and leaves them as they are.
fn keeps_series(aggregate: &AggregateExpr) -> bool {
    [T_TOPK, T_BOTTOMK, T_LIMITK, T_LIMIT_RATIO].contains(&aggregate.op.id())
}

fn one_line(problem: &str) -> String {
    problem.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "tests/promql.rs"]
mod tests;
