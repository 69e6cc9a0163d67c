//! The load of jobs: shapes that are cut from real series.

use std::path::{Path, PathBuf};

/// The series of load, each a value every 5 minutes, as multiples of its mean.
#[derive(Debug)]
pub(crate) struct Shapes(Vec<Vec<f64>>);

/// The names of the series that are reported.
const NAMES: [&str; 5] = ["IoT", "alibaba", "horton", "taxi", "wiki_en"];

impl Shapes {
    /// Reads the series; `None` where the folder with the measurements is absent.
    pub(crate) fn read() -> Option<Self> {
        let folder = folder()?;
        let shapes = NAMES.iter().map(|name| shape(&folder.join(format!("{name}_5min.csv")))).collect();
        Some(Self(shapes))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a series at a step; the series repeats itself.
    pub(crate) fn value(&self, series: usize, step: usize) -> f64 {
        let values = &self.0[series];
        values[step % values.len()]
    }
}

fn folder() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let folder = above.join("shared/data/phoebe/load-prediction/data");
    let chosen = std::env::var_os("OUTRIGGER_DATA").map_or(folder, PathBuf::from);
    chosen.is_dir().then_some(chosen)
}

fn shape(file: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(file).unwrap();
    let value = |row: &str| row.split(',').nth(1).and_then(|value| value.parse::<f64>().ok());
    let values: Vec<f64> = text.lines().skip(1).filter_map(value).collect();
    // Whole days, so that the series repeats itself at the same time of the day.
    let days = values.len() / STEPS_OF_A_DAY * STEPS_OF_A_DAY;
    let values = &values[..days];
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| value / mean).collect()
}

/// Steps of 5 minutes.
pub(crate) const STEPS_OF_A_DAY: usize = 288;
