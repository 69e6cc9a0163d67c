use super::{DemandPath, DemandShare, MOST_HORIZON_STEPS};

fn path(mean: f32, deviation: f32) -> DemandPath {
    DemandPath { mean: [mean; MOST_HORIZON_STEPS], deviation: [deviation; MOST_HORIZON_STEPS] }
}

#[test]
fn a_pe_has_its_part_of_the_demand_and_an_uncertainty_of_its_own() {
    let of_pe = path(1_000.0, 120.0).of_pe(DemandShare { of_job: 0.25, own_deviation: 0.16, peak: 400.0 });
    assert_eq!(of_pe, path(250.0, 50.0), "30 of the job, 40 of its own");
}

#[test]
fn the_quantile_is_the_highest_of_the_steps_that_count() {
    let mut demand = path(100.0, 10.0);
    demand.mean[3] = 200.0;
    demand.deviation[5] = 200.0;
    let quantile = |steps, probability| format!("{:.0}", demand.quantile(steps, probability));
    assert_eq!(quantile(3, 0.9), "113");
    assert_eq!(quantile(5, 0.9), "213");
    assert_eq!(quantile(12, 0.9), "356");
    assert_eq!(quantile(12, 0.5), "200");
    assert_eq!(quantile(1, 1e-30), "0", "never negative");
}
