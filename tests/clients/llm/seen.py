"""What the clients of language models make of each case."""

import concurrent.futures
import importlib.metadata

import anthropic
import ollama
import openai
import pydantic

import cases
import checks

TITLE = "## What clients of language models report"
MESSAGES = [{"role": "user", "content": cases.TEXT}]
LARGE = [{"role": "user", "content": "a" * 65536}]
FUNCTION = {"name": "weather", "parameters": cases.SCHEMA}
TOOLS = [{"type": "function", "function": FUNCTION}]


class Place(pydantic.BaseModel):
    city: str = pydantic.Field(pattern="^[A-Z][a-z]{2,}$")


class AnyPlace(pydantic.BaseModel):
    """For Anthropic's client, which makes a pattern a part of the description."""

    city: str


def table():
    """The heading of the table, its head and its rows."""
    clients = {
        f"openai {importlib.metadata.version('openai')}, chat": chat,
        "openai, responses": responses,
        f"anthropic {importlib.metadata.version('anthropic')}": messages,
        f"ollama {importlib.metadata.version('ollama')}": local,
    }
    rows = [(*case, cases.PATIENT) for case in cases.CASES]
    rows += [(*case, cases.IMPATIENT) for case in cases.HANG]
    with checks.loiter("--max-body-size", cases.LARGEST) as server, concurrent.futures.ThreadPoolExecutor(8) as pool:
        columns = [
            [pool.submit(cell, client, f"http://{server}", *row) for row in rows]
            for client in clients.values()
        ]
        written = [f"`{mods}`: {what}" if mods else what for mods, _, what, _ in rows]
        columns = [written, *([each.result(120) for each in column] for column in columns)]
    return TITLE, ["Case", *clients], [list(row) for row in zip(*columns)]


def cell(client, server, modifiers, kind, what, seconds):
    """The text that a client has got, and the reason of its end, or what it raises."""
    key = f"{client.__name__} {what}".replace(" ", "-")
    base = f"{server}/{modifiers}".replace("KEY", key).rstrip("/")
    said = []
    try:
        end = client(base, kind, seconds, said)
    except Exception as error:
        status = getattr(error, "status_code", None)
        end = type(error).__name__ + (f" ({status})" if isinstance(status, int) and status > 0 else "")
        if kind in (cases.LARGE, cases.NOWHERE):
            end += f": {reason(error)}"
    text = "".join(said)
    return f"`{text}`, {end}" if text else end


def reason(error):
    """The beginning of the sentence that the client took from the body of an error."""
    body = getattr(error, "body", None) or {"message": error.error}
    return body.get("error", body)["message"].split(",")[0]


def chat(base, kind, seconds, said):
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="any", timeout=seconds, max_retries=retries(seconds))
    asked = {"model": "echo", "messages": MESSAGES}
    create = client.chat.completions.create
    if kind == cases.WHOLE:
        choice = create(**asked).choices[0]
        said.append(choice.message.content)
        return choice.finish_reason
    if kind == cases.OBJECT:
        asked |= {"model": "any", "response_format": Place}
        return repr(client.chat.completions.parse(**asked).choices[0].message.parsed)
    if kind == cases.VECTORS:
        made = client.embeddings.create(model="any", input=["a", cases.TEXT])
        return f"{[len(each.embedding) for each in made.data]} numbers, {made.usage.total_tokens} tokens"
    if kind == cases.PROMPTS:
        made = client.completions.create(model="echo", prompt=["one two", "three"])
        return f"{[choice.text for choice in made.choices]}, {made.usage.total_tokens} tokens"
    if kind == cases.MODELS:
        return ", ".join(model.id for model in client.models.list())
    if kind == cases.LARGE:
        return create(**asked | {"messages": LARGE})
    if kind == cases.NOWHERE:
        return client.files.list()
    if kind == cases.BY_CLIENT:
        with client.chat.completions.stream(**asked) as stream:
            choice = stream.get_final_completion().choices[0]
        said.append(choice.message.content)
        return choice.finish_reason
    if kind == cases.SHORT:
        asked |= {"max_completion_tokens": 2}
    if kind == cases.STOP:
        asked |= {"stop": " three"}
    if kind == cases.TOOL:
        asked |= {"tools": TOOLS, "tool_choice": "required"}
    end = "no reason"
    for chunk in create(**asked, stream=True, stream_options={"include_usage": True}):
        for choice in chunk.choices:
            said.append(choice.delta.content or "")
            for call in choice.delta.tool_calls or []:
                said += [call.function.name or "", call.function.arguments]
            end = choice.finish_reason or end
        if chunk.usage:
            end += f", {chunk.usage.completion_tokens} tokens"
    return end


