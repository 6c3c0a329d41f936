"""Its commands but for `replay`."""
