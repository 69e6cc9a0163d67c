//! Elements of a picture, written in order.

use super::layout::Rect;
use crate::cli::xml::escaped;

/// A picture that is being written.
#[derive(Debug, Default)]
pub(super) struct Sheet(Vec<String>);

/// A colour, a width and an opacity.
type Stroke = (&'static str, f64, f64);

const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:11px;fill:#1c2128}
.ground{fill:#ffffff}.zone{fill:#f3f5f8;stroke:#dde2e8}.node{fill:#ffffff;stroke:#c3cad3}
.closed{stroke-dasharray:4 3}.bar{fill:#e6eaef}.used{fill:#8d99a8}.full{fill:#d0342c}
.waiting{fill:#fff6f5;stroke:#d0342c;stroke-dasharray:5 4}
.title{font-size:17px;font-weight:600}.head{font-size:12px;font-weight:600}.name,.halo{font-size:10px;font-weight:600}.halo{stroke:#ffffff;stroke-width:3px;stroke-linejoin:round}

.faint{fill:#6a737d}.why{font-size:10px;fill:#a3261f}.chip{font-size:10px}
@media(prefers-color-scheme:dark){
text{fill:#e6e9ed}.ground{fill:#12161b}.zone{fill:#1a2027;stroke:#2c343d}.node{fill:#232b34;stroke:#46515d}
.bar{fill:#36414c}.used{fill:#8d99a8}.waiting{fill:#2a1a1a;stroke:#f0776f}.halo{stroke:#232b34}.faint{fill:#98a3ae}.why{fill:#f5a39d}
}";

impl Sheet {
    /// Begins a group with a tooltip.
    pub(super) fn open(&mut self, tip: &str) {
        self.0.push(format!("<g><title>{}</title>", escaped(tip)));
    }

    /// Ends the group.
    pub(super) fn close(&mut self) {
        self.0.push("</g>".to_owned());
    }

    /// A box in the colours of a class.
    pub(super) fn rect(&mut self, area: Rect, class: &str, radius: f64) {
        self.0.push(format!("<rect {} rx=\"{radius}\" class=\"{class}\"/>", area.written()));
    }

    /// A box in a colour.
    pub(super) fn filled(&mut self, area: Rect, colour: &str, radius: f64) {
        self.0.push(format!("<rect {} rx=\"{radius}\" fill=\"{colour}\"/>", area.written()));
    }

    /// A text in the colours of a class, from its lower left corner.
    pub(super) fn text(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        self.0.push(format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escaped(text)));
    }

    /// The label of a PE, in a colour.
    pub(super) fn inked(&mut self, (x, y): (f64, f64), colour: &str, text: &str) {
        let text = escaped(text);
        self.0.push(format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"chip\" style=\"fill:{colour}\">{text}</text>"));
    }

    /// A straight line.
    pub(super) fn stroke(&mut self, from: (f64, f64), to: (f64, f64), (colour, width): (&str, f64)) {
        self.0.push(format!(
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{colour}\" stroke-width=\"{width:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line that bends to the left of its way, so that both directions between two PEs can be seen.
    pub(super) fn curve(&mut self, from: (f64, f64), to: (f64, f64), (colour, width, opacity): Stroke) {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let bend = 0.12_f64;
        let middle = (bend.mul_add(y, f64::midpoint(from.0, to.0)), (-bend).mul_add(x, f64::midpoint(from.1, to.1)));
        self.0.push(format!(
            "<path d=\"M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}\" fill=\"none\" stroke=\"{colour}\" \
             stroke-width=\"{width:.1}\" stroke-opacity=\"{opacity}\" stroke-linecap=\"round\"/>",
            from.0, from.1, middle.0, middle.1, to.0, to.1
        ));
    }

    /// The whole file.
    pub(super) fn finish(self, width: f64, height: f64) -> String {
        let elements = self.0.join("\n");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\">\n<style>{STYLE}</style>\n\
             <rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n{elements}\n</svg>\n"
        )
    }
}
