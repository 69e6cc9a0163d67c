//! Reads the text format of Prometheus.

/// One sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    /// The name of the metric.
    pub(super) name: &'a str,
    /// Its labels, as written between the braces.
    pub(super) labels: &'a str,
    /// Its value, as written.
    pub(super) value: &'a str,
}

/// Every sample, in the order of the text.
pub(super) fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        Some(Sample { name, labels: labels.trim_end_matches('}'), value })
    })
}

/// What a metric means, by its `HELP` line.
pub(super) fn help<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines()
        .filter_map(|line| line.strip_prefix("# HELP "))
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_default()
}

impl<'a> Sample<'a> {
    /// The value as a number; 0 where it is none.
    pub(super) fn number(&self) -> f64 {
        self.value.parse().unwrap_or(0.0)
    }

    /// The value of a label.
    pub(super) fn label(&self, key: &str) -> Option<&'a str> {
        self.labels.split(',').find_map(|pair| pair.strip_prefix(key)?.strip_prefix("=\"")?.strip_suffix('"'))
    }
}
