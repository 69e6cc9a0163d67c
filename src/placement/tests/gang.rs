//! A gang is placed together or not at all, also one decision after another.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Pod, Reason, Rejection};
use crate::placement::{
    Budget, Foresight, GangComplete, GangPlans, GangState, PlacementDecision, gang_at_bind, placeable, plan, plan_gang,
};
use crate::state::{Cluster, Event, NodeSet, Reservations};
use crate::testing::{
    asking, bound_to, choice, cluster, decide, decide_pe, filter_node, node, pe, place, pod, pool, reasons, sized,
    with_cores,
};

const GANG: (&str, &str) = ("gang", "true");

/// So many seconds have elapsed, and a pod is settled after three.
fn settled_after(seconds: i64) -> Event {
    Event::Settled { elapsed: SignedDuration::from_secs(seconds), quiet: SignedDuration::from_secs(3) }
}

#[test]
fn members_are_pending_until_the_count_of_the_gang_exists() {
    let two = || vec![pe("j", "a", &[("gang", "3")]), pe("j", "b", &[("gang", "2")])];
    let incomplete = cluster(vec![node("n1")], vec![], two());
    assert_eq!(
        filter_node(&incomplete, "a", "n1"),
        Err(Rejection::GangIncomplete { exist: 2, count: 3 }),
        "of two counts the larger"
    );
    let third = pe("j", "c", &[]);
    let complete = cluster(vec![node("n1")], vec![], [two(), vec![third]].concat());
    assert_eq!(filter_node(&complete, "a", "n1"), Ok(()));
}

#[test]
fn a_gang_of_all_waits_for_the_quiet_time() {
    // The clock of the API server is ten minutes ahead of ours.
    let created = |name: &str, spec: &[(&'static str, &'static str)]| Pod {
        created: Timestamp::from_second(600).unwrap(),
        ..pe("j", name, spec)
    };
    let mut cluster = cluster(vec![node("n1")], vec![], vec![created("a", &[GANG]), created("b", &[])]);
    assert_eq!(filter_node(&cluster, "a", "n1"), Ok(()), "all that are known are there");
    cluster.apply(Event::gone::<Pod>("b".into()));
    cluster.apply(settled_after(0));
    cluster.apply(Event::put(created("b", &[])));
    let mut gang_complete = GangComplete::default();
    let mut look = |cluster: &Cluster| -> Vec<String> {
        gang_complete.observe(cluster.snapshot()).iter().map(|pe| pe.name.to_string()).collect()
    };
    for (settled, complete) in [(1, false), (3, false), (4, true), (5, true)] {
        cluster.apply(settled_after(settled));
        let expected = if complete { Ok(()) } else { Err(Rejection::GangArrives) };
        assert_eq!(filter_node(&cluster, "a", "n1"), expected, "{settled}");
        assert_eq!(look(&cluster).is_empty(), settled != 4, "who waits is woken once: {settled}");
        let waiting = ["a", "b"].map(|name| Arc::clone(cluster.pod(name).unwrap().1.unwrap()));
        assert_eq!(
            plan(cluster.snapshot(), &waiting, Budget::default()).placements.len(),
            if complete { 2 } else { 0 }
        );
    }
    assert_eq!(
        placeable(cluster.snapshot()).len(),
        2,
        "who was refused by a process that has ended is woken by the next"
    );
    cluster.apply(Event::put(created("late", &[])));
    assert_eq!(filter_node(&cluster, "a", "n1"), Err(Rejection::GangArrives), "one that comes begins it anew");
    cluster.apply(Event::put(bound_to("n1", created("b", &[]))));
    assert_eq!(filter_node(&cluster, "late", "n1"), Ok(()), "once it is placed it waits for nobody");
    let mut counted = self::cluster(vec![node("n1")], vec![], vec![]);
    counted.apply(settled_after(0));
    counted.apply(Event::put(created("a", &[("gang", "1")])));
    assert_eq!(filter_node(&counted, "a", "n1"), Ok(()), "a count says how many come");
}

