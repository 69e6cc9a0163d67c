use super::*;

fn withheld(sidecar: &str, reason: WithheldReason) -> WithheldSidecar {
    WithheldSidecar { sidecar: sidecar.into(), reason }
}

#[test]
fn the_annotation_is_read_as_it_is_written() {
    for reason in WithheldReason::ALL {
        let both = vec![withheld("otel-collector", *reason), withheld("relay", WithheldReason::VolumeMissing)];
        let value = WithheldSidecar::annotation(&both);
        assert_eq!(value, format!("otel-collector={reason},relay=VolumeMissing"));
        assert_eq!(WithheldSidecar::of_annotation(&value).collect::<Vec<_>>(), both);
    }
}

#[test]
fn the_annotation_is_bounded_and_odd_values_are_left_out() {
    let many: Vec<_> = (0..100).map(|number| withheld(&format!("s{number}"), WithheldReason::Declined)).collect();
    assert_eq!(WithheldSidecar::of_annotation(&WithheldSidecar::annotation(&many)).count(), MOST_NAMED);
    let odd = ",a,=,b=Unknown,c=Declined,";
    assert_eq!(WithheldSidecar::of_annotation(odd).collect::<Vec<_>>(), [withheld("c", WithheldReason::Declined)]);
}
