//! `outrigger explain`: the arguments, whom it asks, and how the answer is shown.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use hyper::{StatusCode, Uri};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use tokio::net::TcpStream;

use super::{ask, report};
use crate::cli::connect::connect;
use crate::cli::output::{json, print, say};
use crate::cli::terminal::Terminal;
use crate::cli::{CommandError, runtime};
use crate::explain::{Explanation, PodState, explain_from_manifest};

/// How long a person waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Explain why a pod is on its node, or why it waits
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger explain -n streams clicks-source-0
  kubectl outrigger explain clicks-source-0 -o json

kubectl finds this command where `outrigger` is on the PATH as `kubectl-outrigger`.

The command asks the extender through a port-forward to the pod of the extender. You need
the rights get and list on pods, and get and create on pods/portforward, in the namespace
of the extender. Where the extender cannot be asked, the command shows what the pod itself
holds: its record and its conditions.

Exit codes:
  0  the pod has a node
  1  the command failed
  2  a flag is wrong, or the pod does not exist
  3  the pod waits")]
pub(in crate::cli) struct Arguments {
    /// Name of the pod
    pod: String,
    /// Namespace of the pod; by default the namespace of the current context (with --server: `default`)
    #[arg(short, long)]
    namespace: Option<String>,
    /// Output format
    #[arg(short, long, default_value = "table")]
    output: Output,
    /// Kubeconfig file; by default the file in KUBECONFIG, the file in the home folder, or the service account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Namespace of the extender
    #[arg(long, value_name = "NAMESPACE", default_value = "outrigger-system")]
    system_namespace: String,
    /// Port of the extender in its pod
    #[arg(long, default_value_t = 8480)]
    port: u16,
    /// Address of an extender to ask without a port-forward, over plain HTTP
    #[arg(long, value_name = "URL", value_parser = parse_server)]
    server: Option<Uri>,
    /// Columns of the table; by default those of the terminal
    #[arg(long, hide = true)]
    width: Option<u16>,
}

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table for people.
    Table,
    /// JSON for programs.
    Json,
    /// YAML for programs.
    Yaml,
}

fn parse_server(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
    match (uri.scheme_str(), uri.port_u16()) {
        (Some("http"), Some(_)) => Ok(uri),
        _ => Err("expected http://ADDRESS:PORT".to_owned()),
    }
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let explanation = runtime::on_this_thread()?.block_on(explanation(arguments))?;
    print(&rendered(&explanation, arguments)?)?;
    match explanation.state {
        PodState::Waiting => Err(CommandError::NotAllPlaced),
        PodState::Placed | PodState::Placing | PodState::Leaving | PodState::Finished => Ok(()),
    }
}

fn rendered(explanation: &Explanation, arguments: &Arguments) -> Result<String, CommandError> {
    Ok(match arguments.output {
        Output::Json => json(explanation)?,
        Output::Yaml => serde_saphyr::to_string(explanation).map_err(CommandError::failed)?,
        Output::Table => {
            let mut terminal = Terminal::for_stdout(arguments.width);
            report::write(explanation, &mut terminal);
            terminal.into_text()
        }
    })
}

async fn explanation(arguments: &Arguments) -> Result<Explanation, CommandError> {
    if let Some(server) = &arguments.server {
        let namespace = arguments.namespace.as_deref().unwrap_or("default");
        let answer = ask_server(server, &ask::explain_path(namespace, &arguments.pod)?).await;
        return read_answer(answer.map_err(|problem| CommandError::failed(format!("{server}: {problem}")))?);
    }
    let client = connect(arguments.kubeconfig.as_deref()).await.map_err(CommandError::input)?;
    let namespace = arguments.namespace.as_deref().unwrap_or_else(|| client.default_namespace()).to_owned();
    let path = ask::explain_path(&namespace, &arguments.pod)?;
    let forwarded = ask::ask_through_port_forward(&client, &arguments.system_namespace, arguments.port, &path);
    let problem = match tokio::time::timeout(PATIENCE, forwarded).await {
        Ok(Ok(answer)) if answer.status != StatusCode::SERVICE_UNAVAILABLE => return read_answer(answer),
        Ok(Ok(answer)) => answer.body,
        Ok(Err(problem)) => problem,
        Err(_elapsed) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    say(&format!("The extender was not asked ({problem}). The pod itself holds the following."));
    explain_from_pod(client, &namespace, &arguments.pod).await
}

async fn ask_server(server: &Uri, path: &str) -> Result<ask::ExtenderAnswer, String> {
    let address = server.authority().map(ToString::to_string).unwrap_or_default();
    let exchange = async {
        let stream = TcpStream::connect(&address).await.map_err(|error| error.to_string())?;
        ask::ask_over(stream, path).await
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answered) => answered,
        Err(_elapsed) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn read_answer(answer: ask::ExtenderAnswer) -> Result<Explanation, CommandError> {
    match answer.status {
        StatusCode::OK => serde_json::from_str(&answer.body)
            .map_err(|error| CommandError::failed(format!("cannot read the answer of the extender: {error}"))),
        StatusCode::NOT_FOUND => Err(CommandError::Input(answer.body)),
        status => Err(CommandError::Failed(format!("the extender answered {status}: {}", answer.body))),
    }
}

async fn explain_from_pod(client: Client, namespace: &str, name: &str) -> Result<Explanation, CommandError> {
    let pods: Api<Pod> = Api::namespaced(client, namespace);
    match tokio::time::timeout(PATIENCE, pods.get_opt(name)).await {
        Ok(Ok(Some(pod))) => Ok(explain_from_manifest(&pod)),
        Ok(Ok(None)) => Err(CommandError::Input(format!("there is no pod {namespace}/{name}"))),
        Ok(Err(error)) => Err(CommandError::failed(format!("pod {namespace}/{name}: {error}"))),
        Err(_elapsed) => {
            Err(CommandError::Failed(format!("the API server did not answer within {} s", PATIENCE.as_secs())))
        }
    }
}
