//! The texts that Kubernetes accepts as names, keys and paths.
//!
//! The rules are those of `k8s.io/apimachinery/pkg/util/validation` and `pkg/apis/core/validation` of Kubernetes 1.37.

use crate::model::{is_label_value, is_object_name};

/// A rule of a text.
pub(in crate::policy) struct TextRule {
    /// True for a text that follows the rule.
    pub(in crate::policy) accepts: fn(&str) -> bool,
    /// The end of the sentence "`text` is not …".
    pub(in crate::policy) wanted: &'static str,
}

pub(super) static ANY: TextRule = TextRule { accepts: |_| true, wanted: "a text" };

pub(super) static NAME: TextRule = TextRule {
    accepts: |text| is_object_name(text) && is_label_value(text),
    wanted: "a name: at most 63 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends",
};

pub(super) static OBJECT_NAME: TextRule = TextRule {
    accepts: is_object_name,
    wanted: "the name of an object: at most 253 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends",
};

pub(super) static DNS_LABEL: TextRule = TextRule {
    accepts: is_dns_label,
    wanted: "a name: at most 63 of a-z, 0-9 and `-`, with a letter or digit at both ends",
};

pub(super) static NAMESPACE: TextRule = TextRule {
    accepts: is_dns_label,
    wanted: "the name of a namespace: names are exact, so list each one, or leave `namespaces` out to select in all \
             namespaces",
};

pub(super) static LABEL_KEY: TextRule = TextRule {
    accepts: is_qualified_name,
    wanted: "the key of a label: at most 63 letters, digits, `-`, `_` and `.`, behind an optional domain and `/`",
};

pub(super) static LABEL_VALUE: TextRule = TextRule {
    accepts: |text| text.is_empty() || is_label_value(text),
    wanted: "the value of a label: at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
};

pub(super) static IMAGE: TextRule = TextRule {
    accepts: |text| !text.chars().any(|c| c.is_whitespace() || c.is_control()),
    wanted: "the name of an image: remove the space",
};

pub(super) static ENV_NAME: TextRule = TextRule {
    accepts: |text| text.chars().all(|c| (c.is_ascii_graphic() || c == ' ') && c != '='),
    wanted: "the name of an environment variable: printable ASCII characters other than `=`",
};

pub(super) static CONFIG_KEY: TextRule = TextRule {
    accepts: |text| {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (1..=253).contains(&text.len()) && text.chars().all(inner) && text != "." && !text.starts_with("..")
    },
    wanted: "a key of a ConfigMap or Secret: letters, digits, `-`, `_` and `.`",
};

pub(super) static PORT_NAME: TextRule = TextRule {
    accepts: is_port_name,
    wanted: "the name of a port: at most 15 of a-z, 0-9 and single `-`, with at least one letter",
};

pub(super) static HTTP_HEADER: TextRule = TextRule {
    accepts: |text| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
    wanted: "the name of an HTTP header: letters, digits and `-`",
};

pub(super) static RELATIVE_PATH: TextRule = TextRule {
    accepts: |text| !text.starts_with('/') && has_no_backsteps(text),
    wanted: "a relative path without `..`",
};

pub(super) static DEVICE_PATH: TextRule = TextRule { accepts: has_no_backsteps, wanted: "a path without `..`" };

pub(super) static API_VERSION: TextRule =
    TextRule { accepts: |text| text == "v1" || text.is_empty(), wanted: "the version of pods, which is `v1`" };

pub(super) static FIELD_PATH: TextRule = TextRule {
    accepts: is_field_path,
    wanted: "a field that a variable may have; write metadata.name, metadata.namespace, metadata.uid, \
             metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, status.hostIP, \
             status.hostIPs, status.podIP or status.podIPs",
};

pub(super) static RESOURCE_FIELD: TextRule = TextRule {
    accepts: is_resource_field,
    wanted: "a resource that a variable may have; write `limits.` or `requests.` before cpu, memory, \
             ephemeral-storage or hugepages-SIZE",
};

pub(super) static RESOURCE_NAME: TextRule = TextRule {
    accepts: is_resource_name,
    wanted: "a resource of a container; write cpu, memory, ephemeral-storage, hugepages-SIZE, or the full name of an \
             extended resource, such as `vendor.example/device`",
};

pub(super) fn is_dns_label(text: &str) -> bool {
    is_object_name(text) && is_label_value(text) && !text.contains('.')
}

/// True for what Kubernetes calls a qualified name: the key of a label or annotation.
pub(in crate::policy) fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_object_name(domain) && is_label_value(name),
        None => is_label_value(text),
    }
}

pub(super) fn is_port_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=15).contains(&text.len())
        && text.chars().all(inner)
        && text.contains(|c: char| c.is_ascii_lowercase())
        && !text.contains("--")
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn has_no_backsteps(path: &str) -> bool {
    path.split('/').all(|part| part != "..")
}

fn is_field_path(path: &str) -> bool {
    if let Some((list, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
        return match list {
            "metadata.labels" => is_qualified_name(key),
            "metadata.annotations" => is_qualified_name(&key.to_lowercase()),
            _ => false,
        };
    }
    [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ]
    .contains(&path)
}

fn is_resource_field(text: &str) -> bool {
    let resource = text.strip_prefix("limits.").or_else(|| text.strip_prefix("requests."));
    resource.is_some_and(|resource| {
        ["cpu", "memory", "ephemeral-storage"].contains(&resource) || resource.starts_with("hugepages-")
    })
}

fn is_resource_name(name: &str) -> bool {
    if !is_qualified_name(name) {
        return false;
    }
    if !name.contains('/') {
        return ["cpu", "memory", "ephemeral-storage"].contains(&name) || name.starts_with("hugepages-");
    }
    // A quota names an extended resource behind `requests.`, so that name must be valid too.
    name.contains("kubernetes.io/")
        || (!name.starts_with("requests.") && is_qualified_name(&format!("requests.{name}")))
}
