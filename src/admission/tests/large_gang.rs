use std::sync::Arc;

use serde_json::json;

use crate::admission::tests::support::{pod, policy, pools};
use crate::admission::{Context, KnownDemand, decide};
use crate::model::{Declarations, Namespace, ResourceConstraints};
use crate::testing::stream_job;

/// The warnings for a PE with this gang, of a job that lists this many PEs.
fn warnings(gang: &str, listed: usize) -> Vec<String> {
    let names: Vec<String> = (0..listed).map(|number| format!("w-{number}")).collect();
    let pes: Vec<(&str, &[(&str, &str)])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    let mut job = stream_job("j", &pes);
    job.id.namespace = Namespace::from("ns");
    let declared = Declarations { jobs: Arc::new([(job.id.clone(), Arc::new(job))].into()), ..Declarations::default() };
    let (policies, pools) = (policy(""), pools());
    let constraints = ResourceConstraints::default();
    let context = Context {
        policies: &policies,
        pools: &pools,
        declared: &declared,
        constraints: &constraints,
        demand: KnownDemand::default(),
    };
    let pod = pod(&json!({"metadata": {"annotations": {"outrigger.dev/gang": gang}}}));
    decide(&pod, &Namespace::from("ns"), context).warnings().to_vec()
}

#[test]
fn a_gang_that_is_larger_than_its_job_is_told() {
    let told = ["outrigger.dev/gang: the job has 2 PEs, and no PE is placed before 3 exist"];
    assert_eq!(warnings("3", 2), told);
    for (gang, listed) in [("3", 3), ("2", 3), ("true", 2), ("3", 0)] {
        assert_eq!(warnings(gang, listed), [""; 0], "{gang} of {listed}");
    }
}
