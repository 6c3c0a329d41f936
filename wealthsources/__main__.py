"""`python -m wealthsources`, for where the console script is not on the path."""

from __future__ import annotations

from wealthsources.cli import main

main()
