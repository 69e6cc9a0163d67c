//! A risk says when, who, and how much of what; and what is not known.

use super::{DemandResource, OversubscriptionRisk, RiskRecord};
use crate::model::{DemandKey, Namespace, Probability};

fn risk() -> OversubscriptionRisk {
    OversubscriptionRisk {
        resource: DemandResource::Cpu,
        stated: Probability::new(0.12).unwrap(),
        corrected: Probability::new(0.12).unwrap(),
        at: "2026-11-24T14:05:00Z".parse().unwrap(),
        job: Some(DemandKey { namespace: Namespace::from("streams"), job: "clicks".into() }),
        expected: 3_400,
        deviation: 510,
        capacity: 4_000,
        without_history: 0,
        others_unknown: false,
    }
}

#[test]
fn a_risk_names_the_job_the_time_and_the_amounts() {
    assert_eq!(risk().to_string(), "0.12: job streams/clicks peaks at 14:05 UTC, together 3.4 of 4.0 cores");
}

#[test]
fn a_risk_names_what_is_not_known_and_what_was_corrected() {
    let memory = OversubscriptionRisk {
        resource: DemandResource::Memory,
        corrected: Probability::new(0.08).unwrap(),
        at: "2026-11-24T14:05:30Z".parse().unwrap(),
        job: None,
        expected: 12 << 30,
        capacity: 16 << 30,
        without_history: 2,
        others_unknown: true,
        ..risk()
    };
    assert_eq!(
        memory.to_string(),
        "0.08: pods that are no PEs peak at 14:05:30 UTC, together 12.0 of 16.0 GiB; stated 0.12, corrected by what \
         happened before; 2 PEs without history count by their requests and limits; pods that are no PEs count by their \
         requests and limits"
    );
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let record = RiskRecord::from(&risk());
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(
        json,
        r#"{"resource":"cpu","stated":0.12,"corrected":0.12,"at":"2026-11-24T14:05:00Z","job":"streams/clicks","expected":3.4,"deviation":0.51,"capacity":4.0,"unit":"cores"}"#
    );
    assert_eq!(serde_json::from_str::<RiskRecord>(&json).unwrap(), record);
}
