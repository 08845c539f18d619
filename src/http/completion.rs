//! An answer of a language model: its tokens, and the templates of the events that carry them.
//!
//! A template is text with marks: `$` and a letter, each of which is replaced by a value. So an
//! event reads here as it does on the wire, and a streamed answer that waits holds a few numbers.

mod text;
mod vectors;

use std::borrow::Cow;
use std::io::Write as _;

use super::date_header::rfc_3339;
use super::json::escape_utf8;
use crate::base::random::Random;
pub use text::{Text, tokens};
pub use vectors::Vectors;

/// The templates of one API's answers.
///
/// Marks: `$i` hexadecimal digits for ids; `$m` the model; `$c` the Unix time in seconds, `$d` the
/// same as in RFC 3339; `$t` the next token, `$x` the whole text, both within quotes; `$r` a text
/// that is JSON; `$b` the next vector; `$n` the number of the event, from 0; `$p` tokens of the
/// prompt, `$o` of the answer, `$s` of both; `$f` the reason of the end, and `$g` what else it
/// says; `$k` the name of the tool that is called; `$l` the probabilities of the last token, `$L`
/// of all; `$u` what events have in addition, and `$v` an event of its own, if the usage is asked
/// for; `$e` nanoseconds since the head.
///
/// What is between `$[` and `$]` is repeated for each choice, of which `$h` is the number, from 0.
/// `$,` is a comma, except before the first choice or vector.
#[derive(Debug)]
pub struct Form {
    /// The events before the first token.
    pub opening: &'static str,
    /// The event of a token, of a choice that has one left.
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
    /// Its choices: one, or as many as were asked for.
    pub choices: Box<[Choice]>,
    /// Its vectors, if it has some: a token for each.
    pub vectors: Vectors,
    /// The number of tokens of the prompt.
    pub prompt_tokens: u64,
    /// Whether the probabilities of tokens were asked for.
    pub logprobs: bool,
    /// How far it has been written; the default at first.
    pub progress: Progress,
}

/// One of the answers to a request that asks for several.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its text.
    pub text: Text,
    /// The number of tokens it has.
    pub tokens: u64,
    /// The reason of its end, and what else that says, in JSON.
    pub finish: (&'static str, Cow<'static, str>),
}

/// How far an answer has been written.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Pieces that have been made.
    made: u64,
    /// Events that have been numbered.
    events: u64,
    /// The choice that is being written.
    choice: usize,
    /// The token that was written last.
    token: String,
}

impl Completion {
    /// An answer in this form, and nothing else.
    pub fn new(form: &'static Form) -> Completion {
        Completion {
            form,
            usage: ["", ""],
            error: "",
            seed: 0,
            unix_us: 0,
            model: Box::default(),
            tool: Box::default(),
            choices: Box::default(),
            vectors: Vectors::default(),
            prompt_tokens: 0,
            logprobs: false,
            progress: Progress::default(),
        }
    }

    /// The number of pieces of the streamed answer: one for each token, the first with the opening
    /// events, and one for the closing events. So pauses between pieces are those between tokens.
    /// A piece has a token of each choice, as a model makes them.
    pub fn pieces(&self) -> u64 {
        // A form may have all tokens in its opening.
        let choices = self.choices.iter().filter(|_| !self.form.token.is_empty());
        choices.map(|choice| choice.tokens).max().unwrap_or_default() + 1
    }

    /// Appends the next piece, `elapsed_us` after the head.
    pub fn piece(&mut self, elapsed_us: u64, output: &mut Vec<u8>) {
        let made = self.progress.made;
        if made == 0 {
            self.write(self.form.opening, elapsed_us, output);
        }
        if made + 1 == self.pieces() {
            self.write(self.form.closing, elapsed_us, output);
        }
        for choice in 0..self.choices.len() {
            if self.choices.get(choice).is_some_and(|choice| made < choice.tokens) {
                self.progress.choice = choice;
                self.write(self.form.token, elapsed_us, output);
            }
        }
        self.progress.choice = 0;
        self.progress.made += 1;
    }

    /// Appends an event that reports an error in place of the next piece.
    pub fn fail(&mut self, output: &mut Vec<u8>) {
        self.write(self.error, 0, output);
    }

    /// Appends the whole answer in one document.
    pub fn whole(&mut self, output: &mut Vec<u8>) {
        self.write(self.form.whole, 0, output);
    }

    #[inline(never)] // for a smaller program
    fn write(&mut self, template: &'static str, elapsed_us: u64, output: &mut Vec<u8>) {
        let (mut rest, mut repeated) = (template, "");
        while let Some((before, after)) = rest.split_once('$') {
            output.extend_from_slice(before.as_bytes());
            let (mark, after) = after.split_at_checked(1).unwrap_or_default();
            rest = after;
            match mark {
                "[" => repeated = rest,
                "]" if self.progress.choice + 1 < self.choices.len() => {
                    self.progress.choice += 1;
                    rest = repeated;
                }
                "]" => self.progress.choice = 0,
                _ => self.value(mark, elapsed_us, output),
            }
        }
        output.extend_from_slice(rest.as_bytes());
    }

