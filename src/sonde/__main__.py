"""`python -m sonde`: the same as the command `sonde`."""

from sonde.cli import main

if __name__ == "__main__":
    main()