#[test]
fn t9_t25_no_member_is_placed_where_the_gang_does_not_fit() {
    let names = ["a", "b", "c", "d"];
    let pods = || names.map(|name| pe("j", name, &[GANG, ("exlocation", "x")])).to_vec();
    let nodes = |count: usize| ["n1", "n2", "n3", "n4"].map(node)[..count].to_vec();
    let three = cluster(nodes(3), vec![], pods());
    for name in names {
        // the last one is left over whether there is a gang or not
        let reason = if name == "d" { Reason::ExlocationInfeasible } else { Reason::GangInfeasible };
        assert!(reasons(&three, name).values().all(|reported| *reported == Some(reason)));
    }
    let said = filter_node(&three, "a", "n1").unwrap_err().to_string();
    assert!(said.contains("no nodes for a, b, c, d together") && said.contains("ExlocationConflict"), "{said}");
    for first in names {
        let mut four = cluster(nodes(4), vec![], pods());
        assert!(place(&mut four, first).is_some());
        assert!(names.iter().filter(|name| **name != first).all(|name| place(&mut four, name).is_some()));
    }
}

#[test]
fn each_member_is_placed_on_its_planned_node() {
    // the balanced choice for the small one would leave no room for the large one
    let pods = || vec![asking(2_000, pe("j", "small", &[GANG])), asking(6_000, pe("j", "large", &[GANG]))];
    let nodes = || vec![with_cores(6, node("big")), with_cores(2, node("little"))];
    let mut cluster = cluster(nodes(), vec![], pods());
    assert_eq!(choice(&cluster, "small"), ["little"]);
    assert_eq!(place(&mut cluster, "small").unwrap(), "little");
    assert_eq!(place(&mut cluster, "large").unwrap(), "big");
}

#[test]
fn a_gang_that_is_placed_takes_further_members_that_fit() {
    let pods = vec![
        bound_to("n1", pe("j", "first", &[GANG])),
        pe("j", "late", &[GANG]),
        asking(9_000, pe("j", "huge", &[GANG])),
    ];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    assert_eq!(filter_node(&cluster, "late", "n1"), Ok(()));
    assert_eq!(filter_node(&cluster, "huge", "n1").unwrap_err().reason(), Reason::InsufficientResources);
}

#[test]
fn a_member_may_be_bound_to_any_node_that_leaves_the_rest_a_plan() {
    let names = ["a", "b"];
    let pods = names.map(|name| pe("j", name, &[GANG, ("exlocation", "x")])).to_vec();
    let cluster = cluster(["n1", "n2", "n3"].map(node).to_vec(), vec![], pods);
    let decision = decide(&cluster, "a");
    let passing =
        |is_allowed: &dyn Fn(&str) -> bool| ["n1", "n2", "n3"].into_iter().filter(|name| is_allowed(name)).count();
    let index = |name: &str| cluster.snapshot().find(name).unwrap();
    assert_eq!(passing(&|name| Some(index(name)) == decision.planned_node()), 1);
    let plan = decision.cycle().gang().plan();
    let at_bind = |node| {
        let gang = gang_at_bind(decision.pe(), node, plan, cluster.snapshot());
        PlacementDecision::new(decision.pe(), cluster.snapshot(), Foresight::Gang(gang)).filter(node)
    };
    assert_eq!(passing(&|name| at_bind(index(name)).is_ok()), 3);
}

#[test]
fn problems_of_the_pe_or_its_pool_come_before_those_of_the_gang() {
    let pods = vec![pe("j", "a", &[("gang", "3"), ("host-pool", "absent")])];
    let cluster = cluster(vec![node("n1")], vec![], pods);
    assert_eq!(filter_node(&cluster, "a", "n1").unwrap_err().reason(), Reason::PoolNotFound);
}

#[test]
fn a_member_may_be_bound_before_a_member_that_is_only_reserved() {
    let pods = ["a", "b"].map(|name| pe("j", name, &[GANG, ("exlocation", "x")])).to_vec();
    let cluster = cluster(["n1", "n2"].map(node).to_vec(), vec![], pods);
    let [first, second] = ["a", "b"].map(|name| Arc::clone(cluster.pod(name).unwrap().1.unwrap()));
    let mut reservations = Reservations::default();
    reservations.reserve([(first, "n1".into())], Timestamp::UNIX_EPOCH);
    let question = second.pod.key.uid.clone();
    let with = reservations.with_reservations(cluster.snapshot(), &question, Timestamp::UNIX_EPOCH).unwrap();
    let decision = decide_pe(&second, &with);
    let node = cluster.snapshot().find("n2").unwrap();
    assert_eq!(decision.filter(node), Ok(()));
    let gang = gang_at_bind(&second, node, decision.cycle().gang().plan(), cluster.snapshot());
    assert_eq!(PlacementDecision::new(&second, cluster.snapshot(), Foresight::Gang(gang)).filter(node), Ok(()));
}

