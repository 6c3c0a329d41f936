"""What runs: clocks, sessions and their adapters, worker threads, the delivery of events."""
