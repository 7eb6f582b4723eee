"""The web part: one route table, one place for access, one for failures, one for security headers.

Owns everything between a parsed request and the answer to it: routing, cross-site checks, sessions and share
codes, budgets, static files and pages, and the handlers. Knows no socket and no SQL. `WebApplication` is what
the network part calls; its I/O threads never block here, handlers that may block run on bounded pools.
"""
