use crate::api::DocumentError;
use crate::policy::{PolicySet, Source};

/// A policy with one sidecar, whose fields besides name and image are these, each on a line of its own from line 11.
fn parse(fields: &str) -> Result<PolicySet, DocumentError> {
    let lines = fields.replace('\n', "\n        ");
    let text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: a}}\nspec:\n  \
         selector:\n    podSelector: {{matchLabels: {{app: streams}}}}\n  injection:\n    sidecars:\n      \
         - name: relay\n        image: relay:1\n        {lines}\n"
    );
    PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text }])
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_sidecar_that_the_api_server_refuses_is_an_error_with_the_place_of_the_very_part() {
    for (fields, line, field, words) in [
        // Types, and names that nobody knows.
        (
            "env:\n  - {name: PORT, value: 8080}",
            12,
            "env[0].value",
            "the number `8080` stands here: write a text, in quotes",
        ),
        ("env: [{name: DEBUG, value: true}]", 11, "env[0].value", "in quotes"),
        ("args: --config /etc/a", 11, "args", "write a list"),
        ("command:\n  - a\n  -\n", 13, "command[1]", "the element is empty"),
        ("imagepullPolicy: Always", 11, "imagepullPolicy", "did you mean `imagePullPolicy`?"),
        ("imagePullPolicy: always", 11, "imagePullPolicy", "write `Always`, `IfNotPresent` or `Never`"),
        ("tty: \"yes\"", 11, "tty", "write `true` or `false`"),
        ("volumes: []", 11, "volumes", "a policy cannot add them yet"),
        ("securityContext:\n  fsGroup: 1", 12, "securityContext.fsGroup", "only pods have it"),
        ("lifecycle: {stopSignal: SIGTERM}", 11, "lifecycle.stopSignal", "spec.os.name"),
        ("restartPolicy: Never", 11, "restartPolicy", "write `Always`"),
        // Environment.
        ("env: [{value: x}]", 11, "env[0].name", "missing"),
        ("env: [{name: a=b}]", 11, "env[0].name", "environment variable"),
        (
            "env: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]",
            11,
            "env[0].valueFrom",
            "exclude each other",
        ),
        ("env: [{name: A, valueFrom: {}}]", 11, "env[0].valueFrom", "one is missing"),
        (
            "env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.labels}}}]",
            11,
            "env[0].valueFrom.fieldRef.fieldPath",
            "metadata.labels['KEY']",
        ),
        (
            "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: ..}}}]",
            11,
            "env[0].valueFrom.secretKeyRef.key",
            "a key of a ConfigMap",
        ),
        (
            "env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1Mi}}}]",
            11,
            "env[0].valueFrom.resourceFieldRef.divisor",
            "write 1 or 1m",
        ),
        (
            "envFrom: [{configMapRef: {name: a}, secretRef: {name: b}}]",
            11,
            "envFrom[0].secretRef",
            "exclude each other",
        ),
        ("envFrom: [{configMapRef: {name: A_b}}]", 11, "envFrom[0].configMapRef.name", "the name of an object"),
        // Ports.
        ("ports: [{containerPort: 0}]", 11, "ports[0].containerPort", "from 1 to 65535"),
        ("ports: [{containerPort: \"80\"}]", 11, "ports[0].containerPort", "write a number, without quotes"),
        ("ports: [{containerPort: 1, protocol: tcp}]", 11, "ports[0].protocol", "`TCP`"),
        ("ports: [{containerPort: 1, name: a_b}]", 11, "ports[0].name", "the name of a port"),
        (
            "ports: [{name: a, containerPort: 1}, {name: a, containerPort: 2}]",
            11,
            "ports[1].name",
            "two ports are named",
        ),
        (
            "ports: [{hostPort: 9, containerPort: 1}, {hostPort: 9, containerPort: 2}]",
            11,
            "ports[1].hostPort",
            "declares host port 9 twice",
        ),
        (
            "ports: [{containerPort: 9}, {containerPort: 9, name: a}]",
            11,
            "ports[1].containerPort",
            "declares port 9 twice",
        ),
        // Probes and hooks.
        ("livenessProbe: {periodSeconds: 1}", 11, "livenessProbe", "one is missing"),
        ("startupProbe:\n  httpGet: {port: 1}\n  exec: {command: [x]}", 13, "startupProbe.exec", "exclude each other"),
        (
            "livenessProbe: {tcpSocket: {port: 1}, successThreshold: 2}",
            11,
            "livenessProbe.successThreshold",
            "must be 1",
        ),
        ("livenessProbe: {tcpSocket: {port: 1}, failureThreshold: -1}", 11, "livenessProbe.failureThreshold", "from 0"),
        ("livenessProbe: {tcpSocket: {port: http}}", 11, "livenessProbe.tcpSocket.port", "declares no port `http`"),
        ("livenessProbe: {httpGet: {port: \"80\"}}", 11, "livenessProbe.httpGet.port", "without quotes"),
        ("livenessProbe: {httpGet: {port: 80, scheme: http}}", 11, "livenessProbe.httpGet.scheme", "`HTTP`"),
        (
            "livenessProbe: {httpGet: {port: 80, httpHeaders: [{name: a b, value: c}]}}",
            11,
            "livenessProbe.httpGet.httpHeaders[0].name",
            "HTTP header",
        ),
        ("livenessProbe: {grpc: {port: web}}", 11, "livenessProbe.grpc.port", "write a number"),
        ("livenessProbe: {exec: {command: []}}", 11, "livenessProbe.exec.command", "it is empty"),
        (
            "readinessProbe: {tcpSocket: {port: 1}, terminationGracePeriodSeconds: 5}",
            11,
            "readinessProbe.terminationGracePeriodSeconds",
            "leave it out",
        ),
        ("lifecycle: {preStop: {grpc: {port: 1}}}", 11, "lifecycle.preStop.grpc", "only probes"),
        ("lifecycle: {preStop: {}}", 11, "lifecycle.preStop", "one is missing"),
        ("lifecycle: {preStop: {sleep: {seconds: -1}}}", 11, "lifecycle.preStop.sleep.seconds", "from 0"),
        // Mounts.
        ("volumeMounts: [{name: a}]", 11, "volumeMounts[0].mountPath", "missing"),
        (
            "volumeMounts:\n  - {name: a, mountPath: /x}\n  - {name: b, mountPath: /x}",
            13,
            "volumeMounts[1].mountPath",
            "stands twice",
        ),
        ("volumeMounts: [{name: a, mountPath: /x, subPath: a/../../b}]", 11, "volumeMounts[0].subPath", "without `..`"),
        (
            "volumeMounts: [{name: a, mountPath: /x, subPath: a, subPathExpr: b}]",
            11,
            "volumeMounts[0].subPathExpr",
            "exclude each other",
        ),
        (
            "volumeMounts: [{name: a, mountPath: /x, mountPropagation: Bidirectional}]",
            11,
            "volumeMounts[0].mountPropagation",
            "privileged",
        ),
        (
            "volumeMounts: [{name: a, mountPath: /x, recursiveReadOnly: Enabled}]",
            11,
            "volumeMounts[0].recursiveReadOnly",
            "readOnly: true",
        ),
        (
            "volumeMounts: [{name: a, mountPath: /x}]\nvolumeDevices: [{name: a, devicePath: /y}]",
            12,
            "volumeDevices[0].name",
            "not both",
        ),
        // Resources.
        ("resources: {limits: {memory: 128MB}}", 11, "resources.limits.memory", "`128MB` is not a quantity"),
        ("resources: {limits: {mem: 1}}", 11, "resources.limits.mem", "not a resource of a container"),
        ("resources: {limits: {cpu: -1}}", 11, "resources.limits.cpu", "is negative"),
        (
            "resources:\n  requests: {memory: 256Mi}\n  limits: {memory: 128Mi}",
            13,
            "resources.limits.memory",
            "below the request `256Mi`",
        ),
        ("resources: {requests: {a.b/c: 1}}", 11, "resources.requests[a.b/c]", "a limit is missing"),
        ("resources: {requests: {a.b/c: 1}, limits: {a.b/c: 2}}", 11, "resources.limits[a.b/c]", "must be equal"),
        ("resources: {limits: {a.b/c: 500m}}", 11, "resources.limits[a.b/c]", "whole number"),
        ("resources: {limits: {a.b/c: 9000000000000000000}}", 11, "resources.limits[a.b/c]", "too large"),
        ("resources: {limits: {hugepages-2Mi: 3Mi, cpu: 1}}", 11, "resources.limits.hugepages-2Mi", "multiple"),
        ("resources: {limits: {hugepages-2Mi: 4Mi}}", 11, "resources", "huge pages need cpu or memory"),
        ("resources: {claims: [{name: a}]}", 11, "resources.claims", "cannot add claims yet"),
        (
            "resizePolicy:\n  - &p {resourceName: cpu, restartPolicy: NotRequired}\n  - *p",
            13,
            "resizePolicy[1].resourceName",
            "stands twice",
        ),
        // Security.
        ("securityContext: {runAsUser: -1}", 11, "securityContext.runAsUser", "from 0"),
        ("securityContext: {runAsNonRoot: true, runAsUser: 0}", 11, "securityContext.runAsUser", "user 0 is root"),
        (
            "securityContext: {privileged: true, allowPrivilegeEscalation: false}",
            11,
            "securityContext.allowPrivilegeEscalation",
            "remove one",
        ),
        (
            "securityContext: {seccompProfile: {type: Localhost}}",
            11,
            "securityContext.seccompProfile.localhostProfile",
            "needs it",
        ),
        (
            "securityContext: {appArmorProfile: {type: Unconfined, localhostProfile: x}}",
            11,
            "securityContext.appArmorProfile.localhostProfile",
            "leave it out",
        ),
        ("securityContext: {procMount: Unmasked}", 11, "securityContext.procMount", "`Default`"),
        ("terminationMessagePolicy: Files", 11, "terminationMessagePolicy", "FallbackToLogsOnError"),
    ] {
        let error = parse(fields).err().unwrap_or_else(|| panic!("it loads: {fields}"));
        let field = format!("spec.injection.sidecars[0].{field}");
        assert_eq!((error.position.line, error.field.as_str()), (line, field.as_str()), "{fields}\n{error}");
        assert!(error.problem.contains(words), "{fields}\n{error}");
    }
}

