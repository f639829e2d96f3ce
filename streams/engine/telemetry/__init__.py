"""What the engine counts and measures, in plain numbers."""
