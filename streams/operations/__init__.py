"""What it takes to operate the processor: its topics, and a broker to try it with."""
