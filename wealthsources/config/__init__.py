"""config.yaml: read, checked, and turned into frozen settings; every mistake with its file, line and key."""
