//! What the document has: commands with what they print, and rows of tables.

/// One row of a table: what another program does, and how it is done here.
pub(crate) struct Row {
    /// The first cell, for messages.
    pub(crate) there: String,
    /// What is requested or started: the code spans of the second cell.
    pub(crate) here: Vec<String>,
    /// What arrives, request by request.
    pub(crate) arrives: Vec<String>,
}

/// Each command of the console blocks, with its output.
pub(crate) fn commands(document: &str) -> Vec<(String, String)> {
    let blocks = document.split("```").skip(1).step_by(2);
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in blocks.filter_map(|block| block.strip_prefix("console\n")).flat_map(str::lines) {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command.to_owned(), String::new())),
            None => {
                let (_, output) = commands.last_mut().expect("a block starts with a command");
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    commands
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

/// Whether a text is what is shown: word by word, with `…` for any text, and `1.5…` for a number
/// that is at least so large.
pub(crate) fn same(shown: &str, printed: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let (shown, printed) = (words(shown), words(printed));
    shown.len() == printed.len() && shown.iter().zip(&printed).all(|(a, b)| same_word(a, b))
}

fn same_word(shown: &str, printed: &str) -> bool {
    let Some((before, after)) = shown.split_once('…') else { return shown == printed };
    match before.parse::<f64>() {
        Ok(least) => printed.parse::<f64>().is_ok_and(|number| number >= least),
        Err(_) => printed.starts_with(before) && printed.ends_with(after),
    }
}

#[test]
fn words_are_compared() {
    for (shown, printed) in [("a b\n", "a  b"), ("0.2…", "0.25"), ("d=…; s", "d=1ms; s")] {
        assert!(same(shown, printed), "{shown}");
    }
    for (shown, printed) in
        [("a", "b"), ("0.2…", "0.19"), ("0.2…", "x"), ("a", "a b"), ("a…c", "ab")]
    {
        assert!(!same(shown, printed), "{shown}");
    }
}
