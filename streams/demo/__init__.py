"""All of it at work, on a broker of its own."""
