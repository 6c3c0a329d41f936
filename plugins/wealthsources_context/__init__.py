"""The bars that come with a strategy's Context: its market data lists, else its own `history()`."""
