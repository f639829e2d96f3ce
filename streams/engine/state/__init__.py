"""What is known of persons, on disk and in the changelog."""
