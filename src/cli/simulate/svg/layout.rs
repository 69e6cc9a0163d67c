//! The layout: PEs in boxes of nodes, boxes in rows, rows in zones, zones one below the other.

use std::collections::BTreeMap;

use super::super::drawing::{by_zone, why_waiting};
use crate::simulate::{Chart, ChartPe, ReasonCode};

/// An area, by its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) fn centre(&self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Its attributes.
    pub(super) fn written(&self) -> String {
        let Self { x, y, width, height } = self;
        format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"")
    }
}

/// Positions and sizes of all elements.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) margin: f64,
    /// True where there is room for the names of PEs.
    pub(super) labelled: bool,
    /// From the top of a box to the line that its name stands on.
    pub(super) name_line: f64,
    /// The thinnest and the thickest line.
    pub(super) lines: (f64, f64),
    pub(super) opacity: f64,
    /// Reasons of PEs that wait, and where they stand.
    pub(super) why: Vec<(f64, f64, String)>,
    /// One for each job.
    pub(super) legend: Vec<(f64, f64)>,
    /// One for each way that a line can go, and one for what is said of them.
    pub(super) key: Vec<(f64, f64)>,
    pub(super) zones: Vec<Zone>,
    /// By the places of nodes and PEs in the chart.
    pub(super) nodes: Vec<Rect>,
    pub(super) pes: Vec<Rect>,
    pub(super) waiting: Option<Rect>,
}

/// The area of a zone.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) area: Rect,
}

/// The size of what is in a box.
#[derive(Clone, Copy, Debug)]
struct Scale {
    chip: (f64, f64),
    /// Chips beside each other.
    columns: usize,
    between: f64,
    /// Above the chips.
    head: f64,
    pad: f64,
}

const LABELLED: Scale = Scale { chip: (88.0, 17.0), columns: 2, between: 4.0, head: 27.0, pad: 6.0 };
const SMALL: Scale = Scale { chip: (13.0, 13.0), columns: 5, between: 3.0, head: 23.0, pad: 6.0 };
/// Up to so many nodes and PEs, names of PEs can be read.
const READABLE: (usize, usize) = (48, 200);
/// Between boxes, and around them.
const GAP: f64 = 10.0;
const MARGIN: f64 = 20.0;
/// Above the boxes of a zone.
const ZONE_HEAD: f64 = 26.0;
/// One PE that waits: its chip, and its reason beside it.
const WAITING: (f64, f64) = (290.0, 21.0);
/// Beside the PEs that wait for one reason.
const REASON: f64 = 170.0;
/// A character of the small text, on average; a wide one fits too.
const LETTER: f64 = 6.0;

impl Layout {
    pub(super) fn new(chart: &Chart) -> Self {
        let labelled = chart.nodes.len() <= READABLE.0 && chart.pes.len() <= READABLE.1;
        let scale = if labelled { LABELLED } else { SMALL };
        let mut layout = Self {
            margin: MARGIN,
            labelled,
            name_line: if labelled { 15.0 } else { 12.0 },
            lines: if labelled { (1.2, 6.0) } else { (0.5, 3.0) },
            opacity: if labelled { 0.75 } else { 0.5 },
            nodes: vec![Rect::default(); chart.nodes.len()],
            pes: vec![Rect::default(); chart.pes.len()],
            ..Self::default()
        };
        let on = chips_by_node(chart);
        layout.width = width(&scale, &on);
        let mut y = layout.head(chart, 46.0);
        for (name, nodes) in by_zone(chart) {
            y = layout.zone((name, &nodes), &on, scale, y) + GAP;
        }
        layout.height = layout.waiting(chart, y) + MARGIN - GAP;
        layout
    }

    /// A text that fits: the middle is left out, for names differ at their ends.
    pub(super) fn cut(text: &str, width: f64) -> String {
        let room = fitting_letters(width);
        let letters: Vec<char> = text.chars().collect();
        if letters.len() <= room {
            return text.to_owned();
        }
        let (head, tail) = (room / 3, room.saturating_sub(room / 3 + 1));
        let end = letters.len().saturating_sub(tail);
        letters.iter().take(head).chain(&['…']).chain(letters.iter().skip(end)).collect()
    }

    /// Legend and key; where they end.
    fn head(&mut self, chart: &Chart, top: f64) -> f64 {
        let mut place = (MARGIN, top + 10.0);
        for job in &chart.jobs {
            let wide = number(job.chars().count() + 8).mul_add(LETTER + 0.5, 30.0);
            self.legend.push(self.flow(&mut place, wide));
        }
        if !chart.edges.is_empty() {
            place = (MARGIN, place.1 + 20.0);
            for _ in 0..4 {
                let at = self.flow(&mut place, 200.0);
                self.key.push(at);
            }
        }
        place.1 + 16.0
    }

    /// The next place in a line of words, on the next line where it does not fit.
    fn flow(&self, place: &mut (f64, f64), wide: f64) -> (f64, f64) {
        if place.0 > MARGIN && place.0 + wide > self.width - MARGIN {
            *place = (MARGIN, place.1 + 18.0);
        }
        let at = *place;
        place.0 += wide;
        at
    }

