"""Bars in files on this machine: CSV, plain or gzipped, one file for each series."""