    /// Appends what a mark is replaced by.
    fn value(&mut self, mark: &str, elapsed_us: u64, output: &mut Vec<u8>) {
        let tokens = || self.choices.iter().map(|choice| choice.tokens).sum::<u64>();
        let number = match mark {
            "c" => self.unix_us / 1_000_000,
            "n" => {
                self.progress.events += 1;
                self.progress.events - 1
            }
            "h" => self.progress.choice as u64,
            "p" => self.prompt_tokens,
            "o" => tokens(),
            "s" => self.prompt_tokens + tokens(),
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
            "b" => self.vectors.write(self.progress.made as usize, output),
            "," if self.progress.choice > 0 || self.progress.made > 0 => output.push(b','),
            "u" => output.extend_from_slice(self.usage[0].as_bytes()),
            "v" => self.write(self.usage[1], elapsed_us, output),
            // Of one width, so that the length of the body is known before its time. Writing to a
            // vector cannot fail.
            "e" => _ = write!(output, "{:>16}", elapsed_us.max(1).saturating_mul(1000)),
            _ => self.put_choice(mark, output),
        }
    }

    /// Appends what is replaced by something of the choice.
    fn put_choice(&mut self, mark: &str, output: &mut Vec<u8>) {
        let Some(choice) = self.choices.get_mut(self.progress.choice) else { return };
        match mark {
            "t" => {
                self.progress.token = choice.text.next(self.progress.made);
                escape_utf8(output, self.progress.token.as_bytes());
            }
            "x" => escape_utf8(output, choice.text.whole(choice.tokens).as_bytes()),
            "r" => output.extend_from_slice(choice.text.whole(u64::MAX).as_bytes()),
            "f" => output.extend_from_slice(choice.finish.0.as_bytes()),
            "g" => output.extend_from_slice(choice.finish.1.as_bytes()),
            "l" if self.logprobs => write_logprobs(&self.progress.token, output),
            "L" if self.logprobs => write_logprobs(&choice.text.whole(choice.tokens), output),
            "l" | "L" => output.extend_from_slice(b"null"),
            _ => {}
        }
    }
}

/// Appends the logarithms of the probabilities of the tokens of a text, in OpenAI's form. All are
/// equally likely, and each is the only candidate.
fn write_logprobs(text: &str, output: &mut Vec<u8>) {
    output.extend_from_slice(b"{\"content\":[");
    let mut before = "";
    for token in tokens(text) {
        let token = String::from_utf8_lossy(&escaped(token)).into_owned();
        let one = format!("{{\"token\":\"{token}\",\"logprob\":-0.1,\"bytes\":null");
        // Writing to a vector cannot fail.
        _ = write!(output, "{before}{one},\"top_logprobs\":[{one}}}]}}");
        before = ",";
    }
    output.extend_from_slice(b"],\"refusal\":null}");
}

/// The content of a JSON string.
pub fn escaped(text: &str) -> Box<[u8]> {
    let mut output = Vec::new();
    escape_utf8(&mut output, text.as_bytes());
    output.into()
}

/// Appends 24 hexadecimal digits that follow from a seed.
pub fn write_id(seed: u64, output: &mut Vec<u8>) {
    let mut random = Random::new(seed);
    let (high, low) = (random.next_u64(), random.next_u64() >> 32);
    // Writing to a vector cannot fail.
    _ = write!(output, "{high:016x}{low:08x}");
}

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
        let choices = [choice(text, tokens)].into();
        Completion { model, choices, prompt_tokens: 2, ..Completion::new(&FORM) }
    }

    fn choice(text: &str, tokens: u64) -> Choice {
        Choice { text: Text::given(text), tokens, finish: ("stop", "!".into()) }
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

    static CHOICES: Form = Form {
        opening: "$[<$h>$]",
        token: "[$h $t]",
        closing: "$[($h $f)$] $o\n",
        whole: "[$[$,$h $x$]]",
    };

    #[test]
    fn a_piece_has_a_token_of_each_choice_that_has_one_left() {
        let choices = [choice("a b", 2), choice("c", 1)];
        let mut completion = Completion { choices: choices.into(), ..Completion::new(&CHOICES) };
        assert_eq!(
            pieces(&mut completion.clone()),
            ["<0><1>[0 a][1 c]", "[0  b]", "(0 stop)(1 stop) 3\n"]
        );
        let mut output = Vec::new();
        completion.whole(&mut output);
        assert_eq!(output, b"[0 a b,1 c]");
    }

    static VECTORS: Form = Form { opening: "{", token: "$,$b", closing: "}", whole: "" };

    #[test]
    fn a_vector_is_a_piece() {
        let vectors = Vectors { seeds: [1, 2].into(), dimensions: 1, base64: false };
        let choices = [choice("", 2)].into();
        let pieces = pieces(&mut Completion { choices, vectors, ..Completion::new(&VECTORS) });
        assert!(pieces[0].starts_with("{[") && pieces[1].starts_with(",["), "{pieces:?}");
        assert_eq!((pieces.len(), pieces[2].as_str()), (3, "}"));
    }

    #[test]
    fn each_token_has_its_probability() {
        let mut output = Vec::new();
        write_logprobs("a \"", &mut output);
        let object: serde_json::Value = serde_json::from_slice(&output).unwrap();
        assert_eq!(object.pointer("/content/1/token"), Some(&" \"".into()));
        assert_eq!(object.pointer("/content/0/top_logprobs/0/logprob"), Some(&(-0.1).into()));
    }
}
