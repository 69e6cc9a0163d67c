//! The forecasts as a picture: the last seasons, the median, and the intervals of 80 and 95 %.

use super::outcome::Outcome;
use crate::cli::xml::escaped;
use crate::forecast::Intervals;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 400.0;
/// The margins of the plot: left, right, top, bottom.
const LEFT: f64 = 72.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 40.0;
/// How many seasons are shown before the forecast.
const SEASONS: usize = 2;
/// The most lines across the plot.
const MOST_LINES: u32 = 6;

const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:11px;fill:#1c2128}
.title{font-size:15px;font-weight:600}.faint{fill:#6a737d}.end{text-anchor:end}.middle{text-anchor:middle}
.ground{fill:#ffffff}.line{stroke:#dde2e8}.now{stroke:#6a737d;stroke-dasharray:3 3}
.history,.median{fill:none;stroke-width:1.6;stroke-linejoin:round}.history{stroke:#3b4754}.median{stroke:#0b66c3}
.of95{fill:#0b66c3;fill-opacity:.14}.of80{fill:#0b66c3;fill-opacity:.26}
@media(prefers-color-scheme:dark){
text{fill:#e6e9ed}.faint{fill:#98a3ae}.ground{fill:#12161b}.line{stroke:#2c343d}.now{stroke:#98a3ae}
.history{stroke:#c3cad3}.median{stroke:#6cb2ff}.of95,.of80{fill:#6cb2ff}
}";

/// Maps steps and values to places in the picture.
struct Scale {
    first: i64,
    last: i64,
    lowest: f64,
    highest: f64,
}

impl Scale {
    fn x(&self, step: i64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * seconds(step - self.first) / seconds((self.last - self.first).max(1))
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.lowest) / (self.highest - self.lowest);
        (HEIGHT - TOP - BOTTOM).mul_add(1.0 - share, TOP)
    }

    fn at(&self, (step, value): (i64, f64)) -> String {
        format!("{:.1} {:.1}", self.x(step), self.y(value))
    }
}

/// A number of steps, exact below 2^31.
fn seconds(steps: i64) -> f64 {
    f64::from(i32::try_from(steps).unwrap_or(i32::MAX))
}

/// Draws the outcome for the file of this name.
pub(super) fn draw(outcome: &Outcome, name: &str) -> String {
    let samples = &outcome.series.samples;
    let now = samples.last().map_or(0, |(step, _)| *step);
    let shown = i64::try_from(SEASONS * outcome.calendar.slots()).unwrap_or(i64::MAX);
    let history: Vec<(i64, f64)> = samples.iter().copied().filter(|(step, _)| now - step <= shown).collect();
    let last_value = history.last().map_or(0.0, |(_, value)| *value);
    let medians: Vec<(i64, f64)> = (now + 1..).zip(outcome.forecasts.iter().map(|forecast| forecast.median)).collect();
    let intervals: Vec<(i64, Intervals)> =
        (now + 1..).zip(&outcome.forecasts).filter_map(|(step, forecast)| Some((step, forecast.intervals?))).collect();
    let scale = scale(&history, &medians, &intervals);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\">\n<title>Forecast of {title}</title>\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n",
        title = escaped(name),
    );
    let mut add = |element: String| {
        svg.push_str(&element);
        svg.push('\n');
    };
    add(format!("<text x=\"{LEFT}\" y=\"24\" class=\"title\">{}</text>", escaped(name)));
    add(format!("<text x=\"{LEFT}\" y=\"42\" class=\"faint\">{}</text>", escaped(&legend(outcome))));
    for value in round_values(scale.lowest, scale.highest) {
        let y = scale.y(value);
        add(format!("<path d=\"M{LEFT} {y:.1}H{:.1}\" class=\"line\"/>", WIDTH - RIGHT));
        add(format!("<text x=\"{:.1}\" y=\"{:.1}\" class=\"faint end\">{}</text>", LEFT - 8.0, y + 4.0, short(value)));
    }
    for (step, class) in [(scale.first, ""), (now, " middle"), (scale.last, " end")] {
        let time = outcome.series.time(step).strftime("%Y-%m-%d %H:%M").to_string();
        let (x, y) = (scale.x(step), HEIGHT - BOTTOM + 20.0);
        add(format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"faint{class}\">{time}</text>"));
    }
    add(format!("<path d=\"M{:.1} {TOP}V{:.1}\" class=\"now\"/>", scale.x(now), HEIGHT - BOTTOM));
    if !intervals.is_empty() {
        let present = (now, last_value);
        add(band(&scale, present, intervals.iter().map(|(step, one)| (*step, one.of_95)), "of95"));
        add(band(&scale, present, intervals.iter().map(|(step, one)| (*step, one.of_80)), "of80"));
    }
    add(format!("<path d=\"{}\" class=\"history\"/>", path(&scale, &history)));
    let from_now: Vec<(i64, f64)> = [(now, last_value)].into_iter().chain(medians).collect();
    add(format!("<path d=\"{}\" class=\"median\"/>", path(&scale, &from_now)));
    svg + "</svg>\n"
}

fn legend(outcome: &Outcome) -> String {
    let leads = outcome.forecasts.len();
    let error = outcome.scores.first().and_then(|(_, score)| *score);
    let error = error.map_or_else(String::new, |score| format!("; error {:.2} % over the last fifth", score.wape));
    format!("median and intervals of 80 and 95 % for {leads} steps{error}; times are UTC")
}

/// The places of all that is shown, with some room above and below.
fn scale(history: &[(i64, f64)], medians: &[(i64, f64)], intervals: &[(i64, Intervals)]) -> Scale {
    let bounds =
        intervals.iter().flat_map(|(step, intervals)| [(*step, intervals.of_95.0), (*step, intervals.of_95.1)]);
    let all = || history.iter().chain(medians).copied().chain(bounds.clone());
    let lowest = all().map(|(_, value)| value).fold(f64::INFINITY, f64::min);
    let highest = all().map(|(_, value)| value).fold(f64::NEG_INFINITY, f64::max);
    let room = (0.06 * (highest - lowest)).max(0.01_f64.mul_add(highest.abs(), 1e-9));
    Scale {
        first: all().map(|(step, _)| step).min().unwrap_or_default(),
        last: all().map(|(step, _)| step).max().unwrap_or_default(),
        lowest: (lowest - room).max(0.0),
        highest: highest + room,
    }
}

/// Round values between two values, the same distance from each other.
fn round_values(lowest: f64, highest: f64) -> Vec<f64> {
    let least = (highest - lowest) / f64::from(MOST_LINES);
    let power = 10_f64.powf(least.log10().floor());
    let distance = [1.0, 2.0, 2.5, 5.0].map(|factor| factor * power).into_iter().find(|distance| *distance >= least);
    let distance = distance.unwrap_or(10.0 * power);
    let first = (lowest / distance).ceil() * distance;
    let value = |line: u32| distance.mul_add(f64::from(line), first);
    (0..=MOST_LINES).map(value).take_while(|value| *value <= highest).collect()
}

/// A line through points; steps that are missing break it.
fn path(scale: &Scale, points: &[(i64, f64)]) -> String {
    let mut path = String::new();
    let mut last = None;
    for point in points {
        let letter = if last == Some(point.0 - 1) { 'L' } else { 'M' };
        path.push(letter);
        path.push_str(&scale.at(*point));
        last = Some(point.0);
    }
    path
}

/// The area of an interval, from the present value on.
fn band(
    scale: &Scale,
    present: (i64, f64),
    bounds: impl DoubleEndedIterator<Item = (i64, (f64, f64))> + Clone,
    class: &str,
) -> String {
    let upper = bounds.clone().map(|(step, (_, high))| (step, high));
    let lower = bounds.rev().map(|(step, (low, _))| (step, low));
    let places: Vec<String> = [present].into_iter().chain(upper).chain(lower).map(|point| scale.at(point)).collect();
    format!("<path d=\"M{}Z\" class=\"{class}\"/>", places.join("L"))
}

/// A value in a few letters.
fn short(value: f64) -> String {
    match value {
        _ if value >= 1e9 => format!("{value:.2e}"),
        _ if value >= 1e6 => format!("{:.2}M", value / 1e6),
        _ if value >= 1e4 => format!("{:.1}k", value / 1e3),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}
