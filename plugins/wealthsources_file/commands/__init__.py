"""The commands of the file plugin."""
