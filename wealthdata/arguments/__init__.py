"""What the arguments of a call mean. Nothing here knows a session or a context."""
