//! The fields of a container, as in `k8s.io/api/core/v1` of Kubernetes 1.37.
//!
//! A field whose value only some pods accept is refused, because a policy may not make a pod fail.

use super::text::{
    ANY, API_VERSION, CONFIG_KEY, DEVICE_PATH, DNS_LABEL, ENV_NAME, FIELD_PATH, HTTP_HEADER, IMAGE, OBJECT_NAME,
    PORT_NAME, RELATIVE_PATH, RESOURCE_FIELD, RESOURCE_NAME,
};
use super::{Fields, Shape};

const INT32: i64 = 2_147_483_647;

const TEXT: Shape = Shape::Text(&ANY);
const COUNT: Shape = Shape::Integer(0, INT32);
pub(super) const PORT_NUMBER: Shape = Shape::Integer(1, 65_535);
const TEXTS: Shape = Shape::List(&TEXT);
/// Amounts by resource.
pub(super) const AMOUNTS: Shape = Shape::Map(&RESOURCE_NAME, &Shape::Quantity);

/// A sidecar.
pub(super) static CONTAINER: Fields = Fields {
    known: &[
        ("name", Shape::Text(&DNS_LABEL)),
        ("image", Shape::Text(&IMAGE)),
        ("command", TEXTS),
        ("args", TEXTS),
        ("workingDir", TEXT),
        ("ports", Shape::List(&Shape::Object(&CONTAINER_PORT))),
        ("envFrom", Shape::List(&Shape::Object(&ENV_FROM))),
        ("env", Shape::List(&Shape::Object(&ENV))),
        ("resources", Shape::Object(&RESOURCES)),
        ("resizePolicy", Shape::List(&Shape::Object(&RESIZE_POLICY))),
        ("restartPolicy", Shape::OneOf(&["Always"])),
        ("volumeMounts", Shape::List(&Shape::Object(&VOLUME_MOUNT))),
        ("volumeDevices", Shape::List(&Shape::Object(&VOLUME_DEVICE))),
        ("livenessProbe", Shape::Object(&PROBE)),
        ("readinessProbe", Shape::Object(&PROBE)),
        ("startupProbe", Shape::Object(&PROBE)),
        ("lifecycle", Shape::Object(&LIFECYCLE)),
        ("terminationMessagePath", TEXT),
        ("terminationMessagePolicy", Shape::OneOf(&["File", "FallbackToLogsOnError"])),
        ("imagePullPolicy", Shape::OneOf(&["Always", "IfNotPresent", "Never"])),
        ("securityContext", Shape::Object(&SECURITY_CONTEXT)),
        ("stdin", Shape::Flag),
        ("stdinOnce", Shape::Flag),
        ("tty", Shape::Flag),
    ],
    required: &["name", "image"],
    one_of: &[],
    refused: &[
        ("restartPolicyRules", "a sidecar always restarts; leave it out"),
        ("volumes", "volumes belong to the pod, and a policy cannot add them yet"),
        ("targetContainerName", "only ephemeral containers have it"),
    ],
};

static CONTAINER_PORT: Fields = Fields::requiring(
    &["containerPort"],
    &[
        ("name", Shape::Text(&PORT_NAME)),
        ("containerPort", PORT_NUMBER),
        ("hostPort", Shape::Integer(0, 65_535)),
        ("hostIP", TEXT),
        ("protocol", Shape::OneOf(&["TCP", "UDP", "SCTP"])),
    ],
);

static ENV_FROM: Fields = Fields {
    known: &[
        ("prefix", Shape::Text(&ENV_NAME)),
        ("configMapRef", Shape::Object(&OBJECT_REFERENCE)),
        ("secretRef", Shape::Object(&OBJECT_REFERENCE)),
    ],
    required: &[],
    one_of: &["configMapRef", "secretRef"],
    refused: &[],
};

static OBJECT_REFERENCE: Fields =
    Fields::requiring(&["name"], &[("name", Shape::Text(&OBJECT_NAME)), ("optional", Shape::Flag)]);

static ENV: Fields = Fields::requiring(
    &["name"],
    &[("name", Shape::Text(&ENV_NAME)), ("value", TEXT), ("valueFrom", Shape::Object(&ENV_SOURCE))],
);

static ENV_SOURCE: Fields = Fields {
    known: &[
        ("fieldRef", Shape::Object(&FIELD_REFERENCE)),
        ("resourceFieldRef", Shape::Object(&RESOURCE_REFERENCE)),
        ("configMapKeyRef", Shape::Object(&KEY_REFERENCE)),
        ("secretKeyRef", Shape::Object(&KEY_REFERENCE)),
    ],
    required: &[],
    one_of: &["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"],
    refused: &[("fileKeyRef", "it needs an emptyDir of the pod, and a policy cannot add volumes yet")],
};

static FIELD_REFERENCE: Fields = Fields::requiring(
    &["fieldPath"],
    &[("apiVersion", Shape::Text(&API_VERSION)), ("fieldPath", Shape::Text(&FIELD_PATH))],
);

static RESOURCE_REFERENCE: Fields = Fields::requiring(
    &["resource"],
    &[("containerName", TEXT), ("resource", Shape::Text(&RESOURCE_FIELD)), ("divisor", Shape::Quantity)],
);

static KEY_REFERENCE: Fields = Fields::requiring(
    &["name", "key"],
    &[("name", Shape::Text(&OBJECT_NAME)), ("key", Shape::Text(&CONFIG_KEY)), ("optional", Shape::Flag)],
);

