"""What schemathesis must be told beyond its configuration."""

import schemathesis


@schemathesis.hook
def before_call(_context, _case, kwargs):
    """Only the answer is judged: /redirect/100 would be followed to its end."""
    kwargs["allow_redirects"] = False
