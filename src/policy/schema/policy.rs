//! The fields of a `StreamPolicy` document.

use super::container::{AMOUNTS, CONTAINER, PORT_NUMBER};
use super::text::{ANY, DNS_LABEL, LABEL_KEY, LABEL_VALUE, NAME, NAMESPACE};
use super::{Fields, Shape};

const TEXT: Shape = Shape::Text(&ANY);
const SCOPE: Shape = Shape::OneOf(&["Job", "Namespace", "Cluster"]);
const NOT_YET: &str = "a policy cannot add it to pods yet; write it in the pod template";

/// A document.
pub(in crate::policy) const DOCUMENT: Shape = Shape::Object(&POLICY);

static POLICY: Fields = Fields {
    known: &[
        ("apiVersion", TEXT),
        ("kind", TEXT),
        ("metadata", Shape::Object(&METADATA)),
        ("spec", Shape::Object(&SPEC)),
    ],
    required: &["apiVersion", "kind", "metadata", "spec"],
    one_of: &[],
    refused: &[
        ("items", "a list is not read; write documents with `---` between them"),
        ("status", "policies are files, and have no status"),
    ],
};

static METADATA: Fields = Fields {
    known: &[
        ("name", Shape::Text(&NAME)),
        ("labels", Shape::Map(&LABEL_KEY, &Shape::Text(&LABEL_VALUE))),
        ("annotations", Shape::Map(&LABEL_KEY, &TEXT)),
    ],
    required: &["name"],
    one_of: &[],
    refused: &[("namespace", "a policy holds for the cluster; select namespaces with spec.selector.namespaces")],
};

static SPEC: Fields = Fields {
    known: &[
        ("priority", Shape::Integer(-2_147_483_648, 2_147_483_647)),
        ("selector", Shape::Object(&SELECTOR)),
        ("dialect", Shape::OneOf(&["annotations", "open-streams", "flink", "kafka-streams"])),
        ("schedulerName", Shape::Text(&NAME)),
        ("injection", Shape::Object(&INJECTION)),
        ("resources", Shape::Object(&RESOURCES)),
        ("placement", Shape::Object(&PLACEMENT)),
        ("recovery", Shape::Object(&RECOVERY)),
        ("onConflict", Shape::OneOf(&["Warn", "Deny"])),
        ("loadProtection", Shape::Object(&LOAD_PROTECTION)),
        ("demand", Shape::Object(&DEMAND)),
    ],
    required: &["selector"],
    one_of: &[],
    refused: &[
        ("sidecars", "write it below spec.injection"),
        ("requests", "write it below spec.resources"),
        ("limits", "write it below spec.resources"),
        ("podSelector", "write it below spec.selector"),
        ("namespaces", "write it below spec.selector"),
        ("tolerations", NOT_YET),
        ("nodeSelector", NOT_YET),
        ("affinity", NOT_YET),
        ("priorityClassName", NOT_YET),
        ("failureMode", "the registration of the webhook says what happens while the webhook is down"),
    ],
};

static SELECTOR: Fields = Fields {
    known: &[("namespaces", Shape::List(&Shape::Text(&NAMESPACE))), ("podSelector", Shape::Object(&POD_SELECTOR))],
    required: &[],
    one_of: &[],
    refused: &[
        ("namespaceSelector", "a policy cannot select namespaces by label yet; list them in `namespaces`"),
        ("matchLabels", "write it below `podSelector`"),
        ("matchExpressions", "write it below `podSelector`"),
        ("conditions", "a policy cannot select pods by CEL yet; use labels"),
        ("matchConditions", "a policy cannot select pods by CEL yet; use labels"),
    ],
};

static POD_SELECTOR: Fields = Fields::optional(&[
    ("matchLabels", Shape::Map(&LABEL_KEY, &Shape::Text(&LABEL_VALUE))),
    ("matchExpressions", Shape::List(&Shape::Object(&EXPRESSION))),
]);

static EXPRESSION: Fields = Fields::requiring(
    &["key", "operator"],
    &[
        ("key", Shape::Text(&LABEL_KEY)),
        ("operator", Shape::OneOf(&["In", "NotIn", "Exists", "DoesNotExist"])),
        ("values", Shape::List(&Shape::Text(&LABEL_VALUE))),
    ],
);

