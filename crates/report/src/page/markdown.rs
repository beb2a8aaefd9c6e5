//! A page as Markdown.

use std::fmt::Write;

use crate::visible::visible;
use facts::document::{Cell, Document, Piece, Table};

/// The page, with the words for each figure and its file. It names no path, so that a record that was
/// moved gives the same page.
pub(crate) fn write(document: &Document, figures: &[(&str, &str)]) -> String {
    let mut page = format!("# {}\n\n{}\n", inline(&document.title), inline(&document.lead));
    write_pieces(&mut page, &document.pieces, figures);
    visible(&page).into_owned()
}

/// Pieces that stand in another page. They have no figures.
pub(crate) fn fragment(pieces: &[Piece]) -> String {
    let mut text = String::new();
    write_pieces(&mut text, pieces, &[]);
    visible(&text).into_owned()
}

fn write_pieces(page: &mut String, pieces: &[Piece], figures: &[(&str, &str)]) {
    for piece in pieces {
        page.push('\n');
        let _ = match piece {
            Piece::Heading(level, text) => {
                writeln!(page, "{} {}", "#".repeat(usize::from(*level)), inline(text))
            }
            Piece::Paragraph(text) => writeln!(page, "{}", inline(text)),
            Piece::Note(text) => writeln!(page, "> {}", inline(text)),
            Piece::List(items) => {
                items.iter().try_for_each(|item| writeln!(page, "- {}", inline(item)))
            }
            Piece::Table(table) => write_table(page, table),
            Piece::Figure(index) => {
                let (alternative, file) = figures[*index];
                writeln!(page, "![{}]({file})", inline(alternative))
            }
            Piece::Code(code) => {
                let fence = fence(code);
                writeln!(page, "{fence}\n{code}\n{fence}")
            }
            Piece::Details(summary, pieces) => {
                let _ = writeln!(page, "**{}**", inline(summary));
                write_pieces(page, pieces, figures);
                Ok(())
            }
        };
    }
}

fn write_table(page: &mut String, table: &Table) -> std::fmt::Result {
    writeln!(page, "{}:\n", inline(&table.caption))?;
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let titles = table.columns.iter().map(|column| inline(&column.title));
    writeln!(page, "{}", row(titles.collect()))?;
    let rules = table.columns.iter().map(|column| {
        let rule = if column.number { "--:" } else { "---" };
        rule.to_owned()
    });
    writeln!(page, "{}", row(rules.collect()))?;
    for cells in &table.rows {
        writeln!(page, "{}", row(cells.iter().map(cell).collect()))?;
    }
    Ok(())
}

fn cell(cell: &Cell) -> String {
    let text = match &cell.link {
        Some(to) => format!("[{}]({to})", inline(&cell.text)),
        None => inline(&cell.text),
    };
    let text = format!("{}{text}", cell.tone.sign());
    let lines = cell.below.iter().map(|below| inline(below));
    std::iter::once(text).chain(lines).collect::<Vec<_>>().join("; ")
}

/// More marks than stand together anywhere in the code, so that it can't end itself.
fn fence(code: &str) -> String {
    let longest = code.split(|mark| mark != '`').map(str::len).max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

/// Everything that Markdown would take for a mark is escaped, outside of code.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (index, span) in text.replace(['\n', '\r'], " ").split('`').enumerate() {
        if index % 2 == 1 {
            // Two marks with nothing between them would begin another kind of code, and end none.
            if !span.is_empty() {
                let _ = write!(out, "`{}`", span.replace('|', "\\|"));
            }
            continue;
        }
        for character in span.chars() {
            if matches!(character, '\\' | '*' | '_' | '<' | '[' | ']' | '|') {
                out.push('\\');
            }
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_mark_is_escaped() {
        assert_eq!(inline("a*b | <c> `d|e*` f"), "a\\*b \\| \\<c> `d\\|e*` f");
        assert_eq!(inline("two\nlines"), "two lines");
    }

    /// `` ``` `` that no other three end is no code, and what stands behind it would be HTML.
    #[test]
    fn marks_of_code_that_are_odd_let_nothing_out() {
        assert_eq!(inline("```<b>"), "`<b>`");
        assert_eq!(inline("``<b>"), "\\<b>");
        assert_eq!(inline("a ` <b>"), "a ` <b>`");
        assert_eq!(fence("cargo run"), "```");
        assert_eq!(fence("a\n````\nb"), "`````");
    }
}
