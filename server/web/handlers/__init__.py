"""The handlers: one plain function for each row of the route table.

A handler gets a `Call` (request, user, grant, services), returns a Response, or None where the answer comes later
(a save, a waiting poll), and raises a Failure where the request cannot be done. It sees no socket and no SQL.
"""
