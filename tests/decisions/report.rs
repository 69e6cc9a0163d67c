//! The outcomes of all seeds as a table, as JSON, and as a picture.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::BySeed;
use crate::replay::Outcome;
use crate::workload::Size;

pub(crate) const FORMATS: [&str; 3] = ["table", "json", "svg"];
const OURS: &str = "Outrigger";
const REFERENCE: &str = "kube-scheduler";
const RULES: [&str; 6] = [REFERENCE, "LowRiskOverCommitment", "TargetLoadPacking", "N-sigma", "RC-like", OURS];
/// The bounds of the classes of stated risks.
const BOUNDS: [f64; 8] = [0.0, 0.001, 0.01, 0.05, 0.1, 0.3, 0.6, 1.0 + f64::EPSILON];

/// A number of all seeds: the least, the median, the mean and the most.
#[derive(Clone, Copy)]
struct Spread {
    least: f64,
    median: f64,
    mean: f64,
    most: f64,
}

impl Spread {
    fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        Self { least: values[0], median: values[values.len() / 2], mean, most: values[values.len() - 1] }
    }

    fn json(self) -> Value {
        json!({"least": self.least, "median": self.median, "mean": self.mean, "most": self.most})
    }
}

fn spread(of_seeds: &[BySeed], rule: &str, number: impl Fn(&Outcome) -> f64) -> Spread {
    Spread::new(of_seeds.iter().map(|seed| number(&seed.outcomes[rule])))
}

fn overload(outcome: &Outcome) -> f64 {
    outcome.overload_minutes as f64
}

/// The overload of a rule, as a share of that of kube-scheduler: of all seeds together.
fn ratio(of_seeds: &[BySeed], rule: &str) -> f64 {
    spread(of_seeds, rule, overload).mean / spread(of_seeds, REFERENCE, overload).mean
}

/// A class of stated risks: how many, their mean, and the share that happened.
struct Class {
    from: f64,
    to: f64,
    count: usize,
    stated: f64,
    happened: f64,
}

fn classes(of_seeds: &[BySeed]) -> Vec<Class> {
    let judged: Vec<(f64, bool)> =
        of_seeds.iter().flat_map(|seed| seed.outcomes[OURS].judged.iter().copied()).collect();
    let class = |(from, to): (f64, f64)| {
        let within: Vec<&(f64, bool)> = judged.iter().filter(|(risk, _)| *risk >= from && *risk < to).collect();
        let count = within.len();
        let share = |sum: f64| if count == 0 { 0.0 } else { sum / count as f64 };
        Class {
            from,
            to: to.min(1.0),
            count,
            stated: share(within.iter().map(|(risk, _)| risk).sum()),
            happened: share(within.iter().filter(|(_, happened)| *happened).count() as f64),
        }
    };
    BOUNDS.iter().copied().zip(BOUNDS.iter().copied().skip(1)).map(class).collect()
}

pub(crate) fn text(format: &str, size: Size, of_seeds: &[BySeed]) -> String {
    match format {
        "json" => format!("{:#}\n", document(size, of_seeds)),
        "svg" => picture(size, of_seeds),
        _ => table(size, of_seeds),
    }
}

fn table(size: Size, of_seeds: &[BySeed]) -> String {
    let mut table = format!(
        "{} PEs on {} nodes for two weeks, {} seeds: overload in node-minutes\n\n\
         {:<22} {:>9} {:>19} {:>7} {:>17} {:>8} {:>7} {:>9}\n",
        size.pes,
        size.nodes,
        of_seeds.len(),
        "RULE",
        "MEAN",
        "LEAST TO MOST",
        "RATIO",
        "WORST NODE, MEAN",
        "HIGHEST",
        "NODES",
        "UNPLACED",
    );
    for rule in RULES {
        let minutes = spread(of_seeds, rule, overload);
        let worst = spread(of_seeds, rule, |outcome| outcome.worst_node_minutes as f64);
        let highest = spread(of_seeds, rule, |outcome| outcome.highest_use);
        let nodes = spread(of_seeds, rule, |outcome| outcome.nodes_used);
        let unplaced: usize = of_seeds.iter().map(|seed| seed.outcomes[rule].unplaced).sum();
        writeln!(
            table,
            "{rule:<22} {:>9.0} {:>19} {:>7.3} {:>17.0} {:>8.2} {:>7.1} {unplaced:>9}",
            minutes.mean,
            format!("{:.0} to {:.0}", minutes.least, minutes.most),
            ratio(of_seeds, rule),
            worst.mean,
            highest.most,
            nodes.mean,
        )
        .unwrap();
    }
    table.push_str("\nRisk within the hour, as Outrigger stated it, and what happened\n\nSTATED            NODES    MEAN  HAPPENED\n");
    for Class { from, to, count, stated, happened } in classes(of_seeds) {
        writeln!(table, "{:<14} {count:>8} {stated:>7.4} {happened:>9.4}", format!("{from} to {to:.3}")).unwrap();
    }
    let equal: Vec<f64> = of_seeds.iter().filter_map(|seed| seed.equal_nodes).map(|nodes| nodes as f64).collect();
    if !equal.is_empty() {
        let needed = Spread::new(equal.into_iter());
        writeln!(
            table,
            "\nNodes that Outrigger needs for the overload of kube-scheduler on {}: {:.1} in the mean ({:.0} to {:.0})",
            size.nodes, needed.mean, needed.least, needed.most,
        )
        .unwrap();
    }
    table
}

