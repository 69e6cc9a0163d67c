//! Nobody has more rights than needed: the accounts of `deploy/`, and the people of a namespace.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectRulesReview, SelfSubjectRulesReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec,
};
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::api::PostParams;
use kube::{Api, Client};

use crate::cluster::control_plane::client;
use crate::cluster::installation::{NAMESPACE, SCHEDULER_ACCOUNT, WEBHOOK_ACCOUNT};
use crate::cluster::wait::until;
use crate::installation::shared;

/// What both roles read of what users declare.
const DECLARED: [&str; 10] = [
    "list hostpools.outrigger.dev",
    "list streamjobs.outrigger.dev",
    "watch hostpools.outrigger.dev",
    "watch streamjobs.outrigger.dev",
    "list streamshostpools.streams.ibm.com",
    "list streamsjobs.streams.ibm.com",
    "list streamspes.streams.ibm.com",
    "watch streamshostpools.streams.ibm.com",
    "watch streamsjobs.streams.ibm.com",
    "watch streamspes.streams.ibm.com",
];

/// What the webhook reads of what the API server demands of pods.
const CONSTRAINTS: [&str; 4] = ["list limitranges", "watch limitranges", "list resourcequotas", "watch resourcequotas"];

/// How long a controller may take until it has done its part.
const SETTLED: Duration = Duration::from_secs(30);

#[test]
fn accounts_have_the_rights_that_they_need_and_no_others() {
    shared(async |installation| {
        let (cluster, release) = (&installation.cluster, &installation.release);
        let admin = cluster.client().await.unwrap();
        let nobody = cluster.service_account_kubeconfig(NAMESPACE, "default").await.unwrap();
        let rights = async |kubeconfig: &Path, namespace: &str| {
            let everybody = rules(&nobody, namespace).await.unwrap();
            &rules(kubeconfig, namespace).await.unwrap() - &everybody
        };

        for namespace in ["default", "kube-system", NAMESPACE] {
            let webhook = rights(release.webhook_kubeconfig(), namespace).await;
            let registration = ["get mutatingwebhookconfigurations.admissionregistration.k8s.io/outrigger"];
            // Dry runs, in its own namespace.
            let own = if namespace == NAMESPACE { &["create pods"][..] } else { &[] };
            assert_eq!(webhook, set(&[&DECLARED[..], &CONSTRAINTS, &registration, own].concat()), "{namespace}");
        }

        let mut upstream = BTreeSet::new();
        for role in ["system:kube-scheduler", "system:volume-scheduler"] {
            let role = Api::<ClusterRole>::all(admin.clone()).get(role).await.unwrap();
            for rule in role.rules.unwrap_or_default() {
                expand(
                    &mut upstream,
                    &rule.verbs,
                    rule.api_groups.as_deref(),
                    rule.resources.as_deref(),
                    rule.resource_names.as_deref(),
                );
            }
        }
        let status = ["patch hostpools/status.outrigger.dev", "patch streamjobs/status.outrigger.dev"];
        let reported = ["list streamsprs.streams.ibm.com", "watch streamsprs.streams.ibm.com"];
        let owners = ["list deployments.apps", "list jobs.batch", "watch deployments.apps", "watch jobs.batch"];
        let beyond = [&DECLARED[..], &["patch pods"], &status, &owners, &reported].concat();
        for (namespace, more) in [
            ("default", &[][..]),
            (
                NAMESPACE,
                &[
                    "get leases.coordination.k8s.io/outrigger-controllers",
                    "update leases.coordination.k8s.io/outrigger-controllers",
                    "get leases.coordination.k8s.io/outrigger-scheduler",
                    "update leases.coordination.k8s.io/outrigger-scheduler",
                ],
            ),
            (
                "kube-system",
                &[
                    "get configmaps/extension-apiserver-authentication",
                    "list configmaps/extension-apiserver-authentication",
                    "watch configmaps/extension-apiserver-authentication",
                ],
            ),
        ] {
            let scheduler = rights(release.scheduler_kubeconfig(), namespace).await;
            assert_eq!(&scheduler - &upstream, set(&[&beyond[..], more].concat()), "{namespace}");
            assert!(!upstream.contains("patch pods"), "granted twice");
        }
    });
}

