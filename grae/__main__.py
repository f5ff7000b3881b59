"""`python -m grae`: the program `grae`, for launchers that run modules."""

from grae.cli.main import main

if __name__ == "__main__":
    main()
