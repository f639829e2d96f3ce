"""What the engine counts and tells of itself, in plain numbers."""
