use super::*;
use crate::api::DocumentError;
use crate::policy::demand::MeasuredSubject;
use crate::policy::{PolicySet, Source};

fn parse(demand: &str) -> Result<DemandSettings, DocumentError> {
    let text = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: a}}\nspec:\n  selector: {{podSelector: \
         {{matchLabels: {{app: streams}}}}}}\n  demand: {{{demand}}}\n"
    );
    PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text }]).map(|policies| policies.demand().unwrap().clone())
}

fn prometheus(settings: &DemandSettings) -> &PrometheusSettings {
    match &settings.source {
        SourceSettings::Prometheus(settings) => settings,
        SourceSettings::MetricsApi => panic!("{settings:?}"),
    }
}

const URL: &str = "url: \"http://prometheus.monitoring:9090\"";

#[test]
fn the_defaults_are_five_minutes_a_day_and_an_hour() {
    let settings = parse("source: {metricsApi: {}}").unwrap();
    assert_eq!(settings.source, SourceSettings::MetricsApi);
    assert_eq!(settings.grid, DemandGrid::default());
    assert_eq!(settings.most_pressure, Percent::new(10.0).unwrap());
}

#[test]
fn the_horizon_is_shorter_where_an_hour_has_more_than_twelve_steps() {
    let settings = parse("source: {metricsApi: {}}, step: 2s, season: 1m").unwrap();
    assert_eq!((settings.grid.step(), settings.grid.steps()), (SignedDuration::from_secs(2), 12));
    let settings = parse("source: {metricsApi: {}}, step: 2s, season: 1m, horizon: 5s").unwrap();
    assert_eq!(settings.grid.steps(), 3, "a part of a step counts as one");
    let settings = parse("source: {metricsApi: {}}, step: 1h").unwrap();
    assert_eq!(settings.grid.steps(), 1);
}

#[test]
fn a_prometheus_has_a_query_for_each_measure_and_a_rate_by_choice() {
    let settings =
        parse(&format!("source: {{prometheus: {{{URL}}}}}, step: 1m, overload: {{cpuPressure: 25}}")).unwrap();
    let found = prometheus(&settings);
    assert_eq!(&*found.url, "http://prometheus.monitoring:9090");
    assert_eq!(found.timeout, DEFAULT_TIMEOUT);
    assert_eq!(found.queries.len(), 6);
    assert!(found.queries.iter().all(|query| query.measure != Measure::InputRate));
    assert!(found.queries[0].text.contains("[60s]"), "{}", found.queries[0].text);
    assert_eq!(settings.most_pressure, Percent::new(25.0).unwrap());

    let chosen =
        "engine: Flink, timeout: 3s, queries: {podCpu: \"sum by (namespace, pod) (mine)\", podCpuPressure: \"\"}";
    let settings = parse(&format!("source: {{prometheus: {{{URL}, {chosen}}}}}")).unwrap();
    let found = prometheus(&settings);
    assert_eq!(found.timeout, SignedDuration::from_secs(3));
    assert_eq!(&*found.queries[0].text, "sum by (namespace, pod) (mine)");
    let pressure =
        |query: &&PrometheusQuery| query.subject == MeasuredSubject::Pod && query.measure == Measure::CpuPressure;
    assert!(!found.queries.iter().any(|query| pressure(&query)), "switched off");
    assert!(found.queries.iter().any(|query| query.text.contains("flink_taskmanager")));
    let both = "engine: Flink, queries: {inputRate: own_rate}";
    let settings = parse(&format!("source: {{prometheus: {{{URL}, {both}}}}}")).unwrap();
    let rates = prometheus(&settings).queries.iter().filter(|query| query.measure == Measure::InputRate);
    assert_eq!(rates.map(|query| &*query.text).collect::<Vec<_>>(), ["own_rate"]);
}

