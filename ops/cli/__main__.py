"""`python -m ops.cli`, the same as `kk2`."""

import sys

from ops.cli import main

if __name__ == "__main__":
    sys.exit(main())
