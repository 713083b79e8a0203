//! Charts as inline SVG. Colours are the style sheet's: classes `s0`, `s1`, ... in the order of the series.

use std::fmt::Write as _;

use super::escape;
use crate::report::thousands;

/// Widths and heights in the units of the view box; a chart is scaled to its column.
const WIDTH: f64 = 460.0;
const BAR_HEIGHT: f64 = 13.0;
const BAR_LABEL_WIDTH: f64 = 80.0;
const BAR_VALUE_WIDTH: f64 = 62.0;
const LINE_HEIGHT: f64 = 260.0;
const LINE_LEFT: f64 = 56.0;
const LINE_RIGHT: f64 = 14.0;
const LINE_TOP: f64 = 10.0;
const LINE_BOTTOM: f64 = 46.0;

/// A value for each label: one bar each.
pub(super) struct Bars<'a> {
    pub(super) title: &'a str,
    /// What the values are, e.g. `items/s`.
    pub(super) unit: &'a str,
    /// The names of the series.
    pub(super) series: &'a [&'a str],
    /// Each label with a value for each series.
    pub(super) groups: Vec<(String, Vec<f64>)>,
}

/// How values are put on the upright axis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// From 0.
    Linear,
    /// By powers of ten.
    Logarithmic,
}

/// Values over labelled places that stand at equal distances, whatever the numbers in their labels.
pub(super) struct Lines<'a> {
    pub(super) title: &'a str,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
    pub(super) scale: Scale,
    pub(super) x: Vec<String>,
    /// Each name with a value for each place.
    pub(super) series: Vec<(&'a str, Vec<f64>)>,
}

