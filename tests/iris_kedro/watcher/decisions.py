"""What a watcher has decided."""


def decided(store):
    return [(each.action, each.rule, each.outcome) for each in store.list_decisions(99)]


RELEASED = ("run", "due", "released")
