use std::sync::Arc;

use super::{PodUse, Shares};
use crate::forecast::demand::per_resource::{PerResource, Resource};

fn pods<'a>(names: &'a [Arc<str>], used: &[Option<f64>]) -> Vec<PodUse<'a>> {
    let pod = |(name, used): (&'a Arc<str>, &Option<f64>)| PodUse {
        pe: Some(name),
        node: None,
        used: PerResource { cpu: *used, memory: None },
    };
    names.iter().zip(used).map(pod).collect()
}

fn total(shares: &mut Shares, names: &[Arc<str>], used: &[Option<f64>]) -> Option<f64> {
    let pods = pods(names, used);
    shares.see(&pods, 0);
    shares.learn(&pods, Resource::Cpu).total
}

#[test]
fn the_total_is_what_was_measured_by_the_fractions_that_were_measured() {
    let names = ["a", "b", "c"].map(Arc::from);
    let mut shares = Shares::default();
    assert_eq!(total(&mut shares, &names, &[None, None, None]), None);
    // Nothing is known of fractions: they are equal.
    assert_eq!(total(&mut shares, &names, &[Some(30.0), None, None]), None, "a third is too little");
    let of_two = total(&mut shares, &names, &[Some(30.0), Some(30.0), None]).unwrap();
    assert!((of_two - 90.0).abs() < 1e-6, "{of_two}");
    let mut shares = Shares::default();
    for _ in 0..3 {
        assert_eq!(total(&mut shares, &names, &[Some(10.0), Some(20.0), Some(70.0)]), Some(100.0));
    }
    let of_one = total(&mut shares, &names, &[None, None, Some(140.0)]).unwrap();
    assert!((of_one - 200.0).abs() < 1e-3, "{of_one}: seven tenths were measured");
    let pods = pods(&names, &[None, Some(40.0), Some(140.0)]);
    let expected = shares.learn(&pods, Resource::Cpu).pods;
    assert!((expected[0].unwrap() - 20.0).abs() < 1e-3, "{expected:?}");
    assert_eq!(expected[1..], [Some(40.0), Some(140.0)]);
    assert_eq!(total(&mut shares, &names, &[Some(10.0), Some(20.0), None]), None, "three tenths are too little");
}

#[test]
fn a_pe_that_was_idle_may_work_again() {
    let names = ["a", "b"].map(Arc::from);
    let mut shares = Shares::default();
    for _ in 0..500 {
        assert_eq!(total(&mut shares, &names, &[Some(0.0), Some(100.0)]), Some(100.0));
    }
    for _ in 0..60 {
        total(&mut shares, &names, &[Some(100.0), Some(100.0)]);
    }
    let expected = shares.learn(&pods(&names, &[None, Some(100.0)]), Resource::Cpu);
    let total = expected.total.unwrap();
    assert!((180.0..205.0).contains(&total), "{total}: half of the use is that of the idle one");
}
