"""`python -m rehearsal.account <port file>` serves the account."""

from rehearsal.account.server import main

main()
