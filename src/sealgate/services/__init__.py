"""What a person may do with a gateway: permission, one transaction, audit. The same functions for every face.

Each module is one group of verbs. A function takes the `Gateway`, the `Actor` and values, checks the right, does its
work in one transaction with the audit entry in the same commit, and returns a value. Nothing here prints, asks, or
knows of terminals, pages or HTTP. Expected bad news are `Finding`s in the result; errors are those of
`sealgate.model.errors`.
"""
