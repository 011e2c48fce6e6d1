"""What crosses between the control half and the agent: messages, their framing, the Unix socket, sealed secrets.

Both halves import this package and neither imports the other. It knows the model's objects only by noun, key and JSON.
"""
