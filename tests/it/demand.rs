//! Demand is measured by a Prometheus or by the metrics API, and a source that is broken or hostile costs bounded memory, a
//! metric and a log line: PEs are placed all the same.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::ensure;
use futures::StreamExt as _;
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::objects::{extender_args, node, pod};
use crate::program::{PATIENCE, Program, Settings, issue};
use crate::wait::until;

/// The memory that the program may have in MiB, whatever a source sends: it has 40 without one, and answers have 32 at most.
const MOST_MEMORY_MIB: u64 = 220;
/// Grows once nodes are measured.
const OBSERVED: &str = r#"outrigger_node_observed_seconds_total{resource="cpu"}"#;

/// What the played Prometheus answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Good,
    /// A byte every 100 ms.
    SlowBytes,
    /// 10 MB that are no JSON.
    TenMegabytes,
    /// More bytes than an answer may have.
    Endless,
    NotANumber,
    MillionSeries,
    WrongTypes,
    Unavailable,
}

/// A played Prometheus; it ends when it is dropped.
struct Source {
    url: String,
    answer: Arc<Mutex<Answer>>,
    authorizations: Arc<Mutex<Vec<String>>>,
    handle: ServerHandle,
}

impl Drop for Source {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

struct State {
    answer: Arc<Mutex<Answer>>,
    authorizations: Arc<Mutex<Vec<String>>>,
}

impl Source {
    fn start(tls: Option<&std::path::Path>) -> Self {
        let answer = Arc::new(Mutex::new(Answer::Good));
        let authorizations = Arc::default();
        let state = Data::new(State { answer: Arc::clone(&answer), authorizations: Arc::clone(&authorizations) });
        let server = HttpServer::new(move || App::new().app_data(Data::clone(&state)).default_service(web::to(reply)));
        let server = server.workers(1).shutdown_timeout(0).disable_signals();
        let (server, scheme) = match tls {
            None => (server.bind(("127.0.0.1", 0)).unwrap(), "http"),
            Some(folder) => {
                let certificate = CertificateDer::from_pem_file(folder.join("tls.crt")).unwrap();
                let key = PrivateKeyDer::from_pem_file(folder.join("tls.key")).unwrap();
                let config = rustls::ServerConfig::builder_with_provider(outrigger::tls::provider().into())
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate], key)
                    .unwrap();
                (server.bind_rustls_0_23(("127.0.0.1", 0), config).unwrap(), "https")
            }
        };
        let url = format!("{scheme}://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, answer, authorizations, handle }
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }
}

async fn reply(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    state.authorizations.lock().unwrap().extend(authorization.map(str::to_owned));
    let answer = *state.answer.lock().unwrap();
    let is_of_nodes = request.query_string().contains("id%3D");
    let vector = |value: &str| {
        let labels = if is_of_nodes { json!({"instance": "n1"}) } else { json!({"namespace": "ns", "pod": "a"}) };
        let series = json!([{"metric": labels, "value": [Timestamp::now().as_second(), value]}]);
        HttpResponse::Ok().json(json!({"status": "success", "data": {"resultType": "vector", "result": series}}))
    };
    match answer {
        _ if request.path().ends_with("query_range") => {
            HttpResponse::Ok().json(json!({"status": "success", "data": {"resultType": "matrix", "result": []}}))
        }
        Answer::Good => vector("0.25"),
        Answer::NotANumber => vector("NaN"),
        Answer::SlowBytes => HttpResponse::Ok().streaming(futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((Ok::<_, actix_web::Error>(Bytes::from_static(b" ")), ()))
        })),
        Answer::TenMegabytes => HttpResponse::Ok().body(vec![b'x'; 10_000_000]),
        Answer::Endless => {
            let chunk = Bytes::from(vec![b' '; 1 << 20]);
            HttpResponse::Ok().streaming(futures::stream::repeat(chunk).take(1_000).map(Ok::<_, actix_web::Error>))
        }
        Answer::MillionSeries => {
            let series = vec![r#"{"metric":{},"value":[1,"1"]}"#; 1_000_000].join(",");
            HttpResponse::Ok().body(format!(r#"{{"status":"success","data":{{"result":[{series}]}}}}"#))
        }
        Answer::WrongTypes => HttpResponse::Ok().json(json!({"status": "success", "data": {"result": {"pod": 7}}})),
        Answer::Unavailable => HttpResponse::ServiceUnavailable().body("no Prometheus here"),
    }
}

fn policy(source: &str, more: &str) -> String {
    format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: mine}}\nspec:\n  selector:\n    \
         podSelector: {{matchExpressions: [{{key: outrigger.dev/job, operator: Exists}}]}}\n  demand:\n    source: \
         {source}\n    step: 1s\n    season: 10s\n{more}"
    )
}