static INJECTION: Fields = Fields {
    known: &[
        ("sidecars", Shape::List(&Shape::Object(&CONTAINER))),
        ("listensOn", Shape::Map(&DNS_LABEL, &Shape::List(&PORT_NUMBER))),
    ],
    required: &[],
    one_of: &[],
    refused: &[
        ("volumes", NOT_YET),
        ("initContainers", "a policy adds sidecars only; write it in the pod template"),
        ("containers", "a policy adds sidecars only; write it in the pod template"),
        ("annotations", NOT_YET),
        ("labels", NOT_YET),
        ("env", NOT_YET),
        ("envFrom", NOT_YET),
        ("volumeMounts", NOT_YET),
        ("imagePullSecrets", NOT_YET),
        ("resourceClaims", NOT_YET),
    ],
};

static RESOURCES: Fields = Fields {
    known: &[
        ("from", Shape::OneOf(&["policy", "demand"])),
        ("containers", Shape::List(&Shape::Text(&DNS_LABEL))),
        ("requests", AMOUNTS),
        ("limits", AMOUNTS),
        ("quantile", Shape::Number),
        ("horizon", TEXT),
        ("margin", Shape::Number),
        ("min", Shape::Object(&BOUNDS)),
        ("max", Shape::Object(&BOUNDS)),
        ("override", Shape::Flag),
        ("keepQosClass", Shape::Flag),
    ],
    required: &[],
    one_of: &[],
    refused: &[("claims", NOT_YET)],
};

static BOUNDS: Fields = Fields {
    known: &[("cpu", Shape::Quantity), ("memory", Shape::Quantity)],
    required: &[],
    one_of: &[],
    refused: &[("ephemeral-storage", "forecasts are made of cpu and memory alone")],
};

static PLACEMENT: Fields = Fields::optional(&[
    ("scheme", Shape::OneOf(&["balancedInstance", "balancedJob", "legacy", "pack"])),
    ("isolationScope", SCOPE),
    ("exclusiveScope", SCOPE),
    ("riskWeight", Shape::Number),
    ("trafficWeight", Shape::Number),
    ("reservationTimeout", TEXT),
]);

static RECOVERY: Fields = Fields::optional(&[("tolerationSeconds", Shape::Integer(i64::MIN, i64::MAX))]);

static LOAD_PROTECTION: Fields = Fields::optional(&[
    ("cpu", Shape::Object(&THRESHOLDS)),
    ("memory", Shape::Object(&THRESHOLDS)),
    ("network", Shape::Object(&THRESHOLDS)),
    ("maxAge", TEXT),
]);

static DEMAND: Fields = Fields::requiring(
    &["source"],
    &[
        ("source", Shape::Object(&DEMAND_SOURCE)),
        ("step", TEXT),
        ("season", TEXT),
        ("horizon", TEXT),
        ("overload", Shape::Object(&OBSERVED_OVERLOAD)),
    ],
);

static DEMAND_SOURCE: Fields = Fields {
    known: &[("metricsApi", Shape::Object(&METRICS_API)), ("prometheus", Shape::Object(&PROMETHEUS))],
    required: &[],
    one_of: &["metricsApi", "prometheus"],
    refused: &[("file", "start the program with `--load-file`; it holds the load of nodes")],
};

static METRICS_API: Fields = Fields::optional(&[]);

static PROMETHEUS: Fields = Fields {
    known: &[
        ("url", TEXT),
        ("caFile", TEXT),
        ("tokenFile", TEXT),
        ("timeout", TEXT),
        ("engine", Shape::OneOf(&["Flink", "KafkaConsumer"])),
        ("queries", Shape::Object(&QUERIES)),
    ],
    required: &["url"],
    one_of: &[],
    refused: &[
        ("token", "write the token into a file, and name the file in `tokenFile`"),
        ("insecureSkipVerify", "name the authorities that sign the certificate of the server in `caFile`"),
    ],
};

static QUERIES: Fields = Fields::optional(&[
    ("podCpu", TEXT),
    ("podMemory", TEXT),
    ("podCpuPressure", TEXT),
    ("inputRate", TEXT),
    ("nodeCpu", TEXT),
    ("nodeMemory", TEXT),
    ("nodeCpuPressure", TEXT),
]);

static OBSERVED_OVERLOAD: Fields = Fields::optional(&[("cpuPressure", Shape::Number)]);

static THRESHOLDS: Fields = Fields::requiring(&["upper"], &[("upper", Shape::Number), ("lower", Shape::Number)]);
