use serde_json::{Value, json};

use crate::api::open_streams::support::{object, problems_of, shown};
use crate::api::open_streams::{ProcessingElement, Unnamed};
use crate::model::{DeclaredPe, keys};

fn pe(spec: &Value) -> DeclaredPe {
    let object: ProcessingElement = serde_json::from_value(object("app-3", &json!({}), spec)).unwrap();
    DeclaredPe::try_from(&object).unwrap()
}

fn placed(placement: &Value) -> DeclaredPe {
    pe(&json!({"placement": placement}))
}

#[test]
fn a_placement_is_what_a_pod_would_carry() {
    let whole = pe(&json!({
        "id": 3, "contentId": "9f", "launchCount": 1, "connectivity": "Full", "operators": ["A", "B"],
        "placement": {
            "host": "n1", "coLocations": ["together", "near"], "exLocations": ["apart"], "isolation": "Op[3]",
            "isolationLabels": ["Other"], "hostPoolLocation": {"poolIndex": 1, "inpoolIndex": 2},
        },
    }));
    assert_eq!(whole.id.to_string(), "streams/app-3");
    assert_eq!(&*whole.uid, "u1");
    assert_eq!(
        shown(&whole.spec),
        [
            "colocation: together,near",
            "exlocation: apart",
            "host-pool: streams.ibm.com/app-1",
            "hosts: n1",
            "isolated: true",
            "pool-index: 2",
        ]
    );
    assert_eq!(whole.field_problems, []);
}

#[test]
fn an_empty_placement_declares_nothing() {
    let placement = json!({
        "host": null, "coLocations": [], "exLocations": [], "isolation": null, "isolationLabels": ["Op"],
        "hostPoolLocation": null,
    });
    for spec in [json!({"placement": placement}), json!({"placement": {}}), json!({"placement": null}), json!({})] {
        let pe = pe(&spec);
        assert!(pe.spec.is_empty() && pe.field_problems.is_empty(), "{pe:?}");
    }
    let bare = json!({"metadata": {"name": "app-3", "namespace": "streams"}});
    let bare: ProcessingElement = serde_json::from_value(bare).unwrap();
    assert!(DeclaredPe::try_from(&bare).unwrap().spec.is_empty(), "nor is an object without spec");
    let nameless: ProcessingElement = serde_json::from_value(json!({"metadata": {"name": "x"}})).unwrap();
    assert_eq!(DeclaredPe::try_from(&nameless), Err(Unnamed));
}

#[test]
fn tokens_are_any_text_and_different_ones_stay_different() {
    let tokens = placed(&json!({"coLocations": ["a,b", "a, b", " a", "a%2Cb", "my token", "ä"]}));
    assert_eq!(shown(&tokens.spec), ["colocation: a%2Cb,a%2C%20b,%20a,a%252Cb,my%20token,ä"]);
}

#[test]
fn a_field_that_cannot_be_read_is_reported_and_the_rest_counts() {
    let unreadable = placed(&json!({
        "host": 7, "coLocations": "together", "exLocations": ["x", 3, "y"], "isolation": ["Op"],
        "hostPoolLocation": {"poolIndex": -1, "inpoolIndex": "two", "rack": 4}, "colour": "red",
    }));
    assert_eq!(shown(&unreadable.spec), ["exlocation: x,y"]);
    assert_eq!(
        problems_of(&unreadable.field_problems),
        [
            ("spec.placement.colour", None),
            ("spec.placement.host", Some("hosts")),
            ("spec.placement.coLocations", Some("colocation")),
            ("spec.placement.exLocations[1]", Some("exlocation")),
            ("spec.placement.isolation", Some("isolated")),
            ("spec.placement.hostPoolLocation.rack", None),
            ("spec.placement.hostPoolLocation.inpoolIndex", Some("pool-index")),
            ("spec.placement.hostPoolLocation.poolIndex", Some("host-pool")),
        ]
    );
    assert_eq!(unreadable.field_problems[1].to_string(), "spec.placement.host: `7` is no text");
    let missing = placed(&json!({"hostPoolLocation": {"inpoolIndex": 1}}));
    assert_eq!(
        problems_of(&missing.field_problems),
        [("spec.placement.hostPoolLocation.poolIndex", Some("host-pool"))]
    );
    let none = placed(&json!([]));
    assert_eq!(none.field_problems.len(), keys::PLACEMENT_SPEC.len(), "nothing can be known of it");
}

#[test]
fn numbers_may_come_as_text() {
    let located = placed(&json!({"hostPoolLocation": {"poolIndex": "1", "inpoolIndex": "0"}}));
    assert_eq!(shown(&located.spec), ["host-pool: streams.ibm.com/app-1", "pool-index: 0"]);
}

#[test]
fn spec_placement_overrules_the_annotations_of_the_object() {
    let annotations = json!({
        "outrigger.dev/relocatable": "false", "outrigger.dev/host-tags": "ssd", "outrigger.dev/exlocation": "other",
        "outrigger.dev/inject": "false", "streams.ibm.com/applicationName": "A",
    });
    let spec = json!({"placement": {"exLocations": ["x"], "hostPoolLocation": {"poolIndex": 1}}});
    let object: ProcessingElement = serde_json::from_value(object("app-3", &annotations, &spec)).unwrap();
    let pe = DeclaredPe::try_from(&object).unwrap();
    assert_eq!(
        shown(&pe.spec),
        ["exlocation: x", "host-pool: streams.ibm.com/app-1", "relocatable: false"],
        "pool and tags are one choice"
    );
    assert_eq!(
        problems_of(&pe.field_problems),
        [
            ("metadata.annotations[outrigger.dev/exlocation]", None),
            ("metadata.annotations[outrigger.dev/host-tags]", None),
            ("metadata.annotations[outrigger.dev/inject]", None),
        ]
    );
}
