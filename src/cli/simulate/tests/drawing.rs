use super::{by_zone, natural, rate, thickness};
use crate::cli::simulate::{dot, svg};
use crate::model::{Millicores, Reason};
use crate::simulate::{Chart, ChartNode, ChartPe, ReasonCode, TrafficEdge};

fn chart_node(name: &str, zone: &str) -> ChartNode {
    let (cpu_requested, cpu_allocatable) = (Millicores(500), Millicores(4_000));
    let (name, zone) = (name.into(), zone.to_owned());
    ChartNode { name, zone, schedulable: true, cpu_requested, cpu_allocatable, other_pods: 0 }
}

fn chart_pe(name: &str, node: Option<usize>) -> ChartPe {
    let rejected = [(ReasonCode(Reason::NodeUnschedulable), 3), (ReasonCode(Reason::ExlocationConflict), 1)].into();
    ChartPe { pod: format!("ns/{name}"), name: name.into(), job: 0, node, rejected }
}

fn chart(nodes: usize, hostile: &str) -> Chart {
    Chart {
        nodes: (0..nodes).map(|at| chart_node(&format!("n{at}{hostile}"), hostile)).collect(),
        jobs: vec![format!("ns/j{hostile}")],
        pes: vec![chart_pe(&format!("a{hostile}"), Some(0)), chart_pe("b", Some(nodes - 1)), chart_pe("c", None)],
        edges: vec![TrafficEdge { from: 0, to: 1, rate: 3 << 20 }, TrafficEdge { from: 0, to: 2, rate: 1 }],
    }
}

#[test]
fn nodes_stand_in_their_zones_with_numbers_read_as_numbers() {
    assert!(natural("n2") < natural("n10") && natural("n2-1") < natural("n2-b") && natural("a9") < natural("b1"));
    let nodes = [("n10", "b"), ("n2", "b"), ("n1", "")].map(|(name, zone)| chart_node(name, zone));
    let chart = Chart { nodes: nodes.into(), ..Chart::default() };
    assert_eq!(by_zone(&chart), [("no zone".to_owned(), vec![2]), ("b".to_owned(), vec![1, 0])]);
}

#[test]
fn rates_and_widths_tell_what_flows() {
    let written = [0, 1, 1_023, 1 << 10, 1_536, 12 << 20, u64::MAX].map(rate);
    let expected = ["0 B/s", "1 B/s", "1023 B/s", "1 KiB/s", "1.5 KiB/s", "12 MiB/s", "17179869183.9 GiB/s"];
    assert_eq!(written, expected);
    assert!(thickness(1, 4, (1.0, 5.0)) < thickness(2, 4, (1.0, 5.0)));
    assert_eq!((thickness(4, 4, (1.0, 5.0)), thickness(0, 0, (1.0, 5.0))), (5.0, 1.0));
}

#[test]
fn whatever_names_hold_a_drawing_stays_a_drawing() {
    let hostile = "<b>&\"'\\\u{1}\n";
    for nodes in [1, 60] {
        let picture = svg::draw(&chart(nodes, hostile));
        assert!(!picture.contains("<b>") && !picture.contains('\u{1}'), "{picture}");
        assert!(picture.contains("&lt;b&gt;&amp;&quot;"), "{picture}");
        assert_eq!(picture.matches("<g>").count(), picture.matches("</g>").count());
        let graph = dot::draw(&chart(nodes, hostile));
        assert!(graph.contains(r#"\"'\\"#) && !graph.contains("&\"'"), "{graph}");
        for line in graph.lines() {
            assert!(line.replace("\\\\", "").replace("\\\"", "").matches('"').count().is_multiple_of(2), "{line}");
        }
    }
}

#[test]
fn what_waits_says_the_reason_of_the_nodes_that_came_nearest() {
    let few = svg::draw(&chart(2, ""));
    assert!(few.contains(">ExlocationConflict×1</text>") && few.contains(">waiting: 1</text>"), "{few}");
    let many = svg::draw(&chart(60, ""));
    assert!(many.contains(">ExlocationConflict: 1</text>"), "{many}");
    assert!(svg::draw(&Chart::default()).starts_with("<svg "), "an empty chart is drawn, too");
}
