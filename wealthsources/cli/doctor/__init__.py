"""What `wealthsources doctor` looks at: the machine, the deployment and its sources, and with a market of its own."""
