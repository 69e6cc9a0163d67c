use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::api::open_streams::ParallelRegion;
use crate::api::open_streams::support::{object, problems_of};
use crate::model::DeclaredRegion;

#[test]
fn a_parallel_region_has_a_name_and_a_width_and_declares_no_placement_spec() {
    let read = |annotations: &Value, spec: &Value| {
        let object: ParallelRegion = serde_json::from_value(object("app-2", annotations, spec)).unwrap();
        DeclaredRegion::try_from(&object).unwrap()
    };
    let region = read(&json!({}), &json!({"index": 2, "alias": "Work", "width": 3}));
    assert_eq!((&*region.job, &*region.alias, region.width.map(NonZeroU32::get)), ("app", "Work", Some(3)));
    assert_eq!(region.field_problems, []);
    let annotated = read(&json!({"outrigger.dev/exlocation": "channels"}), &json!({"alias": "Work", "width": "3"}));
    assert_eq!(annotated.width.map(NonZeroU32::get), Some(3), "large numbers come as text");
    assert_eq!(problems_of(&annotated.field_problems), [("metadata.annotations[outrigger.dev/exlocation]", None)]);
    for (spec, field) in [
        (json!({"alias": "Work", "width": 0}), "spec.width"),
        (json!({"alias": "Work", "width": -1}), "spec.width"),
        (json!({"alias": 7}), "spec.alias"),
        (json!(7), "spec"),
    ] {
        let region = read(&json!({}), &spec);
        assert_eq!((region.width, problems_of(&region.field_problems)), (None, vec![(field, None)]), "{spec}");
    }
    assert_eq!(&*read(&json!({}), &json!({})).alias, "app-2", "a region without a name has that of its object");
}
