//! An answer of a language model: its tokens, and the templates of the events that carry them.
//!
//! A template is text with marks: `$` and a letter, each of which is replaced by a value. So an
//! event reads here as it does on the wire, and a streamed answer that waits holds a few numbers.

use std::fmt::Write as _;
use std::io::Write as _;

use super::date_header::rfc_3339;
use super::json::escape_utf8;
use crate::base::random::Random;

/// The templates of one API's answers.
///
/// Marks: `$i` hexadecimal digits for ids; `$m` the model; `$c` the Unix time in seconds, `$d` the
/// same as in RFC 3339; `$t` the next token, `$x` the whole text, both within quotes; `$r` a text
/// that is JSON; `$n` the number of the event, from 0; `$p` tokens of the prompt, `$o` of the
/// answer, `$s` of both; `$f` the reason of the end, and `$g` what else it says; `$k` the name of
/// the tool that is called; `$u` what events have in addition,
/// and `$v` an event of its own, if the usage is asked for; `$e` nanoseconds since the head.
#[derive(Debug)]
pub struct Form {
    /// The events before the first token.
    pub opening: &'static str,
    /// The event of a token.
    pub token: &'static str,
    /// The events after the last token.
    pub closing: &'static str,
    /// The whole answer in one document.
    pub whole: &'static str,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The form of its events.
    pub form: &'static Form,
    /// What `$u` and `$v` are.
    pub usage: [&'static str; 2],
    /// An event that reports an error within the stream.
    pub error: &'static str,
    /// What its ids are made from.
    pub seed: u64,
    /// The Unix time of the request, in microseconds.
    pub unix_us: u64,
    /// The content of a JSON string: the model.
    pub model: Box<[u8]>,
    /// The content of a JSON string: the tool that is called.
    pub tool: Box<[u8]>,
    /// Its text.
    pub text: Text,
    /// The number of tokens it has.
    pub tokens: u64,
    /// The number of tokens of the prompt.
    pub prompt_tokens: u64,
    /// The reason of its end, and what else that says.
    pub finish: (&'static str, &'static str),
    /// How many pieces have been made; 0 at first.
    pub made: u64,
    /// How many events have been numbered; 0 at first.
    pub events: u64,
}

impl Completion {
    /// An answer in this form with this text, and nothing else.
    pub fn new(form: &'static Form, text: Text) -> Completion {
        Completion {
            form,
            usage: ["", ""],
            error: "",
            seed: 0,
            unix_us: 0,
            model: Box::default(),
            tool: Box::default(),
            text,
            tokens: 0,
            prompt_tokens: 0,
            finish: ("", ""),
            made: 0,
            events: 0,
        }
    }

    /// The number of pieces of the streamed answer: one for each token, the first with the opening
    /// events, and one for the closing events. So pauses between pieces are those between tokens.
    pub fn pieces(&self) -> u64 {
        self.parts() + 1
    }

    /// The number of tokens that are pieces: none of a form that has them in its opening.
    fn parts(&self) -> u64 {
        if self.form.token.is_empty() { 0 } else { self.tokens }
    }

    /// Appends the next piece, `elapsed_us` after the head.
    pub fn piece(&mut self, elapsed_us: u64, output: &mut Vec<u8>) {
        if self.made == 0 {
            self.write(self.form.opening, elapsed_us, output);
        }
        if self.made < self.parts() {
            self.write(self.form.token, elapsed_us, output);
        } else {
            self.write(self.form.closing, elapsed_us, output);
        }
        self.made += 1;
    }

    /// Appends an event that reports an error in place of the next piece.
    pub fn fail(&mut self, output: &mut Vec<u8>) {
        self.write(self.error, 0, output);
    }

    /// Appends the whole answer in one document.
    pub fn whole(&mut self, output: &mut Vec<u8>) {
        self.write(self.form.whole, 0, output);
    }

    fn write(&mut self, template: &'static str, elapsed_us: u64, output: &mut Vec<u8>) {
        let mut parts = template.split('$');
        output.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            let (mark, rest) = part.split_at_checked(1).unwrap_or_default();
            self.value(mark, elapsed_us, output);
            output.extend_from_slice(rest.as_bytes());
        }
    }

    /// Appends what a mark is replaced by.
    fn value(&mut self, mark: &str, elapsed_us: u64, output: &mut Vec<u8>) {
        let number = match mark {
            "c" => self.unix_us / 1_000_000,
            "n" => {
                self.events += 1;
                self.events - 1
            }
            "p" => self.prompt_tokens,
            "o" => self.tokens,
            "s" => self.prompt_tokens + self.tokens,
            _ => return self.put(mark, elapsed_us, output),
        };
        output.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn put(&mut self, mark: &str, elapsed_us: u64, output: &mut Vec<u8>) {
        match mark {
            "i" => write_id(self.seed, output),
            "m" => output.extend_from_slice(&self.model),
            "k" => output.extend_from_slice(&self.tool),
            "d" => {
                let unix_us = self.unix_us.saturating_add(elapsed_us);
                output.extend_from_slice(rfc_3339(unix_us).as_bytes());
            }
            "t" => escape_utf8(output, self.text.next(self.made).as_bytes()),
            "x" => escape_utf8(output, self.text.whole(self.tokens).as_bytes()),
            "r" => output.extend_from_slice(self.text.whole(u64::MAX).as_bytes()),
            "f" => output.extend_from_slice(self.finish.0.as_bytes()),
            "g" => output.extend_from_slice(self.finish.1.as_bytes()),
            "u" => output.extend_from_slice(self.usage[0].as_bytes()),
            "v" => self.write(self.usage[1], elapsed_us, output),
            // Of one width, so that the length of the body is known before its time. Writing to a
            // vector cannot fail.
            "e" => _ = write!(output, "{:>16}", elapsed_us.max(1).saturating_mul(1000)),
            _ => {}
        }
    }
}

/// Appends 24 hexadecimal digits that follow from a seed.
pub fn write_id(seed: u64, output: &mut Vec<u8>) {
    let mut random = Random::new(seed);
    let (high, low) = (random.next_u64(), random.next_u64() >> 32);
    // Writing to a vector cannot fail.
    _ = write!(output, "{high:016x}{low:08x}");
}

/// Where the text of an answer comes from.
#[derive(Clone, Debug)]
pub enum Text {
    /// Words drawn from a list, from this number.
    Words(u64),
    /// A text that was given, and how far it has been sent in bytes.
    Given(Box<str>, usize),
}

impl Text {
    /// Words that follow from a seed.
    pub fn words(seed: u64) -> Text {
        // Mixed, since the words of two seeds that follow each other would else be shifted copies.
        Text::Words(Random::new(seed).next_u64())
    }

