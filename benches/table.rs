//! The table of all rows.

use std::fmt;

use crate::{
    cpu,
    measure::{Series, median},
};

/// Which of two figures is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    /// For instance events per second.
    More,
    /// For instance nanoseconds or bytes.
    Less,
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What is measured.
    pub(crate) what: String,
    /// The unit.
    pub(crate) unit: &'static str,
    /// Which is better.
    pub(crate) better: Better,
    /// Muniment's figures.
    pub(crate) ours: Series,
    /// The name and the figures of the program beside it, round by round.
    pub(crate) beside: Option<(String, Series)>,
    /// The least ratio that is the goal.
    pub(crate) goal: Option<f64>,
    /// The goal for Muniment's figure.
    pub(crate) least: Option<f64>,
    /// Remarks.
    pub(crate) notes: Vec<String>,
}

impl Row {
    /// A row about something per second.
    pub(crate) fn rate(what: impl Into<String>, unit: &'static str, ours: &Series) -> Self {
        Self {
            what: what.into(),
            unit,
            better: Better::More,
            ours: ours.clone(),
            beside: None,
            goal: None,
            least: None,
            notes: Vec::new(),
        }
    }

    /// Sets the program beside it.
    pub(crate) fn beside(mut self, name: impl Into<String>, theirs: &Series) -> Self {
        self.beside = Some((name.into(), theirs.clone()));
        self
    }

    /// Sets the goal.
    pub(crate) fn goal(mut self, goal: f64) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Sets the goal for Muniment's figure.
    pub(crate) fn at_least(mut self, figure: f64) -> Self {
        self.least = Some(figure);
        self
    }

    /// Adds a remark.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// A smaller figure is better.
    pub(crate) fn less_is_better(mut self) -> Self {
        self.better = Better::Less;
        self
    }

    /// How many times as good Muniment is as the program beside it, round by round.
    fn ratios(&self) -> Vec<f64> {
        let Some((_, theirs)) = &self.beside else {
            return Vec::new();
        };
        let pairs = self.ours.values.iter().zip(&theirs.values);
        pairs
            .map(|(ours, theirs)| match self.better {
                Better::More => ours / theirs,
                Better::Less => theirs / ours,
            })
            .collect()
    }

    fn cells(&self) -> [String; 7] {
        let ratios = self.ratios();
        let (beside, theirs) = match &self.beside {
            Some((name, theirs)) => (name.clone(), spread(&theirs.values)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        [
            self.what.clone(),
            self.unit.to_owned(),
            spread(&self.ours.values),
            beside,
            theirs,
            if ratios.is_empty() {
                "-".to_owned()
            } else {
                spread(&ratios)
            },
            match (self.goal, self.least) {
                (Some(goal), _) => format!(">= {goal}"),
                (None, Some(least)) => format!(">= {}", number(least)),
                (None, None) => "-".to_owned(),
            },
        ]
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = self.notes.clone();
        if self.ours.shares.iter().any(|shares| shares.len() > 1) {
            remarks.push(format!("CPU: {}", cpu::describe(&self.ours)));
        }
        if let Some((name, theirs)) = &self.beside
            && theirs.shares.iter().any(|shares| shares.len() > 1)
        {
            remarks.push(format!("of {name}: {}", cpu::describe(theirs)));
        }
        remarks
    }
}

/// All rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(Vec<Row>);

const HEADS: [&str; 7] = ["what", "unit", "Muniment", "beside it", "figure", "ratio", "goal"];

impl Table {
    /// Adds a row.
    pub(crate) fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// The table for programs: one line per row, with medians only.
    pub(crate) fn tab_separated(&self) -> String {
        let mut text = "what\tunit\tmuniment\tbeside\tfigure\tratio\tgoal\n".to_owned();
        for row in &self.0 {
            let (beside, theirs) = match &row.beside {
                Some((name, theirs)) => (name.as_str(), median(&theirs.values).to_string()),
                None => ("", String::new()),
            };
            let ratios = row.ratios();
            let ratio = if ratios.is_empty() {
                String::new()
            } else {
                median(&ratios).to_string()
            };
            let goal = row.goal.map(|goal| goal.to_string()).unwrap_or_default();
            let ours = median(&row.ours.values);
            text.push_str(&format!(
                "{}\t{}\t{ours}\t{beside}\t{theirs}\t{ratio}\t{goal}\n",
                row.what, row.unit
            ));
        }
        text
    }
}

/// The table in Markdown. The remarks are below it, by the rows' numbers.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 7]> = self.0.iter().map(Row::cells).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(String::len);
            cells.chain([HEADS[column].len()]).max().unwrap_or(0)
        };
        let widths: [usize; 7] = std::array::from_fn(width);
        let mut line = |number: &str, cells: &[String; 7]| {
            write!(f, "| {number:>2} |")?;
            for (cell, width) in cells.iter().zip(widths) {
                write!(f, " {cell:width$} |")?;
            }
            writeln!(f)
        };
        line("#", &HEADS.map(str::to_owned))?;
        line("--", &widths.map(|width| "-".repeat(width)))?;
        for (number, row) in (1..).zip(&rows) {
            line(&number.to_string(), row)?;
        }
        writeln!(f)?;
        for (number, row) in (1..).zip(&self.0) {
            let remarks = row.remarks();
            if !remarks.is_empty() {
                writeln!(f, "{number}. {}", remarks.join("; "))?;
            }
        }
        Ok(())
    }
}

/// `17,400 (16,900..18,100)`: the median, the least and the most.
pub(crate) fn spread(values: &[f64]) -> String {
    let middle = number(median(values));
    match values {
        [] => "-".to_owned(),
        [_] => middle,
        _ => {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            format!("{middle} ({}..{})", number(least), number(most))
        }
    }
}

/// A number with as many digits as a reader can use.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{value:.0}");
            let mut text = String::new();
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && (digits.len() - at).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
    }
}
