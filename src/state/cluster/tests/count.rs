use jiff::Timestamp;

use crate::model::{Pod, PodPhase};
use crate::state::cluster::support::{counted, show};
use crate::state::{Cluster, Event};
use crate::testing::{asking, bound_to, cluster, lasting, leaving, node, pe, pod};

#[test]
fn finished_pods_count_for_nothing_and_leaving_ones_for_requests_alone() {
    let finished = Pod { phase: PodPhase::Finished, ..bound_to("n1", pe("j", "finished", &[])) };
    let pods = vec![finished, leaving(bound_to("n1", asking(700, pe("j", "leaving", &[]))))];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    assert_eq!(counted(&cluster, "n1"), (1, 700, vec![]));
    let (_, pe) = cluster.pod("leaving").unwrap();
    assert!(cluster.snapshot().job(&pe.unwrap().job).is_none());
}

#[test]
fn amounts_beyond_any_number_do_not_spoil_the_sum_when_they_are_gone() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![bound_to("n1", asking(700, pod("a")))]);
    show(&mut cluster, bound_to("n1", asking(u64::MAX, pod("hostile"))));
    assert_eq!(counted(&cluster, "n1").1, u64::MAX);
    show(&mut cluster, Pod { phase: PodPhase::Finished, ..bound_to("n1", asking(u64::MAX, pod("hostile"))) });
    assert_eq!(counted(&cluster, "n1").1, 700);
}

#[test]
fn a_pod_that_is_first_seen_while_it_leaves_is_on_the_previous_node_of_its_pe() {
    let at = |seconds: i64, pod: Pod| Pod { created: Timestamp::from_second(seconds).unwrap(), ..pod };
    let old = || leaving(at(1, lasting("a", bound_to("n1", pe("j", "a-1", &[])))));
    let next = || at(2, lasting("a", pe("j", "a-2", &[])));
    let previous_node = |cluster: &Cluster| {
        let pe = cluster.pod("a-2").unwrap().1.unwrap();
        cluster.snapshot().job(&pe.job).unwrap().previous_node(pe).cloned()
    };
    for pods in [vec![old(), next()], vec![next(), old()]] {
        let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
        assert_eq!(previous_node(&cluster), Some("n1".into()));
    }
    // The job has no other pod meanwhile.
    let mut alone = cluster(vec![node("n1"), node("n2")], vec![], vec![old()]);
    alone.apply(Event::gone::<Pod>("a-1".into()));
    alone.apply(Event::put(next()));
    assert_eq!(previous_node(&alone), Some("n1".into()));
    // A later pod of the PE is bound elsewhere.
    for pods in [vec![old(), bound_to("n2", next())], vec![bound_to("n2", next()), old()]] {
        let cluster = cluster(vec![node("n1"), node("n2")], vec![], pods);
        assert_eq!(previous_node(&cluster), Some("n2".into()));
    }
}

#[test]
fn previous_nodes_do_not_add_up_over_many_generations_of_names() {
    let mut cluster = cluster(vec![node("n1")], vec![], vec![]);
    let pe_of = |generation: u32, number: u32| {
        let name = format!("g{generation}-{number}");
        let created = Timestamp::from_second(i64::from(generation)).unwrap();
        Pod { created, ..lasting(&name, bound_to("n1", pe("j", &name, &[]))) }
    };
    for generation in 0..200 {
        (0..10).for_each(|number| cluster.apply(Event::put(pe_of(generation, number))));
        let gone = |number| Event::gone::<Pod>(pe_of(generation, number).key.uid);
        (0..9).for_each(|number| cluster.apply(gone(number)));
        let id = cluster.pod(&format!("g{generation}-9")).unwrap().1.unwrap().job.clone();
        let kept = &cluster.snapshot().job(&id).unwrap().previous_nodes;
        assert!(kept.len() <= 2 * 11 + 64, "generation {generation}: {}", kept.len());
        let latest = (0..10).all(|number| kept.contains_key(&*format!("g{generation}-{number}")));
        assert!(latest, "the last generation is remembered");
        if generation > 0 {
            cluster.apply(Event::gone::<Pod>(pe_of(generation - 1, 9).key.uid));
        }
    }
}