#[test]
fn what_the_api_server_accepts_loads() {
    for fields in [
        "args:\nenv:\nresources:\n  limits:\n",
        "args: []",
        "env: [{name: \"A b-c.1\", value: \"\"}]",
        "env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['Example.com/a']\"}}}]",
        "env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.hugepages-2Mi, divisor: 1Mi}}}]",
        "ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP, hostPort: 80}]",
        "ports: [{name: web-1, containerPort: 80}]\nlivenessProbe: {httpGet: {port: web-1, path: /}, successThreshold: 1}",
        "readinessProbe: {grpc: {port: 1, service: \"\"}, successThreshold: 3, timeoutSeconds: 0}",
        "lifecycle: {preStop: {sleep: {seconds: 5}}, postStart: {exec: {command: [a]}}}",
        "volumeMounts: [{name: a, mountPath: rel, subPath: a/b..c, readOnly: true, recursiveReadOnly: IfPossible}]",
        "volumeDevices: [{name: a, devicePath: /dev/x}]",
        "resources: {requests: {cpu: 0.5, memory: 1e3, ephemeral-storage: 1Gi}, limits: {cpu: 1, vendor.example/gpu: 1}}",
        "resources: {limits: {hugepages-2Mi: 4Mi, memory: 1Gi}}",
        "securityContext: {privileged: true}\nvolumeMounts: [{name: a, mountPath: /a, mountPropagation: Bidirectional}]",
        "securityContext: {seccompProfile: {type: Localhost, localhostProfile: a/b.json}, runAsUser: 0}",
        "resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]",
        "restartPolicy: Always\nstdin: true\ntty: true\nworkingDir: a\nterminationMessagePath: b",
    ] {
        parse(fields).unwrap_or_else(|error| panic!("{fields}\n{error}"));
    }
}

#[test]
fn a_sidecar_is_added_with_quantities_as_texts_and_without_empty_members() {
    let set = parse("args:\nresources: {requests: {cpu: 0.5}}").unwrap();
    let (_, _, container) = set.sidecars().next().unwrap();
    let wanted = serde_json::json!({
        "name": "relay", "image": "relay:1", "resources": {"requests": {"cpu": "0.5"}}, "restartPolicy": "Always",
    });
    assert_eq!(*container, wanted);
}
