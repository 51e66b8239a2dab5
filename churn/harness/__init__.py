"""The harness that every demo shares: its command line, its report, what it prints, and the processes it starts."""
