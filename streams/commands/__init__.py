"""The commands of `unhaunt`, one module each; `streams.cli` puts them together."""