fn document(size: Size, of_seeds: &[BySeed]) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "rule": rule,
                "overloadMinutes": spread(of_seeds, rule, overload).json(),
                "ratio": ratio(of_seeds, rule),
                "worstNodeMinutes": spread(of_seeds, rule, |outcome| outcome.worst_node_minutes as f64).json(),
                "highestUse": spread(of_seeds, rule, |outcome| outcome.highest_use).json(),
                "nodesUsed": spread(of_seeds, rule, |outcome| outcome.nodes_used).json(),
                "unplaced": of_seeds.iter().map(|seed| seed.outcomes[*rule].unplaced).sum::<usize>(),
            })
        })
        .collect();
    let calibration: Vec<Value> = classes(of_seeds)
        .iter()
        .map(|class| json!({"from": class.from, "to": class.to, "nodes": class.count, "stated": class.stated, "happened": class.happened}))
        .collect();
    let equal: Vec<usize> = of_seeds.iter().filter_map(|seed| seed.equal_nodes).collect();
    json!({
        "pes": size.pes, "nodes": size.nodes, "seeds": of_seeds.len(), "rules": rules, "calibration": calibration,
        "nodesForEqualOverload": equal,
    })
}

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1c2128}.title{font-size:15px;font-weight:600}\
.faint{fill:#6a737d}.ground{fill:#fff}.bar{fill:#9aa7b4}.ours{fill:#0b66c3}.spread{stroke:#3b4754;stroke-width:1.4}\
@media(prefers-color-scheme:dark){text{fill:#e6e9ed}.faint{fill:#98a3ae}.ground{fill:#12161b}.bar{fill:#5d6a77}\
.ours{fill:#6cb2ff}.spread{stroke:#c3cad3}}";

/// A bar for each rule, with the spread of the seeds.
fn picture(size: Size, of_seeds: &[BySeed]) -> String {
    let (left, width, row): (f64, f64, f64) = (190.0, 520.0, 34.0);
    let most = RULES.iter().map(|rule| spread(of_seeds, rule, overload).most).fold(1.0, f64::max);
    let height = row.mul_add(RULES.len() as f64, 84.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 {height:.0}\" width=\"800\" height=\"{height:.0}\" role=\"img\">\n\
         <title>Overload by rule</title>\n<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n\
         <text x=\"16\" y=\"26\" class=\"title\">Node-minutes of overload in two weeks</text>\n\
         <text x=\"16\" y=\"46\" class=\"faint\">{} PEs on {} nodes; the mean of {} seeds, and their least and most</text>\n",
        size.pes,
        size.nodes,
        of_seeds.len(),
    );
    for (place, rule) in RULES.iter().enumerate() {
        let minutes = spread(of_seeds, rule, overload);
        let y = row.mul_add(place as f64, 66.0);
        let x = |minutes: f64| minutes / most * width + left;
        let class = if *rule == OURS { "ours" } else { "bar" };
        writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{rule}</text>\
             <rect x=\"{left}\" y=\"{y:.0}\" width=\"{:.1}\" height=\"20\" class=\"{class}\"/>\
             <path d=\"M{:.1} {:.0}H{:.1}\" class=\"spread\"/>\
             <text x=\"{:.1}\" y=\"{:.0}\">{:.0}</text>",
            left - 8.0,
            y + 15.0,
            x(minutes.mean) - left,
            x(minutes.least),
            y + 10.0,
            x(minutes.most),
            x(minutes.most) + 6.0,
            y + 15.0,
            minutes.mean,
        )
        .unwrap();
    }
    svg + "</svg>\n"
}
