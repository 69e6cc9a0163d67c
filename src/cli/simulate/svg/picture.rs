//! Draws a chart into a picture.

use super::layout::{Layout, Rect};
use super::sheet::Sheet;
use crate::cli::simulate::drawing::{Reach, colour, rate, style_on, thickness};
use crate::model::Millicores;
use crate::simulate::{Chart, ChartNode, ChartPe, TrafficEdge};

/// Draws a chart.
pub(in crate::cli::simulate) fn draw(chart: &Chart) -> String {
    let layout = Layout::new(chart);
    let mut sheet = Sheet::default();
    title(chart, &layout, &mut sheet);
    legend(chart, &layout, &mut sheet);
    for zone in &layout.zones {
        sheet.rect(zone.area, "zone", 8.0);
        sheet.text((zone.area.x + 10.0, zone.area.y + 17.0), "head", &zone.name);
    }
    let domain = common_domain(chart);
    let nodes = || chart.nodes.iter().zip(&layout.nodes);
    for (node, area) in nodes() {
        node_box(node, *area, &layout, &mut sheet);
    }
    // Lines are above boxes and below PEs.
    let mut edges: Vec<&TrafficEdge> = chart.edges.iter().collect();
    edges.sort_by_key(|edge| {
        Reach::between_ends(chart, **edge).map(|reach| Reach::ALL.iter().position(|one| *one == reach))
    });
    for edge in edges {
        line(chart, *edge, &layout, &mut sheet);
    }
    for (node, area) in nodes() {
        let name = node.name.as_str().strip_suffix(domain).unwrap_or(node.name.as_str());
        let class = if node.schedulable { "name" } else { "name faint" };
        let name = Layout::cut(name, area.width - 12.0);
        // A second text below the name keeps lines off the name: not every viewer supports `paint-order`.
        let place = (area.x + 6.0, area.y + layout.name_line);
        sheet.text(place, "halo", &name);
        sheet.text(place, class, &name);
    }
    if let Some(area) = layout.waiting {
        sheet.rect(area, "waiting", 8.0);
        let count = chart.pes.iter().filter(|pe| pe.node.is_none()).count();
        sheet.text((area.x + 10.0, area.y + 17.0), "head", &format!("waiting: {count}"));
    }
    for (x, y, why) in &layout.why {
        sheet.text((*x, *y), "why", why);
    }
    for chip in chart.pes.iter().zip(layout.pes.iter().copied()) {
        pe_chip(chart, chip, layout.labelled, &mut sheet);
    }
    sheet.finish(layout.width, layout.height)
}

fn title(chart: &Chart, layout: &Layout, sheet: &mut Sheet) {
    let placed = chart.pes.iter().filter(|pe| pe.node.is_some()).count();
    let (pes, nodes, jobs) = (chart.pes.len(), chart.nodes.len(), chart.jobs.len());
    let said = format!("{placed} of {pes} PEs of {jobs} jobs on {nodes} nodes");
    sheet.text((layout.margin, 30.0), "title", &said);
}

/// The colours of jobs and the meaning of lines.
fn legend(chart: &Chart, layout: &Layout, sheet: &mut Sheet) {
    for (at, (job, place)) in chart.jobs.iter().zip(&layout.legend).enumerate() {
        let of = chart.pes.iter().filter(|pe| pe.job == at);
        let placed = of.clone().filter(|pe| pe.node.is_some()).count();
        let swatch = Rect { x: place.0, y: place.1 - 10.0, width: 12.0, height: 12.0 };
        sheet.filled(swatch, colour(at), 3.0);
        sheet.text((place.0 + 18.0, place.1), "plain", &format!("{job} {placed}/{}", of.count()));
    }
    if chart.edges.is_empty() {
        return;
    }
    let most = chart.edges.iter().map(|edge| edge.rate).max().unwrap_or(0);
    for (reach, place) in Reach::ALL.into_iter().zip(&layout.key) {
        sheet.stroke((place.0, place.1 - 4.0), (place.0 + 26.0, place.1 - 4.0), (reach.colour(), 3.0));
        sheet.text((place.0 + 32.0, place.1), "plain", &format!("traffic that {}", reach.as_str()));
    }
    if let Some(place) = layout.key.last() {
        sheet.text(*place, "faint", &format!("thickest line: {}", rate(most)));
    }
}

