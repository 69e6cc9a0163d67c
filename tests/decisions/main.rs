//! What comes of decisions: `make bench-decisions`. Jobs whose load is cut from real series are placed for two weeks by
//! Outrigger and by other rules, each with the same nodes and arrivals.
#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::disallowed_methods,
    clippy::similar_names,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::suboptimal_flops,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark that cannot be set up has nothing to say; amounts are far below 2^53"
)]

mod random;
mod replay;
mod report;
mod rules;
mod series;
mod view;
mod workload;

use std::collections::BTreeMap;

use replay::{Outcome, replay};
use rules::{KubeScheduler, LowRiskOverCommitment, Outrigger, PeakPrediction, Predictor, Rule, TargetLoadPacking};
use series::Shapes;
use workload::{Size, Workload};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
Places jobs whose load is cut from real series for two weeks, by Outrigger and by other rules.

Usage: cargo bench --bench decisions -- [--pes N] [--nodes N] [--seeds FROM..TO] [-o table|json|svg] [--equal]

  --pes, --nodes   size of the workload and of the cluster  [default: 400 and 100]
  --seeds          workloads                                [default: 1..11]
  --equal          also finds how many nodes Outrigger needs for the overload of kube-scheduler
  -o               output format                            [default: table]

Example:
  cargo bench --bench decisions -- --pes 200 --nodes 50 --seeds 1..4
";

/// What is asked for.
struct Arguments {
    size: Size,
    seeds: std::ops::Range<u64>,
    output: String,
    equal: bool,
}

fn main() {
    let Some(arguments) = arguments() else {
        print!("{HELP}");
        return;
    };
    let Some(shapes) = Shapes::read() else {
        eprintln!("skipped: the series of load are not there; name their folder in OUTRIGGER_DATA");
        return;
    };
    let seeds: Vec<u64> = arguments.seeds.clone().collect();
    let run = |seed: u64| {
        eprintln!("seed {seed}");
        of_seed(&shapes, &arguments, seed)
    };
    let of_seeds: Vec<BySeed> = std::thread::scope(|scope| {
        let halves = seeds.chunks(seeds.len().div_ceil(2).max(1));
        #[expect(clippy::needless_collect, reason = "all threads are started before one is waited for")]
        let threads: Vec<_> =
            halves.map(|seeds| scope.spawn(|| seeds.iter().map(|seed| run(*seed)).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    print!("{}", report::text(&arguments.output, arguments.size, &of_seeds));
}

/// The outcomes of one seed.
struct BySeed {
    outcomes: BTreeMap<&'static str, Outcome>,
    /// The nodes that Outrigger needs for the overload of kube-scheduler.
    equal_nodes: Option<usize>,
}

fn of_seed(shapes: &Shapes, arguments: &Arguments, seed: u64) -> BySeed {
    let Size { nodes, .. } = arguments.size;
    let workload = Workload::new(shapes, arguments.size, seed);
    let mut rules: Vec<Box<dyn Rule>> = vec![
        Box::new(KubeScheduler),
        Box::new(LowRiskOverCommitment),
        Box::new(TargetLoadPacking),
        Box::new(PeakPrediction(Predictor::NSigma)),
        Box::new(PeakPrediction(Predictor::RcLike)),
        Box::new(Outrigger::new(nodes)),
    ];
    let outcomes: BTreeMap<&'static str, Outcome> =
        rules.iter_mut().map(|rule| (rule.name(), replay(shapes, &workload, nodes, rule.as_mut()))).collect();
    let bound = outcomes["kube-scheduler"].overload_minutes;
    let equal_nodes = arguments.equal.then(|| {
        // The fewest nodes, by bisection.
        let (mut too_few, mut enough) = (nodes / 2, nodes);
        while enough - too_few > 1 {
            let middle = too_few.midpoint(enough);
            let outcome = replay(shapes, &workload, middle, &mut Outrigger::new(middle));
            if outcome.overload_minutes <= bound && outcome.unplaced == 0 { enough = middle } else { too_few = middle }
        }
        enough
    });
    BySeed { outcomes, equal_nodes }
}

fn arguments() -> Option<Arguments> {
    let mut arguments =
        Arguments { size: Size { pes: 400, nodes: 100 }, seeds: 1..11, output: "table".to_owned(), equal: false };
    let mut given = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--equal" => arguments.equal = true,
            "--pes" => arguments.size.pes = given.next()?.parse().ok()?,
            "--nodes" => arguments.size.nodes = given.next()?.parse().ok()?,
            "-o" => arguments.output = given.next().filter(|output| report::FORMATS.contains(&output.as_str()))?,
            "--seeds" => {
                let given = given.next()?;
                let (from, to) = given.split_once("..")?;
                arguments.seeds = from.parse().ok()?..to.parse().ok()?;
            }
            _ => return None,
        }
    }
    Some(arguments).filter(|arguments| !arguments.seeds.is_empty())
}
