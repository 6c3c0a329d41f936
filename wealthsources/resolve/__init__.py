"""How an answer comes about: whom to ask, what is missing, what may be seen. No input or output."""
