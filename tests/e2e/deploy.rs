//! `deploy/` and what is said about it: every manifest is taken by a real API server, and the documented installation
//! works word by word.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::cluster::installation::{NAMESPACE, build, deploy_folder, kind, name_of};
use crate::cluster::wait::until;
use crate::cluster::{Cluster, FakeNode, Installation, InstallationSettings, SchedulerSettings};
use crate::installation::{annotation, running, shared};

/// How long a controller may take until it has done its part.
const SETTLED: Duration = Duration::from_secs(30);

#[test]
fn every_manifest_is_taken_without_a_warning() {
    shared(async |installation| {
        let kubectl = installation.cluster.kubectl();
        let all = json!({ "apiVersion": "v1", "kind": "List", "items": installation.release.manifests() });
        let dry_run = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--warnings-as-errors"];
        let taken = kubectl.feed(&[&dry_run[..], &["-f", "-"]].concat(), &all.to_string()).await.unwrap();
        assert_eq!(taken.lines().count(), installation.release.manifests().len(), "{taken}");
    });
}

#[test]
fn objects_of_the_demonstration_are_objects_of_the_api() {
    shared(async |installation| {
        let kubectl = installation.cluster.kubectl();
        for namespace in ["batch", "db", "monitoring", "orders", "payments", "shop", "web"] {
            installation.cluster.create_namespace(namespace).await.unwrap();
        }
        kubectl.run(&["create", "serviceaccount", "flink", "-n", "payments"]).await.unwrap();
        let mut objects: Vec<Value> = Vec::new();
        for (_, mut object) in documents(&deploy_folder().join("demo")).unwrap() {
            // it is told as the API server would hand it out, which is more than may be sent
            object["metadata"].as_object_mut().unwrap().remove("uid");
            objects.push(object);
        }
        assert!(objects.len() > 80, "{}", objects.len());
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
        let taken = kubectl.feed(&["create", "--dry-run=server", "-f", "-"], &list).await.unwrap();
        assert_eq!(taken.lines().count(), objects.len(), "{taken}");
    });
}

/// Stand-ins for resources that cert-manager and the Prometheus operator bring: their kinds, names and scopes are those
/// of the real ones, their fields are not looked at.
const STAND_INS: [(&str, &str, &str, &str); 3] = [
    ("cert-manager.io", "v1", "issuers", "Issuer"),
    ("cert-manager.io", "v1", "certificates", "Certificate"),
    ("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor"),
];

#[test]
fn the_components_are_taken_where_their_operators_are_and_name_what_is_missing_elsewhere() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let overlay = write_overlay(cluster.folder(), &["cert-manager", "monitoring"]).unwrap();
        let manifests = build(cluster, &overlay).await.unwrap();
        let base = installation.release.manifests();
        let added = manifests.iter().filter(|manifest| find(base, manifest).is_none());
        let added: BTreeSet<&str> = added.map(kind).collect();
        assert_eq!(added, BTreeSet::from(["Certificate", "Issuer", "PodMonitor"]));
        let injected: Vec<&Value> = manifests
            .iter()
            .map(|manifest| &manifest["metadata"]["annotations"]["cert-manager.io/inject-ca-from"])
            .filter(|source| !source.is_null())
            .collect();
        assert_eq!(injected, [&json!("outrigger-system/outrigger-webhook"); 2], "both registrations");
        let certificate = manifests.iter().find(|it| kind(it) == "Certificate" && name_of(it) == "outrigger-webhook");
        let deployment = installation.release.find("Deployment", "outrigger-webhook").unwrap();
        let mounted = deployment.pointer("/spec/template/spec/volumes/1/secret/secretName").unwrap();
        assert_eq!(&certificate.unwrap()["spec"]["secretName"], mounted, "the certificate is the one that is mounted");

        let all = json!({ "apiVersion": "v1", "kind": "List", "items": manifests }).to_string();
        let dry_run = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
        let error = cluster.kubectl().feed(&dry_run, &all).await.unwrap_err().to_string();
        assert!(error.contains("no matches for kind \"Certificate\" in version \"cert-manager.io/v1\""), "{error}");
        assert!(
            error.contains("no matches for kind \"PodMonitor\" in version \"monitoring.coreos.com/v1\""),
            "{error}"
        );

        let stand_ins = STAND_INS.map(|(group, version, plural, kind)| stand_in(group, version, plural, kind));
        let stand_ins = json!({ "apiVersion": "v1", "kind": "List", "items": stand_ins }).to_string();
        cluster.kubectl().feed(&["apply", "--server-side", "-f", "-"], &stand_ins).await.unwrap();
        until("the stand-ins are served", SETTLED, async || cluster.kubectl().feed(&dry_run, &all).await)
            .await
            .unwrap();
    });
}

