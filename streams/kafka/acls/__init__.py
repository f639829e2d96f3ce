"""Access control: the rights that are needed, whether they are there, how to grant them."""
