//! Numbers in prose. Each stands after a comment that says which record it is from, so that it is
//! written by the program that reads the record and can't drift from it.
//!
//! `<!--= FILE; COLUMN=VALUE; COLUMN!=VALUE; WHAT -->1.23<!--/-->`: a file below `results/`, which of
//! its rows, and what of them. Of a JSON file the whole is one row, its fields the columns. WHAT is
//! - `count`: how many rows there are;
//! - `COLUMN`: the words of the one row's cell;
//! - `COLUMN UNIT .N`: its number with N decimals. UNIT may be left out, or is `points` (a ratio as
//!   per cent above 1), `percent` (of a share), `s` or `ms` (of nanoseconds), `MB` (of bytes);
//! - the same with several columns: `estimate [low to high] .2`;
//! - `least COLUMN UNIT .N`, `most COLUMN UNIT .N`: over all rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use facts::Lang;
use measure::failure;

const BEGIN: &str = "<!--= ";
const FROM: &str = " -->";
const END: &str = "<!--/-->";

type Row = BTreeMap<String, String>;

/// The page with the numbers that the records below `results` have.
pub(super) fn fill(page: &Path, text: &str, results: &Path) -> miette::Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        filled.push_str(before);
        let broken = |mark: &str, why: String| {
            failure(
                format!("{}: `{mark}` chooses no number", page.display()),
                why,
                "a mark is `<!--= FILE; COLUMN=VALUE; ...; WHAT -->`, then what `cargo xtask claims \
                 --readme` replaces, then `<!--/-->`; the columns stand in results/README.md",
            )
        };
        let whole = after
            .split_once(END)
            .filter(|(inside, _)| !inside.contains(BEGIN))
            .and_then(|(inside, after)| Some((inside.split_once(FROM)?.0, after)));
        let Some((mark, after)) = whole else {
            let mark = after.lines().next().unwrap_or_default();
            return Err(broken(mark, format!("it has no `{FROM}` and `{END}`")));
        };
        let line = filled.rsplit('\n').next().unwrap_or_default();
        if line.trim_matches([' ', '-']).is_empty() {
            let why = "a line that begins with a comment is HTML to Markdown: put a word before it";
            return Err(broken(mark, why.to_owned()));
        }
        let number = number(mark, results).map_err(|why| broken(mark, why))?;
        filled.extend([BEGIN, mark, FROM, &number, END]);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn number(mark: &str, results: &Path) -> Result<String, String> {
    let parts: Vec<&str> = mark.split("; ").collect();
    let [file, conditions @ .., what] = &parts[..] else {
        return Err("it says not what to take of the file".to_owned());
    };
    let mut rows = rows(&results.join(file)).map_err(|error| format!("{file}: {error}"))?;
    for condition in conditions {
        let (column, value) = condition
            .split_once('=')
            .ok_or_else(|| format!("`{condition}` is not COLUMN=VALUE or COLUMN!=VALUE"))?;
        let (column, is_same) = match column.strip_suffix('!') {
            Some(column) => (column, false),
            None => (column, true),
        };
        if let Some(row) = rows.first() {
            cell(row, column)?;
        }
        rows.retain(|row| (row.get(column).is_some_and(|cell| cell == value)) == is_same);
    }
    if rows.is_empty() {
        return Err(format!("no row of {file} is like that"));
    }
    shown(&rows, what)
}

fn rows(path: &Path) -> Result<Vec<Row>, String> {
    if path.extension().is_some_and(|of| of == "json") {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        let fields: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let words = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        return Ok(vec![fields.into_iter().map(|(of, value)| (of, words(value))).collect()]);
    }
    let mut reader = csv::Reader::from_path(path).map_err(|error| error.to_string())?;
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.map_err(|error| error.to_string())
}

fn cell<'a>(row: &'a Row, column: &str) -> Result<&'a str, String> {
    let cell = row.get(column).map(String::as_str);
    cell.ok_or_else(|| format!("there is no column `{column}`"))
}

fn shown(rows: &[Row], what: &str) -> Result<String, String> {
    if what == "count" {
        return Ok(rows.len().to_string());
    }
    let (what, decimals) = match what.rsplit_once(" .") {
        Some((what, decimals)) => {
            let decimals = decimals.parse::<usize>();
            (what, Some(decimals.map_err(|error| error.to_string())?))
        }
        None => (what, None),
    };
    let (what, scale): (_, fn(f64) -> f64) = match what.rsplit_once(' ') {
        Some((what, "points")) => (what, |ratio| (ratio - 1.0) * 100.0),
        Some((what, "percent")) => (what, |share| share * 100.0),
        Some((what, "s")) => (what, |ns| ns / 1e9),
        Some((what, "ms")) => (what, |ns| ns / 1e6),
        Some((what, "MB")) => (what, |bytes| bytes / 1e6),
        _ => (what, |number| number),
    };
    let read = |row: &Row, column: &str| {
        let cell = cell(row, column)?;
        let number = cell.parse().map(scale);
        number.map_err(|_| format!("`{cell}` in `{column}` is no number"))
    };
    let extreme = [("least ", f64::min as fn(f64, f64) -> f64), ("most ", f64::max)]
        .into_iter()
        .find_map(|(word, of)| what.strip_prefix(word).zip(Some(of)));
    if let Some((column, of)) = extreme {
        let decimals = decimals.ok_or("it says not how many decimals: `.N`")?;
        let numbers = rows.iter().map(|row| read(row, column));
        let numbers = numbers.collect::<Result<Vec<f64>, String>>()?;
        let found = numbers.into_iter().reduce(of).unwrap_or(f64::NAN);
        return Ok(Lang::En.number(found, decimals));
    }
    let [row] = rows else {
        return Err(format!("{} rows are like that, not one", rows.len()));
    };
    let one = |word: &str| {
        let column = word.trim_matches(['[', ']']);
        if column == "to" {
            return Ok(word.to_owned());
        }
        let found = match decimals {
            Some(of) => Lang::En.number(read(row, column)?, of),
            None => cell(row, column)?.to_owned(),
        };
        Ok(word.replace(column, &found))
    };
    let words = what.split(' ').map(one).collect::<Result<Vec<_>, String>>();
    Ok(words?.join(" "))
}
