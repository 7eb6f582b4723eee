"""Accounts, notebooks, shares and the change log in SQLite or MySQL, and the sealed files beside them.

Start reading at `contracts` (records and protocols) and `opening` (how a database is opened).
Nothing outside this package sees SQL or a database error.
"""
