"""Bars from a table of an SQLite database, for wealthsources."""