#[test]
fn https_with_authorities_and_a_token_is_accepted() {
    let secured = "url: \"https://prometheus:9090/prefix/\", caFile: /ca.crt, tokenFile: /token";
    let settings = parse(&format!("source: {{prometheus: {{{secured}}}}}")).unwrap();
    let found = prometheus(&settings);
    assert_eq!(&*found.url, "https://prometheus:9090/prefix");
    assert_eq!(found.ca_file.as_deref(), Some("/ca.crt"));
    assert_eq!(found.token_file.as_deref(), Some("/token"));
}

#[test]
fn an_error_names_line_and_field() {
    let with = |more: &str| format!("source: {{prometheus: {{{URL}, {more}}}}}");
    for (demand, field, words) in [
        (String::new(), "spec.demand.source", "missing"),
        ("source: {}".to_owned(), "spec.demand.source", "one is missing"),
        (format!("source: {{metricsApi: {{}}, prometheus: {{{URL}}}}}"), "spec.demand.source.prometheus", "exclude"),
        ("source: {metricsApi: {}}, step: 7s".to_owned(), "spec.demand.season", "not a multiple"),
        ("source: {metricsApi: {}}, step: 1s".to_owned(), "spec.demand.season", "1440"),
        ("source: {metricsApi: {}}, step: 0s".to_owned(), "spec.demand.step", "whole seconds"),
        ("source: {metricsApi: {}}, step: 1500ms".to_owned(), "spec.demand.step", "whole seconds"),
        ("source: {metricsApi: {}}, step: soon".to_owned(), "spec.demand.step", "`soon`"),
        ("source: {metricsApi: {}}, horizon: 2h".to_owned(), "spec.demand.horizon", "12"),
        (
            "source: {metricsApi: {}}, overload: {cpuPressure: 101}".to_owned(),
            "spec.demand.overload.cpuPressure",
            "100",
        ),
        ("source: {prometheus: {}}".to_owned(), "spec.demand.source.prometheus.url", "missing"),
        ("source: {prometheus: {url: \"ftp://p\"}}".to_owned(), "spec.demand.source.prometheus.url", "http://"),
        ("source: {prometheus: {url: \"http://\"}}".to_owned(), "spec.demand.source.prometheus.url", "host"),
        (
            "source: {prometheus: {url: \"http://me:pw@p\"}}".to_owned(),
            "spec.demand.source.prometheus.url",
            "without user",
        ),
        ("source: {prometheus: {url: \"https://p\"}}".to_owned(), "spec.demand.source.prometheus.url", "caFile"),
        (with("tokenFile: /t"), "spec.demand.source.prometheus.tokenFile", "https"),
        (with("token: secret"), "spec.demand.source.prometheus.token", "tokenFile"),
        (with("timeout: 3m"), "spec.demand.source.prometheus.timeout", "whole seconds"),
        (with("engine: Spark"), "spec.demand.source.prometheus.engine", "`Flink` or `KafkaConsumer`"),
        (with("queries: {podCpu: \"sum(\"}"), "spec.demand.source.prometheus.queries.podCpu", "no PromQL"),
        (with("queries: {podCPU: x}"), "spec.demand.source.prometheus.queries.podCPU", "did you mean `podCpu`"),
        (
            with("queries: {nodeCpu: \"sum(x)\"}"),
            "spec.demand.source.prometheus.queries.nodeCpu",
            "`node` or `instance`",
        ),
    ] {
        let error = parse(&demand).unwrap_err();
        assert_eq!((error.position.line, error.field.as_str()), (6, field), "{error}");
        assert!(error.problem.contains(words), "{error}");
    }
}

#[test]
fn one_policy_has_demand() {
    let one = |name: &str| {
        format!(
            "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: {name}}}\nspec:\n  selector: \
             {{podSelector: {{matchLabels: {{app: streams}}}}}}\n  demand: {{source: {{metricsApi: {{}}}}}}\n"
        )
    };
    let text = format!("{}---\n{}", one("a"), one("b"));
    let error = PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text }]).unwrap_err();
    assert_eq!((error.position.line, error.field.as_str()), (13, "spec.demand"), "{error}");
    assert!(error.problem.contains("policy `a`"), "{error}");
}
