"""`python -m uprightd` is the `uprightd` command."""

from uprightd.cli.main import main

if __name__ == "__main__":
    main()