#[test]
fn a_plan_is_kept_through_changes_that_do_not_concern_the_job() {
    let members = ["a", "b"].map(|name| pe("j", name, &[("gang", "2"), ("exlocation", "x")]));
    let changes = [
        ("a pod of nobody arrives", Event::put(pod("web")), true),
        ("a PE of another job arrives", Event::put(pe("k", "other", &[])), true),
        ("a PE of the job arrives", Event::put(pe("j", "c", &[])), false),
        ("a pod is bound", Event::put(bound_to("n1", pod("web"))), false),
        ("a node arrives", Event::put(node("n2")), false),
        ("a pool changes", Event::put(pool("p", &["u"], sized(1))), false),
    ];
    for (what, change, is_kept) in changes {
        let mut cluster = cluster(vec![node("n1")], vec![pool("p", &["t"], sized(1))], members.to_vec());
        let pe = Arc::clone(cluster.pod("a").unwrap().1.unwrap());
        let mut plans = GangPlans::default();
        plans.put(&pe, cluster.snapshot(), plan_gang(&pe, cluster.snapshot()));
        assert!(matches!(plans.get(&pe, cluster.snapshot()), Some(GangState::Infeasible(_))), "{what}");
        cluster.apply(change);
        assert_eq!(plans.get(&pe, cluster.snapshot()).is_some(), is_kept, "{what}");
    }
}

#[test]
fn no_plan_is_kept_where_a_pod_of_another_cycle_was_bound_elsewhere() {
    let gang = ["a", "b"].map(|name| asking(3_000, pe("j", name, &[("gang", "2")])));
    let other = asking(3_000, pe("k", "other", &[]));
    let nodes = ["n1", "n2", "n3"].map(node).to_vec();
    let mut cluster = cluster(nodes, vec![], [gang.to_vec(), vec![other.clone()]].concat());
    let mut reservations = Reservations::default();
    let chosen = Arc::clone(cluster.pod("other").unwrap().1.unwrap());
    let now = Timestamp::UNIX_EPOCH;
    reservations.reserve([(chosen, "n1".into())], now);
    let pe = Arc::clone(cluster.pod("a").unwrap().1.unwrap());
    let with = |cluster: &Cluster| reservations.with_reservations(cluster.snapshot(), &pe.pod.key.uid, now).unwrap();
    let before = with(&cluster);
    let mut plans = GangPlans::default();
    plans.put(&pe, &before, plan_gang(&pe, &before));
    assert!(plans.get(&pe, &with(&cluster)).is_some(), "the same cycles are in flight");
    cluster.apply(Event::put(bound_to("n2", other)));
    assert!(plans.get(&pe, &with(&cluster)).is_none(), "the plan counts on n2");
}

#[test]
fn no_plan_is_kept_where_another_member_is_offered_fewer_nodes() {
    let gang = ["a", "b"].map(|name| asking(3_000, pe("j", name, &[("gang", "2")])));
    let mut cluster = cluster(["n1", "n2"].map(node).to_vec(), vec![], gang.to_vec());
    let pe = Arc::clone(cluster.pod("a").unwrap().1.unwrap());
    let n1: NodeSet = cluster.snapshot().find("n1").into_iter().collect();
    cluster.note_unoffered(&"a".into(), n1.clone());
    let mut plans = GangPlans::default();
    plans.put(&pe, cluster.snapshot(), plan_gang(&pe, cluster.snapshot()));
    cluster.note_unoffered(&"a".into(), NodeSet::default());
    cluster.note_unoffered(&"b".into(), n1);
    assert!(plans.get(&pe, cluster.snapshot()).is_none(), "the plan gives n1 to the other member");
}
