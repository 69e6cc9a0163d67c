//! Text for a terminal: lines of a width, tables, and colours.

use std::fmt::Display;

use anstyle::AnsiColor;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};

/// The range of the width: tables need the narrowest, and longer lines are hard to read.
const NARROWEST: u16 = 60;
const WIDEST: u16 = 140;
/// The width where neither the user nor a terminal sets one.
const USUAL: u16 = 80;
/// The space between two columns.
pub(super) const GAP: u16 = 2;

/// A colour with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Ordinary text.
    Plain,
    /// Headings and names.
    Strong,
    /// Secondary text.
    Faint,
    /// Success, and added lines.
    Good,
    /// PEs that wait, and rejected nodes.
    Wary,
    /// Errors, and removed lines.
    #[cfg_attr(not(feature = "demo"), expect(dead_code, reason = "only the demo shows this"))]
    Bad,
}

/// Text of lines that fit the width, with colours where the terminal has them.
#[derive(Debug)]
pub(super) struct Terminal {
    width: u16,
    colours: bool,
    text: String,
}

impl Terminal {
    /// The width is the given one, or that of the terminal, or 80 columns; colours only on a terminal that supports them.
    pub(super) fn for_stdout(width: Option<u16>) -> Self {
        let width = width.or_else(|| Table::new().width()).unwrap_or(USUAL).clamp(NARROWEST, WIDEST);
        let colours = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        Self { width, colours, text: String::new() }
    }

    /// The number of columns.
    pub(super) fn columns(&self) -> usize {
        usize::from(self.width)
    }

    /// The text written so far.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A heading, after an empty line.
    pub(super) fn heading(&mut self, title: &str) {
        let title = cut(title, self.columns().saturating_sub(4));
        let rule = "─".repeat(self.columns().saturating_sub(title.chars().count() + 4));
        let line = format!(
            "{} {} {}",
            self.paint("──", Style::Faint),
            self.paint(title, Style::Strong),
            self.paint(rule, Style::Faint)
        );
        self.line("");
        self.line(&line);
    }

    /// One line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Text, wrapped between words.
    pub(super) fn paragraph(&mut self, text: &str, style: Style) {
        let mut table = self.table();
        table.add_row([cell(text, style)]);
        self.put(table);
    }

    /// An empty table of the width of the terminal.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(self.width);
        if self.colours {
            table.enforce_styling()
        } else {
            table.force_no_tty()
        };
        table.style_text_only();
        table
    }

    /// Writes a table from [`table`](Self::table). Words are not broken where all columns have room for their longest word.
    pub(super) fn put(&mut self, mut table: Table) {
        let last = table.column_count().saturating_sub(1);
        let longest: Vec<u16> = (0..=last).map(|place| longest_word(&table, place)).collect();
        let fits =
            longest.iter().map(|length| length.saturating_add(GAP)).sum::<u16>() <= self.width.saturating_add(GAP);
        for (place, (column, longest)) in table.column_iter_mut().zip(longest).enumerate() {
            let padding = if place == last { 0 } else { GAP };
            column.set_padding((0, padding));
            if fits {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(longest.saturating_add(padding))));
            }
        }
        for line in table.lines() {
            self.line(&line);
        }
    }

    /// Text in a colour.
    pub(super) fn paint(&self, text: impl Display, style: Style) -> String {
        let escapes = match style {
            Style::Plain => anstyle::Style::new(),
            Style::Strong => anstyle::Style::new().bold(),
            Style::Faint => anstyle::Style::new().dimmed(),
            Style::Good => AnsiColor::Green.on_default(),
            Style::Wary => AnsiColor::Yellow.on_default(),
            Style::Bad => AnsiColor::Red.on_default(),
        };
        if self.colours && style != Style::Plain { format!("{escapes}{text}{escapes:#}") } else { text.to_string() }
    }

    /// The part of a line that fits the width.
    #[cfg(feature = "demo")]
    pub(super) fn cut(&self, line: &str) -> String {
        cut(line, self.columns())
    }
}

/// The length of the longest word in a column.
fn longest_word(table: &Table, column: usize) -> u16 {
    let cells = table.row_iter().filter_map(|row| row.cell_iter().nth(column));
    let lengths = cells.flat_map(|cell| {
        let lengths: Vec<usize> = cell.content().split_whitespace().map(|word| word.chars().count()).collect();
        lengths
    });
    u16::try_from(lengths.max().unwrap_or_default()).unwrap_or(u16::MAX)
}

fn cut(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    line.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// A cell of a table.
pub(super) fn cell(text: impl Display, style: Style) -> Cell {
    let cell = Cell::new(text);
    match style {
        Style::Plain => cell,
        Style::Strong => cell.add_attribute(Attribute::Bold),
        Style::Faint => cell.add_attribute(Attribute::Dim),
        Style::Good => cell.fg(Color::DarkGreen),
        Style::Wary => cell.fg(Color::DarkYellow),
        Style::Bad => cell.fg(Color::DarkRed),
    }
}