    /// A text that was given.
    pub fn given(text: impl Into<Box<str>>) -> Text {
        Text::Given(text.into(), 0)
    }

    /// The next token, which has this number, from 0.
    fn next(&mut self, n: u64) -> String {
        match self {
            Text::Words(start) => word(*start, n),
            Text::Given(text, at) => {
                let token = tokens(text.get(*at..).unwrap_or_default()).next().unwrap_or_default();
                *at += token.len();
                token.to_owned()
            }
        }
    }

    /// The text of the first so many tokens.
    fn whole(&self, count: u64) -> String {
        match self {
            Text::Words(start) => (0..count).map(|n| word(*start, n)).collect(),
            Text::Given(text, _) => {
                tokens(text).take(usize::try_from(count).unwrap_or(usize::MAX)).collect()
            }
        }
    }
}

/// The tokens of a text: each a word with the whitespace before it, and the last whitespace.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.find(|char: char| !char.is_whitespace()).unwrap_or(rest.len());
        let after = rest.get(word..)?;
        let end = word + after.find(char::is_whitespace).unwrap_or(after.len());
        let (token, left) = rest.split_at_checked(end).filter(|split| !split.0.is_empty())?;
        rest = left;
        Some(token)
    })
}

/// Word number `n`, with a space before it unless it is the first.
fn word(start: u64, n: u64) -> String {
    let draw = Random::new(start.wrapping_add(n)).below(WORDS.len() as u64);
    let word = WORDS.get(draw as usize).copied().unwrap_or_default();
    let mut text = String::with_capacity(1 + word.len());
    // Writing to a string cannot fail.
    _ = write!(text, "{}{word}", if n == 0 { "" } else { " " });
    text
}

/// Common short words, as long as tokens of English are: four bytes with the space.
const WORDS: [&str; 64] = [
    "a", "all", "and", "are", "as", "at", "be", "blue", "book", "but", "by", "can", "car", "day",
    "do", "door", "each", "few", "find", "for", "from", "go", "good", "has", "he", "here", "hill",
    "how", "if", "in", "is", "it", "lake", "light", "long", "make", "many", "more", "new", "no",
    "not", "of", "on", "one", "or", "out", "rain", "road", "sea", "she", "so", "song", "stone",
    "that", "the", "then", "they", "to", "tree", "two", "was", "we", "wind", "you",
];

#[cfg(test)]
mod tests {
    use super::*;

    static FORM: Form = Form {
        opening: "<$n $m>",
        token: "[$n $t]",
        closing: "<$n $x $f $o/$p/$s>\n",
        whole: "$x$g",
    };

    fn pieces(completion: &mut Completion) -> Vec<String> {
        let count = completion.pieces();
        let piece = |_| {
            let mut output = Vec::new();
            completion.piece(0, &mut output);
            String::from_utf8(output).unwrap()
        };
        (0..count).map(piece).collect()
    }

    fn given(text: &str, tokens: u64) -> Completion {
        let model = b"m".as_slice().into();
        let finish = ("stop", "!");
        let text = Text::given(text);
        Completion { model, tokens, prompt_tokens: 2, finish, ..Completion::new(&FORM, text) }
    }

    #[test]
    fn a_token_is_a_piece_and_the_opening_goes_with_the_first() {
        let pieces = pieces(&mut given("a \"b\"  c", 3));
        assert_eq!(
            pieces,
            ["<0 m>[1 a]", "[2  \\\"b\\\"]", "[3   c]", "<4 a \\\"b\\\"  c stop 3/2/5>\n",]
        );
    }

    #[test]
    fn a_text_is_cut_and_may_be_empty() {
        assert_eq!(pieces(&mut given("a b c", 1)), ["<0 m>[1 a]", "<2 a stop 1/2/3>\n"]);
        assert_eq!(pieces(&mut given("", 0)), ["<0 m><1  stop 0/2/2>\n"]);
        let mut output = Vec::new();
        given("a b c", 2).whole(&mut output);
        assert_eq!(output, b"a b!");
    }

    #[test]
    fn words_follow_from_the_seed() {
        let words = |seed| Text::words(seed).whole(50);
        assert_eq!(words(1), words(1));
        assert_ne!(words(1)[..20], words(2)[..20]);
        let mut text = Text::words(7);
        let one_by_one: String = (0..50).map(|n| text.next(n)).collect();
        assert_eq!(one_by_one, words(7));
        assert_eq!(tokens(&words(3)).count(), 50);
    }

    proptest::proptest! {
        #[test]
        fn tokens_are_the_whole_text(text in "[ \n\u{a0}a-cé\"]{0,40}") {
            let all: Vec<&str> = tokens(&text).collect();
            assert_eq!(all.concat(), text);
            assert!(all.iter().all(|token| !token.is_empty()));
        }
    }
}