impl Bars<'_> {
    /// The figure with its caption and legend.
    pub(super) fn figure(&self) -> String {
        let max = self.groups.iter().flat_map(|(_, values)| values).copied().fold(0.0, f64::max);
        let group_height = BAR_HEIGHT * self.series.len() as f64 + 9.0;
        let height = group_height * self.groups.len() as f64 + 2.0;
        let mut svg = String::new();
        for (index, (label, values)) in self.groups.iter().enumerate() {
            let top = index as f64 * group_height + 4.0;
            let middle = top + BAR_HEIGHT * values.len() as f64 / 2.0 + 4.0;
            text(&mut svg, BAR_LABEL_WIDTH - 8.0, middle, "end", label);
            for (series, value) in values.iter().enumerate() {
                let y = top + series as f64 * BAR_HEIGHT;
                let width = (WIDTH - BAR_LABEL_WIDTH - BAR_VALUE_WIDTH) * part(*value, max);
                write(
                    &mut svg,
                    format_args!(
                        r#"<rect class="s{series}" x="{BAR_LABEL_WIDTH}" y="{y:.1}" width="{width:.1}" height="{:.1}" rx="2"/>"#,
                        BAR_HEIGHT - 2.0
                    ),
                );
                text(&mut svg, BAR_LABEL_WIDTH + width + 5.0, y + BAR_HEIGHT - 3.5, "start", &thousands(*value));
            }
        }
        write(&mut svg, format_args!(r#"<path class="axis" d="M{BAR_LABEL_WIDTH} 0V{height:.1}"/>"#));
        figure(&format!("{}, {}", self.title, self.unit), height, &svg, self.series)
    }
}

impl Lines<'_> {
    /// The figure with its caption and legend.
    pub(super) fn figure(&self) -> String {
        let ticks = self.ticks();
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        let mut svg = String::new();
        for &tick in &ticks {
            let y = self.y(tick, low, high);
            write(&mut svg, format_args!(r#"<path class="grid" d="M{LINE_LEFT} {y:.1}H{:.1}"/>"#, WIDTH - LINE_RIGHT));
            text(&mut svg, LINE_LEFT - 6.0, y + 4.0, "end", &short(tick));
        }
        let bottom = LINE_HEIGHT - LINE_BOTTOM;
        write(&mut svg, format_args!(r#"<path class="axis" d="M{LINE_LEFT} {LINE_TOP}V{bottom:.1}H{:.1}"/>"#, WIDTH - LINE_RIGHT));
        for (index, label) in self.x.iter().enumerate() {
            text(&mut svg, self.x_of(index), bottom + 16.0, "middle", label);
        }
        text(&mut svg, (LINE_LEFT + WIDTH - LINE_RIGHT) / 2.0, LINE_HEIGHT - 8.0, "middle", self.x_label);
        for (series, (_, values)) in self.series.iter().enumerate() {
            let points: Vec<_> = values.iter().enumerate().map(|(index, &value)| (self.x_of(index), self.y(value, low, high))).collect();
            let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            write(&mut svg, format_args!(r#"<path class="line s{series}" d="M{}"/>"#, path.join("L")));
            for ((x, y), value) in points.iter().zip(values) {
                write(
                    &mut svg,
                    format_args!(
                        r#"<circle class="s{series}" cx="{x:.1}" cy="{y:.1}" r="3"><title>{}</title></circle>"#,
                        thousands(*value)
                    ),
                );
            }
        }
        let names: Vec<_> = self.series.iter().map(|(name, _)| *name).collect();
        figure(&format!("{}, {}", self.title, self.y_label), LINE_HEIGHT, &svg, &names)
    }

    /// Round values that hold all of the series between the first and the last, at least two of them.
    fn ticks(&self) -> Vec<f64> {
        let values = || self.series.iter().flat_map(|(_, values)| values).copied();
        let max = values().fold(f64::MIN_POSITIVE, f64::max);
        match self.scale {
            Scale::Linear => {
                let step = round_step(max / 4.0);
                (0..=(max / step).ceil() as u32).map(|index| f64::from(index) * step).collect()
            }
            Scale::Logarithmic => {
                let min = values().filter(|value| *value > 0.0).fold(max, f64::min);
                let low = min.log10().floor() as i32;
                (low..=(max.log10().ceil() as i32).max(low + 1)).map(|exponent| 10f64.powi(exponent)).collect()
            }
        }
    }

    fn x_of(&self, index: usize) -> f64 {
        let space = (WIDTH - LINE_LEFT - LINE_RIGHT) / self.x.len() as f64;
        LINE_LEFT + space * (index as f64 + 0.5)
    }

    fn y(&self, value: f64, low: f64, high: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => part(value - low, high - low),
            Scale::Logarithmic => part(value.max(low).log10() - low.log10(), high.log10() - low.log10()),
        };
        let bottom = LINE_HEIGHT - LINE_BOTTOM;
        bottom - (bottom - LINE_TOP) * share
    }
}

/// A caption, the legend, the drawing.
fn figure(caption: &str, height: f64, svg: &str, series: &[&str]) -> String {
    let legend: String = series
        .iter()
        .enumerate()
        .map(|(index, name)| format!(r#"<span class="key"><i class="s{index}"></i>{}</span>"#, escape(name)))
        .collect();
    let caption = escape(caption);
    format!(
        "<figure><figcaption>{caption}<span class=\"legend\">{legend}</span></figcaption>\
         <svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{caption}\">{svg}</svg></figure>\n"
    )
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    write(svg, format_args!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, escape(content)));
}

fn write(svg: &mut String, arguments: std::fmt::Arguments<'_>) {
    svg.write_fmt(arguments).expect("a string takes all that is written");
}

/// The share of a whole, 0 to 1; 0 of nothing.
fn part(value: f64, whole: f64) -> f64 {
    if whole > 0.0 { (value / whole).clamp(0.0, 1.0) } else { 0.0 }
}

/// The least of 1, 2, 5, 10, ... times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].map(|digit| digit * power).into_iter().find(|step| *step >= least).unwrap_or(10.0 * power)
}

/// A round number in few letters, e.g. `20k`.
fn short(value: f64) -> String {
    match value {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(scale: Scale, values: Vec<f64>) -> Lines<'static> {
        let x = values.iter().map(ToString::to_string).collect();
        Lines { title: "t", x_label: "x", y_label: "y", scale, x, series: vec![("a", values)] }
    }

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        assert_eq!(lines(Scale::Linear, vec![3.0, 33_000.0]).ticks(), [0.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0]);
        assert_eq!(lines(Scale::Logarithmic, vec![30.0, 4_000.0]).ticks(), [10.0, 100.0, 1_000.0, 10_000.0]);
        assert_eq!(lines(Scale::Logarithmic, vec![100.0]).ticks(), [100.0, 1_000.0]);
        assert!(lines(Scale::Linear, Vec::new()).ticks().len() >= 2);
    }

    #[test]
    fn points_stand_where_their_values_are() {
        let chart = lines(Scale::Linear, vec![0.0, 4.0]);
        let (bottom, top) = (chart.y(0.0, 0.0, 4.0), chart.y(4.0, 0.0, 4.0));
        assert_eq!([bottom, chart.y(2.0, 0.0, 4.0), top], [LINE_HEIGHT - LINE_BOTTOM, f64::midpoint(bottom, top), LINE_TOP]);
        assert!(chart.x_of(0) > LINE_LEFT && chart.x_of(1) < WIDTH - LINE_RIGHT);
        let chart = lines(Scale::Logarithmic, vec![10.0, 1_000.0]);
        assert_eq!(chart.y(100.0, 10.0, 1_000.0), f64::midpoint(chart.y(10.0, 10.0, 1_000.0), chart.y(1_000.0, 10.0, 1_000.0)));
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let bars = Bars { title: "t", unit: "u", series: &["a", "b"], groups: vec![("g".to_owned(), vec![10.0, 5.0])] };
        let widths: Vec<f64> =
            bars.figure().split("width=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
        assert_eq!(widths, [WIDTH - BAR_LABEL_WIDTH - BAR_VALUE_WIDTH, (WIDTH - BAR_LABEL_WIDTH - BAR_VALUE_WIDTH) / 2.0]);
    }

    #[test]
    fn ticks_in_few_letters() {
        assert_eq!([0.0, 500.0, 1_000.0, 2_500.0, 2e6].map(short), ["0", "500", "1k", "2.5k", "2M"]);
    }
}
