//! Spikes: a sample that is far from its forecast counts in part, unless the next one confirms it.

use serde::{Deserialize, Serialize};

/// Learns how far samples are from their forecasts, and cuts spikes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct SpikeGuard {
    count: f64,
    scale: f64,
    /// The last sample as it was observed, with the side on which it was cut.
    cut: Option<Cut>,
}

/// Where a sample is from its forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Side {
    Above,
    Below,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Cut {
    raw: f64,
    side: Side,
}

/// What a sample counts as.
pub(super) struct Guarded {
    /// The value that counts.
    pub(super) value: f64,
    /// The last sample as it was observed, where this one shows that it was no spike.
    pub(super) restored: Option<f64>,
}

/// From this number of samples on, spikes are cut.
const SEASONED: f64 = 36.0;
/// A spike is this many times the usual deviation.
const SPIKE: f64 = 10.0;

impl SpikeGuard {
    pub(super) fn check(&mut self, raw: f64, forecast: f64) -> Guarded {
        let deviation = raw - forecast;
        let side = if deviation < 0.0 { Side::Below } else { Side::Above };
        let is_far = self.count > SEASONED && deviation.abs() > SPIKE * self.scale;
        let last = self.cut.take();
        let guarded = match last {
            Some(cut) if is_far && cut.side == side => Guarded { value: raw, restored: Some(cut.raw) },
            _ if is_far => {
                self.cut = Some(Cut { raw, side });
                Guarded { value: forecast + deviation.signum() * SPIKE * self.scale, restored: None }
            }
            _ => Guarded { value: raw, restored: None },
        };
        self.count += 1.0;
        let step = if self.count > SEASONED { deviation.abs().min(3.0 * self.scale) } else { deviation.abs() };
        self.scale += (1.0 / self.count).max(0.02) * (step - self.scale);
        self.scale = self.scale.max(1e-3);
        guarded
    }
}
