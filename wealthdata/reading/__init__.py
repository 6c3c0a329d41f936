"""From an answer of the adapter to what a call returns: the span that is asked for, columns of numbers, frames."""
