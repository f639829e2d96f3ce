"""Records that broke the contract: kept as received, read, and sent back (SPEC 7)."""
