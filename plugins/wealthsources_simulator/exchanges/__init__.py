"""How the market speaks: one file for each exchange or server, from its own side, written from what it documents.

`base` says what the rest asks of such a file; `wealthai` is the server that the live source speaks to by default.
`adding` is what the other exchanges share, `rules` what they do by the clock, `catalogue` finds them by name.
"""
