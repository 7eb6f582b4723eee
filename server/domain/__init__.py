"""The rules of shared notebooks, as values and functions.

Nothing here touches a socket, file, database, clock or thread; what varies is passed in. Every other
package of the server may import this one; this one imports only the standard library and, for password
hashing alone, `cryptography`. Implements rules A1, C1 to C6, N2, S2 and S3 of the protocol.
"""