fn running(name: &str, on: &str) -> Value {
    let mut pod = pod(name);
    pod["spec"]["nodeName"] = json!(on);
    pod["status"]["phase"] = json!("Running");
    pod
}

async fn start(source: &str, arguments: &[&str]) -> (ApiServer, Program) {
    let api = ApiServer::start(vec![node("n1"), running("a", "n1"), pod("b")]);
    let policy = policy(source, "");
    let settings = Settings { policies: &[("a.yaml", &policy)], arguments };
    let program = Program::start(&api, settings).await;
    (api, program)
}

/// The value of a metric; 0 where it is not there.
async fn value(program: &Program, series: &str) -> f64 {
    program.metric(series).await.unwrap_or(0.0)
}

async fn until_above(program: &Program, series: &str, least: f64) {
    until(series, PATIENCE, async || {
        let value = value(program, series).await;
        ensure!(value > least, "it is {value}: {}", program.log());
        Ok(())
    })
    .await
    .unwrap();
}

async fn still_places(api: &ApiServer, program: &Program, why: &str) {
    let question = extender_args(&api.pod("b"), &["n1"]).to_string();
    let answer = program.extender.post("/extender/filter", question).await.unwrap();
    assert_eq!(answer.json()["NodeNames"], json!(["n1"]), "{why}: {}", answer.body);
}

