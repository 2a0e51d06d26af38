"""``python -m coachresearch`` is the command line."""

from coachresearch.apps.cli import main

main()
