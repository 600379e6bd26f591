"""Check the config files that a Snakemake command line names.

A mistake ends in one line here. Snakemake's own message would be a traceback, or would not say
where the mistake is.
"""

import argparse
import sys

from heavytail.config.files import check_file
from heavytail.config.mistakes import SettingsError

if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="*", action="extend", default=[])
    for path in parser.parse_known_args()[0].configfile:
        try:
            check_file(path)
        except SettingsError as error:
            sys.exit(f"config: {error}")