#[test]
fn what_each_account_can_and_cannot_do() {
    shared(async |installation| {
        let client = installation.cluster.client().await.unwrap();
        let kubectl = installation.cluster.kubectl();
        installation.cluster.create_namespace("rights").await.unwrap();
        for (user, role) in [("viewer", "view"), ("editor", "edit")] {
            let grant = ["create", "rolebinding", user, "-n", "rights", "--clusterrole", role, "--user", user];
            kubectl.run(&grant).await.unwrap();
        }
        let account = |name: &str| format!("system:serviceaccount:{NAMESPACE}:{name}");
        let (scheduler, webhook) = (account(SCHEDULER_ACCOUNT), account(WEBHOOK_ACCOUNT));
        let table = [
            // the extender binds, marks and reads
            (scheduler.as_str(), "create", "pods/binding", "default", true),
            (&scheduler, "patch", "pods", "default", true),
            (&scheduler, "watch", "nodes", "", true),
            (&scheduler, "watch", "persistentvolumeclaims", "", true),
            (&scheduler, "watch", "hostpools.outrigger.dev", "", true),
            (&scheduler, "watch", "streamjobs.outrigger.dev", "", true),
            (&scheduler, "update", "leases.coordination.k8s.io/outrigger-scheduler", NAMESPACE, true),
            // it creates no pod, changes no pool, no node and no lease of another, and reads no secret
            (&scheduler, "create", "pods", "default", false),
            (&scheduler, "update", "pods", "default", false),
            (&scheduler, "patch", "hostpools.outrigger.dev/status", "default", true),
            (&scheduler, "patch", "streamjobs.outrigger.dev/status", "default", true),
            (&scheduler, "create", "events.events.k8s.io", "default", true),
            (&scheduler, "update", "leases.coordination.k8s.io/outrigger-controllers", NAMESPACE, true),
            (&scheduler, "patch", "hostpools.outrigger.dev", "default", false),
            (&scheduler, "patch", "streamjobs.outrigger.dev", "default", false),
            (&scheduler, "patch", "nodes", "", false),
            (&scheduler, "update", "leases.coordination.k8s.io/another", NAMESPACE, false),
            (&scheduler, "get", "secrets", NAMESPACE, false),
            (&scheduler, "get", "configmaps", NAMESPACE, false),
            // the webhook reads pools, jobs and its own registration and nothing else, not even its certificate; it
            // creates pods as dry runs in its namespace
            (&webhook, "watch", "hostpools.outrigger.dev", "", true),
            (&webhook, "watch", "streamjobs.outrigger.dev", "", true),
            (&webhook, "get", "hostpools.outrigger.dev", "default", false),
            (&webhook, "create", "pods", "default", false),
            (&webhook, "list", "pods", "default", false),
            (&webhook, "patch", "pods", "default", false),
            (&webhook, "get", "secrets/outrigger-webhook-tls", NAMESPACE, false),
            (&webhook, "patch", "mutatingwebhookconfigurations.admissionregistration.k8s.io/outrigger", "", false),
            (&webhook, "create", "events", NAMESPACE, false),
            // host pools and stream jobs belong to those who may edit a namespace, but not their status
            ("viewer", "list", "streamjobs.outrigger.dev", "rights", true),
            ("editor", "create", "streamjobs.outrigger.dev", "rights", true),
            ("editor", "patch", "streamjobs.outrigger.dev/status", "rights", false),
            ("editor", "override-load-protection", "streamjobs.outrigger.dev", "rights", false),
            ("viewer", "list", "hostpools.outrigger.dev", "rights", true),
            ("viewer", "create", "hostpools.outrigger.dev", "rights", false),
            ("editor", "create", "hostpools.outrigger.dev", "rights", true),
            ("editor", "delete", "hostpools.outrigger.dev", "rights", true),
            ("editor", "create", "hostpools.outrigger.dev", "default", false),
        ];
        until("the roles of users are aggregated", SETTLED, async || {
            ensure!(may(&client, "editor", "create", "hostpools.outrigger.dev", "rights").await?, "not yet");
            Ok(())
        })
        .await
        .unwrap();
        for (user, verb, resource, namespace, expected) in table {
            let allowed = may(&client, user, verb, resource, namespace).await.unwrap();
            assert_eq!(allowed, expected, "{user} may {verb} {resource} in `{namespace}`");
        }
    });
}

/// All that an account may do in a namespace, as the API server tells it.
async fn rules(kubeconfig: &Path, namespace: &str) -> Result<BTreeSet<String>> {
    let review = SelfSubjectRulesReview {
        spec: SelfSubjectRulesReviewSpec { namespace: Some(namespace.to_owned()) },
        ..SelfSubjectRulesReview::default()
    };
    let reviews: Api<SelfSubjectRulesReview> = Api::all(client(kubeconfig).await?);
    let status = reviews.create(&PostParams::default(), &review).await?.status.context("no answer")?;
    let mut rules = BTreeSet::new();
    for rule in status.resource_rules {
        expand(
            &mut rules,
            &rule.verbs,
            rule.api_groups.as_deref(),
            rule.resources.as_deref(),
            rule.resource_names.as_deref(),
        );
    }
    Ok(rules)
}

/// A rule as single rights: `verb resource[.group][/name]`.
fn expand(
    rights: &mut BTreeSet<String>,
    verbs: &[String],
    groups: Option<&[String]>,
    resources: Option<&[String]>,
    names: Option<&[String]>,
) {
    let names = names.filter(|names| !names.is_empty());
    let names =
        names.map_or_else(|| vec![String::new()], |names| names.iter().map(|name| format!("/{name}")).collect());
    for group in groups.into_iter().flatten() {
        let group = if group.is_empty() { String::new() } else { format!(".{group}") };
        for resource in resources.into_iter().flatten() {
            for name in &names {
                rights.extend(verbs.iter().map(|verb| format!("{verb} {resource}{group}{name}")));
            }
        }
    }
}

fn set(rights: &[&str]) -> BTreeSet<String> {
    rights.iter().map(|right| (*right).to_owned()).collect()
}

/// Whether a user may do something to `resource[/subresource][.group][/name]`, in a namespace or in the whole cluster.
async fn may(client: &Client, user: &str, verb: &str, resource: &str, namespace: &str) -> Result<bool> {
    let (resource, rest) = resource.split_once('/').unwrap_or((resource, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    let (subresource, name) = if ["binding", "status"].contains(&rest) { (rest, "") } else { ("", rest) };
    let text = |value: &str| Some(value.to_owned());
    let groups = user.starts_with("system:serviceaccount:").then(|| "system:serviceaccounts".to_owned());
    let attributes = ResourceAttributes {
        group: text(group),
        resource: text(resource),
        subresource: text(subresource),
        name: text(name),
        namespace: text(namespace),
        verb: text(verb),
        ..ResourceAttributes::default()
    };
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: text(user),
            groups: Some(groups.into_iter().chain(["system:authenticated".to_owned()]).collect()),
            resource_attributes: Some(attributes),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    Ok(reviews.create(&PostParams::default(), &review).await?.status.context("no answer")?.allowed)
}
