"""What clients of language models are shown."""

# How long a client waits for an answer that comes, and for one that does not, in seconds.
PATIENT, IMPATIENT = 20, 1

# What is asked for: a whole answer, a stream, a stream that the client puts together by itself, two
# tokens of it, what is before a stop sequence, a call of a tool, an object of a class, embeddings, two
# prompts at once, what is known of models; a body that is too large, a path that is not served.
WHOLE, STREAM, BY_CLIENT, SHORT, STOP = "whole", "stream", "by client", "short", "stop"
TOOL, OBJECT, VECTORS, PROMPTS, MODELS = "tool", "object", "vectors", "prompts", "models"
LARGE, NOWHERE = "large", "nowhere"

# Modifiers, as segments of a path; what is asked for; and what it is. `KEY` is another one each time.
CASES = [
    ("", WHOLE, "a whole answer"),
    ("", STREAM, "a stream"),
    ("", BY_CLIENT, "a stream that the client puts together"),
    ("", SHORT, "a stream of at most two tokens"),
    ("", STOP, "a stream up to the stop sequence ` three`"),
    ("", TOOL, "a stream that calls a tool"),
    ("", OBJECT, "an answer that is parsed by its schema"),
    ("", VECTORS, "two embeddings"),
    ("", PROMPTS, "two prompts in one request"),
    ("", MODELS, "lists of models"),
    ("", LARGE, "a message of 64 KiB, which is more than the server takes"),
    ("", NOWHERE, "a path that is not served"),
    ("~gap=10ms", STREAM, "pauses between tokens"),
    ("~status=429/~times=2/~key=KEY", WHOLE, "two 429, then an answer"),
    ("~status=503/~header=Retry-After:1/~times=1/~key=KEY", STREAM, "a 503, then a stream"),
    ("~fault=close/~times=1/~key=KEY", WHOLE, "FIN without an answer, then an answer"),
    ("~status=429", STREAM, "429 each time"),
    ("~status=401", WHOLE, "an invalid key"),
    ("~status=500", STREAM, "an error of the server"),
    ("~status=529", WHOLE, "an overload"),
    ("~fault=truncate:event:2", STREAM, "cut before the end"),
    ("~frame=close/~fault=truncate:event:2", STREAM, "the same, neither length nor chunks"),
    ("~fault=truncate:event:3", STREAM, "cut before the end marker"),
    ("~fault=reset:event:2", STREAM, "RST before the end"),
    ("~fault=bad-event:event:1", STREAM, "a malformed event"),
    ("~fault=error-event:event:1", STREAM, "an error within the stream"),
    ("~fault=truncate", WHOLE, "half of a whole answer"),
]
# These take longer than the client waits.
HANG = [
    ("~delay=1m", WHOLE, "a delay of a minute"),
    ("~body=1m", STREAM, "a minute to the first token"),
    ("~fault=stall:event:2", STREAM, "silence after two tokens"),
]

# The answer is the message.
TEXT = "one two three"
LARGEST = "32KiB"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
