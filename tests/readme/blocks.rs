//! The code blocks of a document: commands, with what they print or how they end.

/// A fenced block.
pub(crate) struct Block {
    /// What follows the fence: `console`, `sh`, `yaml`, …
    pub(crate) language: String,
    pub(crate) text: String,
}

/// A command, and what must be true of its run.
pub(crate) struct Run {
    pub(crate) command: String,
    pub(crate) expected: Expected,
}

pub(crate) enum Expected {
    /// It prints this; standard output is compared.
    Output(String),
    /// What the comment behind it says: `# 503, after 2 s`, `# exit 18`; without one, it succeeds.
    Comment(String),
}

/// Each block of a document.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let fenced = document.split("\n```").skip(1).step_by(2);
    let block = |fenced: &str| {
        let (language, text) = fenced.split_once('\n').unwrap_or((fenced, ""));
        Block { language: language.to_owned(), text: text.to_owned() }
    };
    fenced.map(block).collect()
}

impl Block {
    /// The commands of a `console` or `sh` block, in their order; none of another one.
    pub(crate) fn runs(&self) -> Vec<Run> {
        match self.language.as_str() {
            "console" => self.console(),
            "sh" => self.script(),
            _ => Vec::new(),
        }
    }

    /// `$ command`, and below it what it prints.
    fn console(&self) -> Vec<Run> {
        let mut commands: Vec<(String, String)> = Vec::new();
        for line in self.text.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), String::new())),
                None => {
                    let (_, output) = commands.last_mut().expect("a block starts with a command");
                    output.push_str(line);
                    output.push('\n');
                }
            }
        }
        let run = |(command, output)| Run { command, expected: Expected::Output(output) };
        commands.into_iter().map(run).collect()
    }

    /// A command on each line, with a comment behind it or above it.
    fn script(&self) -> Vec<Run> {
        let text = self.text.replace("\\\n", "");
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let run = |line: &str| {
            let (command, comment) = line.split_once(" # ").unwrap_or((line, ""));
            let expected = Expected::Comment(comment.trim().to_owned());
            Run { command: command.trim().to_owned(), expected }
        };
        lines.map(run).collect()
    }
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