    /// The boxes of a zone in rows; where it ends.
    fn zone(&mut self, (name, nodes): (String, &[usize]), on: &[Vec<usize>], scale: Scale, y: f64) -> f64 {
        let box_width = scale.width();
        let inner = 2.0f64.mul_add(-(MARGIN + GAP), self.width);
        let in_row = fitting(inner, box_width);
        let mut row_top = y + ZONE_HEAD;
        for row in nodes.chunks(in_row) {
            let pes_of = |node: &usize| on.get(*node).map_or(&[][..], Vec::as_slice);
            let height = row.iter().map(|node| scale.height(pes_of(node).len())).fold(0.0, f64::max);
            for (column, node) in row.iter().enumerate() {
                let x = number(column).mul_add(box_width + GAP, MARGIN + GAP);
                let area = Rect { x, y: row_top, width: box_width, height };
                if let Some(place) = self.nodes.get_mut(*node) {
                    *place = area;
                }
                for (at, pe) in pes_of(node).iter().enumerate() {
                    self.put(*pe, scale.chip(area, at));
                }
            }
            row_top += height + GAP;
        }
        let area = Rect { x: MARGIN, y, width: 2.0f64.mul_add(-MARGIN, self.width), height: row_top - y };
        self.zones.push(Zone { name, area });
        row_top
    }

    /// The box of what waits; where it ends.
    fn waiting(&mut self, chart: &Chart, y: f64) -> f64 {
        let waiting = chart.pes.iter().enumerate().filter(|(_, pe)| pe.node.is_none());
        let waiting: Vec<(usize, &ChartPe)> = waiting.collect();
        if waiting.is_empty() {
            return y;
        }
        let end = if self.labelled {
            self.one_by_one(&waiting, y + ZONE_HEAD)
        } else {
            self.by_reason(&waiting, y + ZONE_HEAD)
        };
        self.waiting = Some(Rect { x: MARGIN, y, width: 2.0f64.mul_add(-MARGIN, self.width), height: end - y });
        end + GAP
    }

    /// Each PE that waits with its reason beside it.
    fn one_by_one(&mut self, waiting: &[(usize, &ChartPe)], top: f64) -> f64 {
        let columns = fitting(2.0f64.mul_add(-(MARGIN + GAP), self.width), WAITING.0 - GAP);
        for (place, (at, pe)) in waiting.iter().enumerate() {
            let x = number(place % columns).mul_add(WAITING.0, MARGIN + GAP);
            let y = number(place / columns).mul_add(WAITING.1, top);
            let (width, height) = LABELLED.chip;
            self.put(*at, Rect { x, y, width, height });
            self.why.extend(why_waiting(pe).map(|why| (x + width + 6.0, y + height - 4.5, why)));
        }
        number(waiting.len().div_ceil(columns)).mul_add(WAITING.1, top + 4.0)
    }

    /// Each reason with the PEs that wait for it beside it.
    fn by_reason(&mut self, waiting: &[(usize, &ChartPe)], mut top: f64) -> f64 {
        let mut reasons: BTreeMap<Option<ReasonCode>, Vec<usize>> = BTreeMap::new();
        for (at, pe) in waiting {
            reasons.entry(pe.rejected.last_key_value().map(|(code, _)| *code)).or_default().push(*at);
        }
        let (width, height) = SMALL.chip;
        let step = width + SMALL.between;
        let left = MARGIN + GAP + REASON;
        let columns = fitting(self.width - left - MARGIN - GAP, step - GAP);
        for (code, pes) in reasons {
            let code = code.map_or("", |code| code.0.as_str());
            self.why.push((MARGIN + GAP, top + height - 2.5, format!("{code}: {}", pes.len())));
            for (place, at) in pes.iter().enumerate() {
                let (column, row) = (number(place % columns), number(place / columns));
                self.put(*at, Rect { x: column.mul_add(step, left), y: row.mul_add(step, top), width, height });
            }
            top += number(pes.len().div_ceil(columns)).mul_add(step, 4.0);
        }
        top + 4.0
    }

    fn put(&mut self, pe: usize, area: Rect) {
        if let Some(place) = self.pes.get_mut(pe) {
            *place = area;
        }
    }
}

impl Scale {
    fn width(&self) -> f64 {
        let gaps = number(self.columns.saturating_sub(1)) * self.between;
        2.0f64.mul_add(self.pad, number(self.columns).mul_add(self.chip.0, gaps))
    }

    fn height(&self, chips: usize) -> f64 {
        let rows = number(chips.div_ceil(self.columns).max(1));
        rows.mul_add(self.chip.1 + self.between, self.head) + self.pad - self.between
    }

    fn chip(&self, area: Rect, at: usize) -> Rect {
        let (column, row) = (number(at % self.columns), number(at / self.columns));
        let x = column.mul_add(self.chip.0 + self.between, area.x + self.pad);
        let y = row.mul_add(self.chip.1 + self.between, area.y + self.head);
        Rect { x, y, width: self.chip.0, height: self.chip.1 }
    }
}

/// The PEs on each node.
fn chips_by_node(chart: &Chart) -> Vec<Vec<usize>> {
    let mut on = vec![Vec::new(); chart.nodes.len()];
    for (at, pe) in chart.pes.iter().enumerate() {
        if let Some(here) = pe.node.and_then(|node| on.get_mut(node)) {
            here.push(at);
        }
    }
    on
}

/// A width by which the picture becomes about half as high again as wide at most, and fits a screen.
fn width(scale: &Scale, on: &[Vec<usize>]) -> f64 {
    let area: f64 = on.iter().map(|pes| (scale.width() + GAP) * (scale.height(pes.len()) + GAP)).sum();
    let wanted = (area * 1.7).sqrt().clamp(840.0, 1_600.0);
    let columns = fitting(wanted, scale.width());
    number(columns).mul_add(scale.width() + GAP, 2.0f64.mul_add(MARGIN + GAP, -GAP))
}

/// How many of these fit beside each other, one at least.
fn fitting(room: f64, each: f64) -> usize {
    whole((room + GAP) / (each + GAP))
}

fn fitting_letters(width: f64) -> usize {
    whole(width / LETTER)
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 1,000")]
fn whole(number: f64) -> usize {
    number.floor().clamp(1.0, 1_000.0) as usize
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
