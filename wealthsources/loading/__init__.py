"""Plugins: found by their metadata, imported by name. The only room that knows pluggy's manager."""
