//! The rows of the document's tables.

/// One row of a table: what another program does, and how it is done here.
pub(crate) struct Row {
    /// The first cell, for messages.
    pub(crate) there: String,
    /// What is requested or started: the code spans of the second cell.
    pub(crate) here: Vec<String>,
    /// What arrives, request by request.
    pub(crate) arrives: Vec<String>,
}

/// Each row of the tables that have three columns.
pub(crate) fn tables(document: &str) -> Vec<Row> {
    let lines = document.lines().filter(|line| line.starts_with("| "));
    let rows = lines.map(|line| {
        let cells = line.split(" | ").map(|cell| cell.trim_matches(['|', ' ']).to_owned());
        cells.collect::<Vec<String>>()
    });
    let rows = rows.filter(|row| row.get(2).is_some_and(|arrives| arrives != "What arrives"));
    let parse = |row: Vec<String>| Row {
        there: row[0].clone(),
        here: row[1].split('`').skip(1).step_by(2).map(str::to_owned).collect(),
        arrives: row[2].split("; ").map(str::to_owned).collect(),
    };
    rows.map(parse).collect()
}
