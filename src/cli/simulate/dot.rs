//! The outcome as a graph for Graphviz.

use super::drawing::{Reach, by_zone, colour, rate, style_on, why_waiting};
use crate::simulate::Chart;

/// Draws nodes as clusters of their PEs, zone by zone, and the PEs that wait as a cluster of their own.
pub(super) fn draw(chart: &Chart) -> String {
    let mut lines = vec![
        "digraph outrigger {".to_owned(),
        "  graph [rankdir=LR, fontname=\"sans-serif\", compound=true];".to_owned(),
        "  node [shape=box, style=\"filled,rounded\", fontname=\"sans-serif\"];".to_owned(),
        "  edge [fontname=\"sans-serif\", fontsize=10];".to_owned(),
    ];
    for (at, (zone, nodes)) in by_zone(chart).into_iter().enumerate() {
        lines.push(format!("  subgraph cluster_zone_{at} {{"));
        lines.push(format!("    label={}; style=dashed;", quoted(&zone)));
        for node in nodes {
            lines.extend(cluster(chart, node));
        }
        lines.push("  }".to_owned());
    }
    lines.extend(waiting(chart));
    lines.extend(edges(chart));
    lines.push("}\n".to_owned());
    lines.join("\n")
}

/// A node with its PEs. A node without PEs has an invisible point: Graphviz leaves out empty clusters.
fn cluster(chart: &Chart, at: usize) -> Vec<String> {
    let Some(node) = chart.nodes.get(at) else { return Vec::new() };
    let (requested, allocatable) = (node.cpu_requested, node.cpu_allocatable);
    let closed = if node.schedulable { "" } else { ", closed" };
    let label = format!("{}{closed}\n{requested} of {allocatable} CPU", node.name);
    let mut lines = vec![
        format!("    subgraph cluster_node_{at} {{"),
        format!("      label={}; style=\"filled,rounded\"; fillcolor=\"#f4f5f7\";", quoted(&label)),
        format!("      node_{at} [style=invis, shape=point];"),
    ];
    lines.extend(pes(chart, Some(at)).map(|line| format!("      {line}")));
    lines.push("    }".to_owned());
    lines
}

fn waiting(chart: &Chart) -> Vec<String> {
    if chart.pes.iter().all(|pe| pe.node.is_some()) {
        return Vec::new();
    }
    let mut lines =
        vec!["  subgraph cluster_waiting {".to_owned(), "    label=\"waiting\"; style=dashed; color=red;".to_owned()];
    lines.extend(pes(chart, None).map(|line| format!("    {line}")));
    lines.push("  }".to_owned());
    lines
}

fn pes(chart: &Chart, node: Option<usize>) -> impl Iterator<Item = String> {
    chart.pes.iter().enumerate().filter(move |(_, pe)| pe.node == node).map(|(at, pe)| {
        let job = chart.jobs.get(pe.job).map_or("", String::as_str);
        let why = why_waiting(pe).map(|why| format!("\n{why}")).unwrap_or_default();
        let (fill, style) = (colour(pe.job), style_on(pe.job));
        let label = quoted(&format!("{}{why}", pe.name));
        let tooltip = quoted(&format!("{} of {job}", pe.pod));
        format!("pe_{at} [label={label}, tooltip={tooltip}, fillcolor=\"{fill}\", fontcolor=\"{style}\"];")
    })
}

fn edges(chart: &Chart) -> Vec<String> {
    let most = chart.edges.iter().map(|edge| edge.rate).max().unwrap_or(0);
    let line = |edge: &crate::simulate::TrafficEdge| {
        let (style, colour) = match Reach::between_ends(chart, *edge) {
            None => ("dotted", "#8a8f98"),
            Some(reach) => ("solid", reach.colour()),
        };
        let width = super::drawing::thickness(edge.rate, most, (1.0, 6.0));
        format!(
            "  pe_{} -> pe_{} [label={}, color=\"{colour}\", style={style}, penwidth={width:.1}];",
            edge.from,
            edge.to,
            quoted(&rate(edge.rate))
        )
    };
    chart.edges.iter().map(line).collect()
}

/// A quoted string of Graphviz.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