#[test]
fn no_file_is_left_out_and_what_belongs_together_is_written_once() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let overlay =
            write_overlay(cluster.folder(), &["monitoring", "cert-manager", "metrics-api", "prometheus", "sizing"])
                .unwrap();
        let built = build(cluster, &overlay).await.unwrap();
        let documents = documents(&deploy_folder()).unwrap();
        assert!(documents.len() > 25, "{}", documents.len());
        for (file, document) in documents {
            // these are not objects of the API, or not part of an installation
            let apart = ["Kustomization", "Component", "KubeSchedulerConfiguration"].contains(&kind(&document));
            if !apart && !file.parent().is_some_and(|folder| folder.ends_with("demo")) {
                let name = name_of(&document);
                assert!(
                    find(&built, &document).is_some(),
                    "{}: {} {name} is left out",
                    file.display(),
                    kind(&document)
                );
            }
        }

        let find = |kind: &str, name: &str| installation.release.find(kind, name).unwrap();
        let mutating = &find("MutatingWebhookConfiguration", "outrigger")["webhooks"][0];
        let validating = &find("ValidatingWebhookConfiguration", "outrigger")["webhooks"][0];
        for member in ["/namespaceSelector/matchExpressions", "/rules", "/timeoutSeconds", "/matchPolicy"] {
            assert!(mutating.pointer(member).is_some());
            assert_eq!(mutating.pointer(member), validating.pointer(member), "{member}");
        }
        let labels = json!({ "outrigger.dev/enforcement": "strict" });
        assert_eq!(
            validating["namespaceSelector"]["matchLabels"], labels,
            "a second review in strict namespaces alone"
        );
        let conditions = |webhook: &Value| webhook["matchConditions"].as_array().unwrap().clone();
        let (all, [scheduler]) = (conditions(mutating), conditions(validating).split_off(2).try_into().unwrap());
        assert_eq!(all, conditions(validating)[..2], "the second review is of the same pods");
        let scheduler: Value = scheduler;
        assert_eq!(scheduler["name"], "schedulers", "without those of other schedulers");

        let crd: Value = serde_json::from_str(
            &cluster.kubectl().run(&["get", "crd", "hostpools.outrigger.dev", "-o", "json"]).await.unwrap(),
        )
        .unwrap();
        for condition in crd["status"]["conditions"].as_array().unwrap() {
            let (name, is_true) = (condition["type"].as_str().unwrap(), condition["status"] == "True");
            assert_eq!(is_true, ["NamesAccepted", "Established"].contains(&name), "{condition}");
        }
    });
}

