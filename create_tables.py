"""Create the tables of the warehouse that are missing. `python create_tables.py --help` tells the options."""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    sys.exit(main(["create-tables", *sys.argv[1:]]))