#[tokio::test]
async fn a_prometheus_is_learnt_from_and_one_that_is_broken_or_hostile_harms_nothing() {
    let source = Source::start(None);
    let (api, program) = start(&format!("{{prometheus: {{url: \"{}\", timeout: 1s}}}}", source.url), &[]).await;
    until_above(&program, r#"outrigger_demand_kept{kind="jobs"}"#, 0.0).await;
    until_above(&program, r#"outrigger_demand_kept{kind="nodes"}"#, 0.0).await;
    until_above(&program, OBSERVED, 0.0).await;
    let age = program.metric(r#"outrigger_demand_sample_age_seconds{source="prometheus"}"#).await.unwrap();
    assert!(age < 60.0, "{age}");

    for (answer, kind) in [
        (Answer::SlowBytes, "timeout"),
        (Answer::TenMegabytes, "malformed"),
        (Answer::Endless, "too_large"),
        (Answer::MillionSeries, "too_large"),
        (Answer::WrongTypes, "malformed"),
        (Answer::Unavailable, "status"),
    ] {
        let series = format!(r#"outrigger_demand_query_failures_total{{source="prometheus",kind="{kind}"}}"#);
        let before = value(&program, &series).await;
        source.answers(answer);
        until_above(&program, &series, before).await;
        still_places(&api, &program, kind).await;
        let kept = program.metric(r#"outrigger_demand_kept{kind="jobs"}"#).await.unwrap();
        assert!(kept > 0.0, "{answer:?}: what was learnt stays");
        source.answers(Answer::Good);
        until("it is read again", PATIENCE, async || {
            let age = program.metric(r#"outrigger_demand_sample_age_seconds{source="prometheus"}"#).await?;
            ensure!(age < 4.0, "{age}");
            Ok(())
        })
        .await
        .unwrap();
    }
    source.answers(Answer::NotANumber);
    until_above(&program, r#"outrigger_demand_rejected_values_total{source="prometheus",reason="invalid"}"#, 0.0).await;
    still_places(&api, &program, "NaN").await;

    let log = program.log();
    for words in ["measurements are missing", "no Prometheus here", "no whole answer within 1 s", "more than"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let peak = program.peak_memory();
    assert!(peak < MOST_MEMORY_MIB, "{peak} MiB");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted_and_the_right_one_gets_the_token() {
    let (good, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    issue(good.path());
    issue(other.path());
    let token = good.path().join("token");
    std::fs::write(&token, "eagle-owl-1\n").unwrap();
    let source = Source::start(Some(good.path()));
    let secured = |authorities: &std::path::Path| {
        let file = authorities.join("ca.crt");
        let (file, token) = (file.display(), token.display());
        format!("{{prometheus: {{url: \"{}\", caFile: {file}, tokenFile: {token}, timeout: 2s}}}}", source.url)
    };
    let (api, program) = start(&secured(other.path()), &[]).await;
    until_above(&program, r#"outrigger_demand_query_failures_total{source="prometheus",kind="connection"}"#, 0.0).await;
    still_places(&api, &program, "certificate").await;
    assert!(program.log().contains("certificate"), "{}", program.log());
    assert_eq!(*source.authorizations.lock().unwrap(), Vec::<String>::new(), "the token went to nobody");

    // The policy is corrected while the program runs.
    let corrected = policy(&secured(good.path()), "");
    std::fs::write(program.folder.path().join("policies/a.yaml"), corrected).unwrap();
    until_above(&program, OBSERVED, 0.0).await;
    let sent = |token: &str| source.authorizations.lock().unwrap().contains(&format!("Bearer {token}"));
    assert!(sent("eagle-owl-1"));
    std::fs::write(&token, "eagle-owl-2").unwrap();
    until("the new token is sent", PATIENCE, async || {
        ensure!(sent("eagle-owl-2"), "not yet");
        Ok(())
    })
    .await
    .unwrap();
    assert!(!program.log().contains("eagle-owl"), "no token in a log");
}

#[tokio::test]
async fn what_was_learnt_outlives_the_process_in_the_state_folder_and_a_corrupt_file_is_set_aside() {
    let source = Source::start(None);
    let folder = tempfile::tempdir().unwrap();
    let argument = format!("--state-dir={}", folder.path().display());
    let settings = format!("{{prometheus: {{url: \"{}\", timeout: 1s}}}}", source.url);
    let (_api, mut program) = start(&settings, &[&argument]).await;
    let file = folder.path().join("demand.state");
    until_above(&program, "outrigger_demand_state_last_write_successful", 0.0).await;
    assert!(file.is_file());
    program.process.kill();
    drop(program);

    source.answers(Answer::Unavailable);
    let (_api, program) = start(&settings, &[&argument]).await;
    until_above(&program, r#"outrigger_demand_kept{kind="jobs"}"#, 0.0).await;
    assert!(program.log().contains("demand goes on from the state folder"), "{}", program.log());
    drop(program);

    std::fs::write(&file, "not a state").unwrap();
    let (api, program) = start(&settings, &[&argument]).await;
    let aside = folder.path().join("demand.state.corrupt");
    until("it is set aside", PATIENCE, async || {
        ensure!(aside.is_file(), "not yet: {}", program.log());
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(std::fs::read_to_string(&aside).unwrap(), "not a state");
    assert!(program.log().contains("is corrupt and was set aside"), "{}", program.log());
    still_places(&api, &program, "corrupt state").await;
}

#[tokio::test]
async fn the_metrics_api_is_learnt_from_and_gives_load_protection_its_measurements() {
    let api = ApiServer::start(vec![node("n1"), running("a", "n1"), pod("b")]);
    let measure = |cpu: &str| {
        let usage = json!({"cpu": cpu, "memory": "1Gi"});
        let at = Timestamp::now().to_string();
        api.measure(
            json!({"items": [{"metadata": {"name": "a", "namespace": "ns"}, "timestamp": at, "containers": [{"usage": usage}]}]}),
            json!({"items": [{"metadata": {"name": "n1"}, "timestamp": at, "usage": usage}]}),
        );
    };
    let protected = "  loadProtection: {cpu: {upper: 75, lower: 60}, maxAge: 1h}\n";
    let policy = policy("{metricsApi: {}}", protected);
    let program = Program::start(&api, Settings { policies: &[("a.yaml", &policy)], ..Settings::default() }).await;
    until_above(&program, r#"outrigger_demand_query_failures_total{source="metrics_api",kind="status"}"#, 0.0).await;
    still_places(&api, &program, "nobody serves the metrics API").await;

    measure("3800m");
    until("the node is overloaded", PATIENCE, async || {
        let question = extender_args(&api.pod("b"), &["n1"]).to_string();
        let answer = program.extender.post("/extender/filter", question).await?;
        let rejected = &answer.json()["FailedAndUnresolvableNodes"];
        ensure!(*rejected == json!({"n1": "NodeOverloaded"}), "{}", answer.body);
        Ok(())
    })
    .await
    .unwrap();
    until_above(&program, OBSERVED, 0.0).await;
    assert!(program.log().contains("demand starts without a past"), "{}", program.log());
    measure("1");
    until("the node takes PEs again", PATIENCE, async || {
        let question = extender_args(&api.pod("b"), &["n1"]).to_string();
        let answer = program.extender.post("/extender/filter", question).await?;
        ensure!(answer.json()["NodeNames"] == json!(["n1"]), "{}", answer.body);
        Ok(())
    })
    .await
    .unwrap();
}
