//! Tables.

use super::escape;

/// A ratio as the tables show it.
pub(super) fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}")
}

/// A table; numbers stand right. A rule stands before each new name in the first column; ratios above 1 are set off.
pub(super) fn html_table(columns: &[(&str, bool)], lines: impl Iterator<Item = Vec<String>>) -> String {
    let class = |number: bool| if number { " class=\"n\"" } else { "" };
    let head: String = columns.iter().map(|(name, number)| format!("<th{}>{name}</th>", class(*number))).collect();
    let cell = |(name, number): &(&str, bool), text: &String| {
        let ahead = *name == "ratio" && text.parse().is_ok_and(|ratio: f64| ratio > 1.0);
        let class = if ahead { " class=\"n ahead\"" } else { class(*number) };
        format!("<td{class}>{}</td>", escape(text))
    };
    let mut group = None;
    let mut body = String::new();
    for cells in lines {
        let class = if group.as_ref() == Some(&cells[0]) { "" } else { " class=\"first\"" };
        let line: String = columns.iter().zip(&cells).map(|(column, text)| cell(column, text)).collect();
        body += &format!("<tr{class}>{line}</tr>\n");
        group = cells.into_iter().next();
    }
    format!("<div class=\"table\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n")
}
