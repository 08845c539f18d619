//! Whether an answer calls a tool, and how.

use std::borrow::Cow;

use super::error::Bad;
use super::schema;
use crate::http::json::Value;

/// The model that calls a tool.
pub(super) const MODEL: &str = "tool";

/// A call of a tool.
pub(super) struct Tool {
    /// Its name.
    pub(super) name: String,
    /// Its arguments, in JSON: a sample of what its schema describes.
    pub(super) arguments: String,
}

impl Tool {
    /// The call that the answer is: of the tool that `tool_choice` names; of the first if it only
    /// forces a call, or if the model is `tool` and the last message is not the result of a call.
    pub(super) fn called(
        body: Value,
        model: &str,
        prompt: Option<Value>,
    ) -> Result<Option<Tool>, Bad> {
        let choice = body.get("tool_choice");
        let kind = choice.and_then(|choice| choice.text().or_else(|| text_of(choice, "type")));
        let kind = kind.as_deref();
        let named = choice.map(function).and_then(|choice| text_of(choice, "name"));
        let forced = named.is_some() || matches!(kind, Some("required" | "any"));
        let last = prompt.and_then(|prompt| prompt.items().last());
        let by_model = model == MODEL && kind != Some("none") && !last.is_some_and(is_result);
        if !forced && !by_model {
            return Ok(None);
        }
        let call = |tool: Value| {
            let name =
                text_of(tool, "name").filter(|name| named.as_ref().is_none_or(|it| it == name))?;
            let schema = tool.get("parameters").or_else(|| tool.get("input_schema"));
            Some(Tool { name: Cow::into_owned(name), arguments: schema::sample(schema) })
        };
        let mut tools = body.get("tools").into_iter().flat_map(Value::items).map(function);
        match tools.find_map(call) {
            None if forced => {
                Err(Bad::new(Some("tool_choice"), "`tools` has no tool as `tool_choice` has it"))
            }
            called => Ok(called),
        }
    }
}

fn text_of<'a>(value: Value<'a>, name: &str) -> Option<Cow<'a, str>> {
    value.get(name).and_then(Value::text)
}

/// The function of a tool or of a choice: some APIs have its members in an object of their own.
fn function(tool: Value) -> Value {
    tool.get("function").unwrap_or(tool)
}

/// Whether a message is the result of a call, or has one among its parts.
fn is_result(message: Value) -> bool {
    let is = |value: Value, name: &str, wanted: &str| {
        text_of(value, name).is_some_and(|text| text == wanted)
    };
    let mut parts = message.get("content").into_iter().flat_map(Value::items);
    is(message, "role", "tool")
        || is(message, "type", "function_call_output")
        || parts.any(|part| is(part, "type", "tool_result"))
}
