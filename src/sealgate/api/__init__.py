"""The REST API: what a program does with a gateway over HTTPS. The same services and words as pages and terminal."""
