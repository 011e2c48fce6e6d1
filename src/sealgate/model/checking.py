from sealgate.model.context import CheckContext
def check(desired, context): return []
