"""Staying connected: clients that connect, subscribe, read, and begin again whenever a connection is lost."""