fn node_box(node: &ChartNode, area: Rect, layout: &Layout, sheet: &mut Sheet) {
    let (requested, allocatable) = (node.cpu_requested, node.cpu_allocatable);
    let closed = if node.schedulable { "" } else { "\ncordoned, not ready or leaving" };
    let tip =
        format!("{}\n{requested} of {allocatable} CPU requested\nother pods: {}{closed}", node.name, node.other_pods);
    sheet.open(&tip);
    sheet.rect(area, if node.schedulable { "node" } else { "node closed" }, 5.0);
    let bar = Rect { x: area.x + 6.0, y: area.y + layout.name_line + 4.0, width: area.width - 12.0, height: 3.0 };
    sheet.rect(bar, "bar", 1.5);
    let share = share_of(requested, allocatable);
    if share > 0.0 {
        sheet.rect(
            Rect { width: bar.width * share.min(1.0), ..bar },
            if share > 0.9 { "used full" } else { "used" },
            1.5,
        );
    }
    sheet.close();
}

/// The domain that all node names share; empty where they differ.
fn common_domain(chart: &Chart) -> &str {
    let mut domains = chart
        .nodes
        .iter()
        .map(|node| node.name.as_str().split_at(node.name.as_str().find('.').unwrap_or(node.name.as_str().len())).1);
    match domains.next() {
        Some(first) if domains.all(|other| other == first) => first,
        _ => "",
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a share needs far fewer than 53 bits")]
fn share_of(part: Millicores, whole: Millicores) -> f64 {
    if whole.0 == 0 { 0.0 } else { part.0 as f64 / whole.0 as f64 }
}

fn pe_chip(chart: &Chart, (pe, area): (&ChartPe, Rect), labelled: bool, sheet: &mut Sheet) {
    let job = chart.jobs.get(pe.job).map_or("", String::as_str);
    let node = pe.node.and_then(|node| chart.nodes.get(node)).map(|node| node.name.as_str());
    let mut tip = format!("{}\nPE {} of {job}\n{}", pe.pod, pe.name, node.unwrap_or("waiting"));
    for (code, count) in pe.rejected.iter().filter(|_| node.is_none()) {
        tip.push_str(&["\n", code.0.as_str(), "×", &count.to_string()].concat());
    }
    sheet.open(&tip);
    sheet.filled(area, colour(pe.job), 3.0);
    if labelled {
        let name = Layout::cut(&pe.name, area.width - 8.0);
        sheet.inked((area.x + 4.0, area.y + area.height - 4.5), style_on(pe.job), &name);
    }
    sheet.close();
}

/// Traffic between two PEs that are placed.
fn line(chart: &Chart, edge: TrafficEdge, layout: &Layout, sheet: &mut Sheet) {
    let (Some(reach), Some(from), Some(to)) =
        (Reach::between_ends(chart, edge), layout.pes.get(edge.from), layout.pes.get(edge.to))
    else {
        return;
    };
    let name = |at: usize| chart.pes.get(at).map_or("", |pe| &*pe.name);
    let most = chart.edges.iter().map(|edge| edge.rate).max().unwrap_or(0);
    let tip = format!("{} to {}: {}, {}", name(edge.from), name(edge.to), rate(edge.rate), reach.as_str());
    let width = thickness(edge.rate, most, layout.lines);
    sheet.open(&tip);
    sheet.curve(from.centre(), to.centre(), (reach.colour(), width, layout.opacity));
    sheet.close();
}
