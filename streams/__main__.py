"""`python -m streams` is `unhaunt`."""

from streams.cli import main

if __name__ == "__main__":
    main()