static RESOURCES: Fields = Fields {
    known: &[("limits", AMOUNTS), ("requests", AMOUNTS)],
    required: &[],
    one_of: &[],
    refused: &[("claims", "they name claims of the pod, and a policy cannot add claims yet")],
};

static RESIZE_POLICY: Fields = Fields::requiring(
    &["resourceName", "restartPolicy"],
    &[
        ("resourceName", Shape::OneOf(&["cpu", "memory"])),
        ("restartPolicy", Shape::OneOf(&["NotRequired", "RestartContainer"])),
    ],
);

static VOLUME_MOUNT: Fields = Fields::requiring(
    &["name", "mountPath"],
    &[
        ("name", Shape::Text(&DNS_LABEL)),
        ("mountPath", TEXT),
        ("subPath", Shape::Text(&RELATIVE_PATH)),
        ("subPathExpr", Shape::Text(&RELATIVE_PATH)),
        ("readOnly", Shape::Flag),
        ("recursiveReadOnly", Shape::OneOf(&["Disabled", "IfPossible", "Enabled"])),
        ("mountPropagation", Shape::OneOf(&["None", "HostToContainer", "Bidirectional"])),
        ("bindMountOptions", Shape::List(&Shape::OneOf(&["noexec", "nodev", "nosuid"]))),
    ],
);

static VOLUME_DEVICE: Fields = Fields::requiring(
    &["name", "devicePath"],
    &[("name", Shape::Text(&DNS_LABEL)), ("devicePath", Shape::Text(&DEVICE_PATH))],
);

static PROBE: Fields = Fields {
    known: &[
        ("exec", Shape::Object(&EXEC)),
        ("httpGet", Shape::Object(&HTTP_GET)),
        ("tcpSocket", Shape::Object(&TCP_SOCKET)),
        ("grpc", Shape::Object(&GRPC)),
        ("initialDelaySeconds", COUNT),
        ("timeoutSeconds", COUNT),
        ("periodSeconds", COUNT),
        ("successThreshold", COUNT),
        ("failureThreshold", COUNT),
        ("terminationGracePeriodSeconds", Shape::Integer(1, i64::MAX)),
    ],
    required: &[],
    one_of: &["exec", "httpGet", "tcpSocket", "grpc"],
    refused: &[],
};

static EXEC: Fields = Fields::requiring(&["command"], &[("command", TEXTS)]);

static HTTP_GET: Fields = Fields::requiring(
    &["port"],
    &[
        ("path", TEXT),
        ("port", Shape::Port),
        ("host", TEXT),
        ("scheme", Shape::OneOf(&["HTTP", "HTTPS"])),
        ("httpHeaders", Shape::List(&Shape::Object(&HEADER))),
        ("protocol", Shape::OneOf(&["HTTP1", "HTTP2"])),
    ],
);

static HEADER: Fields = Fields::requiring(&["name"], &[("name", Shape::Text(&HTTP_HEADER)), ("value", TEXT)]);

static TCP_SOCKET: Fields = Fields::requiring(&["port"], &[("port", Shape::Port), ("host", TEXT)]);

static GRPC: Fields = Fields::requiring(
    &["port"],
    &[("port", PORT_NUMBER), ("service", TEXT), ("mode", Shape::OneOf(&["Plaintext", "TLS"]))],
);

static LIFECYCLE: Fields = Fields {
    known: &[("postStart", Shape::Object(&HANDLER)), ("preStop", Shape::Object(&HANDLER))],
    required: &[],
    one_of: &[],
    refused: &[("stopSignal", "the API server accepts it only in pods that set `spec.os.name`; set it in the image")],
};

static HANDLER: Fields = Fields {
    known: &[
        ("exec", Shape::Object(&EXEC)),
        ("httpGet", Shape::Object(&HTTP_GET)),
        ("tcpSocket", Shape::Object(&TCP_SOCKET)),
        ("sleep", Shape::Object(&SLEEP)),
    ],
    required: &[],
    one_of: &["exec", "httpGet", "tcpSocket", "sleep"],
    refused: &[("grpc", "only probes have it")],
};

static SLEEP: Fields = Fields::requiring(&["seconds"], &[("seconds", Shape::Integer(0, i64::MAX))]);

static SECURITY_CONTEXT: Fields = Fields {
    known: &[
        ("capabilities", Shape::Object(&CAPABILITIES)),
        ("privileged", Shape::Flag),
        ("seLinuxOptions", Shape::Object(&SE_LINUX)),
        ("runAsUser", COUNT),
        ("runAsGroup", COUNT),
        ("runAsNonRoot", Shape::Flag),
        ("readOnlyRootFilesystem", Shape::Flag),
        ("allowPrivilegeEscalation", Shape::Flag),
        // `Unmasked` is accepted only in pods with `hostUsers: false`.
        ("procMount", Shape::OneOf(&["Default"])),
        ("seccompProfile", Shape::Object(&PROFILE)),
        ("appArmorProfile", Shape::Object(&PROFILE)),
    ],
    required: &[],
    one_of: &[],
    refused: &[
        ("windowsOptions", "sidecars run on Linux"),
        ("fsGroup", "only pods have it"),
        ("supplementalGroups", "only pods have it"),
        ("sysctls", "only pods have it"),
    ],
};

static CAPABILITIES: Fields = Fields::optional(&[("add", TEXTS), ("drop", TEXTS)]);

static SE_LINUX: Fields = Fields::optional(&[("user", TEXT), ("role", TEXT), ("type", TEXT), ("level", TEXT)]);

static PROFILE: Fields = Fields::requiring(
    &["type"],
    &[("type", Shape::OneOf(&["RuntimeDefault", "Localhost", "Unconfined"])), ("localhostProfile", TEXT)],
);
