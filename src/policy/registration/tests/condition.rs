use super::*;

fn evaluated(condition: &str) -> Option<bool> {
    let labels: Labels = [("app", "streams"), ("a/b", "c"), ("empty", "")].into_iter().collect();
    holds(condition, Metadata { labels: &labels, annotations: &Labels::default() })
}

#[test]
fn comparisons_of_labels_and_annotations_are_known() {
    for (condition, wanted) in [
        ("object.metadata.?labels[?'app'].hasValue()", true),
        ("object.metadata.?labels[?'none'].hasValue()", false),
        ("!object.metadata.?annotations[?'app'].hasValue()", true),
        ("object.metadata.?labels[?'app'].orValue('') == 'streams'", true),
        ("object.metadata.?labels[?'app'].orValue('') == 'other'", false),
        ("object.metadata.?labels[?\"a/b\"].orValue('') != 'c'", false),
        ("object.metadata.?labels[?'none'].orValue('x') == 'x'", true),
        ("object.metadata.?labels[?'app'].orValue('') in ['a', 'streams']", true),
        ("object.metadata.?labels[?'app'].orValue('') in ['a']", false),
        ("(object.metadata.?labels[?'app'].hasValue() && object.metadata.?labels[?'none'].hasValue()) || true", true),
        ("!(object.metadata.?labels[?'app'].hasValue() || false)", false),
        ("object.metadata.?labels[?'a || b'].hasValue()", false),
    ] {
        assert_eq!(evaluated(condition), Some(wanted), "{condition}");
    }
}

#[test]
fn what_is_no_such_comparison_is_unknown_unless_the_rest_decides() {
    for condition in [
        "request.userInfo.username == 'a'",
        "object.metadata.?labels[?'app'].hasValue() && request.dryRun",
        "object.metadata.?labels[?'none'].hasValue() || request.dryRun",
        "request.dryRun ? true : false",
        "true || false ? false : true",
        "object.metadata.labels['app'] == 'streams'",
        "object.metadata.?labels[?'app'].orValue('') == 'a' + 'b'",
        "(true) || (request.dryRun) == (false) ? true : (false)",
        "",
    ] {
        assert_eq!(evaluated(condition), None, "{condition}");
    }
    assert_eq!(evaluated("request.dryRun || true"), Some(true));
    assert_eq!(evaluated("request.dryRun && false"), Some(false));
}
