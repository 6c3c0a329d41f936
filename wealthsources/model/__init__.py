"""Values: bars, time, numbers, symbols, errors. No clock, no lock, no input or output."""
