"""`python -m grae`: the program `grae`, for launchers that start modules."""

from grae.cli.main import main

if __name__ == "__main__":
    main()
