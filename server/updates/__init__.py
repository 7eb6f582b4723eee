"""The update process and the long polls: changes go in by a pipe and come back by a queue, durable first.

Owns the one writer of every notebook's log (`loop`, `notebook`, in a process of its own), its supervision from
the main process (`process`), the polls that wait for changes (`online_clients`, `evictions`, `live`) and the documents
that readers get (`replicas`). Does not parse HTTP, decide access or write SQL. Rules C1 to C4 and P1 to P6.
"""
