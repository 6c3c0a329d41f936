"""The commands, one file for each. Importing them is quick: what is heavy is imported when they run."""
