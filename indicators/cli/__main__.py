"""`python -m indicators.cli` is `vedette`, whatever is on the PATH."""

from indicators.cli import main

raise SystemExit(main())