#[test]
fn ports_agree_from_the_program_to_the_services() {
    shared(async |installation| {
        for (name, container, policy_ports) in [
            ("outrigger-scheduler", "initContainers", [9464, 10259]),
            ("outrigger-webhook", "containers", [8443, 9464]),
        ] {
            let deployment = installation.release.find("Deployment", name).unwrap();
            let template = &deployment["spec"]["template"];
            let outrigger = &template["spec"][container][0];
            let arguments: Vec<&str> = outrigger["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(arguments.contains(&"--metrics-listen=0.0.0.0:9464"), "{arguments:?}");
            let annotations = &template["metadata"]["annotations"];
            assert_eq!(annotations["prometheus.io/port"], "9464");
            assert_eq!(annotations["prometheus.io/path"], "/metrics");

            let both = [&template["spec"]["containers"], &template["spec"]["initContainers"]];
            let containers = both.into_iter().filter_map(Value::as_array).flatten();
            let ports: Vec<(&str, i64)> = containers
                .flat_map(|container| container["ports"].as_array().into_iter().flatten())
                .map(|port| (port["name"].as_str().unwrap(), port["containerPort"].as_i64().unwrap()))
                .collect();
            assert!(ports.contains(&("metrics", 9464)), "{ports:?}");
            let service = installation.release.find("Service", name).unwrap();
            for port in service["spec"]["ports"].as_array().unwrap() {
                let target = port["targetPort"].as_str().unwrap();
                assert!(ports.iter().any(|(name, _)| *name == target), "{name}: {target} is no port of {ports:?}");
            }
            assert_eq!(
                service["spec"]["selector"]["app.kubernetes.io/component"],
                template["metadata"]["labels"]["app.kubernetes.io/component"]
            );
            let policy = installation.release.find("NetworkPolicy", name).unwrap();
            let rules = policy["spec"]["ingress"].as_array().unwrap().iter();
            let mut let_in: Vec<i64> = rules
                .flat_map(|rule| rule["ports"].as_array().into_iter().flatten())
                .filter_map(|port| port["port"].as_i64())
                .collect();
            let_in.sort_unstable();
            assert_eq!(let_in, policy_ports, "{name}: what is let in is what is served");
        }
        let service = installation.release.find("Service", "outrigger-webhook").unwrap();
        let registration = installation.release.find("MutatingWebhookConfiguration", "outrigger").unwrap();
        assert_eq!(registration["webhooks"][0]["clientConfig"]["service"]["port"], service["spec"]["ports"][0]["port"]);
        let validating = installation.release.find("ValidatingWebhookConfiguration", "outrigger").unwrap();
        let [of_pods, of_jobs] = [0, 1].map(|at| &validating["webhooks"][at]["clientConfig"]["service"]["port"]);
        assert_eq!((of_pods, of_jobs), (&service["spec"]["ports"][0]["port"], of_pods));
    });
}

/// The replicas as the deployed template makes them, on nodes of which one draws every pod by its size: the default
/// scheduler spreads them over hosts, and over zones where nodes have zones.
#[tokio::test]
async fn the_replicas_of_the_webhook_are_on_two_nodes_and_in_two_zones() {
    const ZONE: &str = "topology.kubernetes.io/zone";
    let cluster = Cluster::start().await.unwrap();
    let small = |name: &str| FakeNode::new(name).resource("cpu", "1").label("of", "no-zones");
    let zoned =
        |name: &str, zone: &str| FakeNode::new(name).resource("cpu", "1").label("of", "zones").label(ZONE, zone);
    let large = |node: FakeNode| node.resource("cpu", "64").resource("memory", "256Gi");
    let nodes = [
        large(small("plain-large")),
        small("plain-small"),
        large(zoned("east-large", "east")),
        large(zoned("east-second", "east")),
        zoned("west-small", "west"),
    ];
    cluster.create_nodes(&nodes).await.unwrap();
    let _default = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await.unwrap();
    let client = cluster.client().await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(client);
    let manifests = documents(&deploy_folder().join("webhook")).unwrap();
    let deployment = manifests.iter().map(|(_, document)| document).find(|document| kind(document) == "Deployment");
    let template = &deployment.unwrap()["spec"]["template"];
    for (cluster_kind, expected) in [("no-zones", ["plain-large", "plain-small"]), ("zones", ["east", "west-small"])] {
        let mut placed = Vec::new();
        for replica in ["a", "b"] {
            let mut spec = template["spec"].clone();
            // Neither the account nor the volumes play a part in placement.
            for member in ["serviceAccountName", "volumes", "priorityClassName"] {
                spec.as_object_mut().unwrap().remove(member);
            }
            spec["automountServiceAccountToken"] = json!(false);
            spec["containers"][0].as_object_mut().unwrap().remove("volumeMounts");
            spec["nodeSelector"] = json!({ "of": cluster_kind });
            let mut labels = template["metadata"]["labels"].clone();
            labels["pod-template-hash"] = json!(cluster_kind);
            let name = format!("{cluster_kind}-{replica}");
            let pod = json!({ "metadata": { "name": name, "labels": labels }, "spec": spec });
            pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
            placed.push(running(&pods, &name).await.unwrap().spec.unwrap().node_name.unwrap());
        }
        assert!(placed[0].starts_with(expected[0]) && placed[1].starts_with(expected[1]), "{cluster_kind}: {placed:?}");
    }
}

/// The documented installation, word by word: `README.md` and `certs/README.md`. KWOK plays the kubelet of the two
/// Deployments; the programs that do the work run beside, with leader election as it is deployed.
#[tokio::test]
async fn the_documented_installation_works_and_can_be_taken_out() {
    let cluster = Cluster::start().await.unwrap();
    cluster.create_nodes(&["n1", "n2", "n3"].map(FakeNode::new)).await.unwrap();
    let _default = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await.unwrap();

    let (apply, delete) = ("kubectl apply --server-side -k deploy/", "kubectl delete -k deploy/");
    let readme = read("README.md").unwrap();
    assert!(readme.contains(apply) && readme.contains(delete), "the README says how");
    shell(&cluster, apply).await.unwrap();
    let certificates = read("certs/README.md").unwrap();
    let chapter = certificates.split("## For a cluster, by hand").nth(1).unwrap();
    let commands = chapter.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(commands.contains("rollout status"), "it waits until the webhook's pods are ready: {commands}");
    shell(&cluster, commands).await.unwrap();

    let client = cluster.client().await.unwrap();
    let trusted = async || {
        let secret = Api::<Secret>::namespaced(client.clone(), NAMESPACE).get("outrigger-webhook-tls").await?;
        let authority = secret.data.unwrap_or_default().remove("ca.crt").context("no ca.crt")?;
        let authority = json!(authority);
        for kind in ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"] {
            let registration = cluster.kubectl().json(&["get", kind, "outrigger"]).await?;
            for webhook in registration["webhooks"].as_array().context("no webhooks")? {
                let bundle = webhook.pointer("/clientConfig/caBundle");
                ensure!(bundle == Some(&authority), "{kind} {} trusts {bundle:?}", webhook["name"]);
            }
        }
        anyhow::Ok(authority)
    };
    let authority = trusted().await.unwrap();
    shell(&cluster, apply).await.unwrap();
    assert_eq!(trusted().await.unwrap(), authority, "applying again changes neither");
    shell(&cluster, "kubectl -n outrigger-system rollout status deployment/outrigger-scheduler").await.unwrap();

    leader_election(&cluster, &client).await.unwrap();

    shell(&cluster, delete).await.unwrap();
    let kinds = "all,crd,clusterrole,clusterrolebinding,role,rolebinding,validatingadmissionpolicy,\
                 validatingadmissionpolicybinding,mutatingwebhookconfiguration,validatingwebhookconfiguration,namespace";
    let left = cluster.kubectl().run(&["get", kinds, "-A", "-o", "name"]).await.unwrap();
    let left: Vec<&str> = left.lines().filter(|line| line.contains("outrigger")).collect();
    assert!(left.is_empty(), "{left:?}");
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    running(&pods, "led").await.unwrap();
}