def responses(base, kind, seconds, said):
    if kind in (cases.STOP, cases.VECTORS, cases.PROMPTS, cases.MODELS):
        return "-"
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="any", timeout=seconds, max_retries=retries(seconds))
    asked = {"model": "echo", "input": cases.TEXT}
    if kind == cases.WHOLE:
        response = client.responses.create(**asked)
        said.append(response.output_text)
        return response.status
    if kind == cases.LARGE:
        return client.responses.create(**asked | {"input": LARGE})
    if kind == cases.NOWHERE:
        return client.responses.retrieve("resp_1")
    if kind == cases.OBJECT:
        return repr(client.responses.parse(model="any", input="x", text_format=Place).output_parsed)
    if kind == cases.BY_CLIENT:
        with client.responses.stream(**asked) as stream:
            response = stream.get_final_response()
        said.append(response.output_text)
        return response.status
    if kind == cases.SHORT:
        asked |= {"max_output_tokens": 2}
    if kind == cases.TOOL:
        asked |= {"tools": [{"type": "function", **FUNCTION}], "tool_choice": "required"}
    end = "no reason"
    for event in client.responses.create(**asked, stream=True):
        if event.type == "response.output_item.added":
            said.append(getattr(event.item, "name", ""))
        if event.type.endswith(".delta"):
            said.append(event.delta)
        if event.type in ("response.completed", "response.incomplete"):
            end = f"{event.response.status}, {event.response.usage.output_tokens} tokens"
        if event.type == "error":
            end = f"an event of type {event.type}"
    return end


def messages(base, kind, seconds, said):
    if kind in (cases.VECTORS, cases.PROMPTS):
        return "-"
    client = anthropic.Anthropic(base_url=base, api_key="any", timeout=seconds, max_retries=retries(seconds))
    asked = {"model": "echo", "max_tokens": 100, "messages": MESSAGES}
    if kind == cases.WHOLE:
        message = client.messages.create(**asked)
        said.append(message.content[0].text)
        return message.stop_reason
    if kind == cases.MODELS:
        return ", ".join(model.id for model in client.models.list())
    if kind == cases.LARGE:
        return client.messages.create(**asked | {"messages": LARGE})
    if kind == cases.NOWHERE:
        return client.messages.batches.list()
    if kind == cases.OBJECT:
        asked |= {"model": "any", "output_format": AnyPlace}
        return repr(client.messages.parse(**asked).parsed_output)
    if kind == cases.BY_CLIENT:
        with client.messages.stream(**asked) as stream:
            message = stream.get_final_message()
        said.append(message.content[0].text)
        return message.stop_reason
    if kind == cases.SHORT:
        asked |= {"max_tokens": 2}
    if kind == cases.STOP:
        asked |= {"stop_sequences": [" three"]}
    if kind == cases.TOOL:
        tool = {"name": "weather", "input_schema": cases.SCHEMA}
        asked |= {"tools": [tool], "tool_choice": {"type": "any"}}
    end = "no reason"
    for event in client.messages.create(**asked, stream=True):
        if event.type == "content_block_start":
            said.append(getattr(event.content_block, "name", ""))
        if event.type == "content_block_delta":
            said.append(getattr(event.delta, "text", None) or getattr(event.delta, "partial_json", ""))
        if event.type == "message_delta":
            end = f"{event.delta.stop_reason}, {event.usage.output_tokens} tokens"
    return end


def local(base, kind, seconds, said):
    client = ollama.Client(host=base, timeout=seconds)
    asked = {"model": "echo", "messages": MESSAGES}
    if kind == cases.WHOLE:
        answer = client.chat(**asked)
        said.append(answer.message.content)
        return answer.done_reason
    if kind == cases.VECTORS:
        made = client.embed(model="any", input=["a", cases.TEXT])
        return f"{[len(each) for each in made.embeddings]} numbers, {made.prompt_eval_count} tokens"
    if kind == cases.PROMPTS:
        return "-"
    if kind == cases.MODELS:
        shown, loaded = client.show("any"), client.ps().models
        models = ", ".join(model.model for model in client.list().models)
        return f"{models}; {len(loaded)} loaded; {', '.join(shown.capabilities)}"
    if kind == cases.LARGE:
        return client.chat(**asked | {"messages": LARGE})
    if kind == cases.NOWHERE:
        return client.pull("any")
    if kind == cases.OBJECT:
        asked |= {"model": "any", "format": Place.model_json_schema()}
        return repr(Place.model_validate_json(client.chat(**asked).message.content))
    if kind == cases.SHORT:
        asked |= {"options": {"num_predict": 2}}
    if kind == cases.STOP:
        asked |= {"options": {"stop": [" three"]}}
    if kind == cases.TOOL:
        asked |= {"model": "tool", "tools": TOOLS}
    end = "no reason"
    for answer in client.chat(**asked, stream=True):
        said.append(answer.message.content or "")
        for call in answer.message.tool_calls or []:
            said += [call.function.name, repr(call.function.arguments)]
        if answer.done:
            end = f"{answer.done_reason}, {answer.eval_count} tokens"
    return end


def retries(seconds):
    """The default; none where each of them would take as long as the client waits."""
    return 2 if seconds == cases.PATIENT else 0
