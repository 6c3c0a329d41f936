"""Bars in files, of this machine or of an object store: text, plain or packed, Parquet and Feather."""