/// kube-scheduler takes the lease that is deployed, with the rights that are deployed, and places a pod.
async fn leader_election(cluster: &Cluster, client: &Client) -> Result<()> {
    let settings = InstallationSettings::new(env!("CARGO_BIN_EXE_outrigger"));
    let release = Installation::release(cluster, settings).await?;
    let extender = cluster.start_outrigger("extender", release.extender()?).await?;
    let settings = release.scheduler("scheduler", &extender)?;
    let _scheduler =
        cluster.start_scheduler(settings.merge(&json!({ "leaderElection": { "leaderElect": true } }))).await?;
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pod: Pod = serde_json::from_value(json!({
        "metadata": { "name": "led" },
        "spec": { "schedulerName": "outrigger", "containers": [{ "name": "main", "image": "none" }] },
    }))?;
    pods.create(&PostParams::default(), &pod).await?;
    let pod = running(&pods, "led").await?;
    ensure!(annotation(&pod, "outrigger.dev/placement").is_err(), "it is no PE, so there is no record");
    let lease = Api::<Lease>::namespaced(client.clone(), NAMESPACE).get("outrigger-scheduler").await?;
    ensure!(lease.spec.is_some_and(|lease| lease.holder_identity.is_some()), "nobody holds the lease");
    Ok(())
}

/// Runs commands as they are documented, from the root of the repository.
async fn shell(cluster: &Cluster, commands: &str) -> Result<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_outrigger"));
    let folders = [cluster.kubectl().program(), program].map(|program| program.parent().map(Path::to_owned));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = folders.into_iter().flatten().chain(std::env::split_paths(&path));
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", commands]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("PATH", std::env::join_paths(folders)?).env("KUBECONFIG", cluster.kubeconfig());
    command.env("KUBECACHEDIR", cluster.folder().join("shell.cache"));
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    ensure!(output.status.success(), "{commands}: {printed}");
    Ok(printed.into_owned())
}

#[expect(clippy::disallowed_methods, reason = "reads what is documented")]
fn read(file: &str) -> Result<String> {
    Ok(fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?)
}

/// Every document of every YAML file below a folder.
#[expect(clippy::disallowed_methods, reason = "reads what is deployed")]
fn documents(folder: &Path) -> Result<Vec<(PathBuf, Value)>> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            documents.extend(self::documents(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let parsed: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(&path)?)?;
            documents.extend(parsed.into_iter().map(|document| (path.clone(), document)));
        }
    }
    Ok(documents)
}

/// An overlay, as users write one, with components of `deploy/`.
#[expect(clippy::disallowed_methods, reason = "writes what Kustomize reads")]
fn write_overlay(folder: &Path, components: &[&str]) -> Result<PathBuf> {
    let overlay = tempfile::Builder::new().prefix("overlay-").tempdir_in(folder)?.keep().canonicalize()?;
    // Kustomize takes no absolute path
    let up = "../".repeat(overlay.components().count() - 1);
    let deploy = deploy_folder().canonicalize()?;
    let deploy = format!("{up}{}", deploy.strip_prefix("/")?.display());
    let components: Vec<String> = components.iter().map(|component| format!("{deploy}/{component}")).collect();
    let kustomization = json!({ "resources": [deploy], "components": components });
    fs::write(overlay.join("kustomization.yaml"), kustomization.to_string())?;
    Ok(overlay)
}

fn find<'a>(manifests: &'a [Value], wanted: &Value) -> Option<&'a Value> {
    manifests.iter().find(|manifest| kind(manifest) == kind(wanted) && name_of(manifest) == name_of(wanted))
}

fn stand_in(group: &str, version: &str, plural: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": { "plural": plural, "singular": kind.to_lowercase(), "kind": kind },
            "versions": [{
                "name": version,
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
            }],
        },
    })
}
